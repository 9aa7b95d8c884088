"""From a map of a few thousand cells to one value per pixel, with the edges of the picture.

A guided filter carries the coarse values to where the colours change; then each step between two plateaus is
made steep, because half-way disparity belongs to neither object and would tear when the camera moves. It refuses
to invent detail: inside an object the coarse value stays. Read next: `model.py`.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.guided import GuidedFilter, at_full_size

Pixels = NDArray[np.uint8]
Array = NDArray[np.float32]

WORK_PX = 960
"""Longer side at which steps are made; the last filter carries its coefficients on to full size."""

_COARSE_PASSES = ((14, 2e-3), (8, 1e-3), (4, 5e-4))
"""Radius in px at WORK_PX and regularisation; from the coarse grid's cell size down to a few pixels."""

_BETWEEN = (3, 2e-4)
_HOLD_PX = 16
_FINE_RADIUS_PX, _FINE_EPSILON = 2, 2e-4
_CLASS_WORK_PX, _CLASS_RADIUS_PX, _CLASS_EPSILON = 480, 5, 1e-3
_PLATEAU_PX = 14
_STEP = 0.08
"""Smallest difference between plateaus that is a step and not a slope, as a share of the whole range."""

_LONE = (0.5, 0.6)
"""Height within reach over height within twice the reach: below the first a slope, above the second a step."""


def refine_disparity(coarse: Array, rgb: Pixels) -> Array:
    """Bring a coarse disparity map, any size, to the size of rgb, its steps where the colours step.

    coarse   (rows, columns) float32, larger is nearer, range about 0 … 1.
    """
    guide = _guide(rgb, WORK_PX)
    fitted = _resize(coarse, guide.shape[1], guide.shape[0], cv2.INTER_CUBIC)
    # What the coarse map knows around a pixel bounds it: no halo beside an edge, no badge raised on a coat.
    lowest, highest = _plateaus(fitted, _HOLD_PX)
    for radius, epsilon in _COARSE_PASSES:
        fitted = np.clip(GuidedFilter(guide, radius, epsilon).apply(fitted), lowest, highest)
    # Steep, along the colours again, steep again: the second round straightens what the first tore off course.
    fitted = GuidedFilter(guide, *_BETWEEN).apply(_steepen(fitted))
    return _to_full(guide, rgb, np.clip(_steepen(fitted), lowest, highest))


def refine_classes(coarse: Array, rgb: Pixels) -> Array:
    """The same for probabilities (classes, rows, columns), which may be soft: one filter for all, no steps."""
    guide = _guide(rgb, _CLASS_WORK_PX)
    soft = GuidedFilter(guide, _CLASS_RADIUS_PX, _CLASS_EPSILON)
    refined = np.empty((len(coarse), *rgb.shape[:2]), np.float32)
    for plane, target in zip(coarse, refined, strict=True):
        fitted = _resize(plane, guide.shape[1], guide.shape[0], cv2.INTER_LINEAR)
        target[:] = at_full_size(soft.coefficients(fitted), rgb, 0, 1)
    refined /= np.maximum(refined.sum(0), np.float32(1))
    return refined


def _guide(rgb: Pixels, long_side_px: int) -> Array:
    scale = min(1.0, long_side_px / max(rgb.shape[:2]))
    width, height = max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale))
    small = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA) if scale < 1 else rgb
    return np.asarray(small, np.float32) / np.float32(255)


def _to_full(guide: Array, rgb: Pixels, plane: Array) -> Array:
    if guide.shape[:2] == rgb.shape[:2]:
        return np.ascontiguousarray(plane)
    full = at_full_size(GuidedFilter(guide, _FINE_RADIUS_PX, _FINE_EPSILON).coefficients(plane), rgb)
    # The linear model may overshoot at full size; nothing can be nearer or farther than what is around it.
    width, height = rgb.shape[1], rgb.shape[0]
    around = np.ones((3, 3), np.uint8)
    lowest = _resize(_eroded(plane, around), width, height, cv2.INTER_LINEAR)
    highest = _resize(_dilated(plane, around), width, height, cv2.INTER_LINEAR)
    return np.clip(full, lowest, highest, out=full)


def _steepen(plane: Array) -> Array:
    """Pull values between two plateaus towards the nearer one of the two; slopes are left alone."""
    low, high = _plateaus(plane, _PLATEAU_PX)
    wide_low, wide_high = _plateaus(plane, 2 * _PLATEAU_PX)
    height = high - low
    share = np.clip((plane - low) / np.maximum(height, np.float32(1e-6)), 0, 1)
    steep = np.float32(0.5) + np.tanh((share - np.float32(0.5)) * np.float32(5)) * np.float32(0.5 / np.tanh(2.5))
    # On a slope, twice the reach sees twice the height; at a step it sees the same.
    lone = height / np.maximum(wide_high - wide_low, np.float32(1e-6))
    is_step = np.clip((height - np.float32(_STEP)) / np.float32(_STEP), 0, 1)
    is_step *= np.clip((lone - np.float32(_LONE[0])) / np.float32(_LONE[1] - _LONE[0]), 0, 1)
    return np.asarray(plane + is_step * (low + steep * height - plane), np.float32)


def _plateaus(plane: Array, reach_px: int) -> tuple[Array, Array]:
    """The lowest and highest value around; blurred, for a plateau that came into reach at once would make a step."""
    around = np.ones((2 * reach_px + 1, 2 * reach_px + 1), np.uint8)
    return _box(_eroded(plane, around), reach_px // 2), _box(_dilated(plane, around), reach_px // 2)


def _eroded(plane: Array, around: Pixels) -> Array:
    return np.asarray(cv2.erode(plane, around), np.float32)


def _dilated(plane: Array, around: Pixels) -> Array:
    return np.asarray(cv2.dilate(plane, around), np.float32)


def _box(plane: Array, radius: int) -> Array:
    side = 2 * radius + 1
    return np.asarray(cv2.blur(np.ascontiguousarray(plane), (side, side), borderType=cv2.BORDER_REFLECT), np.float32)


def _resize(plane: Array, width: int, height: int, how: int) -> Array:
    return np.asarray(cv2.resize(plane, (width, height), interpolation=how), np.float32)
