"""A job of a RunPod serverless worker: what it is handed, and what becomes of what it hands back.

Such a worker runs a handler of its own and knows nothing of our protocol, so the server does for it what a worker of
ours does for itself: it fetches and measures the inputs, and brings the outputs home through `net`. Claim, lease and
end are those of every request; a job's id says which attempt it is, so that a worker that lost its lease changes
nothing. Addresses: `server.dialects.runpod`.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from mutoscope import intake, lifecycle, net
from mutoscope.catalog import Model
from mutoscope.errors import EngineError, LeaseLost, MediaError, MutoscopeError, NotFound
from mutoscope.jobs import Job
from mutoscope.media import found
from mutoscope.media.datauri import DOWNLOAD_LIMITS
from mutoscope.media.found import Found
from mutoscope.media.probe import MediaInfo
from mutoscope.performing import check_input, media_of
from mutoscope.protocol import Assignment, Finish, InputFile, Stored
from mutoscope.runpod.setup import ENGINE, read
from mutoscope.runpod.words import progress_of, said
from mutoscope.site import Site
from mutoscope.store.records import File
from mutoscope.store.values import Held

FETCH_S = 60.0
"""What all inputs together may take: the worker waits for its answer meanwhile, and not for ever."""
OUTPUT_S = 500.0
"""Less than the SDK waits for its answer."""
OUTPUT_BYTES = 4 << 30
MOST_PIECES = 256
"""Pieces with files that one job may stream."""
TOLD_BYTES = 8192
NOTE = "runpod"
"""Where in a request's memo our own part is."""
_JOB_ID = re.compile(r"([0-9a-f-]{32,36})\.([1-9][0-9]{0,8})")


def job_id(assignment: Assignment) -> str:
    """What a worker knows the attempt by."""
    return f"{assignment.request_id}.{assignment.attempt}"


def held(worker_id: str, job: str) -> Held:
    """The attempt that a worker speaks of. Raises NotFound for what is no job of ours."""
    match = _JOB_ID.fullmatch(job)
    if match is None:
        raise NotFound("no such job")
    return Held(match[1], worker_id, int(match[2]))


# -- hand over ----------------------------------------------------------------------------------------------------


async def claim(site: Site, worker_id: str, endpoint: str) -> Assignment | None:
    """The next request for the workers of this endpoint. Raises NotFound when no model is theirs."""

    def is_theirs(model: Model) -> bool:
        return model.engine == ENGINE and read(model.engine_settings).endpoint == endpoint

    if not any(map(is_theirs, site.catalog.all_runnable)):
        raise NotFound(f"no model has the engine {ENGINE} with the endpoint {endpoint!r}")
    return await lifecycle.claim(
        site, worker_id, frozenset({ENGINE}), serves=is_theirs, lease_s=site.limits.runpod_lease_s
    )


async def prepared(site: Site, held: Held, assignment: Assignment, *, base_url: str) -> dict[str, Any] | None:
    """The job's input, with an address of ours for each file. None: it failed, and the request knows why."""
    try:
        async with _kept(site, held):
            account_id = await site.store.held_by(held)
            addresses = await _addresses(site, account_id, assignment, base_url=base_url)
    except MediaError as exc:
        await lifecycle.settle(site, held, _failure(held, exc, code="media"))
        return None
    return {**read(assignment.settings).parameters, **assignment.parameters, **addresses}


async def _addresses(site: Site, account_id: str, assignment: Assignment, *, base_url: str) -> dict[str, Any]:
    given: dict[str, Any] = {}
    until = time.monotonic() + FETCH_S
    expires_s = int(assignment.time_limit_s + site.limits.runpod_lease_s) + 1
    fetched: dict[str, str] = {}
    for file in assignment.files:
        if file.path not in fetched:
            try:
                stored = await _at_home(site, account_id, assignment, file, until=until)
            except MediaError as exc:
                raise MediaError(exc.message, field=file.path, rule=exc.rule, retryable=exc.retryable) from exc
            fetched[file.path] = base_url + site.signer.path(stored.id, stored.name, expires_s=expires_s)
        if file.path.endswith("]"):
            given.setdefault(file.parameter, []).append(fetched[file.path])
        else:
            given[file.parameter] = fetched[file.path]
    return given


async def _at_home(site: Site, account_id: str, assignment: Assignment, file: InputFile, *, until: float) -> File:
    """An input among our files: what is not yet is fetched, held to the manifest's rules and kept with the request."""
    if file.stored:
        return await site.store.file(file.url.rpartition("/")[2])
    if file.kind == "weights":
        raise MediaError("weights are not handed on to RunPod's workers", rule="kind")
    left_s = until - time.monotonic()
    if left_s <= 0:
        raise MediaError(f"the files did not arrive within {FETCH_S:g} s", rule="timeout", retryable=True)
    policy = _policy(site, min(DOWNLOAD_LIMITS[file.kind], site.limits.max_upload_bytes), left_s)
    with tempfile.TemporaryDirectory(prefix="mutoscope-runpod-") as folder:
        path = Path(folder) / "file"
        await net.fetch(file.url, path, policy)
        check_input(file, await intake.examined(site, account_id, path))
        return await intake.store_file(
            site, account_id, path, name="input", role="input", request_id=assignment.request_id
        )


# -- bring home ---------------------------------------------------------------------------------------------------


async def told(site: Site, held: Held, news: Any) -> None:
    """Note how far a handler says it is. Raises LeaseLost."""
    job = await _job(site, held)
    fraction, words = progress_of(news)
    await site.store.beat(
        held,
        lease_ms=_lease_ms(site),
        progress=max(job.progress, fraction),
        stage=words[:80] or job.stage,
        log=[words[:500]] if words else [],
    )


async def beat(site: Site, held: Held) -> None:
    """Keep the lease. Raises LeaseLost."""
    job = await _job(site, held)
    await site.store.beat(held, lease_ms=_lease_ms(site), progress=job.progress, stage=job.stage)


async def piece(site: Site, held: Held, output: Any) -> None:
    """One piece of what a generator yields: kept while it holds files, else told as progress. Raises LeaseLost."""
    if not found.find(output):
        return await told(site, held, output)
    job = await _job(site, held)
    number = _pieces(job, held) + 1
    if number > MOST_PIECES:
        raise MediaError(f"more than {MOST_PIECES} pieces with files; at most that many are accepted")
    written = orjson.dumps(output)
    key = _piece_key(held, number)
    await site.storage.delete(key)  # of a call that was cut off before it was counted
    await site.storage.put(key, _once(written), limit_bytes=len(written))
    await site.store.remember(held, {NOTE: {"attempt": held.attempt, "pieces": number}})
    return None


def _pieces(job: Job, held: Held) -> int:
    """How many pieces of this attempt are kept."""
    note = job.memo.get(NOTE, {})
    return int(note["pieces"]) if note.get("attempt") == held.attempt else 0


def _piece_key(held: Held, number: int) -> str:
    return lifecycle.output_key(held, f"piece-{number:04d}", "output.json")


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _streamed(site: Site, job: Job, held: Held) -> list[Any]:
    pieces = []
    for number in range(1, _pieces(job, held) + 1):
        written = b"".join([chunk async for chunk in await site.storage.open(_piece_key(held, number))])
        pieces.append(orjson.loads(written))
    return pieces


async def end(site: Site, held: Held, result: Mapping[str, Any]) -> tuple[Job, Finish]:
    """The end of a job in the words of its handler: `output` or `error`. Raises LeaseLost."""
    job = await _job(site, held)
    if error := result.get("error"):
        finish = Finish(held.attempt, "failed", error=said(error), code="engine")
        return await lifecycle.settle(site, held, finish), finish
    made: list[Stored] = []
    try:
        async with _kept(site, held):
            finish = await _brought_home(site, job, held, result.get("output"), made)
    except (MediaError, EngineError) as exc:
        finish = _failure(held, exc, code="engine")
    try:
        return await lifecycle.settle(site, held, finish), finish
    except LeaseLost:
        for stored in made:
            await site.storage.delete(lifecycle.output_key(held, stored.file_id, stored.name))
        raise


async def _brought_home(site: Site, job: Job, held: Held, output: Any, made: list[Stored]) -> Finish:
    """Every file of the model's kind in what was returned, or else in what was streamed."""
    model = site.catalog.runnable(job.model_id)
    where = read(model.engine_settings).output
    named = found.find(found.at(output, where), f"output.{where}" if where else "output")
    if not named:
        pieces = await _streamed(site, job, held)
        named = tuple(one for piece in pieces for one in found.find(found.at(piece, where)))
    site.check_room()
    infos: list[MediaInfo] = []
    refused: MediaError | None = None
    for one in named:
        with tempfile.TemporaryDirectory(prefix="mutoscope-runpod-") as folder:
            path = Path(folder) / "file"
            try:
                info = await _measured(site, job, one, path)
            except MediaError as exc:
                refused = refused or MediaError(exc.message, field=one.path, retryable=exc.retryable)
                continue
            if info.kind == model.produces:
                made.append(await _stored(site, held, path, info, number=len(infos) + 1))
                infos.append(info)
        if infos and not model.many:
            break
    if not infos:
        raise refused or EngineError(
            f"the worker returned no {model.produces}: an address, a data URI or base64 is accepted"
            + (f", at output.{where}" if where else "")
        )
    now_ms = await site.store.now_ms()
    return Finish(
        held.attempt,
        "completed",
        outputs=tuple(made),
        metadata={
            "engine": ENGINE,
            "engine_version": "",
            "plan": {"applied": [], "ignored": []},
            "media": media_of(infos, made),
            **_besides(output),
            "timings": {"engine_s": max(0, now_ms - (job.started_ms or now_ms)) / 1000},
        },
    )


async def _measured(site: Site, job: Job, one: Found, path: Path) -> MediaInfo:
    if one.address:
        await net.fetch(one.address, path, _policy(site, OUTPUT_BYTES, OUTPUT_S))
    else:
        await asyncio.to_thread(path.write_bytes, one.content)
    return await intake.examined(site, job.account_id, path)


async def _stored(site: Site, held: Held, path: Path, info: MediaInfo, *, number: int) -> Stored:
    file_id = uuid.uuid4().hex
    name = f"output-{number}.{intake.EXTENSIONS.get(info.format, info.format)}"
    key = lifecycle.output_key(held, file_id, name)
    put = await site.storage.put(key, intake.chunks_of(path), limit_bytes=OUTPUT_BYTES)
    return Stored(file_id, name, info.media_type, put.size_bytes, put.sha256)


def _besides(output: Any) -> dict[str, Any]:
    """What else a handler returned, as the result's metadata tells it; nothing when that is long."""
    rest = found.without(output) if isinstance(output, dict) else None
    return {"told": rest} if rest and len(orjson.dumps(rest)) <= TOLD_BYTES else {}


# -- the lease ----------------------------------------------------------------------------------------------------


async def _job(site: Site, held: Held) -> Job:
    """The request of an attempt that still counts. Raises LeaseLost."""
    return await site.store.job(held.request_id, await site.store.held_by(held))


async def lost(site: Site, held: Held) -> None:
    """A worker has ended a job without a word, or its word did not arrive: another attempt, if it is still its own."""
    with contextlib.suppress(LeaseLost):
        finish = Finish(held.attempt, "retry", error="the worker ended the job without a result", code="worker")
        await lifecycle.settle(site, held, finish)


async def release(site: Site, held: Held) -> None:
    """Back to the queue: the worker never got it."""
    with contextlib.suppress(LeaseLost):
        await lifecycle.settle(site, held, Finish(held.attempt, "released"))


def _failure(held: Held, exc: MediaError | EngineError, *, code: str) -> Finish:
    return Finish(held.attempt, "retry" if exc.retryable else "failed", error=exc.message, code=code)


@contextlib.asynccontextmanager
async def _kept(site: Site, held: Held) -> AsyncIterator[None]:
    """The lease is kept within the block, whatever the worker does; the block ends when it is lost."""

    async def keep() -> None:
        while True:
            await asyncio.sleep(site.limits.runpod_lease_s / 3)
            with contextlib.suppress(LeaseLost):  # what is written in the end is fenced
                await beat(site, held)

    beating = asyncio.create_task(keep())
    try:
        yield
    finally:
        beating.cancel()
        with contextlib.suppress(asyncio.CancelledError, MutoscopeError):
            await beating


def _lease_ms(site: Site) -> int:
    return int(site.limits.runpod_lease_s * 1000)


def _policy(site: Site, limit_bytes: int, limit_s: float) -> net.Policy:
    return replace(net.Policy(max_bytes=limit_bytes, total_timeout_s=limit_s), allow=site.webhook_to.allow)
