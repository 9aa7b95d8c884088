"""Calls of the owner of a site as scripts; `owner` carries them out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from . import values
from .errors import BadArgument
from .steps import Script
from .values import Json
from .webhook_calls import Call

WHERE = "/v1/admin"


class OwnerCalls:
    """Models, workers, accounts and limits of the whole site; each answer as the server tells it."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def models(self) -> Script[tuple[Json, ...]]:
        return values.objects((yield from self._call("GET", f"{WHERE}/models", retry=True)).json, "models")

    def change_model(self, model_id: str, changes: Mapping[str, Any]) -> Script[Json]:
        path = f"{WHERE}/models/{_named(model_id, safe='/')}"
        return (yield from self._call("PATCH", path, content=_body(changes))).json

    def workers(self) -> Script[Json]:
        return (yield from self._call("GET", f"{WHERE}/workers", retry=True)).json

    def drain(self, worker_id: str, *, is_on: bool) -> Script[Json]:
        path = f"{WHERE}/workers/{_named(worker_id)}/{'drain' if is_on else 'resume'}"
        return (yield from self._call("POST", path)).json

    def accounts(self) -> Script[tuple[Json, ...]]:
        return values.objects((yield from self._call("GET", f"{WHERE}/accounts", retry=True)).json, "accounts")

    def open_account(self, name: str) -> Script[Json]:
        return (yield from self._call("POST", f"{WHERE}/accounts", content=_body({"name": name}))).json

    def limits(self) -> Script[Json]:
        return (yield from self._call("GET", f"{WHERE}/limits", retry=True)).json

    def change_limits(self, changes: Mapping[str, int | None]) -> Script[Json]:
        return (yield from self._call("PATCH", f"{WHERE}/limits", content=_body(changes))).json


def _named(name: str, safe: str = "") -> str:
    if any(part in ("", ".", "..") for part in name.split("/")):
        raise BadArgument(f"{name!r} names nothing")
    return quote(name, safe=safe)


def _body(data: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as exc:
        raise BadArgument(str(exc)) from exc
