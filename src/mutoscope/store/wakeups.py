"""Hints that something changed: new work in the queue, news of one request.

A hint carries no truth and may be missed; whoever waits also looks by itself once a second. Between processes that
share a database, hints travel as words: `queue`, `outbox`, `request <id>`, `places <model>`, `everything`, and those of
`relay`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager

EVERYTHING = "everything"
LONGEST_BYTES = 6000
"""Of a word; a message of several is shortened to `everything` when it becomes too long."""


class Wakeups:
    """Who waits for what, in this process.

    tell    what carries words to other processes, if there are any.
    places  what remembers queues, and must forget that of a model (None: of all).
    others  who takes a word of another kind that another process sent, by its kind.
    """

    def __init__(self) -> None:
        self._queue: set[asyncio.Event] = set()
        self._requests: dict[str, set[asyncio.Event]] = {}
        self._outbox: set[asyncio.Event] = set()
        self.closing = False
        self.tell: Callable[[str], None] | None = None
        self.places: Callable[[str | None], None] | None = None
        self.others: dict[str, Callable[[str], None]] = {}

    def queue_grew(self) -> None:
        """Work was added or handed back."""
        self._say("queue")

    def request_changed(self, request_id: str) -> None:
        """A request has a new event."""
        self._say(f"request {request_id}")

    def outbox_grew(self) -> None:
        """Webhooks may be due: whatever moves a request may have written one."""
        self._say("outbox")

    def places_changed(self, model_id: str | None = None) -> None:
        """A request joined or left the queue of this model, or of one that is not known."""
        self._say(f"places {model_id or ''}")

    def send(self, kind: str, text: str) -> None:
        """A word to the other processes alone, of a kind that their `others` name. text: one line; a long one stays."""
        if self.tell is not None and len(text.encode()) <= LONGEST_BYTES:
            self.tell(f"{kind} {text}")

    def _say(self, word: str) -> None:
        self.heard(word)
        if self.tell is not None:
            self.tell(word)

    def heard(self, word: str) -> None:
        """Wake whoever waits for this. Words that are not known come from a newer version and wake nobody."""
        kind, _, which = word.partition(" ")
        if kind in self.others:
            self.others[kind](which)
        if kind in ("places", EVERYTHING) and self.places is not None:
            self.places(which or None)
        if kind in ("queue", EVERYTHING):
            _set(self._queue)
        if kind == "request":
            _set(self._requests.get(which, ()))
        if kind == EVERYTHING:
            for events in self._requests.values():
                _set(events)
        if kind in ("queue", "request", "outbox", EVERYTHING):
            _set(self._outbox)

    def close(self) -> None:
        """Wake everybody, so that long polls and streams end."""
        self.closing = True
        self.heard(EVERYTHING)

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
    def requests(self, request_ids: Collection[str]) -> Iterator[asyncio.Event]:
        """An event that is set when one of these requests changes."""
        event = asyncio.Event()
        for request_id in request_ids:
            self._requests.setdefault(request_id, set()).add(event)
        try:
            yield event
        finally:
            for request_id in request_ids:
                waiting = self._requests.get(request_id, set())
                waiting.discard(event)
                if not waiting:
                    self._requests.pop(request_id, None)


def _set(events: Iterable[asyncio.Event]) -> None:
    for event in events:
        event.set()


async def wait(event: asyncio.Event, timeout_s: float) -> None:
    """Until the event is set or the time is over; the event is cleared."""
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        pass
    event.clear()
