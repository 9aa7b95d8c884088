"""What NULL and ties do to the order in which requests are claimed: the same on both databases."""

from __future__ import annotations

import random
import sqlite3

import psycopg
import pytest

from mutoscope.quotas import Quota

from .conftest import ALICE, BOB, Desk, Person
from .test_store_fairness import key_of, submit

pytestmark = pytest.mark.anyio

HOUR_MS = 3_600_000


@pytest.mark.parametrize("first", [None, HOUR_MS], ids=["without-first", "with-first"])
async def test_a_deadline_that_is_null_moves_nobody(desk: Desk, first: int | None) -> None:
    """Requests with a deadline and without one are served in the order they came."""
    other = HOUR_MS if first is None else None
    ids = [await desk.submit(expires_in_ms=(first, other)[n % 2]) for n in range(8)]
    assert await desk.claim_all() == ids


async def test_a_cap_that_is_null_is_no_cap(desk: Desk) -> None:
    """A key that may only have so many waiting has a lane, but no limit of what runs: it takes its turns."""
    lane, free = await key_of(desk, "lane", max_queued=50), await key_of(desk, "free")
    lanes, frees = await submit(desk, lane, 4), await submit(desk, free, 4)
    assert await desk.claim_all() == [one for pair in zip(lanes, frees, strict=True) for one in pair]


async def test_a_lane_without_a_share_is_served(desk: Desk) -> None:
    """What the older program put into the queue has no row in `shares`; its turn is that of its tag."""
    lane, free = await key_of(desk, "lane", max_running=9), await key_of(desk, "free")
    lanes, frees = await submit(desk, lane, 2), await submit(desk, free, 2)
    desk.raw(f"delete from shares where key_id = '{lane.key_id}'")
    served = await desk.claim_all()
    assert served == [lanes[0], frees[0], lanes[1], frees[1]]


@pytest.mark.parametrize(
    "change",
    [
        "update requests set priority = null",
        "update requests set tag = null",
        "update requests set created_ms = null",
        "update requests set lane = null",
        "update requests set run_after_ms = null",
        "update shares set share = null",
        "update shares set turn = null",
        "update api_keys set weight = null",
        "update api_keys set priority = null",
    ],
)
async def test_what_the_order_is_made_of_is_never_null(desk: Desk, change: str) -> None:
    """Weight, priority and age: the database itself refuses NULL, so no request can be unordered."""
    alice = await key_of(desk, "alice")
    ids = await submit(desk, alice, 2)
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.NotNullViolation)):
        desk.raw(change)
    assert await desk.claim_all() == ids


async def test_a_key_of_the_version_before_weighs_one(desk: Desk) -> None:
    """It was added without a weight, a priority or a cap, and shares as everybody does."""
    account_id = await desk.store.open_account("old")
    desk.raw(
        "insert into api_keys (id, account_id, name, key_sha256, prefix, scopes, created_ms) "
        f"values ('key-old', '{account_id}', 'old', 'h', 'mk', 'run', 1)",
    )
    quota = (await desk.store.key("key-old", account_id)).quota
    assert quota == Quota()
    old, new = Person(account_id, "key-old", weight=quota.weight), await key_of(desk, "new")
    olds, news = await submit(desk, old, 3), await submit(desk, new, 3)
    assert await desk.claim_all() == [one for pair in zip(olds, news, strict=True) for one in pair]


async def test_ties_are_broken_by_age_and_then_by_id(desk: Desk) -> None:
    """Twelve of one priority and one turn: the older first; of the same millisecond, the smaller id."""
    letters = "cafebd081726"
    ids = [f"{letter}-{n:02}" for n, letter in enumerate(letters)]
    for n, request_id in enumerate(ids):
        await desk.submit((ALICE, BOB)[n % 2], id=request_id)
    desk.raw("update requests set tag = 0, created_ms = 1000")
    young = sorted(random.Random(4).sample(ids, 5))
    named = ", ".join(f"'{one}'" for one in young)
    desk.raw(f"update requests set created_ms = 1001 where id in ({named})")
    expected = [*sorted(set(ids) - set(young)), *young]
    assert [await desk.position(one, (ALICE, BOB)[ids.index(one) % 2]) for one in expected] == list(range(12))
    assert await desk.claim_all() == expected


async def test_a_tie_between_lanes_is_broken_by_age_and_then_by_id_too(desk: Desk) -> None:
    """A capped key's request, and one of the common lane, at the same turn."""
    capped, free = await key_of(desk, "capped", max_running=9), await key_of(desk, "free")
    (late,), (early,) = await submit(desk, capped), await submit(desk, free)
    desk.raw("update requests set tag = 0, created_ms = 1000")
    desk.raw(f"update requests set created_ms = 999 where id = '{early}'")
    assert await desk.claim_all() == [early, late]
