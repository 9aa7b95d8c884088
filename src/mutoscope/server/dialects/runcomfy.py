"""RunComfy's Model API: submit, status, result, cancel. The first of the three story files; next: `lifecycle`.

Two places use other words than ours: a failed request is `completed` in `/status` and `failed` in `/result`, and a
completed one is `succeeded` in `/result`. Everything else on the wire is our own vocabulary.
"""

from __future__ import annotations

from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response

from mutoscope import lifecycle, tracing
from mutoscope.errors import BadRequest, InvalidInput, Problem
from mutoscope.jobs import Job, State, Terms, Webhook, timestamp
from mutoscope.quotas import PRIORITIES
from mutoscope.server.auth import caller
from mutoscope.server.metrics import metrics_of
from mutoscope.server.outputs import output_of
from mutoscope.server.wire import Query, answer, base_url, read_json, site_of
from mutoscope.webhooks import DEFAULT_EVENTS

log = structlog.get_logger(__name__)

STATUS = {state: str(state) for state in State} | {State.FAILED: "completed"}
RESULT = {state: str(state) for state in State} | {State.COMPLETED: "succeeded"}
RETRY_AFTER_S = {State.IN_QUEUE: "2", State.IN_PROGRESS: "1"}
"""How long a polling client should wait before it asks again."""
NO_TERMS = Terms()
LONGEST_WAIT_S = 365 * 86400


async def submit(request: Request) -> Response:
    """POST /v1/models/{model_id}: the body is the input; answered as soon as the request is on the disk."""
    site = site_of(request)
    who = await caller(request, "run")
    body = await read_json(request, site.limits.max_body_bytes)
    base, model_id = base_url(request), request.path_params["model_id"]
    parent = tracing.read(request.headers.get("traceparent"))
    with tracing.span("submit", parent=parent, kind="server", model_id=model_id) as traceparent:
        submitted = await lifecycle.submit(
            site,
            who,
            model_id,
            body,
            base_url=base,
            idempotency_key=idempotency_key(request),
            webhook=webhook(request),
            traceparent=traceparent,
            terms=terms(request),
        )
    log.debug("request.accepted", request_id=submitted.request_id, model_id=model_id, replayed=submitted.replayed)
    if not submitted.replayed:
        metrics_of(request).submitted(model_id)
    headers = {"Idempotent-Replayed": "true"} if submitted.replayed else None
    if submitted.allowance is not None:
        headers = submitted.allowance.fields
    urls = request_urls(base, submitted.request_id)
    return answer({"request_id": submitted.request_id, **urls}, headers=headers)


async def status(request: Request) -> Response:
    """GET /v1/requests/{request_id}/status."""
    who = await caller(request, "run", "read")
    request_id = request.path_params["request_id"]
    standing = await site_of(request).store.standing(request_id, who.account_id)
    urls = request_urls(base_url(request), request_id)
    told: dict[str, Any] = {"request_id": request_id, "status": STATUS[standing.state]}
    if standing.queue_position is not None:
        told["queue_position"] = standing.queue_position
    told["status_url"], told["result_url"] = urls["status_url"], urls["result_url"]
    return answer(told, headers=retry_after(standing.state))


async def result(request: Request) -> Response:
    """GET /v1/requests/{request_id}/result: the output, or the state so far."""
    query = Query(request)
    include_cost = query.flag("include_cost")
    query.check()
    who = await caller(request, "run", "read")
    site = site_of(request)
    job = await site.store.job(request.path_params["request_id"], who.account_id)
    told = _told(job)
    if job.state is State.COMPLETED:
        told |= await output_of(site, job, base_url(request))
    if include_cost and job.state.is_terminal:
        told["cost"] = job.cost_microusd / 1e6
    return answer(told, headers=retry_after(job.state))


def _told(job: Job) -> dict[str, Any]:
    told: dict[str, Any] = {
        "request_id": job.id,
        "model_id": job.model_id,
        "status": RESULT[job.state],
        "created_at": timestamp(job.created_ms),
    }
    if job.finished_ms is not None and job.state.is_terminal:
        told["finished_at"] = timestamp(job.finished_ms)
    if job.state is State.FAILED:
        told["error"] = job.error
    return told


async def cancel(request: Request) -> Response:
    """POST /v1/requests/{request_id}/cancel: a queued request; with ?running=true also one in progress."""
    query = Query(request)
    running = query.flag("running")
    query.check()
    who = await caller(request, "run")
    request_id = request.path_params["request_id"]
    state, moved = await lifecycle.cancel(site_of(request), who, request_id, running=running)
    outcome = "cancelled" if moved else "not_cancellable"
    return answer({"request_id": request_id, "status": STATUS[state], "outcome": outcome}, 202)


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key header, if any. Raises BadRequest when it is not 1 to 255 printable ASCII characters."""
    key = request.headers.get("idempotency-key")
    if key is not None and not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
        raise BadRequest("Idempotency-Key: 1 to 255 printable ASCII characters are accepted")
    return key


def webhook(request: Request) -> Webhook | None:
    """`?webhook=URL&webhook_events=completed,failed`, ours; the terminal states unless said otherwise."""
    if not request.scope["query_string"]:
        return None
    url = request.query_params.get("webhook")
    events = ",".join(request.query_params.getlist("webhook_events"))
    if not url:
        if events:
            problem = Problem("webhook_events", "accepted only together with `webhook`", "query")
            raise InvalidInput(problems=(problem,), code=422003)
        return None
    chosen = tuple(dict.fromkeys(event.strip() for event in events.split(","))) if events else DEFAULT_EVENTS
    return Webhook(url, chosen)


def use_cache(request: Request) -> bool | None:
    """`Mutoscope-Cache: use` or `off`, ours: will an earlier output of an equal request do? None without the header.

    Raises BadRequest.
    """
    value = request.headers.get("mutoscope-cache")
    if value is None:
        return None
    if (word := value.strip().lower()) not in ("use", "off"):
        raise BadRequest("Mutoscope-Cache: `use` or `off` is accepted")
    return word == "use"


def terms(request: Request) -> Terms:
    """`?priority=low&expires_in_s=600&time_limit_s=60`, ours: how this request is to be treated."""
    if not request.scope["query_string"]:
        wish = use_cache(request)
        return NO_TERMS if wish is None else Terms(use_cache=wish)
    query = Query(request)
    priority = query.word("priority", tuple(PRIORITIES))
    found = Terms(
        priority=PRIORITIES.get(priority or ""),
        expires_in_s=query.number("expires_in_s", 0, 1, LONGEST_WAIT_S) if query.text("expires_in_s") else None,
        time_limit_s=query.number("time_limit_s", 0, 1, 86400) if query.text("time_limit_s") else None,
        use_cache=use_cache(request),
    )
    query.check()
    return found


def request_urls(base: str, request_id: str) -> dict[str, str]:
    """The three addresses of a request."""
    where = f"{base}/v1/requests/{request_id}/"
    return {name + "_url": where + name for name in ("status", "result", "cancel")}


def retry_after(state: State) -> dict[str, str] | None:
    """A hint for clients that poll; none when there is nothing to wait for."""
    seconds = RETRY_AFTER_S.get(state)
    return {"Retry-After": seconds} if seconds else None
