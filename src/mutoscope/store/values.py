"""What the store is asked with and answers with, beside the job itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mutoscope.jobs import State
from mutoscope.quotas import Allowance

FOREVER_MS = 2**62
"""Later than any time there is."""
FIRST_PAGE = (FOREVER_MS, "")
"""The cursor of a list that begins with its newest."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """replayed: the same idempotency key was used before, with the same body if same_body.

    allowance: how many submits its key has left, if they are limited.
    """

    request_id: str
    replayed: bool = False
    same_body: bool = True
    allowance: Allowance | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a request stands. queue_position: requests ahead of it, only while queued."""

    state: State
    model_id: str
    queue_position: int | None


@dataclass(frozen=True, slots=True)
class Charge:
    """What a completed request costs."""

    quantity: float = 0.0
    unit: str = ""
    cost_microusd: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """An attempt under a lease. worker_id None: whoever held it (the sweeper speaks for lost workers)."""

    request_id: str
    worker_id: str | None
    attempt: int

    @property
    def fence(self) -> dict[str, Any]:
        """What every write of this attempt must match."""
        return {"id": self.request_id, "worker_id": self.worker_id, "attempt": self.attempt}


@dataclass(frozen=True, slots=True)
class Growth:
    """When one more request of a model is begun beside those that run.

    places    how many may be in progress whatever waits.
    waiting   beyond those, one more is begun only while more than this many wait.
    """

    places: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Cold:
    """A model that the worker who asks would have to load first.

    later_ms   its requests count as that much younger than those of models it has loaded.
    leave_ms   its requests are left for so long to another worker, which has it loaded and is free.
    """

    later_ms: int
    leave_ms: int


@dataclass(frozen=True, slots=True)
class Filter:
    """Which requests to list, newest first. cursor: (created_ms, id) of the last one seen."""

    model_id: str | None = None
    state: str | None = None
    after_ms: int | None = None
    before_ms: int | None = None
    cursor: tuple[int, str] | None = None
    limit: int = 50
    key_id: str | None = None
