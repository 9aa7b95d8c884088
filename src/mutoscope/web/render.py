"""From a template to an answer: language, the reader, the careful headers every page has, compression."""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mutoscope import __version__
from mutoscope.errors import MutoscopeError, Unauthorized
from mutoscope.server.auth import known_caller
from mutoscope.server.wire import base_url, site_of
from mutoscope.web import categories, problems, static, texts, wording
from mutoscope.web.languages import Told, offered
from mutoscope.web.texts import _

Endpoint = Callable[[Request], Awaitable[Response]]
THEMES = ("light", "dark")
SMALL = 1024


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("mutoscope.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    made.install_gettext_callables(texts.gettext, texts.ngettext, newstyle=True)  # type: ignore[attr-defined]  # of the extension
    made.globals |= {
        "static": static.address,
        "version": __version__,
        "to": texts.address,
        "languages": texts.LANGUAGES,
    }
    made.globals["spoken"] = _spoken
    made.filters |= {
        "category": categories.name_of,
        "json": json_for_page,
        "lang": lang,
        "instant": wording.instant,
        "span": wording.span,
        "number": wording.number,
        "usd": wording.usd,
    }
    return made


def _spoken(tag: str, caller: Callable[[], Markup]) -> Markup:
    """For `{% call spoken(tag) %}`: what stands inside, in another language than the page's."""
    with texts.spoken(tag):
        return caller()


def lang(text: str) -> Markup:
    """The attribute `lang` of an element that holds this text, where it is known to be in another language."""
    if not isinstance(text, Told) or text.language == texts.language():
        return Markup("")
    return Markup(' lang="{}"').format(text.language)


def json_for_page(value: Any) -> Markup:
    """JSON that may stand inside a `<script type="application/json">`: nothing in it ends the element."""
    text = orjson.dumps(value).decode()
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - the signs that HTML knows are gone


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks at a page: the name of the key they signed in with, and whose pages they may see."""

    name: str
    is_admin: bool
    is_owner: bool


async def reader_of(request: Request) -> Reader | None:
    """The reader; None for somebody who is not signed in."""
    who = await known_caller(request)
    if who is None:
        return None
    store = site_of(request).store
    key = await store.key(who.key_id, who.account_id)
    is_admin = "admin" in who.scopes
    return Reader(key.name, is_admin, is_admin and who.account_id == await store.first_account())


async def render(request: Request, template: str, status: int = 200, /, **values: Any) -> Response:
    """A page, in the language in force. Every template finds, beside what is handed in:

    reader, signed_in   who looks at it.
    path, asked         of this page: its path in English, its query with the question mark.
    base                the address of the site.
    language, offer     of the page; one that the reader might rather have, or "".
    theme               `light`, `dark` or "".
    script_words        for the end of the page, when it is known which scripts it has.
    """
    reader = await reader_of(request)
    theme = request.cookies.get("mutoscope_theme", "")
    loaded: list[str] = []

    def address_of(name: str) -> str:
        loaded.append(name)
        return static.address(name)

    html = ENVIRONMENT.get_template(template).render(
        values
        | {
            "reader": reader,
            "signed_in": reader is not None,
            "theme": theme if theme in THEMES else "",
            "path": texts.split(request.url.path)[1],
            "asked": f"?{request.url.query}" if request.url.query else "",
            "language": texts.language(),
            "base": base_url(request),
            "offer": offered(request),
            "static": address_of,
            "script_words": lambda: texts.in_force().of_scripts(loaded) | problems.of_scripts(),
        }
    )
    return html_answer(request, html, status)


def html_answer(request: Request, html: str, status: int = 200) -> Response:
    """HTML with the headers of every page, compressed where that is worth it."""
    content = html.encode()
    headers = {
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": policy(request),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
        # With `no-referrer` browsers would send `Origin: null` with forms, and nobody could sign in without https.
        "Referrer-Policy": "same-origin",
        "Vary": "Accept, Accept-Encoding, Accept-Language, Cookie",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    # No page holds a secret next to what a stranger may choose, so compression gives nothing away.
    if len(content) > SMALL and static.accepts_gzip(request):
        content = gzip.compress(content, 5)
        headers["Content-Encoding"] = "gzip"
    return Response(content, status, headers, "text/html; charset=utf-8")


def policy(request: Request) -> str:
    """The Content-Security-Policy of pages: our own files, those in our bucket, pictures the reader chose."""
    site = site_of(request)
    public = urlsplit(site.public_url)
    ours = f"'self' {public.scheme}://{public.netloc}" if public.netloc else "'self'"
    if site.direct == "all" and site.storage.origin:
        ours += f" {site.storage.origin}"
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src {ours} blob: data:; "
        f"media-src {ours} blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def page(endpoint: Endpoint) -> Endpoint:
    """An endpoint whose errors are pages too; one that needs a reader who signed in sends others to do so."""

    @wraps(endpoint)
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Unauthorized:
            return RedirectResponse(texts.address(f"/sign-in?next={quote(request.url.path)}"), 303)
        except MutoscopeError as exc:
            title = _("There is nothing here") if exc.status == 404 else _("That did not work")
            said = Told(exc.message, texts.SOURCE_LANGUAGE)
            meaning = problems.sentence(exc.code)
            return await render(
                request, "error.html", exc.status, title=title, status=exc.status, message=said, meaning=meaning
            )

    return answer


def wants_html(request: Request) -> bool:
    """Is it a browser that asks, and no client of the API?"""
    return "text/html" in request.headers.get("accept", "")


ENVIRONMENT = _environment()
