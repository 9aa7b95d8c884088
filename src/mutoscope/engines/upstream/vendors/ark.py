"""ByteDance's Ark (ModelArk at BytePlus, Volcengine in China): a list of contents in, a film for a day out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mutoscope.engines.upstream.line import Line, said
from mutoscope.engines.upstream.setup import Setup
from mutoscope.engines.upstream.vendors.base import Look, Output, Standing, data_uri, job_of, text_of

_TASKS = "/contents/generations/tasks"
_STANDINGS: Mapping[str, Standing] = {
    "queued": "queued",
    "succeeded": "done",
    "failed": "failed",
    "expired": "failed",
    "cancelled": "cancelled",
}
_ROLES = ("first_frame", "last_frame", "reference_image")


class Ark:
    """The words of `contents/generations/tasks`.

    The input `prompt` is the text; files are pictures, in a role when they are called `first_frame`, `last_frame` or
    `reference_image`; whatever else is bound (`resolution`, `ratio`, `duration`, `seed` …) stands beside them.
    """

    is_idempotent = False

    def __init__(self, setup: Setup, line: Line) -> None:
        self._setup = setup
        self._line = line

    def carry(self, path: Path) -> str:
        """There are no uploads."""
        return data_uri(path)

    def submit(self, body: Mapping[str, Any], key: str) -> str:
        """Not known again: every call is a task."""
        del key
        content: list[dict[str, Any]] = []
        others: dict[str, Any] = {}
        if prompt := text_of(body.get("prompt")):
            content.append({"type": "text", "text": prompt})
        for name, value in body.items():
            pictures = [one for one in (value if isinstance(value, list) else [value]) if _is_file(one)]
            for picture in pictures:
                role = {"role": name} if name in _ROLES else {}
                content.append({"type": "image_url", "image_url": {"url": picture}, **role})
            if not pictures and name != "prompt":
                others[name] = value
        task = {**others, "model": self._setup.model, "content": content}
        return job_of(self._line.call("POST", _TASKS, body=task).value.get("id"), self._setup.vendor)

    def look(self, job: str) -> Look:
        """One address tells everything."""
        told = self._line.call("GET", f"{_TASKS}/{job}").value
        status = text_of(told.get("status"))
        film = text_of((told.get("content") or {}).get("video_url"))
        return Look(
            standing=_STANDINGS.get(status, "running"),
            error=said(told.get("error")) or (f"it is {status}" if status == "expired" else ""),
            outputs=(Output(film),) if film else (),
        )

    def cancel(self, job: str) -> None:
        """Only what waits can be taken back; what runs goes on."""
        self._line.call("DELETE", f"{_TASKS}/{job}")


def _is_file(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("data:")
