"""A backup made while the server works is whole: another folder, another server, and everything is there."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.conftest import start_server
from tests.http import media
from tests.http.calls import SMALL, TESTCARD, completed, finished, submit

pytestmark = pytest.mark.slow


def _mutoscope(environment: dict[str, str], *words: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "mutoscope", *map(str, words)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_a_backup_under_load_is_served_elsewhere(tmp_path: Path) -> None:
    """Results with their films, uploads, keys and usage; what waited when it was made is run."""
    live = start_server(tmp_path / "data", engines="testcard")
    live.wait_ready()
    stop = threading.Event()

    def load() -> None:
        with live.client() as client:
            while not stop.is_set():
                client.post(f"/v1/models/{TESTCARD}", json=SMALL)

    with live.client() as client:
        done = completed(client)
        film = client.get(next(iter(done["output"].values()))).content
        upload = client.post("/v1/files", content=media.png()).json()
        guest = client.post("/v1/keys", json={"name": "guest"}).json()["key"]
        busy = threading.Thread(target=load)
        busy.start()
        try:
            waiting = [submit(client, delay_s=2.0) for _ in range(3)]
            _mutoscope(live.environment, "db", "backup", tmp_path / "backup", "--data", live.data)
        finally:
            stop.set()
            busy.join(60)
    live.kill()  # the machine that it is made for

    _mutoscope(live.environment, "db", "check", "--data", tmp_path / "backup")
    again = start_server(tmp_path / "backup", engines="testcard")
    again.wait_ready()
    with again.client() as client, again.client(guest) as other:
        told = finished(client, done["request_id"])
        assert client.get(next(iter(told["output"].values())).replace(live.url, again.url)).content == film
        assert other.get("/v1/files").json()["files"][0]["sha256"] == upload["sha256"]
        assert client.get(f"/v1/files/{upload['file_id']}/{upload['name']}").content == media.png()
        for request_id in waiting:
            assert finished(client, request_id)["status"] == "succeeded"
        used = {row["request_id"]: row["state"] for row in client.get("/v1/usage?limit=1000").json()["usage"]}
        assert used[done["request_id"]] == "charged"
        assert completed(client)["status"] == "succeeded"
    assert again.stop() == 0
    _mutoscope(live.environment, "db", "check", "--data", tmp_path / "backup")
