"""The operator's pages: models, workers and queue, accounts, limits, audit log. For the owner of the site alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from mutoscope.server import admin
from mutoscope.server.audit import told, wanted_of
from mutoscope.server.wire import Query, next_cursor, site_of
from mutoscope.store import audit
from mutoscope.web.render import page, render
from mutoscope.web.texts import _

AT_ONCE = 50
LIMITS: Mapping[str, Callable[[], tuple[str, str]]] = {
    "max_queued": lambda: (_("Requests waiting, of everybody"), _("0: as many as come.")),
    "max_upload_bytes": lambda: (_("Largest upload, in bytes"), ""),
    "min_free_bytes": lambda: (_("Bytes that stay free on the disk"), _("With less, nothing new is accepted.")),
    "file_url_ttl_s": lambda: (_("Seconds that an address of a file is good for"), ""),
}


@page
async def models(request: Request) -> Response:
    """GET /admin: every model: switch, engine, price, and what waits for it."""
    await admin.owner(request)
    return await render(request, "admin_models.html", models=await admin.models_told(site_of(request)))


@page
async def workers(request: Request) -> Response:
    """GET /admin/workers: what is running where, and what waits; renewed by itself."""
    await admin.owner(request)
    return await render(request, "admin_workers.html", now=await admin.workers_told(site_of(request)))


@page
async def accounts(request: Request) -> Response:
    """GET /admin/accounts: every account, with the way to its keys."""
    await admin.owner(request)
    return await render(request, "admin_accounts.html", accounts=await admin.accounts_told(site_of(request)))


@page
async def limits(request: Request) -> Response:
    """GET /admin/limits: limits of the whole site."""
    await admin.owner(request)
    words = {name: say() for name, say in LIMITS.items()}
    return await render(request, "admin_limits.html", told=admin.limits_told(site_of(request)), words=words)


@page
async def log(request: Request) -> Response:
    """GET /admin/audit: who did what, from where; of all accounts unless one is named."""
    who = await admin.owner(request)
    store, asked = site_of(request).store, dict(request.query_params)
    wanted = await wanted_of(request, who, Query(request), limit=AT_ONCE)
    if not asked.get("account"):
        wanted = audit.Wanted(None, *(getattr(wanted, name) for name in audit.Wanted.__slots__[1:]))
    found = await audit.entries(store.db, wanted)
    cursor = next_cursor(len(found) == AT_ONCE, found[-1].at_ms, found[-1].id) if found else None
    filters = {name: asked.get(name, "") for name in ("account", "action", "target", "after", "before")}
    kept = {name: value for name, value in filters.items() if value}
    return await render(
        request,
        "admin_audit.html",
        entries=[told(entry, who, is_owner=True) for entry in found],
        names={line["account_id"]: line["name"] for line in await admin.accounts_told(site_of(request))},
        filters=filters,
        file=f"/v1/audit/export.csv?{urlencode(kept if 'account' in kept else kept | {'all': 'true'})}",
        older=f"/admin/audit?{urlencode(kept | {'cursor': cursor})}" if cursor else "",
        newest=f"/admin/audit?{urlencode(kept)}" if wanted.cursor else "",
    )
