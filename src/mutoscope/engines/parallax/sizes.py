"""Which of the six output sizes a picture gets, and which part of the picture is used.

The sizes are those of the reference model. It crops around the centre and scales; it never pads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """An output size and the ratio it stands for."""

    ratio: str
    width_px: int
    height_px: int

    @property
    def aspect_ratio(self) -> float:
        """Width over height of the name, not of the pixels: 2176 x 928 stands for 21:9."""
        width, height = self.ratio.split(":")
        return int(width) / int(height)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of a picture, in whole pixels."""

    left_px: int
    top_px: int
    width_px: int
    height_px: int


SIZES = (
    Size("21:9", 2176, 928),
    Size("16:9", 1920, 1088),
    Size("4:3", 1664, 1248),
    Size("1:1", 1440, 1440),
    Size("3:4", 1248, 1664),
    Size("9:16", 1088, 1920),
)


def choose_size(width_px: int, height_px: int) -> Size:
    """The size whose ratio is nearest, as a factor: 2:1 is as far from 1:1 as 1:2 is."""
    aspect = math.log(width_px / height_px)
    return min(SIZES, key=lambda size: abs(math.log(size.aspect_ratio) - aspect))


def crop_box(width_px: int, height_px: int, size: Size) -> Box:
    """The largest centred box with the shape of `size`; at least one pixel each way."""
    if width_px * size.height_px < height_px * size.width_px:
        height = max(1, round(width_px * size.height_px / size.width_px))
        return Box(0, (height_px - height) // 2, width_px, height)
    width = max(1, round(height_px * size.width_px / size.height_px))
    return Box((width_px - width) // 2, 0, width, height_px)
