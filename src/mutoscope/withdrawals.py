"""What was begun elsewhere and is not wanted any more, when no attempt is left that could say so there.

A worker that has the attempt is told of a cancel itself. Between two attempts nobody has it, and a worker that was
killed tells nobody: then what its engine remembered is handed to any worker with that engine, which takes the work
back there. What was handed out counts as done once the worker says so; otherwise it is handed out again, for the
worker may have died with it. In memory: a restart forgets it, and the work elsewhere runs to its end.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mutoscope.protocol import Withdrawal

MOST = 1000
"""How many wait at once; the oldest are forgotten."""
CARRIED_OUT_S = 30.0
"""How long a worker may take to tell that it is done."""
TRIES = 3
"""How often one is handed out at most: to tell an upstream twice does no harm, to tell it for ever would."""


@dataclass(slots=True)
class Withdrawals:
    """Those that wait for a worker, and those that perhaps a worker sees to itself."""

    tell_others: Callable[[Withdrawal], None] = lambda withdrawal: None
    """Has workers of other servers see to it, too."""
    _waiting: deque[Withdrawal] = field(default_factory=lambda: deque(maxlen=MOST))
    _perhaps: dict[str, asyncio.TimerHandle] = field(default_factory=dict)
    _taken: dict[str, asyncio.TimerHandle] = field(default_factory=dict)
    _tries: dict[str, int] = field(default_factory=dict)
    _news: set[asyncio.Event] = field(default_factory=set)

    def add(self, withdrawal: Withdrawal) -> None:
        """Nobody has the request."""
        self.told_elsewhere(withdrawal)
        self.tell_others(withdrawal)

    def told_elsewhere(self, withdrawal: Withdrawal) -> None:
        """Another server says so; whichever worker comes first takes it back, and it does no harm if two do."""
        self._waiting.append(withdrawal)
        for event in self._news:
            event.set()

    def unless_told(self, withdrawal: Withdrawal, *, after_s: float) -> None:
        """A worker had the request: it counts as gone when it does not say in this time that it has ended its work."""

        def give_up() -> None:
            del self._perhaps[withdrawal.request_id]
            self.add(withdrawal)

        self.told(withdrawal.request_id)
        timer = asyncio.get_running_loop().call_later(after_s, give_up)
        self._perhaps[withdrawal.request_id] = timer

    def told(self, request_id: str) -> None:
        """The worker that had the request has ended its work."""
        if timer := self._perhaps.pop(request_id, None):
            timer.cancel()

    def take(self, engines: Collection[str]) -> Withdrawal | None:
        """The oldest that a worker with these engines can carry out."""
        found = next((one for one in self._waiting if one.engine in engines), None)
        if found is not None:
            self._waiting.remove(found)
            self._hand_out(found)
        return found

    def _hand_out(self, withdrawal: Withdrawal) -> None:
        request_id = withdrawal.request_id

        def again() -> None:
            del self._taken[request_id]
            self.told_elsewhere(withdrawal)

        self._tries[request_id] = self._tries.get(request_id, 0) + 1
        if self._tries[request_id] < TRIES:
            self._taken[request_id] = asyncio.get_running_loop().call_later(CARRIED_OUT_S, again)
        else:
            del self._tries[request_id]

    def done(self, request_id: str) -> None:
        """A worker has carried it out, or has found that nothing can be done."""
        self._tries.pop(request_id, None)
        if timer := self._taken.pop(request_id, None):
            timer.cancel()

    @contextmanager
    def news(self) -> Iterator[asyncio.Event]:
        """An event that is set when one is added."""
        event = asyncio.Event()
        self._news.add(event)
        try:
            yield event
        finally:
            self._news.discard(event)
