"""How pages write what programs count: instants, spans, money, limits. Whole sentences, each with its placeholders."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from babel import numbers
from markupsafe import Markup

from mutoscope.web import amounts
from mutoscope.web.texts import _

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400


def instant(at: str | int | None) -> Markup | str:
    """An instant of the API, or milliseconds, to the minute in UTC; a dash for none."""
    if at is None:
        return "–"
    moment = datetime.fromtimestamp(at / 1000, UTC) if isinstance(at, int) else datetime.fromisoformat(at)
    told = _("%(at)s UTC") % {"at": amounts.moment(moment)}
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(), told)


def span(seconds: float) -> str:
    """Seconds in the largest unit that fits: `3 days`."""
    whole = int(seconds)
    for unit, length in (("day", DAY_S), ("hour", HOUR_S), ("minute", MINUTE_S)):
        if whole >= 2 * length:
            return amounts.counted(whole // length, unit)
    return amounts.counted(whole, "second")


def usd(amount: float) -> str:
    """Dollars and cents; below one dollar with as many further digits as there are, to the millionth."""
    return amounts.money(round(amount, 2) if amount >= 1 else amount)


def number(value: float) -> str:
    """With one digit after the point at most."""
    return numbers.format_decimal(round(value, 1), locale=amounts.locale())


def limits(told: dict[str, Any]) -> list[str]:
    """The limits of a key, as the API tells them, each a few words; none for a key without any."""
    words = []
    if told["weight"] != 1:
        words.append(_("weight %(n)s") % {"n": f"{told['weight']:g}"})
    if told["priority"] != "normal":
        words.append(PRIORITY[told["priority"]]())
    if told["max_running"] is not None:
        words.append(_("%(n)s running") % {"n": told["max_running"]})
    if told["max_queued"] is not None:
        words.append(_("%(n)s waiting") % {"n": told["max_queued"]})
    if told["rate"] is not None:
        words.append(_("%(n)s in %(span)s") % {"n": told["rate"]["submits"], "span": span(told["rate"]["window_s"])})
    if told["spending"] is not None:
        words.append(SPENDING[told["spending"]["period"]]() % {"usd": usd(told["spending"]["usd"])})
    if told["cache"] == "use":
        words.append(_("earlier outputs will do"))
    return words


PRIORITY = {
    "high": lambda: _("high priority"),
    "normal": lambda: _("normal priority"),
    "low": lambda: _("low priority"),
}
SPENDING = {
    "day": lambda: _("%(usd)s a day"),
    "month": lambda: _("%(usd)s a month"),
    "total": lambda: _("%(usd)s in all"),
}
SCOPES = {
    "run": lambda: _("Run models, upload files, cancel and delete"),
    "read": lambda: _("Look at everything of the account"),
    "admin": lambda: _("Keys, webhooks and the audit log"),
    "worker": lambda: _("Workers: take requests and carry them out"),
}
