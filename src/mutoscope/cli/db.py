"""`mutoscope db`: a site's database, in its data folder or in PostgreSQL. `backup`, `check` and `export` work while
the server runs; the others want it stopped.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mutoscope import app, settings
from mutoscope.client import ClientError, credentials
from mutoscope.errors import ConfigError
from mutoscope.server.auth import fingerprint
from mutoscope.store import archive, offline
from mutoscope.store.address import shown
from mutoscope.store.opening import open_database
from mutoscope.store.store import Store


def _placed(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say where a site is."""
    data = click.option("--data", type=click.Path(path_type=Path), default=None, help="Data folder [MUTOSCOPE_DATA].")
    database = click.option(
        "--database", default=None, help="postgresql://…; empty: SQLite in the data folder [MUTOSCOPE_DATABASE]."
    )
    return data(database(command))


def _settings(data: Path | None, database: str | None) -> settings.Settings:
    """Those in force for a site that is there already."""
    found = settings.load({"data": data, "database": database})
    if not found.database:
        offline.existing(found.data)
    return found


@click.group("db")
def command() -> None:
    """Look after the database.

    Example: mutoscope db backup /backups/today
    """


@command.command("migrate")
@_placed
def migrate(data: Path | None, database: str | None) -> None:
    """Bring the schema up to date; of a SQLite file a copy is kept beside it first.

    Example: mutoscope db migrate
    """
    found = _settings(data, database)
    asyncio.run(_closed(Store(open_database(found.data, found.database))))
    with offline.reading(found.data, found.database) as opened:
        click.echo(f"schema version {opened.version()}")


async def _closed(store: Store) -> None:
    await store.db.close()


@command.command("check")
@click.option("--repair", is_flag=True, help="First make sums anew that are not those of their rows.")
@_placed
def check(repair: bool, data: Path | None, database: str | None) -> None:
    """Check the rows: every finished request is accounted for once. Of a SQLite file also every page.

    Example: mutoscope db check --repair
    """
    found = _settings(data, database)
    if repair:
        click.echo(f"{offline.repair(found.data, found.database)} sum(s) made anew")
    problems = list(offline.problems(found.data, found.database))
    for problem in problems:
        click.echo(problem)
    if problems:
        raise ConfigError(f"{len(problems)} problem(s) found")
    click.echo("the database is sound")


@command.command("export")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--no-files", is_flag=True, help="Rows only; uploads and outputs stay where they are.")
@_placed
def export(target: Path, no_files: bool, data: Path | None, database: str | None) -> None:
    """Write a site into a new folder that either database can import.

    Example: mutoscope db export /backups/moving
    """
    archive.export(_place(_settings(data, database)), target, with_files=not no_files, say=_say)
    click.echo(f"exported to {target}; it holds prompts, results and what signs webhooks: keep it to yourself")


@command.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@_placed
def load(source: Path, data: Path | None, database: str | None) -> None:
    """Fill an empty database from an exported folder. The server must be stopped.

    Example: mutoscope db import /backups/moving --database postgresql://mutoscope@db.example/mutoscope
    """
    found = settings.load({"data": data, "database": database})
    archive.load(source, _place(found), say=_say)
    click.echo(f"imported into {shown(found.database)} ({found.data}); check it: mutoscope db check")


def _place(found: settings.Settings) -> archive.Place:
    return archive.Place(found.data, found.database, found.files)


def _say(line: str) -> None:
    click.echo(line, err=True)


@command.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@_placed
def backup(target: Path, data: Path | None, database: str | None) -> None:
    """Copy a SQLite database and its files into a new folder; the server may go on meanwhile.

    Example: mutoscope db backup /backups/2026-11-22
    """
    found = _settings(data, database)
    if found.database:
        raise ConfigError("back PostgreSQL up with its own tools (pg_dump), or take an archive: mutoscope db export")
    if target.exists():
        raise ConfigError(f"{target}: exists already; choose a new folder")
    target.mkdir(parents=True, mode=0o700)
    path = offline.existing(found.data)
    source = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)  # so a folder may be called `what?`
    copy = sqlite3.connect(target / path.name)
    with source, copy:
        source.backup(copy)
    source.close()
    copy.close()
    if found.files is None:
        click.echo(f"the files stay in {found.storage}; a copy of them: mutoscope storage copy --help", err=True)
    elif found.files.is_dir():
        shutil.copytree(found.files, target / "files", copy_function=_copy_if_there)
    click.echo(f"copied to {target}; restore by serving that folder: mutoscope serve --data {target}")


def _copy_if_there(source: str, target: str) -> None:
    """A file may be deleted while the backup walks; its row went before it."""
    with contextlib.suppress(FileNotFoundError):
        shutil.copy2(source, target)


@command.command("reset-key")
@_placed
def reset_key(data: Path | None, database: str | None) -> None:
    """Revoke every key of the owner and print a new one. With SQLite the server must be stopped.

    Example: mutoscope db reset-key
    """
    url = held = None
    with contextlib.suppress(ClientError):  # a file that cannot be read is no reason to keep somebody locked out
        url, held = credentials.stored()
    key, was_ours = asyncio.run(_reset_key(_settings(data, database), held))
    click.echo(key)
    if url and was_ours:
        click.echo(f"kept for client and command line in {credentials.keep(url, key)}", err=True)


async def _reset_key(found: settings.Settings, held: str | None) -> tuple[Any, bool]:
    """The new key, and whether the one that the command line holds was one of those revoked now."""
    store = Store(open_database(found.data, found.database))
    try:
        caller = await store.caller(fingerprint(held)) if held else None
        account_id = await store.first_account()
        if account_id is None:
            raise ConfigError("no account yet; the first `mutoscope serve` makes one with its key")
        await app.revoke_owner_keys(store, account_id)
        return await app.add_owner_key(store, account_id), caller is not None and caller.account_id == account_id
    finally:
        await store.db.close()
