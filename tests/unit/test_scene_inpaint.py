"""Holes are filled with what goes on beside them, the same way every time."""

from __future__ import annotations

import numpy as np
import pytest

from mutoscope.engines.parallax.inpaint import fill, push_pull
from mutoscope.engines.parallax.patches import HOLE, SOURCE, UNUSED
from tests.unit.known_scenes import Pixels, psnr, texture, wall

pytestmark = pytest.mark.render

SIZE = (160, 240)


def with_hole(picture: Pixels) -> tuple[Pixels, Pixels, Pixels]:
    """The picture, its states with a hole in the middle, and a smooth filling."""
    state = np.full(SIZE, SOURCE, np.uint8)
    state[40:120, 100:130] = HOLE
    spoilt = picture.copy()
    spoilt[state == HOLE] = (255, 0, 255)
    known = (state == SOURCE).astype(np.float32)
    under = np.rint(push_pull(spoilt.astype(np.float32), known)).astype(np.uint8)
    return spoilt, state, under


def test_lines_go_on_through_the_hole() -> None:
    """Planks on both sides meet: the filling is near the truth, and much nearer than a smooth one."""
    truth = np.rint(wall(*SIZE)).astype(np.uint8)
    spoilt, state, under = with_hole(truth)
    filled = fill(spoilt, state, under, seed=1)
    assert psnr(filled, truth, state == HOLE) > 24
    assert psnr(filled, truth, state == HOLE) > psnr(under, truth, state == HOLE) + 6


def test_texture_keeps_its_grain() -> None:
    """Grass does not turn into fog: the filling varies as much as what is around it."""
    truth = texture(*SIZE, 8, (90, 120, 60), 12).astype(np.uint8)
    spoilt, state, under = with_hole(truth)
    filled = fill(spoilt, state, under, seed=1)
    rough = [float(np.abs(np.diff(p[42:118, 102:128].astype(float), axis=1)).mean()) for p in (filled, truth, under)]
    assert rough[0] > 0.6 * rough[1] > rough[2]


def test_the_hole_meets_its_surroundings_without_a_seam() -> None:
    """A slow change of light runs through; across the hole's edge nothing jumps."""
    light = np.linspace(60, 200, SIZE[1], dtype=np.float32)[None, :, None] + np.zeros((*SIZE, 3), np.float32)
    truth = np.rint(light).astype(np.uint8)
    spoilt, state, under = with_hole(truth)
    filled = np.where(state[..., None] == HOLE, fill(spoilt, state, under, seed=1), truth).astype(float)
    for column in (100, 130):
        assert np.abs(filled[45:115, column] - filled[45:115, column - 1]).max() < 8


def test_the_same_hole_is_filled_alike() -> None:
    """No hidden random state: same bytes again, and other bytes from another seed."""
    truth = texture(*SIZE, 8, (90, 120, 60), 20).astype(np.uint8)
    spoilt, state, under = with_hole(truth)
    first = fill(spoilt, state, under, seed=1)
    assert first.tobytes() == fill(spoilt, state, under, seed=1).tobytes()
    assert first.tobytes() != fill(spoilt, state, under, seed=2).tobytes()


def test_unused_pixels_are_neither_copied_nor_filled() -> None:
    """A red patch that is no part of the layer never shows up in the hole."""
    truth = np.rint(wall(*SIZE)).astype(np.uint8)
    spoilt, state, under = with_hole(truth)
    state[:, 132:170] = UNUSED
    spoilt[:, 132:170] = (255, 0, 0)
    under[state == HOLE] = (150, 130, 120)
    filled = fill(spoilt, state, under, seed=1)
    red = filled[state == HOLE].astype(int)
    assert int((red[:, 0] - red[:, 2]).max()) < 90
    assert (filled[state == UNUSED] == under[state == UNUSED]).all()


@pytest.mark.parametrize("state", [SOURCE, HOLE, UNUSED])
def test_with_nothing_to_copy_or_to_fill_the_smooth_filling_stays(state: int) -> None:
    """All hole, no hole, nothing usable."""
    under = np.full((*SIZE, 3), 77, np.uint8)
    picture = texture(*SIZE, 1, (99, 99, 99), 9).astype(np.uint8)
    assert (fill(picture, np.full(SIZE, state, np.uint8), under, seed=1) == 77).all()


def test_push_pull_keeps_what_is_known_and_stays_in_its_range() -> None:
    """Known values stay; unknown ones lie between the known; without any there is nought."""
    values = np.random.default_rng(0).uniform(2, 3, (37, 53)).astype(np.float32)
    known = (np.random.default_rng(1).random((37, 53)) < 0.05).astype(np.float32)
    filled = push_pull(values, known)
    assert np.abs(filled - values)[known > 0].max() < 1e-5
    assert 1.999 < filled.min() <= filled.max() < 3.001
    assert (push_pull(values, np.zeros_like(values)) == 0).all()
