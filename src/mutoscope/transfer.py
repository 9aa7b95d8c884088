"""Bytes straight to and from the operator's bucket, by addresses that our server signed.

Not for addresses of callers, which go through `net`: these come from the server that the worker trusts. The worker
token is not shown, and no redirect is followed.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import random
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import httpx

from mutoscope.errors import EngineError, MediaError
from mutoscope.protocol import Destination

CHUNK_BYTES = 1 << 18
TIMEOUT_S, CONNECT_S = 30.0, 5.0
TRIES = 3
PAUSE_S = 0.3


class TransferFailed(EngineError):
    """The bucket could not be reached, or refused."""


class Transfer:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        timeout = httpx.Timeout(TIMEOUT_S, connect=CONNECT_S)
        self._client = httpx.Client(timeout=timeout, follow_redirects=False)

    def put(self, path: Path, to: Destination, *, check: Callable[[], None]) -> tuple[str, tuple[str, ...]]:
        """Put a file where it was to be put. Returns its SHA-256 in hexadecimal, and an etag for each part.

        Raises TransferFailed, and what `check`, which is called between chunks, raises.
        """
        whole, sums = _digests(path, to.part_bytes, check)
        if len(sums) != len(to.parts):
            raise TransferFailed("the file has changed since the server was asked")
        etags = []
        for number, (url, md5) in enumerate(zip(to.parts, sums, strict=True)):
            etags.append(self._part(path, url, md5, start=number * to.part_bytes, limit=to.part_bytes, check=check))
        return whole, tuple(etags)

    def _part(self, path: Path, url: str, md5: str, *, start: int, limit: int, check: Callable[[], None]) -> str:
        length = min(limit, path.stat().st_size - start)
        headers = {"Content-Length": str(length), "Content-MD5": md5}
        for left in reversed(range(TRIES)):
            try:
                with contextlib.closing(_chunks(path, start, length, check)) as body:
                    answer = self._client.put(url, headers=headers, content=body)
            except (httpx.RequestError, httpx.StreamError) as exc:
                if not left:
                    raise TransferFailed(f"the bucket cannot be reached ({type(exc).__name__})") from exc
            else:
                if answer.is_success:
                    return str(answer.headers.get("etag", ""))
                if not left or answer.status_code < 500:
                    raise TransferFailed(f"the bucket answered {answer.status_code}")
            time.sleep(PAUSE_S * random.uniform(1.0, 2.0) * (TRIES - left))  # noqa: S311 - spreads load
            check()
        raise AssertionError  # the last one returns or raises

    def get(self, url: str, target: Path, *, limit_bytes: int, check: Callable[[], None]) -> None:
        """Bytes into a file. Raises TransferFailed, MediaError, and what `check` raises."""
        with _errors(), self._client.stream("GET", url) as answer:
            if answer.status_code == 404:
                raise MediaError("the file is no longer stored")
            if answer.status_code != 200:
                raise TransferFailed(f"the bucket answered {answer.status_code}")
            save(answer, target, limit_bytes=limit_bytes, check=check)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()


def save(answer: httpx.Response, target: Path, *, limit_bytes: int, check: Callable[[], None]) -> None:
    """An answer's body into a file. Raises MediaError past the limit, and what `check` raises."""
    with target.open("wb") as file:
        for chunk in answer.iter_bytes(CHUNK_BYTES):
            check()
            file.write(chunk)
            if file.tell() > limit_bytes:
                raise MediaError(f"the file is larger than {limit_bytes // 2**20} MiB", rule="max_bytes")


def _digests(path: Path, part_bytes: int, check: Callable[[], None]) -> tuple[str, list[str]]:
    """SHA-256 of the whole, and of each part what `Content-MD5` says."""
    whole, sums = hashlib.sha256(), []
    size = path.stat().st_size
    for start in range(0, max(size, 1), part_bytes):
        part = hashlib.md5(usedforsecurity=False)
        for chunk in _chunks(path, start, min(part_bytes, size - start), check):
            whole.update(chunk)
            part.update(chunk)
        sums.append(base64.b64encode(part.digest()).decode())
    return whole.hexdigest(), sums


def _chunks(path: Path, start: int, length: int, check: Callable[[], None]) -> Generator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while length > 0 and (chunk := file.read(min(CHUNK_BYTES, length))):
            check()
            length -= len(chunk)
            yield chunk


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (httpx.RequestError, httpx.StreamError) as exc:
        raise TransferFailed(f"the bucket cannot be reached ({type(exc).__name__})") from exc
