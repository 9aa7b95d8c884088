"""The kernels and the renderer: exact to a fraction of a pixel, the same bytes every time."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mutoscope.engines.parallax.camera import path
from mutoscope.engines.parallax.chance import draw, draws, noise
from mutoscope.engines.parallax.pose import Pose
from mutoscope.engines.parallax.render import Renderer, planes_to_rgb
from mutoscope.engines.parallax.shots import Effect, Move, Plan, Shot
from mutoscope.engines.parallax.source import Source, dither_tile, look_table
from tests.unit.parallax_scenes import FPS, KnownLayer, KnownScene, Pixels, film, planned, three_walls

pytestmark = pytest.mark.render

SIDE = 128
STATIC = Plan((Shot(0, 1, ()),))


def wall(rgb: Pixels, disparity: float = 0.0, alpha: Pixels | None = None) -> KnownLayer:
    """A layer of these colours."""
    height, width = rgb.shape[:2]
    cells = np.full((-(-height // 8) + 1, -(-width // 8) + 1), disparity, np.float32)
    return KnownLayer(rgb, np.full((height, width), 255, np.uint8) if alpha is None else alpha, cells)


def at(rgb: Pixels, pose: Pose, *others: KnownLayer, output: tuple[int, int] = (SIDE, SIDE)) -> Pixels:
    """One frame from one pose."""
    scene = KnownScene((wall(rgb), *others), rgb.shape[1], rgb.shape[0])
    return planes_to_rgb(Renderer(scene, (pose,), STATIC, output=output, fps=FPS, seed=1).frame(0))


def blobs(centres: list[tuple[float, float]], radius: float = 5.0) -> Pixels:
    """White soft dots on black."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float64)
    light = sum(np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * radius**2)) for u, v in centres)
    grey = np.clip(np.rint(np.asarray(light) * 235), 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def centre(rgb: Pixels, near: tuple[float, float], reach: int = 24) -> tuple[float, float]:
    """Centre of gravity of the dot that lies near a point."""
    left, top = round(near[0]) - reach, round(near[1]) - reach
    patch = rgb[top : top + 2 * reach + 1, left : left + 2 * reach + 1].astype(np.float64).mean(axis=2)
    patch = np.maximum(patch - 2, 0)
    y, x = np.mgrid[: patch.shape[0], : patch.shape[1]]
    return left + float((patch * x).sum() / patch.sum()), top + float((patch * y).sum() / patch.sum())


def test_a_camera_at_rest_gives_the_picture_back() -> None:
    """Where one pixel of the layers makes one of the video, brightness is kept to a level or two."""
    rgb = blobs([(40, 40), (90, 77)])
    assert np.abs(at(rgb, Pose()).astype(int) - rgb).max() <= 3


@pytest.mark.parametrize("shift_px", [0.5, 0.25, 3.1, -2.75])
def test_a_pan_moves_the_picture_by_exactly_as_much_as_it_says(shift_px: float) -> None:
    """To a fiftieth of a pixel."""
    pose = Pose(pan_rad=float(np.arctan(shift_px / SIDE / 2)))
    x, y = centre(at(blobs([(64, 60)]), pose), (64 - shift_px, 60))
    assert x == pytest.approx(64 - shift_px, abs=0.02)
    assert y == pytest.approx(60, abs=0.02)


def test_a_slow_pan_moves_evenly() -> None:
    """No step is longer or shorter than another by more than a hundredth of a pixel: nothing trembles."""
    rgb = blobs([(64, 64)])
    places = [centre(at(rgb, Pose(pan_rad=step * 0.0004)), (64, 64))[0] for step in range(20)]
    assert np.ptp(np.diff(places)) < 0.02


@pytest.mark.parametrize(
    ("pose", "where"),
    [
        (Pose(zoom=1.25), (63.5 + (44 - 63.5) * 1.25, 63.5 + (52 - 63.5) * 1.25)),
        (Pose(roll_rad=np.pi / 2), (63.5 + (52 - 63.5), 63.5 - (44 - 63.5))),
    ],
)
def test_zoom_and_roll_are_about_the_middle(pose: Pose, where: tuple[float, float]) -> None:
    """A quarter turn clockwise of the camera turns the picture anticlockwise."""
    assert centre(at(blobs([(44, 52)], 3.0), pose), where) == pytest.approx(where, abs=0.05)


def test_travel_moves_each_distance_by_its_own_amount() -> None:
    """A thing at disparity 0.5 goes half as far as one at 1, one at 0 stays."""
    for disparity in (0.0, 0.5, 1.0):
        front = wall(blobs([(64, 64)]), disparity)
        x, _ = centre(at(np.zeros((SIDE, SIDE, 3), np.uint8), Pose(x=0.1), front), (64 - 12.8 * disparity, 64))
        assert x == pytest.approx(64 - 12.8 * disparity, abs=0.05)


def test_layers_cover_each_other_as_far_as_their_alpha_goes() -> None:
    """White at 128 of 255 over black is half grey; tile borders do not show."""
    black, white = np.zeros((SIDE, SIDE, 3), np.uint8), np.full((SIDE, SIDE, 3), 255, np.uint8)
    half = np.full((SIDE, SIDE), 128, np.uint8)
    frame = at(black, Pose(), wall(white, 0.3, half))
    assert np.abs(frame.astype(int) - 128).max() <= 2
    split = np.zeros((SIDE, SIDE), np.uint8)
    split[:, 70:] = 255
    frame = at(black, Pose(), wall(white, 0.3, split))
    assert frame[:, :66].max() <= 2
    assert frame[:, 74:].min() >= 253


def test_a_tile_looked_up_row_by_row_is_what_it_is_pixel_by_pixel() -> None:
    """A camera that rolls makes every tile go the long way; just below, the short one: both see the same."""
    rgb = blobs([(40, 44), (84, 70)], 7.0)
    steep, flat = (at(rgb, Pose(roll_rad=np.arcsin(slope / 16))).astype(int) for slope in (1.002, 0.998))
    assert np.abs(steep - flat).max() <= 2


def test_beyond_the_picture_its_edge_goes_on() -> None:
    """On every side, at tiles that lie within, across and outside the edge."""
    y, x = np.mgrid[:SIDE, :SIDE]
    rgb = np.repeat((64 + 8 * (x // 32) + 24 * (y // 32))[..., None], 3, axis=2).astype(np.uint8)
    frame = at(rgb, Pose(zoom=0.5)).astype(int)
    for there, edge in ((frame[:, :30], frame[:, 33:34]), (frame[:, 98:], frame[:, 94:95])):
        assert np.abs(there - edge).max() <= 2
    for there, edge in ((frame[:30], frame[33:34]), (frame[98:], frame[94:95])):
        assert np.abs(there - edge).max() <= 2


def test_any_frame_can_be_made_alone() -> None:
    """In another order, by another renderer: the same bytes, effects and all."""
    scene = three_walls(176, 112)
    plan = planned("truck_right", effects=("rain", "film_grain", "old_film", "fog", "glitch", "water_ripples"))
    poses = path(plan, scene, num_frames=12, fps=FPS, seed=5)
    first, again = (Renderer(scene, poses, plan, output=(160, 96), fps=FPS, seed=5) for _ in range(2))
    forwards = [first.frame(n).copy() for n in range(12)]
    backwards = [again.frame(n).copy() for n in reversed(range(12))][::-1]
    assert all((a == b).all() for a, b in zip(forwards, backwards, strict=True))


def test_frames_made_side_by_side_are_the_same() -> None:
    """Four threads at once and out of order, over a cut, or one: not a bit differs."""
    scene = three_walls(176, 112)
    effects = (Effect("snow"), Effect("golden_hour"), Effect("mist"))
    plan = Plan((Shot(0, 0.5, (Move("arc_left"),), effects), Shot(0.5, 1, (Move("whip_left"),), is_cut=True)))
    poses = path(plan, scene, num_frames=16, fps=FPS, seed=5)
    alone, together = (Renderer(scene, poses, plan, output=(160, 96), fps=FPS, seed=5) for _ in range(2))
    with ThreadPoolExecutor(4) as threads:
        frames = list(threads.map(together.frame, [*range(15, -1, -1)]))[::-1]
    assert all((alone.frame(n) == frame).all() for n, frame in enumerate(frames))


@pytest.mark.parametrize("output", [(96, 64), (98, 66), (70, 122), (34, 34)])
def test_sizes_need_not_be_multiples_of_a_tile(output: tuple[int, int]) -> None:
    """Even is enough."""
    scene = three_walls(output[0] + 12, output[1] + 8)
    frames, _ = film(scene, planned("dolly_in", effects=("vhs", "dust")), num_frames=3, every=1, output=output)
    assert all(frame.shape == (output[1], output[0], 3) for frame in frames)
    assert all(frame.std() > 10 for frame in frames)


def test_a_fast_move_is_blurred_and_a_slow_one_is_not() -> None:
    """Sub-frames are mixed only where the picture moves by many pixels."""
    scene = three_walls(352, 208)
    plan = STATIC
    slow = (Pose(), Pose(pan_rad=0.001))
    fast = (Pose(), Pose(pan_rad=0.05))
    details = []
    for poses in (slow, fast):
        frame = planes_to_rgb(Renderer(scene, poses, plan, output=(320, 192), fps=FPS, seed=1).frame(0))
        details.append(float(np.abs(np.diff(frame[:, 20:-20].astype(float), axis=1)).mean()))
    assert details[1] < 0.7 * details[0]


def test_a_look_is_the_same_in_the_table_as_by_its_formula() -> None:
    """Within a level, for colours between the table's."""
    rgb = np.random.default_rng(3).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    layer = wall(rgb)
    tinted = Source([layer], lambda colours: colours * np.array([1.0, 0.8, 0.5], np.float32))
    wanted = Source([wall(np.rint(rgb * [1.0, 0.8, 0.5]).astype(np.uint8))])
    got, expected = (s.planes()[0].astype(int) for s in (tinted, wanted))
    assert np.abs(got - expected).max() <= 2
    assert look_table(lambda colours: colours).shape == (33, 33, 33, 3)


def test_dither_uses_every_level_equally_often() -> None:
    """4096 different values, evenly spread."""
    tile = dither_tile()
    assert np.unique(tile).size == tile.size
    assert tile.mean() == pytest.approx(0.5)


def test_chance_depends_on_nothing_but_seed_and_purpose() -> None:
    """Known values: a new release of numpy must not change a video."""
    assert draw(7, "amount") == draw(7, "amount") != draw(8, "amount")
    numbers = draws(1, "snow", 5, 3)
    assert numbers.shape == (3, 5)
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert draws(1, "snow", 1)[0, 0] == pytest.approx(numbers[0, 0])
    many = noise(2, "grain", 200, 200)
    assert abs(float(many.mean())) < 0.02
    assert float(many.std()) == pytest.approx(1, abs=0.02)


def test_a_change_of_shot_changes_the_look_at_that_frame() -> None:
    """Colour before, none after."""
    scene = three_walls(176, 112)
    moves = (Move("zoom_in"),)
    plan = Plan((Shot(0, 0.5, moves), Shot(0.5, 1, moves, (Effect("black_and_white"),), is_cut=True)))
    frames, _ = film(scene, plan, num_frames=6, every=1, output=(160, 96))
    colour = [float(np.abs(f[..., 0].astype(int) - f[..., 2]).mean()) for f in frames]
    assert min(colour[:3]) > 5
    assert max(colour[3:]) < 1
    assert all(itertools.starmap(lambda a, b: a.shape == b.shape, itertools.pairwise(frames)))
