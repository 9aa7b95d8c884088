"""Focus: shallow depth of field, a pull of the focus from near to far, and the miniature look of a tilted lens.

Layers are blurred once per shot, each pixel by how far it lies from the focus; the tilted lens blurs the frame.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.effects.base import Array, Moment, Part
from mutoscope.engines.parallax.effects.looks import contrasted, saturated

Pixels = NDArray[np.uint8]

_LEVELS = (0.0, 2.2, 5.0, 10.0)
"""Blurs that are made and mixed, as standard deviations in pixels of a picture 2000 px across."""


class DepthOfField(Part):
    """The subject is sharp; before and behind it everything melts."""

    def defocus(self, layer: Any, focus: float) -> tuple[Pixels, Pixels] | None:
        """Blurred by how far each pixel's disparity is from the focus."""
        height, width = layer.rgb.shape[:2]
        field = cv2.resize(layer.disparity, (width, height), interpolation=cv2.INTER_LINEAR)
        level = np.clip((np.abs(field - focus) - 0.07) * 5.2 * min(1.6, self.strength), 0, len(_LEVELS) - 1)
        if float(level.max()) < 0.05:
            return None
        return self._mixed(layer.rgb, level), self._mixed(layer.alpha, level)

    def _mixed(self, picture: Pixels, level: Array) -> Pixels:
        scale = picture.shape[1] / 2000
        below, result = picture.astype(np.float32), picture.astype(np.float32)
        for number, sigma in enumerate(_LEVELS[1:], start=1):
            share = np.clip(level - (number - 1), 0, 1)
            if picture.ndim == 3:
                share = share[..., None]
            if float(share.max()) == 0.0:
                break
            blurred = _blurred(below, sigma * scale)
            result += (blurred - result) * share
        return np.clip(np.rint(result), 0, 255).astype(np.uint8)


class RackFocus(DepthOfField):
    """The focus goes from the foreground to the distance, or back, in the middle of the shot."""

    def focus_pull(self, moment: Moment) -> tuple[float, float, float]:
        """From near to far; from the subject, if that is far, to what is near."""
        near, far = (float(np.percentile(self.place.near, share)) for share in (92, 15))
        subject = self.place.stage.focus[2]
        start, end = (near, far) if subject >= (near + far) / 2 else (far, near)
        way = np.clip((moment.since_s / max(moment.shot_s, 1e-6) - 0.3) / 0.4, 0, 1)
        return start, end, float(way * way * (3 - 2 * way))


class TiltShift(Part):
    """A band in focus, blur above and below, strong colour: large things look small."""

    def look(self, rgb: Array) -> Array:
        """As bright and colourful as a model."""
        return contrasted(saturated(rgb, 1 + 0.25 * self.strength), 1 + 0.08 * self.strength)

    def lens(self, luma: Array, blue: Array, red: Array, moment: Moment) -> None:
        """Row by row more blur with the distance from the band."""
        middle = float(np.clip(self.place.stage.focus[1], 0.42, 0.72))
        for plane in (luma, blue, red):
            rows = np.linspace(0, 1, plane.shape[0], dtype=np.float32)[:, None]
            away = np.clip((np.abs(rows - middle) - 0.10) / 0.30, 0, 1) * np.float32(min(1.5, self.strength))
            sigma = plane.shape[1] / 2000 * 5.5
            soft, softer = _blurred(plane, sigma * 0.4), _blurred(plane, sigma)
            plane[:] += (soft - plane) * np.clip(2.5 * away, 0, 1)
            plane[:] += (softer - plane) * np.clip(2 * away - 0.7, 0, 1)


def _blurred(picture: Array, sigma: float) -> Array:
    """A Gaussian; wide ones on a smaller picture, which looks the same and takes a quarter of the time."""
    if sigma < 3:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), max(0.3, sigma)), np.float32)
    small = cv2.resize(picture, (picture.shape[1] // 2, picture.shape[0] // 2), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / 2)
    return np.asarray(cv2.resize(small, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)
