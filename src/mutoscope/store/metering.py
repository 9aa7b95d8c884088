"""How far a key is, read from the database and moved on by each submit. The rules themselves: `quotas`.

A key without limits has no meter. Submits of one key are counted one at a time: the meter's row is locked first, so
that many at once cannot go beyond what is left.
"""

from __future__ import annotations

from mutoscope import quotas
from mutoscope.jobs import NewJob
from mutoscope.quotas import Allowance, Meter, Quota
from mutoscope.store.database import Database, Row, Transaction


def admit(tx: Transaction, new: NewJob, quota: Quota) -> Allowance | None:
    """Count one more submit of this key. Raises RateLimited and PaymentRequired before anything is written.

    Part of the submit's own transaction; returns what is left of the key's rate, if it has one.
    """
    if not quota.is_metered:
        return None
    tx.run("meter_open", key_id=new.key_id)
    row = tx.one("meter_locked", key_id=new.key_id)
    assert row is not None
    counted = tx.one("lane_queued", lane=new.key_id, cap=quota.max_queued) if quota.max_queued is not None else None
    from_ms = _period_ms(quota, row)
    spent = row["spent_microusd"]
    if from_ms is not None and from_ms != row["period_ms"]:
        total = tx.one("spent_since", account_id=new.account_id, key_id=new.key_id, from_ms=from_ms)
        assert total is not None
        spent = int(total[0])
    meter = Meter(row["now_ms"], counted[0] if counted else 0, row["tat_ms"], spent)
    quotas.check(quota, meter, new.hold_microusd)
    after = Meter(meter.now_ms, tat_ms=quotas.next_tat_ms(quota, meter))
    spent_microusd = spent + (new.hold_microusd if from_ms is not None else 0)
    tx.run("meter_set", key_id=new.key_id, tat_ms=after.tat_ms, period_ms=from_ms, spent_microusd=spent_microusd)
    return quotas.allowance(quota, after)


async def read(db: Database, account_id: str, key_id: str, quota: Quota) -> Meter:
    """How far a key is now, without holding anybody up."""
    row = await db.one("meter", key_id=key_id)
    assert row is not None
    counted = await db.one("lane_queued", lane=key_id, cap=quota.max_queued) if quota.max_queued is not None else None
    from_ms = _period_ms(quota, row)
    spent = row["spent_microusd"]
    if from_ms is not None and from_ms != row["period_ms"]:
        total = await db.one("spent_since", account_id=account_id, key_id=key_id, from_ms=from_ms)
        assert total is not None
        spent = total[0]
    return Meter(int(row["now_ms"]), int(counted[0]) if counted else 0, float(row["tat_ms"]), int(spent))


def _period_ms(quota: Quota, row: Row) -> int | None:
    """When the period of the key's spending limit began; None without such a limit."""
    return None if quota.spend_microusd is None else quotas.period_ms(quota.spend_period, row["now_ms"])
