"""What the machine has done lately and has before it: what a quote is made of. Reads only, each of them bounded."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mutoscope.store.database import Database

NEWEST = 1000
"""Completed requests looked back on, of all models together."""
KEPT_S = 5.0
"""How long what was read serves for further quotes."""
HOUR_MS = 3_600_000
ENDS = 100_000
"""Ends of requests that are counted for the last hours; of more, the newest."""
MOST_AHEAD = 1000
"""Waiting requests that are counted; beyond that a queue is just long."""


@dataclass(frozen=True, slots=True)
class PastRun:
    """One completed run, from its last claim to its end. quantity: the units it was charged for."""

    run_s: float
    quantity: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a request that came now would find.

    ahead     waiting requests of the same model that would be served before it, at most MOST_AHEAD.
    others    waiting requests of other models.
    running   seconds that each running request has been running, with its model.
    """

    ahead: int
    others: Mapping[str, int]
    running: Sequence[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Hour:
    """How requests ended in one hour. start_ms: when it began, in UTC."""

    start_ms: int
    completed: int
    failed: int


class History:
    """Past runs and the present queue, as a store knows them."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._runs: Mapping[str, Sequence[PastRun]] = {}
        self._read_at = float("-inf")
        self._hours: Sequence[Hour] = ()
        self._hours_read_at = float("-inf")

    async def runs(self) -> Mapping[str, Sequence[PastRun]]:
        """Completed runs by model, newest first."""
        if time.monotonic() - self._read_at > KEPT_S:
            found: defaultdict[str, list[PastRun]] = defaultdict(list)
            for row in await self._db.all("history_runs", limit=NEWEST):
                found[row["model_id"]].append(PastRun(max(0, row["run_ms"]) / 1000, row["quantity"]))
            self._runs, self._read_at = found, time.monotonic()
        return self._runs

    async def hours(self, now_ms: int, count: int = 24) -> Sequence[Hour]:
        """The last so many hours, oldest first; the last one has only begun."""
        if time.monotonic() - self._hours_read_at > KEPT_S:
            last = now_ms // HOUR_MS
            first = last - count + 1
            rows = await self._db.all("history_ends", hour_ms=HOUR_MS, from_ms=first * HOUR_MS, limit=ENDS)
            ended = {row["hour"]: (int(row["completed"]), int(row["failed"])) for row in rows}
            self._hours = [Hour(hour * HOUR_MS, *ended.get(hour, (0, 0))) for hour in range(first, last + 1)]
            self._hours_read_at = time.monotonic()
        return self._hours

    async def outlook(self, model_id: str, key_id: str, *, priority: int = 0) -> Outlook:
        """What a request of this key would find, by the order in which requests are claimed.

        Requests that are passed by for now, because their key has enough running, are counted as well.
        """
        queue = {"model_id": model_id, "priority": priority}
        clock = await self._db.one("queue_clock", **queue, account_id="")
        share = await self._db.one("history_share", **queue, key_id=key_id)
        assert clock is not None
        assert share is not None
        ahead = await self._db.one("history_ahead", **queue, tag=max(clock[0], share[0]), cap=MOST_AHEAD)
        assert ahead is not None
        others = await self._db.all("history_waiting", model_id=model_id, cap=MOST_AHEAD)
        running = await self._db.all("history_running", cap=MOST_AHEAD)
        return Outlook(
            ahead=int(ahead[0]),
            others={row["model_id"]: row["n"] for row in others},
            running=[(row["model_id"], max(0, row["elapsed_ms"]) / 1000) for row in running],
        )
