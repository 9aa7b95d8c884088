"""Webhooks over HTTP: endpoints, their secrets, the log of deliveries. What they mean is in `webhooks` and its store.

A secret is in the answer that made it and, for the account's own, in one call of scope `admin`; in no list.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from mutoscope.errors import InvalidInput, Problem
from mutoscope.jobs import timestamp
from mutoscope.server.audit import noting
from mutoscope.server.auth import caller
from mutoscope.server.wire import Query, answer, next_cursor, nothing, read_json, site_of
from mutoscope.site import Site
from mutoscope.store.outbox import STATES, Attempt, Delivery, Endpoint, Secrets, Wanted
from mutoscope.store.records import Caller
from mutoscope.webhooks import DEFAULT_EVENTS, check, new_secret

BODY_BYTES = 256 * 1024
MOST_ENDPOINTS = 100
MOST_MODELS = 200
LONGEST_TEXT = 500
LOOKING = ("read", "admin")


async def index(request: Request) -> Response:
    """GET /v1/webhooks: every endpoint of the account, oldest first."""
    who = await caller(request, *LOOKING)
    found = await site_of(request).store.webhooks.endpoints(who.account_id)
    return answer({"webhooks": [endpoint_told(endpoint) for endpoint in found]})


async def create(request: Request) -> Response:
    """POST /v1/webhooks: a new endpoint; its secret is in this answer and nowhere else."""
    who = await caller(request, "admin")
    site = site_of(request)
    blank = Endpoint(uuid.uuid4().hex, who.account_id, "", DEFAULT_EVENTS, (), "", enabled=True)
    wanted = _changed(site, blank, await read_json(request, BODY_BYTES))
    secret = new_secret()
    noted = noting(request, who, "webhook.created", target=wanted.id, after=_told(wanted))
    made = await noted.webhooks.add_endpoint(wanted, secret=secret, at_most=MOST_ENDPOINTS)
    return answer({**endpoint_told(made), "secret": secret}, 201)


async def show(request: Request) -> Response:
    """GET /v1/webhooks/{endpoint_id}: one endpoint."""
    who = await caller(request, *LOOKING)
    return answer(endpoint_told(await _found(request, who)))


async def change(request: Request) -> Response:
    """PATCH /v1/webhooks/{endpoint_id}: what is named changes; disabling ends what still waits to be sent."""
    who = await caller(request, "admin")
    site = site_of(request)
    before = await _found(request, who)
    wanted = _changed(site, before, await read_json(request, BODY_BYTES))
    noted = noting(request, who, "webhook.changed", target=before.id, before=_told(before), after=_told(wanted))
    return answer(endpoint_told(await noted.webhooks.change_endpoint(wanted)))


async def delete(request: Request) -> Response:
    """DELETE /v1/webhooks/{endpoint_id}: nothing is sent there any more; the log of what was stays."""
    who = await caller(request, "admin")
    before = await _found(request, who)
    noted = noting(request, who, "webhook.deleted", target=before.id, before=_told(before))
    await noted.webhooks.delete_endpoint(before.id, who.account_id)
    return nothing()


async def rotate(request: Request) -> Response:
    """POST /v1/webhooks/{endpoint_id}/rotate: a new secret; the old one goes on signing beside it for 24 hours."""
    who = await caller(request, "admin")
    endpoint_id = request.path_params["endpoint_id"]
    noted = noting(request, who, "webhook.rotated", target=endpoint_id)
    return answer(_secret(await noted.webhooks.rotate_endpoint(endpoint_id, who.account_id, new_secret())))


async def test(request: Request) -> Response:
    """POST /v1/webhooks/{endpoint_id}/test: send a test event; what became of it is in the delivery."""
    who = await caller(request, "admin")
    found = await _found(request, who)
    noted = noting(request, who, "webhook.tested", target=found.id)
    return answer(delivery_told(await noted.webhooks.add_test(found)), 202)


async def account_secret(request: Request) -> Response:
    """GET /v1/webhooks/secret: what signs the webhooks that requests bring along; made at the first need."""
    who = await caller(request, "admin")
    return answer(_secret(await site_of(request).store.webhooks.secrets(who.account_id, new_secret())))


async def rotate_account_secret(request: Request) -> Response:
    """POST /v1/webhooks/secret/rotate: a new one; the old one goes on signing beside it for 24 hours."""
    who = await caller(request, "admin")
    noted = noting(request, who, "webhook_secret.rotated", target=who.account_id)
    return answer(_secret(await noted.webhooks.rotate(who.account_id, new_secret())))


async def deliveries(request: Request) -> Response:
    """GET /v1/webhooks/deliveries: newest first, by request, endpoint and state, page by page."""
    who = await caller(request, "read", "run")
    query = Query(request)
    wanted = Wanted(
        request_id=query.text("request_id"),
        endpoint_id=query.text("endpoint_id"),
        state=query.word("state", STATES),
        cursor=query.cursor(),
        limit=query.number("limit", 50, 1, 500),
    )
    query.check()
    found = await site_of(request).store.webhooks.deliveries(who.account_id, wanted)
    last = found[-1] if found else None
    cursor = next_cursor(len(found) == wanted.limit, last.created_ms, last.id) if last else None
    return answer({"deliveries": [delivery_told(delivery) for delivery in found], "next_cursor": cursor})


async def show_delivery(request: Request) -> Response:
    """GET /v1/webhooks/deliveries/{delivery_id}: one delivery with every try: what was sent, what came back."""
    who = await caller(request, "read", "run")
    store = site_of(request).store.webhooks
    delivery = await store.delivery(request.path_params["delivery_id"], who.account_id)
    attempts = [attempt_told(attempt) for attempt in await store.attempts(delivery.id)]
    return answer({**delivery_told(delivery), "attempts": attempts})


async def replay(request: Request) -> Response:
    """POST /v1/webhooks/deliveries/{delivery_id}/replay: send it again now, under the same webhook-id."""
    who = await caller(request, "run", "admin")
    delivery_id = request.path_params["delivery_id"]
    noted = noting(request, who, "webhook.replayed", target=delivery_id)
    return answer(delivery_told(await noted.webhooks.replay(delivery_id, who.account_id)), 202)


async def jwks(request: Request) -> Response:
    """GET /.well-known/jwks.json: the public key of the site's own signatures (v1a)."""
    return answer(site_of(request).site_key.jwks(), headers={"Cache-Control": "public, max-age=3600"})


async def _found(request: Request, who: Caller) -> Endpoint:
    return await site_of(request).store.webhooks.endpoint(request.path_params["endpoint_id"], who.account_id)


# -- bodies -------------------------------------------------------------------------------------------------------


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and "\x00" not in item for item in value)


ACCEPTED: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "url": ("a text", lambda value: isinstance(value, str)),
    "events": ("a list of texts", _is_texts),
    "models": (
        f"a list of at most {MOST_MODELS} model ids",
        lambda value: _is_texts(value) and len(value) <= MOST_MODELS,
    ),
    "description": (
        f"a text of at most {LONGEST_TEXT} characters",
        lambda value: isinstance(value, str) and len(value) <= LONGEST_TEXT and "\x00" not in value,
    ),
    "enabled": ("true or false", lambda value: isinstance(value, bool)),
}


def _changed(site: Site, endpoint: Endpoint, body: object) -> Endpoint:
    """The endpoint with what a body names. Raises InvalidInput with every problem."""
    if not isinstance(body, dict):
        raise InvalidInput(problems=(Problem("", "a JSON object is accepted", "type"),))
    given = {name: body[name] for name in ACCEPTED if name in body}
    problems = [
        Problem(name, f"{ACCEPTED[name][0]} is accepted", "type")
        for name, value in given.items()
        if not ACCEPTED[name][1](value)
    ]
    wrong = {problem.path for problem in problems}
    fits: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items() if name not in wrong
    }
    changed = replace(endpoint, **fits)
    looked_at = fits if endpoint.url else {"url", "events"} - wrong  # an address that was accepted once may be kept
    found = check(changed.url, changed.events, site.webhook_to, url_name="url", events_name="events")
    problems += [problem for problem in found if problem.path in looked_at]
    if problems:
        raise InvalidInput(problems=tuple(problems))
    return replace(
        changed,
        events=tuple(dict.fromkeys(changed.events)),
        models=tuple(dict.fromkeys(changed.models)),
        disabled_reason="" if changed.enabled else (endpoint.disabled_reason or "disabled by its owner"),
    )


def endpoint_told(endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint as it is answered, never its secret."""
    return {
        "endpoint_id": endpoint.id,
        "url": endpoint.url,
        "events": list(endpoint.events),
        "models": list(endpoint.models),
        "description": endpoint.description,
        "enabled": endpoint.enabled,
        "disabled_reason": endpoint.disabled_reason or None,
        "created_at": timestamp(endpoint.created_ms),
    }


def _told(endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint for the audit log: of its address only what cannot be a secret."""
    address = urlsplit(endpoint.url)
    host = f"{address.scheme}://{address.netloc.rpartition('@')[2]}"
    return {**{name: value for name, value in endpoint_told(endpoint).items() if name != "created_at"}, "url": host}


def _secret(found: Secrets) -> dict[str, Any]:
    until_ms = found.previous_until_ms
    return {"secret": found.secret, "previous_expires_at": timestamp(until_ms) if until_ms else None}


def delivery_told(delivery: Delivery) -> dict[str, Any]:
    """A delivery as it is answered."""
    pending = delivery.state == "pending"
    return {
        "delivery_id": delivery.id,
        "endpoint_id": delivery.endpoint_id,
        "request_id": delivery.request_id,
        "event_id": delivery.event_id,
        "type": delivery.type,
        "url": delivery.url,
        "state": delivery.state,
        "attempt": delivery.attempt,
        "created_at": timestamp(delivery.created_ms),
        "finished_at": timestamp(delivery.finished_ms) if delivery.finished_ms else None,
        "next_attempt_at": timestamp(delivery.due_ms) if pending else None,
        "error": delivery.error,
    }


def attempt_told(attempt: Attempt) -> dict[str, Any]:
    """One try as it is answered."""
    return {
        "attempt": attempt.attempt,
        "at": timestamp(attempt.at_ms),
        "duration_ms": attempt.duration_ms,
        "request_body": attempt.request_body,
        "response_status": attempt.response_status,
        "response_body": attempt.response_body,
        "error": attempt.error,
    }
