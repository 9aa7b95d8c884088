"""Signing in with a key, and out. The key goes into this one request; what the browser keeps is a cookie.

`serve` prints an address that lets the owner's browser in without a key: once, within the hour, and only on the
machine itself, by a name of this machine, so that no page whose name was rebound to it can use it.
"""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mutoscope.errors import BadRequest
from mutoscope.server.addresses import is_local
from mutoscope.server.auth import fingerprint, known_caller
from mutoscope.server.sessions import check_origin, close_session, open_session
from mutoscope.server.wire import chunks, nothing, site_of
from mutoscope.web import texts
from mutoscope.web.render import page, render, wants_html
from mutoscope.web.texts import _

MOST_BYTES = 16 * 1024


@page
async def show(request: Request) -> Response:
    """GET /sign-in: the form; whoever is signed in already goes on."""
    if await known_caller(request) is not None:
        return RedirectResponse(_inside(request.query_params.get("next", "")), 303)
    return await _form(request, request.query_params.get("next", ""))


@page
async def sign_in(request: Request) -> Response:
    """POST /sign-in: `key` and `next` as a form; a page's script that does not ask for HTML gets 204 or 401."""
    check_origin(request)
    fields = await _fields(request)
    who = await site_of(request).store.caller(fingerprint(fields.get("key", "").strip()))
    if who is None:
        if not wants_html(request):
            return Response(status_code=401)
        return await _form(request, fields.get("next", ""), problem=_("This key is unknown, revoked or expired."))
    answer = RedirectResponse(_inside(fields.get("next", "")), 303) if wants_html(request) else nothing()
    await open_session(request, answer, who.key_id)
    return answer


@page
async def sign_out(request: Request) -> Response:
    """POST /sign-out: the session is over."""
    check_origin(request)
    answer = RedirectResponse(texts.address("/"), 303)
    await close_session(request, answer)
    return answer


@page
async def welcome(request: Request) -> Response:
    """GET /welcome/{token}: the address that `serve` printed."""
    site = site_of(request)
    if await known_caller(request) is not None:
        return RedirectResponse("/", 303)
    problem = _("This link has been used, or is older than an hour. A restart of the server prints a new one.")
    if not is_local(request):
        problem = _("This link works only in a browser on the machine that the server runs on.")
    elif site.invitation.take(request.path_params["token"]):
        owner = await site.store.first_account()
        key_id = await site.store.owner_key(owner) if owner else None
        if key_id is not None:
            answer = RedirectResponse("/", 303)
            await open_session(request, answer, key_id)
            return answer
        problem = _("The owner has no key any more. Stop the server and run: mutoscope db reset-key")
    return await _form(request, "", problem=problem)


async def _form(request: Request, wanted: str, *, problem: str = "") -> Response:
    status = 403 if problem else 200
    return await render(request, "sign_in.html", status, problem=problem, wanted=_inside(wanted))


async def _fields(request: Request) -> dict[str, str]:
    body = b"".join([chunk async for chunk in chunks(request, MOST_BYTES)])
    try:
        return {name: values[-1] for name, values in parse_qs(body.decode(), max_num_fields=8).items()}
    except ValueError as exc:
        raise BadRequest("the form could not be read") from exc


def _inside(path: str) -> str:
    """A path of this site; the front page for anything else."""
    good = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if good else texts.address("/")
