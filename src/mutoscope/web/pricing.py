"""What every model costs, from its manifest, and a calculator. The arithmetic is the quote's: GET /v1/prices/…"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mutoscope.catalog import Model
from mutoscope.errors import InvalidInput
from mutoscope.quote import Cost, price, priced_inputs, read_priced, usual
from mutoscope.server.models import ready
from mutoscope.server.wire import site_of
from mutoscope.web import texts
from mutoscope.web.catalogue import Card, card_of
from mutoscope.web.render import page, render
from mutoscope.web.texts import _


@dataclass(frozen=True, slots=True)
class Row:
    """One model of the list. usual: what a run with its defaults costs, where that is known."""

    card: Card
    unit_usd: float
    unit: str
    formula: str
    note: str
    usual: Cost | None


@page
async def show(request: Request) -> Response:
    """GET /pricing: the list, and the calculator."""
    site = site_of(request)
    models = sorted(ready(site), key=lambda model: (not model.price.base_price_usd, model.author == "Mutoscope"))
    return await render(
        request,
        "pricing.html",
        rows=[_row(card_of(site, model), model) for model in models],
        calculator={model.id: asked(model) for model in models},
    )


def _row(card: Card, model: Model) -> Row:
    rate = model.price
    try:
        cost = price(model, read_priced(model, {}))
    except InvalidInput:
        cost = None
    formula = rate.formula.text if rate.formula else ""
    return Row(card, rate.base_price_usd, rate.unit, formula, rate.note, cost)


def asked(model: Model) -> list[dict[str, Any]]:
    """The fields of the calculator for a model, beside the number of runs."""
    schema = model.schema_in(texts.language()).get("properties", {})
    fields = [
        {
            "name": f"input.{name}",
            "title": schema[name].get("title") or name,
            "options": list(node.get("enum", ())),
            "value": usual(node),
            **{word: node[word] for word in ("minimum", "maximum", "multipleOf") if word in node},
        }
        for name, node in priced_inputs(model).items()
    ]
    if model.price.formula is None and model.price.unit == "output":
        fields.append({"name": "outputs", "title": _("Pictures of each"), "value": 1, "minimum": 1, "maximum": 1000})
    elif model.price.formula is None and not fields:
        title = _("Seconds of each")
        fields.append({"name": "duration_s", "title": title, "value": 5, "minimum": 0, "maximum": 86400})
    return fields
