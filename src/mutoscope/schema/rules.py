"""The `validations` rules of RunComfy's schemas: a quantity of a media file, an operator, a limit.

A rule is written `width_pixels<=`; its limit stands beside it in the schema. This module reads rules and
compares numbers; it measures nothing: `media/rules.py` does, and `notation.py` checks rules when a manifest
is loaded.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from mutoscope.errors import ConfigError

QUANTITIES = ("file_size_mb", "width_pixels", "height_pixels", "width/height", "duration_s", "fps", "pixels")
"""What can be measured. `file_size_mb` counts 1024 * 1024 bytes, `width/height` is the exact ratio as
displayed."""

OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    # Two-character operators first: `<=` also ends the search for `<`.
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One comparison, such as `file_size_mb<`; strict operators are strict."""

    quantity: str
    op: str

    def holds(self, found: float, limit: float) -> bool:
        """Say whether a measured quantity keeps to the limit."""
        return OPERATORS[self.op](found, limit)

    def __str__(self) -> str:
        return f"{self.quantity}{self.op}"


def parse_rule(text: str) -> Rule:
    """Read `<quantity><operator>`, written without spaces.

    Raises ConfigError naming what is accepted when either part is unknown.
    """
    for op in OPERATORS:
        if text.endswith(op):
            quantity = text.removesuffix(op)
            break
    else:
        raise ConfigError(f"found {text!r}; a rule ends in one of {' '.join(OPERATORS)}")
    if quantity not in QUANTITIES:
        close = get_close_matches(quantity, QUANTITIES, n=1)
        hint = f" (did you mean {close[0]}{op}?)" if close else ""
        raise ConfigError(f"found {text!r}{hint}; a rule measures one of {', '.join(QUANTITIES)}")
    return Rule(quantity, op)
