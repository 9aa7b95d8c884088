"""Fair sharing as it was promised: keys take turns by weight, priorities come first, and a key that has enough
running holds nobody up."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from mutoscope.quotas import Quota
from mutoscope.store.records import Key
from mutoscope.store.values import Growth, Held

from .conftest import MODEL, Desk, Person

pytestmark = pytest.mark.anyio

OTHER = "test/other"


async def key_of(desk: Desk, account: str, **limits: float | str) -> Person:
    """Somebody with an account, and a key of these limits."""
    account_id = await desk.store.open_account(account)
    key = Key(f"key-{account}", account, "mk", ("run",), 0, None, None, quota=Quota(**limits))  # type: ignore[arg-type]
    await desk.store.add_key(key, account_id=account_id, key_sha256=account, expires_in_ms=None)
    return Person(account_id, key.id, weight=key.quota.weight)


async def submit(desk: Desk, who: Person, count: int = 1, *, model_id: str = MODEL, priority: int = 0) -> list[str]:
    """Accept requests of a key, under the key's own quota; their ids."""
    caller = await desk.store.key(who.key_id, who.account_id)
    new = [desk.job(who, model_id=model_id, priority=priority) for _ in range(count)]
    accepted = await asyncio.gather(*(desk.store.submit(job, caller.quota) for job in new))
    return [submitted.request_id for submitted in accepted]


async def serve(desk: Desk, count: int) -> list[str]:
    """Claim and complete so many, one after the other, as a single worker does; ids in the order of service."""
    served = []
    for _ in range(count):
        held = await desk.claim_held()
        served.append(held.request_id)
        await desk.store.fail(held, error="for a test")
    return served


@pytest.mark.slow
async def test_twenty_beside_four_hundred_are_served_every_other_place(desk: Desk) -> None:
    """One key has 400 waiting; a second one submits 20, and waits for 20 others, not for 400."""
    flood, guest = await key_of(desk, "flood"), await key_of(desk, "guest")
    await submit(desk, flood, 400)
    guests = await submit(desk, guest, 20)
    served = await desk.claim_all()
    assert [served.index(request_id) for request_id in guests] == list(range(1, 40, 2))


@pytest.mark.slow
async def test_every_other_place_also_when_the_flood_is_being_served_already(desk: Desk) -> None:
    """Who comes later owes nothing for what was done before."""
    flood, guest = await key_of(desk, "flood"), await key_of(desk, "guest")
    await submit(desk, flood, 400)
    await serve(desk, 150)
    guests = await submit(desk, guest, 20)
    served = await desk.claim_all()
    assert [served.index(request_id) for request_id in guests] == list(range(0, 40, 2))


@pytest.mark.slow
@pytest.mark.parametrize("weight", [0.5, 2.0, 3.0, 7.0])
async def test_shares_are_as_the_weights(desk: Desk, weight: float) -> None:
    """While both wait, of every so many places the heavy key has weight / (weight + 1), whoever came first."""
    light, heavy = await key_of(desk, "light"), await key_of(desk, "heavy", weight=weight)
    await submit(desk, light, 60)
    heavies = set(await submit(desk, heavy, 60))
    served = (await desk.claim_all())[:60]
    got = sum(request_id in heavies for request_id in served)
    assert abs(got - 60 * weight / (weight + 1)) <= 1


@pytest.mark.slow
async def test_a_newcomer_of_small_weight_is_served_at_once_and_then_seldom(desk: Desk) -> None:
    """The virtual clock is that of the service, whatever the weight of the request at the head."""
    light, heavy = await key_of(desk, "light", weight=0.1), await key_of(desk, "heavy", weight=4.0)
    await submit(desk, heavy, 200)
    await serve(desk, 40)
    lights = await submit(desk, light, 3)
    served = await desk.claim_all()
    assert [served.index(request_id) for request_id in lights] == [0, 41, 82]


async def test_a_priority_is_served_before_the_next_one_and_shared_fairly_within(desk: Desk) -> None:
    """High before normal before low, always; in each of them the keys take turns."""
    alice, bob = await key_of(desk, "alice"), await key_of(desk, "bob")
    low = [await submit(desk, who, 3, priority=1) for who in (alice, bob)]
    normal = [await submit(desk, who, 3) for who in (alice, bob)]
    high = [await submit(desk, who, 3, priority=-1) for who in (alice, bob)]
    expected = [ids[turn] for level in (high, normal, low) for turn in range(3) for ids in level]
    assert await desk.claim_all() == expected


async def test_urgent_work_does_not_cost_its_key_the_turns_of_others(desk: Desk) -> None:
    """Alice's urgent request comes after 100 of her normal ones; a newcomer still shares from the front."""
    alice, bob = await key_of(desk, "alice"), await key_of(desk, "bob")
    await submit(desk, alice, 100)
    urgent = await submit(desk, alice, priority=-1)
    bobs = await submit(desk, bob, 2)
    served = await desk.claim_all()
    assert served[0] == urgent[0]
    assert [served.index(request_id) for request_id in bobs] == [2, 4]


async def test_a_key_gets_no_more_at_once_than_it_may(desk: Desk) -> None:
    """Two of five run; the third is handed out when one of them has ended."""
    capped = await key_of(desk, "capped", max_running=2)
    ids = await submit(desk, capped, 5)
    first, second = await desk.claim_held(), await desk.claim_held()
    assert await desk.claim() is None
    await desk.complete(first, who=capped)
    third = await desk.claim_held()
    assert await desk.claim() is None
    assert [first.request_id, second.request_id, third.request_id] == ids[:3]


async def test_the_cap_counts_all_models_of_a_key(desk: Desk) -> None:
    """One running request of another model uses it up."""
    capped = await key_of(desk, "capped", max_running=1)
    await submit(desk, capped, model_id=OTHER)
    await submit(desk, capped)
    assert await desk.claim(models=(MODEL, OTHER)) is not None
    assert await desk.claim(models=(MODEL, OTHER)) is None


async def test_a_capped_key_holds_nobody_up(desk: Desk) -> None:
    """It stands at the head of the queue with fifty; the others are served behind it, one after the other."""
    capped, other = await key_of(desk, "capped", max_running=1), await key_of(desk, "other")
    waiting = await submit(desk, capped, 50)
    others = await submit(desk, other, 10)
    running = await desk.claim_held()
    assert running.request_id == waiting[0]
    assert await desk.claim_all() == others
    assert await desk.claim() is None
    await desk.complete(running, who=capped)
    assert (await desk.claim_held()).request_id == waiting[1]


async def test_a_key_that_was_passed_by_does_not_catch_up_at_the_others_expense(desk: Desk) -> None:
    """Capped at one, it missed many turns while its request ran; it gets one of them, and then its share."""
    capped, other = await key_of(desk, "capped", max_running=1), await key_of(desk, "other")
    waiting = await submit(desk, capped, 20)
    long = await desk.claim_held()
    others = await submit(desk, other, 60)
    await serve(desk, 30)
    await desk.complete(long, who=capped)
    served = await serve(desk, 10)
    assert [request_id in set(waiting) for request_id in served] == [True, *[True, False] * 5][:10]
    assert [request_id for request_id in served if request_id not in waiting] == others[30:34]


async def test_one_hundred_claims_at_once_keep_the_cap(desk: Desk) -> None:
    """However many ask in the same moment: three run."""
    capped = await key_of(desk, "capped", max_running=3)
    await submit(desk, capped, 40)
    jobs = await asyncio.gather(*(desk.claim(f"worker-{n}") for n in range(100)))
    assert sum(job is not None for job in jobs) == 3


async def test_a_model_has_no_more_running_than_it_may(desk: Desk) -> None:
    """Requests of other models are handed out meanwhile."""
    alice = await key_of(desk, "alice")
    await submit(desk, alice, 3)
    other = await submit(desk, alice, model_id=OTHER)

    async def claim() -> str | None:
        job = await desk.store.claim((MODEL, OTHER), "worker-1", lease_ms=60_000, max_running={MODEL: 2})
        return job.id if job else None

    served = [await claim() for _ in range(4)]
    assert served[3] is None
    assert other[0] in served
    running = await desk.store.job(str(next(one for one in served if one != other[0])), alice.account_id)
    await desk.store.fail(Held(running.id, "worker-1", running.attempt), error="for a test")
    assert await claim() is not None
    assert await claim() is None


async def test_a_model_grows_only_while_enough_wait(desk: Desk) -> None:
    """One place is always there; the next is taken when more wait than may; none beyond the cap."""
    alice = await key_of(desk, "alice")
    await submit(desk, alice, 2)

    async def claim(*, is_warm: bool = False) -> str | None:
        grows = {} if is_warm else {MODEL: Growth(places=1, waiting=1)}
        job = await desk.store.claim((MODEL,), "worker-1", lease_ms=60_000, max_running={MODEL: 3}, grows=grows)
        return job.id if job else None

    assert await claim()
    assert await claim() is None  # one waits, which is as many as may
    await submit(desk, alice)
    assert await claim()
    assert await claim() is None
    assert await claim(is_warm=True)
    await submit(desk, alice, 5)
    assert await claim() is None  # as many run as may


async def test_a_cap_that_is_set_later_counts_for_what_waits_already(desk: Desk) -> None:
    """And lifted it counts no more."""
    alice = await key_of(desk, "alice")
    await submit(desk, alice, 5)

    async def limit(max_running: int | None) -> None:
        await desk.store.change_key(
            alice.key_id,
            alice.account_id,
            lambda key: dataclasses.replace(key, quota=Quota(max_running=max_running)),
        )

    await desk.claim_held()
    await limit(2)
    assert await desk.claim() is not None
    assert await desk.claim() is None
    await limit(0)
    assert await desk.claim() is None
    await limit(None)
    assert len(await desk.claim_all()) == 3


async def test_positions_count_those_in_lanes_too(desk: Desk) -> None:
    """Whether the queue is counted for one or read as a whole."""
    capped, other = await key_of(desk, "capped", max_running=1), await key_of(desk, "other")
    cappeds = await submit(desk, capped, 3)
    others = await submit(desk, other, 3)
    for _ in range(4):
        assert [await desk.position(request_id, capped) for request_id in cappeds] == [0, 2, 4]
        assert [await desk.position(request_id, other) for request_id in others] == [1, 3, 5]
