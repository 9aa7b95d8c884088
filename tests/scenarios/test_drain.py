"""A server that is told to stop: what runs is finished or handed back, and the doors close in order."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import LiveServer, start_server
from tests.http.calls import until
from tests.scenarios.control import GATED, Gate
from tests.scenarios.processes import HAS_PROC, descendants, wait_until_gone

pytestmark = pytest.mark.slow
MODEL = "mutoscope/testcard"
Start = Callable[..., LiveServer]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts servers on one data folder, one after the other; none is left behind."""
    started: list[LiveServer] = []

    def begin(**settings: Any) -> LiveServer:
        live = start_server(tmp_path / "data", **{"engines": "testcard", **settings})
        started.append(live)
        if settings.get("workers", 1):
            live.wait_ready()
        return live

    yield begin
    for live in started:
        if live.process.poll() is None:
            live.kill()


def log_of(live: LiveServer) -> str:
    """Everything the servers on this data folder have said."""
    return (live.data.parent / f"{live.data.name}.log").read_text()


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """Of a model that works until the test lets it end."""
    return Gate(tmp_path)


def submit(client: httpx.Client, model_id: str = GATED, **inputs: Any) -> str:
    """Accept one request; its id."""
    answer = client.post(f"/v1/models/{model_id}", json=inputs)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["request_id"])


def wait_for(client: httpx.Client, request_id: str, *states: str, timeout_s: float = 60.0) -> dict[str, Any]:
    """The request, once it is in one of these states."""
    deadline = time.monotonic() + timeout_s
    while True:
        job: dict[str, Any] = client.get(f"/v1/requests/{request_id}").json()
        if job["state"] in states:
            return job
        assert time.monotonic() < deadline, job
        time.sleep(0.05)


def tries_of(live: LiveServer, request_id: str) -> int:
    """How many attempts were used up, which only the database knows."""
    with contextlib.closing(sqlite3.connect(f"file:{live.data / 'mutoscope.db'}?mode=ro", uri=True)) as database:
        return int(database.execute("select tries from requests where id = ?", (request_id,)).fetchone()[0])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_running_request_is_finished_first(start: Start, gate: Gate, number: signal.Signals) -> None:
    """Meanwhile status is told, new work is refused with a hint when to come back, and all ends well."""
    live = start(drain_s=200, **gate.settings)
    with live.client() as client:
        running = submit(client)
        waiting = submit(client)
        wait_for(client, running, "in_progress")
        live.process.send_signal(number)
        refused = submit_until_refused(client)
        assert refused.status_code == 503
        assert refused.json()["error_code"] == 503002
        assert int(refused.headers["Retry-After"]) > 0
        status = client.get(f"/v1/requests/{running}/status")
        assert (status.status_code, status.json()["status"]) == (200, "in_progress")
        assert client.get("/readyz").status_code == 503
        assert client.get("/livez").status_code == 200
    gate.open()
    assert live.process.wait(60) == 0
    again = start(workers=0, **gate.settings)
    with again.client() as client:
        done = client.get(f"/v1/requests/{running}").json()
        assert (done["state"], done["attempt"]) == ("completed", 1)
        assert client.get(done["output"]["image"]).status_code == 200
        assert client.get(f"/v1/requests/{waiting}").json()["state"] == "in_queue"
    assert again.stop() == 0
    assert "Traceback" not in log_of(live)


def submit_until_refused(client: httpx.Client) -> httpx.Response:
    """The signal needs a moment to arrive."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        answer = client.post(f"/v1/models/{GATED}", json={})
        if answer.status_code != 200:
            return answer
        time.sleep(0.02)
    raise AssertionError("new work is still accepted")


def test_a_request_that_takes_too_long_is_handed_back_unused(start: Start, gate: Gate) -> None:
    """It goes back to the queue, costs no attempt, and completes after the restart."""
    live = start(drain_s=1, **gate.settings)
    with live.client() as client:
        request_id = submit(client)
        wait_for(client, request_id, "in_progress")
    assert live.stop() == 0
    assert tries_of(live, request_id) == 0
    gate.open()
    live = start(**gate.settings)
    with live.client() as client:
        job = wait_for(client, request_id, "completed", "failed")
        assert (job["state"], job["attempt"]) == ("completed", 2)
        assert told(client, request_id) == ["in_queue", "in_progress", "in_queue", "in_progress", "completed"]
    assert live.stop() == 0
    assert tries_of(live, request_id) == 1
    assert "Traceback" not in log_of(live)


def told(client: httpx.Client, request_id: str) -> list[str]:
    """The states a finished request's event stream tells of."""
    text = client.get(f"/v1/requests/{request_id}/events").text
    events = [dict(line.split(": ", 1) for line in block.split("\n")) for block in text.strip().split("\n\n")]
    return [json.loads(event["data"])["state"] for event in events if event.get("event") == "state"]


def test_whoever_listens_is_let_go(start: Start) -> None:
    """An open event stream ends with the server, and does not hold it up."""
    live = start(workers=0, drain_s=600)
    lines: list[str] = []

    def listen(request_id: str) -> None:
        with live.client() as client, client.stream("GET", f"/v1/requests/{request_id}/events") as answer:
            for line in answer.iter_lines():
                lines.append(line)

    with live.client() as client:
        listener = threading.Thread(target=listen, args=(submit(client, MODEL, prompt="bars"),))
        listener.start()
        until(lambda: any("in_queue" in line for line in lines))
    assert live.stop() == 0
    listener.join(60)
    assert not listener.is_alive()
    assert "Traceback" not in log_of(live)


@pytest.mark.skipif(not HAS_PROC, reason="needs /proc to see the processes")
def test_an_idle_server_stops_at_once_and_leaves_no_process(start: Start) -> None:
    """Workers that wait for work do not wait any longer."""
    live = start(workers=2, drain_s=600)
    family = descendants(live.process.pid)
    assert len(family) >= 3
    assert live.stop() == 0
    assert wait_until_gone(family, 60) == []


def refused(data: Path, port: int) -> str:
    """What a server says that cannot start."""
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "mutoscope",
        "serve",
        "--data",
        data,
        "--port",
        str(port),
        "--workers",
        "0",
    ]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 64
    assert "Traceback" not in ended.stderr
    return " ".join(ended.stderr.split())


def test_a_taken_port_is_told_with_what_to_do(tmp_path: Path) -> None:
    """One clear line, an exit code, and nothing left in the data folder."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        said = refused(tmp_path / "data", port)
    assert f"port {port} on 127.0.0.1 is taken" in said
    assert f"--port {port + 1}" in said
    assert not (tmp_path / "data").exists()


def test_a_taken_data_folder_is_told_with_what_to_do(start: Start) -> None:
    """The first server is not disturbed."""
    live = start(workers=0)
    said = refused(live.data, 0)
    assert "another Mutoscope process uses this data folder" in said
    assert "--data" in said
    with live.client() as client:
        assert client.get("/readyz").status_code == 200
    assert live.stop() == 0
