"""Limits of a key are kept in the submit's own transaction, and a request that nobody started in time ends."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
from collections import Counter
from typing import Any

import pytest

from mutoscope.errors import LeaseLost, PaymentRequired, RateLimited
from mutoscope.jobs import State
from mutoscope.quotas import Quota
from mutoscope.store.records import Key
from mutoscope.store.values import Charge, Filter, Submitted

from .conftest import Desk, Person

pytestmark = pytest.mark.anyio

USD = 1_000_000
NUMBERS = itertools.count()


@dataclasses.dataclass
class Customer:
    """Somebody with a limited key."""

    desk: Desk
    who: Person
    quota: Quota

    async def submit(self, **given: Any) -> Submitted:
        """Accept one request under the quota."""
        return await self.desk.store.submit(self.desk.job(self.who, **given), self.quota)

    async def try_many(self, count: int, **given: Any) -> Counter[str]:
        """So many submits in one moment; how many were accepted and how many refused, by the refusal's name."""
        outcomes = await asyncio.gather(*(self.submit(**given) for _ in range(count)), return_exceptions=True)
        return Counter("accepted" if isinstance(one, Submitted) else type(one).__name__ for one in outcomes)

    async def spent_usd(self) -> float:
        meter = await self.desk.store.meter(self.who.account_id, self.who.key_id, self.quota)
        return meter.spent_microusd / USD

    async def requests(self) -> int:
        return len(await self.desk.store.jobs(self.who.account_id, Filter(limit=500)))


async def customer(desk: Desk, **limits: Any) -> Customer:
    number, quota = next(NUMBERS), Quota(**limits)
    account_id = await desk.store.open_account(f"customer {number}")
    key = Key(f"key-{number}", "a key", "mk", ("run",), 0, None, None, quota=quota)
    await desk.store.add_key(key, account_id=account_id, key_sha256=f"hash {number}", expires_in_ms=None)
    return Customer(desk, Person(account_id, key.id), quota)


async def test_a_quota_is_kept_as_it_was_given(desk: Desk) -> None:
    """Every limit comes back, and from a change too; the key's lookup tells it along."""
    quota = Quota(2.5, -1, 3, 40, 60, 30, 20 * USD, "month")
    somebody = await customer(desk, **dataclasses.asdict(quota))
    caller = await desk.store.caller(f"hash {somebody.who.key_id.removeprefix('key-')}")
    assert caller is not None
    assert caller.quota == quota
    other = Quota(spend_microusd=0, spend_period="total")
    changed = await desk.store.change_key(
        somebody.who.key_id,
        somebody.who.account_id,
        lambda key: dataclasses.replace(key, name="renamed", quota=other),
    )
    assert (changed.name, changed.quota) == ("renamed", other)
    assert await desk.store.key(somebody.who.key_id, somebody.who.account_id) == changed


# -- how fast -----------------------------------------------------------------------------------------------------


async def test_a_rate_lets_so_many_through_and_refuses_the_others(desk: Desk) -> None:
    """Of twelve in one moment five are accepted; what is refused leaves nothing behind."""
    hasty = await customer(desk, rate_submits=5, rate_window_s=3600)
    assert await hasty.try_many(12) == Counter(accepted=5, RateLimited=7)
    assert await hasty.requests() == 5
    with pytest.raises(RateLimited, match=r"5 requests in 3600 s; the next one in \d+ s") as refused:
        await hasty.submit()
    assert refused.value.code == 429001
    assert refused.value.retry_after_s is not None
    assert 360 < refused.value.retry_after_s <= 720
    assert refused.value.headers["RateLimit"].startswith('"submits";r=0;t=')
    assert refused.value.headers["RateLimit-Policy"] == '"submits";q=5;w=3600'


async def test_a_rate_is_told_and_comes_back_with_time(desk: Desk) -> None:
    """Each submit says what is left; a share of the window later there is one more."""
    hasty = await customer(desk, rate_submits=2, rate_window_s=3600)
    left = [(await hasty.submit()).allowance for _ in range(2)]
    assert [one.left for one in left if one] == [1, 0]
    with pytest.raises(RateLimited):
        await hasty.submit()
    assert desk.raw("update meters set tat_ms = tat_ms - 1800000") == 1
    assert (await hasty.submit()).allowance is not None
    with pytest.raises(RateLimited):
        await hasty.submit()


async def test_a_replayed_submit_counts_once(desk: Desk) -> None:
    """The same Idempotency-Key again takes nothing of the rate, the queue or the money."""
    careful = await customer(
        desk, rate_submits=1, rate_window_s=3600, max_queued=1, spend_microusd=USD, spend_period="total"
    )
    first = await careful.submit(idempotency_key="one", hold_microusd=USD)
    again = await careful.submit(idempotency_key="one", hold_microusd=USD)
    assert (again.request_id, again.replayed) == (first.request_id, True)
    assert await careful.spent_usd() == 1.0


# -- how many waiting ---------------------------------------------------------------------------------------------


async def test_a_key_has_no_more_waiting_than_it_may(desk: Desk) -> None:
    """Of ten in one moment three wait; a claimed one makes room for another."""
    bounded = await customer(desk, max_queued=3)
    assert await bounded.try_many(10) == Counter(accepted=3, RateLimited=7)
    with pytest.raises(RateLimited, match="may have 3") as refused:
        await bounded.submit()
    assert (refused.value.code, refused.value.retry_after_s) == (429003, 5)
    await desk.claim()
    assert await bounded.try_many(2) == Counter(accepted=1, RateLimited=1)


async def test_others_are_not_bound_by_a_keys_limits(desk: Desk) -> None:
    """Also not another key of the same account."""
    bounded = await customer(desk, max_queued=0)
    with pytest.raises(RateLimited):
        await bounded.submit()
    await desk.submit(Person(bounded.who.account_id, "another key"))


# -- for how much -------------------------------------------------------------------------------------------------


async def test_many_submits_at_once_cannot_overspend(desk: Desk) -> None:
    """Forty requests of 0.30 USD in one moment, with 2 USD: six are accepted, and their holds count."""
    spender = await customer(desk, spend_microusd=2 * USD, spend_period="month")
    assert await spender.try_many(40, hold_microusd=300_000) == Counter(accepted=6, PaymentRequired=34)
    assert await spender.spent_usd() == pytest.approx(1.8)
    with pytest.raises(PaymentRequired, match=r"0\.20 USD are left of this key's limit of 2\.00 USD") as refused:
        await spender.submit(hold_microusd=300_000)
    assert (refused.value.status, refused.value.code) == (402, 400002)
    assert "renews at" in refused.value.message
    await spender.submit(hold_microusd=200_000)


async def test_what_was_not_used_is_given_back(desk: Desk) -> None:
    """A hold becomes the price that it was, or nothing."""
    spender = await customer(desk, spend_microusd=USD, spend_period="total")
    for _ in range(2):
        await spender.submit(hold_microusd=500_000)
    with pytest.raises(PaymentRequired, match="does not renew"):
        await spender.submit(hold_microusd=500_000)
    await desk.complete(await desk.claim_held(), cost_microusd=200_000, who=spender.who)
    assert await spender.spent_usd() == pytest.approx(0.7)
    await desk.store.fail(await desk.claim_held(), error="for a test")
    assert await spender.spent_usd() == pytest.approx(0.2)
    waiting = await spender.submit(hold_microusd=800_000)
    await desk.store.cancel(waiting.request_id, spender.who.account_id)
    assert await spender.spent_usd() == pytest.approx(0.2)


async def test_a_limit_that_is_set_later_knows_what_was_spent_before(desk: Desk) -> None:
    """What runs counts by its hold, what is done by its cost, what failed not at all."""
    spender = await customer(desk)
    for _ in range(3):
        await spender.submit(hold_microusd=400_000)
    await desk.complete(await desk.claim_held(), cost_microusd=100_000, who=spender.who)
    await desk.store.fail(await desk.claim_held(), error="for a test")
    spender.quota = Quota(spend_microusd=USD, spend_period="month")
    await desk.store.change_key(
        spender.who.key_id, spender.who.account_id, lambda key: dataclasses.replace(key, quota=spender.quota)
    )
    assert await spender.spent_usd() == pytest.approx(0.5)
    await spender.submit(hold_microusd=500_000)
    with pytest.raises(PaymentRequired):
        await spender.submit(hold_microusd=1)


# -- how long -----------------------------------------------------------------------------------------------------


async def test_what_nobody_started_in_time_ends_and_costs_nothing(desk: Desk) -> None:
    """It is not handed out any more, fails with its reason, and its hold is released."""
    late = await desk.submit(expires_in_ms=1, hold_microusd=700)
    stays = await desk.submit(expires_in_ms=3_600_000)
    await asyncio.sleep(0.005)
    held = await desk.claim_held()
    assert held.request_id == stays
    assert await desk.claim() is None
    assert await desk.store.sweep() == [(late, State.FAILED)]
    assert "expired" in str((await desk.store.job(late, "account-alice")).error)
    assert (await desk.usage())[late] == ("released", 0)
    assert await desk.told(late) == ["in_queue", "failed"]
    assert await desk.state(stays) is State.IN_PROGRESS
    assert await desk.store.sweep() == []


# -- cancel -------------------------------------------------------------------------------------------------------


async def test_a_cancel_and_the_end_in_one_moment_leave_one_truth(desk: Desk) -> None:
    """Sixty requests run; each is cancelled and completed at once: one of the two counts, and only it is told."""
    ids = [await desk.submit(hold_microusd=50) for _ in range(60)]
    held = [await desk.claim_held(f"worker-{n}") for n in range(60)]
    assert [one.request_id for one in held] == ids

    async def both(number: int) -> tuple[bool, bool]:
        acts: dict[str, Any] = {
            "cancel": desk.store.cancel(ids[number], "account-alice", running=True),
            "complete": desk.store.complete(
                held[number], result={"outputs": []}, charge=Charge(1.0, "s", 40), files=()
            ),
        }
        order = sorted(acts, reverse=number % 2 == 1)
        ended = await asyncio.gather(*(acts[name] for name in order), return_exceptions=True)
        outcomes: dict[str, Any] = dict(zip(order, ended, strict=True))
        assert outcomes["complete"] is None or isinstance(outcomes["complete"], LeaseLost)
        return outcomes["complete"] is None, outcomes["cancel"][1]

    for number in range(60):
        completed, cancelled = await both(number)
        assert completed != cancelled
        told = (await desk.told(ids[number]))[2:]
        assert told == (["completed"] if completed else ["cancelled"])
        assert (await desk.usage())[ids[number]] == (("charged", 40) if completed else ("released", 0))
