"""A backup made while the server works is whole: another folder, another server, and everything is there."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import LiveServer, start_server
from tests.http import media
from tests.http.calls import SMALL, TESTCARD, completed, finished, submit
from tests.postgres import Server

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "backup.md"


@dataclass(frozen=True)
class Kept:
    """What a server held when it was copied. waiting: accepted, and not begun."""

    done: str
    film: bytes
    upload: dict[str, str]
    guest: str
    waiting: list[str]
    url: str


def under_load(live: LiveServer, copy: Callable[[], None]) -> Kept:
    """Make a result, an upload and a key; copy everything while submits go on; kill the server."""
    live.wait_ready()
    stop = threading.Event()

    def load() -> None:
        with live.client() as client:
            while not stop.is_set():
                client.post(f"/v1/models/{TESTCARD}", json=SMALL)
                stop.wait(0.1)  # the copy may take its time: no more than there are workers for

    with live.client() as client:
        done = completed(client)
        film = client.get(next(iter(done["output"].values()))).content
        upload = client.post("/v1/files", content=media.png()).json()
        guest = client.post("/v1/keys", json={"name": "guest"}).json()["key"]
        busy = threading.Thread(target=load)
        busy.start()
        try:
            waiting = [submit(client, delay_s=2.0) for _ in range(3)]
            copy()
        finally:
            stop.set()
            busy.join(60)
    live.kill()  # the machine that it is made for
    return Kept(done["request_id"], film, upload, guest, waiting, live.url)


def check_served(again: LiveServer, kept: Kept) -> None:
    """Results with their films, uploads, keys and usage; what waited is run."""
    again.wait_ready()
    with again.client() as client, again.client(kept.guest) as other:
        told = finished(client, kept.done)
        assert client.get(next(iter(told["output"].values())).replace(kept.url, again.url)).content == kept.film
        assert other.get("/v1/files").json()["files"][0]["sha256"] == kept.upload["sha256"]
        assert client.get(f"/v1/files/{kept.upload['file_id']}/{kept.upload['name']}").content == media.png()
        for request_id in kept.waiting:
            assert finished(client, request_id)["status"] == "succeeded"
        used = {row["request_id"]: row["state"] for row in client.get("/v1/usage?limit=1000").json()["usage"]}
        assert used[kept.done] == "charged"
        assert completed(client)["status"] == "succeeded"
    assert again.stop() == 0


def mutoscope(environment: dict[str, str], *words: object) -> None:
    run([sys.executable, "-m", "mutoscope", *map(str, words)], environment)


def run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_backup_under_load_is_served_elsewhere(tmp_path: Path) -> None:
    """The SQLite file and the files beside it, by `mutoscope db backup`."""
    live = start_server(tmp_path / "data", engines="testcard")
    backup = tmp_path / "backup"
    kept = under_load(live, lambda: mutoscope(live.environment, "db", "backup", backup, "--data", live.data))
    mutoscope(live.environment, "db", "check", "--data", backup)
    check_served(start_server(backup, engines="testcard"), kept)
    mutoscope(live.environment, "db", "check", "--data", backup)


def test_a_dump_of_postgresql_under_load_is_served_elsewhere(postgres: Server, tmp_path: Path) -> None:
    """By the commands of the page on backups, as they stand there, into another database."""
    if not (postgres.binaries / "pg_dump").exists():
        pytest.skip("pg_dump is not installed")
    backups = tmp_path / "backups"
    backups.mkdir()

    def as_documented(program: str, data: Path, address: str) -> None:
        (line,) = {line for line in PAGE.read_text().splitlines() if line.startswith(program)}
        command = line.replace("/backups", str(backups)).replace("mutoscope-data", str(data))
        path = f"{postgres.binaries}{os.pathsep}{os.environ['PATH']}"
        run(["sh", "-c", command], {**os.environ, "PATH": path, "MUTOSCOPE_DATABASE": address})

    there, here = postgres.database(), postgres.database()
    live = start_server(tmp_path / "data", database=there, engines="testcard")

    def copy() -> None:
        for program in ("pg_dump", "cp -a mutoscope-data/files"):
            as_documented(program, live.data, there)

    kept = under_load(live, copy)
    (tmp_path / "new").mkdir()
    for program in ("pg_restore", "cp -a /backups/files"):
        as_documented(program, tmp_path / "new", here)
    where = ("--data", tmp_path / "new", "--database", here)
    mutoscope(live.environment, "db", "check", *where)
    check_served(start_server(tmp_path / "new", database=here, engines="testcard"), kept)
    mutoscope(live.environment, "db", "check", *where)
    for address in (there, here):
        postgres.drop(address)
