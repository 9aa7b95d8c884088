"""`mutoscope doctor --live` against servers that are well, half well, and not there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import LiveServer

pytestmark = pytest.mark.slow


def doctor(url: str, key: str, folder: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit status, and the checks by name."""
    done = subprocess.run(
        [sys.executable, "-m", "mutoscope", "doctor", "--live", url, "--json"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "MUTOSCOPE_API_KEY": key},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout, done.stderr
    return done.returncode, {check["name"]: check for check in json.loads(done.stdout)}


def test_a_server_that_is_well_passes_everything(server: LiveServer, tmp_path: Path) -> None:
    """From the door to a signed webhook; nothing of the visit stays."""
    with server.client() as client:
        before = len(client.get("/v1/requests", params={"limit": "500"}).json()["requests"])
    code, found = doctor(server.url, server.api_key, tmp_path)
    needed = {"reach", "clock", "ready", "key", "workers", "test card", "webhook"}
    assert {name for name in needed if found[name]["verdict"] != "ok"} == set()
    assert set(found) == needed | {"disk", "queue", "webhook lag"}
    assert "signature verified" in found["webhook"]["found"]
    assert code == 0
    with server.client() as client:
        assert len(client.get("/v1/requests", params={"limit": "500"}).json()["requests"]) == before


def test_a_server_without_workers_is_told_so(idle_server: LiveServer, tmp_path: Path) -> None:
    """The key that it does not know is told first, and nothing more is tried with it."""
    code, found = doctor(idle_server.url, "mk_wrong", tmp_path)
    assert (code, found["key"]["verdict"]) == (1, "missing")
    assert "test card" not in found


def test_nobody_there_is_one_check(tmp_path: Path) -> None:
    """And what to look at."""
    code, found = doctor("http://127.0.0.1:9", "mk_any", tmp_path)
    assert (code, set(found)) == (1, {"reach"})
    assert "running" in found["reach"]["remedy"]
