"""Every page: the pages' table of contents."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from mutoscope.server.routes import Table, no_such_address
from mutoscope.web import (
    admin,
    catalogue,
    library,
    notices,
    playground,
    pricing,
    profile,
    sign_in,
    signposts,
    static,
    status,
    usage,
    webhooks,
)
from mutoscope.web.api_page import views as api_page
from mutoscope.web.comfyui import views as comfyui
from mutoscope.web.generations import views as generations
from mutoscope.web.languages import PREFIX, in_its_language, misspelt
from mutoscope.web.render import page, wants_html

# Addresses that end in a word come before those of models, which may be any path.
PAGES: Table = (
    ("GET", "/", catalogue.explore),
    ("GET", "/models", catalogue.index),
    ("GET", "/models/all", signposts.all_models),
    ("GET", "/models/collections/{category}", catalogue.collection),
    ("GET", "/models/{slug:path}/preview.{suffix}", catalogue.preview),
    ("GET", "/models/{slug:path}/api", api_page.show),
    ("GET", "/models/{slug:path}/api.md", api_page.as_markdown),
    ("GET", "/models/{slug:path}/openapi.json", api_page.openapi),
    ("GET", "/llms.txt", api_page.llms),
    ("GET", "/llms-full.txt", api_page.llms_full),
    ("GET", "/models/{slug:path}", playground.show),
    ("GET", "/library", library.index),
    ("GET", "/generations", generations.index),
    ("GET", "/generations/{request_id}", generations.show),
    ("GET", "/generations/{request_id}/row", generations.row),
    ("GET", "/comfyui", comfyui.index),
    ("GET", "/comfyui/new", comfyui.new),
    ("GET", "/comfyui/new-lora", comfyui.new_lora),
    ("GET", "/comfyui/{deployment_id}", comfyui.show),
    ("GET", "/comfyui/{deployment_id}/edit", comfyui.edit),
    ("GET", "/comfyui/{deployment_id}/api", comfyui.api),
    ("GET", "/sign-in", sign_in.show),
    ("POST", "/sign-in", sign_in.sign_in),
    ("POST", "/sign-out", sign_in.sign_out),
    ("GET", "/profile", profile.profile),
    ("GET", "/keys", profile.keys),
    ("GET", "/usage", usage.show),
    ("GET", "/pricing", pricing.show),
    ("GET", "/webhooks", webhooks.show),
    ("GET", "/webhooks/deliveries/{delivery_id}", webhooks.show_delivery),
    ("GET", "/admin", admin.models),
    ("GET", "/admin/workers", admin.workers),
    ("GET", "/admin/accounts", admin.accounts),
    ("GET", "/admin/limits", admin.limits),
    ("GET", "/admin/audit", admin.log),
    ("GET", "/welcome/{token}", sign_in.welcome),
    ("GET", "/status", status.show),
    ("GET", "/support", notices.support),
    ("GET", "/terms", notices.terms),
    ("GET", "/privacy", notices.privacy),
    ("GET", "/cookies", notices.cookies),
    ("GET", "/playground/{slug:path}", signposts.playground),
    ("GET", "/robots.txt", signposts.robots),
    ("GET", "/sitemap.xml", signposts.sitemap),
    ("GET", "/static/{version}/{name:path}", static.show),
)


IN_NO_LANGUAGE = (
    catalogue.preview,
    api_page.openapi,
    sign_in.welcome,
    signposts.robots,
    signposts.sitemap,
    static.show,
)
"""What holds no words, and the address that `serve` prints."""


def in_all_languages() -> Table:
    """Every page at each of its addresses: in English, and in the other languages under their prefix."""
    found = []
    for method, path, endpoint in PAGES:
        if endpoint in IN_NO_LANGUAGE:
            found.append((method, path, endpoint))
        else:
            speaking = in_its_language(endpoint)
            found += [(method, path, speaking), (method, PREFIX + path, speaking)]
    return tuple(found)


def table() -> tuple[tuple[str, str], ...]:
    """Method and path of every page, as the docs show them."""
    return tuple((method, path.replace(":path", "")) for method, path, _ in PAGES)


async def missing(request: Request) -> Response:
    """What answers where nothing is: a page for people, an error for programs."""
    if not wants_html(request):
        return await no_such_address(request)
    return misspelt(request) or await _missing(request)


_missing = in_its_language(page(no_such_address))
