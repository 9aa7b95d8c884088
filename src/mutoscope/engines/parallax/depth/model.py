"""The depth model: a picture goes in, an `Understanding` comes out.

The backbone sees patches; our heads turn them into disparity (`weights/head.onnx`, made by `training.depth`), and into
classes and how far to trust all this (`weights/classes.onnx`, an earlier head); `refine` brings that to the picture's
pixels. It refuses to run without the backbone: callers then take `flat_understanding`. Read next: `refine.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.depth.backbone import PATCH_PX, Backbone, normalise, open_session
from mutoscope.engines.parallax.depth.refine import refine_classes, refine_disparity
from mutoscope.engines.parallax.depth.understanding import CLASSES, Understanding
from mutoscope.errors import EngineError

if TYPE_CHECKING:
    import onnxruntime

Pixels = NDArray[np.uint8]
Array = NDArray[np.float32]

LONG_SIDE_PX = 560
"""40 patches: twice the detail of the backbone's own 224 px, and 0.8 CPU seconds a pass (784 px: 1.9)."""

_MIRROR_LONG_SIDE_PX = 392
"""The second look, at the mirror image, is at another scale: a better mean than at the same one, for less than half the
time. Smaller still is as good for order, but differs more from the first, and that is what trust is read from."""

_SALIENCY_PX = 224
_SALIENCY_BLUR = 3.0
"""Cells of an eighth of a patch: wider than the ripple that transposed convolutions leave."""

_SALIENCY_RANGE = 0.2
"""Raw heat runs from 0.2 to 0.8; a picture whose heat varies less has no subject, and none is made up."""

_MIN_PATCHES = 6
_PERCENTILES = (0.5, 99.5)
_TOLERANCE = 0.18
"""Mean difference between a picture and its smaller mirror image at which half the confidence is gone."""


@dataclass(frozen=True, slots=True)
class Coarse:
    """What the head says, four cells to a patch side.

    disparity     (4 rows, 4 columns) float32, larger is nearer, 0 is infinitely far, any scale.
    classes       (len(CLASSES), 4 rows, 4 columns) float32 probabilities.
    trust         (4 rows, 4 columns) float32: probability that this is a scene and not a flat picture or a mirror.
    disagreement  mean difference of the two disparities, as a share of their range, of picture and mirror image.
    """

    disparity: Array
    classes: Array
    trust: Array
    disagreement: float


@dataclass(frozen=True, slots=True)
class DepthModel:
    """Backbone and heads; safe to use from one thread at a time."""

    _backbone: Backbone
    _head: onnxruntime.InferenceSession
    _classes: onnxruntime.InferenceSession

    @classmethod
    def load(cls, weights_folder: Path | None = None, *, head: Path | None = None) -> DepthModel:
        """weights_folder   where to look for the backbone first; see `Backbone.load`.

        Raises EngineError that says what to install.
        """
        chosen = _built_in("head.onnx") if head is None else head.read_bytes()
        return cls(Backbone.load(weights_folder), open_session(chosen), open_session(_built_in("classes.onnx")))

    def understand(self, rgb: Pixels) -> Understanding:
        """Look at a picture: (height, width, 3) uint8 sRGB, any size from 14 px up."""
        return self.refine(self.coarse(rgb), rgb)

    def refine(self, coarse: Coarse, rgb: Pixels) -> Understanding:
        """Bring what the head said of this picture to its pixels."""
        return Understanding(
            disparity=stretch(refine_disparity(stretch(coarse.disparity), rgb)),
            classes=dict(zip(CLASSES, refine_classes(coarse.classes, rgb), strict=True)),
            saliency=self._saliency(rgb),
            confidence=_confidence(coarse),
        )

    def coarse(self, rgb: Pixels) -> Coarse:
        """The head's answer, averaged over the picture and its smaller mirror image, before refinement."""
        plain = self._answer(fit(rgb, LONG_SIDE_PX))
        other = self._answer(fit(rgb[:, ::-1], _MIRROR_LONG_SIDE_PX))[:, :, ::-1]
        cells = (plain.shape[2], plain.shape[1])
        other = np.stack([cv2.resize(np.ascontiguousarray(plane), cells) for plane in other])
        answer = np.stack([plain, np.asarray(other, np.float32)])
        disparities = answer[:, 0] ** 2  # the head speaks in square roots, which keep far things apart
        logits = answer[:, 1 : 2 + len(CLASSES)].mean(0)
        odds = np.exp(logits - logits.max(0))
        disparity = np.asarray(disparities.mean(0), np.float32)
        low, high = np.percentile(disparity, _PERCENTILES)
        disagreement = float(np.abs(disparities[0] - disparities[1]).mean() / max(high - low, 1e-6))
        trust = 1 / (1 + np.exp(-answer[:, -1].mean(0)))
        return Coarse(disparity, np.asarray((odds / odds.sum(0))[1:], np.float32), trust, disagreement)

    def _answer(self, rgb: Pixels) -> Array:
        """(outputs, 4 rows, 4 columns) of a picture of whole patches."""
        picture = normalise(rgb)
        inputs = head_inputs(self._backbone.features(picture), picture)
        (near,), (rest,) = self._head.run(None, inputs), self._classes.run(None, inputs)
        return np.asarray(np.concatenate([near[0, :1], rest[0, 1:]]), np.float32)

    def _saliency(self, rgb: Pixels) -> Array:
        heat = self._backbone.saliency(normalise(fit(rgb, _SALIENCY_PX)))
        heat = np.asarray(cv2.GaussianBlur(heat, (0, 0), _SALIENCY_BLUR), np.float32)
        low, high = np.percentile(heat, _PERCENTILES)
        heat = np.clip((heat - low) / max(high - low, _SALIENCY_RANGE), 0, 1).astype(np.float32)
        return np.asarray(cv2.resize(heat, (rgb.shape[1], rgb.shape[0]), interpolation=cv2.INTER_LINEAR), np.float32)


def fit(rgb: Pixels, long_side_px: int) -> Pixels:
    """Scale to whole patches, the longer side as given; very long pictures are squeezed rather than cut."""
    height, width = rgb.shape[:2]
    scale = long_side_px / max(height, width)
    columns, rows = (max(_MIN_PATCHES, round(side * scale / PATCH_PX)) for side in (width, height))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(rgb, (columns * PATCH_PX, rows * PATCH_PX), interpolation=how), np.uint8)


def head_inputs(tokens: Array, pictures: Array) -> dict[str, Array]:
    """What the head takes: patches, where they are, and the picture itself at four cells to a patch side.

    tokens     (batch, rows * columns, FEATURES).
    pictures   (batch, 3, 14 * rows, 14 * columns), normalised.
    """
    rows, columns = pictures.shape[2] // PATCH_PX, pictures.shape[3] // PATCH_PX
    down = np.linspace(-1, 1, rows, dtype=np.float32)[:, None].repeat(columns, 1)
    aside = np.abs(np.linspace(-1, 1, columns, dtype=np.float32))[None, :].repeat(rows, 0)
    where = np.stack([down, aside])[None].repeat(len(tokens), 0)
    cells = [cv2.resize(p.transpose(1, 2, 0), (4 * columns, 4 * rows), interpolation=cv2.INTER_AREA) for p in pictures]
    colours = np.stack([np.asarray(cell, np.float32).transpose(2, 0, 1) for cell in cells])
    return {"tokens": tokens, "where": np.ascontiguousarray(where), "colours": np.ascontiguousarray(colours)}


def stretch(plane: Array) -> Array:
    """Shift and scale so that all but the outermost half per cent at either end fills 0 … 1."""
    low, high = np.percentile(plane, _PERCENTILES)
    if high - low < 1e-6:
        return np.full_like(plane, 0.5)
    return np.ascontiguousarray(np.clip((plane - low) / (high - low), 0, 1), np.float32)


def _confidence(coarse: Coarse) -> float:
    agreement = 1 / (1 + (coarse.disagreement / _TOLERANCE) ** 2)
    return float(np.clip(coarse.trust.mean() * agreement, 0, 1))


def _built_in(name: str) -> bytes:
    try:
        return (resources.files("mutoscope.engines.parallax") / "weights" / name).read_bytes()
    except FileNotFoundError as exc:
        raise EngineError(f"a depth head is missing from this installation: weights/{name}") from exc
