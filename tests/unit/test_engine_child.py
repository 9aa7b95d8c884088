"""An engine in its child process: real processes, the testcard engine."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mutoscope.engines import registry
from mutoscope.engines.base import SHOWN_BYTES, Task
from mutoscope.engines.process import EngineProcess, may_be_shown
from mutoscope.errors import ConfigError, EngineError
from mutoscope.testing import Notes


@pytest.fixture(scope="module")
def traces() -> list[str]:
    return []


@pytest.fixture(scope="module")
def shared(traces: list[str]) -> Iterator[EngineProcess]:
    engine = EngineProcess("testcard", trace=traces.append)
    yield engine
    engine.close()


@pytest.fixture
def engine(shared: EngineProcess) -> EngineProcess:
    """A warm engine; the same child for all tests that leave it alive."""
    shared.warm(Notes())
    return shared


def pid_of(engine: EngineProcess) -> int:
    """The process id of its child."""
    assert engine._child is not None
    return engine._child._process.pid


def a_task(folder: Path, **parameters: Any) -> Task:
    return Task(parameters={"num_frames": 2, **parameters}, files={}, folder=folder, seed=1)


def test_a_task_comes_back_as_files(engine: EngineProcess, tmp_path: Path) -> None:
    """The supervisor gets paths, the engine's version and the time it took."""
    notes = Notes()

    made = engine.run(a_task(tmp_path, prompt="a cat"), notes)

    assert [path.name for path in made.produced.files] == ["output.mp4"]
    assert made.produced.files[0].read_bytes()[4:8] == b"ftyp"
    assert made.produced.poster is not None and made.produced.poster.is_file()
    assert made.version == "1" and made.engine_s > 0
    assert made.produced.ignored
    assert notes.reports[-1][1] == "drawing"


@pytest.mark.slow
def test_the_child_shows_what_there_is(engine: EngineProcess, tmp_path: Path) -> None:
    """Pictures while the task runs, whole ones, no more than the pace allows."""
    notes = Notes()

    engine.run(a_task(tmp_path, delay_s=2.5), notes)

    assert 2 <= len(notes.shown) <= 3
    assert all(shown.startswith(b"\xff\xd8\xff") and shown.endswith(b"\xff\xd9") for shown in notes.shown)
    assert notes.shown[0] != notes.shown[1]


@pytest.mark.parametrize("how", ["outside", "link", "no picture", "too large", "missing"])
def test_what_an_engine_may_not_show_is_not_shown(tmp_path: Path, how: str) -> None:
    """An engine names a path; only a small JPEG that lies in its folder is read."""
    folder, jpeg = tmp_path / "task", b"\xff\xd8\xff\xe0"
    folder.mkdir()
    outside, inside = tmp_path / "secret.jpg", folder / "a.jpg"
    outside.write_bytes(jpeg)
    named = inside
    match how:
        case "outside":
            named = folder / ".." / "secret.jpg"
        case "link":
            inside.symlink_to(outside)
        case "no picture":
            inside.write_bytes(b"root:x:0:0")
        case "too large":
            inside.write_bytes(jpeg + bytes(SHOWN_BYTES))
    assert not may_be_shown(named, str(folder))

    good = folder / "good.jpg"
    good.write_bytes(jpeg)
    assert may_be_shown(good, str(folder))


def test_the_child_stays_for_the_next_task(engine: EngineProcess, tmp_path: Path) -> None:
    """Ten tasks, one process."""
    engine.run(a_task(tmp_path), Notes())
    child = pid_of(engine)
    for number in range(10):
        folder = tmp_path / str(number)
        folder.mkdir()
        engine.run(a_task(folder, width_px=64, height_px=36), Notes())
    assert pid_of(engine) == child


def test_what_a_library_prints_becomes_lines_of_its_task(engine: EngineProcess, tmp_path: Path) -> None:
    """Noise on stdout does not disturb the messages and is not lost."""
    notes = Notes()
    engine.run(a_task(tmp_path, print_lines=3, log_lines=2), notes)
    assert sorted(notes.lines) == ["line 0", "line 1", "printed 0", "printed 1", "printed 2"]


def test_a_flood_of_lines_does_not_block_the_task(engine: EngineProcess, tmp_path: Path) -> None:
    """Far more than a pipe holds, on both ways out."""
    notes = Notes()
    engine.run(a_task(tmp_path, print_lines=50_000, log_lines=50_000), notes)
    assert sum(line.startswith("line") for line in notes.lines) == 200


@pytest.mark.parametrize(("fail", "retryable"), [("error", False), ("retry", True)])
def test_an_engine_error_keeps_its_words(engine: EngineProcess, tmp_path: Path, fail: str, retryable: bool) -> None:
    """What the engine says on purpose reaches the caller, and the child is used again."""
    with pytest.raises(EngineError, match="asked to fail") as caught:
        engine.run(a_task(tmp_path, fail=fail), Notes())
    assert caught.value.retryable is retryable
    assert engine.is_ready


def test_a_defect_tells_the_caller_nothing(engine: EngineProcess, traces: list[str], tmp_path: Path) -> None:
    """The words of an unexpected exception go to this machine's log only."""
    with pytest.raises(EngineError) as caught:
        engine.run(a_task(tmp_path, fail="defect"), Notes())
    assert caught.value.message == "the engine failed: internal error"
    assert "ZeroDivisionError: [hidden]" in traces[-1]
    assert "in _fail" in traces[-1]
    assert "a secret of the input" not in str(traces).replace('raise ZeroDivisionError("a secret of the input")', "")


@pytest.mark.slow
def test_a_child_that_dies_is_replaced(engine: EngineProcess, tmp_path: Path) -> None:
    """The message names the signal; after warming again the next task works."""
    with pytest.raises(EngineError, match=r"the engine stopped unexpectedly \(signal 9\)") as caught:
        engine.run(a_task(tmp_path, fail="crash"), Notes())
    assert caught.value.retryable
    assert not engine.is_ready

    engine.warm(Notes())
    assert engine.run(a_task(tmp_path), Notes()).produced.files


def test_killing_from_another_thread_wakes_the_caller(engine: EngineProcess, tmp_path: Path) -> None:
    """A task that hangs for ever ends the moment it is killed."""
    timer = threading.Timer(0.2, engine.kill)
    timer.start()
    with pytest.raises(EngineError):
        engine.run(a_task(tmp_path, fail="hang"), Notes())
    timer.join()


def test_an_engine_that_cannot_start_says_why(tmp_path: Path) -> None:
    """A name that does not exist is an error of the warm-up, not a dead process."""
    engine = EngineProcess("testcrad", trace=print)
    with pytest.raises(EngineError, match="did you mean testcard"):
        engine.warm(Notes())
    engine.close()


ORPHAN = """
import sys
from pathlib import Path
from mutoscope.engines.base import Task
from mutoscope.engines.process import EngineProcess

class Quiet:
    def report(self, fraction, stage): print("busy", flush=True)
    def log(self, line): pass
    def show(self, picture): pass

engine = EngineProcess("testcard", trace=print)
engine.warm(Quiet())
print(engine._child._process.pid, flush=True)
engine.run(Task({"delay_s": 60}, {}, Path(sys.argv[1]), 1), Quiet())
"""


@pytest.mark.slow
def test_no_child_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    """kill -9 of the supervisor in the middle of a task leaves no process."""
    with subprocess.Popen([sys.executable, "-c", ORPHAN, str(tmp_path)], stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout is not None
        lines = iter(supervisor.stdout.readline, b"")
        pid = int(next(line for line in lines if line.strip().isdigit()))
        next(line for line in lines if line == b"busy\n")
        supervisor.kill()
    assert ends_within(pid, 30)


def ends_within(pid: int, seconds: float) -> bool:
    """Whether the process is gone, or at least a zombie nobody has reaped, after so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError):  # no /proc here, or gone since
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_the_registry_knows_close_names() -> None:
    """A typing error in a manifest is answered with what was probably meant."""
    assert "testcard" in registry.names()
    assert "video" in registry.capabilities("testcard").produces
    with pytest.raises(ConfigError, match="did you mean parallax"):
        registry.load("paralax")
