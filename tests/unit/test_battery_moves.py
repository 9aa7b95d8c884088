"""The battery's table of moves: every camera word moves the picture as a viewer expects, and nothing else does."""

from __future__ import annotations

import math
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import pytest

from mutoscope.engines.parallax.camera import path
from mutoscope.engines.parallax.pose import Pose
from mutoscope.engines.parallax.render import Renderer, planes_to_rgb
from mutoscope.engines.parallax.shots import CAMERA, Move, Plan, Shot
from mutoscope.media.load import load_image
from tests.unit.motion import Motion, black_border, luminance_jump, measure, psnr, streaks
from tests.unit.parallax_scenes import FPS, KnownScene, film, plain, planned, three_walls

pytestmark = pytest.mark.render


@pytest.fixture(scope="module")
def scene() -> KnownScene:
    """Walls at three distances."""
    return three_walls()


def seen(scene: KnownScene, *moves: str) -> Motion:
    """The motion of a clip of two seconds."""
    return measure(film(scene, planned(*moves))[0])


@pytest.mark.parametrize(("move", "sign"), [("pan_left", 1), ("pan_right", -1)])
def test_a_pan_shifts_everything_alike(scene: KnownScene, move: str, sign: int) -> None:
    """To the left the picture goes right; a turn shows no parallax."""
    motion = seen(scene, move)
    assert sign * motion.right > 0.5
    assert abs(motion.down) < 0.1
    assert motion.parallax < 0.15


@pytest.mark.parametrize(("move", "sign"), [("tilt_up", 1), ("tilt_down", -1)])
def test_a_tilt_shifts_everything_alike(scene: KnownScene, move: str, sign: int) -> None:
    """Upwards the picture goes down."""
    motion = seen(scene, move)
    assert sign * motion.down > 0.3
    assert abs(motion.right) < 0.1
    assert motion.parallax < 0.15


@pytest.mark.parametrize(("move", "sign"), [("zoom_in", 1), ("zoom_out", -1)])
def test_a_zoom_enlarges_everything_alike(scene: KnownScene, move: str, sign: int) -> None:
    """The lens changes, the viewpoint does not."""
    motion = seen(scene, move)
    assert sign * motion.growth > 1.0
    assert abs(motion.right) < 0.1
    assert motion.parallax < 0.15


@pytest.mark.parametrize(("move", "sign"), [("dolly_in", 1), ("dolly_out", -1), ("push_in", 1), ("pull_out", -1)])
def test_a_dolly_moves_near_and_far_apart(scene: KnownScene, move: str, sign: int) -> None:
    """What is near grows faster."""
    motion = seen(scene, move)
    assert sign * motion.growth > 0.25
    assert motion.parallax > 0.3


@pytest.mark.parametrize(("move", "sign"), [("truck_left", 1), ("truck_right", -1)])
def test_a_truck_moves_near_and_far_apart(scene: KnownScene, move: str, sign: int) -> None:
    """What is near goes by faster."""
    motion = seen(scene, move)
    assert sign * motion.right > 0.1
    assert motion.parallax > 0.3


@pytest.mark.parametrize(("move", "sign"), [("pedestal_up", 1), ("pedestal_down", -1)])
def test_a_pedestal_moves_near_and_far_apart(scene: KnownScene, move: str, sign: int) -> None:
    """Upwards what is near goes down faster."""
    motion = seen(scene, move)
    assert sign * motion.down > 0.1
    assert motion.parallax > 0.3


@pytest.mark.parametrize("move", ["orbit_left", "orbit_right", "arc_left", "arc_right"])
def test_an_orbit_keeps_its_subject_and_turns_the_rest(scene: KnownScene, move: str) -> None:
    """The far goes with the camera, the near against it, and the whole stays."""
    motion = seen(scene, move)
    assert abs(motion.right) < 0.6
    assert motion.parallax > 0.4


@pytest.mark.parametrize(("move", "sign"), [("roll_clockwise", -1), ("roll_anticlockwise", 1)])
def test_a_roll_turns_the_picture_the_other_way(scene: KnownScene, move: str, sign: int) -> None:
    """Nothing else moves."""
    motion = seen(scene, move)
    assert sign * motion.turn > 0.3
    assert motion.parallax < 0.15


def test_a_dolly_zoom_keeps_the_subject_as_large_as_it_was(scene: KnownScene) -> None:
    """The distance swells or shrinks behind it."""
    near = scene.focus[2]
    for move in ("dolly_zoom_in", "dolly_zoom_out"):
        poses = path(planned(move), scene, num_frames=49, fps=FPS, seed=3)
        sizes = [pose.zoom / (1 - pose.z * near) for pose in poses]
        assert max(sizes) / min(sizes) < 1.03
        assert abs(poses[0].z - poses[-1].z) > 0.1
    assert seen(scene, "dolly_zoom_in").parallax > 0.3


def test_a_handheld_camera_is_never_quite_still(scene: KnownScene) -> None:
    """It wanders without going anywhere."""
    motion = seen(scene, "handheld")
    assert motion.jitter > 0.25
    assert abs(motion.right) < 0.5


def test_a_static_camera_stands(scene: KnownScene) -> None:
    """Every frame is the first one."""
    frames, poses = film(scene, planned("static"))
    assert set(poses) == {Pose(focus_disparity=scene.focus[2])}
    assert all((frame == frames[0]).all() for frame in frames)


@pytest.mark.parametrize(("move", "sign"), [("whip_left", -1), ("whip_right", 1)])
def test_a_whip_happens_within_half_a_second_and_is_blurred(scene: KnownScene, move: str, sign: int) -> None:
    """Its fastest frame has less detail across than the one it began with."""
    frames, poses = film(scene, planned(move), num_frames=49, every=1)
    pans = np.array([sign * pose.pan_rad for pose in poses])
    quick = np.flatnonzero(np.diff(pans) > 0.2 * np.diff(pans).max())
    assert pans[-1] > pans[0]
    assert quick[-1] - quick[0] <= 12
    fastest = int(np.argmax(np.diff(pans)))
    detail = [float(np.abs(np.diff(frames[n].astype(np.float32), axis=1)).mean()) for n in (0, fastest)]
    assert detail[1] < 0.7 * detail[0]


def test_following_keeps_the_subject_and_moves_the_rest(scene: KnownScene) -> None:
    """As a camera that goes along."""
    motion = seen(scene, "follow")
    assert motion.parallax > 0.15
    assert abs(motion.right) < 0.6


def test_two_moves_add_up(scene: KnownScene) -> None:
    """A pan while zooming in is both."""
    motion = seen(scene, "pan_right", "zoom_in")
    assert motion.right < -0.3
    assert motion.growth > 0.8


@pytest.mark.slow
@pytest.mark.render
@pytest.mark.parametrize("move", sorted(CAMERA))
def test_no_move_ever_shows_a_border(scene: KnownScene, move: str) -> None:
    """Neither black nor made of repeated pixels, at twice the usual strength."""
    frames, _ = film(scene, planned(move, strength=2.0), num_frames=31, every=5)
    assert black_border(frames) < 0.02
    assert streaks(frames) > 1.0


@pytest.mark.slow
@pytest.mark.render
def test_a_slow_move_neither_trembles_nor_pulses(scene: KnownScene) -> None:
    """Frame by frame the same small step and the same brightness."""
    frames, _ = film(scene, planned("zoom_in", strength=0.25), num_frames=121, every=6)
    motion = measure(frames)
    assert motion.jitter < 0.02
    assert luminance_jump(frames) < 1.2


def test_the_first_frame_is_the_picture() -> None:
    """With effects off, a dolly begins with the picture as it was given: a photograph to at least 29 dB, in colour."""
    photograph = load_image(Path(str(resources.files("mutoscope") / "assets" / "mountain-path.jpg")))
    one = plain(528, 297, 0.3, 5)
    one.rgb[:] = cv2.resize(photograph, (528, 297), interpolation=cv2.INTER_AREA)
    frames, _ = film(KnownScene((one,), 528, 297), planned("dolly_in"), num_frames=9, output=(480, 270))
    assert psnr(frames[0], cv2.resize(one.rgb, (480, 270), interpolation=cv2.INTER_AREA)) > 29


def test_what_comes_out_from_behind_is_what_was_there() -> None:
    """The background that a truck uncovers, against the ground truth without the pillar."""
    scene = three_walls()
    bare = KnownScene(scene.layers[:2], scene.width_px, scene.height_px, focus=scene.focus)
    plan = planned("truck_right")
    frames, poses = film(scene, plan)
    renderer = Renderer(bare, poses, plan, output=(480, 272), fps=FPS, seed=3)
    truth = planes_to_rgb(renderer.frame(48)).astype(np.float32)
    same = np.abs(frames[-1] - truth).max(axis=2) < 1
    start = np.abs(frames[0].astype(np.float32) - planes_to_rgb(renderer.frame(0))).max(axis=2) >= 1
    uncovered = start & same
    assert uncovered.mean() > 0.005
    assert same.mean() > 0.7


def test_nothing_is_stretched() -> None:
    """Neighbouring samples of a layer never lie more than half as far again apart as the zoom says."""
    scene = three_walls()
    for move in ("dolly_in", "arc_left", "truck_right", "dolly_zoom_in"):
        plan = planned(move)
        poses = path(plan, scene, num_frames=25, fps=FPS, seed=1)
        renderer = Renderer(scene, poses, plan, output=(480, 272), fps=FPS, seed=1)
        for number in (0, 12, 24):
            renderer.frame(number)
            steps = np.diff(renderer._rooms[0].grid, axis=2)[..., 0] / 16 * 480 / 528
            assert steps.max() < 1.5
            assert steps.min() > 1 / (1.5 * 1.9)


def test_a_cut_starts_anew_and_a_continued_shot_does_not() -> None:
    """Without a cut the second shot begins where the first one ended."""
    scene = three_walls()
    first, second = (Shot(0, 0.5, (Move("truck_right"),)), Shot(0.5, 1, (Move("zoom_in"),)))
    going_on = path(Plan((first, second)), scene, num_frames=48, fps=FPS, seed=1)
    cut = path(Plan((first, Shot(0.5, 1, (Move("zoom_in"),), is_cut=True))), scene, num_frames=48, fps=FPS, seed=1)
    assert math.isclose(going_on[23].x, going_on[24].x, abs_tol=1e-9)
    assert abs(cut[23].x - cut[24].x) > 0.01
