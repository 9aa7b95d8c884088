"""Colour in and bytes out: pictures become planes once per shot, planes become the encoder's bytes once per frame.

BT.709 throughout; ordered dither that holds still settles every fraction. Nothing here moves a pixel. Read next:
`source.py` and `render.py`, which call these.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange

from mutoscope.engines.parallax.kernels import compiled

_F = np.float32


def _serial(function: Any) -> Any:
    return compiled(function, parallel=False)


@_serial
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
    for j in prange((height + 1) // 2):
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
def finish(  # noqa: PLR0912, PLR0915, PLR0917 -- as above
    luma: Any,
    blue: Any,
    red: Any,
    overlay: Any,
    shade: Any,
    tone: Any,
    grain: Any,
    grain_at: Any,
    grain_sd: Any,
    dither: Any,
    out: Any,
) -> None:
    """Light over the picture, exposure, shade, grain, then BT.709 limited-range bytes with ordered dither.

    luma, blue, red   float32 planes, Y 0 … 255, U and V around 128 and of half the size.
    overlay           (4, height / 2, width / 2): Y, U, V already multiplied by the fourth, coverage 0 … 1; or empty.
    shade             (height, width) factor on all channels (vignette, letterbox); or empty.
    tone              factor and offset on Y, factor on U and V.
    grain             a square of noise with standard deviation 1; grain_at its place in this frame.
    out               (height * 3 / 2, width) uint8.
    """
    height, width = luma.shape
    half_width = width // 2
    has_overlay, has_shade, has_grain = overlay.shape[1] > 0, shade.shape[0] > 0, grain_sd > 0
    tile = dither.shape[0]
    gain, offset, saturation = tone
    for j in prange(height // 2):
        line = np.empty(width, np.float32)
        cover = np.empty(half_width + 2, np.float32)
        light = np.empty(half_width + 2, np.float32)
        for dy in range(2):
            y = 2 * j + dy
            row = luma[y]
            for x in range(width):
                line[x] = row[x] * gain + offset
            if has_overlay:
                other = min(max(j - 1 + 2 * dy, 0), height // 2 - 1)
                for x in range(half_width):
                    cover[x + 1] = overlay[3, j, x] * _F(0.75) + overlay[3, other, x] * _F(0.25)
                    light[x + 1] = overlay[0, j, x] * _F(0.75) + overlay[0, other, x] * _F(0.25)
                cover[0], cover[half_width + 1] = cover[1], cover[half_width]
                light[0], light[half_width + 1] = light[1], light[half_width]
                for x in range(half_width):
                    a = cover[x + 1] * _F(0.75) + cover[x] * _F(0.25)
                    b = cover[x + 1] * _F(0.75) + cover[x + 2] * _F(0.25)
                    m = light[x + 1] * _F(0.75) + light[x] * _F(0.25)
                    n = light[x + 1] * _F(0.75) + light[x + 2] * _F(0.25)
                    line[2 * x] = line[2 * x] * (_F(1) - a) + m
                    line[2 * x + 1] = line[2 * x + 1] * (_F(1) - b) + n
            if has_shade:
                for x in range(width):
                    line[x] *= shade[y, x]
            if has_grain:
                noise = grain[(y + grain_at[1]) % grain.shape[0]]
                first = grain_at[0]
                for x in range(width):
                    unit = min(max(line[x] * _F(1 / 255), _F(0)), _F(1))
                    line[x] += noise[first + x] * grain_sd * (_F(0.35) + _F(2.6) * unit * (_F(1) - unit))
            pattern = dither[y % tile]
            target = out[y]
            for left in range(0, width, tile):
                for x in range(min(tile, width - left)):
                    value = line[left + x] * _F(219 / 255) + _F(16) + pattern[x]
                    target[left + x] = np.uint8(min(max(value, _F(16)), _F(235)))
        for part in range(2):
            row = blue[j] if part == 0 else red[j]
            pattern = dither[(j + 23 * (part + 1)) % tile]
            for x in range(half_width):
                line[x] = row[x] - _F(128)
            if has_overlay:
                for x in range(half_width):
                    line[x] = line[x] * (_F(1) - overlay[3, j, x]) + overlay[1 + part, j, x]
            for x in range(half_width):
                line[x] *= saturation
            if has_shade:
                for x in range(half_width):
                    line[x] *= shade[2 * j, 2 * x]
            start = height + (height // 4) * part + j // 2
            target = out[start, (j % 2) * half_width : (j % 2 + 1) * half_width]
            if height % 4:
                flat = out[height:].reshape(-1)
                begin = (part * (height // 2) + j) * half_width
                target = flat[begin : begin + half_width]
            for left in range(0, half_width, tile):
                for x in range(min(tile, half_width - left)):
                    value = line[left + x] * _F(224 / 255) + _F(128) + pattern[x]
                    target[left + x] = np.uint8(min(max(value, _F(16)), _F(240)))
