"""A worker is killed after its engine wrote something down: the next attempt knows it, and nobody else does."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.conftest import start_server
from tests.http.calls import finished, submit, until
from tests.scenarios.control import hand_on
from tests.scenarios.processes import HAS_PROC, descendants

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not HAS_PROC, reason="needs /proc to find the processes")]

ENGINE = """
import time
from pathlib import Path

from PIL import Image

from mutoscope.engines import Produced, Progress, engine


@engine(produces="image")
def forgetful(*, folder: Path, remembered: dict, progress: Progress) -> Produced:
    if not remembered:
        progress.remember({"order": "a-number-nobody-sees"})
        progress.report(0.5, "waiting")
        time.sleep(600)
    Image.new("RGB", (32, 32)).save(folder / "a.png")
    known = "the order is known" if remembered == {"order": "a-number-nobody-sees"} else "the order is lost"
    return Produced((folder / "a.png",), "image", applied=(known,))
"""
MANIFEST = """
manifest: 1
id: studio/forgetful
author: Studio
name: Forgetful
description: Forgets nothing.
categories: [text-to-image]
input_schema: {type: object, title: Input, properties: {}}
output: {produces: image}
engine: {name: forgetful}
"""


def test_the_next_attempt_knows_what_a_killed_worker_wrote_down(tmp_path: Path) -> None:
    """kill -9 of the worker while its engine waits: one request, two attempts, and the memo in no answer and no log."""
    (tmp_path / "forgetful.py").write_text(ENGINE, "utf-8")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "forgetful.yaml").write_text(MANIFEST, "utf-8")
    live = start_server(
        tmp_path / "data",
        engines="forgetful",
        engine_files=tmp_path / "forgetful.py",
        manifests=tmp_path / "models",
        lease_s=3600,
        beat_s=0.2,
    )
    try:
        live.wait_ready()
        with live.client() as client:
            request_id = submit(client, "studio/forgetful")
            until(lambda: client.get(f"/v1/requests/{request_id}").json()["stage"] == "waiting")
            (worker,) = (found for found in descendants(live.process.pid) if "mutoscope.worker" in found.command)
            os.kill(worker.pid, signal.SIGKILL)
            hand_on(live, request_id)
            result = finished(client, request_id)
            assert result["metadata"]["plan"]["applied"] == ["the order is known"]
            told = client.get(f"/v1/requests/{request_id}")
            assert told.json()["attempt"] == 2
            everything = told.text + client.get(f"/v1/requests/{request_id}/events").text
            assert "a-number-nobody-sees" not in everything + str(result)
    finally:
        assert live.stop() == 0
    assert "a-number-nobody-sees" not in (tmp_path / "data.log").read_text("utf-8")
