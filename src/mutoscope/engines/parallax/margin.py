"""Room around the picture: a border that goes on as the picture does, so that a moving camera needs less enlargement.

The border is painted by the same search that fills holes, over a mirrored ground; disparity, classes and saliency go
on as they are at the edge. The caller crops it away again by looking at the middle: see `widened`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.inpaint import fill
from mutoscope.engines.parallax.layers import Understood
from mutoscope.engines.parallax.patches import HOLE, SOURCE

Map = NDArray[np.float32]
Picture = NDArray[np.uint8]


_NEAR = 25_000
"""Borders are painted from right beside them: sky above sky, no face copied to where a shoulder leaves the frame."""


@dataclass(frozen=True, slots=True)
class Widened:
    """A picture with a border, and what is understood of it; goes into `build_scene` as it is.

    left_px, top_px  width of the border on each side; the picture itself lies in the middle.
    """

    rgb: Picture
    disparity: Map
    classes: Mapping[str, Map]
    saliency: Map
    confidence: float
    left_px: int
    top_px: int


def widened(rgb: Picture, understanding: Understood, share: float) -> Widened:
    """The picture with a border of this share of its width and of its height on every side, in its own shape.

    Borders are whole multiples of 8 px, so that the disparity grids of both pictures have the same places.
    """
    height, width = rgb.shape[:2]
    left, top = (8 * round(side * share / 8) for side in (width, height))
    left, top = min(left, width // 8 * 4), min(top, height // 8 * 4)

    def grown(plane: Map) -> Map:
        fitted = np.asarray(plane, np.float32)
        if fitted.shape != (height, width):
            fitted = np.asarray(cv2.resize(fitted, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
        return np.asarray(cv2.copyMakeBorder(fitted, top, top, left, left, cv2.BORDER_REPLICATE), np.float32)

    return Widened(
        rgb=_painted(rgb, left, top),
        disparity=grown(understanding.disparity),
        classes={name: grown(plane) for name, plane in understanding.classes.items()},
        saliency=grown(understanding.saliency),
        confidence=understanding.confidence,
        left_px=left,
        top_px=top,
    )


def _painted(rgb: Picture, left: int, top: int) -> Picture:
    """The picture in a border of its own texture; mirrored where there is too little to copy from."""
    height, width = rgb.shape[:2]
    mirrored = np.asarray(cv2.copyMakeBorder(rgb, top, top, left, left, cv2.BORDER_REFLECT_101), np.uint8)
    state = np.full(mirrored.shape[:2], HOLE, np.uint8)
    state[top : top + height, left : left + width] = SOURCE
    out = fill(mirrored, state, mirrored, seed=101, near=_NEAR)
    out[state == SOURCE] = mirrored[state == SOURCE]
    return out
