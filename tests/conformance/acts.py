"""What workers and callers do to a request, and how one is brought to any state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from mutoscope.errors import Conflict
from mutoscope.jobs import State
from mutoscope.store.values import Held

from .conftest import ALICE, Desk

Act = Callable[[Desk, Held], Awaitable[Any]]


async def _cancel(desk: Desk, held: Held, *, running: bool) -> None:
    _, moved = await desk.store.cancel(held.request_id, ALICE.account_id, running=running)
    if not moved:
        raise Conflict


async def _claim(desk: Desk, held: Held) -> None:
    if await desk.claim() is None:
        raise Conflict


ACTS: dict[str, tuple[Act, State]] = {
    "claim": (_claim, State.IN_PROGRESS),
    "cancel": (lambda desk, held: _cancel(desk, held, running=False), State.CANCELLED),
    "cancel running": (lambda desk, held: _cancel(desk, held, running=True), State.CANCELLED),
    "complete": (lambda desk, held: desk.complete(held), State.COMPLETED),
    "fail": (lambda desk, held: desk.store.fail(held, error="no"), State.FAILED),
    "release": (lambda desk, held: desk.store.retry(held, error="no", used=False), State.IN_QUEUE),
    "beat": (lambda desk, held: desk.store.beat(held, lease_ms=60_000, progress=0.5, stage=""), State.IN_PROGRESS),
    "remember": (lambda desk, held: desk.store.remember(held, {"job": "j-1"}), State.IN_PROGRESS),
}


async def bring_to(desk: Desk, state: State) -> Held:
    """A request in this state, and what its first worker holds, or would."""
    request_id = await desk.submit()
    if state is State.IN_QUEUE:
        return Held(request_id, "worker-1", 0)
    held = await desk.claim_held()
    ends: dict[State, str] = {
        State.COMPLETED: "complete",
        State.FAILED: "fail",
        State.CANCELLED: "cancel running",
    }
    if state in ends:
        await ACTS[ends[state]][0](desk, held)
    return held
