"""The audit log over HTTP, and how routes write it: an act and its entry are one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from mutoscope.errors import Forbidden, NotFound
from mutoscope.jobs import timestamp
from mutoscope.server.addresses import came_from
from mutoscope.server.auth import caller
from mutoscope.server.sheets import sheet
from mutoscope.server.wire import Query, answer, next_cursor, site_of
from mutoscope.store import audit
from mutoscope.store.audit import Actor, Entry, Wanted
from mutoscope.store.records import Caller
from mutoscope.store.store import Store

AT_ONCE = 500
COLUMNS = ("at", "action", "target", "account_id", "by", "key_id", "address", "before", "after", "entry_id")


def noting(
    request: Request,
    who: Caller,
    action: str,
    *,
    target: str,
    account_id: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> Store:
    """The store for one act of this caller, which is noted with it.

    account_id      whose things are touched, when they are not the caller's own.
    before, after   what changes, without secrets.
    """
    address = came_from(request)
    actor = Actor(who.account_id, who.key_id, str(address) if address else None)
    entry = {"account_id": account_id or who.account_id, "target": target, "before": before, "after": after}
    return site_of(request).store.noting(lambda tx: audit.note(tx, actor, action, **entry))  # type: ignore[arg-type]


async def index(request: Request) -> Response:
    """GET /v1/audit: administrative acts, newest first; those of other accounts for the owner of the site."""
    who = await caller(request, "admin")
    query = Query(request)
    wanted = await wanted_of(request, who, query, limit=query.number("limit", 50, 1, 500))
    found = await audit.entries(site_of(request).store.db, wanted)
    last = next_cursor(len(found) == wanted.limit, found[-1].at_ms, found[-1].id) if found else None
    is_owner = await _is_owner(request, who)
    return answer({"entries": [told(entry, who, is_owner=is_owner) for entry in found], "next_cursor": last})


async def as_csv(request: Request) -> Response:
    """GET /v1/audit/export.csv: all of them, by the same filters."""
    who = await caller(request, "admin")
    wanted = await wanted_of(request, who, Query(request), limit=AT_ONCE)
    is_owner, db = await _is_owner(request, who), site_of(request).store.db

    async def rows() -> AsyncIterator[Sequence[object]]:
        asked = wanted
        while True:
            found = await audit.entries(db, asked)
            for entry in found:
                line = told(entry, who, is_owner=is_owner)
                yield [_cell(line[name]) for name in COLUMNS]
            if len(found) < AT_ONCE:
                return
            asked = replace(asked, cursor=(found[-1].at_ms, found[-1].id))

    return sheet("mutoscope-audit", COLUMNS, rows())


async def wanted_of(request: Request, who: Caller, query: Query, *, limit: int) -> Wanted:
    """Which entries a query asks for. Raises InvalidInput, NotFound, and Forbidden for other accounts'."""
    store = site_of(request).store
    is_all, name = query.flag("all"), query.text("account")
    action, target = query.text("action"), query.text("target")
    after_ms, before_ms = query.time_ms("after"), query.time_ms("before")
    cursor = query.cursor()
    query.check()
    if (is_all or name) and not await _is_owner(request, who):
        raise Forbidden("only the owner of this site may look into other accounts")
    account_id = await store.account(name) if name else who.account_id
    if account_id is None:
        raise NotFound("account not found")
    return Wanted(None if is_all else account_id, action, target, after_ms, before_ms, cursor, limit)


async def _is_owner(request: Request, who: Caller) -> bool:
    return who.account_id == await site_of(request).store.first_account()


def _cell(value: object) -> object:
    return orjson.dumps(value).decode() if isinstance(value, dict) else value


def told(entry: Entry, who: Caller, *, is_owner: bool) -> dict[str, Any]:
    """An entry as this caller may see it: which key of another account acted, and from where, is not theirs to know."""
    actor = entry.actor
    is_told = is_owner or actor.account_id == who.account_id
    return {
        "entry_id": entry.id,
        "at": timestamp(entry.at_ms),
        "action": entry.action,
        "target": entry.target,
        "account_id": entry.account_id,
        "by": "server" if actor.account_id is None else "account" if actor.account_id == entry.account_id else "owner",
        "key_id": actor.key_id if is_told else None,
        "address": actor.address if is_told else None,
        "before": dict(entry.before),
        "after": dict(entry.after),
    }
