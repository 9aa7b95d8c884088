"""Resampling and colour kernels, compiled once by numba and cached.

Every output value is computed by itself, in a fixed order of operations and without fast-math, so that
neither the number of threads nor the kind of CPU changes a bit. Nothing here knows about cameras or files;
see `render.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Weights = NDArray[np.float64]

PHASES = 2048
"""Sub-pixel positions in a filter table: a sample is off by at most 1/4096 px, which no eye can follow."""

LOBES = 3
_WEIGHT_ONE = 1 << 16


def lanczos_table(scale: float) -> Plane:
    """Lanczos-3 weights for every sub-pixel position, (taps, PHASES) float32.

    scale   source pixels per output pixel; above 1 the filter widens so that nothing aliases.

    Plain Lanczos puts an edge up to 0.015 px beside its place, by an amount that changes with the position: slow
    moves would tremble. The weights are bent by as little as makes every slope stay where it is. They are whole
    multiples of 2**-16 and add up to exactly 1 at every position: flat areas stay flat, and the last bits of a
    CPU's sine do not reach the picture.
    """
    stretch = max(1.0, scale)
    half = int(np.ceil(LOBES * stretch))
    phase = np.arange(PHASES)[:, None] / PHASES
    distance = np.arange(1 - half, half + 1)[None, :] - phase
    window = np.where(np.abs(distance) < LOBES * stretch, np.sinc(distance / stretch / LOBES), 0.0)
    weights = _true_to_slopes(window * np.sinc(distance / stretch), distance, window)
    whole = np.rint(weights * _WEIGHT_ONE)
    largest = np.argmax(whole, axis=1)
    whole[np.arange(PHASES), largest] += _WEIGHT_ONE - whole.sum(axis=1)
    return np.ascontiguousarray((whole / _WEIGHT_ONE).T, np.float32)


def _true_to_slopes(weights: Weights, distance: Weights, window: Weights) -> Weights:
    """Weights with sum 1 and centre of gravity 0, changed by window * (a + b * distance) with the fitting a, b."""
    moments = [(window * distance**power).sum(axis=1) for power in range(3)]
    excess = weights.sum(axis=1) - 1
    offset = (weights * distance).sum(axis=1)
    determinant = moments[0] * moments[2] - moments[1] ** 2
    a = (excess * moments[2] - offset * moments[1]) / determinant
    b = (offset * moments[0] - excess * moments[1]) / determinant
    bent: Weights = weights - window * (a[:, None] + b[:, None] * distance)
    return bent


def _compiled(function: Any, *, parallel: bool = True) -> Any:
    return njit(parallel=parallel, fastmath=False, nogil=True, cache=True, error_model="numpy")(function)


def _filter_line(source: Any, table: Any, start: float, shear: float, line: Any) -> None:
    """line[x] = column x of source, filtered at start + shear * x; the edge value goes on beyond the edge."""
    last = np.int64(source.shape[0] - 1)
    taps, phases = table.shape
    columns = line.shape[0]
    line[:] = np.float32(0)
    if shear == 0.0:
        tick = np.int64(np.floor(start * phases + 0.5))
        first = tick // phases - (taps // 2 - 1)
        for t in range(taps):
            v = min(max(first + t, 0), last)
            weight = table[t, tick % phases]
            for x in range(columns):
                line[x] += weight * source[v, x]
        return
    firsts = np.empty(columns, np.int64)
    phase = np.empty(columns, np.int64)
    for x in range(columns):
        tick = np.int64(np.floor((start + shear * x) * phases + 0.5))
        firsts[x] = tick // phases - (taps // 2 - 1)
        phase[x] = tick % phases
    for t in range(taps):
        weights = table[t]
        for x in range(columns):
            v = min(max(firsts[x] + t, 0), last)
            line[x] += weights[phase[x]] * source[v, x]


_filter = _compiled(_filter_line, parallel=False)


@_compiled
def resample(source: Any, out: Any, table: Any, step: float, start: float, shear: float) -> None:  # noqa: PLR0917 -- numba has no keyword-only arguments
    """out[y, x] = column x of source filtered at start + step * y + shear * x, in pixel indices."""
    for y in prange(out.shape[0]):
        _filter(source, table, start + step * y, shear, out[y])


@_compiled
def resample_to_bytes(  # noqa: PLR0917 -- as above
    source: Any,
    out: Any,
    table: Any,
    step: float,
    start: float,
    shear: float,
    dither: Any,
    low: int,
    high: int,
) -> None:
    """As `resample`, then whole numbers from low to high; the dither tile (0 … 1) settles each fraction."""
    columns = out.shape[1]
    tile = dither.shape[0]
    floor = np.float32(low)
    ceiling = np.float32(high)
    for y in prange(out.shape[0]):
        line = np.empty(columns, np.float32)
        _filter(source, table, start + step * y, shear, line)
        for left in range(0, columns, tile):
            for x in range(min(tile, columns - left)):
                value = line[left + x] + dither[y % tile, x]
                out[y, left + x] = np.uint8(min(max(value, floor), ceiling))


@_compiled
def transpose(plane: Any, out: Any) -> None:
    """out = plane transposed, in blocks that stay in the cache."""
    rows, columns = plane.shape
    for block in prange((rows + 31) // 32):
        bottom = min(block * 32 + 32, rows)
        for left in range(0, columns, 32):
            for x in range(left, min(left + 32, columns)):
                for y in range(block * 32, bottom):
                    out[x, y] = plane[y, x]
