"""Where one layer ends and the next begins: thresholds in disparity, and soft mattes along the picture's own edges.

A matte says for every pixel how much of it is nearer than a threshold. On a surface that runs smoothly through the
threshold the matte is a wide ramp, and both layers keep the same colour and disparity there: no seam. Along a jump
it follows the picture (colour-guided filter), down to hair and twigs. Colours are separated in `layers.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax import strands
from mutoscope.engines.parallax.guided import GuidedFilter, at_full_size
from mutoscope.engines.parallax.inpaint import push_pull

Map = NDArray[np.float32]
Mask = NDArray[np.uint8]

RAMP = 0.035
"""Half width of the cross-fade on smooth surfaces, in disparity."""

JUMP = 0.10
"""Smallest difference of disparity across a few pixels that counts as an edge to cut along."""

_BINS = 96
_SURVEY_PX = 480
_MIN_SEPARATION = 0.06
_LEAST_GAIN = (0.05, 0.05, 0.15, 0.15)
"""Share of all edge strength that the first, second … threshold must cut: every layer more is an object in danger."""


_HAIR = 0.015
"""How far hair may stand out from what depth found, as a share of the longer side."""

_ISLAND = 0.006
"""Largest island, as a share of the picture."""

_SNAP_TURNS = 5
"""Pixels (of half size) that a blurred edge may be wide on each side of its middle."""


@dataclass(frozen=True, slots=True)
class Matte:
    """One cut through the picture.

    threshold   disparity.
    nearer      uint8 (h, w): 255 where the pixel lies nearer than the threshold, soft along edges.
    band        uint8 (h, w): 255 along jumps, where `nearer` comes from the picture's colours; 0 on smooth surfaces.
    """

    threshold: float
    nearer: Mask
    band: Mask


@dataclass(frozen=True, slots=True)
class Cut:
    """The picture cut up.

    mattes   ascending; a nearer one never exceeds a farther one.
    steps    disparity with its jumps made steps (see `snapped`), at full or half size.
    """

    mattes: tuple[Matte, ...]
    steps: Map


def choose_thresholds(disparity: Map, *, least: int = 2, most: int = 4) -> tuple[float, ...]:
    """Disparities that the strongest edges straddle, ascending.

    Greedy set cover: the best threshold first, then the best for the edges it did not cut. A threshold inside a
    crowded disparity (a wall would be split) pays for it.
    """
    small = snapped(_survey(disparity))
    low, high = _extremes(small, 2)
    jump = high - low
    edge = jump > JUMP
    lows, highs, gains = low[edge], high[edge], jump[edge] ** 1.5
    crowd = _crowding(small)
    centres = (np.arange(_BINS) + 0.5) / _BINS
    chosen: list[float] = []
    uncut = np.ones(lows.size, bool)
    total = float(gains.sum())
    worth = 1.0 - 0.6 * crowd
    while len(chosen) < most and total > 0:
        score = _straddled(lows[uncut], highs[uncut], gains[uncut]) * worth
        separation = _MIN_SEPARATION
        enough = _LEAST_GAIN[len(chosen)] * total
        if score.max() < enough:
            if len(chosen) >= least:
                break
            # Every edge is cut; cut the strongest once more, to part what is near from what is nearer.
            score, separation = _straddled(lows, highs, gains) * worth, 3 * _MIN_SEPARATION
        for taken in chosen:
            score[np.abs(centres - taken) < separation] = 0.0
        best = int(score.argmax())
        if score[best] < enough:
            break
        chosen.append(float(centres[best]))
        uncut &= ~((lows < centres[best]) & (highs > centres[best]))
    return _filled_up(chosen, small, least)


def cut(rgb: NDArray[np.uint8], disparity: Map, thresholds: tuple[float, ...]) -> Cut:
    """One matte per threshold, ascending; a nearer one never exceeds a farther one."""
    height, width = disparity.shape
    step = 2 if max(height, width) > 960 else 1
    size = (-(-width // step), -(-height // step))
    colours = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    small = np.asarray(cv2.resize(disparity, size, interpolation=cv2.INTER_AREA), np.float32)
    radius = max(2, round(size[0] / 200))
    guide = colours.astype(np.float32) / np.float32(255)
    guided = GuidedFilter(guide, radius, 2e-4)
    fine = GuidedFilter(guide, 2, 5e-5)
    steps = without_islands(snapped(small), thresholds)
    mattes = [_matte(rgb, colours, steps, threshold, (guided, fine)) for threshold in thresholds]
    for nearer, farther in zip(reversed(mattes[1:]), reversed(mattes[:-1]), strict=True):
        np.maximum(farther.nearer, nearer.nearer, out=farther.nearer)
    return Cut(tuple(mattes), steps)


def snapped(disparity: Map) -> Map:
    """The same surfaces with every blurred jump made a step: each pixel of the slope goes to its nearer end.

    Without this a blurred edge passes through all disparities between its ends, and every layer between them would
    get a thin ghost of it.
    """
    for _ in range(_SNAP_TURNS):
        low, high = _extremes(disparity, 1)
        wide_low, wide_high = _extremes(disparity, 3)
        end = np.where(disparity - low < high - disparity, low, high)
        disparity = np.where(wide_high - wide_low > JUMP, end, disparity)
    return disparity


def without_islands(steps: Map, thresholds: tuple[float, ...]) -> Map:
    """The same without small far patches inside something near: lights and marks on it, mistaken for holes.

    A true hole that is filled moves with what surrounds it, which is seldom seen; a mark that is cut out leaves its
    object, which always is.
    """
    islands = np.zeros(steps.shape, np.uint8)
    most = _ISLAND * steps.size
    for threshold in thresholds:
        beyond = (steps <= threshold).astype(np.uint8)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(beyond, connectivity=4)
        left, top, right, bottom = stats[:, 0], stats[:, 1], stats[:, 0] + stats[:, 2], stats[:, 1] + stats[:, 3]
        enclosed = (left > 0) & (top > 0) & (right < steps.shape[1]) & (bottom < steps.shape[0])
        small = enclosed & (stats[:, 4] < most)
        small[0] = False
        islands |= small[labels].astype(np.uint8)
    if not islands.any():
        return steps
    around = push_pull(steps, (1 - islands).astype(np.float32))
    return np.where(islands > 0, around, steps).astype(np.float32)


def _survey(disparity: Map) -> Map:
    height, width = disparity.shape
    scale = min(1.0, _SURVEY_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(disparity, size, interpolation=cv2.INTER_AREA), np.float32)


def _extremes(disparity: Map, radius: int) -> tuple[Map, Map]:
    """Smallest and largest value within a square of this radius."""
    kernel = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    low, high = cv2.erode(disparity, kernel), cv2.dilate(disparity, kernel)
    return np.asarray(low, np.float32), np.asarray(high, np.float32)


def _straddled(lows: Map, highs: Map, gains: Map) -> NDArray[np.float64]:
    """For every bin, how much edge strength lies across it; the middle of a jump counts most."""
    ends = np.zeros(_BINS + 1)
    inset = (highs - lows) * 0.2
    np.add.at(ends, np.clip(np.ceil((lows + inset) * _BINS), 0, _BINS).astype(np.intp), gains)
    np.add.at(ends, np.clip(np.ceil((highs - inset) * _BINS), 0, _BINS).astype(np.intp), -gains)
    return np.cumsum(ends)[:_BINS]


def _crowding(small: Map) -> NDArray[np.float64]:
    """0 … 1 per bin: how many pixels lie near this disparity, against the fullest bin."""
    counts = np.histogram(small, bins=_BINS, range=(0.0, 1.0))[0].astype(np.float64)
    spread = np.convolve(counts, np.ones(7), "same")
    return spread / max(1.0, float(spread.max()))


def _filled_up(chosen: list[float], small: Map, least: int) -> tuple[float, ...]:
    """At least `least` thresholds: where no edge asks for one, between the quantiles of the picture."""
    found = sorted(chosen)
    for share in (0.67, 0.34, 0.85, 0.15):
        if len(found) >= least:
            break
        candidate = float(np.quantile(small, share)) + 1.5 * RAMP
        if all(abs(candidate - other) >= 2 * RAMP for other in found):
            found.append(candidate)
    while len(found) < least:
        found.append(max([1.0, *found]) + 3 * RAMP)
    return tuple(sorted(found))


def _matte(
    rgb: NDArray[np.uint8],
    colours: NDArray[np.uint8],
    steps: Map,
    threshold: float,
    filters: tuple[GuidedFilter, GuidedFilter],
) -> Matte:
    size = (rgb.shape[1], rgb.shape[0])
    reach = max(2, round(max(steps.shape) * _HAIR))
    low, high = _extremes(steps, 1)
    jumps = ((low < threshold) & (high > threshold) & (high - low > JUMP)).astype(np.uint8)
    smooth = np.clip((steps - np.float32(threshold - RAMP)) / np.float32(2 * RAMP), 0, 1)
    if not jumps.any():
        smooth = cv2.resize(smooth, size, interpolation=cv2.INTER_LINEAR)
        return Matte(threshold, np.rint(smooth * 255).astype(np.uint8), np.zeros(smooth.shape, np.uint8))
    strip = np.asarray(cv2.dilate(jumps, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)), np.uint8)
    inside = (steps > threshold).astype(np.uint8)
    guided, fine = filters
    prior = guided.apply(inside.astype(np.float32))
    prior = smooth + (_steeper(prior) - smooth) * strip
    decided = strands.refined(colours, prior, inside, strip, reach_px=reach)
    band = cv2.blur(strip.astype(np.float32), (5, 5))
    detail = at_full_size(fine.coefficients(decided), rgb)
    detail = np.clip(detail * np.float32(1.1) - np.float32(0.05), 0, 1)
    smooth, band = (cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR) for plane in (smooth, band))
    nearer = smooth + (detail - smooth) * band
    return Matte(threshold, np.rint(nearer * 255).astype(np.uint8), np.rint(band * 255).astype(np.uint8))


def _steeper(matte: Map) -> Map:
    """The filter's feeble ends pushed to 0 and 1."""
    return np.asarray(np.clip((matte - np.float32(0.12)) / np.float32(0.76), 0, 1), np.float32)
