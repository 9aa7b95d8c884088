"""Fixtures for every test: a real server in a process of its own, and people who use it.

Alice owns the site and holds every scope. Bob has an account of his own and must see nothing of Alice's.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import postgres as postgres_server
from tests import radosgw
from tests.watchdog import Teller, Watchdog

REPOSITORY = Path(__file__).resolve().parent.parent
PHOTOGRAPH = REPOSITORY / "src" / "mutoscope" / "assets" / "mountain-path.jpg"
REFERENCE_MODEL = "bytedance/dreamina-3-0/pro/image-to-video"
PLAIN: dict[str, Any] = {"trust_env": False, "verify": False}
"""HTTP on loopback: no proxy, and no certificates to read for each client (20 ms)."""


_SLOW_TO_COLLECT = {"test_diffusers_sketch.py", "test_openapi_calls.py"}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Files whose tests are all slow, and which take seconds before it is known."""
    return True if collection_path.name in _SLOW_TO_COLLECT and "not slow" in config.option.markexpr else None


def pytest_configure(config: pytest.Config) -> None:
    """Every process watches itself; the one without a master among them tells."""
    config.pluginmanager.register(Watchdog(config))
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Teller())


@pytest.fixture(autouse=True)
def _nobody_takes_priority() -> Iterator[None]:
    """A real-time process, and all that it starts, would starve the machine: see `media.sections.same_priority`."""
    yield
    if hasattr(os, "sched_getscheduler") and os.sched_getscheduler(0) != os.SCHED_OTHER:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))  # one test fails, not all that follow
        pytest.fail("this test left its process with a priority")


@dataclass
class LiveServer:
    """A `mutoscope serve` in a process of its own, with its workers."""

    url: str
    api_key: str
    data: Path
    process: subprocess.Popen[bytes]
    environment: dict[str, str] = field(repr=False)
    welcome_url: str = ""

    def client(self, api_key: str | None = None) -> httpx.Client:
        """A plain HTTP client that shows a key (this one's own unless given; "" for none)."""
        key = self.api_key if api_key is None else api_key
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60.0, **PLAIN)

    def wait_ready(self, timeout_s: float = 120.0) -> None:
        """Until the server accepts work and a worker is there to do it."""
        deadline = time.monotonic() + timeout_s
        with httpx.Client(base_url=self.url, **PLAIN) as client:
            while time.monotonic() < deadline:
                with contextlib.suppress(httpx.TransportError):
                    if client.get("/readyz").status_code == 200:
                        return
                assert self.process.poll() is None, "the server ended"
                time.sleep(0.05)
        raise AssertionError("the server did not become ready")

    def stop(self, timeout_s: float = 60.0) -> int:
        """SIGTERM, then wait; its exit status."""
        self.process.terminate()
        return self.process.wait(timeout_s)

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)


def start_server(data: Path, *, port: int = 0, **settings: object) -> LiveServer:
    """Start `mutoscope serve` on a free port; settings become MUTOSCOPE_* variables."""
    reader, writer = os.pipe()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MUTOSCOPE_")},
        "XDG_CONFIG_HOME": str(data.parent / f"{data.name}-config"),
        "MUTOSCOPE_API_KEY": "mk_alice",
        "MUTOSCOPE_LOG_FORMAT": "json",
        **{f"MUTOSCOPE_{name.upper()}": str(value) for name, value in settings.items()},
    }
    log = (data.parent / f"{data.name}.log").open("ab")
    # With us it ends, also when the watchdog ends us.
    setpriv = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    command = [*setpriv, sys.executable, "-m", "mutoscope", "serve", "--data", str(data), "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--ready-fd", str(writer)],
        pass_fds=(writer,),
        env=environment,
        stdout=log,
        stderr=log,
    )
    log.close()
    os.close(writer)
    with open(reader) as ready:
        line = ready.readline()
    assert line, f"the server did not start:\n{(data.parent / f'{data.name}.log').read_text()}"
    told = json.loads(line)
    return LiveServer(told["url"], "mk_alice", data, process, environment, told["welcome_url"])


@contextlib.contextmanager
def serving(data: Path, **settings: object) -> Iterator[LiveServer]:
    """A server that is ready, for as long as the block lasts; it ends whatever happens, and in good order."""
    live = start_server(data, **settings)  # type: ignore[arg-type]  # a port is one of them
    try:
        live.wait_ready()
        yield live
    finally:
        assert live.stop() == 0


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One server for every test that only talks to it: test card only, loopback may be fetched."""
    data = tmp_path_factory.mktemp("server") / "data"
    with serving(data, engines="testcard", fetch_allow="127.0.0.0/8", worker_token="wt_shared") as live:
        yield live


@pytest.fixture(scope="session")
def render_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that also renders with parallax."""
    with serving(tmp_path_factory.mktemp("render") / "data", fetch_allow="127.0.0.0/8") as live:
        yield live


@pytest.fixture
def alice(server: LiveServer) -> Iterator[httpx.Client]:
    """Alice's client."""
    with server.client() as client:
        yield client


@pytest.fixture(scope="session")
def bob_key(server: LiveServer) -> str:
    """A key with every scope of Bob's own account, which Alice opened for him."""
    with server.client() as client:
        wanted = {"name": "Bob's key", "account": "bob", "scopes": ["run", "read", "admin"]}
        answer = client.post("/v1/keys", json=wanted)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["key"])


@pytest.fixture
def bob(server: LiveServer, bob_key: str) -> Iterator[httpx.Client]:
    """Bob's client."""
    with server.client(bob_key) as client:
        yield client


@pytest.fixture(scope="session")
def idle_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server without workers, where a request stays as it is until the test plays the worker."""
    with serving(tmp_path_factory.mktemp("idle") / "data", workers=0, worker_token="wt_test") as live:
        yield live


@pytest.fixture(scope="session")
def postgres() -> Iterator[postgres_server.Server]:
    """A PostgreSQL server of this test session."""
    binaries = postgres_server.binaries()
    if binaries is None:
        pytest.skip("PostgreSQL 15 or newer is not installed (Debian: apt install postgresql)")
    with postgres_server.launched(binaries) as server:
        yield server


@pytest.fixture(scope="session")
def s3() -> Iterator[radosgw.Gateway]:
    """An S3 server of this test session."""
    pytest.importorskip("obstore", reason="the extra s3 is not installed")
    if absent := radosgw.missing():
        pytest.skip(f"Ceph's S3 gateway is not installed: {absent} (Debian: apt install radosgw ceph-mon ceph-osd)")
    with radosgw.launched() as gateway:
        yield gateway
