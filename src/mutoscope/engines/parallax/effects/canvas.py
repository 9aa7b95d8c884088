"""What lies between the scene and the viewer: light and small things, painted at half the size of the video.

Everything ends in one buffer of colour and coverage, so that a frame pays for it once. Screen light is light that
covers as much as it is bright; it never clips. Nothing here knows of time or depth.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.compiling import compiled
from mutoscope.engines.parallax.sampling import Plane

LIGHT_CELL = 8
"""Pixels of the video per cell of the light buffer: glow and beams are soft, finer would only cost time."""

_TO_YUV = np.array(
    [[0.2126, 0.7152, 0.0722], [-0.11457211, -0.38542789, 0.5], [0.5, -0.45415291, -0.04584709]], np.float32
)


def to_yuv(rgb: Any) -> NDArray[np.float32]:
    """(…, 3) colours 0 … 255 to full-range Y and U, V around 0."""
    return np.asarray(np.asarray(rgb, np.float32) @ _TO_YUV.T, np.float32)


class Canvas:
    """One frame's overlay; cleared before each frame."""

    def __init__(self, width_px: int, height_px: int) -> None:
        self.width_px, self.height_px = width_px, height_px
        self._half_size = (width_px // 2, height_px // 2)
        self.light_size = (max(2, width_px // LIGHT_CELL), max(2, height_px // LIGHT_CELL))
        self._light: Plane | None = None
        self._is_used = False
        self._nothing = np.empty((4, 0, 0), np.float32)

    @cached_property
    def _half(self) -> Plane:
        return np.zeros((4, *self._half_size[::-1]), np.float32)

    def clear(self) -> None:
        """Begin a frame."""
        if self._is_used:
            self._half[:] = 0
        self._is_used = False
        self._light = None

    def shine(self, rgb: Plane) -> None:
        """Add light: (rows, columns, 3) 0 … 255 at `light_size`, spread over the whole frame."""
        self._light = rgb.astype(np.float32) if self._light is None else self._light + rgb

    def specks(self, specks: NDArray[np.float32]) -> None:
        """Put small things over what is there, in the order given.

        specks   (n, 11) float32: x, y in pixels of the video; half length and half width; cos and sin of the length's
                 direction; edge 1 (soft) … 20 (sharp); rim 0 (full) … 1 (ring); coverage 0 … 1 is the last of
                 Y, U, V, coverage after those, 12 columns in all.
        """
        if not len(specks):
            return
        self.lay_light()
        self._is_used = True
        scaled = specks.astype(np.float32)
        scaled[:, :2] = (scaled[:, :2] - np.float32(0.5)) / 2
        scaled[:, 2:4] = np.maximum(scaled[:, 2:4] / 2, np.float32(0.55))
        _splat(self._half, scaled)

    def lay_light(self) -> None:
        """Bring the light so far under what is painted next."""
        if self._light is None:
            return
        colour = to_yuv(np.clip(self._light, 0, 255))
        cover = colour[..., :1] / 255
        size = (self._half.shape[2], self._half.shape[1])
        grown = cv2.resize(np.concatenate([colour, cover], axis=2), size, interpolation=cv2.INTER_LINEAR)
        self._light = None
        if self._is_used:
            left = 1 - grown[..., 3]
            for n in range(4):
                self._half[n] = self._half[n] * left + grown[..., n]
        else:
            self._half[:] = grown.transpose(2, 0, 1)
        self._is_used = True

    def finished(self) -> Plane:
        """(4, height / 2, width / 2): Y, U, V multiplied by coverage, and coverage; empty if nothing was painted."""
        self.lay_light()
        return self._half if self._is_used else self._nothing


@compiled
def _splat(canvas: Any, specks: Any) -> None:
    _, height, width = canvas.shape
    for n in range(specks.shape[0]):
        x, y, long, wide = specks[n, 0], specks[n, 1], specks[n, 2], specks[n, 3]
        cos, sin, edge, rim = specks[n, 4], specks[n, 5], specks[n, 6], specks[n, 7]
        tall = np.sqrt((long * sin) ** 2 + (wide * cos) ** 2)
        across = np.sqrt((long * cos) ** 2 + (wide * sin) ** 2)
        top, bottom = max(0, int(np.ceil(y - tall))), min(height, int(np.floor(y + tall)) + 1)
        left, right = max(0, int(np.ceil(x - across))), min(width, int(np.floor(x + across)) + 1)
        for j in range(top, bottom):
            for i in range(left, right):
                dx, dy = np.float32(i) - x, np.float32(j) - y
                along, aside = (dx * cos + dy * sin) / long, (dy * cos - dx * sin) / wide
                square = along * along + aside * aside
                if square < np.float32(1):
                    inside = np.float32(1) - square
                    value = min(np.float32(1), inside * inside * edge)
                    value *= np.float32(1) - rim + rim * square * square
                    share = value * specks[n, 11]
                    left_over = np.float32(1) - share
                    canvas[0, j, i] = canvas[0, j, i] * left_over + value * specks[n, 8]
                    canvas[1, j, i] = canvas[1, j, i] * left_over + value * specks[n, 9]
                    canvas[2, j, i] = canvas[2, j, i] * left_over + value * specks[n, 10]
                    canvas[3, j, i] = canvas[3, j, i] * left_over + share
