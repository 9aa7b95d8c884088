"""The addresses of the history: the list, one line of it, and the page of one run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from mutoscope.jobs import State
from mutoscope.server.auth import caller
from mutoscope.server.listing import LONGEST_SEARCH, SCANNED, page_of
from mutoscope.server.wire import Query, base_url, site_of
from mutoscope.site import Site
from mutoscope.store.values import Filter
from mutoscope.web.catalogue import start_of, takers
from mutoscope.web.generations.details import details_of
from mutoscope.web.generations.rows import key_names, name_of, row_of, rows_of, state_words
from mutoscope.web.render import page, render

SHOWN = 30
MINUTE_MS, DAY_MS = 60_000, 86_400_000
FIELDS = ("search", "model", "state", "key", "from", "until", "zone")
FARTHEST_MIN = 900
"""Minutes between the reader's clock and UTC; no zone is farther away."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the reader wants to see. fields: as they stand in the form."""

    fields: dict[str, str]
    search: str
    wanted: Filter

    @property
    def is_narrowed(self) -> bool:
        """Is anything left out?"""
        return any(value for name, value in self.fields.items() if name != "zone")

    def address(self, cursor: str = "") -> str:
        """Of this list, or of the page of it that a cursor names."""
        told = {name: value for name, value in self.fields.items() if value}
        return "?" + urlencode(told | ({"cursor": cursor} if cursor else {}))


def _asked(request: Request) -> Asked:
    """Raises InvalidInput."""
    query = Query(request)
    fields = {name: request.query_params.get(name, "") for name in FIELDS}
    search = query.words("search", LONGEST_SEARCH)
    ahead_min = query.number("zone", FARTHEST_MIN, 0, 2 * FARTHEST_MIN) - FARTHEST_MIN
    wanted = Filter(
        model_id=query.text("model"),
        state=query.word("state", tuple(State)),
        after_ms=_midnight_ms(query.day("from"), ahead_min),
        before_ms=_midnight_ms(query.day("until"), ahead_min, days=1),
        cursor=query.cursor(),
        limit=SHOWN,
        key_id=query.text("key"),
    )
    query.check()
    return Asked(fields, search, wanted)


def _midnight_ms(day: date | None, ahead_min: int, *, days: int = 0) -> int | None:
    """When a day began where the reader is, or so many days after it."""
    if day is None:
        return None
    begun = (day - date(1970, 1, 1) + timedelta(days=days)).days * DAY_MS
    return max(0, begun - ahead_min * MINUTE_MS)


@page
async def index(request: Request) -> Response:
    """GET /generations: every run, newest first; the lines alone when htmx asks."""
    who = await caller(request, "read", "run")
    site, asked = site_of(request), _asked(request)
    found = await page_of(site, who.account_id, asked.wanted, asked.search)
    is_part = "hx-request" in request.headers
    return await render(
        request,
        "_runs.html" if is_part else "generations.html",
        rows=await rows_of(site, who.account_id, found.jobs),
        more=asked.address(found.cursor) if found.cursor else "",
        is_first=asked.wanted.cursor is None,
        listed=asked,
        scanned=SCANNED,
        **({} if is_part else await _choices(site, who.account_id)),
        start=start_of(site),
    )


async def _choices(site: Site, account_id: str) -> dict[str, Any]:
    return {
        "models": sorted((name_of(model), model.id) for model in site.catalog.models),
        "states": state_words(),
        "keys": await key_names(site, account_id),
    }


@page
async def row(request: Request) -> Response:
    """GET /generations/{request_id}/row: one line of the list, as it stands now."""
    who = await caller(request, "read", "run")
    site = site_of(request)
    job = await site.store.job(request.path_params["request_id"], who.account_id)
    found = await row_of(site, job, await key_names(site, who.account_id))
    return await render(request, "_run_row.html", row=found)


@page
async def show(request: Request) -> Response:
    """GET /generations/{request_id}: all about one run."""
    who = await caller(request, "read", "run")
    site = site_of(request)
    found = await details_of(site, who.account_id, request.path_params["request_id"], base_url(request))
    facts = {"request_id": found.job.id, "model_id": found.job.model_id, "seed": found.seed_field}
    if found.seed_field:
        facts["any_seed"] = (
            site.catalog.get(found.job.model_id).input_schema["properties"][found.seed_field].get("default", -1)
        )
    return await render(request, "generation.html", run=found, facts=facts, takers=takers(site))
