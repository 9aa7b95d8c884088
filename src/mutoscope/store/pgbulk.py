"""A PostgreSQL database at rest. See `bulk`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from mutoscope.store import pgschema
from mutoscope.store.bulk import COUNTED, Value

_AT_ONCE = 500


class PostgresBulk:
    """A PostgreSQL database, by a connection in a transaction."""

    words: Mapping[str, str] = {
        "event_state": "(data::json ->> 'state')",
        "outputs": "json_array_elements_text(r.result::json -> 'outputs') o (value)",
    }

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def version(self) -> int:
        return pgschema.version(self._connection)

    def tables(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for table, column in self._connection.execute(
            "select c.table_name, c.column_name from information_schema.columns c "
            "join information_schema.tables t using (table_schema, table_name) "
            "where c.table_schema = current_schema() and t.table_type = 'BASE TABLE' "
            "and c.table_name <> 'commit_marks' "
            "order by c.table_name, c.ordinal_position"
        ):
            found[table] = (*found.get(table, ()), column)
        return found

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[tuple[Value, ...]]:
        query = SQL("select {} from {} order by {}").format(_names(columns), Identifier(table), _names(columns[:2]))
        with self._connection.cursor("rows") as cursor:
            cursor.itersize = _AT_ONCE
            yield from cursor.execute(query)

    def add(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> int:
        query = SQL("copy {} ({}) from stdin").format(Identifier(table), _names(columns))
        added = 0
        with self._connection.cursor() as cursor, cursor.copy(query) as copy:
            for row in rows:
                copy.write_row([_kept(value) for value in row])
                added += 1
        return added

    def last_number(self) -> int:
        query = SQL("select last_value, is_called from {}").format(SQL(self._sequence()))
        row = self._connection.execute(query).fetchone()
        assert row is not None
        return int(row[0]) if row[1] else 0

    def count_on(self, last: int) -> None:
        self._connection.execute("select setval(%s, %s, %s)", (self._sequence(), max(last, 1), last > 0))

    def _sequence(self) -> str:
        row = self._connection.execute("select pg_get_serial_sequence(%s, 'seq')", (COUNTED,)).fetchone()
        assert row is not None
        return str(row[0])

    def find(self, sql: str) -> list[Value]:
        return [row[0] for row in self._connection.execute(sql.encode())]

    def change(self, sql: str) -> int:
        return self._connection.execute(sql.encode()).rowcount


def _names(columns: Sequence[str]) -> Any:
    return SQL(", ").join(Identifier(column) for column in columns)


def _kept(value: Value) -> Value:
    """PostgreSQL holds no U+0000: U+FFFD stands for it, as in everything the server writes there."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) and "\0" in value else value


@contextmanager
def pg_reading(address: str) -> Iterator[PostgresBulk]:
    """A consistent view, while servers go on."""
    with pgschema.connected(address) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        with connection.transaction():
            yield PostgresBulk(connection)


@contextmanager
def pg_mending(address: str) -> Iterator[PostgresBulk]:
    """A transaction in which nobody else moves the sums of days; servers wait for it."""
    with pgschema.connected(address) as connection, connection.transaction():
        connection.execute("set local lock_timeout = '10s'")
        connection.execute("lock table usage_days in share row exclusive mode")
        yield PostgresBulk(connection)


@contextmanager
def pg_filling(address: str, *, version: int) -> Iterator[PostgresBulk]:
    """The schema of this version, and a transaction in which nobody else writes accounts."""
    pgschema.migrate(address, up_to=version)
    with pgschema.connected(address) as connection, connection.transaction():
        connection.execute("lock table accounts in exclusive mode")
        yield PostgresBulk(connection)
    pgschema.migrate(address)
