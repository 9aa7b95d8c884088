"""fal's queue: three states, errors among the completed, results at an address without the model's last words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mutoscope.engines.upstream.line import Line, Refused, said
from mutoscope.engines.upstream.setup import Setup
from mutoscope.engines.upstream.vendors.base import Look, Standing, data_uri, job_of, media_outputs, text_of

_NAMESPACES = ("workflows", "comfy")


class Fal:
    """The words of `queue.fal.run`."""

    is_idempotent = False

    def __init__(self, setup: Setup, line: Line) -> None:
        self._model = quote(setup.model)
        self._name = setup.vendor
        self._line = line

    def carry(self, path: Path) -> str:
        """fal takes data URIs wherever it takes addresses."""
        return data_uri(path)

    def submit(self, body: Mapping[str, Any], key: str) -> str:
        """Not known again: every call is a request."""
        del key
        return job_of(self._line.call("POST", f"/{self._model}", body=body).value.get("request_id"), self._name)

    def look(self, job: str) -> Look:
        """What failed is completed too, and so is what was cancelled: only the result tells."""
        told = self._line.call("GET", f"{self._request(job)}/status").value
        standing: Standing = "queued" if told.get("status") == "IN_QUEUE" else "running"
        if told.get("status") != "COMPLETED":
            position = told.get("queue_position")
            return Look(standing, position=position if isinstance(position, int) else None)
        if error := said(told.get("error")) or text_of(told.get("error_type")):
            return Look("failed", error=error)
        try:
            return Look("done", outputs=media_outputs(self._line.call("GET", self._request(job)).value))
        except Refused as exc:
            return Look("failed", error=exc.message.removeprefix(f"{self._name}: "))

    def cancel(self, job: str) -> None:
        """Also told to what runs, which may not listen."""
        self._line.call("PUT", f"{self._request(job)}/cancel")

    def _request(self, job: str) -> str:
        parts = self._model.split("/")
        return f"/{'/'.join(parts[: 3 if parts[0] in _NAMESPACES else 2])}/requests/{job}"
