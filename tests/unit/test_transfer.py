"""A worker and a bucket that is slow, broken or gone; and what becomes of an attempt whose output has nowhere to go."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest

from mutoscope import net, transfer, workbench
from mutoscope.errors import Cancelled, EngineError, LeaseLost, MediaError, MutoscopeError, OutOfTime
from mutoscope.lease import Lease, Released
from mutoscope.link import DIRECT_BYTES, Link, ServerAway, StorageAway
from mutoscope.media.sandbox import Prober
from mutoscope.protocol import Assignment, Destination, Stored, Uploaded, encode
from mutoscope.transfer import Transfer, TransferFailed
from mutoscope.workbench import WorkerBench

CONTENT = b"0123456789" * (DIRECT_BYTES // 8)


class Counter:
    """A server and a bucket in one, on loopback: it answers as the script says, then as all is well.

    script   for each call in turn, by its path's last word: a status, or 0 for a connection that breaks.
    """

    def __init__(self, script: dict[str, list[int]]) -> None:
        self.script = script
        self.calls: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.parts: dict[str, bytes] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        word = path.partition("?")[0].rsplit("/", 1)[-1]
        self.calls.append(f"{method} {word}")
        if status := self.next(word):
            return status, {"error_code": 503007}
        match method, word:
            case "PUT", "1" | "2":
                self.parts[word] = body
                return 200, {}
            case "PUT", _:
                return 200, encode(Stored("through", word, "video/mp4", len(body), "0" * 64))
            case "POST", "uploads":
                half = json.loads(body)["size_bytes"] // 2
                return 200, encode(Destination("f", (f"{self.url}/b/1", f"{self.url}/b/2"), half, "u", 60))
            case "POST", _:
                told = Uploaded(**json.loads(body))
                assert list(told.etags) == ["e1", "e2"]
                return 200, encode(Stored("f", told.name, told.media_type, told.size_bytes, told.sha256))
        return 200, {}

    def next(self, word: str) -> int:
        return left.pop(0) if (left := self.script.get(word)) else 0


def _handler(counter: Counter) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def any(self) -> None:
            counter.headers.append(dict(self.headers))
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            status, told = counter.answer(self.command, self.path, body)
            if status == BROKEN:
                self.close_connection = True
                return
            data = b"" if status == 204 else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("ETag", "e" + self.path[-1])
            if status in (302, 307):
                self.send_header("Location", f"{counter.url}/elsewhere")
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PUT = do_POST = any

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


BROKEN = 999
ATTEMPT = Assignment(
    request_id="r1",
    attempt=1,
    model_id="m",
    engine="testcard",
    settings={},
    parameters={},
    files=(),
    produces="video",
    seed=1,
    time_limit_s=60,
    lease_s=60,
    beat_s=20,
    direct=True,
)


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(transfer, "PAUSE_S", 0.001)
    (tmp_path / "output.mp4").write_bytes(CONTENT)
    return tmp_path / "output.mp4"


@contextlib.contextmanager
def scripted(**script: list[int]) -> Iterator[tuple[Counter, Link]]:
    """`p1` is the word 1 of a path."""
    counter = Counter({word.removeprefix("p"): list(statuses) for word, statuses in script.items()})
    try:
        with contextlib.closing(Link(counter.url, "token", "w1")) as link:
            yield counter, link
    finally:
        counter.close()


def put(link: Link, path: Path) -> Stored:
    return link.put(ATTEMPT, path, name="output.mp4", media_type="video/mp4", check=lambda: None)


def test_a_part_that_does_not_get_through_is_sent_again(output: Path) -> None:
    """The connection breaks, or the bucket says 503: that part again, and no other. The bucket never sees the token."""
    with scripted(p1=[BROKEN, 503], p2=[500]) as (counter, link):
        stored = put(link, output)
    assert (stored.file_id, stored.size_bytes) == ("f", len(CONTENT))
    assert counter.parts["1"] + counter.parts["2"] == CONTENT
    assert counter.calls == ["POST uploads", *["PUT 1"] * 3, *["PUT 2"] * 2, "POST f"]
    bucket = [headers for call, headers in zip(counter.calls, counter.headers, strict=True) if call.startswith("PUT")]
    assert all("Authorization" not in headers and headers["Content-MD5"] for headers in bucket)


@pytest.mark.parametrize("script", [{"p1": [403]}, {"p2": [BROKEN] * 3}, {"p1": [307]}, {"f": [400]}])
def test_a_bucket_out_of_reach_is_reached_by_the_server(output: Path, script: dict[str, list[int]]) -> None:
    """It refuses, cannot be reached, sends elsewhere, or did not keep what it took."""
    with scripted(**script) as (counter, link):
        assert put(link, output).file_id == "through"
    assert counter.calls[-1] == "PUT output.mp4"
    assert "GET elsewhere" not in counter.calls


def test_what_is_small_or_taken_by_the_server_goes_there(output: Path) -> None:
    """204: the server has no bucket; one call for a small file."""
    with scripted(uploads=[204]) as (counter, link):
        assert put(link, output).file_id == "through"
        output.write_bytes(b"small")
        assert put(link, output).file_id == "through"
    assert counter.calls == ["POST uploads", "PUT output.mp4", "PUT output.mp4"]


def test_a_lost_lease_ends_an_upload(output: Path) -> None:
    """Between two chunks, and when the server says so."""

    def lost() -> None:
        raise Cancelled

    with scripted() as (counter, link):
        with pytest.raises(Cancelled):
            link.put(ATTEMPT, output, name="output.mp4", media_type="video/mp4", check=lost)
        counter.script["f"] = [409]
        with pytest.raises(LeaseLost):
            put(link, output)
    assert "PUT output.mp4" not in counter.calls


def test_an_input_is_fetched_from_where_the_server_says(tmp_path: Path) -> None:
    """Without the token, and no further; a bucket out of reach is asked by the server; what is gone, is gone."""
    line, target = Transfer(), tmp_path / "input"
    with scripted(a=[307, 307, 307], elsewhere=[200, 500, 404]) as (counter, link):
        link.get("/worker/v1/files/a", target, limit_bytes=100, check=lambda: None, direct=True)
        assert counter.calls == ["GET a", "GET elsewhere"]
        assert "Authorization" not in counter.headers[1]
        assert counter.headers[0]["Authorization"] == "Bearer token"
        counter.script["a"] = [307]
        link.get("/worker/v1/files/a", target, limit_bytes=100, check=lambda: None, direct=True)
        assert counter.calls[2:] == ["GET a", "GET elsewhere", "GET a"]
        counter.script["a"] = [307]
        with pytest.raises(MediaError, match="no longer stored"):
            link.get("/worker/v1/files/a", target, limit_bytes=100, check=lambda: None, direct=True)
        counter.script["elsewhere"] = [302]
        with pytest.raises(TransferFailed):
            line.get(f"{counter.url}/elsewhere", target, limit_bytes=100, check=lambda: None)
        with pytest.raises(MediaError, match="larger"):
            line.get(f"{counter.url}/b", target, limit_bytes=1, check=lambda: None)
    line.close()


class Calls:
    """A link whose puts fail, each in its turn; before it does, the lease may end."""

    def __init__(self, lease: Lease, *fails: MutoscopeError, ends: MutoscopeError | None = None) -> None:
        self._lease, self._fails, self._ends = lease, list(fails), ends

    def put(self, *arguments: Any, **more: Any) -> Stored:
        if self._ends and len(self._fails) == 1:
            self._lease.end(self._ends)
        raise self._fails.pop(0)


@pytest.mark.parametrize(
    ("fails", "ends", "outcome"),
    [
        ((StorageAway(),), None, Released),
        ((StorageAway(), StorageAway()), OutOfTime("the limit"), Released),
        ((StorageAway(),), Cancelled(), Cancelled),
        ((ServerAway(),), None, EngineError),
        ((StorageAway(), ServerAway()), OutOfTime("the limit"), OutOfTime),
    ],
)
def test_a_storage_that_stays_away_costs_no_attempt(
    fails: tuple[MutoscopeError, ...],
    ends: MutoscopeError | None,
    outcome: type[MutoscopeError],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is handed back as unused, also when the model's time is over meanwhile; a server that is away costs one."""
    monkeypatch.setattr(workbench, "STORE_TRIES_S", 60.0 if ends else 0.0)
    monkeypatch.setattr(workbench, "STORAGE_TRIES_S", 60.0 if ends else 0.0)
    with scripted() as (_, link), Prober() as prober:
        lease = Lease(link, ATTEMPT)
        calls = cast(Link, Calls(lease, *fails, ends=ends))
        bench = WorkerBench(ATTEMPT, lease, calls, {}, prober, net.Policy(max_bytes=1))
        with pytest.raises(outcome) as caught:
            bench.store(tmp_path, name="output.mp4", media_type="video/mp4")
    assert type(caught.value) is outcome


def test_the_server_says_that_its_storage_is_away(output: Path) -> None:
    """Which is something else than a server that stumbles."""
    with scripted(uploads=[503]) as (_, link), pytest.raises(StorageAway):
        put(link, output)
