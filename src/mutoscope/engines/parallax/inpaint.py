"""Colours where the photograph has none: behind a nearer object, and beyond a layer's edge.

`push_pull` fills any hole smoothly from what surrounds it. `fill` continues texture and lines into a hole: places to
copy from are found at reduced size (`patches.py`), then the full-size pixels are taken from there and toned to meet
their surroundings without a seam. Nothing here knows about depth; see `layers.py`.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.compiling import compiled
from mutoscope.engines.parallax.patches import HOLE, RADIUS, SOURCE, UNUSED, Level, search

Map = NDArray[np.float32]
Picture = NDArray[np.uint8]

_WORK_AREA_PX = 240_000
"""Pixels among which patches are compared; measured: twice as many take twice as long and look the same."""

_TRUST = 50
"""`push_pull` believes a value fully from a weight of 1/50 on: a pole two pixels wide keeps its own colour."""

_COARSEST_PX = 24
_FEWEST_SOURCES = 40


def push_pull(values: Map, weight: Map) -> Map:
    """Values extended smoothly to wherever the weight is 0.

    values   (h, w) or (h, w, channels) float32.
    weight   (h, w) float32, 0 … 1: how much each value may be trusted.

    With no weight anywhere the answer is 0. Source: Gortler et al. 1996, The Lumigraph, pull and push.
    """
    weighted: list[Any] = [values * (weight if values.ndim == 2 else weight[..., None])]
    weights: list[Any] = [weight]
    while min(weights[-1].shape) > 2:
        weighted.append(cv2.pyrDown(weighted[-1]))
        weights.append(cv2.pyrDown(weights[-1]))
    total = max(float(weights[-1].sum()), 1e-12)
    out = np.broadcast_to(weighted[-1].sum(axis=(0, 1)) / total, weighted[-1].shape).astype(np.float32)
    for level in range(len(weights) - 1, -1, -1):
        own = weights[level]
        size = (own.shape[1], own.shape[0])
        below = cv2.resize(out, size, interpolation=cv2.INTER_LINEAR) if level < len(weights) - 1 else out
        trust = np.clip(own * _TRUST, 0, 1)
        inverse = trust / np.maximum(own, np.float32(1e-6))
        if values.ndim == 3:
            trust, inverse = trust[..., None], inverse[..., None]
        out = weighted[level] * inverse + below * (1 - trust)
    return np.ascontiguousarray(out, np.float32)


def fill(picture: Picture, state: Picture, under: Picture, *, seed: int, near: int = 3000) -> Picture:
    """The picture with its hole filled.

    picture  uint8 (h, w, 3).
    state    uint8 (h, w) of SOURCE, HOLE and UNUSED.
    under    uint8 (h, w, 3): a smooth filling, to start from and to keep where there is nothing to copy.
    near     how much nearer places are preferred; see `patches.search`.
    """
    factor = max(1, round((state.size / _WORK_AREA_PX) ** 0.5))
    levels = _pyramid(picture, state, under, factor)
    if levels is None:
        return under
    found = search(levels, np.uint32(seed), near)
    toning = _toning(levels[0], found)
    size = (toning.shape[1] * factor, toning.shape[0] * factor)
    larger = cv2.resize(toning, size, interpolation=cv2.INTER_LINEAR)
    out = under.copy()
    _copy_detail(picture, state, found, factor, larger, out)
    return out


def _pyramid(picture: Picture, state: Picture, under: Picture, factor: int) -> list[Level] | None:
    """Finest first; None when there is too little to copy from or nothing to fill."""
    usable = (state == SOURCE).astype(np.uint8)
    hole = (state == HOLE).astype(np.uint8)
    if not hole.any():
        return None
    planes: tuple[Any, ...] = (np.where(usable[..., None] > 0, picture, under), usable, hole)
    levels: list[Level] = []
    while True:
        colours, usable, hole = (_blocks(plane, factor) for plane in planes)
        usable, hole = (usable > 0.999).astype(np.float32), (hole > 0.001).astype(np.float32)
        states = np.where(hole > 0, HOLE, np.where(usable > 0, SOURCE, UNUSED)).astype(np.uint8)
        window = np.ones((2 * RADIUS + 1, 2 * RADIUS + 1), np.uint8)
        own = (states == SOURCE).astype(np.uint8)
        centres = np.asarray(cv2.erode(own, window, borderType=cv2.BORDER_CONSTANT, borderValue=0), np.uint8)
        if int(centres.sum()) < _FEWEST_SOURCES:
            break
        levels.append((np.rint(colours).astype(np.int16), states, centres))
        if min(states.shape) < 2 * _COARSEST_PX:
            break
        planes, factor = (colours, usable, hole), 2
    return levels or None


def _blocks(plane: Any, factor: int) -> Any:
    """Means over blocks of factor x factor pixels; the last ones may be narrower."""
    if factor == 1:
        return plane.astype(np.float32)
    height, width = plane.shape[:2]
    rows, columns = -(-height // factor), -(-width // factor)
    edges = ((0, rows * factor - height), (0, columns * factor - width)) + ((0, 0),) * (plane.ndim - 2)
    whole = np.pad(plane, edges, mode="edge") if rows * factor != height or columns * factor != width else plane
    return cv2.resize(whole.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)


def _toning(level: Level, found: NDArray[np.int32]) -> Map:
    """What to add to copied colours so that they meet the picture at the hole's edge without a seam.

    Just outside the hole both are known, the copy and the picture; their difference is carried inwards, fading.
    """
    colours, states, _ = level
    matched = found[..., 0] >= 0
    copied = colours[np.maximum(found[..., 0], 0), np.maximum(found[..., 1], 0)]
    edge = matched & (states == SOURCE)
    difference = np.where(edge[..., None], np.clip(colours - copied, -48, 48), 0).astype(np.float32)
    weight = edge + np.float32(0.0005) * (states == HOLE)
    return push_pull(np.asarray(cv2.blur(difference, (3, 3)), np.float32), weight.astype(np.float32))


@compiled
def _copy_detail(picture: Any, state: Any, found: Any, factor: Any, toning: Any, out: Any) -> None:  # noqa: PLR0917
    """Full-size pixels of the hole from where the small search found them, four neighbours blended."""
    rows, columns = state.shape
    small_rows, small_columns = found.shape[0], found.shape[1]
    half = (factor - 1) / 2
    for y in range(rows):
        for x in range(columns):
            if state[y, x] != HOLE:
                continue
            down, across = (y - half) / factor, (x - half) / factor
            top, left = np.int64(np.floor(down)), np.int64(np.floor(across))
            red = green = blue = mass = 0.0
            for j in range(2):
                for i in range(2):
                    b, a = top + j, left + i
                    if b < 0 or b >= small_rows or a < 0 or a >= small_columns or found[b, a, 0] < 0:
                        continue
                    weight = (1 - abs(down - b)) * (1 - abs(across - a)) + 1e-6
                    v = y + (found[b, a, 0] - b) * factor
                    u = x + (found[b, a, 1] - a) * factor
                    if v < 0 or v >= rows or u < 0 or u >= columns:
                        continue
                    red += weight * picture[v, u, 0]
                    green += weight * picture[v, u, 1]
                    blue += weight * picture[v, u, 2]
                    mass += weight
            if mass > 0:
                out[y, x, 0] = np.uint8(min(max(red / mass + toning[y, x, 0] + 0.5, 0.0), 255.0))
                out[y, x, 1] = np.uint8(min(max(green / mass + toning[y, x, 1] + 0.5, 0.0), 255.0))
                out[y, x, 2] = np.uint8(min(max(blue / mass + toning[y, x, 2] + 0.5, 0.0), 255.0))
