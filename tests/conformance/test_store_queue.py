"""The queue: in which order requests are served, who gets them, and what position a caller is told."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter

import pytest

from mutoscope.jobs import Job, State
from mutoscope.store import acts
from mutoscope.store.store import POSITION_CAP
from mutoscope.store.values import Cold

from .conftest import ALICE, BOB, MODEL, Desk, Person

pytestmark = pytest.mark.anyio


async def test_priority_comes_before_fair_share_and_fair_share_before_age(desk: Desk) -> None:
    """Alice waits with three; Bob's later one is served second, and an urgent one before all."""
    alices = [await desk.submit() for _ in range(3)]
    bobs = await desk.submit(BOB)
    urgent = await desk.submit(priority=-1)
    assert await desk.claim_all() == [urgent, alices[0], bobs, alices[1], alices[2]]


async def test_a_key_with_forty_waiting_does_not_hold_up_one_with_four(desk: Desk) -> None:
    """Bob comes late with four requests and is served every other place."""
    for _ in range(40):
        await desk.submit()
    bobs = [await desk.submit(BOB) for _ in range(4)]
    served = await desk.claim_all()
    assert [served.index(request_id) for request_id in bobs] == [1, 3, 5, 7]


async def test_two_keys_of_one_account_share_like_strangers(desk: Desk) -> None:
    """Shares are by key: a team can give each service its own."""
    for _ in range(6):
        await desk.submit()
    other = await desk.submit(Person(ALICE.account_id, "key-alice-2"))
    assert (await desk.claim_all()).index(other) == 1


async def test_a_key_of_weight_three_gets_three_places_of_four(desk: Desk) -> None:
    """While both wait, each four places in a row hold three of the heavy key."""
    heavy = Person(BOB.account_id, BOB.key_id, weight=3.0)
    for _ in range(12):
        await desk.submit()
    heavies = {await desk.submit(heavy) for _ in range(9)}
    served = await desk.claim_all()
    assert [len(heavies.intersection(served[place : place + 4])) for place in (0, 4, 8)] == [3, 3, 3]


async def test_equal_shares_are_served_by_age_and_then_by_id(desk: Desk) -> None:
    """Thirty keys with one request each, all accepted within a few milliseconds."""
    people = [Person(ALICE.account_id, f"key-{n}") for n in range(30)]
    ids = await asyncio.gather(*(desk.submit(person, id=str(uuid.uuid4())) for person in people))
    jobs = [await desk.store.job(request_id, ALICE.account_id) for request_id in ids]
    by_age = [job.id for job in sorted(jobs, key=lambda job: (job.created_ms, job.id))]
    assert await desk.claim_all() == by_age


async def test_an_idle_key_saves_nothing_up(desk: Desk) -> None:
    """Alice was served ten times while Bob slept; now both come, and take turns."""
    for _ in range(10):
        await desk.submit()
    await desk.claim_all()
    bobs = [await desk.submit(BOB) for _ in range(3)]
    alices = [await desk.submit() for _ in range(3)]
    served = await desk.claim_all()
    assert [served.index(request_id) for request_id in bobs] == [0, 2, 4]
    assert [served.index(request_id) for request_id in alices] == [1, 3, 5]


async def test_a_request_that_is_handed_back_keeps_its_place(desk: Desk) -> None:
    """A worker that goes away returns its request to the head of the queue."""
    ids = [await desk.submit() for _ in range(3)]
    held = await desk.claim_held()
    await desk.store.retry(held, error="the worker went away", used=False)
    assert await desk.claim_all() == ids


async def test_a_request_that_is_handed_back_lets_no_newcomer_overtake(desk: Desk) -> None:
    """Twenty of Alice's are served, the oldest comes back; Bob's new ones still take turns with hers."""
    alices = [await desk.submit() for _ in range(30)]
    first = await desk.claim_held()
    for _ in range(19):
        await desk.claim()
    await desk.store.retry(first, error="the worker went away", used=False)
    bobs = [await desk.submit(BOB) for _ in range(5)]
    served = await desk.claim_all()
    assert served[0] == alices[0]
    assert [served.index(request_id) for request_id in bobs] == [1, 3, 5, 7, 9]


async def test_a_worker_gets_only_models_it_can_run(desk: Desk) -> None:
    """A request for another model stays where it is."""
    other = await desk.submit(model_id="test/other")
    assert await desk.claim() is None
    assert await desk.claim(models=()) is None
    job = await desk.claim(models=(MODEL, "test/other"))
    assert job is not None
    assert job.id == other


async def test_between_models_the_older_request_is_served_first(desk: Desk) -> None:
    """Fair shares are kept within a model; a worker of several takes the head that waited longest."""
    ids: list[str] = []
    for model_id in ("test/b", "test/a", "test/c"):
        ids.append(await desk.submit(model_id=model_id, id=f"z{-len(ids)}"))
        await asyncio.sleep(0.002)  # another millisecond
    served = [await desk.claim(models=("test/a", "test/b", "test/c")) for _ in ids]
    assert [job.id for job in served if job] == ids


async def test_each_request_goes_to_exactly_one_of_many_claimers(desk: Desk) -> None:
    """Fifty workers ask at once for thirty requests: thirty get one each, twenty get nothing."""
    ids = {await desk.submit() for _ in range(30)}
    jobs = await asyncio.gather(*(desk.claim(f"worker-{n}") for n in range(50)))
    assert Counter(job.id for job in jobs if job) == Counter(ids)
    assert len({job.worker_id for job in jobs if job}) == 30


async def test_submit_claim_and_cancel_in_one_moment_leave_one_truth(desk: Desk) -> None:
    """Twenty requests, each claimed and cancelled at once: each is either running or cancelled."""
    ids = [await desk.submit() for _ in range(20)]

    async def both(number: int) -> tuple[Job | None, bool]:
        claim = desk.claim(f"worker-{number}")
        cancel = desk.store.cancel(ids[number], ALICE.account_id)
        job, (_, moved) = await asyncio.gather(claim, cancel)
        return job, moved

    outcomes = await asyncio.gather(*(both(number) for number in range(20)))
    claimed = {job.id for job, _ in outcomes if job}
    cancelled = {ids[number] for number, (_, moved) in enumerate(outcomes) if moved}
    assert claimed.isdisjoint(cancelled)
    assert claimed | cancelled == set(ids)
    for request_id in ids:
        expected = State.CANCELLED if request_id in cancelled else State.IN_PROGRESS
        assert await desk.state(request_id) is expected


async def test_a_request_that_failed_for_now_waits_before_it_is_served_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pause holds no other request up."""
    monkeypatch.setattr(acts, "RETRY_DELAY_MS", 3_600_000)
    first, second = await desk.submit(), await desk.submit()
    held = await desk.claim_held()
    assert held.request_id == first
    assert await desk.store.retry(held, error="out of memory") is State.IN_QUEUE
    assert await desk.claim_all() == [second]
    assert await desk.position(first) == 0


async def test_the_position_is_the_number_of_requests_ahead(desk: Desk) -> None:
    """However often it is asked for, and after every change of the queue."""
    ids = [await desk.submit() for _ in range(5)]
    bobs = await desk.submit(BOB)
    await desk.submit(model_id="test/other")
    for _ in range(4):
        assert [await desk.position(request_id) for request_id in ids] == [0, 2, 3, 4, 5]
        assert await desk.position(bobs, BOB) == 1
    held = await desk.claim_held()
    for _ in range(4):
        assert [await desk.position(request_id) for request_id in ids] == [None, 1, 2, 3, 4]
    await desk.store.cancel(ids[2], ALICE.account_id)
    for _ in range(4):
        assert [await desk.position(request_id) for request_id in ids] == [None, 1, None, 2, 3]
    await desk.store.retry(held, error="the worker went away", used=False)
    for _ in range(4):
        assert [await desk.position(request_id) for request_id in ids] == [0, 2, None, 3, 4]


async def test_positions_follow_the_order_in_which_requests_are_served(desk: Desk) -> None:
    """Three keys, two priorities: whoever is told 0 is next, always."""
    people = [ALICE, BOB, Person(BOB.account_id, "key-bob-2", weight=2.0)]
    owner = {await desk.submit(people[n % 3], priority=n % 2): people[n % 3] for n in range(24)}
    told = {request_id: await desk.position(request_id, who) for request_id, who in owner.items()}
    assert [told[request_id] for request_id in await desk.claim_all()] == list(range(24))


async def test_the_position_is_capped_at_a_thousand(desk: Desk) -> None:
    """Of 1,005 waiting the last five are all told 1000."""
    ids = await asyncio.gather(*(desk.submit() for _ in range(POSITION_CAP + 5)))
    for _ in range(4):
        places = [await desk.position(request_id) for request_id in ids]
        assert sorted(place for place in places if place is not None) == [*range(POSITION_CAP), *[POSITION_CAP] * 5]


async def test_what_waits_for_a_model_that_is_gone_fails(desk: Desk) -> None:
    """Nobody could ever run it; what waits for others goes on waiting."""
    stays, goes = await desk.submit(), await desk.submit(model_id="gone/model")
    assert await desk.store.fail_models_but({MODEL}) == 1
    assert (await desk.state(goes), await desk.state(stays)) == (State.FAILED, State.IN_QUEUE)


async def test_an_attempt_that_beats_for_ever_is_ended_at_its_time_limit(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker whose own clock failed keeps the lease; the sweeper does not believe it."""
    monkeypatch.setattr(acts, "GRACE_MS", -1_000_000)
    request_id = await desk.submit()
    await desk.claim()
    assert await desk.store.sweep() == [(request_id, State.FAILED)]


async def test_of_equal_age_comes_first_what_is_loaded(desk: Desk) -> None:
    """A model to be loaded counts as younger, by no more than that; an urgent request is urgent all the same."""
    cold, warm = await desk.submit(model_id="cold"), await desk.submit(model_id="warm")
    models, minute = ("cold", "warm"), {"cold": Cold(later_ms=60_000, leave_ms=0)}
    first = await desk.store.claim(models, "w", lease_ms=60_000, cold=minute)
    assert first is not None and first.id == warm
    later = await desk.submit(model_id="warm")
    desk.raw(f"update requests set created_ms = created_ms - 60001 where id = '{cold}'")
    second = await desk.store.claim(models, "w", lease_ms=60_000, cold=minute)
    assert second is not None and second.id == cold
    urgent = await desk.submit(model_id="cold", priority=-1)
    assert [job.id for _ in range(2) if (job := await desk.store.claim(models, "w", lease_ms=1, cold=minute))] == [
        *(urgent, later)
    ]


async def test_what_another_has_loaded_is_left_to_it_for_a_while(desk: Desk) -> None:
    """Other models are served meanwhile; in the end anybody takes it, so nothing starves."""
    left = await desk.submit(model_id="cold")
    hour = {"cold": Cold(later_ms=0, leave_ms=3_600_000)}
    assert await desk.store.claim(("cold", MODEL), "w", lease_ms=60_000, cold=hour) is None
    other = await desk.submit()
    found = await desk.store.claim(("cold", MODEL), "w", lease_ms=60_000, cold=hour)
    assert found is not None and found.id == other
    desk.raw("update requests set created_ms = created_ms - 3600001")
    found = await desk.store.claim(("cold", MODEL), "w", lease_ms=60_000, cold=hour)
    assert found is not None and found.id == left
