"""From a picture and a camera path to frames, as BT.709 planes ready for the encoder.

The picture is turned into luma and chroma once; each frame then samples these planes with a Lanczos filter
at exact sub-pixel positions, rows and columns apart. It knows nothing of prompts, seeds or files. Read next:
`kernels.py`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.camera import Pose
from mutoscope.engines.parallax.grade import Grade, apply_grades
from mutoscope.engines.parallax.kernels import Plane, lanczos_table, resample, resample_to_bytes, transpose

Pixels = NDArray[np.uint8]

_table = functools.lru_cache(maxsize=8)(lanczos_table)

# ITU-R BT.709, limited range: sRGB 0 … 255 to Y 16 … 235, Cb and Cr 16 … 240.
_KR, _KB = 0.2126, 0.0722
_LUMA_RANGE, _CHROMA_RANGE = 219 / 255, 224 / 255


@dataclass(frozen=True, slots=True)
class Affine:
    """u = ux * x + uy * y + u0, v = vx * x + vy * y + v0: from an output pixel to one of the source."""

    ux: float
    uy: float
    u0: float
    vx: float
    vy: float
    v0: float

    def in_grid(self, every_px: int, first_x: float, first_y: float) -> Affine:
        """For outputs that lie every so many pixels, the first of them at (first_x, first_y)."""
        u0 = self.u0 + self.ux * first_x + self.uy * first_y
        v0 = self.v0 + self.vx * first_x + self.vy * first_y
        k = every_px
        return Affine(self.ux * k, self.uy * k, u0, self.vx * k, self.vy * k, v0)

    def of_halved(self) -> Affine:
        """For a source of half the size, whose pixels lie between two of the full one."""
        return Affine(self.ux / 2, self.uy / 2, (self.u0 - 0.5) / 2, self.vx / 2, self.vy / 2, (self.v0 - 0.5) / 2)


def view(pose: Pose, source: tuple[int, int], output: tuple[int, int]) -> Affine:
    """Which part of the source a camera sees; sizes are (width, height) in pixels."""
    (width, height), (out_width, out_height) = source, output
    cos, sin = math.cos(pose.roll_rad), math.sin(pose.roll_rad)
    across, down = width / out_width / pose.zoom, height / out_height / pose.zoom
    ux, uy, vx, vy = across * cos, -across * sin, down * sin, down * cos
    middle_x, middle_y = (out_width - 1) / 2, (out_height - 1) / 2
    u0 = width * (0.5 + pose.x) - 0.5 - ux * middle_x - uy * middle_y
    v0 = height * (0.5 + pose.y) - 0.5 - vx * middle_x - vy * middle_y
    return Affine(ux, uy, u0, vx, vy, v0)


class Renderer:
    """Makes the frames of one video.

    rgb         (height, width, 3) uint8 sRGB, already cropped to the shape of the video.
    output      (width, height) of the video in pixels, both even.
    poses       the camera's path.
    grades      colour looks.
    """

    def __init__(
        self, rgb: Pixels, *, output: tuple[int, int], poses: Sequence[Pose], grades: tuple[Grade, ...] = ()
    ) -> None:
        self.output = output
        self.poses = tuple(poses)
        nearest = max(pose.zoom for pose in self.poses)
        graded = apply_grades(_prefiltered(rgb, output, nearest), grades)
        self.source = (graded.shape[1], graded.shape[0])
        luma, blue, red = _to_ycbcr(graded)
        widest = view(Pose(zoom=min(pose.zoom for pose in self.poses)), self.source, output)
        # Twice the step of luma would need twice the taps; half the picture gives the same for half the work.
        self._is_halved = 2 * max(widest.ux, widest.vy) > 1.4
        width, height = output
        self._luma = _Sampler(luma, (width, height), 16, 235, 0)
        chroma = [_halved(plane) if self._is_halved else plane for plane in (blue, red)]
        self._chroma = [_Sampler(plane, (width // 2, height // 2), 16, 240, 1 + n) for n, plane in enumerate(chroma)]
        self._last: tuple[Pose, Pixels] | None = None

    def frame(self, number: int) -> Pixels:
        """(height * 3 / 2, width) uint8: the planes Y, U and V of one frame, 4:2:0, chroma sited left."""
        pose = self.poses[number]
        if self._last is None or self._last[0] != pose:
            self._last = (pose, self._render(pose))
        return self._last[1]

    def _render(self, pose: Pose) -> Pixels:
        width, height = self.output
        planes = np.empty((height * 3 // 2, width), np.uint8)
        affine = view(pose, self.source, self.output)
        self._luma.sample(affine, planes[:height])
        affine = affine.in_grid(2, 0.0, 0.5)
        affine = affine.of_halved() if self._is_halved else affine
        chroma = planes[height:].reshape(2, height // 2, width // 2)
        for sampler, out in zip(self._chroma, chroma, strict=True):
            sampler.sample(affine, out)
        return planes


class _Sampler:
    """One plane of the picture and the room to work on it."""

    def __init__(self, plane: Plane, output: tuple[int, int], low: int, high: int, dither: int) -> None:
        height = plane.shape[0]
        self._turned = _transposed(plane)
        self._wide = np.empty((output[0], height), np.float32)
        self._tall = np.empty((height, output[0]), np.float32)
        self._dither = np.roll(dither_tile(), 23 * dither, axis=(0, 1))
        self._range = (low, high)

    def sample(self, affine: Affine, out: Pixels) -> None:
        """Filter along the rows, then along the columns; a roll becomes a shear in each."""
        a = affine
        shear = a.uy / a.vy
        across = a.ux - shear * a.vx
        resample(self._turned, self._wide, _table(abs(across)), across, a.u0 - shear * a.v0, shear)
        transpose(self._wide, self._tall)
        resample_to_bytes(self._tall, out, _table(abs(a.vy)), a.vy, a.v0, a.vx, self._dither, *self._range)


@functools.cache
def dither_tile(side_px: int = 64) -> Plane:
    """Numbers spread evenly over 0 … 1 such that neighbours differ much, which the eye averages out.

    It keeps skies from falling into bands and does not change from frame to frame, which would cost bits.
    Source: Jimenez 2014, interleaved gradient noise.
    """
    y, x = np.mgrid[:side_px, :side_px].astype(np.float64)
    noise = np.mod(52.9829189 * np.mod(0.06711056 * x + 0.00583715 * y, 1.0), 1.0)
    rank = np.argsort(np.argsort(noise, axis=None, kind="stable"), kind="stable").reshape(noise.shape)
    tile: Plane = ((rank + 0.5) / rank.size).astype(np.float32)
    return tile


def planes_to_rgb(planes: Pixels) -> Pixels:
    """(height * 3 / 2, width) planes back to (height, width, 3) sRGB, for the poster."""
    height, width = planes.shape[0] * 2 // 3, planes.shape[1]
    luma = (planes[:height].astype(np.float32) - 16) / np.float32(_LUMA_RANGE)
    chroma = planes[height:].reshape(2, height // 2, width // 2).repeat(2, axis=1).repeat(2, axis=2)
    blue, red = (chroma.astype(np.float32) - 128) / np.float32(_CHROMA_RANGE)
    r = luma + np.float32(2 * (1 - _KR)) * red
    b = luma + np.float32(2 * (1 - _KB)) * blue
    g = (luma - np.float32(_KR) * r - np.float32(_KB) * b) / np.float32(1 - _KR - _KB)
    rgb: Pixels = np.clip(np.rint(np.stack([r, g, b], axis=-1)), 0, 255).astype(np.uint8)
    return rgb


def _prefiltered(rgb: Pixels, output: tuple[int, int], nearest: float) -> Plane:
    """The picture as float32, no larger than the nearest view needs: there one pixel makes one pixel."""
    wanted = (math.ceil(output[0] * nearest), math.ceil(output[1] * nearest))
    if wanted[0] * 1.02 >= rgb.shape[1] or wanted[1] * 1.02 >= rgb.shape[0]:
        return rgb.astype(np.float32)
    channels = [_resized(np.ascontiguousarray(rgb[..., n], np.float32), wanted) for n in range(3)]
    return np.clip(np.stack(channels, axis=-1), 0, 255)


def _resized(plane: Plane, size: tuple[int, int]) -> Plane:
    """The plane at (width, height) pixels, first across, then down."""
    return _squeezed(_transposed(_squeezed(_transposed(plane), size[0])), size[1])


def _squeezed(plane: Plane, height: int) -> Plane:
    step = plane.shape[0] / height
    out = np.empty((height, plane.shape[1]), np.float32)
    resample(plane, out, lanczos_table(step), step, (step - 1) / 2, 0.0)
    return out


def _transposed(plane: Plane) -> Plane:
    out = np.empty(plane.shape[::-1], np.float32)
    transpose(plane, out)
    return out


def _halved(plane: Plane) -> Plane:
    height, width = plane.shape
    padded = np.pad(plane, ((0, height % 2), (0, width % 2)), mode="edge")
    return _resized(padded, (padded.shape[1] // 2, padded.shape[0] // 2))


def _to_ycbcr(rgb: Plane) -> tuple[Plane, Plane, Plane]:
    """(height, width, 3) 0 … 255 to planes in the units of the file: 16 … 235 and 16 … 240."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    grey = np.float32(_KR) * red + np.float32(1 - _KR - _KB) * green + np.float32(_KB) * blue
    luma = np.float32(16) + np.float32(_LUMA_RANGE) * grey
    difference_blue = np.float32(128) + np.float32(_CHROMA_RANGE / (2 * (1 - _KB))) * (blue - grey)
    difference_red = np.float32(128) + np.float32(_CHROMA_RANGE / (2 * (1 - _KR))) * (red - grey)
    return luma, difference_blue, difference_red
