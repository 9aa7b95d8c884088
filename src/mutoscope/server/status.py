"""How the server is doing, for everybody: what works, what is slow, what is down. It tells nothing of any account."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response

from mutoscope.errors import StorageFull
from mutoscope.server.wire import answer, site_of
from mutoscope.site import Site

State = Literal["good", "slow", "down"]
STATES: tuple[State, ...] = ("good", "slow", "down")

SLOW_QUEUE_S = 600.0
SLOW_WEBHOOKS_S = 60.0
SLOW_DATABASE_S = 1.0
FEW_ENDS = 10
"""Fewer requests than this say nothing of how well the server does."""
MOST_FAILED = 0.1
"""A larger share of requests that failed is told as slow. Wrong inputs fail too, so it is never down for that."""


async def show(request: Request) -> Response:
    """GET /v1/status: the state of the server and of its parts; needs no key."""
    return answer(await status(site_of(request)), headers={"Cache-Control": "no-cache"})


async def status(site: Site) -> dict[str, Any]:
    """Every part with its `state` and its numbers; `state` of the whole is that of the worst."""
    parts: dict[str, dict[str, Any]] = {
        "workers": _workers(site),
        "queue": await _queue(site),
        "requests": await _requests(site),
        "webhooks": await _webhooks(site),
        "database": await _database(site),
        "storage": _storage(site),
    }
    worst = max((part["state"] for part in parts.values()), key=STATES.index)
    return {"state": "down" if site.health.draining else worst, "stopping": site.health.draining, **parts}


def _workers(site: Site) -> dict[str, Any]:
    ready, expected = site.health.workers_ready(), site.health.workers_expected
    return {
        "state": "down" if not ready else "slow" if ready < expected else "good",
        "ready": ready,
        "expected": expected,
    }


async def _queue(site: Site) -> dict[str, Any]:
    now_ms, waiting, running, oldest_ms = await site.store.now_ms(), 0, 0, None
    for _model, state, count, since_ms in await site.store.load():
        if state == "in_queue":
            waiting += count
            oldest_ms = since_ms if oldest_ms is None else min(oldest_ms, since_ms)
        else:
            running += count
    oldest_s = 0.0 if oldest_ms is None else max(0, now_ms - oldest_ms) / 1000
    return {
        "state": "slow" if oldest_s > SLOW_QUEUE_S else "good",
        "waiting": waiting,
        "running": running,
        "oldest_s": oldest_s,
    }


async def _requests(site: Site) -> dict[str, Any]:
    hours = await site.store.history.hours(await site.store.now_ms())
    completed, failed = sum(hour.completed for hour in hours), sum(hour.failed for hour in hours)
    many = completed + failed >= FEW_ENDS and failed > MOST_FAILED * (completed + failed)
    return {
        "state": "slow" if many else "good",
        "completed": completed,
        "failed": failed,
        "hours": [
            {
                "start": datetime.fromtimestamp(hour.start_ms / 1000, UTC).isoformat(),
                "completed": hour.completed,
                "failed": hour.failed,
            }
            for hour in hours
        ],
    }


async def _webhooks(site: Site) -> dict[str, Any]:
    lag_s = await site.store.webhooks.lag_ms() / 1000
    return {"state": "slow" if lag_s > SLOW_WEBHOOKS_S else "good", "lag_s": lag_s}


async def _database(site: Site) -> dict[str, Any]:
    began = time.perf_counter()
    await site.store.now_ms()
    answer_s = time.perf_counter() - began
    return {"state": "slow" if answer_s > SLOW_DATABASE_S else "good", "answer_s": round(answer_s, 4)}


def _storage(site: Site) -> dict[str, Any]:
    if site.storage.is_away:
        return {"state": "down", "answers": False, "accepts_work": False}
    try:
        site.check_room()
    except StorageFull:
        return {"state": "down", "answers": True, "accepts_work": False}
    return {"state": "good", "answers": True, "accepts_work": True}
