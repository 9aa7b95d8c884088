"""Living parts: clouds drift, water ripples, foliage sways, hair and cloth barely move.

Small shifts of the picture inside soft masks. A shift never changes faster than the mask lets it, so nothing tears,
and it is nothing at the picture's edge, so nothing from beyond is needed. No new things are invented.
"""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np

from mutoscope.engines.parallax.chance import draw
from mutoscope.engines.parallax.effects.air import clouds
from mutoscope.engines.parallax.effects.base import Array, Moment, Part

_CELL = 16
_LEAST_SHARE = 0.006
"""A class that covers less of the picture than this is not there."""


class _Masked(Part):
    """Something that happens where a class of things is."""

    name = ""
    thing = ""

    def absence(self) -> str | None:
        """Say that the class was not found."""
        if float(self.place.mask(self.name).mean()) < _LEAST_SHARE:
            return f"no {self.thing} was found in the picture"
        return None

    @property
    def _cells(self) -> tuple[int, int]:
        scene = self.place.scene
        return scene.width_px // _CELL + 2, scene.height_px // _CELL + 2

    @cached_property
    def _mask(self) -> Array:
        """0 … 1 at every sixteenth source pixel."""
        found = self.place.classes.get(self.name)
        columns, rows = self._cells
        if found is None:
            return np.zeros((rows, columns), np.float32)
        small = cv2.resize(found, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        return np.asarray(small, np.float32)

    def _inside(self, ramp_px: float, *, sides: bool) -> Array:
        """0 at the class's edge, rising smoothly to 1 within so many source pixels; 0 at the picture's sides."""
        solid = (self._mask > 0.6).astype(np.uint8)
        if sides:
            solid[:, :1] = solid[:, -2:] = 0
        padded = np.pad(solid, 1, mode="edge")
        distance = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
        unit = np.clip(distance * _CELL / ramp_px, 0, 1)
        ramp: Array = (unit * unit * (3 - 2 * unit)).astype(np.float32)
        return ramp

    def _noise(self, purpose: str, cells_across: float) -> Array:
        """Soft numbers about -1 … 1 at every sixteenth source pixel."""
        columns, rows = self._cells
        texture = clouds(self.place.seed, purpose)
        side = max(2, round(256 * cells_across / 8))
        tile = np.tile(texture, (2, 2))[: side * rows // columns + 2, : side + 2]
        return np.asarray(cv2.resize(tile, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32)


class CloudsDrift(_Masked):
    """The sky moves sideways by a few per cent of the width; the horizon stands."""

    name, thing = "sky", "sky"

    def flow(self, moment: Moment) -> Array:
        """An even drift, in full only well above the horizon."""
        way = moment.since_s / max(moment.shot_s, 1e-6) - 0.5
        field = np.zeros((2, *self._field.shape), np.float32)
        field[0] = self._field * np.float32(way)
        return field

    @cached_property
    def _field(self) -> Array:
        """Source pixels over the whole shot."""
        width = self.place.scene.width_px
        length = width * 0.05 * min(1.6, self.strength)
        sign = 1 if draw(self.place.seed, "wind") < 0.5 else -1
        # Ramp of 1.7 times the drift: the picture is nowhere stretched by more than 45 per cent.
        field: Array = self._inside(1.7 * length, sides=True) * np.float32(sign * length)
        return field


class WaterRipples(_Masked):
    """Rows of the water move to and fro, finer towards the horizon."""

    name, thing = "water", "water"

    def ripple(self, moment: Moment) -> tuple[Array, Array]:
        """A wave along the rows, with a phase that differs from place to place."""
        amount = self._amount
        phase = self._phase + np.float32(0.9 * moment.at_s) * self._pace
        field = np.stack([amount * np.cos(phase), -amount * np.sin(phase)])
        rows = self._rows - 2 * np.pi * 0.55 * moment.at_s
        return field.astype(np.float32), np.stack([np.cos(rows), np.sin(rows)]).astype(np.float32)

    @cached_property
    def _amount(self) -> Array:
        width = self.place.scene.width_px
        _, rows = self._cells
        lower = np.linspace(0.35, 1.25, rows, dtype=np.float32)[:, None]
        size = np.float32(width * 0.0013 * min(1.8, self.strength))
        amount: Array = self._inside(0.02 * width, sides=True) * lower * size * (0.75 + 0.25 * self._noise("gust", 9))
        return amount

    @cached_property
    def _phase(self) -> Array:
        phase: Array = np.float32(2.4 * np.pi) * self._noise("ripple", 6)
        return phase

    @cached_property
    def _pace(self) -> Array:
        return self._noise("pace", 4)

    @cached_property
    def _rows(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        """Phase of each row of the video: waves of 0.8 per cent of the width at the horizon, 3 at the bottom."""
        height, width = self.place.height_px, self.place.width_px
        found = np.flatnonzero(self._mask.mean(axis=1) > 0.02)
        horizon = found[0] / len(self._mask) if len(found) else 0.5
        down = np.clip((np.arange(height) / height - horizon) / max(0.05, 1 - horizon), 0, 1)
        phase: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = np.cumsum(
            2 * np.pi / (width * (0.008 + 0.022 * down))
        )
        return phase


class _Swaying(_Masked):
    """Things that hang or stand in the wind."""

    size, rate_hz, ramp = 0.0016, 0.35, 0.012

    def flow(self, moment: Moment) -> Array:
        """Two waves that run through it."""
        t = 2 * np.pi * self.rate_hz * moment.at_s
        gust = 0.75 + 0.25 * np.sin(0.37 * t + 6 * draw(self.place.seed, "gust"))
        first, second = self._phases
        across = np.sin(t + 3 * first) + 0.5 * np.sin(1.7 * t + 5 * second)
        down = 0.4 * np.sin(1.3 * t + 4 * second)
        amount = self._amount * np.float32(gust)
        return np.stack([across * amount, down * amount]).astype(np.float32)

    @cached_property
    def _phases(self) -> tuple[Array, Array]:
        return self._noise(f"{self.thing} 1", 5), self._noise(f"{self.thing} 2", 7)

    @cached_property
    def _amount(self) -> Array:
        width = self.place.scene.width_px
        shape = self._shape()
        edge = min(4, min(shape.shape) // 4)
        shape[:edge] *= np.linspace(0, 1, edge, dtype=np.float32)[:, None]
        shape[-edge - 1 : -1] *= np.linspace(1, 0, edge, dtype=np.float32)[:, None]
        shape[:, :edge] *= np.linspace(0, 1, edge, dtype=np.float32)[None, :]
        shape[:, -edge - 1 : -1] *= np.linspace(1, 0, edge, dtype=np.float32)[None, :]
        shape[-1] = shape[:, -1] = 0
        amount: Array = shape * np.float32(width * self.size * min(1.8, self.strength))
        return amount

    def _shape(self) -> Array:
        return self._inside(self.ramp * self.place.scene.width_px, sides=False)


class FoliageSways(_Swaying):
    """Leaves and grass."""

    name, thing, size = "foliage", "foliage", 0.0019


class _Worn(_Swaying):
    """Near the outline of a person, where hair and cloth are; faces keep still."""

    name, size, rate_hz = "person", 0.0010, 0.3
    above = True

    def _shape(self) -> Array:
        soft = cv2.GaussianBlur(self._mask, (0, 0), 1.6)
        outline = 4 * soft * (1 - soft)
        rows = np.flatnonzero(self._mask.max(axis=1) > 0.5)
        if not len(rows):
            return np.zeros_like(self._mask)
        middle = rows[0] + 0.3 * (rows[-1] - rows[0])
        here = np.clip((np.arange(len(outline)) - middle) / 3 + 0.5, 0, 1).astype(np.float32)[:, None]
        part: Array = outline * ((1 - here) if self.above else here)
        return part


class HairMoves(_Worn):
    """The upper outline."""

    thing, above = "person", True


class ClothMoves(_Worn):
    """The lower outline."""

    thing, above, size = "person", False, 0.0013
