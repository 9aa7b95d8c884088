"""Replicate's predictions: the input in an envelope, files uploaded, progress hidden in the log."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mutoscope.engines.upstream.line import Line, said
from mutoscope.engines.upstream.setup import Setup
from mutoscope.engines.upstream.vendors.base import (
    Look,
    Standing,
    job_of,
    media_outputs,
    media_type,
    text_of,
)
from mutoscope.net import FileContent

_STANDINGS: Mapping[str, Standing] = {
    "starting": "queued",
    "succeeded": "done",
    "failed": "failed",
    "canceled": "cancelled",
    "aborted": "cancelled",
}
_PERCENT = re.compile(r"(\d{1,3})%\|")


class Replicate:
    """The words of `/v1/predictions`. A model is `owner/name`, `owner/name:version` or `deployments/owner/name`."""

    is_idempotent = False

    def __init__(self, setup: Setup, line: Line) -> None:
        self._model = setup.model
        self._name = setup.vendor
        self._line = line

    def carry(self, path: Path) -> str:
        """Upload it; its address there."""
        boundary = uuid.uuid4().hex
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="content"; filename="input"\r\n'
            f"Content-Type: {media_type(path)}\r\n\r\n"
        )
        content = FileContent(path, head.encode(), f"\r\n--{boundary}--\r\n".encode())
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        answer = self._line.call("POST", "/v1/files", content=content, headers=headers)
        return text_of((answer.value.get("urls") or {}).get("get"))

    def submit(self, body: Mapping[str, Any], key: str) -> str:
        """Not known again: every call is a prediction."""
        del key
        path, envelope = "/v1/predictions", {"input": body}
        owned, _, version = self._model.partition(":")
        if version:
            envelope["version"] = version  # type: ignore[assignment]  # the envelope holds what JSON holds
        elif owned.startswith("deployments/"):
            path = f"/v1/{quote(owned)}/predictions"
        else:
            path = f"/v1/models/{quote(owned)}/predictions"
        return job_of(self._line.call("POST", path, body=envelope).value.get("id"), self._name)

    def look(self, job: str) -> Look:
        """One address tells everything."""
        told = self._line.call("GET", f"/v1/predictions/{job}").value
        percents = _PERCENT.findall(text_of(told.get("logs"))[-4000:])
        return Look(
            standing=_STANDINGS.get(text_of(told.get("status")), "running"),
            fraction=min(1.0, int(percents[-1]) / 100) if percents else None,
            error=said(told.get("error")),
            outputs=media_outputs(told.get("output")),
        )

    def cancel(self, job: str) -> None:
        """Also what runs."""
        self._line.call("POST", f"/v1/predictions/{job}/cancel")
