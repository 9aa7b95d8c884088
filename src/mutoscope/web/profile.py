"""What a person sees of their own account: the profile, and its keys. What they do there, they do through the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from mutoscope import quotas
from mutoscope.quotas import OPEN
from mutoscope.server import account, limits
from mutoscope.server.auth import SCOPES, caller
from mutoscope.server.wire import site_of
from mutoscope.store import usage
from mutoscope.store.records import Key
from mutoscope.web import wording
from mutoscope.web.render import page, render
from mutoscope.web.texts import _


@page
async def profile(request: Request) -> Response:
    """GET /profile: the account, the key one signed in with, its limits, and what was spent."""
    who = await caller(request, *SCOPES)
    store = site_of(request).store
    told = await account.of_caller(store, who)
    from_ms = quotas.period_ms("month", await store.now_ms())
    month = await usage.spent(store.db, who.account_id, from_ms=from_ms, to_ms=None)
    total = await usage.spent(store.db, who.account_id, from_ms=None, to_ms=None)
    return await render(
        request,
        "profile.html",
        told=told,
        words=wording.limits(told["key"]["limits"]),
        scopes=wording.SCOPES,
        month_usd=month / 1e6,
        total_usd=total / 1e6,
    )


@dataclass(frozen=True, slots=True)
class Shown:
    """A key as the page shows it. overlaps: the secret before the present one still opens."""

    told: dict[str, Any]
    state: Literal["good", "expired", "revoked"]
    is_own: bool
    overlaps: bool
    words: list[str]


@page
async def keys(request: Request) -> Response:
    """GET /keys: every key of the account, to be made, changed, replaced and revoked; ?account= for the owner."""
    who = await caller(request, "admin")
    store = site_of(request).store
    name = request.query_params.get("account", "")
    account_id = await account.account_named(store, who, name)
    now_ms = await store.now_ms()
    shown = [_shown(key, now_ms=now_ms, own=who.key_id) for key in reversed(await store.keys(account_id))]
    return await render(
        request,
        "keys.html",
        account=name,
        query=f"?{urlencode({'account': name})}" if name else "",
        good=[key for key in shown if key.state == "good"],
        over=[key for key in shown if key.state != "good"],
        scopes=wording.SCOPES,
        open=limits.described(OPEN),
        lives=[
            ("", _("Never")),
            *((days * wording.DAY_S, wording.span(days * wording.DAY_S)) for days in (7, 30, 90, 365)),
        ],
        overlaps=[
            (0, _("No longer: after a leak")),
            *((s, wording.span(s)) for s in (3600 * 2, 86400 * 1, 86400 * 7, 86400 * 30)),
        ],
    )


def _shown(key: Key, *, now_ms: int, own: str) -> Shown:
    told = account.described(key)
    is_past = key.expires_ms is not None and key.expires_ms <= now_ms
    return Shown(
        told=told,
        state="revoked" if key.revoked_ms else "expired" if is_past else "good",
        is_own=key.id == own,
        overlaps=key.previous_until_ms is not None and key.previous_until_ms > now_ms,
        words=wording.limits(told["limits"]),
    )
