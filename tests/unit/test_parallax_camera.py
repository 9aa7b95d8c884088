"""The camera's path: smooth, repeatable, and never beyond the scene."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from mutoscope.engines.parallax.camera import MOST_PARTED, borders, ease, path, reach, shot_of, takes
from mutoscope.engines.parallax.overscan import Overscan
from mutoscope.engines.parallax.pose import MOST_ENLARGED, Pose, turn
from mutoscope.engines.parallax.shots import CAMERA, Move, Plan, Shot
from tests.unit.parallax_scenes import FPS, KnownScene, planned, three_walls

pytestmark = pytest.mark.render

AXES = ("x", "y", "z", "pan_rad", "tilt_rad", "roll_rad", "zoom")


@pytest.fixture(scope="module")
def scene() -> KnownScene:
    """Walls at three distances."""
    return three_walls(264, 152)


def track(poses: tuple[Pose, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """(frames, axes)."""
    return np.array([[getattr(pose, axis) for axis in AXES] for pose in poses])


@pytest.mark.slow
@pytest.mark.parametrize("move", sorted(CAMERA))
def test_no_move_ever_looks_beyond_the_picture(scene: KnownScene, move: str) -> None:
    """At every moment, in every layer that is to be seen, for two strengths and seeds."""
    overscan = Overscan(scene)
    for seed, strength in ((7, 1.0), (2**31 - 1, 2.0)):
        poses = path(planned(move, strength=strength), scene, num_frames=61, fps=FPS, seed=seed)
        assert max(overscan.excursion(pose) for pose in poses[::2]) < 1.5


def test_everything_at_once_stays_within_the_picture(scene: KnownScene) -> None:
    """The worst a plan can ask for."""
    overscan = Overscan(scene)
    for seed in range(6):
        plan = planned("truck_right", "pedestal_up", "roll_clockwise", "dolly_out", "pan_left", "handheld", strength=2)
        poses = path(plan, scene, num_frames=241, fps=FPS, seed=seed)
        assert max(overscan.excursion(pose) for pose in poses[::5]) < 1.5
        assert max(pose.zoom for pose in poses) < 2


def test_a_zoom_in_starts_with_the_whole_picture_and_a_zoom_out_ends_with_it(scene: KnownScene) -> None:
    """Nothing is cropped that need not be."""
    assert path(planned("zoom_in"), scene, num_frames=25, fps=FPS, seed=0)[0].zoom == pytest.approx(1.0)
    assert path(planned("zoom_out"), scene, num_frames=25, fps=FPS, seed=0)[-1].zoom == pytest.approx(1.0)


@pytest.mark.parametrize("move", ["dolly_in", "zoom_in", "truck_right", "pan_left", "arc_right", "dolly_zoom_out"])
def test_the_path_has_no_jerks(scene: KnownScene, move: str) -> None:
    """Between frames the speed changes by less than a tenth of its peak."""
    speed = np.diff(track(path(planned(move), scene, num_frames=121, fps=FPS, seed=1)), axis=0)
    assert np.abs(np.diff(speed, axis=0)).max() < 0.1 * np.abs(speed).max()


def test_turning_the_camera_and_its_lens_moves_nothing(scene: KnownScene) -> None:
    """A pan, tilt, roll or zoom leaves the viewpoint where it is; a dolly or truck does not."""
    for move in ("pan_left", "tilt_up", "zoom_in", "roll_clockwise", "whip_left", "static"):
        assert not track(path(planned(move), scene, num_frames=25, fps=FPS, seed=1))[:, :3].any()
    for move in ("dolly_in", "truck_left", "pedestal_up", "orbit_left", "arc_right", "follow", "handheld"):
        assert np.ptp(track(path(planned(move), scene, num_frames=25, fps=FPS, seed=1))[:, :3], axis=0).max() > 0.005


@pytest.mark.parametrize("name", ["smooth", "linear", "in", "out"])
def test_an_ease_runs_from_start_to_end_without_standing_still(name: str) -> None:
    """It ends where it should and always goes forwards."""
    values = [ease(name, t) for t in np.linspace(0, 1, 101)]
    assert values[0] == 0.0
    assert values[-1] == pytest.approx(1.0)
    assert all(after > before for before, after in itertools.pairwise(values))


def test_an_ease_decides_where_the_speed_is() -> None:
    """`in` is slow at first, `out` at last."""
    assert ease("in", 0.3) < 0.2 < 0.4 < ease("out", 0.3)


def test_the_seed_decides_the_path_and_always_the_same_way(scene: KnownScene) -> None:
    """Two seeds give two takes of one move; one seed gives one."""

    def take(seed: int) -> tuple[Pose, ...]:
        return path(planned("handheld", "truck_left"), scene, num_frames=25, fps=FPS, seed=seed)

    assert take(5) == take(5)
    assert take(5) != take(6)


def test_more_strength_goes_farther(scene: KnownScene) -> None:
    """In the same time."""
    spans = [
        float(np.ptp(track(path(planned("truck_right", strength=s), scene, num_frames=49, fps=FPS, seed=1))[:, 0]))
        for s in (0.5, 1.0, 1.6)
    ]
    assert spans[0] == pytest.approx(spans[1] / 2)
    assert spans[2] > 1.3 * spans[1]


def test_a_scene_whose_depth_is_not_trusted_is_panned_instead_of_travelled(scene: KnownScene) -> None:
    """Flat art does not bend; the picture still moves."""
    flat = KnownScene(scene.layers, scene.width_px, scene.height_px, gentle=0.2)
    plan = planned("truck_right")
    travelled, panned = (path(plan, one, num_frames=25, fps=FPS, seed=1) for one in (scene, flat))
    assert np.ptp(track(panned)[:, 0]) == pytest.approx(0.2 * np.ptp(track(travelled)[:, 0]))
    assert np.ptp(track(panned)[:, 3]) > 0.005


def test_what_must_be_filled_in_is_known_before_there_is_a_scene() -> None:
    """Sideways travel uncovers; turning does not."""
    sizes = {move: reach(planned(move), num_frames=121, fps=FPS) for move in ("pan_left", "truck_left", "arc_left")}
    assert sizes["pan_left"] < 0.01 < 0.04 < sizes["truck_left"] <= sizes["arc_left"] < 0.06


def test_layers_part_no_farther_than_can_be_filled_in(scene: KnownScene) -> None:
    """However strong the move, what comes out from behind stays a narrow strip."""
    spread = Overscan(scene).spread
    assert spread == pytest.approx(0.45, abs=0.02)
    for move in ("truck_left", "arc_right", "pedestal_up"):
        for pose in path(planned(move, strength=2.0), scene, num_frames=121, fps=FPS, seed=1):
            assert np.hypot(pose.x, pose.y) * spread < MOST_PARTED + 1e-6


def test_every_frame_belongs_to_one_shot() -> None:
    """Also where a shot is too short to have a frame."""
    plan = Plan((Shot(0, 0.3, ()), Shot(0.3, 0.301, (), is_cut=True), Shot(0.301, 1, ())))
    assert borders(plan, 10) == (0, 3, 3, 10)
    assert shot_of(plan, 10) == (0, 0, 0, 2, 2, 2, 2, 2, 2, 2)
    assert [len(take.shots) for take in takes(plan, 10)] == [1, 2]


def test_the_least_zoom_that_hides_the_border_is_taken(scene: KnownScene) -> None:
    """A gentle pan costs little of the picture, and no path costs too much."""
    zooms = {m: path(planned(m), scene, num_frames=121, fps=FPS, seed=1)[0].zoom for m in ("pan_left", "truck_left")}
    assert 1.05 < zooms["pan_left"] < 1.2
    assert 1.0 < zooms["truck_left"] < MOST_ENLARGED
    assert path(planned("dolly_in"), scene, num_frames=121, fps=FPS, seed=1)[0].zoom < 1.01


def test_no_turn_leaves_every_point_where_it_is() -> None:
    """The matrix of the pose at rest is the identity; a pan to the right looks farther right."""
    assert turn(Pose()) == pytest.approx(np.eye(3))
    x, _, w = turn(Pose(pan_rad=0.1)) @ np.array([0, 0, 1])
    assert x / w == pytest.approx(2 * np.tan(0.1))


def test_shots_may_be_shorter_than_a_move_needs(scene: KnownScene) -> None:
    """Two frames are a path too."""
    assert len(path(planned("arc_left"), scene, num_frames=2, fps=FPS, seed=1)) == 2
    plan = Plan((Shot(0, 0.5, (Move("whip_left"),)), Shot(0.5, 1, (Move("static"),), is_cut=True)))
    assert len(path(plan, scene, num_frames=3, fps=FPS, seed=1)) == 3


@pytest.mark.parametrize("move", ["dolly_in", "push_in"])
def test_a_camera_that_comes_nearer_keeps_a_face_in_view(scene: KnownScene, move: str) -> None:
    """Somebody at the upper left stays about where they are; what nobody stands for is passed straight."""
    at = (0.3, 0.2)
    somebody = replace(scene, focus=(*at, 0.9), is_portrait=True)

    def ends(stage: KnownScene) -> tuple[float, float]:
        """Where the focus is seen at last, in shares of the picture's width from its middle."""
        pose = path(planned(move), stage, num_frames=61, fps=FPS, seed=3)[-1]
        ratio = stage.height_px / stage.width_px
        near, (x, y) = stage.focus[2], ((at[0] - 0.5), (at[1] - 0.5) * ratio)
        scale = pose.zoom / (1 - pose.z * near)
        return (x - pose.x * near) * scale - x, (y - pose.y * near) * scale - y

    drift = np.hypot(*ends(somebody))
    assert drift < 0.08
    if move == "dolly_in":
        assert np.hypot(*ends(replace(somebody, is_portrait=False))) > 1.3 * drift
