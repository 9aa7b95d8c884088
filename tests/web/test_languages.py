"""The pages in every language: addresses, what is offered and remembered, numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from mutoscope.store.usage import Day
from mutoscope.web import amounts, problems, texts, usage
from mutoscope.web.translations import imported
from tests.conftest import REFERENCE_MODEL, REPOSITORY
from tests.web.pages import Pages, opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """One site for all."""
    with opened(tmp_path_factory.mktemp("languages")) as found:
        yield found


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
    assert '<p class="hint" lang="en">' in answer.text
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
    assert '<aside class="offer" lang="ja"' in told.text
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
        ("de", "1.234,50\xa0$", "14.11.2023, 22:13", "3 Tage"),
        ("ja", "$1,234.50", "2023/11/14 22:13", "3 日"),
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


def test_days_of_usage_are_written_as_people_write_them_and_stand_in_order() -> None:
    """The last first, also where days of two months are written with the day in front."""
    days = [Day(day, "a/model", "key", 1200, 1000, 1.0, "second", 0) for day in (19_722, 19_724, 19_754)]
    with texts.spoken("de"):
        assert [line.name for line in usage.daily(days)] == ["01.02.2024", "02.01.2024", "31.12.2023"]


# -- scripts ------------------------------------------------------------------------------------------------------


def test_every_code_with_a_sentence_is_one_that_the_server_sends() -> None:
    """And English pages, where the server's own words do, get none of them."""
    documented = (REPOSITORY / "docs" / "reference" / "errors.md").read_text("utf-8")
    assert [code for code in problems.SENTENCES if f"| {code} |" not in documented] == []
    assert problems.of_scripts() == {}
    with texts.spoken("ja"):
        assert problems.of_scripts()["#409001"] == problems.sentence(409001) == "現在の状態ではできません。"


def test_a_script_gets_its_words_and_those_of_what_it_imports() -> None:
    """And no others."""
    assert {"page.js", "form.js", "media.js", "rules.js", "runs.js", "snippets.js"} <= imported("model.js")
    assert imported("page.js") == frozenset()
