"""One attempt kept alive while it runs.

A lease ends when the server says so, when no beat got through for as long as the server would wait, at the time limit,
or when the worker has to go; whoever works under it calls `check`. Read next: `worker`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any

import structlog

from mutoscope.errors import EngineError, LeaseLost, MutoscopeError, OutOfTime
from mutoscope.link import Link, backoff, insist
from mutoscope.protocol import PREVIEW, Assignment, Beat, Remember, merged

logger = structlog.get_logger(__name__)

LINES_PER_JOB = 200
LINE_LENGTH = 500
PROGRESS_EVERY_S = 1.0
WATCH_AFTER_S = 0.2
"""An attempt that is over sooner is not watched; a cancel may take this much longer to reach one that is not."""
WATCH_WAIT_S = 20.0


class Released(MutoscopeError):
    """The worker is going away; the attempt was not used up."""


class Lease:
    """One attempt's right to run. A thread beats; it also watches the clock, and kills what `killing` names. Another
    one hears of a cancel while it happens.

    It is the `Progress` of the attempt: reports and lines travel with the beats.
    """

    def __init__(self, link: Link, assignment: Assignment) -> None:
        self._link = link
        self._assignment = assignment
        self._started = self._renewed = self._sent = time.monotonic()
        self._margin_s = min(1.0, assignment.lease_s * 0.2)
        self._release_at = float("inf")
        self._reason: MutoscopeError | None = None
        self._kill: Callable[[MutoscopeError], None] | None = None
        self._done = False
        self._lock = threading.Lock()
        self._mail: SimpleQueue[None] = SimpleQueue()  # its put may be called from a signal handler
        self._fraction, self._stage, self._changed = 0.0, "", False
        self._lines: list[str] = []
        self._shown = ""
        self._may_show = True
        self._memo = dict(assignment.memo)
        self._num_lines = 0
        self._retry_at = 0.0
        self._pauses = backoff(0.1, 1.0)
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)
        self._over = threading.Event()

    def __enter__(self) -> Lease:
        self._thread.start()
        threading.Thread(target=self._watch, name="watch", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done = True
        self._over.set()
        self._mail.put(None)
        self._thread.join()

    # What the worker asks and tells.

    def check(self) -> None:
        """Raise why the attempt has to stop: LeaseLost, Released or EngineError."""
        if self._reason:
            raise self._reason

    def check_ours(self) -> None:
        """Raise LeaseLost if the attempt is somebody else's; a limit that has passed does not matter."""
        if isinstance(self._reason, LeaseLost):
            raise self._reason

    @contextlib.contextmanager
    def killing(self, kill: Callable[[MutoscopeError], None]) -> Iterator[None]:
        """Within the block, whatever ends the attempt also calls `kill` with it, at once and from another thread."""
        self._kill = kill
        try:
            self.check()
            yield
        finally:
            self._kill = None

    def end(self, reason: MutoscopeError) -> None:
        """Stop the attempt. Callable from a signal handler."""
        if self._reason is None or isinstance(reason, LeaseLost):
            self._reason = reason
        if kill := self._kill:
            kill(reason)

    def release_by(self, at: float) -> None:
        """Stop the attempt at this instant of the monotonic clock. Callable from a signal handler."""
        self._release_at = at
        self._mail.put(None)

    def report(self, fraction: float, stage: str) -> None:
        with self._lock:
            self._fraction = min(1.0, max(self._fraction, fraction))
            self._stage = stage
            news, self._changed = not self._changed, True
        if news:
            self._mail.put(None)

    def log(self, line: str) -> None:
        self._num_lines += 1
        if self._num_lines > LINES_PER_JOB:
            return
        with self._lock:
            self._lines.append(
                line[:LINE_LENGTH] if self._num_lines < LINES_PER_JOB else "(further lines are left out)"
            )

    def show(self, picture: Path) -> None:
        """Send a picture of what there is so far; when one does not get through, no further one is tried."""
        if not self._may_show or self._reason:
            return
        try:
            shown = self._link.put(self._assignment, picture, name=PREVIEW, media_type="image/jpeg", check=self.check)
        except (MutoscopeError, OSError):  # a lease that was lost is told by the next beat
            self._may_show = False
            return
        with self._lock:
            self._shown, self._changed = shown.file_id, True

    def remember(self, values: Mapping[str, Any]) -> None:
        """Back when the server has it on disk. Raises EngineError when that was not possible."""
        memo, told = merged(self._memo, values), Remember(self._assignment.attempt, dict(values))
        try:
            self.check()
            insist(
                lambda: self._link.remember(self._assignment.request_id, told),
                check=self.check,
                give_up_s=float("inf"),
            )
        except (LeaseLost, Released, OutOfTime) as exc:
            if isinstance(exc, LeaseLost):
                self.end(exc)
            raise EngineError("what has to be remembered could not be written down", retryable=True) from exc
        self._memo = memo

    def flush(self) -> None:
        """Send the lines that no beat has taken along yet; a server that is away does not get them."""
        if self._lines:
            self._beat()

    # The threads: one waits to hear of a cancel, the other beats and keeps the time.

    def _watch(self) -> None:
        """Not waited for at the end: its call is answered when the attempt is over."""
        attempt, pauses = self._assignment, backoff(0.2, 2.0)
        pause_s = WATCH_AFTER_S
        while not self._over.wait(pause_s) and not isinstance(self._reason, LeaseLost):
            asked = time.monotonic()
            try:
                if not self._link.watch(attempt.request_id, attempt.attempt, wait_s=WATCH_WAIT_S):
                    return
            except LeaseLost as exc:
                self.end(exc)
            except EngineError:  # away: the lease itself sees to that
                pass
            pause_s = 0.0 if time.monotonic() - asked > 1.0 else next(pauses)

    def _keep(self) -> None:
        while not self._done and not isinstance(self._reason, LeaseLost):
            now = time.monotonic()
            if overdue := self._overdue(now):
                self.end(overdue)
            elif now >= self._beat_at():
                self._beat()
            else:
                with contextlib.suppress(Empty):
                    self._mail.get(timeout=max(0.0, self._wake_at() - now))

    def _overdue(self, now: float) -> MutoscopeError | None:
        if now >= self._lost_at:
            return LeaseLost("no beat reached the server for as long as the lease lasts")
        if self._reason:
            return None
        if now >= self._started + self._assignment.time_limit_s:
            return OutOfTime(f"exceeded the time limit of {self._assignment.time_limit_s:g} s")
        if now >= self._release_at:
            return Released()
        return None

    @property
    def _lost_at(self) -> float:
        return self._renewed + self._assignment.lease_s - self._margin_s

    def _beat_at(self) -> float:
        beat_s = self._assignment.beat_s
        due = self._sent + (min(beat_s, PROGRESS_EVERY_S) if self._changed else beat_s)
        return max(due, self._retry_at)

    def _wake_at(self) -> float:
        limits = () if self._reason else (self._started + self._assignment.time_limit_s, self._release_at)
        return min(self._beat_at(), self._lost_at, *limits)

    def _beat(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, []
            shown, self._shown = self._shown, ""
            beat = Beat(self._assignment.attempt, self._fraction, self._stage, tuple(lines), shown)
            self._changed = False
        started = time.monotonic()
        try:
            timeout_s = max(0.5, min(5.0, self._assignment.lease_s / 3))
            self._link.beat(self._assignment.request_id, beat, timeout_s=timeout_s)
        except LeaseLost as exc:
            self.end(exc)
        except EngineError as exc:  # away, or refused: either way the lease runs on and the next beat decides
            with self._lock:
                self._retry_at = time.monotonic() + next(self._pauses)
                self._lines[:0] = lines
                self._changed = True
            logger.warning("lease.beat_failed", request_id=self._assignment.request_id, reason=exc.message)
        else:
            self._renewed = self._sent = started
            self._pauses = backoff(0.1, 1.0)
