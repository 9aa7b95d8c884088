"""The kernel every frame goes through: look up each layer where the camera sees it, and lay them over one another.

Compiled once by numba and cached. Every output value is computed by itself, in a fixed order of operations and
without fast-math, so that the number of threads does not change a bit. Loops run over whole tiles of 16 x 16 px
in one scratch array each: that is what lets the compiler use vector instructions. Nothing here knows about plans
or files; see `render.py`. Before it comes `tracing.py`, after it `developing.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Pixels = NDArray[np.uint8]
Packed = NDArray[np.uint32]

TILE = 16
BLOCK = 8
"""Side of the squares, in source pixels, whose least and greatest alpha are known in advance."""

_F, _I, _U = np.float32, np.int32, np.uint32


def compiled(function: Any, *, parallel: bool = True) -> Any:
    """Compile for every core, with one fixed result; kept in the cache folder between processes."""
    return njit(parallel=parallel, fastmath=False, nogil=True, cache=True, error_model="numpy")(function)


def _serial(function: Any) -> Any:
    return compiled(function, parallel=False)


@compiled
def pack(plane: Any, out: Any) -> None:
    """Four neighbours in one number: byte i of out[y + 1, x] is plane[y, x - 1 + i]; edges repeat.

    plane   (height, width) uint8.
    out     (height + 3, width) uint32.
    """
    height, width = plane.shape
    for y in prange(height + 3):
        row = plane[min(max(y - 1, 0), height - 1)]
        for x in range(width):
            a, b = row[max(x - 1, 0)], row[x]
            c, d = row[min(x + 1, width - 1)], row[min(x + 2, width - 1)]
            out[y, x] = _U(a) | (_U(b) << _U(8)) | (_U(c) << _U(16)) | (_U(d) << _U(24))


@_serial
def _places(corners: Any, side: int, stride: Any, right: Any, bottom: Any, wave: Any, f: Any, at: Any) -> None:  # noqa: PLR0917 -- numba has no keyword-only arguments
    """Where each pixel of a tile looks: index of its first neighbour in `at`, fractions in f[0 … 512)."""
    ax, ay, bx, by, cx, cy, dx, dy = corners
    step = _F(1.0) / _F(side)
    for y in range(side):
        down = _F(y) * step
        sx, sy = ax + (cx - ax) * down, ay + (cy - ay) * down
        ex, ey = (bx + (dx - bx) * down - sx) * step, (by + (dy - by) * down - sy) * step
        first = _U(y * side)
        for x in range(side):
            j = first + _U(x)
            f[j] = sx + ex * _F(x)
            f[_U(256) + j] = sy + ey * _F(x)
    if wave.shape[0]:
        for y in range(side):
            for x in range(side):
                j = _U(y * side + x)
                over = _F(x) * step
                f[j] += wave[y, 0] + (wave[y, 1] - wave[y, 0]) * over
    for i in range(side * side):
        j = _U(i)
        qx = min(max(f[j], _F(0)), right)
        qy = min(max(f[_U(256) + j], _F(0)), bottom)
        xi, yi = _I(qx), _I(qy)
        f[j] = qx - _F(xi)
        f[_U(256) + j] = qy - _F(yi)
        at[j] = _U(yi) * stride + _U(xi)


@_serial
def _look_up(packed: Any, stride: Any, count: int, f: Any, at: Any, out: Any) -> None:  # noqa: PLR0917 -- as above
    """Catmull-Rom over 4 x 4 neighbours: out[i] from the fractions and indices that `_places` left."""
    for i in range(count):
        j = _U(i)
        o = at[j]
        at[_U(256) + j] = packed[o]
        at[_U(512) + j] = packed[o + stride]
        at[_U(768) + j] = packed[o + stride * _U(2)]
        at[_U(1024) + j] = packed[o + stride * _U(3)]
    half, low = _F(0.5), _U(255)
    for i in range(count):
        j = _U(i)
        u, v = f[j], f[_U(256) + j]
        u0, u3 = ((_F(1) - half * u) * u - half) * u, (half * u - half) * u * u
        u2 = ((_F(2) - _F(1.5) * u) * u + half) * u
        u1 = _F(1) - u0 - u2 - u3
        v0, v3 = ((_F(1) - half * v) * v - half) * v, (half * v - half) * v * v
        v2 = ((_F(2) - _F(1.5) * v) * v + half) * v
        v1 = _F(1) - v0 - v2 - v3
        p, q, r, s = at[_U(256) + j], at[_U(512) + j], at[_U(768) + j], at[_U(1024) + j]
        c0 = _F(_I(p & low)) * v0 + _F(_I(q & low)) * v1 + _F(_I(r & low)) * v2 + _F(_I(s & low)) * v3
        p, q, r, s = p >> _U(8), q >> _U(8), r >> _U(8), s >> _U(8)
        c1 = _F(_I(p & low)) * v0 + _F(_I(q & low)) * v1 + _F(_I(r & low)) * v2 + _F(_I(s & low)) * v3
        p, q, r, s = p >> _U(8), q >> _U(8), r >> _U(8), s >> _U(8)
        c2 = _F(_I(p & low)) * v0 + _F(_I(q & low)) * v1 + _F(_I(r & low)) * v2 + _F(_I(s & low)) * v3
        p, q, r, s = p >> _U(8), q >> _U(8), r >> _U(8), s >> _U(8)
        c3 = _F(_I(p)) * v0 + _F(_I(q)) * v1 + _F(_I(r)) * v2 + _F(_I(s)) * v3
        out[j] = c0 * u0 + c1 * u1 + c2 * u2 + c3 * u3


@_serial
def _blend(count: int, total: Any, colour: Any, alpha: Any) -> None:
    """What is there, covered by a colour as far as its alpha goes."""
    for i in range(count):
        j = _U(i)
        share = min(max(alpha[j], _F(0)), _F(255)) * _F(1 / 255)
        below = total[j]
        total[j] = below + (colour[j] - below) * share


@_serial
def _veil(side: int, values: Any, veil: Any, colour: Any) -> None:
    """Mix values with a colour, by a share given at the four corners of the tile."""
    step = _F(1.0) / _F(side)
    a, b, c, d = veil
    for y in range(side):
        down = _F(y) * step
        left, right = a + (c - a) * down, b + (d - b) * down
        for x in range(side):
            j = _U(y * side + x)
            share = left + (right - left) * (_F(x) * step)
            values[j] = values[j] + (colour - values[j]) * share


@_serial
def _write(out: Any, top: int, left: int, side: int, values: Any, weight: Any, is_first: bool) -> None:  # noqa: PLR0917 -- as above
    rows, columns = min(side, out.shape[0] - top), min(side, out.shape[1] - left)
    for y in range(rows):
        row = out[top + y]
        for x in range(columns):
            value = values[_U(y * side + x)] * weight
            row[left + x] = value if is_first else row[left + x] + value


@_serial
def _reach(corners: Any, width: int, height: int, margin: float) -> tuple[int, int, int, int]:
    """The blocks of the source that a tile can touch: left, right, top, bottom, all included."""
    ax, ay, bx, by, cx, cy, dx, dy = corners
    left, right = min(ax, bx, cx, dx) - margin, max(ax, bx, cx, dx) + margin
    top, bottom = min(ay, by, cy, dy) - margin, max(ay, by, cy, dy) + margin
    return (
        int(min(max(left, 0), width - 1)) // BLOCK,
        int(min(max(right, 0), width - 1)) // BLOCK,
        int(min(max(top, 0), height - 1)) // BLOCK,
        int(min(max(bottom, 0), height - 1)) // BLOCK,
    )


@_serial
def _extremes(least: Any, most: Any, corners: Any, width: int, height: int, margin: float) -> tuple[int, int]:  # noqa: PLR0917 -- as above
    """Least and greatest alpha a tile can meet in one layer."""
    left, right, top, bottom = _reach(corners, width, height, margin)
    low, high = 255, 0
    for j in range(top, bottom + 1):
        for i in range(left, right + 1):
            low, high = min(low, int(least[j, i])), max(high, int(most[j, i]))
    return low, high


@_serial
def _corners(grid: Any, k: int, j: int, i: int) -> Any:
    a, b, c, d = grid[k, j, i], grid[k, j, i + 1], grid[k, j + 1, i], grid[k, j + 1, i + 1]
    return (a[0], a[1], b[0], b[1], c[0], c[1], d[0], d[1])


@_serial
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


@_serial
def _wave_of(ripple: Any, waves: Any, place: Any, side: int, scale: Any, wave: Any) -> None:  # noqa: PLR0917 -- as above
    """Sideways shift at the left and right end of each row of a tile, in pixels of the plane looked up."""
    k, j, i = place
    every = TILE // side
    for y in range(side):
        row = min(j * TILE + y * every, waves.shape[1] - 1)
        down = _F(y) / _F(side)
        for end in range(2):
            cos = ripple[k, j, i + end, 0] + (ripple[k, j + 1, i + end, 0] - ripple[k, j, i + end, 0]) * down
            sin = ripple[k, j, i + end, 1] + (ripple[k, j + 1, i + end, 1] - ripple[k, j, i + end, 1]) * down
            wave[y, end] = (cos * waves[0, row] + sin * waves[1, row]) * scale


@compiled
def composite(  # noqa: PLR0912, PLR0917 -- one pass over the tile is the point
    luma: Any,
    blue: Any,
    red: Any,
    alpha: Any,
    alpha_half: Any,
    least: Any,
    most: Any,
    size: Any,
    grid: Any,
    ripple: Any,
    waves: Any,
    veil: Any,
    veil_colour: Any,
    out_luma: Any,
    out_blue: Any,
    out_red: Any,
    weight: Any,
    is_first: bool,
) -> None:
    """Put the layers over one another as the grid says, far to near; only those a tile can show.

    luma, blue, red     (layers, pixels) packed planes, far to near; chroma of half the size.
    alpha, alpha_half   (layers - 1, pixels) packed; the farthest layer is opaque.
    least, most         (layers - 1, …) extremes of alpha in blocks of 8 x 8 px.
    size                width and height of the layers, then of their chroma.
    grid                (layers, rows, columns, 2) source position of every sixteenth output pixel.
    ripple, waves       (layers, rows, columns, 2) and (2, height): see `_wave_of`; empty when nothing ripples.
    veil, veil_colour   (layers, rows, columns) 0 … 1 and Y, U, V: fog; empty when there is none.
    out_*               float32, Y 0 … 255 and U, V around 128; added to unless is_first.
    """
    layers = grid.shape[0]
    width, height, chroma_width, chroma_height = size
    has_ripple, has_veil = ripple.shape[0] > 0, veil.shape[0] > 0
    margin = 8.0 if has_ripple else 3.0
    for j in prange(grid.shape[1] - 1):
        f = np.empty(512, np.float32)
        colour = np.empty(256, np.float32)
        cover = np.empty(256, np.float32)
        totals = np.empty((2, 256), np.float32)
        at = np.empty(1280, np.uint32)
        moving = np.zeros((TILE, 2), np.float32)
        wave = moving if has_ripple else moving[:0]
        for i in range(grid.shape[2] - 1):
            bottom = 0
            shown = 0
            for k in range(layers - 1, 0, -1):
                low, high = _extremes(least[k - 1], most[k - 1], _corners(grid, k, j, i), width, height, margin)
                if low == 255:
                    bottom = k
                    break
                if high > 0:
                    shown |= 1 << k
            for part in range(2):
                side = TILE if part == 0 else TILE // 2
                count = side * side
                stride = _U(width if part == 0 else chroma_width)
                right = _F((width if part == 0 else chroma_width) - 1.001)
                lowest = _F((height if part == 0 else chroma_height) - 1.001)
                alphas = alpha if part == 0 else alpha_half
                for k in range(bottom, layers):
                    if k > bottom and not shown & (1 << k):
                        continue
                    corners = _corners(grid, k, j, i)
                    if part:
                        corners = _halved_corners(corners)
                    if has_ripple:
                        _wave_of(ripple, waves, (k, j, i), side, _F(1.0 if part == 0 else 0.5), wave)
                    _places(corners, side, stride, right, lowest, wave, f, at)
                    if k > bottom:
                        _look_up(alphas[k - 1], stride, count, f, at, cover)
                    for plane in range(part + 1):
                        total = totals[plane]
                        into = total if k == bottom else colour
                        source = luma if part == 0 else (blue if plane == 0 else red)
                        _look_up(source[k], stride, count, f, at, into)
                        if has_veil:
                            ends = (veil[k, j, i], veil[k, j, i + 1], veil[k, j + 1, i], veil[k, j + 1, i + 1])
                            _veil(side, into, ends, veil_colour[part + plane])
                        if k > bottom:
                            _blend(count, total, colour, cover)
                for plane in range(part + 1):
                    out = out_luma if part == 0 else (out_blue if plane == 0 else out_red)
                    _write(out, j * side, i * side, side, totals[plane], weight, is_first)
