"""When to move gently: pictures whose depth cannot be believed, whatever the depth model says.

Drawings have no depth to find; a floor like a mirror shows the room upside down, and would slide under its own
reflections. Both are told from the pixels alone. The answer only ever makes the camera calmer.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Map = NDArray[np.float32]

CALMEST = 0.25
_FLAT_ART = 0.4
_MIRROR = 0.55


def gentleness(rgb: Picture, confidence: float) -> float:
    """What to multiply the camera's strength with, CALMEST … 1.

    confidence  of the depth model, 0 … 1.
    """
    trusted = np.clip(CALMEST + 1.5 * (confidence - 0.1), CALMEST, 1.0)
    flat = 1 - (1 - _FLAT_ART) * flat_art(rgb)
    mirror = 1 - (1 - _MIRROR) * mirrored(rgb)
    return float(np.clip(min(trusted, flat, mirror), CALMEST, 1.0))


def flat_art(rgb: Picture) -> float:
    """0 … 1: how surely the picture is a drawing: areas of exactly one colour, and few colours."""
    step = -(-max(rgb.shape[:2]) // 640)
    sample = rgb[::step, ::step]
    if min(sample.shape[:2]) < 2:
        return 0.0
    same = float((sample[:, 1:] == sample[:, :-1]).all(axis=-1).mean())
    coarse = (sample >> 3).astype(np.int64)
    keys = (coarse[..., 0] * 32 + coarse[..., 1]) * 32 + coarse[..., 2]
    counts = np.sort(np.bincount(keys.ravel(), minlength=1))[::-1]
    few = float(counts[:16].sum() / keys.size)
    return float(np.clip((same - 0.55) / 0.25, 0, 1) * np.clip((few - 0.6) / 0.25, 0, 1))


def mirrored(rgb: Picture) -> float:
    """0 … 1: how surely the lower part of the picture is the upper one upside down."""
    small = cv2.resize(rgb, (128, 128), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    detail = grey - cv2.GaussianBlur(grey, (0, 0), 6)
    best = 0.0
    for horizon in range(32, 112, 2):
        span = min(horizon, 128 - horizon, 56)
        above = detail[horizon - span : horizon][::-1]
        below = detail[horizon : horizon + span]
        for shift in (0, 2):
            best = max(best, _alike(above[: span - shift], below[shift:]))
    return float(np.clip((best - 0.5) / 0.25, 0, 1))


def _alike(first: Any, second: Any) -> float:
    """Correlation of two pictures; 0 where either is blank."""
    spread = float(np.sqrt((first**2).mean() * (second**2).mean()))
    return float((first * second).mean()) / spread if spread > 4 else 0.0
