"""What happens to a request, one function each, run inside a transaction by `store`.

A change of state is one conditional UPDATE; zero rows changed means that somebody else was faster, and nothing else
is written. Statements: `sql/queries.sql`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from mutoscope.errors import Conflict, NotFound
from mutoscope.jobs import Job, NewJob, State
from mutoscope.protocol import merged
from mutoscope.quotas import OPEN, Quota
from mutoscope.store.announcing import announce
from mutoscope.store.database import Row, Transaction
from mutoscope.store.metering import admit
from mutoscope.store.records import Copy, File, add_file
from mutoscope.store.values import Charge, Cold, Growth, Held, Submitted

RETRY_DELAY_MS = 1000
"""Pause before a failed attempt is tried again, times the attempts so far."""
SWEEP_LIMIT = 500
GRACE_MS = 30_000
"""A worker ends an attempt at its time limit; the sweeper does when the worker has not, this much later."""
CLAIM_TRIES = 20
"""Heads of queues that a claim may lose to others before it gives up; the worker asks again at once."""
EXPIRED = "expired: it was not started within the time that its caller gave it"


def submit(tx: Transaction, new: NewJob, quota: Quota = OPEN, *, takes_turn: bool = True) -> Submitted:
    if new.idempotency_key is not None:
        earlier = tx.one("request_by_idempotency_key", account_id=new.account_id, idempotency_key=new.idempotency_key)
        if earlier is not None:
            return Submitted(earlier["id"], replayed=True, same_body=earlier["body_sha256"] == new.body_sha256)
    allowance = admit(tx, new, quota)
    queue = {"model_id": new.model_id, "priority": new.priority}
    found = tx.one("queue_clock", **queue, account_id=new.account_id)
    assert found is not None
    share = {**queue, "key_id": new.key_id, "clock": found["clock"], "share": 1.0 / new.weight}
    if takes_turn:
        tx.put("share_next", **share)
    else:
        tx.put("share_keep", **share)
    row = {
        "id": new.id,
        "account_id": new.account_id,
        "key_id": new.key_id,
        "model_id": new.model_id,
        "priority": new.priority,
        "lane": new.key_id if quota.has_lane else "",
        "expires_in_ms": new.expires_in_ms,
        "max_attempts": new.max_attempts,
        "time_limit_s": new.time_limit_s,
        "seed": new.seed,
        "inputs": _text(new.inputs),
        "ignored_inputs": _text(new.ignored_inputs),
        "idempotency_key": new.idempotency_key,
        "body_sha256": new.body_sha256,
        "base_url": new.base_url,
        "webhook_url": new.webhook.url if new.webhook else None,
        "webhook_events": " ".join(new.webhook.events) if new.webhook else None,
        "traceparent": new.traceparent,
        "base_price_usd": new.base_price_usd,
        "cache_key": new.cache_key,
    }
    if new.idempotency_key is None:
        tx.put("request_add", **row)  # nobody else has its id
    elif not tx.run("request_add", **row):
        raise Conflict("this Idempotency-Key is being used by another submit right now; try again")
    tx.put(
        "usage_hold",
        id=new.id,
        account_id=new.account_id,
        key_id=new.key_id,
        model_id=new.model_id,
        hold_microusd=new.hold_microusd,
    )
    event(tx, new.id, "state", {"state": State.IN_QUEUE})
    if new.webhook or found["endpoints"]:
        announce(tx, new.id, State.IN_QUEUE)
    return Submitted(new.id, allowance=allowance)


def submit_cached(tx: Transaction, new: NewJob, quota: Quota, copy: Copy, charge: Charge) -> Submitted | None:
    """Accept a request and finish it with an earlier output, unless that was deleted meanwhile: None."""
    row = tx.one("request_payload", id=copy.source_id)
    if row is None or not orjson.loads(row["result"] or "{}").get("outputs"):
        return None
    submitted = submit(tx, new, quota, takes_turn=False)
    if submitted.replayed:
        return submitted
    for file in copy.files:
        add_file(tx, file)
    _moved(tx, new.id, State.IN_PROGRESS, {"attempt": 0})
    changed = tx.run(
        "request_complete_cached", id=new.id, result=_text(copy.result), cost_microusd=charge.cost_microusd
    )
    _settle(tx, State.COMPLETED, charge, changed=changed, request_id=new.id, data={"attempt": 0})
    return submitted


def cancel(tx: Transaction, request_id: str, account_id: str, *, running: bool) -> tuple[State, bool]:
    changed = tx.run("request_cancel_queued", id=request_id, account_id=account_id)
    if not changed and running:
        changed = tx.run("request_cancel_running", id=request_id, account_id=account_id)
    if _settle(tx, State.CANCELLED, Charge(), changed=changed, request_id=request_id, data={}):
        return State.CANCELLED, True
    row = tx.one("request_status", id=request_id, account_id=account_id)
    if row is None:
        raise NotFound("request not found")
    return State(row["state"]), False


def claim(
    tx: Transaction,
    models: Sequence[str],
    worker_id: str,
    lease_ms: int,
    *,
    max_running: Mapping[str, int],
    grows: Mapping[str, Growth],
    cold: Mapping[str, Cold],
) -> Job | None:
    def is_full(model_id: str) -> bool:
        return _is_full(tx, model_id, max_running.get(model_id), grows.get(model_id))

    def turn(found: tuple[str, Row]) -> tuple[int, int, str]:
        model_id, head = found
        later_ms = cold[model_id].later_ms if model_id in cold else 0
        return head["priority"], head["created_ms"] + later_ms, head["id"]

    tried = dict.fromkeys(models)
    for _ in range(CLAIM_TRIES):
        heads = [(model_id, head) for model_id in tried if not is_full(model_id) and (head := _head(tx, model_id))]
        heads = _not_left(tx, heads, cold)
        if not heads:
            return None
        model_id, head = min(heads, key=turn)
        if max_running.get(model_id) is not None:  # asked again behind the gate, where nobody else can be faster
            tx.put("gate_pass", name=f"model {model_id}")
            if is_full(model_id):
                continue
        if not _key_has_room(tx, head):
            continue
        row = tx.one("request_claim", id=head["id"], worker_id=worker_id, lease_ms=lease_ms)
        if row is not None:
            job = job_of(row)
            _served(tx, job, head)
            _moved(tx, job.id, State.IN_PROGRESS, {"attempt": job.attempt})
            return job
    return None


def _not_left(tx: Transaction, heads: list[tuple[str, Row]], cold: Mapping[str, Cold]) -> list[tuple[str, Row]]:
    """Those that are not to be left to another worker, or not any longer."""
    if not any(cold[model_id].leave_ms for model_id, _ in heads if model_id in cold):
        return heads
    clock = tx.one("clock")
    assert clock is not None
    return [
        (model_id, head)
        for model_id, head in heads
        if model_id not in cold or clock[0] - head["created_ms"] >= cold[model_id].leave_ms
    ]


def _is_full(tx: Transaction, model_id: str, max_running: int | None, growth: Growth | None) -> bool:
    """May no more of this model be begun now?"""
    if max_running is None:
        return False
    row = tx.one("model_running", model_id=model_id)
    assert row is not None
    if growth is None or not growth.places <= row[0] < max_running:
        return bool(row[0] >= max_running)
    waiting = tx.one("model_waiting", model_id=model_id, most=growth.waiting + 1)
    assert waiting is not None
    return bool(waiting[0] <= growth.waiting)


def _head(tx: Transaction, model_id: str) -> Row | None:
    """The next request of a model, by priority, virtual start and age."""
    heads = [tx.one("queue_head", model_id=model_id)]
    if tx.one("queue_has_lanes", model_id=model_id) is not None:
        heads.append(tx.one("lane_head", model_id=model_id))
    found = [head for head in heads if head is not None]
    return min(found, key=lambda head: (head["priority"], head["tag"], head["created_ms"], head["id"]), default=None)


def _key_has_room(tx: Transaction, head: Row) -> bool:
    """May this one start beside those of its key that run?"""
    if not head["lane"] or head["max_running"] is None:
        return True
    tx.put("gate_pass", name=f"key {head['lane']}")
    running = tx.one("lane_running", lane=head["lane"])
    assert running is not None
    return bool(running[0] < head["max_running"])


def _served(tx: Transaction, job: Job, head: Row) -> None:
    """Move the virtual time of its queue on, and the turn of a key that was passed by."""
    queue = {"model_id": job.model_id, "priority": job.priority, "tag": head["tag"]}
    tx.put("clock_advance", **queue)
    if head["lane"]:
        tx.put("share_turn", **queue, key_id=job.key_id)


def remember(tx: Transaction, held: Held, values: Mapping[str, Any]) -> bool:
    row = tx.one("request_memo", **held.fence)
    if row is None:
        return False
    memo = merged(orjson.loads(row["memo"] or "{}"), values)
    return bool(tx.run("request_remember", **held.fence, memo=_text(memo)))


def complete(tx: Transaction, held: Held, result: Mapping[str, Any], charge: Charge, files: Sequence[File]) -> bool:
    changed = tx.run("request_complete", **held.fence, result=_text(result), cost_microusd=charge.cost_microusd)
    if changed:
        for file in files:
            add_file(tx, file)
    data = {"attempt": held.attempt}
    return _settle(tx, State.COMPLETED, charge, changed=changed, request_id=held.request_id, data=data)


def retry(tx: Transaction, held: Held, error: str, *, used: bool) -> State | None:
    row = tx.one("request_tries", **held.fence)
    if row is None:
        return None
    if not used:
        return _requeue(tx, held, error, delay_ms=0, unused=1)
    return _again_or_fail(tx, held, row, error, delay_ms=RETRY_DELAY_MS * row["tries"])


def sweep(tx: Transaction) -> list[tuple[str, State]]:
    swept = []
    for row in tx.all("lease_expired", limit=SWEEP_LIMIT):
        if state := _lost(tx, row):
            swept.append((row["id"], state))
    for row in tx.all("request_overdue", limit=SWEEP_LIMIT, grace_ms=GRACE_MS):
        error = f"exceeded the time limit of {row['time_limit_s']} s"
        if fail(tx, Held(row["id"], None, row["attempt"]), error):
            swept.append((row["id"], State.FAILED))
    for row in tx.all("request_expired", limit=SWEEP_LIMIT):
        if _fail_waiting(tx, row["id"], EXPIRED):
            swept.append((row["id"], State.FAILED))
    return swept


def lose(tx: Transaction, worker_id: str) -> list[tuple[str, State]]:
    rows = tx.all("worker_attempts", worker_id=worker_id, limit=SWEEP_LIMIT)
    return [(row["id"], state) for row in rows if (state := _lost(tx, row))]


def _lost(tx: Transaction, row: Row) -> State | None:
    return _again_or_fail(tx, Held(row["id"], None, row["attempt"]), row, "the worker was lost", delay_ms=0)


def fail_queued(tx: Transaction, model_id: str) -> int:
    rows = tx.all("queue_of_model", model_id=model_id, limit=SWEEP_LIMIT)
    error = f"{model_id} is not offered by this server any more"
    for row in rows:
        _fail_waiting(tx, row["id"], error)
    return len(rows)


def _fail_waiting(tx: Transaction, request_id: str, error: str) -> bool:
    changed = tx.run("request_fail_queued", id=request_id, error=error)
    return _settle(tx, State.FAILED, Charge(), changed=changed, request_id=request_id, data={"error": error})


def _again_or_fail(tx: Transaction, held: Held, row: Row, error: str, *, delay_ms: int) -> State | None:
    if row["tries"] < row["max_attempts"]:
        return _requeue(tx, held, error, delay_ms=delay_ms, unused=0)
    return fail(tx, held, f"{error} (after {row['tries']} attempts)")


def _requeue(tx: Transaction, held: Held, reason: str, *, delay_ms: int, unused: int) -> State | None:
    if not tx.run("request_retry", **held.fence, delay_ms=delay_ms, unused=unused):
        return None
    _moved(tx, held.request_id, State.IN_QUEUE, {"attempt": held.attempt, "error": reason})
    return State.IN_QUEUE


def fail(tx: Transaction, held: Held, error: str) -> State | None:
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
    held = tx.one(
        "usage_settle",
        id=request_id,
        state="charged" if state is State.COMPLETED else "released",
        quantity=charge.quantity,
        unit=charge.unit,
        cost_microusd=charge.cost_microusd,
    )
    if held is not None and held["hold_microusd"] != charge.cost_microusd:
        tx.put(
            "meter_settle",
            key_id=held["key_id"],
            created_ms=held["created_ms"],
            hold_microusd=held["hold_microusd"],
            cost_microusd=charge.cost_microusd,
        )
    if charge.cost_microusd:
        tx.put("usage_day_add", id=request_id)
    _moved(tx, request_id, state, data)
    return True


def delete(tx: Transaction, request_id: str, account_id: str) -> None:
    if not tx.run("request_delete", id=request_id, account_id=account_id):
        row = tx.one("request_status", id=request_id, account_id=account_id)
        if row is None:
            raise NotFound("request not found")
        raise Conflict(f"the request is {row['state']}; cancel it or wait until it is finished")
    tx.put("event_delete", id=request_id)
    tx.put("webhook_forget_bodies", request_id=request_id)


def _moved(tx: Transaction, request_id: str, state: State, data: dict[str, Any]) -> None:
    """What goes with every state: its event, and what webhooks will tell of it."""
    event(tx, request_id, "state", {"state": state, **data})
    announce(tx, request_id, state)


def event(tx: Transaction, request_id: str, kind: str, data: dict[str, Any]) -> None:
    tx.put("event_add", id=request_id, kind=kind, data=_text(data))


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()


def job_of(row: Row) -> Job:
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
        traceparent=row["traceparent"],
        expires_ms=row["expires_ms"],
        base_price_usd=row["base_price_usd"],
        memo=orjson.loads(row["memo"] or "{}"),
    )
