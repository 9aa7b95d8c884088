"""The camera's path: smooth, repeatable, and never beyond the picture."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from mutoscope.engines.parallax.camera import Pose, ease, path
from mutoscope.engines.parallax.lexicon import Axis
from mutoscope.engines.parallax.plan import Move
from mutoscope.engines.parallax.render import view
from mutoscope.engines.parallax.sizes import SIZES

AXES: tuple[Axis, ...] = ("x", "y", "zoom", "roll", "shake", "drift", "still")


def take(*moves: Move, num_frames: int = 121, seed: int = 0, aspect_ratio: float = 16 / 9) -> tuple[Pose, ...]:
    """A path at 24 frames per second."""
    return path(moves, num_frames=num_frames, fps=24.0, seed=seed, aspect_ratio=aspect_ratio)


def corners(pose: Pose, width: int, height: int) -> list[tuple[float, float]]:
    """Where the outer corners of the view lie in a source of the same size, in pixels from its upper left corner."""
    a = view(pose, (width, height), (width, height))
    ends = itertools.product((-0.5, width - 0.5), (-0.5, height - 0.5))
    return [(a.ux * x + a.uy * y + a.u0 + 0.5, a.vx * x + a.vy * y + a.v0 + 0.5) for x, y in ends]


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("num_frames", [2, 121, 241, 2000])
def test_no_move_ever_looks_beyond_the_picture(axis: Axis, num_frames: int) -> None:
    """Every direction, strength and shape, for several seeds."""
    for sign, strength, size in itertools.product((-1, +1), (0.5, 1.0, 1.6), (SIZES[0], SIZES[5])):
        width, height = size.width_px, size.height_px
        for seed in (7, 2**31 - 1):
            moves = Move(axis, sign, strength)
            poses = take(moves, num_frames=num_frames, seed=seed, aspect_ratio=width / height)
            for pose in poses[:: max(1, num_frames // 20)]:
                for u, v in corners(pose, width, height):
                    assert -1e-6 <= u <= width + 1e-6
                    assert -1e-6 <= v <= height + 1e-6


def test_moves_together_stay_within_the_picture_for_every_seed() -> None:
    """The worst a prompt can ask for: everything at once, fast, for ten seconds."""
    moves = [Move(axis, +1, 1.6) for axis in AXES]
    for seed in range(40):
        poses = take(*moves, num_frames=241, seed=seed)
        assert max(pose.zoom for pose in poses) < 4
        for pose in poses[::8]:
            assert all(-1e-6 <= u <= 1920 + 1e-6 for u, _ in corners(pose, 1920, 1080))
            assert all(-1e-6 <= v <= 1080 + 1e-6 for _, v in corners(pose, 1920, 1080))


def test_a_zoom_in_starts_with_the_whole_picture_and_a_zoom_out_ends_with_it() -> None:
    """Nothing is cropped that need not be."""
    assert take(Move("zoom", +1))[0] == Pose()
    assert take(Move("zoom", -1))[-1].zoom == pytest.approx(1.0)


def test_a_zoom_never_turns_back() -> None:
    """Frame by frame the scale grows."""
    zooms = [pose.zoom for pose in take(Move("zoom", +1))]
    assert all(after > before for before, after in itertools.pairwise(zooms))


def test_slow_moves_go_less_far_than_fast_ones() -> None:
    """Strength is the amount, in the same time."""
    spans = [take(Move("x", +1, strength))[-1].x * 2 for strength in (0.5, 1.0, 1.6)]
    assert spans[0] == pytest.approx(spans[1] / 2)
    assert spans[2] == pytest.approx(spans[1] * 1.6)


def test_the_path_has_no_jerks() -> None:
    """Between frames the speed changes by less than a tenth of its peak."""
    for axis in ("x", "y", "zoom", "roll", "drift"):
        poses = take(Move(axis, +1, 1.6))
        track = np.array([(p.x, p.y, math.log(p.zoom), p.roll_rad) for p in poses])
        speed = np.diff(track, axis=0)
        assert np.abs(np.diff(speed, axis=0)).max() < 0.1 * np.abs(speed).max()


def test_the_ease_runs_from_start_to_end_without_standing_still() -> None:
    """It ends where it should and moves from the first frame on."""
    assert ease(0.0) == 0.0
    assert ease(1.0) == 1.0
    assert ease(0.5) == pytest.approx(0.5)
    assert ease(0.01) > 0.0025


def test_the_seed_decides_the_path_and_always_the_same_way() -> None:
    """Two seeds give two takes of one move; one seed gives one."""
    moves = (Move("shake", +1), Move("drift", +1))
    assert take(*moves, seed=5) == take(*moves, seed=5)
    assert take(*moves, seed=5) != take(*moves, seed=6)
    assert take(Move("x", +1), seed=5) != take(Move("x", +1), seed=6)


def test_a_static_camera_shows_the_whole_picture_throughout() -> None:
    """One pose, for every frame."""
    assert set(take(Move("still", 0, 0.0))) == {Pose()}
