"""Compiles every kernel before the first task needs it, by making two tiny frames with everything in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mutoscope.engines.parallax import effects
from mutoscope.engines.parallax.camera import path
from mutoscope.engines.parallax.render import Renderer
from mutoscope.engines.parallax.shots import Effect, Move, Plan, Shot

_SIDE = 64


@dataclass(frozen=True, slots=True)
class _Layer:
    rgb: Any
    alpha: Any
    disparity: Any


@dataclass(frozen=True, slots=True)
class _Scene:
    layers: tuple[_Layer, ...]
    classes: Any
    width_px: int = _SIDE
    height_px: int = _SIDE
    focus: tuple[float, float, float] = (0.5, 0.5, 0.5)
    gentle: float = 1.0
    is_portrait: bool = False


def compile_kernels() -> None:
    """Some ten seconds where nothing is cached, else less than one."""
    everything = tuple(Effect(name) for name in sorted(effects.SUPPORTED_EFFECTS))
    moves = (Move("truck_right"), Move("roll_clockwise"))
    plan = Plan((Shot(0, 0.5, moves, ()), Shot(0.5, 1, moves, everything)))
    scene = _scene()
    poses = path(plan, scene, num_frames=4, fps=24.0, seed=1)
    renderer = Renderer(scene, poses, plan, output=(48, 48), fps=24.0, seed=1)
    for number in range(4):
        renderer.frame(number)


def _scene() -> _Scene:
    rgb = np.full((_SIDE, _SIDE, 3), 90, np.uint8)
    alpha = np.full((_SIDE, _SIDE), 255, np.uint8)
    alpha[: _SIDE // 2] = np.arange(_SIDE)
    cells = _SIDE // 8 + 1
    layers = [
        _Layer(rgb, alpha if number else np.full_like(alpha, 255), np.full((cells, cells), 0.4 * number, np.float32))
        for number in range(2)
    ]
    masks = dict.fromkeys(("sky", "water", "foliage", "person", "ground"), alpha)
    return _Scene(tuple(layers), masks)
