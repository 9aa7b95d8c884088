"""The database file: group commit, and what happens when an act, the disk, the lock or the schema says no."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from importlib import resources
from pathlib import Path

import pytest

from mutoscope.errors import ConfigError, DatabaseBusy, NotFound, StorageFull
from mutoscope.store import statements
from mutoscope.store.database import Transaction
from mutoscope.store.sqlite import WORDS, Sqlite
from tests import sqlite

pytestmark = pytest.mark.anyio
SOURCE = Path(str(resources.files("mutoscope")))


@pytest.fixture
def anyio_backend() -> str:
    """asyncio, as in the server."""
    return "asyncio"


@pytest.fixture
async def db(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Sqlite]:
    """An empty database of the newest schema."""
    database = sqlite.fresh(tmp_path / "mutoscope.db")
    yield database
    await database.close()


def note(name: str, value: str = "x") -> Callable[[Transaction], str]:
    """An act that leaves a note; its result is the note's name."""

    def act(tx: Transaction) -> str:
        tx.run("meta_put", name=name, value=value)
        return name

    return act


async def write_note(db: Sqlite, name: str, value: str = "x") -> str:
    """Leave a note."""
    return await db.write(note(name, value))


def run_python(script: str, path: Path) -> subprocess.CompletedProcess[bytes]:
    """Another process that works on this file."""
    return subprocess.run([sys.executable, "-c", script, path], capture_output=True, check=False, timeout=60)


async def noted(db: Sqlite, name: str) -> bool:
    """Is that note there?"""
    return await db.one("meta_get", name=name) is not None


# -- group commit -------------------------------------------------------------------------------------------------


async def test_writes_that_wait_share_a_commit(db: Sqlite) -> None:
    """A hundred at once are on the disk after a few commits, each with its own answer."""
    names = [f"note-{n}" for n in range(100)]
    assert await asyncio.gather(*(write_note(db, name) for name in names)) == names
    assert db.commits <= 3
    assert all([await noted(db, name) for name in names])


async def test_an_answered_write_can_be_read_at_once(db: Sqlite) -> None:
    """The reader sees every commit that was answered."""
    for n in range(50):
        assert await noted(db, await write_note(db, f"note-{n}"))


async def test_reads_go_on_while_a_commit_is_under_way(db: Sqlite) -> None:
    """The loop waits for no disk."""
    writing = asyncio.gather(*(write_note(db, f"note-{n}", "x" * 10_000) for n in range(400)))
    reads = 0
    while not writing.done():
        await db.one("clock")
        reads += 1
        await asyncio.sleep(0)
    await writing
    assert reads > 2


async def test_an_act_that_raises_hurts_only_itself(db: Sqlite) -> None:
    """What it wrote before is undone; its neighbours in the same commit are done, each once."""

    def bad(tx: Transaction) -> str:
        tx.run("meta_put", name="half", value="x")
        raise NotFound("no such thing")

    names = [f"note-{n}" for n in range(20)]
    acts = [note(name) for name in names[:10]] + [bad] + [note(name) for name in names[10:]]
    answers = await asyncio.gather(*(db.write(act) for act in acts), return_exceptions=True)
    assert isinstance(answers.pop(10), NotFound)
    assert answers == names
    assert all([await noted(db, name) for name in names])
    assert not await noted(db, "half")


async def test_an_act_that_raises_before_it_wrote_costs_its_neighbours_nothing(db: Sqlite) -> None:
    """They stay in one commit: nobody can slow a busy server down by asking for what is not there."""

    def bad(tx: Transaction) -> str:
        del tx
        raise NotFound("no such thing")

    acts = [note("first"), bad, note("last")]
    answers = await asyncio.gather(*(db.write(act) for act in acts), return_exceptions=True)
    assert [answers[0], answers[2]] == ["first", "last"]
    assert isinstance(answers[1], NotFound)
    assert db.commits == 1


async def test_a_wrong_statement_hurts_only_itself(db: Sqlite) -> None:
    """An error of the database's own is told to the one who caused it."""

    def wrong(tx: Transaction) -> None:
        tx.run("meta_put", name="nameless", value=None)

    answers = await asyncio.gather(db.write(wrong), write_note(db, "right"), return_exceptions=True)
    assert isinstance(answers[0], sqlite3.IntegrityError)
    assert await noted(db, "right")


async def test_whoever_stops_waiting_stops_nobody_else(db: Sqlite) -> None:
    """A task is cancelled while its write is in a batch: the others are answered, and writing goes on."""
    tasks = [asyncio.create_task(write_note(db, f"note-{n}")) for n in range(20)]
    await asyncio.sleep(0)
    tasks[3].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(answers.pop(3), asyncio.CancelledError)
    assert answers == [f"note-{n}" for n in range(20) if n != 3]
    assert await write_note(db, "afterwards") == "afterwards"


async def test_closing_finishes_what_waits(tmp_path: Path) -> None:
    """What was asked for before the end is on the disk after it."""
    database = Sqlite(tmp_path / "mutoscope.db")
    database.migrate()
    writing = [asyncio.create_task(write_note(database, f"note-{n}")) for n in range(20)]
    await asyncio.sleep(0)
    await database.close()
    assert len(await asyncio.gather(*writing)) == 20
    again = Sqlite(tmp_path / "mutoscope.db")
    assert all([await noted(again, f"note-{n}") for n in range(20)])
    await again.close()


CRASH = """
import asyncio, os, sys
from pathlib import Path
from mutoscope.store.sqlite import Sqlite

async def main():
    db = Sqlite(Path(sys.argv[1]))
    db.migrate()
    async def note(n):
        await db.write(lambda tx: tx.run("meta_put", name=f"note-{n}", value="x"))
        os.write(1, b"%d\\n" % n)
        if n == 40:
            os.kill(os.getpid(), 9)
    async def chain(start):
        for n in range(start, 80, 4):
            await note(n)
    await asyncio.gather(*(chain(start) for start in range(4)))

asyncio.run(main())
"""


async def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    """A process is killed in the middle of writing: every note it was told of is there."""
    path = tmp_path / "mutoscope.db"
    told = run_python(CRASH, path)
    assert told.returncode == -9
    answered = told.stdout.split()
    assert b"40" in answered
    db = Sqlite(path)
    assert all([await noted(db, f"note-{n.decode()}") for n in answered])
    await db.close()


# -- a full disk, a busy file -------------------------------------------------------------------------------------


async def test_a_full_disk_refuses_the_writer_and_loses_nothing(db: Sqlite) -> None:
    """The caller gets StorageFull; what was answered stays; with room again, writing goes on."""
    await write_note(db, "before")
    pages = int(db._writer.execute("pragma page_count").fetchone()[0])
    db._writer.execute(f"pragma max_page_count = {pages + 2}")
    with pytest.raises(StorageFull):
        await write_note(db, "large", "x" * 100_000)
    assert await noted(db, "before")
    assert not await noted(db, "large")
    db._writer.execute(f"pragma max_page_count = {pages + 1000}")
    assert await write_note(db, "large", "x" * 100_000) == "large"


async def test_on_a_nearly_full_disk_what_fits_is_written(db: Sqlite) -> None:
    """One act of a batch asks for too much; the small ones beside it are on the disk."""
    pages = int(db._writer.execute("pragma page_count").fetchone()[0])
    db._writer.execute(f"pragma max_page_count = {pages + 2}")
    small = [write_note(db, f"small-{n}") for n in range(4)]
    answers = await asyncio.gather(
        *small[:2], write_note(db, "large", "x" * 100_000), *small[2:], return_exceptions=True
    )
    assert isinstance(answers.pop(2), StorageFull)
    assert answers == [f"small-{n}" for n in range(4)]
    assert all([await noted(db, f"small-{n}") for n in range(4)])
    assert not await noted(db, "large")


async def test_a_write_waits_for_another_program_without_holding_up_the_loop(
    db: Sqlite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody has the file open in `sqlite3` and writes: reads go on, the write follows."""
    monkeypatch.setattr("mutoscope.store.sqlite.BUSY_S", 120.0)
    other = sqlite3.connect(db.path, isolation_level=None)
    other.execute("begin immediate")
    writing = asyncio.create_task(write_note(db, "patient"))
    for _ in range(20):
        await db.one("clock")
        await asyncio.sleep(0.005)
    assert not writing.done()
    other.execute("rollback")
    other.close()
    assert await writing == "patient"


async def test_a_file_that_stays_busy_refuses_the_whole_batch_at_once(
    db: Sqlite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten writers wait together for one time limit, not for ten."""
    monkeypatch.setattr("mutoscope.store.sqlite.BUSY_S", 0.1)
    other = sqlite3.connect(db.path, isolation_level=None)
    other.execute("begin immediate")
    waits, begin = 0, db._begin

    async def counted() -> None:
        nonlocal waits
        waits += 1
        await begin()

    monkeypatch.setattr(db, "_begin", counted)
    answers = await asyncio.gather(*(write_note(db, f"note-{n}") for n in range(10)), return_exceptions=True)
    assert waits == 1
    assert {type(answer) for answer in answers} == {DatabaseBusy}
    other.execute("rollback")
    other.close()
    assert await write_note(db, "afterwards") == "afterwards"


# -- the file and its schema --------------------------------------------------------------------------------------


async def test_a_second_owner_is_refused(db: Sqlite) -> None:
    """Also another process; and it may have the file once the first one is gone."""
    with pytest.raises(ConfigError, match="another Mutoscope process uses this data folder"):
        Sqlite(db.path)
    script = (
        "import sys; from pathlib import Path; from mutoscope.store.sqlite import Sqlite; Sqlite(Path(sys.argv[1]))"
    )
    other = run_python(script, db.path)
    assert b"another Mutoscope process" in other.stderr
    assert await write_note(db, "still ours") == "still ours"


async def test_an_empty_file_gets_the_newest_schema(tmp_path: Path) -> None:
    """Once; a second time there is nothing to do."""
    database = Sqlite(tmp_path / "new" / "mutoscope.db")
    assert database.version() == 0
    assert database.migrate() == (0, database.newest())
    assert database.version() == database.newest()
    assert database.migrate() == (database.newest(), database.newest())
    await database.close()


async def test_a_file_of_a_newer_version_is_refused_untouched(tmp_path: Path) -> None:
    """The message says what to do."""
    path = tmp_path / "mutoscope.db"
    newer = sqlite3.connect(path)
    newer.execute("pragma user_version = 9000")
    newer.close()
    database = Sqlite(path)
    with pytest.raises(ConfigError, match=r"schema version 9000 is newer .* start the newer version"):
        database.migrate()
    assert database.version() == 9000
    assert await database.all("clock")
    await database.close()


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """With a message and not with a traceback; the lock is free again."""
    path = tmp_path / "mutoscope.db"
    path.write_bytes(b"a love letter, and not a short one " * 100)
    with pytest.raises(ConfigError, match="file is not a database"):
        Sqlite(path)
    path.unlink()
    await Sqlite(path).close()


async def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps before it stay, the step itself is undone as a whole."""
    steps = ((1, "create table one (x)"), (2, "create table two (x); create table one (x)"))
    monkeypatch.setattr(statements, "migrations", lambda words: steps)
    database = Sqlite(tmp_path / "mutoscope.db")
    with pytest.raises(sqlite3.OperationalError, match="one already exists"):
        database.migrate()
    assert database.version() == 1
    reader = sqlite3.connect(database.path)
    assert [row[0] for row in reader.execute("select name from sqlite_master")] == ["one"]
    reader.close()
    await database.close()


async def test_a_backup_is_a_whole_database(db: Sqlite, tmp_path: Path) -> None:
    """Made while the server runs; an existing file is not overwritten."""
    await write_note(db, "kept")
    target = tmp_path / "copy.db"
    db.backup(target)
    with pytest.raises(ConfigError, match="exists already"):
        db.backup(target)
    copy = Sqlite(target)
    assert copy.version() == db.newest()
    assert await noted(copy, "kept")
    await copy.close()


async def test_the_file_is_written_as_durably_as_sqlite_can(db: Sqlite) -> None:
    """WAL, and a flush for every commit."""
    assert db._writer.execute("pragma journal_mode").fetchone()[0] == "wal"
    assert db._writer.execute("pragma synchronous").fetchone()[0] == 2


# -- the statements -----------------------------------------------------------------------------------------------


def test_every_named_statement_is_used() -> None:
    """Dead SQL misleads; a name that is asked for and does not exist would only fail when it runs."""
    code = "\n".join(path.read_text() for path in SOURCE.rglob("*.py"))
    asked = set(re.findall(r"""\.(?:one|all|each|run|put)\(\s*"([a-z_]+)\"""", code))
    named = set(statements.load(WORDS))
    assert named - asked == set()
    assert asked - named == set()


def test_statements_have_no_placeholder_left() -> None:
    """Every word that differs between databases has been put in."""
    assert [name for name, sql in statements.load(WORDS).items() if re.search(r"{\w+}", sql)] == []


async def test_every_statement_fits_the_schema(db: Sqlite) -> None:
    """Each one is prepared, with its parameters all missing."""
    for name, sql in statements.load(WORDS).items():
        parameters = dict.fromkeys(re.findall(r":(\w+)", sql))
        try:
            db._reader.execute("explain " + sql, parameters).fetchall()
        except sqlite3.Error as exc:
            pytest.fail(f"{name}: {exc}")


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("queue_head", "requests_queue"),
        ("queue_has_lanes", "requests_queue"),
        ("request_position", "requests_queue"),
        ("queue_clock", "requests_queue"),
        ("queue_clock", "shares_tag"),
        ("lane_queued", "requests_lane"),
        ("lane_running", "requests_lane"),
        ("request_expired", "requests_expiry"),
        ("lease_expired", "requests_lease"),
        ("request_list", "requests_list"),
        ("request_list_of_model", "requests_of_model"),
        ("request_list_of_key", "requests_of_key"),
        ("request_list_unsuccessful", "requests_unsuccessful"),
        ("event_list", "events_request"),
        ("file_of_request", "files_request"),
        ("library", "files_list"),
        ("library_of_role", "files_of_role"),
        ("library_of_kind", "files_of_kind"),
        ("library_of_favourites", "favourites_list"),
        ("library_of_collection", "collected_list"),
    ],
)
async def test_the_statements_asked_most_walk_an_index(db: Sqlite, name: str, index: str) -> None:
    """And sort nothing: their cost does not grow with the table."""
    sql = statements.load(WORDS)[name]
    parameters = dict.fromkeys(re.findall(r":(\w+)", sql), 1)
    plan = [row["detail"] for row in db._reader.execute("explain query plan " + sql, parameters)]
    assert any(index in step for step in plan), plan
    assert not any("TEMP B-TREE" in step for step in plan), plan


def test_migrations_are_numbered_without_gaps() -> None:
    """1, 2, 3 …"""
    numbers = [number for number, _ in statements.migrations(WORDS)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_lock_is_not_inherited(tmp_path: Path) -> None:
    """A child that outlives the server must not keep its folder locked."""
    database = Sqlite(tmp_path / "mutoscope.db")
    assert not os.get_inheritable(database._lock)
    asyncio.run(database.close())


async def test_nobody_else_on_this_machine_reads_the_database(tmp_path: Path) -> None:
    """Also in a folder that others may enter: it holds prompts, and the secret that signs addresses."""
    database = Sqlite(tmp_path / "mutoscope.db")
    database.migrate()
    database.backup(tmp_path / "copy.db")

    modes = {path.name: path.stat().st_mode & 0o077 for path in tmp_path.iterdir()}
    await database.close()

    assert set(modes.values()) == {0}, modes
