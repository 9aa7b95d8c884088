"""The fleet boundary: something that keeps worker processes running.

A fleet places and restarts workers; it hands out no work. The truth about jobs stays in the store, and a worker
that any fleet, or a person, started by hand is as good as another. Read next: `local`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

WorkerState = Literal["running", "waiting", "draining", "stopped"]


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """One worker as its fleet sees it.

    pid        its process on this machine, or None when it runs elsewhere or not at all.
    state      `running`, `waiting` before it is started again, `draining`, or `stopped`.
    restarts   how often it was started again.
    """

    worker_id: str
    pid: int | None
    state: WorkerState
    restarts: int


class Fleet(Protocol):
    """Keeps workers running until it is told otherwise. Called from one thread."""

    def start(self) -> None:
        """Start the workers and return; they are at work once they have claimed."""

    def drain(self, timeout_s: float) -> bool:
        """Let the workers finish what they have. Returns whether all of them ended in time."""

    def stop(self) -> None:
        """End every worker now. Safe to repeat."""

    def workers(self) -> tuple[WorkerFacts, ...]:
        """What there is at this moment."""
