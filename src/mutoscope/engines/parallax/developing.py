"""Colour in and bytes out: pictures become planes once per shot, planes become the encoder's bytes once per frame.

BT.709 throughout; ordered dither that holds still settles every fraction. Nothing here moves a pixel. Read next:
`source.py` and `render.py`, which call these.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mutoscope.engines.parallax.compiling import compiled, fma

_F = np.float32

_LUMA = _F(219 / 255), _F(16), _F(16), _F(235)
_CHROMA = _F(224 / 255), _F(128), _F(16), _F(240)


@compiled
def _looked(table: Any, r: Any, g: Any, b: Any) -> tuple[Any, Any, Any]:
    last = table.shape[0] - 2
    i, j, k = min(int(r), last), min(int(g), last), min(int(b), last)
    x, y, z = r - _F(i), g - _F(j), b - _F(k)
    values = (_F(0), _F(0), _F(0))
    for corner in range(8):
        a, c, e = corner & 1, (corner >> 1) & 1, corner >> 2
        weight = (x if a else _F(1) - x) * (y if c else _F(1) - y) * (z if e else _F(1) - z)
        entry = table[i + a, j + c, k + e]
        values = (values[0] + weight * entry[0], values[1] + weight * entry[1], values[2] + weight * entry[2])
    return values


@compiled
def to_planes(rgb: Any, table: Any, dither: Any, luma: Any, blue: Any, red: Any) -> None:  # noqa: PLR0917 -- as above
    """Full-range BT.709 bytes of an sRGB picture after a look, chroma averaged over 2 x 2 px.

    rgb     (height, width, 3) uint8.
    table   (n, n, n, 3) float32, the look at evenly spaced r, g, b; empty for none.
    """
    height, width, _ = rgb.shape
    n = table.shape[0]
    tile = dither.shape[0]
    scale = _F((n - 1) / 255.0) if n else _F(0)
    for j in range((height + 1) // 2):
        sums = np.zeros((2, (width + 1) // 2), np.float32)
        for dy in range(2):
            y = min(2 * j + dy, height - 1)
            for x in range(width + width % 2):
                pixel = rgb[y, min(x, width - 1)]
                r, g, b = _F(pixel[0]), _F(pixel[1]), _F(pixel[2])
                if n:
                    r, g, b = _looked(table, r * scale, g * scale, b * scale)
                grey = _F(0.2126) * r + _F(0.7152) * g + _F(0.0722) * b
                if x < width:
                    luma[y, x] = np.uint8(min(max(grey + dither[y % tile, x % tile], _F(0)), _F(255)))
                sums[0, x // 2] += (b - grey) * _F(0.25 / 1.8556)
                sums[1, x // 2] += (r - grey) * _F(0.25 / 1.5748)
        for x in range((width + 1) // 2):
            d = dither[(j + 29) % tile, x % tile]
            blue[j, x] = np.uint8(min(max(sums[0, x] + _F(128) + d, _F(0)), _F(255)))
            red[j, x] = np.uint8(min(max(sums[1, x] + _F(128) + d, _F(0)), _F(255)))


@compiled
def finish(luma: Any, blue: Any, red: Any, development: Any, out: Any) -> None:
    """Light over the picture, exposure, shade, grain, then BT.709 limited-range bytes with ordered dither.

    luma, blue, red   float32 planes, Y 0 … 255, U and V around 128 and of half the size.
    development       overlay, shade, tone, grain, grain_at, grain_sd, dither:
        overlay       (4, height / 2, width / 2): Y, U, V already multiplied by the fourth, coverage 0 … 1; or empty.
        shade         (height, width) factor on all channels (vignette, letterbox); or empty.
        tone          factor and offset on Y, factor on U and V.
        grain         a square of noise with standard deviation 1; grain_at its place in this frame.
        dither        of `source.dither_tile`.
    out               (height * 3 / 2, width) uint8.
    """
    height = blue.shape[0]
    for band in range((height + 7) // 8):
        rows = min(8, height - band * 8)
        first = band * 8
        lines, blues, reds = luma[2 * first : 2 * (first + rows)], blue[first:], red[first:]
        finish_rows(first, rows, lines, blues, reds, development, out)


@compiled
def finish_rows(first: int, rows: int, luma: Any, blue: Any, red: Any, development: Any, out: Any) -> None:  # noqa: PLR0917 -- as above
    """`finish` for some rows of chroma from the first one on and for the luma beside them.

    luma, blue, red   those rows alone, or more; luma is used up.
    """
    overlay, shade, tone, grain, grain_at, grain_sd, dither = development
    room = np.empty((2, out.shape[1] // 2 + 2), np.float32)
    for j in range(rows):
        for dy in range(2):
            y = 2 * (first + j) + dy
            line = luma[2 * j + dy]
            gain, offset = tone[0], tone[1]
            if overlay.shape[1] > 0 or shade.shape[0] > 0 or grain_sd > 0:
                for x in range(line.shape[0]):
                    line[x] = line[x] * gain + offset
                gain, offset = _F(1), _F(0)
            if overlay.shape[1] > 0:
                _light(line, overlay, first + j, dy, room)
            if shade.shape[0] > 0:
                for x in range(line.shape[0]):
                    line[x] *= shade[y, x]
            if grain_sd > 0:
                _grain(line, grain[(y + grain_at[1]) % grain.shape[0]], grain_at[0], grain_sd)
            _settle(line, dither[y % dither.shape[0]], gain, offset, _LUMA, out[y])
        _colours(first + j, 0, blue[j], development, out)
        _colours(first + j, 1, red[j], development, out)


@compiled
def _colours(j: int, part: int, line: Any, development: Any, out: Any) -> None:
    """One row of chroma, U or V, around 128, to bytes."""
    overlay, shade, tone, _, _, _, dither = development
    height, half = out.shape[0] // 3 * 2, line.shape[0]
    middle = _F(128)
    if overlay.shape[1] > 0 or shade.shape[0] > 0:
        for x in range(half):
            line[x] -= middle
        middle = _F(0)
    if overlay.shape[1] > 0:
        for x in range(half):
            line[x] = line[x] * (_F(1) - overlay[3, j, x]) + overlay[1 + part, j, x]
    if shade.shape[0] > 0:
        for x in range(half):
            line[x] *= shade[2 * j, 2 * x]
    pattern = dither[(j + 23 * (part + 1)) % dither.shape[0]]
    start = 2 * height * half + (part * (height // 2) + j) * half
    target = out.reshape(-1)[start : start + half]
    _settle(line, pattern, tone[2], -middle * tone[2], _CHROMA, target)


@compiled
def _light(line: Any, overlay: Any, j: int, dy: int, room: Any) -> None:
    """One row of luma under the overlay, which has half the size."""
    half = line.shape[0] // 2
    cover, light = room
    other = min(max(j - 1 + 2 * dy, 0), overlay.shape[1] - 1)
    for x in range(half):
        cover[x + 1] = overlay[3, j, x] * _F(0.75) + overlay[3, other, x] * _F(0.25)
        light[x + 1] = overlay[0, j, x] * _F(0.75) + overlay[0, other, x] * _F(0.25)
    cover[0], cover[half + 1] = cover[1], cover[half]
    light[0], light[half + 1] = light[1], light[half]
    for x in range(half):
        a = cover[x + 1] * _F(0.75) + cover[x] * _F(0.25)
        b = cover[x + 1] * _F(0.75) + cover[x + 2] * _F(0.25)
        m = light[x + 1] * _F(0.75) + light[x] * _F(0.25)
        n = light[x + 1] * _F(0.75) + light[x + 2] * _F(0.25)
        line[2 * x] = line[2 * x] * (_F(1) - a) + m
        line[2 * x + 1] = line[2 * x + 1] * (_F(1) - b) + n


@compiled
def _grain(line: Any, noise: Any, first: int, sd: Any) -> None:
    """Silver grain over a row of luma: strongest in the middle greys."""
    for x in range(line.shape[0]):
        unit = min(max(line[x] * _F(1 / 255), _F(0)), _F(1))
        line[x] += noise[first + x] * sd * (_F(0.35) + _F(2.6) * unit * (_F(1) - unit))


@compiled
def _settle(line: Any, pattern: Any, gain: Any, offset: Any, limits: Any, target: Any) -> None:  # noqa: PLR0917 -- as above
    """Gain and offset, full range to limited range, dithered to bytes.

    limits   how much of the range is left, what nought becomes, the least byte and the greatest.
    """
    width, tile = line.shape[0], pattern.shape[0]
    scale, nought, low, high = limits
    factor, start = gain * scale, offset * scale + nought
    for left in range(0, width, tile):
        for x in range(min(tile, width - left)):
            value = fma(line[left + x], factor, start + pattern[x])
            target[left + x] = np.uint8(min(max(value, low), high))
