"""A model's page: its form, its runs, what they made."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mutoscope.catalog import Model
from mutoscope.server.wire import site_of
from mutoscope.web import static, texts
from mutoscope.web.catalogue import card_of
from mutoscope.web.forms import form_of
from mutoscope.web.languages import told
from mutoscope.web.render import page, render


@page
async def show(request: Request) -> Response:
    """GET /models/{slug}: try the model."""
    site = site_of(request)
    model = site.catalog.by_slug(request.path_params["slug"])
    schema = model.schema_in(texts.language())
    return await render(
        request,
        "model.html",
        head="_model_head.html",
        card=card_of(site, model),
        model=model,
        note=told(model, "engine_note"),
        form=form_of(model, schema),
        facts=facts_of(model, schema),
    )


def facts_of(model: Model, schema: dict[str, Any]) -> dict[str, Any]:
    """What the page's scripts know of a model."""
    return {
        "model_id": model.id,
        "schema": schema,
        "media": {
            field.name: {
                "kind": field.kind,
                "many": field.many,
                "accept": list(field.accept),
                "validations": [dict(rule) for rule in field.validations],
            }
            for field in model.validator.media_fields
        },
        "seed": model.bindings.get("seed", ""),
        "produces": model.produces,
        "example": static.address("example.jpg"),
    }
