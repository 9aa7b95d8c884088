"""Small things in the air: rain, snow, dust, embers, fireflies, bokeh, petals, leaves, bubbles.

Each has a place in space: near ones are larger, faster and shift more when the camera moves, and what stands
before them hides them. They are drawn from the seed once and followed through time, so no frame needs another.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mutoscope.engines.parallax.chance import draws
from mutoscope.engines.parallax.effects.base import Array, Moment, Numbers, Part
from mutoscope.engines.parallax.effects.canvas import Canvas, to_yuv

SHUTTER_S = 1 / 48


@dataclass(frozen=True, slots=True)
class Kind:
    """What a swarm is made of. Sizes and speeds are in picture widths (per second) at disparity 1.

    count        in a view of 16:9 at strength 1.
    size         half length, smallest and largest.
    flat         half width as a share of the half length.
    nearness     disparities between which they are spread; those nearer than the picture's nearest are above 1.
    wind, fall   speed to the right and down.
    wander       how far each strays to the sides, and how many times a second.
    edge, rim    see `Canvas.specks`.
    cover        opacity.
    is_light     it adds light instead of covering.
    colours      each takes one of them.
    """

    count: int
    size: tuple[float, float]
    flat: float = 1.0
    nearness: tuple[float, float] = (0.15, 1.3)
    wind: float = 0.0
    fall: float = 0.0
    wander: tuple[float, float] = (0.0, 0.0)
    edge: float = 1.5
    rim: float = 0.0
    cover: float = 0.8
    is_light: bool = False
    colours: tuple[tuple[int, int, int], ...] = ((255, 255, 255),)


class Swarm(Part):
    """A number of things of one kind, wrapped around the view."""

    kind: Kind

    def paint(self, canvas: Canvas, moment: Moment) -> None:
        """Far ones first."""
        px, py, size = self._sized(moment)
        angle, flat = self._attitude(moment)
        cover = self.kind.cover * self._level(moment) * self._visible(*self._places(moment.at_s))
        # What is smaller than a pixel is fainter instead, or it would flicker.
        fine = np.clip(size * flat, 0, 1.1) / 1.1
        self._specks(canvas, np.stack([px, py, size, size * flat, angle, cover * fine]), self._rgb(moment))

    @cached_property
    def _chances(self) -> Numbers:
        count = max(1, round(self.kind.count * min(1.7, self.strength)))
        numbers = draws(self.place.seed, type(self).__name__, count, 8)
        # Spread over the disparities so that most are far: the view widens with distance.
        order = np.argsort(numbers[2], kind="stable")
        return numbers[:, order]

    @property
    def _near(self) -> Numbers:
        low, high = self.kind.nearness
        near: Numbers = low + (high - low) * self._chances[2] ** 1.25
        return near

    def _places(self, at_s: float) -> tuple[Numbers, Numbers]:
        """Picture points in widths from the centre at a time."""
        kind, chances, near = self.kind, self._chances, self._near
        pace = 0.75 + 0.5 * chances[3]
        stray, rate = kind.wander
        phase = 2 * np.pi * (rate * (0.6 + 0.8 * chances[4]) * at_s + chances[5])
        wide, tall = 1.4, 1.4 * self.place.ratio
        x = chances[0] + (kind.wind * near * pace * at_s + stray * near * np.sin(phase)) / wide
        y = chances[1] + (kind.fall * near * pace * at_s + 0.5 * stray * near * np.cos(0.7 * phase)) / tall
        return (np.mod(x, 1.0) - 0.5) * wide, (np.mod(y, 1.0) - 0.5) * tall

    def _sized(self, moment: Moment) -> tuple[Numbers, Numbers, Numbers]:
        """Where each is seen, and how large: pixels of the video."""
        px, py, scale = moment.project(*self._places(moment.at_s), self._near)
        low, high = self.kind.size
        return px, py, (low + (high - low) * self._chances[6]) * self._near * scale * self.place.width_px

    def _specks(self, canvas: Canvas, rows: Numbers, rgb: Array, *, edge: float | None = None) -> None:
        kind = self.kind
        px, py, size, wide, angle, cover = rows
        colour = to_yuv(rgb) * cover[:, None]
        covered = colour[:, 0] / 255 if kind.is_light else cover
        sharp = np.full_like(px, kind.edge if edge is None else edge)
        columns = [px, py, size, wide, np.cos(angle), np.sin(angle), sharp, np.full_like(px, kind.rim)]
        seen = cover > 0.004
        table = np.stack([*columns, colour[:, 0], colour[:, 1], colour[:, 2], covered], axis=1)
        canvas.specks(np.ascontiguousarray(table[seen], np.float32))

    def _attitude(self, moment: Moment) -> tuple[Numbers, Numbers]:
        """Direction of the length, and width as a share of it."""
        return np.zeros_like(self._near), np.full_like(self._near, self.kind.flat)

    def _level(self, moment: Moment) -> Numbers:
        """Brightness of each."""
        return np.ones_like(self._near)

    def _rgb(self, moment: Moment) -> Array:
        colours = np.asarray(self.kind.colours, np.float32)
        return np.asarray(colours[(self._chances[7] * len(colours)).astype(np.int64) % len(colours)])

    def _visible(self, x: Numbers, y: Numbers) -> Numbers:
        """0 where something nearer stands before it."""
        field = self.place.near
        rows, columns = field.shape
        i = np.clip((x + 0.5) * columns, 0, columns - 1).astype(np.int64)
        j = np.clip((y + 0.5 * self.place.ratio) / self.place.ratio * rows, 0, rows - 1).astype(np.int64)
        return np.asarray(np.clip((self._near - field[j, i]) / 0.06 + 1, 0, 1), np.float64)


class Rain(Swarm):
    """Streaks as long as a drop falls while the shutter is open; grey light."""

    kind = Kind(
        count=2300,
        size=(0.010, 0.017),
        flat=0.045,
        nearness=(0.25, 1.5),
        wind=-0.12,
        fall=1.5,
        edge=1.2,
        cover=0.62,
        colours=((205, 214, 226), (225, 230, 238)),
    )

    def look(self, rgb: Array) -> Array:
        """An overcast day."""
        grey = rgb.mean(axis=1, keepdims=True)
        dull = (grey + (rgb - grey) * np.float32(0.72)) * np.array([0.84, 0.88, 0.93], np.float32)
        share = np.float32(min(1.0, 0.8 * self.strength))
        clouded: Array = rgb + (dull - rgb) * share
        return clouded

    def _attitude(self, moment: Moment) -> tuple[Numbers, Numbers]:
        slant = np.arctan2(self.kind.fall, self.kind.wind)
        return np.full_like(self._near, slant), np.maximum(self.kind.flat, 0.0006 / (self.kind.size[0] * self._near))


class Snow(Swarm):
    """Flakes that sway as they fall; the nearest are large and out of focus."""

    kind = Kind(
        count=1700,
        size=(0.0018, 0.0046),
        nearness=(0.2, 1.7),
        wind=0.025,
        fall=0.13,
        wander=(0.018, 0.35),
        edge=1.3,
        cover=0.9,
        colours=((244, 247, 252),),
    )

    def look(self, rgb: Array) -> Array:
        """Cold, pale light."""
        grey = rgb.mean(axis=1, keepdims=True)
        cold = (grey + (rgb - grey) * np.float32(0.82)) * np.array([0.94, 0.97, 1.02], np.float32) + np.float32(5)
        chilled: Array = rgb + (cold - rgb) * np.float32(min(1.0, self.strength))
        return chilled

    def _level(self, moment: Moment) -> Numbers:
        return np.clip(1.25 - 0.45 * self._near, 0.3, 1)


class Dust(Swarm):
    """Motes in the light: brighter towards the sun, glinting as they turn."""

    kind = Kind(
        count=460,
        size=(0.0014, 0.0040),
        nearness=(0.45, 2.0),
        wind=0.008,
        fall=0.005,
        wander=(0.012, 0.12),
        edge=1.1,
        cover=0.95,
        is_light=True,
        colours=((255, 240, 212), (255, 232, 190)),
    )

    def _level(self, moment: Moment) -> Numbers:
        x, y = self._places(moment.at_s)
        sun_x, sun_y = self.place.sun
        lit = 0.45 + 0.75 * np.exp(-np.hypot(x - sun_x, y - sun_y) / 0.35)
        turn = np.sin(2 * np.pi * (moment.at_s * (0.2 + 0.5 * self._chances[4]) + self._chances[3]))
        level: Numbers = lit * (0.62 + 0.38 * turn)
        return level


class _Glowing(Swarm):
    """A bright core in a wider, fainter halo; halo: its size against the core, and its level."""

    halo: tuple[float, float]
    core = 1.4

    def paint(self, canvas: Canvas, moment: Moment) -> None:
        """All halos, then all cores."""
        px, py, size = self._sized(moment)
        angle, flat = self._attitude(moment)
        level = self._level(moment) * self._visible(*self._places(moment.at_s))
        wide, share = self.halo
        self._specks(
            canvas, np.stack([px, py, wide * size, wide * size, angle, share * level]), self._rgb(moment), edge=1
        )
        long = self.core * size
        self._specks(canvas, np.stack([px, py, long, long * flat, angle, level]), self._rgb(moment))


class Embers(_Glowing):
    """Sparks that rise, weave and go out."""

    kind = Kind(
        count=340,
        size=(0.0007, 0.0021),
        nearness=(0.45, 1.8),
        wind=0.03,
        fall=-0.17,
        wander=(0.03, 0.45),
        edge=2.2,
        cover=1.0,
        is_light=True,
        colours=((255, 160, 60), (255, 122, 36), (255, 206, 120)),
    )

    halo, core = (3.2, 0.22), 1.9

    def _attitude(self, moment: Moment) -> tuple[Numbers, Numbers]:
        x, y = self._places(moment.at_s)
        next_x, next_y = self._places(moment.at_s + SHUTTER_S)
        return np.arctan2(next_y - y, next_x - x), np.full_like(x, 0.42)

    def _level(self, moment: Moment) -> Numbers:
        life = np.mod(moment.at_s * (0.25 + 0.3 * self._chances[4]) + self._chances[5], 1.0)
        shimmer = 0.8 + 0.2 * np.sin(2 * np.pi * (moment.at_s * (2 + 2 * self._chances[3]) + self._chances[0]))
        level: Numbers = np.sin(np.pi * life) ** 0.7 * shimmer
        return level


class Fireflies(_Glowing):
    """A few lights that wander and pulse."""

    kind = Kind(
        count=90,
        size=(0.0018, 0.0036),
        nearness=(0.45, 1.5),
        wander=(0.05, 0.14),
        edge=2.5,
        cover=1.0,
        is_light=True,
        colours=((226, 255, 120), (255, 240, 130)),
    )

    halo = (7.0, 0.5)

    def look(self, rgb: Array) -> Array:
        """Dusk, or nobody would see them."""
        dusk = rgb * np.array([0.62, 0.70, 0.82], np.float32)
        dimmed: Array = rgb + (dusk - rgb) * np.float32(min(1.0, 0.7 * self.strength))
        return dimmed

    def _level(self, moment: Moment) -> Numbers:
        pulse = np.sin(2 * np.pi * (moment.at_s * (0.22 + 0.25 * self._chances[3]) + self._chances[4]))
        level: Numbers = np.clip(0.25 + 0.9 * pulse, 0, 1) ** 1.5
        return level


class Bokeh(Swarm):
    """Large soft discs of light, out of focus before the scene."""

    kind = Kind(
        count=64,
        size=(0.016, 0.040),
        nearness=(0.6, 1.5),
        wind=0.006,
        fall=-0.004,
        wander=(0.012, 0.07),
        edge=9.0,
        rim=0.45,
        cover=0.36,
        is_light=True,
        colours=((255, 214, 150), (255, 190, 120), (255, 235, 205), (190, 215, 255)),
    )

    def _level(self, moment: Moment) -> Numbers:
        level: Numbers = 0.65 + 0.35 * np.sin(2 * np.pi * (moment.at_s * 0.12 + self._chances[4]))
        return level

    def _visible(self, x: Numbers, y: Numbers) -> Numbers:
        return np.ones_like(x)


class _Tumbling(Swarm):
    """Flat things that turn as they fall."""

    def _attitude(self, moment: Moment) -> tuple[Numbers, Numbers]:
        spin = self._chances[3] - 0.5
        angle = 2 * np.pi * (self._chances[5] + 0.5 * spin * moment.at_s)
        tilt = np.cos(2 * np.pi * (moment.at_s * (0.3 + 0.6 * self._chances[4]) + self._chances[0]))
        return angle, self.kind.flat * (0.22 + 0.78 * np.abs(tilt))


class Petals(_Tumbling):
    """Cherry blossom."""

    kind = Kind(
        count=190,
        size=(0.0036, 0.0066),
        flat=0.72,
        nearness=(0.45, 1.6),
        wind=0.06,
        fall=0.075,
        wander=(0.03, 0.3),
        edge=6.0,
        cover=0.92,
        colours=((252, 205, 217), (248, 184, 202), (255, 228, 234)),
    )


class Leaves(_Tumbling):
    """Autumn leaves, larger and quicker."""

    kind = Kind(
        count=100,
        size=(0.0060, 0.0110),
        flat=0.52,
        nearness=(0.45, 1.5),
        wind=0.09,
        fall=0.11,
        wander=(0.045, 0.28),
        edge=7.0,
        cover=0.95,
        colours=((196, 98, 30), (214, 138, 38), (160, 62, 28), (178, 128, 50)),
    )


class Bubbles(Swarm):
    """Soap or water: a rim, and a glint at the upper left."""

    kind = Kind(
        count=120,
        size=(0.0040, 0.0120),
        nearness=(0.45, 1.5),
        wind=0.006,
        fall=-0.07,
        wander=(0.022, 0.3),
        edge=8.0,
        rim=0.88,
        cover=0.75,
        is_light=True,
        colours=((225, 242, 255), (235, 225, 255), (220, 255, 240)),
    )

    def paint(self, canvas: Canvas, moment: Moment) -> None:
        """The rim by the kind, then the glints."""
        super().paint(canvas, moment)
        px, py, size = self._sized(moment)
        shown = 0.8 * self._visible(*self._places(moment.at_s))
        glint = size * 0.22
        rows = np.stack([px - 0.4 * size, py - 0.42 * size, glint, glint, np.zeros_like(px), shown])
        _Glint(self.place, self.strength)._specks(canvas, rows, np.full((len(px), 3), 255, np.float32))


class _Glint(Swarm):
    kind = Kind(count=1, size=(0, 0), edge=1.4, is_light=True)
