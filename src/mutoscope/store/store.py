"""Every read and write the product does on requests, one short method each.

A change of state is one conditional UPDATE with its event and usage rows in one transaction; zero rows changed
means that somebody else was faster, and the state found is what the caller gets. A worker's writes carry
(worker, attempt). All times are the database's. Statements: `sql/queries.sql`. Accounts, keys, files and usage:
`records`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from mutoscope.errors import Conflict, LeaseLost, NotFound
from mutoscope.jobs import Event, Job, NewJob, State
from mutoscope.store.outbox import Outbox, announce
from mutoscope.store.positions import Positions
from mutoscope.store.records import File, Records, add_file
from mutoscope.store.sqlite import Row, Sqlite, Transaction
from mutoscope.store.wakeups import Wakeups

POSITION_CAP = 1000
"""`queue_position` is exact up to here and this number beyond (17 ms at 100,000 waiting otherwise)."""
RETRY_DELAY_MS = 1000
"""Pause before a failed attempt is tried again, times the attempts so far."""
SWEEP_LIMIT = 500
GRACE_MS = 30_000
"""A worker ends an attempt at its time limit; the sweeper does when the worker has not, this much later."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """replayed: the same idempotency key was used before, with the same body if same_body."""

    request_id: str
    replayed: bool = False
    same_body: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a request stands. queue_position: requests ahead of it, only while queued."""

    state: State
    model_id: str
    queue_position: int | None


@dataclass(frozen=True, slots=True)
class Charge:
    """What a completed request costs."""

    quantity: float = 0.0
    unit: str = ""
    cost_microusd: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """An attempt under a lease. worker_id None: whoever held it (the sweeper speaks for lost workers)."""

    request_id: str
    worker_id: str | None
    attempt: int

    @property
    def fence(self) -> dict[str, Any]:
        """What every write of this attempt must match."""
        return {"id": self.request_id, "worker_id": self.worker_id, "attempt": self.attempt}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which requests to list, newest first. cursor: (created_ms, id) of the last one seen."""

    model_id: str | None = None
    state: str | None = None
    after_ms: int | None = None
    before_ms: int | None = None
    cursor: tuple[int, str] | None = None
    limit: int = 50


class Store(Records):
    """The request table and what belongs to it."""

    def __init__(self, db: Sqlite) -> None:
        super().__init__(db)
        self.wakeups = Wakeups()
        self.webhooks = Outbox(db, self.wakeups)
        self._positions = Positions()

    # -- callers ----------------------------------------------------------------------------------------------

    async def submit(self, new: NewJob) -> Submitted:
        """Accept a request: its row, its event and its usage hold, durably, or the earlier one of the same key."""
        submitted = await self.db.write(lambda tx: _submit(tx, new))
        if not submitted.replayed:
            self._positions.changed(new.model_id)
            self.wakeups.queue_grew()
        return submitted

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
            ahead = await self.db.all("queue_places", model_id=model_id, limit=POSITION_CAP)
            places = self._positions.keep(model_id, [r["id"] for r in ahead])
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
        return _job(row)

    async def jobs(self, account_id: str, wanted: Filter) -> list[Job]:
        """Requests of one account, newest first."""
        cursor_ms, cursor_id = wanted.cursor or (None, None)
        rows = await self.db.all(
            "request_list",
            account_id=account_id,
            model_id=wanted.model_id,
            state=wanted.state,
            after_ms=wanted.after_ms,
            before_ms=wanted.before_ms,
            cursor_ms=cursor_ms,
            cursor_id=cursor_id,
            limit=wanted.limit,
        )
        return [_job(row) for row in rows]

    async def cancel(self, request_id: str, account_id: str, *, running: bool = False) -> tuple[State, bool]:
        """Cancel a queued request, or with `running` also one in progress.

        Returns the state it has now and whether this call cancelled it. Raises NotFound.
        """
        state, moved = await self.db.write(lambda tx: _cancel(tx, request_id, account_id, running=running))
        if moved:
            self._positions.changed()
            self.wakeups.request_changed(request_id)
        return state, moved

    async def delete(self, request_id: str, account_id: str) -> None:
        """Forget a finished request; its usage row stays, its files are the caller's to remove.

        Raises NotFound, and Conflict before a terminal state.
        """
        await self.db.write(lambda tx: _delete(tx, request_id, account_id))

    async def events(self, request_id: str, *, after: int = 0, limit: int = 200) -> list[Event]:
        """What happened to a request after event number `after`, oldest first."""
        rows = await self.db.all("event_list", id=request_id, after=after, limit=limit)
        return [Event(r["seq"], r["request_id"], r["at_ms"], r["kind"], orjson.loads(r["data"])) for r in rows]

    # -- workers ----------------------------------------------------------------------------------------------

    async def claim(self, models: Sequence[str], worker_id: str, *, lease_ms: int) -> Job | None:
        """Give the next request of these models to a worker: priority, then fair share, then age."""
        job = await self.db.write(lambda tx: _claim(tx, models, worker_id, lease_ms))
        if job is not None:
            self._positions.changed(job.model_id)
            self.wakeups.request_changed(job.id)
        return job

    async def held_by(self, held: Held) -> str:
        """The account of a request this worker holds. Raises LeaseLost."""
        row = await self.db.one("request_held_by", **held.fence)
        if row is None:
            raise LeaseLost
        return str(row["account_id"])

    async def beat(self, held: Held, *, lease_ms: int, progress: float, stage: str, log: Sequence[str] = ()) -> None:
        """Keep the lease and note how far it is. Raises LeaseLost."""

        def act(tx: Transaction) -> bool:
            fence = held.fence
            changed = tx.run("request_beat", **fence, lease_ms=lease_ms, progress=progress, stage=stage)
            if changed:
                _event(tx, held.request_id, "progress", {"progress": progress, "stage": stage})
                for line in log:
                    _event(tx, held.request_id, "log", {"line": line})
            return bool(changed)

        if not await self.db.write(act):
            raise LeaseLost
        self.wakeups.request_changed(held.request_id)

    async def complete(self, held: Held, *, result: Mapping[str, Any], charge: Charge, files: Sequence[File]) -> None:
        """The one successful end, with the files it made. Raises LeaseLost if this attempt no longer counts."""
        if not await self.db.write(lambda tx: _complete(tx, held, result, charge, files)):
            raise LeaseLost
        self.wakeups.request_changed(held.request_id)

    async def fail(self, held: Held, *, error: str) -> None:
        """The request cannot succeed. Raises LeaseLost."""
        if await self.db.write(lambda tx: _fail(tx, held, error)) is None:
            raise LeaseLost
        self.wakeups.request_changed(held.request_id)

    async def retry(self, held: Held, *, error: str, used: bool = True) -> State:
        """Back to the queue, or failed when the attempts are used up. used=False: the attempt does not count.

        Returns the state it has now. Raises LeaseLost.
        """
        state = await self.db.write(lambda tx: _retry(tx, held, error, used=used))
        if state is None:
            raise LeaseLost
        self._positions.changed()
        self.wakeups.request_changed(held.request_id)
        self.wakeups.queue_grew()
        return state

    async def sweep(self) -> list[tuple[str, State]]:
        """Hand on requests whose worker fell silent, or fail them when the attempts or the time are used up."""
        expired = await self.db.one("lease_expired", limit=1)
        if expired is None and await self.db.one("request_overdue", limit=1, grace_ms=GRACE_MS) is None:
            return []
        swept = await self.db.write(_sweep)
        for request_id, _ in swept:
            self.wakeups.request_changed(request_id)
        self._positions.changed()
        self.wakeups.queue_grew()
        return swept

    async def fail_models_but(self, known: Collection[str]) -> int:
        """Fail what waits for models that are not offered any more; how many there were."""
        gone = [r["model_id"] for r in await self.db.all("queue_models") if r["model_id"] not in known]
        failed = 0
        for model_id in gone:
            while some := await self.db.write(lambda tx, model_id=model_id: _fail_queued(tx, model_id)):  # type: ignore[misc]
                failed += some
        return failed

    async def load(self) -> list[tuple[str, str, int, int]]:
        """(model, state, how many, created_ms of the oldest) for everything that is not finished."""
        rows = await self.db.all("count_by_state")
        return [(r["model_id"], r["state"], r["n"], r["oldest_ms"]) for r in rows]

    async def now_ms(self) -> int:
        """The database's clock."""
        row = await self.db.one("clock")
        assert row is not None
        return int(row[0])


# -- acts, in the order of a request's life -----------------------------------------------------------------------


def _submit(tx: Transaction, new: NewJob) -> Submitted:
    if new.idempotency_key is not None:
        earlier = tx.one("request_by_idempotency_key", account_id=new.account_id, idempotency_key=new.idempotency_key)
        if earlier is not None:
            return Submitted(earlier["id"], replayed=True, same_body=earlier["body_sha256"] == new.body_sha256)
    now = tx.one("flow_now", model_id=new.model_id)
    assert now is not None
    flow = tx.one("flow_next", model_id=new.model_id, key_id=new.key_id, now=now[0], share=1.0 / new.weight)
    assert flow is not None
    added = tx.run(
        "request_add",
        id=new.id,
        account_id=new.account_id,
        key_id=new.key_id,
        model_id=new.model_id,
        priority=new.priority,
        tag=flow["tag"],
        max_attempts=new.max_attempts,
        time_limit_s=new.time_limit_s,
        seed=new.seed,
        inputs=_text(new.inputs),
        ignored_inputs=_text(new.ignored_inputs),
        idempotency_key=new.idempotency_key,
        body_sha256=new.body_sha256,
        base_url=new.base_url,
        webhook_url=new.webhook.url if new.webhook else None,
        webhook_events=" ".join(new.webhook.events) if new.webhook else None,
    )
    if not added:
        raise Conflict("this Idempotency-Key is being used by another submit right now; try again")
    tx.run(
        "usage_hold",
        id=new.id,
        account_id=new.account_id,
        key_id=new.key_id,
        model_id=new.model_id,
        hold_microusd=new.hold_microusd,
    )
    _moved(tx, new.id, State.IN_QUEUE, {})
    return Submitted(new.id)


def _cancel(tx: Transaction, request_id: str, account_id: str, *, running: bool) -> tuple[State, bool]:
    changed = tx.run("request_cancel_queued", id=request_id, account_id=account_id)
    if not changed and running:
        changed = tx.run("request_cancel_running", id=request_id, account_id=account_id)
    if _settle(tx, State.CANCELLED, Charge(), changed=changed, request_id=request_id, data={}):
        return State.CANCELLED, True
    row = tx.one("request_status", id=request_id, account_id=account_id)
    if row is None:
        raise NotFound("request not found")
    return State(row["state"]), False


def _claim(tx: Transaction, models: Sequence[str], worker_id: str, lease_ms: int) -> Job | None:
    heads = [head for model_id in models if (head := tx.one("queue_head", model_id=model_id)) is not None]
    for head in sorted(heads, key=lambda h: (h["priority"], h["created_ms"], h["id"])):
        row = tx.one("request_claim", id=head["id"], worker_id=worker_id, lease_ms=lease_ms)
        if row is not None:
            job = _job(row)
            _moved(tx, job.id, State.IN_PROGRESS, {"attempt": job.attempt})
            return job
    return None


def _complete(tx: Transaction, held: Held, result: Mapping[str, Any], charge: Charge, files: Sequence[File]) -> bool:
    changed = tx.run("request_complete", **held.fence, result=_text(result), cost_microusd=charge.cost_microusd)
    if changed:
        for file in files:
            add_file(tx, file)
    data = {"attempt": held.attempt}
    return _settle(tx, State.COMPLETED, charge, changed=changed, request_id=held.request_id, data=data)


def _retry(tx: Transaction, held: Held, error: str, *, used: bool) -> State | None:
    row = tx.one("request_tries", **held.fence)
    if row is None:
        return None
    if not used:
        return _requeue(tx, held, error, delay_ms=0, unused=1)
    return _again_or_fail(tx, held, row, error, delay_ms=RETRY_DELAY_MS * row["tries"])


def _sweep(tx: Transaction) -> list[tuple[str, State]]:
    swept = []
    for row in tx.all("lease_expired", limit=SWEEP_LIMIT):
        held = Held(row["id"], None, row["attempt"])
        state = _again_or_fail(tx, held, row, "the worker was lost", delay_ms=0)
        if state is not None:
            swept.append((row["id"], state))
    for row in tx.all("request_overdue", limit=SWEEP_LIMIT, grace_ms=GRACE_MS):
        error = f"exceeded the time limit of {row['time_limit_s']} s"
        if _fail(tx, Held(row["id"], None, row["attempt"]), error):
            swept.append((row["id"], State.FAILED))
    return swept


def _fail_queued(tx: Transaction, model_id: str) -> int:
    rows = tx.all("queue_of_model", model_id=model_id, limit=SWEEP_LIMIT)
    error = f"{model_id} is not offered by this server any more"
    for row in rows:
        changed = tx.run("request_fail_queued", id=row["id"], error=error)
        _settle(tx, State.FAILED, Charge(), changed=changed, request_id=row["id"], data={"error": error})
    return len(rows)


def _again_or_fail(tx: Transaction, held: Held, row: Row, error: str, *, delay_ms: int) -> State | None:
    if row["tries"] < row["max_attempts"]:
        return _requeue(tx, held, error, delay_ms=delay_ms, unused=0)
    return _fail(tx, held, f"{error} (after {row['tries']} attempts)")


def _requeue(tx: Transaction, held: Held, reason: str, *, delay_ms: int, unused: int) -> State | None:
    if not tx.run("request_retry", **held.fence, delay_ms=delay_ms, unused=unused):
        return None
    _moved(tx, held.request_id, State.IN_QUEUE, {"attempt": held.attempt, "error": reason})
    return State.IN_QUEUE


def _fail(tx: Transaction, held: Held, error: str) -> State | None:
    changed = tx.run("request_fail", **held.fence, error=error)
    data = {"attempt": held.attempt, "error": error}
    if _settle(tx, State.FAILED, Charge(), changed=changed, request_id=held.request_id, data=data):
        return State.FAILED
    return None


def _settle(
    tx: Transaction, state: State, charge: Charge, *, changed: int, request_id: str, data: dict[str, Any]
) -> bool:
    """What goes with every terminal state, if the row really moved: its event, and the end of the usage hold."""
    if not changed:
        return False
    tx.run(
        "usage_settle",
        id=request_id,
        state="charged" if state is State.COMPLETED else "released",
        quantity=charge.quantity,
        unit=charge.unit,
        cost_microusd=charge.cost_microusd,
    )
    _moved(tx, request_id, state, data)
    return True


def _delete(tx: Transaction, request_id: str, account_id: str) -> None:
    if not tx.run("request_delete", id=request_id, account_id=account_id):
        row = tx.one("request_status", id=request_id, account_id=account_id)
        if row is None:
            raise NotFound("request not found")
        raise Conflict(f"the request is {row['state']}; cancel it or wait until it is finished")
    tx.run("event_delete", id=request_id)
    tx.run("webhook_forget_bodies", request_id=request_id)


def _moved(tx: Transaction, request_id: str, state: State, data: dict[str, Any]) -> None:
    """What goes with every state: its event, and what webhooks will tell of it."""
    _event(tx, request_id, "state", {"state": state, **data})
    announce(tx, request_id, state)


def _event(tx: Transaction, request_id: str, kind: str, data: dict[str, Any]) -> None:
    tx.run("event_add", id=request_id, kind=kind, data=_text(data))


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _job(row: Row) -> Job:
    return Job(
        id=row["id"],
        account_id=row["account_id"],
        key_id=row["key_id"],
        model_id=row["model_id"],
        state=State(row["state"]),
        priority=row["priority"],
        created_ms=row["created_ms"],
        started_ms=row["started_ms"],
        finished_ms=row["finished_ms"],
        attempt=row["attempt"],
        max_attempts=row["max_attempts"],
        time_limit_s=row["time_limit_s"],
        worker_id=row["worker_id"],
        seed=row["seed"],
        inputs=orjson.loads(row["inputs"]),
        ignored_inputs=tuple(orjson.loads(row["ignored_inputs"])),
        body_sha256=row["body_sha256"],
        progress=row["progress"],
        stage=row["stage"],
        result=orjson.loads(row["result"]) if row["result"] else None,
        error=row["error"],
        cost_microusd=row["cost_microusd"],
        base_url=row["base_url"] or "",
    )
