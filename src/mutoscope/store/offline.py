"""A whole database, apart from the running store: read for an archive or an audit, filled from an archive."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from mutoscope.errors import ConfigError
from mutoscope.store import statements
from mutoscope.store.address import check_address, shown
from mutoscope.store.bulk import Bulk, SqliteBulk, Value
from mutoscope.store.opening import NAME
from mutoscope.store.sqlite import Sqlite

_VERSION = "schema_version"
"""The row of `meta` in which PostgreSQL keeps what SQLite has a pragma for. Never archived."""


@contextmanager
def reading(data: Path, address: str) -> Iterator[Bulk]:
    """A consistent view of a database, while its server may go on. Raises ConfigError when there is none."""
    if address:
        check_address(address)
        from mutoscope.store.pgbulk import pg_reading  # noqa: PLC0415 - an extra

        with pg_reading(address) as bulk:
            yield bulk
        return
    path = existing(data)
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        connection.execute("begin")
        yield SqliteBulk(connection)
    except sqlite3.DatabaseError as exc:
        raise ConfigError(f"{path}: {exc}; restore a backup: serve its folder with --data") from exc
    finally:
        connection.close()


@contextmanager
def mending(data: Path, address: str) -> Iterator[Bulk]:
    """A database to be written, while its server may go on; committed at the end of the block."""
    if address:
        check_address(address)
        from mutoscope.store.pgbulk import pg_mending  # noqa: PLC0415 - an extra

        with pg_mending(address) as bulk:
            yield bulk
        return
    with closing(sqlite3.connect(existing(data), isolation_level=None)) as connection, connection:
        connection.execute("begin immediate")
        yield SqliteBulk(connection)


@contextmanager
def filling(data: Path, address: str, *, version: int) -> Iterator[Bulk]:
    """An empty database with the schema of this version; committed at the end of the block, then brought up to date.

    Raises ConfigError when it is not empty, or its server runs.
    """
    if address:
        check_address(address)
        from mutoscope.store.pgbulk import pg_filling  # noqa: PLC0415 - an extra

        with pg_filling(address, version=version) as bulk:
            check_empty(bulk, shown(address))
            yield bulk
        return
    database = Sqlite(data / NAME)
    try:
        database.migrate(up_to=version)
        with database.exclusively() as connection:
            file = SqliteBulk(connection)
            check_empty(file, str(data))
            yield file
        database.migrate()
    finally:
        database.release()


def existing(data: Path) -> Path:
    """The SQLite file of a data folder. Raises ConfigError when there is none."""
    if not (data / NAME).is_file():
        raise ConfigError(f"{data}: no Mutoscope database here; name the data folder with --data")
    return data / NAME


def check_empty(bulk: Bulk, where: str) -> None:
    """Raises ConfigError that names what is there already."""
    for table, columns in bulk.tables().items():
        if next(archived(bulk, table, columns), None) is not None:
            raise ConfigError(f"{where}: holds rows already ({table}); an archive is imported into an empty database")


def archived(bulk: Bulk, table: str, columns: Sequence[str]) -> Iterator[tuple[Value, ...]]:
    """The rows of a table that belong into an archive."""
    for row in bulk.rows(table, columns):
        if not (table == "meta" and row[columns.index("name")] == _VERSION):
            yield row


def problems(data: Path, address: str) -> Iterator[str]:
    """What is wrong with a site's rows, one sentence each."""
    with reading(data, address) as bulk:
        if isinstance(bulk, SqliteBulk):
            yield from (f"damaged file: {found}" for found in bulk.find("pragma integrity_check") if found != "ok")
        for name, sql in statements.load(bulk.words, "audit.sql").items():
            for found in bulk.find(sql):
                yield f"{name.replace('_', ' ')}: {found}"


def repair(data: Path, address: str) -> int:
    """Make sums anew that are not those of their rows; how many there were."""
    with mending(data, address) as bulk:
        return sum(bulk.change(sql) for sql in statements.load({}, "repair.sql").values())
