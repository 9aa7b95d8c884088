"""What the calling account used and what it cost: row by row, summed by day, and as files for other programs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from mutoscope.errors import InvalidInput, Problem
from mutoscope.jobs import timestamp
from mutoscope.server import focus
from mutoscope.server.auth import caller
from mutoscope.server.sheets import sheet
from mutoscope.server.wire import Query, answer, next_cursor, site_of
from mutoscope.store import usage
from mutoscope.store.store import Store
from mutoscope.store.usage import DAY_MS, Day, Usage

MOST_DAYS = 400
"""Days that are summed in one answer."""
USUAL_DAYS = 30
COLUMNS = ("at", "request_id", "model_id", "key_id", "state", "quantity", "unit", "cost_usd")
AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Period:
    """From an instant up to, and without, another one; milliseconds."""

    from_ms: int
    to_ms: int

    @property
    def name(self) -> str:
        """For a file: `2026-11-01-to-2026-11-30`, with the last day that is in it."""
        days = (datetime.fromtimestamp(ms / 1000, UTC).date().isoformat() for ms in (self.from_ms, self.to_ms - 1))
        return "-to-".join(days)


async def index(request: Request) -> Response:
    """GET /v1/usage: what each request cost, newest first, and the sum for the time asked about."""
    who = await caller(request, "read", "run")
    query = Query(request)
    from_ms, to_ms = query.time_ms("from"), query.time_ms("to")
    limit, cursor = query.number("limit", 100, 1, 1000), query.cursor()
    query.check()
    store = site_of(request).store
    rows = await usage.rows(store.db, who.account_id, from_ms=from_ms, to_ms=to_ms, cursor=cursor, limit=limit)
    total = await usage.spent(store.db, who.account_id, from_ms=from_ms, to_ms=to_ms)
    last = next_cursor(len(rows) == limit, rows[-1].created_ms, rows[-1].request_id) if rows else None
    told = [dict(zip(COLUMNS, _row(row), strict=True)) for row in rows]
    return answer({"usage": told, "total_usd": total / 1e6, "next_cursor": last})


async def summary(request: Request) -> Response:
    """GET /v1/usage/summary: sums by day (UTC), model and key."""
    who = await caller(request, "read", "run")
    store = site_of(request).store
    period = await period_of(store, Query(request))
    days = await usage.summary(store.db, who.account_id, from_ms=period.from_ms, to_ms=period.to_ms)
    return answer(
        {
            "from": timestamp(period.from_ms),
            "to": timestamp(period.to_ms),
            "days": [_day(day) for day in days],
            "requests": sum(day.requests for day in days),
            "total_usd": sum(day.cost_microusd for day in days) / 1e6,
        }
    )


async def as_csv(request: Request) -> Response:
    """GET /v1/usage/export.csv: the rows of GET /v1/usage as a file, all of them."""
    who = await caller(request, "read", "run")
    store = site_of(request).store
    period = await period_of(store, Query(request), most_days=None)

    async def rows() -> AsyncIterator[Sequence[object]]:
        async for used in _all(store, who.account_id, period):
            yield _row(used)

    return sheet(f"mutoscope-usage-{period.name}", COLUMNS, rows())


async def as_focus(request: Request) -> Response:
    """GET /v1/usage/focus.csv: what was charged, in the columns of FOCUS 1.2."""
    who = await caller(request, "read", "run")
    store = site_of(request).store
    period = await period_of(store, Query(request), most_days=None)
    names = {key.id: key.name for key in await store.keys(who.account_id)}
    payer = focus.Payer(who.account_id, await store.account_name(who.account_id), names)

    async def rows() -> AsyncIterator[Sequence[object]]:
        async for used in _all(store, who.account_id, period):
            if used.state == "charged":
                yield focus.row(used, payer)

    return sheet(f"mutoscope-focus-{focus.VERSION}-{period.name}", focus.COLUMNS, rows())


async def balance(request: Request) -> Response:
    """GET /prod/v2/balance: there is no wallet, so this is what was spent, as a negative number."""
    who = await caller(request, "read", "run")
    spent = await usage.spent(site_of(request).store.db, who.account_id, from_ms=None, to_ms=None)
    return answer({"balance_usd": -spent / 1e6, "balance_microdollars": -spent, "currency": "USD"})


async def period_of(store: Store, query: Query, *, most_days: int | None = MOST_DAYS) -> Period:
    """The time that `from` and `to` name; the thirty days up to now, today included, where they do not.

    Raises InvalidInput, also for more than most_days.
    """
    from_ms, to_ms = query.time_ms("from"), query.time_ms("to")
    query.check()
    if to_ms is None:
        to_ms = (await store.now_ms() // DAY_MS + 1) * DAY_MS
    if from_ms is None:
        from_ms = max(0, to_ms - USUAL_DAYS * DAY_MS)
    if most_days is not None and to_ms - from_ms > most_days * DAY_MS:
        accepted = f"at most {most_days} days before `to` are accepted"
        raise InvalidInput(problems=(Problem("from", accepted, "query"),), code=422003)
    return Period(max(0, from_ms), to_ms)


async def _all(store: Store, account_id: str, period: Period) -> AsyncIterator[Usage]:
    cursor = None
    while True:
        rows = await usage.rows(
            store.db, account_id, from_ms=period.from_ms, to_ms=period.to_ms, cursor=cursor, limit=AT_ONCE
        )
        for row in rows:
            yield row
        if len(rows) < AT_ONCE:
            return
        cursor = (rows[-1].created_ms, rows[-1].request_id)


def _row(row: Usage) -> tuple[object, ...]:
    """In the order of COLUMNS."""
    cost_usd = row.cost_microusd / 1e6
    at = timestamp(row.created_ms)
    return (at, row.request_id, row.model_id, row.key_id, row.state, row.quantity, row.unit, cost_usd)


def _day(day: Day) -> dict[str, object]:
    return {
        "day": datetime.fromtimestamp(day.day * DAY_MS / 1000, UTC).date().isoformat(),
        "model_id": day.model_id,
        "key_id": day.key_id,
        "requests": day.requests,
        "charged": day.charged,
        "quantity": day.quantity,
        "unit": day.unit,
        "cost_usd": day.cost_microusd / 1e6,
    }
