"""A site as a folder that every version and either database can read: rows as lines of JSON, and the files.

    archive.json            what it is: versions, rows and SHA-256 of every table, written last
    tables/<name>.jsonl     first line: the columns; then one row a line, values in their order
    files/                  as in the data folder

It holds what the database holds: prompts, hashed keys, and what signs webhooks and addresses, in clear.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

import mutoscope
from mutoscope.errors import ConfigError
from mutoscope.store import statements
from mutoscope.store.bulk import Bulk, Value
from mutoscope.store.offline import archived, filling, reading

FORMAT = "mutoscope-archive"
NEWEST = 1
_HEAD = "archive.json"

IN_A_BUCKET = "export with --no-files, and copy them with `mutoscope storage copy`"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a site is: its data folder, the address of its database if it is not there, the folder of its files.

    files   None when they are in a bucket, where they stay.
    """

    data: Path
    address: str
    files: Path | None


def export(place: Place, target: Path, *, with_files: bool, say: Say) -> None:
    """Write a site into a new folder; its server may go on. Raises ConfigError when the folder exists."""
    if target.exists():
        raise ConfigError(f"{target}: exists already; choose a new folder")
    if with_files and place.files is None:
        raise ConfigError(f"the files are in a bucket and stay there: {IN_A_BUCKET}")
    with reading(place.data, place.address) as bulk:
        (target / "tables").mkdir(parents=True, mode=0o700)
        target.chmod(0o700)
        head: dict[str, Any] = {
            "format": FORMAT,
            "version": NEWEST,
            "mutoscope": mutoscope.__version__,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "schema": bulk.version(),
            "last_event": bulk.last_number(),
            "tables": {},
            "files": with_files,
        }
        for table, columns in bulk.tables().items():
            rows, digest = _write(_path(target, table), columns, archived(bulk, table, columns))
            head["tables"][table] = {"rows": rows, "sha256": digest}
            say(f"{table}: {rows} rows")
    if with_files and place.files is not None and place.files.is_dir():
        say(f"{_copy(place.files, target / 'files')} files")
    (target / _HEAD).write_bytes(orjson.dumps(head, option=orjson.OPT_INDENT_2) + b"\n")


def load(source: Path, place: Place, *, say: Say) -> None:
    """Fill an empty database, and the folder of files, from an archive. All rows arrive, or none.

    Raises ConfigError that says what does not fit: no archive, a damaged or a newer one, a database with rows.
    """
    head = _head(source)
    if head["files"] and place.files is None:
        raise ConfigError(f"the archive holds files, and this site keeps its own in a bucket: {IN_A_BUCKET}")
    with filling(place.data, place.address, version=head["schema"]) as bulk:
        if bulk.version() != head["schema"]:
            raise ConfigError(
                f"the database has schema version {bulk.version()} and the archive {head['schema']}: "
                "import into a database that has no tables yet"
            )
        known = bulk.tables()
        for table, said in head["tables"].items():
            if table not in known:
                raise ConfigError(f"{source}: the table {table} is not one of schema version {head['schema']}")
            say(f"{table}: {_fill(bulk, source, table, known[table], said)} rows")
        bulk.count_on(head["last_event"])
        if head["files"] and place.files is not None and (source / "files").is_dir():
            say(f"{_copy(source / 'files', place.files)} files")


def _head(source: Path) -> dict[str, Any]:
    try:
        head = orjson.loads((source / _HEAD).read_bytes())
    except FileNotFoundError as exc:
        raise ConfigError(f"{source}: no whole archive: {_HEAD}, which is written last, is missing") from exc
    except ValueError as exc:
        raise ConfigError(f"{source / _HEAD}: is no JSON: {exc}") from exc
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise ConfigError(f"{source / _HEAD}: is not that of a Mutoscope archive")
    newest = statements.newest()
    if head["version"] > NEWEST or head["schema"] > newest:
        raise ConfigError(
            f"{source}: made by Mutoscope {head['mutoscope']} with schema version {head['schema']}; "
            f"this program knows {newest}; import it with the newer version"
        )
    return head


def _fill(bulk: Bulk, source: Path, table: str, known: tuple[str, ...], said: dict[str, Any]) -> int:
    path = _path(source, table)
    digest = hashlib.sha256()
    try:
        with path.open("rb") as lines:
            columns = tuple(_row(path, 1, digest, lines.readline()))
            if set(columns) != set(known):
                raise ConfigError(f"{path}: found the columns {', '.join(map(str, columns))}; accepted are {known}")
            rows = bulk.add(
                table,
                [str(column) for column in columns],
                (_row(path, number, digest, line) for number, line in enumerate(lines, 2)),
            )
    except FileNotFoundError as exc:
        raise ConfigError(f"{path}: is missing") from exc
    if (rows, digest.hexdigest()) != (said["rows"], said["sha256"]):
        raise ConfigError(f"{path}: was changed or cut: found {rows} rows, written were {said['rows']}")
    return rows


def _row(path: Path, number: int, digest: Any, line: bytes) -> list[Value]:
    digest.update(line)
    try:
        row = orjson.loads(line)
    except ValueError as exc:
        raise ConfigError(f"{path}, line {number}: is no JSON; nothing is kept") from exc
    if not isinstance(row, list):
        raise ConfigError(f"{path}, line {number}: accepted is a list of values; nothing is kept")
    return row


def _write(path: Path, columns: tuple[str, ...], rows: Iterator[tuple[Value, ...]]) -> tuple[int, str]:
    """How many rows there were, and the file's SHA-256."""
    digest = hashlib.sha256()
    count = 0
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:

        def put(line: bytes) -> None:
            digest.update(line)
            file.write(line)

        put(orjson.dumps(columns) + b"\n")
        for row in rows:
            put(orjson.dumps(row) + b"\n")
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return count, digest.hexdigest()


def _path(folder: Path, table: str) -> Path:
    return folder / "tables" / f"{table}.jsonl"


def _copy(source: Path, target: Path) -> int:
    """Copy a folder of files; how many."""
    copied = 0

    def one(path: str, to: str) -> None:
        nonlocal copied
        with contextlib.suppress(FileNotFoundError):  # deleted while we walk; its row went before it, or will say so
            shutil.copy2(path, to)
            copied += 1

    shutil.copytree(source, target, copy_function=one, dirs_exist_ok=True)
    return copied
