"""What a camera is in one frame, and what its path must know of a scene. How it moves: `camera`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

FOCAL = 2.0
"""Focal length of the lens in picture widths: a view of 28 degrees. Longer turns pans into flat shifts."""

MOST_ENLARGED = 1.34
"""How far a path may enlarge the picture to keep its borders out of sight; beyond, it travels less."""


class Stage(Protocol):
    """What the path must know of a scene; `layers.Scene` has it."""

    @property
    def layers(self) -> tuple[Any, ...]:
        """Far to near, each with `alpha` and `disparity`."""

    @property
    def width_px(self) -> int:
        """Of every layer."""

    @property
    def height_px(self) -> int:
        """Of every layer."""

    @property
    def focus(self) -> tuple[float, float, float]:
        """Where the subject is: x, y in 0 … 1 and its disparity."""

    @property
    def gentle(self) -> float:
        """How far the depth can be trusted, 0 … 1."""

    @property
    def is_portrait(self) -> bool:
        """Whether the subject is somebody."""


@dataclass(frozen=True, slots=True)
class Pose:
    """The camera in one frame.

    x, y, z                       position: right, down, forwards. Disparity 1 moves by one picture width per unit.
    pan_rad, tilt_rad, roll_rad   turned right, up, clockwise.
    zoom                          focal length as a factor; 1 shows the whole picture.
    focus_disparity               where the lens is focused.
    """

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    pan_rad: float = 0.0
    tilt_rad: float = 0.0
    roll_rad: float = 0.0
    zoom: float = 1.0
    focus_disparity: float = 0.5


def turn(pose: Pose) -> NDArray[np.float64]:
    """3 x 3: from a point of the view, in widths from its centre, to the point of the picture in that direction."""
    cos, sin = math.cos(pose.roll_rad) / pose.zoom, math.sin(pose.roll_rad) / pose.zoom
    lens = np.array([[cos / FOCAL, -sin / FOCAL, 0], [sin / FOCAL, cos / FOCAL, 0], [0, 0, 1]])
    cos, sin = math.cos(pose.tilt_rad), math.sin(pose.tilt_rad)
    tilt = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
    cos, sin = math.cos(pose.pan_rad), math.sin(pose.pan_rad)
    pan = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    return np.asarray(np.diag([FOCAL, FOCAL, 1.0]) @ pan @ tilt @ lens, np.float64)
