"""What air, lens and sensor do to a drawn scene: haze, defocus, exposure, colour, noise, compression.

Distances and masks are never touched here. Read next: `world.py`.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Random = np.random.Generator


def finish(
    rng: Random, image: Array, disparity: Array, horizon: NDArray[np.float64], size_px: tuple[int, int]
) -> NDArray[np.uint8]:
    """A photograph (h, w, 3) uint8 of the drawn colours 0 … 255+.

    horizon   colour of the sky low down, which haze takes on.
    """
    if rng.random() < 0.5:
        image = _haze(rng, image, disparity, horizon)
    if rng.random() < 0.4:
        image = _defocus(rng, image, disparity)
    image = np.asarray(cv2.resize(image, size_px, interpolation=cv2.INTER_AREA), np.float32)
    return _develop(rng, image)


def _haze(rng: Random, image: Array, disparity: Array, horizon: NDArray[np.float64]) -> Array:
    reach_m = 10 ** rng.uniform(1.2, 3.3)
    share = np.where(disparity > 0, 1 - np.exp(-1 / np.maximum(disparity, 1e-5) / reach_m), 0.15 * rng.random())
    colour = horizon * rng.uniform(0.8, 1.1)
    return np.asarray(image * (1 - share[..., None]) + colour * share[..., None], np.float32)


def _defocus(rng: Random, image: Array, disparity: Array) -> Array:
    """Three blurred copies, mixed by the distance from the plane in focus."""
    focus = np.quantile(disparity, rng.uniform(0.2, 1.0))
    circle = np.abs(disparity - focus) / max(float(disparity.max()), 1e-6) * rng.uniform(2, 14)
    circle = cv2.GaussianBlur(np.asarray(circle, np.float32), (0, 0), 2)
    result, before = image, np.float32(0)
    for sigma in (1.0, 2.5, 6.0):
        blurred = cv2.GaussianBlur(image, (0, 0), sigma)
        share = np.clip((circle - before) / (sigma - before), 0, 1)[..., None]
        result = np.asarray(result * (1 - share) + blurred * share, np.float32)
        before = np.float32(sigma)
    return result


def _develop(rng: Random, image: Array) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    level = max(float(np.percentile(image, 90)), 20.0)
    image = image / np.float32(level) * np.float32(rng.uniform(0.5, 1.15))
    image = image * np.float32(rng.normal(1, 0.08, 3).clip(0.7, 1.3))
    image = np.clip(image, 0, None)
    image = image / (1 + np.clip(image - 0.8, 0, None) * 0.6)  # highlights roll off
    image = np.clip(image, 0, 1) ** np.float32(rng.uniform(0.7, 1.35))
    grey = image.mean(-1, keepdims=True)
    image = grey + (image - grey) * np.float32(0.0 if rng.random() < 0.05 else rng.uniform(0.5, 1.5))
    if rng.random() < 0.3:
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        image = image * (1 - rng.uniform(0.1, 0.5) * np.clip(x * x + y * y, 0, 2)[..., None] / 2)
    image = image * 255 + rng.normal(0, rng.uniform(0, 6), image.shape)
    rgb = np.clip(image, 0, 255).astype(np.uint8)
    if rng.random() < 0.4:
        _, coded = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 95))])
        rgb = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return rgb
