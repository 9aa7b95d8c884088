"""A model's page: its form, its runs, what they made."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from mutoscope.server.wire import site_of
from mutoscope.web import texts
from mutoscope.web.catalogue import card_of
from mutoscope.web.render import page, render


@page
async def show(request: Request) -> Response:
    """GET /models/{slug}: try the model."""
    site = site_of(request)
    model = site.catalog.by_slug(request.path_params["slug"])
    card = card_of(site, model)
    return await render(
        request, "model.html", card=card, model=model, note=model.text("engine_note", texts.SOURCE_LANGUAGE)
    )
