"""The filter and the renderer: exact to a fraction of a pixel, the same bytes every time."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from mutoscope.engines.parallax.camera import Pose, path
from mutoscope.engines.parallax.grade import GRADES, apply_grades
from mutoscope.engines.parallax.kernels import PHASES, lanczos_table, resample, transpose
from mutoscope.engines.parallax.plan import Move
from mutoscope.engines.parallax.render import Pixels, Renderer, dither_tile, planes_to_rgb, view

SIDE = 128


def waves(shift_y: float | NDArray[np.floating[Any]] = 0.0) -> NDArray[np.float32]:
    """A smooth picture that is known at every point, not only at pixels; 8 px is its shortest wave."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float64)
    y = y + shift_y
    wave = np.sin(2 * np.pi * x / 8) * np.cos(2 * np.pi * y / 11) + np.sin(2 * np.pi * (x + y) / 17)
    return np.asarray(128 + 40 * wave, np.float32)


def blobs(side: int, centres: list[tuple[float, float]], radius: float = 5.0) -> Pixels:
    """White soft dots on black."""
    y, x = np.mgrid[:side, :side].astype(np.float64)
    light = sum(np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * radius**2)) for u, v in centres)
    grey = np.clip(np.rint(np.asarray(light) * 235), 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def centre(luma: Pixels, near: tuple[float, float], reach: int = 26) -> tuple[float, float]:
    """Centre of gravity of the dot that lies near a point."""
    left, top = round(near[0]) - reach, round(near[1]) - reach
    patch = luma[top : top + 2 * reach + 1, left : left + 2 * reach + 1].astype(np.float64) - 16
    y, x = np.mgrid[: patch.shape[0], : patch.shape[1]]
    return left + float((patch * x).sum() / patch.sum()), top + float((patch * y).sum() / patch.sum())


@pytest.mark.parametrize("shift", [0.5, 0.25, -0.4, 0.03125, 7.123])
def test_a_shift_by_a_part_of_a_pixel_gives_what_the_formula_gives(shift: float) -> None:
    """Better than a third of a grey level away from the edges."""
    source, out = waves(), np.empty((SIDE, SIDE), np.float32)
    resample(source, out, lanczos_table(1.0), 1.0, shift, 0.0)
    error = np.abs(out - waves(shift))[8:-8]
    assert error.max() < 1.0
    assert np.sqrt((error**2).mean()) < 0.33


def test_a_slanted_shift_gives_what_the_formula_gives() -> None:
    """Each column by its own amount, as a rolling camera needs it."""
    source, out = waves(), np.empty((SIDE, SIDE), np.float32)
    resample(source, out, lanczos_table(1.0), 1.0, -2.0, 0.03)
    expected = waves((-2.0 + 0.03 * np.arange(SIDE))[None, :])
    assert np.abs(out - expected)[8:-8].max() < 1.0


@pytest.mark.parametrize("scale", [0.3, 1.0, 1.3, 2.0, 7.7])
def test_the_filter_keeps_flat_areas_flat(scale: float) -> None:
    """Its weights add up to exactly one at every position."""
    table = lanczos_table(scale)
    assert table.shape[1] == PHASES
    assert (table.astype(np.float64).sum(axis=0) == 1.0).all()


@pytest.mark.parametrize("scale", [0.3, 1.0, 1.3, 2.0, 7.7])
def test_the_filter_keeps_slopes_in_their_place(scale: float) -> None:
    """Its weights balance at the position that was asked for; plain Lanczos is off by up to 0.015 px."""
    table = lanczos_table(scale).astype(np.float64)
    taps = np.arange(len(table)) - (len(table) // 2 - 1)
    assert np.abs(taps @ table - np.arange(PHASES) / PHASES).max() < 0.002


def test_enlarging_a_tiny_picture_goes_through_its_own_pixels() -> None:
    """At four times the size every fourth position is a pixel of the source."""
    source = np.random.default_rng(1).uniform(0, 255, (8, 8)).astype(np.float32)
    out = np.empty((29, 8), np.float32)
    resample(source, out, lanczos_table(0.25), 0.25, 0.0, 0.0)
    assert np.abs(out[::4] - source).max() < 1e-3


def test_transposing_is_exact() -> None:
    """Also for sides that are no multiple of a block."""
    plane = np.arange(45 * 77, dtype=np.float32).reshape(45, 77)
    out = np.empty((77, 45), np.float32)
    transpose(plane, out)
    assert (out == plane.T).all()


def test_a_still_camera_gives_one_frame_over_and_over() -> None:
    """Dither and all: nothing flickers where nothing moves."""
    rng = np.random.default_rng(3)
    rgb = rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    poses = path([Move("still", 0, 0.0)], num_frames=5, fps=24.0, seed=1, aspect_ratio=1.0)
    first = Renderer(rgb, output=(SIDE, SIDE), poses=poses)
    again = Renderer(rgb, output=(SIDE, SIDE), poses=poses)
    assert all((first.frame(number) == again.frame(0)).all() for number in range(5))


def test_a_zoom_grows_evenly_to_a_fiftieth_of_a_pixel() -> None:
    """Four dots drift apart exactly as the camera's path says, and never step back."""
    centres = [(86.3, 90.7), (169.9, 88.2), (87.6, 168.4), (166.1, 170.2)]
    poses = path([Move("zoom", +1)], num_frames=49, fps=24.0, seed=2, aspect_ratio=1.0)
    renderer = Renderer(blobs(256, centres), output=(256, 256), poses=poses)
    spans: list[float] = []
    for number, pose in enumerate(poses):
        luma = renderer.frame(number)[:256]
        expected = [tuple(127.5 + (c - 127.5) * pose.zoom for c in dot) for dot in centres]
        found = [centre(luma, (u, v)) for u, v in expected]
        assert np.abs(np.array(found) - np.array(expected)).max() < 0.02
        spans.append(found[1][0] - found[0][0])
    assert (np.diff(spans) > 0).all()


@pytest.mark.parametrize("pose", [Pose(0.05, -0.04, 1.25), Pose(-0.03, 0.02, 1.2, 0.06), Pose(0.0, 0.0, 2.5)])
def test_a_view_shows_what_the_camera_is_pointed_at(pose: Pose) -> None:
    """A dot of the picture appears where the affine map puts it; also when the camera is rolled."""
    dot = (131.4, 120.3)
    renderer = Renderer(blobs(256, [dot]), output=(256, 256), poses=(pose,))
    a = view(pose, (256, 256), (256, 256))
    there = np.linalg.solve([[a.ux, a.uy], [a.vx, a.vy]], [dot[0] - a.u0, dot[1] - a.v0])
    found = centre(renderer.frame(0)[:256], (there[0], there[1]), reach=36)
    assert np.abs(np.array(found) - there).max() < 0.03


def test_a_large_picture_is_shrunk_without_moire() -> None:
    """One-pixel stripes become even grey, not a pattern."""
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::2] = 255
    luma = Renderer(stripes, output=(SIDE, SIDE), poses=(Pose(),)).frame(0)[:SIDE]
    assert luma[4:-4, 4:-4].std() < 1.0


def test_colours_come_back_from_the_planes() -> None:
    """Pure and mixed colours survive the trip to BT.709 and back within two levels."""
    for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255), (12, 200, 99), (255, 255, 255), (0, 0, 0)):
        rgb = np.full((32, 32, 3), colour, np.uint8)
        back = planes_to_rgb(Renderer(rgb, output=(32, 32), poses=(Pose(),)).frame(0))
        assert np.abs(back.astype(int) - np.array(colour)).max() <= 2


def test_dither_turns_a_soft_slope_into_its_exact_mean() -> None:
    """A grey between two levels is drawn with both, in the right proportion."""
    rgb = np.full((128, 128, 3), 100, np.uint8)
    luma = Renderer(rgb, output=(128, 128), poses=(Pose(),)).frame(0)[:128]
    assert set(np.unique(luma)) <= {101, 102}
    assert luma.mean() == pytest.approx(16 + 100 * 219 / 255, abs=0.01)
    assert dither_tile().mean() == pytest.approx(0.5, abs=1e-6)


def test_the_number_of_threads_changes_no_bit() -> None:
    """One thread or all of them: the same planes."""
    rgb = np.random.default_rng(5).integers(0, 256, (300, 200, 3), dtype=np.uint8)
    poses = path([Move("shake", 1), Move("zoom", 1)], num_frames=3, fps=24.0, seed=4, aspect_ratio=2 / 3)
    threads = numba.get_num_threads()
    many = [Renderer(rgb, output=(96, 144), poses=poses).frame(number) for number in range(3)]
    try:
        numba.set_num_threads(1)
        one = [Renderer(rgb, output=(96, 144), poses=poses).frame(number) for number in range(3)]
    finally:
        numba.set_num_threads(threads)
    assert all((a == b).all() for a, b in zip(many, one, strict=True))


def test_colour_looks_do_what_they_say() -> None:
    """Warm raises red over blue, black and white leaves no colour, and no look leaves the range."""
    rgb = np.random.default_rng(6).uniform(0, 255, (64, 64, 3)).astype(np.float32)
    looks = {grade.name: apply_grades(rgb, (grade,)) for grade in GRADES}
    plain = (rgb[..., 0] - rgb[..., 2]).mean()
    assert (looks["warm golden light"][..., 0] - looks["warm golden light"][..., 2]).mean() > plain + 8
    assert (looks["cool light"][..., 0] - looks["cool light"][..., 2]).mean() < plain - 8
    assert np.ptp(looks["black and white"], axis=-1).max() < 0.01
    assert all(look.min() >= 0 and look.max() <= 255 for look in looks.values())
    assert apply_grades(rgb, ()) is rgb
