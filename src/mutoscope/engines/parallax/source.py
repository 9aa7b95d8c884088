"""A scene made ready for the kernels: every layer as padded luma, chroma and alpha, with a look already in it.

Looks and blur that hold still for a shot are done here once, not in every frame. Colours are mixed as they are
stored (sRGB's own curve): that is what the layers' soft edges were cut for, and the sum of all weights is one, so
flat areas stay as they are. It knows nothing of cameras. Read next: `kernels.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.developing import to_planes
from mutoscope.engines.parallax.kernels import BLOCK
from mutoscope.engines.parallax.sampling import EDGE, Pixels, Plane, lane_offsets

Look = Callable[[Plane], Plane]
Defocus = Callable[[Any], "tuple[Pixels, Pixels] | None"]

_LOOK_STEPS = 33
_NO_TABLE = np.empty((0, 0, 0, 3), np.float32)


class Source:
    """The planes of all layers, far to near."""

    def __init__(
        self,
        layers: Sequence[Any],
        look: Look | None = None,
        defocus: Defocus | None = None,
        covers: Source | None = None,
    ) -> None:
        """covers   a source with the same alpha, which is then shared; only without defocus."""
        height, width = layers[0].rgb.shape[:2]
        count = len(layers)
        self.size = (width, height, (width + 1) // 2, (height + 1) // 2)
        whole, half = ((height + EDGE) * (width + EDGE), (self.size[3] + EDGE) * (self.size[2] + EDGE))
        self._lanes = lane_offsets(width + EDGE, self.size[2] + EDGE, half)
        self._luma = np.empty((count, whole), np.uint8)
        self._chroma = np.empty((count, 2 * half), np.uint8)
        shared = covers if defocus is None else None
        above = max(1, count - 1)
        blocks = (above, -(-height // BLOCK), -(-width // BLOCK))
        self._alpha: Pixels = shared._alpha if shared else np.zeros((above, whole), np.uint8)
        self._alpha_half: Pixels = shared._alpha_half if shared else np.zeros((above, 2 * half), np.uint8)
        self._least: Pixels = shared._least if shared else np.zeros(blocks, np.uint8)
        self._most: Pixels = shared._most if shared else np.zeros(blocks, np.uint8)
        table = look_table(look) if look else _NO_TABLE
        for number, layer in enumerate(layers):
            blurred = defocus(layer) if defocus else None
            rgb, alpha = blurred if blurred else (layer.rgb, layer.alpha)
            self._add_colours(number, rgb, table)
            if number and not shared:
                self._add_alpha(number - 1, alpha)

    def planes(self) -> tuple[Any, ...]:
        """What `kernels.composite` takes first: planes, least and greatest alpha, sizes, lanes.

        planes   luma, alpha, chroma, alpha for chroma: uint8, a flat padded plane for each layer; of alpha for each
                 but the farthest, which is opaque; of chroma U, then V, and its alpha twice.
        """
        planes = self._luma, self._alpha, self._chroma, self._alpha_half
        return *planes, self._least, self._most, np.array(self.size), self._lanes

    def _add_colours(self, number: int, rgb: Pixels, table: Plane) -> None:
        width, height, half_width, half_height = self.size
        luma = np.empty((height, width), np.uint8)
        blue, red = np.empty((2, half_height, half_width), np.uint8)
        to_planes(np.ascontiguousarray(rgb), table, dither_tile(), luma, blue, red)
        self._luma[number] = _padded(luma)
        self._chroma[number] = np.concatenate([_padded(blue), _padded(red)])

    def _add_alpha(self, number: int, alpha: Pixels) -> None:
        width, height, half_width, half_height = self.size
        self._alpha[number] = _padded(alpha)
        even = np.pad(alpha, ((0, height % 2), (0, width % 2)), mode="edge")
        half = cv2.resize(even, (half_width, half_height), interpolation=cv2.INTER_AREA)
        self._alpha_half[number] = np.tile(_padded(half), 2)
        whole = np.pad(alpha, ((0, -height % BLOCK), (0, -width % BLOCK)), mode="edge")
        blocks = whole.reshape(whole.shape[0] // BLOCK, BLOCK, -1, BLOCK)
        self._least[number], self._most[number] = blocks.min(axis=(1, 3)), blocks.max(axis=(1, 3))


def _padded(plane: Any) -> Pixels:
    """The plane with its edges repeated, flat."""
    return np.asarray(cv2.copyMakeBorder(plane, 1, EDGE - 1, 1, EDGE - 1, cv2.BORDER_REPLICATE), np.uint8).reshape(-1)


def look_table(look: Look) -> Plane:
    """(n, n, n, 3): the look at evenly spaced colours, for interpolation in between."""
    steps = np.linspace(0, 255, _LOOK_STEPS, dtype=np.float32)
    rgb = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    return np.ascontiguousarray(look(rgb).reshape(_LOOK_STEPS, _LOOK_STEPS, _LOOK_STEPS, 3), np.float32)


@functools.cache
def dither_tile(side_px: int = 64) -> Plane:
    """Numbers spread evenly over 0 … 1 such that neighbours differ much, which the eye averages out.

    It keeps skies from falling into bands and does not change from frame to frame, which would cost bits.
    Source: Jimenez 2014, interleaved gradient noise.
    """
    y, x = np.mgrid[:side_px, :side_px].astype(np.float64)
    noise = np.mod(52.9829189 * np.mod(0.06711056 * x + 0.00583715 * y, 1.0), 1.0)
    rank = np.argsort(np.argsort(noise, axis=None, kind="stable"), kind="stable").reshape(noise.shape)
    tile: NDArray[np.float32] = ((rank + 0.5) / rank.size).astype(np.float32)
    return tile
