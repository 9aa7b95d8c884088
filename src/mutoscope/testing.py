"""What every engine promises, as tests that anybody can run on an engine of their own. Needs pytest.

    from mutoscope.testing import EngineContract

    class TestGrey(EngineContract):
        engine = "grey"
        files = ("my_engine.py",)
        parameters = {"strength": 0.5}
        pictures = ("image",)

The engine runs in a child process, as it does under a worker.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import pytest
from PIL import Image

from mutoscope.engines import registry
from mutoscope.engines.base import Produced, Progress, Task
from mutoscope.engines.process import EngineProcess
from mutoscope.errors import EngineError, MediaError
from mutoscope.media.probe import MediaInfo, probe
from mutoscope.protocol import merged

SEED, OTHER_SEED = 11, 12


class Notes:
    """A `Progress` that keeps what it hears: reports, lines, pictures as bytes, and what is to be remembered.

    remembered   what earlier attempts remembered; grows with what this one does.
    """

    def __init__(self, remembered: Mapping[str, Any] = MappingProxyType({})) -> None:
        self.remembered: Mapping[str, Any] = dict(remembered)
        self.reports: list[tuple[float, str]] = []
        self.lines: list[str] = []
        self.shown: list[bytes] = []

    def report(self, fraction: float, stage: str) -> None:
        """Remember it."""
        self.reports.append((fraction, stage))

    def log(self, line: str) -> None:
        """Remember it."""
        self.lines.append(line)

    def show(self, picture: Path) -> None:
        """Remember it."""
        self.shown.append(picture.read_bytes())

    def remember(self, values: Mapping[str, Any]) -> None:
        """Add it, as JSON would bring it back. Raises EngineError as a worker does."""
        self.remembered = merged(self.remembered, values)


class EngineContract:
    """The promises. Subclass it and say what the smallest sensible task is.

    engine       the engine's name.
    files        Python files that it is in, unless it is installed.
    parameters   values by the engine's own names.
    settings     `engine.settings` as in a manifest.
    pictures     parameters that get a picture of 96 x 64 px.
    is_seeded    whether another seed gives other bytes.
    """

    engine: ClassVar[str]
    files: ClassVar[Sequence[str | Path]] = ()
    parameters: ClassVar[Mapping[str, Any]] = {}
    settings: ClassVar[Mapping[str, Any]] = {}
    pictures: ClassVar[Sequence[str]] = ()
    is_seeded: ClassVar[bool] = True

    @pytest.fixture(scope="class")
    @classmethod
    def process(cls) -> Iterator[EngineProcess]:
        """The engine, warm, in a child of its own."""
        registry.use_files(cls.files)
        process = EngineProcess(cls.engine, trace=print)
        process.warm(Notes())
        yield process
        process.close()

    @pytest.fixture
    def task(self, tmp_path: Path) -> Task:
        """The smallest sensible task, with an empty folder."""
        folder = tmp_path / "outputs"
        folder.mkdir()
        files = {name: (a_picture(tmp_path / str(number)),) for number, name in enumerate(self.pictures)}
        return Task(parameters=self.parameters, files=files, folder=folder, seed=SEED, settings=self.settings)

    def test_it_declares_what_the_task_uses(self) -> None:
        """Capabilities are cheap to ask for and cover parameters, files and settings."""
        registry.use_files(self.files)
        found = registry.capabilities(self.engine).under(self.settings)
        assert set(self.parameters) <= found.parameters
        assert set(self.pictures) <= found.files
        assert set(self.settings) <= found.settings
        assert found.required <= found.parameters | found.files
        assert found.produces <= {"video", "image"}
        assert found.produces
        assert not found.parameters & found.files

    def test_its_outputs_are_what_it_says(self, process: EngineProcess, task: Task) -> None:
        """Files lie in the task's folder and are readable media of the kind it names, with even sides for video."""
        produced = run(process, task)
        assert produced.files
        for info in measured(produced):
            assert info.kind == produced.kind
            if info.kind == "video":
                assert (info.width_px % 2, info.height_px % 2) == (0, 0)
                assert info.num_frames
                assert info.fps
        for path in produced.files:
            assert path.resolve().is_relative_to(task.folder.resolve())

    def test_its_poster_is_a_jpeg_of_its_folder(self, process: EngineProcess, task: Task) -> None:
        """A poster may be left out, but it is never something else."""
        produced = run(process, task)
        if produced.poster:
            assert probe(produced.poster).format == "jpeg"
            assert produced.poster.resolve().is_relative_to(task.folder.resolve())

    def test_the_same_seed_gives_the_same_bytes(self, process: EngineProcess, task: Task) -> None:
        """A second attempt at a request makes exactly what the first would have made."""
        assert digests(run(process, task)) == digests(run(process, again(task)))

    def test_another_seed_gives_other_bytes(self, process: EngineProcess, task: Task) -> None:
        """A caller who draws again gets something new; an engine without chance says so by `is_seeded`."""
        is_other = digests(run(process, task)) != digests(run(process, again(task, seed=OTHER_SEED)))
        assert is_other == self.is_seeded

    def test_progress_grows_and_names_a_stage(self, process: EngineProcess, task: Task) -> None:
        """Fractions lie between 0 and 1 and never go back; lines are short; what is shown is a JPEG."""
        notes = Notes()
        run(process, task, notes)
        fractions = [fraction for fraction, _ in notes.reports]
        assert fractions
        assert fractions == sorted(fractions)
        assert all(0 <= fraction <= 1 for fraction in fractions)
        assert all(stage for _, stage in notes.reports)
        assert all(len(line) <= 500 for line in notes.lines)
        assert all(shown.startswith(b"\xff\xd8\xff") for shown in notes.shown)

    def test_a_second_attempt_goes_on_with_what_was_remembered(self, process: EngineProcess, task: Task) -> None:
        """An engine that remembers makes the same of a task when an earlier attempt came as far as it could."""
        notes = Notes()
        first = run(process, task, notes)
        if not notes.remembered:
            pytest.skip("the engine remembers nothing")
        second = run(process, again(task, remembered=notes.remembered), Notes(notes.remembered))
        assert digests(second) == digests(first)

    def test_it_writes_nowhere_else(self, process: EngineProcess, task: Task) -> None:
        """Inputs stay as they were, and no file appears beside the task's folder."""
        before = {path: path.read_bytes() for path in task.folder.parent.glob("*") if path.is_file()}
        run(process, task)
        assert {path: path.read_bytes() for path in task.folder.parent.glob("*") if path.is_file()} == before

    def test_a_damaged_picture_is_an_error_and_not_the_end(self, process: EngineProcess, task: Task) -> None:
        """Pixels are first decoded by the engine; what cannot be decoded is an error, and the child lives on."""
        if not task.files:
            pytest.skip("the task takes no picture")
        for (path,) in task.files.values():
            path.write_bytes(path.read_bytes()[:200])
        with pytest.raises((MediaError, EngineError)) as caught:
            run(process, task)
        assert not getattr(caught.value, "retryable", True)
        assert process.is_ready


def a_picture(path: Path) -> Path:
    """96 x 64 px of something with edges and a gradient; the name has no suffix, as in a worker."""
    rows, columns = np.mgrid[0:64, 0:96]
    blocks = (rows // 8 + columns // 8) % 2 * 80
    pixels = np.stack([columns * 2, rows * 3, blocks], axis=2).astype(np.uint8)
    Image.fromarray(pixels).save(path, "PNG")
    return path


def run(engine: EngineProcess, task: Task, progress: Progress | None = None) -> Produced:
    """What the engine makes of the task."""
    return engine.run(task, progress or Notes()).produced


def again(task: Task, **changes: Any) -> Task:
    """The same task in another empty folder beside the first."""
    folder = task.folder.with_name(task.folder.name + "-again")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return replace(task, folder=folder, **changes)


def digests(produced: Produced) -> list[str]:
    """SHA-256 of each output."""
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in produced.files]


def measured(produced: Produced) -> list[MediaInfo]:
    """What each output is, by its headers."""
    return [probe(path) for path in produced.files]
