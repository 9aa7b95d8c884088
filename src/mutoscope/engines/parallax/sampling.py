"""Look-up of one tile in one plane: Catmull-Rom over 4 x 4 neighbours, as numba functions.

A tile is 16 lanes wide: 16 x 16 px of luma or alpha, or 8 x 8 px of both chroma planes side by side. Nearly always
its rows look along the rows of the source, and then each source row is interpolated across once and the results
down (after Catmull and Smith 1980): a third of the work. Loops are flat or 16 long: that is what lets the compiler
use vector instructions. Without fast-math every value has one fixed result. Read next: `kernels.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from mutoscope.engines.parallax.compiling import compiled, fma

Plane = NDArray[np.float32]
Pixels = NDArray[np.uint8]

TILE = 16
LANES = 16
EDGE = 3
"""How much larger than the picture a plane is each way: its edges are repeated, once before it and twice behind."""

_F, _I, _U = np.float32, np.int32, np.uint32

_MOST_ROWS = 40
"""Source rows that a tile may span to be looked up row by row."""

# Parts of the two scratch arrays.
_DOWN = _MOST_ROWS * LANES
_MIDDLE = _DOWN + TILE * LANES
_FOUND = _DOWN
_FLOATS = _MIDDLE + (_MOST_ROWS + 4) * LANES
_WORDS = _FOUND + 4 * TILE * LANES

_ROW = np.repeat(np.arange(_MOST_ROWS, dtype=np.float32), LANES)
_COLUMN = np.stack([np.tile(np.arange(LANES) % wide, _MOST_ROWS) for wide in (16, 8)]).astype(np.float32)
"""For each lane of each row, which row and which column of the tile it is; columns of luma, then of chroma."""


def lane_offsets(columns: int, half_columns: int, half_size: int) -> NDArray[np.uint32]:
    """(2, …) how far from a tile's first source row each lane of each row begins, in luma and in chroma.

    columns, half_columns   of the padded planes.
    half_size               of one padded chroma plane; the other lies behind it.
    """
    row, lane = np.divmod(np.arange(_MOST_ROWS * LANES), LANES)
    return np.stack([row * columns, row * half_columns + (lane >= 8) * half_size]).astype(np.uint32)


def _four_bytes(_context: Any, plane: Any, _at: Any) -> Any:
    """Bytes at, at + 1, at + 2, at + 3 of a flat plane in one number, the first lowest."""

    def load(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        first = builder.gep(array.data, [builder.zext(arguments[1], ir.IntType(64))])
        return builder.load(builder.bitcast(first, ir.IntType(32).as_pointer()), align=1)

    return types.uint32(plane, types.uint32), load


_four: Any = intrinsic(_four_bytes)


@compiled
def scratch() -> Any:
    """Room for the work on one tile."""
    return np.zeros(_FLOATS, np.float32), np.zeros(_WORDS, np.uint32)


@compiled
def places(corners: Any, part: int, wave: Any, lanes: Any, limits: Any, f: Any, at: Any) -> int:  # noqa: PLR0917 -- numba has no keyword-only arguments
    """Where a tile looks, left in the scratch arrays; the number of source rows, or 0 if it goes across them.

    corners   x, y of the upper left, upper right, lower left, lower right corner in the plane.
    part      0 for luma and alpha, 1 for chroma.
    wave      (rows, 2) further shift to the right at both ends of each row; empty for none.
    lanes     of `lane_offsets`.
    limits    columns of the padded plane, and the last x and y that can be looked at.
    """
    _, ay, _, by, _, cy, _, dy = corners
    rows = _F(TILE >> part)
    steep = max(abs(by - ay), abs(dy - cy)) >= _F(1) or min(cy - ay, dy - by) < rows * _F(0.25)
    low, high = min(max(min(ay, by), _F(0)), limits[2]), min(max(cy, dy, _F(0)), limits[2])
    count = int(high) - int(low) + 4
    if steep or wave.shape[0] or count > _MOST_ROWS:
        _scattered(corners, part, wave, lanes, limits, f, at)
        return 0
    _aligned(corners, part, count, lanes, limits, f, at)
    return count


@compiled
def _aligned(corners: Any, part: int, count: int, lanes: Any, limits: Any, f: Any, at: Any) -> None:  # noqa: PLR0917 -- as above
    """Where each column of the tile crosses each source row, and how far down each pixel lies."""
    ax, ay, bx, by, cx, cy, dx, dy = corners
    rows = TILE >> part
    columns, right, bottom = limits
    first = _I(min(max(min(ay, by), _F(0)), bottom))
    step = _F(1) / _F(rows)
    ux, uy = (bx - ax) * step, (by - ay) * step
    gx, gy = (cx - ax) * step, (cy - ay) * step
    tx, ty = (dx - cx - bx + ax) * step * step, (dy - cy - by + ay) * step * step
    slant = gx / gy
    turn = ((gx + tx * _F(rows)) / (gy + ty * _F(rows)) - slant) * step
    above, start = _F(first - _I(1)), _U(first) * columns
    column, offset = _COLUMN[part], lanes[part]
    for i in range(count * LANES):
        j = _U(i)
        x = column[j]
        q = fma(fma(turn, x, slant), _ROW[j] + (above - fma(uy, x, ay)), fma(ux, x, ax))
        q = min(max(q, _F(0)), right)
        k = _I(q)
        f[j] = q - _F(k)
        at[j] = start + _U(k) + offset[j]
    for i in range(rows * LANES):
        j = _U(i)
        x = column[j]
        y = fma(fma(ty, x, gy), _ROW[j], fma(uy, x, ay))
        f[_U(_DOWN) + j] = min(max(y, _F(0)), bottom) - _F(first)


@compiled
def _scattered(corners: Any, part: int, wave: Any, lanes: Any, limits: Any, f: Any, at: Any) -> None:  # noqa: PLR0917 -- as above
    """Where each pixel looks by itself."""
    ax, ay, bx, by, cx, cy, dx, dy = corners
    rows = TILE >> part
    columns, right, bottom = limits
    step = _F(1) / _F(rows)
    column, offset = _COLUMN[part], lanes[part]
    for i in range(rows * LANES):
        j = _U(i)
        x, y = column[j] * step, _ROW[j] * step
        f[j] = ax + (bx - ax) * x + (cx - ax + (dx - cx - bx + ax) * x) * y
        f[_U(_DOWN) + j] = ay + (by - ay) * x + (cy - ay + (dy - cy - by + ay) * x) * y
    for y in range(wave.shape[0]):
        for x in range(LANES):
            j = _U(y * LANES + x)
            f[j] += wave[y, 0] + (wave[y, 1] - wave[y, 0]) * column[_U(x)] * step
    for i in range(rows * LANES):
        j = _U(i)
        qx, qy = min(max(f[j], _F(0)), right), min(max(f[_U(_DOWN) + j], _F(0)), bottom)
        kx, ky = _I(qx), _I(qy)
        f[j], f[_U(_DOWN) + j] = qx - _F(kx), qy - _F(ky)
        at[j] = _U(ky) * columns + _U(kx) + offset[_U(i % LANES)]


@compiled
def look_up(plane: Any, part: int, count: int, columns: Any, f: Any, at: Any, out: Any) -> None:  # noqa: PLR0917 -- as above
    """out[i] of the tile, from what `places` left and returned."""
    if count:
        _across(plane, count, f, at)
        _down(TILE >> part, f, out)
    else:
        _one_by_one(plane, TILE >> part, columns, f, at, out)


@compiled
def _between(p0: Any, p1: Any, p2: Any, p3: Any, u: Any) -> Any:
    """Catmull-Rom from p1 (u = 0) to p2 (u = 1)."""
    third = fma(_F(3), p1 - p2, p3 - p0)
    second = fma(_F(-5), p1, fma(_F(4), p2, fma(_F(2), p0, -p3)))
    return fma(_F(0.5) * u, fma(u, fma(u, third, second), p2 - p0), p1)


@compiled
def _across(plane: Any, count: int, f: Any, at: Any) -> None:
    """Each source row interpolated at each column."""
    low = _U(255)
    for i in range(count * LANES):
        j = _U(i)
        at[_U(_FOUND) + j] = _four(plane, at[j])
    for i in range(count * LANES):
        j = _U(i)
        p, u = at[_U(_FOUND) + j], f[j]
        a, b, c, d = p & low, (p >> _U(8)) & low, (p >> _U(16)) & low, p >> _U(24)
        p0, p1, p2, p3 = _F(_I(a)), _F(_I(b)), _F(_I(c)), _F(_I(d))
        f[_U(_MIDDLE) + j] = _between(p0, p1, p2, p3, u)


@compiled
def _down(rows: int, f: Any, out: Any) -> None:
    """The interpolated rows interpolated down: along a row of the tile the source row changes once at most."""
    for y in range(rows):
        o = _U(y * LANES)
        base = min(_I(f[_U(_DOWN) + o]), _I(f[_U(_DOWN + LANES - 1) + o]))
        above = _F(base)
        s = _U(_MIDDLE) + _U(base) * _U(LANES)
        for i in range(LANES):
            x = _U(i)
            u, j = f[_U(_DOWN) + o + x] - above, s + x
            h0, h1, h2, h3, h4 = f[j], f[j + _U(16)], f[j + _U(32)], f[j + _U(48)], f[j + _U(64)]
            is_next = u >= _F(1)
            p0, p1 = h1 if is_next else h0, h2 if is_next else h1
            p2, p3 = h3 if is_next else h2, h4 if is_next else h3
            u = u - _F(1) if is_next else u
            out[o + x] = _between(p0, p1, p2, p3, u)


@compiled
def _one_by_one(plane: Any, rows: int, columns: Any, f: Any, at: Any, out: Any) -> None:  # noqa: PLR0917 -- as above
    """All 16 neighbours of every pixel."""
    many = _U(TILE * LANES)
    for i in range(rows * LANES):
        j = _U(i)
        for row in range(4):
            at[_U(_FOUND) + many * _U(row) + j] = _four(plane, at[j] + columns * _U(row))
    half, low = _F(0.5), _U(255)
    for i in range(rows * LANES):
        j = _U(i)
        u, v = f[j], f[_U(_DOWN) + j]
        u0, u3 = ((_F(1) - half * u) * u - half) * u, (half * u - half) * u * u
        u2 = ((_F(2) - _F(1.5) * u) * u + half) * u
        u1 = _F(1) - u0 - u2 - u3
        v0, v3 = ((_F(1) - half * v) * v - half) * v, (half * v - half) * v * v
        v2 = ((_F(2) - _F(1.5) * v) * v + half) * v
        v1 = _F(1) - v0 - v2 - v3
        o = _U(_FOUND) + j
        p, q, r, s = at[o], at[o + many], at[o + many * _U(2)], at[o + many * _U(3)]
        c0 = _F(_I(p & low)) * v0 + _F(_I(q & low)) * v1 + _F(_I(r & low)) * v2 + _F(_I(s & low)) * v3
        p, q, r, s = p >> _U(8), q >> _U(8), r >> _U(8), s >> _U(8)
        c1 = _F(_I(p & low)) * v0 + _F(_I(q & low)) * v1 + _F(_I(r & low)) * v2 + _F(_I(s & low)) * v3
        p, q, r, s = p >> _U(8), q >> _U(8), r >> _U(8), s >> _U(8)
        c2 = _F(_I(p & low)) * v0 + _F(_I(q & low)) * v1 + _F(_I(r & low)) * v2 + _F(_I(s & low)) * v3
        p, q, r, s = p >> _U(8), q >> _U(8), r >> _U(8), s >> _U(8)
        c3 = _F(_I(p)) * v0 + _F(_I(q)) * v1 + _F(_I(r)) * v2 + _F(_I(s)) * v3
        out[j] = c0 * u0 + c1 * u1 + c2 * u2 + c3 * u3
