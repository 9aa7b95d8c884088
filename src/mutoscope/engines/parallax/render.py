"""From a scene, a camera path and a plan to frames, as BT.709 planes ready for the encoder.

Each frame looks every layer up where the camera sees it, puts light and weather over it and makes bytes of it.
A frame depends on nothing but its number, so any one can be made alone. It knows nothing of prompts or files.
Read next: `kernels.py`, then `effects/base.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax import effects
from mutoscope.engines.parallax.camera import borders, shot_of
from mutoscope.engines.parallax.chance import draw, noise
from mutoscope.engines.parallax.developing import finish
from mutoscope.engines.parallax.effects.base import Moment, Part, Place
from mutoscope.engines.parallax.effects.canvas import Canvas
from mutoscope.engines.parallax.kernels import TILE, Pixels, Plane, composite
from mutoscope.engines.parallax.overscan import stacked_disparity
from mutoscope.engines.parallax.pose import FOCAL, Pose, Stage, turn
from mutoscope.engines.parallax.shots import Plan, Shot
from mutoscope.engines.parallax.source import Source, dither_tile
from mutoscope.engines.parallax.tracing import sample_grid, trace

SHUTTER = 0.5
"""Share of a frame's time for which the shutter is open: 180 degrees, as film has it."""

_SUB_FRAME_PX = 5.0
_MOST_SUB_FRAMES = 9
_BLUR_FROM_PX = 9.0
"""Slower moves than this many pixels in an open shutter are left sharp: nobody sees the difference, all pay for it."""

_GRAIN_SIDE = 512

Grid = NDArray[np.float32]


class Staged(Stage, Protocol):
    """A scene that can be rendered, as `layers.Scene` is."""

    @property
    def classes(self) -> Any:
        """Masks by name."""


class Renderer:
    """Makes the frames of one video.

    scene    layers far to near; all of one size, in the video's shape.
    poses    the camera's path, one pose per frame.
    plan     for its effects and where its shots begin.
    output   (width, height) of the video in pixels, both even.
    """

    def __init__(
        self, scene: Staged, poses: Sequence[Pose], plan: Plan, *, output: tuple[int, int], fps: float, seed: int
    ) -> None:
        self.output = output
        self.poses = tuple(poses)
        self._plan = plan
        self._shots = shot_of(plan, len(self.poses))
        self._starts = borders(plan, len(self.poses))
        self._place = Place(scene, scene, *output, fps, seed)
        self._scene = scene
        self._disparity = stacked_disparity(scene)
        self._frame = _Frame(output, len(scene.layers))
        self._plain: Source | None = None
        self._shot: _Shot | None = None
        self._last: tuple[int, Pixels] | None = None

    def absent(self) -> dict[str, str]:
        """Effects of the plan for which the picture has nothing, and why."""
        wanted = [effect for shot in self._plan.shots for effect in shot.effects]
        return effects.absent(wanted, self._place)

    def frame(self, number: int) -> Pixels:
        """(height * 3 / 2, width) uint8: the planes Y, U and V of one frame, 4:2:0, chroma sited left."""
        shot = self._prepared(self._shots[number])
        if self._last and shot.holds_still and self._is_same(self._last[0], number):
            return self._last[1]
        planes = self._render(number, shot)
        self._last = (number, planes)
        return planes

    def _is_same(self, before: int, number: int) -> bool:
        return self._shots[before] == self._shots[number] and self.poses[before] == self.poses[number]

    def _prepared(self, number: int) -> _Shot:
        if self._shot is None or self._shot.number != number:
            self._shot = None
            self._shot = _Shot(number, self._plan.shots[number], self._place, self)
        return self._shot

    def source(self, parts: Sequence[Part], focus: float | None = None) -> Source:
        """The layers with the looks of a shot; the plain ones are kept."""
        looks = [part for part in parts if type(part).look is not Part.look]
        blurs = [part for part in parts if type(part).defocus is not Part.defocus] if focus is not None else []
        if not looks and not blurs:
            self._plain = self._plain or Source(self._scene.layers)
            return self._plain

        def look(rgb: Plane) -> Plane:
            for part in looks:
                rgb = np.clip(part.look(rgb), 0, 255)
            return rgb

        defocus = (lambda layer: blurs[0].defocus(layer, focus)) if blurs and focus is not None else None
        return Source(self._scene.layers, look if looks else None, defocus, covers=self._plain)

    def _render(self, number: int, shot: _Shot) -> Pixels:
        moment = self._moment(number)
        frame = self._frame
        self._composite(moment, shot)
        for part in shot.lenses:
            part.lens(frame.luma, frame.blue, frame.red, moment)
        shot.canvas.clear()
        for part in shot.painters:
            part.paint(shot.canvas, moment)
        out = np.empty((self.output[1] * 3 // 2, self.output[0]), np.uint8)
        finish(
            frame.luma,
            frame.blue,
            frame.red,
            shot.canvas.finished(),
            shot.shade,
            _tone(shot.parts, moment),
            shot.grain,
            _grain_at(self._place.seed, number),
            np.float32(shot.grain_sd),
            dither_tile(),
            out,
        )
        return out

    def _moment(self, number: int) -> Moment:
        first, end = (self._starts[self._shots[number] + n] for n in (0, 1))
        fps = self._place.fps
        return Moment(
            number, number / fps, (number - first) / fps, (end - first) / fps, self.poses[number], self._place
        )

    def _composite(self, moment: Moment, shot: _Shot) -> None:
        poses = self._sub_poses(moment.number)
        is_first = True
        for pose in poses:
            for source, share in shot.sources(replace(moment, pose=pose)):
                self._put(source, pose, moment, shot, np.float32(share / len(poses)), is_first)
                is_first = False

    def _put(self, source: Source, pose: Pose, moment: Moment, shot: _Shot, weight: Any, is_first: bool) -> None:  # noqa: PLR0917 -- one call
        frame = self._frame
        grid = self._traced(pose, moment, shot)
        ripple, waves = self._rippled(grid, moment, shot)
        veil, colour = self._veiled(grid, moment, shot)
        composite(
            *source.planes(),
            grid,
            ripple,
            waves,
            veil,
            colour,
            frame.luma,
            frame.blue,
            frame.red,
            weight,
            is_first,
        )

    def _traced(self, pose: Pose, moment: Moment, shot: _Shot) -> Grid:
        grid = self._frame.grid
        flow = _sum([part.flow(moment) for part in shot.movers], self._frame.no_field)
        size = (self._scene.width_px, self._scene.height_px)
        step = np.array([float(TILE), float(TILE)])
        shaken = _woven(pose, [part.weave(moment) for part in shot.weavers])
        travel = np.array([pose.x, pose.y, pose.z])
        trace(self._disparity, 8.0, size, self.output, turn(shaken), travel, step, flow, grid)
        return grid

    def _rippled(self, grid: Grid, moment: Moment, shot: _Shot) -> tuple[Grid, Grid]:
        for part in shot.ripplers:
            found = part.ripple(moment)
            if found:
                out = np.empty_like(grid)
                sample_grid(found[0], 16.0, grid, out)
                return out, found[1]
        return self._frame.no_ripple, self._frame.no_waves

    def _veiled(self, grid: Grid, moment: Moment, shot: _Shot) -> tuple[Grid, Grid]:
        if not shot.veils:
            return self._frame.no_veil, self._frame.no_colour
        disparity = np.stack(
            [
                cv2.remap(field, at[..., 0] / 8, at[..., 1] / 8, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
                for field, at in zip(self._disparity, grid, strict=True)
            ]
        )
        shares = [part.veil(moment, grid, disparity) for part in shot.veils]
        clear = np.ones_like(disparity)
        for share in shares:
            if share is not None:
                clear *= 1 - share
        colour = effects.to_yuv(np.mean([part.veil_rgb() for part in shot.veils], axis=0))
        return 1 - clear, colour + np.array([0, 128, 128], np.float32)

    def _sub_poses(self, number: int) -> list[Pose]:
        """The pose, or several within the open shutter where the camera is fast."""
        other = (
            number + 1
            if number + 1 < len(self.poses) and self._shots[number + 1] == self._shots[number]
            else number - 1
        )
        if other < 0 or self._shots[other] != self._shots[number]:
            return [self.poses[number]]
        here, there = self.poses[number], self.poses[other]
        moved = SHUTTER * _distance_px(here, there, self.output)
        if moved < _BLUR_FROM_PX:
            return [here]
        count = min(_MOST_SUB_FRAMES, max(2, math.ceil(moved / _SUB_FRAME_PX)))
        return [_between(here, there, SHUTTER * ((n + 0.5) / count - 0.5)) for n in range(count)]


class _Frame:
    """The room in which frames are made, reused from one to the next."""

    def __init__(self, output: tuple[int, int], layers: int) -> None:
        width, height = output
        self.luma = np.empty((height, width), np.float32)
        self.blue, self.red = np.empty((2, height // 2, width // 2), np.float32)
        self.grid = np.empty((layers, -(-height // TILE) + 1, -(-width // TILE) + 1, 2), np.float32)
        self.no_field = np.empty((0, 1, 1), np.float32)
        self.no_ripple = np.empty((0, 1, 1, 2), np.float32)
        self.no_waves = np.empty((2, 0), np.float32)
        self.no_veil = np.empty((0, 1, 1), np.float32)
        self.no_colour = np.zeros(3, np.float32)


class _Shot:
    """The effects of one shot, sorted by what they do, and the planes with its looks."""

    def __init__(self, number: int, shot: Shot, place: Place, renderer: Renderer) -> None:
        self.number = number
        self.parts = effects.make(shot.effects, place)
        self.canvas = Canvas(place.width_px, place.height_px)
        self.lenses = self._with("lens")
        self.painters = self._with("paint")
        self.movers = self._with("flow")
        self.ripplers = self._with("ripple")
        self.veils = self._with("veil")
        self.weavers = self._with("weave")
        self._pullers = self._with("focus_pull")
        self.grain_sd = max((part.grain_sd for part in self.parts), default=0.0)
        self.grain = _grain(place) if self.grain_sd else np.empty((1, 1), np.float32)
        self.shade = _shade([part.shade() for part in self._with("shade")])
        moving = ("lens", "paint", "flow", "ripple", "veil", "weave", "exposure", "focus_pull")
        self.holds_still = not self.grain_sd and not any(self._with(hook) for hook in moving)
        focus = place.stage.focus[2]
        self._source = None if self._pullers else renderer.source(self.parts, focus)
        self._pulled: tuple[Source, Source] | None = None
        self._renderer = renderer

    def _with(self, hook: str) -> list[Part]:
        return [part for part in self.parts if getattr(type(part), hook) is not getattr(Part, hook)]

    def sources(self, moment: Moment) -> list[tuple[Source, float]]:
        """The planes to look up, with the weight of each; two while the focus is on its way."""
        if self._source is not None:
            return [(self._source, 1.0)]
        start, end, way = self._pullers[0].focus_pull(moment) or (0.5, 0.5, 0.0)
        if self._pulled is None:
            self._pulled = (self._renderer.source(self.parts, start), self._renderer.source(self.parts, end))
        shares = zip(self._pulled, (1 - way, way), strict=True)
        return [(source, share) for source, share in shares if share > 0.001]


def _sum(fields: list[Grid | None], nothing: Grid) -> Grid:
    found = [field for field in fields if field is not None]
    total: Grid = np.sum(found, axis=0, dtype=np.float32) if found else nothing
    return total


def _shade(shades: list[Plane | None]) -> Plane:
    found = [shade for shade in shades if shade is not None]
    total = np.empty((0, 0), np.float32)
    for shade in found:
        total = total * shade if total.size else shade
    return np.ascontiguousarray(total, np.float32)


def _tone(parts: Sequence[Part], moment: Moment) -> NDArray[np.float32]:
    gain, offset, saturation = 1.0, 0.0, 1.0
    for part in parts:
        exposure = part.exposure(moment)
        gain, offset = gain * exposure.gain, offset * exposure.gain + exposure.offset
        saturation *= exposure.saturation * exposure.gain
    return np.array([gain, offset, saturation], np.float32)


def _grain(place: Place) -> Plane:
    """Noise as soft as film's at this size, wide enough to be laid over the frame anywhere."""
    size = 0.7 * max(1.0, place.height_px / 1088)
    soft = np.asarray(cv2.GaussianBlur(noise(1, "grain", _GRAIN_SIDE, _GRAIN_SIDE), (0, 0), size), np.float32)
    soft = soft / soft.std()
    repeats = -(-place.width_px // _GRAIN_SIDE) + 1
    return np.ascontiguousarray(np.tile(soft, (1, repeats)), np.float32)


def _grain_at(seed: int, number: int) -> NDArray[np.int64]:
    side = _GRAIN_SIDE - 1
    return np.array([int(draw(seed, f"grain {axis} {number}") * side) for axis in "xy"])


def _woven(pose: Pose, shifts: list[tuple[float, float]]) -> Pose:
    x, y = (sum(shift[axis] for shift in shifts) for axis in (0, 1))
    if not (x or y):
        return pose
    return replace(pose, pan_rad=pose.pan_rad + x / FOCAL, tilt_rad=pose.tilt_rad - y / FOCAL)


def _distance_px(a: Pose, b: Pose, output: tuple[int, int]) -> float:
    """How far the picture moves from one pose to the other, at most, in pixels of the video."""
    across = math.hypot(b.x - a.x, b.y - a.y) + FOCAL * math.hypot(b.pan_rad - a.pan_rad, b.tilt_rad - a.tilt_rad)
    outwards = abs(b.z - a.z) + abs(math.log(b.zoom / a.zoom)) + abs(b.roll_rad - a.roll_rad)
    return output[0] * a.zoom * (across + 0.5 * outwards)


def _between(a: Pose, b: Pose, way: float) -> Pose:
    axes = ("x", "y", "z", "pan_rad", "tilt_rad", "roll_rad")
    values = {axis: getattr(a, axis) + (getattr(b, axis) - getattr(a, axis)) * way for axis in axes}
    return replace(a, **values, zoom=a.zoom * (b.zoom / a.zoom) ** way)


# ITU-R BT.709, limited range: sRGB 0 … 255 to Y 16 … 235, Cb and Cr 16 … 240.
_KR, _KB = 0.2126, 0.0722
_LUMA_RANGE, _CHROMA_RANGE = 219 / 255, 224 / 255


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
