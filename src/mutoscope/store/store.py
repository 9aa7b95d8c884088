"""Every read and write the product does on requests, one short method each.

A change of state is one conditional UPDATE with its event and usage rows in one transaction; zero rows changed
means that somebody else was faster, and the state found is what the caller gets. A worker's writes carry
(worker, attempt). All times are the database's. What a transaction holds: `acts`. Accounts, keys, files and usage:
`records`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import orjson

from mutoscope.errors import Cancelled, LeaseLost, NotFound
from mutoscope.jobs import Event, Job, NewJob, State
from mutoscope.quotas import OPEN, Meter, Quota
from mutoscope.store import acts, metering
from mutoscope.store.acts import job_of
from mutoscope.store.audit import Noting
from mutoscope.store.database import Database, Row, Transaction
from mutoscope.store.history import History
from mutoscope.store.library import Library
from mutoscope.store.outbox import Outbox
from mutoscope.store.positions import Positions
from mutoscope.store.records import Copy, File, Records
from mutoscope.store.values import FIRST_PAGE, FOREVER_MS, Charge, Cold, Filter, Growth, Held, Standing, Submitted
from mutoscope.store.wakeups import Wakeups

POSITION_CAP = 1000
"""`queue_position` is exact up to here and this number beyond (17 ms at 100,000 waiting otherwise)."""


class Store(Records):
    """The request table and what belongs to it."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.wakeups = Wakeups()
        self.webhooks = Outbox(db, self.wakeups)
        self.history = History(db)
        self.library = Library(db)
        self._positions = Positions()
        self.wakeups.places = self._positions.changed
        db.share(self.wakeups)

    @property
    def is_shared(self) -> bool:
        """May other servers use this database too?"""
        return self.wakeups.tell is not None

    def noting(self, write_note: Callable[[Transaction], None]) -> Store:
        """This store, whose next write also notes what it was, in the same transaction: see `audit`."""
        noting = copy.copy(self)
        noting.db = Noting(self.db, write_note)
        noting.webhooks = Outbox(noting.db, self.wakeups)
        return noting

    # -- callers ----------------------------------------------------------------------------------------------

    async def submit(self, new: NewJob, quota: Quota = OPEN) -> Submitted:
        """Accept a request: its row, its event and its usage hold, durably, or the earlier one of the same key.

        Raises RateLimited and PaymentRequired when the key's quota is used up.
        """
        submitted = await self.db.write(lambda tx: acts.submit(tx, new, quota), alongside=not quota.is_metered)
        if not submitted.replayed:
            self.wakeups.places_changed(new.model_id)
            self.wakeups.queue_grew()
        return submitted

    async def submit_cached(self, new: NewJob, quota: Quota, copy: Copy, charge: Charge) -> Submitted | None:
        """Accept a request that is finished at once with an earlier output, or the earlier request of the same key.

        None when that output is not there any more. Raises as `submit` does.
        """
        submitted = await self.db.write(lambda tx: acts.submit_cached(tx, new, quota, copy, charge))
        if submitted is not None and not submitted.replayed:
            self.wakeups.request_changed(new.id)
        return submitted

    async def cached(self, account_id: str, cache_key: str) -> Job | None:
        """The newest completed request of an account with this key of the cache."""
        row = await self.db.one("request_cached", account_id=account_id, cache_key=cache_key)
        return None if row is None else job_of(row)

    async def meter(self, account_id: str, key_id: str, quota: Quota) -> Meter:
        """How far a key is with its quota, at this moment."""
        return await metering.read(self.db, account_id, key_id, quota)

    async def unfinished(self, key_id: str) -> tuple[int, int]:
        """How many requests of a key wait, and how many run."""
        rows = {row["state"]: row["n"] for row in await self.db.all("key_unfinished", key_id=key_id)}
        return rows.get("in_queue", 0), rows.get("in_progress", 0)

    async def queue_length(self) -> int:
        """How many requests wait, of everybody."""
        row = await self.db.one("queue_length")
        assert row is not None
        return int(row[0])

    async def earlier(self, account_id: str, idempotency_key: str, body_sha256: str) -> Submitted | None:
        """The request that used this key before, if any."""
        row = await self.db.one("request_by_idempotency_key", account_id=account_id, idempotency_key=idempotency_key)
        if row is None:
            return None
        return Submitted(row["id"], replayed=True, same_body=row["body_sha256"] == body_sha256)

    async def standing(self, request_id: str, account_id: str) -> Standing:
        """State and queue position. Raises NotFound, also for somebody else's request."""
        row = await self.db.one("request_status", id=request_id, account_id=account_id)
        if row is None:
            raise NotFound("request not found")
        state = State(row["state"])
        position = await self._position(request_id, row) if state is State.IN_QUEUE else None
        return Standing(state, row["model_id"], position)

    async def _position(self, request_id: str, row: Row) -> int:
        model_id = row["model_id"]
        places = self._positions.known(model_id)
        if places is None and self._positions.worth_reading(model_id):
            since = self._positions.changes
            ahead = await self.db.all("queue_places", model_id=model_id, limit=POSITION_CAP)
            places = self._positions.keep(model_id, [r["id"] for r in ahead], since=since)
        if places is not None:
            return places.get(request_id, POSITION_CAP)
        found = await self.db.one(
            "request_position",
            id=request_id,
            model_id=model_id,
            priority=row["priority"],
            tag=row["tag"],
            created_ms=row["created_ms"],
            cap=POSITION_CAP,
        )
        assert found is not None
        return int(found[0])

    async def job(self, request_id: str, account_id: str) -> Job:
        """The whole request. Raises NotFound, also for somebody else's."""
        row = await self.db.one("request_owned", id=request_id, account_id=account_id)
        if row is None:
            raise NotFound("request not found")
        return job_of(row)

    async def jobs(self, account_id: str, wanted: Filter) -> list[Job]:
        """Requests of one account, newest first."""
        before_ms = FOREVER_MS if wanted.before_ms is None else wanted.before_ms
        cursor_ms, cursor_id = min(wanted.cursor or FIRST_PAGE, (before_ms, ""))
        given = {
            "account_id": account_id,
            "model_id": wanted.model_id,
            "key_id": wanted.key_id,
            "state": wanted.state,
            "after_ms": wanted.after_ms or 0,
            "cursor_ms": cursor_ms,
            "cursor_id": cursor_id,
            "limit": wanted.limit,
        }
        if wanted.state == State.IN_QUEUE:
            rows = await self.db.all("request_list_in_queue", **given)
        elif wanted.state == State.IN_PROGRESS:
            rows = await self.db.all("request_list_in_progress", **given)
        elif wanted.state in (State.FAILED, State.CANCELLED):
            rows = await self.db.all("request_list_unsuccessful", **given)
        elif wanted.key_id is not None:
            rows = await self.db.all("request_list_of_key", **given)
        elif wanted.model_id is not None:
            rows = await self.db.all("request_list_of_model", **given)
        else:
            rows = await self.db.all("request_list", **given)
        return [job_of(row) for row in rows]

    async def cancel(self, request_id: str, account_id: str, *, running: bool = False) -> tuple[State, bool]:
        """Cancel a queued request, or with `running` also one in progress.

        Returns the state it has now and whether this call cancelled it. Raises NotFound.
        """
        state, moved = await self.db.write(lambda tx: acts.cancel(tx, request_id, account_id, running=running))
        if moved:
            self.wakeups.places_changed()
            self.wakeups.request_changed(request_id)
        return state, moved

    async def delete(self, request_id: str, account_id: str) -> None:
        """Forget a finished request; its usage row stays, its files are the caller's to remove.

        Raises NotFound, and Conflict before a terminal state.
        """
        await self.db.write(lambda tx: acts.delete(tx, request_id, account_id))

    async def events(self, request_id: str, *, after: int = 0, limit: int = 200) -> list[Event]:
        """What happened to a request after event number `after`, oldest first."""
        rows = await self.db.all("event_list", id=request_id, after=after, limit=limit)
        return [Event(r["seq"], r["request_id"], r["at_ms"], r["kind"], orjson.loads(r["data"])) for r in rows]

    async def last_preview(self, request_id: str) -> str | None:
        """Path of the newest picture of what there is of a running request."""
        row = await self.db.one("event_last_shown", id=request_id)
        return None if row is None else orjson.loads(row["data"]).get("preview")

    # -- workers ----------------------------------------------------------------------------------------------

    async def claim(
        self,
        models: Sequence[str],
        worker_id: str,
        *,
        lease_ms: int,
        max_running: Mapping[str, int] = MappingProxyType({}),
        grows: Mapping[str, Growth] = MappingProxyType({}),
        cold: Mapping[str, Cold] = MappingProxyType({}),
    ) -> Job | None:
        """Give the next request of these models to a worker: priority, then fair share, then age.

        max_running   how many of a model may be in progress at once, for models that have a limit.
        grows         of those, which fill up to it only when enough wait.
        cold          models that this worker would have to load first.
        """
        job = await self.db.write(
            lambda tx: acts.claim(tx, models, worker_id, lease_ms, max_running=max_running, grows=grows, cold=cold)
        )
        if job is not None:
            self.wakeups.places_changed(job.model_id)
            self.wakeups.request_changed(job.id)
        return job

    async def held_by(self, held: Held) -> str:
        """The account of a request this worker holds. Raises LeaseLost."""
        row = await self.db.one("request_held_by", **held.fence)
        if row is None:
            raise await self._lost(held)
        return str(row["account_id"])

    async def _lost(self, held: Held) -> LeaseLost:
        """Why an attempt no longer counts."""
        row = await self.db.one("request_state", id=held.request_id)
        return Cancelled() if row is None or row["state"] == State.CANCELLED else LeaseLost()

    async def beat(
        self,
        held: Held,
        *,
        lease_ms: int,
        progress: float,
        stage: str,
        log: Sequence[str] = (),
        preview: str = "",
    ) -> None:
        """Keep the lease and note how far it is. preview: id of a picture of what there is. Raises LeaseLost."""
        told = {"progress": progress, "stage": stage}
        if preview:
            told["preview"] = f"/v1/requests/{held.request_id}/previews/{held.attempt}/{preview}"

        def act(tx: Transaction) -> bool:
            fence = held.fence
            changed = tx.run("request_beat", **fence, lease_ms=lease_ms, progress=progress, stage=stage)
            if changed:
                acts.event(tx, held.request_id, "progress", told)
                for line in log:
                    acts.event(tx, held.request_id, "log", {"line": line})
            return bool(changed)

        if not await self.db.write(act, alongside=True):
            raise await self._lost(held)
        self.wakeups.request_changed(held.request_id)

    async def remember(self, held: Held, values: Mapping[str, Any]) -> None:
        """Add to what the next attempt will know. Raises LeaseLost, and EngineError when it grows too large."""
        if not await self.db.write(lambda tx: acts.remember(tx, held, values)):
            raise LeaseLost

    async def complete(self, held: Held, *, result: Mapping[str, Any], charge: Charge, files: Sequence[File]) -> None:
        """The one successful end, with the files it made. Raises LeaseLost if this attempt no longer counts."""
        if not await self.db.write(lambda tx: acts.complete(tx, held, result, charge, files), alongside=True):
            raise LeaseLost
        self.wakeups.request_changed(held.request_id)

    async def fail(self, held: Held, *, error: str) -> None:
        """The request cannot succeed. Raises LeaseLost."""
        if await self.db.write(lambda tx: acts.fail(tx, held, error)) is None:
            raise LeaseLost
        self.wakeups.request_changed(held.request_id)

    async def retry(self, held: Held, *, error: str, used: bool = True) -> State:
        """Back to the queue, or failed when the attempts are used up. used=False: the attempt does not count.

        Returns the state it has now. Raises LeaseLost.
        """
        state = await self.db.write(lambda tx: acts.retry(tx, held, error, used=used))
        if state is None:
            raise LeaseLost
        self.wakeups.places_changed()
        self.wakeups.request_changed(held.request_id)
        self.wakeups.queue_grew()
        return state

    async def sweep(self) -> list[tuple[str, State]]:
        """Hand on requests whose worker fell silent, or fail them when the attempts or the time are used up."""
        if not (
            await self.db.one("lease_expired", limit=1)
            or await self.db.one("request_overdue", limit=1, grace_ms=acts.GRACE_MS)
            or await self.db.one("request_expired", limit=1)
        ):
            return []
        return self._handed_on(await self.db.write(acts.sweep))

    async def lose(self, worker_id: str) -> list[tuple[str, State]]:
        """Hand on what a worker has that is gone, without waiting for its leases; the attempts count."""
        lost = await self.db.write(lambda tx: acts.lose(tx, worker_id))
        return self._handed_on(lost) if lost else []

    def _handed_on(self, requests: list[tuple[str, State]]) -> list[tuple[str, State]]:
        for request_id, _ in requests:
            self.wakeups.request_changed(request_id)
        self.wakeups.places_changed()
        self.wakeups.queue_grew()
        return requests

    async def fail_models_but(self, known: Collection[str]) -> int:
        """Fail what waits for models that are not offered any more; how many there were."""
        gone = [r["model_id"] for r in await self.db.all("queue_models") if r["model_id"] not in known]
        failed = 0
        for model_id in gone:
            while some := await self.db.write(lambda tx, model_id=model_id: acts.fail_queued(tx, model_id)):  # type: ignore[misc]
                failed += some
        return failed

    async def load(self) -> list[tuple[str, str, int, int]]:
        """(model, state, how many, created_ms of the oldest) for everything that is not finished."""
        rows = await self.db.all("count_by_state")
        return [(r["model_id"], r["state"], r["n"], r["oldest_ms"]) for r in rows]

    async def at_work(self) -> list[str]:
        """Names of the workers that have a request, in order."""
        return sorted(r["worker_id"] for r in await self.db.all("workers_at_work"))

    async def now_ms(self) -> int:
        """The database's clock."""
        row = await self.db.one("clock")
        assert row is not None
        return int(row[0])
