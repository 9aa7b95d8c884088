"""What only a shared database can get wrong: several processes, a server that goes away, answers that are lost."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import psycopg
import pytest

from mutoscope.errors import ConfigError, DatabaseBusy, DatabaseUnavailable
from mutoscope.jobs import State
from mutoscope.store import pgschema, statements
from mutoscope.store.libpq import Refused
from mutoscope.store.postgres import Postgres
from mutoscope.store.store import Store
from mutoscope.store.values import Filter
from tests import postgres as postgres_server
from tests.postgres import Server

from .conftest import ALICE, BOB, MODEL, Desk, Person, emptied

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture
async def desks(site_address: str, anyio_backend: str) -> AsyncIterator[list[Desk]]:
    """Three stores on one empty database, with connections of their own, as three server processes have."""
    address = pgschema.conninfo(emptied(site_address))
    stores = [Store(Postgres(address)) for _ in range(3)]
    yield [Desk(store) for store in stores]
    for store in stores:
        await store.db.close()


# -- several processes --------------------------------------------------------------------------------------------


async def test_claimers_of_three_processes_get_each_request_once(desks: list[Desk]) -> None:
    """Sixty claimers empty a queue of three hundred: no request twice, none left, never more than was asked for."""
    ids = await asyncio.gather(*(desks[n % 3].submit() for n in range(300)))

    async def claim_all(desk: Desk, worker_id: str) -> list[str]:
        served = []
        while job := await desk.claim(worker_id):
            served.append(job.id)
        return served

    served = await asyncio.gather(*(claim_all(desks[n % 3], f"worker-{n}") for n in range(60)))
    assert Counter(request_id for some in served for request_id in some) == Counter(ids)
    assert {job.attempt for job in await desks[0].store.jobs(ALICE.account_id, Filter(limit=500))} == {1}


async def test_submits_of_three_processes_wait_for_each_other_and_all_arrive(desks: list[Desk]) -> None:
    """Two keys, two models, three processes at once: the same rows are wanted in every order."""
    people = (ALICE, BOB)
    models = (MODEL, "test/other")
    wanted = [(desks[n % 3], people[n % 2], models[n // 2 % 2]) for n in range(240)]
    await asyncio.gather(*(desk.submit(who, model_id=model_id) for desk, who, model_id in wanted))
    for who in people:
        jobs = await desks[0].store.jobs(who.account_id, Filter(limit=500))
        assert Counter(job.model_id for job in jobs) == {MODEL: 60, "test/other": 60}


async def test_one_idempotency_key_at_three_processes_is_one_request(desks: list[Desk]) -> None:
    """Thirty at the same moment; whoever comes second is told the first one's id, or to try again."""
    answers = await asyncio.gather(
        *(desks[n % 3].store.submit(desks[0].job(idempotency_key="order-7")) for n in range(30)),
        return_exceptions=True,
    )
    ids = {answer.request_id for answer in answers if not isinstance(answer, BaseException)}
    assert len(ids) == 1
    assert len(await desks[0].store.jobs(ALICE.account_id, Filter())) == 1
    assert len(await desks[0].usage()) == 1


async def test_whoever_follows_a_request_misses_no_event(desks: list[Desk]) -> None:
    """A worker beats at one process while a caller reads by cursor at another: in order, without a gap."""
    request_id = await desks[0].submit()
    held = await desks[0].claim_held()
    seen: list[int] = []

    async def follow() -> None:
        while True:
            for event in await desks[1].store.events(request_id, after=seen[-1] if seen else 0, limit=3):
                seen.append(event.seq)
                if event.data.get("state") == "completed":
                    return

    async def work() -> None:
        for n in range(40):
            await desks[n % 3].store.beat(held, lease_ms=60_000, progress=n / 40, stage="s", log=("one", "two"))
            await desks[(n + 1) % 3].submit(BOB)
        await desks[2].complete(held)

    await asyncio.gather(follow(), work())
    written = [event.seq for event in await desks[2].store.events(request_id, limit=1000)]
    assert seen == written == sorted(written)
    assert len(written) == 2 + 40 * 3 + 1


async def test_a_lease_is_swept_by_one_of_three_processes(desks: list[Desk]) -> None:
    """All look at the same moment; the request is handed on once."""
    for _ in range(20):
        await desks[0].submit()
        await desks[0].claim(lease_ms=1)
    await asyncio.sleep(0.05)
    swept = await asyncio.gather(*(desk.store.sweep() for desk in desks))
    assert sorted(Counter(request_id for some in swept for request_id, _ in some).values()) == [1] * 20


async def test_news_travel_to_other_processes(desks: list[Desk]) -> None:
    """Who waits for work, and who waits for one request, is woken by what happens elsewhere."""
    here = desks[0].store
    async with asyncio.timeout(60):
        with here.wakeups.queue() as queue:
            await here.now_ms()
            await queue.wait()  # it listens from now on, and said so to everybody
            queue.clear()
            request_id = await desks[1].submit()
            await queue.wait()
        with here.wakeups.requests((request_id,)) as news:
            await desks[1].claim()
            await news.wait()


async def test_positions_are_right_when_another_process_moves_the_queue(desks: list[Desk]) -> None:
    """However often they were asked for before: within a second nobody is told an old one."""
    ids = [await desks[0].submit() for _ in range(5)]
    for _ in range(5):
        assert [await desks[0].position(request_id) for request_id in ids] == [0, 1, 2, 3, 4]
    await desks[1].claim()
    async with asyncio.timeout(60):
        while [await desks[0].position(request_id) for request_id in ids] != [None, 0, 1, 2, 3]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # nobody is told when an answer turns right


# -- others in the way --------------------------------------------------------------------------------------------


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections wait for a lock until the test is over."""
    session = pgschema.SESSION.replace(b"lock_timeout = '3s'", b"lock_timeout = '200s'")
    session = session.replace(b"statement_timeout = '15s'", b"statement_timeout = '200s'")
    assert session.count(b"'200s'") == 2
    monkeypatch.setattr("mutoscope.store.postgres.SESSION", session)


@pytest.mark.usefixtures("patient")
async def test_a_row_that_somebody_keeps_locked_holds_up_its_own_key_only(desks: list[Desk], site_address: str) -> None:
    """A person's open transaction: that key's submit waits for it, another key's goes through at once."""
    await desks[0].submit()
    with psycopg.connect(site_address) as person:
        person.execute("select * from shares where key_id = %s for update", (ALICE.key_id,))
        alices = asyncio.create_task(desks[0].submit())
        await asyncio.sleep(0.1)
        bobs = asyncio.create_task(desks[0].submit(BOB))
        first, _ = await asyncio.wait({alices, bobs}, return_when=asyncio.FIRST_COMPLETED)
        assert first == {bobs}, "Bob waited for Alice's lock"
        person.rollback()
    await alices


async def test_whoever_waits_for_a_locked_row_is_told_in_the_end(desks: list[Desk], site_address: str) -> None:
    """503; when the row is free again all is well."""
    await desks[0].submit()
    with psycopg.connect(site_address) as person:
        person.execute("select * from shares where key_id = %s for update", (ALICE.key_id,))
        with pytest.raises(DatabaseBusy):
            await desks[0].submit()
        person.rollback()
    await desks[0].submit()


async def test_a_column_that_a_migration_adds_does_not_disturb_those_who_run(
    desks: list[Desk], site_address: str
) -> None:
    """Their prepared statements name every column there was; they are prepared again, unnoticed."""
    held = None
    for _ in range(2):
        await desks[0].submit()
        held = await desks[0].claim_held()
        await desks[0].store.jobs(ALICE.account_id, Filter())
        with psycopg.connect(site_address) as migration:
            migration.execute("alter table requests add column if not exists later text")
    try:
        assert held is not None
        await desks[0].complete(held)
        assert await desks[0].state(held.request_id) is State.COMPLETED
        await desks[0].submit()
        assert await desks[0].claim() is not None
    finally:
        with psycopg.connect(site_address) as migration:
            migration.execute("alter table requests drop column later")


async def test_an_act_that_raises_hurts_only_itself(desks: list[Desk]) -> None:
    """Forty acts of one commit; one fails after it wrote, one before, one by a wrong statement."""
    db = desks[0].store.db

    def act(n: int) -> Callable[[Any], str]:
        def run(tx: Any) -> str:
            if n == 7:
                raise KeyError("before it wrote")
            tx.put("meta_put", name=f"note-{n}", value="x")
            if n == 13:
                raise KeyError("after it wrote")
            if n == 21:
                tx.one("meta_get")  # a parameter is missing
            if n == 30:
                tx.put("usage_hold", id="u", account_id=None, key_id="k", model_id="m", hold_microusd=1)  # not null
            return str(n)

        return run

    outcomes = await asyncio.gather(*(db.write(act(n)) for n in range(40)), return_exceptions=True)
    failed = {n for n, outcome in enumerate(outcomes) if isinstance(outcome, BaseException)}
    assert failed == {7, 13, 21, 30}
    there = [await db.one("meta_get", name=f"note-{n}") for n in range(40)]
    assert {n for n, row in enumerate(there) if row is None} == failed


async def test_a_read_that_fails_hurts_only_itself(desks: list[Desk]) -> None:
    """Thirty that travel together; what stood behind the wrong one is asked again."""
    db = desks[0].store.db
    wrong = {**ALL_USAGE, "from_ms": "yesterday"}
    reads = [db.all("usage_list", **(wrong if n == 11 else ALL_USAGE)) for n in range(30)]
    answers = await asyncio.gather(*reads, return_exceptions=True)
    assert [n for n, answer in enumerate(answers) if isinstance(answer, Refused)] == [11]
    assert [answer for answer in answers if not isinstance(answer, Refused)] == [[]] * 29


@pytest.mark.usefixtures("patient")
async def test_a_read_that_takes_long_holds_nobody_up(desks: list[Desk], site_address: str) -> None:
    """Somebody has locked a table; who asks for others meanwhile is answered by the other connection."""
    db = desks[0].store.db
    await asyncio.gather(*(db.one("clock") for _ in range(200)))  # both are open
    with psycopg.connect(site_address) as person:
        person.execute("lock table meta")
        slow = asyncio.create_task(db.one("meta_get", name="schema_version"))
        await asyncio.sleep(0.05)
        assert None not in await asyncio.gather(*(db.one("clock") for _ in range(20)))
        assert not slow.done()
        person.rollback()
    assert await slow is not None


async def test_whoever_stops_waiting_stops_nobody_else(desks: list[Desk]) -> None:
    """A caller hangs up; what was asked for is done all the same, and the connection goes on."""
    tasks = [asyncio.create_task(desks[0].submit(ALICE if n % 2 else BOB)) for n in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(outcome, str) for outcome in done) == 10
    assert len(await desks[0].store.jobs(BOB.account_id, Filter())) == 10


async def test_what_postgresql_cannot_hold_becomes_a_mark(desks: list[Desk]) -> None:
    """U+0000 in a message ends no text early."""
    request_id = await desks[0].submit()
    held = await desks[0].claim_held()
    await desks[0].store.fail(held, error="before\0after")
    assert (await desks[0].store.job(request_id, ALICE.account_id)).error == "before\ufffdafter"


# -- the server goes away -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fragile(postgres: Server) -> Iterator[Server]:
    """A server of this module's own, to be killed."""
    with postgres_server.launched(postgres.binaries) as server:
        yield server


@pytest.fixture
async def lonely(fragile: Server, anyio_backend: str) -> AsyncIterator[Desk]:
    """A store on that server."""
    address = fragile.database()
    pgschema.migrate(address)
    store = Store(Postgres(pgschema.conninfo(address)))
    yield Desk(store)
    await store.db.close()


@pytest.mark.parametrize("how", [signal.SIGQUIT, signal.SIGINT])
async def test_nothing_that_was_answered_is_lost_when_the_database_restarts(
    lonely: Desk, fragile: Server, how: signal.Signals
) -> None:
    """Forty callers go on submitting while it is ended, at once or in order, and started again, twice."""
    acknowledged: list[str] = []
    stop = asyncio.Event()

    async def caller(n: int) -> None:
        who = Person(ALICE.account_id, f"key-{n % 4}")
        while not stop.is_set():
            new = lonely.job(who, idempotency_key=f"{n}-{len(acknowledged)}")
            try:
                acknowledged.append((await lonely.store.submit(new)).request_id)
            except DatabaseUnavailable:
                continue

    callers = [asyncio.create_task(caller(n)) for n in range(40)]
    for _ in range(2):
        await asyncio.sleep(0.7)
        await asyncio.to_thread(fragile.stop, how)
        await asyncio.sleep(0.3)
        fragile.begin()
        await asyncio.to_thread(fragile.wait)
    before = len(acknowledged)
    async with asyncio.timeout(60):
        while len(acknowledged) == before:  # noqa: ASYNC110  # nobody tells when somebody gets through again
            await asyncio.sleep(0.05)
    stop.set()
    await asyncio.gather(*callers)
    stored = await lonely.store.jobs(ALICE.account_id, Filter(limit=100_000))
    assert set(acknowledged) <= {job.id for job in stored}
    assert len(stored) == len({job.id for job in stored}) == len(await lonely.store.db.all("usage_list", **ALL_USAGE))


ALL_USAGE = {
    "account_id": ALICE.account_id,
    "from_ms": 0,
    "to_ms": 2**62,
    "cursor_ms": 2**62,
    "cursor_id": "",
    "limit": 100_000,
}


async def test_while_the_database_is_down_everybody_is_told_so_soon(lonely: Desk, fragile: Server) -> None:
    """Thirty callers, none hangs; afterwards everything works without a restart of ours."""
    await lonely.submit()
    fragile.stop()
    try:
        async with asyncio.timeout(60):
            outcomes = await asyncio.gather(
                *(lonely.submit() for _ in range(20)),
                *(lonely.store.jobs(ALICE.account_id, Filter()) for _ in range(10)),
                return_exceptions=True,
            )
        assert {type(outcome) for outcome in outcomes} == {DatabaseUnavailable}
        assert DatabaseUnavailable.retry_after_s
    finally:
        fragile.start()
    await lonely.submit()
    assert len(await lonely.store.jobs(ALICE.account_id, Filter())) == 2


# -- answers that are lost ----------------------------------------------------------------------------------------


class Wire:
    """A connection to PostgreSQL that breaks at the next commit: before the server hears of it, or after.

    cut   `before`, `after`, `late`: the server hears of it when the client has long given up; or empty: let
          everything pass.
    """

    def __init__(self, port: int) -> None:
        self.cut = ""
        self.cuts = 0
        self._port = port
        self._carrying: set[asyncio.Task[None]] = set()

    def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A client has come."""
        self._carrying.add(asyncio.create_task(self._carry(reader, writer)))

    async def close(self) -> None:
        """Nobody comes any more; who has not left by then is sent away."""
        _, left = await asyncio.wait(self._carrying, timeout=10)
        for task in left:
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._port)
        back = asyncio.create_task(self._back(from_server, writer))
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                if self.cut and b"\0commit\0" in data:
                    self.cuts += 1
                    cut, self.cut = self.cut, ""
                    back.cancel()
                    if cut == "late":
                        writer.close()
                        await asyncio.sleep(0.5)
                    if cut != "before":
                        to_server.write(data)
                        await asyncio.sleep(0.2)
                    break
                to_server.write(data)
        back.cancel()
        ends = (writer, to_server)
        for end in ends:  # both, before either is waited for: a server that hears of no end keeps its locks
            end.close()
        for end in ends:
            with contextlib.suppress(ConnectionError):
                await end.wait_closed()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)


@pytest.mark.parametrize("alongside", [False, True])
@pytest.mark.parametrize("cut", ["before", "after", "late"])
async def test_a_commit_whose_answer_is_lost_happens_once(
    postgres: Server, site_address: str, cut: str, alongside: bool
) -> None:
    """The fate of the transaction is asked for: what was written is not written again, what was not is."""
    wire = Wire(postgres.port)
    door = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    port = door.sockets[0].getsockname()[1]
    address = emptied(site_address).replace(f":{postgres.port}/", f":{port}/")
    desk = Desk(Store(Postgres(pgschema.conninfo(address))))
    try:
        await desk.submit()
        runs = 0

        def act(tx: Any) -> int:
            nonlocal runs
            runs += 1
            tx.put("event_add", id="once", kind="log", data='{"line": "x"}')
            return runs

        wire.cut = cut
        async with asyncio.timeout(60):
            assert await desk.store.db.write(act, alongside=alongside) == (2 if cut == "before" else 1)
        assert wire.cuts == 1
        assert len(await desk.store.events("once")) == 1
    finally:
        await desk.store.db.close()
        await wire.close()
        door.close()


# -- the schema ---------------------------------------------------------------------------------------------------


async def test_every_statement_fits_the_schema(site_address: str) -> None:
    """Each one is prepared, as the server does."""
    with psycopg.connect(site_address, autocommit=True) as connection:
        for name, sql in statements.load(pgschema.WORDS).items():
            answer = connection.pgconn.prepare(name.encode(), statements.numbered(sql).text)
            assert answer.status == psycopg.pq.ExecStatus.COMMAND_OK, f"{name}: {answer.error_message.decode()}"


async def test_servers_that_start_together_migrate_once(postgres: Server) -> None:
    """Eight find an empty database; each step is taken by one of them."""
    address = postgres.database()
    steps = await asyncio.gather(*(asyncio.to_thread(pgschema.migrate, address) for _ in range(8)))
    assert sum(after - before for before, after in steps) == statements.newest()
    postgres.drop(address)


async def test_a_database_of_a_newer_version_is_refused(postgres: Server) -> None:
    """And nothing in it is changed."""
    address = postgres.database()
    pgschema.migrate(address)
    with psycopg.connect(address) as connection:
        connection.execute("update meta set value = '9999' where name = 'schema_version'")
    with pytest.raises(ConfigError, match="9999 is newer"):
        pgschema.migrate(address)
    postgres.drop(address)


async def test_an_address_that_does_not_work_is_told_without_its_password(postgres: Server) -> None:
    """Nobody there, no such database, no address at all."""
    for address in (
        "postgresql://mutoscope:geheim@127.0.0.1:1/site",
        f"postgresql://mutoscope:geheim@127.0.0.1:{postgres.port}/no-such-database",
    ):
        with pytest.raises(ConfigError) as refused:
            pgschema.migrate(address)
        assert "geheim" not in str(refused.value)
        assert address.rpartition("@")[2] in str(refused.value)
    with pytest.raises(ConfigError, match="MUTOSCOPE_DATABASE"):
        pgschema.conninfo("postgresql://a b c")
