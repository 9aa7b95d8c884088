"""Keys and limits of the calling account."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from starlette.requests import Request
from starlette.responses import Response

from mutoscope import operating
from mutoscope.errors import Forbidden, InvalidInput, NotFound, Problem
from mutoscope.jobs import timestamp
from mutoscope.quotas import OPEN, Quota
from mutoscope.server import limits
from mutoscope.server.addresses import parse_network
from mutoscope.server.audit import noting
from mutoscope.server.auth import SCOPES, WORKER_SCOPE, caller, fingerprint, new_key
from mutoscope.server.shapes import NAME_PATTERN
from mutoscope.server.wire import Query, answer, nothing, read_json, site_of
from mutoscope.store.records import Caller, Key
from mutoscope.store.store import Store

LONGEST_NAME = 80
NAME_ACCEPTED = f"1 to {LONGEST_NAME} printable characters are accepted"
_NAME = re.compile(NAME_PATTERN)
LONGEST_LIFE_S = 10 * 365 * 86400
LONGEST_OVERLAP_S = 90 * 86400
MOST_NETWORKS = 50


async def keys(request: Request) -> Response:
    """GET /v1/keys: every key of the account, never its secret; ?account= for another one, by the owner."""
    who = await caller(request, "admin")
    store = site_of(request).store
    account_id = await account_named(store, who, request.query_params.get("account"))
    return answer({"keys": [described(key) for key in await store.keys(account_id)]})


async def create_key(request: Request) -> Response:
    """POST /v1/keys: a new key; its secret is in this answer and nowhere else."""
    who = await caller(request, "admin")
    store = site_of(request).store
    wanted = _wanted(await read_json(request, 64 * 1024))
    account_id = await account_named(store, who, wanted.account, open_by=request)
    if WORKER_SCOPE in wanted.scopes and account_id != await store.first_account():
        raise Forbidden("workers see requests of everybody: only the owner's account may have keys for them")
    secret, key_id = new_key(), uuid.uuid4().hex
    told: dict[str, Any] = {
        "name": wanted.name,
        "scopes": wanted.scopes,
        "networks": wanted.networks,
        "life_s": wanted.expires_in_s,
    }
    told["limits"] = limits.described(wanted.quota)
    noted = noting(request, who, "key.created", target=key_id, account_id=account_id, after=told)
    key = await noted.add_key(
        Key(key_id, wanted.name, secret[:7], wanted.scopes, 0, None, None, wanted.networks, quota=wanted.quota),
        account_id=account_id,
        key_sha256=fingerprint(secret),
        expires_in_ms=wanted.expires_in_s * 1000 if wanted.expires_in_s is not None else None,
    )
    await operating.follow(site_of(request))
    return answer({**described(key), "key": secret}, 201)


async def show(request: Request) -> Response:
    """GET /v1/account: the calling key, its limits and what is used of them."""
    return answer(await of_caller(site_of(request).store, await caller(request, *SCOPES)))


async def of_caller(store: Store, who: Caller) -> dict[str, Any]:
    """The account and the key that asks, as GET /v1/account tells them."""
    key = await store.key(who.key_id, who.account_id)
    return {
        "account_id": who.account_id,
        "account_name": await store.account_name(who.account_id),
        "key": described(key),
        "used": await limits.used(store, who.account_id, key),
    }


async def show_key(request: Request) -> Response:
    """GET /v1/keys/{key_id}: one key, its limits and what is used of them."""
    who = await caller(request, "admin")
    store = site_of(request).store
    account_id = await account_named(store, who, request.query_params.get("account"))
    key = await store.key(request.path_params["key_id"], account_id)
    return answer({**described(key), "used": await limits.used(store, account_id, key)})


async def change_key(request: Request) -> Response:
    """PATCH /v1/keys/{key_id}: another name, other limits; what is not named stays as it is."""
    who = await caller(request, "admin")
    store = site_of(request).store
    account_id = await account_named(store, who, request.query_params.get("account"))
    key_id = request.path_params["key_id"]
    key = await store.key(key_id, account_id)
    before = {"name": key.name, "limits": limits.described(key.quota)}
    body = await read_json(request, 64 * 1024)
    _changed(body, Key(key_id, "key", "", (), 0, None, None))  # what is wrong with it is told before anything is done
    noted = noting(request, who, "key.changed", target=key_id, account_id=account_id, before=before, after=body)
    return answer(described(await noted.change_key(key_id, account_id, lambda key: _changed(body, key))))


def _changed(body: object, key: Key) -> Key:
    """The key as the body of PATCH wants it. Raises InvalidInput."""
    if not isinstance(body, dict):
        raise InvalidInput(problems=(Problem("", "a JSON object is accepted", "type"),))
    quota, problems = limits.wanted(body.get("limits"), key.quota)
    problems += [
        Problem(name, "is nothing that can be changed; accepted are name and limits", "body")
        for name in body
        if name not in ("name", "limits")
    ]
    name = body.get("name", key.name)
    if not is_name(name):
        problems.append(Problem("name", NAME_ACCEPTED, "name"))
    if problems:
        raise InvalidInput(problems=tuple(problems))
    return replace(key, name=name, quota=quota)


async def revoke_key(request: Request) -> Response:
    """DELETE /v1/keys/{key_id}: from now on it opens nothing; ?account= for another one, by the owner."""
    who = await caller(request, "admin")
    store = site_of(request).store
    key_id = request.path_params["key_id"]
    account_id = await account_named(store, who, request.query_params.get("account"))
    await noting(request, who, "key.revoked", target=key_id, account_id=account_id).revoke_key(key_id, account_id)
    await operating.follow(site_of(request))
    return nothing()


async def rotate_key(request: Request) -> Response:
    """POST /v1/keys/{key_id}/rotate: another secret for the same key; the present one goes on opening for a while."""
    who = await caller(request, "admin")
    key_id = request.path_params["key_id"]
    account_id = await account_named(site_of(request).store, who, request.query_params.get("account"))
    query = Query(request)
    overlap_s = query.number("overlap_s", 86400, 0, LONGEST_OVERLAP_S)
    query.check()
    secret = new_key()
    noted = noting(request, who, "key.rotated", target=key_id, account_id=account_id, after={"overlap_s": overlap_s})
    key = await noted.rotate_key(
        key_id, account_id, key_sha256=fingerprint(secret), prefix=secret[:7], overlap_ms=overlap_s * 1000
    )
    await operating.follow(site_of(request))
    return answer({**described(key), "key": secret}, 201)


async def account_named(store: Store, who: Caller, name: str | None, *, open_by: Request | None = None) -> str:
    """The account that is meant: the caller's own, or the named one if the owner of the site asks.

    open_by   the request that opens it when there is none of that name.
    """
    if not name:
        return who.account_id
    if who.account_id != await store.first_account():
        raise Forbidden("only the owner of this site may name another account")
    found = await store.account(name)
    if found is None and open_by is not None:
        return await noting(open_by, who, "account.opened", target=name).open_account(name)
    if found is None:
        raise NotFound("account not found")
    return found


@dataclass(frozen=True, slots=True)
class Wanted:
    """The body of POST /v1/keys."""

    name: str
    scopes: tuple[str, ...]
    expires_in_s: int | None
    account: str | None
    networks: tuple[str, ...]
    quota: Quota


def _wanted(body: object) -> Wanted:
    if not isinstance(body, dict):
        raise InvalidInput(problems=(Problem("", "a JSON object is accepted", "type"),))
    quota, problems = limits.wanted(body.get("limits"), OPEN)
    name, scopes = body.get("name"), body.get("scopes", ["run", "read"])
    life, account, networks = limits.whole(body.get("expires_in_s")), body.get("account"), body.get("networks", [])
    if not is_name(name):
        problems.append(Problem("name", NAME_ACCEPTED, "name"))
    if account is not None and not is_name(account):
        problems.append(Problem("account", f"1 to {LONGEST_NAME} printable characters, or null, are accepted", "name"))
    if scopes != [WORKER_SCOPE] and (
        not isinstance(scopes, list) or not scopes or any(scope not in SCOPES for scope in scopes)
    ):
        accepted = f"a list out of {', '.join(SCOPES)} is accepted, or {WORKER_SCOPE} alone"
        problems.append(Problem("scopes", accepted, "scopes"))
    if life is not None and (type(life) is not int or not 1 <= life <= LONGEST_LIFE_S):
        accepted = f"a whole number from 1 to {LONGEST_LIFE_S}, or null, is accepted"
        problems.append(Problem("expires_in_s", accepted, "range"))
    if not isinstance(networks, list) or len(networks) > MOST_NETWORKS or not all(map(_is_network, networks)):
        accepted = f"a list of at most {MOST_NETWORKS} networks such as 10.0.0.0/8 or 2001:db8::1 is accepted"
        problems.append(Problem("networks", accepted, "networks"))
    if problems:
        raise InvalidInput(problems=tuple(problems))
    scopes = tuple(scope for scope in (*SCOPES, WORKER_SCOPE) if scope in scopes)
    networks = tuple(str(parse_network(network)) for network in networks)
    return Wanted(str(name), scopes, life, account, networks, quota)


def _is_network(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(parse_network(value))
    except ValueError:
        return False


def is_name(value: object) -> TypeGuard[str]:
    """May a key or an account be called this?"""
    return isinstance(value, str) and 1 <= len(value) <= LONGEST_NAME and _NAME.fullmatch(value) is not None


def described(key: Key) -> dict[str, Any]:
    """A key as it is answered, never its secret."""
    return {
        "key_id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": list(key.scopes),
        "created_at": timestamp(key.created_ms),
        "expires_at": timestamp(key.expires_ms) if key.expires_ms else None,
        "revoked_at": timestamp(key.revoked_ms) if key.revoked_ms else None,
        "networks": list(key.networks),
        "last_used_at": timestamp(key.last_used_ms) if key.last_used_ms else None,
        "previous_expires_at": timestamp(key.previous_until_ms) if key.previous_until_ms else None,
        "limits": limits.described(key.quota),
    }
