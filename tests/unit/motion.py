"""Measures what a viewer sees: how frames move, jump and end at their borders.

Optical flow between frames six apart and a robust fit of shift, growth and turn; all in per cent of the width.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

WIDTH_PX = 480


@dataclass(frozen=True)
class Motion:
    """Means over a clip.

    right, down   shift of the picture.
    growth        how much it becomes larger, times its half width.
    turn          anticlockwise is negative, times its half width.
    parallax      90th percentile of what the fit leaves over: near and far moving apart.
    jitter        change of the shift from one pair of frames to the next.
    """

    right: float
    down: float
    growth: float
    turn: float
    parallax: float
    jitter: float


def measure(frames: list[Pixels]) -> Motion:
    """The motion of frames that lie six apart."""
    greys = [cv2.cvtColor(_small(frame), cv2.COLOR_RGB2GRAY) for frame in frames]
    dis = flow_finder()
    fits = np.array([_fit(dis.calc(a, b, None), a) for a, b in itertools.pairwise(greys)])
    jitter = float(np.abs(np.diff(fits[:, :2], axis=0)).mean())
    right, down, growth, turn, parallax = (float(value) for value in fits.mean(axis=0))
    return Motion(right, down, growth, turn, parallax, jitter)


def flow_finder() -> Any:
    """Dense inverse search: dense, fast and true to a fraction of a pixel."""
    module: Any = cv2
    return module.DISOpticalFlow_create(module.DISOPTICAL_FLOW_PRESET_MEDIUM)


def _small(frame: Pixels) -> Any:
    size = (WIDTH_PX, round(WIDTH_PX * frame.shape[0] / frame.shape[1]))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)


def _fit(flow: Any, grey: Any) -> Floats:
    height, width = grey.shape
    detail = cv2.absdiff(grey, cv2.GaussianBlur(grey, (0, 0), 2)).astype(np.float32)
    rows, columns = np.nonzero(cv2.GaussianBlur(detail, (0, 0), 4) > 1.0)
    x, y = (columns - width / 2) / width, (rows - height / 2) / width
    u, v = flow[rows, columns, 0].astype(np.float64), flow[rows, columns, 1].astype(np.float64)
    one, none = np.ones_like(x), np.zeros_like(x)
    matrix = np.concatenate([np.stack([one, none, x, -y], 1), np.stack([none, one, y, x], 1)])
    wanted: Floats = np.concatenate([u, v])
    weight, solution = np.ones(2 * len(x)), np.zeros(4)
    for _ in range(3):
        solution = np.asarray(np.linalg.lstsq(matrix * weight[:, None], wanted * weight, rcond=None)[0], np.float64)
        error = np.abs(wanted - matrix @ solution).reshape(2, -1).sum(axis=0)
        weight = np.tile(1 / (1 + (error / (np.median(error) + 1e-3)) ** 2), 2)
    left = np.hypot(*(wanted - matrix @ solution).reshape(2, -1))
    fit: Floats = np.array([*solution, np.percentile(left, 90)]) / width * 100
    return fit


def luminance_jump(frames: list[Pixels]) -> float:
    """Largest change of the mean grey level between neighbours."""
    means = [float(frame.mean()) for frame in frames]
    return float(np.abs(np.diff(means)).max())


def black_border(frames: list[Pixels]) -> float:
    """Largest share of nearly black pixels in the two outermost rows and columns of any frame."""
    shares = []
    for frame in frames:
        edges = [frame[:2], frame[-2:], frame[:, :2].swapaxes(0, 1), frame[:, -2:].swapaxes(0, 1)]
        shares.append(max(float((edge.max(axis=2) < 8).mean()) for edge in edges))
    return max(shares)


def streaks(frames: list[Pixels], depth_px: int = 6) -> float:
    """Least detail along the normal of any border: 0 where a border is made of repeated pixels."""
    found = []
    for frame in frames:
        sides = (
            frame[:depth_px],
            frame[-depth_px:],
            frame[:, :depth_px].swapaxes(0, 1),
            frame[:, -depth_px:].swapaxes(0, 1),
        )
        found.append(min(float(np.abs(np.diff(side.astype(np.float32), axis=0)).mean()) for side in sides))
    return min(found)


def psnr(a: NDArray[Any], b: NDArray[Any]) -> float:
    """In dB."""
    error = float(np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2))
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def fine_change(frames: list[Pixels]) -> float:
    """Mean change of fine detail between neighbours: what falls, glints or flickers."""
    greys = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32) for frame in frames]
    fine = [grey - cv2.GaussianBlur(grey, (0, 0), 2) for grey in greys]
    return float(np.mean([np.abs(b - a).mean() for a, b in itertools.pairwise(fine)]))
