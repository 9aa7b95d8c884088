"""Light: golden and blue hour, night, sunbeams, flares, streaks, flicker and lightning.

Light that falls into the lens is painted at an eighth of the size of the video, where it is as soft as light is;
what it falls from is the brightest far part of the picture. Flashes are few: three in a shot at most.
"""

from __future__ import annotations

import cv2
import numpy as np

from mutoscope.engines.parallax.chance import draw, draws, sway
from mutoscope.engines.parallax.effects.base import Array, Exposure, Moment, Part
from mutoscope.engines.parallax.effects.canvas import Canvas
from mutoscope.engines.parallax.effects.looks import contrasted, grey_of, mixed, saturated, tinted

WARM, GOLD = (255.0, 186.0, 110.0), (255.0, 205.0, 140.0)


def _field(canvas: Canvas, moment: Moment) -> tuple[Array, Array]:
    """x and y of every cell of the light buffer, in widths from the centre."""
    columns, rows = canvas.light_size
    ratio = moment.place.ratio
    x = (np.arange(columns, dtype=np.float32) + np.float32(0.5)) / columns - np.float32(0.5)
    y = ((np.arange(rows, dtype=np.float32) + np.float32(0.5)) / rows - np.float32(0.5)) * np.float32(ratio)
    return np.asarray(x[None, :], np.float32), np.asarray(y[:, None], np.float32)


def _at(moment: Moment, point: tuple[float, float], disparity: float = 0.02) -> tuple[float, float]:
    """A point of the picture as it stands in this frame, in widths from the centre."""
    x, y, _ = moment.project(point[0], point[1], disparity)
    width = moment.place.width_px
    return (float(x) + 0.5) / width - 0.5, (float(y) + 0.5 - moment.place.height_px / 2) / width


def _light(shape: Array, rgb: tuple[float, float, float], amount: float) -> Array:
    return shape[..., None] * (np.asarray(rgb, np.float32) * np.float32(amount))


class GoldenHour(Part):
    """Low warm sun: warm light, long glow from where the sun is, shadows stay a little blue."""

    def look(self, rgb: Array) -> Array:
        """Warmer lights, softer contrast."""
        s = self.strength
        warm = rgb * np.array([1 + 0.09 * s, 1 + 0.005 * s, 1 - 0.17 * s], np.float32)
        return contrasted(tinted(saturated(warm, 1 + 0.1 * s), (3 * s, 0, 4 * s), (8 * s, 3 * s, -8 * s)), 1 + 0.04 * s)

    def paint(self, canvas: Canvas, moment: Moment) -> None:
        """A glow that breathes slowly."""
        x, y = _field(canvas, moment)
        sun_x, sun_y = _at(moment, self.place.sun)
        distance = np.hypot(x - sun_x, y - sun_y)
        breath = 1 + 0.05 * sway(self.place.seed, "golden", moment.at_s)
        glow = np.exp(-distance / 0.28) * 0.34 + np.exp(-distance / 0.07) * 0.16
        canvas.shine(_light(glow.astype(np.float32), WARM, min(1.5, self.strength) * breath))


class BlueHour(Part):
    """After sunset: cool, low contrast, darker."""

    def look(self, rgb: Array) -> Array:
        """Blue shadows, lamps stay warm."""
        cool = saturated(rgb, 0.78) * np.array([0.68, 0.80, 1.06], np.float32)
        cool = tinted(cool, (2, 8, 22), (-4, 0, 8))
        is_lamp = np.clip((grey_of(rgb) - 205) / 40, 0, 1) * np.clip((rgb[:, :1] - rgb[:, 2:] - 10) / 60, 0, 1)
        lit = np.asarray(cool + (rgb - cool) * is_lamp * 0.7, np.float32)
        return mixed(rgb, lit, min(1.0, 0.9 * self.strength))


class Night(Part):
    """Day for night: dark and blue, bright spots stay."""

    def look(self, rgb: Array) -> Array:
        """Darker the darker it was."""
        unit = np.clip(grey_of(rgb) / 255, 0, 1)
        dark = saturated(rgb, 0.6) * (0.24 + 0.2 * unit) * np.array([0.78, 0.92, 1.25], np.float32) + np.array(
            [1, 4, 13], np.float32
        )
        is_lamp = np.clip((unit - 0.8) / 0.15, 0, 1) * np.clip((rgb[:, :1] - rgb[:, 2:] - 12) / 50, 0, 1)
        lit = np.asarray(dark + (rgb * 0.9 - dark) * is_lamp, np.float32)
        return mixed(rgb, lit, min(1.0, 0.85 + 0.15 * self.strength))


class Sunbeams(Part):
    """Rays from the light, moving as slowly as leaves and clouds before it do."""

    def paint(self, canvas: Canvas, moment: Moment) -> None:
        """Angular noise that fades with distance; near things stand in the way of some of it."""
        x, y = _field(canvas, moment)
        sun_x, sun_y = _at(moment, self._source())
        dx, dy = x - sun_x, y - sun_y
        angle, distance = np.arctan2(dx, dy), np.hypot(dx, dy)
        rays = np.zeros_like(distance)
        for number, turns in enumerate((5, 9, 14, 23)):
            phase = 2 * np.pi * draw(self.place.seed, f"ray {number}") + moment.at_s * (0.09 + 0.05 * number)
            rays += np.cos(turns * angle + phase) / (1 + 0.45 * number)
        shape = np.clip(0.42 + 0.5 * rays, 0, None) ** 1.5 * np.exp(-distance / 0.62)
        shape *= np.clip(distance / 0.04, 0.25, 1) * (1 - 0.55 * self._screen(canvas))
        canvas.shine(_light(shape.astype(np.float32), GOLD, 0.44 * self.strength))

    def _source(self) -> tuple[float, float]:
        x, y = self.place.sun
        return x, min(y, -0.32 * self.place.ratio)

    def _screen(self, canvas: Canvas) -> Array:
        near = cv2.resize(np.clip(self.place.near, 0, 1), canvas.light_size, interpolation=cv2.INTER_AREA)
        return np.asarray(near, np.float32)


class LensFlare(Part):
    """Ghosts along the line from the sun through the middle of the picture."""

    # place on the line (0 the sun, 1 the middle), size in widths, red, green, blue, how much it is a ring
    _GHOSTS = (
        (0.45, 0.020, 120, 190, 255, 0.2),
        (0.72, 0.038, 255, 190, 110, 0.0),
        (1.25, 0.014, 255, 150, 90, 0.0),
        (1.42, 0.055, 110, 220, 150, 0.6),
        (1.78, 0.030, 190, 130, 255, 0.3),
        (2.15, 0.085, 255, 150, 110, 0.85),
    )

    def paint(self, canvas: Canvas, moment: Moment) -> None:
        """A star at the sun and six ghosts; fainter the farther the sun is out of view."""
        x, y = _field(canvas, moment)
        sun_x, sun_y = _at(moment, self.place.sun)
        flicker = 1 + 0.06 * sway(self.place.seed, "flare", moment.at_s, (1.3, 2.9))
        amount = self.strength * flicker
        dx, dy = x - sun_x, y - sun_y
        distance = np.hypot(dx, dy)
        angle = np.arctan2(dy, dx)
        star = (0.6 + 0.4 * np.cos(6 * angle + 0.4)) * np.exp(-distance / 0.045) * 0.9 + np.exp(-distance / 0.16) * 0.3
        canvas.shine(_light(star.astype(np.float32), (255, 228, 190), amount * 0.75))
        ring = np.exp(-(((distance - 0.17) / 0.012) ** 2)) * 0.2
        canvas.shine(_light(ring.astype(np.float32), (200, 170, 255), amount))
        for along, size, red, green, blue, is_ring in self._GHOSTS:
            radius = np.hypot(x - sun_x * (1 - along), y - sun_y * (1 - along)) / size
            disc = np.clip((1 - radius) * 5, 0, 1) * (1 - is_ring + is_ring * np.clip(radius, 0, 1) ** 4)
            canvas.shine(_light(disc.astype(np.float32), (red, green, blue), amount * 0.27))


class AnamorphicStreak(Part):
    """Blue lines across from what is very bright."""

    def paint(self, canvas: Canvas, moment: Moment) -> None:
        """From the sun, and from every highlight of the picture."""
        x, y = _field(canvas, moment)
        sun_x, sun_y = _at(moment, self.place.sun)
        breath = 1 + 0.08 * sway(self.place.seed, "streak", moment.at_s)
        line = np.exp(-np.abs(y - sun_y) / 0.006) * np.exp(-np.abs(x - sun_x) / 0.38)
        line += 0.3 * np.exp(-np.abs(y - sun_y) / 0.03) * np.exp(-np.abs(x - sun_x) / 0.2)
        canvas.shine(_light(line.astype(np.float32), (90, 150, 255), 0.8 * self.strength * breath))
        canvas.shine(self._highlights(canvas, moment) * np.float32(self.strength))

    def _highlights(self, canvas: Canvas, moment: Moment) -> Array:
        small = self.place.small
        bright = np.clip((small.max(axis=2) - 238) / 17, 0, 1)
        long = cv2.GaussianBlur(bright, (0, 0), sigmaX=18, sigmaY=0.7)
        long /= max(1.0, float(long.max()) / 0.5)
        columns, rows = canvas.light_size
        corners = np.array([[-0.5, -0.5 * moment.place.ratio], [0.5, -0.5 * moment.place.ratio], [-0.5, 0.0]])
        x, y, _ = moment.project(corners[:, 0], corners[:, 1], 0.1)
        height, width = bright.shape
        source = np.array([[0, 0], [width, 0], [0, height / 2]], np.float32)
        target = np.stack([x / moment.place.width_px * columns, y / moment.place.height_px * rows], 1).astype(
            np.float32
        )
        laid = cv2.warpAffine(long, cv2.getAffineTransform(source, target), (columns, rows))
        return _light(np.asarray(laid, np.float32), (70, 120, 255), 0.7)


class NeonFlicker(Part):
    """Two signs out of view, pink and cyan; one of them is about to fail."""

    def look(self, rgb: Array) -> Array:
        """An evening in which signs are seen."""
        return mixed(
            rgb, tinted(saturated(rgb, 1.08) * np.float32(0.74), (10, 0, 20), (0, 0, 0)), min(1, self.strength)
        )

    def paint(self, canvas: Canvas, moment: Moment) -> None:
        """Light from the left and from the right."""
        x, y = _field(canvas, moment)
        for side, colour in ((-1, (255.0, 40.0, 150.0)), (1, (40.0, 210.0, 255.0))):
            far = np.hypot(x - side * 0.55, (y + 0.1) * 0.7)
            on = self._level(moment, side)
            canvas.shine(_light(np.exp(-far / 0.25).astype(np.float32), colour, 0.62 * self.strength * on))

    def _level(self, moment: Moment, side: int) -> float:
        """Mostly on with a hum; now and then the left one stutters, never faster than three times a second."""
        hum = 0.95 + 0.05 * sway(self.place.seed, f"hum {side}", moment.at_s, (3.1, 5.3))
        window = int(moment.at_s * 3)
        fails = side < 0 and draw(self.place.seed, f"neon {window}") < 0.4
        gap = 0.3 * abs(2 * ((moment.at_s * 3) % 1) - 1) + 0.35
        return hum * (gap if fails else 1.0)


class CandleFlicker(Part):
    """A flame near the subject: warm, unsteady, darker around."""

    def look(self, rgb: Array) -> Array:
        """Warm and dim."""
        warm = saturated(rgb, 0.95) * np.array([0.86, 0.66, 0.46], np.float32)
        return mixed(rgb, contrasted(warm, 1.05), min(1.0, 0.8 * self.strength))

    def exposure(self, moment: Moment) -> Exposure:
        """A few per cent, several times a second."""
        return Exposure(gain=1 + 0.06 * self.strength * self._flame(moment))

    def paint(self, canvas: Canvas, moment: Moment) -> None:
        """The glow wanders with the flame."""
        x, y = _field(canvas, moment)
        focus_x, focus_y, near = self.place.stage.focus
        at = _at(moment, (focus_x - 0.5, (focus_y - 0.5) * self.place.ratio), near)
        wander = 0.012 * sway(self.place.seed, "flame x", moment.at_s, (1.1, 2.3))
        far = np.hypot(x - at[0] - wander, y - at[1])
        level = 0.42 * self.strength * (1 + 0.25 * self._flame(moment))
        canvas.shine(_light(np.exp(-far / 0.2).astype(np.float32), (255, 150, 60), level))

    def _flame(self, moment: Moment) -> float:
        return sway(self.place.seed, "flame", moment.at_s, (1.7, 2.9, 4.3))


class Lightning(Part):
    """A storm: dark, then one to three flashes, each of two strokes that fade."""

    def look(self, rgb: Array) -> Array:
        """Clouded over."""
        return mixed(rgb, saturated(rgb, 0.7) * np.array([0.66, 0.72, 0.82], np.float32), min(1.0, 0.8 * self.strength))

    def exposure(self, moment: Moment) -> Exposure:
        """Everything brighter and paler."""
        flash = self._flash(moment)
        return Exposure(1 + 0.75 * flash, 16 * flash, 1 - 0.35 * min(1.0, flash))

    def paint(self, canvas: Canvas, moment: Moment) -> None:
        """Light from above."""
        flash = self._flash(moment)
        if flash > 0.01:
            x, y = _field(canvas, moment)
            side = draw(self.place.seed, "flash side") - 0.5
            far = np.hypot((x - side) * 0.8, y + 0.5 * self.place.ratio)
            canvas.shine(_light(np.exp(-far / 0.3).astype(np.float32), (205, 220, 255), 0.7 * flash))

    def _flash(self, moment: Moment) -> float:
        count = 1 + int(2.99 * draw(self.place.seed, "flashes") * min(1.0, moment.shot_s / 5))
        times = (np.arange(count) + 0.25 + 0.5 * draws(self.place.seed, "flash", count)[0]) / count * moment.shot_s
        total = 0.0
        for start in times:
            for delay, size in ((0.0, 0.7), (0.16, 1.0)):
                since = moment.since_s - start - delay
                if since >= 0:
                    total += size * float(np.exp(-since / 0.11))
        return min(1.2, total) * min(1.5, self.strength)
