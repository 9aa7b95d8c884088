"""How much: which word of degree belongs to what, and what they come to.

Read next: `grammar.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from mutoscope.engines.parallax.reading import Hit
from mutoscope.engines.parallax.shots import MAX_STRENGTH, MIN_STRENGTH


def degrees(hits: Sequence[Hit], targets: Sequence[Hit]) -> dict[Hit, float]:
    """Each word of degree belongs to the target nearest to it; `very` makes it stronger."""
    factors: dict[Hit, list[float]] = {}
    for number, hit in enumerate(hits):
        if not hit.has("degree") or not targets:
            continue
        nearest = min(targets, key=lambda one: max(one.start - hit.end, hit.start - one.end))
        factor = float(hit.name_of("degree"))
        factor *= (0.7 if factor < 1 else 1.25) ** _very(hits, number)
        factors.setdefault(nearest, []).append(factor)
    return {hit: _combined(values) for hit, values in factors.items()}


def _very(hits: Sequence[Hit], number: int) -> int:
    """How often "very" stands right before or after the word of degree."""
    before = itertools.takewhile(lambda hit: hit.has("very"), reversed(hits[:number]))
    after = itertools.takewhile(lambda hit: hit.has("very"), hits[number + 1 :])
    return sum(1 for _ in before) + sum(1 for _ in after)


def _combined(factors: list[float]) -> float:
    """Two words of one direction ("slow, gentle") say hardly more than one; opposite ones meet in the middle."""
    weak = min([factor for factor in factors if factor < 1], default=1.0)
    strong = max([factor for factor in factors if factor > 1], default=1.0)
    more = 0.9 ** max(0, len(factors) - 1) if strong == 1.0 else 1.0
    return min(MAX_STRENGTH, max(MIN_STRENGTH, weak * strong * more))
