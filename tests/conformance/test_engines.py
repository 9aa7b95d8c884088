"""What every engine promises, asked of each of them in its own child process as a worker would."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mutoscope.engines import registry
from mutoscope.engines.base import Produced, Progress, Task
from mutoscope.engines.process import EngineProcess
from mutoscope.errors import EngineError, MediaError
from mutoscope.media.probe import MediaInfo, probe


@dataclass(frozen=True)
class Case:
    """An engine, and the smallest sensible task for it, without files and folder.

    needs_image   whether it gets a picture of 96 x 64 px as `image`.
    """

    name: str
    parameters: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)
    needs_image: bool = False


CASES = [
    Case("testcard", {"width_px": 64, "height_px": 36, "num_frames": 3, "prompt": "a cat"}, {"kind": "video"}),
    Case("testcard", {"width_px": 64, "height_px": 36, "num_images": 2}, {"kind": "image"}, needs_image=True),
    pytest.param(
        Case("parallax", {"num_frames": 2, "prompt": "zoom in"}, needs_image=True),
        marks=[pytest.mark.render, pytest.mark.slow],
    ),
]
"""Further engines are added here; one that renders real video carries `marks=pytest.mark.render`."""

WITH_PICTURE = CASES[1:]


class Notes:
    """A Progress that remembers."""

    def __init__(self) -> None:
        self.reports: list[tuple[float, str]] = []

    def report(self, fraction: float, stage: str) -> None:
        self.reports.append((fraction, stage))

    def log(self, line: str) -> None:
        assert len(line) <= 500

    def show(self, picture: Path) -> None:
        assert picture.read_bytes().startswith(b"\xff\xd8\xff")


@pytest.fixture(
    scope="module",
    params=CASES,
    ids=lambda case: "-".join([case.name, *case.settings.values()]) if isinstance(case, Case) else None,
)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture(scope="module")
def engine(case: Case) -> Iterator[EngineProcess]:
    """The engine of the case, warm, in a child of its own."""
    process = EngineProcess(case.name, trace=print)
    process.warm(Notes())
    yield process
    process.close()


@pytest.fixture
def task(case: Case, tmp_path: Path) -> Task:
    folder = tmp_path / "outputs"
    folder.mkdir()
    files = {"image": (a_picture(tmp_path / "0"),)} if case.needs_image else {}
    return Task(parameters=case.parameters, files=files, folder=folder, seed=11, settings=case.settings)


def a_picture(path: Path) -> Path:
    """96 x 64 px of something with edges and a gradient; the name has no suffix, as in a worker."""
    rows, columns = np.mgrid[0:64, 0:96]
    blocks = (rows // 8 + columns // 8) % 2 * 80
    pixels = np.stack([columns * 2, rows * 3, blocks], axis=2).astype(np.uint8)
    Image.fromarray(pixels).save(path, "PNG")
    return path


def run(engine: EngineProcess, task: Task, progress: Progress | None = None) -> Produced:
    return engine.run(task, progress or Notes()).produced


def again(task: Task, **changes: Any) -> Task:
    """The same task in another empty folder."""
    folder = task.folder.parent / f"again-{len(list(task.folder.parent.iterdir()))}"
    folder.mkdir()
    return replace(task, folder=folder, **changes)


def digests(produced: Produced) -> list[str]:
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in produced.files]


def test_it_declares_what_the_task_uses(case: Case) -> None:
    """Capabilities are cheap to ask for and cover parameters, files and settings."""
    found = registry.capabilities(case.name)
    assert set(case.parameters) <= found.parameters
    assert set(case.settings) <= found.settings
    assert found.required <= found.parameters | found.files
    assert found.produces <= {"video", "image"} and found.produces
    assert not found.parameters & found.files


def test_its_outputs_are_what_it_says(engine: EngineProcess, task: Task) -> None:
    """Files lie in the task's folder and are readable media of the kind it names, with even sides for video."""
    produced = run(engine, task)
    assert produced.files
    for info in measured(produced):
        assert info.kind == produced.kind
        if info.kind == "video":
            assert (info.width_px % 2, info.height_px % 2) == (0, 0)
            assert info.num_frames > 0 and info.fps > 0
    for path in produced.files:
        assert path.parent == task.folder


def measured(produced: Produced) -> list[MediaInfo]:
    return [probe(path) for path in produced.files]


def test_its_poster_is_a_jpeg_of_its_folder(engine: EngineProcess, task: Task) -> None:
    """A poster may be left out, but it is never something else."""
    produced = run(engine, task)
    if produced.poster:
        assert probe(produced.poster).format == "jpeg"
        assert produced.poster.parent == task.folder


def test_the_same_seed_gives_the_same_bytes(engine: EngineProcess, task: Task) -> None:
    """A second attempt at a request makes exactly what the first would have made."""
    assert digests(run(engine, task)) == digests(run(engine, again(task)))


def test_another_seed_gives_other_bytes(engine: EngineProcess, task: Task) -> None:
    """A caller who draws again gets something new."""
    assert digests(run(engine, task)) != digests(run(engine, again(task, seed=12)))


def test_progress_grows_and_names_a_stage(engine: EngineProcess, task: Task) -> None:
    """Fractions lie between 0 and 1 and never go back."""
    notes = Notes()
    run(engine, task, notes)
    fractions = [fraction for fraction, _ in notes.reports]
    assert fractions and fractions == sorted(fractions)
    assert all(0 <= fraction <= 1 for fraction in fractions)
    assert all(stage for _, stage in notes.reports)


def test_it_writes_nowhere_else(engine: EngineProcess, task: Task) -> None:
    """Inputs stay as they were, and no file appears beside the task's folder."""
    before = {path: path.read_bytes() for path in task.folder.parent.glob("*") if path.is_file()}
    run(engine, task)
    assert {path: path.read_bytes() for path in task.folder.parent.glob("*") if path.is_file()} == before


@pytest.mark.parametrize("case", WITH_PICTURE, indirect=True)
def test_a_damaged_picture_is_an_error_and_not_the_end(engine: EngineProcess, task: Task) -> None:
    """Pixels are first decoded by the engine; what cannot be decoded is a MediaError, and the child lives on."""
    (path,) = task.files["image"]
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises((MediaError, EngineError)) as caught:
        run(engine, task)
    assert not getattr(caught.value, "retryable", True)
    assert engine.is_ready
