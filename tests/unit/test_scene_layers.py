"""Pictures become layers: exact while still, whole when they move apart, the same bytes every time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numba
import numpy as np
import pytest

from mutoscope.engines.parallax.inpaint import _copy_detail
from mutoscope.engines.parallax.layers import Layer, Scene, _assemble, _head, build_scene, compile_kernels
from mutoscope.engines.parallax.matte import choose_thresholds
from mutoscope.engines.parallax.patches import _improve
from mutoscope.engines.parallax.settle import _settle
from mutoscope.engines.parallax.strands import _explain
from tests.unit.known_scenes import (
    Pixels,
    Seen,
    Sheet,
    portrait,
    psnr,
    seen,
    texture,
    true_view,
    uncovered,
    view,
    wall,
)

pytestmark = pytest.mark.render

ACROSS, PIVOT = 0.06, 0.8


def built(picture: Pixels, understood: Seen, reach: float = 0.05) -> Scene:
    return build_scene(picture, understood, reach=reach, progress=lambda share: None)


@pytest.fixture(scope="module")
def head() -> tuple[list[Sheet], Pixels, Scene]:
    sheets, understood = portrait()
    picture = true_view(sheets, 0, PIVOT)
    return sheets, picture, built(picture, understood)


def check_form(scene: Scene, height: int, width: int) -> None:
    assert (scene.height_px, scene.width_px) == (height, width)
    assert 3 <= len(scene.layers) <= 5
    for layer in scene.layers:
        planes: tuple[tuple[Any, Any, tuple[int, ...]], ...] = (
            (layer.rgb, np.uint8, (height, width, 3)),
            (layer.alpha, np.uint8, (height, width)),
            (layer.disparity, np.float32, (-(-height // 8) + 1, -(-width // 8) + 1)),
        )
        for plane, kind, shape in planes:
            assert plane.dtype == kind
            assert plane.shape == shape
            assert plane.flags.c_contiguous
        assert np.isfinite(layer.disparity).all()
        assert -0.01 <= layer.disparity.min() <= layer.disparity.max() <= 1.01
    assert (scene.layers[0].alpha == 255).all()
    assert 0 <= scene.gentle <= 1
    assert all(0 <= value <= 1 for value in scene.focus)


def test_layers_have_the_promised_form(head: tuple[list[Sheet], Pixels, Scene]) -> None:
    """Sizes, types and ranges that the renderer relies on."""
    check_form(head[2], 272, 480)


def test_a_still_camera_sees_the_picture_itself(head: tuple[list[Sheet], Pixels, Scene]) -> None:
    """Cutting, matting and filling leave no trace before anything moves."""
    _, picture, scene = head
    assert psnr(view(scene), picture) > 40


def test_what_was_hidden_is_filled_with_what_goes_on_there(head: tuple[list[Sheet], Pixels, Scene]) -> None:
    """The planks behind the head are continued: far closer to the truth than a stretched picture."""
    sheets, picture, scene = head
    truth = true_view(sheets, ACROSS, PIVOT)
    gap = uncovered(sheets, ACROSS, PIVOT)
    assert gap.sum() > 1000
    one_sheet = np.asarray(cv2.resize(portrait()[1].disparity, (61, 35), interpolation=cv2.INTER_AREA), np.float32)
    flat = Scene((Layer(picture, scene.layers[0].alpha, one_sheet),), 480, 272, {}, scene.focus, 1.0)
    assert psnr(view(scene, ACROSS, PIVOT), truth, gap) > 20
    assert psnr(view(scene, ACROSS, PIVOT), truth, gap) > psnr(view(flat, ACROSS, PIVOT), truth, gap) + 6
    assert psnr(view(scene, ACROSS, PIVOT), truth) > 26


def test_soft_edges_take_no_background_with_them(head: tuple[list[Sheet], Pixels, Scene]) -> None:
    """Where the head is half transparent its colour is the head's, not the mixture that the picture shows."""
    sheets, picture, scene = head
    front = scene.layers[-1]
    soft = (front.alpha > 40) & (front.alpha < 220) & (sheets[1].alpha > 0.1) & (sheets[1].alpha < 0.9)
    assert soft.sum() > 200
    truth = sheets[1].colours[soft]
    error = float(np.abs(front.rgb[soft] - truth).mean())
    assert error < 0.5 * float(np.abs(picture[soft] - truth).mean())


def test_hair_that_depth_did_not_see_goes_with_the_head(head: tuple[list[Sheet], Pixels, Scene]) -> None:
    """Strands outside the disparity's outline are in the front layer, and gone from the wall."""
    sheets, _, scene = head
    y, x = np.mgrid[:272, :480]
    outside = ((x - 240) / 62.4) ** 2 + ((y - 163.2) / 97.92) ** 2 > 1.12
    strands = outside & (sheets[1].alpha > 0.8)
    assert strands.sum() > 30
    assert float(scene.layers[-1].alpha[strands].mean()) > 150
    left = scene.layers[0].rgb[strands].astype(float) - sheets[0].colours[strands]
    assert float(np.abs(left).mean()) < 25


def test_a_thin_pole_stays_in_one_piece() -> None:
    """Four pixels wide, its disparity smeared: one layer has all of it, at one disparity."""
    height, width = 272, 480
    pole = np.zeros((height, width), np.float32)
    pole[:, 300:304] = 1
    sheets = [
        Sheet(wall(height, width), np.ones_like(pole), 0.2),
        Sheet(texture(height, width, 5, (30, 60, 40), 3), pole, 0.7),
    ]
    scene = built(true_view(sheets, 0, 0.0), seen(0.2 + 0.5 * cv2.dilate(pole, np.ones((3, 3), np.uint8)), 1.0))
    whole = [float((layer.alpha[:, 301:303] > 200).mean()) for layer in scene.layers[1:]]
    assert max(whole) > 0.97
    layer = scene.layers[1 + int(np.argmax(whole))]
    assert float(np.ptp(layer.disparity[:, 37:39])) < 0.03


def test_a_sign_does_not_bend() -> None:
    """A flat board whose disparity came out wavy is a plane again, so its letters stay straight."""
    height, width = 272, 480
    y, x = np.mgrid[:height, :width].astype(np.float32)
    board = ((x > 120) & (x < 360) & (y > 60) & (y < 200)).astype(np.float32)
    waves = 0.04 * np.sin(x / 17) * np.cos(y / 13)
    picture = np.where(board[..., None] > 0, np.float32(235), texture(height, width, 7, (80, 110, 90), 8))
    scene = built(picture.astype(np.uint8), seen(0.2 + board * (0.5 + waves)))
    inside = scene.layers[-1].disparity[10:23, 18:43].astype(np.float64)
    rows, columns = np.mgrid[:13, :25]
    plane = np.stack([np.ones(inside.size), rows.ravel(), columns.ravel()], axis=1)
    fitted = plane @ np.linalg.lstsq(plane, inside.ravel(), rcond=None)[0]
    assert np.abs(fitted - inside.ravel()).max() < 0.015


def test_no_layer_is_ever_stretched(head: tuple[list[Sheet], Pixels, Scene]) -> None:
    """Inside a layer disparity changes so slowly that the widest move stretches nothing by half."""
    for layer in head[2].layers:
        steps = max(float(np.abs(np.diff(layer.disparity, axis=axis)).max()) for axis in (0, 1))
        assert steps * ACROSS * 480 / 8 < 0.5


def test_a_ground_that_runs_through_a_threshold_shows_no_seam() -> None:
    """One smooth surface, cut into layers all the same: seen from the side it is still one surface."""
    height, width = 272, 480
    ramp = np.linspace(0.1, 0.9, height, dtype=np.float32)[:, None].repeat(width, 1)
    picture = texture(height, width, 9, (120, 120, 90), 15).astype(np.uint8)
    scene = built(picture, Seen(ramp))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    moved = cv2.remap(picture, x + 0.04 * (ramp - 0.5) * width, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    straight = np.asarray(moved, np.uint8)
    assert psnr(view(scene, 0.04, 0.5)[:, 24:-24], straight[:, 24:-24]) > 32


@pytest.fixture
def other_thread_counts() -> Iterator[None]:
    before, ours = cv2.getNumThreads(), numba.get_num_threads()
    cv2.setNumThreads(1)
    numba.set_num_threads(1)
    yield
    cv2.setNumThreads(before)
    numba.set_num_threads(ours)


def test_the_same_picture_gives_the_same_bytes(
    head: tuple[list[Sheet], Pixels, Scene], other_thread_counts: None
) -> None:
    """Twice over, and with one thread instead of many."""
    again = built(head[1], portrait()[1])
    assert len(again.layers) == len(head[2].layers)
    for first, second in zip(head[2].layers, again.layers, strict=True):
        assert first.rgb.tobytes() == second.rgb.tobytes()
        assert first.alpha.tobytes() == second.alpha.tobytes()
        assert first.disparity.tobytes() == second.disparity.tobytes()
    assert again.focus == head[2].focus


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (16, 16), (64, 900), (700, 40)])
def test_any_size_makes_a_scene(size: tuple[int, int]) -> None:
    """Tiny pictures and very long ones, with a step in the middle."""
    height, width = size
    disparity = np.full(size, 0.2, np.float32)
    disparity[:, width // 2 :] = 0.8
    picture = texture(height, width, 4, (120, 100, 80), 20).astype(np.uint8)
    scene = built(picture, Seen(disparity))
    check_form(scene, height, width)
    assert psnr(view(scene), picture) > 35


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_picture_without_depth_stays_whole(value: float) -> None:
    """All at one distance, one colour even: nothing is cut, nothing moves apart."""
    picture = np.full((120, 160, 3), 90, np.uint8)
    scene = built(picture, Seen(np.full((120, 160), value, np.float32)))
    check_form(scene, 120, 160)
    assert (view(scene, 0.05, 0.5) == 90).all()


def test_disparity_of_another_size_or_with_holes_is_taken() -> None:
    """A depth map that a caller gives may be smaller, and may hold numbers that are none."""
    disparity = np.full((30, 40), 0.3, np.float32)
    disparity[10:20, 10:20] = 0.9
    disparity[0, 0], disparity[5, 5] = np.nan, np.inf
    scene = built(texture(120, 160, 4, (120, 100, 80), 20).astype(np.uint8), Seen(disparity))
    check_form(scene, 120, 160)


def test_progress_climbs_to_one() -> None:
    """The caller hears shares that never fall."""
    told: list[float] = []
    build_scene(np.zeros((64, 64, 3), np.uint8), Seen(np.zeros((64, 64), np.float32)), reach=0.05, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_classes_and_focus_come_along() -> None:
    """Masks become bytes of the picture's size; the focus lies where the eye goes, at the disparity there."""
    disparity = np.full((96, 160), 0.2, np.float32)
    disparity[40:60, 100:130] = 0.7
    saliency = (disparity > 0.5).astype(np.float32)
    scene = built(
        np.zeros((96, 160, 3), np.uint8), Seen(disparity, {"sky": np.full((96, 160), 0.5, np.float32)}, saliency)
    )
    assert scene.classes["sky"].dtype == np.uint8
    assert (scene.classes["sky"] == 128).all()
    assert scene.focus == pytest.approx((115 / 160, 50 / 96, 0.7), abs=0.03)


def test_thresholds_part_what_stands_apart() -> None:
    """Three distances side by side: a threshold in each gap, none through a surface."""
    disparity = np.full((200, 300), 0.1, np.float32)
    disparity[60:, 40:120] = 0.5
    disparity[90:, 90:200] = 0.9
    found = choose_thresholds(disparity)
    assert any(0.1 < value < 0.5 for value in found)
    assert any(0.5 < value < 0.9 for value in found)
    assert all(min(abs(value - surface) for surface in (0.1, 0.5, 0.9)) > 0.02 for value in found)


def test_a_person_is_not_cut_into_pieces() -> None:
    """Depth took the face for nearer than the hair; where a person was recognised, both go into one layer."""
    height, width = 272, 480
    person = np.zeros((height, width), np.float32)
    person[60:, 160:320] = 1
    disparity = 0.15 + 0.45 * person
    disparity[100:180, 200:280] = 0.85
    picture = texture(height, width, 7, (150, 120, 100), 12).astype(np.uint8)
    scene = built(picture, Seen(disparity, {"person": person}))
    front = [float((layer.alpha[80:260, 175:305] > 200).mean()) for layer in scene.layers[1:]]
    assert max(front) > 0.99
    inside = scene.layers[1 + int(np.argmax(front))].disparity[10:32, 22:38]
    assert float(np.abs(np.diff(inside, axis=1)).max()) < 0.06


def test_a_mark_on_something_near_does_not_fall_out_of_it() -> None:
    """A highlight that depth mistook for a hole stays with its object."""
    height, width = 272, 480
    disparity = np.full((height, width), 0.15, np.float32)
    disparity[60:220, 140:340] = 0.8
    disparity[130:145, 230:250] = 0.3
    picture = texture(height, width, 7, (150, 120, 100), 12).astype(np.uint8)
    scene = built(picture, Seen(disparity))
    front = scene.layers[-1]
    assert (front.alpha[125:150, 225:255] == 255).all()
    assert float(np.ptp(front.disparity[12:23, 22:38])) < 0.03


def test_after_warming_up_nothing_is_compiled_any_more() -> None:
    """The tiny scene of the warm-up goes through every kernel, in the types a real one has."""
    compile_kernels()
    kernels = (_explain, _settle, _improve, _copy_detail, _assemble)
    before = [len(kernel.signatures) for kernel in kernels]
    assert all(before)
    sheets, understood = portrait(544, 976)
    built(true_view(sheets, 0, PIVOT), understood)
    assert [len(kernel.signatures) for kernel in kernels] == before


def test_the_focus_is_a_head_where_somebody_is_large_enough() -> None:
    """A body with a head on it, at the left; a passer-by far away is nobody's subject."""
    person = np.zeros((272, 480), np.uint8)
    cv2.circle(person, (140, 60), 26, 255, -1)
    cv2.rectangle(person, (105, 80), (175, 260), 255, -1)
    cv2.circle(person, (430, 140), 8, 255, -1)
    x, y, near = _head(person, np.where(person > 0, 0.7, 0.1).astype(np.float32)) or (0, 0, 0)
    assert (x, y) == pytest.approx((140 / 480, 62 / 272), abs=0.03)
    assert near == pytest.approx(0.7, abs=0.08)
    person[:, :200] = 0
    assert _head(person, np.full(person.shape, 0.5, np.float32)) is None
