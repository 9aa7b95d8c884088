"""What the server does beside answering: hand on what lost workers held, forget what is old, look after itself.

Each is a loop that outlives whatever goes wrong in one turn. Several servers may run them on one database.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

import structlog

from mutoscope import deployments, lifecycle, operating, retention
from mutoscope.errors import StorageUnavailable
from mutoscope.retention import Keep, Retention
from mutoscope.server.metrics import Metrics
from mutoscope.site import Site

log = structlog.get_logger(__name__)

SWEEP_S = 0.5
STORAGE_S = 2.0
"""How often a storage that was away is tried."""
ROUND_S = 60.0
COLLECT_S = 3600.0
ORPHAN_S = 3600.0
"""Bytes that no row knows are left alone for so long: somebody may be about to write the row."""
LAG_S = 0.25


class Housekeeping:
    """The loops of one server, from `start` to `stop`."""

    def __init__(self, site: Site, metrics: Metrics, keep: Keep) -> None:
        self._site = site
        self._metrics = metrics
        self._retention = Retention(site, keep)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin. What a crash left behind is looked for at once."""
        self._tasks = [
            asyncio.create_task(_every(SWEEP_S, "sweep", self._sweep)),
            asyncio.create_task(_every(ROUND_S, "retention", self._round, first_s=SWEEP_S)),
            asyncio.create_task(_every(ROUND_S, "keys", self._note_keys)),
            asyncio.create_task(_every(COLLECT_S, "collect", self._collector(self._began()), first_s=0.0)),
            asyncio.create_task(_every(STORAGE_S, "storage", self._try_storage)),
            asyncio.create_task(_every(operating.FOLLOW_S, "operating", self._follow)),
            asyncio.create_task(self._watch_loop()),
        ]

    async def stop(self) -> None:
        """End, after noting which keys were used last."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            await self._note_keys()
        except Exception:  # on a full disk the minute of a key's last use is lost, and nothing else
            log.exception("keys.not_noted")

    def _began(self) -> float:
        """Up to when bytes without a row are nobody's: another server may be about to write the row of younger ones."""
        return time.time() - (ORPHAN_S if self._site.storage.is_shared else 0.0)

    async def _try_storage(self) -> None:
        """Whether a storage that failed is back; until then no work is handed out."""
        storage = self._site.storage
        if storage.is_away:
            with contextlib.suppress(StorageUnavailable):  # it has said so itself
                await storage.check()
                log.info("storage.back")

    async def _follow(self) -> None:
        await operating.follow(self._site)
        await operating.follow_workers(self._site)
        await deployments.follow(self._site, always=False)
        if self._site.catalog.ended:
            await lifecycle.fail_orphans(self._site)

    async def _sweep(self) -> None:
        if swept := await lifecycle.sweep(self._site):
            self._metrics.failed("", "worker_lost", swept)
            log.warning("lease.expired", requests=swept)

    async def _round(self) -> None:
        if gone := await self._retention.run():
            log.info("retention.removed", **gone)

    async def _note_keys(self) -> None:
        """Which keys were used since the last time; to the minute is enough, and spares each call a write."""
        used, self._site.health.keys_used = self._site.health.keys_used, set()
        if used:
            try:
                await self._site.store.used_keys(used)
            except Exception:
                self._site.health.keys_used |= used
                raise

    def _collector(self, began: float) -> Callable[[], Awaitable[None]]:
        """The first turn takes all that was there before this start; later ones what is old."""
        before: list[float] = [began]

        async def collect() -> None:
            before_s = before.pop() if before else time.time() - ORPHAN_S
            if found := await retention.collect(self._site, before_s=before_s):
                log.warning("storage.collected", files=found)

        return collect

    async def _watch_loop(self) -> None:
        """How late the loop wakes somebody who asked for a moment: what every caller waits besides its own work."""
        while True:
            due = time.perf_counter() + LAG_S
            await asyncio.sleep(LAG_S)
            self._metrics.loop_was_late(max(0.0, time.perf_counter() - due))


async def _every(
    seconds: float, name: str, act: Callable[[], Awaitable[None]], *, first_s: float | None = None
) -> None:
    await asyncio.sleep(seconds if first_s is None else first_s)
    while True:
        try:
            await act()
        except Exception:  # a full disk ends; the loop must not
            log.exception(f"{name}.failed")
        await asyncio.sleep(seconds)
