"""Hints between the processes that share a PostgreSQL: LISTEN, and NOTIFY a moment after the commit.

What happens within `GATHER_S` goes out as one message, outside of any transaction: NOTIFY inside one would make
commits wait for each other. A hint carries no truth and may be lost; whoever waits also looks once a second.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable

import psycopg
import structlog

from mutoscope.errors import MutoscopeError
from mutoscope.store.wakeups import EVERYTHING, Wakeups

log = structlog.get_logger(__name__)

CHANNEL = "mutoscope"
GATHER_S = 0.02
LARGEST_BYTES = 7000
"""PostgreSQL takes 8000. Longer: one word says that anything may have changed."""
AGAIN_S = 1.0


class Hints:
    """Carries the words of one process's wakeups to the others', and theirs here."""

    def __init__(self, conninfo: str, wakeups: Wakeups, *, send: Callable[[str, str], Awaitable[None]]) -> None:
        self._conninfo = conninfo
        self._wakeups = wakeups
        self._send = send
        self._name = uuid.uuid4().hex[:12]
        self._words: dict[str, None] = {}
        self._gathering: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Task[None] | None = None
        wakeups.tell = self.tell

    def tell(self, word: str) -> None:
        """Something changed here."""
        self._words[word] = None
        if self._gathering is None:
            self._gathering = asyncio.get_running_loop().call_later(GATHER_S, self._go)

    def _go(self) -> None:
        self._gathering = None
        words, self._words = list(self._words), {}
        text = "\n".join([self._name, *words])
        if len(text.encode()) > LARGEST_BYTES:
            text = f"{self._name}\n{EVERYTHING}"
        task = asyncio.get_running_loop().create_task(self._sent(text))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _sent(self, text: str) -> None:
        try:
            await self._send(CHANNEL, text)
        except MutoscopeError:
            log.debug("hint.lost")  # whoever waits looks by itself

    def listen(self) -> None:
        """Begin to listen, once; it goes on until `close`."""
        if self._listening is None:
            self._listening = asyncio.get_running_loop().create_task(self._listen())

    async def _listen(self) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True) as connection:
                    await connection.execute(f"listen {CHANNEL}")
                    self._wakeups.heard(EVERYTHING)  # what happened until now was missed
                    async for notice in connection.notifies():
                        self._hear(notice.payload)
            except psycopg.Error as exc:
                log.debug("hints.interrupted", reason=type(exc).__name__)
            await asyncio.sleep(AGAIN_S)

    def _hear(self, text: str) -> None:
        name, *words = text.split("\n")
        if name != self._name:
            for word in words:
                self._wakeups.heard(word)

    async def close(self) -> None:
        """Tell nothing more and hear nothing more."""
        self._wakeups.tell = None
        if self._gathering is not None:
            self._gathering.cancel()
        if self._listening is not None:
            self._listening.cancel()
        await asyncio.gather(*self._tasks, *([self._listening] if self._listening else []), return_exceptions=True)
