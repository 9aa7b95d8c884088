"""The life of a request on a real store and a real folder, without HTTP."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import dataclasses
import io
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from mutoscope import intake, lifecycle, retention
from mutoscope.catalog import Catalog
from mutoscope.engines.testcard import Testcard
from mutoscope.errors import BadRequest, Conflict, EngineUnavailable, InvalidInput, LeaseLost, NotFound, StorageFull
from mutoscope.jobs import State
from mutoscope.media.sandbox import Prober
from mutoscope.protocol import Finish, Stored
from mutoscope.site import Limits, Site
from mutoscope.storage.local import LocalStorage
from mutoscope.storage.sign import Signer
from mutoscope.store.records import Caller
from mutoscope.store.sqlite import Sqlite
from mutoscope.store.store import Store
from mutoscope.store.values import Filter, Held, Submitted
from tests import sqlite

pytestmark = pytest.mark.anyio

ALICE = Caller("key-alice", "account-alice", frozenset({"run"}))
BOB = Caller("key-bob", "account-bob", frozenset({"run"}))
BASE = "http://127.0.0.1:8000"
MODEL = "studio/collage"
OTHER_MODEL = "studio/mosaic"
MANIFEST = {
    "manifest": 1,
    "id": MODEL,
    "kind": "model",
    "author": "Studio",
    "name": {"en": "Collage"},
    "description": {"en": "For tests."},
    "categories": ["image-to-video"],
    "input_schema": {
        "type": "object",
        "title": "Input",
        "required": ["caption"],
        "properties": {
            "caption": {"title": "Caption", "type": "string", "default": "An example."},
            "frames": {"title": "Frames", "type": "integer", "default": 8},
            "seed": {"title": "Seed", "type": "integer", "default": -1},
            "pictures": {
                "title": "Pictures",
                "type": "array",
                "format": "image_uris",
                "items": {"type": "string", "format": "image_uri"},
                "maxItems": 3,
                "default": [],
                "validations": [
                    {"validation_rule": "width_pixels<=", "validation_value": 64, "validation_error": "Too wide."}
                ],
            },
        },
    },
    "output": {"produces": "video"},
    "engine": {
        "name": "testcard",
        "inputs": {"prompt": "caption", "num_frames": "frames", "seed": "seed", "image": "pictures"},
    },
    "price": {"base_price_usd": 0.25, "unit": "second", "note": "For tests."},
    "limits": {"time_limit_s": 60, "max_attempts": 2},
}


@pytest.fixture
def anyio_backend() -> str:
    """asyncio, as in the server."""
    return "asyncio"


@pytest.fixture(scope="module")
def prober() -> Iterator[Prober]:
    """One for all: its helper takes a moment to start."""
    with contextlib.closing(Prober()) as made:
        yield made


@pytest.fixture
async def site(tmp_path: Path, prober: Prober, anyio_backend: str) -> AsyncIterator[Site]:
    """A site with the studio's two models, an empty store and an empty storage."""
    manifests = tmp_path / "manifests"
    manifests.mkdir()
    for model in (MODEL, OTHER_MODEL):
        (manifests / f"{model.rpartition('/')[2]}.yaml").write_text(yaml.safe_dump(MANIFEST | {"id": model}))
    database = sqlite.fresh(tmp_path / "mutoscope.db")
    made = Site(
        store=Store(database),
        storage=LocalStorage(tmp_path / "files"),
        catalog=Catalog.load([manifests], builtin=False),
        signer=Signer("secret"),
        prober=prober,
        limits=Limits(
            max_body_bytes=2**20,
            max_upload_bytes=2**20,
            min_free_bytes=0,
            file_url_ttl_s=60,
            lease_s=60.0,
            beat_s=3.0,
        ),
        data=tmp_path,
        public_url="",
        engines=frozenset({"testcard"}),
        worker_token="token",
    )
    yield made
    await database.close()


def picture(width_px: int = 32, *, colour: str = "red") -> str:
    """A picture as a data URI."""
    file = io.BytesIO()
    Image.new("RGB", (width_px, 32), colour).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


async def submit(
    site: Site, body: dict[str, Any] | None = None, *, who: Caller = ALICE, key: str | None = None
) -> Submitted:
    """Hand in a body for the studio's model."""
    body = {"caption": "a harbour"} if body is None else body
    return await lifecycle.submit(site, who, MODEL, body, base_url=BASE, idempotency_key=key)


async def claim(site: Site) -> Held:
    """Hand the next request to a worker."""
    assignment = await lifecycle.claim(site, "worker-1", frozenset({"testcard"}))
    assert assignment is not None
    return Held(assignment.request_id, "worker-1", assignment.attempt)


def hasty(site: Site) -> Site:
    """The same site with leases that run out at once."""
    return dataclasses.replace(site, limits=dataclasses.replace(site.limits, lease_s=0.01))


async def test_a_loaded_model_waits_for_the_worker_that_has_it(site: Site) -> None:
    """As long as that one is free and in service, and for no longer than the setting says."""
    keeping = dataclasses.replace(Testcard().capabilities(), keeps_models=True)
    site = dataclasses.replace(site, capabilities={"testcard": keeping})
    site.limits.warm_wait_s = 600.0
    engines, loaded = frozenset({"testcard"}), frozenset({MODEL})
    site.health.heard("warm", engines, loaded)
    for others in ("stays away", "waits for work"):
        first = (await submit(site)).request_id
        with contextlib.ExitStack() as stack:
            if others == "waits for work":
                stack.enter_context(site.health.waiting("warm"))
                assert await lifecycle.claim(site, "cold", engines) is None
                given = await lifecycle.claim(site, "warm", engines, warm=loaded)
            else:
                given = await lifecycle.claim(site, "cold", engines)
        assert given is not None and given.request_id == first
    last = (await submit(site)).request_id
    site.limits.warm_wait_s = 0.0
    with site.health.waiting("warm"):
        given = await lifecycle.claim(site, "cold", engines)
    assert given is not None and given.request_id == last


async def upload(site: Site, held: Held, name: str = "output.mp4", content: bytes = b"moving") -> Stored:
    """What the worker's PUT does."""
    file_id = uuid.uuid4().hex

    async def body() -> AsyncIterator[bytes]:
        yield content

    put = await site.storage.put(lifecycle.output_key(held, file_id, name), body(), limit_bytes=1000)
    return Stored(file_id, name, "video/mp4", put.size_bytes, put.sha256)


async def keys(site: Site) -> set[str]:
    """Everything in the storage."""
    return {key async for key in site.storage.keys(before_s=1e12)}


def input_rows(site: Site) -> int:
    """Rows of files that came inside a body."""
    assert isinstance(site.store.db, Sqlite)
    found = site.store.db._reader.execute("select count(*) from files where role = 'input'").fetchone()
    return int(found[0])


def completed(held: Held, *outputs: Stored, poster: Stored | None = None) -> Finish:
    """What a worker says when it made these, four seconds of video."""
    metadata = {"engine": "testcard", "media": {"duration_s": 4.0}, "timings": {"engine_s": 1.5}}
    return Finish(held.attempt, "completed", outputs=outputs, poster=poster, metadata=metadata)


# -- accept -------------------------------------------------------------------------------------------------------


async def test_an_accepted_request_is_complete(site: Site) -> None:
    """Defaults are filled, unknown keys listed, limits and price taken from the manifest, a seed drawn."""
    submitted = await submit(site, {"caption": "a harbour", "colour": "red"})
    job = await site.store.job(submitted.request_id, ALICE.account_id)
    assert job.inputs == {"caption": "a harbour", "frames": 8, "seed": -1}
    assert job.ignored_inputs == ("colour",)
    assert (job.max_attempts, job.time_limit_s, job.key_id) == (2, 60, ALICE.key_id)
    assert 0 <= job.seed <= lifecycle.LARGEST_SEED


@pytest.mark.parametrize(("given", "used"), [(0, 0), (7, 7), (7.0, 7), (2**31, 0), (2**31 + 5, 5)])
async def test_a_seed_that_was_given_is_used(site: Site, given: float, used: int) -> None:
    """Also zero; one that is too large is folded into the range."""
    submitted = await submit(site, {"caption": "x", "seed": given})
    assert (await site.store.job(submitted.request_id, ALICE.account_id)).seed == used


async def test_two_requests_draw_two_seeds(site: Site) -> None:
    """Minus one asks for a new one."""
    ids = [(await submit(site, {"caption": "x", "seed": -1})).request_id for _ in range(2)]
    seeds = {(await site.store.job(request_id, ALICE.account_id)).seed for request_id in ids}
    assert len(seeds) == 2


async def test_what_cannot_be_accepted_leaves_nothing(site: Site) -> None:
    """A model nobody has, a body that does not fit, an engine that is missing, a server that is stopping."""
    with pytest.raises(NotFound):
        await lifecycle.submit(site, ALICE, "studio/nothing", {}, base_url=BASE)
    with pytest.raises(InvalidInput, match="caption"):
        await submit(site, {"frames": 8})
    with pytest.raises(EngineUnavailable, match="`testcard`, which is not set up"):
        await submit(dataclasses.replace(site, engines=frozenset()))
    with pytest.raises(StorageFull, match="accepts no new work"):
        await submit(dataclasses.replace(site, limits=dataclasses.replace(site.limits, min_free_bytes=2**60)))
    site.health.draining = True
    with pytest.raises(EngineUnavailable, match="stopping"):
        await submit(site)
    assert await site.store.jobs(ALICE.account_id, Filter()) == []


async def test_an_idempotency_key_is_good_for_one_body_and_one_model(site: Site) -> None:
    """The order of a body's keys does not matter; anything else that differs does."""
    first = await submit(site, {"caption": "x", "frames": 8}, key="order-7")
    assert not first.replayed
    again = await submit(site, {"frames": 8, "caption": "x"}, key="order-7")
    assert (again.request_id, again.replayed) == (first.request_id, True)
    with pytest.raises(InvalidInput, match="used before with another model or body"):
        await submit(site, {"caption": "x", "frames": 9}, key="order-7")
    with pytest.raises(InvalidInput, match="used before with another model or body"):
        await lifecycle.submit(site, ALICE, OTHER_MODEL, {"caption": "x"}, base_url=BASE, idempotency_key="order-7")
    assert not (await submit(site, who=BOB, key="order-7")).replayed


async def test_a_picture_in_the_body_becomes_a_file(site: Site) -> None:
    """The request names it by its id; its bytes are in the storage; the worker is told where to fetch it."""
    submitted = await submit(site, {"caption": "x", "pictures": [picture(), picture(colour="blue")]})
    files = await site.store.files_of(submitted.request_id)
    job = await site.store.job(submitted.request_id, ALICE.account_id)
    assert sorted(job.inputs["pictures"]) == sorted(f"mutoscope-file:{file.id}" for file in files)
    assert {file.key for file in files} == await keys(site)
    assert {(file.role, file.media_type, file.info["width_px"]) for file in files} == {("input", "image/png", 32)}
    assignment = await lifecycle.claim(site, "worker-1", frozenset({"testcard"}))
    assert assignment is not None
    assert [(file.path, file.parameter, file.stored) for file in assignment.files] == [
        ("pictures[0]", "image", True),
        ("pictures[1]", "image", True),
    ]


async def test_a_refused_body_keeps_none_of_its_pictures(site: Site) -> None:
    """Every problem is named, and the good picture beside the bad ones is gone."""
    with pytest.raises(InvalidInput) as caught:
        await submit(site, {"caption": "x", "pictures": [picture(), picture(65), "data:image/png;base64,AAAA"]})
    assert [problem.path for problem in caught.value.problems] == ["pictures[1]", "pictures[2]"]
    assert await keys(site) == set()
    assert input_rows(site) == 0


async def test_of_submits_with_the_same_key_one_keeps_its_pictures(site: Site) -> None:
    """Five at the same moment, each with its own copy of the picture."""
    body = {"caption": "x", "pictures": [picture()]}
    answers = await asyncio.gather(*(submit(site, body, key="order-7") for _ in range(5)))
    assert len({answer.request_id for answer in answers}) == 1
    (file,) = await site.store.files_of(answers[0].request_id)
    assert await keys(site) == {file.key}


async def test_a_full_database_keeps_no_pictures_either(site: Site) -> None:
    """The caller is told 507, and nothing is left of the attempt."""
    database = site.store.db
    assert isinstance(database, Sqlite)
    body = {"caption": "x" * 60_000, "pictures": [picture(), picture(colour="blue")]}
    pages = int(database._writer.execute("pragma page_count").fetchone()[0])
    database._writer.execute(f"pragma max_page_count = {pages + 4}")
    with pytest.raises(StorageFull):
        await submit(site, body)
    assert await keys(site) == set()
    assert input_rows(site) == 0
    assert await site.store.jobs(ALICE.account_id, Filter()) == []
    database._writer.execute(f"pragma max_page_count = {pages + 1000}")
    assert not (await submit(site, body)).replayed


async def test_a_full_storage_keeps_no_pictures_of_a_request(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first picture fits, the second does not."""
    stored = 0
    put = site.storage.put

    async def small(key: str, chunks: AsyncIterator[bytes], *, limit_bytes: int) -> Any:
        nonlocal stored
        stored += 1
        if stored > 1:
            raise StorageFull
        return await put(key, chunks, limit_bytes=limit_bytes)

    monkeypatch.setattr(site.storage, "put", small)
    with pytest.raises(StorageFull):
        await submit(site, {"caption": "x", "pictures": [picture(), picture(colour="blue")]})
    assert await keys(site) == set()
    assert input_rows(site) == 0


# -- hand out -----------------------------------------------------------------------------------------------------


async def test_an_assignment_speaks_the_engines_words(site: Site) -> None:
    """Parameters by the engine's names, the seed apart, times as durations."""
    await submit(site, {"caption": "a harbour", "seed": 7})
    assignment = await lifecycle.claim(site, "worker-1", frozenset({"testcard"}))
    assert assignment is not None
    assert assignment.parameters == {"prompt": "a harbour", "num_frames": 8}
    assert (assignment.seed, assignment.attempt, assignment.engine) == (7, 1, "testcard")
    assert (assignment.time_limit_s, assignment.lease_s, assignment.beat_s) == (60, 60.0, 3.0)
    assert assignment.files == ()


async def test_nothing_is_handed_out_to_the_wrong_worker_or_at_the_wrong_time(site: Site) -> None:
    """A worker without the engine, and any worker of a server that is stopping."""
    await submit(site)
    assert await lifecycle.claim(site, "worker-1", frozenset({"parallax"})) is None
    site.health.draining = True
    with pytest.raises(EngineUnavailable, match="stopping"):
        await lifecycle.claim(site, "worker-1", frozenset({"testcard"}))


# -- settle -------------------------------------------------------------------------------------------------------


async def test_a_completed_request_has_its_result_its_files_and_its_charge(site: Site) -> None:
    """Four seconds at 0.25 dollars."""
    request_id = (await submit(site, {"caption": "x", "colour": "red", "seed": 7})).request_id
    held = await claim(site)
    output, poster = await upload(site, held), await upload(site, held, "poster.jpg")
    await lifecycle.settle(site, held, completed(held, output, poster=poster))
    job = await site.store.job(request_id, ALICE.account_id)
    assert job.state is State.COMPLETED
    assert job.result is not None
    assert (job.result["outputs"], job.result["poster"]) == ([output.file_id], poster.file_id)
    assert job.result["metadata"]["seed"] == 7
    assert job.result["metadata"]["ignored_inputs"] == ["colour"]
    assert job.result["metadata"]["timings"].keys() == {"queued_s", "engine_s", "total_s"}
    assert job.cost_microusd == 1_000_000
    files = await site.store.files_of(request_id)
    assert {file.id for file in files} == {output.file_id, poster.file_id}
    assert {file.key for file in files} == await keys(site)
    usage, total = await site.store.usage(ALICE.account_id, from_ms=None, to_ms=None, limit=9)
    assert [(row.state, row.quantity, row.unit) for row in usage] == [("charged", 4.0, "second")]
    assert total == 1_000_000


async def test_what_lost_attempts_uploaded_is_removed_at_the_end(site: Site) -> None:
    """And what the winning attempt uploaded twice, because an answer was lost on the way."""
    await submit(site)
    first = await claim(site)
    await upload(site, first)
    await site.store.retry(first, error="the worker went away", used=False)
    second = await claim(site)
    await upload(site, second)
    output = await upload(site, second)
    await lifecycle.settle(site, second, completed(second, output))
    assert await keys(site) == {lifecycle.output_key(second, output.file_id, "output.mp4")}


async def test_a_late_worker_changes_nothing(site: Site) -> None:
    """Whatever it says about its lost attempt; the winner's result and files stay as they are."""
    request_id = (await submit(site)).request_id
    slow = await claim(site)
    late = await upload(site, slow)
    await site.store.retry(slow, error="the worker was lost", used=False)
    fresh = await claim(site)
    await lifecycle.settle(site, fresh, completed(fresh, await upload(site, fresh)))
    before, stored = await site.store.job(request_id, ALICE.account_id), await keys(site)
    ends = [completed(slow, late)] + [Finish(slow.attempt, word) for word in ("failed", "retry", "released")]
    for finish in ends:
        with pytest.raises(LeaseLost):
            await lifecycle.settle(site, slow, finish)
    assert await site.store.job(request_id, ALICE.account_id) == before
    assert await keys(site) == stored


async def test_saying_it_twice_is_refused_and_harmless(site: Site) -> None:
    """The first finish was committed and its answer lost: the second one meets a request that is not its own."""
    request_id = (await submit(site)).request_id
    held = await claim(site)
    finish = completed(held, await upload(site, held))
    await lifecycle.settle(site, held, finish)
    before, stored = await site.store.job(request_id, ALICE.account_id), await keys(site)
    with pytest.raises(LeaseLost):
        await lifecycle.settle(site, held, finish)
    assert await site.store.job(request_id, ALICE.account_id) == before
    assert await keys(site) == stored
    assert await site.store.usage(ALICE.account_id, from_ms=None, to_ms=None, limit=0) == ([], 1_000_000)


async def test_a_worker_is_not_believed_about_files_it_did_not_upload(site: Site) -> None:
    """No output, an invented one, one of another size, one of another attempt: the request stays open."""
    request_id = (await submit(site)).request_id
    first = await claim(site)
    other = await upload(site, first)
    await site.store.retry(first, error="the worker went away", used=False)
    held = await claim(site)
    real = await upload(site, held)
    for wrong in (
        completed(held),
        completed(held, Stored("invented", "output.mp4", "video/mp4", 6, "")),
        completed(held, dataclasses.replace(real, size_bytes=7)),
        completed(held, other),
        completed(held, real, poster=other),
    ):
        with pytest.raises(BadRequest):
            await lifecycle.settle(site, held, wrong)
    assert (await site.store.job(request_id, ALICE.account_id)).state is State.IN_PROGRESS
    await lifecycle.settle(site, held, completed(held, real))


@pytest.mark.parametrize("outcome", ["failed", "retry"])
async def test_a_failed_request_keeps_no_outputs(site: Site, outcome: Any) -> None:
    """For good at once, or after the last attempt; its inputs stay until it is deleted."""
    request_id = (await submit(site, {"caption": "x", "pictures": [picture()]})).request_id
    await claim(hasty(site))
    await asyncio.sleep(0.02)
    assert await lifecycle.sweep(site) == 1
    held = await claim(site)
    await upload(site, held)
    await lifecycle.settle(site, held, Finish(held.attempt, outcome, error="out of memory"))
    job = await site.store.job(request_id, ALICE.account_id)
    assert job.state is State.FAILED
    assert job.error is not None
    assert job.error.startswith("out of memory")
    (file,) = await site.store.files_of(request_id)
    assert file.role == "input"
    assert await keys(site) == {file.key}


# -- take back ----------------------------------------------------------------------------------------------------


async def test_a_cancelled_request_keeps_no_outputs(site: Site) -> None:
    """Nor does one that is cancelled while the worker uploads: the upload finds its lease gone."""
    request_id = (await submit(site)).request_id
    held = await claim(site)
    await upload(site, held)
    assert await lifecycle.cancel(site, ALICE, request_id) == (State.IN_PROGRESS, False)
    assert await lifecycle.cancel(site, ALICE, request_id, running=True) == (State.CANCELLED, True)
    assert await keys(site) == set()
    with pytest.raises(LeaseLost):
        await site.store.held_by(held)


async def test_a_deleted_request_takes_its_files_along(site: Site) -> None:
    """Inputs and outputs; not before it is finished, and not for a stranger."""
    request_id = (await submit(site, {"caption": "x", "pictures": [picture()]})).request_id
    held = await claim(site)
    with pytest.raises(Conflict):
        await lifecycle.delete(site, ALICE, request_id)
    await lifecycle.settle(site, held, completed(held, await upload(site, held)))
    with pytest.raises(NotFound):
        await lifecycle.delete(site, BOB, request_id)
    assert len(await keys(site)) == 2
    await lifecycle.delete(site, ALICE, request_id)
    assert await keys(site) == set()
    assert await site.store.files_of(request_id) == []
    assert len((await site.store.usage(ALICE.account_id, from_ms=None, to_ms=None, limit=9))[0]) == 1


# -- what is left behind ------------------------------------------------------------------------------------------


async def test_the_sweeper_clears_up_after_the_last_lost_worker(site: Site) -> None:
    """Two attempts, two lost workers, no files left."""
    request_id = (await submit(site)).request_id
    for _ in range(2):
        await upload(site, await claim(hasty(site)))
        await asyncio.sleep(0.02)
        assert await lifecycle.sweep(site) == 1
    assert await lifecycle.sweep(site) == 0
    assert (await site.store.job(request_id, ALICE.account_id)).state is State.FAILED
    assert await keys(site) == set()


async def test_the_collector_removes_what_a_crash_left_and_nothing_else(site: Site) -> None:
    """Bytes without a row, of a finished, a deleted and a never accepted request; what is shown or runs stays."""
    finished = (await submit(site, {"caption": "x", "pictures": [picture()]})).request_id
    held = await claim(site)
    await lifecycle.settle(site, held, completed(held, await upload(site, held)))
    running = (await submit(site)).request_id
    held_now = await claim(site)
    await upload(site, held_now)
    wanted = await keys(site)
    assert len(wanted) == 3

    async def leave(key: str) -> None:
        async def body() -> AsyncIterator[bytes]:
            yield b"left behind"

        await site.storage.put(key, body(), limit_bytes=100)

    await upload(site, held)  # a second copy that was never noted
    await upload(site, Held("deleted-request", "worker-1", 1))
    await leave("uploads/never-noted/cat.jpg")
    lost = dataclasses.replace((await site.store.files_of(finished))[0], id="lost", request_id="never-accepted")
    await site.store.add_file(dataclasses.replace(lost, role="input", key="inputs/lost/input.png"))
    await leave("inputs/lost/input.png")

    assert await retention.collect(site, before_s=0.0) == 0
    assert await retention.collect(site, before_s=1e12) == 4
    assert await keys(site) == wanted
    assert await site.store.files_of("never-accepted") == []
    assert (await site.store.job(running, ALICE.account_id)).state is State.IN_PROGRESS
    assert await retention.collect(site, before_s=1e12) == 0


async def test_a_request_handed_back_after_its_model_left_is_failed(site: Site) -> None:
    """In the queue nobody would ever take it."""
    submitted = await submit(site)
    await claim(hasty(site))
    bare = dataclasses.replace(site, catalog=Catalog([]))
    await asyncio.sleep(0.05)

    await lifecycle.sweep(bare)

    job = await site.store.job(submitted.request_id, ALICE.account_id)
    assert (job.state, job.error) == (State.FAILED, f"{MODEL} is not offered by this server any more")


@pytest.mark.parametrize("host", ["http://localhost:8000", "https://video.example/below"])
async def test_our_signature_is_ours_under_any_name_of_this_server(site: Site, host: str) -> None:
    """Uploaded to `localhost`, named to `127.0.0.1`; without the signature it is somebody else's address."""
    content = base64.b64decode(picture().partition(",")[2])
    file = await intake.store_bytes(site, ALICE.account_id, content, name="a.png", role="upload", request_id=None)
    signed = host + site.signer.path(file.id, file.name, expires_s=60)

    submitted = await submit(site, {"caption": "x", "pictures": [signed, signed.partition("?")[0]]})

    job = await site.store.job(submitted.request_id, ALICE.account_id)
    assert job.inputs["pictures"] == [intake.STORED + file.id, signed.partition("?")[0]]
