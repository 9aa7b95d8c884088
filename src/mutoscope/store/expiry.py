"""What has been kept long enough: finding it, and forgetting it. Usage rows and the audit log are never forgotten.

Everything goes in small transactions, so that nobody waits for a clean-up. Which file's bytes follow is the business
of `retention`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from mutoscope.jobs import State
from mutoscope.store.database import Database, Row, Transaction
from mutoscope.store.records import File, file_of, forget_file

Place = tuple[int, str]
"""(milliseconds, id): where a walk through what is old goes on."""
START: Place = (0, "")


@dataclass(frozen=True, slots=True)
class Finished:
    """A request that ended long enough ago."""

    id: str
    account_id: str
    finished_ms: int


@dataclass(frozen=True, slots=True)
class Page:
    """gone: how many went. after: where to go on, None at the end. done: up to here nothing is left to do, ever."""

    gone: int
    after: int | None
    done: int


class Expiry:
    """Reads and deletes by age; ages are in milliseconds, by the database's clock."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def finished(self, *, keep_ms: int, after: Place, limit: int) -> list[Finished]:
        """Requests that ended longer ago than that, oldest first."""
        rows = await self._db.all("requests_finished_before", **_page(keep_ms, after, limit))
        return [Finished(row["id"], row["account_id"], row["finished_ms"]) for row in rows]

    async def uploads(self, *, keep_ms: int, after: Place, limit: int) -> list[File]:
        """Uploads that came longer ago than that, oldest first."""
        return [file_of(row) for row in await self._db.all("uploads_before", **_page(keep_ms, after, limit))]

    async def is_in_use(self, file_id: str) -> bool:
        """Does a request that waits or runs need this file?"""
        return await self._db.one("file_in_use", pattern=f"%{file_id}%") is not None

    async def delete_unused_file(self, file_id: str) -> bool:
        """Forget a file unless a request that waits or runs needs it; did it go?"""

        def act(tx: Transaction) -> bool:
            if tx.one("file_in_use", pattern=f"%{file_id}%") is not None:
                return False
            forget_file(tx, file_id)
            return True

        return await self._db.write(act)

    async def forget_inputs(self, request_id: str) -> None:
        """What was asked for, and what was told of it: the plan quotes the prompt, and so do webhooks."""

        def act(tx: Transaction) -> None:
            row = tx.one("request_payload", id=request_id)
            if row is not None:
                result = _changed(row, lambda found: found.get("metadata", {}).pop("plan", None))
                tx.run("request_forget_inputs", id=request_id, result=result)
                tx.run("webhook_forget_bodies", request_id=request_id)

        await self._db.write(act)

    async def forget_outputs(self, request_id: str) -> None:
        """Which files came out; what they were stays told."""

        def act(tx: Transaction) -> None:
            row = tx.one("request_payload", id=request_id)
            if row is not None and row["result"]:
                result = _changed(row, lambda found: found.update(outputs=[], poster=None))
                tx.run("request_forget_outputs", id=request_id, result=result)

        await self._db.write(act)

    async def delete_events(self, *, keep_ms: int, after: int, limit: int) -> Page:
        """Forget the oldest progress and log lines but those of requests that are not finished.

        Changes of state stay as long as their request: they are its history, and what `db check` counts.
        """

        def act(tx: Transaction) -> Page:
            gone, last, is_whole, done = 0, after, True, after
            rows = tx.all("events_oldest", after=after, limit=limit)
            for row in rows:
                if row["at_ms"] >= row["now_ms"] - keep_ms:
                    return Page(gone, None, done)
                last = row["seq"]
                is_open = row["state"] is not None and not State(row["state"]).is_terminal
                if not is_open and row["kind"] != "state":
                    tx.put("event_delete_one", seq=last)
                    gone += 1
                is_whole = is_whole and not is_open
                done = last if is_whole else done
            return Page(gone, last if len(rows) == limit else None, done)

        return await self._db.write(act)

    async def delete_deliveries(self, *, keep_ms: int, limit: int) -> int:
        """Forget deliveries that ended longer ago than that, with every try; how many went."""

        def act(tx: Transaction) -> int:
            rows = tx.all("deliveries_finished_before", keep_ms=keep_ms, limit=limit)
            for row in rows:
                tx.put("webhook_attempts_delete", id=row["id"])
                tx.put("webhook_delivery_delete", id=row["id"])
            return len(rows)

        return await self._db.write(act)


def _page(keep_ms: int, after: Place, limit: int) -> dict[str, Any]:
    return {"keep_ms": keep_ms, "after_ms": after[0], "after_id": after[1], "limit": limit}


def _changed(row: Row, change: Callable[[dict[str, Any]], object]) -> str | None:
    if not row["result"]:
        return None
    result = orjson.loads(row["result"])
    change(result)
    return orjson.dumps(result).decode()
