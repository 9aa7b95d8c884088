"""What is known about a picture besides its colours, and a guess for when nothing is known.

Refuses nothing: any picture has an understanding, if only a flat one. Read next: `model.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]

CLASSES = ("sky", "water", "foliage", "person", "ground")

_FLAT_CONFIDENCE = 0.15
"""Low enough that the planner takes zoom and pan over a dolly, high enough that a dolly asked for still moves."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """Every plane is (height, width) float32 in 0 … 1, C-contiguous, at the picture's own size.

    disparity    inverse depth up to scale and shift; 1 is the nearest thing in the picture, 0 the farthest.
                 A flat surface has disparity linear in x and y, so nothing straight bends when the camera moves.
    classes      how likely each pixel belongs to each of CLASSES; what is left to 1 is everything else.
    saliency     where people look first.
    confidence   0 … 1: low for flat art, text pages and mirrors, where disparity should be used gently.
    """

    disparity: Plane
    classes: Mapping[str, Plane]
    saliency: Plane
    confidence: float


def flat_understanding(rgb: Pixels) -> Understanding:
    """A guess without any model: the ground comes nearer towards the lower edge, the middle is a little nearer.

    rgb   (height, width, 3) uint8 sRGB.
    """
    height, width = rgb.shape[:2]
    down = np.linspace(0.0, 1.0, height, dtype=np.float32)[:, None]
    across = np.linspace(-1.0, 1.0, width, dtype=np.float32)[None, :]
    middle = np.exp(-2.0 * across**2 - 6.0 * (down - 0.55) ** 2).astype(np.float32)
    disparity = 0.1 + 0.65 * down**1.5 + 0.25 * middle
    disparity = (disparity - disparity.min()) / max(float(np.ptp(disparity)), 1e-6)
    nothing = np.zeros((height, width), np.float32)
    return Understanding(
        disparity=np.ascontiguousarray(disparity, np.float32),
        classes=dict.fromkeys(CLASSES, nothing),
        saliency=middle,
        confidence=_FLAT_CONFIDENCE,
    )
