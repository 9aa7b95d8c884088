"""One connection to PostgreSQL on the event loop: prepared statements, sent without waiting for each answer.

This is libpq's pipeline mode, through `psycopg.pq`. A submit is half a dozen statements; psycopg's cursors cost 30 us
of this process for each, this module 8 us. What is asked in one turn of the loop travels in one packet, and is answered
in one (a packet for each cost a fifth of this process's and of PostgreSQL's time for a submit). Answers arrive in the
order of the questions. Whoever needs one waits for its future; for what nobody waits for, a failure shows in the next
answer that somebody does.

Knows no table and repeats nothing: see `postgres` for that.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import OperationalError, pq
from psycopg.pq.abc import PGresult

from mutoscope.store.statements import Numbered

SILENT_S = 30.0
"""A server that has not answered for this long counts as gone. It ends a statement itself long before."""
_GONE = ("08", "57P", "25P03", "25006")
"""Errors that end a connection: it broke, the server stops, we stood still too long, it is only a copy."""
_INTEGERS = {20, 21, 23}
_REALS = {700, 701}


class Lost(Exception):
    """The connection is gone; what was under way on it and not committed is undone."""


class Refused(Exception):
    """PostgreSQL answered a statement with an error. sqlstate: its five characters."""

    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


class Skipped(Refused):
    """PostgreSQL passed by a statement because of an error in one before it, which this tells."""


class Row:
    """One row; columns by name, or by number from 0."""

    __slots__ = ("_columns", "_values")

    def __init__(self, columns: Mapping[str, int], values: list[Any]) -> None:
        self._columns = columns
        self._values = values

    def __getitem__(self, column: str | int, /) -> Any:
        return self._values[self._columns[column] if isinstance(column, str) else column]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)


@dataclass(slots=True)
class _Asked:
    """A message on its way. future: who waits for the answer. is_sync: the end of what stands or falls together."""

    sent_s: float
    future: asyncio.Future[PGresult] | None = None
    is_sync: bool = False
    prepares: str | None = None
    answer: PGresult | None = None


class Connection:
    """Statements by name. Not for two transactions at once; reads of many may share it."""

    def __init__(self, opened: psycopg.Connection[Any], statements: Mapping[str, Numbered]) -> None:
        self._opened = opened
        self._pgconn = pgconn = opened.pgconn
        self._statements = statements
        self._prepared: set[str] = set()
        self._asked: deque[_Asked] = deque()
        self._shapes: dict[str, tuple[dict[str, int], list[int]]] = {}
        self._failure: Exception | None = None
        self._loop = asyncio.get_running_loop()
        self._flushing = self._writing = False
        self._ending: Callable[[], None] | None = None
        self._watch: asyncio.TimerHandle | None = None
        self.is_open = True
        pgconn.nonblocking = 1
        pgconn.enter_pipeline_mode()
        self._socket = pgconn.socket
        self._loop.add_reader(self._socket, self._readable)

    @classmethod
    async def open(cls, conninfo: str, first: bytes, statements: Mapping[str, Numbered]) -> Connection:
        """Connect, and run `first`: settings of the session. Raises Lost."""
        return cls(await asyncio.to_thread(_connect, conninfo, first), statements)

    @property
    def load(self) -> int:
        """How many answers are outstanding."""
        return len(self._asked)

    @property
    def behind_s(self) -> float:
        """How long the one that comes next has been waited for."""
        return self._loop.time() - self._asked[0].sent_s if self._asked else 0.0

    # -- asking -----------------------------------------------------------------------------------------------

    def put(self, name: str, params: Mapping[str, Any]) -> None:
        """Send a statement; nobody waits for its answer."""
        self._send(name, params, None)

    def ask(self, name: str, params: Mapping[str, Any], *, alone: bool = False) -> asyncio.Future[PGresult]:
        """Send a statement; its answer.

        alone   what was asked up to here stands and falls together: it is outside of any transaction, or ends one.

        The future raises Refused for this statement, Skipped for one before it that goes with it, and Lost.
        """
        future: asyncio.Future[PGresult] = self._loop.create_future()
        self._send(name, params, future)
        if alone:
            self._ending = self._sync
        elif self._ending is None:
            self._ending = self._pgconn.send_flush_request
        self._flush_soon()
        return future

    def sync(self) -> None:
        """End of what stands or falls together: after an error, statements are accepted again."""
        try:
            self._sync()
        except OperationalError as exc:
            self._lose(exc)
        self._flush_soon()

    def _sync(self) -> None:
        if self.is_open:
            self._pgconn.pipeline_sync()
            self._asked.append(_Asked(self._loop.time(), is_sync=True))

    def _send(self, name: str, params: Mapping[str, Any], future: asyncio.Future[PGresult] | None) -> None:
        if not self.is_open:
            _fail(future, Lost("the connection is closed"))
            return
        statement = self._statements[name]
        now_s = self._loop.time()
        try:
            if name not in self._prepared:
                self._pgconn.send_prepare(name.encode(), statement.text)
                self._asked.append(_Asked(now_s, prepares=name))
                self._prepared.add(name)
            values = [_encoded(params[parameter]) for parameter in statement.parameters]
            self._pgconn.send_query_prepared(name.encode(), values)
        except OperationalError as exc:
            _fail(future, Lost(str(exc)))
            self._lose(exc)
            return
        self._asked.append(_Asked(now_s, future))
        if self._watch is None:
            self._watch = self._loop.call_later(SILENT_S, self._look)

    def rows(self, name: str, answer: PGresult) -> list[Row]:
        """The rows of a statement's answer, as Python's numbers and texts."""
        if name not in self._shapes:
            fields = range(answer.nfields)
            columns = {(answer.fname(field) or b"").decode(): field for field in fields}
            self._shapes[name] = columns, [answer.ftype(field) for field in fields]
        columns, kinds = self._shapes[name]
        get = answer.get_value
        return [
            Row(columns, [_decoded(get(row, field), kind) for field, kind in enumerate(kinds)])
            for row in range(answer.ntuples)
        ]

    # -- the socket -------------------------------------------------------------------------------------------

    def _flush_soon(self) -> None:
        if not self._flushing and self.is_open:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        if not self.is_open:
            return
        try:
            if self._ending is not None:
                self._ending()
                self._ending = None
            unsent = self._pgconn.flush()
        except OperationalError as exc:
            self._lose(exc)
            return
        if unsent and not self._writing:
            self._writing = True
            self._loop.add_writer(self._socket, self._flush)
        elif not unsent and self._writing:
            self._writing = False
            self._loop.remove_writer(self._socket)

    def _readable(self) -> None:
        try:
            self._pgconn.consume_input()
            while self._asked and not self._pgconn.is_busy():
                self._take()
        except OperationalError as exc:
            self._lose(exc)

    def _take(self) -> None:
        asked = self._asked[0]
        answer = self._pgconn.get_result()
        if answer is not None and answer.status != pq.ExecStatus.PIPELINE_SYNC:
            asked.answer = answer
            return
        self._asked.popleft()
        if asked.is_sync:
            self._failure = None
            return
        assert asked.answer is not None
        self._resolve(asked, asked.answer)

    def _resolve(self, asked: _Asked, answer: PGresult) -> None:
        if answer.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            if asked.future is not None and not asked.future.done():
                asked.future.set_result(answer)
            return
        if asked.prepares is not None:
            self._prepared.discard(asked.prepares)
        if self._failure is None:
            failure = _refusal(answer)
            self._failure = Skipped(failure.sqlstate, str(failure)) if isinstance(failure, Refused) else failure
            _fail(asked.future, failure)
        else:
            _fail(asked.future, self._failure)

    def _look(self) -> None:
        """Is anything outstanding for too long?"""
        self._watch = None
        if not self._asked or not self.is_open:
            return
        left_s = self._asked[0].sent_s + SILENT_S - self._loop.time()
        if left_s <= 0:
            self._lose(TimeoutError(f"no answer for {SILENT_S:.0f} s"))
        else:
            self._watch = self._loop.call_later(left_s, self._look)

    def _lose(self, reason: Exception) -> None:
        asked, self._asked = self._asked, deque()
        self.close()
        for one in asked:
            _fail(one.future, Lost(str(reason)))

    def close(self) -> None:
        """Let go of the connection; whoever still waits is told that it is lost."""
        if not self.is_open:
            return
        self.is_open = False
        self._loop.remove_reader(self._socket)
        if self._writing:
            self._loop.remove_writer(self._socket)
        if self._watch is not None:
            self._watch.cancel()
        self._opened.close()
        for one in self._asked:
            _fail(one.future, Lost("the connection was closed"))
        self._asked.clear()


def _decoded(value: bytes | None, kind: int) -> Any:
    if value is None:
        return None
    if kind in _INTEGERS:
        return int(value)
    if kind in _REALS:
        return float(value)
    return value.decode()


def _encoded(value: Any) -> bytes | None:
    """As text. PostgreSQL holds no U+0000, and libpq would end the text there: it becomes U+FFFD."""
    if value is None:
        return None
    text = str(value)
    return (text.replace("\0", "\ufffd") if "\0" in text else text).encode()


def _connect(conninfo: str, first: bytes) -> psycopg.Connection[Any]:
    try:
        connection = psycopg.connect(conninfo, autocommit=True)
    except psycopg.Error as exc:
        raise Lost(str(exc)) from exc
    try:
        connection.execute(first)
    except psycopg.Error as exc:
        connection.close()
        raise Lost(str(exc)) from exc
    return connection


def _refusal(answer: PGresult) -> Exception:
    sqlstate = (answer.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
    message = (answer.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"no reason given").decode(errors="replace")
    return Lost(message) if sqlstate.startswith(_GONE) else Refused(sqlstate, message)


def _fail(future: asyncio.Future[Any] | None, reason: Exception) -> None:
    if future is not None and not future.done():
        future.set_exception(reason)
