"""The catalogues: one file of translations for each language, read at the first question and kept.

They are gettext's `.po` files, written by `make strings` and by translators, and read as they are: nothing compiled
lies in the tree that could be older than its source.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO

from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

_IMPORT = re.compile(r"""\b(?:from\s+|import\()"\./([\w./-]+\.js)["]""")


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of one language. scripts: file name -> English -> text, or its forms by number."""

    texts: gettext.NullTranslations
    scripts: Mapping[str, Mapping[str, str | list[str]]]

    def gettext(self, message: str) -> str:
        """The message, in English where it is not translated."""
        return self.texts.gettext(message)

    def ngettext(self, one: str, many: str, n: int) -> str:
        """The form that fits a number."""
        return self.texts.ngettext(one, many, n)

    def of_scripts(self, names: Collection[str]) -> dict[str, str | list[str]]:
        """What these scripts, and those that they import, say."""
        wanted = {script for name in names for script in (name, *imported(name))}
        return {message: text for name in sorted(wanted) for message, text in self.scripts.get(name, {}).items()}


@cache
def words(tag: str) -> Words:
    """The catalogue of a language; one without a file speaks English."""
    file = files(__package__) / "locales" / f"{tag}.po"
    if not file.is_file():
        return Words(gettext.NullTranslations(), {})
    catalog = read_po(BytesIO(file.read_bytes()), locale=tag.replace("-", "_"))
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Words(gettext.GNUTranslations(compiled), _by_script(catalog))


def _by_script(catalog: Catalog) -> dict[str, dict[str, str | list[str]]]:
    found: dict[str, dict[str, str | list[str]]] = {}
    for message in catalog:
        if not message.id or not message.string or message.fuzzy:
            continue
        key = message.id if isinstance(message.id, str) else message.id[0]
        text = message.string if isinstance(message.string, str) else list(message.string)
        for place, _line in message.locations:
            if place.endswith(".js"):
                found.setdefault(place.rpartition("static/")[2], {})[key] = text
    return found


@cache
def imported(name: str) -> frozenset[str]:
    """Every script that one imports, and those that these import."""
    source = files(__package__) / "static" / name
    found: set[str] = set()
    for other in _IMPORT.findall(source.read_text("utf-8") if source.is_file() else ""):
        if other not in found:
            found |= {other, *imported(other)}
    return frozenset(found)
