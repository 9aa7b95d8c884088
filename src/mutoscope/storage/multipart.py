"""Large files in S3, part by part: begun, put, and made one file, or given up.

Each call is an address of `presign` and one HTTP request, so that a worker can be handed the addresses of the parts.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import httpx

MOST_PARTS = 1000
ONE_CALL_S = 900
"""How long an address for a call of our own is good for."""


class Sign(Protocol):
    """Signs an address of an object, or with no name of the bucket."""

    def __call__(self, method: str, name: str, *, expires_s: int, query: dict[str, str]) -> str:
        """See `presign.presigned`."""


class Refused(Exception):
    """S3 answered something else than success."""

    def __init__(self, status: int, code: str) -> None:
        self.status = status
        self.code = code
        super().__init__(f"S3 answered {status} {code}".rstrip())


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An upload that was begun and neither made a file nor given up."""

    name: str
    upload_id: str
    begun_s: float


class Multipart:
    """The calls of one bucket. Raises Refused, and httpx.HTTPError when S3 cannot be reached.

    client   whose timeouts count.
    """

    def __init__(self, sign: Sign, client: Callable[[], httpx.AsyncClient]) -> None:
        self._sign = sign
        self._client = client

    async def begin(self, name: str) -> str:
        """The id of a new upload."""
        return _text(await self._call("POST", name, {"uploads": ""}), "UploadId")

    def part_url(self, name: str, upload_id: str, number: int, *, expires_s: int = ONE_CALL_S) -> str:
        """Where part `number`, from 1, is put."""
        query = {"partNumber": str(number), "uploadId": upload_id}
        return self._sign("PUT", name, expires_s=expires_s, query=query)

    async def put_part(self, name: str, upload_id: str, number: int, content: bytes) -> str:
        """Put one part; its etag."""
        headers = {"Content-MD5": md5_base64(content)}
        answer = await self._client().put(self.part_url(name, upload_id, number), content=content, headers=headers)
        return str(_accepted(answer).headers.get("etag", ""))

    async def complete(self, name: str, upload_id: str, etags: Sequence[str]) -> None:
        """Make one file of the parts."""
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(etag)}</ETag></Part>"
            for number, etag in enumerate(etags, start=1)
        )
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>"
        told = await self._call("POST", name, {"uploadId": upload_id}, body.encode())
        if told.tag.endswith("Error"):  # S3 says 200 before it knows
            raise Refused(200, _text(told, "Code"))

    async def abort(self, name: str, upload_id: str) -> None:
        """Forget the parts; an upload that is not there is no error."""
        url = self._sign("DELETE", name, expires_s=ONE_CALL_S, query={"uploadId": upload_id})
        answer = await self._client().delete(url)
        if answer.status_code != 404:
            _accepted(answer)

    async def unfinished(self, prefix: str) -> AsyncIterator[Unfinished]:
        """Every upload below a prefix that was not finished."""
        query = {"uploads": "", "prefix": prefix}
        while True:
            told = await self._call("GET", "", query)
            for upload in told.iterfind("{*}Upload"):
                begun = datetime.fromisoformat(_text(upload, "Initiated").replace("Z", "+00:00"))
                yield Unfinished(_text(upload, "Key"), _text(upload, "UploadId"), begun.timestamp())
            if _text(told, "IsTruncated") != "true":
                return
            query |= {
                "key-marker": _text(told, "NextKeyMarker"),
                "upload-id-marker": _text(told, "NextUploadIdMarker"),
            }

    async def _call(self, method: str, name: str, query: dict[str, str], content: bytes = b"") -> ET.Element:
        url = self._sign(method, name, expires_s=ONE_CALL_S, query=query)
        answer = _accepted(await self._client().request(method, url, content=content))
        return _xml(answer.content)


def split(size_bytes: int, part_bytes: int) -> tuple[int, int]:
    """How many parts a file has, and their size: this one, or what keeps them few."""
    part_bytes = max(part_bytes, math.ceil(size_bytes / MOST_PARTS))
    return max(1, math.ceil(size_bytes / part_bytes)), part_bytes


def md5_base64(content: bytes) -> str:
    """What S3 holds a body against: bytes that change on the way are refused."""
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def _accepted(answer: httpx.Response) -> httpx.Response:
    if not answer.is_success:
        try:
            code = _text(_xml(answer.content), "Code")
        except ET.ParseError:
            code = ""
        raise Refused(answer.status_code, code)
    return answer


def _xml(content: bytes) -> ET.Element:
    return ET.fromstring(content)  # noqa: S314 - of the operator's own bucket; expat bounds what entities grow to


def _text(element: ET.Element, name: str) -> str:
    return element.findtext(f"{{*}}{name}") or element.findtext(name) or ""
