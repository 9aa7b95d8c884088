"""A function as an engine: what its signature says, and what is said of files that are wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mutoscope.engines import EngineError, MediaError, Produced, Progress, Task, engine, registry
from mutoscope.errors import ConfigError
from mutoscope.testing import Notes

GOOD = """
from pathlib import Path
from mutoscope.engines import engine

@engine(produces="image", name="{name}")
def draw(folder: Path) -> Path:
    return folder
"""


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of engines; the environment is as before afterwards."""
    monkeypatch.setenv(registry.FILES, "")

    def write(text: str, name: str = "mine.py") -> Path:
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return write


def a_task(folder: Path, files: dict[str, tuple[Path, ...]] | None = None, **parameters: Any) -> Task:
    return Task(parameters=parameters, files=files or {}, folder=folder, seed=7, settings={"steps": 3})


def test_the_signature_says_what_it_can_do() -> None:
    """Files by annotation, required without a default, and names that are not the caller's."""

    @engine(produces="video", settings=["steps"])
    def move(
        image: Path,
        masks: tuple[Path, ...] = (),
        depth: Path | None = None,
        *,
        prompt: str,
        strength: float = 1.0,
        seed: int,
        folder: Path,
        settings: dict[str, Any],
        progress: Progress,
    ) -> Path:
        raise AssertionError

    can = move.capabilities()

    assert move.name == "move"
    assert can.parameters == {"prompt", "strength", "seed"}
    assert can.files == {"image", "masks", "depth"}
    assert can.required == {"image", "prompt"}
    assert can.produces == {"video"}
    assert can.settings == {"steps"}


def test_it_gets_what_it_names(tmp_path: Path) -> None:
    """Values, files, seed, settings and folder; defaults stay; and it is still a function."""
    seen: dict[str, Any] = {}

    @engine(produces="image")
    def draw(
        image: Path, *, masks: tuple[Path, ...] = (), strength: float = 1.0, seed: int, settings: Any, folder: Path
    ) -> list[str | Path]:
        seen.update(locals())
        return ["a.png", "b.png"]

    files = {"image": (tmp_path / "0",), "masks": (tmp_path / "1", tmp_path / "2")}
    made = draw.run(a_task(tmp_path, files, strength=2.0), Notes())

    assert made == Produced((tmp_path / "a.png", tmp_path / "b.png"), "image")
    assert seen["image"] == tmp_path / "0"
    assert seen["masks"] == (tmp_path / "1", tmp_path / "2")
    assert (seen["strength"], seen["seed"], seen["settings"], seen["folder"]) == (2.0, 7, {"steps": 3}, tmp_path)
    draw.run(a_task(tmp_path, {"image": (tmp_path / "0",)}), Notes())
    assert (seen["strength"], seen["masks"]) == (1.0, ())
    assert draw(tmp_path, seed=1, settings={}, folder=tmp_path) == ["a.png", "b.png"]
    with pytest.raises(MediaError, match="one is accepted"):
        draw.run(a_task(tmp_path, {"image": (tmp_path / "0", tmp_path / "1")}), Notes())


@pytest.mark.parametrize("nothing", [None, [], 5, [1]])
def test_a_function_that_gives_nothing_is_told_so(tmp_path: Path, nothing: Any) -> None:
    """With its name, and not as a defect."""

    @engine(produces="image", name="lazy")
    def draw() -> Any:
        return nothing

    with pytest.raises(EngineError, match="engine lazy: the function gave no path"):
        draw.run(a_task(tmp_path), Notes())


def test_what_takes_long_is_done_once(tmp_path: Path) -> None:
    """Before the first task."""
    done: list[str] = []

    @engine(produces="image")
    def draw(folder: Path) -> Path:
        done.append("drawn")
        return folder / "a.png"

    @draw.prepare
    def load() -> None:
        done.append("loaded")

    draw.warm(Notes())
    draw.run(a_task(tmp_path), Notes())
    assert done == ["loaded", "drawn"]


def test_a_signature_that_cannot_be_filled_in_is_refused() -> None:
    """A manifest maps names to names."""
    with pytest.raises(ConfigError, match="parameter things takes any number"):

        @engine(produces="image")
        def draw(*things: str) -> Path:
            raise AssertionError


def test_a_file_of_engines_is_found_by_name(own: Callable[..., Path]) -> None:
    """Beside the built-in ones; also by the processes that are started from here."""
    path = own(GOOD.format(name="mine"))

    assert registry.use_files([path]) == ("mine",)

    assert {"mine", "testcard"} <= set(registry.names())
    assert registry.load("mine").version == registry.load("mine").version != "0"
    assert os.environ[registry.FILES] == str(path)
    assert registry.use_files([path]) == ("mine",)  # twice is once
    assert os.environ[registry.FILES] == str(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import no_such_package\n", "line 1: ModuleNotFoundError: No module named 'no_such_package'"),
        ("x = 1\ny = x +\n", "line 2: SyntaxError"),
        ("def f():\n    1 / 0\n\nf()\n", "line 2: ZeroDivisionError"),
        ("def draw():\n    pass\n", "holds no engine"),
        (GOOD.format(name="testcard"), "another engine of the name 'testcard'"),
        (GOOD.format(name="twice") + GOOD.format(name="twice").replace("draw", "draw2"), "another engine"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(own: Callable[..., Path], text: str, told: str) -> None:
    """With the file, and the line where there is one."""
    path = own(text)
    with pytest.raises(ConfigError) as caught:
        registry.use_files([path])
    assert str(path) in caught.value.message
    assert told in caught.value.message


def test_a_file_that_is_not_there_is_named(own: Callable[..., Path], tmp_path: Path) -> None:
    """Not a traceback."""
    del own
    with pytest.raises(ConfigError, match=r"nowhere\.py: is no Python file"):
        registry.use_files([tmp_path / "nowhere.py"])
