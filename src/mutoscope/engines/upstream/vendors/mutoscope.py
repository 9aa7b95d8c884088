"""Another Mutoscope: uploads, an Idempotency-Key, progress, and a cancel that also stops what runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mutoscope.engines.upstream.line import Busy, Line, Refused, said
from mutoscope.engines.upstream.setup import Setup
from mutoscope.engines.upstream.vendors.base import (
    Look,
    Output,
    Standing,
    addresses,
    job_of,
    media_type,
    number_of,
    text_of,
)
from mutoscope.net import FileContent

_STANDINGS: Mapping[str, Standing] = {
    "in_queue": "queued",
    "in_progress": "running",
    "completed": "done",
    "failed": "failed",
    "cancelled": "cancelled",
}


class Mutoscope:
    """The words of our own API."""

    is_idempotent = True

    def __init__(self, setup: Setup, line: Line) -> None:
        self._setup = setup
        self._line = line

    def carry(self, path: Path) -> str:
        """Upload it; its signed address there."""
        answer = self._line.call(
            "POST", "/v1/files?name=input", content=FileContent(path), headers={"Content-Type": media_type(path)}
        )
        return text_of(answer.value.get("url"))

    def submit(self, body: Mapping[str, Any], key: str) -> str:
        """One request for one key, however often it is called."""
        path = f"/v1/models/{quote(self._setup.model)}"
        try:
            answer = self._line.call("POST", path, body=body, headers={"Idempotency-Key": key})
        except Refused as exc:
            if exc.status == 409:  # the first call with this key is still being accepted
                raise Busy(exc.message, after_s=0.5) from exc
            raise
        return job_of(answer.value.get("request_id"), self._setup.vendor)

    def look(self, job: str) -> Look:
        """Everything that it tells of a request."""
        told = self._line.call("GET", f"/v1/requests/{job}").value
        plan = (told.get("metadata") or {}).get("plan") or {}
        position = told.get("queue_position")
        return Look(
            standing=_STANDINGS.get(text_of(told.get("state")), "running"),
            position=position if isinstance(position, int) else None,
            fraction=number_of(told.get("progress")),
            stage=text_of(told.get("stage")),
            error=said(told.get("error")),
            outputs=tuple(Output(url) for url in addresses(told.get("output"))),
            preview=f"{self._setup.url}{shown}" if (shown := text_of(told.get("preview"))).startswith("/") else "",
            cost_usd=number_of(told.get("cost")),
            applied=tuple(map(str, plan.get("applied") or ())),
            ignored=tuple(map(str, plan.get("ignored") or ())),
        )

    def cancel(self, job: str) -> None:
        """Also when it runs already."""
        self._line.call("POST", f"/v1/requests/{job}/cancel?running=true")
