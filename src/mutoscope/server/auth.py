"""Who is calling: `Authorization: Bearer <key>`, looked up by its SHA-256, or the cookie of a browser's session.

Keys are 256 random bits, so a plain hash is enough to store them by; the lookup is by the hash, so its time says
nothing about the key.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from starlette.requests import Request

from mutoscope.errors import Forbidden, Unauthorized
from mutoscope.server.addresses import came_from, is_within
from mutoscope.server.sessions import session_key
from mutoscope.server.wire import site_of
from mutoscope.store.records import Caller

SCOPES = ("run", "read", "admin")
"""run: submit, cancel, delete, upload, and follow requests. read: look at everything of the account. admin: keys."""
WORKER_SCOPE = "worker"
"""Lets workers in, and opens nothing else; a key of the site's owner has it alone."""


def new_key() -> str:
    """A fresh API key."""
    return "mk_" + secrets.token_urlsafe(32)


def fingerprint(key: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


async def caller(request: Request, *scopes: str) -> Caller:
    """The caller, whose key has at least one of the scopes. Raises Unauthorized, Forbidden."""
    found = await known_caller(request)
    if found is None:
        raise Unauthorized
    if found.networks and not is_within(came_from(request), found.networks):
        raise Forbidden("this key may not be used from this address", code=403002)
    if not found.scopes.intersection(scopes):
        raise Forbidden(f"this key lacks the scope `{'` or `'.join(scopes)}`")
    return found


async def known_caller(request: Request) -> Caller | None:
    """The caller, or None without a header or a session. Raises Unauthorized for a key that opens nothing."""
    header = request.headers.get("authorization")
    if not header:
        return await _signed_in(request)
    scheme, _, key = header.partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Unauthorized("the Authorization header must be: Bearer <key>")
    found = await site_of(request).store.caller(fingerprint(key.strip()))
    if found is None:
        raise Unauthorized("this API key is unknown, revoked or expired", code=401002)
    site_of(request).health.keys_used.add(found.key_id)
    return found


async def _signed_in(request: Request) -> Caller | None:
    key_sha256 = await session_key(request)
    found = await site_of(request).store.caller(key_sha256) if key_sha256 else None
    if found is not None:
        site_of(request).health.keys_used.add(found.key_id)
    return found


def worker(request: Request) -> str:
    """The name of the calling worker. Raises Unauthorized unless it shows the worker token."""
    check_worker_token(request)
    name = request.headers.get("x-mutoscope-worker", "")
    if not 1 <= len(name) <= 128:
        raise Unauthorized("the header X-Mutoscope-Worker must name the worker (1 to 128 characters)", code=401003)
    return name


def check_worker_token(request: Request) -> None:
    """Raises Unauthorized unless the call shows the worker token or a worker's key, with or without `Bearer` before it.

    A key of an address that is none of its own is Forbidden.
    """
    token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    site = site_of(request)
    if hmac.compare_digest(token.encode(), site.worker_token.encode()):
        return
    key = site.health.worker_keys.get(fingerprint(token))
    if key is None:
        raise Unauthorized("a worker token is needed, or a key of scope `worker` that is in force", code=401003)
    if key.networks and not is_within(came_from(request), key.networks):
        raise Forbidden("this key may not be used from this address", code=403002)
    site.health.keys_used.add(key.key_id)
