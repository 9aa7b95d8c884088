"""Looks that hold still: black and white, sepia, teal and orange, vignette, letterbox, film grain.

Colours are changed once per shot, in the picture itself. Read next: `film.py` for looks that move.
"""

from __future__ import annotations

import numpy as np

from mutoscope.engines.parallax.effects.base import Array, Exposure, Moment, Part, Place

_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)


def grey_of(rgb: Array) -> Array:
    """(n, 1) luma of (n, 3) colours."""
    grey: Array = (rgb @ _LUMA)[:, None]
    return grey


def saturated(rgb: Array, amount: float) -> Array:
    """Colours moved away from (above 1) or towards (below 1) their grey."""
    grey = grey_of(rgb)
    moved: Array = grey + (rgb - grey) * np.float32(amount)
    return moved


def contrasted(rgb: Array, amount: float) -> Array:
    """A smooth curve through black, middle grey and white; it never clips what was not clipped before."""
    unit = np.clip(rgb, 0, 255) / np.float32(255)
    bend = unit * (1 - unit) * (2 * unit - 1)
    curved: Array = (unit + np.float32(2 * (amount - 1)) * bend) * np.float32(255)
    return curved


def tinted(rgb: Array, shadows: tuple[float, float, float], lights: tuple[float, float, float]) -> Array:
    """Add one colour where it is dark and another where it is bright."""
    unit = np.clip(grey_of(rgb) / np.float32(255), 0, 1)
    dark, bright = np.asarray(shadows, np.float32), np.asarray(lights, np.float32)
    added: Array = rgb + dark * (1 - unit) ** 2 + bright * unit**2
    return added


def mixed(before: Array, after: Array, share: float) -> Array:
    """Part of the way from one to the other."""
    between: Array = before + (after - before) * np.float32(share)
    return between


class BlackAndWhite(Part):
    """No colour and a little more contrast."""

    def look(self, rgb: Array) -> Array:
        """Grey for every colour."""
        return contrasted(np.repeat(grey_of(rgb), 3, axis=1), 1 + 0.06 * self.strength)

    def exposure(self, moment: Moment) -> Exposure:
        """Light and things over the picture lose their colour too."""
        return Exposure(saturation=0.0)


class Sepia(Part):
    """Brown as an old print."""

    def look(self, rgb: Array) -> Array:
        """Grey, tinted; the lights stay paper."""
        brown = grey_of(rgb) * np.array([1.06, 0.98, 0.80], np.float32) + np.array([12, 5, -2], np.float32)
        return mixed(rgb, brown, min(1.0, 0.85 * self.strength))


class TealOrange(Part):
    """Cool shadows, warm lights."""

    def look(self, rgb: Array) -> Array:
        """Skin stays warm: what is already orange becomes more so."""
        s = self.strength
        toned = tinted(saturated(rgb, 1 + 0.08 * s), (-14 * s, 3 * s, 12 * s), (13 * s, 3 * s, -15 * s))
        return contrasted(toned, 1 + 0.08 * s)


class Vignette(Part):
    """Corners fall off as in an old lens."""

    depth = 0.42

    def shade(self) -> Array:
        """Darker towards the corners, never black."""
        width, height = self.place.width_px, self.place.height_px
        x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
        y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
        edge = np.clip((x * x + y * y) / 2 - 0.12, 0, 1) ** 1.25
        return np.asarray(1 - min(0.8, self.depth * self.strength) * edge, np.float32)


class Letterbox(Part):
    """Black bars that leave the shape of a cinema screen."""

    def shade(self) -> Array:
        """Bars above and below, or at the sides of a picture that is already wider."""
        width, height = self.place.width_px, self.place.height_px
        shade = np.ones((height, width), np.float32)
        bar = round((height - width / 2.39) / 2)
        if bar < 0.02 * height:
            bar = round(0.07 * height)
        bar = min(bar, round(0.22 * height)) // 2 * 2
        shade[:bar] = shade[height - bar :] = 0
        return shade


class FilmGrain(Part):
    """Silver grain: strongest in the middle greys."""

    def __init__(self, place: Place, strength: float) -> None:
        super().__init__(place, strength)
        self.grain_sd = 2.0 * self.strength
