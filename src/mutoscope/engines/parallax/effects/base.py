"""What an effect is: a part of a shot that may touch colours, light, air, surface or lens; each hook is optional.

An effect is made once per shot and asked for every frame; it keeps no state between frames, so any frame can be
made alone. All it draws comes from (seed, frame, name). Read next: `canvas.py`, then the effects themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.effects.canvas import Canvas
from mutoscope.engines.parallax.pose import Pose, Stage, turn

Array = NDArray[np.float32]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """The scene and the video an effect works on; what several effects need of the picture is computed once.

    width_px, height_px   of the video.
    """

    scene: Any
    stage: Stage
    width_px: int
    height_px: int
    fps: float
    seed: int

    @property
    def ratio(self) -> float:
        """Height over width."""
        return self.height_px / self.width_px

    @cached_property
    def classes(self) -> Mapping[str, NDArray[np.uint8]]:
        """Masks of the picture by name; those that were not found are missing."""
        found: Mapping[str, NDArray[np.uint8]] = self.scene.classes
        return found

    @cached_property
    def small(self) -> Array:
        """The picture at a quarter of a thousand pixels across, (…, …, 3) 0 … 255."""
        layers = self.scene.layers
        size = (256, max(8, round(256 * self.scene.height_px / self.scene.width_px)))
        picture = cv2.resize(layers[0].rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        for layer in layers[1:]:
            alpha = cv2.resize(layer.alpha, size, interpolation=cv2.INTER_AREA).astype(np.float32)[..., None] / 255
            colour = cv2.resize(layer.rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32)
            picture = picture + (colour - picture) * alpha
        return np.ascontiguousarray(picture, np.float32)

    @cached_property
    def near(self) -> Array:
        """Disparity of what is visible, at the size of `small`."""
        height, width = self.small.shape[:2]
        visible: Any = np.zeros((height, width), np.float32)
        for number, layer in enumerate(self.scene.layers):
            field: Any = cv2.resize(layer.disparity, (width, height), interpolation=cv2.INTER_LINEAR)
            alpha = cv2.resize(layer.alpha, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
            visible = field if number == 0 else visible + (field - visible) * alpha
        return np.asarray(visible, np.float32)

    def mask(self, name: str) -> Array:
        """A class at the size of `small`, 0 … 1; nothing where the class is missing."""
        height, width = self.small.shape[:2]
        found = self.classes.get(name)
        if found is None:
            return np.zeros((height, width), np.float32)
        share: Any = cv2.resize(found, (width, height), interpolation=cv2.INTER_AREA)
        return np.asarray(share, np.float32) / np.float32(255)

    @cached_property
    def sun(self) -> tuple[float, float]:
        """Where light comes from: the brightest far part of the upper picture; x, y in widths from the centre."""
        height, width = self.small.shape[:2]
        light = self.small @ np.array([0.35, 0.5, 0.15], np.float32)
        down = np.linspace(1.0, 0.25, height, dtype=np.float32)[:, None]
        weight = cv2.GaussianBlur(light * (1 - 0.7 * np.clip(self.near, 0, 1)) * down, (0, 0), 7)
        at = int(weight.argmax())
        return (at % width + 0.5) / width - 0.5, (at // width + 0.5 - height / 2) / width


@dataclass(frozen=True)
class Moment:
    """One frame as an effect sees it. since_s counts from the start of the shot, which lasts shot_s."""

    number: int
    at_s: float
    since_s: float
    shot_s: float
    pose: Pose
    place: Place

    def project(self, x: Any, y: Any, disparity: Any) -> tuple[Numbers, Numbers, Numbers]:
        """From picture points (widths from the centre) to pixels of the video, and the scale there."""
        pose, place = self.pose, self.place
        closer = np.maximum(1 - pose.z * np.asarray(disparity, np.float64), 0.15)
        u = (x - pose.x * disparity) / closer
        v = (y - pose.y * disparity) / closer
        back = np.linalg.inv(turn(pose))
        w = back[2, 0] * u + back[2, 1] * v + back[2, 2]
        px = (back[0, 0] * u + back[0, 1] * v + back[0, 2]) / w
        py = (back[1, 0] * u + back[1, 1] * v + back[1, 2]) / w
        width = place.width_px
        scale = pose.zoom / closer
        return px * width + (width - 1) / 2, py * width + (place.height_px - 1) / 2, scale


@dataclass(frozen=True)
class Exposure:
    """Brightness of a whole frame: luma becomes luma * gain + offset, chroma is multiplied by saturation."""

    gain: float = 1.0
    offset: float = 0.0
    saturation: float = 1.0


class Part:
    """An effect in one shot; every hook here does nothing.

    strength   0.25 … 2; 1 is the usual amount.
    """

    grain_sd: float = 0.0

    def __init__(self, place: Place, strength: float) -> None:
        self.place = place
        self.strength = strength

    def absence(self) -> str | None:
        """Why nothing of this effect would be seen in this picture; None if it would."""
        return None

    def look(self, rgb: Array) -> Array:
        """(n, 3) colours 0 … 255 after a look that holds still."""
        return rgb

    def shade(self) -> Array | None:
        """(height, width) factors for the whole shot, such as a vignette."""
        return None

    def defocus(self, layer: Any, focus: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
        """Colours and alpha of a layer out of focus."""
        return None

    def focus_pull(self, moment: Moment) -> tuple[float, float, float] | None:
        """Two disparities between which the focus moves, and how far it has come, 0 … 1."""
        return None

    def weave(self, moment: Moment) -> tuple[float, float]:
        """Shift of the whole frame in widths."""
        return 0.0, 0.0

    def exposure(self, moment: Moment) -> Exposure:
        """Brightness of the frame."""
        return Exposure()

    def paint(self, canvas: Canvas, moment: Moment) -> None:
        """Put light or things over the picture."""

    def veil(self, moment: Moment, grid: Array, disparity: Array) -> Array | None:
        """Share of fog (layers, rows, columns) at the nodes of the frame's grid."""
        return None

    def veil_rgb(self) -> tuple[float, float, float]:
        """Colour of the fog."""
        return 225.0, 228.0, 232.0

    def flow(self, moment: Moment) -> Array | None:
        """(2, …) shift in source pixels, sampled every 16 source pixels."""
        return None

    def ripple(self, moment: Moment) -> tuple[Array, Array] | None:
        """Field (2, …) as of `flow` and rows (2, height): sideways shift = field[0] * rows[0] + field[1] * rows[1]."""
        return None

    def lens(self, luma: Array, blue: Array, red: Array, moment: Moment) -> None:
        """Change the finished planes in place."""
