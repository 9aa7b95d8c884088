"""PostgreSQL: read, and write with group commit, from one process of several.

Acts are the same synchronous functions that SQLite runs. Here each runs in a greenlet, which gives way to the event
loop while a statement is on its way. What waits is written in one transaction; while that commits, and when it takes
long, another connection takes what came in meanwhile. Rows are locked one by one: nothing here locks a table, and
nobody is elected.

A connection that breaks is replaced, and what it had not committed runs again. When it breaks during a commit,
its mark is looked for (see `_was_committed`). Nobody waits longer than `PATIENCE_S` for a server that is down.
Connecting by hand and migrations: `pgschema`. Hints between processes: `hints`.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any, TypeVar

from psycopg.pq.abc import PGresult

from mutoscope.errors import DatabaseBusy, DatabaseUnavailable, StorageFull
from mutoscope.store import statements
from mutoscope.store.database import Act, Row
from mutoscope.store.hints import Hints
from mutoscope.store.libpq import Connection, Lost, Refused, Skipped
from mutoscope.store.pgacts import Failed, PostgresTransaction, in_greenlets, perform, seen
from mutoscope.store.pgschema import SESSION, WORDS
from mutoscope.store.statements import Numbered
from mutoscope.store.wakeups import Wakeups

T = TypeVar("T")

READERS = 2
"""Connections for reads; each carries as many at once as are asked."""
BUSY = 64
"""Reads that travel together on one connection; beyond that, the other one is used as well."""
BEHIND_S = 0.01
"""A connection that has been at one read for so long is left to it."""
WRITERS = 4
LARGEST_BATCH = 100
"""Acts in one transaction. Its locks are held until the last of them is through."""
STEP_IN_S = 0.1
"""How long an act waits for the connection that is writing before another one takes it."""
PATIENCE_S = 3.0
"""How long to wait for a server that is down. A restart is often over by then."""
PAUSE_S = 0.1
TRIES = 4
"""How often acts run that PostgreSQL refuses because of what others do at the same time."""

_BEGIN, _IF_ANY = "begin", "transaction_id_if_any"
_OWN = {
    _BEGIN: "begin",
    "commit": "commit",
    "rollback": "rollback",
    "mark": """insert into commit_marks (writer, batch, at_ms)
        values (:writer, :batch, cast(extract(epoch from statement_timestamp()) * 1000 as bigint))
        on conflict (writer) do update set batch = excluded.batch, at_ms = excluded.at_ms""",
    "marked": """insert into commit_marks (writer, batch, at_ms)
        values (:writer, 0, cast(extract(epoch from statement_timestamp()) * 1000 as bigint))
        on conflict (writer) do update set at_ms = excluded.at_ms returning batch""",
    "hint": "select pg_notify(:channel, :text)",
}
_CONFLICT = {"40001", "40P01"}
_STALE = {"0A000", "26000"}
"""A prepared statement does not fit any more, for a migration gave its table more columns: prepared again."""
_HELD = {"55P03", "57014"}
_FULL = {"53100", "53200"}


class _Slot:
    """Room for one connection, opened when it is needed and again when it was lost."""

    def __init__(self, open_one: Callable[[], Awaitable[Connection]]) -> None:
        self._open_one = open_one
        self._opening: asyncio.Task[Connection] | None = None
        self._connection: Connection | None = None
        self.writer = uuid.uuid4().hex
        self.batch = 0
        """Number of the transaction that was begun last; committed with its writer, it tells that that one was."""
        self.is_working = False
        """Are acts running on it?"""

    @property
    def load(self) -> int:
        """How many answers are outstanding on it."""
        return self._connection.load if self._connection is not None else 0

    @property
    def behind_s(self) -> float:
        """How long its next answer has been waited for."""
        return self._connection.behind_s if self._connection is not None else 0.0

    async def ready(self) -> Connection:
        """Its connection. Raises DatabaseUnavailable when there is none for `PATIENCE_S`."""
        if self._connection is not None and self._connection.is_open:
            return self._connection
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._open())
            self._opening.add_done_callback(seen)
        return await asyncio.shield(self._opening)  # whoever stops waiting stops nobody else

    async def _open(self) -> Connection:
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + PATIENCE_S
        try:
            while True:
                try:
                    self._connection = await self._open_one()
                except Lost as exc:
                    if loop.time() + PAUSE_S > deadline_s:
                        raise DatabaseUnavailable from exc
                    await asyncio.sleep(PAUSE_S)
                else:
                    return self._connection
        finally:
            self._opening = None

    async def close(self) -> None:
        """Let go of it, also if it is only being opened."""
        if self._opening is not None:
            await asyncio.wait({self._opening})
        if self._connection is not None:
            self._connection.close()


@dataclass(frozen=True, slots=True)
class _Wish:
    """An act that waits. alongside: it may take turns with others of which this is true."""

    act: Act[Any]
    alongside: bool
    future: asyncio.Future[Any]


class Postgres:
    """One database, shared with other server processes. conninfo: an address, or libpq's words."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        named = statements.load(WORDS)
        self._statements: Mapping[str, Numbered] = {
            name: statements.numbered(sql) for name, sql in (named | _OWN).items()
        }
        self._reads = frozenset(name for name, sql in named.items() if sql.startswith(("select", "with")))
        self._readers = [_Slot(self._open) for _ in range(READERS)]
        self._idle = [_Slot(self._open) for _ in range(WRITERS)]
        self._writers = tuple(self._idle)
        self._waiting: deque[_Wish] = deque()
        self._pumps: set[asyncio.Task[None]] = set()
        self._stepping_in: asyncio.TimerHandle | None = None
        self._hints: Hints | None = None
        self._closed = False
        self.commits = 0
        self.on_commit: Callable[[float], None] = lambda seconds: None
        """Told how long each commit took."""

    async def _open(self) -> Connection:
        return await Connection.open(self._conninfo, SESSION, self._statements)

    def share(self, wakeups: Wakeups) -> None:
        """Tell other processes what changed, and hear of what they changed."""
        self._hints = Hints(self._conninfo, wakeups, send=self._send_hint)

    async def _send_hint(self, channel: str, text: str) -> None:
        await self._read("hint", {"channel": channel, "text": text})

    # -- reading ----------------------------------------------------------------------------------------------

    async def one(self, name: str, /, **params: Any) -> Row | None:
        """The first row of a named statement, or None; sees every commit that was answered."""
        found = await self.all(name, **params)
        return found[0] if found else None

    async def all(self, name: str, /, **params: Any) -> list[Row]:
        """Every row of a named statement."""
        if self._hints is not None:
            self._hints.listen()
        return await self._read(name, params)

    async def _read(self, name: str, params: Mapping[str, Any]) -> list[Row]:
        for _ in range(TRIES):
            connection = await self._reader().ready()
            try:
                return list(connection.rows(name, await connection.ask(name, params, alone=True)))
            except Skipped as exc:
                last: Exception = exc
            except Lost as exc:
                connection.close()
                last = exc
            except Refused as exc:
                if exc.sqlstate not in _STALE:
                    raise _translated(exc) from exc
                connection.close()
                last = exc
        raise DatabaseUnavailable from last

    def _reader(self) -> _Slot:
        """The first that is not held up and not busy: what travels together costs less."""
        return min(self._readers, key=lambda slot: (slot.behind_s > BEHIND_S, slot.load // BUSY))

    # -- writing ----------------------------------------------------------------------------------------------

    async def write(self, act: Act[T], *, alongside: bool = False) -> T:
        """Run an act in a transaction; its result arrives after the commit is on the disk.

        An act that raises is undone and the exception arrives here; the acts beside it are not touched. An act may
        be undone and run again, so it touches nothing but the transaction.

        alongside   it may take turns, statement by statement, with other such acts: all that it decides, it decides
                    by conditions in what it writes, and not by what it read before.
        """
        if self._hints is not None:
            self._hints.listen()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append(_Wish(act, alongside, future))
        self._go_on()
        if self._stepping_in is None and self._idle and self._waiting:
            self._stepping_in = loop.call_later(STEP_IN_S, self._step_in)
        return await future

    def _go_on(self) -> None:
        """Let a connection write what waits, unless one is at it already; one that only commits does not count."""
        if self._waiting and self._idle and not any(slot.is_working for slot in self._writers):
            self._begin_batch()

    def _step_in(self) -> None:
        self._stepping_in = None
        if self._waiting and self._idle:
            self._begin_batch()

    def _begin_batch(self) -> None:
        slot = self._idle.pop()
        slot.is_working = True
        task = asyncio.get_running_loop().create_task(self._write_what_waits(slot))
        self._pumps.add(task)
        task.add_done_callback(self._pumps.discard)

    async def _write_what_waits(self, slot: _Slot) -> None:
        try:
            await asyncio.sleep(0)  # whoever is ready in this turn of the loop joins
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST_BATCH))]
            if batch:
                await self._write_together(slot, batch)
        finally:
            slot.is_working = False
            self._idle.append(slot)
            self._go_on()

    async def _write_together(self, slot: _Slot, batch: list[_Wish]) -> None:
        try:
            outcomes = await self._committed(slot, batch)
        except Exception as exc:  # nothing of this batch is on the disk
            if len(batch) == 1 or isinstance(exc, DatabaseUnavailable):
                outcomes = [Failed(exc)] * len(batch)
            else:
                for single in batch:  # one of them is at fault; the others may be well
                    await self._write_together(slot, [single])
                return
        for wish, outcome in zip(batch, outcomes, strict=True):
            if wish.future.done():
                continue  # whoever asked has gone; what was asked for is done
            if isinstance(outcome, Failed):
                wish.future.set_exception(_translated(outcome.reason))
            else:
                wish.future.set_result(outcome)

    async def _committed(self, slot: _Slot, batch: list[_Wish]) -> list[Any]:
        """What each act gave, or Failed, once all that succeeded is on the disk. Raises if nothing is."""
        for _ in range(TRIES):
            connection = await slot.ready()
            try:
                return await self._in_transaction(slot, connection, batch)
            except Lost as exc:
                connection.close()
                last: Exception = exc
            except Refused as exc:
                if exc.sqlstate not in _CONFLICT | _STALE:
                    raise
                if exc.sqlstate in _STALE:
                    connection.close()
                last = exc
        if isinstance(last, Lost):
            raise DatabaseUnavailable from last
        raise last

    async def _in_transaction(self, slot: _Slot, connection: Connection, batch: list[_Wish]) -> list[Any]:
        connection.put(_BEGIN, {})
        slot.batch += 1
        transactions = [PostgresTransaction(connection, self._reads) for _ in batch]
        outcomes: list[Any] = []
        try:
            mark = self._mark(slot, connection) if batch[0].alongside else None  # it is going to write
            for together in _turns(batch):
                works = [partial(perform, batch[number].act, transactions[number]) for number in together]
                outcomes += await in_greenlets(works)
            if mark is None and any(transaction.changes for transaction in transactions):
                mark = self._mark(slot, connection)
            if mark is not None:
                await mark  # only what the server has locked can be waited for when the commit's answer is lost
            began = asyncio.get_running_loop().time()
            slot.is_working = False
            self._go_on()
            await self._end(slot, connection, is_marked=mark is not None)
        except BaseException:
            await self._undo(connection)
            raise
        self.commits += 1
        self.on_commit(asyncio.get_running_loop().time() - began)
        return outcomes

    def _mark(self, slot: _Slot, connection: Connection) -> asyncio.Future[PGresult]:
        """Write in this transaction which one it is."""
        mark = connection.ask("mark", {"writer": slot.writer, "batch": slot.batch})
        mark.add_done_callback(seen)  # an act that fails before it is told first
        return mark

    async def _end(self, slot: _Slot, connection: Connection, *, is_marked: bool) -> None:
        """Commit; returns when that is on the disk. Raises Lost when it is not, and will not be."""
        try:
            answer = await connection.ask("commit", {}, alone=True)
        except Lost:
            connection.close()
            if not is_marked or not await self._was_committed(slot):
                raise
        else:
            if answer.command_status != b"COMMIT":
                raise Lost("the transaction was rolled back")

    async def _undo(self, connection: Connection) -> None:
        if not connection.is_open:
            return
        connection.sync()
        try:
            await connection.ask("rollback", {}, alone=True)
        except (Lost, Refused):
            connection.close()

    async def _was_committed(self, slot: _Slot) -> bool:
        """The fate of a transaction whose commit nobody answered: is its mark there?

        Waits for a transaction that is still under way, by its lock on the mark. (Its number says nothing: after a
        crash PostgreSQL gives numbers again that nobody had committed.) Raises DatabaseUnavailable when it stays
        unknown.
        """
        try:
            found = await self._read("marked", {"writer": slot.writer})
        except (DatabaseBusy, Refused) as exc:
            raise DatabaseUnavailable("the database broke off; whether this was accepted is not known") from exc
        return bool(found[0][0] == slot.batch)

    async def close(self) -> None:
        """Finish what waits, then let go."""
        while self._pumps:
            await asyncio.wait(self._pumps)
        if self._hints is not None:
            await self._hints.close()
        for slot in (*self._readers, *self._writers):
            await slot.close()


def _turns(batch: list[_Wish]) -> Iterator[list[int]]:
    """Numbers of neighbours that may take turns, together; every other by itself."""
    for alongside, neighbours in groupby(range(len(batch)), key=lambda number: batch[number].alongside):
        numbers = list(neighbours)
        yield from [numbers] if alongside else [[number] for number in numbers]


def _translated(exc: Exception) -> Exception:
    if not isinstance(exc, Refused):
        return exc
    if exc.sqlstate in _FULL:
        ours: Exception = StorageFull("the database's disk is full; nothing was accepted")
    elif exc.sqlstate in _HELD | _CONFLICT:
        ours = DatabaseBusy()
    else:
        return exc
    ours.__cause__ = exc
    return ours
