"""Where the camera is in each frame.

A path is computed as a whole before anything is rendered. The view is enlarged just enough that no frame of
the path ever looks beyond the picture: there is no border to hide. Read next: `render.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from mutoscope.engines.parallax.plan import Move, draw

REFERENCE_S = 121 / 24
"""The duration for which the amounts below are meant."""

TRAVEL = 0.16
"""How far a pan, tilt or track goes, as a share of the picture's width or height."""

TRAVEL_MOST = 0.34
ZOOM = math.log(1.20)
DRIFT = 0.07
DRIFT_ZOOM = math.log(1.05)
ROLL_DEG = 5.0
SHAKE = 0.004
SHAKE_ROLL_DEG = 0.22

_EVEN_SPEED = 0.3
"""Share of the movement that runs at even speed, so that a clip neither starts nor ends frozen."""


@dataclass(frozen=True, slots=True)
class Pose:
    """The camera in one frame.

    x, y       centre of the view from the picture's centre, in shares of its width and height; right, down.
    zoom       1 shows the whole picture; larger is nearer.
    roll_rad   clockwise turn of the camera.
    """

    x: float = 0.0
    y: float = 0.0
    zoom: float = 1.0
    roll_rad: float = 0.0


def path(moves: Iterable[Move], *, num_frames: int, fps: float, seed: int, aspect_ratio: float) -> tuple[Pose, ...]:
    """One pose per frame, all of them within the picture.

    aspect_ratio   width over height of picture and video alike.
    """
    moves = tuple(moves)
    poses = [_pose(moves, frame, num_frames, fps, seed) for frame in range(num_frames)]
    least = max(needed_zoom(pose, aspect_ratio) for pose in poses)
    return tuple(replace(pose, zoom=pose.zoom * least) for pose in poses)


def needed_zoom(pose: Pose, aspect_ratio: float) -> float:
    """By how much `pose` must be zoomed further so that its corners lie within the picture."""
    cos, sin = abs(math.cos(pose.roll_rad)), abs(math.sin(pose.roll_rad))
    half_width = (cos + sin / aspect_ratio) / (2 * pose.zoom)
    half_height = (cos + sin * aspect_ratio) / (2 * pose.zoom)
    return max(half_width / (0.5 - abs(pose.x)), half_height / (0.5 - abs(pose.y)))


def ease(progress: float) -> float:
    """0 … 1 to 0 … 1, slower at both ends; speed and acceleration have no steps."""
    smooth = progress**3 * (progress * (6 * progress - 15) + 10)
    return _EVEN_SPEED * progress + (1 - _EVEN_SPEED) * smooth


def _pose(moves: tuple[Move, ...], frame: int, num_frames: int, fps: float, seed: int) -> Pose:
    progress = ease(frame / (num_frames - 1))
    longer = min(1.4, max(0.3, math.sqrt(num_frames / fps / REFERENCE_S)))
    pose = Pose()
    for move in moves:
        # Two seeds never give quite the same amount, as two takes of one camera operator would not.
        amount = move.sign * move.strength * longer * (0.92 + 0.16 * draw(seed, f"amount {move.axis}"))
        pose = _moved(pose, move, amount, progress=progress, seed=seed, at_s=frame / fps)
    return pose


def _moved(pose: Pose, move: Move, amount: float, *, progress: float, seed: int, at_s: float) -> Pose:
    match move.axis:
        case "x":
            return replace(pose, x=pose.x + _travel(TRAVEL * amount) * (progress - 0.5))
        case "y":
            return replace(pose, y=pose.y + _travel(TRAVEL * amount) * (progress - 0.5))
        case "zoom":
            way = progress if move.sign > 0 else progress - 1
            return replace(pose, zoom=pose.zoom * math.exp(ZOOM * amount * way))
        case "roll":
            return replace(pose, roll_rad=pose.roll_rad + math.radians(ROLL_DEG) * amount * progress)
        case "drift":
            return _drifted(pose, amount, progress, seed)
        case "shake":
            return _shaken(pose, move.strength, seed, at_s)
        case "still":
            return pose


def _travel(travel: float) -> float:
    return max(-TRAVEL_MOST, min(TRAVEL_MOST, travel))


def _drifted(pose: Pose, amount: float, progress: float, seed: int) -> Pose:
    angle = 2 * math.pi * draw(seed, "drift angle")
    along = DRIFT * amount * (progress - 0.5)
    zoom = math.exp(DRIFT_ZOOM * amount * progress)
    return replace(pose, x=pose.x + along * math.cos(angle), y=pose.y + along * math.sin(angle), zoom=pose.zoom * zoom)


_SHAKE_HZ = (0.41, 0.73, 1.27, 2.03)


def _shaken(pose: Pose, strength: float, seed: int, at_s: float) -> Pose:
    """A hand's sway: four sines per direction, slower ones larger, none in step with another."""

    def sway(purpose: str) -> float:
        turns = [draw(seed, f"shake {purpose} {hz}") for hz in _SHAKE_HZ]
        return sum(math.sin(2 * math.pi * (hz * at_s + turn)) / hz for hz, turn in zip(_SHAKE_HZ, turns, strict=True))

    roll_rad = math.radians(SHAKE_ROLL_DEG) * strength * sway("roll") / 2
    return replace(
        pose,
        x=pose.x + SHAKE * strength * sway("x"),
        y=pose.y + SHAKE * strength * sway("y"),
        roll_rad=pose.roll_rad + roll_rad,
    )
