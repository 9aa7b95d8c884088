"""A scenario: what comes in, what there is to work on it, and by which rules. `reading` makes one from a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mutoscope.bench.simulator import trace

ARRIVALS = ("constant", "poisson", "daily", "trace")
SERVICES = ("constant", "exponential", "lognormal", "trace")
RULES = ("fixed", "per_gpu", "queue_age")
PRIORITIES: Mapping[str, int] = {"high": -1, "normal": 0, "low": 1}
MOST_REQUESTS = 50_000_000
MOST_GPUS = 200_000


@dataclass(frozen=True, slots=True)
class Burst:
    at_s: float
    requests: int
    over_s: float


@dataclass(frozen=True, slots=True)
class Arrivals:
    """requests: over the whole time. peak_factor: the largest rate of a day over its mean, for `daily`."""

    kind: str
    requests: int
    peak_factor: float
    peak_at_h: float
    bursts: tuple[Burst, ...]
    trace: trace.Trace | None


@dataclass(frozen=True, slots=True)
class Service:
    """How long the engine works. cv: standard deviation over mean. seconds: those of a trace."""

    kind: str
    mean_s: float
    cv: float
    seconds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    share: float
    service: Service
    load_s: float
    memory_gb: float
    max_running: int | None


@dataclass(frozen=True, slots=True)
class Account:
    """What a key is in the store: `quotas.Quota`."""

    share: float
    weight: float
    priority: int
    max_running: int | None
    max_queued: int | None


@dataclass(frozen=True, slots=True)
class Pool:
    """GPUs of one kind. target: requests per GPU, or seconds that the oldest may wait, as the rule has it."""

    memory_gb: float
    price_usd_per_h: float
    models: tuple[str, ...]
    least: int
    most: int
    rule: str
    target: float
    start_s: float
    keep_warm_s: float
    lost_per_day: float


@dataclass(frozen=True, slots=True)
class Claims:
    warm_wait_s: float
    lease_s: float
    beat_s: float
    error_share: float
    max_attempts: int
    retry_delay_s: float


@dataclass(frozen=True, slots=True)
class Site:
    """What a request asks of the API and the database, and what one of each was measured to do."""

    submits_per_s: float
    reads_per_s: float
    inserts_per_s: float
    cycles_per_s: float
    beats_per_s: float
    polls_per_request: float
    commits_per_request: float
    row_kb: float
    input_mb: float
    output_mb: float


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    hours: float
    skip_h: float
    scale_every_s: float
    arrivals: Arrivals
    models: Mapping[str, Model]
    accounts: Mapping[str, Account]
    pools: Mapping[str, Pool]
    claims: Claims
    site: Site


DEFAULT_SITE: Mapping[str, float] = {
    "submits_per_s": 5000.0,
    "reads_per_s": 15000.0,
    "inserts_per_s": 5600.0,
    "cycles_per_s": 959.0,
    "beats_per_s": 5600.0,
    "polls_per_request": 30.0,
    "commits_per_request": 3.0,
    "row_kb": 5.0,
    "input_mb": 2.0,
    "output_mb": 8.0,
}


def serves(pool: Pool, name: str, model: Model) -> bool:
    """Does this model run on GPUs of this pool?"""
    return model.memory_gb <= pool.memory_gb and (not pool.models or name in pool.models)
