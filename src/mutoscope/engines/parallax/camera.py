"""Where the camera is in each frame: a path in space, computed as a whole before anything is rendered.

Pans, tilts and zooms turn the camera or change its lens and never show parallax; dollies, trucks, orbits and
pedestals move it through the scene. The view is enlarged just enough, and where that would be too much the
travel is shortened, so that no frame ever looks beyond a layer: there is no border to hide. Read next: `render.py`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mutoscope.engines.parallax.chance import draw, sway
from mutoscope.engines.parallax.pose import FOCAL, Pose, Stage

if TYPE_CHECKING:
    from mutoscope.engines.parallax.shots import Move, Plan, Shot

REFERENCE_S = 121 / 24
"""The duration for which the amounts below are meant; they grow and shrink with its square root."""

MOST_PARTED = 0.045
"""How far two layers may part, as a share of the width; wider strips behind things are seen to be invented."""

_OFF_CENTRE = 0.35
"""Where most edges are, in widths from the centre: a dolly parts layers by this share of its travel."""

_EVEN_SPEED = 0.3
"""Share of a smooth movement that runs at even speed, so that a clip neither starts nor ends frozen."""

_WHIP_S = 0.42
_NEAREST = 0.6
"""The camera never comes nearer than this share of the way to the nearest thing."""


@dataclass(frozen=True, slots=True)
class Take:
    """Shots in which the camera goes on without a cut, as numbers of frames: first of each shot, then the end."""

    shots: tuple[Shot, ...]
    borders: tuple[int, ...]


def borders(plan: Plan, num_frames: int) -> tuple[int, ...]:
    """The number of each shot's first frame, then num_frames; a shot that is too short has none."""
    return (*(round(shot.start * num_frames) for shot in plan.shots), num_frames)


def shot_of(plan: Plan, num_frames: int) -> tuple[int, ...]:
    """For each frame the number of its shot."""
    marks = borders(plan, num_frames)
    return tuple(number for number, (first, end) in enumerate(itertools.pairwise(marks)) for _ in range(first, end))


def takes(plan: Plan, num_frames: int) -> tuple[Take, ...]:
    """The plan's shots, split where there is a cut."""
    marks = borders(plan, num_frames)
    starts = [n for n, shot in enumerate(plan.shots) if n == 0 or shot.is_cut]
    ends = [*starts[1:], len(plan.shots)]
    return tuple(Take(plan.shots[a:b], marks[a : b + 1]) for a, b in zip(starts, ends, strict=True))


def path(plan: Plan, scene: Stage, *, num_frames: int, fps: float, seed: int) -> tuple[Pose, ...]:
    """One pose per frame, all of them within the scene's layers."""
    from mutoscope.engines.parallax.overscan import Overscan  # noqa: PLC0415 -- numba takes half a second to import

    overscan = Overscan(scene)
    poses: list[Pose] = []
    for take in takes(plan, num_frames):
        poses.extend(overscan.fitted(_kept_together(_film(take, scene, fps, seed), overscan.spread), take.borders))
    return tuple(poses)


def sketch(plan: Plan, *, num_frames: int, fps: float, seed: int) -> tuple[Pose, ...]:
    """`path` for a picture nobody has seen: as the plan wishes it, fitted to nothing."""
    return tuple(pose for take in takes(plan, num_frames) for pose in _film(take, _UNKNOWN, fps, seed))


def _kept_together(poses: list[Pose], spread: float) -> list[Pose]:
    """The same path with so little travel that no two layers part by more than can be filled in well."""
    parted = max((math.hypot(p.x, p.y) + _OFF_CENTRE * abs(p.z) for p in poses), default=0.0) * spread
    if parted <= MOST_PARTED:
        return poses
    share = MOST_PARTED / parted
    return [replace(pose, x=pose.x * share, y=pose.y * share, z=pose.z * share) for pose in poses]


def reach(plan: Plan, *, num_frames: int, fps: float) -> float:
    """How wide a strip the path can reveal behind something near, as a share of the width; to know before the scene."""
    most = 0.0
    for take in takes(plan, num_frames):
        for pose in _film(take, _UNKNOWN, fps, 0):
            most = max(most, math.hypot(pose.x, pose.y) + 0.3 * abs(pose.z))
    return min(1.2 * MOST_PARTED, 0.008 + 0.8 * most)


@dataclass(frozen=True, slots=True)
class _Unknown:
    """A scene before there is one."""

    layers: tuple[Any, ...] = ()
    width_px: int = 1600
    height_px: int = 900
    focus: tuple[float, float, float] = (0.5, 0.5, 0.5)
    gentle: float = 1.0
    is_portrait: bool = False


_UNKNOWN = _Unknown()


def ease(name: str, progress: float) -> float:
    """0 … 1 to 0 … 1; speed has no steps."""
    t = min(1.0, max(0.0, progress))
    match name:
        case "linear":
            return t
        case "in":
            return 0.15 * t + 0.85 * math.pow(t, 2.2)
        case "out":
            return 1 - ease("in", 1 - t)
        case _:
            return _EVEN_SPEED * t + (1 - _EVEN_SPEED) * t * t * t * (t * (6 * t - 15) + 10)


# Totals over a shot of REFERENCE_S at strength 1, as changes of a pose; zoom as a logarithm.
_STRAIGHT: Mapping[str, Mapping[str, float]] = {
    "pan_left": {"pan_rad": -0.06},
    "pan_right": {"pan_rad": 0.06},
    "tilt_up": {"tilt_rad": 0.04},
    "tilt_down": {"tilt_rad": -0.04},
    "zoom_in": {"zoom": math.log(1.25)},
    "zoom_out": {"zoom": -math.log(1.25)},
    # A little of the lens goes along, or a distant landscape would not be seen to come nearer at all.
    "dolly_in": {"z": 0.38, "zoom": 0.07},
    "dolly_out": {"z": -0.38, "zoom": -0.07},
    "truck_left": {"x": -0.1},
    "truck_right": {"x": 0.1},
    "pedestal_up": {"y": -0.085},
    "pedestal_down": {"y": 0.085},
    "roll_clockwise": {"roll_rad": math.radians(5)},
    "roll_anticlockwise": {"roll_rad": math.radians(-5)},
    "static": {},
}

# Moves that keep the subject in its place: sideways and forwards travel.
_AROUND: Mapping[str, tuple[float, float]] = {
    "orbit_left": (-0.11, 0.0),
    "orbit_right": (0.11, 0.0),
    "arc_left": (-0.13, 0.09),
    "arc_right": (0.13, 0.09),
    "push_in": (0.0, 0.38),
    "pull_out": (0.0, -0.38),
    "dolly_zoom_in": (0.0, 0.4),
    "dolly_zoom_out": (0.0, -0.4),
    "follow": (0.09, 0.04),
}
_WHIP_RAD = 0.1


@dataclass(frozen=True, slots=True)
class _Moment:
    """One frame of one shot, as a move needs it."""

    progress: float
    at_s: float
    shot_s: float
    stage: Stage
    seed: int


def _film(take: Take, scene: Stage, fps: float, seed: int) -> list[Pose]:
    """The take's path from a start at rest, laid so that it looks beyond the picture as little as can be."""
    poses: list[Pose] = []
    start = Pose(focus_disparity=scene.focus[2])
    for shot, first, end in zip(take.shots, take.borders, take.borders[1:], strict=False):
        count = end - first
        for frame in range(count):
            t = frame / max(1, count - 1)
            moment = _Moment(ease(shot.ease, t), (first + frame) / fps, count / fps, scene, seed)
            poses.append(_moved(start, shot.moves, moment, t))
        start = poses[-1] if poses else start
    return _centred(poses)


def _moved(start: Pose, moves: Iterable[Move], moment: _Moment, t: float) -> Pose:
    pose = start
    longer = min(1.4, max(0.4, math.sqrt(moment.shot_s / REFERENCE_S)))
    for move in moves:
        # Two seeds never give quite the same amount, as two takes of one camera operator would not.
        amount = move.strength * longer * (0.93 + 0.14 * draw(moment.seed, f"amount {move.name}"))
        if move.name in _STRAIGHT:
            change = {k: v * amount * moment.progress for k, v in _STRAIGHT[move.name].items()}
            pose = _added(pose, _aimed(change, moment.stage), moment)
        elif move.name in _AROUND:
            pose = _around(pose, move.name, amount, moment)
        elif move.name == "handheld":
            pose = _handheld(pose, move.strength, moment)
        elif move.name.startswith("whip"):
            pose = _whipped(pose, move, moment, t)
    return replace(pose, z=max(-_NEAREST, min(_NEAREST, pose.z)))


def _aimed(change: dict[str, float], stage: Stage) -> dict[str, float]:
    """Travel to the front or back, where somebody is the subject in a line with them, and not with the middle."""
    if not stage.is_portrait or "z" not in change:
        return change
    side, down, _ = _subject(stage)
    return {**change, "x": change["z"] * side, "y": change["z"] * down}


def _added(pose: Pose, change: Mapping[str, float], moment: _Moment) -> Pose:
    """A pose after a change; what of the travel the depth does not allow is made up by lens and pan."""
    gentle = moment.stage.gentle
    x, y, z = (change.get(axis, 0.0) for axis in "xyz")
    missing = 1 - gentle
    return replace(
        pose,
        x=pose.x + x * gentle,
        y=pose.y + y * gentle,
        z=pose.z + z * gentle,
        pan_rad=pose.pan_rad + change.get("pan_rad", 0.0) + 0.4 * missing * x / FOCAL,
        tilt_rad=pose.tilt_rad + change.get("tilt_rad", 0.0) - 0.4 * missing * y / FOCAL,
        roll_rad=pose.roll_rad + change.get("roll_rad", 0.0),
        zoom=pose.zoom * math.exp(change.get("zoom", 0.0) + 0.5 * missing * z),
    )


def _around(pose: Pose, name: str, amount: float, moment: _Moment) -> Pose:
    x, z = (part * amount * moment.progress for part in _AROUND[name])
    side, down, near = _subject(moment.stage)
    if name == "follow":
        # It follows to the side on which there is more room.
        x = math.copysign(x, -side if abs(side) > 0.02 else draw(moment.seed, "follow") - 0.5)
    pose = _added(pose, {"x": x, "z": z, "y": 0.0}, moment)
    x, z = x * moment.stage.gentle, z * moment.stage.gentle
    if name.startswith("dolly_zoom"):
        # Going back, the path starts as far in as it will have gone; see `_centred`.
        ahead = max(0.0, -_AROUND[name][1] * amount * moment.stage.gentle)
        return replace(
            pose, zoom=pose.zoom * (1 - _within(pose.z + ahead) * near) / (1 - _within(pose.z - z + ahead) * near)
        )
    # Travel towards a point leaves that point where it is; a counter-turn does so for travel across.
    pose = replace(pose, x=pose.x + z * side, y=pose.y + z * down)
    if name in {"push_in", "pull_out"}:
        pose = replace(pose, zoom=pose.zoom * math.exp(0.22 * z))
    return replace(pose, pan_rad=pose.pan_rad - math.atan(x * near / FOCAL))


def _within(z: float) -> float:
    return max(-_NEAREST, min(_NEAREST, z))


def _subject(stage: Stage) -> tuple[float, float, float]:
    """The subject's place in widths from the centre, and its disparity."""
    x, y, near = stage.focus
    ratio = stage.height_px / stage.width_px
    return (x - 0.5) * 0.8, (y - 0.5) * ratio * 0.8, min(0.9, max(0.15, near))


def _handheld(pose: Pose, strength: float, moment: _Moment) -> Pose:
    """A hand's sway: the body wanders, the wrist trembles."""

    def hand(axis: str, size: float) -> float:
        slow = sway(moment.seed, f"hand {axis}", moment.at_s)
        quick = sway(moment.seed, f"wrist {axis}", moment.at_s, (2.3, 3.1, 4.7))
        return size * strength * (slow + 0.22 * quick)

    change = {"x": hand("x", 0.009), "y": hand("y", 0.006), "z": hand("z", 0.01)}
    change |= {"pan_rad": hand("pan", 0.0042), "tilt_rad": hand("tilt", 0.0034), "roll_rad": hand("roll", 0.004)}
    return _added(pose, change, moment)


def _whipped(pose: Pose, move: Move, moment: _Moment, t: float) -> Pose:
    """A pan within less than half a second around the middle of the shot."""
    width = min(1.0, _WHIP_S / max(moment.shot_s, 1e-6))
    u = min(1.0, max(0.0, (t - 0.5) / width + 0.5))
    turned = u**3 * (u * (6 * u - 15) + 10)
    sign = 1 if move.name == "whip_right" else -1
    drift = 0.06 * (t - 0.5)
    return replace(pose, pan_rad=pose.pan_rad + sign * _WHIP_RAD * min(1.3, move.strength) * (turned + drift))


def _centred(poses: Sequence[Pose]) -> list[Pose]:
    """Laid around the middle of the picture; the farthest point back is the picture's own place."""
    if not poses:
        return []
    shift = {axis: _middle(poses, lambda pose, axis=axis: getattr(pose, axis)) for axis in _CENTRED}  # type: ignore[misc]
    back, wide = min(pose.z for pose in poses), min(pose.zoom for pose in poses)
    back = min(0.0, back)
    return [
        replace(
            pose,
            **{axis: getattr(pose, axis) - middle for axis, middle in shift.items()},
            z=min(_NEAREST, pose.z - back),
            zoom=pose.zoom / wide,
        )
        for pose in poses
    ]


_CENTRED = ("x", "y", "pan_rad", "tilt_rad")


def _middle(poses: Sequence[Pose], value: Callable[[Pose], float]) -> float:
    values = [value(pose) for pose in poses]
    return (min(values) + max(values)) / 2
