"""OpenAI's shape of videos, as vLLM-Omni, SGLang and others serve it: one form in, one film out."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from mutoscope.engines.upstream.line import Line, said
from mutoscope.engines.upstream.setup import Setup
from mutoscope.engines.upstream.vendors.base import Look, Output, Standing, data_uri, job_of, number_of, text_of

_STANDINGS: Mapping[str, Standing] = {"queued": "queued", "completed": "done", "failed": "failed"}


class OpenAIVideos:
    """The words of `/v1/videos`. Everything but files goes as text, as their own client sends it."""

    is_idempotent = False

    def __init__(self, setup: Setup, line: Line) -> None:
        self._setup = setup
        self._line = line

    def carry(self, path: Path) -> str:
        """A data URI, which becomes a file of the form."""
        return data_uri(path)

    def submit(self, body: Mapping[str, Any], key: str) -> str:
        """Not known again: every call is a film."""
        del key
        boundary = uuid.uuid4().hex
        content = b"".join(_parts({"model": self._setup.model, **body}, boundary))
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        answer = self._line.call("POST", "/v1/videos", content=content, headers=headers)
        return job_of(answer.value.get("id"), self._setup.vendor)

    def look(self, job: str) -> Look:
        """The film itself is told only to who shows the key."""
        told = self._line.call("GET", f"/v1/videos/{job}").value
        percent = number_of(told.get("progress"))
        standing = _STANDINGS.get(text_of(told.get("status")), "running")
        film = Output(f"{self._setup.url}/v1/videos/{job}/content", with_key=True)
        return Look(
            standing=standing,
            fraction=None if percent is None else min(1.0, percent / 100),
            error=said(told.get("error")),
            outputs=(film,) if standing == "done" else (),
        )

    def cancel(self, job: str) -> None:
        """There is no cancel; to delete a film that is being made ends it where the server can."""
        self._line.call("DELETE", f"/v1/videos/{job}")


def _parts(fields: Mapping[str, Any], boundary: str) -> Iterator[bytes]:
    for name, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            head, content = f'name="{_quoted(name)}"', _text(one).encode()
            if isinstance(one, str) and one.startswith("data:"):
                media_type, _, encoded = one.removeprefix("data:").partition(";base64,")
                head += f'; filename="input"\r\nContent-Type: {media_type}'
                content = base64.b64decode(encoded)
            yield f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"
    yield f"--{boundary}--\r\n".encode()


def _quoted(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
