"""What a test decides itself instead of waiting for a clock: when an attempt's work ends, and when its lease does."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from tests.conftest import LiveServer
from tests.http.calls import until

GATED = "studio/gated"
ENGINE = """
import time
from pathlib import Path

from PIL import Image

from mutoscope.engines import Produced, Progress, engine


@engine(produces="image")
def gated(*, folder: Path, progress: Progress) -> Produced:
    progress.report(0.5, "waiting")
    while not Path("GATE").exists():
        time.sleep(0.02)
    Image.new("RGB", (32, 32)).save(folder / "a.png")
    return Produced((folder / "a.png",), "image")
"""
MANIFEST = """
manifest: 1
id: studio/gated
author: Studio
name: Gated
description: Ends when it may.
categories: [text-to-image]
input_schema: {type: object, title: Input, properties: {}}
output: {produces: image}
engine: {name: gated}
"""


class Gate:
    """A model whose every attempt works until the gate is open.

    settings   of a server that has it.
    """

    def __init__(self, folder: Path) -> None:
        self._gate = folder / "open"
        (folder / "gated.py").write_text(ENGINE.replace("GATE", str(self._gate)), "utf-8")
        (folder / "gated").mkdir()
        (folder / "gated" / "gated.yaml").write_text(MANIFEST, "utf-8")
        self.settings: dict[str, Any] = {
            "engines": "gated",
            "engine_files": folder / "gated.py",
            "manifests": folder / "gated",
        }

    def open(self) -> None:
        """From now on."""
        self._gate.touch()

    def close(self) -> None:
        """Until it is opened again."""
        self._gate.unlink()


def hand_on(live: LiveServer, request_id: str, *, attempt: int = 1) -> None:
    """End the lease of this attempt, whose worker is gone, as often as it takes until the request was handed on."""

    def is_handed_on() -> bool:
        with contextlib.closing(sqlite3.connect(live.data / "mutoscope.db", timeout=60)) as database, database:
            held = database.execute(
                "update requests set lease_until_ms = 1 where id = ? and attempt = ? and state = 'in_progress'",
                (request_id, attempt),
            )
            return held.rowcount == 0

    until(is_handed_on)
