"""One row of the attack table: what is tried and what holds, on the test that tries it."""

from __future__ import annotations

from typing import Any

import pytest


def attack(tried: str, held: str) -> pytest.MarkDecorator:
    """The mark of a single test. docs/explanation/attacks.md is made of these."""
    return pytest.mark.attack(tried, held)


def row(name: str, tried: str, held: str, *values: object) -> Any:
    """One parameter set of a test of many rows."""
    return pytest.param(*values, id=name, marks=attack(tried, held))
