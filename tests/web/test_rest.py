"""The rest of the site: status, the operator's own texts, old addresses, what search engines ask for."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mutoscope.web import notices, texts
from tests.conftest import REFERENCE_MODEL
from tests.web.pages import Pages, opened

HARM = "<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>"


@pytest.fixture
def own_texts(pages: Pages) -> Iterator[Path]:
    """The folder for the operator's texts, gone afterwards."""
    folder = pages.site.pages
    assert folder is not None
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """One site for all."""
    with opened(tmp_path_factory.mktemp("rest")) as found:
        yield found


# -- status -------------------------------------------------------------------------------------------------------


def test_the_status_is_that_of_the_worst_part(pages: Pages) -> None:
    """Without a worker nothing runs, whatever else works; with one, all is well."""
    site = pages.site
    site.health.workers_expected = 1
    told = pages.get("/v1/status").json()
    assert (told["state"], told["workers"]["state"], told["queue"]["state"]) == ("down", "down", "good")
    assert len(told["requests"]["hours"]) == 24
    site.health.heard("worker-1", frozenset({"testcard"}))
    assert pages.get("/v1/status", Authorization="").json()["state"] == "good"
    site.health.draining = True
    stopping = pages.get("/v1/status").json()
    site.health.draining = False
    assert (stopping["state"], stopping["stopping"]) == ("down", True)
    site.health.workers.clear()


def test_a_full_disk_and_a_missing_worker_are_told(pages: Pages) -> None:
    """By their own parts."""
    site = pages.site
    site.health.workers_expected = 2
    site.health.heard("worker-1", frozenset())
    site.health.free_bytes, site.health.free_checked = 0, time.monotonic() + 60
    told = pages.get("/v1/status").json()
    assert (told["storage"]["state"], told["storage"]["accepts_work"]) == ("down", False)
    assert told["workers"]["state"] == "slow"
    assert "is full" in pages.get("/status").text
    site.health.free_checked = 0.0
    site.health.workers.clear()


def test_the_status_is_a_page_for_everybody(pages: Pages) -> None:
    """Also for those who are not signed in."""
    answer = pages.get("/status", Authorization="")
    assert answer.status_code == 200
    for words in ("Workers", "Queue", "Webhooks", "Database", "Storage", "last 24 hours"):
        assert words in answer.text


# -- texts of the operator ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("notice", notices.NOTICES, ids=lambda notice: notice.name)
def test_without_a_text_of_its_own_a_site_states_facts(pages: Pages, notice: notices.Notice) -> None:
    """And says whose text it is; links to it stand at the foot of each page."""
    answer = pages.get(f"/{notice.name}")
    assert "This text comes with the software" in answer.text
    assert f'<a href="/{notice.name}">' in pages.get("/models").text


def test_the_cookies_that_are_named_are_those_that_are_set(pages: Pages) -> None:
    """The session's by the name that it has here, and what the pages' script sets."""
    told = pages.get("/cookies").text
    script = (Path(notices.__file__).parent / "static" / "page.js").read_text("utf-8")
    assert script.count("document.cookie =") == 2
    for name in ("mutoscope_session", "mutoscope_theme", "mutoscope_language"):
        assert f"<code>{name}" in told
        assert name == "mutoscope_session" or f"{name}=" in script


def test_an_operators_text_takes_the_place_of_ours(pages: Pages, own_texts: Path) -> None:
    """In the reader's language where there is one; what looks like HTML in it stays text."""
    (own_texts / "terms.md").write_text(f"Be **kind**.\n\n{HARM}\n\n| a | b |\n|---|---|\n| 1 | 2 |", "utf-8")
    (own_texts / "terms.ja.md").write_text("親切に。", "utf-8")
    english, german = pages.get("/terms").text, pages.get("/de/terms").text
    assert "親切に。" in pages.get("/ja/terms").text
    for told in (english, german):
        assert "Be <strong>kind</strong>." in told
        assert "<td>1</td>" in told
        assert "&lt;script&gt;" in told
        assert "<img src=x" not in told
        assert 'href="javascript' not in told
        assert "This text comes with the software" not in told
    assert "This text comes with the software" in pages.get("/privacy").text


# -- signposts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"/playground/{REFERENCE_MODEL}", f"/models/{REFERENCE_MODEL}"),
        (f"/playground/{REFERENCE_MODEL}/api", f"/models/{REFERENCE_MODEL}/api"),
        (f"/ja/playground/{REFERENCE_MODEL}", f"/ja/models/{REFERENCE_MODEL}"),
        ("/playground//evil.example", "/models/evil.example"),
        ("/playground/", "/models"),
        ("/models/all?search=a", "/models?search=a"),
    ],
)
def test_old_addresses_lead_to_the_new_ones(pages: Pages, old: str, new: str) -> None:
    """For good, in the same language, on this site."""
    answer = pages.get(old)
    assert (answer.status_code, answer.headers["location"]) == (308, new)


def test_search_engines_are_told_every_page_in_every_language(pages: Pages) -> None:
    """And each of these addresses answers."""
    assert "Sitemap: http://127.0.0.1/sitemap.xml" in pages.get("/robots.txt").text
    tree = ElementTree.fromstring(pages.get("/sitemap.xml").content)
    found = [place.text or "" for place in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert f"http://127.0.0.1/ja/models/{REFERENCE_MODEL}/api" in found
    assert len(found) == len(set(found)) > 11 * len(texts.LANGUAGES)
    for place in found:
        if "/ja/" in place:
            assert pages.get(place.removeprefix("http://127.0.0.1")).status_code == 200
