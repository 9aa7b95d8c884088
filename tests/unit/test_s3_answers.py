"""What a bucket that is full, stumbles or changes its mind says, and what becomes of it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from mutoscope.errors import MutoscopeError, StorageFull, StorageUnavailable
from mutoscope.storage.address import Bucket
from mutoscope.storage.presign import Credentials
from mutoscope.storage.s3 import S3Storage

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

KEY, PART_BYTES = "uploads/a/cat.jpg", 1000
BEGUN = "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>"


def error(code: str) -> str:
    return f"<Error><Code>{code}</Code></Error>"


class Bucketful:
    """A bucket that answers what the script says to each kind of call in turn, then that all is well.

    Kinds: `put` a whole file, `begin`, `part`, `complete` and `abort` one in parts.
    """

    def __init__(self, script: dict[str, list[tuple[int, str]]]) -> None:
        self.script = script
        self.calls: list[str] = []

    def answer(self, method: str, query: str) -> tuple[int, str]:
        kind = {
            "POST": "begin" if "uploads=" in query else "complete",
            "PUT": "part" if "partNumber=" in query else "put",
            "DELETE": "abort",
        }[method]
        self.calls.append(kind)
        if left := self.script.get(kind):
            return left.pop(0)
        return 200, BEGUN if kind == "begin" else "<CompleteMultipartUploadResult/>"


def _handler(bucket: Bucketful) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def any(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            status, said = bucket.answer(self.command, self.path.partition("?")[2])
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.send_header("ETag", '"e"')
            self.end_headers()
            self.wfile.write(said.encode())

        do_PUT = do_POST = do_DELETE = any

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


@contextlib.contextmanager
def scripted(**script: list[tuple[int, str]]) -> Iterator[tuple[Bucketful, S3Storage]]:
    bucket = Bucketful(script)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(bucket))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    place = Bucket("bucket", "", f"http://127.0.0.1:{server.server_address[1]}", "us-east-1", "path")
    try:
        yield bucket, S3Storage(place, Credentials("AK", "PLANTED"), part_bytes=PART_BYTES)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def put(storage: S3Storage, size_bytes: int) -> None:
    async def content() -> AsyncIterator[bytes]:
        yield b"x" * size_bytes

    try:
        await storage.put(KEY, content(), limit_bytes=10**6)
    finally:
        await storage.close()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((507, ""), StorageFull),
        ((403, error("QuotaExceeded")), StorageFull),
        ((403, error("AccessDenied")), StorageUnavailable),
        ((400, error("BadDigest")), StorageUnavailable),
        ((404, error("NoSuchBucket")), StorageUnavailable),
    ],
)
async def test_a_refusal_is_said_as_what_it_is(answer: tuple[int, str], kind: type[MutoscopeError]) -> None:
    """In whichever call it comes; parts that were put already are given up."""
    with scripted(put=[answer] * 9) as (_, storage):
        with pytest.raises(kind):
            await put(storage, 10)
        assert storage.is_away == (kind is StorageUnavailable)
    for call in ("begin", "part", "complete"):
        with scripted(**{call: [answer] * 9}) as (bucket, storage), pytest.raises(kind):
            await put(storage, 2 * PART_BYTES)
        assert (bucket.calls[-1] == "abort") == (call != "begin")
        assert bucket.calls.count(call) in ((1, 3) if answer[0] >= 500 else (1,))


async def test_a_part_is_sent_again_when_the_bucket_stumbles() -> None:
    """That one, and none of those before."""
    with scripted(part=[(200, ""), (500, ""), (503, error("SlowDown")), (200, "")]) as (bucket, storage):
        await put(storage, 2 * PART_BYTES)
    assert bucket.calls == ["begin", "part", "part", "part", "part", "complete"]
    assert not storage.is_away


async def test_a_success_that_holds_an_error_is_none() -> None:
    """S3 begins its answer before it has put the parts together."""
    with scripted(complete=[(200, error("InternalError"))]) as (bucket, storage), pytest.raises(StorageUnavailable):
        await put(storage, 2 * PART_BYTES)
    assert bucket.calls[-1] == "abort"
    assert storage.trouble == "S3 answered 200 InternalError"


async def test_nothing_that_is_signed_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither in the reason nor in the log."""
    with scripted() as (_, storage):
        pass
    with pytest.raises(StorageUnavailable):  # nobody listens any more
        await put(storage, 2 * PART_BYTES)
    told = storage.trouble + capsys.readouterr().out
    assert storage.trouble
    assert not [word for word in ("PLANTED", "Signature", "AK") if word in told]
