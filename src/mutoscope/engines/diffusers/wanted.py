"""What a request asks for, and what the model has to make for it: legal sizes and lengths, by arithmetic alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mutoscope.engines.diffusers.families import Family
from mutoscope.errors import EngineError

SHORT_SIDES: Mapping[str, int] = {"360p": 360, "480p": 480, "540p": 540, "580p": 580, "720p": 720, "1080p": 1080}
WIDE = 16 / 9
LARGEST_SIDE_PX = 8192
LONGEST_FRAMES, FASTEST_FPS = 2000, 120.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """One output.

    width_px, height_px   of the file, exactly.
    num_frames, fps       of the file, exactly; 1 and the family's for a picture.
    made_width_px …       what the model makes; brought to the file's by scaling and cropping.
    made_frames           what the model makes, spread over the same time by interpolation.
    made_fps              the rate the model is told, or was trained for.
    """

    width_px: int
    height_px: int
    num_frames: int
    fps: float
    made_width_px: int
    made_height_px: int
    made_frames: int
    made_fps: float

    @property
    def is_retimed(self) -> bool:
        return self.made_frames != self.num_frames

    @property
    def is_resized(self) -> bool:
        return (self.made_width_px, self.made_height_px) != (self.width_px, self.height_px)

    def smaller(self, family: Family) -> Wanted | None:
        """The same file from half the pixels; None when that would be nothing."""
        width_px, height_px = legal_size(
            self.made_width_px, self.made_height_px, family.multiple_px, self.made_width_px * self.made_height_px // 2
        )
        if (width_px, height_px) == (self.made_width_px, self.made_height_px):
            return None
        return replace(self, made_width_px=width_px, made_height_px=height_px)


def read_wanted(family: Family, values: Mapping[str, Any], pictures: Sequence[tuple[int, int]]) -> Wanted:
    """The parameters of a request, understood.

    pictures   width and height of each picture it comes with.
    Raises EngineError for values that no file can have.
    """
    width_px, height_px = _size(family, values, pictures)
    made_width_px, made_height_px = legal_size(width_px, height_px, family.multiple_px, family.max_area_px)
    num_frames, fps = _length(family, values)
    made_fps = fps if family.is_paced else family.fps
    return Wanted(
        width_px=width_px,
        height_px=height_px,
        num_frames=num_frames,
        fps=fps,
        made_width_px=made_width_px,
        made_height_px=made_height_px,
        made_frames=legal_frames(family, round((num_frames - 1) * made_fps / fps) + 1),
        made_fps=made_fps,
    )


def legal_size(width_px: int, height_px: int, multiple_px: int, max_area_px: int) -> tuple[int, int]:
    """The smallest legal size that covers this one, or the largest of about its shape when that is too large."""
    covering = (_up(width_px, multiple_px), _up(height_px, multiple_px))
    if math.prod(covering) <= max_area_px:
        return covering
    scale = math.sqrt(max_area_px / (width_px * height_px))
    wide, high = (max(multiple_px, int(side * scale) // multiple_px * multiple_px) for side in (width_px, height_px))
    return wide, high


def legal_frames(family: Family, num_frames: int) -> int:
    """The legal length nearest to this one; at least two frames, at most what the family was trained for."""
    if not family.frames_step:
        return 1
    step = family.frames_step
    most = (family.max_frames - 1) // step
    return step * min(most, max(1, math.floor((num_frames - 1) / step + 0.5))) + 1


def _length(family: Family, values: Mapping[str, Any]) -> tuple[int, float]:
    if family.produces == "image":
        return 1, family.fps
    fps = float(values.get("fps") or family.fps)
    if not 1 <= fps <= FASTEST_FPS:
        raise EngineError(f"fps: found {fps:g}; 1 to {FASTEST_FPS:g} is accepted")
    if "num_frames" in values:
        num_frames = int(values["num_frames"])
    elif "duration_s" in values:
        num_frames = round(float(values["duration_s"]) * fps)
    else:
        num_frames = legal_frames(family, family.max_frames)
    if not 2 <= num_frames <= LONGEST_FRAMES:
        raise EngineError(f"{num_frames} frames; 2 to {LONGEST_FRAMES} are accepted")
    return num_frames, fps


def _size(family: Family, values: Mapping[str, Any], pictures: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """What the file's size is to be: said, or by resolution and shape; both sides even."""
    said = (values.get("width_px"), values.get("height_px"))
    if all(said):
        width_px, height_px = int(said[0] or 0), int(said[1] or 0)
        for name, side in (("width_px", width_px), ("height_px", height_px)):
            if side % 2 or not 16 <= side <= LARGEST_SIDE_PX:
                raise EngineError(f"{name}: found {side}; an even number from 16 to {LARGEST_SIDE_PX} is accepted")
        return width_px, height_px
    ratio = _ratio(values.get("aspect_ratio"), pictures, family)
    area = family.max_area_px
    if resolution := str(values.get("resolution") or "").lower():
        if resolution not in SHORT_SIDES:
            raise EngineError(f"resolution: found {resolution!r}; accepted are {', '.join(SHORT_SIDES)}")
        area = min(area, round(SHORT_SIDES[resolution] ** 2 * WIDE))
    high = math.sqrt(area / ratio)
    return legal_size(round(high * ratio), round(high), max(family.multiple_px, 2), area)


def _ratio(said: object, pictures: Sequence[tuple[int, int]], family: Family) -> float:
    """Width by height."""
    if isinstance(said, str) and ":" in said:
        wide, _, high = said.partition(":")
        try:
            ratio = float(wide) / float(high)
        except (ValueError, ZeroDivisionError):
            ratio = 0.0
        if not 0.1 <= ratio <= 10:
            raise EngineError(f"aspect_ratio: found {said!r}; such as 16:9 is accepted")
        return ratio
    if pictures:
        wide_px, high_px = pictures[0]
        return min(10.0, max(0.1, wide_px / high_px))
    return WIDE if family.produces == "video" else 1.0


def _up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
