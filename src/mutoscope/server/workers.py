"""The worker protocol over HTTP; its messages are in `protocol`. Only holders of the worker token get in."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Awaitable, Callable
from fnmatch import fnmatchcase
from typing import TypeVar

import structlog
from starlette.requests import Request
from starlette.responses import Response

from mutoscope import lifecycle
from mutoscope.catalog import Model
from mutoscope.errors import BadRequest, EngineError, LeaseLost, NotFound
from mutoscope.jobs import State
from mutoscope.protocol import (
    PREVIEW_ID,
    SPOKEN,
    VERSION,
    Assignment,
    Beat,
    Check,
    CheckClaim,
    Checked,
    Claim,
    Finish,
    Lost,
    Remember,
    Stored,
    Watch,
    WithdrawalClaim,
    decode,
    encode,
)
from mutoscope.server import auth
from mutoscope.server.files import safe_name, serve, straight
from mutoscope.server.metrics import metrics_of
from mutoscope.server.wire import answer, chunks, nothing, read_json, site_of
from mutoscope.store.values import Held
from mutoscope.store.wakeups import wait

MESSAGE_BYTES = 1 << 20
LONGEST_WAIT_S = 30.0
LOOK_S = 1.0
OUTPUT_BYTES = 4 << 30
"""Largest output a worker may hand in."""
MEDIA = re.compile(r"(image|video|audio)/[a-z0-9.+-]{1,60}")
T = TypeVar("T")
log = structlog.get_logger(__name__)


async def claim(request: Request) -> Response:
    """POST /worker/v1/claim: the next piece of work, waiting for it a while if there is none."""
    site = site_of(request)
    worker_id = auth.worker(request)
    wanted = await _claimed(request)
    engines, warm, labels = frozenset(wanted.engines), frozenset(wanted.warm), frozenset(wanted.labels)
    site.health.heard(worker_id, engines, warm, wanted.versions)

    def serves(model: Model) -> bool:
        is_taken = not wanted.models or any(fnmatchcase(model.id, pattern) for pattern in wanted.models)
        return is_taken and model.of_workers.are_met(wanted.gpu_memory_gb, labels)

    def claim_one() -> Awaitable[Assignment | None]:
        return lifecycle.claim(site, worker_id, engines, serves=serves, warm=warm)

    with site.health.waiting(worker_id):
        assignment = await waited(request, claim_one, wanted.wait_s)
    return answer(encode(assignment, version=wanted.protocol)) if assignment else nothing()


async def _claimed(request: Request) -> Claim:
    """What a worker of a version that is spoken here asks for; others are told so, whatever else they say."""
    told = await read_json(request, MESSAGE_BYTES)
    spoken = told.get("protocol", VERSION) if isinstance(told, dict) else VERSION
    if isinstance(spoken, int) and spoken not in SPOKEN:
        which = "worker" if spoken < min(SPOKEN) else "server"
        raise BadRequest(
            f"this server speaks worker protocol {VERSION} and serves {min(SPOKEN)} to {VERSION}, the worker speaks "
            f"{spoken}: upgrade the {which}",
            code=400003,
        )
    try:
        return decode(Claim, told)
    except ValueError as exc:
        raise BadRequest(str(exc), code=400003) from exc


async def waited(
    request: Request, claim: Callable[[], Awaitable[Assignment | None]], wait_s: float
) -> Assignment | None:
    """What `claim` gives once it gives something, tried whenever there may be work; None after a while."""
    site = site_of(request)
    deadline = time.monotonic() + min(wait_s, LONGEST_WAIT_S)
    with site.store.wakeups.queue() as grew:
        while not await request.is_disconnected():  # a worker that hung up must not be given anything
            began = time.perf_counter()
            assignment = await claim()
            if assignment:
                metrics_of(request).claimed(time.perf_counter() - began)
            left = deadline - time.monotonic()
            if assignment or left <= 0 or site.store.wakeups.closing or site.health.draining:
                return assignment
            await wait(grew, min(left, LOOK_S))
    return None


async def beat(request: Request) -> Response:
    """POST /worker/v1/requests/{request_id}/beat: the lease is kept, the progress noted. 409: stop."""
    site = site_of(request)
    worker_id = auth.worker(request)
    told = await message(request, Beat)
    if told.shown and not PREVIEW_ID.fullmatch(told.shown):
        raise BadRequest("shown: the file_id of an uploaded preview is accepted", code=400003)
    site.health.heard(worker_id)
    await site.store.beat(
        Held(request.path_params["request_id"], worker_id, told.attempt),
        lease_ms=int(site.limits.lease_s * 1000),
        progress=min(max(told.progress, 0.0), 1.0),
        stage=told.stage[:80],
        log=[line[:500] for line in told.log[:200]],
        preview=told.shown,
    )
    return answer({})


async def watch(request: Request) -> Response:
    """POST /worker/v1/requests/{request_id}/watch: answered when the attempt has to stop (409), or in a while."""
    site = site_of(request)
    worker_id = auth.worker(request)
    told = await message(request, Watch)
    held = Held(request.path_params["request_id"], worker_id, told.attempt)
    deadline = time.monotonic() + min(told.wait_s, LONGEST_WAIT_S)
    with site.store.wakeups.requests((held.request_id,)) as changed:
        while True:
            await site.store.held_by(held)
            left = deadline - time.monotonic()
            if left <= 0 or site.store.wakeups.closing or await request.is_disconnected():
                return answer({})
            await wait(changed, min(left, LOOK_S))


async def remember(request: Request) -> Response:
    """POST /worker/v1/requests/{request_id}/remember: what the next attempt has to know, on disk when answered."""
    site = site_of(request)
    worker_id = auth.worker(request)
    told = await message(request, Remember)
    held = Held(request.path_params["request_id"], worker_id, told.attempt)
    try:
        await site.store.remember(held, told.values)
    except EngineError as exc:
        raise BadRequest(exc.message, code=400003) from exc
    return answer({})


async def put_file(request: Request) -> Response:
    """PUT /worker/v1/requests/{request_id}/files/{name}?attempt=N: one output, while the lease holds."""
    site = site_of(request)
    worker_id = auth.worker(request)
    attempt = request.query_params.get("attempt", "")
    if not (attempt.isascii() and attempt.isdigit() and len(attempt) < 10):
        raise BadRequest("attempt: the number of the attempt is accepted")
    held = Held(request.path_params["request_id"], worker_id, int(attempt))
    site.check_storage()
    await site.store.held_by(held)
    file_id, name = uuid.uuid4().hex, safe_name(request.path_params["name"])
    key = lifecycle.output_key(held, file_id, name)
    put = await site.storage.put(key, chunks(request, OUTPUT_BYTES), limit_bytes=OUTPUT_BYTES)
    try:
        await site.store.held_by(held)
    except LeaseLost:
        await site.storage.delete(key)
        raise
    return answer(encode(Stored(file_id, name, _media_type(request), put.size_bytes, put.sha256)))


def _media_type(request: Request) -> str:
    return media_type(request.headers.get("content-type", ""))


def media_type(told: str) -> str:
    """What a worker says that it made, if that is a medium."""
    return told if MEDIA.fullmatch(told) else "application/octet-stream"


async def get_file(request: Request) -> Response:
    """GET /worker/v1/files/{file_id}: a stored input; with ?redirect=1 perhaps where it is."""
    auth.worker(request)
    site = site_of(request)
    file = await site.store.file(request.path_params["file_id"])
    may_leave = site.direct != "none" and request.query_params.get("redirect") == "1"
    return (straight(site, file, 307) if may_leave else None) or await serve(request, file)


async def finish(request: Request) -> Response:
    """POST /worker/v1/requests/{request_id}/finish: how the attempt ended. 409: it no longer counts."""
    site = site_of(request)
    worker_id = auth.worker(request)
    told = await message(request, Finish)
    held = Held(request.path_params["request_id"], worker_id, told.attempt)
    try:
        job = await lifecycle.settle(site, held, told)
    except LeaseLost:
        site.withdrawals.told(held.request_id)
        raise
    metrics_of(request).settled(job, told)
    return answer({})


async def queue(request: Request) -> Response:
    """GET /worker/v1/queue: what waits and runs of each model that can be run, for whoever starts workers.

    And which of the caller's workers have a request, by their names: so it needs no memory of its own to know which of
    them are idle, and which it lost.
    """
    fleet = auth.worker(request)
    site = site_of(request)
    now_ms, load = await site.store.now_ms(), await site.store.load()
    counts = {(model_id, state): (count, oldest_ms) for model_id, state, count, oldest_ms in load}
    models = []
    for model in site.catalog.all_runnable:
        if not model.enabled or model.needs:
            continue
        waiting, oldest_ms = counts.get((model.id, State.IN_QUEUE), (0, now_ms))
        needs = {"gpu_memory_gb": model.of_workers.gpu_memory_gb, "labels": sorted(model.of_workers.labels)}
        takes = model.resources
        models.append(
            {
                "model_id": model.id,
                "engine": model.engine,
                "engines": [use.name for use in model.uses],
                "in_queue": waiting,
                "in_progress": counts.get((model.id, State.IN_PROGRESS), (0, 0))[0],
                "oldest_s": max(0, now_ms - oldest_ms) / 1000,
                "needs": needs,
                "resources": {"num_gpus": takes.num_gpus, "num_cpus": takes.num_cpus, "custom": dict(takes.custom)},
                "time_limit_s": model.time_limit_s,
            }
        )
    at_work = [name for name in await site.store.at_work() if name.startswith(f"{fleet}.")]
    return answer({"models": models, "at_work": at_work})


async def lost(request: Request) -> Response:
    """POST /worker/v1/lost: a worker of the caller is gone; what it had is handed on without waiting for its lease."""
    site = site_of(request)
    fleet = auth.worker(request)
    told = await message(request, Lost)
    if not told.worker_id.startswith(f"{fleet}."):
        raise BadRequest(f"worker_id: {fleet!r} speaks for workers whose names begin with `{fleet}.`", code=400003)
    count = await lifecycle.lose(site, told.worker_id)
    log.info("worker.lost", worker_id=told.worker_id, fleet=fleet, requests=count)
    return answer({"requests": count})


async def claim_check(request: Request) -> Response:
    """POST /worker/v1/checks/claim: an address to look at, waiting for one a while."""
    site = site_of(request)
    worker_id = auth.worker(request)
    wanted = await message(request, CheckClaim)
    if worker_id not in site.health.drained:
        site.checks.heard(worker_id)
    check = await _wait_for_check(request, worker_id, min(wanted.wait_s, LONGEST_WAIT_S))
    return answer(encode(check)) if check else nothing()


async def _wait_for_check(request: Request, worker_id: str, wait_s: float) -> Check | None:
    site = site_of(request)
    deadline = time.monotonic() + wait_s
    with site.checks.news() as news:
        while not await request.is_disconnected():  # as with work: never to a worker that hung up
            check = None if worker_id in site.health.drained else site.checks.take()
            left = deadline - time.monotonic()
            if check or left <= 0 or site.store.wakeups.closing or site.health.draining:
                return check
            await wait(news, min(left, LOOK_S))
    return None


async def claim_withdrawal(request: Request) -> Response:
    """POST /worker/v1/withdrawals/claim: what is to be taken back elsewhere, waiting for it a while."""
    site = site_of(request)
    auth.worker(request)
    wanted = await message(request, WithdrawalClaim)
    deadline = time.monotonic() + min(wanted.wait_s, LONGEST_WAIT_S)
    with site.withdrawals.news() as news:
        while not await request.is_disconnected():
            found = site.withdrawals.take(wanted.engines)
            left = deadline - time.monotonic()
            if found or left <= 0 or site.store.wakeups.closing or site.health.draining:
                return answer(encode(found)) if found else nothing()
            await wait(news, min(left, LOOK_S))
    return nothing()


async def finish_withdrawal(request: Request) -> Response:
    """POST /worker/v1/withdrawals/{request_id}/finish: it was taken back, or cannot be; nobody else need try."""
    auth.worker(request)
    site_of(request).withdrawals.done(request.path_params["request_id"])
    return answer({})


async def finish_check(request: Request) -> Response:
    """POST /worker/v1/checks/{check_id}/finish: what was found. 404: nobody waits for it any more."""
    auth.worker(request)
    checked = await message(request, Checked)
    if not site_of(request).checks.answer(request.path_params["check_id"], checked):
        raise NotFound("nobody waits for this check")
    return answer({})


async def message(request: Request, kind: type[T]) -> T:
    """What a worker sent. Raises BadRequest."""
    try:
        return decode(kind, await read_json(request, MESSAGE_BYTES))
    except ValueError as exc:
        raise BadRequest(str(exc), code=400003) from exc
