"""The shape of each layer: disparity on a coarse grid, smooth, defined everywhere, and stiff inside one object.

A layer is warped by its grid, so whatever bends in the grid bends in the video: letters, faces, window frames.
Regions of like colour and disparity are therefore replaced by planes, steps are smoothed away, and each layer's
values go on smoothly under whatever hides it.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.compiling import compiled
from mutoscope.engines.parallax.inpaint import push_pull

Map = NDArray[np.float32]

CELL_PX = 8

_MERGE = 0.045
"""Steps of colour and disparity (see `_steps`) below this always join two cells to one region."""

_STIFFNESS = 0.8
"""How much of the way from the measured disparity to its region's plane."""

_SMOOTH_CELLS = 1.6

_STEEPEST = 6.0
"""Slope of disparity, per longer side of the picture, that is let be: a move of 5 % stretches it by a third."""

_CALMING_TURNS = 2


def grid_of(plane: NDArray[Any], shape: tuple[int, int]) -> Map:
    """Averages of a plane around the pixels (8 i, 8 j) of a picture: float32 (ceil(h / 8) + 1, ceil(w / 8) + 1).

    plane  covers the whole picture, at its size or smaller.
    shape  height and width of the picture.
    """
    height, width = shape
    small = cv2.resize(plane, (-(-width // 4), -(-height // 4)), interpolation=cv2.INTER_AREA).astype(np.float32)
    quarter = cv2.blur(small, (3, 3), borderType=cv2.BORDER_REPLICATE)
    columns = (np.arange(-(-width // CELL_PX) + 1) * CELL_PX + 0.5) * (quarter.shape[1] / width) - 0.5
    rows = (np.arange(-(-height // CELL_PX) + 1) * CELL_PX + 0.5) * (quarter.shape[0] / height) - 0.5
    across, down = np.meshgrid(columns.astype(np.float32), rows.astype(np.float32))
    return np.asarray(cv2.remap(quarter, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def stiffened(disparity: Map, colours: Map, weight: Map) -> Map:
    """The grid with every region of like colour and disparity pulled towards its plane.

    disparity  (rows, columns) float32.
    colours    (rows, columns, 3) float32, 0 … 1.
    weight     (rows, columns) float32: cells of weight 0 are no part of the layer.
    """
    labels = _regions(disparity, colours)
    planes, fit = _planes(disparity, labels, weight)
    pull = np.float32(_STIFFNESS) * fit
    return np.asarray(disparity + (planes - disparity) * pull, np.float32)


def extended(disparity: Map, weight: Map) -> Map:
    """A layer's own disparity (weight > 0) smoothed, and carried on smoothly to everywhere else."""
    if not float(weight.max()) > 0:
        return np.full(disparity.shape, disparity.mean(), np.float32)
    sigma = (0, 0)
    mass = cv2.GaussianBlur(weight, sigma, _SMOOTH_CELLS, borderType=cv2.BORDER_REPLICATE)
    mean = cv2.GaussianBlur(disparity * weight, sigma, _SMOOTH_CELLS, borderType=cv2.BORDER_REPLICATE)
    known = np.asarray(np.clip(mass * 50, 0, 1), np.float32)
    full = push_pull((mean / np.maximum(mass, np.float32(1e-6))).astype(np.float32), known)
    smooth = cv2.GaussianBlur(full, sigma, _SMOOTH_CELLS, borderType=cv2.BORDER_REPLICATE)
    for _ in range(_CALMING_TURNS):
        smooth = _calmer(np.asarray(smooth, np.float32))
    return np.asarray(smooth, np.float32)


def _calmer(disparity: Map) -> Map:
    """The same with its steepest slopes smoothed away: they would be seen as rubber."""
    down, across = np.gradient(np.pad(disparity, 1, mode="edge"))
    slope = np.hypot(down, across)[1:-1, 1:-1].astype(np.float32) * np.float32(max(disparity.shape))
    steep = np.clip(slope / np.float32(_STEEPEST) - 1, 0, 1).astype(np.float32)
    share = cv2.blur(cv2.dilate(steep, np.ones((5, 5), np.uint8)), (5, 5), borderType=cv2.BORDER_REPLICATE)
    blurred = cv2.GaussianBlur(disparity, (0, 0), 3 * _SMOOTH_CELLS, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(disparity + (blurred - disparity) * share, np.float32)


def _steps(disparity: Map, colours: Map, axis: int) -> NDArray[np.int64]:
    """Difference between neighbours along an axis; whole numbers, so that sorting has one answer."""
    far = np.abs(np.diff(disparity, axis=axis)) * np.float32(1.5)
    hue = np.sqrt((np.diff(colours, axis=axis) ** 2).sum(axis=-1)) * np.float32(0.35)
    return np.asarray(np.rint((far + hue) * 10000), np.int64)


def _regions(disparity: Map, colours: Map) -> NDArray[np.int32]:
    """Labels of regions that hang together (Felzenszwalb and Huttenlocher 2004)."""
    rows, columns = disparity.shape
    index = np.arange(rows * columns).reshape(rows, columns)
    ends = np.concatenate([index[:, :-1].ravel(), index[:-1].ravel()])
    starts = np.concatenate([index[:, 1:].ravel(), index[1:].ravel()])
    steps = np.concatenate([_steps(disparity, colours, 1).ravel(), _steps(disparity, colours, 0).ravel()])
    order = np.argsort(steps, kind="stable")
    labels: Any = _joined(ends[order], starts[order], steps[order], rows * columns, round(_MERGE * 10000))
    return np.asarray(labels.reshape(rows, columns), np.int32)


@compiled
def _joined(ends: Any, starts: Any, steps: Any, count: Any, patience: Any) -> Any:
    parent = np.arange(count)
    size = np.ones(count, np.int64)
    largest = np.zeros(count, np.int64)
    for n in range(ends.size):
        a, b = ends[n], starts[n]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a == b:
            continue
        limit = min(largest[a] + patience * 12 // size[a], largest[b] + patience * 12 // size[b])
        if steps[n] <= limit or min(size[a], size[b]) < 6:
            parent[b] = a
            size[a] += size[b]
            largest[a] = max(largest[a], largest[b], steps[n])
    labels = np.empty(count, np.int64)
    for n in range(count):
        a = n
        while parent[a] != a:
            a = parent[a]
        labels[n] = a
    return labels


@compiled
def _sums(disparity: Any, labels: Any, weight: Any, count: Any) -> Any:
    """Per region: weights and moments for a plane, around the region's own first cell."""
    rows, columns = disparity.shape
    sums = np.zeros((count, 9))
    for y in range(rows):
        for x in range(columns):
            k = labels[y, x]
            w = np.float64(weight[y, x])
            across = np.float64(x - k % columns)
            down = np.float64(y - k // columns)
            value = np.float64(disparity[y, x])
            sums[k, 0] += w
            sums[k, 1] += w * across
            sums[k, 2] += w * down
            sums[k, 3] += w * across * across
            sums[k, 4] += w * across * down
            sums[k, 5] += w * down * down
            sums[k, 6] += w * value
            sums[k, 7] += w * value * across
            sums[k, 8] += w * value * down
    return sums


@compiled
def _surface(labels: Any, sums: Any) -> Any:
    """The plane of each cell's region at that cell; small regions get their mean."""
    rows, columns = labels.shape
    out = np.empty((rows, columns), np.float32)
    for y in range(rows):
        for x in range(columns):
            k = labels[y, x]
            s = sums[k]
            w = max(s[0], 1e-9)
            mx, my, mv = s[1] / w, s[2] / w, s[6] / w
            xx = s[3] / w - mx * mx + 2.0
            yy = s[5] / w - my * my + 2.0
            xy = s[4] / w - mx * my
            xv = s[7] / w - mx * mv
            yv = s[8] / w - my * mv
            det = xx * yy - xy * xy
            slope_x = (xv * yy - yv * xy) / det
            slope_y = (yv * xx - xv * xy) / det
            out[y, x] = mv + slope_x * (x - k % columns - mx) + slope_y * (y - k // columns - my)
    return out


def _planes(disparity: Map, labels: NDArray[np.int32], own: Map) -> tuple[Map, Map]:
    """The regions' planes and how well each fits: 1 where the region is flat, 0 where it is no plane at all."""
    weight = own
    count = labels.size
    for _ in range(3):
        planes = _surface(labels, _sums(disparity, labels, weight, count))
        weight = (own / (1 + ((disparity - planes) / np.float32(0.02)) ** 2)).astype(np.float32)
    error = np.minimum(np.abs(disparity - planes), np.float32(0.2))
    sums = np.bincount(labels.ravel(), weights=(error * own).ravel(), minlength=count)
    counts = np.bincount(labels.ravel(), weights=own.ravel(), minlength=count)
    mean = (sums / np.maximum(counts, 1e-6))[labels]
    return np.asarray(planes, np.float32), np.clip(1.5 - mean / 0.04, 0, 1).astype(np.float32)
