"""Two servers on one PostgreSQL keep a key's limits together. (A SQLite file has one owner.)"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mutoscope.quotas import Quota
from mutoscope.store import pgschema
from mutoscope.store.postgres import Postgres
from mutoscope.store.records import Key
from mutoscope.store.store import Store
from mutoscope.store.values import Submitted

from .conftest import MODEL, Desk, Person, emptied

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture
async def desks(site_address: str, anyio_backend: str) -> AsyncIterator[tuple[Desk, Desk]]:
    """Each as a server of its own would have it."""
    address = pgschema.conninfo(emptied(site_address))
    stores = [Store(Postgres(address)) for _ in range(2)]
    yield Desk(stores[0]), Desk(stores[1])
    for store in stores:
        await store.db.close()


async def customer(desk: Desk, quota: Quota) -> Person:
    account_id = await desk.store.open_account("customer")
    key = Key("key", "a key", "mk", ("run",), 0, None, None, quota=quota)
    await desk.store.add_key(key, account_id=account_id, key_sha256="hash", expires_in_ms=None)
    return Person(account_id, key.id)


async def submit_all(desks: tuple[Desk, Desk], who: Person, quota: Quota, count: int, **given: Any) -> Counter[str]:
    """So many submits in one moment, half of them at each server; how they ended."""
    submits = [desks[n % 2].store.submit(desks[n % 2].job(who, **given), quota) for n in range(count)]
    ended = await asyncio.gather(*submits, return_exceptions=True)
    return Counter("accepted" if isinstance(one, Submitted) else type(one).__name__ for one in ended)


@pytest.mark.parametrize(
    ("quota", "hold_microusd", "accepted", "refusal"),
    [
        (Quota(rate_submits=25, rate_window_s=3600), 0, 25, "RateLimited"),
        (Quota(max_queued=30), 0, 30, "RateLimited"),
        (Quota(spend_microusd=2_000_000, spend_period="total"), 300_000, 6, "PaymentRequired"),
    ],
)
async def test_what_both_accept_is_within_the_limit(
    desks: tuple[Desk, Desk], quota: Quota, hold_microusd: int, accepted: int, refusal: str
) -> None:
    """Exactly as many as one server alone would have accepted."""
    who = await customer(desks[0], quota)
    ended = await submit_all(desks, who, quota, 80, hold_microusd=hold_microusd)
    assert ended == Counter({"accepted": accepted, refusal: 80 - accepted})


@pytest.mark.parametrize("of_model", [False, True])
async def test_what_both_hand_out_is_within_the_cap(desks: tuple[Desk, Desk], of_model: bool) -> None:
    """Workers of both ask in the same moment, again and again."""
    quota = Quota() if of_model else Quota(max_running=3)
    who = await customer(desks[0], quota)
    await submit_all(desks, who, quota, 60)
    caps = {MODEL: 3} if of_model else {}
    for _ in range(3):
        claims = [
            desks[n % 2].store.claim((MODEL,), f"worker-{n}", lease_ms=60_000, max_running=caps) for n in range(40)
        ]
        jobs = [job for job in await asyncio.gather(*claims) if job is not None]
        assert len(jobs) == 3
        for job in jobs:
            await desks[0].store.cancel(job.id, who.account_id, running=True)


async def test_a_cancel_here_and_the_end_there_leave_one_truth(desks: tuple[Desk, Desk]) -> None:
    """The caller speaks to one server, the worker to the other."""
    here, there = desks
    who = await customer(here, Quota())
    await submit_all(desks, who, Quota(), 20, hold_microusd=50)
    for _ in range(20):
        held = await there.claim_held()
        outcomes = await asyncio.gather(
            here.store.cancel(held.request_id, who.account_id, running=True),
            there.complete(held, cost_microusd=40, who=who),
            return_exceptions=True,
        )
        cancelled, completed = outcomes[0][1], not isinstance(outcomes[1], BaseException)  # type: ignore[index]
        assert cancelled != completed
        assert (await here.told(held.request_id))[2:] == (["cancelled"] if cancelled else ["completed"])
        usage = (await here.usage(who))[held.request_id]
        assert usage == (("released", 0) if cancelled else ("charged", 40))
