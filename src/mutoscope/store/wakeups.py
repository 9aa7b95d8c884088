"""In-process hints that something changed: new work in the queue, news of one request.

A hint carries no truth and may be missed; whoever waits also looks by itself once a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Wakeups:
    """Who waits for what, in this process."""

    def __init__(self) -> None:
        self._queue: set[asyncio.Event] = set()
        self._requests: dict[str, set[asyncio.Event]] = {}
        self._outbox: set[asyncio.Event] = set()
        self.closing = False

    def queue_grew(self) -> None:
        """Work was added or handed back."""
        for event in self._queue:
            event.set()
        self.outbox_grew()

    def request_changed(self, request_id: str) -> None:
        """A request has a new event."""
        for event in self._requests.get(request_id, ()):
            event.set()
        self.outbox_grew()

    def outbox_grew(self) -> None:
        """Webhooks may be due: whatever moves a request may have written one."""
        for event in self._outbox:
            event.set()

    def close(self) -> None:
        """Wake everybody, so that long polls and streams end."""
        self.closing = True
        self.queue_grew()
        for events in self._requests.values():
            for event in events:
                event.set()

    @contextmanager
    def queue(self) -> Iterator[asyncio.Event]:
        """An event that is set when work may be there."""
        event = asyncio.Event()
        self._queue.add(event)
        try:
            yield event
        finally:
            self._queue.discard(event)

    @contextmanager
    def outbox(self) -> Iterator[asyncio.Event]:
        """An event that is set when webhooks may be due."""
        event = asyncio.Event()
        self._outbox.add(event)
        try:
            yield event
        finally:
            self._outbox.discard(event)

    @contextmanager
    def request(self, request_id: str) -> Iterator[asyncio.Event]:
        """An event that is set when this request changes."""
        event = asyncio.Event()
        waiting = self._requests.setdefault(request_id, set())
        waiting.add(event)
        try:
            yield event
        finally:
            waiting.discard(event)
            if not waiting:
                self._requests.pop(request_id, None)


async def wait(event: asyncio.Event, timeout_s: float) -> None:
    """Until the event is set or the time is over; the event is cleared."""
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        pass
    event.clear()
