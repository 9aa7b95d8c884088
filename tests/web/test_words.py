"""No word of the pages stays English: the catalogues are complete, and every page says only what they hold."""

from __future__ import annotations

import functools
import gettext
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel import Locale
from babel.messages import Catalog
from babel.messages.pofile import read_po

from mutoscope.catalog.model import output_schema
from mutoscope.web import amounts, texts
from mutoscope.web.translations import Words, words
from tests.web.pages import Pages, opened

ROOT = Path(__file__).parents[2]
WEB = ROOT / "src" / "mutoscope" / "web"
OTHERS = [tag for tag in texts.LANGUAGES if tag != texts.SOURCE_LANGUAGE]
ASIAN = ("ja", "zh-CN", "zh-TW", "ko")
MARKS = re.compile(r"\{\w+\}|%\(\w+\)s|%s|\]\([^)]*\)|https?://[^\s)]*|(?<!\d)\d{2,}(?!\d)")
"""Placeholders, targets of links, addresses, numbers."""
NAMES = re.compile(r"\b(?:API|HTTP|UTC|[KkMG]?B|JSON|4K|s|min|Cookies?|Webhooks?|Seed)\b")
WORD = re.compile(r"[A-Za-z]{2,}")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """One site for all."""
    with opened(tmp_path_factory.mktemp("words")) as found:
        yield found


# -- the catalogues -----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_catalogues_are_those_that_the_code_needs() -> None:
    """Every text is translated in each language, and scripts get theirs."""
    command = [sys.executable, str(ROOT / "scripts" / "strings.py"), "--check"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.parametrize("tag", OTHERS)
def test_a_translation_has_the_placeholders_of_its_text(tag: str) -> None:
    """All of them, in every form, and no others; links lead where they led, code is the same."""
    wrong = []
    for message in catalog_of(tag):
        if not message.id:
            continue
        texts_of = [message.id] if isinstance(message.id, str) else list(message.id)
        forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
        assert len(forms) == (1 if isinstance(message.id, str) else catalog_of(tag).num_plurals)
        wanted = Counter(MARKS.findall(texts_of[-1]))
        wrong += [(message.id, form) for form in forms if form and Counter(MARKS.findall(form)) != wanted]
    assert wrong == []


@pytest.mark.parametrize("tag", OTHERS)
def test_a_translation_is_not_the_text_itself(tag: str) -> None:
    """But where a language has the same word: then it is short."""
    same = [str(message.id) for message in catalog_of(tag) if message.id and message.id == message.string]
    assert [text for text in same if len(bare(text)) > 24 or (tag in ASIAN and WORD.search(bare(text)))] == []


@pytest.mark.parametrize("tag", [tag for tag in OTHERS if tag != "ja"])
def test_a_catalogue_is_in_its_own_script(tag: str) -> None:
    """Kana are Japanese, Hangul Korean, Cyrillic Russian: none is found in another language's catalogue."""
    foreign = {"ko": r"[぀-ヿ]", "ru": r"[぀-ヿ가-힣]"}.get(tag, r"[぀-ヿ가-힣Ѐ-ӿ]")
    assert re.findall(foreign, (WEB / "locales" / f"{tag}.po").read_text("utf-8")) == []


@pytest.mark.parametrize("tag", OTHERS)
def test_scripts_choose_the_form_that_the_server_chooses(tag: str) -> None:
    """Browsers go by CLDR's categories: one, few, and the rest, in the order of the catalogue's forms."""
    locale = Locale.parse(tag.replace("-", "_"))
    last = catalog_of(tag).num_plurals - 1
    plural = words(tag).texts.plural  # type: ignore[attr-defined]  # of gettext's own translations
    for n in (*range(130), 1000, 1001, 10_000):
        assert plural(n) == min({"one": 0, "few": 1}.get(locale.plural_form(n), 2), last), n


@pytest.mark.parametrize("script", sorted((WEB / "static").glob("*.js")), ids=lambda path: path.name)
def test_scripts_say_texts_that_can_be_collected(script: Path) -> None:
    """Strings as they are, neither put together nor handed in."""
    source = re.sub(r"//.*|export function tn?\(.*", "", script.read_text("utf-8"))
    assert re.findall(r"(?<![\w.$])tn?\((?!\s*\")[^)]*", source) == []


@functools.cache
def catalog_of(tag: str) -> Catalog:
    """As it lies in the tree."""
    return read_po(BytesIO((WEB / "locales" / f"{tag}.po").read_bytes()), locale=tag.replace("-", "_"))


def bare(text: str) -> str:
    """Without placeholders and the names that are the same everywhere."""
    return NAMES.sub("", MARKS.sub("", text))


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
    monkeypatch.setattr(amounts, "counted", lambda n, unit: f"⟦{n} {unit}⟧")
    monkeypatch.setattr(amounts, "moment", lambda at: f"⟦{at}⟧")
    models = pages.site.catalog.models
    said = [text for model in models for text in (*model.names.values(), *model.descriptions.values())]
    said += [output["description"] for output in output_schema("de")["output"]["properties"].values()]
    names = ("Mutoscope", "https://…", "https://example.com/hook", "key.created", "mk_…", *said)
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
    assert not wrong, "\n".join(f"{path}: {told}" for path, told in wrong.items())
