"""What an address and a choice of events must be, before anything is accepted. Pure: no network."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mutoscope import net
from mutoscope.errors import MediaError, Problem
from mutoscope.jobs import State

EVENTS = tuple(str(state) for state in State)
DEFAULT_EVENTS = tuple(str(state) for state in State if state.is_terminal)

KEPT_BYTES = 4096
"""How much of a receiver's answer is kept for the log."""
LONGEST_URL = 2048
URL_PATTERN = (
    r"^https?://(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?"
    r"(?:[/?](?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)?$"
)
TIMEOUT_S = 10.0
"""What Standard Webhooks and RunComfy's own webhooks give a receiver."""


def policy(allow: tuple[net.rules.Network, ...] = (), *, timeout_s: float = TIMEOUT_S) -> net.Policy:
    """What `net` is to permit: public addresses and these networks, no redirects, so long altogether."""
    return net.Policy(
        max_bytes=KEPT_BYTES,
        allow=allow,
        max_redirects=0,
        connect_timeout_s=timeout_s / 2,
        read_timeout_s=timeout_s,
        total_timeout_s=timeout_s,
    )


def check(url: str, events: Sequence[str], allowed: net.Policy, *, url_name: str, events_name: str) -> list[Problem]:
    """What is wrong with an address and its events; nothing is asked of the network."""
    problems = []
    try:
        if len(url) > LONGEST_URL:
            raise MediaError(f"an address of {len(url)} characters; at most {LONGEST_URL}", rule="url")
        net.check_url(url, allowed)
        if not re.fullmatch(URL_PATTERN, url):
            accepted = (
                "accepted is a URI (RFC 3986): host names in ASCII, other characters percent-encoded, no fragment"
            )
            raise MediaError(f"the address holds characters that belong in none; {accepted}", rule="url")
    except MediaError as exc:
        problems.append(Problem(url_name, exc.message, exc.rule))
    if not events or any(event not in EVENTS for event in events):
        problems.append(Problem(events_name, f"one or more of {', '.join(EVENTS)} are accepted", "events"))
    return problems
