"""What every store tells about the past and the present, for quotes."""

from __future__ import annotations

import random

import pytest

from mutoscope.quotas import Quota
from mutoscope.store.history import History
from mutoscope.store.values import Held

from .conftest import ALICE, BOB, MODEL, Desk, Person

pytestmark = pytest.mark.anyio
CAROL = Person("account-carol", "key-carol", weight=4.0)


async def test_completed_runs_are_told_newest_first_with_what_they_were_charged_for(desk: Desk) -> None:
    """Not what failed, was cancelled, or waits."""
    done = []
    for _ in range(3):
        await desk.submit()
        held = await desk.claim_held()
        await desk.complete(held)
        done.append(held.request_id)
    await desk.submit()
    await desk.store.fail(await desk.claim_held(), error="no")
    await desk.submit()
    runs = (await History(desk.store.db).runs())[MODEL]
    assert [run.quantity for run in runs] == [2.0] * 3
    assert all(run.run_s >= 0 for run in runs)


async def test_ends_are_counted_by_the_hour(desk: Desk) -> None:
    """Completed and failed apart; every hour is there, the present one last."""
    await desk.submit()
    await desk.complete(await desk.claim_held())
    for _ in range(2):
        await desk.submit()
        await desk.store.fail(await desk.claim_held(), error="no")
    await desk.submit()
    now_ms = await desk.store.now_ms()
    hours = await History(desk.store.db).hours(now_ms)
    assert [hour.start_ms % 3_600_000 for hour in hours] == [0] * 24
    assert 0 <= now_ms - hours[-1].start_ms < 3_600_000
    # The hour may have turned since the first of them ended.
    assert sum(hour.completed for hour in hours[-2:]) == 1
    assert sum(hour.failed for hour in hours[-2:]) == 2
    assert sum(hour.completed + hour.failed for hour in hours[:-2]) == 0


async def test_what_was_read_serves_for_a_while(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form that asks at every key does not read the table at every key."""
    monkeypatch.setattr("mutoscope.store.history.KEPT_S", 3600.0)
    history = History(desk.store.db)
    assert not await history.runs()
    await desk.submit()
    await desk.complete(await desk.claim_held())
    assert not await history.runs()
    assert await History(desk.store.db).runs()


@pytest.mark.parametrize("seed", range(4))
async def test_the_place_foretold_is_the_place_taken(desk: Desk, seed: int) -> None:
    """Whoever asks, whatever waits: the queue ahead is the position that a submit then has."""
    drawn = random.Random(seed)
    for _ in range(20):
        who = drawn.choice((ALICE, ALICE, ALICE, BOB, CAROL))
        quota = Quota(max_running=3) if who is BOB else Quota()
        new = desk.job(who, priority=drawn.choice((0, 0, 1)))
        await desk.store.submit(new, quota)
        if drawn.random() < 0.3:
            job = await desk.claim()
            if job is not None and drawn.random() < 0.5:
                await desk.complete(Held(job.id, "worker-1", job.attempt))
    for who in (ALICE, BOB, CAROL, Person("account-dave", "key-dave")):
        told = await desk.store.history.outlook(MODEL, who.key_id)
        request_id = await desk.submit(who)
        assert told.ahead == await desk.position(request_id, who)
        await desk.store.cancel(request_id, who.account_id)


async def test_the_outlook_counts_what_runs_and_what_waits_elsewhere(desk: Desk) -> None:
    """Other models by name; running ones with the seconds they have run; nothing of it is changed."""
    await desk.submit()
    await desk.claim_held()
    await desk.submit()
    await desk.submit(model_id="test/other")
    await desk.submit(BOB, model_id="test/other")
    told = [await desk.store.history.outlook(MODEL, "key-bob") for _ in range(2)]
    assert told[0].ahead == told[1].ahead
    assert told[0].others == {"test/other": 2}
    assert [model_id for model_id, _ in told[0].running] == [MODEL]
    assert all(elapsed_s >= 0 for _, elapsed_s in told[0].running)
