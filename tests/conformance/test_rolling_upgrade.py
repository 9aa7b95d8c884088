"""A newer version migrates live data while a server of the version before goes on with its own statements."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest
from psycopg.rows import dict_row

from mutoscope.jobs import NewJob
from mutoscope.quotas import Quota
from mutoscope.store import offline, pgschema, statements
from mutoscope.store.opening import open_database
from mutoscope.store.records import Key
from mutoscope.store.sqlite import WORDS, Sqlite
from mutoscope.store.store import Store
from mutoscope.store.values import Filter, Held
from tests.postgres import Server

from .conftest import ALICE, MODEL, STORES

pytestmark = pytest.mark.anyio

BEFORE = 2
"""The schema of the older program."""
OLD_STATEMENTS = Path(__file__).parent / "data" / "queries-0002.sql"


class Old(Protocol):
    """The older program's connection, which stays open."""

    def __call__(self, name: str, /, **params: Any) -> list[dict[str, Any]]: ...


def old_statements(words: dict[str, str]) -> dict[str, str]:
    """What the older program runs, by name."""
    pieces = re.split(r"^-- name: (\w+)$", OLD_STATEMENTS.read_text(), flags=re.MULTILINE)[1:]
    found = {}
    for name, body in zip(pieces[::2], pieces[1::2], strict=True):
        sql = re.sub(r"^\s*--.*$", "", body, flags=re.MULTILINE)
        for word, meaning in words.items():
            sql = sql.replace("{" + word + "}", meaning)
        found[name] = sql
    return found


class Site:
    """An empty site as the older program left it."""

    def __init__(self, data: Path, address: str) -> None:
        self.data, self.address = data, address
        if address:
            pgschema.migrate(address, up_to=BEFORE)
            self._postgres = psycopg.connect(address, autocommit=True, prepare_threshold=None, row_factory=dict_row)
            self._sql = {
                name: re.sub(r"(?<![:\w]):([a-z_]\w*)", r"%(\1)s", sql.replace("%", "%%"))
                for name, sql in old_statements(pgschema.WORDS).items()
            }
            return
        file = Sqlite(data / "mutoscope.db")
        file.migrate(up_to=BEFORE)
        file.release()
        self._sqlite = sqlite3.connect(data / "mutoscope.db", isolation_level=None)
        self._sqlite.row_factory = sqlite3.Row
        self._sql = old_statements(WORDS)

    def old(self, name: str, /, **params: Any) -> list[dict[str, Any]]:
        """Run one of the older program's statements on its connection, which was opened before the migration."""
        if self.address:
            cursor = self._postgres.execute(self._sql[name].encode(), params)
            return list(cursor.fetchall()) if cursor.description else []
        return [dict(row) for row in self._sqlite.execute(self._sql[name], params).fetchall()]

    def close(self) -> None:
        (self._postgres if self.address else self._sqlite).close()


@pytest.fixture(params=STORES)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """In SQLite and in PostgreSQL."""
    address = ""
    if request.param == "postgres":
        server: Server = request.getfixturevalue("postgres")
        address = server.database()
    made = Site(tmp_path, address)
    yield made
    made.close()
    if address:
        server.drop(address)


def submit(old: Old, request_id: str) -> None:
    """As the older program did."""
    clock = next(iter(old("flow_now", model_id=MODEL)[0].values()))
    tag = old("flow_next", model_id=MODEL, key_id=ALICE.key_id, now=clock, share=1.0)[0]["tag"]
    who = {"id": request_id, "account_id": ALICE.account_id, "key_id": ALICE.key_id, "model_id": MODEL}
    plain = {"priority": 0, "tag": tag, "max_attempts": 3, "time_limit_s": 60, "seed": 1, "inputs": "{}"}
    plain |= {"ignored_inputs": "[]", "idempotency_key": None, "body_sha256": "", "base_url": "http://here"}
    old("request_add", **who, **plain, webhook_url=None, webhook_events=None)
    old("usage_hold", **who, hold_microusd=0)
    old("event_add", id=request_id, kind="state", data='{"state":"in_queue"}')
    old("webhook_receivers", id=request_id)


def claim(old: Old) -> dict[str, Any]:
    head = old("queue_head", model_id=MODEL)[0]
    (row,) = old("request_claim", id=head["id"], worker_id="old-worker", lease_ms=60_000)
    old("event_add", id=row["id"], kind="state", data='{"state":"in_progress"}')
    return row


def complete(old: Old, row: dict[str, Any], *, cost_microusd: int = 0) -> None:
    fence = {"id": row["id"], "worker_id": "old-worker", "attempt": row["attempt"]}
    old("request_beat", **fence, lease_ms=60_000, progress=0.5, stage="s")
    old("request_complete", **fence, result='{"outputs": []}', cost_microusd=cost_microusd)
    old("usage_settle", id=row["id"], state="charged", quantity=1.0, unit="second", cost_microusd=cost_microusd)
    old("event_add", id=row["id"], kind="state", data='{"state":"completed"}')


async def test_the_version_before_goes_on_while_the_schema_moves_on(site: Site) -> None:
    """It submits, claims and completes before and after; the newer one sees all of it, and serves what is left."""
    for number in range(4):
        submit(site.old, f"before-{number}")
    running = claim(site.old)
    store = Store(open_database(site.data, site.address))  # migrates
    complete(site.old, running)
    for number in range(3):
        submit(site.old, f"after-{number}")
    complete(site.old, claim(site.old))
    listed = {job.id: str(job.state) for job in await store.jobs(ALICE.account_id, Filter())}
    assert sorted(listed) == [*(f"after-{n}" for n in range(3)), *(f"before-{n}" for n in range(4))]
    assert [listed["before-0"], listed["before-1"], listed["after-2"]] == ["completed", "completed", "in_queue"]
    served = []
    while job := await store.claim((MODEL,), "new-worker", lease_ms=60_000):
        served.append(job.id)
        await store.fail(Held(job.id, "new-worker", job.attempt), error="no")
    assert sorted(served) == ["after-0", "after-1", "after-2", "before-2", "before-3"]
    await store.db.close()


async def test_sums_that_the_version_before_does_not_know_of_are_mended(site: Site) -> None:
    """It charges a request beside the newer one: neither the day's sum nor the key's has that, until `--repair`."""
    store = Store(open_database(site.data, site.address))  # migrates
    key = Key(ALICE.key_id, "k", "mk", ("run",), 0, None, None, quota=Quota(spend_microusd=10**9, spend_period="total"))
    await store.add_key(key, account_id=ALICE.account_id, key_sha256="h", expires_in_ms=None)
    new = NewJob(
        id="new",
        account_id=ALICE.account_id,
        key_id=key.id,
        model_id=MODEL,
        inputs={},
        ignored_inputs=(),
        seed=1,
        idempotency_key=None,
        body_sha256="",
        hold_microusd=7,
    )
    await store.submit(new, key.quota)
    submit(site.old, "old")
    complete(site.old, next(row for row in (claim(site.old), claim(site.old)) if row["id"] == "old"), cost_microusd=50)

    found = list(offline.problems(site.data, site.address))
    assert [one.partition(":")[0] for one in found] == [
        "day whose sum is not that of its requests",
        "key whose spending is not that of its requests",
    ]
    assert offline.repair(site.data, site.address) == 2
    assert list(offline.problems(site.data, site.address)) == []
    assert (await store.meter(ALICE.account_id, key.id, key.quota)).spent_microusd == 57
    _, total = await store.usage(ALICE.account_id, from_ms=None, to_ms=None, limit=1)
    assert total == 50
    await store.db.close()


async def test_every_statement_of_the_version_before_fits_the_newest_schema(site: Site) -> None:
    """Prepared, or explained, without a parameter's value."""
    await Store(open_database(site.data, site.address)).db.close()
    if site.address:
        with psycopg.connect(site.address, autocommit=True) as connection:
            for name, sql in old_statements(pgschema.WORDS).items():
                answer = connection.pgconn.prepare(name.encode(), statements.numbered(sql).text)
                assert answer.status == psycopg.pq.ExecStatus.COMMAND_OK, f"{name}: {answer.error_message.decode()}"
        return
    database = sqlite3.connect(site.data / "mutoscope.db")
    for sql in old_statements(WORDS).values():
        database.execute("explain " + sql, dict.fromkeys(re.findall(r":(\w+)", sql))).fetchall()
    database.close()
