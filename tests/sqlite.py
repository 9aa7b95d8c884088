"""A new SQLite database for a test. Its schema is made once: each of its steps waits for the disk."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from mutoscope.store.sqlite import Sqlite


def fresh(path: Path) -> Sqlite:
    """An empty database of the newest schema in this file; if it is there, as it was left."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_empty())
    return Sqlite(path)


@functools.cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        database = Sqlite(Path(folder) / "mutoscope.db")
        database.migrate()
        database.release()
        return database.path.read_bytes()
