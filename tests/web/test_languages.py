"""The pages in every language: addresses, what is offered and remembered, and that no word of them stays English."""

from __future__ import annotations

import asyncio
import gettext
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from mutoscope import app
from mutoscope import settings as knobs
from mutoscope.catalog.model import output_schema
from mutoscope.server import routes
from mutoscope.server.metrics import Metrics
from mutoscope.site import Site
from mutoscope.web import amounts, texts
from mutoscope.web.routes import in_all_languages, missing
from mutoscope.web.translations import Words, imported, words
from tests.conftest import REFERENCE_MODEL

HTML = {"Accept": "text/html"}
KEY = "mk_languages"
OTHERS = [tag for tag in texts.LANGUAGES if tag != texts.SOURCE_LANGUAGE]


@dataclass
class Pages:
    """A site without workers, asked in this process. The reader has signed in."""

    site: Site
    asgi: Any
    runner: asyncio.Runner

    def get(self, path: str, **headers: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.asgi)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.get(path, headers={"Authorization": f"Bearer {KEY}"} | HTML | headers)

        return self.runner.run(ask())


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """The built-in models, every page in every language."""
    data = tmp_path_factory.mktemp("languages")
    able, _ = app.engines()
    found = knobs.load({"data": data / "data", "api_key": KEY, "cache": data / "cache"}, {})
    with asyncio.Runner() as runner:
        site, _ = runner.run(app.open_site(found, able))
        yield Pages(site, routes.application(site, Metrics(), pages=in_all_languages(), missing=missing), runner)
        site.prober.close()
        runner.run(site.store.db.close())


# -- addresses ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", ("en", "/")),
        ("/ja/", ("ja", "/")),
        ("/zh-CN/models", ("zh-CN", "/models")),
        ("/japan/x", ("en", "/japan/x")),
        ("/en/models", ("en", "/en/models")),
    ],
)
def test_an_address_is_taken_apart(path: str, expected: tuple[str, str]) -> None:
    """And put together again."""
    assert texts.split(path) == expected
    assert texts.address(expected[1], expected[0]) == path


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("ja,en;q=0.8", "ja"),
        ("en-US,ja;q=0.9", "en"),
        ("xx, pt-BR;q=0.4, de;q=0.7", "de"),
        ("zh-Hant-HK", "zh-TW"),
        ("zh", "zh-CN"),
        ("fr;q=0", ""),
        ("de;q=much, it", "it"),
        ("*", ""),
        ("", ""),
    ],
)
def test_a_browsers_preference_is_understood(header: str, expected: str) -> None:
    """Variants count as the nearest of ours."""
    assert texts.preferred(header) == expected


@pytest.mark.parametrize("tag", texts.LANGUAGES)
def test_every_page_says_its_language_and_names_the_others(pages: Pages, tag: str) -> None:
    """`lang`, `hreflang` with the query kept, and a switch that leads to the same place."""
    told = pages.get(texts.address("/models?search=card", tag)).text
    assert f'<html lang="{tag}"' in told
    for other in texts.LANGUAGES:
        path = texts.address("/models?search=card", other)
        assert f'<link rel="alternate" hreflang="{other}" href="http://127.0.0.1{path}">' in told
        assert f'<a href="{path}" hreflang="{other}" lang="{other}"' in told
    assert 'hreflang="x-default" href="http://127.0.0.1/models?search=card"' in told


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("/ja", "/ja/"),
        ("/zh-cn/models?search=a", "/zh-CN/models?search=a"),
        ("/pt-BR/models", "/pt/models"),
        ("/zh/", "/zh-CN/"),
        ("/en/models", "/models"),
        ("/en//evil.example", "/evil.example"),
    ],
)
def test_a_language_written_another_way_leads_to_its_pages(pages: Pages, path: str, there: str) -> None:
    """And never to another site."""
    answer = pages.get(path)
    assert (answer.status_code, answer.headers["location"]) == (308, there)


def test_an_error_is_told_in_the_language_of_its_address(pages: Pages) -> None:
    """The sentence that the API would give is marked as English."""
    answer = pages.get("/ja/models/nobody")
    assert answer.status_code == 404
    assert '<html lang="ja"' in answer.text
    assert '<p lang="en">' in answer.text
    assert pages.get("/ja/nowhere/at/all").status_code == 404


def test_files_and_calls_have_one_address(pages: Pages) -> None:
    """What holds no words is in no language."""
    for path in ("/ja/openapi.json", "/ja/v1/models", f"/ja/models/{REFERENCE_MODEL}/openapi.json"):
        assert pages.get(path).status_code == 404


# -- offered and remembered ---------------------------------------------------------------------------------------


def test_what_a_browser_prefers_is_offered_and_no_more(pages: Pages) -> None:
    """In a line, in that language; not when it is the page's, nor after a choice."""
    told = pages.get("/models", **{"Accept-Language": "ja"})
    assert told.status_code == 200
    assert '<p class="offer" lang="ja"' in told.text
    assert "Accept-Language" in told.headers["vary"]
    assert 'class="offer"' not in pages.get("/ja/models", **{"Accept-Language": "ja"}).text
    chosen = {"Accept-Language": "ja", "Cookie": "mutoscope_language=en"}
    assert 'class="offer"' not in pages.get("/models", **chosen).text


def test_a_choice_is_remembered(pages: Pages) -> None:
    """Addresses without a prefix lead to it, by an answer that nobody keeps; others stay where they are."""
    cookie = {"Cookie": "mutoscope_language=ko"}
    answer = pages.get("/models?search=a", **cookie)
    assert (answer.status_code, answer.headers["location"]) == (302, "/ko/models?search=a")
    assert answer.headers["cache-control"] == "private, no-store"
    assert "Cookie" in answer.headers["vary"]
    assert pages.get("/de/models", **cookie).status_code == 200
    assert pages.get("/models", Cookie="mutoscope_language=xx").status_code == 200
    for accept in ("application/json", "*/*"):
        assert pages.get("/", Accept=accept, **cookie).status_code == 200


# -- numbers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "price", "time", "span"),
    [
        ("en", "$1,234.50", "Nov 14, 2023, 22:13", "3 days"),
        ("de", "1.234,50\xa0$", "14. Nov. 2023, 22:13", "3 Tage"),
        ("ja", "$1,234.50", "2023年11月14日 22:13", "3 日"),
    ],
)
def test_numbers_are_written_as_in_the_language(tag: str, price: str, time: str, span: str) -> None:
    """By CLDR's rules."""
    with texts.spoken(tag):
        assert amounts.money(1234.5) == price
        assert amounts.moment(datetime(2023, 11, 14, 22, 13, tzinfo=UTC)) == time
        assert amounts.counted(3, "day") == span


def test_a_price_keeps_its_millionths() -> None:
    """And two digits at least."""
    assert amounts.money(0.000123) == "$0.000123"
    assert amounts.money(2) == "$2.00"


# -- scripts ------------------------------------------------------------------------------------------------------


def test_a_script_gets_its_words_and_those_of_what_it_imports() -> None:
    """And no others."""
    assert {"page.js", "form.js", "media.js", "rules.js", "runs.js", "snippets.js"} <= imported("model.js")
    assert imported("page.js") == frozenset()


# -- nothing stays English ----------------------------------------------------------------------------------------


class _Marked(gettext.NullTranslations):
    """Says everything between marks, so that what was not looked up stands out."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


@dataclass
class _Reader(HTMLParser):
    """Collects the words of a page that no catalogue gave, and its links."""

    page_language: str
    names: tuple[str, ...]
    open: list[tuple[str, bool]] = field(default_factory=list)
    depth: int = 0
    unmarked: list[str] = field(default_factory=list)
    links: list[tuple[str, bool]] = field(default_factory=list)

    VOID = ("br", "hr", "img", "input", "link", "meta", "source", "path", "circle", "rect", "ellipse", "use", "wbr")
    SILENT = ("code", "pre", "script", "style")
    SPOKEN = ("title", "aria-label", "alt", "placeholder", "content")

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        silent = (self.open[-1][1] if self.open else False) or tag in self.SILENT or told.get("translate") == "no"
        silent = silent or told.get("lang", self.page_language) != self.page_language
        if not silent and (tag != "meta" or told.get("name") == "description"):
            for name in self.SPOKEN:
                self._hear(told.get(name, ""))
        if tag in ("a", "form"):
            self.links.append((told.get("href") or told.get("action") or "", "hreflang" in told))
        if tag not in self.VOID:
            self.open.append((tag, silent))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not (self.open and self.open[-1][1]):
            self._hear(data)

    def _hear(self, text: str) -> None:
        left = ""
        for sign in text:
            self.depth += (sign == "⟦") - (sign == "⟧")
            left += sign if self.depth == 0 else ""
        for name in self.names:
            left = left.replace(name, "")
        if re.search(r"[^\W\d_]", left):
            self.unmarked.append(left.strip())


def test_no_word_of_any_page_stays_english(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every page that can be reached, in a language that marks what it says; links keep the language."""
    real = words
    marked = Words(_Marked(), {})
    monkeypatch.setattr(texts, "words", lambda tag: marked if tag == "de" else real(tag))
    models = pages.site.catalog.models
    said = [text for model in models for text in (*model.names.values(), *model.descriptions.values())]
    said += [output["description"] for output in output_schema("de")["output"]["properties"].values()]
    names = ("Mutoscope", "https://…", "mk_…", *said)
    seen: set[str] = set()
    wrong: dict[str, Any] = {}
    waiting = ["/de/", "/de/models?search=nothing-like-this", "/de/models/nobody", "/de/sign-in"]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        # Whoever has signed in is led on from there.
        answer = pages.get(path, **({"Authorization": ""} if path.startswith("/de/sign-in") else {}))
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        reader = _Reader("de", tuple(sorted(names, key=len, reverse=True)))
        reader.feed(answer.text)
        lost = []
        for link, to_other in reader.links:
            place = link.partition("#")[0]
            if to_other or not place.startswith("/") or place.startswith(("/openapi.json", "/v1/")):
                continue
            if place.endswith("/openapi.json"):
                continue
            if not place.startswith("/de/"):
                lost.append(place)
            elif place != "/de/sign-out":
                waiting.append(place)
        if reader.unmarked or lost:
            wrong[path] = {"unmarked": reader.unmarked, "lost": lost}
    assert len(seen) > 15
    assert wrong == {}
