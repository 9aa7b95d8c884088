"""The worker on the page about the worker protocol, run as it stands there."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import LiveServer
from tests.http.calls import STILL, finished, hand_of, submit

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "worker-protocol.md"


@pytest.mark.slow
def test_the_whole_worker_works(idle_server: LiveServer, tmp_path: Path) -> None:
    """It takes a request and makes its picture, in the colour that the seed says; what it said on the way is there."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (tmp_path / "worker.py").write_text(code, "utf-8")
    token = idle_server.environment["MUTOSCOPE_WORKER_TOKEN"]
    environment = {**os.environ, "SERVER": idle_server.url, "MUTOSCOPE_WORKER_TOKEN": token}
    with hand_of(idle_server), idle_server.client() as client:  # nothing waits
        request_id = submit(client, STILL, prompt="card", seed=0x102030)
        with subprocess.Popen([sys.executable, "worker.py"], cwd=tmp_path, env=environment) as worker:
            try:
                told = finished(client, request_id)
            finally:
                worker.kill()
        assert told["status"] == "succeeded", told
        with Image.open(io.BytesIO(client.get(told["output"]["images"][0]).content)) as picture:
            assert (picture.size, picture.getpixel((0, 0))) == ((64, 64), (0x30, 0x20, 0x10))
        assert "a plain card" in client.get(f"/v1/requests/{request_id}/events").text
