"""The colour-guided filter: a plane becomes smooth where a picture is smooth, with its edges where the picture's are.

Source: He, Sun, Tang 2013, "Guided Image Filtering", section 3.5; worked out at a smaller size and carried to the
full one as in He and Sun 2015, "Fast Guided Filter". Used for disparity and classes (`depth.refine`) and for mattes.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.compiling import compiled

Array = NDArray[np.float32]
Pixels = NDArray[np.uint8]


class GuidedFilter:
    """A filter for one picture; what depends on the picture alone is worked out once.

    guide     (height, width, 3) float32 in 0 … 1.
    radius    px: the window is 2 radius + 1 wide.
    epsilon   regularisation: variance of the guide below which a window counts as smooth.
    """

    def __init__(self, guide: Array, radius: int, epsilon: float) -> None:
        self.guide = np.ascontiguousarray(guide, np.float32)
        self._window = (2 * radius + 1, 2 * radius + 1)
        self._mean = self._box(self.guide)
        squares, mixed = _products(self.guide)
        self._inverse = _inverse(self._mean, self._box(squares), self._box(mixed), np.float32(epsilon))

    def coefficients(self, plane: Array) -> Array:
        """(height, width, 4) float32: a, b, c, d of the local model plane = a red + b green + c blue + d.

        plane   (height, width) float32.
        """
        joint = self._box(_joint(self.guide, np.ascontiguousarray(plane, np.float32)))
        return self._box(_lines(joint, self._mean, self._inverse))

    def apply(self, plane: Array) -> Array:
        """The plane (height, width) float32, smooth where the guide is smooth and with the guide's edges."""
        applied: Array = _applied(self.coefficients(plane), self.guide)
        return applied

    def _box(self, values: Array) -> Array:
        return np.asarray(cv2.blur(values, self._window, borderType=cv2.BORDER_REFLECT), np.float32)


def at_full_size(coefficients: Array, rgb: Pixels, low: float = -np.inf, high: float = np.inf) -> Array:
    """The model stretched to the size of rgb, (height, width, 3) uint8, of its colours: (height, width) float32.

    low, high   what lies beyond them becomes them.
    """
    full: Array = _stretched(coefficients, np.ascontiguousarray(rgb), np.float32(low), np.float32(high))
    return full


@compiled
def _products(guide: Any) -> Any:
    """Red² , green² and blue², and red green, red blue and green blue."""
    height, width, _ = guide.shape
    squares, mixed = np.empty((height, width, 3), np.float32), np.empty((height, width, 3), np.float32)
    for y in range(height):
        for x in range(width):
            r, g, b = guide[y, x, 0], guide[y, x, 1], guide[y, x, 2]
            squares[y, x, 0], squares[y, x, 1], squares[y, x, 2] = r * r, g * g, b * b
            mixed[y, x, 0], mixed[y, x, 1], mixed[y, x, 2] = r * g, r * b, g * b
    return squares, mixed


@compiled
def _inverse(mean: Any, squares: Any, mixed: Any, epsilon: Any) -> Any:
    """Upper triangle of the inverse of each pixel's 3 x 3 covariance with epsilon on its diagonal: (h, w, 6)."""
    height, width, _ = mean.shape
    inverse = np.empty((height, width, 6), np.float32)
    for y in range(height):
        for x in range(width):
            r, g, b = mean[y, x, 0], mean[y, x, 1], mean[y, x, 2]
            rr, gg, bb = (
                squares[y, x, 0] - r * r + epsilon,
                squares[y, x, 1] - g * g + epsilon,
                squares[y, x, 2] - b * b + epsilon,
            )
            rg, rb, gb = mixed[y, x, 0] - r * g, mixed[y, x, 1] - r * b, mixed[y, x, 2] - g * b
            first, second, third = gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg
            scale = np.float32(1) / (rr * first + rg * second + rb * third)
            inverse[y, x, 0], inverse[y, x, 1], inverse[y, x, 2] = first * scale, second * scale, third * scale
            inverse[y, x, 3] = (rr * bb - rb * rb) * scale
            inverse[y, x, 4] = (rb * rg - rr * gb) * scale
            inverse[y, x, 5] = (rr * gg - rg * rg) * scale
    return inverse


@compiled
def _joint(guide: Any, plane: Any) -> Any:
    """The guide times the plane, and the plane: (h, w, 4)."""
    height, width = plane.shape
    joint = np.empty((height, width, 4), np.float32)
    for y in range(height):
        for x in range(width):
            value = plane[y, x]
            for n in range(3):
                joint[y, x, n] = guide[y, x, n] * value
            joint[y, x, 3] = value
    return joint


@compiled
def _lines(joint: Any, mean: Any, inverse: Any) -> Any:
    """Each window's own model, from the means of what `_joint` made."""
    height, width, _ = mean.shape
    lines = np.empty((height, width, 4), np.float32)
    for y in range(height):
        for x in range(width):
            value = joint[y, x, 3]
            r, g, b = mean[y, x, 0], mean[y, x, 1], mean[y, x, 2]
            with_r, with_g, with_b = joint[y, x, 0] - r * value, joint[y, x, 1] - g * value, joint[y, x, 2] - b * value
            rr, rg, rb = inverse[y, x, 0], inverse[y, x, 1], inverse[y, x, 2]
            gg, gb, bb = inverse[y, x, 3], inverse[y, x, 4], inverse[y, x, 5]
            red = rr * with_r + rg * with_g + rb * with_b
            green = rg * with_r + gg * with_g + gb * with_b
            blue = rb * with_r + gb * with_g + bb * with_b
            lines[y, x, 0], lines[y, x, 1], lines[y, x, 2] = red, green, blue
            lines[y, x, 3] = value - (red * r + green * g + blue * b)
    return lines


@compiled
def _applied(lines: Any, guide: Any) -> Any:
    height, width, _ = guide.shape
    applied = np.empty((height, width), np.float32)
    for y in range(height):
        for x in range(width):
            colours = (
                lines[y, x, 0] * guide[y, x, 0] + lines[y, x, 1] * guide[y, x, 1] + lines[y, x, 2] * guide[y, x, 2]
            )
            applied[y, x] = colours + lines[y, x, 3]
    return applied


@compiled
def _stretched(lines: Any, rgb: Any, low: Any, high: Any) -> Any:
    """Bilinear, pixel centres to pixel centres; row by row, so that nothing of the full size is kept but the answer."""
    height, width, _ = rgb.shape
    rows, columns, _ = lines.shape
    full = np.empty((height, width), np.float32)
    row = np.empty((columns, 4), np.float32)
    left, share = np.empty(width, np.int64), np.empty(width, np.float32)
    for x in range(width):
        at = min(max((x + 0.5) * columns / width - 0.5, 0.0), columns - 1.0)
        left[x] = min(int(at), max(columns - 2, 0))
        share[x] = at - left[x]
    for y in range(height):
        at = min(max((y + 0.5) * rows / height - 0.5, 0.0), rows - 1.0)
        above = min(int(at), max(rows - 2, 0))
        below, lower = min(above + 1, rows - 1), np.float32(at - above)
        for x in range(columns):
            for n in range(3):
                row[x, n] = (lines[above, x, n] + (lines[below, x, n] - lines[above, x, n]) * lower) * np.float32(
                    1 / 255
                )
            row[x, 3] = lines[above, x, 3] + (lines[below, x, 3] - lines[above, x, 3]) * lower
        for x in range(width):
            a, b, s = left[x], min(left[x] + 1, columns - 1), share[x]
            value = row[a, 3] + (row[b, 3] - row[a, 3]) * s
            for n in range(3):
                value += (row[a, n] + (row[b, n] - row[a, n]) * s) * np.float32(rgb[y, x, n])
            full[y, x] = min(max(value, low), high)
    return full
