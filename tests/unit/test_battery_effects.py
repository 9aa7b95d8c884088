"""The battery's detectors: each effect does what its name says, to a degree that can be measured."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mutoscope.engines.parallax.camera import path
from mutoscope.engines.parallax.effects import SUPPORTED_EFFECTS
from mutoscope.engines.parallax.render import Renderer
from mutoscope.engines.parallax.shots import EFFECTS
from tests.unit.motion import fine_change, flow_finder, luminance_jump, measure
from tests.unit.parallax_scenes import FPS, KnownScene, Pixels, film, plain, planned, texture, three_walls

pytestmark = pytest.mark.render


@pytest.fixture(scope="module")
def scene() -> KnownScene:
    """Walls at three distances."""
    return three_walls()


@pytest.fixture(scope="module")
def bare(scene: KnownScene) -> list[Pixels]:
    """Eight frames in a row of a static camera without effects."""
    return shown(scene)


def shown(scene: KnownScene, *effects: str, strength: float = 1.0, num_frames: int = 8, every: int = 1) -> list[Pixels]:
    """Frames of a static camera."""
    plan = planned("static", effects=effects, strength=strength)
    return film(scene, plan, num_frames=num_frames, every=every)[0]


def mean(frames: list[Pixels]) -> NDArray[np.float64]:
    """Mean red, green and blue."""
    means: NDArray[np.float64] = np.mean([frame.reshape(-1, 3).mean(axis=0) for frame in frames], axis=0)
    return means


def grey(frame: Pixels) -> NDArray[np.float32]:
    """Brightness."""
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.float32)


def test_every_effect_a_plan_may_name_is_done() -> None:
    """And nothing else."""
    assert set(EFFECTS) == SUPPORTED_EFFECTS


@pytest.mark.slow
@pytest.mark.render
@pytest.mark.parametrize("name", sorted(SUPPORTED_EFFECTS))
def test_every_effect_changes_the_picture_and_spares_most_of_it(scene: KnownScene, name: str) -> None:
    """In some frame of two seconds it shows; the picture is still there; the same seed gives the same bytes."""
    plain_frames = shown(scene, num_frames=49, every=6)
    frames = shown(scene, name, num_frames=49, every=6)
    again = shown(scene, name, num_frames=49, every=6)
    changes = [float(np.abs(a.astype(int) - b).mean()) for a, b in zip(plain_frames, frames, strict=True)]
    assert max(changes) > 0.15
    alike = np.corrcoef(grey(plain_frames[4]).ravel(), grey(frames[4]).ravel())[0, 1]
    assert alike > 0.3
    assert all((a == b).all() for a, b in zip(frames, again, strict=True))


def test_golden_hour_is_warm_and_blue_hour_cold(scene: KnownScene, bare: list[Pixels]) -> None:
    """Red against blue by more than eight levels."""
    red, _, blue = mean(bare)
    golden, cold = mean(shown(scene, "golden_hour")), mean(shown(scene, "blue_hour"))
    assert (golden[0] - golden[2]) - (red - blue) > 8
    assert (cold[0] - cold[2]) - (red - blue) < -8


def test_night_is_dark_and_a_storm_has_few_flashes(scene: KnownScene, bare: list[Pixels]) -> None:
    """Half the light at night; at most three flashes of two strokes in five seconds."""
    assert mean(shown(scene, "night")).mean() < 0.62 * mean(bare).mean()
    levels = [frame.mean() for frame in shown(scene, "lightning", num_frames=121, every=1)]
    rises = np.flatnonzero(np.diff(levels) > 8)
    assert 1 <= len(rises) <= 8
    assert max(levels) > 1.3 * np.median(levels)


@pytest.mark.parametrize("name", ["rain", "snow", "dust", "embers", "petals", "leaves", "bubbles", "fireflies"])
def test_what_falls_or_floats_moves_between_frames(scene: KnownScene, name: str, bare: list[Pixels]) -> None:
    """Fine detail changes; a bare static clip does not change at all."""
    assert fine_change(bare) == 0
    assert fine_change(shown(scene, name)) > (0.35 if name in {"rain", "snow"} else 0.02)


def test_rain_and_snow_double_the_change_of_a_moving_clip(scene: KnownScene) -> None:
    """Also while the camera moves slowly; in a fast one, or a photograph full of detail, the picture's own wins."""
    moving = fine_change(film(scene, planned("zoom_in", strength=0.5), num_frames=49, every=1)[0][:8])
    for name in ("rain", "snow"):
        plan = planned("zoom_in", strength=0.5, effects=(name,))
        assert fine_change(film(scene, plan, num_frames=49, every=1)[0][:8]) > 2 * moving


def test_fog_takes_contrast_with_distance(scene: KnownScene, bare: list[Pixels]) -> None:
    """The far wall loses more than the near pillar."""
    foggy, clear = grey(shown(scene, "fog")[0]), grey(bare[0])
    far, near = np.s_[20:100, 20:200], np.s_[100:180, 272:322]
    assert foggy[far].std() / clear[far].std() < 0.6
    assert foggy[near].std() / clear[near].std() > 1.3 * foggy[far].std() / clear[far].std()


def test_black_and_white_has_no_colour_even_in_its_lights(scene: KnownScene) -> None:
    """Chroma below two levels, with golden light and embers over it."""
    frame = shown(scene, "black_and_white", "golden_hour", "embers")[0].astype(int)
    assert np.abs(frame[..., 0] - frame[..., 2]).mean() < 2


def test_sepia_is_brown_and_teal_and_orange_part(scene: KnownScene, bare: list[Pixels]) -> None:
    """Sepia: red over green over blue. Teal and orange: dark goes blue, bright goes red."""
    red, green, blue = mean(shown(scene, "sepia"))
    assert red > green > blue
    before, after = bare[0].astype(int), shown(scene, "teal_orange")[0].astype(int)
    warmer = (after[..., 0] - after[..., 2]) - (before[..., 0] - before[..., 2])
    bright = grey(bare[0]) > 170
    assert warmer[bright].mean() > 6
    assert warmer[grey(bare[0]) < 70].mean() < -6


def test_grain_is_as_strong_as_it_says() -> None:
    """Standard deviation in the middle greys within a quarter of nominal."""
    flat = plain(528, 304, 0.3, 1)
    flat.rgb[:] = 128
    frames = shown(KnownScene((flat,), 528, 304), "film_grain")
    assert 0.75 * 2.0 < (grey(frames[0]) - grey(frames[3])).std() / np.sqrt(2) < 1.25 * 2.0


def test_a_vignette_darkens_corners_and_a_letterbox_blackens_bars(scene: KnownScene, bare: list[Pixels]) -> None:
    """The middle stays."""
    dark = grey(shown(scene, "vignette")[0]) / np.maximum(grey(bare[0]), 8)
    assert np.median(dark[:24, :24]) < 0.85
    assert np.median(dark[120:150, 220:260]) > 0.97
    boxed = shown(scene, "letterbox")[0]
    assert boxed[:30].max() < 4
    assert boxed[-30:].max() < 4
    assert np.abs(boxed[60:200].astype(int) - bare[0][60:200]).max() <= 2


def test_old_film_weaves_and_is_not_steady(scene: KnownScene, bare: list[Pixels]) -> None:
    """The whole frame trembles a little, the light too, colours fade."""
    frames = shown(scene, "old_film", num_frames=49, every=6)
    motion = measure(frames)
    assert motion.jitter > 0.02
    assert 0.3 < luminance_jump(frames) < 20
    assert (
        cv2.cvtColor(frames[0], cv2.COLOR_RGB2HSV)[..., 1].mean()
        < 0.7 * cv2.cvtColor(bare[0], cv2.COLOR_RGB2HSV)[..., 1].mean()
    )


def test_focus_melts_what_it_is_not_on(scene: KnownScene, bare: list[Pixels]) -> None:
    """The subject is the ground, at a disparity of 0.45: the far wall loses detail, the ground keeps it."""
    frame = shown(scene, "depth_of_field", strength=1.6)[0]
    far, ground = np.s_[10:100, 20:200], np.s_[180:260, 20:200]

    def detail(picture: Pixels, where: tuple[slice, slice]) -> float:
        return float(cv2.Laplacian(grey(picture), cv2.CV_32F)[where].std())

    assert detail(frame, far) < 0.75 * detail(bare[0], far)
    assert detail(frame, ground) > 0.95 * detail(bare[0], ground)


def test_a_rack_focus_goes_from_one_distance_to_another(scene: KnownScene) -> None:
    """What is sharp first is not what is sharp last."""
    frames = shown(scene, "rack_focus", strength=1.6, num_frames=49, every=8)
    far, near = np.s_[10:100, 20:200], np.s_[100:180, 275:320]
    first, last = (
        [float(cv2.Laplacian(grey(frame), cv2.CV_32F)[where].std()) for where in (far, near)]
        for frame in (frames[0], frames[-1])
    )
    assert (first[0] - last[0]) * (first[1] - last[1]) < 0


def test_clouds_drift_and_the_ground_stands(scene: KnownScene) -> None:
    """The sky goes several pixels sideways over the clip."""
    frames = shown(scene, "clouds_drift", strength=1.6, num_frames=49, every=48)
    flow = flow_finder().calc(*(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames), None)
    sky = flow[20:70, 120:260, 0]
    assert np.abs(np.median(sky)) > 5
    assert np.abs(flow[200:, :200]).mean() < 0.3


@pytest.mark.parametrize(
    ("name", "there", "elsewhere"),
    [
        ("water_ripples", np.s_[200:265, 40:220], np.s_[10:120, 40:240]),
        ("foliage_sways", np.s_[30:220, 30:150], np.s_[30:220, 360:460]),
    ],
)
def test_what_lives_moves_within_its_mask_only(
    scene: KnownScene, name: str, there: tuple[slice, slice], elsewhere: tuple[slice, slice]
) -> None:
    """To and fro, by a pixel or two."""
    frames = shown(scene, name, strength=2.0, num_frames=25, every=6)
    change = np.max([np.abs(frame.astype(int) - frames[0]).mean(axis=2) for frame in frames[1:]], axis=0)
    assert change[there].mean() > 1.0
    assert change[elsewhere].mean() < 0.15


def test_living_parts_say_when_the_picture_has_nothing_for_them() -> None:
    """Without masks nothing lives; with them nothing is missing."""
    names = ("clouds_drift", "water_ripples", "foliage_sways", "hair_moves", "cloth_moves", "rain")
    for scene, missing in ((KnownScene((plain(176, 112, 0.3, 1),), 176, 112), 5), (three_walls(176, 112), 0)):
        plan = planned("static", effects=names)
        poses = path(plan, scene, num_frames=2, fps=FPS, seed=1)
        absent = Renderer(scene, poses, plan, output=(160, 96), fps=FPS, seed=1).absent()
        assert len(absent) == missing
        assert absent.get("clouds_drift", "no sky was found in the picture") == "no sky was found in the picture"


def test_what_is_nearer_hides_what_flies_behind_it() -> None:
    """Before a wall at the nearest distance only what is nearer still can be seen."""
    near, far = (KnownScene((plain(528, 304, d, 4),), 528, 304) for d in (0.99, 0.02))
    counts = [float((grey(shown(one, "petals")[0]) - grey(shown(one)[0]) > 6).mean()) for one in (near, far)]
    assert counts[0] < 0.85 * counts[1]


def test_lights_are_painted_from_the_brightest_far_place() -> None:
    """A sun at the upper left glows there."""
    sunny = plain(528, 304, 0.05, 6)
    sunny.rgb[:] = np.clip(texture(528, 304, 6) * 0.4, 0, 255)
    cv2.circle(sunny.rgb, (120, 60), 22, (255, 250, 235), -1)
    scene = KnownScene((sunny,), 528, 304)
    for name in ("golden_hour", "lens_flare", "anamorphic_streak", "sunbeams"):
        gain = grey(shown(scene, name)[0]) - grey(shown(scene)[0])
        assert gain[30:90, 90:170].mean() > gain[180:, 300:].mean() + 3
