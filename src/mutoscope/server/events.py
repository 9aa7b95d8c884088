"""What happens to requests, as it happens (server-sent events): one request's own stream, or one stream for several.

State, progress and log lines come from the store and carry their number as `id`, so a client that was cut off goes
on with `Last-Event-ID`. The queue position is told while it changes and carries no number.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from mutoscope.errors import BadRequest, InvalidInput, NotFound, Problem
from mutoscope.jobs import Event, State
from mutoscope.server.auth import caller
from mutoscope.server.streaming import PlacedStream
from mutoscope.server.wire import site_of
from mutoscope.site import Site
from mutoscope.store.records import Caller
from mutoscope.store.values import Standing
from mutoscope.store.wakeups import wait

LOOK_S = 1.0
"""The stream looks by itself this often, in case a hint was missed."""
SILENCE_S = 15.0
"""After this long without news a comment is sent, so that proxies keep the connection."""
PAGE = 200
MOST_REQUESTS = 50
"""Requests that one stream follows."""


async def stream(request: Request) -> Response:
    """GET /v1/requests/{request_id}/events: everything since the start, or since Last-Event-ID, then news."""
    who = await caller(request, "run", "read")
    return await _stream(request, who, [request.path_params["request_id"]], named=False)


async def stream_several(request: Request) -> Response:
    """GET /v1/events?request=…&request=…: the same for several requests; each event says whose it is.

    A browser keeps no more than six connections to a server, so a page needs one stream for all of its runs.
    """
    who = await caller(request, "run", "read")
    ids = list(dict.fromkeys(request.query_params.getlist("request")))
    if not 1 <= len(ids) <= MOST_REQUESTS:
        problem = Problem("request", f"found {len(ids)} ids; 1 to {MOST_REQUESTS} are accepted", "query")
        raise InvalidInput(problems=(problem,), code=422003)
    return await _stream(request, who, ids, named=True)


async def _stream(request: Request, who: Caller, ids: list[str], *, named: bool) -> Response:
    site = site_of(request)
    for request_id in ids:
        await site.store.standing(request_id, who.account_id)
    answer = PlacedStream(
        _lines(site, ids, who.account_id, after=_last_event_id(request), named=named),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
    answer.place = site.streams.taken(who.account_id)
    return answer


def _last_event_id(request: Request) -> int:
    text = request.headers.get("last-event-id") or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadRequest("Last-Event-ID: the id of an earlier event is accepted")
    return int(text)


async def _lines(site: Site, ids: list[str], account_id: str, *, after: int, named: bool) -> AsyncIterator[bytes]:
    yield b"retry: 1000\n\n"
    positions: dict[str, int] = {}
    known = dict.fromkeys(ids, after)
    followed = dict.fromkeys(ids)
    spoke = time.monotonic()
    with site.store.wakeups.requests(ids) as changed:
        while followed:
            # Before the events: a state that is terminal here has its event among those read next.
            standings = await _standings(site, followed, account_id)
            events, is_all = await _news(site, standings, known)
            for event in events:
                known[event.request_id] = event.seq
                spoke = time.monotonic()
                yield _line(event, named=named)
                if is_last(event):
                    standings.pop(event.request_id)
            followed = dict.fromkeys(i for i, s in standings.items() if not (is_all and s.state.is_terminal))
            if not is_all:
                continue
            if site.store.wakeups.closing:
                return
            for request_id, standing in standings.items():
                position = standing.queue_position
                if position is not None and position != positions.get(request_id):
                    positions[request_id] = position
                    spoke = time.monotonic()
                    yield _text("position", _named({"queue_position": position}, request_id, named=named))
            if time.monotonic() - spoke > SILENCE_S:
                spoke = time.monotonic()
                yield b": still here\n\n"
            if followed:
                await wait(changed, LOOK_S)


async def _standings(site: Site, ids: Iterable[str], account_id: str) -> dict[str, Standing]:
    """Where these requests stand; without those that were deleted while somebody listened."""
    found = {}
    for request_id in ids:
        with contextlib.suppress(NotFound):
            found[request_id] = await site.store.standing(request_id, account_id)
    return found


async def _news(site: Site, ids: Iterable[str], known: Mapping[str, int]) -> tuple[list[Event], bool]:
    """Events of these requests after those known of each, in order, and whether these are all there are."""
    events: list[Event] = []
    known_to = None
    for request_id in ids:
        some = await site.store.events(request_id, after=known[request_id], limit=PAGE)
        events += some
        if len(some) == PAGE:  # there may be more of it: what lies behind must wait its turn
            known_to = min(known_to or some[-1].seq, some[-1].seq)
    told = [event for event in events if known_to is None or event.seq <= known_to]
    return sorted(told, key=lambda event: event.seq), known_to is None


def is_last(event: Event) -> bool:
    """Does nothing follow this event?"""
    return event.kind == "state" and State(event.data["state"]).is_terminal


def _line(event: Event, *, named: bool) -> bytes:
    return b"id: %d\n" % event.seq + _text(event.kind, _named(event.data, event.request_id, named=named))


def _named(data: Mapping[str, Any], request_id: str, *, named: bool) -> dict[str, Any]:
    return {**data, "request_id": request_id} if named else dict(data)


def _text(kind: str, data: object) -> bytes:
    return b"event: " + kind.encode() + b"\ndata: " + orjson.dumps(data) + b"\n\n"
