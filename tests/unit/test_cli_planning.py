"""`run --plan-only`: what would be done, told and drawn, without a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from mutoscope.cli import exits, program
from mutoscope.cli.planning import COLUMNS, ROWS, top_view

MODEL = "mutoscope/parallax"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Folders of our own, and an address at which nobody answers: nothing may ask there."""
    for name in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path))
    monkeypatch.setenv("MUTOSCOPE_URL", "http://127.0.0.1:9")
    monkeypatch.chdir(tmp_path)


def run(*given: str, model: str = MODEL, options: tuple[str, ...] = ()) -> Result:
    """`mutoscope run MODEL --plan-only --set …`."""
    settings = [part for one in given for part in ("--set", one)]
    return CliRunner().invoke(program, ["run", model, "--plan-only", *options, *settings])


def told(*given: str) -> dict[str, Any]:
    """The same as JSON."""
    found = run(*given, options=("--json",))
    assert found.exit_code == exits.OK, found.output
    return dict(json.loads(found.stdout))


def test_it_says_what_applies_and_what_does_not() -> None:
    """Each shot with its camera, effects, ease, pace and times."""
    found = run("prompt=slow dolly in, then orbit left in the snow; the man walks", "seed=3")
    assert found.exit_code == exits.OK
    lines = found.stdout.splitlines()
    for line in (
        "applied: camera: slow dolly in (shot 1 of 2)",
        "ignored: object motion: man walks",
        "  camera   dolly_in x 0.5",
        "  effects  snow",
        "  ease     smooth",
    ):
        assert line in lines
    assert "seed 3" in lines[0]
    assert any(line.startswith("shot 2: 2.50 to 5.04 s, going on") for line in lines)


def test_the_drawing_goes_where_the_camera_goes() -> None:
    """Forwards is up, right is right; a turn on the spot is one point."""

    def ends(path: list[dict[str, float]]) -> tuple[tuple[int, int], tuple[int, int]]:
        rows = top_view(path)[1:-1]
        assert len(rows) <= ROWS
        assert all(len(row) <= COLUMNS + 2 for row in rows)
        start, end = (next((row.index(m), n) for n, row in enumerate(rows) if m in row) for m in "ox")
        return start, end

    forwards = ends(told("prompt=dolly in", "seed=1")["path"])
    assert forwards[1][1] < forwards[0][1]
    assert forwards[0][0] == forwards[1][0]
    right = ends(told("prompt=truck right", "seed=1")["path"])
    assert right[1][0] > right[0][0]
    assert right[0][1] == right[1][1]
    assert [row.strip() for row in top_view(told("prompt=pan left", "seed=1")["path"])[1:-1]] == ["x"]


def test_the_plan_can_be_given_back() -> None:
    """`plan` of the answer is the input `plan`: the same seed then takes the same way, whatever the prompt."""
    first = told("prompt=zoom in, rain", "seed=5", "num_frames=24")
    again = told("prompt=pan left", "seed=5", "num_frames=24", f"plan={json.dumps(first['plan'])}")
    assert again["path"] == first["path"]
    assert again["plan"]["shots"] == first["plan"]["shots"]
    assert len(first["path"]) == first["num_frames"] == 24
    assert first["duration_s"] == 1.0
    assert first["path"][-1]["zoom"] > first["path"][0]["zoom"]


def test_a_seed_that_was_drawn_is_told() -> None:
    """Given again it makes the same path."""
    drawn = told("prompt=handheld")
    assert told("prompt=handheld", f"seed={drawn['seed']}")["path"] == drawn["path"]
    assert "drawn" in run("prompt=handheld").stdout.splitlines()[0]


@pytest.mark.render
def test_a_local_picture_is_looked_at(tmp_path: Path) -> None:
    """The path then keeps within that picture, and effects that find no place in it are said to be ignored."""
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (90, 160, 3), np.uint8)).save(tmp_path / "still.png")
    found = told("prompt=dolly in, clouds drift", "seed=3", "num_frames=5", "image_url=still.png")
    assert found["picture"] == "seen"
    assert told("prompt=dolly in", "seed=3", "num_frames=5")["picture"] == "not seen"
    assert any("clouds" in text for text in found["plan"]["ignored"])


@pytest.mark.parametrize(
    ("model", "given", "words"),
    [
        ("mutoscope/testcard", "prompt=pan", "makes no plans"),
        ("mutoscope/parallax", "colour=red", "'colour' is no input; there are image_url"),
        ("mutoscope/parallax", "num_frames=1", "num_frames: parallax makes 2 to 2000 frames"),
        ("mutoscope/parallax", 'plan={"shots": [{"moves": ["fly"]}]}', "plan: shots[0].moves[0].name: found 'fly'"),
        ("mutoscope/paralax", "prompt=pan", "did you mean"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(model: str, given: str, words: str) -> None:
    """With an exit code that says so."""
    found = run(given, model=model)
    assert found.exit_code != exits.OK
    assert words in found.output
