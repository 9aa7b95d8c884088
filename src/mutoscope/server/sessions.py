"""Browsers that are signed in: a cookie in place of the key.

The cookie holds a random token, of which the database keeps the hash; a session is good until it is closed, its time
is over, or its key is revoked. A browser sends cookies by itself, also when a page of a stranger asks it to, so a
call that changes something counts only when it comes from a page of this site.
"""

from __future__ import annotations

import hashlib
import secrets
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from mutoscope.errors import Forbidden
from mutoscope.server.wire import base_url, site_of

LIFE_S = 30 * 86400
READING = frozenset({"GET", "HEAD", "OPTIONS"})


def cookie_name(request: Request) -> str:
    """The name of the session's cookie. Browsers share cookies between the ports of a host, so it holds the port."""
    try:
        port = urlsplit(base_url(request)).port
    except ValueError:  # a Host that is no address: no browser of ours sends that
        port = None
    return f"mutoscope_session_{port}" if port else "mutoscope_session"


async def session_key(request: Request) -> str | None:
    """The hash of the key that this browser signed in with; None without a good session.

    Raises Forbidden when the call changes something and does not come from a page of this site.
    """
    token = request.cookies.get(cookie_name(request))
    if not token:
        return None
    found = await site_of(request).store.session_key(_hash(token))
    if found is not None and request.method not in READING:
        check_origin(request)
    return found


def check_origin(request: Request) -> None:
    """Raises Forbidden unless a page of this very site sends the request.

    Browsers say so in `Sec-Fetch-Site` where the site is https or this machine, and in `Origin` everywhere.
    """
    said = request.headers.get("sec-fetch-site")
    if said is not None:
        ours = said == "same-origin"
    else:
        ours = request.headers.get("origin") in {_origin(base_url(request)), f"http://{request.headers.get('host')}"}
    if not ours:
        raise Forbidden(
            "a browser's session is accepted only from pages of this site; elsewhere send the key", code=403004
        )


async def open_session(request: Request, response: Response, key_id: str) -> None:
    """Sign the browser in with this key."""
    token = secrets.token_urlsafe(32)
    await site_of(request).store.open_session(_hash(token), key_id, life_s=LIFE_S)
    response.set_cookie(
        cookie_name(request),
        token,
        max_age=LIFE_S,
        httponly=True,
        samesite="lax",
        secure=base_url(request).startswith("https:"),
    )


async def close_session(request: Request, response: Response) -> None:
    """Sign the browser out."""
    token = request.cookies.get(cookie_name(request))
    if token:
        await site_of(request).store.close_session(_hash(token))
    response.delete_cookie(cookie_name(request), httponly=True, samesite="lax")


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
