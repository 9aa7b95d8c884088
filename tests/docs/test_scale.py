"""The page on scale says what its scenarios say, and the reference of the simulator knows every key."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from benchmarks import scale
from mutoscope.bench.simulator import reading

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "06-scale.md"


def results(kind: str = "") -> dict[str, dict[str, Any]]:
    return {name: scale.kept(f"{name}{kind}") for name in scale.NAMES}


def test_the_table_of_the_page_is_that_of_the_runs() -> None:
    assert scale.table(results(), results(".scaled")) in PAGE.read_text("utf-8")


def test_the_fleets_of_the_scenarios_are_those_that_were_found() -> None:
    """And the next smaller one that was tried is named too."""
    text = PAGE.read_text("utf-8")
    for name, found in results(".solve").items():
        scenario = reading.load(scale.FOLDER / f"{name}.yaml")
        assert scenario.pools["main"].most == found["gpus"] == found["enough"]["gpus"]
        assert found["enough"]["upper_95_s"] < 60 <= found["too_few"]["upper_95_s"]
        assert f"{found['gpus']:,}" in text
        assert f"{found['too_few']['gpus']:,}" in text


@pytest.mark.slow
@pytest.mark.parametrize("name", ["thousand", "hundred-thousand"])
def test_the_runs_can_be_repeated(name: str) -> None:
    """The small ones, here and now; another library of mathematics may round otherwise."""
    for kind, limits in (("", None), (".scaled", scale.SCALED[name])):
        again, before = scale.ran(name, limits), scale.kept(f"{name}{kind}")
        assert set(again) == set(before)
        differences = list(different(again, before))
        assert not differences


@pytest.mark.slow
def test_the_search_can_be_repeated() -> None:
    assert scale.searched("thousand")["gpus"] == scale.kept("thousand.solve")["gpus"]


def different(one: Any, other: Any, path: str = "$") -> Any:
    """Where two results differ by more than a hundredth."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            yield from different(one.get(key), other.get(key), f"{path}.{key}")
    elif isinstance(one, int | float) and isinstance(other, int | float):
        if not math.isclose(one, other, rel_tol=0.01, abs_tol=0.01):
            yield f"{path}: {one} and {other}"
    elif one != other:
        yield f"{path}: {json.dumps(one)} and {json.dumps(other)}"


def test_every_key_of_a_scenario_is_in_the_reference() -> None:
    text = (ROOT / "docs" / "reference" / "simulator.md").read_text("utf-8")
    named = {"accounts": "accounts.NAME.", "models": "models.NAME.", "pools": "pools.NAME.", "service": ""}
    missing = [
        f"{part}: {key}"
        for part, keys in reading.KNOWN.items()
        for key in keys
        if f"`{named.get(part, part + '.')}{key}`" not in text
    ]
    missing += [key for key in reading.TOP if f"`{key}`" not in text and f"`{key}." not in text]
    assert not missing
