"""SQLite: open, migrate, read, and write with group commit.

All statements run in the event loop's own thread, where each costs microseconds; only the commit, which waits for
the disk, runs in a thread of its own. Whatever asks to write while a commit is under way joins the next one, so
64 waiting submits share one fsync. (A writer thread for everything was tried on paper and left: sqlite3 gives up
the interpreter lock at each statement and, on a busy loop, waits up to 5 ms to get it back.)

WAL and `synchronous = FULL`: what was acknowledged survives `kill -9` and a power cut. One process owns the file;
a lock beside it refuses a second one. Knows no table: see `store` for that.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from mutoscope.errors import ConfigError, DatabaseBusy, StorageFull
from mutoscope.store import statements
from mutoscope.store.database import Act, Row, T, Transaction
from mutoscope.store.wakeups import Wakeups

WORDS = {
    "now_ms": "cast((julianday('now') - 2440587.5) * 86400000.0 + 0.5 as integer)",
    "greatest": "max",
    "skip_locked": "",
    "for_update": "",
    "serial_key": "integer primary key autoincrement",
}
LARGEST_BATCH = 500
"""Acts in one commit. More would keep the loop busy for longer than a status read should wait."""
BUSY_S = 5.0
"""How long a write waits while another program (a person's `sqlite3`) holds the file."""


class SqliteTransaction:
    """The write connection inside a transaction; handed to acts, never kept."""

    def __init__(self, connection: sqlite3.Connection, sql: Mapping[str, str]) -> None:
        self._connection = connection
        self._sql = sql

    def one(self, name: str, /, **params: Any) -> Row | None:
        """The first row of a named statement, or None."""
        return cast("Row | None", self._connection.execute(self._sql[name], params).fetchone())

    def all(self, name: str, /, **params: Any) -> list[Row]:
        """Every row of a named statement."""
        return self._connection.execute(self._sql[name], params).fetchall()

    def each(self, name: str, /, params: list[dict[str, Any]]) -> list[Row | None]:
        """The first row of a named statement, or None, for each set of parameters."""
        return [self._connection.execute(self._sql[name], one).fetchone() for one in params]

    def run(self, name: str, /, **params: Any) -> int:
        """Run a named statement; how many rows it changed."""
        return self._connection.execute(self._sql[name], params).rowcount

    def put(self, name: str, /, **params: Any) -> None:
        """Run a named statement of which nobody needs to know how many rows it changed."""
        self._connection.execute(self._sql[name], params)


@dataclass(frozen=True, slots=True)
class _Failed:
    """An act that raised, and was undone."""

    reason: Exception


class Sqlite:
    """One database file, owned by this process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sql = statements.load(WORDS)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(path.with_suffix(".lock"))
        _make_private(path)
        try:
            self._writer = _connect(path)
            self._reader = _connect(path)
        except sqlite3.Error as exc:
            os.close(self._lock)
            raise ConfigError(f"{path}: {exc}; restore a backup, or choose another folder with --data") from exc
        self._writer.execute("pragma busy_timeout = 0")  # `_begin` waits, without holding up the loop
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="commit")
        self._waiting: list[tuple[Act[Any], asyncio.Future[Any]]] = []
        self._pump: asyncio.Task[None] | None = None
        self.commits = 0
        self.on_commit: Callable[[float], None] = lambda seconds: None
        """Told how long each commit took."""

    # -- schema -----------------------------------------------------------------------------------------------

    def version(self) -> int:
        """Number of the newest migration applied; 0 for an empty file."""
        return int(self._reader.execute("pragma user_version").fetchone()[0])

    def newest(self) -> int:
        """Number of the newest migration this program knows."""
        return statements.newest()

    def migrate(self, *, up_to: int | None = None) -> tuple[int, int]:
        """Bring the schema up to date, each step in its own transaction. Returns (before, after).

        up_to   the last step to take; all of them when it is not given.

        Raises ConfigError if the file was written by a newer version of Mutoscope.
        """
        before = self.version()
        newest = self.newest()
        if before > newest:
            raise ConfigError(
                f"{self.path}: schema version {before} is newer than this program knows ({newest}); "
                "start the newer version, or restore the backup made before the upgrade"
            )
        for number, text in statements.migrations(WORDS):
            if before < number <= (up_to or number):
                self._writer.executescript(f"begin immediate; {text}; pragma user_version = {number}; commit;")
        return before, self.version()

    # -- reading ----------------------------------------------------------------------------------------------

    async def one(self, name: str, /, **params: Any) -> Row | None:
        """The first row of a named statement, or None; sees every commit that was answered."""
        return cast("Row | None", self._reader.execute(self._sql[name], params).fetchone())

    async def all(self, name: str, /, **params: Any) -> list[Row]:
        """Every row of a named statement."""
        return self._reader.execute(self._sql[name], params).fetchall()

    # -- writing ----------------------------------------------------------------------------------------------

    async def write(self, act: Act[T], *, alongside: bool = False) -> T:
        """Run an act in a transaction; its result arrives after the commit is on the disk.

        An act that raises is undone and the exception arrives here; the acts beside it are not touched. An act may
        be undone and run again, so it touches nothing but the transaction. alongside makes no difference: no
        statement has to be waited for.
        """
        del alongside
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((act, future))
        if self._pump is None:
            self._pump = asyncio.create_task(self._commit_what_waits())
        return await future

    async def _commit_what_waits(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(0)  # whoever is ready in this turn of the loop joins
                batch, self._waiting = self._waiting[:LARGEST_BATCH], self._waiting[LARGEST_BATCH:]
                await self._write_together(batch)
        finally:
            self._pump = None

    async def _write_together(self, batch: list[tuple[Act[Any], asyncio.Future[Any]]]) -> None:
        try:
            outcomes = await self._in_transaction([act for act, _ in batch])
        except Exception as exc:  # nothing of this batch is on the disk
            if len(batch) == 1 or _is_busy(exc):
                outcomes = [_Failed(exc)] * len(batch)
            else:
                for single in batch:  # one of them asked for too much; the others may fit
                    await self._write_together([single])
                return
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            if future.done():
                continue  # whoever asked has gone; what was asked for is done
            if isinstance(outcome, _Failed):
                future.set_exception(_translated(outcome.reason))
            else:
                future.set_result(outcome)

    async def _in_transaction(self, acts: list[Act[Any]]) -> list[Any]:
        """What each act gave, or _Failed, once all that succeeded is on the disk. Raises if nothing is."""
        await self._begin()
        try:
            transaction = SqliteTransaction(self._writer, self._sql)
            outcomes = [self._perform(act, transaction) for act in acts]
            began = time.perf_counter()
            await asyncio.get_running_loop().run_in_executor(self._thread, self._writer.commit)
        except BaseException:
            if self._writer.in_transaction:
                self._writer.rollback()
            raise
        self.commits += 1
        self.on_commit(time.perf_counter() - began)
        return outcomes

    async def _begin(self) -> None:
        """Take the write lock. Another program may hold it for a moment: waited for here, not in the loop."""
        deadline = time.monotonic() + BUSY_S
        while True:
            try:
                self._writer.execute("begin immediate")
            except sqlite3.OperationalError as exc:
                if not _is_busy(exc) or time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.01)
            else:
                return

    def _perform(self, act: Act[Any], transaction: Transaction) -> Any:
        """Run one act; an act that raises before it wrote anything fails alone.

        Raises if there is something to undo: then nothing of the batch stays, and each act gets its own transaction.
        (A savepoint around every act would do it without the second run, for a tenth of the time of a submit.)
        """
        before = self._writer.total_changes
        try:
            return act(transaction)
        except Exception as exc:  # whatever an act raises belongs to the one who asked for it
            if self._writer.total_changes != before or not self._writer.in_transaction:
                raise
            return _Failed(exc)

    def share(self, wakeups: Wakeups) -> None:
        """There is no other process: the file has one owner."""

    def checkpoint(self) -> None:
        """Move the write-ahead log into the database file."""
        self._writer.execute("pragma wal_checkpoint(truncate)")

    def backup(self, target: Path) -> None:
        """A consistent copy while the server runs. Raises ConfigError if the target exists."""
        if target.exists():
            raise ConfigError(f"{target}: exists already; choose another name")
        _make_private(target)
        connection = _connect(self.path)
        try:
            connection.execute("vacuum into ?", (str(target),))
        finally:
            connection.close()

    @contextmanager
    def exclusively(self) -> Iterator[sqlite3.Connection]:
        """The write connection in one transaction, for what fills the database as a whole while no server runs."""
        self._writer.execute("begin immediate")
        try:
            yield self._writer
        except BaseException:
            self._writer.rollback()
            raise
        self._writer.commit()

    async def close(self) -> None:
        """Finish what waits, then let go of the file."""
        if self._pump is not None:
            await self._pump
        self.release()

    def release(self) -> None:
        """Let go of the file. Nothing may be waiting."""
        self._thread.shutdown()
        self._writer.close()
        self._reader.close()
        os.close(self._lock)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=BUSY_S, cached_statements=256
    )
    connection.row_factory = sqlite3.Row
    try:
        for pragma in ("journal_mode = wal", "synchronous = full", "foreign_keys = off", "temp_store = memory"):
            connection.execute(f"pragma {pragma}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _lock(path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        os.close(handle)
        raise ConfigError(
            f"{path.parent}: another Mutoscope process uses this data folder; "
            "stop it first or choose another folder with --data"
        ) from exc
    return handle


def _make_private(path: Path) -> None:
    """The file, for its owner only when it is new: it holds prompts and what signs addresses. (-wal follows it.)"""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _is_busy(exc: Exception) -> bool:
    return getattr(exc, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY


def _translated(exc: Exception) -> Exception:
    if getattr(exc, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        ours: Exception = StorageFull()
    elif _is_busy(exc):
        ours = DatabaseBusy()
    else:
        return exc
    ours.__cause__ = exc
    return ours
