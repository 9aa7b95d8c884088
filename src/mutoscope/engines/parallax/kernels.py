"""The kernel every frame goes through: look up each layer where the camera sees it, and lay them over one another.

Every output value is computed by itself, in a fixed order of operations. A frame that needs nothing else is made into
bytes while its rows are still in the cache. Nothing here knows about plans or files; see `render.py`. Before it comes
`tracing.py`, below it `sampling.py`, after it `developing.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mutoscope.engines.parallax.compiling import compiled, fma
from mutoscope.engines.parallax.developing import finish_rows
from mutoscope.engines.parallax.sampling import EDGE, LANES, TILE, look_up, places, scratch

BLOCK = 8
"""Side of the squares, in source pixels, whose least and greatest alpha are known in advance."""

_F, _U = np.float32, np.uint32


@compiled
def composite(  # noqa: PLR0917 -- numba has no keyword-only arguments
    source: Any, grid: Any, waves: Any, fog: Any, luma: Any, blue: Any, red: Any, weight: Any, is_first: bool
) -> None:
    """Put the layers over one another as the grid says, far to near; only those a tile can show.

    source           planes of `source.Source.planes`.
    grid             (layers, rows, columns, 2) source position of every sixteenth output pixel.
    waves            (layers, rows, columns, 2) and (2, height): see `_wave_of`; empty when nothing ripples.
    fog              (layers, rows, columns) 0 … 1 and Y, U, V; empty when there is none.
    luma, blue, red  float32, Y 0 … 255 and U, V around 128; multiplied by weight, added to unless is_first.
    """
    height, width = blue.shape
    for j in range(grid.shape[1] - 1):
        first = j * TILE // 2
        space = min(TILE // 2, height - first), width, first * width
        _tiles(
            j, source, grid, waves, fog, luma.reshape(-1), blue.reshape(-1), red.reshape(-1), space, weight, is_first
        )


@compiled
def film(source: Any, grid: Any, waves: Any, fog: Any, development: Any, out: Any) -> None:  # noqa: PLR0917 -- as above
    """`composite` and `developing.finish` in one, for frames that are looked up once and go through no lens.

    development   what `finish` takes after the planes and before `out`.
    """
    width, half = out.shape[1], TILE // 2
    for j in range(grid.shape[1] - 1):
        lines = np.empty((TILE, width), np.float32)
        blue, red = np.empty((half, width // 2), np.float32), np.empty((half, width // 2), np.float32)
        rows = min(half, out.shape[0] // 3 - j * half)
        space = rows, width // 2, 0
        _tiles(j, source, grid, waves, fog, lines.reshape(-1), blue.reshape(-1), red.reshape(-1), space, _F(1), True)
        finish_rows(j * half, rows, lines, blue, red, development, out)


@compiled
def _tiles(  # noqa: PLR0917 -- as above
    j: int,
    source: Any,
    grid: Any,
    waves: Any,
    fog: Any,
    out_luma: Any,
    out_blue: Any,
    out_red: Any,
    space: Any,
    weight: Any,
    is_first: bool,
) -> None:
    """One row of tiles, into flat planes.

    space   rows and columns of chroma that there is room for, and where they begin.
    """
    luma, alpha, chroma, alpha_half, least, most, size, lanes = source
    layers = grid.shape[0]
    room = scratch()
    colour = np.empty(TILE * LANES, np.float32)
    cover = np.empty(TILE * LANES, np.float32)
    total = np.empty(TILE * LANES, np.float32)
    moving = np.zeros((TILE, 2), np.float32)
    margin = 8.0 if waves[0].shape[0] else 3.0
    for i in range(grid.shape[2] - 1):
        bottom, shown = 0, 0
        for k in range(layers - 1, 0, -1):
            low, high = _extremes(least[k - 1], most[k - 1], _corners(grid, k, j, i), size, margin)
            if low == 255:
                bottom = k
                break
            if high > 0:
                shown |= 1 << k
        for part in range(2):
            shades, alphas = (luma, alpha) if part == 0 else (chroma, alpha_half)
            limits = _limits(size, part)
            for k in range(bottom, layers):
                if k > bottom and not shown & (1 << k):
                    continue
                corners = _corners(grid, k, j, i)
                if part:
                    corners = _halved_corners(corners)
                wave = _wave_of(waves, k, j, i, part, moving)
                count = places(corners, part, wave, lanes, limits, *room)
                into = total if k == bottom else colour
                look_up(shades[k], part, count, limits[0], *room, into)
                if fog[0].shape[0]:
                    _veil(part, into, fog, k, j, i)
                if k > bottom:
                    look_up(alphas[k - 1], part, count, limits[0], *room, cover)
                    _blend((TILE >> part) * LANES, total, colour, cover)
            rows, columns, first = space
            if part == 0:
                _write(out_luma, (4 * first, 2 * columns, 2 * rows), i, TILE, 0, total, weight, is_first)
            else:
                _write(out_blue, (first, columns, rows), i, TILE // 2, 0, total, weight, is_first)
                _write(out_red, (first, columns, rows), i, TILE // 2, TILE // 2, total, weight, is_first)


@compiled
def _limits(size: Any, part: int) -> Any:
    """Columns of the padded plane, and the last x and y at which all neighbours are within it."""
    width, height = size[2 * part], size[2 * part + 1]
    return _U(width + EDGE), _F(width - 1.001), _F(height - 1.001)


@compiled
def _blend(count: int, total: Any, colour: Any, alpha: Any) -> None:
    """What is there, covered by a colour as far as its alpha goes."""
    for i in range(count):
        j = _U(i)
        share = min(max(alpha[j], _F(0)), _F(255)) * _F(1 / 255)
        below = total[j]
        total[j] = fma(colour[j] - below, share, below)


@compiled
def _veil(part: int, values: Any, fog: Any, k: int, j: int, i: int) -> None:  # noqa: PLR0917 -- as above
    """Mix values with the fog's colour, by its share at the four corners of the tile."""
    shares, colour = fog[0][k], fog[1]
    side = TILE >> part
    step = _F(1.0) / _F(side)
    a, b, c, d = shares[j, i], shares[j, i + 1], shares[j + 1, i], shares[j + 1, i + 1]
    for y in range(side):
        down = _F(y) * step
        left, right = a + (c - a) * down, b + (d - b) * down
        for x in range(LANES):
            o = _U(y * LANES + x)
            mixed = colour[0] if part == 0 else (colour[1] if x < side else colour[2])
            share = left + (right - left) * (_F(x % side) * step)
            values[o] = values[o] + (mixed - values[o]) * share


@compiled
def _write(  # noqa: PLR0917 -- as above
    out: Any, space: Any, i: int, side: int, lane: int, values: Any, weight: Any, is_first: bool
) -> None:
    """One tile of a plane; space: where its row of tiles begins, the plane's columns, and rows left."""
    first, columns, rows = space
    many = min(side, columns - i * side)
    for y in range(min(side, rows)):
        start, o = _U(first + y * columns + i * side), _U(y * LANES + lane)
        if is_first and weight == _F(1):
            for x in range(many):
                out[start + _U(x)] = values[o + _U(x)]
        else:
            for x in range(many):
                value = values[o + _U(x)] * weight
                out[start + _U(x)] = value if is_first else out[start + _U(x)] + value


@compiled
def _extremes(least: Any, most: Any, corners: Any, size: Any, margin: float) -> tuple[int, int]:
    """Least and greatest alpha a tile can meet in one layer: of all blocks of the source that it can touch."""
    ax, ay, bx, by, cx, cy, dx, dy = corners
    width, height = size[0], size[1]
    left, right = min(ax, bx, cx, dx) - margin, max(ax, bx, cx, dx) + margin
    top, bottom = min(ay, by, cy, dy) - margin, max(ay, by, cy, dy) + margin
    low, high = 255, 0
    for j in range(int(min(max(top, 0), height - 1)) // BLOCK, int(min(max(bottom, 0), height - 1)) // BLOCK + 1):
        for i in range(int(min(max(left, 0), width - 1)) // BLOCK, int(min(max(right, 0), width - 1)) // BLOCK + 1):
            low, high = min(low, int(least[j, i])), max(high, int(most[j, i]))
    return low, high


@compiled
def _corners(grid: Any, k: int, j: int, i: int) -> Any:
    a, b, c, d = grid[k, j, i], grid[k, j, i + 1], grid[k, j + 1, i], grid[k, j + 1, i + 1]
    return (a[0], a[1], b[0], b[1], c[0], c[1], d[0], d[1])


@compiled
def _halved_corners(corners: Any) -> Any:
    """The same tile in planes of half the size: chroma sits left between two rows (x = 2 i, y = 2 j + 0.5)."""
    ax, ay, bx, by, cx, cy, dx, dy = corners
    down = _F(0.5 / TILE)
    half, quarter = _F(0.5), _F(0.25)
    mx, my, nx, ny = (cx - ax) * down, (cy - ay) * down, (dx - bx) * down, (dy - by) * down
    return (
        (ax + mx) * half - quarter,
        (ay + my) * half - quarter,
        (bx + nx) * half - quarter,
        (by + ny) * half - quarter,
        (cx + mx) * half - quarter,
        (cy + my) * half - quarter,
        (dx + nx) * half - quarter,
        (dy + ny) * half - quarter,
    )


@compiled
def _wave_of(waves: Any, k: int, j: int, i: int, part: int, wave: Any) -> Any:  # noqa: PLR0917 -- as above
    """Sideways shift at the left and right end of each row of a tile, in pixels of the plane; empty for none."""
    ripple, rows = waves
    if ripple.shape[0] == 0:
        return wave[:0]
    side = TILE >> part
    scale = _F(1.0) / _F(1 + part)
    for y in range(side):
        row = min(j * TILE + y * (1 + part), rows.shape[1] - 1)
        down = _F(y) / _F(side)
        for end in range(2):
            cos = ripple[k, j, i + end, 0] + (ripple[k, j + 1, i + end, 0] - ripple[k, j, i + end, 0]) * down
            sin = ripple[k, j, i + end, 1] + (ripple[k, j + 1, i + end, 1] - ripple[k, j, i + end, 1]) * down
            wave[y, end] = (cos * rows[0, row] + sin * rows[1, row]) * scale
    return wave[:side]
