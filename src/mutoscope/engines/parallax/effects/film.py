"""Looks that move: old film, VHS tape, digital glitch.

They work on the finished frame, after the scene and before its bytes. Each frame's defects come from its number.
"""

from __future__ import annotations

import cv2
import numpy as np

from mutoscope.engines.parallax.chance import draw, draws, noise, sway
from mutoscope.engines.parallax.effects.base import Array, Exposure, Moment, Part, Place
from mutoscope.engines.parallax.effects.canvas import Canvas
from mutoscope.engines.parallax.effects.looks import Vignette, contrasted, mixed, saturated


class OldFilm(Vignette):
    """A worn print: faded, unsteady, scratched and dusty."""

    depth = 0.6

    def __init__(self, place: Place, strength: float) -> None:
        super().__init__(place, strength)
        self.grain_sd = 3.2 * min(1.4, self.strength)

    def look(self, rgb: Array) -> Array:
        """Little colour, brownish, no deep black."""
        faded = saturated(contrasted(rgb, 1.05), 0.3) * np.array([0.97, 0.93, 0.80], np.float32)
        return mixed(rgb, faded + np.array([16, 12, 8], np.float32), min(1.0, 0.85 * self.strength))

    def weave(self, moment: Moment) -> tuple[float, float]:
        """The film hangs loosely in the gate; now and then it slips."""
        seed, size = self.place.seed, 0.0011 * self.strength
        slip = 3.0 if draw(seed, f"slip {moment.number}") < 0.012 else 0.0
        x = size * sway(seed, "weave x", moment.at_s, (0.9, 2.1, 3.7))
        y = size * (1.3 * sway(seed, "weave y", moment.at_s, (1.3, 2.9, 5.1)) + slip)
        return x, y

    def exposure(self, moment: Moment) -> Exposure:
        """The lamp and the shutter are not quite even."""
        quick = draw(self.place.seed, f"lamp {moment.number}") - 0.5
        slow = sway(self.place.seed, "lamp", moment.at_s)
        return Exposure(1 + (0.035 * quick + 0.03 * slow) * self.strength)

    def paint(self, canvas: Canvas, moment: Moment) -> None:
        """Scratches run for a while; dust is there for one frame."""
        canvas.specks(np.concatenate([self._scratches(moment), self._dust(moment)]).astype(np.float32))

    def _scratches(self, moment: Moment) -> Array:
        rows = []
        width, height = self.place.width_px, self.place.height_px
        for number in range(3):
            period = 0.7 + 1.1 * draw(self.place.seed, f"scratch {number}")
            turn, since = divmod(moment.at_s + 3 * draw(self.place.seed, f"scratch start {number}"), period)
            if draw(self.place.seed, f"scratch {number} {turn}") < 0.45:
                x = width * (0.06 + 0.88 * draw(self.place.seed, f"scratch x {number} {turn}"))
                x += width * 0.0016 * sway(self.place.seed, f"scratch sway {number}", moment.at_s, (1.9, 4.3))
                is_dark = draw(self.place.seed, f"scratch tone {number} {turn}") < 0.4
                cover = 0.3 * self.strength * min(1.0, 4 * since, 4 * (period - since))
                value = (20 if is_dark else 235) * cover
                rows.append([x, height / 2, height * 1.5, width * 0.0007, 0, 1, 2.0, 0, value, 0, 0, cover])
        return np.asarray(rows, np.float32).reshape(-1, 12)

    def _dust(self, moment: Moment) -> Array:
        count = int(9 * self.strength * draw(self.place.seed, f"dirt {moment.number}"))
        if not count:
            return np.empty((0, 12), np.float32)
        x, y, size, angle, tone, flat = draws(self.place.seed, f"dirt at {moment.number}", count, 6)
        angle = 2 * np.pi * angle
        long = self.place.width_px * (0.0008 + 0.0045 * size**4)
        value = np.where(tone < 0.65, 24.0, 228.0) * 0.75
        fixed = [np.full(count, edge) for edge in (5.0, 0.0)]
        columns = [x * self.place.width_px, y * self.place.height_px, long, long * (0.25 + 0.6 * flat)]
        columns += [np.cos(angle), np.sin(angle), *fixed, value, 0 * x, 0 * x, np.full(count, 0.75)]
        return np.stack(columns, axis=1).astype(np.float32)


class Vhs(Part):
    """A tape copied once too often: soft, shifted colour, lines, a band of noise at the bottom."""

    def look(self, rgb: Array) -> Array:
        """Strong colour, weak blacks."""
        return mixed(rgb, saturated(rgb, 1.22) * np.float32(0.92) + np.float32(12), min(1.0, self.strength))

    def lens(self, luma: Array, blue: Array, red: Array, moment: Moment) -> None:
        """Everything a tape does to a line."""
        height, width = luma.shape
        scale = width / 1920
        soft = cv2.blur(luma, (max(3, round(5 * scale) | 1), 1))
        wide = cv2.blur(luma, (max(5, round(15 * scale) | 1), 1))
        luma[:] = soft + (soft - wide) * np.float32(0.45)
        for plane, shift in ((blue, 5), (red, 7)):
            smeared = cv2.blur(plane, (max(3, round(13 * scale) | 1), 3))
            plane[:] = np.roll(smeared, round(shift * scale * self.strength), axis=1)
        self._wobble(luma, blue, red, moment)
        every = max(2, round(height / 272))
        luma[::every] *= np.float32(1 - 0.09 * min(1.5, self.strength))
        hiss = noise(self.place.seed, f"vhs {moment.number}", height // 4, width // 8)
        luma += cv2.resize(hiss, (width, height), interpolation=cv2.INTER_LINEAR) * np.float32(2.6 * self.strength)

    def _wobble(self, luma: Array, blue: Array, red: Array, moment: Moment) -> None:
        """The head switches at the bottom, and the tape is a little stretched in the middle."""
        height, width = luma.shape
        band = round(height * 0.022)
        for part, plane in enumerate((luma, blue, red)):
            rows = plane.shape[0]
            last = max(1, band * rows // height)
            shift = round(plane.shape[1] * (0.035 + 0.01 * sway(self.place.seed, "head", moment.at_s, (4.1, 7.3))))
            plane[-last:] = np.roll(plane[-last:], shift, axis=1)
            if not part:
                snow = noise(self.place.seed, f"head {moment.number}", last, (width + 7) // 8)
                plane[-last:] += np.repeat(snow, 8, axis=1)[:, :width] * np.float32(28)
        crease = int(height * np.mod(0.11 * moment.at_s + draw(self.place.seed, "crease"), 1.0))
        thick = max(2, round(height * 0.006))
        luma[crease : crease + thick] = np.roll(luma[crease : crease + thick], round(width * 0.008), axis=1) + 14


class Glitch(Part):
    """Bursts of a few frames in which blocks of lines slip and colours part; quiet in between."""

    def lens(self, luma: Array, blue: Array, red: Array, moment: Moment) -> None:
        """Nothing, most of the time."""
        level, burst = self._burst(moment)
        if not level:
            return
        height, width = luma.shape
        count = 3 + int(6 * draw(self.place.seed, f"blocks {burst} {moment.number // 2}"))
        tops, talls, shifts = draws(self.place.seed, f"block {burst} {moment.number // 2}", count, 3)
        for top, tall, shift in zip(tops, talls, shifts, strict=True):
            slip = (shift - 0.5) * 0.14 * level
            for plane in (luma, blue, red):
                first = int(top * plane.shape[0])
                end = first + max(1, int((0.01 + 0.09 * tall**2) * plane.shape[0]))
                plane[first:end] = np.roll(plane[first:end], round(slip * plane.shape[1]), axis=1)
        apart = max(1, round(width * 0.007 * level))
        blue[:] = np.roll(blue, apart // 2, axis=1)
        red[:] = np.roll(red, -apart // 2, axis=1)
        luma[:: max(2, height // 240)] *= np.float32(0.9)

    def _burst(self, moment: Moment) -> tuple[float, int]:
        """A burst in about every second of three quarters of a second; the first comes early."""
        window, since = divmod(moment.since_s + 0.3, 0.75)
        number = int(window)
        if number and draw(self.place.seed, f"burst {number}") > 0.6:
            return 0.0, number
        start = 0.32 + 0.2 * draw(self.place.seed, f"burst at {number}")
        lasts = 0.12 + 0.12 * draw(self.place.seed, f"burst lasts {number}")
        return (min(1.6, self.strength) if start <= since < start + lasts else 0.0), number
