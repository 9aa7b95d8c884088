"""The worker: claim an attempt, perform it, finish it, claim the next. One attempt at a time, one process.

Read it from top to bottom: `main`, `Worker.serve`, `Worker._attempt`. The engine runs in a child that can be
killed; beats go out from a thread of the `Lease`; the database is never seen. SIGTERM drains: nothing more is
claimed, and the attempt at hand is handed back if it does not end in time. When the parent that started the
worker dies, the worker and its children die with it. How an attempt is carried out: `performing`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import secrets
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import structlog

from mutoscope import logs, net, tracing, withdrawing
from mutoscope.ability import Ability, gpu_memory_gb
from mutoscope.engines import environment
from mutoscope.engines.process import EngineProcess
from mutoscope.engines.registry import names
from mutoscope.errors import Cancelled, ConfigError, EngineError, LeaseLost, MediaError
from mutoscope.lease import Lease, Released
from mutoscope.link import Link, Refused, backoff, insist
from mutoscope.measuring import Measurer
from mutoscope.media.sandbox import Prober
from mutoscope.performing import perform
from mutoscope.protocol import VERSION, Assignment, Finish
from mutoscope.workbench import INPUT_LIMIT_BYTES, WorkerBench
from mutoscope.workfolder import LOCK, own_folder

logger = structlog.get_logger(__name__)
T = TypeVar("T")

CLAIM_WAIT_S = 20.0
HASTY_S = 0.5
"""An empty answer sooner than this was not a long poll; asking again at once would be a busy loop."""
LAST_ANSWER_S = 1.0
"""How long an answer with work may be under way to a worker that was told to go."""
REFUSED_S = 10.0
"""Pause before a server that does not take this worker is asked again: it may be upgraded, or the key be renewed."""
REWARM_AFTER_S = 30.0
"""Pause before an engine that could not be warmed is tried again."""
PR_SET_DUMPABLE = 4
RELEASE_TRIES_S = 4.0
"""A worker that must go does not wait long to say so: the lease ends by itself."""


def main(
    server_url: str,
    token: str,
    engines: Sequence[str],
    *,
    worker_id: str | None = None,
    folder: Path | None = None,
    drain_s: float = 30.0,
    fetch_allow: str = "",
    ability: Ability | None = None,
    idle_s: float | None = None,
    parent_fd: int | None = None,
) -> int:
    """Work until told to stop.

    worker_id     its name, by which the operator can drain it; made up when not given.
    folder        where attempts keep their files; emptied of what dead workers left behind.
    drain_s       seconds an attempt may go on after the first SIGTERM.
    fetch_allow   private networks that inputs may be fetched from, such as `10.0.0.0/8`.
    ability       what it is able to do beside its engines.
    idle_s        how long it stays without work; None: for ever.
    parent_fd     read end of a pipe whose other end the parent holds: at its end the worker is gone at once.
    """
    _keep_to_itself()
    environment.parse_keys(os.environ.get(environment.KEYS, ""))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    worker_id = worker_id or f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
    policy = net.Policy(allow=net.parse_allow(fetch_allow), max_bytes=INPUT_LIMIT_BYTES)
    children = {name: EngineProcess(name, trace=_log_trace(name)) for name in engines}
    with (
        own_folder(
            folder or Path(tempfile.gettempdir()) / f"mutoscope-{os.getuid()}", f"{worker_id}.{os.getpid()}"
        ) as own,
        contextlib.closing(Link(server_url, token, worker_id)) as link,
        contextlib.closing(Prober()) as prober,
    ):
        with contextlib.suppress(MediaError):  # an empty file: the helper starts now, not in the first attempt
            prober.probe(own / LOCK)
        worker = Worker(link, children, prober=prober, policy=policy, folder=own, drain_s=drain_s, ability=ability)
        Measurer(Link(server_url, token, worker_id), policy, own).start()
        if elsewhere := tuple(name for name in engines if name in withdrawing.ENGINES):
            withdrawing.Withdrawer(Link(server_url, token, worker_id), elsewhere).start()
        if parent_fd is not None:
            threading.Thread(target=worker.die_with_parent, args=(parent_fd,), name="parent", daemon=True).start()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, worker.on_signal)
        signal.signal(signal.SIGALRM, worker.on_last_answer)
        try:
            worker.serve(idle_s=float("inf") if idle_s is None else idle_s)
        finally:
            worker.close()
            tracing.close()
    return 0


class Worker:
    """One slot. `serve` runs in the main thread, where signals arrive."""

    def __init__(
        self,
        link: Link,
        children: Mapping[str, EngineProcess],
        *,
        prober: Prober,
        policy: net.Policy,
        folder: Path,
        drain_s: float,
        ability: Ability | None = None,
    ) -> None:
        self._link = link
        self._children = children
        self._prober = prober
        self._policy = policy
        self._folder = folder
        self._drain_s = drain_s
        self._ability = ability or Ability()
        self._release_at: float | None = None
        self._lease: Lease | None = None
        self._is_idle = False
        self._warm_again_at = dict.fromkeys(children, 0.0)

    def serve(self, *, idle_s: float = float("inf")) -> None:
        """Claim and perform until told to stop, or until there was nothing to do for so long."""
        pauses = backoff(0.1, 2.0)
        worked = time.monotonic()
        while not self._draining and (left_s := worked + idle_s - time.monotonic()) >= 0:
            asked = time.monotonic()
            with self._idle():
                assignment = self._claim(min(CLAIM_WAIT_S, left_s))
            if assignment:
                self._attempt(assignment)
                worked = time.monotonic()
            if assignment or time.monotonic() - asked > HASTY_S:
                pauses = backoff(0.1, 2.0)
                continue
            with self._idle():  # the server is away, or answers at once without having work: it is stopping
                time.sleep(next(pauses))

    def _claim(self, wait_s: float) -> Assignment | None:
        """The next attempt this worker can carry out, if there is one. With no engine warm it asks for nothing."""
        if not (ready := self._ready_engines()):
            return None
        try:
            return self._link.claim(ready, wait_s=wait_s, ability=self._ability)
        except Refused as exc:  # another version, or a token that opens nothing: somebody has to see to it
            logger.error("worker.refused", reason=exc.message, protocol=VERSION)  # noqa: TRY400 - no trace of ours
            time.sleep(REFUSED_S)
        except (EngineError, LeaseLost) as exc:
            logger.warning("worker.claim_failed", reason=exc.message)
        return None

    def _attempt(self, assignment: Assignment) -> None:
        """Perform one assignment under its lease and tell the server how it ended."""
        request_id, attempt = assignment.request_id, assignment.attempt
        with (
            structlog.contextvars.bound_contextvars(request_id=request_id, attempt=attempt),
            tracing.span(
                "attempt", parent=assignment.traceparent, request_id=request_id, attempt=attempt
            ) as traceparent,
        ):
            self._carry_out(replace(assignment, traceparent=traceparent))

    def _carry_out(self, assignment: Assignment) -> None:
        log = logger
        log.info("attempt.started", model_id=assignment.model_id, engine=assignment.engine)
        try:
            with self._under_lease(assignment) as lease:
                finish = self._perform(assignment, lease)
                lease.flush()
                give_up_s = RELEASE_TRIES_S if finish.outcome == "released" else float("inf")
                insist(
                    lambda: self._link.finish(assignment.request_id, finish),
                    check=lease.check_ours,
                    give_up_s=give_up_s,
                )
            if finish.outcome == "completed":
                self._ability.ran(assignment.engine, assignment.model_id)
            log.info("attempt.finished", outcome=finish.outcome, error=finish.error, **_timings(finish))
        except LeaseLost as exc:
            log.info("attempt.dropped", reason=exc.message)
            if isinstance(exc, Cancelled):  # so that nobody else sees to it
                with contextlib.suppress(EngineError, LeaseLost):
                    self._link.finish(assignment.request_id, Finish(assignment.attempt, outcome="released"))
        except EngineError as exc:
            log.warning("attempt.not_finished", reason=exc.message)

    def _perform(self, assignment: Assignment, lease: Lease) -> Finish:
        bench = WorkerBench(assignment, lease, self._link, self._children, self._prober, self._policy)
        try:
            with tempfile.TemporaryDirectory(dir=self._folder, ignore_cleanup_errors=True) as folder:
                return perform(assignment, folder=Path(folder), bench=bench)
        except LeaseLost:
            raise
        except Released as exc:
            return Finish(assignment.attempt, outcome="released", error=exc.message)
        except Exception:  # the boundary of an attempt: a defect of ours costs one attempt, not the worker
            logger.exception("attempt.defect")
            return Finish(assignment.attempt, outcome="retry", error="the worker failed: internal error", code="worker")

    @contextlib.contextmanager
    def _under_lease(self, assignment: Assignment) -> Iterator[Lease]:
        with Lease(self._link, assignment) as lease:
            self._lease = lease
            if self._release_at is not None:  # the signal came between claim and here
                lease.release_by(self._release_at)
            try:
                yield lease
            finally:
                self._lease = None

    def _ready_engines(self) -> tuple[str, ...]:
        """Engines with a warm child, after warming those that have none."""
        for name, child in self._children.items():
            if child.is_ready or time.monotonic() < self._warm_again_at[name]:
                continue
            started = time.monotonic()
            self._ability.started(name)
            try:
                self._ability.versions[name] = child.warm(_WarmUp(name))
            except EngineError as exc:
                self._warm_again_at[name] = time.monotonic() + REWARM_AFTER_S
                logger.error("engine.not_ready", engine=name, reason=exc.message)  # noqa: TRY400 - no trace here
            else:
                logger.info("engine.ready", engine=name, seconds=round(time.monotonic() - started, 2))
        return tuple(name for name, child in self._children.items() if child.is_ready)

    # How it ends.

    @property
    def _draining(self) -> bool:
        return self._release_at is not None

    @contextlib.contextmanager
    def _idle(self) -> Iterator[None]:
        """Within the block a signal ends the process, once no answer with work can be under way any more."""
        self._is_idle = True
        try:
            if self._draining:
                sys.exit(0)
            yield
        finally:
            self._is_idle = False

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """First SIGTERM: drain. SIGINT, or a second signal: hand the attempt back now."""
        urgent = self._draining or number == signal.SIGINT
        self._release_at = time.monotonic() + (0.0 if urgent else self._drain_s)
        if self._is_idle:
            signal.setitimer(signal.ITIMER_REAL, LAST_ANSWER_S)
        if lease := self._lease:
            lease.release_by(self._release_at)
            if urgent:
                lease.end(Released())

    def on_last_answer(self, number: int, frame: FrameType | None) -> None:
        """A server that stops has answered by now; another one has nothing for us."""
        if self._is_idle:
            self._is_idle = False
            sys.exit(0)

    def die_with_parent(self, parent_fd: int) -> None:
        """Block until the parent is gone, then leave nothing behind that runs."""
        while os.read(parent_fd, 1):
            pass
        for child in self._children.values():
            child.kill()
        os._exit(1)

    def close(self) -> None:
        for child in self._children.values():
            child.close()


class _WarmUp:
    """`Progress` of a warm-up: lines in the worker's log, one for each stage."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._stage = ""

    def report(self, fraction: float, stage: str) -> None:
        if stage != self._stage:
            self._stage = stage
            logger.info("engine.warming", engine=self._engine, stage=stage, fraction=round(fraction, 2))

    def log(self, line: str) -> None:
        logger.info("engine.said", engine=self._engine, line=line)

    def show(self, picture: Path) -> None:
        """Nobody looks."""

    def remember(self, values: Mapping[str, Any]) -> None:
        """No request, no next attempt."""
        raise EngineError("nothing can be remembered while an engine warms up")


def _log_trace(engine: str) -> Callable[[str], None]:
    return lambda trace: logger.error("engine.defect", engine=engine, trace=trace)


def _timings(finish: Finish) -> Mapping[str, float]:
    timings: Mapping[str, float] = finish.metadata.get("timings", {})
    return timings


def _keep_to_itself() -> None:
    """Engines are children of this process, of the same user: neither environment nor memory tells them the token."""
    os.environ.pop("MUTOSCOPE_WORKER_TOKEN", None)
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0)


def _token(given: Mapping[str, str]) -> str:
    """From the pipe that the fleet names, or from the environment. Raises KeyError."""
    if fd := given.get("MUTOSCOPE_WORKER_TOKEN_FD"):
        with open(int(fd), closefd=fd != "0") as way:
            return way.read()
    return given["MUTOSCOPE_WORKER_TOKEN"]


def _list(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in given.get(f"MUTOSCOPE_WORKER_{name}", "").split(",") if word.strip())


def _from_environment(environ: Mapping[str, str]) -> int:
    """`python -m mutoscope.worker`, as a fleet starts it: everything comes from MUTOSCOPE_WORKER_*."""
    given = {name: value for name, value in environ.items() if name.startswith("MUTOSCOPE_WORKER_") and value}
    try:
        server_url, token = given["MUTOSCOPE_WORKER_SERVER"], _token(given)
    except KeyError as exc:
        raise ConfigError(f"{exc.args[0]}: not set; a worker needs the server's address and a token") from exc
    folder, parent_fd = given.get("MUTOSCOPE_WORKER_FOLDER"), given.get("MUTOSCOPE_WORKER_PARENT_FD")
    return main(
        server_url,
        token,
        _list(given, "ENGINES") or names(),
        worker_id=given.get("MUTOSCOPE_WORKER_ID"),
        folder=Path(folder) if folder else None,
        drain_s=float(given.get("MUTOSCOPE_WORKER_DRAIN_S", "30")),
        fetch_allow=environ.get("MUTOSCOPE_FETCH_ALLOW", ""),
        ability=Ability(
            models=_list(given, "MODELS"),
            gpu_memory_gb=float(given.get("MUTOSCOPE_WORKER_GPU_MEMORY_GB") or gpu_memory_gb(environ)),
            labels=_list(given, "LABELS"),
        ),
        parent_fd=int(parent_fd) if parent_fd else None,
    )


if __name__ == "__main__":
    logs.configure(os.environ.get("MUTOSCOPE_LOG_FORMAT", "auto"), os.environ.get("MUTOSCOPE_LOG_LEVEL", "info"))
    tracing.configure(os.environ.get("MUTOSCOPE_TRACES", ""), service="mutoscope-worker")
    sys.exit(_from_environment(os.environ))
