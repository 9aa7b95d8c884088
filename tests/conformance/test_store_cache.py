"""A request that is finished with an earlier output: one transaction, on both databases."""

from __future__ import annotations

import pytest

from mutoscope.errors import PaymentRequired
from mutoscope.jobs import State
from mutoscope.quotas import OPEN, Quota
from mutoscope.store.records import Copy
from mutoscope.store.values import Charge

from .conftest import ALICE, BOB, Desk

pytestmark = pytest.mark.anyio

KEY, QUARTER = "the same", Charge(2.0, "second", 50)


async def test_it_is_finished_at_once_and_costs_its_share(desk: Desk) -> None:
    """Row, events, usage and files; the source is found by its account alone, and a copy is no source."""
    first = await desk.submit(cache_key=KEY)
    await desk.complete(await desk.claim_held(), cost_microusd=200)
    found = await desk.store.cached(ALICE.account_id, KEY)
    assert found is not None and found.id == first
    assert await desk.store.cached(BOB.account_id, KEY) is None
    second = desk.job(hold_microusd=50)
    output = desk.file(request_id=second.id, role="output")
    submitted = await desk.store.submit_cached(second, OPEN, Copy(first, {"outputs": [output.id]}, (output,)), QUARTER)
    assert submitted is not None and submitted.request_id == second.id
    job = await desk.store.job(second.id, ALICE.account_id)
    assert (job.state, job.attempt, job.worker_id) == (State.COMPLETED, 0, None)
    assert job.started_ms == job.finished_ms
    assert await desk.told(second.id) == [State.IN_QUEUE, State.IN_PROGRESS, State.COMPLETED]
    assert await desk.usage() == {first: ("charged", 200), second.id: ("charged", 50)}
    assert [file.id for file in await desk.store.files_of(second.id)] == [output.id]
    assert await desk.claim() is None
    found = await desk.store.cached(ALICE.account_id, KEY)
    assert found is not None and found.id == first
    runs = await desk.store.db.all("history_runs", limit=10)
    assert len(runs) == 1, "a quote is made of what ran"


async def test_what_was_deleted_meanwhile_is_not_given(desk: Desk) -> None:
    """Nothing is written then; nor is anything for a key that has not enough money left."""
    first = await desk.submit(cache_key=KEY)
    await desk.complete(await desk.claim_held())
    new = desk.job(hold_microusd=50)
    poor = Quota(spend_microusd=49, spend_period="total")
    with pytest.raises(PaymentRequired):
        await desk.store.submit_cached(new, poor, Copy(first, {"outputs": ["x"]}, ()), QUARTER)
    await desk.store.delete(first, ALICE.account_id)
    assert await desk.store.submit_cached(new, OPEN, Copy(first, {"outputs": ["x"]}, ()), QUARTER) is None
    assert list(await desk.usage()) == [first]


async def test_hits_take_no_turn_from_what_has_to_run(desk: Desk) -> None:
    """Alice's request after forty hits waits as if there had been none."""
    first = await desk.submit(cache_key=KEY)
    await desk.complete(await desk.claim_held())
    bobs = [await desk.submit(BOB) for _ in range(3)]
    for _ in range(40):
        await desk.store.submit_cached(desk.job(), OPEN, Copy(first, {"outputs": ["x"]}, ()), Charge())
    alices = await desk.submit()
    served = await desk.claim_all()
    assert served.index(alices) <= 1
    assert set(served) == {alices, *bobs}
