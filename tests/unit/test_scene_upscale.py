"""Small pictures are made large crisply; doubtful depth is moved gently."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from mutoscope.engines.parallax.doubt import flat_art, gentleness, mirrored
from mutoscope.engines.parallax.upscale import enlarged
from tests.unit.known_scenes import texture

pytestmark = pytest.mark.render


def test_an_enlarged_edge_is_steeper_than_lanczos_and_does_not_ring() -> None:
    """The steepest step across an edge grows; nothing gets darker or brighter than its two sides."""
    picture = np.full((60, 80, 3), 60, np.uint8)
    picture[:, 40:] = 180
    large = enlarged(picture, 320, 240)
    plain = np.asarray(Image.fromarray(picture).resize((320, 240), Image.Resampling.LANCZOS))
    steepest = [int(np.abs(np.diff(p[120, :, 0].astype(int))).max()) for p in (large, plain)]
    assert steepest[0] > steepest[1]
    assert int(large.min()) >= int(plain.min())
    assert int(large.max()) <= int(plain.max())


def test_an_enlarged_outline_is_nearer_to_the_original() -> None:
    """Shapes scaled down and up again come back sharper than Lanczos alone brings them."""
    truth = np.full((240, 320, 3), (90, 110, 140), np.uint8)
    cv2.circle(truth, (160, 120), 60, (230, 220, 210), -1, cv2.LINE_AA)
    cv2.rectangle(truth, (30, 40), (90, 200), (40, 30, 30), -1)
    cv2.line(truth, (200, 20), (300, 220), (250, 240, 120), 9, cv2.LINE_AA)
    small = np.asarray(cv2.resize(truth, (107, 80), interpolation=cv2.INTER_AREA), np.uint8)
    plain = np.asarray(Image.fromarray(small).resize((320, 240), Image.Resampling.LANCZOS))
    large = enlarged(small, 320, 240)
    errors = [float(((p.astype(float) - truth) ** 2).mean()) for p in (large, plain)]
    assert errors[0] < 0.9 * errors[1]


@pytest.mark.parametrize("size", [(80, 60), (40, 30), (88, 66), (1, 1), (3, 200)])
def test_every_size_is_met(size: tuple[int, int]) -> None:
    """Larger, smaller, a little larger, tiny, out of shape."""
    picture = texture(60, 80, 3, (120, 110, 90), 22).astype(np.uint8)
    assert enlarged(picture, *size).shape == (size[1], size[0], 3)


def test_the_size_it_has_leaves_a_picture_alone() -> None:
    """No filter touches a picture that fits."""
    picture = texture(60, 80, 3, (120, 110, 90), 22).astype(np.uint8)
    assert (enlarged(picture, 80, 60) == picture).all()


def test_a_drawing_moves_gently_and_a_photograph_does_not() -> None:
    """Areas of exactly one colour, few of them: no depth to find there."""
    drawing = np.full((300, 400, 3), (240, 230, 200), np.uint8)
    cv2.circle(drawing, (200, 150), 90, (200, 40, 40), -1)
    cv2.rectangle(drawing, (20, 20), (120, 280), (30, 60, 120), -1)
    photograph = texture(300, 400, 1, (120, 110, 100), 15).astype(np.uint8)
    assert flat_art(drawing) > 0.9
    assert flat_art(photograph) < 0.05
    assert gentleness(drawing, 1.0) < 0.5
    assert gentleness(photograph, 1.0) == 1.0


def test_a_reflection_moves_gently() -> None:
    """The lower part is the upper one upside down, darker and blurred, as a still lake shows it."""
    above = texture(200, 400, 6, (120, 130, 150), 25)
    below = cv2.GaussianBlur(above[::-1], (0, 0), 2) * 0.7
    lake = np.concatenate([above, below]).astype(np.uint8)
    assert mirrored(lake) > 0.9
    assert mirrored(texture(400, 400, 6, (120, 130, 150), 25).astype(np.uint8)) < 0.1
    assert gentleness(lake, 1.0) < 0.7


def test_low_confidence_moves_gently_but_moves() -> None:
    """The less depth is trusted the calmer, never at a stop."""
    picture = texture(100, 100, 6, (120, 130, 150), 25).astype(np.uint8)
    steps = [gentleness(picture, confidence) for confidence in (0.0, 0.3, 0.9)]
    assert 0 < steps[0] < steps[1] < steps[2] == 1.0
