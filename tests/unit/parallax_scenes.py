"""Scenes whose depth is known to the pixel, for the renderer's tests: no photograph, no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.camera import path
from mutoscope.engines.parallax.pose import Pose
from mutoscope.engines.parallax.render import Renderer, planes_to_rgb
from mutoscope.engines.parallax.shots import Effect, Move, Plan, Shot

Pixels = NDArray[np.uint8]

FPS = 24.0


@dataclass(frozen=True)
class KnownLayer:
    """As `layers.Layer`."""

    rgb: Pixels
    alpha: Pixels
    disparity: NDArray[np.float32]


@dataclass(frozen=True)
class KnownScene:
    """As `layers.Scene`."""

    layers: tuple[KnownLayer, ...]
    width_px: int
    height_px: int
    classes: Mapping[str, Pixels] = field(default_factory=dict)
    focus: tuple[float, float, float] = (0.5, 0.6, 0.5)
    gentle: float = 1.0
    is_portrait: bool = False


def texture(width: int, height: int, seed: int) -> Pixels:
    """Blotches of every size and colour, as an optical flow needs them."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, 3), np.float32)
    for cells in (6, 14, 34, 80):
        coarse = rng.normal(0, 1, (max(2, cells * height // width), cells, 3)).astype(np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    total += rng.normal(0, 0.12, total.shape).astype(np.float32)
    return np.clip(np.rint(122 + 33 * total), 0, 255).astype(np.uint8)


def plain(width: int, height: int, disparity: float, seed: int, alpha: Pixels | None = None) -> KnownLayer:
    """A wall that faces the camera."""
    field_ = np.full((-(-height // 8) + 1, -(-width // 8) + 1), disparity, np.float32)
    opaque = np.full((height, width), 255, np.uint8)
    return KnownLayer(texture(width, height, seed), opaque if alpha is None else alpha, field_)


def three_walls(width: int = 528, height: int = 304) -> KnownScene:
    """A far wall, a wider strip of ground before it and a pillar in front."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    ground = np.clip((y - 0.55 * height) / 2 + 0.5, 0, 1) * 255
    pillar = np.clip((0.09 * width - np.abs(x - 0.62 * width)) / 2 + 0.5, 0, 1) * 255
    pillar *= y > 0.2 * height
    layers = (
        plain(width, height, 0.05, 1),
        plain(width, height, 0.45, 2, ground.astype(np.uint8)),
        plain(width, height, 0.9, 3, pillar.astype(np.uint8)),
    )
    masks = {
        "sky": ((y < 0.4 * height) * 255).astype(np.uint8),
        "water": ((y > 0.6 * height) * 255).astype(np.uint8),
        "foliage": ((x < 0.4 * width) * 255).astype(np.uint8),
        "person": pillar.astype(np.uint8),
    }
    return KnownScene(layers, width, height, masks, (0.62, 0.6, 0.45))


def planned(*moves: str, effects: tuple[str, ...] = (), strength: float = 1.0) -> Plan:
    """One shot of these moves and effects."""
    wanted = tuple(Effect(name, strength) for name in effects)
    return Plan((Shot(0.0, 1.0, tuple(Move(name, strength) for name in moves), wanted),))


def film(
    scene: Any,
    plan: Plan,
    *,
    num_frames: int = 49,
    every: int = 6,
    output: tuple[int, int] = (480, 272),
    seed: int = 3,
) -> tuple[list[Pixels], tuple[Pose, ...]]:
    """Some frames as sRGB, and the whole path."""
    poses = path(plan, scene, num_frames=num_frames, fps=FPS, seed=seed)
    renderer = Renderer(scene, poses, plan, output=output, fps=FPS, seed=seed)
    return [planes_to_rgb(renderer.frame(n)) for n in range(0, num_frames, every)], poses
