"""The words of the pages. They stand in the code in English, inside `_()`, and are looked up in a catalogue.

One language is in force per request. Scripts get their words with the page: those of the catalogue, by their English.
"""

from __future__ import annotations

import gettext as catalogues
from contextvars import ContextVar

SOURCE_LANGUAGE = "en"

_words: ContextVar[catalogues.NullTranslations] = ContextVar("words", default=catalogues.NullTranslations())  # noqa: B039 - it has no state


def _(message: str) -> str:
    """The message in the language in force."""
    return _words.get().gettext(message)


def gettext(message: str) -> str:
    """The message in the language in force; for templates, where `_` is this one."""
    return _words.get().gettext(message)


def ngettext(one: str, many: str, n: int) -> str:
    """The form of a message that fits a number."""
    return _words.get().ngettext(one, many, n)
