"""Accounts, keys, files and usage: the rows around the request table. Requests themselves: `store`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from mutoscope.errors import NotFound
from mutoscope.jobs import State
from mutoscope.quotas import OPEN, Quota
from mutoscope.store import usage
from mutoscope.store.database import Database, Row, Transaction
from mutoscope.store.usage import Usage


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling: a key, its account, what it may do and how much of it.

    networks: where it may come from; empty: anywhere.
    """

    key_id: str
    account_id: str
    scopes: frozenset[str]
    networks: tuple[str, ...] = ()
    quota: Quota = OPEN


@dataclass(frozen=True, slots=True)
class Key:
    """An API key without its secret.

    prefix              the first characters, to recognise it by.
    networks            where it may be used from; empty: anywhere.
    previous_until_ms   how long the secret before the present one opens too.
    last_used_ms        to the minute; None: never, or not since that is noted.
    """

    id: str
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_ms: int
    expires_ms: int | None
    revoked_ms: int | None
    networks: tuple[str, ...] = ()
    previous_until_ms: int | None = None
    last_used_ms: int | None = None
    quota: Quota = OPEN


@dataclass(frozen=True, slots=True)
class File:
    """A stored file. info: what probing found. key: where its bytes are.

    role   upload, input, output, or poster: the picture that stands for an output.
    """

    id: str
    account_id: str
    request_id: str | None
    role: str
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    info: Mapping[str, Any]
    key: str
    created_ms: int = 0


@dataclass(frozen=True, slots=True)
class Copy:
    """An earlier output that a request gets in place of a run.

    source_id   the request that it was made for.
    result      what is kept of the request that gets it: see `Job`.
    files       its own copies, in storage already.
    """

    source_id: str
    result: Mapping[str, Any]
    files: tuple[File, ...]


class Records:
    """Reads and writes of everything but the request table."""

    def __init__(self, db: Database) -> None:
        self.db = db

    # -- accounts and keys ------------------------------------------------------------------------------------

    async def caller(self, key_sha256: str) -> Caller | None:
        """Who holds the key with this hash; None if unknown, revoked or expired."""
        row = await self.db.one("key_caller", key_sha256=key_sha256)
        if row is None:
            row = await self.db.one("key_caller_previous", key_sha256=key_sha256)
        if row is None:
            return None
        return _caller(*row)

    async def first_account(self) -> str | None:
        """The oldest account, which the server's owner uses."""
        row = await self.db.one("account_first")
        return str(row["id"]) if row else None

    async def account(self, name: str) -> str | None:
        """The account of this name, if there is one."""
        row = await self.db.one("account_by_name", name=name)
        return str(row["id"]) if row else None

    async def account_name(self, account_id: str) -> str:
        """What an account is called. Raises NotFound."""
        row = await self.db.one("account_by_id", id=account_id)
        if row is None:
            raise NotFound("account not found")
        return str(row["name"])

    async def open_account(self, name: str) -> str:
        """The account of this name, opened now if there was none."""

        def act(tx: Transaction) -> str:
            tx.run("account_add", id=uuid.uuid4().hex, name=name)
            row = tx.one("account_by_name", name=name)
            assert row is not None
            return str(row["id"])

        return await self.db.write(act)

    async def add_key(self, key: Key, *, account_id: str, key_sha256: str, expires_in_ms: int | None) -> Key:
        """Store a key by its hash; returns it with its dates."""

        def act(tx: Transaction) -> Row:
            tx.run(
                "key_add",
                id=key.id,
                account_id=account_id,
                name=key.name,
                key_sha256=key_sha256,
                prefix=key.prefix,
                scopes=" ".join(key.scopes),
                networks=" ".join(key.networks) or None,
                expires_in_ms=expires_in_ms,
                **_columns(key.quota),
            )
            row = tx.one("key_get", id=key.id, account_id=account_id)
            assert row is not None
            return row

        return _key(await self.db.write(act))

    async def keys(self, account_id: str) -> list[Key]:
        """All keys of an account, oldest first, revoked ones too."""
        return [_key(row) for row in await self.db.all("key_list", account_id=account_id)]

    async def key(self, key_id: str, account_id: str) -> Key:
        """One key. Raises NotFound."""
        row = await self.db.one("key_get", id=key_id, account_id=account_id)
        if row is None:
            raise NotFound("key not found")
        return _key(row)

    async def change_key(self, key_id: str, account_id: str, change: Callable[[Key], Key]) -> Key:
        """Give a key another name or quota; what waits already is bound by it too. Raises NotFound.

        change   the key as it is to the key as it shall be; only name and quota are looked at.
        """

        def act(tx: Transaction) -> Row:
            row = tx.one("key_get", id=key_id, account_id=account_id)
            if row is None:
                raise NotFound("key not found")
            changed = change(_key(row))
            tx.run("key_change", id=key_id, account_id=account_id, name=changed.name, **_columns(changed.quota))
            tx.run("key_lane", key_id=key_id, lane=key_id if changed.quota.has_lane else "")
            tx.run("meter_forget", key_id=key_id)
            row = tx.one("key_get", id=key_id, account_id=account_id)
            assert row is not None
            return row

        return _key(await self.db.write(act))

    async def revoke_key(self, key_id: str, account_id: str) -> None:
        """From now on the key opens nothing. Raises NotFound."""

        def act(tx: Transaction) -> None:
            if not tx.run("key_revoke", id=key_id, account_id=account_id):
                raise NotFound("key not found, or revoked already")

        await self.db.write(act)

    async def rotate_key(self, key_id: str, account_id: str, *, key_sha256: str, prefix: str, overlap_ms: int) -> Key:
        """Give a key another secret; the present one goes on opening for the overlap. Raises NotFound."""

        def act(tx: Transaction) -> Row:
            named = {"id": key_id, "account_id": account_id}
            if not tx.run("key_rotate", **named, key_sha256=key_sha256, prefix=prefix, overlap_ms=overlap_ms):
                raise NotFound("key not found, or revoked or expired already")
            row = tx.one("key_get", **named)
            assert row is not None
            return row

        return _key(await self.db.write(act))

    async def used_keys(self, key_ids: Collection[str]) -> None:
        """Note that these keys were used just now."""

        def act(tx: Transaction) -> None:
            for key_id in key_ids:
                tx.run("key_used", id=key_id)

        await self.db.write(act)

    async def revoke_all_keys(self, account_id: str) -> int:
        """Revoke every key of an account; how many there were."""
        return await self.db.write(lambda tx: tx.run("key_revoke_all", account_id=account_id))

    # -- sessions ---------------------------------------------------------------------------------------------

    async def owner_key(self, account_id: str) -> str | None:
        """The oldest key of an account that opens everything, by its id; None when there is none left."""
        row = await self.db.one("key_owner", account_id=account_id)
        return str(row["id"]) if row else None

    async def open_session(self, token_sha256: str, key_id: str, *, life_s: int) -> None:
        """From now on a browser that holds the token calls with this key; expired sessions are forgotten."""

        def act(tx: Transaction) -> None:
            tx.run("session_delete_expired")
            ident, life_ms = uuid.uuid4().hex, life_s * 1000
            tx.run("session_add", id=ident, token_sha256=token_sha256, key_id=key_id, life_ms=life_ms)

        await self.db.write(act)

    async def session_key(self, token_sha256: str) -> str | None:
        """The hash of the key that a session stands for; None for an unknown or expired session."""
        row = await self.db.one("session_key", token_sha256=token_sha256)
        return str(row["key_sha256"]) if row else None

    async def close_session(self, token_sha256: str) -> None:
        """The token opens nothing any more."""
        await self.db.write(lambda tx: tx.run("session_delete", token_sha256=token_sha256))

    # -- site -------------------------------------------------------------------------------------------------

    async def secret(self, name: str, make: str) -> str:
        """A site-wide secret; `make` becomes it when there is none yet."""

        def act(tx: Transaction) -> str:
            tx.run("meta_put", name=name, value=make)
            row = tx.one("meta_get", name=name)
            assert row is not None
            return str(row["value"])

        return await self.db.write(act)

    # -- files ------------------------------------------------------------------------------------------------

    async def add_file(self, file: File) -> File:
        """Note a stored file; returns it with its date."""

        def act(tx: Transaction) -> Row:
            add_file(tx, file)
            row = tx.one("file_get", id=file.id)
            assert row is not None
            return row

        return file_of(await self.db.write(act))

    async def file(self, file_id: str) -> File:
        """One file. Raises NotFound."""
        row = await self.db.one("file_get", id=file_id)
        if row is None:
            raise NotFound("file not found")
        return file_of(row)

    async def files_of(self, request_id: str) -> list[File]:
        """Every file that belongs to a request."""
        return [file_of(row) for row in await self.db.all("file_of_request", request_id=request_id)]

    async def is_wanted(self, file_id: str, request_id: str | None) -> bool:
        """Is this file on record, or may it still come to be: as an output of this request?"""
        file = await self.db.one("file_get", id=file_id)
        owner = file["request_id"] if file else request_id
        if owner is None:
            return file is not None
        request = await self.db.one("request_state", id=owner)
        return request is not None and (file is not None or not State(request["state"]).is_terminal)

    async def delete_file(self, file_id: str) -> None:
        """Forget a file; its bytes are the storage's business."""
        await self.db.write(lambda tx: forget_file(tx, file_id))

    # -- usage ------------------------------------------------------------------------------------------------

    async def usage(
        self, account_id: str, *, from_ms: int | None, to_ms: int | None, limit: int
    ) -> tuple[list[Usage], int]:
        """What an account used, newest first, and what all of it in that time cost in micro-US-dollars."""
        rows = await usage.rows(self.db, account_id, from_ms=from_ms, to_ms=to_ms, limit=limit)
        return rows, await usage.spent(self.db, account_id, from_ms=from_ms, to_ms=to_ms)


def add_file(tx: Transaction, file: File) -> None:
    """The row of a stored file."""
    tx.put(
        "file_add",
        id=file.id,
        account_id=file.account_id,
        request_id=file.request_id,
        role=file.role,
        name=file.name,
        media_type=file.media_type,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        info=orjson.dumps(dict(file.info)).decode(),
        storage_key=file.key,
    )


def forget_file(tx: Transaction, file_id: str) -> None:
    """The row of a file goes, and with it its place in the library."""
    tx.put("file_delete", id=file_id)
    tx.put("favourite_forget", file_id=file_id)
    tx.put("collected_forget", file_id=file_id)


def _key(row: Row) -> Key:
    return Key(
        id=row["id"],
        name=row["name"],
        prefix=row["prefix"],
        scopes=tuple(row["scopes"].split()),
        created_ms=row["created_ms"],
        expires_ms=row["expires_ms"],
        revoked_ms=row["revoked_ms"],
        networks=tuple((row["networks"] or "").split()),
        previous_until_ms=row["previous_until_ms"],
        last_used_ms=row["last_used_ms"],
        quota=_quota(row),
    )


@lru_cache(maxsize=1024)
def _caller(key_id: str, account_id: str, scopes: str, networks: str | None, *quota: Any) -> Caller:
    """Made once for each row that differs: every call of a client reads the same one."""
    return Caller(key_id, account_id, frozenset(scopes.split()), tuple((networks or "").split()), Quota(*quota))


def _quota(row: Row) -> Quota:
    return Quota(*(row[name] for name in Quota.__slots__))


def _columns(quota: Quota) -> dict[str, Any]:
    return {name: getattr(quota, name) for name in Quota.__slots__} | {"use_cache": int(quota.use_cache)}


def file_of(row: Row) -> File:
    return File(
        id=row["id"],
        account_id=row["account_id"],
        request_id=row["request_id"],
        role=row["role"],
        name=row["name"],
        media_type=row["media_type"],
        size_bytes=row["size_bytes"],
        sha256=row["sha256"],
        info=orjson.loads(row["info"]),
        key=row["storage_key"],
        created_ms=row["created_ms"],
    )
