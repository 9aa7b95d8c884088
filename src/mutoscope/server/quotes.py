"""What a request would cost and take, over HTTP; see `quote`."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mutoscope.catalog import Model
from mutoscope.quote import Cost, Quote, price, quote, read_priced
from mutoscope.server.auth import caller
from mutoscope.server.wire import Query, answer, base_url, read_json, site_of

INPUT = "input."
"""Before the name of an input among query parameters."""
MOST_RUNS, MOST_OUTPUTS, MOST_SECONDS = 1_000_000, 1000, 86400


async def show(request: Request) -> Response:
    """POST /v1/quote/{model_id}: the body is that of a submit; nothing is written."""
    site = site_of(request)
    who = await caller(request, "run", "read")
    body = await read_json(request, site.limits.max_body_bytes)
    return answer(told(await quote(site, who, request.path_params["model_id"], body, base_url=base_url(request))))


def told(found: Quote) -> dict[str, Any]:
    """A quote as it is answered."""
    run, wait = found.run, found.wait
    return {
        "model_id": found.model.id,
        "price": priced(found.model, found.cost),
        "run": {
            "expected_s": _seconds(run.expected_s),
            "p90_s": _seconds(run.p90_s),
            "based_on_runs": run.runs,
            "same_quantity": run.same_quantity,
            "reason": run.reason,
        },
        "wait": {
            "expected_s": _seconds(wait.expected_s),
            "queue_ahead": wait.queue_ahead,
            "workers": wait.workers,
            "reason": wait.reason,
        },
        "ignored_inputs": list(found.ignored_inputs),
    }


async def prices(request: Request) -> Response:
    """GET /v1/prices/{model_id}: what so many runs would cost, from what their price hangs on; no key needed."""
    model = site_of(request).catalog.get(request.path_params["model_id"])
    query = Query(request)
    count, outputs = query.number("count", 1, 1, MOST_RUNS), query.number("outputs", 1, 1, MOST_OUTPUTS)
    duration_s = query.decimal("duration_s", 0, MOST_SECONDS)
    query.check()
    given = {name.removeprefix(INPUT): text for name, text in request.query_params.items() if name.startswith(INPUT)}
    inputs = read_priced(model, given)
    cost = price(model, inputs, outputs=outputs, duration_s=duration_s)
    total = None if cost.microusd is None else cost.microusd * count
    return answer(
        {
            "model_id": model.id,
            "inputs": inputs,
            "price": priced(model, cost),
            "count": count,
            "total_usd": None if total is None else total / 1e6,
            "total_microdollars": total,
        }
    )


def priced(model: Model, cost: Cost) -> dict[str, Any]:
    """What something costs, as it is answered."""
    rate = model.price
    return {
        "cost_usd": None if cost.microusd is None else cost.microusd / 1e6,
        "cost_microdollars": cost.microusd,
        "quantity": cost.quantity,
        "unit": rate.unit,
        "base_price_usd": rate.base_price_usd,
        "formula": rate.formula.text if rate.formula else None,
        "explanation": cost.words,
        "note": rate.note,
    }


def _seconds(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
