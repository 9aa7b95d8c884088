"""From one picture and its disparity to three to five soft layers that can move apart.

Far to near, each layer has straight colours (carried on beyond its own edge), a soft alpha and a smooth disparity of
its own, so that no depth step is ever warped. It decides nothing about the camera: see `camera.py` and `render.py`.
Cuts are made in `matte.py`, shapes in `relief.py`, missing colours in `inpaint.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.compiling import compiled
from mutoscope.engines.parallax.doubt import gentleness
from mutoscope.engines.parallax.inpaint import fill, push_pull
from mutoscope.engines.parallax.matte import RAMP, Cut, Matte, choose_thresholds, cut
from mutoscope.engines.parallax.patches import HOLE, SOURCE, UNUSED
from mutoscope.engines.parallax.relief import extended, grid_of, stiffened
from mutoscope.engines.parallax.settle import settle

Map = NDArray[np.float32]
Picture = NDArray[np.uint8]

_AT_ONCE = 2
"""Layers painted side by side; each is a world of its own, so the number changes nothing but the time."""

_LOOK_CELLS = 96
"""Side of the grid on which the subject is looked for."""

_LEAST_PERSON = 0.03
"""Share of the picture from which on somebody is its subject."""

_HEAD = 0.25
"""The upper part of a person that is the head, at least of one who stands; more of one is seen in a portrait."""

_TO_HEAD = 0.75
"""How far the focus goes from what stands out to the head."""


class Understood(Protocol):
    """What a scene is built from; `depth.Understanding` is one."""

    @property
    def disparity(self) -> Map:
        """(h, w) float32, 0 … 1, 1 = nearest."""
        ...

    @property
    def classes(self) -> Mapping[str, Map]:
        """What is where: (h, w) float32, 0 … 1 for each name."""
        ...

    @property
    def saliency(self) -> Map:
        """(h, w) float32, 0 … 1."""
        ...

    @property
    def confidence(self) -> float:
        """0 … 1; low for flat art and mirrors."""
        ...


@dataclass(frozen=True, slots=True)
class Layer:
    """One sheet of the scene.

    rgb        uint8 (h, w, 3), straight colours: where alpha is soft the layer's own colour, free of what lies behind.
    alpha      uint8 (h, w); 255 everywhere for the farthest layer.
    disparity  float32 (ceil(h / 8) + 1, ceil(w / 8) + 1), sampled at the pixels (8 i, 8 j); smooth.
    """

    rgb: Picture
    alpha: Picture
    disparity: Map


@dataclass(frozen=True, slots=True)
class Scene:
    """What the camera moves through.

    layers   three to five, far to near.
    classes  uint8 (h, w) for each class of the understanding.
    focus    x, y (0 … 1) and disparity of what the eye goes to first.
    gentle   0 … 1, to multiply the strength of the camera with: below 1 where depth is doubtful.
    is_portrait  whether the focus is somebody, whose head a camera that comes nearer keeps in view.
    """

    layers: tuple[Layer, ...]
    width_px: int
    height_px: int
    classes: Mapping[str, Picture]
    focus: tuple[float, float, float]
    gentle: float
    is_portrait: bool = False


def build_scene(
    rgb: Picture,
    understanding: Understood,
    *,
    reach: float,
    progress: Callable[[float], None],
) -> Scene:
    """Cut the picture into layers and fill what a moving camera will uncover.

    rgb    uint8 (h, w, 3) sRGB.
    reach  the widest gap between two layers that the camera will open, as a share of the width.
    """
    height, width = rgb.shape[:2]
    rgb = np.ascontiguousarray(rgb)
    masks = {name: _bytes(_fitted(plane, width, height)) for name, plane in understanding.classes.items()}
    disparity = _clean(understanding.disparity, width, height)
    if "person" in masks:
        disparity = _rigid(disparity, _fitted(understanding.classes["person"], width, height))
    progress(0.05)
    pieces = cut(rgb, disparity, choose_thresholds(disparity))
    mattes = pieces.mattes
    progress(0.3)
    sheets = [_Sheet(rgb, mattes, number) for number in range(len(mattes) + 1)]
    grids = _grids(rgb, pieces)
    progress(0.4)
    colours = np.empty((len(sheets), height, width, 3), np.uint8)
    alphas = np.empty((len(sheets), height, width), np.uint8)
    with ThreadPoolExecutor(_AT_ONCE) as painters:
        for number, painted in enumerate(painters.map(lambda sheet: sheet.painted(reach), sheets)):
            colours[number], alphas[number] = painted
            progress(0.4 + 0.55 * (number + 1) / len(sheets))
    settle(rgb, colours, alphas, [sheet.veil for sheet in sheets[:-1]])
    layers = tuple(Layer(*parts) for parts in zip(colours, alphas, grids, strict=True))
    progress(1.0)
    focus = _focus(_fitted(understanding.saliency, width, height), disparity)
    head = _head(masks["person"], disparity) if "person" in masks else None
    gentle = gentleness(rgb, understanding.confidence)
    return Scene(layers, width, height, masks, _towards(focus, head), gentle, is_portrait=head is not None)


def compile_kernels() -> None:
    """Build a tiny scene, so that no real one waits for the compiler: half a minute when its cache is empty."""
    step = np.full((64, 96), 0.2, np.float32)
    step[16:48, 32:64] = 0.8
    picture = np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8)
    build_scene(picture, _Told(step, {}, step, 1.0), reach=0.05, progress=lambda share: None)


@dataclass(frozen=True, slots=True)
class _Told:
    disparity: Map
    classes: Mapping[str, Map]
    saliency: Map
    confidence: float


def _fitted(plane: Map, width: int, height: int) -> Map:
    known = np.asarray(plane, np.float32)
    if not np.isfinite(known).all():
        known = np.nan_to_num(known, nan=0.0, posinf=1.0, neginf=0.0)
    if known.shape != (height, width):
        known = np.asarray(cv2.resize(known, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return np.asarray(np.clip(known, 0, 1), np.float32)


def _bytes(plane: Map) -> Picture:
    return np.asarray(np.rint(plane * np.float32(255)), np.uint8)


def _clean(disparity: Map, width: int, height: int) -> Map:
    """Finite, 0 … 1, of the picture's size, without single specks."""
    return np.ascontiguousarray(cv2.medianBlur(_fitted(disparity, width, height), 5))


def _rigid(disparity: Map, person: Map) -> Map:
    """Disparity with people made stiff: relief within a face is small, and errors there are seen first."""
    height, width = disparity.shape
    size = (max(1, width // 4), max(1, height // 4))
    inside = np.clip(person * 2 - np.float32(0.6), 0, 1)
    weight = cv2.resize(inside, size, interpolation=cv2.INTER_AREA) ** 2
    if not float(weight.max()) > 0.5:
        return disparity
    spread = (0, 0), 0.02 * max(size)
    small = cv2.resize(disparity, size, interpolation=cv2.INTER_AREA)
    mean = cv2.GaussianBlur(small * weight, *spread) / np.maximum(cv2.GaussianBlur(weight, *spread), np.float32(1e-4))
    calm = cv2.resize(mean, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(disparity + (calm - disparity) * inside, np.float32)


def _focus(saliency: Map, disparity: Map) -> tuple[float, float, float]:
    """Centre of the most salient place, and the disparity there."""
    size = (_LOOK_CELLS, _LOOK_CELLS)
    weight = cv2.resize(saliency, size, interpolation=cv2.INTER_AREA).astype(np.float64) ** 3
    if not weight.sum() > 0:
        weight = np.ones(weight.shape)
    near = cv2.resize(disparity, size, interpolation=cv2.INTER_AREA).astype(np.float64)
    weight /= weight.sum()
    steps = (np.arange(_LOOK_CELLS) + 0.5) / _LOOK_CELLS
    found = (weight.sum(axis=0) @ steps, weight.sum(axis=1) @ steps, (weight * near).sum())
    x, y, depth = (min(1.0, max(0.0, float(value))) for value in found)
    return x, y, depth


def _head(person: Picture, disparity: Map) -> tuple[float, float, float] | None:
    """Middle of the head of the largest person, and the disparity there; None when nobody is large enough to be it."""
    small = cv2.resize(person, (_LOOK_CELLS, _LOOK_CELLS), interpolation=cv2.INTER_AREA)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((small > 127).astype(np.uint8), connectivity=4)
    if count < 2:
        return None
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    if stats[largest, cv2.CC_STAT_AREA] < _LEAST_PERSON * small.size:
        return None
    rows, columns = np.nonzero(labels == largest)
    lowest = rows.min() + max(1.0, _HEAD * (rows.max() + 1 - rows.min()))
    is_head = rows < lowest
    near = cv2.resize(disparity, small.shape, interpolation=cv2.INTER_AREA)[rows[is_head], columns[is_head]]
    x, y = ((place[is_head].mean() + 0.5) / _LOOK_CELLS for place in (columns, rows))
    return float(x), float(y), min(1.0, max(0.0, float(near.mean())))


def _towards(focus: tuple[float, float, float], head: tuple[float, float, float] | None) -> tuple[float, float, float]:
    if head is None:
        return focus
    x, y, near = (there + (here - there) * _TO_HEAD for there, here in zip(focus, head, strict=True))
    return x, y, near


def _grids(rgb: Picture, pieces: Cut) -> list[Map]:
    """Each layer's disparity grid: the average of its own pixels in each cell, stiffened, carried on elsewhere."""
    small = pieces.steps
    shape = rgb.shape[:2]
    channels = [grid_of(rgb[..., channel], shape) * np.float32(1 / 255) for channel in range(3)]
    colours = np.asarray(np.dstack(channels), np.float32)
    ends = (-1.0, *(matte.threshold for matte in pieces.mattes), 2.0)
    grids = []
    for low, high in pairwise(ends):
        own = ((small > low - RAMP) & (small < high + RAMP)).astype(np.float32)
        weight = grid_of(own, shape)
        mean = np.asarray(grid_of(small * own, shape) / np.maximum(weight, np.float32(1e-6)), np.float32)
        grids.append(extended(stiffened(mean, colours, weight), weight))
    return grids


class _Sheet:
    """One layer in the making: what is its own, what lies behind its edge, what hides it."""

    def __init__(self, rgb: Picture, mattes: tuple[Matte, ...], number: int) -> None:
        empty = np.zeros(rgb.shape[:2], np.uint8)
        self._rgb = rgb
        self._number = number
        self._lower = mattes[number - 1] if number else Matte(-1.0, np.full_like(empty, 255), empty)
        self._upper = mattes[number] if number < len(mattes) else Matte(2.0, empty, empty)
        self.veil = self._veil()

    def painted(self, reach: float) -> tuple[Picture, Picture]:
        """Straight colours and alpha of the layer."""
        lower, upper = self._lower.nearer, self._upper.nearer
        size = (max(1, lower.shape[1] // 4), max(1, lower.shape[0] // 4))
        own = _shrunk(np.minimum(lower, 255 - upper), size)
        edges = _shrunk(np.maximum(self._lower.band, self._upper.band), size)
        core = np.where(
            own > 0.97, np.where(edges < 0.05, np.float32(1), np.float32(0.02)), own * own * np.float32(1e-4)
        )
        small = cv2.resize(self._rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        base = self._grown(push_pull(small, core))
        behind = _shrunk(255 - lower, size)
        behind = np.where(behind > 0.99, behind, behind * np.float32(1e-3))
        back = self._grown(push_pull(small, behind))
        ahead = self._alpha_behind(size)
        filled = fill(self._rgb, self._state(ahead, reach, size), base, seed=self._number)
        out, alpha = np.empty_like(self._rgb), np.empty_like(lower)
        mattes = (lower, upper, self._lower.band, self.veil)
        _assemble(self._rgb, mattes, (base, back, filled), ahead, out, alpha)
        if self._number == 0:
            alpha[:] = 255
        return out, alpha

    def _state(self, ahead: Picture, reach: float, size: tuple[int, int]) -> Picture:
        """What to copy from and what to fill: only what the camera can uncover, beside the nearer layer's jumps."""
        lower, upper = self._lower, self._upper
        rim = 2 * max(2, round(lower.nearer.shape[1] / 400)) + 1
        hidden = cv2.dilate(upper.nearer, np.ones((rim, rim), np.uint8)) > 8
        calm = cv2.resize((_shrunk(upper.band, size) < 0.3).astype(np.uint8), size)
        away = cv2.distanceTransform(calm, cv2.DIST_L2, 3)
        close = (away < reach * size[0] + 2).astype(np.uint8)
        near = cv2.resize(close, (lower.nearer.shape[1], lower.nearer.shape[0]), interpolation=cv2.INTER_NEAREST)
        own = (lower.nearer > 250) & ((lower.band < 40) | (self._number == 0)) & ~hidden
        wanted = hidden & (near > 0) & (ahead > 8)
        return np.where(wanted, HOLE, np.where(own, SOURCE, UNUSED)).astype(np.uint8)

    def _veil(self) -> Picture:
        """Where the fill replaces what is seen: all that the nearer layer covers, and the rim its light spills over."""
        upper, band = self._upper.nearer, self._upper.band
        rim = max(1, round(upper.shape[1] / 640))
        spilt = cv2.dilate(upper, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * rim + 1, 2 * rim + 1)))
        spilt = cv2.blur(np.clip(spilt, 0, 51) * 5, (2 * rim + 1, 2 * rim + 1))
        covered = np.clip(upper.astype(np.int16) - 245, 0, 10) * 25
        return np.where(band > 0, np.maximum(spilt, covered), covered).astype(np.uint8)

    def _grown(self, small: Map) -> Picture:
        size = (self._rgb.shape[1], self._rgb.shape[0])
        grown = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)
        return np.clip(np.rint(grown), 0, 255).astype(np.uint8)

    def _alpha_behind(self, size: tuple[int, int]) -> Picture:
        """This layer's alpha carried on behind what hides it: ground goes on behind a person's legs, sky does not."""
        lower = _shrunk(self._lower.nearer, size)
        upper = _shrunk(self._upper.nearer, size)
        visible = (1 - upper) ** 2
        alone = np.clip((lower - upper) / np.maximum(1 - upper, np.float32(1e-3)), 0, 1)
        carried = push_pull(
            alone.astype(np.float32), np.where(visible > 0.9, visible, visible * 1e-3).astype(np.float32)
        )
        return self._grown(np.clip((carried - np.float32(0.5)) * 4 + np.float32(0.5), 0, 1) * 255)


def _shrunk(plane: Picture, size: tuple[int, int]) -> Map:
    return cv2.resize(plane, size, interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)


@compiled
def _assemble(rgb: Any, mattes: Any, fills: Any, ahead: Any, out: Any, alpha: Any) -> None:  # noqa: PLR0917
    """Colours and alpha of a layer, pixel by pixel.

    Along the layer's own edge: its colour without what lies behind (Forte 2021, one blur-fusion step). Along a nearer
    layer's edge: what lies behind that. Under it: the fill.
    """
    lower, upper, lower_band, veil = mattes
    base, back, fill = fills
    rows, columns, _ = rgb.shape
    unit = np.float32(1 / 255)
    one = np.float32(1)
    for y in range(rows):
        for x in range(columns):
            a = np.float32(lower[y, x]) * unit
            u = np.float32(upper[y, x]) * unit
            edge = np.float32(lower_band[y, x]) * unit
            hidden = np.float32(veil[y, x]) * unit
            for c in range(3):
                seen = np.float32(rgb[y, x, c])
                colour = seen
                if edge > 0 and a < one:
                    front = np.float32(base[y, x, c])
                    rest = seen - a * front - (one - a) * np.float32(back[y, x, c])
                    clean = front + rest * a / (a * a + (one - a) * (one - a) + np.float32(0.02))
                    keep = min(a * 20, one)
                    colour += (clean * keep + front * (one - keep) - seen) * edge
                elif a <= 0:
                    colour = np.float32(base[y, x, c])
                colour += (np.float32(fill[y, x, c]) - colour) * hidden
                out[y, x, c] = np.uint8(min(max(colour + np.float32(0.5), np.float32(0)), np.float32(255)))
            alone = min(max((a - u) / max(one - u, np.float32(0.02)), np.float32(0)), one)
            beyond = np.float32(ahead[y, x]) * unit
            if u > 0:
                share = min(max((u - np.float32(0.5)) * np.float32(2.5), np.float32(0)), one)
                alone += (beyond - alone) * share
            alpha[y, x] = np.uint8(alone * 255 + np.float32(0.5))
