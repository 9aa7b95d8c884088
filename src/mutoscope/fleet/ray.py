"""The driver of a fleet on Ray: it keeps as many workers on the cluster as `scaling` says.

It remembers nothing on disk. Which workers there are is told by Ray, which of them have a request by the server; so it
may be killed at any moment, and the next one goes on. A request that a worker of ours has which does not live any more
is handed on: at once when the actor dies, and whenever the server still tells of such a worker. When the driver
ends, the workers stay and go on; `stop` takes them down, each after what it has. Read next: `cluster`, `actor`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from mutoscope.errors import EngineError, LeaseLost, MutoscopeError
from mutoscope.fleet.actor import NEVER_STARTED
from mutoscope.fleet.cluster import ActorGone, ActorSilent, Cluster
from mutoscope.fleet.lines import lines_of
from mutoscope.fleet.names import digest, digest_in, is_ours, new_name
from mutoscope.fleet.scaling import Bundle, Decision, Failures, Line, Phase, Policy, Worker, decide
from mutoscope.link import Link, ServerAway, backoff

logger = structlog.get_logger(__name__)

POLL_S = 1.0
SEAT_S = 60.0
"""How long the driver before may keep its seat: of one that was killed Ray takes it at once, of a lost host in 40 s."""
SILENT_S = 5.0
"""An actor that cannot be reached for so long is taken for dead: what breaks a connection mostly ended the process."""
DRAIN_MORE_S = 60.0
"""Beyond the time limit of a request, a worker that drains waits so long for its end to be told."""
AWAY_FIRST_S, AWAY_MOST_S = 1.0, 30.0


class Taken(MutoscopeError):
    """Another driver has this fleet."""


@dataclass(slots=True)
class _Kept:
    """A worker of ours, and what it was asked that it has not answered.

    since      when it was made, or found.
    silent     since when it cannot be reached.
    """

    name: str
    actor: Any
    phase: Phase
    since: float
    model_id: str = ""
    takes: Bundle = field(default_factory=dict)
    needed: float = 0.0
    is_busy: bool = False
    silent: float | None = None
    asked: dict[Any, str] = field(default_factory=dict)


class RayFleet:
    """Keeps workers on a Ray cluster.

    token   what workers show to the server; it goes to each actor by a call, which Ray keeps nowhere.
    """

    def __init__(
        self,
        name: str,
        server_url: str,
        token: str,
        cluster: Cluster,
        policy: Policy,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._server_url = server_url
        self._token = token
        self._cluster = cluster
        self._policy = policy
        self._clock = clock
        self._link = Link(server_url, token, name)
        self._kept: dict[str, _Kept] = {}
        self._failures = Failures()
        self._pauses = backoff(AWAY_FIRST_S, AWAY_MOST_S)
        self._is_away = False
        self._ending = threading.Event()
        self._seat: Any = None
        self._held: Any = None
        self._unseated: float | None = None

    def end(self) -> None:
        """Stop driving; the workers stay. From any thread, or a signal."""
        self._ending.set()

    def drive(self) -> None:
        """Until `end`. Raises Taken, RayGone, and Refused when the server does not take us from the beginning."""
        if not self._open():
            return
        with contextlib.suppress(ServerAway):
            self._link.queue()  # a key that opens nothing is said now; later it is waited for another
        next_tick = self._clock()
        while not self._ending.is_set():
            if self._clock() >= next_tick:
                next_tick = self._clock() + (self._tick() if self._is_seated() else POLL_S)
            self._hear(min(POLL_S, max(0.0, next_tick - self._clock())))
        if self._seat is not None:
            self._cluster.ask(())
        logger.info("fleet.left", fleet=self._name, workers=len(self._kept))

    def stop(self) -> None:
        """Take the fleet down: every worker finishes what it has, and goes. `end` leaves the rest to go by itself."""
        if not self._open():
            return
        self._cluster.ask(())
        for kept in self._kept.values():
            self._drain(kept)
        while self._kept and not self._ending.is_set():
            self._hear(POLL_S)
            self._check_silent()
        logger.info("fleet.stopped", fleet=self._name, workers=len(self._kept))

    def plan(self) -> Decision:
        """What would be done now, without doing it, and without the driver's seat. Raises Refused, ServerAway."""
        self._adopt()
        lines, at_work = self._queue()
        self._recognize(lines, at_work)
        return self._decide(lines)

    # Beginning

    def _open(self) -> bool:
        """Take the seat and find what the driver before left; False when told to end meanwhile."""
        while not self._ending.is_set():
            if self._is_seated():
                return True
            self._ending.wait(POLL_S)
        return False

    def _is_seated(self) -> bool:
        """Is this the fleet's driver? If it is not (yet, or any more) it tries to be. Raises Taken after a while.

        The seat is lost with its node, and Ray keeps its name until it knows. Until then nothing is decided here, for
        there may be another driver by then; whoever dies is still told of.
        """
        if self._seat is not None:
            if self._held is None:  # it could not be reached for a moment
                self._hold()
            return self._seat is not None
        now = self._clock()
        if self._unseated is None:
            self._unseated = now
        if (seat := self._cluster.seat(self._name)) is None:
            if now - self._unseated > SEAT_S:
                raise Taken(
                    f"the fleet {self._name!r} has a driver on this Ray cluster already; stop that one, or give this "
                    "one a name of its own (--name)"
                )
            logger.info("fleet.taken", fleet=self._name, gives_up_in_s=round(self._unseated + SEAT_S - now))
            return False
        self._seat, self._unseated = seat, None
        self._hold()
        for kept in self._adopt():
            self._ask(kept, "hello")
        logger.info("fleet.began", fleet=self._name, workers=len(self._kept))
        return True

    def _adopt(self) -> list[_Kept]:
        """Those that there are and that are not known here."""
        now = self._clock()
        found = []
        for name in self._cluster.names(self._name):
            if is_ours(self._name, name) and name not in self._kept and (actor := self._cluster.find(name)) is not None:
                kept = _Kept(name, actor, "running", now, needed=now)
                self._kept[name] = kept
                found.append(kept)
        return found

    # Each moment

    def _tick(self) -> float:
        """Look, decide, act; how long until the next time."""
        self._check_silent()
        try:
            lines, at_work = self._queue()
        except EngineError as exc:  # the server is away, or refuses us for now: what there is stays
            if not self._is_away:
                logger.warning("fleet.server_away", reason=exc.message)
            self._is_away = True
            return next(self._pauses)
        if self._is_away:
            logger.info("fleet.server_back")
            self._is_away, self._pauses = False, backoff(AWAY_FIRST_S, AWAY_MOST_S)
        self._recognize(lines, at_work)
        for name in sorted(at_work - self._kept.keys()):
            if is_ours(self._name, name):
                self._tell_lost(name)
        self._act(self._decide(lines), {line.model_id: line for line in lines})
        return POLL_S

    def _queue(self) -> tuple[tuple[Line, ...], frozenset[str]]:
        """What waits, and who works. Raises ServerAway and Refused."""
        told = self._link.queue()
        return lines_of(told["models"]), frozenset(told["at_work"])

    def _recognize(self, lines: Iterable[Line], at_work: frozenset[str]) -> None:
        by_digest = {digest(line.model_id): line for line in lines}
        now = self._clock()
        for kept in self._kept.values():
            kept.is_busy = kept.name in at_work
            if kept.is_busy:
                kept.needed = now
            if line := by_digest.get(digest_in(kept.name)):
                kept.model_id = line.model_id
                kept.takes = kept.takes or line.takes

    def _decide(self, lines: Iterable[Line]) -> Decision:
        now = self._clock()
        workers = [
            Worker(kept.name, kept.model_id, kept.phase, kept.takes, kept.needed, kept.is_busy)
            for kept in self._kept.values()
        ]
        free, held_back = self._cluster.free(), self._failures.held_back(now)
        return decide(lines, workers, self._policy, now, free=free, held_back=held_back)

    def _act(self, decision: Decision, lines: Mapping[str, Line]) -> None:
        for model_id in decision.start:
            self._start(lines[model_id])
        for name in decision.drain:
            self._drain(self._kept[name])
        for name in decision.remove:
            logger.info("worker.removed", worker_id=name)
            self._forget(self._kept[name])
        self._cluster.ask(decision.ask)

    def _start(self, line: Line) -> None:
        name, now = new_name(self._name, line.model_id), self._clock()
        told = {
            "MUTOSCOPE_WORKER_ID": name,
            "MUTOSCOPE_WORKER_SERVER": self._server_url,
            "MUTOSCOPE_WORKER_ENGINES": ",".join(line.engines),
            "MUTOSCOPE_WORKER_MODELS": line.model_id,
            "MUTOSCOPE_WORKER_LABELS": ",".join(sorted(self._policy.labels)),
            "MUTOSCOPE_WORKER_DRAIN_S": str(line.time_limit_s + DRAIN_MORE_S),
        }
        actor = self._cluster.begin(name, line.takes, told, line.gpu_memory_gb)
        kept = _Kept(name, actor, "placing", now, line.model_id, line.takes, now)
        self._kept[name] = kept
        logger.info("worker.placing", worker_id=name, model_id=line.model_id, **_shown(line.takes))
        self._ask(kept, "hello")

    def _drain(self, kept: _Kept) -> None:
        if kept.phase == "placing":
            self._forget(kept)
            return
        logger.info("worker.draining", worker_id=kept.name, is_busy=kept.is_busy)
        kept.phase = "draining"
        self._ask(kept, "drain")

    # What actors say

    def _ask(self, kept: _Kept, method: str, *args: object) -> None:
        try:
            kept.asked[self._cluster.call(kept.actor, method, *args)] = method
        except (ActorGone, ActorSilent) as exc:
            self._failed(kept, exc.message)

    def _hear(self, timeout_s: float) -> None:
        """Wait for answers, at most so long, and see to them. An actor that dies answers, too."""
        promises = {promise: kept for kept in self._kept.values() for promise in kept.asked}
        watched = [*promises, *([self._held] if self._held is not None else [])]
        if not watched:
            self._ending.wait(timeout_s)
            return
        for promise in self._cluster.ready(watched, timeout_s):
            if promise is self._held:
                self._check_seat()
            elif (kept := promises[promise]).name in self._kept:
                self._heard(kept, promise)

    def _hold(self) -> None:
        """Be told when the seat is lost."""
        with contextlib.suppress(ActorGone, ActorSilent):
            self._held = self._cluster.call(self._seat, "hold")

    def _check_seat(self) -> None:
        promise, self._held = self._held, None
        try:
            self._cluster.value(promise)
        except ActorSilent:
            return
        except ActorGone as exc:
            logger.warning("fleet.seat_lost", fleet=self._name, reason=exc.message)
            self._seat = None

    def _heard(self, kept: _Kept, promise: Any) -> None:
        method = kept.asked.pop(promise, "")
        try:
            value = self._cluster.value(promise)
        except ActorSilent:
            if kept.silent is None:
                kept.silent = self._clock()
                logger.warning("worker.silent", worker_id=kept.name)
            return
        except ActorGone as exc:
            self._failed(kept, exc.message)
            return
        if method == "hello":
            self._met(kept, value)
        elif method == "start" and value:
            self._failed(kept, str(value))
        elif method == "wait":
            self._ended(kept, int(value))

    def _met(self, kept: _Kept, facts: Mapping[str, Any]) -> None:
        """It has a place. It is started only now, so that what has none can be taken away."""
        if kept.silent is not None:
            kept.silent = None
            logger.info("worker.heard", worker_id=kept.name)
        if facts["is_draining"]:
            kept.phase = "draining"
        elif not facts["is_started"]:
            self._ask(kept, "start", self._token)
            kept.phase, kept.needed = "running", self._clock()
            logger.info("worker.started", worker_id=kept.name, host=facts["host"], version=facts["version"])
        if "wait" not in kept.asked.values() and kept.name in self._kept:
            self._ask(kept, "wait")

    def _check_silent(self) -> None:
        """Ask those again that could not be reached, and give them up after a while."""
        for kept in list(self._kept.values()):
            if kept.silent is None:
                continue
            if self._clock() - kept.silent > SILENT_S:
                self._failed(kept, f"it could not be reached for {SILENT_S:g} s")
            elif "hello" not in kept.asked.values():
                self._ask(kept, "hello")

    # Ends

    def _ended(self, kept: _Kept, code: int) -> None:
        """Its process ended by itself."""
        if code == 0 or (kept.phase == "draining" and code == NEVER_STARTED):
            logger.info("worker.ended", worker_id=kept.name)
            self._forget(kept)
        else:
            self._failed(kept, "it was never started" if code == NEVER_STARTED else f"it ended with code {code}")

    def _failed(self, kept: _Kept, reason: str) -> None:
        """It ended with an error, or is gone with its actor or their node."""
        lived_s = self._clock() - kept.since
        pause_s = self._failures.note(kept.model_id, lived_s=lived_s, now=self._clock()) if kept.model_id else 0.0
        logger.warning("worker.died", worker_id=kept.name, reason=reason, again_in_s=round(pause_s, 1))
        self._forget(kept)
        self._tell_lost(kept.name)

    def _forget(self, kept: _Kept) -> None:
        self._kept.pop(kept.name, None)
        self._cluster.end(kept.actor)

    def _tell_lost(self, name: str) -> None:
        """Whoever cannot be told now is told later: the server names such workers as long as they have something."""
        try:
            count = self._link.lost(name)
        except (EngineError, LeaseLost) as exc:
            logger.warning("worker.lost_not_told", worker_id=name, reason=exc.message)
        else:
            logger.info("worker.lost", worker_id=name, requests=count)


def _shown(takes: Bundle) -> dict[str, Any]:
    return {"takes": ", ".join(f"{name} {amount:g}" for name, amount in takes.items()) or "nothing"}
