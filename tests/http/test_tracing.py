"""One trace from the caller to the worker, the engine and the webhook; nothing of it unless it is asked for."""

from __future__ import annotations

import gzip
import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import LiveServer, start_server
from tests.http.calls import SMALL, TESTCARD, finished, hand_of, until

pytestmark = pytest.mark.slow

TRACE = "0af7651916cd43dd8448eb211c80319c"
NO_EXTRA = "the extra `otel` is not installed"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


class Sink(http.server.ThreadingHTTPServer):
    """Takes whatever is posted."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Sink

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@contextmanager
def sink() -> Iterator[Sink]:
    server = Sink()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def _submit(client: httpx.Client, hook: str, **headers: str) -> str:
    answer = client.post(f"/v1/models/{TESTCARD}", params={"webhook": hook + "/hook"}, json=SMALL, headers=headers)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["request_id"])


def test_a_traceparent_is_carried_on_without_any_tracing(alice: httpx.Client) -> None:
    """As it came, to the webhook; one that is none is as good as absent."""
    with sink() as hooks:
        for given, told in ((PARENT, PARENT), ("00-nonsense", None), (PARENT.replace("00-", "ff-", 1), None)):
            hooks.got.clear()
            finished(alice, _submit(alice, hooks.url, traceparent=given))
            until(lambda: hooks.got)
            assert hooks.got[0][0].get("traceparent") == told


def test_a_worker_is_told_the_trace(idle_server: LiveServer) -> None:
    """In the assignment, from where it goes into the engine's task."""
    with hand_of(idle_server) as hand, idle_server.client() as client:
        client.post(f"/v1/models/{TESTCARD}", json=SMALL, headers={"traceparent": PARENT})
        assert hand.claim()["traceparent"] == PARENT


def test_without_the_setting_nothing_of_opentelemetry_is_imported() -> None:
    """Off costs nothing."""
    code = (
        "import sys; from mutoscope import tracing; tracing.configure('', service='x')\n"
        "with tracing.span('a', parent='p') as onward: assert onward == 'p'\n"
        "tracing.close(); assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_without_the_extra_the_setting_is_refused_with_what_to_install() -> None:
    """At the start, not at the first request."""
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from mutoscope import tracing; from mutoscope.errors import ConfigError\n"
        "try: tracing.configure('http://127.0.0.1:4318', service='x')\n"
        "except ConfigError as exc: assert 'mutoscope[otel]' in exc.message\n"
        "else: raise SystemExit('accepted')"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def _spans(got: list[tuple[dict[str, str], bytes]]) -> list[dict[str, Any]]:
    service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2", reason=NO_EXTRA)
    found = []
    for headers, body in got:
        plain = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
        for resource in service.ExportTraceServiceRequest.FromString(plain).resource_spans:
            name = {a.key: a.value.string_value for a in resource.resource.attributes}["service.name"]
            for scope in resource.scope_spans:
                for span in scope.spans:
                    found.append(
                        {
                            "name": span.name,
                            "service": name,
                            "trace": span.trace_id.hex(),
                            "id": span.span_id.hex(),
                            "parent": span.parent_span_id.hex(),
                            "attributes": {a.key: str(a.value) for a in span.attributes},
                        }
                    )
    return found


def test_spans_of_all_parts_make_one_trace(tmp_path: Path) -> None:
    """Each below the one that caused it, under the caller's own; none holds an input."""
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason=NO_EXTRA)
    with sink() as collector, sink() as hooks:
        live = start_server(
            tmp_path / "data", engines="testcard", fetch_allow="127.0.0.0/8", traces=collector.url, log_level="info"
        )
        live.wait_ready()
        with live.client() as client:
            request_id = _submit(client, hooks.url, traceparent=PARENT)
            finished(client, request_id)
            until(lambda: hooks.got)
        assert live.stop() == 0
        spans = {span["name"]: span for span in _spans(collector.got) if span["trace"] == TRACE}
        told = hooks.got[0][0]["traceparent"]

    assert set(spans) == {"submit", "attempt", "engine", "webhook"}
    assert spans["submit"]["parent"] == PARENT.split("-")[2]
    assert spans["attempt"]["parent"] == spans["submit"]["id"]
    assert spans["engine"]["parent"] == spans["attempt"]["id"]
    assert spans["webhook"]["parent"] == spans["submit"]["id"]
    assert told == f"00-{TRACE}-{spans['webhook']['id']}-01"
    assert {name: span["service"] for name, span in spans.items()} == {
        "submit": "mutoscope-server",
        "attempt": "mutoscope-worker",
        "engine": "mutoscope-worker",
        "webhook": "mutoscope-server",
    }
    assert request_id in str(spans["attempt"]["attributes"])
    assert SMALL["prompt"] not in str([span["attributes"] for span in spans.values()])
