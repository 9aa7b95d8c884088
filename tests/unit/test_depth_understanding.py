"""What the renderer is told about a picture: shapes, ranges, edges, the same every time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mutoscope.engines.parallax.depth import CLASSES, DepthModel, Understanding, flat_understanding
from mutoscope.engines.parallax.depth.backbone import PATCH_PX, normalise
from mutoscope.engines.parallax.depth.model import fit, head_inputs, stretch
from mutoscope.engines.parallax.depth.refine import refine_classes, refine_disparity
from mutoscope.errors import EngineError

ROOT = Path(__file__).parents[2]
WEIGHTS = ROOT / "src/mutoscope/engines/parallax/weights"


@pytest.fixture(scope="module")
def model() -> DepthModel:
    """The real thing, where the backbone is installed."""
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    try:
        return DepthModel.load()
    except EngineError as exc:
        pytest.skip(str(exc))


def two_halves(height: int = 180, width: int = 240, edge: int = 131) -> NDArray[np.uint8]:
    """Grey on the left, red on the right, a little noise."""
    rgb = np.random.default_rng(3).integers(0, 12, (height, width, 3)).astype(np.uint8)
    rgb[:, :edge] += np.uint8(90)
    rgb[:, edge:] += np.array([180, 30, 30], np.uint8)
    return rgb


def check(seen: Understanding, height: int, width: int) -> None:
    """Everything the interface promises."""
    planes = [seen.disparity, seen.saliency, *seen.classes.values()]
    assert tuple(seen.classes) == CLASSES
    for plane in planes:
        assert plane.shape == (height, width)
        assert plane.dtype == np.float32
        assert plane.flags.c_contiguous
        assert np.isfinite(plane).all()
        assert plane.min() >= 0
        assert plane.max() <= 1
    assert sum(seen.classes.values()).max() <= 1 + 1e-4  # type: ignore[union-attr]
    assert 0 <= seen.confidence <= 1


@pytest.mark.parametrize(("height", "width"), [(90, 160), (1, 1), (33, 7), (640, 480)])
def test_a_flat_understanding_is_one_of_every_picture(height: int, width: int) -> None:
    """Also of a single pixel."""
    check(flat_understanding(np.zeros((height, width, 3), np.uint8)), height, width)


def test_a_flat_understanding_has_the_ground_near_and_says_that_it_guesses() -> None:
    """The foot of the picture is nearer than its head; confidence is low."""
    seen = flat_understanding(np.zeros((90, 160, 3), np.uint8))
    assert seen.disparity[-1].mean() > 0.7 > 0.3 > seen.disparity[0].mean()
    assert seen.confidence < 0.3


def test_a_coarse_step_moves_to_the_edge_of_the_colours() -> None:
    """The map's step is nine pixels off and forty wide; it ends within two pixels of the edge, and steep."""
    coarse = np.repeat(np.linspace(-2.7, 2.3, 24, dtype=np.float32)[None], 18, 0)
    refined = refine_disparity(np.clip(0.5 + coarse, 0, 1), two_halves())
    assert refined[:, :127].max() < 0.2
    assert refined[:, 135:].min() > 0.8


@pytest.mark.slow
def test_refinement_makes_up_nothing() -> None:
    """A level map stays level whatever the picture shows, and full size is not required to be large."""
    for height, width in ((180, 240), (20, 31), (1400, 1100)):
        rgb = np.random.default_rng(1).integers(0, 255, (height, width, 3)).astype(np.uint8)
        refined = refine_disparity(np.full((9, 12), 0.4, np.float32), rgb)
        assert refined.shape == (height, width)
        assert np.abs(refined - 0.4).max() < 2e-3


def test_refined_classes_stay_probabilities() -> None:
    """Never more than one in all."""
    coarse = np.random.default_rng(5).random((5, 30, 40)).astype(np.float32)
    refined = refine_classes(coarse / coarse.sum(0), two_halves())
    assert refined.shape == (5, 180, 240)
    assert refined.min() >= 0
    assert refined.sum(0).max() <= 1 + 1e-5


def test_stretching_a_level_plane_gives_the_middle() -> None:
    """And no division by nothing."""
    assert np.array_equal(stretch(np.full((4, 4), 7, np.float32)), np.full((4, 4), 0.5, np.float32))


@pytest.mark.parametrize(("height", "width"), [(1080, 1920), (3000, 200), (14, 14), (5, 900)])
def test_every_picture_becomes_whole_patches(height: int, width: int) -> None:
    """Long panoramas are squeezed rather than cut."""
    fitted = fit(np.zeros((height, width, 3), np.uint8), 560)
    assert fitted.shape[0] % PATCH_PX == fitted.shape[1] % PATCH_PX == 0
    assert min(fitted.shape[:2]) >= 6 * PATCH_PX
    assert max(fitted.shape[:2]) == 560


def test_the_head_in_the_repository_is_small_and_has_its_metrics_beside_it() -> None:
    """Under two megabytes, with what it was made from; the one for classes is smaller."""
    assert (WEIGHTS / "head.onnx").stat().st_size < 2_000_000
    assert (WEIGHTS / "classes.onnx").stat().st_size < 1_000_000
    metrics = json.loads((WEIGHTS / "metrics.json").read_text())
    assert metrics["recipe"]["scenes"] > 0
    assert metrics["held_out_families"]["scenes"] >= 100
    assert "stereo_motorcycle" in metrics


def test_the_head_answers_for_every_cell() -> None:
    """Disparity is never negative; the same tokens give the same answer."""
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    from mutoscope.engines.parallax.depth.backbone import open_session  # noqa: PLC0415

    pictures = normalise(np.random.default_rng(2).integers(0, 255, (84, 126, 3)).astype(np.uint8))
    tokens = np.random.default_rng(2).normal(0, 1, (1, 54, 1536)).astype(np.float32)
    session = open_session((WEIGHTS / "head.onnx").read_bytes())
    (answer,) = session.run(None, head_inputs(tokens, pictures))
    (again,) = session.run(None, head_inputs(tokens, pictures))
    assert answer.shape == (1, 8, 24, 36)
    assert answer[:, 0].min() >= 0
    assert np.array_equal(answer, again)


@pytest.mark.slow
def test_a_photograph_is_understood_the_same_way_twice(model: DepthModel) -> None:
    """Bit for bit, and by another session too; the street is near at its foot and has a sky at its head."""
    from mutoscope.media.load import load_image  # noqa: PLC0415

    rgb = load_image(ROOT / "src/mutoscope/assets/mountain-path.jpg")
    seen, again = model.understand(rgb), DepthModel.load().understand(rgb)
    check(seen, *rgb.shape[:2])
    assert np.array_equal(seen.disparity, again.disparity)
    assert np.array_equal(seen.saliency, again.saliency)
    height = rgb.shape[0]
    assert seen.disparity[-height // 8 :].mean() > seen.disparity[: height // 8].mean() + 0.3
    assert seen.classes["sky"][: height // 8].mean() > seen.classes["sky"][-height // 8 :].mean() + 0.3


@pytest.mark.slow
def test_a_page_is_no_scene(model: DepthModel) -> None:
    """Lines of words on paper, a little darker to one side: the camera must be gentle with it."""
    rng = np.random.default_rng(6)
    page = np.full((420, 560, 3), 238, np.uint8)
    for y in range(40, 400, 26):
        x = 30
        while x < 470:
            word = str(rng.choice(["region", "let", "us", "determine", "markers", "of", "the", "coins", "background"]))
            cv2.putText(page, word, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (40, 40, 40), 1, cv2.LINE_AA)
            x += 12 * len(word) + 12
    shaded = page * np.linspace(0.8, 1, 560)[None, :, None] + rng.normal(0, 3, page.shape)
    assert model.understand(np.clip(shaded, 0, 255).astype(np.uint8)).confidence < 0.3


@pytest.mark.slow
@pytest.mark.parametrize(("height", "width"), [(20, 30), (60, 900)])
def test_odd_pictures_are_understood_too(model: DepthModel, height: int, width: int) -> None:
    """Tiny ones and strips."""
    check(
        model.understand(np.random.default_rng(4).integers(0, 255, (height, width, 3)).astype(np.uint8)), height, width
    )


@pytest.mark.slow
def test_scenes_of_families_never_trained_on_are_ranked_by_distance(model: DepthModel) -> None:
    """Eight of them, through the command that makes the metrics; the full set is in metrics.json."""
    command = [sys.executable, "-m", "training.depth.evaluate", "--scenes", "8", "--only-held-out"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    metrics: dict[str, Any] = json.loads(done.stdout)
    assert metrics["rank_correlation_mean"] > 0.8
    assert metrics["rank_correlation_mean"] > metrics["rank_correlation_of_prior"] + 0.1
    assert metrics["boundary_f_after_refinement"] > metrics["boundary_f_before_refinement"]
