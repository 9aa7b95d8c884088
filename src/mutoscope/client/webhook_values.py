"""Endpoints and deliveries of webhooks as frozen values. Each keeps the object it was read from in `raw`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import UnexpectedAnswer
from .values import Json, objects


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """An address that hears of an account's requests. models: empty means every model."""

    endpoint_id: str
    url: str
    events: tuple[str, ...]
    models: tuple[str, ...]
    description: str
    enabled: bool
    disabled_reason: str
    created_at: str
    raw: Json = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewWebhookEndpoint:
    """An endpoint just made. `secret` is shown this once."""

    endpoint: WebhookEndpoint
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    """What signs. previous_expires_at: until when the secret before it signs too; empty when there was none."""

    secret: str = field(repr=False)
    previous_expires_at: str


@dataclass(frozen=True, slots=True)
class WebhookAttempt:
    """One try: what was sent, what came back. response_status None: there was no answer."""

    attempt: int
    at: str
    duration_ms: int
    request_body: str = field(repr=False)
    response_status: int | None
    response_body: str
    error: str


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """One event on its way to one address.

    state      `pending`, `delivered` or `failed`.
    attempts   every try, where one delivery was asked for; empty in lists.
    """

    delivery_id: str
    endpoint_id: str
    request_id: str
    event_id: str
    type: str
    url: str
    state: str
    attempt: int
    created_at: str
    next_attempt_at: str
    error: str
    attempts: tuple[WebhookAttempt, ...]
    raw: Json = field(repr=False)


def endpoint(data: Json) -> WebhookEndpoint:
    return WebhookEndpoint(
        endpoint_id=_required(data, "endpoint_id"),
        url=_text(data, "url"),
        events=_texts(data, "events"),
        models=_texts(data, "models"),
        description=_text(data, "description"),
        enabled=data.get("enabled") is True,
        disabled_reason=_text(data, "disabled_reason"),
        created_at=_text(data, "created_at"),
        raw={name: value for name, value in data.items() if name != "secret"},
    )


def new_endpoint(data: Json) -> NewWebhookEndpoint:
    return NewWebhookEndpoint(endpoint(data), _required(data, "secret"))


def secret(data: Json) -> WebhookSecret:
    return WebhookSecret(_required(data, "secret"), _text(data, "previous_expires_at"))


def delivery(data: Json) -> WebhookDelivery:
    tries = objects(data, "attempts") if "attempts" in data else ()
    return WebhookDelivery(
        delivery_id=_required(data, "delivery_id"),
        endpoint_id=_text(data, "endpoint_id"),
        request_id=_text(data, "request_id"),
        event_id=_text(data, "event_id"),
        type=_text(data, "type"),
        url=_text(data, "url"),
        state=_required(data, "state"),
        attempt=_whole(data, "attempt") or 0,
        created_at=_text(data, "created_at"),
        next_attempt_at=_text(data, "next_attempt_at"),
        error=_text(data, "error"),
        attempts=tuple(_attempt(row) for row in tries),
        raw=data,
    )


def _attempt(data: Json) -> WebhookAttempt:
    return WebhookAttempt(
        attempt=_whole(data, "attempt") or 0,
        at=_text(data, "at"),
        duration_ms=_whole(data, "duration_ms") or 0,
        request_body=_text(data, "request_body"),
        response_status=_whole(data, "response_status"),
        response_body=_text(data, "response_body"),
        error=_text(data, "error"),
    )


def _required(data: Json, name: str) -> str:
    value = _text(data, name)
    if not value:
        raise UnexpectedAnswer(f"{name}: expected text, found none")
    return value


def _text(data: Json, name: str) -> str:
    value = data.get(name)
    if value is not None and not isinstance(value, str):
        raise UnexpectedAnswer(f"{name}: expected text, found {type(value).__name__}")
    return value or ""


def _whole(data: Json, name: str) -> int | None:
    value = data.get(name)
    if value is not None and not isinstance(value, int):
        raise UnexpectedAnswer(f"{name}: expected a whole number, found {type(value).__name__}")
    return value


def _texts(data: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = data.get(name)
    return tuple(str(item) for item in value) if isinstance(value, list) else ()
