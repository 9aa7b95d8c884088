"""The last step of a scene: still, the layers must show the picture itself.

Mattes and fillings are estimates. Where their sum differs from the picture, first a rim of the nearer layer's light
is given back to that layer (else its ghost would stay behind when it moves), then the rest of the difference is laid
on the layers in proportion to how much of each is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.compiling import compiled, in_bands

Picture = NDArray[np.uint8]


def settle(picture: Picture, colours: Picture, alphas: Picture, veils: Sequence[Picture]) -> None:
    """Make the layers add up to the picture, in place.

    colours, alphas  uint8 (layers, h, w, 3) and (layers, h, w), far to near.
    veils            for each layer but the farthest, uint8 (h, w): 255 where it or its rim covers what lies behind.
    """
    if not veils:
        return
    busy = np.zeros(picture.shape[:2], np.uint8)
    for veil in veils:
        np.maximum(busy, veil, out=busy)
    in_bands(_settle, len(picture), picture, busy, np.stack(veils), colours, alphas)


@compiled
def _settle(first: int, end: int, picture: Any, busy: Any, veils: Any, colours: Any, alphas: Any) -> None:  # noqa: PLR0917 -- numba has no keyword-only arguments
    count, _, columns = alphas.shape
    unit = np.float32(1 / 255)
    one = np.float32(1)
    for y in range(first, end):
        seen = np.empty(3, np.float32)
        behind = np.empty(3, np.float32)
        share = np.empty(count, np.float32)
        for x in range(columns):
            if busy[y, x] == 0:
                continue
            for c in range(3):
                seen[c] = picture[y, x, c]
                behind[c] = colours[0, y, x, c]
            for k in range(1, count):
                a = np.float32(alphas[k, y, x]) * unit
                veil = np.float32(veils[k - 1, y, x]) * unit
                if veil > 0 and a < np.float32(0.5):
                    along = across = length = np.float32(0)
                    for c in range(3):
                        span = np.float32(colours[k, y, x, c]) - behind[c]
                        along += span * (seen[c] - behind[c])
                        length += span * span
                    part = min(max(along / (length + one), np.float32(0)), one)
                    for c in range(3):
                        span = np.float32(colours[k, y, x, c]) - behind[c]
                        across += (seen[c] - behind[c] - part * span) ** 2
                    fits = min(max(np.float32(1.5) - np.sqrt(across) / np.float32(16), np.float32(0)), one)
                    clear = min(max((np.sqrt(length) - np.float32(24)) / np.float32(32), np.float32(0)), one)
                    a = max(a, min(part, np.float32(0.6)) * fits * clear * veil)
                    alphas[k, y, x] = np.uint8(a * 255 + np.float32(0.5))
                for c in range(3):
                    behind[c] += (np.float32(colours[k, y, x, c]) - behind[c]) * a
            left = one
            total = np.float32(0)
            for k in range(count - 1, -1, -1):
                share[k] = left * np.float32(alphas[k, y, x]) * unit
                left -= share[k]
                total += share[k] * share[k]
            for k in range(count):
                gain = share[k] / total
                for c in range(3):
                    own = np.float32(colours[k, y, x, c])
                    value = own + (seen[c] - behind[c]) * gain
                    # Never beyond what is seen there: a matte that is off must not draw bright or dark lines.
                    value = min(max(value, min(own, seen[c])), max(own, seen[c]))
                    colours[k, y, x, c] = np.uint8(value + np.float32(0.5))
