"""Workers of somebody else's make, and the jobs they were handed: in memory, so that each can be told to stop one.

The store decides who holds what. A restart forgets this list, and the next ping of a worker fills it again.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field

FORGOTTEN_S = 3600.0
"""A worker that was silent for this long is not told anything any more."""
MANY = 1000
JOBS_AT_ONCE = 64
"""Jobs of one worker that are kept in mind."""


@dataclass(slots=True)
class _Guest:
    """jobs: and whether the worker itself has named each."""

    jobs: dict[str, bool] = field(default_factory=dict)
    seen: float = 0.0


class Guests:
    """Who works on what, as far as this server was told."""

    def __init__(self) -> None:
        self._guests: dict[str, _Guest] = {}

    def took(self, worker_id: str, job_id: str) -> None:
        """It was handed this one."""
        self._know(worker_id).jobs.setdefault(job_id, False)

    def told(self, worker_id: str, job_ids: Collection[str]) -> list[str]:
        """It says that it works on these and no others. Returns those that it named before and does not any more."""
        guest = self._know(worker_id)
        lost = [job_id for job_id, named in guest.jobs.items() if named and job_id not in job_ids]
        for job_id in lost:
            del guest.jobs[job_id]
        guest.jobs |= dict.fromkeys(job_ids, True)
        return lost

    def _know(self, worker_id: str) -> _Guest:
        now = time.monotonic()
        guest = self._guests.setdefault(worker_id, _Guest())
        guest.seen = now
        for job_id in list(guest.jobs)[:-JOBS_AT_ONCE]:
            del guest.jobs[job_id]
        if len(self._guests) > MANY:
            self._guests = {name: one for name, one in self._guests.items() if now - one.seen < FORGOTTEN_S}
        return guest

    def ended(self, worker_id: str, job_id: str) -> None:
        """Not on this one any more."""
        if worker_id in self._guests:
            self._guests[worker_id].jobs.pop(job_id, None)

    def jobs(self, worker_id: str) -> tuple[str, ...]:
        """What this worker works on."""
        return tuple(self._guests[worker_id].jobs) if worker_id in self._guests else ()
