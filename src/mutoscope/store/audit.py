"""The audit log: who did what administrative act, from where, and what it changed. It only grows.

`note` writes an entry inside the transaction of the act, so there is one if and only if the act happened. Entries
hold names, scopes and addresses without their query, never a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from mutoscope.jobs import new_id
from mutoscope.store.database import Act, Database, Row, Transaction
from mutoscope.store.values import FIRST_PAGE, FOREVER_MS
from mutoscope.store.wakeups import Wakeups

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. account_id and key_id None: the server itself, or its command line. address None: not known."""

    account_id: str | None = None
    key_id: str | None = None
    address: str | None = None


SITE = Actor()
"""The server itself, or somebody at its command line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One act. account_id: whose things were touched; target: the id of what was."""

    id: str
    at_ms: int
    account_id: str
    action: str
    target: str
    actor: Actor
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries to list, newest first. account_id None: of every account. cursor: (at_ms, id) of the last seen."""

    account_id: str | None
    action: str | None = None
    target: str | None = None
    after_ms: int | None = None
    before_ms: int | None = None
    cursor: tuple[int, str] | None = None
    limit: int = 50


def note(
    tx: Transaction,
    actor: Actor,
    action: str,
    *,
    account_id: str,
    target: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write down an act, as part of its own transaction."""
    tx.put(
        "audit_add",
        id=new_id(),
        account_id=account_id,
        action=action,
        target=target,
        actor_account_id=actor.account_id,
        actor_key_id=actor.key_id,
        address=actor.address,
        before=orjson.dumps(before or {}).decode(),
        after=orjson.dumps(after or {}).decode(),
    )


async def entries(db: Database, wanted: Wanted) -> list[Entry]:
    """Entries of the log, newest first."""
    cursor_ms, cursor_id = wanted.cursor or FIRST_PAGE
    rows = await db.all(
        "audit_list",
        account_id=wanted.account_id,
        action=wanted.action,
        target=wanted.target,
        after_ms=wanted.after_ms or 0,
        before_ms=FOREVER_MS if wanted.before_ms is None else wanted.before_ms,
        cursor_ms=cursor_ms,
        cursor_id=cursor_id,
        limit=wanted.limit,
    )
    return [_entry(row) for row in rows]


def _entry(row: Row) -> Entry:
    return Entry(
        id=row["id"],
        at_ms=row["at_ms"],
        account_id=row["account_id"],
        action=row["action"],
        target=row["target"],
        actor=Actor(row["actor_account_id"], row["actor_key_id"], row["address"]),
        before=orjson.loads(row["before"]),
        after=orjson.loads(row["after"]),
    )


class Noting:
    """A database whose writes note an act as well, in the same transaction."""

    def __init__(self, db: Database, write_note: Callable[[Transaction], None]) -> None:
        self._db = db
        self._note = write_note
        self.on_commit = db.on_commit

    async def one(self, name: str, /, **params: Any) -> Row | None:
        """The first row of a named statement, or None."""
        return await self._db.one(name, **params)

    async def all(self, name: str, /, **params: Any) -> list[Row]:
        """Every row of a named statement."""
        return await self._db.all(name, **params)

    async def write(self, act: Act[T], *, alongside: bool = False) -> T:
        """Run an act, then note it; one that raises is not noted."""

        def both(tx: Transaction) -> T:
            result = act(tx)
            self._note(tx)
            return result

        return await self._db.write(both, alongside=alongside)

    def share(self, wakeups: Wakeups) -> None:
        """Tell other processes what changed."""
        self._db.share(wakeups)

    async def close(self) -> None:
        """Let go of the database."""
        await self._db.close()
