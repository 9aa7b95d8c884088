"""A site moves: from SQLite to PostgreSQL and back nothing is lost, and a bad archive changes nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest

from mutoscope.errors import ConfigError
from mutoscope.jobs import Webhook
from mutoscope.quotas import Quota
from mutoscope.store import archive, audit, deployments, offline, operating, pgschema
from mutoscope.store.archive import Place
from mutoscope.store.audit import Actor
from mutoscope.store.opening import open_database
from mutoscope.store.operating import ModelChange, WorkerLine
from mutoscope.store.outbox import Verdict
from mutoscope.store.records import Key
from mutoscope.store.store import Store
from tests.conformance.test_store_deployments import a_deployment
from tests.postgres import Server

from .conftest import ALICE, BOB, MODEL, Desk
from .test_store_webhooks import endpoint, leased, tried

Rows = dict[str, list[tuple[Any, ...]]]


async def fill(place: Place) -> None:
    """Something in every table, in every state, and texts that are hard to carry."""
    desk = Desk(Store(open_database(place.data, place.address)))
    store = desk.store
    hook = Webhook("https://example.com/hook", ("completed", "failed"))
    account_id = await store.open_account("a; drop table — 東京\n\t\\N")
    await store.add_key(
        Key("k", 'a "name"', "mk_", ("run",), 0, None, None), account_id=account_id, key_sha256="h", expires_in_ms=9
    )
    await store.secret("file_urls", "secret")
    await store.open_session("a token's hash", "k", life_s=3600)
    await store.webhooks.add_endpoint(endpoint(), secret="whsec_b25l", at_most=9)
    await store.webhooks.secrets(ALICE.account_id, "whsec_b25m")
    for n in range(7):
        await desk.submit(ALICE if n % 2 else BOB, webhook=hook, seed=2**53 + n, idempotency_key=f"{n}", weight=0.3)
    await desk.complete(await desk.claim_held(), cost_microusd=7)
    await store.fail(await desk.claim_held(), error="line one\nline two\t\\")
    await store.retry(await desk.claim_held(), error="again")
    held = await desk.claim_held()
    await store.beat(held, lease_ms=60_000, progress=0.1 + 0.2, stage="größer", log=["a\\nb"])
    await store.submit(desk.job(), Quota(rate_submits=9, rate_window_s=60))  # a meter
    await store.claim((MODEL,), "worker-1", lease_ms=60_000, max_running={MODEL: 99})  # a gate
    kept = await store.add_file(desk.file())
    shelf = await store.library.add_collection(ALICE.account_id, "Häfen \\N", at_most=9)
    await store.library.put(shelf.id, kept.id, ALICE.account_id)
    await store.library.set_favourite(kept.id, ALICE.account_id, is_favourite=True)
    actor = Actor(ALICE.account_id, ALICE.key_id, None)
    await store.db.write(lambda tx: audit.note(tx, actor, "key.created", account_id=ALICE.account_id, target="k"))
    await operating.change_model(store.db, ModelChange(MODEL, engine={"name": "größer"}, base_price_usd=0.1 + 0.2))
    await operating.change_limits(store.db, {"min_free_bytes": 2**53 - 1})
    line = WorkerLine("far/1", frozenset({"diffusers"}), frozenset({"studio/a b"}), is_free=True, ago_s=1.5)
    await operating.tell_workers(store.db, [line], forget_s=60)
    await deployments.add(store.db, a_deployment())
    (one, *_) = await leased(desk)
    await store.webhooks.attempted(one, tried(one, 500, "HTTP 500"), Verdict("later", 5))
    last = await desk.submit()
    await store.cancel(last, ALICE.account_id)
    await store.delete(last, ALICE.account_id)  # its events had the largest numbers
    await store.db.close()
    assert place.files is not None
    (place.files / "uploads").mkdir(parents=True)
    (place.files / "uploads" / "cat.jpg").write_bytes(b"\xff\xd8cat")


def rows(place: Place) -> tuple[Rows, int]:
    """Every row of a site, and the last number an event had."""
    with offline.reading(place.data, place.address) as bulk:
        found = {
            table: sorted(offline.archived(bulk, table, sorted(columns)), key=repr)
            for table, columns in bulk.tables().items()
        }
        return found, bulk.last_number()


def place(folder: Path, address: str = "") -> Place:
    return Place(folder, address, folder / "files")


def quiet(line: str) -> None:
    del line


@pytest.fixture
def filled(tmp_path: Path) -> Place:
    """A site in SQLite."""
    (tmp_path / "old").mkdir()
    old = place(tmp_path / "old")
    asyncio.run(fill(old))
    return old


@pytest.fixture
def archived(filled: Place, tmp_path: Path) -> Path:
    """The same, exported."""
    archive.export(filled, tmp_path / "archive", with_files=True, say=quiet)
    return tmp_path / "archive"


@pytest.mark.slow
def test_from_sqlite_to_postgresql_and_back_nothing_is_lost(filled: Place, postgres: Server, tmp_path: Path) -> None:
    """Row by row, value by value; then both go on with new numbers."""
    middle, new = place(tmp_path / "middle", postgres.database()), place(tmp_path / "new")
    archive.export(filled, tmp_path / "one", with_files=True, say=quiet)
    archive.load(tmp_path / "one", middle, say=quiet)
    archive.export(middle, tmp_path / "two", with_files=True, say=quiet)
    archive.load(tmp_path / "two", new, say=quiet)

    assert rows(filled) == rows(middle) == rows(new)
    assert [table for table, found in rows(filled)[0].items() if not found] == ["flows"]  # of version 0.1, unused
    assert new.files is not None
    assert (new.files / "uploads" / "cat.jpg").read_bytes() == b"\xff\xd8cat"
    tables = [(tmp_path / name / "tables") for name in ("one", "two")]
    assert {path.name: path.read_bytes() for path in tables[0].iterdir()} == {
        path.name: path.read_bytes() for path in tables[1].iterdir()
    }
    for site in (middle, new):
        assert list(offline.problems(site.data, site.address)) == []
        last, event = asyncio.run(_goes_on(site))
        assert event > last
    postgres.drop(middle.address)


async def _goes_on(site: Place) -> tuple[int, int]:
    """The last event's number before, and that of a new one."""
    desk = Desk(Store(open_database(site.data, site.address)))
    last = rows(site)[1]
    request_id = await desk.submit()
    (event,) = await desk.store.events(request_id)
    assert await desk.claim() is not None
    await desk.store.db.close()
    return last, event.seq


def test_an_archive_is_for_its_owner_only(archived: Path) -> None:
    """It holds prompts, and what signs addresses."""
    for path in (archived, archived / "tables", *(archived / "tables").iterdir()):
        assert path.stat().st_mode & 0o077 == 0 or path.is_dir()
    assert archived.stat().st_mode & 0o077 == 0


def test_without_files_only_rows_travel(filled: Place, tmp_path: Path) -> None:
    """`--no-files`, for a storage that both sites see."""
    archive.export(filled, tmp_path / "rows", with_files=False, say=quiet)
    assert not (tmp_path / "rows" / "files").exists()
    new = place(tmp_path / "new")
    archive.load(tmp_path / "rows", new, say=quiet)
    assert rows(new) == rows(filled)
    assert new.files is not None
    assert not new.files.exists()


def test_files_in_a_bucket_are_not_part_of_an_archive(filled: Place, tmp_path: Path) -> None:
    """It is said so before anything is written, on the way out and in; rows alone travel."""
    bucket = Place(filled.data, filled.address, files=None)
    with pytest.raises(ConfigError, match="--no-files"):
        archive.export(bucket, tmp_path / "whole", with_files=True, say=quiet)
    assert not (tmp_path / "whole").exists()
    archive.export(filled, tmp_path / "whole", with_files=True, say=quiet)
    new = place(tmp_path / "new")
    with pytest.raises(ConfigError, match="mutoscope storage copy"):
        archive.load(tmp_path / "whole", Place(new.data, new.address, files=None), say=quiet)
    archive.export(bucket, tmp_path / "rows", with_files=False, say=quiet)
    archive.load(tmp_path / "rows", Place(new.data, new.address, files=None), say=quiet)
    assert rows(new) == rows(filled)


def test_a_new_folder_is_never_written_over(filled: Place, archived: Path) -> None:
    """Nor is a database that holds rows."""
    with pytest.raises(ConfigError, match="exists already"):
        archive.export(filled, archived, with_files=True, say=quiet)
    before = rows(filled)
    with pytest.raises(ConfigError, match="holds rows already"):
        archive.load(archived, filled, say=quiet)
    assert rows(filled) == before


def cut(archived: Path) -> None:
    path = archived / "tables" / "requests.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def change(archived: Path) -> None:
    path = archived / "tables" / "usage.jsonl"
    path.write_bytes(path.read_bytes().replace(b"charged", b"forgave"))


def unfinished(archived: Path) -> None:
    (archived / "archive.json").unlink()


def newer(archived: Path) -> None:
    head = orjson.loads((archived / "archive.json").read_bytes())
    (archived / "archive.json").write_bytes(orjson.dumps(head | {"schema": 9999}))


def lost(archived: Path) -> None:
    (archived / "tables" / "files.jsonl").unlink()


def scrawled(archived: Path) -> None:
    (archived / "tables" / "meta.jsonl").write_bytes(b'["name","value"]\nnot json\n')


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (cut, "requests.jsonl: was changed or cut"),
        (change, "usage.jsonl: was changed or cut"),
        (unfinished, "no whole archive"),
        (newer, "this program knows"),
        (lost, "files.jsonl: is missing"),
        (scrawled, "meta.jsonl, line 2: is no JSON"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_bad_archive_is_refused_by_name_and_leaves_no_row(
    archived: Path, tmp_path: Path, damage: Any, told: str
) -> None:
    """All rows arrive, or none: the same database takes a good one afterwards."""
    damage(archived)
    new = place(tmp_path / "new")
    with pytest.raises(ConfigError, match=told):
        archive.load(archived, new, say=quiet)
    if new.data.exists():
        database = sqlite3.connect(new.data / "mutoscope.db")
        assert database.execute("select count(*) from accounts").fetchone() == (0,)
        database.close()


@pytest.mark.slow
def test_a_bad_archive_leaves_no_row_in_postgresql_either(archived: Path, postgres: Server, tmp_path: Path) -> None:
    """The damage is found in the last table; the first ones are taken back."""
    change(archived)
    new = place(tmp_path / "new", postgres.database())
    with pytest.raises(ConfigError, match=r"usage\.jsonl"):
        archive.load(archived, new, say=quiet)
    with psycopg.connect(new.address) as connection:
        assert connection.execute("select count(*) from requests").fetchone() == (0,)
    with pytest.raises(ConfigError, match=r"postgresql://127\.0\.0\.1"):
        archive.export(place(tmp_path, "postgresql://127.0.0.1:1/x"), tmp_path / "y", with_files=True, say=quiet)
    assert pgschema.conninfo(new.address)
    postgres.drop(new.address)
