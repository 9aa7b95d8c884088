"""What an attempt is carried out with: a real connection and a real engine process, under a lease."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from mutoscope import net, tracing
from mutoscope.engines.base import Task
from mutoscope.engines.process import EngineProcess, Made
from mutoscope.errors import Cancelled, EngineError, MutoscopeError, OutOfTime
from mutoscope.lease import Lease, Released
from mutoscope.link import Link, ServerAway, StorageAway, insist
from mutoscope.media.datauri import DOWNLOAD_LIMITS
from mutoscope.media.probe import MediaInfo
from mutoscope.media.sandbox import Prober
from mutoscope.protocol import Assignment, InputFile, Stored

T = TypeVar("T")

INPUT_LIMIT_BYTES = 200 * 2**20
STORE_TRIES_S = 60.0
"""How long a finished output waits for a server that is away; then another attempt makes it again."""
STORAGE_TRIES_S = 900.0
"""And how long it waits for a storage that is away: no worker is given anything else to do meanwhile."""


@dataclass(frozen=True, slots=True)
class WorkerBench:
    """`performing.Bench` on a real connection and a real child; each step looks at the lease first."""

    assignment: Assignment
    lease: Lease
    link: Link
    children: Mapping[str, EngineProcess]
    prober: Prober
    policy: net.Policy

    def fetch(self, file: InputFile, target: Path) -> None:
        self.lease.report(0.0, "fetching")
        self.lease.check()
        if file.stored:
            self._insist(lambda: self._get(file, target))
        else:
            limit_s = min(self.policy.total_timeout_s, self.assignment.time_limit_s)
            limit_bytes = DOWNLOAD_LIMITS[file.kind]
            policy = replace(self.policy, total_timeout_s=limit_s, max_bytes=limit_bytes)
            net.download(file.url, target, policy, check=self.lease.check)

    def _get(self, file: InputFile, target: Path) -> None:
        direct = self.assignment.direct
        self.link.get(file.url, target, limit_bytes=INPUT_LIMIT_BYTES, check=self.lease.check, direct=direct)

    def probe(self, path: Path) -> MediaInfo:
        self.lease.check()
        return self.prober.probe(path)

    def run(self, engine: str, task: Task) -> Made:
        child = self.children[engine]
        with (
            tracing.span("engine", parent=self.assignment.traceparent, engine=engine) as traceparent,
            self.lease.killing(lambda reason: _end(child, reason)),
        ):
            try:
                return child.run(replace(task, traceparent=traceparent or ""), self.lease)
            except EngineError:
                self.lease.check()  # killed by the lease: its reason is the one that counts
                raise

    def store(self, path: Path, *, name: str, media_type: str) -> Stored:
        self.lease.report(1.0, "storing")
        self.lease.check()
        return self._insist(
            lambda: self.link.put(self.assignment, path, name=name, media_type=media_type, check=self.lease.check)
        )

    def _insist(self, call: Callable[[], T]) -> T:
        """A storage that is away is nobody's fault: it is waited for, and an attempt that ends meanwhile counts not."""
        began, away = time.monotonic(), False

        def once() -> T:
            nonlocal away
            try:
                return call()
            except ServerAway as exc:
                away = isinstance(exc, StorageAway)
                if not away and time.monotonic() - began >= STORE_TRIES_S:
                    raise EngineError(exc.message, retryable=True) from exc
                raise

        try:
            return insist(once, check=self.lease.check, give_up_s=STORAGE_TRIES_S)
        except (StorageAway, OutOfTime) as exc:
            if not away:
                raise
            raise Released("the server cannot reach the file storage") from exc


def _end(child: EngineProcess, reason: MutoscopeError) -> None:
    """What nobody will go on with ends in good order, all else at once; a signal handler only does the latter."""
    if isinstance(reason, Cancelled | OutOfTime):
        child.stop()
    else:
        child.kill()
