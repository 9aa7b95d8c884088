"""Addresses to be looked at before a request is made: asked through the server, answered by a worker.

The server opens no address itself. What is asked waits here, in memory, for a few seconds: nothing is stored, and a
restart forgets it. Of several servers each asks the workers of all (`relay`). How workers look: `measuring`.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mutoscope.errors import EngineUnavailable, RateLimited, TimedOut
from mutoscope.protocol import Check, Checked

ANSWER_S = 15.0
"""How long somebody waits for an answer."""
FETCH_S = 10.0
"""How long a worker may fetch; the rest is for waiting and measuring."""
SILENT_S = 45.0
"""A worker not heard of for this long is not counted on. It asks again every 20 s."""
AT_ONCE = 4
"""Checks of one key under way at the same time."""


@dataclass(slots=True)
class _Asked:
    check: Check
    answer: asyncio.Future[Checked]


@dataclass(slots=True)
class _Budget:
    """What one key may still ask: a bucket that fills by the clock."""

    left: float
    at: float
    under_way: int = 0


@dataclass(slots=True)
class Checks:
    """What was asked and not answered yet.

    per_minute   checks one key may ask.
    ask_others   has other servers ask their workers, too.
    tell_others  gives them an answer to what they asked.
    are_others   are there workers that ask another server for work?
    """

    per_minute: int = 60
    ask_others: Callable[[Check], None] = lambda check: None
    tell_others: Callable[[str, Checked], None] = lambda check_id, checked: None
    are_others: Callable[[], bool] = lambda: False
    _theirs: dict[str, asyncio.TimerHandle] = field(default_factory=dict)
    _waiting: deque[_Asked] = field(default_factory=deque)
    _taken: dict[str, _Asked] = field(default_factory=dict)
    _news: set[asyncio.Event] = field(default_factory=set)
    _workers: dict[str, float] = field(default_factory=dict)
    _budgets: dict[str, _Budget] = field(default_factory=dict)

    # -- who asks ---------------------------------------------------------------------------------------------

    async def ask(self, key_id: str, url: str, kind: str) -> Checked:
        """What a worker says about an address. kind: what the file should be.

        Raises RateLimited, EngineUnavailable without any worker, TimedOut without an answer.
        """
        with self._paid(key_id):
            if not self._has_workers():
                raise EngineUnavailable("no worker is connected that could fetch the address", code=503006)
            asked = _Asked(Check(uuid.uuid4().hex, url, kind, FETCH_S), asyncio.get_running_loop().create_future())
            self._waiting.append(asked)
            self._tell()
            self.ask_others(asked.check)
            try:
                async with asyncio.timeout(ANSWER_S):
                    return await asked.answer
            except TimeoutError as exc:
                raise TimedOut(f"no worker answered within {ANSWER_S:g} s; all may be busy") from exc
            finally:
                self._drop(asked)

    def _drop(self, asked: _Asked) -> None:
        self._taken.pop(asked.check.check_id, None)
        if asked in self._waiting:
            self._waiting.remove(asked)

    def asked_elsewhere(self, check: Check) -> None:
        """Another server asks its workers and ours; nobody of ours waits for the answer."""
        loop = asyncio.get_running_loop()
        asked = _Asked(check, loop.create_future())

        def give_up() -> None:
            del self._theirs[check.check_id]
            self._drop(asked)

        self._waiting.append(asked)
        self._theirs[check.check_id] = loop.call_later(ANSWER_S, give_up)
        self._tell()

    @contextmanager
    def _paid(self, key_id: str) -> Iterator[None]:
        now = time.monotonic()
        if len(self._budgets) > 10_000:
            self._budgets = {name: b for name, b in self._budgets.items() if b.under_way or now - b.at < 60}
        budget = self._budgets.setdefault(key_id, _Budget(self.per_minute, now))
        budget.left = min(self.per_minute, budget.left + (now - budget.at) * self.per_minute / 60)
        budget.at = now
        if budget.left < 1:
            raise _too_many(f"this key may have {self.per_minute} addresses checked per minute", 60 / self.per_minute)
        if budget.under_way >= AT_ONCE:
            raise _too_many(f"this key has {AT_ONCE} checks under way, the most at once", 1)
        budget.left -= 1
        budget.under_way += 1
        try:
            yield
        finally:
            budget.under_way -= 1

    # -- who answers ------------------------------------------------------------------------------------------

    def heard(self, worker_id: str) -> None:
        """A worker asks for something to look at."""
        now = time.monotonic()
        self._workers[worker_id] = now
        if len(self._workers) > 1000:
            self._workers = {name: seen for name, seen in self._workers.items() if now - seen < SILENT_S}

    def take(self) -> Check | None:
        """The oldest check that nobody has taken."""
        if not self._waiting:
            return None
        asked = self._waiting.popleft()
        self._taken[asked.check.check_id] = asked
        return asked.check

    def answer(self, check_id: str, checked: Checked) -> bool:
        """Hand the answer to whoever waits; False when nobody does any more."""
        asked = self._taken.pop(check_id, None)
        if timer := self._theirs.pop(check_id, None):
            timer.cancel()
            self.tell_others(check_id, checked)
            return True
        if asked is None or asked.answer.done():
            return False
        asked.answer.set_result(checked)
        return True

    def answered_elsewhere(self, check_id: str, checked: Checked) -> None:
        """A worker of another server has looked; what was asked here is answered, whoever else is looking."""
        mine = next((asked for asked in self._waiting if asked.check.check_id == check_id), None)
        mine = mine or self._taken.get(check_id)
        if mine is not None and check_id not in self._theirs and not mine.answer.done():
            mine.answer.set_result(checked)

    @contextmanager
    def news(self) -> Iterator[asyncio.Event]:
        """An event that is set when something is asked."""
        event = asyncio.Event()
        self._news.add(event)
        try:
            yield event
        finally:
            self._news.discard(event)

    def _tell(self) -> None:
        for event in self._news:
            event.set()

    def _has_workers(self) -> bool:
        now = time.monotonic()
        return any(now - seen < SILENT_S for seen in self._workers.values()) or self.are_others()


def _too_many(message: str, retry_after_s: float) -> RateLimited:
    return RateLimited(message, code=429004, retry_after_s=max(1, round(retry_after_s + 0.5)))
