"""What every store promises about replaced keys, the audit log, and forgetting what is old."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest

from mutoscope.errors import NotFound
from mutoscope.jobs import State, Webhook
from mutoscope.store import audit
from mutoscope.store.audit import Actor, Wanted
from mutoscope.store.database import Transaction
from mutoscope.store.expiry import START, Expiry
from mutoscope.store.outbox import Attempt, Verdict
from mutoscope.store.outbox import Wanted as Deliveries
from mutoscope.store.records import Key

from .conftest import ALICE, BOB, Desk, Person

pytestmark = pytest.mark.anyio

ACTOR = Actor(ALICE.account_id, ALICE.key_id, "10.1.2.3")
BARE = Key("", "laptop", "mk_abcd", ("run", "read"), 0, None, None)


async def add_key(desk: Desk, secret: str, *, networks: tuple[str, ...] = (), life_ms: int | None = None) -> Key:
    key = replace(BARE, id=uuid.uuid4().hex, networks=networks)
    return await desk.store.add_key(key, account_id=ALICE.account_id, key_sha256=secret, expires_in_ms=life_ms)


# -- keys ---------------------------------------------------------------------------------------------------------


async def test_both_secrets_open_a_key_while_they_overlap(desk: Desk) -> None:
    """It stays the same key; afterwards only the new one does."""
    key = await add_key(desk, "first", networks=("10.0.0.0/8",))
    await desk.store.rotate_key(key.id, ALICE.account_id, key_sha256="second", prefix="mk_next", overlap_ms=3_600_000)
    callers = [await desk.store.caller(secret) for secret in ("first", "second")]
    assert [caller and (caller.key_id, caller.networks) for caller in callers] == [(key.id, ("10.0.0.0/8",))] * 2

    assert desk.raw("update api_keys set previous_until_ms = 1") == 1

    assert await desk.store.caller("first") is None
    assert await desk.store.caller("second") is not None
    (listed,) = await desk.store.keys(ALICE.account_id)
    assert (listed.prefix, listed.name, listed.networks) == ("mk_next", "laptop", ("10.0.0.0/8",))


async def test_replaced_twice_the_first_secret_is_dead(desk: Desk) -> None:
    """There is one before the present one, not a chain."""
    key = await add_key(desk, "first")
    for secret in ("second", "third"):
        await desk.store.rotate_key(key.id, ALICE.account_id, key_sha256=secret, prefix="mk", overlap_ms=60_000)
    opens = [await desk.store.caller(secret) is not None for secret in ("first", "second", "third")]
    assert opens == [False, True, True]


async def test_an_end_ends_both_secrets(desk: Desk) -> None:
    """A key that is revoked or expired opens with neither, and cannot be replaced; nor can somebody else's."""
    revoked, expiring = await add_key(desk, "revoked"), await add_key(desk, "expiring", life_ms=3_600_000)
    for key in (revoked, expiring):
        await desk.store.rotate_key(key.id, ALICE.account_id, key_sha256=key.id, prefix="mk", overlap_ms=60_000)
    await desk.store.revoke_key(revoked.id, ALICE.account_id)
    assert desk.raw("update api_keys set expires_ms = 1 where expires_ms is not null") == 1
    for secret in ("revoked", "expiring", revoked.id, expiring.id):
        assert await desk.store.caller(secret) is None
    for key_id, account_id in ((revoked.id, ALICE.account_id), (expiring.id, ALICE.account_id), (revoked.id, "other")):
        with pytest.raises(NotFound):
            await desk.store.rotate_key(key_id, account_id, key_sha256="x", prefix="mk", overlap_ms=0)


async def test_the_last_use_is_noted(desk: Desk) -> None:
    """Of those that were used; an unknown one does no harm."""
    used, idle = await add_key(desk, "used"), await add_key(desk, "idle")
    await desk.store.used_keys({used.id, "unknown"})
    found = {key.id: key.last_used_ms for key in await desk.store.keys(ALICE.account_id)}
    assert (found[used.id] or 0) > 0
    assert found[idle.id] is None


# -- the audit log ------------------------------------------------------------------------------------------------


def note(action: str, who: Person = ALICE, target: str = "key-1") -> Callable[[Transaction], None]:
    """What writes one entry."""

    def write(tx: Transaction) -> None:
        audit.note(tx, ACTOR, action, account_id=who.account_id, target=target, before={"a": 1}, after={"a": 2})

    return write


async def entries(desk: Desk, **wanted: object) -> list[audit.Entry]:
    return await audit.entries(desk.store.db, Wanted(**{"account_id": None, **wanted}))  # type: ignore[arg-type]


async def test_an_act_and_its_entry_are_one(desk: Desk) -> None:
    """Both are there, or neither is."""
    noting = desk.store.noting(note("key.created"))
    key = replace(BARE, id="key-1")
    await noting.add_key(key, account_id=ALICE.account_id, key_sha256="hash", expires_in_ms=None)
    with pytest.raises(NotFound):
        await desk.store.noting(note("key.revoked")).revoke_key("no such key", ALICE.account_id)

    (entry,) = await entries(desk)

    assert (entry.action, entry.target, entry.actor, entry.account_id) == (
        "key.created",
        "key-1",
        ACTOR,
        ALICE.account_id,
    )
    assert (entry.before, entry.after) == ({"a": 1}, {"a": 2})
    assert entry.at_ms > 0


async def test_entries_are_found_newest_first_and_page_by_page(desk: Desk) -> None:
    """By account, act, target and time."""
    for number in range(5):
        who = BOB if number == 2 else ALICE
        action = "key.revoked" if number == 4 else "key.created"
        noting = desk.store.noting(note(action, who, f"key-{number}"))
        await noting.used_keys(())
        await asyncio.sleep(0.003)

    everything = await entries(desk)
    assert [entry.target for entry in everything] == ["key-4", "key-3", "key-2", "key-1", "key-0"]
    assert [e.target for e in await entries(desk, account_id=BOB.account_id)] == ["key-2"]
    assert [e.target for e in await entries(desk, action="key.revoked")] == ["key-4"]
    assert [e.target for e in await entries(desk, target="key-1")] == ["key-1"]
    assert [e.target for e in await entries(desk, after_ms=everything[1].at_ms)] == ["key-4", "key-3"]
    assert [e.target for e in await entries(desk, before_ms=everything[3].at_ms)] == ["key-0"]
    page = await entries(desk, limit=2)
    rest = await entries(desk, cursor=(page[-1].at_ms, page[-1].id))
    assert [entry.target for entry in rest] == ["key-2", "key-1", "key-0"]


# -- forgetting ---------------------------------------------------------------------------------------------------


async def test_what_finished_long_ago_is_found_oldest_first(desk: Desk) -> None:
    """Whatever it ended as; not what waits or runs, and nothing young."""
    ended = []
    for _ in range(3):
        await desk.submit()
        held = await desk.claim_held()
        await desk.complete(held)
        ended.append(held.request_id)
        await asyncio.sleep(0.003)
    cancelled = await desk.submit(BOB)
    await desk.store.cancel(cancelled, BOB.account_id)
    await desk.submit()
    await asyncio.sleep(0.05)
    expiry = Expiry(desk.store.db)

    found = await expiry.finished(keep_ms=10, after=START, limit=10)
    assert [request.id for request in found] == [*ended, cancelled]
    after = (found[1].finished_ms, found[1].id)
    assert [r.id for r in await expiry.finished(keep_ms=10, after=after, limit=1)] == [ended[2]]
    assert await expiry.finished(keep_ms=3_600_000, after=START, limit=10) == []


async def test_a_file_that_is_needed_stays(desk: Desk) -> None:
    """By a request that waits or runs."""
    file = await desk.store.add_file(desk.file())
    expiry = Expiry(desk.store.db)
    await asyncio.sleep(0.02)
    assert [f.id for f in await expiry.uploads(keep_ms=10, after=START, limit=10)] == [file.id]
    await desk.submit(inputs={"image": f"mutoscope-file:{file.id}"})
    assert not await expiry.delete_unused_file(file.id)
    held = await desk.claim_held()
    assert await expiry.is_in_use(file.id)
    await desk.store.fail(held, error="broken")
    assert await expiry.delete_unused_file(file.id)
    with pytest.raises(NotFound):
        await desk.store.file(file.id)


async def test_words_and_outputs_are_forgotten_apart(desk: Desk) -> None:
    """The row stays, with its state and its usage."""
    request_id = await desk.submit()
    held = await desk.claim_held()
    output = await desk.complete(held, cost_microusd=5)
    expiry = Expiry(desk.store.db)
    await expiry.forget_inputs(request_id)
    job = await desk.store.job(request_id, ALICE.account_id)
    assert (job.inputs, job.ignored_inputs) == ({}, ())
    assert job.result is not None
    assert job.result["outputs"] == [output.id]
    await expiry.forget_outputs(request_id)
    job = await desk.store.job(request_id, ALICE.account_id)
    assert job.state is State.COMPLETED
    assert job.result is not None
    assert job.result["outputs"] == []
    assert (await desk.usage())[request_id] == ("charged", 5)


async def test_progress_is_forgotten_and_changes_of_state_stay(desk: Desk) -> None:
    """Page by page, as far as what still runs lets it."""
    ended = await desk.submit()
    held = await desk.claim_held()
    for _ in range(3):
        await desk.store.beat(held, lease_ms=60_000, progress=0.5, stage="drawing", log=["line"])
    await desk.complete(held)
    await desk.submit()
    running = await desk.claim_held()
    await desk.store.beat(running, lease_ms=60_000, progress=0.5, stage="drawing")
    await asyncio.sleep(0.05)
    expiry = Expiry(desk.store.db)
    assert (await expiry.delete_events(keep_ms=3_600_000, after=0, limit=100)).gone == 0
    gone, after = 0, 0
    while True:
        page = await expiry.delete_events(keep_ms=10, after=after, limit=2)
        gone += page.gone
        if page.after is None:
            break
        after = page.after
    assert gone == 6
    assert {event.kind for event in await desk.store.events(ended)} == {"state"}
    assert "progress" in {event.kind for event in await desk.store.events(running.request_id)}
    again = await expiry.delete_events(keep_ms=10, after=0, limit=100)
    assert (again.gone, again.after) == (0, None)
    assert again.done < min(event.seq for event in await desk.store.events(running.request_id))


async def test_deliveries_that_ended_are_forgotten_with_their_tries(desk: Desk) -> None:
    """Not those that are still to be sent."""
    hook = Webhook("https://example.com/hook", ("in_queue", "completed"))
    await desk.submit(webhook=hook)
    outbox = desk.store.webhooks
    (destination,) = await outbox.destinations_due()
    (sent,) = await outbox.lease(destination, limit=10, lease_ms=60_000)
    attempt = Attempt(sent.attempt, sent.event_ms, 12, "{}", 200, "", None)
    await outbox.attempted(sent, attempt, Verdict("delivered"))
    await desk.complete(await desk.claim_held())
    await asyncio.sleep(0.05)
    expiry = Expiry(desk.store.db)

    assert await expiry.delete_deliveries(keep_ms=3_600_000, limit=10) == 0
    assert await expiry.delete_deliveries(keep_ms=10, limit=10) == 1

    left = await outbox.deliveries(ALICE.account_id, Deliveries())
    assert [(one.type, one.state) for one in left] == [("request.completed", "pending")]
    assert await outbox.attempts(sent.id) == []
