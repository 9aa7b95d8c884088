"""The named statements of `sql/queries.sql`, with a database's own words put in.

A statement starts with `-- name: word` and ends where the next one starts. `{now_ms}`, `{greatest}` and
`{skip_locked}` are the only places where two databases differ.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources

_NAMED = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)


def load(words: Mapping[str, str]) -> dict[str, str]:
    """Statements by name. words: the text for each placeholder."""
    text = resources.files("mutoscope.store").joinpath("sql/queries.sql").read_text(encoding="utf-8")
    pieces = _NAMED.split(text)[1:]
    found = {}
    for name, body in zip(pieces[::2], pieces[1::2], strict=True):
        sql = _COMMENT.sub("", body)
        for word, meaning in words.items():
            sql = sql.replace("{" + word + "}", meaning)
        found[name] = " ".join(sql.split())
    return found


def migrations() -> tuple[tuple[int, str], ...]:
    """Numbered schema changes in order: (1, "create table …")."""
    folder = resources.files("mutoscope.store").joinpath("migrations")
    files = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple((int(name[:4]), folder.joinpath(name).read_text(encoding="utf-8")) for name in files)
