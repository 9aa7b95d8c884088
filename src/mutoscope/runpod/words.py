"""What handlers say, in our words: errors, and how far they are."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import orjson
import structlog

log = structlog.get_logger(__name__)

SAID_CHARACTERS = 400
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def said(error: Any) -> str:
    """A handler's error for the caller: its message without the traceback, on one line."""
    if isinstance(error, str):
        with contextlib.suppress(orjson.JSONDecodeError):
            error = orjson.loads(error)
    if isinstance(error, dict):
        if trace := error.get("error_traceback"):
            log.error("runpod.handler_failed", trace=str(trace)[-8000:])
        error = next(
            (error[name] for name in ("error_message", "message", "error", "error_type") if error.get(name)), ""
        )
    words = one_line(str(error).partition("\ntraceback:")[0])
    return words[:SAID_CHARACTERS] or "the handler failed without saying why"


def progress_of(news: Any) -> tuple[float, str]:
    """Fraction and words in whatever a handler reports: a number, `35%`, `3/10`, or a mapping with such values."""
    if isinstance(news, dict):
        fraction = next((_fraction(news[name]) for name in ("progress", "percent", "percentage") if name in news), 0.0)
        words = next((str(news[name]) for name in ("stage", "status", "message", "text") if news.get(name)), "")
        return fraction, one_line(words)
    if isinstance(news, str):
        return _fraction(news), one_line(news)
    return _fraction(news), ""


def _fraction(value: Any) -> float:
    """0 … 1; numbers above one are percents. 0 for what tells nothing."""
    if isinstance(value, str):
        if match := re.search(r"(\d{1,6}(?:\.\d{1,6})?)\s*%", value):
            return min(1.0, float(match[1]) / 100)
        if match := re.search(r"(\d{1,9})\s*/\s*(\d{1,9})", value):
            return min(1.0, int(match[1]) / max(1, int(match[2])))
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        return 0.0
    return float(value) if value <= 1 else value / 100


def one_line(text: str) -> str:
    """Fit to be shown."""
    return " ".join(_CONTROL.sub(" ", text).split())
