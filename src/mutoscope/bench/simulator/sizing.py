"""How many GPUs are enough: the smallest pool that keeps a wait below a target, on several days at once.

A size is enough when the mean over the days, with the upper end of its one-sided 95 % confidence interval (Student's
t), is below the target. The days are the same for every size. A size whose first day misses the target by twice is
given up after that day. Sizes are halved until they differ by less than `tolerance`.
"""

from __future__ import annotations

import dataclasses
import math
import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mutoscope.bench.simulator import arrivals
from mutoscope.bench.simulator.day import Day, Progress, simulate, waits
from mutoscope.bench.simulator.scenario import MOST_GPUS, Pool, Scenario
from mutoscope.errors import ConfigError

WAITS = ("mean", "p50", "p95", "p99", "longest")
_T95 = (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753)
_T95_MORE = 1.753
"""Student's t for a one-sided 95 %, by degrees of freedom from 1. Above 15 a little on the safe side."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Target:
    """wait: one of WAITS. model: of that model alone."""

    wait: str
    limit_s: float
    model: str | None = None

    def found(self, day: Day) -> float:
        """This wait on a day; without completed requests it is endless."""
        value = waits(day.wait_s)[self.wait] if self.model is None else day.summary()["models"][self.model][self.wait]
        return math.inf if value is None else float(value)

    def __str__(self) -> str:
        return f"{self.wait}_wait_s{f'[{self.model}]' if self.model else ''}<{self.limit_s:g}"


def parse(text: str, scenario: Scenario) -> Target:
    """`p95_wait_s<60` or `p95_wait_s[vendor/model]<60`. Raises ConfigError."""
    match = re.fullmatch(r"\s*(\w+)_wait_s(?:\[([^\]]+)\])?\s*<\s*(\d+(?:\.\d+)?)\s*", text)
    if match is None or match[1] not in WAITS or float(match[3]) <= 0:
        names = ", ".join(f"{name}_wait_s<60" for name in WAITS)
        raise ConfigError(f"target: found {text!r}; accepted are {names}, or with a model: p95_wait_s[model]<60")
    if match[2] is not None and match[2] not in scenario.models:
        raise ConfigError(f"target: no model {match[2]!r}; there are {', '.join(scenario.models)}")
    return Target(match[1], float(match[3]), match[2])


@dataclass(frozen=True, slots=True)
class Tried:
    """One size. values_s: the wait on each day; upper_s: with the confidence that is asked for."""

    gpus: int
    values_s: tuple[float, ...]
    upper_s: float
    enough: bool
    given_up: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """The smallest size that is enough, every size tried, and the first day with it."""

    pool: str
    target: Target
    gpus: int
    tried: tuple[Tried, ...]
    day: Day

    def summary(self) -> dict[str, Any]:
        by_size = sorted(self.tried, key=lambda tried: tried.gpus)
        below = [tried for tried in by_size if tried.gpus < self.gpus]
        return {
            "pool": self.pool,
            "target": str(self.target),
            "gpus": self.gpus,
            "enough": _told(next(tried for tried in by_size if tried.gpus == self.gpus)),
            "too_few": _told(below[-1]) if below else None,
            "sizes_tried": len(by_size),
        }


def _told(tried: Tried) -> dict[str, Any]:
    values = [value for value in tried.values_s if math.isfinite(value)]
    upper_s = tried.upper_s if math.isfinite(tried.upper_s) else None
    return {"gpus": tried.gpus, "values_s": values, "upper_95_s": upper_s, "days": len(tried.values_s)}


def of_size(scenario: Scenario, pool: str, gpus: int) -> Scenario:
    """The same with so many GPUs in a pool: all of them at once, or as the most that its autoscaler may start."""
    found: Pool = scenario.pools[pool]
    least = gpus if found.rule == "fixed" else min(found.least, gpus)
    return dataclasses.replace(
        scenario, pools={**scenario.pools, pool: dataclasses.replace(found, least=least, most=gpus)}
    )


def solve(
    scenario: Scenario,
    pool: str,
    target: Target,
    seeds: Sequence[int],
    *,
    tolerance: float = 0.0,
    say: Say = lambda _: None,
    progress: Progress | None = None,
) -> Answer:
    """The smallest pool that is enough. Raises ConfigError when no size is."""
    tried: dict[int, Tried] = {}
    days: dict[int, Day] = {}
    first = arrivals.draw(scenario, seeds[0])

    def enough(gpus: int) -> bool:
        values: list[float] = []
        for seed in seeds:
            day = simulate(of_size(scenario, pool, gpus), seed, progress=progress)
            values.append(target.found(day))
            if seed == seeds[0]:
                days[gpus] = day
            if values[0] >= 2 * target.limit_s:
                break
        upper_s = upper(values)
        good = len(values) == len(seeds) and upper_s < target.limit_s
        tried[gpus] = Tried(gpus, tuple(values), upper_s, good, len(values) < len(seeds))
        if not good:
            days.pop(gpus)
        say(f"{gpus} GPUs: {target.wait} wait {_shown(values)} s: {'enough' if good else 'too few'}")
        return good

    low, high = 0, max(1, math.ceil(float(first.service_s.sum()) / (scenario.hours * 3600)))
    while not enough(high):
        low, high = high, 2 * high
        if high > MOST_GPUS or (low >= len(first.arrival_s) + 1 and low > 1):
            raise ConfigError(f"target: {target} is missed with {low} GPUs too; more would change nothing")
    while high - low > max(1.0, tolerance * high):
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
        for size in [size for size in days if size > high]:
            del days[size]  # a large day is large
    return Answer(pool, target, high, tuple(tried.values()), days[high])


def upper(values: Sequence[float]) -> float:
    """Upper end of the one-sided 95 % interval of a mean; of one value, that value."""
    if len(values) == 1 or not all(map(math.isfinite, values)):
        return max(values)
    free = len(values) - 1
    t = _T95[free - 1] if free <= len(_T95) else _T95_MORE
    return statistics.mean(values) + t * statistics.stdev(values) / math.sqrt(len(values))


def _shown(values: Sequence[float]) -> str:
    return f"{min(values):.1f}" if len(values) == 1 else f"{min(values):.1f} to {max(values):.1f}"
