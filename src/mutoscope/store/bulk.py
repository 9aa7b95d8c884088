"""A database table by table, without knowing its tables but by asking. How it is opened: `offline`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

Value = str | int | float | None
COUNTED = "events"
"""The table whose numbers never repeat; its key is `seq`."""


class Bulk(Protocol):
    """One database, in one transaction. words: what `audit.sql` has braces for."""

    words: Mapping[str, str]

    def version(self) -> int:
        """Number of the newest migration applied."""
        ...

    def tables(self) -> dict[str, tuple[str, ...]]:
        """Every table, by name, with its columns."""
        ...

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[tuple[Value, ...]]:
        """Every row, in the order of the first columns."""
        ...

    def add(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> int:
        """Fill a table; how many rows were added."""
        ...

    def last_number(self) -> int:
        """The largest number that an event ever had."""
        ...

    def count_on(self, last: int) -> None:
        """The next event gets a larger number."""
        ...

    def find(self, sql: str) -> list[Value]:
        """The first column of what a query finds."""
        ...

    def change(self, sql: str) -> int:
        """Run a statement; how many rows it changed."""
        ...


# -- SQLite -------------------------------------------------------------------------------------------------------


class SqliteBulk:
    """A SQLite file."""

    words: Mapping[str, str] = {
        "event_state": "json_extract(data, '$.state')",
        "outputs": "json_each(r.result, '$.outputs') o",
    }

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def version(self) -> int:
        return int(self._connection.execute("pragma user_version").fetchone()[0])

    def tables(self) -> dict[str, tuple[str, ...]]:
        found = self._connection.execute(
            "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name"
        )
        return {name: self._columns(name) for (name,) in found.fetchall()}

    def _columns(self, table: str) -> tuple[str, ...]:
        return tuple(row[1] for row in self._connection.execute(f"pragma table_info({table})"))

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[tuple[Value, ...]]:
        names = ", ".join(columns)
        order = ", ".join(columns[:2])
        yield from self._connection.execute(f"select {names} from {table} order by {order}")  # noqa: S608 - our tables

    def add(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> int:
        places = ", ".join("?" * len(columns))
        sql = f"insert into {table} ({', '.join(columns)}) values ({places})"  # noqa: S608 - our tables
        before = self._connection.total_changes
        self._connection.executemany(sql, rows)
        return self._connection.total_changes - before

    def last_number(self) -> int:
        row = self._connection.execute("select seq from sqlite_sequence where name = ?", (COUNTED,)).fetchone()
        return int(row[0]) if row else 0

    def count_on(self, last: int) -> None:
        if not self._connection.execute("update sqlite_sequence set seq = ? where name = ?", (last, COUNTED)).rowcount:
            self._connection.execute("insert into sqlite_sequence (name, seq) values (?, ?)", (COUNTED, last))

    def find(self, sql: str) -> list[Value]:
        return [row[0] for row in self._connection.execute(sql)]

    def change(self, sql: str) -> int:
        return self._connection.execute(sql).rowcount
