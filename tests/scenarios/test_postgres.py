"""The whole program on PostgreSQL: servers, workers and database as processes, and what happens when they go."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import postgres as postgres_server
from tests.conftest import LiveServer, start_server
from tests.http.calls import until
from tests.postgres import Server

pytestmark = pytest.mark.slow

CARD = {"prompt": "x", "num_frames": 2, "width": 64, "height": 64}
PASSWORD = "a-password-that-nobody-may-read"
DATABASE_UNAVAILABLE = 503005


@pytest.fixture
def address(postgres: Server) -> Iterator[str]:
    """An empty database, with a password in its address."""
    made = postgres.database()
    yield made.replace("mutoscope@", f"mutoscope:{PASSWORD}@")
    postgres.drop(made)


def serve(data: Path, address: str) -> LiveServer:
    """A server on that database, ready; its files in a folder beside the data folder."""
    files = data.parent / "shared files"
    live = start_server(data, database=address, storage=files, engines="testcard", lease_s=4, beat_s=0.5, drain_s=60)
    live.wait_ready()
    return live


def submit(client: httpx.Client, **headers: str) -> httpx.Response:
    return client.post("/v1/models/mutoscope/testcard", json=CARD, headers=headers)


def result(client: httpx.Client, request_id: str, timeout_s: float = 60.0) -> dict[str, Any]:
    """The result of a request, when it is finished."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            answer = client.get(f"/v1/requests/{request_id}/result")
            if answer.status_code == 200 and answer.json()["status"] == "succeeded":
                return dict(answer.json())
        time.sleep(0.1)
    raise AssertionError(f"{request_id} did not finish")


def mutoscope(*words: str | Path, address: str, home: Path) -> subprocess.CompletedProcess[str]:
    """The command line, in an environment that names the database."""
    environment = {**os.environ, "MUTOSCOPE_DATABASE": address, "HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    command: list[str | Path] = [sys.executable, "-m", "mutoscope", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_from_submit_to_video_on_postgresql(address: str, tmp_path: Path) -> None:
    """Also the accounts add up, the archive has it all, and nobody was told the password."""
    live = serve(tmp_path / "one", address)
    with live.client() as client:
        request_id = submit(client).json()["request_id"]
        video = result(client, request_id)["output"]["video"]
        assert client.get(video).content[4:8] == b"ftyp"
        assert [r["request_id"] for r in client.get("/v1/requests?state=completed").json()["requests"]] == [request_id]
    assert live.stop() == 0
    where = ("--data", tmp_path / "one")
    done = mutoscope("db", "check", *where, address=address, home=tmp_path)
    assert (done.returncode, done.stdout) == (0, "the database is sound\n"), done.stderr
    settled = {"MUTOSCOPE_STORAGE": str(tmp_path / "shared files")}
    os.environ.update(settled)
    try:
        moved = mutoscope("db", "export", tmp_path / "archive", *where, address=address, home=tmp_path)
    finally:
        del os.environ["MUTOSCOPE_STORAGE"]
    assert moved.returncode == 0, moved.stderr
    assert any((tmp_path / "archive" / "files").rglob("*.mp4"))
    back = mutoscope("db", "import", tmp_path / "archive", "--data", tmp_path / "sqlite", address="", home=tmp_path)
    assert back.returncode == 0, back.stderr
    told = (tmp_path / "one.log").read_text() + done.stderr + moved.stdout + moved.stderr
    told += mutoscope("doctor", address=address, home=tmp_path).stdout
    assert PASSWORD not in told
    again = start_server(tmp_path / "sqlite", engines="testcard")
    with again.client() as client:
        assert result(client, request_id)["status"] == "succeeded"
    assert again.stop() == 0


def test_what_a_killed_server_accepted_another_one_finishes(address: str, tmp_path: Path) -> None:
    """Two servers with a worker each share one database; one is killed with kill -9 while both work."""
    one, two = serve(tmp_path / "one", address), serve(tmp_path / "two", address)
    try:
        with one.client() as first, two.client() as second:
            ids = [submit(client).json()["request_id"] for _ in range(10) for client in (first, second)]
            one.kill()
            for request_id in ids:
                assert second.get(result(second, request_id)["output"]["video"]).status_code == 200
        done = mutoscope("db", "check", "--data", tmp_path / "one", address=address, home=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        one.process.kill()
        assert two.stop() == 0


def test_callers_are_told_when_the_database_is_down_and_served_when_it_is_back(
    postgres: Server, tmp_path: Path
) -> None:
    """503 with a time to come back, soon; readyz says it too; then everything goes on, also what was accepted."""
    with postgres_server.launched(postgres.binaries) as fragile:
        live = serve(tmp_path / "one", fragile.database())
        try:
            with live.client() as client:
                before = submit(client, **{"Idempotency-Key": "order-7"}).json()["request_id"]
                fragile.stop()
                refused = submit(client)
                assert (refused.status_code, refused.json()["error_code"]) == (503, DATABASE_UNAVAILABLE)
                assert int(refused.headers["retry-after"]) > 0
                assert client.get("/readyz").status_code == 503
                assert client.get("/livez").status_code == 200
                fragile.start()
                again = until(lambda: (told := submit(client, **{"Idempotency-Key": "order-7"})).is_success and told)
                assert again.json()["request_id"] == before
                after = submit(client).json()["request_id"]
                assert result(client, before)["status"] == result(client, after)["status"] == "succeeded"
        finally:
            assert live.stop() == 0
