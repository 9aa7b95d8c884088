"""One day, run and summed up."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np

from mutoscope.bench.simulator import arrivals, events
from mutoscope.bench.simulator.scenario import RULES, Account, Model, Scenario, serves
from mutoscope.bench.simulator.tables import (
    ACCOUNT,
    COMPLETED,
    FAILED,
    MODEL,
    POOL,
    REFUSED,
    Rules,
    Tables,
    day_of,
    rows,
)

SAMPLES = 1440
LOOK_S = 0.2
Progress = Callable[[float, int], None]
"""Is told the share of arrivals so far, and how many events there were."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day as it went. wait: from submit to the moment when the engine begins, loading included, in seconds."""

    scenario: Scenario
    seed: int
    tables: Tables
    took_s: float

    @property
    def wait_s(self) -> Any:
        """Of every completed request that came after `skip_h`."""
        return self._waits(np.True_)

    def _waits(self, chosen: Any) -> Any:
        requests = self.tables.requests
        counted = chosen & (requests.state == COMPLETED) & (requests.arrival_s >= self.scenario.skip_h * 3600)
        return (requests.begin_s - requests.arrival_s)[counted]

    def summary(self) -> dict[str, Any]:
        """The day in numbers, as `--json` prints it."""
        scenario, requests, pools = self.scenario, self.tables.requests, self.tables.pools
        states = {name: int((requests.state == code).sum()) for name, code in _ENDS}
        cost_usd = sum(pool.price_usd_per_h * pools[p].paid_s / 3600 for p, pool in enumerate(scenario.pools.values()))
        return {
            "name": scenario.name,
            "seed": self.seed,
            "requests": len(requests),
            **states,
            "attempts": int(requests.tries.sum()),
            "events": int(self.tables.told[1]),
            "wait_s": waits(self.wait_s),
            "models": {name: self._part(requests.model == m) for m, name in enumerate(scenario.models)},
            "accounts": {name: self._part(requests.account == a) for a, name in enumerate(scenario.accounts)},
            "pools": {name: self._pool(p) for p, name in enumerate(scenario.pools)},
            "loads": {name: int(self.tables.models[m].loads) for m, name in enumerate(scenario.models)},
            "gpu_hours": float(pools.paid_s.sum() / 3600),
            "gpus_busy_mean": float(pools.busy_s.sum() / self.end_s),
            "utilisation": _ratio(pools.busy_s.sum(), pools.paid_s.sum()),
            "cost_usd": float(cost_usd),
            "cost_per_request_usd": _ratio(cost_usd, states["completed"]),
            "queue_most": int(self.tables.queue.max(initial=0)),
            "end_h": self.end_s / 3600,
        }

    @property
    def end_s(self) -> float:
        """When the last request ended, or the day, whichever is later."""
        return max(self.scenario.hours * 3600, float(np.nanmax(self.tables.requests.finish_s, initial=0.0)))

    def _part(self, chosen: Any) -> dict[str, Any]:
        return {"requests": int(chosen.sum()), **waits(self._waits(chosen))}

    def _pool(self, p: int) -> dict[str, Any]:
        pool, alive, busy = self.tables.pools[p], self.tables.alive[:, p], self.tables.busy[:, p]
        return {
            "gpu_hours": float(pool.paid_s / 3600),
            "utilisation": _ratio(pool.busy_s, pool.paid_s),
            "alive_mean": float(pool.paid_s / self.end_s),
            "alive_most": int(alive.max()),
            "busy_most": int(busy.max()),
            "lost": int(pool.lost),
        }


_ENDS = (("completed", COMPLETED), ("failed", FAILED), ("refused", REFUSED))


def waits(seconds: Any) -> dict[str, float | None]:
    """Mean, quantiles and the longest; None when nobody waited for anything."""
    names = ("p50", "p95", "p99", "longest")
    if len(seconds) == 0:
        return dict.fromkeys(("mean", *names))
    found = np.quantile(seconds, (0.5, 0.95, 0.99, 1.0))
    return {"mean": float(seconds.mean()), **{name: float(value) for name, value in zip(names, found, strict=True)}}


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole > 0 else None


def simulate(scenario: Scenario, seed: int, *, progress: Progress | None = None) -> Day:
    """Run a day. Ctrl-C stops it within moments."""
    t = tables_of(scenario, arrivals.draw(scenario, seed))
    rng = np.random.default_rng((seed, 1))
    begun = time.perf_counter()
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(events.run, t, rng)
        try:
            while wait([running], LOOK_S).not_done:
                if progress is not None:
                    progress(t.told[0] / max(1, len(t.requests)), int(t.told[1]))
            running.result()
        finally:
            t.told[2] = 1
    return Day(scenario, seed, t, time.perf_counter() - begun)


def tables_of(scenario: Scenario, requests: Any) -> Tables:
    """The scenario as tables, before anything happened."""
    claims, horizon_s = scenario.claims, scenario.hours * 3600
    models, accounts, pools = rows(MODEL, len(scenario.models)), _accounts(scenario), rows(POOL, len(scenario.pools))
    for m, model in enumerate(scenario.models.values()):
        models[m].load_s, models[m].memory_gb, models[m].max_running = model.load_s, model.memory_gb, _limit(model)
    for p, pool in enumerate(scenario.pools.values()):
        row = pools[p]
        row.memory_gb, row.least, row.most = pool.memory_gb, pool.least, pool.most
        row.rule, row.target, row.start_s = RULES.index(pool.rule), pool.target, pool.start_s
        row.keep_s, row.loss_per_s = pool.keep_warm_s, pool.lost_per_day / 86_400
    serving = [[serves(pool, *named) for named in scenario.models.items()] for pool in scenario.pools.values()]
    rules = Rules(
        scale_every_s=scenario.scale_every_s,
        warm_wait_s=claims.warm_wait_s,
        lease_s=claims.lease_s,
        beat_s=claims.beat_s,
        error_share=claims.error_share,
        max_attempts=claims.max_attempts,
        retry_delay_s=claims.retry_delay_s,
        horizon_s=horizon_s,
        sample_s=horizon_s / SAMPLES,
    )
    return day_of(requests, models, accounts, pools=pools, serves=np.array(serving), rules=rules)


def _accounts(scenario: Scenario) -> Any:
    accounts = rows(ACCOUNT, len(scenario.accounts))
    ranks = sorted({account.priority for account in scenario.accounts.values()})
    for a, account in enumerate(scenario.accounts.values()):
        row = accounts[a]
        row.weight, row.rank, row.max_running = account.weight, ranks.index(account.priority), _limit(account)
        row.max_queued = -1 if account.max_queued is None else account.max_queued
    return accounts


def _limit(who: Model | Account) -> int:
    return -1 if who.max_running is None else who.max_running
