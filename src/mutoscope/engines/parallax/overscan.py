"""Keeps the camera's view within the picture: enlarges it, or shortens the travel where that is not enough.

It asks the renderer's own geometry where each layer would be looked up, at many moments of a path, and never
hides a border by repeating or mirroring it. Read next: `tracing.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.pose import MOST_ENLARGED, Pose, Stage, turn
from mutoscope.engines.parallax.tracing import trace

_MOMENTS = 13
_COLUMNS, _ROWS = 25, 17
_TOLERATED_PX = 0.5
"""Half a pixel beyond the last one is still that pixel."""

Field = NDArray[np.float32]


class Overscan:
    """One scene, asked for many paths."""

    def __init__(self, scene: Stage) -> None:
        self.size = (scene.width_px, scene.height_px)
        self._disparity = stacked_disparity(scene)
        self._visible = [None, *(_coarse_alpha(layer.alpha) for layer in scene.layers[1:])]
        self._grid = np.empty((len(scene.layers), _ROWS, _COLUMNS, 2), np.float32)
        self._no_flow = np.empty((0, 1, 1), np.float32)

    @property
    def spread(self) -> float:
        """The largest step of disparity between a layer, where it is to be seen, and the next one behind it."""
        means = [float(self._disparity[0].mean())]
        for field, visible in zip(self._disparity[1:], self._visible[1:], strict=True):
            if visible is not None and visible.any():
                cells = field[: visible.shape[0], : visible.shape[1]]
                means.append(float(cells[visible[: cells.shape[0], : cells.shape[1]]].mean()))
        return max((near - far for far, near in itertools.pairwise(means)), default=0.0)

    def fitted(self, poses: Sequence[Pose], borders: Sequence[int]) -> list[Pose]:
        """The same path without a look beyond the picture."""
        if not poses:
            return []
        moments = _moments(poses, borders)
        share = 1.0
        for _ in range(12):
            chosen = [_shortened(pose, share) for pose in moments]
            factor = self._enlargement(chosen)
            if factor is not None:
                return [
                    replace(shorter, zoom=shorter.zoom * factor) for shorter in (_shortened(p, share) for p in poses)
                ]
            share *= 0.86
        return [Pose(focus_disparity=pose.focus_disparity) for pose in poses]

    def excursion(self, pose: Pose) -> float:
        """How far the view looks beyond the picture, in pixels of it; of layers only where they are to be seen."""
        width, height = self.size
        # A view with the picture's own shape: its corners are the outermost points.
        step = np.array([(width - 1) / (_COLUMNS - 1), (height - 1) / (_ROWS - 1)])
        travel = np.array([pose.x, pose.y, pose.z])
        trace(self._disparity, 8.0, self.size, self.size, turn(pose), travel, step, self._no_flow, self._grid)
        x, y = self._grid[..., 0], self._grid[..., 1]
        beyond = np.maximum(np.maximum(-x, x - (width - 1)), np.maximum(-y, y - (height - 1)))
        worst = float(beyond[0].max())
        for layer, visible in enumerate(self._visible):
            if visible is not None and beyond[layer].max() > _TOLERATED_PX:
                rows = np.clip(y[layer], 0, height - 1).astype(np.int64) // 8
                columns = np.clip(x[layer], 0, width - 1).astype(np.int64) // 8
                worst = max(worst, float((beyond[layer] * visible[rows, columns]).max()))
        return worst

    def _enlargement(self, poses: Sequence[Pose]) -> float | None:
        """The least factor that keeps every pose within the picture; None if it would have to be too large."""
        beyond = [(self.excursion(pose), number) for number, pose in enumerate(poses)]
        # Enlarging draws every look inwards, so only poses that look beyond now can set the factor.
        worst = [poses[number] for far, number in sorted(beyond, reverse=True) if far > _TOLERATED_PX]
        if not worst:
            return 1.0
        if not self._fits(worst, MOST_ENLARGED):
            return None
        factor = 1.0
        for pose in worst:
            if not self._fits((pose,), factor):
                factor = self._bisected(pose, factor)
        return factor

    def _bisected(self, pose: Pose, low: float) -> float:
        high = MOST_ENLARGED
        while high - low > 0.0015:
            middle = (low + high) / 2
            if self._fits((pose,), middle):
                high = middle
            else:
                low = middle
        return high

    def _fits(self, poses: Sequence[Pose], factor: float) -> bool:
        return all(self.excursion(replace(pose, zoom=pose.zoom * factor)) <= _TOLERATED_PX for pose in poses)


def stacked_disparity(scene: Stage) -> Field:
    """(layers, …) float32, far to near."""
    return np.stack([np.asarray(layer.disparity, np.float32) for layer in scene.layers])


def _moments(poses: Sequence[Pose], borders: Sequence[int]) -> list[Pose]:
    """Some moments of each shot, the extremes of the whole path among them."""
    numbers: set[int] = set()
    origin = borders[0]
    for first, end in itertools.pairwise(borders):
        numbers.update(np.linspace(first - origin, max(first, end - 1) - origin, _MOMENTS).round().astype(int).tolist())
    for axis in ("x", "y", "z", "pan_rad", "tilt_rad", "roll_rad", "zoom"):
        values = [getattr(pose, axis) for pose in poses]
        numbers.update((int(np.argmin(values)), int(np.argmax(values))))
    return [poses[number] for number in sorted(numbers) if number < len(poses)]


def _shortened(pose: Pose, share: float) -> Pose:
    """The same pose with less travel and less of a turn; the zoom that was asked for stays."""
    if share == 1.0:
        return pose
    moved = {axis: getattr(pose, axis) * share for axis in ("x", "y", "z", "pan_rad", "tilt_rad", "roll_rad")}
    return replace(pose, **moved)


def _coarse_alpha(alpha: NDArray[np.uint8]) -> NDArray[Any]:
    """Whether anything is visible in each block of 8 x 8 px."""
    height, width = alpha.shape
    padded = np.pad(alpha, ((0, -height % 8), (0, -width % 8)))
    return np.asarray(padded.reshape(padded.shape[0] // 8, 8, -1, 8).max(axis=(1, 3)) > 8)
