"""What a page of reference is made of. Texts are a line of Markdown each, so that both ways of writing them can.

Text out of manifests goes through `plain`, which leaves nothing in it that Markdown or HTML would read as markup.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

_MARKUP = re.compile(r"([\\`*_\[\]<>&~!#])")
_FIRST = re.compile(r"^(\d*)([-+=.)])")
"""What at the beginning of a line would start a list or underline a heading."""


def plain(text: str) -> str:
    """Somebody's text as Markdown that shows exactly that text, on one line."""
    return _FIRST.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", " ".join(text.split())))


def code(text: object) -> str:
    """A piece of code inside a text."""
    shown = " ".join(str(text).split())
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", shown)), default=0))
    pad = " " if len(fence) > 1 else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    markdown: str
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Note:
    """A paragraph that must not be overlooked."""

    markdown: str
    kind: str = "note"


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list."""

    items: Sequence[str]
    kind: str = "bullets"


@dataclass(frozen=True, slots=True)
class Table:
    """A table; cells are lines of Markdown."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    kind: str = "table"


@dataclass(frozen=True, slots=True)
class Snippet:
    """One example in one language. language: the word that Markdown's fences know."""

    name: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """The same example in several languages. call: what is tried when a reader tries it, if it can be."""

    snippets: Sequence[Snippet]
    call: str = ""
    kind: str = "code"


@dataclass(frozen=True, slots=True)
class Json:
    """A JSON value. title: what it is."""

    title: str
    value: Any
    kind: str = "json"


Block = Text | Note | Bullets | Table | Code | Json


@dataclass(frozen=True, slots=True)
class Section:
    """A chapter or a part of one. anchor: its name in addresses. shared: the same for every model."""

    anchor: str
    title: str
    blocks: Sequence[Block] = ()
    parts: Sequence[Section] = ()
    shared: bool = False

    def without_shared(self) -> Section:
        """The same with its own parts only."""
        return replace(self, parts=tuple(part for part in self.parts if not part.shared))


@dataclass(frozen=True, slots=True)
class Document:
    """A whole page. example: the body that its examples submit, and where a picture's address stands in it."""

    title: str
    lead: str
    sections: Sequence[Section]
    facts: Mapping[str, Any] = field(default_factory=dict)
