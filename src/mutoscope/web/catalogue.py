"""Explore, all models, and collections by category: cards that lead to the models' pages.

A model's card moves when a clip lies beside its manifest: the same file name, ending in `.mp4` (the clip) and `.jpg`
(what is shown until it plays).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from mutoscope.catalog import Model
from mutoscope.errors import NotFound
from mutoscope.server import ops
from mutoscope.server.wire import site_of
from mutoscope.site import Site
from mutoscope.web import amounts, categories
from mutoscope.web.languages import Told, told
from mutoscope.web.render import page, render, wants_html
from mutoscope.web.texts import _

PREVIEWS = {"mp4": "video/mp4", "jpg": "image/jpeg"}


@dataclass(frozen=True, slots=True)
class Card:
    """A model as the catalogue shows it. ready: its engine is set up here."""

    slug: str
    id: str
    name: Told
    title: Told
    author: str
    description: Told
    categories: tuple[str, ...]
    price: str
    ready: bool
    clip: str
    picture: str


def card_of(site: Site, model: Model) -> Card:
    """The card of a model in the language in force."""
    files = preview_files(model.source)
    base = f"/models/{model.slug}/preview."
    return Card(
        slug=model.slug,
        id=model.id,
        name=told(model, "name"),
        title=told(model, "title"),
        author=model.author,
        description=told(model, "description"),
        categories=model.categories,
        price=price_text(model),
        ready=site.is_set_up(model) and model.enabled,
        clip=base + "mp4" if "mp4" in files else "",
        picture=base + "jpg" if "jpg" in files else "",
    )


def price_text(model: Model) -> str:
    """`Free`, or so many dollars a second or an output."""
    price = model.price.base_price_usd
    if not price:
        return _("Free")
    amount = amounts.money(price)
    return _("%s per second") % amount if model.price.unit == "second" else _("%s per picture") % amount


@lru_cache(maxsize=1024)
def preview_files(source: str) -> dict[str, Path]:
    """The files that lie beside a manifest, by suffix."""
    paths = {suffix: Path(source).with_suffix("." + suffix) for suffix in PREVIEWS}
    return {suffix: path for suffix, path in paths.items() if path.is_file()}


def found(site: Site, *, search: str = "", category: str = "") -> list[Card]:
    """Models with all these words in their texts, those that can run here first."""
    words = search.lower().split()
    cards = [
        card_of(site, model)
        for model in site.catalog.models
        if model.enabled
        and (not category or category in model.categories)
        and all(word in words_of(model) for word in words)
    ]
    return sorted(cards, key=lambda card: (not card.ready, not card.clip, card.author == "Mutoscope"))


def start_of(site: Site) -> Card | None:
    """The model that somebody who has nothing yet is shown."""
    return next((card for card in found(site) if card.ready and card.clip), None)


def takers(site: Site) -> dict[str, list[tuple[str, str, str]]]:
    """Models that take a file of a kind as input and can run here: (name, slug, field), by kind."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for model in site.catalog.models:
        fields = {} if not site.is_set_up(model) else {f.kind: f.name for f in reversed(model.validator.media_fields)}
        for kind, field in fields.items():
            found.setdefault(kind, []).append((told(model, "name"), model.slug, field))
    return found


def words_of(model: Model) -> str:
    """Everything a search looks at, in small letters."""
    found = [model.id, *model.names.values(), *model.descriptions.values(), *model.categories, model.author]
    return "\n".join(found + [categories.name_of(category) for category in model.categories]).lower()


async def explore(request: Request) -> Response:
    """GET /: the front page; a client that does not ask for HTML gets the list of addresses."""
    if not wants_html(request):
        return await ops.index(request)
    return await _explore(request)


@page
async def _explore(request: Request) -> Response:
    site = site_of(request)
    cards = found(site)
    featured = start_of(site)
    return await render(
        request, "explore.html", featured=featured, cards=cards[:12], categories=site.catalog.categories
    )


@page
async def index(request: Request) -> Response:
    """GET /models: every model; ?search= narrows it down as one types."""
    return await _list(request, category="")


@page
async def collection(request: Request) -> Response:
    """GET /models/collections/{category}: the models of one category."""
    category = request.path_params["category"]
    if category not in site_of(request).catalog.categories:
        raise NotFound("no such collection")
    return await _list(request, category=category)


async def _list(request: Request, *, category: str) -> Response:
    site = site_of(request)
    search = request.query_params.get("search", "")[:200]
    cards = found(site, search=search, category=category)
    template = "_cards.html" if "hx-request" in request.headers else "models.html"
    return await render(
        request, template, cards=cards, search=search, category=category, categories=site.catalog.categories
    )


async def preview(request: Request) -> Response:
    """GET /models/{slug}/preview.mp4 and preview.jpg: what moves on a model's card."""
    model = site_of(request).catalog.by_slug(request.path_params["slug"])
    suffix = request.path_params["suffix"]
    path = preview_files(model.source).get(suffix)
    if path is None:
        raise NotFound("this model has no preview")
    return FileResponse(path, media_type=PREVIEWS[suffix], headers={"Cache-Control": "public, max-age=86400"})
