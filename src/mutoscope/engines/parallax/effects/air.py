"""Fog and mist: what is far is veiled more than what is near, and the veil drifts.

Each layer carries its own share, so that the edge of a near thing stays sharp before the fog behind it.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np

from mutoscope.engines.parallax.chance import noise
from mutoscope.engines.parallax.effects.base import Array, Moment, Part

_SIDE = 256


@functools.lru_cache(maxsize=4)
def clouds(seed: int, purpose: str) -> Array:
    """(256, 256) float32 soft noise about -1 … 1 that repeats without a seam."""
    total = np.zeros((_SIDE, _SIDE), np.float32)
    for octave, cells in enumerate((4, 8, 16, 32)):
        coarse = noise(seed, f"{purpose} {octave}", cells, cells)
        wide = np.tile(coarse, (3, 3))
        large = cv2.resize(wide, (3 * _SIDE, 3 * _SIDE), interpolation=cv2.INTER_CUBIC)
        total += large[_SIDE : 2 * _SIDE, _SIDE : 2 * _SIDE] * np.float32(0.55**octave)
    return np.asarray(np.clip(total / (1.7 * total.std()), -1, 1), np.float32)


def drifting(texture: Array, x: Array, y: Array) -> Array:
    """Bilinear look-up at x, y in repeats of the texture."""
    u, v = np.mod(x, 1.0) * _SIDE, np.mod(y, 1.0) * _SIDE
    padded = np.pad(texture, ((0, 1), (0, 1)), mode="wrap")
    return np.asarray(cv2.remap(padded, u.astype(np.float32), v.astype(np.float32), cv2.INTER_LINEAR), np.float32)


class Fog(Part):
    """Thick in the distance, thin nearby, everywhere a little."""

    least, most, uneven, speed = 0.10, 0.72, 0.32, 0.02

    def veil(self, moment: Moment, grid: Array, disparity: Array) -> Array:
        """More with distance, in swathes that drift at two speeds."""
        x = grid[..., 0] / self.place.scene.width_px
        y = grid[..., 1] / self.place.scene.width_px
        swathes = self._swathes(moment, x, y)
        share = (self.least + self.most * self._depth(np.clip(disparity, 0, 1), y)) * (1 + self.uneven * swathes)
        thick: Array = np.clip(share * min(1.35, 0.4 + 0.6 * self.strength), 0, 0.93).astype(np.float32)
        return thick

    def _depth(self, disparity: Array, y: Array) -> Array:
        far: Array = (1 - disparity) ** 2.2
        return far

    def _swathes(self, moment: Moment, x: Array, y: Array) -> Array:
        texture = clouds(self.place.seed, type(self).__name__)
        at = moment.at_s * self.speed
        layers, rows, columns = x.shape
        flat_x, flat_y = x.reshape(layers * rows, columns), y.reshape(layers * rows, columns)
        slow = drifting(texture, flat_x * 0.7 + at, flat_y * 1.1)
        quick = drifting(texture, flat_x * 1.5 + 1.9 * at + 0.37, flat_y * 2.1 + 0.1 * at)
        swathes: Array = (0.65 * slow + 0.5 * quick).reshape(layers, rows, columns)
        return swathes

    def look(self, rgb: Array) -> Array:
        """Less colour in what is left."""
        grey = rgb.mean(axis=1, keepdims=True)
        pale: Array = grey + (rgb - grey) * np.float32(1 - 0.18 * min(1.5, self.strength))
        return pale


class Mist(Fog):
    """Lies low: a band over the ground or the water in the distance."""

    least, most, uneven, speed = 0.02, 0.62, 0.75, 0.03

    def _depth(self, disparity: Array, y: Array) -> Array:
        ratio = self.place.ratio
        low = np.exp(-(((y / ratio - 0.6) / 0.2) ** 2))
        band: Array = (1 - disparity) ** 1.3 * (0.22 + 0.9 * low)
        return band
