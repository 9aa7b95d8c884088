"""One video by several processes: the same bytes, however many there are and whatever becomes of them."""

from __future__ import annotations

import hashlib
import itertools
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from mutoscope.engines.base import Task
from mutoscope.engines.parallax import Parallax, splitting
from mutoscope.engines.parallax.sizes import Size
from mutoscope.errors import EngineError
from tests.scenarios.processes import HAS_PROC, descendants
from tests.unit.test_parallax_engine import Heard

pytestmark = [pytest.mark.render, pytest.mark.slow]

SMALL = Size("1:1", 96, 96)
NUM_FRAMES = 110
PLAN = {
    "shots": [
        {"moves": ["dolly_in", "handheld"], "effects": ["rain", "old_film", "lightning"]},
        {"moves": [{"name": "whip_left", "strength": 2}], "effects": ["film_grain", "glitch"]},
    ]
}
"""Motion blur, weather and damage that differ from frame to frame, across the borders at 48 and 96."""


@pytest.fixture(scope="module")
def photograph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    coarse = np.random.default_rng(11).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    path = tmp_path_factory.mktemp("picture") / "in.png"
    Image.fromarray(coarse).resize((240, 240), Image.Resampling.BICUBIC).save(path)
    return path


def filmed(photograph: Path, folder: Path, processes: int, heard: Heard | None = None, **settings: Any) -> Path:
    folder.mkdir()
    parameters = {"prompt": "", "num_frames": NUM_FRAMES, "plan": PLAN}
    task = Task(parameters, {"image": (photograph,)}, folder, 5, {"processes": processes, **settings})
    produced = Parallax(SMALL).run(task, heard or Heard())
    assert produced.poster is not None
    return produced.files[0]


@pytest.fixture(scope="module")
def whole(photograph: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """By one process."""
    return filmed(photograph, tmp_path_factory.mktemp("whole") / "out", 1)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("processes", [2, 5])
def test_any_number_of_processes_makes_the_same_file(
    photograph: Path, whole: Path, tmp_path: Path, processes: int
) -> None:
    """The poster too; progress only grows, and a preview is one of the frames. What was needed for it is gone."""
    heard = Heard()
    video = filmed(photograph, tmp_path / "out", processes, heard)
    assert sha256(video) == sha256(whole)
    assert sha256(video.with_name("poster.jpg")) == sha256(whole.with_name("poster.jpg"))
    shares = [round(share, 6) for share, _ in heard.reports]
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert sum(stage == "rendering" for _, stage in heard.reports) > NUM_FRAMES
    assert not (tmp_path / "out" / "sections").exists()


def test_the_join_is_not_to_be_seen(whole: Path) -> None:
    """Every frame is there, evenly spaced; sections begin with key frames, and what is decoded first comes first."""
    with av.open(str(whole)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        assert stream.frames == len(frames) == NUM_FRAMES
        assert stream.average_rate == 24
        times = [frame.time or 0.0 for frame in frames]
        assert times[0] == 0
        assert all(b - a == pytest.approx(1 / 24, abs=1e-4) for a, b in itertools.pairwise(times))
    with av.open(str(whole)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    frame = packets[0].duration or 0
    assert [packet.pts for packet in packets if packet.is_keyframe] == [n * frame for n in (0, 48, 96)]
    assert all(a.dts < b.dts for a, b in itertools.pairwise(packets))  # type: ignore[operator]  # all have one


@pytest.mark.skipif(not HAS_PROC, reason="processes are found in /proc")
def test_a_process_that_is_killed_costs_its_section_alone(photograph: Path, whole: Path, tmp_path: Path) -> None:
    killed: list[int] = []

    class Killing(Heard):
        def report(self, fraction: float, stage: str) -> None:
            super().report(fraction, stage)
            if stage == "rendering" and not killed:
                one = next(one for one in descendants(os.getpid()) if "parallax.splitting" in one.command)
                os.kill(one.pid, signal.SIGKILL)
                killed.append(one.pid)

    heard = Killing()
    assert sha256(filmed(photograph, tmp_path / "out", 2, heard)) == sha256(whole)
    assert killed
    shares = [round(share, 6) for share, _ in heard.reports]
    assert shares == sorted(shares)


@pytest.mark.parametrize("when", ["before it is told", "while it reads"])
def test_processes_that_cannot_live_fail_the_attempt(
    photograph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    program = "raise SystemExit(3)" if when == "before it is told" else "input(); raise SystemExit(3)"
    monkeypatch.setattr(splitting, "_PROGRAM", program)
    if when == "before it is told":
        start = splitting._Crew._started

        def started(self: Any, threads: int) -> subprocess.Popen[str]:
            process = start(self, threads)
            process.wait()
            return process

        monkeypatch.setattr(splitting._Crew, "_started", started)
    with pytest.raises(EngineError, match="ended 2 times"):
        filmed(photograph, tmp_path / "out", 2)


@pytest.mark.skipif(not HAS_PROC, reason="processes are found in /proc")
def test_who_stops_leaves_nobody_rendering(photograph: Path, tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    class Stopping(Heard):
        def report(self, fraction: float, stage: str) -> None:
            if stage == "rendering":
                raise Stopped

    with pytest.raises(Stopped):
        filmed(photograph, tmp_path / "out", 3, Stopping())
    assert not [one for one in descendants(os.getpid()) if "parallax.splitting" in one.command]
    assert {path.name for path in (tmp_path / "out").iterdir()} <= {"preview-0.jpg"}


@pytest.mark.parametrize(("processes", "words"), [(0.5, "1 … 64"), (65, "1 … 64"), ("many", "must be numbers")])
def test_a_number_of_processes_that_cannot_be_is_named(
    photograph: Path, tmp_path: Path, processes: Any, words: str
) -> None:
    with pytest.raises(EngineError, match=words):
        filmed(photograph, tmp_path / "out", processes)
