"""What one server asks of workers reaches those of all servers that share a database.

A worker asks one server for work at a time, and behind one address it asks now this one, now that one. Requests are in
the database; what is in memory only, because a restart may forget it, travels as words beside the hints. A word that
is lost, or too long, is asked of this server's own workers alone.
"""

from __future__ import annotations

from typing import Any

import orjson
import structlog

from mutoscope.protocol import Check, Checked, Withdrawal, decode, encode
from mutoscope.site import Site

log = structlog.get_logger(__name__)


def connect(site: Site) -> None:
    """From now on; to be called once."""
    wakeups = site.store.wakeups

    def send(kind: str, message: Any) -> None:
        wakeups.send(kind, orjson.dumps(message).decode())

    def asked(text: str) -> None:
        site.checks.asked_elsewhere(decode(Check, orjson.loads(text)))

    def answered(text: str) -> None:
        told = orjson.loads(text)
        site.checks.answered_elsewhere(told.pop("check_id"), decode(Checked, told))

    def withdrawn(text: str) -> None:
        site.withdrawals.told_elsewhere(decode(Withdrawal, orjson.loads(text)))

    for kind, take in (("check", asked), ("checked", answered), ("withdraw", withdrawn)):
        wakeups.others[kind] = _careful(kind, take)
    site.checks.are_others = lambda: site.store.is_shared and site.health.workers_ready() > 0
    site.checks.ask_others = lambda check: send("check", encode(check))
    site.checks.tell_others = lambda check_id, checked: send("checked", {"check_id": check_id, **encode(checked)})
    site.withdrawals.tell_others = lambda withdrawal: send("withdraw", encode(withdrawal))


def _careful(kind: str, take: Any) -> Any:
    """Words may come from a server of another version."""

    def took(text: str) -> None:
        try:
            take(text)
        except (ValueError, KeyError, AttributeError) as exc:
            log.debug("word.not_understood", kind=kind, reason=str(exc))

    return took
