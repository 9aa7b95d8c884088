"""Where things went and where things are: old addresses, robots.txt and sitemap.xml."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from mutoscope.server.wire import base_url, site_of
from mutoscope.web import texts

PUBLIC = ("/", "/models", "/status", "/support", "/terms", "/privacy", "/cookies")
"""Pages that hold something for readers without a key, beside those of models and categories."""


async def playground(request: Request) -> Response:
    """GET /playground/{slug}: where the hosted service had its models' pages before; also their API pages."""
    slug = request.path_params["slug"].strip("/\\")
    return RedirectResponse(texts.address(f"/models/{slug}" if slug else "/models"), 308)


async def all_models(request: Request) -> Response:
    """GET /models/all: the list of all models, under the hosted service's name for it."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(texts.address("/models") + query, 308)


async def robots(request: Request) -> Response:
    """GET /robots.txt: pages may be read, calls and sign-in are of no use to a search engine."""
    lines = ("User-agent: *", "Disallow: /v1/", "Disallow: /prod/", "Disallow: /sign-in", "Disallow: /*/sign-in")
    return PlainTextResponse("\n".join((*lines, "", f"Sitemap: {base_url(request)}/sitemap.xml", "")))


async def sitemap(request: Request) -> Response:
    """GET /sitemap.xml: every page for everybody, each with its other languages."""
    site, base = site_of(request), base_url(request)
    paths = [
        *PUBLIC,
        *(f"/models/collections/{category}" for category in site.catalog.categories),
        *(f"/models/{model.slug}{page}" for model in site.catalog.models for page in ("", "/api")),
    ]
    entries = []
    for path in paths:
        alternates = "".join(
            f'<xhtml:link rel="alternate" hreflang="{tag}" href={quoteattr(base + texts.address(path, tag))}/>'
            for tag in texts.LANGUAGES
        )
        entries += [
            f"<url><loc>{_text(base + texts.address(path, tag))}</loc>{alternates}</url>" for tag in texts.LANGUAGES
        ]
    told = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">\n'
        + "\n".join(entries)
        + "\n</urlset>\n"
    )
    return Response(told, media_type="application/xml")


def _text(value: str) -> str:
    return quoteattr(value)[1:-1]
