"""Webhooks: what is told to the addresses that callers named, how it is signed, and how it gets there.

What is to be told is written by `store.outbox` in the transaction that moves a request; here it is checked before
(`rules`), signed by Standard Webhooks (`signing`) and sent until it arrived or a day is over (`sender`). Everything
goes out through `net`. Knows nothing of HTTP requests coming in; see `server/webhooks.py` for those.
"""

from __future__ import annotations

from mutoscope.webhooks.rules import DEFAULT_EVENTS, EVENTS, check, policy
from mutoscope.webhooks.sender import Options, Sender, parse_backoff
from mutoscope.webhooks.signing import SiteKey, new_secret

__all__ = [
    "DEFAULT_EVENTS",
    "EVENTS",
    "Options",
    "Sender",
    "SiteKey",
    "check",
    "new_secret",
    "parse_backoff",
    "policy",
]
