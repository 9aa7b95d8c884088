"""Webhooks for people: endpoints, their secrets, and the log of what was sent and answered."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from mutoscope.errors import NotFound
from mutoscope.server.auth import caller
from mutoscope.server.webhooks import LOOKING, attempt_told, delivery_told, endpoint_told
from mutoscope.server.wire import Query, next_cursor, site_of
from mutoscope.store.outbox import STATES, Wanted
from mutoscope.web.render import page, render
from mutoscope.web.texts import _
from mutoscope.webhooks import DEFAULT_EVENTS
from mutoscope.webhooks.rules import EVENTS

AT_ONCE = 25
WORDS = {
    "pending": lambda: _("On its way"),
    "delivered": lambda: _("Delivered"),
    "failed": lambda: _("Failed"),
}


@page
async def show(request: Request) -> Response:
    """GET /webhooks: the endpoints of the account, and what was sent; ?state= and ?endpoint_id= narrow it down."""
    who = await caller(request, *LOOKING)
    store = site_of(request).store
    query = Query(request)
    wanted = Wanted(
        request_id=query.text("request_id"),
        endpoint_id=query.text("endpoint_id"),
        state=query.word("state", STATES),
        cursor=query.cursor(),
        limit=AT_ONCE,
    )
    query.check()
    endpoints = [endpoint_told(endpoint) for endpoint in await store.webhooks.endpoints(who.account_id)]
    found = await store.webhooks.deliveries(who.account_id, wanted)
    cursor = next_cursor(len(found) == AT_ONCE, found[-1].created_ms, found[-1].id) if found else None
    given = {"request_id": wanted.request_id, "endpoint_id": wanted.endpoint_id, "state": wanted.state}
    kept = {name: value for name, value in given.items() if value}
    return await render(
        request,
        "webhooks.html",
        endpoints=endpoints,
        names={endpoint["endpoint_id"]: endpoint["url"] for endpoint in endpoints},
        deliveries=[delivery_told(delivery) for delivery in found],
        wanted=wanted,
        words=WORDS,
        events=EVENTS,
        usual=DEFAULT_EVENTS,
        older=f"/webhooks?{urlencode({**kept, 'cursor': cursor})}" if cursor else "",
        first=f"/webhooks?{urlencode(kept)}" if wanted.cursor else "",
    )


@page
async def show_delivery(request: Request) -> Response:
    """GET /webhooks/deliveries/{delivery_id}: every try of one delivery, what was sent and what came back."""
    who = await caller(request, "read", "run")
    store = site_of(request).store.webhooks
    delivery = await store.delivery(request.path_params["delivery_id"], who.account_id)
    try:
        gone = delivery.endpoint_id is not None and not await store.endpoint(delivery.endpoint_id, who.account_id)
    except NotFound:
        gone = True
    return await render(
        request,
        "delivery.html",
        delivery=delivery_told(delivery),
        attempts=[attempt_told(attempt) for attempt in reversed(await store.attempts(delivery.id))],
        words=WORDS,
        gone=gone,
        may_replay=bool(who.scopes & {"run", "admin"}),
    )
