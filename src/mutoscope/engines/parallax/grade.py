"""Colour looks that hold still over the whole video: warm light, cool light, black and white, faded film.

A look is a 3 x 3 matrix and a curve on sRGB values; it is applied once to the picture, not to every frame.
Light that moves is not done here, nor anywhere yet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

_LUMA = (0.2126, 0.7152, 0.0722)


@dataclass(frozen=True, slots=True)
class Grade:
    """One look.

    gain         factor for red, green, blue.
    saturation   1 keeps colours, 0 leaves grey.
    contrast     slope of the curve at middle grey.
    lift         what black becomes, 0 … 255.
    """

    name: str
    pattern: re.Pattern[str]
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    saturation: float = 1.0
    contrast: float = 1.0
    lift: tuple[float, float, float] = (0.0, 0.0, 0.0)


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.VERBOSE)


GRADES = (
    Grade(
        "black and white",
        _words(r"""\bblack[\s-]and[\s-]white\b|\bmonochrom(?:e|atic)\b|\bb&w\b|白黒|モノクロ|黑白|單色
        |单色"""),
        saturation=0.0,
        contrast=1.06,
    ),
    Grade(
        "sepia",
        _words(r"\bsepia\b|セピア|怀旧色调|懷舊色調"),
        gain=(1.07, 1.0, 0.86),
        saturation=0.25,
        lift=(8.0, 5.0, 2.0),
    ),
    Grade(
        "warm golden light",
        _words(
            r"""\bgolden[\s-]?hour\b|\bwarm\s+(?:\w+\s+)?(?:hues?|light|glow|tones?|colou?rs?
            |sun(?:light|shine)?)\b|\bsun-?drenched\b
            |\bsunset\s+(?:light|glow|colou?rs?)\b|\bgolden\s+(?:light|glow|sunlight)\b
            |ゴールデンアワー|マジックアワー|夕日の光|夕陽の光|暖かい光|暖かな光|温かい光|暖色|黄金色
            |黄金时刻|黃金時刻|金色的?阳光|温暖的?(?:光|阳光|色调)|夕阳的?(?:光|余晖)"""
        ),
        gain=(1.05, 1.0, 0.88),
        saturation=1.06,
        contrast=1.03,
    ),
    Grade(
        "cool light",
        _words(
            r"""\b(?:cool|cold)\s+(?:\w+\s+)?(?:hues?|light|tones?|colou?rs?)\b|\bmoonli(?:ght|t)\b
            |\bblue\s+hour\b
            |寒色|月明かり|月光|ブルーアワー|冷色|蓝调时刻"""
        ),
        gain=(0.92, 0.99, 1.07),
        saturation=0.95,
    ),
    Grade(
        "faded film",
        _words(
            r"""\b(?:old|vintage|retro|faded|analogu?e)\s+(?:\w+\s+)?(?:film|movie|footage)\b|古い映画
            |レトロ(?:な)?(?:映画|フィルム)|老电影|旧电影|复古胶片|老電影"""
        ),
        saturation=0.88,
        contrast=0.94,
        lift=(9.0, 7.0, 8.0),
    ),
)


def apply_grades(rgb: Array, grades: tuple[Grade, ...]) -> Array:
    """(…, 3) float32 0 … 255 with every look applied in turn; the same array when there is none."""
    for grade in grades:
        rgb = _apply(rgb, grade)
    return rgb


def _apply(rgb: Array, grade: Grade) -> Array:
    gain = np.asarray(grade.gain, np.float32)
    lift = np.asarray(grade.lift, np.float32)
    red, green, blue = (np.float32(weight) for weight in _LUMA)
    grey = (red * rgb[..., 0] + green * rgb[..., 1] + blue * rgb[..., 2])[..., None]
    graded = (grey + (rgb - grey) * np.float32(grade.saturation)) * gain
    graded = lift + graded * (1 - lift / 255)
    if grade.contrast != 1.0:
        graded = _curve(np.clip(graded, 0, 255), grade.contrast)
    clipped: Array = np.clip(graded, 0, 255).astype(np.float32)
    return clipped


def _curve(rgb: Array, contrast: float) -> Array:
    """A smooth curve through black, middle grey and white; it never clips what was not clipped before."""
    unit = rgb / np.float32(255)
    bend = unit * (1 - unit) * (2 * unit - 1)
    curved: Array = (unit + np.float32(2 * (contrast - 1)) * bend) * np.float32(255)
    return curved
