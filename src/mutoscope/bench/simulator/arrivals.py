"""Draws the requests of a day: when they come, of which model and account, how long the engine will work.

The same seed gives the same requests whatever fleet there is, so that two fleets are compared on the same day.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mutoscope.bench.simulator.scenario import Arrivals, Scenario, Service
from mutoscope.bench.simulator.tables import REQUEST, rows

DAY_S = 86_400.0
GRID = 100_000
"""Points at which the curve of a day is summed up: one a second, and between them a straight line."""


def draw(scenario: Scenario, seed: int) -> Any:
    """Every request of the scenario's time, as rows of REQUEST."""
    rng = np.random.default_rng((seed, 0))
    arrivals, models = scenario.arrivals, list(scenario.models.values())
    of_trace = arrivals.trace
    if of_trace is None:
        arrival_s = _times(arrivals, scenario.hours * 3600, rng)
        model = _mix([model.share for model in models], len(arrival_s), rng)
        account = _mix([account.share for account in scenario.accounts.values()], len(arrival_s), rng)
    else:
        arrival_s = of_trace.arrival_s
        model = _renamed(of_trace.model, of_trace.models, list(scenario.models))
        account = _renamed(of_trace.account, of_trace.accounts, list(scenario.accounts))
    service_s = np.zeros(len(arrival_s))
    for place, found in enumerate(models):
        chosen = model == place
        service_s[chosen] = _seconds(found.service, int(chosen.sum()), rng)
        if of_trace is not None and found.service.kind == "trace":
            service_s[chosen] = np.where(np.isfinite(of_trace.run_s[chosen]), of_trace.run_s[chosen], service_s[chosen])
    requests = rows(REQUEST, len(arrival_s))
    requests.arrival_s, requests.service_s = arrival_s, service_s
    requests.model, requests.account = model, account
    return requests


def _times(arrivals: Arrivals, horizon_s: float, rng: np.random.Generator) -> Any:
    if arrivals.kind == "constant":
        times = (np.arange(arrivals.requests) + 0.5) * (horizon_s / arrivals.requests)
    else:
        count = rng.poisson(arrivals.requests)
        times = rng.random(count) * horizon_s if arrivals.kind == "poisson" else _daily(arrivals, horizon_s, count, rng)
    for burst in arrivals.bursts:
        times = np.append(times, burst.at_s + rng.random(burst.requests) * burst.over_s)
    times.sort()
    return times


def _daily(arrivals: Arrivals, horizon_s: float, count: int, rng: np.random.Generator) -> Any:
    """A Poisson process whose rate is a power of a raised cosine with its peak at `peak_at_h`."""
    at_s = np.linspace(0.0, horizon_s, GRID)
    wave = (1 + np.cos(2 * np.pi * (at_s / DAY_S - arrivals.peak_at_h / 24))) / 2
    rate = wave ** power_of(arrivals.peak_factor)
    so_far = np.concatenate(([0.0], np.cumsum((rate[1:] + rate[:-1]) / 2)))
    return np.interp(rng.random(count) * so_far[-1], so_far, at_s)


def power_of(peak_factor: float) -> float:
    """The power of a raised cosine whose largest value is so many times its mean, over a whole day.

    Its mean is Γ(x + 1/2) / (√π Γ(x + 1)).
    """
    low, high = 0.0, 1000.0
    for _ in range(60):
        power = (low + high) / 2
        mean = math.exp(math.lgamma(power + 0.5) - math.lgamma(power + 1)) / math.sqrt(math.pi)
        low, high = (power, high) if 1 / mean < peak_factor else (low, power)
    return (low + high) / 2


def _mix(shares: Sequence[float], count: int, rng: np.random.Generator) -> Any:
    if len(shares) == 1:
        return np.zeros(count, np.int64)
    edges = np.cumsum(shares) / sum(shares)
    return np.minimum(np.searchsorted(edges, rng.random(count), side="right"), len(shares) - 1)


def _renamed(places: Any, names: Sequence[str], wanted: Sequence[str]) -> Any:
    return np.array([wanted.index(name) for name in names], np.int64)[places]


def _seconds(service: Service, count: int, rng: np.random.Generator) -> Any:
    if service.kind == "exponential":
        return rng.exponential(service.mean_s, count)
    if service.kind == "lognormal":
        spread = math.log1p(service.cv**2)
        return rng.lognormal(math.log(service.mean_s) - spread / 2, math.sqrt(spread), count)
    if service.kind == "trace":
        return rng.choice(np.array(service.seconds), count)
    return np.full(count, service.mean_s)
