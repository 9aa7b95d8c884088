"""Lists and sums over a long history: every filter, every page, every span of time gives what is there and no more."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from mutoscope.store import offline, statements
from mutoscope.store.opening import open_database
from mutoscope.store.store import Store
from mutoscope.store.usage import DAY_MS
from mutoscope.store.values import Filter
from tests.postgres import Server

from .conftest import ALICE, BOB, STORES

STATES = ("in_queue", "in_progress", "completed", "failed", "cancelled")
MODELS = ("test/a", "test/b")
KEYS = ("k", "l")
BEGAN_MS = 20_000 * DAY_MS - 5 * 3_600_000
"""The history begins five hours before a day does."""


@pytest.fixture(params=STORES)
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """Of an empty PostgreSQL; empty for SQLite."""
    if request.param == "sqlite":
        yield ""
        return
    postgres: Server = request.getfixturevalue("postgres")
    made = postgres.database()
    yield made
    postgres.drop(made)


def history(count: int) -> list[dict[str, str | int]]:
    """Requests of two accounts within six days, several in some milliseconds, in no order."""
    chance = random.Random(7)
    return [
        {
            "id": f"r-{chance.getrandbits(60):x}",
            "account_id": chance.choice((ALICE.account_id, ALICE.account_id, BOB.account_id)),
            "model_id": chance.choice(MODELS),
            "key_id": chance.choice(KEYS),
            "state": chance.choices(STATES, (1, 1, 30, 2, 1))[0],
            "created_ms": BEGAN_MS + chance.randrange(6 * 24) * 3_600_000 + chance.randrange(2),
            "cost": n,
        }
        for n in range(count)
    ]


def fill(data: Path, address: str, requests: list[dict[str, str | int]]) -> None:
    """Write a history as it would stand after six days."""
    of_all: dict[str, str | int | float] = {
        "priority": 0,
        "tag": 0.0,
        "run_after_ms": 0,
        "max_attempts": 3,
        "time_limit_s": 600,
    }
    of_all |= {"seed": 1, "inputs": "{}", "ignored_inputs": "[]", "body_sha256": ""}
    of_each = ("id", "account_id", "model_id", "key_id", "state", "created_ms")
    usage = ("request_id", "account_id", "key_id", "model_id", "created_ms", "state", "hold_microusd", "cost_microusd")
    days: dict[tuple[str, int], int] = {}
    for r in requests:
        day = (str(r["account_id"]), int(r["created_ms"]) // DAY_MS)
        days[day] = days.get(day, 0) + int(r["cost"])
    with offline.filling(data, address, version=statements.newest()) as bulk:
        bulk.add(
            "requests",
            (*of_each, *of_all),
            [(*(r[name] for name in of_each), *of_all.values()) for r in requests],
        )
        bulk.add(
            "usage",
            usage,
            [
                (r["id"], r["account_id"], "k", r["model_id"], r["created_ms"], "charged", 0, r["cost"])
                for r in requests
            ],
        )
        bulk.add("usage_days", ("account_id", "day", "cost_microusd"), [(*day, cost) for day, cost in days.items()])


def test_every_filter_and_page_gives_what_is_there(tmp_path: Path, address: str) -> None:
    """All combinations of model, key, state and span, seven a page, held to a plain sort of the same rows."""
    requests = history(240)
    fill(tmp_path, address, requests)
    spans = ((None, None), (BEGAN_MS + DAY_MS, None), (None, BEGAN_MS + 2 * DAY_MS), (BEGAN_MS, BEGAN_MS + DAY_MS))

    async def look() -> None:
        store = Store(open_database(tmp_path, address))
        every = itertools.product((None, *MODELS), (None, *KEYS), (None, *STATES), spans)
        for model_id, key_id, state, (after_ms, before_ms) in every:
            wanted = Filter(model_id, state, after_ms, before_ms, limit=7, key_id=key_id)
            assert await pages(store, wanted) == [
                r["id"]
                for r in sorted(requests, key=lambda r: (r["created_ms"], r["id"]), reverse=True)
                if r["account_id"] == ALICE.account_id
                and model_id in (None, r["model_id"])
                and key_id in (None, r["key_id"])
                and state in (None, r["state"])
                and (after_ms or 0) <= int(r["created_ms"]) < (before_ms or 2**62)
            ], wanted
        await store.db.close()

    asyncio.run(look())


async def pages(store: Store, wanted: Filter) -> list[str]:
    """Every page of Alice's list, one after the other."""
    found: list[str] = []
    cursor = None
    while jobs := await store.jobs(ALICE.account_id, Filter(**{**fields(wanted), "cursor": cursor})):  # type: ignore[arg-type]
        found += [job.id for job in jobs]
        cursor = (jobs[-1].created_ms, jobs[-1].id)
    return found


def fields(wanted: Filter) -> dict[str, object]:
    return {name: getattr(wanted, name) for name in Filter.__slots__}


def test_what_a_span_of_time_cost_is_the_sum_of_its_requests(tmp_path: Path, address: str) -> None:
    """Spans within a day, over its edges, over whole days, backwards and without end."""
    requests = history(120)
    fill(tmp_path, address, requests)
    assert [found for found in offline.problems(tmp_path, address) if found.startswith("day")] == []
    chance = random.Random(11)
    edges = [BEGAN_MS + hours * 3_600_000 for hours in (0, 1, 4, 5, 6, 28, 29, 30, 100, 200)]
    edges += [chance.randrange(BEGAN_MS, BEGAN_MS + 6 * DAY_MS) for _ in range(6)]

    async def look() -> None:
        store = Store(open_database(tmp_path, address))
        for from_ms, to_ms in itertools.product((None, 0, *edges), (None, *edges)):
            _, total = await store.usage(ALICE.account_id, from_ms=from_ms, to_ms=to_ms, limit=1)
            assert total == sum(
                int(r["cost"])
                for r in requests
                if r["account_id"] == ALICE.account_id and (from_ms or 0) <= int(r["created_ms"]) < (to_ms or 2**62)
            ), (from_ms, to_ms)
        await store.db.close()

    asyncio.run(look())


def test_a_day_that_does_not_add_up_is_found_and_mended(tmp_path: Path, address: str) -> None:
    """`db check` names account and day; `--repair` makes that sum anew, and touches no other."""
    requests = history(12)
    fill(tmp_path, address, requests)
    asyncio.run(_charge_twice(tmp_path, address, str(requests[5]["id"])))
    day = int(requests[5]["created_ms"]) // DAY_MS
    assert f"day whose sum is not that of its requests: {requests[5]['account_id']} {day}" in list(
        offline.problems(tmp_path, address)
    )
    assert offline.repair(tmp_path, address) == 1
    assert not [found for found in offline.problems(tmp_path, address) if found.startswith("day")]
    assert offline.repair(tmp_path, address) == 0


async def _charge_twice(data: Path, address: str, request_id: str) -> None:
    store = Store(open_database(data, address))
    await store.db.write(lambda tx: tx.run("usage_day_add", id=request_id))
    await store.db.close()
