"""Acts on PostgreSQL: synchronous functions, each in a greenlet that gives way to the event loop at every answer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from greenlet import getcurrent, greenlet
from psycopg.pq.abc import PGresult

from mutoscope.store.database import Act, Row
from mutoscope.store.libpq import Connection, Lost, Refused

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failed:
    """An act that raised before it changed anything."""

    reason: Exception


def perform(act: Act[Any], transaction: PostgresTransaction) -> Any:
    """Run one act; an act that raises before it changed anything fails alone."""
    try:
        return act(transaction)
    except (Lost, Refused):
        raise
    except Exception as exc:  # whatever an act raises belongs to the one who asked for it
        if transaction.changes:
            raise
        return Failed(exc)


class PostgresTransaction:
    """A connection inside a transaction, for an act that runs in a greenlet."""

    def __init__(self, connection: Connection, reads: frozenset[str]) -> None:
        self._connection = connection
        self._reads = reads
        self.changes = 0

    def one(self, name: str, /, **params: Any) -> Row | None:
        """The first row of a named statement, or None."""
        found = self.all(name, **params)
        return found[0] if found else None

    def all(self, name: str, /, **params: Any) -> list[Row]:
        """Every row of a named statement."""
        answer = _wait(self._connection.ask(name, params))
        if name not in self._reads:
            self.changes += 1
        return list(self._connection.rows(name, answer))

    def each(self, name: str, /, params: list[dict[str, Any]]) -> list[Row | None]:
        """The first row of a named statement, or None, for each set of parameters; asked together."""
        answers = [self._connection.ask(name, one) for one in params]
        for answer in answers:
            answer.add_done_callback(seen)  # the first that fails is enough
        found = [self._connection.rows(name, _wait(answer)) for answer in answers]
        if name not in self._reads:
            self.changes += 1
        return [rows[0] if rows else None for rows in found]

    def run(self, name: str, /, **params: Any) -> int:
        """Run a named statement; how many rows it changed."""
        changed = _wait(self._connection.ask(name, params)).command_tuples or 0
        self.changes += changed
        return changed

    def put(self, name: str, /, **params: Any) -> None:
        """Run a named statement of which nobody needs to know how many rows it changed."""
        self._connection.put(name, params)
        self.changes += 1


def seen(future: asyncio.Future[Any]) -> None:
    """Nobody has to ask for this one's exception."""
    if not future.cancelled():
        future.exception()


def _wait(answer: asyncio.Future[PGresult]) -> PGresult:
    """Give way to the loop until the answer is there. Only inside `in_greenlets`."""
    parent = getcurrent().parent
    assert parent is not None
    result: PGresult = parent.switch(answer)
    return result


async def in_greenlets(works: Sequence[Callable[[], T]]) -> list[T]:
    """What pieces of synchronous work give that wait for answers by `_wait`.

    They take turns at each answer. Answers of one connection come in the order of the questions, so whatever the
    pieces ask at one stage travels together.
    """
    results: list[Any] = [None] * len(works)
    waiting: deque[tuple[int, greenlet, Any]] = deque()

    def turn(number: int, worker: greenlet, asked: Any) -> None:
        if worker.dead:
            results[number] = asked
        else:
            waiting.append((number, worker, asked))

    try:
        for number, work in enumerate(works):
            worker = greenlet(work)
            turn(number, worker, worker.switch())
        while waiting:
            number, worker, asked = waiting.popleft()
            try:
                answer = await asked
            except BaseException as exc:
                turn(number, worker, worker.throw(exc))
            else:
                turn(number, worker, worker.switch(answer))
    finally:
        for _, _, asked in waiting:  # one has failed, and with it all
            asked.add_done_callback(seen)
    return results
