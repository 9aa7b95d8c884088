"""From a scene, a camera path and a plan to frames, as BT.709 planes ready for the encoder.

Each frame looks every layer up where the camera sees it, puts light and weather over it and makes bytes of it.
A frame depends on nothing but its number, so any one can be made alone. It knows nothing of prompts or files.
Read next: `kernels.py`, then `effects/base.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from threading import Lock
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
from mutoscope.engines.parallax.kernels import composite, film
from mutoscope.engines.parallax.overscan import stacked_disparity
from mutoscope.engines.parallax.pose import FOCAL, Pose, Stage, turn
from mutoscope.engines.parallax.sampling import TILE, Pixels, Plane
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

_NO_FIELD = np.empty((0, 1, 1), np.float32)
_NO_RIPPLE, _NO_WAVES = np.empty((0, 1, 1, 2), np.float32), np.empty((2, 0), np.float32)
_NO_VEIL, _NO_COLOUR = np.empty((0, 1, 1), np.float32), np.zeros(3, np.float32)

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
        self.output, self.fps, self.seed = output, fps, seed
        self.poses = tuple(poses)
        self.plan = plan
        self._shots = shot_of(plan, len(self.poses))
        self._starts = borders(plan, len(self.poses))
        self._place = Place(scene, scene, *output, fps, seed)
        self.scene = scene
        self._disparity = stacked_disparity(scene)
        self._rooms: list[_Room] = []
        self._plain: Source | None = None
        self._prepared: dict[int, _Shot] = {}
        self._preparing = Lock()
        self._last: tuple[int, Pixels] | None = None

    def absent(self) -> dict[str, str]:
        """Effects of the plan for which the picture has nothing, and why."""
        wanted = [effect for shot in self.plan.shots for effect in shot.effects]
        return effects.absent(wanted, self._place)

    def frame(self, number: int) -> Pixels:
        """(height * 3 / 2, width) uint8: the planes Y, U and V of one frame, 4:2:0, chroma sited left.

        Several threads may ask for frames at once.
        """
        shot = self._shot(self._shots[number])
        last = self._last
        if last and shot.holds_still and self._is_same(last[0], number):
            return last[1]
        room = self._rooms.pop() if self._rooms else _Room(self.output, len(self.scene.layers))
        planes = self._render(number, shot, room)
        self._rooms.append(room)
        self._last = (number, planes)
        return planes

    def _is_same(self, before: int, number: int) -> bool:
        return self._shots[before] == self._shots[number] and self.poses[before] == self.poses[number]

    def _shot(self, number: int) -> _Shot:
        with self._preparing:
            if number not in self._prepared:
                # At a cut, frames on both sides may be in the making; shots before that are not needed again.
                self._prepared = {n: shot for n, shot in self._prepared.items() if abs(n - number) == 1}
                self._prepared[number] = _Shot(self.plan.shots[number], self._place, self)
            return self._prepared[number]

    def source(self, parts: Sequence[Part], focus: float | None = None) -> Source:
        """The layers with the looks of a shot; the plain ones are kept."""
        looks = [part for part in parts if type(part).look is not Part.look]
        blurs = [part for part in parts if type(part).defocus is not Part.defocus] if focus is not None else []
        if not looks and not blurs:
            self._plain = self._plain or Source(self.scene.layers)
            return self._plain

        def look(rgb: Plane) -> Plane:
            for part in looks:
                rgb = np.clip(part.look(rgb), 0, 255)
            return rgb

        defocus = (lambda layer: blurs[0].defocus(layer, focus)) if blurs and focus is not None else None
        return Source(self.scene.layers, look if looks else None, defocus, covers=self._plain)

    def _render(self, number: int, shot: _Shot, room: _Room) -> Pixels:
        moment = self._moment(number)
        out = np.empty((self.output[1] * 3 // 2, self.output[0]), np.uint8)
        poses = self._sub_poses(number)
        seen = [
            (source, pose, np.float32(share / len(poses)))
            for pose in poses
            for source, share in shot.sources(replace(moment, pose=pose))
        ]
        if len(seen) == 1 and not shot.lenses:
            source, pose, _ = seen[0]
            film(source.planes(), *self._looks(pose, moment, shot, room), self._development(moment, shot, room), out)
            return out
        for which, (source, pose, weight) in enumerate(seen):
            looks = self._looks(pose, moment, shot, room)
            composite(source.planes(), *looks, *room.planes, weight, which == 0)
        for part in shot.lenses:
            part.lens(*room.planes, moment)
        finish(*room.planes, self._development(moment, shot, room), out)
        return out

    def _looks(self, pose: Pose, moment: Moment, shot: _Shot, room: _Room) -> tuple[Any, ...]:
        """Where the frame's tiles look, and how they ripple and vanish in fog; see `kernels.composite`."""
        grid = self._traced(pose, moment, shot, room.grid)
        return grid, self._rippled(grid, moment, shot), self._veiled(grid, moment, shot)

    def _development(self, moment: Moment, shot: _Shot, room: _Room) -> tuple[Any, ...]:
        """Light, exposure, shade and grain of the frame; see `developing.finish`."""
        room.canvas.clear()
        for part in shot.painters:
            part.paint(room.canvas, moment)
        tone, grain_at = _tone(shot.parts, moment), _grain_at(self._place.seed, moment.number)
        overlay, grain_sd = room.canvas.finished(), np.float32(shot.grain_sd)
        return overlay, shot.shade, tone, shot.grain, grain_at, grain_sd, dither_tile()

    def _moment(self, number: int) -> Moment:
        first, end = (self._starts[self._shots[number] + n] for n in (0, 1))
        fps = self._place.fps
        return Moment(
            number, number / fps, (number - first) / fps, (end - first) / fps, self.poses[number], self._place
        )

    def _traced(self, pose: Pose, moment: Moment, shot: _Shot, grid: Grid) -> Grid:
        flow = _sum([part.flow(moment) for part in shot.movers], _NO_FIELD)
        size = (self.scene.width_px, self.scene.height_px)
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
        return _NO_RIPPLE, _NO_WAVES

    def _veiled(self, grid: Grid, moment: Moment, shot: _Shot) -> tuple[Grid, Grid]:
        if not shot.veils:
            return _NO_VEIL, _NO_COLOUR
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


class _Room:
    """What a frame needs while it is made; used again for the next one."""

    def __init__(self, output: tuple[int, int], layers: int) -> None:
        width, height = output
        self._output = output
        self.canvas = Canvas(width, height)
        self.grid = np.empty((layers, -(-height // TILE) + 1, -(-width // TILE) + 1, 2), np.float32)

    @cached_property
    def planes(self) -> tuple[Plane, Plane, Plane]:
        """Y, U and V as numbers with fractions; not every frame needs them."""
        width, height = self._output
        blue, red = np.empty((2, height // 2, width // 2), np.float32)
        return np.empty((height, width), np.float32), blue, red


class _Shot:
    """The effects of one shot, sorted by what they do, and the planes with its looks."""

    def __init__(self, shot: Shot, place: Place, renderer: Renderer) -> None:
        self.parts = effects.make(shot.effects, place)
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


def smaller(planes: Pixels, width: int) -> Pixels:
    """Planes at about this width, each pixel the mean of those it stands for."""
    height, old = planes.shape[0] * 2 // 3, planes.shape[1]
    block = max(1, old // width)
    rows, columns = height // (2 * block), old // (2 * block)
    chroma = planes[height:].reshape(2, height // 2, old // 2)
    halves = [cv2.resize(one, (columns, rows), interpolation=cv2.INTER_AREA) for one in chroma]
    luma = cv2.resize(planes[:height], (2 * columns, 2 * rows), interpolation=cv2.INTER_AREA)
    return np.concatenate([luma, np.stack(halves).reshape(-1, 2 * columns)])


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
