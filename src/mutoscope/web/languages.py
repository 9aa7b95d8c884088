"""Which language a page is in: the one of its address, or the one that the reader chose before.

Addresses in English have no prefix. Nobody is sent elsewhere for what a browser says it prefers: the page offers it in
a line. Whoever chooses a language is remembered by a cookie, and from then on addresses without a prefix lead there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.convertors import StringConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mutoscope.catalog import Model
from mutoscope.catalog.model import Field
from mutoscope.web import texts

Endpoint = Callable[[Request], Awaitable[Response]]
COOKIE = "mutoscope_language"


class _Language(StringConvertor):
    """A language of the pages other than English, in a path."""

    regex = "|".join(tag for tag in texts.LANGUAGES if tag != texts.SOURCE_LANGUAGE)


register_url_convertor("language", _Language())
PREFIX = "/{language:language}"


class Told(str):
    """A text that says what language it is in."""

    __slots__ = ("language",)
    language: str

    def __new__(cls, text: str, language: str) -> Told:
        made = super().__new__(cls, text)
        made.language = language
        return made


def told(model: Model, field: Field) -> Told:
    """One of a model's texts, in the language in force or as near as its manifest comes."""
    return Told(model.text(field, texts.language()), model.language_of(field, texts.language()))


def in_its_language(endpoint: Endpoint) -> Endpoint:
    """An endpoint that speaks the language of the address it is asked at."""

    @wraps(endpoint)
    async def answer(request: Request) -> Response:
        tag, _path = texts.split(request.url.path)
        wanted = chosen(request)
        if tag == texts.SOURCE_LANGUAGE and wanted not in ("", tag) and _is_read(request):
            return _elsewhere(request, wanted)
        with texts.spoken(tag):
            return await endpoint(request)

    return answer


def chosen(request: Request) -> str:
    """The language that the reader chose on an earlier page; "" without any."""
    tag = request.cookies.get(COOKIE, "")
    return tag if tag in texts.LANGUAGES else ""


def offered(request: Request) -> str:
    """A language that the browser prefers to the page's, unless its reader has chosen one; "" else."""
    preferred = texts.preferred(request.headers.get("accept-language", ""))
    return "" if chosen(request) or preferred == texts.language() else preferred


def misspelt(request: Request) -> Response | None:
    """Where a page is whose language is written another way: `/zh/models`, `/PT-br/`, `/en/`, `/ja`."""
    first, slash, rest = request.url.path[1:].partition("/")
    tag = texts.closest(first) if len(first) in (2, 5, 7, 10) and first.replace("-", "").isalpha() else ""
    if not tag or (tag == first and slash and tag != texts.SOURCE_LANGUAGE):
        return None
    return _moved(request, texts.address("/" + rest.lstrip("/\\"), tag), 308)


def _is_read(request: Request) -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")


def _elsewhere(request: Request, tag: str) -> Response:
    answer = _moved(request, texts.address(request.url.path, tag), 302)
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Vary"] = "Accept, Cookie"
    return answer


def _moved(request: Request, path: str, status: int) -> Response:
    return RedirectResponse(path + (f"?{request.url.query}" if request.url.query else ""), status)
