"""Somebody reads the pages in another language: everything the scripts say is in it, and it stays."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.http import media
from tests.web.conftest import Arrive, Person
from tests.web.test_run import drop

pytestmark = pytest.mark.slow
LATIN = re.compile(r"[A-Za-z]{3,}")
KNOWN = re.compile(
    r"Mutoscope[ \d.]*|OpenAPI|API|curl|Python|JavaScript|Ctrl \+ Enter|Dreamina[^|]*?Pro|ByteDance|Studio|JPEG|PNG"
    r"|testcard|a\.jpg|first key|studio/first-frame|first-frame|https?://\S*|Image URL|Prompt|Frames|Seed"
    r"|Webhooks?|Cookie|MUTOSCOPE_\w+|RunComfy|Volcengine|Dreamina",
)


def test_a_run_is_told_in_the_readers_language(owner: Person) -> None:
    """Form, rules, progress, result and menus; what is not in the language is marked as such."""
    page = owner.open("/ja/models/studio/first-frame")
    drop(page, media.gif(800, 600), "moving.gif", media_type="image/gif")
    expect(page.locator('[data-name="image_urls"] > [data-problem]')).to_have_text(
        "GIF が見つかりました。受け付けるのは JPEG、PNG です"
    )
    page.fill('[data-name="prompt"] textarea', "走る犬")
    drop(page, media.jpeg(800, 600), "a.jpg")
    card = owner.run()
    expect(card.locator(".run-state")).to_have_text("完了")
    page.evaluate("for (const menu of document.querySelectorAll('details')) menu.open = true")
    seen = page.evaluate(
        """() => {
          const told = [];
          const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (walk.nextNode()) {
            const parent = walk.currentNode.parentElement;
            if (parent.closest("script, style, noscript, code, template, .run-prompt, [translate=no]")) continue;
            if (parent.closest("[lang]").lang !== "ja") continue;
            told.push(walk.currentNode.textContent.trim());
          }
          return told.filter(Boolean);
        }"""
    )
    left = [text for text in seen if LATIN.search(KNOWN.sub("", text))]
    assert not left, "\n".join(left)


def test_the_switch_keeps_the_place_and_is_remembered(visitor: Person) -> None:
    """Query and all; from then on addresses without a language lead there, until another is chosen."""
    page, site = visitor.open("/models?search=card"), visitor.site.url
    page.locator(".foot summary").click()
    page.get_by_role("link", name="日本語").click()
    expect(page).to_have_url(f"{site}/ja/models?search=card")
    expect(page.locator("h1")).to_have_text("すべてのモデル")
    page.goto(f"{site}/models?search=card")
    expect(page).to_have_url(f"{site}/ja/models?search=card")
    page.locator(".card h3 a").first.click()
    expect(page).to_have_url(re.compile(re.escape(site) + "/ja/models/"))
    page.locator(".foot summary").click()
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.goto(f"{site}/models")
    expect(page).to_have_url(f"{site}/models")


def test_a_language_is_offered_until_it_is_declined(arrive: Arrive, visitor: Person) -> None:
    """In that language; one press and it is not offered again."""
    person = arrive(visitor.site, locale="de-DE")
    page = person.open("/models")
    expect(page.locator(".offer")).to_contain_text("Diese Seite auf Deutsch lesen")
    page.locator(".offer button").click()
    expect(page.locator(".offer")).to_have_count(0)
    page.reload()
    expect(page.locator(".offer")).to_have_count(0)
