"""Keys, usage and balance of the calling account."""

from __future__ import annotations

import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mutoscope.errors import InvalidInput, Problem
from mutoscope.jobs import timestamp
from mutoscope.server.auth import SCOPES, caller, fingerprint, new_key
from mutoscope.server.wire import Query, answer, nothing, read_json, site_of
from mutoscope.store.records import Key

LONGEST_NAME = 80
LONGEST_LIFE_S = 10 * 365 * 86400


async def keys(request: Request) -> Response:
    """GET /v1/keys: every key of the account, never its secret."""
    who = await caller(request, "admin")
    found = await site_of(request).store.keys(who.account_id)
    return answer({"keys": [_described(key) for key in found]})


async def create_key(request: Request) -> Response:
    """POST /v1/keys: a new key; its secret is in this answer and nowhere else."""
    who = await caller(request, "admin")
    site = site_of(request)
    name, scopes, expires_in_s = _wanted(await read_json(request, 64 * 1024))
    secret = new_key()
    key = await site.store.add_key(
        Key(uuid.uuid4().hex, name, secret[:7], scopes, 0, None, None),
        account_id=who.account_id,
        key_sha256=fingerprint(secret),
        expires_in_ms=expires_in_s * 1000 if expires_in_s is not None else None,
    )
    return answer({**_described(key), "key": secret}, 201)


def _wanted(body: object) -> tuple[str, tuple[str, ...], int | None]:
    if not isinstance(body, dict):
        raise InvalidInput(problems=(Problem("", "a JSON object is accepted", "type"),))
    problems = []
    name, scopes, life = body.get("name"), body.get("scopes", ["run", "read"]), body.get("expires_in_s")
    if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        problems.append(Problem("name", f"1 to {LONGEST_NAME} printable characters are accepted", "name"))
    if not isinstance(scopes, list) or not scopes or any(scope not in SCOPES for scope in scopes):
        problems.append(Problem("scopes", f"a list out of {', '.join(SCOPES)} is accepted", "scopes"))
    if life is not None and (type(life) is not int or not 1 <= life <= LONGEST_LIFE_S):
        problems.append(
            Problem("expires_in_s", f"a whole number from 1 to {LONGEST_LIFE_S}, or null, is accepted", "range")
        )
    if problems:
        raise InvalidInput(problems=tuple(problems))
    return str(name), tuple(scope for scope in SCOPES if scope in scopes), life


async def revoke_key(request: Request) -> Response:
    """DELETE /v1/keys/{key_id}: from now on it opens nothing."""
    who = await caller(request, "admin")
    await site_of(request).store.revoke_key(request.path_params["key_id"], who.account_id)
    return nothing()


async def usage(request: Request) -> Response:
    """GET /v1/usage: what each request cost, newest first, and the sum for the time asked about."""
    who = await caller(request, "read", "run")
    query = Query(request)
    from_ms, to_ms = query.time_ms("from"), query.time_ms("to")
    limit = query.number("limit", 100, 1, 1000)
    query.check()
    rows, total = await site_of(request).store.usage(who.account_id, from_ms=from_ms, to_ms=to_ms, limit=limit)
    told = [
        {
            "request_id": row.request_id,
            "model_id": row.model_id,
            "key_id": row.key_id,
            "at": timestamp(row.created_ms),
            "state": row.state,
            "quantity": row.quantity,
            "unit": row.unit,
            "cost_usd": row.cost_microusd / 1e6,
        }
        for row in rows
    ]
    return answer({"usage": told, "total_usd": total / 1e6})


async def balance(request: Request) -> Response:
    """GET /prod/v2/balance: there is no wallet, so this is what was spent, as a negative number."""
    who = await caller(request, "read", "run")
    _, spent = await site_of(request).store.usage(who.account_id, from_ms=None, to_ms=None, limit=0)
    return answer({"balance_usd": -spent / 1e6, "balance_microdollars": -spent, "currency": "USD"})


def _described(key: Key) -> dict[str, Any]:
    return {
        "key_id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": list(key.scopes),
        "created_at": timestamp(key.created_ms),
        "expires_at": timestamp(key.expires_ms) if key.expires_ms else None,
        "revoked_at": timestamp(key.revoked_ms) if key.revoked_ms else None,
    }
