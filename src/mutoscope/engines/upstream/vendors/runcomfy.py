"""RunComfy's Model API: data URIs, no way to know a submit again, and only a request that waits can be cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mutoscope.engines.upstream.line import Line, said
from mutoscope.engines.upstream.setup import Setup
from mutoscope.engines.upstream.vendors.base import (
    Look,
    Output,
    Standing,
    addresses,
    data_uri,
    job_of,
    number_of,
    text_of,
)

_STANDINGS: Mapping[str, Standing] = {
    "in_queue": "queued",
    "pending": "queued",
    "waiting": "queued",
    "succeeded": "done",
    "completed": "done",
    "failed": "failed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}


class RunComfy:
    """The words of the Model API."""

    is_idempotent = False

    def __init__(self, setup: Setup, line: Line) -> None:
        self._setup = setup
        self._line = line

    def carry(self, path: Path) -> str:
        """There are no uploads."""
        return data_uri(path)

    def submit(self, body: Mapping[str, Any], key: str) -> str:
        """Not known again: every call is a request."""
        del key
        answer = self._line.call("POST", f"/v1/models/{quote(self._setup.model)}", body=body)
        return job_of(answer.value.get("request_id"), self._setup.vendor)

    def look(self, job: str) -> Look:
        """The result tells the state too; only the place in the queue is told elsewhere."""
        told = self._line.call("GET", f"/v1/requests/{job}/result?include_cost=true").value
        standing = _STANDINGS.get(text_of(told.get("status")), "running")
        position = None
        if standing == "queued":
            position = self._line.call("GET", f"/v1/requests/{job}/status").value.get("queue_position")
        return Look(
            standing=standing,
            position=position if isinstance(position, int) else None,
            error=said(told.get("error")),
            outputs=tuple(Output(url) for url in addresses(told.get("output"))),
            cost_usd=number_of(told.get("cost")),
        )

    def cancel(self, job: str) -> None:
        """What runs there goes on, and is charged."""
        self._line.call("POST", f"/v1/requests/{job}/cancel")
