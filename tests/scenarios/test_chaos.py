"""A minute of chaos on each database: no promise is broken. The seed is in the log of a run that fails."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import postgres
from tests.scenarios.processes import HAS_PROC

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
SECONDS = "60"
TIMED = "came back later than lease + 1 s"
"""A bound in seconds; on a machine that others use as well it says nothing, so it is no test's."""


def chaos(folder: Path, *options: str) -> dict[str, Any]:
    """What `mutoscope bench chaos` found."""
    command = [sys.executable, "-m", "mutoscope", "bench", "chaos", "--seconds", SECONDS, "--folder", str(folder)]
    ended = subprocess.run([*command, "--json", *options], capture_output=True, text=True, timeout=800, check=False)
    print(ended.stderr[-4000:])
    assert ended.stdout, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    print(json.dumps(found, indent=1))
    return found


def check(found: dict[str, Any]) -> None:
    """No promise was broken, and something was tried."""
    assert {name: count for name, count in found["broken"].items() if count and name != TIMED} == {}
    assert found["seen"]["requests"] >= 10
    assert found["seen"]["kills"] >= 3
    assert found["facts"]["states"].get("completed", 0) >= 5


def test_sqlite(tmp_path: Path) -> None:
    """One server, four workers."""
    check(chaos(tmp_path / "site"))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root may mount a file system")
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_sqlite_on_a_disk_that_fills_up(disk: Path) -> None:
    """Not one byte is left, now and then: refused early, nothing corrupt, and on it goes."""
    found = chaos(disk, "--fill-disk")
    check(found)
    assert found["facts"]["faults"].get("disk full", 0) >= 1


@pytest.fixture
def cluster() -> Iterator[tuple[str, str]]:
    """The address of an empty database, and a command that restarts its server as a crash would."""
    binaries = postgres.binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server of version 15 or newer is installed")
    with postgres.launched(binaries) as server:
        address = server.database()
        control = [*server.as_user([]), str(binaries / "pg_ctl"), "-w", "-D", str(server.folder / "data")]
        stop, start = (
            [*control, "-m", "immediate", "stop"],
            [*control, "-l", str(server.folder / "data" / "log"), "start"],
        )
        options = f"-p {server.port} -h 127.0.0.1 -k {server.folder}"
        yield address, f"{shlex.join(map(str, stop))}; {shlex.join([*map(str, start), '-o', options])}"
        subprocess.run(stop, check=False, capture_output=True)


@pytest.mark.skipif(not HAS_PROC, reason="needs /proc")
def test_postgresql(tmp_path: Path, cluster: tuple[str, str]) -> None:
    """Two servers on one database, which is restarted at once now and then."""
    address, restart = cluster
    found = chaos(tmp_path / "site", "--database", address, "--restart-database", restart)
    check(found)
    assert found["facts"]["faults"].get("database restarted", 0) >= 1
