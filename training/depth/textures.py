"""Every texture and silhouette of the scenes, drawn from random numbers alone.

Grey-based tiles that solids tint, pictures and text pages for signs and screens, and masks for leaves, grass and
trees seen as cards. No photograph is read. Read next: `world.py`.
"""

from __future__ import annotations

import functools
import string
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Random = np.random.Generator

TILE_PX, MASK_PX, FIELD_PX = 256, 128, 512

_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_PLAIN,
)


@dataclass(frozen=True, slots=True)
class Bank:
    """tiles (n, TILE_PX, TILE_PX, 3) 0 … 255, rows by kind in `kinds`; masks (m, MASK_PX, MASK_PX); noise fields."""

    tiles: Array
    kinds: dict[str, tuple[int, int]]
    masks: NDArray[np.uint8]
    mask_kinds: dict[str, tuple[int, int]]
    field: Array
    clouds: Array

    def tile(self, rng: Random, kind: str) -> int:
        """A random tile of a kind."""
        return int(rng.integers(*self.kinds[kind]))

    def mask(self, rng: Random, kind: str) -> int:
        """A random mask of a kind."""
        return int(rng.integers(*self.mask_kinds[kind]))


@functools.lru_cache(maxsize=2)
def bank(seed: int) -> Bank:
    """The textures of one seed; another seed has others."""
    rng = np.random.default_rng([seed, 7])
    tiles, kinds = _collect(rng, _TILES)
    masks, mask_kinds = _collect(rng, _MASKS)
    # With random numbers of their own: the tiles before them, and scenes made of those, stay what they were.
    more, more_kinds = _collect(np.random.default_rng([seed, 8]), _MORE_TILES)
    kinds |= {kind: (low + len(tiles), high + len(tiles)) for kind, (low, high) in more_kinds.items()}
    stacked = np.stack(tiles + more).astype(np.float32)
    stacked[:, 0, 0] = stacked.mean((1, 2))  # what the tracer shows of a tile too far away to resolve
    return Bank(
        np.ascontiguousarray(stacked),
        kinds,
        np.ascontiguousarray(np.stack(masks).astype(np.uint8)),
        mask_kinds,
        noise(rng, FIELD_PX, 3, 8, 0.95),
        noise(rng, FIELD_PX, 3, 8, 0.8),
    )


Maker = Callable[[Random], Array]


def _collect(rng: Random, table: tuple[tuple[str, int, Maker], ...]) -> tuple[list[Array], dict[str, tuple[int, int]]]:
    made: list[Array] = []
    kinds: dict[str, tuple[int, int]] = {}
    for kind, count, maker in table:
        kinds[kind] = (len(made), len(made) + count)
        made += [maker(rng) for _ in range(count)]
    return made, kinds


def noise(rng: Random, size: int, first: int, last: int, fall: float) -> Array:
    """Fractal noise that tiles, 0 … 1; octaves 2**first … 2**last."""
    total = np.zeros((size, size), np.float32)
    for octave in range(first, last + 1):
        cells = rng.random((2**octave, 2**octave)).astype(np.float32)
        wide = np.pad(cells, 2, mode="wrap")
        scale = size // 2**octave
        grown = cv2.resize(wide, (wide.shape[1] * scale, wide.shape[0] * scale), interpolation=cv2.INTER_CUBIC)
        total += grown[2 * scale : 2 * scale + size, 2 * scale : 2 * scale + size] / 2 ** ((octave - first) * fall)
    total -= total.min()
    return np.asarray(total / total.max(), np.float32)


def _colour(rng: Random, low: float = 0.15, high: float = 0.95, strength: float = 0.5) -> Array:
    grey = rng.uniform(low, high)
    hue = rng.normal(0, 1, 3)
    return np.asarray(np.clip(grey + strength * 0.35 * grey * (hue - hue.mean()), 0.02, 1) * 255, np.float32)


def _flat(rng: Random) -> Array:
    wear = noise(rng, TILE_PX, 2, 7, 0.8)[..., None]
    return np.asarray(np.full((TILE_PX, TILE_PX, 3), 225) * (1 - rng.uniform(0.02, 0.25) * wear), np.float32)


def _rough(rng: Random) -> Array:
    fine = noise(rng, TILE_PX, int(rng.integers(2, 5)), 8, rng.uniform(0.2, 0.9))
    fine = np.clip(0.5 + (fine - fine.mean()) * rng.uniform(1.5, 4), 0, 1)[..., None]
    dark, light = _colour(rng, 0.2, 0.5, 0.3), _colour(rng, 0.6, 1.0, 0.2)
    return np.asarray(dark * (1 - fine) + light * fine, np.float32)


def _grass(rng: Random) -> Array:
    picture = np.full((TILE_PX, TILE_PX, 3), 70, np.float32) * (0.6 + noise(rng, TILE_PX, 2, 6, 0.8)[..., None])
    for _ in range(1600):
        x, y = rng.integers(0, TILE_PX, 2)
        tip = (int(x + rng.normal(0, 4)), int(y - rng.uniform(4, 14)))
        shade = rng.uniform(60, 235)
        cv2.line(picture, (int(x), int(y)), tip, (shade, shade * rng.uniform(0.9, 1.05), shade * 0.8), 1, cv2.LINE_AA)
    return picture


def _bricks(rng: Random) -> Array:
    rows, columns = int(rng.integers(5, 14)), int(rng.integers(2, 7))
    picture = np.empty((TILE_PX, TILE_PX, 3), np.float32)
    picture[:] = _colour(rng, 0.4, 0.9, 0.1)
    base, gap = _colour(rng, 0.3, 0.8, 0.6), int(rng.integers(1, 5))
    high, wide, shift = TILE_PX / rows, TILE_PX / columns, rng.choice([0.0, 0.5])
    for row in range(rows):
        for column in range(-1, columns + 1):
            x = (column + shift * (row % 2)) * wide
            corner, end = (int(x) + gap, int(row * high) + gap), (int(x + wide) - gap, int((row + 1) * high) - gap)
            cv2.rectangle(picture, corner, end, [float(c) for c in base * rng.uniform(0.7, 1.2)], -1)
    return _worn(rng, picture)


def _planks(rng: Random) -> Array:
    count = int(rng.integers(3, 10))
    grain = cv2.resize(noise(rng, TILE_PX, 4, 8, 0.4), (TILE_PX, TILE_PX * 6))[:TILE_PX, :, None]
    picture = _colour(rng, 0.35, 0.8, 0.5) * (0.65 + 0.6 * np.repeat(grain, 3, 2))
    if rng.random() < 0.8:
        for edge in np.linspace(0, TILE_PX, count, endpoint=False):
            picture[:, int(edge) : int(edge) + 2] *= 0.45
            picture[:, int(edge) : int(edge + TILE_PX / count)] *= rng.uniform(0.85, 1.1)
    return np.ascontiguousarray(np.clip(picture, 0, 255), np.float32)


def _tiles(rng: Random) -> Array:
    count = int(rng.integers(2, 9))
    y, x = (np.mgrid[:TILE_PX, :TILE_PX] * count) // TILE_PX
    first, second = _colour(rng, 0.3, 1, 0.3), _colour(rng, 0.3, 1, 0.3)
    picture = np.where(((x + y) % 2)[..., None] == 0, first, second if rng.random() < 0.5 else first)
    picture = np.asarray(picture * rng.uniform(0.9, 1.1, (count, count))[y, x][..., None], np.float32)
    cell = TILE_PX / count
    for line in range(count):
        picture[int(line * cell) : int(line * cell) + 2] *= 0.7
        picture[:, int(line * cell) : int(line * cell) + 2] *= 0.7
    return _worn(rng, picture)


def _facade(rng: Random) -> Array:
    picture = np.empty((TILE_PX, TILE_PX, 3), np.float32)
    picture[:] = _colour(rng, 0.35, 0.95, 0.45)
    columns, rows = rng.integers(2, 8, 2)
    wide, high = TILE_PX / columns, TILE_PX / rows
    glass, frame = _colour(rng, 0.08, 0.6, 0.3), _colour(rng, 0.3, 1, 0.2)
    margin_x, margin_y = rng.uniform(0.1, 0.32), rng.uniform(0.1, 0.3)
    for row in range(rows):
        for column in range(columns):
            x0, x1 = int((column + margin_x) * wide), int((column + 1 - margin_x) * wide)
            y0, y1 = int((row + margin_y) * high), int((row + 1 - margin_y * 0.6) * high)
            lit = glass * rng.uniform(0.6, 1.6) if rng.random() < 0.85 else np.float32([250, 220, 150])
            cv2.rectangle(picture, (x0, y0), (x1, y1), [float(c) for c in lit], -1)
            cv2.rectangle(picture, (x0, y0), (x1, y1), [float(c) for c in frame], int(rng.integers(1, 4)))
            cv2.line(picture, ((x0 + x1) // 2, y0), ((x0 + x1) // 2, y1), [float(c) for c in frame], 1)
            cv2.line(picture, (x0 - 2, y1 + 1), (x1 + 2, y1 + 1), [float(c) for c in frame * 0.6], 2)
    return _worn(rng, picture)


def _stripes(rng: Random) -> Array:
    y, x = np.mgrid[:TILE_PX, :TILE_PX] / TILE_PX
    count = int(rng.integers(2, 16))
    wave = np.sin(2 * np.pi * count * (x if rng.random() < 0.5 else y)) > rng.uniform(-0.6, 0.6)
    if rng.random() < 0.4:
        wave = wave ^ (np.sin(2 * np.pi * count * y) > 0)
    picture = np.where(wave[..., None], _colour(rng), _colour(rng))
    return _worn(rng, np.asarray(picture, np.float32))


def _bark(rng: Random) -> Array:
    ridges = cv2.resize(noise(rng, TILE_PX, 4, 8, 0.5), (TILE_PX, TILE_PX * 5))[:TILE_PX]
    ridges = np.clip(0.5 + (ridges - ridges.mean()) * 3, 0, 1)[..., None]
    return np.asarray(60 + 170 * ridges * np.float32([1, 0.95, 0.9]), np.float32)


def _page(rng: Random) -> Array:
    """A sign, a poster with words, a page, a label."""
    paper, ink = _colour(rng, 0.05, 1, 0.8), _colour(rng, 0.05, 1, 0.8)
    if abs(float(paper.mean() - ink.mean())) < 80:
        ink = np.asarray((255 if paper.mean() < 128 else 15) * np.ones(3), np.float32)
    picture = np.empty((TILE_PX, TILE_PX, 3), np.uint8)  # OpenCV writes on nothing else
    picture[:] = paper
    lines = int(rng.choice([1, 1, 2, 3, 4, 6, 12]))
    for line in range(lines):
        letters = int(rng.integers(3, 8 if lines < 4 else 16))
        words = "".join(rng.choice(list(string.ascii_letters + string.digits + "   "), letters))
        font, thick = _FONTS[rng.integers(len(_FONTS))], int(rng.integers(1, 5 if lines < 4 else 2))
        (wide, high), _ = cv2.getTextSize(words, font, 1, thick)
        size = min(230 / max(wide, 1), 0.7 * TILE_PX / lines / max(high, 1))
        place = (int(128 - wide * size / 2), int((line + 0.8) * TILE_PX / lines))
        cv2.putText(picture, words, place, font, size, [float(c) for c in ink], max(1, int(thick * size)), cv2.LINE_AA)
    if rng.random() < 0.5:
        cv2.rectangle(picture, (5, 5), (TILE_PX - 6, TILE_PX - 6), [float(c) for c in ink], int(rng.integers(2, 8)))
    return picture.astype(np.float32)


def _picture(rng: Random) -> Array:
    """A flat picture: shapes, blobs, a painted horizon."""
    top, bottom = _colour(rng, 0.1, 1, 0.9), _colour(rng, 0.1, 1, 0.9)
    slope = np.linspace(0, 1, TILE_PX, dtype=np.float32)[:, None, None]
    picture = np.ascontiguousarray(np.repeat(top * (1 - slope) + bottom * slope, TILE_PX, 1), np.float32)
    if rng.random() < 0.5:
        horizon = int(rng.uniform(0.3, 0.8) * TILE_PX)
        hills = horizon + 30 * (noise(rng, TILE_PX, 2, 5, 1.0)[0] - 0.5)
        for x in range(TILE_PX):
            picture[int(hills[x]) :, x] = _colour(np.random.default_rng(int(horizon)), 0.1, 0.7, 0.9)
    for _ in range(int(rng.integers(1, 14))):
        colour = [float(c) for c in _colour(rng, 0.05, 1, 1.0)]
        x, y, a, b = (int(v) for v in rng.integers(0, TILE_PX, 4))
        match int(rng.integers(4)):
            case 0:
                cv2.circle(picture, (x, y), 5 + a // 5, colour, -1, cv2.LINE_AA)
            case 1:
                cv2.rectangle(picture, (x, y), (x + a // 2, y + b // 2), colour, -1)
            case 2:
                cv2.ellipse(picture, (x, y), (5 + a // 4, 5 + b // 5), float(a), 0, 360, colour, -1, cv2.LINE_AA)
            case _:
                cv2.fillPoly(picture, [rng.integers(0, TILE_PX, (int(rng.integers(3, 6)), 2)).astype(np.int32)], colour)
    return picture


def _worn(rng: Random, picture: Array) -> Array:
    wear = noise(rng, TILE_PX, int(rng.integers(1, 4)), 8, 0.7)[..., None]
    return np.asarray(np.clip(picture * (1 - rng.uniform(0, 0.5) * wear), 0, 255), np.float32)


def _metal(rng: Random) -> Array:
    """Brushed, scratched, with rust here and there."""
    grain = cv2.resize(noise(rng, TILE_PX, 5, 8, 0.2), (TILE_PX * 8, TILE_PX))[:, :TILE_PX, None]
    picture = _colour(rng, 0.4, 0.9, 0.15) * (0.75 + 0.35 * grain)
    if rng.random() < 0.4:
        rust = np.clip((noise(rng, TILE_PX, 2, 8, 0.6)[..., None] - rng.uniform(0.45, 0.7)) * 8, 0, 1)
        picture = picture * (1 - rust) + np.float32([130, 75, 45]) * rng.uniform(0.6, 1.2) * rust
    for _ in range(int(rng.integers(0, 30))):
        start, turn = rng.integers(0, TILE_PX, 2), rng.normal(0, 25, 2)
        shade = [float(c) for c in _colour(rng, 0.3, 1, 0.1)]
        picture = np.ascontiguousarray(picture, np.float32)
        cv2.line(picture, start.tolist(), (start + turn).astype(int).tolist(), shade, 1, cv2.LINE_AA)
    return np.asarray(np.clip(picture, 0, 255), np.float32)


def _stained(rng: Random) -> Array:
    """Concrete, plaster, an old wall: blotches, cracks, drips."""
    picture = _colour(rng, 0.4, 0.95, 0.15) * (0.7 + 0.4 * noise(rng, TILE_PX, 1, 8, rng.uniform(0.5, 1.1))[..., None])
    for _ in range(int(rng.integers(0, 4))):
        spot = np.clip((noise(rng, TILE_PX, 1, 6, 0.8)[..., None] - rng.uniform(0.5, 0.75)) * 6, 0, 1)
        picture = picture * (1 - 0.6 * spot) + 0.6 * spot * _colour(rng, 0.1, 0.9, 0.3)
    for _ in range(int(rng.integers(0, 5))):
        walk = np.cumsum(rng.normal(0, 5, (40, 2)), 0) + rng.integers(0, TILE_PX, 2)
        picture = np.ascontiguousarray(picture, np.float32)
        cv2.polylines(picture, [walk.astype(np.int32)], False, [float(c) for c in _colour(rng, 0.1, 0.4, 0.1)], 1)
    return np.asarray(np.clip(picture, 0, 255), np.float32)


def _cloth(rng: Random) -> Array:
    """Threads, folds and a check now and then."""
    y, x = np.mgrid[:TILE_PX, :TILE_PX].astype(np.float32)
    pitch = rng.uniform(0.4, 1.2)
    threads = 0.9 + 0.1 * np.sin(x * pitch) * np.sin(y * pitch)
    folds = 0.75 + 0.35 * cv2.resize(noise(rng, TILE_PX, 1, 3, 0.8), (TILE_PX, TILE_PX * 3))[:TILE_PX]
    picture = _colour(rng, 0.15, 0.95, 0.9) * (threads * folds)[..., None]
    if rng.random() < 0.4:
        step = rng.uniform(0.04, 0.25)
        picture *= (
            np.where(np.sin(x * step) > 0.3, 0.7, 1)[..., None] * np.where(np.sin(y * step) > 0.3, 0.75, 1)[..., None]
        )
    return np.asarray(np.clip(picture, 0, 255), np.float32)


def _mixed(rng: Random) -> Array:
    """Two other tiles through a mask of noise: dirt, moss, peeling paint, things nobody has a name for."""
    makers = (_rough, _stained, _metal, _planks, _grass, _bricks, _cloth, _stripes, _picture)
    first, second = (makers[int(k)](rng) for k in rng.integers(0, len(makers), 2))
    share = np.clip((noise(rng, TILE_PX, 1, 7, rng.uniform(0.4, 1))[..., None] - 0.5) * rng.uniform(2, 12) + 0.5, 0, 1)
    return np.asarray(first * share + second * (1 - share), np.float32)


def _leaves(rng: Random) -> Array:
    mask = np.zeros((MASK_PX, MASK_PX), np.float32)
    size = rng.uniform(3, 9)
    for _ in range(int(rng.uniform(900, 2600) / size)):
        angle, reach = rng.uniform(0, 2 * np.pi), abs(rng.normal(0, 24))
        centre = (int(64 + reach * np.cos(angle)), int(64 + reach * np.sin(angle)))
        axes = (int(size * rng.uniform(0.6, 1.3)) + 1, int(size * 0.45) + 1)
        cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
    return mask


def _tuft(rng: Random) -> Array:
    mask = np.zeros((MASK_PX, MASK_PX), np.float32)
    for _ in range(int(rng.integers(12, 60))):
        x, lean, high = rng.uniform(10, 118), rng.normal(0, 26), rng.uniform(40, 124)
        bend = [(x + lean * s * s, 127 - high * s) for s in np.linspace(0, 1, 8)]
        cv2.polylines(mask, [np.array(bend, np.int32)], False, 255, int(rng.integers(1, 4)))
    return mask


def _conifer(rng: Random) -> Array:
    mask = np.zeros((MASK_PX, MASK_PX), np.float32)
    cv2.line(mask, (64, 4), (64, 127), 255, 3)
    width, droop = rng.uniform(24, 52), rng.uniform(-6, 14)
    for y in np.arange(6, 116, rng.uniform(2.5, 5)):
        for side in (-1, 1):
            reach = side * width * (y / 116) * rng.uniform(0.6, 1.1)
            cv2.line(mask, (64, int(y)), (int(64 + reach), int(y + droop)), 255, int(rng.integers(1, 4)))
    return mask


def _branch(rng: Random) -> Array:
    mask = np.zeros((MASK_PX, MASK_PX), np.float32)

    def grow(x: float, y: float, angle: float, length: float, thick: float) -> None:
        end = (x + length * np.cos(angle), y + length * np.sin(angle))
        cv2.line(mask, (int(x), int(y)), (int(end[0]), int(end[1])), 255, max(1, int(thick)))
        if length > 6:
            for _ in range(2 + int(rng.random() < 0.4)):
                grow(*end, angle + rng.normal(0, 0.5), length * rng.uniform(0.6, 0.85), thick * 0.65)

    grow(64, 127, -np.pi / 2, rng.uniform(24, 36), rng.uniform(3, 8))
    return mask


def _flower(rng: Random) -> Array:
    mask = np.zeros((MASK_PX, MASK_PX), np.float32)
    petals = int(rng.integers(4, 14))
    for petal in range(petals):
        angle = 2 * np.pi * petal / petals
        centre = (int(64 + 34 * np.cos(angle)), int(64 + 34 * np.sin(angle)))
        cv2.ellipse(mask, centre, (28, int(90 / petals) + 5), float(np.degrees(angle)), 0, 360, 255, -1)
    cv2.circle(mask, (64, 64), 14, 255, -1)
    return mask


_TILES: tuple[tuple[str, int, Maker], ...] = (
    ("flat", 10, _flat),
    ("rough", 24, _rough),
    ("grass", 8, _grass),
    ("bricks", 12, _bricks),
    ("planks", 12, _planks),
    ("tiles", 12, _tiles),
    ("facade", 20, _facade),
    ("stripes", 12, _stripes),
    ("bark", 5, _bark),
    ("page", 40, _page),
    ("picture", 40, _picture),
)

_MORE_TILES: tuple[tuple[str, int, Maker], ...] = (
    ("metal", 14, _metal),
    ("stained", 18, _stained),
    ("cloth", 14, _cloth),
    ("mixed", 40, _mixed),
)

_MASKS: tuple[tuple[str, int, Maker], ...] = (
    ("leaves", 14, _leaves),
    ("tuft", 10, _tuft),
    ("conifer", 8, _conifer),
    ("branch", 8, _branch),
    ("flower", 6, _flower),
)
