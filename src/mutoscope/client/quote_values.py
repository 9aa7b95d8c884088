"""What a server says about a request before it is made, as frozen values; see `values`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import UnexpectedAnswer
from .values import objects

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Quote:
    """What a request would cost and take. None where the server has nothing to go by; `raw` says why.

    cost_usd          of the whole request.
    expected_wait_s   until a worker takes it.
    expected_run_s    from there to the result: the median of recent runs; nine of ten kept to run_p90_s.
    ignored_inputs    inputs that would do nothing.
    """

    model_id: str
    cost_usd: float | None
    quantity: float | None
    unit: str
    expected_wait_s: float | None
    expected_run_s: float | None
    run_p90_s: float | None
    queue_ahead: int
    ignored_inputs: tuple[str, ...]
    raw: Json = field(repr=False)


@dataclass(frozen=True, slots=True)
class InputCheck:
    """Whether a file would do. problems: {path, message, rule} each; media: what was measured, {} if nothing."""

    is_ok: bool
    problems: tuple[Json, ...]
    media: Json
    raw: Json = field(repr=False)


def quote(data: Json) -> Quote:
    """A quote. Raises UnexpectedAnswer."""
    price, run, wait = (_part(data, name) for name in ("price", "run", "wait"))
    return Quote(
        model_id=str(data.get("model_id", "")),
        cost_usd=_number(price, "cost_usd"),
        quantity=_number(price, "quantity"),
        unit=str(price.get("unit", "")),
        expected_wait_s=_number(wait, "expected_s"),
        expected_run_s=_number(run, "expected_s"),
        run_p90_s=_number(run, "p90_s"),
        queue_ahead=int(_number(wait, "queue_ahead") or 0),
        ignored_inputs=tuple(str(name) for name in data.get("ignored_inputs") or ()),
        raw=data,
    )


def input_check(data: Json) -> InputCheck:
    """What was found about a file. Raises UnexpectedAnswer."""
    media = data.get("media")
    return InputCheck(
        bool(data.get("ok")), objects(data, "problems"), media if isinstance(media, Mapping) else {}, data
    )


def _part(data: Json, name: str) -> Json:
    found = data.get(name)
    if not isinstance(found, Mapping):
        raise UnexpectedAnswer(f"{name}: expected an object, found {type(found).__name__}")
    return found


def _number(data: Json, name: str) -> float | None:
    value = data.get(name)
    if value is not None and not isinstance(value, int | float):
        raise UnexpectedAnswer(f"{name}: expected a number, found {type(value).__name__}")
    return value
