"""What is old enough goes, what is needed stays, and what it cost stays in any case."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import dataclasses
import sqlite3
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mutoscope import intake, lifecycle, retention
from mutoscope.errors import Expired, NotFound
from mutoscope.jobs import State
from mutoscope.protocol import Finish, Stored
from mutoscope.retention import Keep, Retention
from mutoscope.server.outputs import output_of
from mutoscope.site import Site
from mutoscope.storage import address
from mutoscope.store.records import File
from mutoscope.store.sqlite import Sqlite
from mutoscope.store.values import Held
from tests.radosgw import Gateway
from tests.unit.test_lifecycle import ALICE, BASE, MODEL, anyio_backend, picture, prober, site

__all__ = ["anyio_backend", "prober", "site"]

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

OLD_S = 3600
"""Everything is older than an hour here, or it is young."""
TIMES = {
    "requests": ("created_ms", "started_ms", "finished_ms"),
    "files": ("created_ms",),
    "events": ("at_ms",),
    "webhook_deliveries": ("created_ms", "due_ms", "finished_ms"),
}


def age(site: Site) -> None:
    """Two hours pass for all that was made up to here."""
    assert isinstance(site.store.db, Sqlite)
    with contextlib.closing(sqlite3.connect(site.store.db.path)) as file, file:
        for table, columns in TIMES.items():
            changes = ", ".join(f"{column} = {column} - {2 * OLD_S * 1000}" for column in columns)
            file.execute(f"update {table} set {changes}")


async def submit(site: Site, **inputs: Any) -> str:
    body = {"caption": "PLANTED words", **inputs}
    return (await lifecycle.submit(site, ALICE, MODEL, body, base_url=BASE)).request_id


async def claim(site: Site) -> Held:
    found = await lifecycle.claim(site, "w1", frozenset({"testcard"}))
    assert found is not None
    return Held(found.request_id, "w1", found.attempt)


async def complete(site: Site, held: Held) -> Stored:
    """End an attempt with one film of a few bytes."""

    async def content() -> AsyncIterator[bytes]:
        yield b"film"

    file_id = uuid.uuid4().hex
    key = lifecycle.output_key(held, file_id, "output.mp4")
    put = await site.storage.put(key, content(), limit_bytes=100)
    stored = Stored(file_id, "output.mp4", "video/mp4", put.size_bytes, put.sha256)
    metadata = {"plan": {"applied": ["PLANTED"], "ignored": []}, "engine": "testcard", "media": {"duration_s": 1.0}}
    await lifecycle.settle(site, held, Finish(held.attempt, outcome="completed", outputs=(stored,), metadata=metadata))
    return stored


async def finished(site: Site, **inputs: Any) -> tuple[str, Stored]:
    request_id = await submit(site, **inputs)
    return request_id, await complete(site, await claim(site))


async def stored_keys(site: Site) -> set[str]:
    return {key async for key in site.storage.keys(before_s=1e12)}


async def test_by_default_nothing_goes(site: Site) -> None:
    """Results are kept until somebody deletes them."""
    await finished(site)
    age(site)
    assert await Retention(site, Keep()).run() == {}


async def test_an_old_request_goes_with_all_that_is_its_own(site: Site) -> None:
    """Rows, files and events; what it cost stays on record."""
    old, _ = await finished(site, pictures=[picture(10)])
    age(site)
    young, _ = await finished(site)

    assert await Retention(site, Keep(requests_s=OLD_S)).run() == {"requests": 1}

    with pytest.raises(NotFound):
        await site.store.job(old, ALICE.account_id)
    assert await site.store.events(old) == []
    assert not [key for key in await stored_keys(site) if old in key or key.startswith("inputs/")]
    assert (await site.store.job(young, ALICE.account_id)).state is State.COMPLETED
    rows, _ = await site.store.usage(ALICE.account_id, from_ms=None, to_ms=None, limit=10)
    assert {row.request_id: row.cost_microusd for row in rows}[old] == 250_000


async def test_an_old_output_goes_and_what_it_was_stays_told(site: Site) -> None:
    """410 instead of an address that leads nowhere."""
    request_id, stored = await finished(site)
    age(site)

    keeper = Retention(site, Keep(outputs_s=OLD_S))
    assert await keeper.run() == {"outputs": 1}

    job = await site.store.job(request_id, ALICE.account_id)
    assert job.state is State.COMPLETED
    assert job.result is not None
    assert job.result["metadata"]["engine"] == "testcard"
    with pytest.raises(Expired):
        await output_of(site, job, BASE)
    with pytest.raises(NotFound):
        await site.store.file(stored.file_id)
    assert await stored_keys(site) == set()
    assert await keeper.run() == {}


async def test_old_inputs_go_with_every_word_of_them(site: Site) -> None:
    """The body, the files in it, and the plan, which quotes the prompt; the output stays."""
    request_id, stored = await finished(site, pictures=[picture(10)])
    age(site)

    assert await Retention(site, Keep(inputs_s=OLD_S)).run() == {"inputs": 1}

    job = await site.store.job(request_id, ALICE.account_id)
    assert job.inputs == {}
    assert "PLANTED" not in str(job)
    assert (await site.store.file(stored.file_id)).size_bytes == 4
    assert {key.split("/")[0] for key in await stored_keys(site)} == {"outputs"}


async def upload(site: Site) -> File:
    """A picture of Alice's."""
    content = base64.b64decode(picture(10).partition(",")[2])
    return await intake.store_bytes(site, ALICE.account_id, content, name="a.png", role="upload", request_id=None)


async def test_an_old_upload_goes_unless_a_request_that_waits_needs_it(site: Site) -> None:
    """Also an output that is the input of the next request stays until that has ended."""
    needed, idle = await upload(site), await upload(site)
    first, output = await finished(site)
    waiting = await submit(site, pictures=[f"{BASE}/v1/files/{needed.id}/a.png"])
    following = await submit(site, caption=f"mutoscope-file:{output.file_id}")
    age(site)
    keeper = Retention(site, Keep(uploads_s=OLD_S, outputs_s=OLD_S, requests_s=OLD_S))

    assert await keeper.run() == {"uploads": 1}

    with pytest.raises(NotFound):
        await site.store.file(idle.id)
    assert (await site.store.file(needed.id)).id == needed.id
    assert (await site.store.job(first, ALICE.account_id)).state is State.COMPLETED
    for request_id in (waiting, following):
        await lifecycle.cancel(site, ALICE, request_id)
    assert await keeper.run() == {"uploads": 1, "requests": 1}


async def test_progress_goes_and_the_history_stays(site: Site) -> None:
    """Of requests that are finished; one that runs keeps what its followers may still ask for."""
    done = await submit(site)
    held = await claim(site)
    await site.store.beat(held, lease_ms=10_000, progress=0.5, stage="drawing", log=["a line"])
    await complete(site, held)
    running = await submit(site)
    await site.store.beat(await claim(site), lease_ms=60_000, progress=0.5, stage="drawing", log=["a line"])
    age(site)

    keeper = Retention(site, Keep(events_s=OLD_S))
    assert await keeper.run() == {"events": 2}

    assert {event.kind for event in await site.store.events(done)} == {"state"}
    assert {event.kind for event in await site.store.events(running)} == {"state", "progress", "log"}
    assert await keeper.run() == {}
    await lifecycle.cancel(site, ALICE, running, running=True)
    assert await keeper.run() == {"events": 2}


async def test_a_second_server_that_is_faster_does_no_harm(site: Site) -> None:
    """Both go through the same things at once; each goes once."""
    for _ in range(5):
        await finished(site)
    age(site)
    keep = Keep(requests_s=OLD_S, outputs_s=OLD_S, inputs_s=OLD_S)
    rounds = await asyncio.gather(*(Retention(site, keep).run() for _ in range(3)))
    assert sum(each["requests"] for each in rounds) == 5
    assert await stored_keys(site) == set()


async def test_rows_go_before_bytes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill between the two leaves bytes that nobody knows, which the collector finds; never the reverse."""
    _, stored = await finished(site)
    age(site)

    async def killed(key: str) -> None:
        raise KeyboardInterrupt(key)

    with monkeypatch.context() as patched:
        patched.setattr(site.storage, "delete", killed)
        with pytest.raises(KeyboardInterrupt):
            await Retention(site, Keep(outputs_s=OLD_S)).run()
    with pytest.raises(NotFound):
        await site.store.file(stored.file_id)
    assert len(await stored_keys(site)) == 1
    assert await retention.collect(site, before_s=1e12) == 1
    assert await Retention(site, Keep(outputs_s=OLD_S)).run() == {"outputs": 1}
    assert Path(site.data).is_dir()


async def test_a_bucket_is_tidied_as_a_folder_is(site: Site, s3: Gateway) -> None:
    """What no row knows and parts that became no file go, the output of a request stays until the request goes."""
    from mutoscope.storage.s3 import S3Storage  # noqa: PLC0415 - an extra

    storage = S3Storage(address.bucket(s3.place(), environ=s3.environment), s3.credentials)
    in_bucket = dataclasses.replace(site, storage=storage)
    request_id, stored = await finished(in_bucket)
    file = await site.store.file(stored.file_id)

    async def content() -> AsyncIterator[bytes]:
        yield b"of nobody"

    await storage.put(f"outputs/{request_id}/1/{'0' * 32}/output.mp4", content(), limit_bytes=100)
    await storage.put(f"uploads/{'0' * 32}/cat.jpg", content(), limit_bytes=100)
    assert await storage.place("outputs/r/1/a/b.mp4", size_bytes=10**8, expires_s=60)

    assert await retention.collect(in_bucket, before_s=time.time() - 3600) == 0
    assert await retention.collect(in_bucket, before_s=time.time() + 3600) == 3
    assert [key async for key in storage.keys(before_s=time.time() + 3600)] == [file.key]
    await retention.remove(in_bucket, request_id, ALICE.account_id)
    assert [key async for key in storage.keys(before_s=time.time() + 3600)] == []
    await storage.close()
