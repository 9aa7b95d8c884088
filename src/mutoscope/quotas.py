"""What a key may do, as plain arithmetic: priority, weight, how much at once, how fast, for how much money.

The state behind a check (how much waits, how much is spent) is the store's; so is the clock. Rates are kept by the
generic cell rate algorithm: one number per key, the time at which its allowance would be whole again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

from mutoscope.errors import Forbidden, PaymentRequired, RateLimited

PRIORITIES: Mapping[str, int] = {"high": -1, "normal": 0, "low": 1}
"""Words of the API, and the numbers the queue sorts by: smaller is served earlier, always."""
PERIODS = ("day", "month", "total")
"""What a spending limit is for: a day or a month of the calendar in UTC, or for good."""


def priority_word(priority: int) -> str:
    """The word for a number of the queue; the nearest one for numbers that have none."""
    return "normal" if priority == 0 else "high" if priority < 0 else "low"


@dataclass(frozen=True, slots=True)
class Quota:
    """What a key may do, and how its requests are treated; None: as much as it likes.

    weight           share in fair queuing beside other keys, > 0.
    priority         the most urgent one it may ask for.
    max_running      requests in progress at once.
    max_queued       requests waiting at once.
    rate_submits     submits accepted in rate_window_s seconds.
    spend_microusd   what its requests may cost in a spend_period, holds included.
    use_cache        an earlier output will do for its requests that say nothing about it.
    """

    weight: float = 1.0
    priority: int = 0
    max_running: int | None = None
    max_queued: int | None = None
    rate_submits: int | None = None
    rate_window_s: int | None = None
    spend_microusd: int | None = None
    spend_period: str | None = None
    use_cache: bool = False

    @property
    def has_lane(self) -> bool:
        """Do its requests wait in a lane of their own, so that they can be counted and passed by?"""
        return self.max_running is not None or self.max_queued is not None

    @property
    def is_metered(self) -> bool:
        """Does a submit have to be counted?"""
        return self.max_queued is not None or self.rate_submits is not None or self.spend_microusd is not None

    def check_priority(self, wanted: int) -> None:
        """Raises Forbidden for a priority above the key's own."""
        if wanted < self.priority:
            raise Forbidden(
                f"priority: this key may ask for `{priority_word(self.priority)}` at most, "
                f"found `{priority_word(wanted)}`",
                code=403003,
            )


OPEN = Quota()
"""A key without limits."""


@dataclass(frozen=True, slots=True)
class Meter:
    """How far a key is at one moment.

    now_ms         the store's clock.
    queued         its requests that wait; only counted as far as max_queued.
    tat_ms         when its allowance of submits is whole again.
    spent_microusd what the requests of this period cost or hold.
    """

    now_ms: int
    queued: int = 0
    tat_ms: float = 0.0
    spent_microusd: int = 0


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many submits are left of a rate. whole_in_s: seconds until it is whole again."""

    submits: int
    window_s: int
    left: int
    whole_in_s: int

    @property
    def fields(self) -> dict[str, str]:
        """As HTTP fields, by draft-ietf-httpapi-ratelimit-headers."""
        return {
            "RateLimit-Policy": f'"submits";q={self.submits};w={self.window_s}',
            "RateLimit": f'"submits";r={self.left};t={self.whole_in_s}',
        }


def allowance(quota: Quota, meter: Meter) -> Allowance | None:
    """What is left of the key's rate, if it has one."""
    if quota.rate_submits is None or quota.rate_window_s is None:
        return None
    owed_ms = max(0.0, meter.tat_ms - meter.now_ms)
    step_ms = quota.rate_window_s * 1000 / quota.rate_submits
    left = int((quota.rate_window_s * 1000 - owed_ms) / step_ms + 1e-9)
    return Allowance(quota.rate_submits, quota.rate_window_s, max(0, left), ceil(owed_ms / 1000))


def next_tat_ms(quota: Quota, meter: Meter) -> float:
    """`Meter.tat_ms` after one more submit."""
    if quota.rate_submits is None or quota.rate_window_s is None:
        return meter.tat_ms
    return max(meter.tat_ms, float(meter.now_ms)) + quota.rate_window_s * 1000 / quota.rate_submits


def check(quota: Quota, meter: Meter, hold_microusd: int) -> None:
    """Is one more submit within the quota? Raises RateLimited (too fast, too many waiting) and PaymentRequired."""
    _check_rate(quota, meter)
    if quota.max_queued is not None and meter.queued >= quota.max_queued:
        raise RateLimited(
            f"this key has {meter.queued} requests waiting, and may have {quota.max_queued}; wait until some are done",
            code=429003,
            retry_after_s=5,
        )
    _check_spending(quota, meter, hold_microusd)


def _check_rate(quota: Quota, meter: Meter) -> None:
    found = allowance(quota, meter)
    if found is None or found.left > 0:
        return
    over_ms = next_tat_ms(quota, meter) - meter.now_ms - found.window_s * 1000
    wait_s = max(1, ceil(over_ms / 1000))
    raise RateLimited(
        f"this key may submit {found.submits} requests in {found.window_s} s; the next one in {wait_s} s",
        retry_after_s=wait_s,
        headers=found.fields,
    )


def _check_spending(quota: Quota, meter: Meter, hold_microusd: int) -> None:
    """What is free is never refused, and neither is what still fits."""
    if quota.spend_microusd is None or not hold_microusd:
        return
    if meter.spent_microusd + hold_microusd <= quota.spend_microusd:
        return
    left = max(0, quota.spend_microusd - meter.spent_microusd)
    renews = renews_ms(quota.spend_period, meter.now_ms)
    when = f"it renews at {_instant(renews)}" if renews is not None else "it does not renew"
    price = f"{usd(hold_microusd)} USD" if hold_microusd > 1 else "more"
    raise PaymentRequired(
        f"{usd(left)} USD are left of this key's limit of {usd(quota.spend_microusd)} USD, and this request may cost "
        f"{price}; {when}"
    )


def usd(microusd: int) -> str:
    """Micro-US-dollars as dollars, without superfluous zeros after the cents."""
    whole, cents, rest = microusd // 1_000_000, microusd // 10_000 % 100, microusd % 10_000
    return f"{whole}.{cents:02}" + (f"{rest:04}".rstrip("0") if rest else "")


def period_ms(period: str | None, now_ms: int) -> int:
    """When the present day or month began, in UTC; 0 for `total`."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    if period == "total":
        return 0
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return int((day.replace(day=1) if period == "month" else day).timestamp() * 1000)


def renews_ms(period: str | None, now_ms: int) -> int | None:
    """When the next period begins; None when there is none."""
    if period == "total":
        return None
    began = datetime.fromtimestamp(period_ms(period, now_ms) / 1000, UTC)
    following = (began + timedelta(days=32)).replace(day=1) if period == "month" else began + timedelta(days=1)
    return int(following.timestamp() * 1000)


def _instant(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
