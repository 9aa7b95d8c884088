"""One accepted call: its states, the legal moves between them, and its values as they are stored.

`Job` in code is `request` on the wire (`Request` would collide with HTTP's own word). The five state words here
are the ones in the database, our own API, events, webhooks, pages and client; a dialect maps them at its own
edge and nowhere else.
"""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

HIDDEN = "hidden:"
"""What the names of inputs begin with that nobody is shown again."""


class State(StrEnum):
    IN_QUEUE = "in_queue"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        return self not in (State.IN_QUEUE, State.IN_PROGRESS)


MOVES: Mapping[State, frozenset[State]] = {
    State.IN_QUEUE: frozenset({State.IN_PROGRESS, State.CANCELLED, State.FAILED}),
    State.IN_PROGRESS: frozenset({State.COMPLETED, State.FAILED, State.CANCELLED, State.IN_QUEUE}),
    State.COMPLETED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}
"""Terminal is terminal. `in_progress -> in_queue` is a lost lease or a released one."""


def new_id() -> str:
    """A fresh request id: UUID version 7 (RFC 9562 §5.7), 48 bits of Unix time in milliseconds and 74 random ones.

    Ids of one second lie side by side in the database's indexes: a commit of many submits touches few pages.
    """
    drawn = secrets.randbits(74)
    number = (time.time_ns() // 1_000_000 & (1 << 48) - 1) << 80
    number |= 7 << 76 | (drawn >> 62) << 64 | 0b10 << 62 | drawn & (1 << 62) - 1
    return str(uuid.UUID(int=number))


@dataclass(frozen=True, slots=True)
class Webhook:
    """The address that a single request wants to be told at. events: states."""

    url: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """How a caller wants one request to be treated, beside its input.

    priority       a number of the queue; None: normal, or what the key may ask for if that is less.
    expires_in_s   it fails if it is not started within this time; None: it waits as long as it takes.
    time_limit_s   seconds one attempt may take; None: the model's own limit.
    use_cache      an earlier output of an equal request will do, and its own may serve later ones; None: by its key.
    """

    priority: int | None = None
    expires_in_s: int | None = None
    time_limit_s: int | None = None
    use_cache: bool | None = None


@dataclass(frozen=True, slots=True)
class NewJob:
    """What `submit` writes.

    inputs            the validated body with defaults filled; files as `mutoscope-file:<file_id>` or public URLs.
    body_sha256       of model id and body, to tell a replayed Idempotency-Key from a reused one.
    seed              the seed to use, drawn already.
    priority          smaller is served earlier; 0 is normal.
    weight            share of this key in fair queuing, > 0.
    hold_microusd     estimated price, held until the request settles.
    base_url          the address the caller reached us at; webhooks name files by it.
    traceparent       W3C Trace Context of the submit; None: it has none.
    expires_in_ms     how long it may wait to be started; None: as long as it takes.
    base_price_usd    what a unit of its model costs at this moment.
    cache_key         what equal requests have in common; None: its output serves no other.
    """

    id: str
    account_id: str
    key_id: str
    model_id: str
    inputs: Mapping[str, Any]
    ignored_inputs: tuple[str, ...]
    seed: int
    idempotency_key: str | None
    body_sha256: str
    priority: int = 0
    weight: float = 1.0
    max_attempts: int = 3
    time_limit_s: int = 600
    hold_microusd: int = 0
    base_url: str = ""
    webhook: Webhook | None = None
    traceparent: str | None = None
    expires_in_ms: int | None = None
    base_price_usd: float | None = None
    cache_key: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One row of the request table.

    attempt   how often it was claimed; fences the writes of a worker that lost its lease.
    result    of a completed request: {"output": …, "metadata": …} with file ids in place of URLs.
    error     of a failed request: a message that is safe to show.
    expires_ms   when it fails if it still waits; None: never.
    base_price_usd   what a unit cost when it was accepted; None: by the model's price of today.
    memo      what its attempts left for the next one; for workers, never shown.
    """

    id: str
    account_id: str
    key_id: str
    model_id: str
    state: State
    priority: int
    created_ms: int
    started_ms: int | None
    finished_ms: int | None
    attempt: int
    max_attempts: int
    time_limit_s: int
    worker_id: str | None
    seed: int
    inputs: Mapping[str, Any]
    ignored_inputs: tuple[str, ...]
    body_sha256: str
    progress: float
    stage: str
    result: Mapping[str, Any] | None
    error: str | None
    cost_microusd: int
    base_url: str = ""
    traceparent: str | None = None
    expires_ms: int | None = None
    base_price_usd: float | None = None
    memo: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shown_inputs(self) -> dict[str, Any]:
        """What its caller may see again: all but secrets of theirs that are for workers alone."""
        return {name: value for name, value in self.inputs.items() if not name.startswith(HIDDEN)}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a request; `seq` grows and never repeats.

    kind   `state`, `progress` or `log`.
    data   state: {"state", "attempt"?, "error"?}; progress: {"progress", "stage"}; log: {"line"}.
    """

    seq: int
    request_id: str
    at_ms: int
    kind: str
    data: Mapping[str, Any]


def timestamp(ms: int) -> str:
    """Milliseconds since 1970 as `2026-01-02T03:04:05.123000+00:00`: microseconds and offset, never `Z`."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="microseconds")
