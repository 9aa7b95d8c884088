"""Hold a measured file against the rules of a manifest: its `validations` and the formats it accepts.

The rules are RunComfy's; strict operators are strict, and a megabyte is 1024 * 1024 bytes. Nothing is opened
here. Read next: `schema/rules.py` for their notation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mutoscope.errors import Problem
from mutoscope.media.probe import MediaInfo
from mutoscope.schema import parse_rule

_NAMES = {"jpeg": "JPEG", "png": "PNG", "webp": "WebP", "webm": "WebM"}


def check(path: str, validations: Sequence[Mapping[str, Any]], info: MediaInfo) -> tuple[Problem, ...]:
    """Every rule that the file breaks.

    path          JSON path of the field, such as `image_urls[0]`.
    validations   objects with `validation_rule`, `validation_value` and `validation_error`, as in the schema.

    Raises ConfigError for a rule that does not exist; the catalogue refuses such manifests beforehand.
    """
    problems = []
    for validation in validations:
        rule = parse_rule(validation["validation_rule"])
        limit = float(validation["validation_value"])
        measure, wording = _QUANTITIES[rule.quantity]
        found = measure(info)
        if not rule.holds(found, limit):
            sentence = validation.get("validation_error") or f"{rule.quantity} must be {rule.op} {limit:g}"
            message = f"{sentence.rstrip(' .')}; found {wording(info)}"
            problems.append(Problem(path, message, str(rule)))
    return tuple(problems)


def check_format(path: str, info: MediaInfo, accepted: Sequence[str]) -> Problem | None:
    """The problem with the file's format, if there is one.

    accepted   names as in `MediaInfo.format`, such as `("jpeg", "png")`.
    """
    if info.format in accepted:
        return None
    return Problem(path, f"found {_name(info.format)}; accepted are {_listed(accepted)}", "format")


def _listed(formats: Sequence[str]) -> str:
    *first, last = map(_name, formats)
    return f"{', '.join(first)} and {last}" if first else last


def _name(format: str) -> str:
    return _NAMES.get(format, format.upper())


def _size(info: MediaInfo) -> str:
    return f"{info.width_px} x {info.height_px} px"


def _ratio(info: MediaInfo) -> float:
    return info.width_px / info.height_px if info.height_px else 0.0


_QUANTITIES: Mapping[str, tuple[Callable[[MediaInfo], float], Callable[[MediaInfo], str]]] = {
    # The quantity, and how it is said. Digits enough that a file just beyond a limit is seen to be.
    "file_size_mb": (lambda i: i.size_bytes / 2**20, lambda i: f"{i.size_bytes / 2**20:.3f} MB"),
    "width_pixels": (lambda i: i.width_px, _size),
    "height_pixels": (lambda i: i.height_px, _size),
    "width/height": (_ratio, lambda i: f"{_size(i)}, a ratio of {_ratio(i):.4g}"),
    "duration_s": (lambda i: i.duration_s, lambda i: f"{i.duration_s:.2f} s"),
    "fps": (lambda i: i.fps, lambda i: f"{i.fps:.3g} frames per second"),
    "pixels": (lambda i: i.width_px * i.height_px, _size),
}
