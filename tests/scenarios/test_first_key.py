"""The first API key: it reaches a person or a private file, and no log."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
READY = ("server.ready", "listens on")


def _serve(folder: Path, **environment: str) -> str:
    """Start with output into a file, as nohup and containers do; stop once it listens. Everything it wrote."""
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "mutoscope", "serve", "--data", folder / "data", "--port=0", "--workers=0"],
            env={**os.environ, "XDG_CONFIG_HOME": str(folder / "config"), "HOME": str(folder), **environment},
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 60
        while not any(words in (told := (folder / "out").read_text("utf-8")) for words in READY):
            assert process.poll() is None and time.monotonic() < deadline, told
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    return (folder / "out").read_text("utf-8")


@pytest.mark.parametrize("log_format", ["auto", "text"])
def test_a_log_never_holds_the_first_key(tmp_path: Path, log_format: str) -> None:
    """It is in a file for its owner only, and the log says in which. JSON lines are all JSON."""
    told = _serve(tmp_path, MUTOSCOPE_LOG_FORMAT=log_format)

    kept = tmp_path / "config" / "mutoscope" / "credentials.json"
    key = json.loads(kept.read_text("utf-8"))["api_key"]
    assert re.fullmatch(r"mk_[\w-]{43}", key)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert key not in told
    assert str(kept) in told.replace("\n", "")
    if log_format == "auto":
        assert {json.loads(line)["event"] for line in told.splitlines()} >= {"server.ready", "key.kept"}


def test_without_a_place_for_the_credentials_the_key_is_in_the_data_folder(tmp_path: Path) -> None:
    """A container may have no home that can be written to."""
    (tmp_path / "config").touch()
    told = _serve(tmp_path)

    kept = tmp_path / "data" / "first-key"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.read_text("utf-8").strip() not in told
    assert str(kept) in told


def test_a_server_that_moves_corrects_the_address_of_its_key(tmp_path: Path) -> None:
    """Else its own owner's command line would not show the key there; the key of another server stays as it is."""
    kept = tmp_path / "config" / "mutoscope" / "credentials.json"
    _serve(tmp_path)
    first = json.loads(kept.read_text("utf-8"))
    (ready,) = (line for line in _serve(tmp_path).splitlines() if READY[0] in line)
    (url,) = re.findall(r"http://127\.0\.0\.1:\d+", ready)
    assert json.loads(kept.read_text("utf-8")) == {"url": url, "api_key": first["api_key"]}

    elsewhere = {"url": "http://127.0.0.1:9", "api_key": "mk_of_another"}
    kept.write_text(json.dumps(elsewhere), "utf-8")
    _serve(tmp_path)
    assert json.loads(kept.read_text("utf-8")) == elsewhere
