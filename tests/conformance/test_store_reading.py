"""What every store tells of requests: lists, events, progress and counts."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mutoscope.jobs import State
from mutoscope.store.values import Filter

from .acts import bring_to
from .conftest import ALICE, MODEL, Desk

pytestmark = pytest.mark.anyio


async def test_pages_have_no_gaps_and_no_repeats_while_new_requests_arrive(desk: Desk) -> None:
    """Twenty-five requests in pages of four; a new one is accepted after every page."""
    old = [await desk.submit() for _ in range(25)]
    seen: list[str] = []
    cursor = None
    while jobs := await desk.store.jobs(ALICE.account_id, Filter(cursor=cursor, limit=4)):
        seen += [job.id for job in jobs]
        cursor = (jobs[-1].created_ms, jobs[-1].id)
        await desk.submit()
    assert len(seen) == len(set(seen)) == 25
    assert set(seen) == set(old)


async def test_lists_are_newest_first_and_can_be_narrowed(desk: Desk) -> None:
    """By model, by state, by time: from `after` on, up to but not including `before`."""
    first = await desk.submit()
    await asyncio.sleep(0.003)
    other = await desk.submit(model_id="test/other")
    held = await desk.claim_held()

    async def listed(**wanted: Any) -> list[str]:
        return [job.id for job in await desk.store.jobs(ALICE.account_id, Filter(**wanted))]

    at_ms = (await desk.store.job(other, ALICE.account_id)).created_ms
    assert held.request_id == first
    assert await listed() == [other, first]
    assert await listed(limit=1) == [other]
    assert await listed(model_id="test/other") == [other]
    assert await listed(state=State.IN_PROGRESS) == [first]
    assert await listed(after_ms=at_ms) == [other]
    assert await listed(before_ms=at_ms) == [first]


async def test_events_grow_and_a_reader_that_was_cut_off_goes_on(desk: Desk) -> None:
    """Numbers only grow; whoever names the last one seen gets what came after."""
    request_id = await desk.submit()
    held = await desk.claim_held()
    await desk.store.beat(held, lease_ms=60_000, progress=0.5, stage="drawing", log=["one", "two"])
    seen = await desk.store.events(request_id)
    assert [event.kind for event in seen] == ["state", "state", "progress", "log", "log"]
    assert [event.data.get("line") for event in seen[3:]] == ["one", "two"]
    await desk.submit()
    await desk.complete(held)
    rest = await desk.store.events(request_id, after=seen[-1].seq)
    assert [event.data["state"] for event in rest] == ["completed"]
    numbers = [event.seq for event in (*seen, *rest)]
    assert numbers == sorted(set(numbers))
    paged = [await desk.store.events(request_id, after=number, limit=1) for number in (0, *numbers)]
    assert [event.seq for page in paged for event in page] == numbers


async def test_event_numbers_are_not_given_twice(desk: Desk) -> None:
    """Also after the newest request, and with it the largest number, was deleted."""
    held = await bring_to(desk, State.COMPLETED)
    largest = (await desk.store.events(held.request_id))[-1].seq
    await desk.store.delete(held.request_id, ALICE.account_id)
    assert (await desk.store.events(await desk.submit()))[0].seq > largest


async def test_a_beat_is_seen_by_the_caller(desk: Desk) -> None:
    """Progress and stage, until the next attempt starts from zero."""
    request_id = await desk.submit()
    await desk.store.beat(await desk.claim_held(), lease_ms=1, progress=0.4, stage="drawing")
    job = await desk.store.job(request_id, ALICE.account_id)
    assert (job.progress, job.stage) == (0.4, "drawing")
    await asyncio.sleep(0.01)
    await desk.store.sweep()
    job = await desk.store.job(request_id, ALICE.account_id)
    assert (job.progress, job.stage, job.worker_id) == (0.0, "", None)


async def test_the_newest_picture_of_a_request_is_found_again(desk: Desk) -> None:
    """Also when later beats showed none; words in a stage are not mistaken for one."""
    request_id = await desk.submit()
    held = await desk.claim_held()
    assert await desk.store.last_preview(request_id) is None
    for shown in ("aa", "bb", ""):
        await desk.store.beat(held, lease_ms=60_000, progress=0.4, stage='"preview":"/x"', preview=shown)
    assert await desk.store.last_preview(request_id) == f"/v1/requests/{request_id}/previews/1/bb"


async def test_what_is_not_finished_is_counted_by_model_and_state(desk: Desk) -> None:
    """For metrics: how many, and since when the oldest."""
    await desk.submit()
    await desk.submit()
    await desk.submit(model_id="test/other")
    await desk.claim_held()
    await bring_to(desk, State.CANCELLED)
    counts = {(model_id, state): n for model_id, state, n, _ in await desk.store.load()}
    assert counts == {(MODEL, "in_queue"): 1, (MODEL, "in_progress"): 1, ("test/other", "in_queue"): 1}
