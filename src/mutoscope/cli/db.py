"""`mutoscope db`: the database of a data folder, with the server stopped (backup also while it runs)."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import click

from mutoscope import app, settings
from mutoscope.client import ClientError, credentials
from mutoscope.errors import ConfigError
from mutoscope.server.auth import fingerprint
from mutoscope.store.store import Store

_data = click.option("--data", type=click.Path(path_type=Path), default=None, help="Data folder [MUTOSCOPE_DATA].")


@click.group("db")
def command() -> None:
    """Look after the database.

    Example: mutoscope db backup /backups/today
    """


@command.command("migrate")
@_data
def migrate(data: Path | None) -> None:
    """Bring the schema up to date; a copy of the database is kept beside it first.

    Example: mutoscope db migrate
    """
    database = app.open_database(_folder(data))
    click.echo(f"schema version {database.version()}")
    _run(database.close())


@command.command("check")
@_data
def check(data: Path | None) -> None:
    """Check the file and that every finished request is accounted for once.

    Example: mutoscope db check
    """
    problems = _audit(_folder(data) / "mutoscope.db")
    for problem in problems:
        click.echo(problem)
    if problems:
        raise ConfigError(f"{len(problems)} problem(s) found")
    click.echo("the database is sound")


@command.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@_data
def backup(target: Path, data: Path | None) -> None:
    """Copy database and files into a new folder; the server may go on meanwhile.

    Example: mutoscope db backup /backups/2026-11-22
    """
    folder = _folder(data)
    if target.exists():
        raise ConfigError(f"{target}: exists already; choose a new folder")
    target.mkdir(parents=True, mode=0o700)
    source = _open(folder / "mutoscope.db")
    copy = sqlite3.connect(target / "mutoscope.db")
    with source, copy:
        source.backup(copy)
    source.close()
    copy.close()
    if (folder / "files").is_dir():
        shutil.copytree(folder / "files", target / "files", copy_function=_copy_if_there)
    click.echo(f"copied to {target}; restore by serving that folder: mutoscope serve --data {target}")


def _copy_if_there(source: str, target: str) -> None:
    """A file may be deleted while the backup walks; its row went before it."""
    with contextlib.suppress(FileNotFoundError):
        shutil.copy2(source, target)


@command.command("reset-key")
@_data
def reset_key(data: Path | None) -> None:
    """Revoke every key of the owner and print a new one. The server must be stopped.

    Example: mutoscope db reset-key
    """
    url = held = None
    with contextlib.suppress(ClientError):  # a file that cannot be read is no reason to keep somebody locked out
        url, held = credentials.stored()
    key, was_ours = _run(_reset_key(_folder(data), held))
    click.echo(key)
    if url and was_ours:
        click.echo(f"kept for client and command line in {credentials.keep(url, key)}", err=True)


async def _reset_key(folder: Path, held: str | None) -> tuple[str, bool]:
    """The new key, and whether the one that the command line holds was one of those revoked now."""
    store = Store(app.open_database(folder))
    try:
        caller = await store.caller(fingerprint(held)) if held else None
        account_id = await store.first_account()
        if account_id is None:
            raise ConfigError(f"{folder}: no account yet; the first `mutoscope serve` makes one with its key")
        await store.revoke_all_keys(account_id)
        return await app.add_owner_key(store, account_id), caller is not None and caller.account_id == account_id
    finally:
        await store.db.close()


def _audit(path: Path) -> list[str]:
    database = _open(path)
    try:
        return list(_problems(database))
    except sqlite3.DatabaseError as exc:
        raise ConfigError(f"{path}: {exc}; restore a backup: serve its folder with --data") from exc
    finally:
        database.close()


def _problems(database: sqlite3.Connection) -> Iterator[str]:
    for row in database.execute("pragma integrity_check"):
        if row[0] != "ok":
            yield str(row[0])
    for text, query in _AUDIT:
        for row in database.execute(query):
            yield f"{text}: {row[0]}"


def _open(path: Path) -> sqlite3.Connection:
    """The database for reading. An address, so that a folder may be called `what?`."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


_AUDIT = (
    (
        "request with more than one terminal event",
        "select request_id from events where kind = 'state' and json_extract(data, '$.state') in "
        "('completed', 'failed', 'cancelled') group by request_id having count(*) > 1",
    ),
    (
        "completed request without a result",
        "select id from requests where state = 'completed' and result is null",
    ),
    (
        "finished request whose usage is still held",
        "select r.id from requests r join usage u on u.request_id = r.id "
        "where r.state in ('completed', 'failed', 'cancelled') and u.state = 'held'",
    ),
    (
        "request without a usage row",
        "select id from requests where id not in (select request_id from usage)",
    ),
    (
        "output that is not on record",
        "select r.id from requests r, json_each(r.result, '$.outputs') o "
        "where r.state = 'completed' and o.value not in (select id from files)",
    ),
)


def _folder(data: Path | None) -> Path:
    folder = settings.load({"data": data}).data
    if not (folder / "mutoscope.db").is_file():
        raise ConfigError(f"{folder}: no Mutoscope database here; name the data folder with --data")
    return folder


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)
