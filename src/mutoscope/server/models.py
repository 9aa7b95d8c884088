"""The catalogue over HTTP; public, no key needed."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mutoscope.catalog import DEFAULT_LANGUAGE, Model
from mutoscope.server.wire import Query, answer, base_url, site_of
from mutoscope.site import Site

KINDS = ("model", "workflow", "inference")


async def index(request: Request) -> Response:
    """GET /v1/models: what can be run here, by word, category and kind."""
    query = Query(request)
    search, category = (query.text("search") or "").lower(), query.text("category")
    kind, with_schema = query.word("kind", KINDS), query.flag("include_schema")
    limit, offset = query.number("limit", 100, 1, 500), query.number("offset", 0, 0, 10**8)
    language = query.text("language") or DEFAULT_LANGUAGE
    query.check()
    site = site_of(request)
    found = [
        model
        for model in ready(site)
        if (category is None or category in model.categories)
        and (kind is None or model.kind == kind)
        and (not search or search in _words(model))
    ]
    base = base_url(request)
    some = found[offset : offset + limit]
    page = [described(model, base, with_schema=with_schema, language=language) for model in some]
    return answer({"models": page, "total": len(found), "limit": limit, "offset": offset})


async def categories(request: Request) -> Response:
    """GET /v1/models/categories."""
    return answer({"categories": sorted({c for model in ready(site_of(request)) for c in model.categories})})


async def show(request: Request) -> Response:
    """GET /v1/models/{model_id}: one entry with its input schema."""
    model = site_of(request).catalog.get(request.path_params["model_id"])
    language = request.query_params.get("language") or DEFAULT_LANGUAGE
    return answer(described(model, base_url(request), with_schema=True, language=language))


def ready(site: Site) -> list[Model]:
    """Models whose engine is set up here, and that are not switched off."""
    return [model for model in site.catalog.models if site.is_set_up(model) and model.enabled]


def described(model: Model, base: str, *, with_schema: bool, language: str) -> dict[str, Any]:
    """A model as RunComfy's catalogue tells it, `slug` and `engine` beside; texts in this language if there are any."""
    properties = model.input_schema.get("properties", {})
    told = {
        "model_id": model.id,
        "slug": model.slug,
        "display_name": model.text("name", language),
        "description": model.text("description", language),
        "categories": list(model.categories),
        "kind": model.kind,
        "engine": model.engine,
        "base_price_usd": model.price.base_price_usd,
        "price_unit": model.price.unit,
        "pricing_note": model.price.note,
        "model_url": f"{base}/models/{model.slug}",
        "inputs": list(properties),
        "required_inputs": list(model.input_schema.get("required", [])),
    }
    if with_schema:
        told["input_schema"] = model.schema_in(language)
        told["output_schema"] = model.output_schema_in(language)
    return told


def _words(model: Model) -> str:
    texts = [model.id, *model.names.values(), *model.descriptions.values(), *model.categories, model.author]
    return "\n".join(texts).lower()
