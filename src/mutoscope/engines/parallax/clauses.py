"""Cuts a stretch of text into clauses, at its stops, commas and "and": the rules of `grammar.py` see one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mutoscope.engines.parallax.reading import Hit

MAX_HITS = 40
"""A clause with more of them is cut in two: rules look at all pairs within a clause, and must not on garbage."""


@dataclass(slots=True)
class Clause:
    """Hits between two joints; `joint` is the kind of the one before it."""

    hits: list[Hit]
    start: int
    end: int
    joint: str


def split(
    hits: Iterable[Hit], start: int, end: int, joints: tuple[str, ...], most: int | None = None
) -> Iterator[Clause]:
    clause = Clause([], start, end, "")
    for hit in hits:
        if hit.has(*joints):
            clause.end = hit.start
            yield clause
            clause = Clause([], hit.end, end, hit.meanings[0].kind)
        else:
            clause.hits.append(hit)
            if len(clause.hits) == most:
                clause.end = hit.end
                yield clause
                clause = Clause([], hit.end, end, "")
    clause.end = end
    yield clause


def with_degrees(clauses: Iterable[Clause]) -> list[Clause]:
    """ "A slow, sweeping shot" is one clause: words of degree alone belong to what follows their comma."""
    joined: list[Clause] = []
    for clause in clauses:
        before = joined[-1] if joined else None
        if before and before.hits and clause.joint == "comma" and all(h.has("degree", "very") for h in before.hits):
            joined[-1] = Clause([*before.hits, *clause.hits], before.start, clause.end, before.joint)
        else:
            joined.append(clause)
    return joined
