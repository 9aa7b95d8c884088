"""What a key may do, as JSON: read from a body, shown with what is used. The arithmetic: `quotas`."""

from __future__ import annotations

import dataclasses
from typing import Any

from mutoscope import quotas
from mutoscope.errors import Problem
from mutoscope.jobs import timestamp
from mutoscope.quotas import PERIODS, PRIORITIES, Quota
from mutoscope.store.records import Key
from mutoscope.store.store import Store

MOST = 1_000_000
LONGEST_WINDOW_S = 86400
MOST_USD = 1_000_000_000
WEIGHTS = (0.01, 100.0)
NAMES = ("weight", "priority", "max_running", "max_queued", "rate", "spending", "cache")
CACHE = ("off", "use")


def described(quota: Quota) -> dict[str, Any]:
    """The limits of a key; null: none."""
    rate = {"submits": quota.rate_submits, "window_s": quota.rate_window_s}
    usd = None if quota.spend_microusd is None else quota.spend_microusd / 1e6
    return {
        "weight": quota.weight,
        "priority": quotas.priority_word(quota.priority),
        "max_running": quota.max_running,
        "max_queued": quota.max_queued,
        "rate": None if quota.rate_submits is None else rate,
        "spending": None if usd is None else {"usd": usd, "period": quota.spend_period},
        "cache": CACHE[quota.use_cache],
    }


async def used(store: Store, account_id: str, key: Key) -> dict[str, Any]:
    """How far a key is with its limits at this moment."""
    quota = key.quota
    queued, running = await store.unfinished(key.id)
    meter = await store.meter(account_id, key.id, quota)
    left = quotas.allowance(quota, meter)
    told: dict[str, Any] = {"queued": queued, "running": running, "rate": None, "spending": None}
    if left is not None:
        told["rate"] = {"left": left.left, "whole_in_s": left.whole_in_s}
    if quota.spend_microusd is not None:
        renews_ms = quotas.renews_ms(quota.spend_period, meter.now_ms)
        told["spending"] = {
            "spent_usd": meter.spent_microusd / 1e6,
            "left_usd": max(0, quota.spend_microusd - meter.spent_microusd) / 1e6,
            "renews_at": None if renews_ms is None else timestamp(renews_ms),
        }
    return told


def wanted(data: object, now: Quota) -> tuple[Quota, list[Problem]]:
    """The quota that a body's `limits` asks for, with `now` for what it does not name; and what is wrong with it."""
    if data is None:
        return now, []
    if not isinstance(data, dict):
        return now, [Problem("limits", "a JSON object is accepted", "type")]
    problems = [
        Problem(f"limits.{name}", f"is no limit; accepted are {', '.join(NAMES)}", "limits")
        for name in data
        if name not in NAMES
    ]
    changes: dict[str, Any] = {}
    for name, read in _READERS.items():
        if name in data:
            found, accepted = read(data[name])
            if accepted:
                problems.append(Problem(f"limits.{name}", f"{accepted} is accepted", "limits"))
            changes |= found
    return (now if problems else dataclasses.replace(now, **changes)), problems


_Read = tuple[dict[str, Any], str]


def _weight(value: Any) -> _Read:
    low, high = WEIGHTS
    if not _is_number(value) or not low <= value <= high:
        return {}, f"a number from {low} to {high:g}"
    return {"weight": float(value)}, ""


def _priority(value: Any) -> _Read:
    if not isinstance(value, str) or value not in PRIORITIES:
        return {}, f"one of {', '.join(PRIORITIES)}"
    return {"priority": PRIORITIES[value]}, ""


def _max_running(value: Any) -> _Read:
    return _at_most("max_running", value)


def _max_queued(value: Any) -> _Read:
    return _at_most("max_queued", value)


def _at_most(name: str, value: Any) -> _Read:
    number = whole(value)
    if number is not None and not (type(number) is int and 0 <= number <= MOST):
        return {}, f"a whole number from 0 to {MOST}, or null,"
    return {name: number}, ""


def _rate(value: Any) -> _Read:
    if value is None:
        return {"rate_submits": None, "rate_window_s": None}, ""
    accepted = f'an object such as {{"submits": 60, "window_s": 60}} (in at most {LONGEST_WINDOW_S} s), or null,'
    if not isinstance(value, dict) or set(value) != {"submits", "window_s"}:
        return {}, accepted
    submits, window_s = whole(value["submits"]), whole(value["window_s"])
    if type(submits) is not int or type(window_s) is not int:
        return {}, accepted
    if not (1 <= submits <= MOST and 1 <= window_s <= LONGEST_WINDOW_S):
        return {}, accepted
    return {"rate_submits": submits, "rate_window_s": window_s}, ""


def _spending(value: Any) -> _Read:
    if value is None:
        return {"spend_microusd": None, "spend_period": None}, ""
    accepted = f'an object such as {{"usd": 20, "period": "month"}} (periods: {", ".join(PERIODS)}), or null,'
    if not isinstance(value, dict) or set(value) != {"usd", "period"} or not _is_number(value["usd"]):
        return {}, accepted
    if not 0 <= value["usd"] <= MOST_USD or value["period"] not in PERIODS:
        return {}, accepted
    return {"spend_microusd": round(value["usd"] * 1e6), "spend_period": value["period"]}, ""


def _cache(value: Any) -> _Read:
    if not isinstance(value, str) or value not in CACHE:
        return {}, f"one of {', '.join(CACHE)}"
    return {"use_cache": value == "use"}, ""


_READERS = {
    "weight": _weight,
    "priority": _priority,
    "max_running": _max_running,
    "max_queued": _max_queued,
    "rate": _rate,
    "spending": _spending,
    "cache": _cache,
}


def whole(value: Any) -> Any:
    """3600.0 is the integer 3600, as in JSON Schema."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
