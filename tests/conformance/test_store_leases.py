"""What every store promises about leases: one worker holds an attempt, and whoever lost it can do nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mutoscope.errors import Cancelled, LeaseLost
from mutoscope.jobs import State
from mutoscope.store.values import Held

from .acts import ACTS, bring_to
from .conftest import ALICE, Desk

pytestmark = pytest.mark.anyio


async def lose_lease(desk: Desk, worker_id: str = "slow") -> Held:
    """Claim under a lease of a few milliseconds and fall silent until it has run out and was swept."""
    held = await desk.claim_held(worker_id, lease_ms=20)
    await asyncio.sleep(0.03)
    assert [request_id for request_id, _ in await desk.store.sweep()] == [held.request_id]
    return held


@pytest.mark.parametrize("act", ["complete", "fail", "release", "beat", "remember"])
async def test_a_worker_that_lost_its_lease_can_do_nothing(desk: Desk, act: str) -> None:
    """The slow worker wakes after its request was handed on; whatever it says is refused."""
    await desk.submit()
    slow = await lose_lease(desk)
    fresh = await desk.claim_held("fresh")
    with pytest.raises(LeaseLost):
        await ACTS[act][0](desk, slow)
    with pytest.raises(LeaseLost):
        await desk.store.held_by(slow)
    await desk.complete(fresh)
    assert await desk.told(slow.request_id) == ["in_queue", "in_progress", "in_queue", "in_progress", "completed"]


@pytest.mark.parametrize("wrong", [{"worker_id": "stranger"}, {"attempt": 2}, {"request_id": "no-such-request"}])
@pytest.mark.parametrize("act", ["complete", "fail", "release", "beat", "remember"])
async def test_a_lease_is_good_for_one_worker_and_one_attempt(desk: Desk, act: str, wrong: dict[str, Any]) -> None:
    """The right attempt under another name, and the right name with another attempt, are both refused."""
    held = await bring_to(desk, State.IN_PROGRESS)
    fields = {"request_id": held.request_id, "worker_id": held.worker_id, "attempt": held.attempt}
    with pytest.raises(LeaseLost):
        await ACTS[act][0](desk, Held(**(fields | wrong)))
    assert await desk.store.held_by(held) == ALICE.account_id


async def test_a_lease_ends_by_the_clock_of_the_database(desk: Desk) -> None:
    """Before its end nothing happens, beats push it back, silence ends it."""
    await desk.submit()
    held = await desk.claim_held(lease_ms=1)
    await desk.store.beat(held, lease_ms=60_000, progress=0.1, stage="")
    await asyncio.sleep(0.05)
    assert await desk.store.sweep() == []
    await desk.store.beat(held, lease_ms=1, progress=0.2, stage="")
    await asyncio.sleep(0.05)
    assert await desk.store.sweep() == [(held.request_id, State.IN_QUEUE)]
    assert await desk.store.sweep() == []


async def test_a_lease_that_ran_out_counts_until_somebody_else_has_the_request(desk: Desk) -> None:
    """A worker that was only late, and not swept yet, may still finish: nobody repeated its work."""
    await desk.submit()
    held = await desk.claim_held(lease_ms=10)
    await asyncio.sleep(0.02)
    await desk.complete(held)
    assert await desk.store.sweep() == []
    assert await desk.state(held.request_id) is State.COMPLETED


async def test_many_lost_requests_are_handed_on_together(desk: Desk) -> None:
    """A machine with twelve workers goes dark."""
    ids = {await desk.submit() for _ in range(12)}
    for n in range(12):
        await desk.claim(f"worker-{n}", lease_ms=10)
    await asyncio.sleep(0.02)
    assert {request_id for request_id, _ in await desk.store.sweep()} == ids
    assert set(await desk.claim_all()) == ids


async def test_a_worker_that_is_known_to_be_gone_keeps_nothing(desk: Desk) -> None:
    """Its attempt is handed on within its lease, counted and fenced; no other worker loses anything."""
    for _ in range(2):
        await desk.submit(max_attempts=2)
    gone, other = await desk.claim("farm.1"), await desk.claim("farm.10")
    assert gone and other
    assert await desk.store.at_work() == ["farm.1", "farm.10"]
    assert await desk.store.lose("farm.1") == [(gone.id, State.IN_QUEUE)]
    assert await desk.store.lose("farm.1") == []
    assert await desk.store.at_work() == ["farm.10"]
    with pytest.raises(LeaseLost):
        await desk.store.held_by(Held(gone.id, "farm.1", gone.attempt))
    await desk.store.held_by(Held(other.id, "farm.10", other.attempt))
    again = await desk.claim("farm.2")
    assert again
    assert (again.id, again.attempt) == (gone.id, 2)
    assert await desk.store.lose("farm.2") == [(gone.id, State.FAILED)]
    job = await desk.store.job(gone.id, ALICE.account_id)
    assert job.error == "the worker was lost (after 2 attempts)"


async def test_lost_attempts_are_counted_and_the_last_one_fails_the_request(desk: Desk) -> None:
    """Three attempts are allowed; the third lost worker ends it, with a message that says so."""
    request_id = await desk.submit(max_attempts=3)
    for _ in range(3):
        await lose_lease(desk)
    job = await desk.store.job(request_id, ALICE.account_id)
    assert (job.state, job.attempt, job.error) == (State.FAILED, 3, "the worker was lost (after 3 attempts)")
    assert (await desk.usage())[request_id] == ("released", 0)
    assert await desk.claim() is None


async def test_released_attempts_are_not_counted(desk: Desk) -> None:
    """Ten workers are stopped for an update, one is lost: of two attempts one is left."""
    request_id = await desk.submit(max_attempts=2)
    for _ in range(10):
        held = await desk.claim_held()
        assert await desk.store.retry(held, error="the worker went away", used=False) is State.IN_QUEUE
    assert held.attempt == 10
    await lose_lease(desk)
    await desk.complete(await desk.claim_held())
    assert await desk.state(request_id) is State.COMPLETED


async def test_the_last_attempt_that_failed_for_now_fails_for_good(desk: Desk) -> None:
    """The message is the engine's, and says how often it was tried."""
    request_id = await desk.submit(max_attempts=1)
    assert await desk.store.retry(await desk.claim_held(), error="out of memory") is State.FAILED
    job = await desk.store.job(request_id, ALICE.account_id)
    assert job.error == "out of memory (after 1 attempts)"
    last = (await desk.store.events(request_id))[-1]
    assert last.data == {"state": "failed", "attempt": 1, "error": job.error}


async def test_a_worker_is_told_whether_anybody_goes_on(desk: Desk) -> None:
    """A request that was cancelled, or deleted since, is over; one that was handed on is somebody else's."""
    handed_on = await desk.submit()
    held = await desk.claim_held(lease_ms=1)
    await asyncio.sleep(0.01)
    await desk.store.sweep()
    for tell in (desk.store.held_by(held), desk.store.beat(held, lease_ms=1, progress=0, stage="")):
        with pytest.raises(LeaseLost) as caught:
            await tell
        assert not isinstance(caught.value, Cancelled)
    await desk.store.cancel(handed_on, ALICE.account_id)

    cancelled = await desk.submit()
    held = await desk.claim_held()
    await desk.store.cancel(cancelled, ALICE.account_id, running=True)
    with pytest.raises(Cancelled):
        await desk.store.beat(held, lease_ms=1, progress=0, stage="")
    await desk.store.delete(cancelled, ALICE.account_id)
    with pytest.raises(Cancelled):
        await desk.store.held_by(held)
