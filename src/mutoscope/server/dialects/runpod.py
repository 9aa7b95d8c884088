"""The addresses that RunPod's serverless worker SDK calls, for containers that were built for RunPod.

The SDK takes them from its environment (`RUNPOD_WEBHOOK_…`) and shows our worker token as it is, without `Bearer`. It
asks again at once after any answer but 429, and puts `&name=value` behind whatever it was given, with or without a `?`.
A result that nobody waits for any more is answered with 200: anything else would have it sent again.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mutoscope import runpod
from mutoscope.errors import (
    BadRequest,
    EngineUnavailable,
    LeaseLost,
    MediaError,
    NotFound,
    RateLimited,
    Unauthorized,
)
from mutoscope.guests import JOBS_AT_ONCE
from mutoscope.protocol import Assignment
from mutoscope.server import auth
from mutoscope.server.metrics import metrics_of
from mutoscope.server.wire import answer, base_url, nothing, read_json, site_of
from mutoscope.server.workers import waited
from mutoscope.store.values import Held
from mutoscope.store.wakeups import wait

TAKE_S = 20.0
STOP_S = 25.0
"""How long the calls for work and for news are held open."""
LOOK_S = 1.0
REFUSAL_S = 1.0
"""Before a refusal: the SDK does not pause before it asks again."""
LARGEST_BATCH = 16
CLOSE = {"Connection": "close"}
"""With work: the next call may come after a handler that kept the SDK from noticing that its connection was cut."""
DROPPED: Mapping[str, Any] = {"accepted": False}
_WORKER = re.compile(r"[A-Za-z0-9._-]{1,100}")


async def take(request: Request) -> Response:
    """GET …/job-take/{worker}: the next job, waiting a while for it; 204 when there is none."""
    jobs = await _taken(request, 1)
    return answer(jobs[0], headers=CLOSE) if jobs else nothing()


async def take_batch(request: Request) -> Response:
    """GET …/job-take-batch/{worker}?batch_size=N: up to so many jobs, waiting a while for the first."""
    size = _query(request).get("batch_size", "1")
    jobs = await _taken(request, min(int(size), LARGEST_BATCH) if size.isascii() and size.isdigit() else 1)
    return answer(jobs, headers=CLOSE) if jobs else nothing()


async def _taken(request: Request, most: int) -> list[dict[str, Any]]:
    site = site_of(request)
    try:
        worker_id = _worker(request)
        site.health.heard(worker_id, frozenset({runpod.ENGINE}))
        jobs: list[dict[str, Any]] = []
        while len(jobs) < most:
            wait_s = 0.0 if jobs else TAKE_S
            found = await waited(request, lambda: runpod.claim(site, worker_id, _endpoint(request)), wait_s)
            if found is None:
                break
            if job := await _job(request, worker_id, found):
                jobs.append(job)
    except EngineUnavailable as exc:  # the server is stopping; of 429 alone the SDK knows that it is to pause
        raise RateLimited(exc.message) from exc
    except (Unauthorized, NotFound, BadRequest):
        await asyncio.sleep(REFUSAL_S)
        raise
    return jobs


async def _job(request: Request, worker_id: str, assignment: Assignment) -> dict[str, Any] | None:
    """The claimed attempt as the SDK takes it; None when its files are no good, or the worker hung up."""
    site = site_of(request)
    held = Held(assignment.request_id, worker_id, assignment.attempt)
    try:
        given = await runpod.prepared(site, held, assignment, base_url=base_url(request))
        if given is None:
            return None
        if await request.is_disconnected():
            await runpod.release(site, held)
            return None
    except LeaseLost:
        return None
    except BaseException:
        await runpod.release(site, held)
        raise
    job_id = runpod.job_id(assignment)
    site.guests.took(worker_id, job_id)
    return {"id": job_id, "input": given}


async def stop(request: Request) -> Response:
    """GET …/job-stop/{worker}: jobs that nobody wants any more, as soon as there are some; 204 after a while."""
    site, worker_id = site_of(request), _worker(request)
    deadline = time.monotonic() + STOP_S
    while time.monotonic() < deadline and not site.store.wakeups.closing and not await request.is_disconnected():
        jobs = {job: runpod.held(worker_id, job) for job in site.guests.jobs(worker_id)}
        with site.store.wakeups.requests([held.request_id for held in jobs.values()]) as changed:
            gone = [job for job, held in jobs.items() if not await _is_held(request, held)]
            if gone:
                for job in gone:
                    site.guests.ended(worker_id, job)
                return answer({"jobsToStop": gone})
            await wait(changed, LOOK_S)
    return nothing()


async def _is_held(request: Request, held: Held) -> bool:
    try:
        await site_of(request).store.held_by(held)
    except LeaseLost:
        return False
    return True


async def ping(request: Request) -> Response:
    """GET …/ping/{worker}?job_id=A,B: the worker lives, and with it the leases of what it works on."""
    site, worker_id = site_of(request), _worker(request)
    site.health.heard(worker_id)
    jobs = [job for job in _query(request).get("job_id", "").split(",") if job][:JOBS_AT_ONCE]
    for job in site.guests.told(worker_id, jobs):
        await runpod.lost(site, runpod.held(worker_id, job))
    for job in jobs:
        with contextlib.suppress(LeaseLost):  # the call for news tells
            await runpod.beat(site, runpod.held(worker_id, job))
    return answer({})


async def done(request: Request) -> Response:
    """POST …/job-done/{worker}/{job}: what a handler returned, its error, or how far it is."""
    site, worker_id, held = site_of(request), _worker(request), _held(request)
    result = await _told(request)
    try:
        if result.get("status") == "IN_PROGRESS":
            await runpod.told(site, held, result.get("output"))
            return answer({})
        job, finish = await runpod.end(site, held, result)
    except LeaseLost:
        site.guests.ended(worker_id, _job_id(request))
        return answer(DROPPED)
    site.guests.ended(worker_id, _job_id(request))
    metrics_of(request).settled(job, finish)
    return answer({})


async def stream(request: Request) -> Response:
    """POST …/job-stream/{worker}/{job}: one piece of what a generator yields."""
    site, held = site_of(request), _held(request)
    result = await _told(request)
    try:
        await runpod.piece(site, held, result.get("output"))
    except LeaseLost:
        return answer(DROPPED)
    except MediaError as exc:
        raise BadRequest(exc.message) from exc
    return answer({})


# -- reading ------------------------------------------------------------------------------------------------------


def _worker(request: Request) -> str:
    """Who calls, by the name it gave itself. Raises Unauthorized, BadRequest."""
    auth.check_worker_token(request)
    name = request.path_params["worker"].partition("&")[0]
    if not _WORKER.fullmatch(name):
        raise BadRequest("RUNPOD_POD_ID: 1 to 100 letters, digits, dots, dashes and underscores are accepted")
    return f"{runpod.ENGINE}:{name}"


def _endpoint(request: Request) -> str:
    return str(request.path_params["endpoint"])


def _job_id(request: Request) -> str:
    return str(request.path_params["job"]).partition("&")[0]


def _held(request: Request) -> Held:
    return runpod.held(_worker(request), _job_id(request))


def _query(request: Request) -> dict[str, str]:
    """What stands behind `?`, or behind the first `&` of an address without one."""
    behind = request.url.path.partition("&")[2]
    return {**dict(pair.partition("=")[::2] for pair in behind.split("&") if pair), **request.query_params}


async def _told(request: Request) -> dict[str, Any]:
    """The body: JSON, whatever its content type says."""
    limit_bytes = site_of(request).limits.max_body_bytes
    result = await read_json(request, limit_bytes)
    if not isinstance(result, dict):
        raise BadRequest("the body has to be a JSON object with `output` or `error`")
    return result
