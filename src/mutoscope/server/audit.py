"""The audit log over HTTP, and how routes write it: an act and its entry are one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mutoscope.errors import Forbidden, NotFound
from mutoscope.jobs import timestamp
from mutoscope.server.addresses import came_from
from mutoscope.server.auth import caller
from mutoscope.server.wire import Query, answer, next_cursor, site_of
from mutoscope.store import audit
from mutoscope.store.audit import Actor, Entry, Wanted
from mutoscope.store.records import Caller
from mutoscope.store.store import Store


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
    store = site_of(request).store
    query = Query(request)
    is_all, name = query.flag("all"), query.text("account")
    action, target = query.text("action"), query.text("target")
    after_ms, before_ms = query.time_ms("after"), query.time_ms("before")
    cursor, limit = query.cursor(), query.number("limit", 50, 1, 500)
    query.check()
    is_owner = who.account_id == await store.first_account()
    if (is_all or name) and not is_owner:
        raise Forbidden("only the owner of this site may look into other accounts")
    account_id = await store.account(name) if name else who.account_id
    if account_id is None:
        raise NotFound("account not found")
    wanted = Wanted(None if is_all else account_id, action, target, after_ms, before_ms, cursor, limit)
    found = await audit.entries(store.db, wanted)
    last = next_cursor(len(found) == limit, found[-1].at_ms, found[-1].id) if found else None
    told = [_entry(entry, who, is_owner=is_owner) for entry in found]
    return answer({"entries": told, "next_cursor": last})


def _entry(entry: Entry, who: Caller, *, is_owner: bool) -> dict[str, Any]:
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
