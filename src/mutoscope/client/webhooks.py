"""Is this webhook really from the server? `verify` returns the event or raises; it never answers yes or no.

    from mutoscope.client import webhooks

    event = webhooks.verify(request.body, request.headers, "whsec_...")
    print(event.type, event.data["request_id"])

The scheme is that of Standard Webhooks (HMAC-SHA256, `v1`), so any of its libraries will do as well.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .errors import BadArgument, WebhookVerificationError

PREFIX = "whsec_"
TOLERANCE_S = 300


@dataclass(frozen=True, slots=True)
class Event:
    """A webhook whose signature was right.

    id     the same each time this event is delivered: do the work once per id.
    type   `request.completed` and so on, or `webhook.test`.
    data   request_id, model_id, state, output, error, metadata; for a test only the endpoint's id.
    """

    id: str
    type: str
    timestamp: str
    data: Mapping[str, Any]
    raw: Mapping[str, Any] = field(repr=False)


def verify(
    payload: bytes | str,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    tolerance_s: float = TOLERANCE_S,
) -> Event:
    """The event in a webhook.

    payload       the body exactly as it arrived, before any JSON library saw it.
    headers       as your framework has them; upper and lower case do not matter.
    secret        `whsec_…`; several while you change them, one of which must fit.
    tolerance_s   how old the signature may be, and how far ahead of this machine's clock.

    Raises WebhookVerificationError for everything that is not right, BadArgument for a secret that cannot be one.
    """
    body = payload.encode() if isinstance(payload, str) else bytes(payload)
    found = {str(name).lower(): str(value) for name, value in headers.items()}
    keys = [_key(one) for one in ([secret] if isinstance(secret, str) else secret)]
    event_id, signed_at, signatures = (_header(found, name) for name in ("id", "timestamp", "signature"))
    _check_time(signed_at, tolerance_s)
    _check_signature(f"{event_id}.{signed_at}.".encode() + body, signatures, keys)
    return _event(event_id, body)


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(f"webhook-{name}", "")
    if not value:
        raise WebhookVerificationError(f"the header webhook-{name} is missing")
    return value


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise BadArgument("secret: expected whsec_ and base64")
    return key


def _check_time(signed_at: str, tolerance_s: float) -> None:
    if not (signed_at.isascii() and signed_at.isdigit() and len(signed_at) <= 12):
        raise WebhookVerificationError("the header webhook-timestamp is no number of seconds")
    age_s = time.time() - int(signed_at)
    if abs(age_s) > tolerance_s:
        when = "old" if age_s > 0 else "ahead of this machine's clock"
        raise WebhookVerificationError(f"the signature is {abs(age_s):.0f} s {when}; {tolerance_s:g} s are accepted")


def _check_signature(content: bytes, signatures: str, keys: Sequence[bytes]) -> None:
    expected = [base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()) for key in keys]
    given = [text.removeprefix("v1,").encode() for text in signatures.split(" ") if text.startswith("v1,")]
    fits = [hmac.compare_digest(one, other) for one in given for other in expected]
    if not any(fits):
        raise WebhookVerificationError("no signature fits: another secret, or the body was changed on its way")


def _event(event_id: str, body: bytes) -> Event:
    try:
        told = json.loads(body)
    except ValueError as exc:
        raise WebhookVerificationError("the body is not JSON") from exc
    data = told.get("data") if isinstance(told, dict) else None
    if not isinstance(data, dict) or not isinstance(told.get("type"), str):
        raise WebhookVerificationError("the body is no event: it has no type and data")
    return Event(event_id, told["type"], str(told.get("timestamp", "")), data, told)
