"""The named statements of `sql/queries.sql` and the numbered migrations, with a database's own words put in.

A statement starts with `-- name: word` and ends where the next one starts. Words in braces, such as `{now_ms}`, are the
only places where two databases differ.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

_NAMED = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]\w*)")


@dataclass(frozen=True, slots=True)
class Numbered:
    """A statement as PostgreSQL wants it: `$1` in place of `:name`. parameters: their names, in that order."""

    text: bytes
    parameters: tuple[str, ...]


def load(words: Mapping[str, str], file: str = "queries.sql") -> dict[str, str]:
    """Statements by name. words: the text for each placeholder."""
    text = resources.files("mutoscope.store").joinpath("sql", file).read_text(encoding="utf-8")
    pieces = _NAMED.split(text)[1:]
    named = zip(pieces[::2], pieces[1::2], strict=True)
    return {name: " ".join(_put_in(_COMMENT.sub("", body), words).split()) for name, body in named}


def numbered(sql: str) -> Numbered:
    """`where id = :id and at < :at or id = :id` becomes `where id = $1 and at < $2 or id = $1`."""
    names = tuple(dict.fromkeys(_PARAMETER.findall(sql)))
    text = _PARAMETER.sub(lambda match: f"${names.index(match.group(1)) + 1}", sql)
    return Numbered(text.encode(), names)


def migrations(words: Mapping[str, str]) -> tuple[tuple[int, str], ...]:
    """Numbered schema changes in order: (1, "create table …")."""
    folder = resources.files("mutoscope.store").joinpath("migrations")
    files = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple((int(name[:4]), _put_in(folder.joinpath(name).read_text(encoding="utf-8"), words)) for name in files)


def newest() -> int:
    """Number of the newest migration this program knows."""
    return migrations({})[-1][0]


def _put_in(text: str, words: Mapping[str, str]) -> str:
    for word, meaning in words.items():
        text = text.replace("{" + word + "}", meaning)
    return text
