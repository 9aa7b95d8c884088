"""What an account keeps: uploads and outputs as a library, with favourites and collections of them.

Rows here name files and go with them: see `records.forget_file`. Statements: `sql/queries.sql`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from mutoscope.errors import Conflict, NotFound
from mutoscope.store.database import Database, Row, Transaction
from mutoscope.store.records import File, file_of
from mutoscope.store.values import FIRST_PAGE

KINDS = ("image", "video", "audio")
ROLES = ("upload", "output")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the library. poster: id and name of the picture that stands for an output, if there is one."""

    file: File
    is_favourite: bool = False
    poster: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """Files that somebody put together. files: how many."""

    id: str
    name: str
    created_ms: int
    files: int = 0


@dataclass(frozen=True, slots=True)
class Shelf:
    """Which files to list, newest first. cursor: (created_ms, id) of the last one seen."""

    role: str | None = None
    kind: str | None = None
    favourites: bool = False
    collection_id: str | None = None
    cursor: tuple[int, str] | None = None
    limit: int = 50


class Library:
    """Reads and writes of what is kept; every one names the account."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def entries(self, account_id: str, shelf: Shelf) -> list[Entry]:
        """Files that fit, newest first; none for somebody else's collection."""
        cursor_ms, cursor_id = shelf.cursor or FIRST_PAGE
        given = {
            "account_id": account_id,
            "role": shelf.role,
            "kind": shelf.kind,
            "favourites": int(shelf.favourites),
            "cursor_ms": cursor_ms,
            "cursor_id": cursor_id,
            "limit": shelf.limit,
        }
        if shelf.collection_id is not None:
            rows = await self._db.all("library_of_collection", **given, collection_id=shelf.collection_id)
        elif shelf.favourites:
            rows = await self._db.all("library_of_favourites", **given)
        elif shelf.kind is not None:
            rows = await self._db.all("library_of_kind", **given)
        elif shelf.role is not None:
            rows = await self._db.all("library_of_role", **given)
        else:
            rows = await self._db.all("library", **given)
        return [_entry(row) for row in rows]

    async def entry(self, file_id: str, account_id: str) -> Entry:
        """One upload or output. Raises NotFound."""
        row = await self._db.one("library_file", id=file_id, account_id=account_id)
        if row is None:
            raise NotFound("file not found")
        return _entry(row)

    async def set_favourite(self, file_id: str, account_id: str, *, is_favourite: bool) -> None:
        """Mark a file, or no longer. Raises NotFound."""

        def act(tx: Transaction) -> None:
            _check_file(tx, file_id, account_id)
            if is_favourite:
                tx.run("favourite_add", file_id=file_id)
            else:
                tx.run("favourite_forget", file_id=file_id)

        await self._db.write(act)

    async def collections(self, account_id: str) -> list[Collection]:
        """All of an account, by name."""
        return [_collection(row) for row in await self._db.all("collection_list", account_id=account_id)]

    async def collection(self, collection_id: str, account_id: str) -> Collection:
        """One collection. Raises NotFound."""
        row = await self._db.one("collection", id=collection_id, account_id=account_id)
        if row is None:
            raise NotFound("collection not found")
        return _collection(row)

    async def add_collection(self, account_id: str, name: str, *, at_most: int) -> Collection:
        """A new, empty one. Raises Conflict when there is one of this name, or `at_most` of any."""
        collection_id = uuid.uuid4().hex

        def act(tx: Transaction) -> Row:
            if len(tx.all("collection_names", account_id=account_id)) >= at_most:
                raise Conflict(f"this account has {at_most} collections; delete one first")
            _check_name(tx, account_id, name, collection_id)
            tx.run("collection_add", id=collection_id, account_id=account_id, name=name)
            return _only(tx, collection_id, account_id)

        return _collection(await self._db.write(act))

    async def rename_collection(self, collection_id: str, account_id: str, name: str) -> Collection:
        """Give it another name. Raises NotFound, and Conflict when another one has it."""

        def act(tx: Transaction) -> Row:
            _only(tx, collection_id, account_id)
            _check_name(tx, account_id, name, collection_id)
            tx.run("collection_rename", id=collection_id, account_id=account_id, name=name)
            return _only(tx, collection_id, account_id)

        return _collection(await self._db.write(act))

    async def delete_collection(self, collection_id: str, account_id: str) -> None:
        """Forget it; its files stay. Raises NotFound."""

        def act(tx: Transaction) -> None:
            if not tx.run("collection_delete", id=collection_id, account_id=account_id):
                raise NotFound("collection not found")
            tx.run("collected_clear", collection_id=collection_id)

        await self._db.write(act)

    async def put(self, collection_id: str, file_id: str, account_id: str) -> None:
        """Put a file into a collection; one that is in it already stays. Raises NotFound."""

        def act(tx: Transaction) -> None:
            _only(tx, collection_id, account_id)
            _check_file(tx, file_id, account_id)
            tx.run("collected_add", collection_id=collection_id, file_id=file_id)

        await self._db.write(act)

    async def take(self, collection_id: str, file_id: str, account_id: str) -> None:
        """Take a file out of a collection; one that is not in it is no error. Raises NotFound."""

        def act(tx: Transaction) -> None:
            _only(tx, collection_id, account_id)
            _check_file(tx, file_id, account_id)
            tx.run("collected_remove", collection_id=collection_id, file_id=file_id)

        await self._db.write(act)


def _check_file(tx: Transaction, file_id: str, account_id: str) -> None:
    if tx.one("library_file", id=file_id, account_id=account_id) is None:
        raise NotFound("file not found")


def _check_name(tx: Transaction, account_id: str, name: str, collection_id: str) -> None:
    taken = [row["id"] for row in tx.all("collection_names", account_id=account_id) if row["name"] == name]
    if taken and taken != [collection_id]:
        raise Conflict("there is a collection of this name already")


def _only(tx: Transaction, collection_id: str, account_id: str) -> Row:
    row = tx.one("collection", id=collection_id, account_id=account_id)
    if row is None:
        raise NotFound("collection not found")
    return row


def _entry(row: Row) -> Entry:
    poster = (row["poster_id"], row["poster_name"]) if row["poster_id"] is not None else None
    return Entry(file_of(row), row["favourite"] is not None, poster)


def _collection(row: Row) -> Collection:
    return Collection(row["id"], row["name"], row["created_ms"], row["files"])
