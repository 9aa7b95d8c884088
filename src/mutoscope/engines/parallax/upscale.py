"""Small pictures made large without looking enlarged.

Lanczos first, then edges are drawn thinner (each pixel is fetched from a little farther off the edge, after Arad and
Gotsman 1999) and textures sharpened within the range of their neighbours: no halos, nothing invented. A learned
enlarger (realesr-animevideov3 under ncnn) was tried on paper and left out: 45 MB more to install, two to three
seconds a picture, and it redraws faces and letters, which this engine promises to leave as they are.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.uint8]
Map = NDArray[np.float32]

_WORTH_IT = 1.15
"""Enlargements below this look the same with and without."""


def enlarged(picture: Picture, width_px: int, height_px: int) -> Picture:
    """The picture at another size, sharpened by as much as enlarging it has blurred it.

    picture   uint8 (h, w, 3) sRGB; smaller targets are simply scaled down.
    """
    height, width = picture.shape[:2]
    if (width, height) == (width_px, height_px):
        return np.ascontiguousarray(picture)
    scaled = np.array(Image.fromarray(picture).resize((width_px, height_px), Image.Resampling.LANCZOS), np.uint8)
    scale = min(width_px / width, height_px / height)
    if scale < _WORTH_IT or min(scaled.shape[:2]) < 8:
        return scaled
    strength = float(np.clip(scale - 1, 0, 2))
    return _crisper(_thinner(scaled, scale, strength), scale, strength)


def _luma(picture: Picture) -> Map:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)


def _thinner(picture: Picture, scale: float, strength: float) -> Picture:
    """Edges narrowed: the samples on their slopes move outwards, by at most a third of an original pixel."""
    luma = cv2.GaussianBlur(_luma(picture), (0, 0), 0.5 * scale)
    slope = np.hypot(cv2.Sobel(luma, cv2.CV_32F, 1, 0), cv2.Sobel(luma, cv2.CV_32F, 0, 1)) / 8
    edge = cv2.GaussianBlur(np.clip(slope - np.float32(3), 0, 24), (0, 0), 0.5 * scale)
    limit = np.float32(0.33 * scale)
    push = np.float32(0.08 * strength * scale)
    height, width = luma.shape
    across, down = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    across -= np.clip(cv2.Sobel(edge, cv2.CV_32F, 1, 0) / 8 * push, -limit, limit)
    down -= np.clip(cv2.Sobel(edge, cv2.CV_32F, 0, 1) / 8 * push, -limit, limit)
    moved: Any = cv2.remap(picture, across, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def _crisper(picture: Picture, scale: float, strength: float) -> Picture:
    """Unsharp mask on lightness, held within what the neighbourhood already shows."""
    luma = _luma(picture)
    window = np.ones((2 * round(scale / 2) + 3,) * 2, np.uint8)
    low, high = cv2.erode(luma, window), cv2.dilate(luma, window)
    detail = luma - cv2.GaussianBlur(luma, (0, 0), 0.8 * scale)
    noise = np.clip((np.abs(detail) - np.float32(0.7)) / 2, 0, 1)
    sharp = np.clip(luma + detail * noise * np.float32(min(0.7, 0.5 * strength)), low, high)
    out = picture.astype(np.float32) + (sharp - luma)[..., None]
    return np.asarray(np.clip(np.rint(out), 0, 255), np.uint8)
