"""How much one account may have under way at once, so that a single one cannot fill the server.

Counted in memory, in one process: what is limited here are connections and helpers, which are this process's too.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from weakref import WeakValueDictionary

from mutoscope.errors import RateLimited

RETRY_AFTER_S = 5


class Places:
    """So many places for everybody. most: for one account; what: the word for its things in messages."""

    def __init__(self, most: int, what: str) -> None:
        self._most = most
        self._what = what
        self._taken: Counter[str] = Counter()
        self._queues: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @contextlib.contextmanager
    def taken(self, account_id: str) -> Iterator[None]:
        """A place within the block. Raises RateLimited when the account has all of its own."""
        if self._taken[account_id] >= self._most:
            refusal = RateLimited(
                f"{self._most} {self._what} of this account are under way, the most at once", code=429002
            )
            refusal.retry_after_s = RETRY_AFTER_S
            raise refusal
        self._taken[account_id] += 1
        try:
            yield
        finally:
            self._taken[account_id] -= 1
            if not self._taken[account_id]:
                del self._taken[account_id]

    @contextlib.asynccontextmanager
    async def awaited(self, account_id: str) -> AsyncIterator[None]:
        """The same, but it waits for a place of the account to become free."""
        queue = self._queues.get(account_id) or asyncio.Semaphore(self._most)
        self._queues[account_id] = queue  # gone again with the last who waits
        async with queue:
            yield
