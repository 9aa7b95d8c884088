"""The calls about keys as scripts; `protocol` carries them out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from . import values
from .errors import BadArgument
from .steps import Script
from .webhook_calls import Call

WHERE = "/v1/keys"


class KeyCalls:
    """Keys, their limits, and what is used of them. account: another one than the caller's; only for the owner."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def all(self, account: str | None) -> Script[tuple[values.Key, ...]]:
        found = yield from self._call("GET", WHERE, params=_of(account), retry=True)
        return tuple(values.key(row) for row in values.objects(found.json, "keys"))

    def one(self, key_id: str, account: str | None) -> Script[values.Key]:
        return values.key((yield from self._call("GET", _path(key_id), params=_of(account), retry=True)).json)

    def own(self) -> Script[values.Key]:
        """The key that asks, with what is used of its limits."""
        found = (yield from self._call("GET", "/v1/account", retry=True)).json
        return values.key({**values.as_object(found, "key"), "used": found.get("used")})

    def create(
        self,
        name: str,
        scopes: tuple[str, ...],
        expires_in_s: int | None,
        limits: Mapping[str, Any] | None,
        *,
        account: str | None,
        networks: tuple[str, ...],
    ) -> Script[values.NewKey]:
        body: dict[str, Any] = {"name": name, "scopes": list(scopes)}
        if networks:
            body["networks"] = list(networks)
        optional = {"expires_in_s": expires_in_s, "limits": limits, "account": account}
        body |= {field: value for field, value in optional.items() if value is not None}
        return values.new_key((yield from self._call("POST", WHERE, content=_body(body))).json)

    def change(
        self, key_id: str, name: str | None, limits: Mapping[str, Any] | None, account: str | None
    ) -> Script[values.Key]:
        body = {field: value for field, value in (("name", name), ("limits", limits)) if value is not None}
        answer = yield from self._call("PATCH", _path(key_id), params=_of(account), content=_body(body))
        return values.key(answer.json)

    def revoke(self, key_id: str, account: str | None) -> Script[None]:
        yield from self._call("DELETE", _path(key_id), params=_of(account))


def submit_terms(priority: str | None, expires_in_s: int | None, time_limit_s: int | None) -> dict[str, str]:
    """The query of a submit that says how the request is to be treated."""
    given = {"priority": priority, "expires_in_s": expires_in_s, "time_limit_s": time_limit_s}
    return {name: str(value) for name, value in given.items() if value is not None}


def _of(account: str | None) -> dict[str, str]:
    return {} if account is None else {"account": account}


def _path(key_id: str) -> str:
    if key_id in ("", ".", ".."):
        raise BadArgument(f"{key_id!r} is no id")
    return f"{WHERE}/{quote(key_id, safe='')}"


def _body(data: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as exc:
        raise BadArgument(f"limits: {exc}") from exc
