"""The calls about webhooks as scripts; `protocol` carries them out. To verify one that arrived: `webhooks`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote

from . import values, webhook_values
from .errors import BadArgument
from .steps import Answer, Emit, Script

WHERE = "/v1/webhooks"
PAGE = 100


class Call(Protocol):
    """One call under /v1 with its errors raised."""

    def __call__(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        retry: bool = False,
    ) -> Script[Answer]: ...


class WebhookCalls:
    """Endpoints, secrets, deliveries."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def endpoints(self) -> Script[tuple[webhook_values.WebhookEndpoint, ...]]:
        found = yield from self._call("GET", WHERE, retry=True)
        return tuple(webhook_values.endpoint(row) for row in values.objects(found.json, "webhooks"))

    def endpoint(self, endpoint_id: str) -> Script[webhook_values.WebhookEndpoint]:
        return webhook_values.endpoint((yield from self._call("GET", _path(endpoint_id), retry=True)).json)

    def create(self, wanted: Mapping[str, Any]) -> Script[webhook_values.NewWebhookEndpoint]:
        answer = yield from self._call("POST", WHERE, content=_body(wanted))
        return webhook_values.new_endpoint(answer.json)

    def change(self, endpoint_id: str, wanted: Mapping[str, Any]) -> Script[webhook_values.WebhookEndpoint]:
        answer = yield from self._call("PATCH", _path(endpoint_id), content=_body(wanted))
        return webhook_values.endpoint(answer.json)

    def delete(self, endpoint_id: str) -> Script[None]:
        yield from self._call("DELETE", _path(endpoint_id))

    def rotate(self, endpoint_id: str) -> Script[webhook_values.WebhookSecret]:
        return webhook_values.secret((yield from self._call("POST", _path(endpoint_id, "/rotate"))).json)

    def test(self, endpoint_id: str) -> Script[webhook_values.WebhookDelivery]:
        return webhook_values.delivery((yield from self._call("POST", _path(endpoint_id, "/test"))).json)

    def secret(self) -> Script[webhook_values.WebhookSecret]:
        return webhook_values.secret((yield from self._call("GET", f"{WHERE}/secret", retry=True)).json)

    def rotate_secret(self) -> Script[webhook_values.WebhookSecret]:
        return webhook_values.secret((yield from self._call("POST", f"{WHERE}/secret/rotate")).json)

    def deliveries(self, filters: Mapping[str, str | None], limit: int | None) -> Script[None]:
        """Emit the rows of every page, newest first, at most `limit`."""
        params = {name: value for name, value in filters.items() if value is not None}
        left = limit
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            answer = yield from self._call(
                "GET", f"{WHERE}/deliveries", params={**params, "limit": str(size)}, retry=True
            )
            rows = values.objects(answer.json, "deliveries")
            for row in rows[:left]:
                yield Emit(webhook_values.delivery(row))
            left = None if left is None else left - len(rows)
            cursor = answer.json.get("next_cursor")
            if not isinstance(cursor, str) or not rows:
                return
            params["cursor"] = cursor

    def delivery(self, delivery_id: str) -> Script[webhook_values.WebhookDelivery]:
        answer = yield from self._call("GET", _path(delivery_id, under="/deliveries"), retry=True)
        return webhook_values.delivery(answer.json)

    def replay(self, delivery_id: str) -> Script[webhook_values.WebhookDelivery]:
        answer = yield from self._call("POST", _path(delivery_id, "/replay", under="/deliveries"))
        return webhook_values.delivery(answer.json)


def submit_params(webhook: str | None, events: Sequence[str] | None) -> dict[str, str]:
    """The query of a submit that brings an address along. Raises BadArgument."""
    if webhook is None:
        if events is not None:
            raise BadArgument("webhook_events: needs a webhook to send them to")
        return {}
    if isinstance(events, str):
        raise BadArgument("webhook_events: expected several words, found one text")
    return {"webhook": webhook, **({"webhook_events": ",".join(events)} if events is not None else {})}


def wanted(**given: Any) -> dict[str, Any]:
    """What is not None, tuples as lists."""
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in given.items() if value is not None
    }


def _path(ident: str, suffix: str = "", *, under: str = "") -> str:
    if ident in ("", ".", ".."):
        raise BadArgument(f"{ident!r} is no id")
    return f"{WHERE}{under}/{quote(ident, safe='')}{suffix}"


def _body(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode()
