"""How many workers of each model a fleet on a cluster should have: one function of what is known at a moment.

`decide` is told what waits, which workers there are and what the cluster has left, and answers with what is to be
done. It starts nothing, asks nobody and reads no clock. Its rules, in this order:

    a worker for each request that waits, beside those that work, within the bounds of the model
    models below their least come first, then those whose oldest request waits longest
    what has no room is asked of the cluster's autoscaler, once the oldest has waited for `target_wait_s`
    and an idle worker of a model for which nothing waits makes room for it
    who was idle for `keep_warm_s` goes; a worker that works is never chosen while an idle one is there
    nothing is killed: workers are drained, and only those that the cluster has not placed yet are removed

Read next: `ray`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from mutoscope.errors import ConfigError

Bundle = Mapping[str, float]
"""Amounts by the cluster's names: `CPU`, `GPU` and its own."""
Phase = Literal["placing", "running", "draining"]

ACCEPTED = "accepted is MODEL=MIN:MAX, such as acme/*=0:4, with MIN <= MAX <= 1000"
MOST_WORKERS = 1000
SETTLED_AFTER_S = 30.0
"""A worker that lived this long was sound."""
AGAIN_FIRST_S, AGAIN_MOST_S = 2.0, 120.0
UNPLACED_S = 10.0
"""A worker that is not wanted any more may be placed all the same for so long; later it would be made room for."""
LITTLE = 1e-6
"""Ray counts in ten-thousandths: what differs by less is the same."""


@dataclass(frozen=True, slots=True)
class Line:
    """A model, as the server's queue tells of it.

    engines         what its workers run.
    oldest_s        age of the oldest request that waits; 0 when none does.
    takes           what one worker takes up.
    gpu_memory_gb   memory its GPU must have.
    labels          words its workers must have been given.
    """

    model_id: str
    engines: tuple[str, ...]
    in_queue: int
    oldest_s: float
    takes: Bundle
    time_limit_s: float = 600.0
    gpu_memory_gb: float = 0.0
    labels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many workers models whose ids fit the pattern may have."""

    pattern: str
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator wants.

    bounds          the first that fits a model holds; a model that none fits is not ours.
    keep_warm_s     how long an idle worker stays.
    target_wait_s   how long a request may wait before more of the cluster is asked for.
    labels          what workers of this fleet are given; a model that needs others is not ours.
    """

    bounds: Sequence[Bounds]
    keep_warm_s: float = 300.0
    target_wait_s: float = 30.0
    labels: frozenset[str] = frozenset()

    def bounds_of(self, line: Line) -> Bounds | None:
        """Its bounds, if the fleet may run it."""
        if not line.labels <= self.labels:
            return None
        return next((bounds for bounds in self.bounds if fnmatchcase(line.model_id, bounds.pattern)), None)


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker of the fleet.

    phase     `placing` until the cluster has a place for it and it was started; `draining` once it was told to go.
    needed    when it last worked, or was started.
    is_busy   it has a request.
    """

    name: str
    model_id: str
    phase: Phase
    takes: Bundle
    needed: float
    is_busy: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """start: a model for each new worker. drain, remove: names. ask: what the cluster should have room for, in all."""

    start: tuple[str, ...] = ()
    drain: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    ask: tuple[Bundle, ...] = ()


@dataclass(slots=True)
class Failures:
    """When a model whose workers fail may be tried again: soon at first, then less and less often."""

    _pauses: dict[str, float] = field(default_factory=dict)
    _until: dict[str, float] = field(default_factory=dict)

    def note(self, model_id: str, *, lived_s: float, now: float) -> float:
        """One failed that had lived for so long; how long nothing is started for its model."""
        before = self._pauses.get(model_id, 0.0)
        if lived_s > SETTLED_AFTER_S:
            before = 0.0
        elif now < self._until.get(model_id, 0.0):  # a sibling, at the same time: one failure
            return self._until[model_id] - now
        pause_s = min(before * 2, AGAIN_MOST_S) if before else AGAIN_FIRST_S
        self._pauses[model_id], self._until[model_id] = pause_s, now + pause_s
        return pause_s

    def held_back(self, now: float) -> frozenset[str]:
        """Models for which nothing may be started now."""
        return frozenset(model_id for model_id, until in self._until.items() if now < until)


def decide(
    lines: Iterable[Line],
    workers: Sequence[Worker],
    policy: Policy,
    now: float,
    *,
    free: Bundle,
    held_back: Collection[str] = (),
) -> Decision:
    """What to do at this moment.

    free        what the cluster has left, all nodes together; what workers take that are being placed is not yet off.
    held_back   models for which nothing is to be started yet.
    """
    staying = [worker for worker in workers if worker.phase != "draining"]
    models = [
        _Model(line, bounds, [worker for worker in staying if worker.model_id == line.model_id])
        for line in lines
        if (bounds := policy.bounds_of(line))
    ]
    known = {model.line.model_id for model in models}
    leaving = [worker for worker in staying if worker.model_id not in known]
    for model in models:
        leaving += model.surplus(now, policy.keep_warm_s)

    room = _Room(free)
    for worker in workers:
        if worker.phase == "placing":
            room.take(worker.takes)
    start: list[str] = []
    late: list[Bundle] = []
    for model in sorted(models, key=_Model.urgency):
        if model.line.model_id in held_back:
            continue
        for number in range(model.lacking):
            if room.take_if_there(model.line.takes):
                start.append(model.line.model_id)
            elif model.is_late(number, policy.target_wait_s):
                late.append(model.line.takes)

    for worker in [worker for worker in workers if worker.phase == "draining" or worker in leaving]:
        room.give(worker.takes)
    leaving += _in_the_way(late, room, [worker for model in models for worker in model.to_spare(leaving)])
    everybody = [worker.takes for worker in workers]
    started = [model.line.takes for name in start for model in models if model.line.model_id == name]
    return Decision(
        start=tuple(start),
        drain=tuple(worker.name for worker in leaving if worker.phase == "running"),
        remove=tuple(worker.name for worker in leaving if worker.phase == "placing"),
        ask=(*everybody, *started, *late) if late else (),
    )


def _in_the_way(late: Iterable[Bundle], room: _Room, idle: list[Worker]) -> list[Worker]:
    """Idle workers that go so that others can be placed, the longest idle first; none that would go in vain."""
    going: list[Worker] = []
    for takes in late:
        if room.take_if_there(takes):  # what is being drained already is enough
            continue
        tried = _Room(room.left)
        chosen: list[Worker] = []
        for worker in sorted(idle, key=lambda one: one.needed):
            if any(worker.takes.get(name, 0.0) > 0 for name in tried.missing(takes)):
                tried.give(worker.takes)
                chosen.append(worker)
            if tried.take_if_there(takes):
                room.left = tried.left
                going += chosen
                idle = [one for one in idle if one not in chosen]
                break
    return going


@dataclass(frozen=True, slots=True)
class _Model:
    """A model of the fleet and those of its workers that stay."""

    line: Line
    bounds: Bounds
    workers: list[Worker]

    @property
    def wanted(self) -> int:
        at_work = sum(worker.is_busy for worker in self.workers)
        return min(max(at_work + self.line.in_queue, self.bounds.least), self.bounds.most)

    @property
    def lacking(self) -> int:
        return max(0, self.wanted - len(self.workers))

    def urgency(self) -> tuple[bool, float, str]:
        """Smaller is sooner."""
        return len(self.workers) >= self.bounds.least, -self.line.oldest_s, self.line.model_id

    def is_late(self, number: int, target_wait_s: float) -> bool:
        """Has the worker that it lacks, by its number from 0, been waited for too long?"""
        return len(self.workers) + number < self.bounds.least or self.line.oldest_s > target_wait_s

    def surplus(self, now: float, keep_warm_s: float) -> list[Worker]:
        """Who goes: those beyond the most, and those that were idle for long; who works goes last."""
        too_many = len(self.workers) - self.bounds.most
        not_needed = len(self.workers) - self.wanted
        leaving: list[Worker] = []
        for worker in sorted(self.workers, key=lambda one: (one.is_busy, one.phase != "placing", one.needed)):
            stays_s = keep_warm_s if worker.phase == "running" else min(keep_warm_s, UNPLACED_S)
            is_idle = not worker.is_busy and now - worker.needed >= stays_s
            if len(leaving) < too_many or (is_idle and len(leaving) < not_needed):
                leaving.append(worker)
        return leaving

    def to_spare(self, leaving: Collection[Worker]) -> list[Worker]:
        """Idle workers that the model can do without, as long as nothing of it waits."""
        if self.line.in_queue:
            return []
        idle = [worker for worker in self.workers if not worker.is_busy and worker not in leaving]
        count = sum(worker not in leaving for worker in self.workers) - self.bounds.least
        return sorted(idle, key=lambda worker: worker.needed)[: max(0, count)]


class _Room:
    """What is left of a cluster."""

    def __init__(self, left: Bundle) -> None:
        self.left = dict(left)

    def missing(self, takes: Bundle) -> list[str]:
        """What there is too little of."""
        return [name for name, amount in takes.items() if amount > self.left.get(name, 0.0) + LITTLE]

    def take_if_there(self, takes: Bundle) -> bool:
        """Is there room? Then it is taken."""
        if self.missing(takes):
            return False
        self.take(takes)
        return True

    def take(self, takes: Bundle) -> None:
        for name, amount in takes.items():
            self.left[name] = self.left.get(name, 0.0) - amount

    def give(self, takes: Bundle) -> None:
        for name, amount in takes.items():
            self.left[name] = self.left.get(name, 0.0) + amount


def bounds(text: str) -> Bounds:
    """What `--workers` says. Raises ConfigError."""
    pattern, _, numbers = text.rpartition("=")
    least, colon, most = numbers.partition(":")
    if not pattern or not colon or not least.isdecimal() or not most.isdecimal():
        raise ConfigError(f"found {text!r}; {ACCEPTED}")
    if not int(least) <= int(most) <= MOST_WORKERS:
        raise ConfigError(f"found {text!r}; {ACCEPTED}")
    return Bounds(pattern, int(least), int(most))
