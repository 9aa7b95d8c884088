"""The words of the pages. They stand in the code in English, inside `_()`, and are looked up in a catalogue.

One language is in force per request: that of the page's address, `/ja/models`; English has no prefix. Scripts get
their words with the page. `translations` reads the catalogues, `amounts` writes numbers and dates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from mutoscope.web.translations import Words, words

SOURCE_LANGUAGE = "en"
LANGUAGES: Mapping[str, str] = {
    "en": "English",
    "ja": "日本語",
    "zh-CN": "简体中文",
    "zh-TW": "繁體中文",
    "ko": "한국어",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "pt": "Português",
    "it": "Italiano",
    "ru": "Русский",
}
"""What the pages are written in, each by its own name."""

_language: ContextVar[str] = ContextVar("language", default=SOURCE_LANGUAGE)


def language() -> str:
    """The language in force."""
    return _language.get()


@contextmanager
def spoken(tag: str) -> Iterator[None]:
    """Put a language in force for a while."""
    before = _language.set(tag)
    try:
        yield
    finally:
        _language.reset(before)


def in_force() -> Words:
    """The catalogue of the language in force."""
    return words(_language.get())


def _(message: str) -> str:
    """The message in the language in force."""
    return in_force().gettext(message)


def gettext(message: str) -> str:
    """The message in the language in force; for templates, where `_` is this one."""
    return in_force().gettext(message)


def ngettext(one: str, many: str, n: int) -> str:
    """The form of a message that fits a number."""
    return in_force().ngettext(one, many, n)


# -- addresses ----------------------------------------------------------------------------------------------------


def split(path: str) -> tuple[str, str]:
    """A page's path as its language and the path in English: `/ja/models` is `ja` and `/models`."""
    first, slash, rest = path[1:].partition("/")
    if first in LANGUAGES and first != SOURCE_LANGUAGE:
        return first, slash + rest if slash else "/"
    return SOURCE_LANGUAGE, path


def address(path: str, tag: str = "") -> str:
    """Where a page is in a language; in the one in force unless another is named. path: in English, from `/`."""
    tag = tag or _language.get()
    return path if tag == SOURCE_LANGUAGE else f"/{tag}{path}"


def closest(wanted: str) -> str:
    """Our language for a tag of any kind (`zh-Hant-HK`, `pt-BR`, `EN`); "" when there is none."""
    tag = wanted.strip().lower()
    if tag == "zh" or tag.startswith("zh-"):
        return "zh-TW" if {"hant", "tw", "hk", "mo"} & set(tag.split("-")) else "zh-CN"
    first = tag.partition("-")[0]
    return first if first in LANGUAGES else ""


def preferred(accept_language: str) -> str:
    """The language of ours that a browser puts first; "" when it names none."""
    best, weight = "", 0.0
    for part in accept_language.split(","):
        tag, _semicolon, quality = part.partition(";")
        try:
            q = float(quality.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if q > weight and (found := closest(tag)):
            best, weight = found, q
    return best
