"""Calls of those who look after keys, as scripts; `protocol` carries them out."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from . import values
from .steps import Emit, Script
from .webhook_calls import PAGE, Call


class AdminCalls:
    """A key's secret replaced, and who did what."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def rotate_key(self, key_id: str, overlap_s: int | None, account: str | None) -> Script[values.NewKey]:
        given = {"overlap_s": None if overlap_s is None else str(overlap_s), "account": account}
        params = {name: value for name, value in given.items() if value is not None}
        answer = yield from self._call("POST", f"/v1/keys/{quote(key_id, safe='')}/rotate", params=params)
        return values.new_key(answer.json)

    def metrics(self) -> Script[str]:
        answer = yield from self._call("GET", "/metrics", retry=True)
        return answer.body.decode("utf-8", "replace")

    def audit(self, filters: Mapping[str, str | None], limit: int | None) -> Script[None]:
        """Emit the entries of every page, newest first, at most `limit`."""
        params = {name: value for name, value in filters.items() if value is not None}
        left = limit
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            answer = yield from self._call("GET", "/v1/audit", params={**params, "limit": str(size)}, retry=True)
            rows = values.objects(answer.json, "entries")
            for row in rows[:left]:
                yield Emit(row)
            left = None if left is None else left - len(rows)
            cursor = answer.json.get("next_cursor")
            if not isinstance(cursor, str) or not rows:
                return
            params["cursor"] = cursor
