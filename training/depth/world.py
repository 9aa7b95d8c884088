"""A scene under construction: solids with materials, a camera, light; and its picture with exact distances.

Units are metres, x to the right, y up, z forward, the ground at y = 0. The camera stands at (0, eye, 0).
Read next: `families.py` for what is built, `tracer.py` for how it is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from training.depth import shading, tracer
from training.depth.textures import Bank, Random

Array = NDArray[np.float32]
Colour = tuple[float, float, float]

OTHER, SKY, WATER, FOLIAGE, PERSON, GROUND = range(6)
"""Class numbers of the masks; 1 … 5 in the order of `mutoscope…depth.CLASSES`."""

SUPERSAMPLING = 1.5


@dataclass(frozen=True, slots=True)
class Scene:
    """rgb (h, w, 3) uint8; disparity (h, w) float32 in 1 / m, sky 0; classes (h, w) uint8; is_flat: no depth."""

    rgb: NDArray[np.uint8]
    disparity: Array
    classes: NDArray[np.uint8]
    family: str
    is_flat: bool = False


@dataclass(slots=True)
class World:
    """Add solids, then `render`."""

    bank: Bank
    rng: Random
    eye: float = 1.6
    pitch: float = 0.0
    roll: float = 0.0
    fov: float = 1.0
    sky: NDArray[np.float64] = field(default_factory=lambda: np.zeros(18))
    sun: NDArray[np.float64] = field(default_factory=lambda: np.array([0.4, 0.8, -0.4, 0.7, 0.5, 1.0]))
    ripple: NDArray[np.float64] = field(default_factory=lambda: np.array([0.2, 1.0]))
    corners: tuple[float, float] = (0.5, 0.0)
    """How far, in metres, and how much corners and contacts are darkened."""
    _solids: list[list[float]] = field(default_factory=list)
    _materials: list[list[float]] = field(default_factory=list)

    def material(
        self,
        tile: str,
        tint: Colour | Array,
        *,
        kind: int = OTHER,
        scale: float = 0.5,
        gloss: float = 0.0,
        glow: float = 0.0,
        shine: float = 0.0,
    ) -> tuple[int, float]:
        """A surface: a tile of that kind, tinted, `scale` tiles to a metre. Consecutive calls are consecutive rows.

        gloss   how much it mirrors what is on screen; shine: how much sky it shows, as paint and chrome do.
        """
        row = [self.bank.tile(self.rng, tile), *[float(c) for c in tint], kind, gloss, glow, shine, scale]
        self._materials.append(row)
        return len(self._materials) - 1, scale

    def box(
        self, centre: Colour, half: Colour, look: tuple[int, float], yaw: float = 0.0, *, whole: bool = False
    ) -> None:
        """whole: the tile covers each face once, as a sign or a poster does."""
        self._add(tracer.BOX, look, [*centre, *half, np.cos(yaw), np.sin(yaw), float(whole)])

    def capsule(self, start: Colour, end: Colour, radius: float, look: tuple[int, float]) -> None:
        """A rod with round ends; start and end must differ."""
        self._add(tracer.CAPSULE, look, [*start, *end, radius])

    def ellipsoid(self, centre: Colour, radii: Colour, look: tuple[int, float], yaw: float = 0.0) -> None:
        """A ball, stretched."""
        self._add(tracer.ELLIPSOID, look, [*centre, *radii, np.cos(yaw), np.sin(yaw)])

    def card(
        self,
        centre: Colour,
        half: tuple[float, float],
        mask: str,
        look: tuple[int, float],
        facing: Colour = (0, 0.3, -0.95),
    ) -> None:
        """A cut-out that faces the camera; `facing` is the normal it is lit with."""
        number = self.bank.mask(self.rng, mask)
        self._add(tracer.CARD, look, [*centre, *half, number, float(self.rng.random() < 0.5), *facing])

    def ground(
        self, look: tuple[int, float], *, level: float = 0.0, mode: int = 0, shape: Colour | tuple[float, ...] = ()
    ) -> None:
        """mode 1: a strip (centre, half width, slant) of the next material; 2: the next beyond (z, _, bends, depth)."""
        self._add(tracer.GROUND, look, [level, mode, *shape])

    def room(self, look: tuple[int, float], sides: tuple[float, float, float, float, float, float]) -> None:
        """Floor, ceiling, side and end walls take this and the three materials after it. sides: x0 x1 y0 y1 z0 z1."""
        self._add(tracer.ROOM, look, list(sides))

    def terrain(
        self,
        look: tuple[int, float],
        *,
        frequency: float,
        height: float,
        start: float,
        ramp: float,
        lift: float = -0.25,
        valley: float = 0.0,
        base: float = 0.0,
        end: float = 2500.0,
        snow: float = 1e9,
        steep: float = 0.7,
    ) -> None:
        """Land from noise: flat up to `start`, full height `ramp` metres on; this material, then rock, then snow."""
        top = base + height * (1 + max(lift, 0)) + 1
        self._add(tracer.TERRAIN, look, [frequency, height, start, ramp, lift, valley, base, end, top, snow, steep])

    def _add(self, kind: int, look: tuple[int, float], values: list[float]) -> None:
        row = [0.0] * tracer.PRIMITIVE_FIELDS
        row[0], row[1], row[-1] = kind, look[1], look[0]
        row[2 : 2 + len(values)] = [float(value) for value in values]
        self._solids.append(row)

    def render(self, width_px: int, height_px: int, family: str) -> Scene:
        """Draw it, with haze, lens and sensor."""
        from training.depth.lens import finish  # noqa: PLC0415 -- lens needs Scene

        image, disparity, kinds = self._drawn(width_px, height_px, 0.0)
        size = (width_px, height_px)
        return Scene(finish(self.rng, image, disparity, self.sky[:3], size), *_small(size, disparity, kinds), family)

    def view(self, width_px: int, height_px: int, right_m: float, family: str) -> Scene:
        """The same scene through a perfect lens, from a camera that stands right_m further to the right."""
        image, disparity, kinds = self._drawn(width_px, height_px, right_m)
        size = (width_px, height_px)
        rgb = np.clip(cv2.resize(image, size, interpolation=cv2.INTER_AREA), 0, 255).astype(np.uint8)
        return Scene(rgb, *_small(size, disparity, kinds), family)

    def focal_px(self, width_px: int, height_px: int) -> float:
        """Focal length; the field of view is that of the longer side."""
        return float(max(width_px, height_px) / 2 / np.tan(self.fov / 2))

    def _drawn(self, width_px: int, height_px: int, right_m: float) -> tuple[Array, Array, NDArray[np.uint8]]:
        """Colours 0 … 255+, disparity and classes, SUPERSAMPLING times as large."""
        width, height = round(width_px * SUPERSAMPLING), round(height_px * SUPERSAMPLING)
        focal = self.focal_px(width, height)
        depth = np.full((height, width), tracer.FAR)
        material = np.zeros((height, width), np.int64)
        normal, place = np.zeros((height, width, 3), np.float32), np.zeros((height, width, 2))
        solids, materials = np.array(self._solids), np.array(self._materials)
        rotation, at = _rotation(self.pitch, self.roll), np.array([right_m, self.eye, 0.0])
        tracer.draw(solids, self.bank.masks, self.bank.field, rotation, at, focal, depth, material, normal, place)
        image = np.zeros((height, width, 3), np.float32)
        sun = self.sun.copy()
        sun[:3] /= np.linalg.norm(sun[:3])
        shading.shade(
            solids, materials, self.bank.tiles, self.bank.masks, self.bank.clouds, self.sky, sun,
            rotation, at, focal, depth, material, normal, place, image,
        )  # fmt: skip
        if self.corners[1] > 0:
            shading.occlude(rotation, focal, depth, normal, *self.corners, image)
        shading.mirror(
            materials, self.bank.clouds, self.sky, rotation, at, focal, depth, material, place, self.ripple, image
        )
        disparity = np.where(depth < tracer.FAR, 1 / np.maximum(depth, 0.05), 0).astype(np.float32)
        kinds = np.where(depth < tracer.FAR, materials[material, 4], SKY).astype(np.uint8)
        return image, disparity, kinds


def _small(size: tuple[int, int], disparity: Array, kinds: NDArray[np.uint8]) -> tuple[Array, NDArray[np.uint8]]:
    return (
        np.asarray(cv2.resize(disparity, size, interpolation=cv2.INTER_NEAREST), np.float32),
        np.asarray(cv2.resize(kinds, size, interpolation=cv2.INTER_NEAREST), np.uint8),
    )


def _rotation(pitch: float, roll: float) -> NDArray[np.float64]:
    """Camera to world: roll about the view, then pitch; positive pitch looks down."""
    cp, sp, cr, sr = np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    tilt = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    turn = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.ascontiguousarray(tilt @ turn)
