"""A store of every kind, and the people and words the store's tests speak with."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mutoscope.jobs import Job, NewJob, State
from mutoscope.store import pgschema
from mutoscope.store.postgres import Postgres
from mutoscope.store.records import File
from mutoscope.store.sqlite import Sqlite
from mutoscope.store.store import Store
from mutoscope.store.values import Charge, Held
from tests import sqlite
from tests.postgres import Server

MODEL = "test/card"
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Person:
    """Somebody with an account and a key."""

    account_id: str
    key_id: str
    weight: float = 1.0


ALICE, BOB = Person("account-alice", "key-alice"), Person("account-bob", "key-bob")


class Desk:
    """A store, and short words for what tests do with it."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def raw(self, sql: str) -> int:
        """Run a statement of a test's own, beside the store; how many rows it changed."""
        db: Any = self.store.db
        if isinstance(db, Sqlite):
            with contextlib.closing(sqlite3.connect(db.path)) as file, file:
                return file.execute(sql).rowcount
        with psycopg.connect(db._conninfo) as connection:
            return connection.execute(sql.encode()).rowcount

    def job(self, who: Person = ALICE, **given: Any) -> NewJob:
        """A request that fits the model; keywords are fields of NewJob.

        A later one has a larger id: of one millisecond, too, the order is that in which they were made.
        """
        plain = NewJob(
            id=str(uuid.UUID(int=next(_NUMBERS))),
            account_id=who.account_id,
            key_id=who.key_id,
            model_id=MODEL,
            inputs={"prompt": "a harbour"},
            ignored_inputs=("colour",),
            seed=7,
            idempotency_key=None,
            body_sha256="",
            weight=who.weight,
        )
        return replace(plain, **given)

    async def submit(self, who: Person = ALICE, **given: Any) -> str:
        """Accept one request; its id."""
        return (await self.store.submit(self.job(who, **given))).request_id

    async def claim(
        self, worker_id: str = "worker-1", *, lease_ms: int = 60_000, models: tuple[str, ...] = (MODEL,)
    ) -> Job | None:
        """What the next worker gets."""
        return await self.store.claim(models, worker_id, lease_ms=lease_ms)

    async def claim_held(self, worker_id: str = "worker-1", *, lease_ms: int = 60_000) -> Held:
        """Claim, and the right to go on."""
        job = await self.claim(worker_id, lease_ms=lease_ms)
        assert job is not None, "nothing to claim"
        return Held(job.id, worker_id, job.attempt)

    async def claim_all(self) -> list[str]:
        """Claim until there is nothing left; ids in the order they were served."""
        served = []
        while job := await self.claim():
            served.append(job.id)
        return served

    async def state(self, request_id: str, who: Person = ALICE) -> State:
        return (await self.store.standing(request_id, who.account_id)).state

    async def position(self, request_id: str, who: Person = ALICE) -> int | None:
        return (await self.store.standing(request_id, who.account_id)).queue_position

    async def told(self, request_id: str) -> list[str]:
        """The states a request's events tell of, in order."""
        return [e.data["state"] for e in await self.store.events(request_id) if e.kind == "state"]

    async def usage(self, who: Person = ALICE) -> dict[str, tuple[str, int]]:
        """What each request of an account is down for: (state, micro-dollars)."""
        rows, _ = await self.store.usage(who.account_id, from_ms=None, to_ms=None, limit=1000)
        return {row.request_id: (row.state, row.cost_microusd) for row in rows}

    def file(self, who: Person = ALICE, **given: Any) -> File:
        """An uploaded picture; keywords are fields of File."""
        file_id = uuid.uuid4().hex
        plain = File(
            id=file_id,
            account_id=who.account_id,
            request_id=None,
            role="upload",
            name="cat.jpg",
            media_type="image/jpeg",
            size_bytes=9,
            sha256="ab" * 32,
            info={"width_px": 640},
            key=f"uploads/{file_id}/cat.jpg",
        )
        return replace(plain, **given)

    async def complete(self, held: Held, *, cost_microusd: int = 0, who: Person = ALICE) -> File:
        """The one successful end, with one output."""
        output = self.file(who, request_id=held.request_id, role="output", name="output.mp4")
        charge = Charge(2.0, "second", cost_microusd)
        await self.store.complete(held, result={"outputs": [output.id]}, charge=charge, files=[output])
        return output


async def _sqlite(folder: Path) -> Store:
    return Store(sqlite.fresh(folder / "mutoscope.db"))


@pytest.fixture(scope="session")
def site_address(postgres: Server) -> str:
    """A PostgreSQL database with the newest schema, for one test after the other."""
    address = postgres.database()
    pgschema.migrate(address)
    return address


def emptied(address: str) -> str:
    """The same database without a row."""
    with psycopg.connect(address) as connection:
        tables = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        connection.execute("set session_replication_role = replica")  # what refers to what does not matter
        for (table,) in tables:
            kept = " where name <> 'schema_version'" if table == "meta" else ""
            connection.execute(f"delete from {table}{kept}")
    return address


STORES = [pytest.param("sqlite"), pytest.param("postgres", marks=pytest.mark.slow)]
"""Every implementation."""


@pytest.fixture
def anyio_backend() -> str:
    """Tests marked `anyio` run on asyncio, as the server does."""
    return "asyncio"


@pytest.fixture(params=STORES)
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Any]:
    """Opens the store of this test, again and again the same one."""
    if request.param == "sqlite":
        return lambda: _sqlite(tmp_path / "data")
    address = emptied(request.getfixturevalue("site_address"))

    async def postgres() -> Store:
        return Store(Postgres(pgschema.conninfo(address)))

    return postgres


@pytest.fixture
async def desk(open_store: Callable[[], Any], anyio_backend: str) -> AsyncIterator[Desk]:
    """An empty store."""
    store: Store = await open_store()
    yield Desk(store)
    await store.db.close()
