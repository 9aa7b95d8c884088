"""From a cropped picture to a scene: scale, understand, cut into layers.

The depth model is held between tasks. Where it cannot be loaded, a plausible guess takes its place and the caller
is told; a depth map that the caller gives goes before both. Read next: `layers.py`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from mutoscope.engines.base import Progress
from mutoscope.engines.parallax.sizes import Size
from mutoscope.errors import EngineError

if TYPE_CHECKING:
    from mutoscope.engines.parallax.depth import DepthModel, Understanding
    from mutoscope.engines.parallax.layers import Scene

Pixels = np.ndarray[Any, np.dtype[np.uint8]]

SPARE = 1.1
"""Size of the layers against the video: room for a little enlargement, and softer steps between pixels."""


class Staging:
    """Makes scenes; loads the depth model when it is first needed.

    weights   a folder with the backbone's weights, or None for the usual places.
    """

    def __init__(self, weights: Path | None = None) -> None:
        self.weights = weights
        self._model: DepthModel | None = None
        self._missing: str | None = None

    def warm(self, progress: Progress) -> None:
        """Load the model and run it once, if it is there."""
        self._understand(np.full((64, 64, 3), 127, np.uint8))
        if self._missing:
            progress.log(self._missing)

    def scene(
        self, picture: Pixels, depth_map: Pixels | None, size: Size, *, reach: float, progress: Progress
    ) -> tuple[Scene, tuple[str, ...]]:
        """The scene, and what had to be left out.

        picture, depth_map   (height, width, 3) uint8, both cropped to the shape of the video; white is near.
        reach                widest strip to be filled in behind something near, as a share of the width.
        """
        from mutoscope.engines.parallax.layers import build_scene  # noqa: PLC0415 -- it brings its own kernels

        progress.report(0.03, "understanding")
        scaled = fitted(picture, size)
        understanding, notes = self._understand(scaled)
        if depth_map is not None:
            understanding, notes = _with_depth(understanding, depth_map, scaled), ()
        progress.report(0.1, "layers")
        scene = build_scene(
            scaled, understanding, reach=reach, progress=lambda share: progress.report(0.1 + 0.2 * share, "layers")
        )
        return scene, notes

    def _understand(self, picture: Pixels) -> tuple[Understanding, tuple[str, ...]]:
        from mutoscope.engines.parallax.depth import DepthModel, flat_understanding  # noqa: PLC0415 -- onnxruntime

        if self._model is None and self._missing is None:
            try:
                self._model = DepthModel.load(self.weights)
            except EngineError as exc:
                self._missing = f"depth of the picture: guessed from its layout ({exc})"
        if self._model is None:
            return flat_understanding(picture), (self._missing or "",)
        return self._model.understand(picture), ()


def fitted(picture: Pixels, size: Size) -> Pixels:
    """The picture at the layers' size: what it has to spare up to SPARE times the video, never less than the video."""
    scale = min(SPARE, max(1.0, picture.shape[1] / size.width_px))
    wanted = (round(size.width_px * scale), round(size.height_px * scale))
    from mutoscope.engines.parallax.upscale import enlarged  # noqa: PLC0415 -- as build_scene

    return enlarged(picture, *wanted)


def _with_depth(understanding: Understanding, depth_map: Pixels, picture: Pixels) -> Understanding:
    height, width = picture.shape[:2]
    grey = depth_map.astype(np.float32).mean(axis=2)
    scaled = cv2.resize(grey, (width, height), interpolation=cv2.INTER_LINEAR)
    low, high = (float(value) for value in np.percentile(scaled, (0.5, 99.5)))
    disparity = np.clip((scaled - low) / max(high - low, 1e-6), 0, 1).astype(np.float32)
    return replace(understanding, disparity=disparity, confidence=1.0)
