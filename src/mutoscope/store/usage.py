"""What accounts used and what it cost: row by row, as one sum, and summed by day, model and key."""

from __future__ import annotations

from dataclasses import dataclass

from mutoscope.store.database import Database
from mutoscope.store.values import FIRST_PAGE, FOREVER_MS

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Usage:
    """What one request used and cost. state: held, charged or released."""

    request_id: str
    model_id: str
    key_id: str
    created_ms: int
    state: str
    quantity: float
    unit: str
    cost_microusd: int


@dataclass(frozen=True, slots=True)
class Day:
    """What one key used of one model in one day.

    day       days since 1970, UTC.
    requests  submitted that day. charged: those of them that were completed.
    """

    day: int
    model_id: str
    key_id: str
    requests: int
    charged: int
    quantity: float
    unit: str
    cost_microusd: int


async def rows(
    db: Database,
    account_id: str,
    *,
    from_ms: int | None,
    to_ms: int | None,
    cursor: tuple[int, str] | None = None,
    limit: int,
) -> list[Usage]:
    """Newest first. cursor: (created_ms, request_id) of the last one seen."""
    cursor_ms, cursor_id = cursor or FIRST_PAGE
    found = await db.all(
        "usage_list",
        account_id=account_id,
        from_ms=max(from_ms or 0, 0),
        to_ms=FOREVER_MS if to_ms is None else to_ms,
        cursor_ms=cursor_ms,
        cursor_id=cursor_id,
        limit=limit,
    )
    return [Usage(**{name: row[name] for name in Usage.__slots__}) for row in found]


async def spent(db: Database, account_id: str, *, from_ms: int | None, to_ms: int | None) -> int:
    """What was charged in that time, in micro-US-dollars: whole days from their sums, the rest by row."""
    from_ms, to_ms = max(from_ms or 0, 0), FOREVER_MS if to_ms is None else to_ms
    first_day, last_day = -(-from_ms // DAY_MS), to_ms // DAY_MS
    is_long = first_day <= last_day  # else all of it lies within one day
    total = await db.one(
        "usage_total",
        account_id=account_id,
        from_ms=from_ms,
        to_ms=to_ms,
        first_day=first_day,
        last_day=last_day,
        first_ms=first_day * DAY_MS if is_long else to_ms,
        last_ms=last_day * DAY_MS if is_long else to_ms,
    )
    assert total is not None
    return int(total[0])


async def summary(db: Database, account_id: str, *, from_ms: int, to_ms: int) -> list[Day]:
    """Sums by day, model and key, oldest first."""
    found = await db.all("usage_summary", account_id=account_id, from_ms=from_ms, to_ms=to_ms)
    return [
        Day(
            day=int(row["day"]),
            model_id=row["model_id"],
            key_id=row["key_id"],
            requests=int(row["requests"]),
            charged=int(row["charged"]),
            quantity=float(row["quantity"]),
            unit=row["unit"],
            cost_microusd=int(row["cost_microusd"]),
        )
        for row in found
    ]
