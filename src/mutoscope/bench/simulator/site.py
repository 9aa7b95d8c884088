"""What a day asks of the API and the database, from what one of each was measured to do. Arithmetic, no simulation:
rates of the simulated day, times what a request needs, over what a process or a database can do.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mutoscope.bench.simulator.day import Day
from mutoscope.bench.simulator.scenario import Site

MINUTE_S = 60.0


def demand(day: Day) -> dict[str, Any]:
    """Means of the day and what its busiest minute asks for."""
    site, scenario = day.scenario.site, day.scenario
    horizon_s = scenario.hours * 3600
    requests = len(day.tables.requests)
    mean = requests / horizon_s
    peak = busiest_per_s(day.tables.requests.arrival_s, horizon_s)
    per_day = requests * 24 / scenario.hours
    beats_mean = float(day.tables.pools.busy_s.sum() / day.end_s / scenario.claims.beat_s)
    beats_peak = float(day.tables.busy.sum(axis=1).max(initial=0) / scenario.claims.beat_s)
    return {
        "requests_per_s": {"mean": mean, "peak": peak},
        "commits_per_s": {"mean": mean * site.commits_per_request, "peak": peak * site.commits_per_request},
        "polls_per_s": {"mean": mean * site.polls_per_request, "peak": peak * site.polls_per_request},
        "beats_per_s": {"mean": beats_mean, "peak": beats_peak},
        "api_processes": math.ceil(
            peak / site.submits_per_s + (peak * site.polls_per_request + beats_peak) / site.reads_per_s
        ),
        "database_share": {
            "mean": _of_database(site, mean, beats_mean),
            "peak": _of_database(site, peak, beats_peak),
        },
        "rows_gb_per_day": per_day * site.row_kb / 1e6,
        "outputs_gb_per_day": per_day * site.output_mb / 1e3,
        "egress_gbit_per_s": mean * site.output_mb * 8 / 1e3,
        "inputs_gb_per_day": per_day * site.input_mb / 1e3,
    }


def _of_database(site: Site, requests_per_s: float, beats_per_s: float) -> float:
    """Its time, if what it does is done one after the other: a submit and a cycle for each request, and the beats."""
    return requests_per_s * (1 / site.inserts_per_s + 1 / site.cycles_per_s) + beats_per_s / site.beats_per_s


def busiest_per_s(arrival_s: Any, horizon_s: float) -> float:
    """Requests a second in the busiest minute."""
    minutes = max(1, math.ceil(horizon_s / MINUTE_S))
    counts = np.bincount(np.minimum((arrival_s / MINUTE_S).astype(np.int64), minutes - 1), minlength=minutes)
    return float(counts.max() / min(MINUTE_S, horizon_s))
