"""Requests in our own words: list, show, delete, poster. The four calls of RunComfy: `dialects/runcomfy`."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from mutoscope import lifecycle
from mutoscope.errors import Expired, NotFound
from mutoscope.jobs import Job, State, timestamp
from mutoscope.protocol import PREVIEW, PREVIEW_ID
from mutoscope.quotas import priority_word
from mutoscope.server.auth import caller
from mutoscope.server.files import serve
from mutoscope.server.listing import LONGEST_SEARCH, page_of
from mutoscope.server.outputs import inputs_of, output_of, poster_of
from mutoscope.server.wire import Query, answer, base_url, nothing, site_of
from mutoscope.store.values import Filter, Held


async def index(request: Request) -> Response:
    """GET /v1/requests: newest first, by model, key, state, time and words, page by page."""
    who = await caller(request, "read", "run")
    query = Query(request)
    wanted = Filter(
        model_id=query.text("model"),
        state=query.word("state", tuple(State)),
        after_ms=query.time_ms("after"),
        before_ms=query.time_ms("before"),
        cursor=query.cursor(),
        limit=query.number("limit", 50, 1, 500),
        key_id=query.text("key"),
    )
    search = query.words("search", LONGEST_SEARCH)
    query.check()
    found = await page_of(site_of(request), who.account_id, wanted, search)
    return answer({"requests": [summary(job) for job in found.jobs], "next_cursor": found.cursor})


async def show(request: Request) -> Response:
    """GET /v1/requests/{request_id}: everything known about one request."""
    who = await caller(request, "read", "run")
    site = site_of(request)
    job = await site.store.job(request.path_params["request_id"], who.account_id)
    standing = await site.store.standing(job.id, who.account_id)
    inputs = await inputs_of(site, job, base_url(request))
    preview = await site.store.last_preview(job.id) if job.state is State.IN_PROGRESS else None
    told = {**summary(job), "inputs": inputs, "queue_position": standing.queue_position, "preview": preview}
    if job.state is State.COMPLETED:
        try:
            told |= await output_of(site, job, base_url(request))
        except Expired:
            told |= {"output": None, "metadata": (job.result or {}).get("metadata", {})}
    return answer(told)


async def delete(request: Request) -> Response:
    """DELETE /v1/requests/{request_id}: the request and its files; what it cost stays on record."""
    who = await caller(request, "run")
    await lifecycle.delete(site_of(request), who, request.path_params["request_id"])
    return nothing()


async def poster(request: Request) -> Response:
    """GET /v1/requests/{request_id}/poster: a JPEG that stands for the output."""
    who = await caller(request, "read", "run")
    site = site_of(request)
    job = await site.store.job(request.path_params["request_id"], who.account_id)
    return await serve(request, await poster_of(site, job))


async def preview(request: Request) -> Response:
    """GET /v1/requests/{request_id}/previews/{attempt}/{preview_id}: a JPEG while it runs, 204 afterwards."""
    who = await caller(request, "read", "run")
    site = site_of(request)
    job = await site.store.job(request.path_params["request_id"], who.account_id)
    attempt, preview_id = request.path_params["attempt"], request.path_params["preview_id"]
    if not (PREVIEW_ID.fullmatch(preview_id) and attempt in map(str, range(1, job.attempt + 1))):
        raise NotFound("no such preview")
    key = lifecycle.output_key(Held(job.id, "", int(attempt)), preview_id, PREVIEW)
    try:
        picture = await site.storage.open(key)
    except NotFound:  # no error: whoever watches a run comes too late for its last picture every time
        return nothing()
    headers = {"Cache-Control": "private, max-age=60", "Content-Security-Policy": "default-src 'none'; sandbox"}
    return StreamingResponse(picture, headers=headers, media_type="image/jpeg")


def summary(job: Job) -> dict[str, Any]:
    """One line of the list."""
    return {
        "request_id": job.id,
        "model_id": job.model_id,
        "state": job.state,
        "created_at": timestamp(job.created_ms),
        "started_at": timestamp(job.started_ms) if job.started_ms else None,
        "finished_at": timestamp(job.finished_ms) if job.finished_ms else None,
        "progress": job.progress,
        "stage": job.stage,
        "attempt": job.attempt,
        "seed": job.seed,
        "cost": job.cost_microusd / 1e6,
        "error": job.error,
        "key_id": job.key_id,
        "priority": priority_word(job.priority),
        "expires_at": timestamp(job.expires_ms) if job.expires_ms else None,
        "time_limit_s": job.time_limit_s,
        "cached_from": (job.result or {}).get("metadata", {}).get("cached_from"),
    }
