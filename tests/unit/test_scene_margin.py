"""A border around the picture that goes on as the picture does."""

from __future__ import annotations

import numpy as np
import pytest

from mutoscope.engines.parallax.layers import build_scene
from mutoscope.engines.parallax.margin import widened
from tests.unit.known_scenes import Seen, psnr, texture, view, wall

pytestmark = pytest.mark.render

HEIGHT, WIDTH = 160, 240


def test_the_border_goes_on_as_the_picture_does() -> None:
    """Planks run on to both sides, each in its own shade."""
    truth = np.rint(wall(HEIGHT, WIDTH)).astype(np.uint8)
    wide = widened(truth, Seen(np.zeros((HEIGHT, WIDTH), np.float32)), 0.1)
    assert (wide.left_px, wide.top_px) == (24, 16)
    beside = wide.rgb[16:-16, :24]
    assert psnr(beside, truth[:, :24]) > 24


def test_the_border_is_not_streaked() -> None:
    """Outwards the colours change as much as they do inside; the last row is not repeated."""
    truth = texture(HEIGHT, WIDTH, 5, (120, 110, 90), 18).astype(np.uint8)
    wide = widened(truth, Seen(np.zeros((HEIGHT, WIDTH), np.float32)), 0.1).rgb.astype(float)
    inside = np.abs(np.diff(truth.astype(float), axis=1)).mean()
    assert np.abs(np.diff(wide[:, :24], axis=1)).mean() > 0.5 * inside
    assert np.abs(np.diff(wide[:16], axis=0)).mean() > 0.5 * inside


def test_the_picture_itself_stays_and_a_scene_can_be_built() -> None:
    """The middle is the picture byte for byte; depth goes on smoothly; the scene has the larger size."""
    picture = texture(HEIGHT, WIDTH, 5, (120, 110, 90), 18).astype(np.uint8)
    disparity = np.linspace(0, 1, HEIGHT, dtype=np.float32)[:, None].repeat(WIDTH, 1)
    wide = widened(picture, Seen(disparity, {"sky": disparity}), 0.1)
    middle = np.s_[wide.top_px : wide.top_px + HEIGHT, wide.left_px : wide.left_px + WIDTH]
    assert (wide.rgb[middle] == picture).all()
    assert (wide.disparity[middle] == disparity).all()
    scene = build_scene(wide.rgb, wide, reach=0.05, progress=lambda share: None)
    assert (scene.width_px, scene.height_px) == (WIDTH + 48, HEIGHT + 32)
    assert scene.classes["sky"].shape == wide.rgb.shape[:2]
    assert psnr(view(scene)[middle], picture) > 40


def test_tiny_pictures_get_a_border_too() -> None:
    """Nothing to copy from: mirrored, or none at all."""
    for size in ((1, 1), (9, 9), (16, 40)):
        picture = texture(*size, 5, (120, 110, 90), 18).astype(np.uint8)
        wide = widened(picture, Seen(np.zeros(size, np.float32)), 0.2)
        assert wide.rgb.shape[0] == size[0] + 2 * wide.top_px
        assert wide.rgb.shape[1] == size[1] + 2 * wide.left_px
