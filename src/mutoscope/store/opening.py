"""From an address to a database with the newest schema: the only place that chooses between SQLite and PostgreSQL."""

from __future__ import annotations

import time
from pathlib import Path

import structlog

from mutoscope.store.address import check_address, shown
from mutoscope.store.database import Database
from mutoscope.store.sqlite import Sqlite

log = structlog.get_logger(__name__)

NAME = "mutoscope.db"
"""The file in the data folder."""


def open_database(data: Path, address: str = "") -> Database:
    """The database of a site, its schema brought up to date.

    address   `postgresql://…`; empty: the SQLite file in the folder `data`, of which a copy is kept before an upgrade.
    Raises ConfigError when it cannot be had, another process has the file open, or a newer version wrote it.
    """
    if address:
        check_address(address)
        from mutoscope.store import pgschema  # noqa: PLC0415 - an extra
        from mutoscope.store.postgres import Postgres  # noqa: PLC0415 - an extra

        before, after = pgschema.migrate(address)
        if before < after:
            log.info("database.migrated", before=before, after=after, database=shown(address))
        return Postgres(pgschema.conninfo(address))
    database = Sqlite(data / NAME)
    before = database.version()
    if before and before < database.newest():
        copy = data / f"mutoscope.before-{database.newest():04d}.{int(time.time())}.db"
        database.backup(copy)
        log.info("database.copied", version=before, path=str(copy))
    database.migrate()
    return database
