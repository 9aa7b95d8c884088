"""Scenes whose layers are known, and a plain camera to look at them: the truth the scene builder is held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.layers import Scene

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]


@dataclass(frozen=True)
class Sheet:
    """One true layer: straight colours, alpha 0 … 1, one disparity."""

    colours: Plane
    alpha: Plane
    disparity: float


@dataclass(frozen=True)
class Seen:
    """What a depth model would say of a scene, softened as a network's answer is."""

    disparity: Plane
    classes: Mapping[str, Plane] = field(default_factory=dict)
    saliency: Plane = field(default_factory=lambda: np.ones((8, 8), np.float32))
    confidence: float = 1.0


def texture(height: int, width: int, seed: int, mean: tuple[int, int, int], strength: float) -> Plane:
    """Smooth random colours around a mean."""
    rng = np.random.default_rng(seed)
    out = np.full((height, width, 3), mean, np.float32)
    for scale in (3, 12, 48):
        coarse = rng.standard_normal((height // scale + 2, width // scale + 2, 3)).astype(np.float32)
        out += strength * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(out, 0, 255)


def wall(height: int, width: int) -> Plane:
    """Planks, each of its own shade, with dark joints: what lies behind something can be told from its sides."""
    shades = np.random.default_rng(3).uniform(110, 210, height // 16 + 1).astype(np.float32)
    rows = np.arange(height)
    grey = np.where(rows % 16 < 2, np.float32(60), shades[rows // 16])
    return np.asarray(
        np.broadcast_to(grey[:, None, None] * np.array([1.0, 0.9, 0.8]), (height, width, 3)), np.float32
    ).copy()


def portrait(height: int = 272, width: int = 480, *, hair: int = 60) -> tuple[list[Sheet], Seen]:
    """A reddish head with hair before a wall of planks; depth knows the head, not the hair."""
    size = 4
    centre, radii = np.array([0.5 * width, 0.6 * height]), np.array([0.13 * width, 0.36 * height])
    mask = np.zeros((height * size, width * size), np.uint8)
    whole = tuple(int(v) for v in centre * size), tuple(int(v) for v in radii * size)
    cv2.ellipse(mask, *whole, 0, 0, 360, 255, -1)
    solid = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    rng = np.random.default_rng(1)
    for turn in rng.uniform(np.pi, 2 * np.pi, hair):
        root = centre + radii * np.array([np.cos(turn), np.sin(turn)])
        lean = turn + rng.uniform(-0.4, 0.4)
        tip = root + rng.uniform(2, 0.012 * width) * np.array([np.cos(lean), np.sin(lean)])
        cv2.line(mask, _scaled(root, size), _scaled(tip, size), 255, 5)
    alpha = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)
    sheets = [
        Sheet(wall(height, width), np.ones((height, width), np.float32), 0.2),
        Sheet(texture(height, width, 2, (190, 50, 40), 6), alpha, 0.8),
    ]
    return sheets, seen(0.2 + 0.6 * (solid > 0.5))


def _scaled(point: NDArray[Any], size: int) -> tuple[int, int]:
    return int(point[0] * size), int(point[1] * size)


def seen(disparity: Any, softness: float = 1.5, **others: Any) -> Seen:
    """A true disparity as a network would draw it."""
    soft = cv2.GaussianBlur(np.asarray(disparity, np.float32), (0, 0), softness)
    return Seen(np.asarray(soft, np.float32), **others)


def true_view(sheets: list[Sheet], across: float, pivot: float) -> Pixels:
    """The scene from a camera that has moved across, looking at what has the pivot's disparity."""
    out = np.zeros_like(sheets[0].colours)
    for sheet in sheets:
        colours, alpha = (_shifted(plane, across, pivot, sheet.disparity) for plane in (sheet.colours, sheet.alpha))
        out = out * (1 - alpha[..., None]) + colours * alpha[..., None]
    return np.clip(np.rint(out), 0, 255).astype(np.uint8)


def uncovered(sheets: list[Sheet], across: float, pivot: float) -> NDArray[np.bool_]:
    """Where that camera sees the farthest sheet and the picture does not."""
    hidden = _shifted(sheets[1].alpha, across, pivot, sheets[0].disparity) > 0.1
    return hidden & (_shifted(sheets[1].alpha, across, pivot, sheets[1].disparity) < 0.02)


def _shifted(plane: Plane, across: float, pivot: float, disparity: float) -> Plane:
    width = plane.shape[1]
    matrix = np.array([[1, 0, -across * (disparity - pivot) * width], [0, 1, 0]], np.float32)
    size = (width, plane.shape[0])
    return np.asarray(
        cv2.warpAffine(plane, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.float32,
    )


def view(scene: Scene, across: float = 0.0, pivot: float = 0.0) -> Pixels:
    """The built scene from the same camera."""
    height, width = scene.height_px, scene.width_px
    y, x = np.mgrid[:height, :width].astype(np.float32)
    out = np.zeros((height, width, 3), np.float32)
    for layer in scene.layers:
        where = x
        for _ in range(4):
            disparity = cv2.remap(layer.disparity, where / 8, y / 8, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            where = x + across * (disparity - pivot) * width
        alpha = layer.alpha.astype(np.float32)[..., None] / 255
        sheet = np.dstack([layer.rgb * alpha, alpha])
        sampled = cv2.remap(sheet, where, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        out = out * (1 - sampled[..., 3:]) + sampled[..., :3]
    return np.clip(np.rint(out), 0, 255).astype(np.uint8)


def psnr(first: Pixels, second: Pixels, where: NDArray[np.bool_] | None = None) -> float:
    """Likeness in decibels, of all pixels or of some."""
    error = (first.astype(np.float64) - second.astype(np.float64)) ** 2
    mean = float(error.mean() if where is None else error[where].mean())
    return 10 * float(np.log10(255**2 / max(mean, 1e-9)))
