"""Files in a bucket of S3, or of a server that speaks its protocol.

Small files go in one call, larger ones in parts that are counted only together, so a file is complete or absent.
Reading goes piece by piece, so that no slow reader runs into a time limit; whoever reads a file of several pieces
while it is deleted is cut off. What a failed call leaves behind, `abort_unfinished` and the collector find later.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import re
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx
import obstore
import structlog
from obstore import exceptions
from obstore.store import S3Store

from mutoscope.errors import NotFound, StorageFull, StorageUnavailable, TooLarge
from mutoscope.storage.address import Bucket
from mutoscope.storage.base import Place, Put
from mutoscope.storage.multipart import Multipart, Refused, split
from mutoscope.storage.presign import Credentials, presigned

if TYPE_CHECKING:
    from obstore.store import S3Config

log = structlog.get_logger(__name__)

PART_BYTES = 8 << 20
PIECE_BYTES = 4 << 20
SMALL_BYTES = 1 << 17
"""So much is hashed sooner than a thread is found to do it."""
TIMEOUT_S, CONNECT_S = 30.0, 5.0
TRIES = 3
FULL = frozenset({"QuotaExceeded", "XMinioStorageFull", "InsufficientStorage"})
GONE = frozenset({"NoSuchKey", "NoSuchUpload"})
_KEY = re.compile(r"[^/]+(/[^/]+){2,}")
_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_QUERY = re.compile(r"\?[^\s\"']*")
DELETE_AT_ONCE = 16


class S3Storage:
    """Keys are names in the bucket, below the prefix.

    part_bytes   size of the parts of large files; S3 accepts 5 MiB and more.
    """

    is_shared = True

    def __init__(self, bucket: Bucket, credentials: Credentials, *, part_bytes: int = PART_BYTES) -> None:
        self.is_away = False
        self.trouble = ""
        self.origin = bucket.origin
        self._bucket = bucket
        self._credentials = credentials
        self._part_bytes = part_bytes
        self._store = _store(bucket, credentials)
        self._client: httpx.AsyncClient | None = None
        self._parts = Multipart(self._sign, self._http)

    async def put(self, key: str, chunks: AsyncIterator[bytes], *, limit_bytes: int) -> Put:
        """Store the bytes durably. Raises TooLarge, StorageFull and StorageUnavailable; nothing is kept then."""
        name, digest, size = self._name(key), hashlib.sha256(), 0
        pending, upload_id, etags = bytearray(), "", list[str]()
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit_bytes:
                    raise TooLarge(f"the file is larger than {limit_bytes} bytes, which is the most accepted")
                if len(chunk) > SMALL_BYTES:
                    await asyncio.to_thread(digest.update, chunk)
                else:
                    digest.update(chunk)
                pending += chunk
                while len(pending) > self._part_bytes:
                    with self._writing():
                        upload_id = upload_id or await self._parts.begin(name)
                        etags.append(await self._put_part(name, upload_id, len(etags) + 1, pending[: self._part_bytes]))
                    del pending[: self._part_bytes]
            with self._writing():
                if upload_id:
                    etags.append(await self._put_part(name, upload_id, len(etags) + 1, pending))
                    await self._parts.complete(name, upload_id, etags)
                else:
                    await obstore.put_async(self._store, name, bytes(pending), use_multipart=False)
        except BaseException as exc:
            if upload_id:
                await asyncio.shield(self._give_up(name, upload_id))
            if isinstance(exc, OSError) and exc.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StorageFull from exc
            raise
        return Put(size, digest.hexdigest())

    async def _put_part(self, name: str, upload_id: str, number: int, content: bytearray) -> str:
        """A part is sent again when it did not get through; of a complete one nothing is left to send."""
        for left in reversed(range(TRIES)):
            try:
                return await self._parts.put_part(name, upload_id, number, bytes(content))
            except (httpx.TransportError, Refused) as exc:
                if not left or (isinstance(exc, Refused) and exc.status < 500):
                    raise
                await asyncio.sleep(0.2 * (TRIES - left))
        raise AssertionError  # the last one returns or raises

    async def _give_up(self, name: str, upload_id: str) -> None:
        with contextlib.suppress(httpx.HTTPError, Refused):  # else found by abort_unfinished
            await self._parts.abort(name, upload_id)

    async def open(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from start up to but not including end. Raises NotFound."""
        size = await self.size(key)
        return self._read(self._name(key), start, size if end is None else min(end, size))

    async def _read(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        while start < end:
            with self._errors():
                piece = await obstore.get_range_async(self._store, name, start=start, end=min(end, start + PIECE_BYTES))
            start += len(piece)
            yield bytes(piece)

    async def size(self, key: str) -> int:
        """How many bytes are stored. Raises NotFound."""
        with self._errors():
            return int((await obstore.head_async(self._store, self._name(key)))["size"])

    def url(self, key: str, *, expires_s: int, media_type: str, name: str) -> str | None:
        """A presigned address."""
        query = {
            "response-cache-control": "private, max-age=3600",
            "response-content-disposition": f'inline; filename="{name}"',
            "response-content-type": media_type,
        }
        return self._sign("GET", self._name(key), expires_s=expires_s, query=query)

    async def place(self, key: str, *, size_bytes: int, expires_s: int) -> Place | None:
        """Presigned addresses for the parts."""
        name = self._name(key)
        count, part_bytes = split(size_bytes, self._part_bytes)
        if count == 1:
            return Place((self._sign("PUT", name, expires_s=expires_s, query={}),), part_bytes)
        with self._writing():
            upload_id = await self._parts.begin(name)
        numbers = range(1, count + 1)
        urls = tuple(self._parts.part_url(name, upload_id, number, expires_s=expires_s) for number in numbers)
        return Place(urls, part_bytes, upload_id)

    async def placed(self, key: str, place_id: str, etags: Sequence[str]) -> int:
        """Make one file of the parts; its size. Raises NotFound."""
        name = self._name(key)
        if place_id:
            with contextlib.suppress(NotFound), self._errors():  # a lost answer: it is one file already, or is not
                try:
                    await self._parts.complete(name, place_id, etags)
                except Refused as exc:
                    if exc.status != 400:
                        raise
                    await self._give_up(name, place_id)  # parts that are missing, or others than were put
        return await self.size(key)

    async def delete(self, key: str) -> None:
        """Remove the bytes; a key that is not there is no error."""
        with contextlib.suppress(StorageUnavailable):
            await self._remove(self._name(key))

    async def _remove(self, name: str) -> None:
        with contextlib.suppress(NotFound), self._errors():
            await obstore.delete_async(self._store, name)

    async def keys(self, *, before_s: float) -> AsyncIterator[str]:
        """Every key that was stored before this time (seconds since 1970), in any order."""
        async for name, modified in self._listed(self._bucket.prefix):
            key = name.removeprefix(self._bucket.prefix)
            if modified.timestamp() < before_s and _KEY.fullmatch(key):
                yield key

    async def delete_below(self, prefix: str, *, keep: frozenset[str] = frozenset()) -> None:
        """Remove everything whose key starts with `prefix/` (`kind/id` at least), but for the keys to keep."""
        kept = {self._name(key) for key in keep}
        with contextlib.suppress(StorageUnavailable):
            found = [name async for name, _ in self._listed(self._name(prefix)) if name not in kept]
            for start in range(0, len(found), DELETE_AT_ONCE):
                await asyncio.gather(*(self._remove(name) for name in found[start : start + DELETE_AT_ONCE]))

    async def _listed(self, prefix: str) -> AsyncIterator[tuple[str, datetime]]:
        """Names below a prefix, which ends where a part of a name does, and when each was stored."""
        with self._errors():
            async for batch in obstore.list(self._store, prefix=prefix or None):
                for meta in batch:
                    yield meta["path"], meta["last_modified"]

    async def abort_unfinished(self, *, before_s: float) -> int:
        """Forget parts of files that were begun before this time and never finished; of how many files."""
        aborted = 0
        with self._errors():
            found = [upload async for upload in self._parts.unfinished(self._bucket.prefix)]
            for upload in found:
                if upload.begun_s < before_s:
                    await self._parts.abort(upload.name, upload.upload_id)
                    aborted += 1
        return aborted

    async def check(self) -> None:
        """Store something, read it and remove it again. Raises StorageUnavailable."""
        key = f"checks/{uuid.uuid4().hex}/check"
        written = key.encode()

        async def once() -> AsyncIterator[bytes]:
            yield written

        await self.put(key, once(), limit_bytes=len(written))
        if b"".join([piece async for piece in await self.open(key)]) != written:
            self.is_away = True
            raise StorageUnavailable("the bucket gave back other bytes than were put")
        await self._remove(self._name(key))
        self.is_away = False

    async def clock_skew_s(self) -> float:
        """How many seconds the server's clock is before ours; to the second. Raises StorageUnavailable."""
        with self._errors():
            answer = await self._http().get(self._bucket.url)
            told = parsedate_to_datetime(answer.headers.get("date", ""))
        return told.timestamp() - time.time()

    async def close(self) -> None:
        """Let go of connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _name(self, key: str) -> str:
        return self._bucket.prefix + key

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            timeout = httpx.Timeout(TIMEOUT_S, connect=CONNECT_S)
            self._client = httpx.AsyncClient(timeout=timeout, follow_redirects=False)
        return self._client

    def _sign(self, method: str, name: str, *, expires_s: int, query: dict[str, str]) -> str:
        address = f"{self._bucket.url}/{quote(name, safe='/-_.~')}"
        return presigned(
            method,
            address,
            credentials=self._credentials,
            region=self._bucket.region,
            at=datetime.now(UTC),
            expires_s=expires_s,
            query=query,
        )

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """What S3 says, in words of ours."""
        try:
            yield
        except (FileNotFoundError, exceptions.NotFoundError) as exc:
            raise NotFound("file not found") from exc
        except Refused as exc:
            if exc.code in GONE:
                raise NotFound("file not found") from exc
            if exc.status == 507 or exc.code in FULL:
                raise StorageFull("the bucket has no room; nothing was accepted") from exc
            raise self._away(exc) from exc
        except (exceptions.BaseError, OSError, httpx.HTTPError, ValueError) as exc:
            if any(code in str(exc) for code in (*FULL, "status code: 507")):
                raise StorageFull("the bucket has no room; nothing was accepted") from exc
            raise self._away(exc) from exc

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """What is not found while writing is the bucket."""
        try:
            with self._errors():
                yield
        except NotFound as exc:
            raise self._away(exc.__cause__ or exc) from exc

    def _away(self, exc: BaseException) -> StorageUnavailable:
        reason = _reason(exc)
        log.warning("storage.failed", bucket=self._bucket.name, reason=reason)
        self.is_away, self.trouble = True, reason
        return StorageUnavailable()


def _reason(exc: BaseException) -> str:
    """What S3 said, or what became of the connection; without what is signed."""
    said = str(exc)
    if (status := _STATUS.search(said)) and (code := _CODE.search(said)):
        return f"S3 answered {status[1]} {code[1]}"
    return _QUERY.sub("", said.partition("\n")[0])[:300] or type(exc).__name__


def _store(bucket: Bucket, credentials: Credentials) -> S3Store:
    config: S3Config = {
        "region": bucket.region,
        "endpoint": bucket.endpoint if bucket.style == "path" else bucket.url,
        "virtual_hosted_style_request": bucket.style == "virtual",
        "access_key_id": credentials.key_id,
        "secret_access_key": credentials.secret,
    }
    if credentials.session_token:
        config["session_token"] = credentials.session_token
    return S3Store(
        bucket.name,
        config=config,
        client_options={
            "allow_http": bucket.endpoint.startswith("http://"),
            "timeout": timedelta(seconds=TIMEOUT_S),
            "connect_timeout": timedelta(seconds=CONNECT_S),
        },
        retry_config={"max_retries": TRIES, "retry_timeout": timedelta(seconds=10)},
    )
