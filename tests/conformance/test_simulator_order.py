"""The simulator and the real store hand out the same requests in the same order: same keys, weights, priorities and
limits, event by event, on SQLite and PostgreSQL."""

from __future__ import annotations

import heapq
from pathlib import Path
from typing import Any

import pytest
import yaml

from mutoscope.bench.simulator.day import simulate
from mutoscope.bench.simulator.reading import load
from mutoscope.jobs import Job
from mutoscope.quotas import Quota
from mutoscope.store.values import Held

from .conftest import Desk, Person
from .test_store_fairness import key_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ACCOUNTS: dict[str, dict[str, Any]] = {
    "light": {"weight": 0.5},
    "plain": {"weight": 1.0},
    "heavy": {"weight": 3.0, "max_running": 1},
    "small": {"weight": 2.0, "max_running": 2, "max_queued": 4},
    "urgent": {"weight": 1.0, "priority": "high"},
}
SCENARIO: dict[str, Any] = {
    "hours": 1,
    "arrivals": {"kind": "poisson", "requests": 90, "bursts": [{"at_s": 600, "requests": 60, "over_s": 30}]},
    "models": {
        "test/card": {"service": {"kind": "exponential", "mean_s": 60}, "share": 2},
        "test/other": {"service": {"kind": "exponential", "mean_s": 90}},
    },
    "accounts": ACCOUNTS,
    "pools": {"main": {"max": 3}},
}
SUBMIT, BEGIN, FINISH = 1, 2, 0


async def test_simulator_and_store_claim_in_the_same_order(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "order.yaml"
    path.write_text(yaml.safe_dump(SCENARIO), "utf-8")
    day = simulate(load(path), seed=2)
    requests, models = day.tables.requests, list(day.scenario.models)
    people = [
        await key_of(desk, name, **{key: value for key, value in ACCOUNTS[name].items() if key != "priority"})
        for name in day.scenario.accounts
    ]
    priorities = [account.priority for account in day.scenario.accounts.values()]
    ids: dict[int, str] = {}
    working: dict[int, Job] = {}
    for _, what, r in _events(requests):
        a, model_id = int(requests[r].account), models[requests[r].model]
        if what == SUBMIT:
            ids[r] = await _submit(desk, people[a], model_id, priorities[a], r)
        elif what == BEGIN:
            job = await desk.claim(models=tuple(models))
            assert job is not None, f"the simulator began request {r}; the store had nothing to hand out"
            assert job.id == ids[r]
            working[r] = job
        else:
            job = working.pop(r)
            await desk.store.fail(Held(job.id, "worker-1", job.attempt), error="for a test")
    assert not working
    assert (requests.begin_s > requests.arrival_s).sum() > 50, "nobody waited: nothing was compared"


def _events(requests: Any) -> list[tuple[float, int, int]]:
    """Every submit, begin and finish in order; an end makes room for a begin of the same moment."""
    moments: list[tuple[float, int, int]] = []
    for r in range(len(requests)):
        if requests[r].tries:
            moments += [(float(requests[r].arrival_s), SUBMIT, r), (float(requests[r].begin_s), BEGIN, r)]
            moments.append((float(requests[r].finish_s), FINISH, r))
    heapq.heapify(moments)
    return [heapq.heappop(moments) for _ in range(len(moments))]


async def _submit(desk: Desk, who: Person, model_id: str, priority: int, r: int) -> str:
    """As the simulator's r-th: two that come in one millisecond of this machine are told apart."""
    caller = await desk.store.key(who.key_id, who.account_id)
    quota: Quota = caller.quota
    new = desk.job(who, model_id=model_id, priority=priority)
    request_id = (await desk.store.submit(new, quota)).request_id
    desk.raw(f"update requests set created_ms = {r} where id = '{request_id}'")
    return request_id
