"""What a request would cost and how long it would take, before it is made. Nothing is written.

The price is the manifest's formula; the times come from what this server did lately, and are None, with the reason,
where it has nothing to go by.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from mutoscope import intake, lifecycle
from mutoscope.catalog import Model
from mutoscope.errors import InvalidInput, Problem
from mutoscope.schema import Validator
from mutoscope.site import Site
from mutoscope.store.history import MOST_AHEAD, Outlook, PastRun
from mutoscope.store.records import Caller

RUNS = 50
"""Past runs of a model that are looked at, newest first."""
FEW = 3
"""From this many runs of the same quantity on, runs of other quantities are left aside."""


@dataclass(frozen=True, slots=True)
class Cost:
    """quantity, microusd   None when only the output will tell: seconds of a length that no input names."""

    quantity: float | None
    microusd: int | None
    words: str


@dataclass(frozen=True, slots=True)
class RunTime:
    """Seconds from the start of a run to its end: the median, and what nine of ten runs kept to."""

    expected_s: float | None
    p90_s: float | None
    runs: int
    same_quantity: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class Wait:
    """Seconds in the queue. queue_ahead: at most 1,000. workers: those that can run the model."""

    expected_s: float | None
    queue_ahead: int
    workers: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Quote:
    """The answer to one question."""

    model: Model
    cost: Cost
    run: RunTime
    wait: Wait
    ignored_inputs: tuple[str, ...]


async def quote(site: Site, caller: Caller, model_id: str, body: object, *, base_url: str) -> Quote:
    """Check a body as a submit would, and say what would come of it.

    Raises NotFound (model), EngineUnavailable and InvalidInput (all problems at once).
    """
    model = site.catalog.get(model_id)
    lifecycle.check_engine(site, model)
    inputs, ignored = model.validator.check(body)
    await intake.look_at(site, caller, model, inputs, base_url=base_url)
    cost = price(model, inputs)
    history = await site.store.history.runs()
    outlook = await site.store.history.outlook(model.id, caller.key_id, priority=max(0, caller.quota.priority))
    return Quote(
        model=model,
        cost=cost,
        run=run_time(history.get(model.id, ()), cost.quantity),
        wait=waiting_time(model, outlook, history, workers=site.health.workers_for(model.engine)),
        ignored_inputs=(*ignored, *lifecycle.unused(model, body)),
    )


def price(model: Model, inputs: Mapping[str, Any], *, outputs: int = 1, duration_s: float | None = None) -> Cost:
    """What these inputs cost. Raises InvalidInput when the formula gives no number for them.

    outputs, duration_s   what comes out, where that is known beforehand.
    """
    rate = model.price
    quantity = rate.quantity(inputs, outputs=outputs, duration_s=duration_s)
    if rate.formula is None and rate.unit == "second" and not quantity:
        free = rate.base_price_usd == 0
        words = "free of charge" if free else f"{rate.base_price_usd:g} USD for each second of output"
        return Cost(None, 0 if free else None, words)
    microusd = model.price_microusd(inputs, outputs=outputs, duration_s=duration_s)
    units = f"{quantity:.6g} {rate.unit}{'' if quantity == 1 else 's'}"
    by = f" ({rate.formula.text})" if rate.formula else ""
    return Cost(quantity, microusd, f"{units}{by} x {rate.base_price_usd:g} USD = {microusd / 1e6:.6f} USD")


def priced_inputs(model: Model) -> Mapping[str, Mapping[str, Any]]:
    """The inputs that a price hangs on, each with its part of the schema."""
    rate, properties = model.price, model.input_schema.get("properties", {})
    names = rate.formula.names if rate.formula else {"duration"} if rate.unit == "second" else frozenset()
    return {name: node for name, node in properties.items() if name in names}


def read_priced(model: Model, given: Mapping[str, str]) -> dict[str, Any]:
    """The inputs that a price hangs on, read from texts; the schema's default, or its least value, for the others.

    Raises InvalidInput with every problem.
    """
    asked = priced_inputs(model)
    problems = [
        Problem(name, f"the price does not hang on it; accepted are {', '.join(asked) or 'none'}", "query")
        for name in given
        if name not in asked
    ]
    inputs = {name: usual(node) for name, node in asked.items()} | {
        name: _read(asked[name], text) for name, text in given.items() if name in asked
    }
    try:
        inputs, _unknown = Validator({"type": "object", "properties": dict(asked)}).check(inputs)
    except InvalidInput as exc:
        problems += exc.problems
    if problems:
        raise InvalidInput(problems=tuple(problems), code=422003)
    return inputs


def usual(node: Mapping[str, Any]) -> Any:
    """A value of this part of a schema that one would begin with."""
    if "default" in node:
        return node["default"]
    return node["enum"][0] if node.get("enum") else node.get("minimum", 0)


def _read(node: Mapping[str, Any], text: str) -> Any:
    if node["type"] == "string":
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number


def run_time(past: Sequence[PastRun], quantity: float | None) -> RunTime:
    """What past runs say, those of the same quantity if there are a few."""
    alike = [run for run in past if run.quantity == quantity][:RUNS]
    chosen = alike if len(alike) >= FEW else past[:RUNS]
    if not chosen:
        return RunTime(None, None, 0, same_quantity=False, reason="no run of this model was completed here lately")
    seconds = sorted(run.run_s for run in chosen)
    p90_s = seconds[math.ceil(0.9 * len(seconds)) - 1]
    return RunTime(median(seconds), p90_s, len(seconds), same_quantity=len(alike) == len(chosen), reason=None)


def waiting_time(model: Model, outlook: Outlook, history: Mapping[str, Sequence[PastRun]], *, workers: int) -> Wait:
    """When a worker would be free: those running end, those ahead run, each as long as such runs took lately."""

    def wait(expected_s: float | None, reason: str | None = None) -> Wait:
        return Wait(expected_s, outlook.ahead, workers, reason)

    if not workers:
        return wait(None, f"no worker that can run the engine {model.engine} is connected")
    if not outlook.ahead and not outlook.others and len(outlook.running) < workers:
        return wait(0.0)
    if outlook.ahead >= MOST_AHEAD or sum(outlook.others.values()) >= MOST_AHEAD:
        return wait(None, f"more than {MOST_AHEAD} requests are waiting")
    before = {model.id: outlook.ahead, **outlook.others}
    usual = {name: run_time(history.get(name, ()), None).expected_s for name in (*before, *dict(outlook.running))}
    if unknown := sorted(name for name, run_s in usual.items() if run_s is None and name in _busy(before, outlook)):
        return wait(None, f"requests of {unknown[0]} come first, and none was completed here lately")
    ends = sorted(max(0.0, (usual[name] or 0.0) - elapsed_s) for name, elapsed_s in outlook.running)
    free = ([0.0] * workers + ends)[-workers:]
    heapq.heapify(free)
    for name, count in before.items():
        for _ in range(count):
            heapq.heapreplace(free, free[0] + (usual[name] or 0.0))
    return wait(free[0])


def _busy(before: Mapping[str, int], outlook: Outlook) -> set[str]:
    """Models that something has to be known of."""
    return {name for name, count in before.items() if count} | {name for name, _ in outlook.running}
