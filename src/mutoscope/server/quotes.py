"""What a request would cost and take, over HTTP; see `quote`."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mutoscope.quote import Quote, quote
from mutoscope.server.auth import caller
from mutoscope.server.wire import answer, base_url, read_json, site_of


async def show(request: Request) -> Response:
    """POST /v1/quote/{model_id}: the body is that of a submit; nothing is written."""
    site = site_of(request)
    who = await caller(request, "run", "read")
    body = await read_json(request, site.limits.max_body_bytes)
    return answer(told(await quote(site, who, request.path_params["model_id"], body, base_url=base_url(request))))


def told(found: Quote) -> dict[str, Any]:
    """A quote as it is answered."""
    price, cost, run, wait = found.model.price, found.cost, found.run, found.wait
    return {
        "model_id": found.model.id,
        "price": {
            "cost_usd": None if cost.microusd is None else cost.microusd / 1e6,
            "cost_microdollars": cost.microusd,
            "quantity": cost.quantity,
            "unit": price.unit,
            "base_price_usd": price.base_price_usd,
            "formula": price.formula.text if price.formula else None,
            "explanation": cost.words,
            "note": price.note,
        },
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


def _seconds(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
