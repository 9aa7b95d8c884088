"""A disk that fills up, a real one of a few megabytes: refused early, nothing corrupt, and all goes on afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import LiveServer, start_server
from tests.http import media
from tests.http.calls import SMALL, TESTCARD, assert_error, completed, finished, result, until

pytestmark = pytest.mark.slow

DISK_BYTES = 48 * 2**20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, in memory. Needs the right to mount."""
    if sys.platform != "linux" or shutil.which("mount") is None:
        pytest.skip("no small file system can be mounted on this platform")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0700", "tmpfs", disk],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"may not mount a small file system: {mounted.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


@contextlib.contextmanager
def serving(disk: Path, *, min_free_bytes: int, data: str = "data") -> Iterator[LiveServer]:
    live = start_server(disk / data, engines="testcard", min_free_bytes=min_free_bytes, cache=disk.parent / "cache")
    try:
        live.wait_ready()
        yield live
    finally:
        assert live.stop() == 0


def fill(disk: Path, *, leave_bytes: int) -> Path:
    """A file that leaves no more room than that."""
    path = disk / "filler"
    with path.open("ab") as file, contextlib.suppress(OSError):
        while (room := shutil.disk_usage(disk).free - leave_bytes) > 0:
            file.write(b"x" * min(room, 1 << 20))
            file.flush()
    return path


def sound(live: LiveServer) -> None:
    """What `mutoscope db check` says about the folder, with the server stopped."""
    checked = subprocess.run(
        [sys.executable, "-m", "mutoscope", "db", "check", "--data", live.data],
        env=live.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_new_work_is_refused_before_the_disk_is_full(small_disk: Path) -> None:
    """507 below the floor, for a body that would go below it, and everything else goes on; then room is made."""
    floor = 16 * 2**20
    with serving(small_disk, min_free_bytes=floor) as live, live.client() as client:
        done = completed(client)
        filler = fill(small_disk, leave_bytes=floor - 2**20)

        until(lambda: client.post(f"/v1/models/{TESTCARD}", json=SMALL).status_code == 507)
        told = assert_error(client.post(f"/v1/models/{TESTCARD}", json=SMALL), 507, 507001)
        assert "MiB" in told["message"]
        assert_error(client.post("/v1/files", content=media.png()), 507, 507001)
        assert result(client, done["request_id"])["status"] == "succeeded"
        assert client.get(next(iter(done["output"].values()))).status_code == 200
        assert client.post("/v1/keys", json={"name": "still"}).status_code == 201
        assert client.get("/livez").status_code == 200

        filler.unlink()
        until(lambda: client.post(f"/v1/models/{TESTCARD}", json=SMALL).status_code == 200)
        assert_error(client.post("/v1/files", content=b"x" * (DISK_BYTES - floor)), 507, 507001)
    sound(live)


def test_a_disk_that_is_full_corrupts_nothing(small_disk: Path) -> None:
    """Without a floor, writes fail in the middle: no acknowledged request is lost, none is half there."""
    with serving(small_disk, min_free_bytes=0) as live, live.client() as client:
        accepted = [str(completed(client)["request_id"])]
        filler = fill(small_disk, leave_bytes=0)
        refused = 0
        for number in range(120):
            answer = client.post(f"/v1/models/{TESTCARD}", json=SMALL | {"prompt": "words " * 300, "seed": number})
            assert answer.status_code in (200, 507), answer.text
            if answer.status_code == 200:
                accepted.append(answer.json()["request_id"])
            refused += answer.status_code == 507
        assert refused > 0
        assert live.process.poll() is None
        assert client.get("/livez").status_code == 200

        filler.unlink()
        until(lambda: client.post(f"/v1/models/{TESTCARD}", json=SMALL).status_code == 200)
        for request_id in accepted:
            told = finished(client, request_id)
            assert told["status"] in ("succeeded", "failed")
            if told["status"] == "succeeded":
                assert client.get(next(iter(told["output"].values()))).content
        assert completed(client)["status"] == "succeeded"
    sound(live)


def test_a_server_killed_on_a_full_disk_comes_back(small_disk: Path) -> None:
    """SQLite's log could not grow; what was answered is there."""
    live = start_server(small_disk / "data", engines="testcard", min_free_bytes=0, cache=small_disk.parent / "cache")
    live.wait_ready()
    with live.client() as client:
        done = completed(client)["request_id"]
        filler = fill(small_disk, leave_bytes=0)
        for _ in range(50):
            with contextlib.suppress(httpx.TransportError):
                client.post(f"/v1/models/{TESTCARD}", json=SMALL | {"prompt": "words " * 300})
    live.kill()
    filler.unlink()
    with serving(small_disk, min_free_bytes=0) as again, again.client() as client:
        assert result(client, done)["status"] == "succeeded"
        assert completed(client)["status"] == "succeeded"
    sound(again)
    assert os.path.ismount(small_disk)
