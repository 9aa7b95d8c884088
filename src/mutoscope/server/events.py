"""GET /v1/requests/{request_id}/events: what happens to a request, as it happens (server-sent events).

State, progress and log lines come from the store and carry their number as `id`, so a client that was cut off goes
on with `Last-Event-ID`. The queue position is told while it changes and carries no number.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from mutoscope.errors import BadRequest, NotFound
from mutoscope.jobs import Event, State
from mutoscope.server.auth import caller
from mutoscope.server.wire import site_of
from mutoscope.site import Site
from mutoscope.store.wakeups import wait

LOOK_S = 1.0
"""The stream looks by itself this often, in case a hint was missed."""
SILENCE_S = 15.0
"""After this long without news a comment is sent, so that proxies keep the connection."""
PAGE = 200


async def stream(request: Request) -> Response:
    """Everything since the start, or since Last-Event-ID, then news until the request is finished."""
    who = await caller(request, "run", "read")
    site = site_of(request)
    request_id = request.path_params["request_id"]
    await site.store.standing(request_id, who.account_id)
    after = _last_event_id(request)
    answer = _Stream(
        _lines(site, request_id, who.account_id, after),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
    answer.place = site.streams.taken(who.account_id)
    return answer


class _Stream(StreamingResponse):
    """A stream that holds one of the account's places while it runs."""

    place: AbstractContextManager[None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, if there is a place. Raises RateLimited."""
        with self.place:
            await super().__call__(scope, receive, send)


def _last_event_id(request: Request) -> int:
    text = request.headers.get("last-event-id") or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadRequest("Last-Event-ID: the id of an earlier event is accepted")
    return int(text)


async def _lines(site: Site, request_id: str, account_id: str, after: int) -> AsyncIterator[bytes]:
    yield b"retry: 1000\n\n"
    position: int | None = None
    spoke = time.monotonic()
    with site.store.wakeups.request(request_id) as changed:
        while True:
            try:
                # Before the events: a state that is terminal here has its event among those read next.
                standing = await site.store.standing(request_id, account_id)
            except NotFound:
                return  # deleted while somebody listened
            events = await site.store.events(request_id, after=after, limit=PAGE)
            for event in events:
                after = event.seq
                spoke = time.monotonic()
                yield _line(event)
                if is_last(event):
                    return
            if len(events) == PAGE:
                continue
            if site.store.wakeups.closing or (standing.state.is_terminal and not events):
                return
            if standing.queue_position is not None and standing.queue_position != position:
                position = standing.queue_position
                spoke = time.monotonic()
                yield _text("position", {"queue_position": position})
            if time.monotonic() - spoke > SILENCE_S:
                spoke = time.monotonic()
                yield b": still here\n\n"
            await wait(changed, LOOK_S)


def is_last(event: Event) -> bool:
    """Does nothing follow this event?"""
    return event.kind == "state" and State(event.data["state"]).is_terminal


def _line(event: Event) -> bytes:
    return b"id: %d\n" % event.seq + _text(event.kind, dict(event.data))


def _text(kind: str, data: object) -> bytes:
    return b"event: " + kind.encode() + b"\ndata: " + orjson.dumps(data) + b"\n\n"
