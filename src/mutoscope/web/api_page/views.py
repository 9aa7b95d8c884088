"""The addresses of the API pages: HTML, Markdown, llms.txt, and one OpenAPI document for each model."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response

from mutoscope.catalog import Model
from mutoscope.server.models import ready
from mutoscope.server.openapi import describe_one
from mutoscope.server.wire import answer, base_url, site_of
from mutoscope.site import Site
from mutoscope.web import texts
from mutoscope.web.api_page import content, markdown
from mutoscope.web.api_page.document import Document, Section, plain
from mutoscope.web.catalogue import card_of
from mutoscope.web.render import page, render
from mutoscope.web.texts import _

MARKDOWN = "text/markdown; charset=utf-8"


@page
async def show(request: Request) -> Response:
    """GET /models/{slug}/api: how to call the model."""
    site, model = site_of(request), _model(request)
    card = card_of(site, model)
    return await render(
        request,
        "api.html",
        head="_model_head.html",
        name=card.name,
        forms=[
            (texts.address(f"/models/{card.slug}/api.md"), "Markdown"),
            (f"/models/{card.slug}/openapi.json", "OpenAPI"),
        ],
        card=card,
        document=_document(site, model, base_url(request)),
        line=markdown.line_as_html,
        pretty=lambda value: json.dumps(value, ensure_ascii=False, indent=2),
    )


async def as_markdown(request: Request) -> Response:
    """GET /models/{slug}/api.md: the same, for programs that read."""
    document = _document(site_of(request), _model(request), base_url(request))
    return _text(request, markdown.page(document))


async def openapi(request: Request) -> Response:
    """GET /models/{slug}/openapi.json: the model's calls alone, for generators of clients."""
    return answer(describe_one(_model(request), base_url(request)))


async def llms(request: Request) -> Response:
    """GET /llms.txt: what there is to read here, for programs that read (llmstxt.org)."""
    base = base_url(request)
    lines = [
        *_heading(),
        "## " + _("Models"),
        "",
        *(_entry(model, base) for model in ready(site_of(request))),
        "",
        "## " + _("Reference"),
        "",
        f"- [OpenAPI]({base}/openapi.json): {_('every call of this server, every model with its schema')}",
        f"- [{_('Catalogue')}]({base}/v1/models?include_schema=true): {_('every model as JSON; needs no key')}",
        "",
        "## Optional",
        "",
        f"- [llms-full.txt]({base}{texts.address('/llms-full.txt')}): {_('all of these pages as one')}",
    ]
    return _text(request, "\n".join(lines) + "\n", "text/plain; charset=utf-8")


async def llms_full(request: Request) -> Response:
    """GET /llms-full.txt: every model's page as one text; what they share is told once."""
    site, base = site_of(request), base_url(request)
    parts = ["\n".join(_heading()).strip()]
    for number, model in enumerate(ready(site)):
        document = _document(site, model, base)
        parts += [f"## {document.title}", document.lead, markdown.sections(_told(document, first=not number), level=3)]
    return _text(request, "\n\n".join(filter(None, parts)) + "\n", "text/plain; charset=utf-8")


def _told(document: Document, *, first: bool) -> list[Section]:
    """All chapters of the first model; of the others what is their own."""
    if first:
        return list(document.sections)
    own = [section for section in document.sections if not section.shared]
    return [section.without_shared() for section in own]


def _heading() -> list[str]:
    about = _(
        "A server that turns pictures and prompts into video, over the same HTTP calls as RunComfy's Model API: "
        "submit, status, result, cancel."
    )
    return ["# Mutoscope", "", f"> {about}", ""]


def _entry(model: Model, base: str) -> str:
    language = texts.language()
    name, about = plain(model.text("name", language)), plain(model.text("description", language))
    return f"- [{name} ({plain(model.id)})]({base}{texts.address(f'/models/{model.slug}/api.md')}): {about}"


def _model(request: Request) -> Model:
    return site_of(request).catalog.by_slug(request.path_params["slug"])


def _document(site: Site, model: Model, base: str) -> Document:
    return content.document(model, base, language=texts.language(), is_ready=site.is_set_up(model) and model.enabled)


def _text(request: Request, text: str, media_type: str = MARKDOWN) -> Response:
    del request
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff", "Content-Type": media_type}
    return Response(text.encode(), headers=headers)
