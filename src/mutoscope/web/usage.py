"""What was used and what it cost, as a chart and as tables. The sums are those of GET /v1/usage/summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from mutoscope.errors import InvalidInput
from mutoscope.server.auth import caller
from mutoscope.server.usage import Period, period_of
from mutoscope.server.wire import Query, site_of
from mutoscope.site import Site
from mutoscope.store import usage
from mutoscope.store.usage import DAY_MS, Day
from mutoscope.web import amounts, texts
from mutoscope.web.render import page, render
from mutoscope.web.texts import _

SERIES = 7
"""Models or keys with a colour of their own; what is beyond them is drawn as one."""
RANGES = (7, 30, 90, 365)
MEASURES: dict[str, Callable[[Day], float]] = {
    "cost": lambda day: day.cost_microusd / 1e6,
    "requests": lambda day: day.requests,
    "quantity": lambda day: day.quantity,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table. units: what was made, by unit of the price."""

    name: str
    requests: int
    charged: int
    units: dict[str, float]
    cost_usd: float


@page
async def show(request: Request) -> Response:
    """GET /usage: by day, model and key; the query says from when, to when, and what the chart shows."""
    who = await caller(request, "read", "run")
    site = site_of(request)
    query, problem = Query(request), ""
    try:
        period = await period_of(site.store, query)
    except InvalidInput as exc:
        problem, period = exc.message, await _usual(site)
    days = await usage.summary(site.store.db, who.account_id, from_ms=period.from_ms, to_ms=period.to_ms)
    keys = {key.id: key.name for key in await site.store.keys(who.account_id)}
    by = query.word("by", ("model", "key")) or "model"
    measure = query.word("show", tuple(MEASURES)) or ("cost" if any(day.cost_microusd for day in days) else "requests")
    names = {"model": lambda day: model_name(site, day.model_id), "key": lambda day: keys.get(day.key_id, day.key_id)}
    return await render(
        request,
        "usage.html",
        200 if not problem else 422,
        problem=problem,
        whole=lines(days, lambda _day: "")[:1],
        tables=[
            (_("By model"), _("Model"), lines(days, names["model"])),
            (_("By key"), _("Key"), lines(days, names["key"])),
            (_("By day"), _("Day"), daily(days)),
        ],
        chart=chart(days, period, names[by], MEASURES[measure]) | {"measure": measure},
        by=by,
        measure=measure,
        first=date(period.from_ms // DAY_MS),
        until=date(-(-period.to_ms // DAY_MS)),
        ranges=await _ranges(site, by=by, measure=measure),
        files=urlencode({"from": _instant(period.from_ms), "to": _instant(period.to_ms)}),
        here=_here(period),
    )


async def _usual(site: Site) -> Period:
    to_ms = (await site.store.now_ms() // DAY_MS + 1) * DAY_MS
    return Period(to_ms - 30 * DAY_MS, to_ms)


async def _ranges(site: Site, *, by: str, measure: str) -> list[tuple[int, str, str]]:
    """(days, address, first day) of the usual ranges up to today."""
    end_ms = (await site.store.now_ms() // DAY_MS + 1) * DAY_MS
    found = []
    for days in RANGES:
        first = date(end_ms // DAY_MS - days)
        query = {"from": first, "to": date(end_ms // DAY_MS), "by": by, "show": measure}
        found.append((days, f"/usage?{urlencode(query)}", first))
    return found


def _here(period: Period) -> Callable[[str, str], str]:
    """This page with another order or another measure."""

    def address(by: str, show: str) -> str:
        query = {"from": _instant(period.from_ms), "to": _instant(period.to_ms), "by": by, "show": show}
        return f"/usage?{urlencode(query)}"

    return address


def date(day: int) -> str:
    """A day since 1970 as `2026-01-02`."""
    return datetime.fromtimestamp(day * DAY_MS / 1000, UTC).date().isoformat()


def _instant(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def model_name(site: Site, model_id: str) -> str:
    """What a model is called; its id when it is not offered any more."""
    return site.catalog.get(model_id).text("name", texts.language()) if model_id in site.catalog else model_id


def lines(days: Sequence[Day], name: Callable[[Day], str]) -> list[Line]:
    """Sums by name: dearest first, then those with the most requests."""
    groups: dict[str, list[Day]] = {}
    for day in days:
        groups.setdefault(name(day), []).append(day)
    found = [_line(group, some) for group, some in groups.items()]
    return sorted(found, key=lambda line: (-line.cost_usd, -line.requests, line.name))


def daily(days: Sequence[Day]) -> list[Line]:
    """Sums by day, the last first."""
    found = lines(days, lambda day: date(day.day))
    found.sort(key=lambda line: line.name, reverse=True)
    return [replace(line, name=amounts.day(datetime.fromisoformat(line.name))) for line in found]


def _line(name: str, days: Sequence[Day]) -> Line:
    units: Counter[str] = Counter()
    for day in days:
        if day.quantity:
            units[day.unit] += day.quantity  # type: ignore[assignment]  # a Counter counts fractions as well
    return Line(
        name=name,
        requests=sum(day.requests for day in days),
        charged=sum(day.charged for day in days),
        units=dict(units),
        cost_usd=sum(day.cost_microusd for day in days) / 1e6,
    )


def chart(
    days: Sequence[Day], period: Period, name: Callable[[Day], str], measure: Callable[[Day], float]
) -> dict[str, Any]:
    """What the script draws: days as seconds since 1970, and for each name its values, largest sum first."""
    first, last = period.from_ms // DAY_MS, (period.to_ms - 1) // DAY_MS
    totals: Counter[str] = Counter()
    for day in days:
        totals[name(day)] += measure(day)  # type: ignore[assignment]  # as above
    named = [label for label, total in totals.most_common(SERIES) if total]
    rest = _("All others")
    values = {label: [0.0] * (last - first + 1) for label in ([*named, rest] if len(totals) > SERIES else named)}
    for day in days:
        label = name(day)
        if label in values or rest in values:
            values[label if label in values else rest][day.day - first] += measure(day)
    return {
        "days": [day * DAY_MS // 1000 for day in range(first, last + 1)],
        "series": [{"name": label, "values": numbers} for label, numbers in values.items()],
    }
