"""A worker's bytes to and from a real bucket, by nothing but the addresses that it was given."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mutoscope.protocol import Destination
from mutoscope.storage import address
from mutoscope.storage.s3 import S3Storage
from mutoscope.transfer import Transfer
from tests.conformance.test_storage import PART_BYTES, read
from tests.radosgw import Gateway

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

KEY = "outputs/r1/1/a/output.mp4"
CONTENT = bytes(range(251)) * 50_000
"""Three parts of the smallest size."""


@pytest.fixture
async def storage(s3: Gateway) -> AsyncIterator[S3Storage]:
    storage = S3Storage(address.bucket(s3.place(), environ=s3.environment), s3.credentials, part_bytes=PART_BYTES)
    yield storage
    await storage.close()


@pytest.fixture
def output(tmp_path: Path) -> Path:
    (tmp_path / "output.mp4").write_bytes(CONTENT)
    return tmp_path / "output.mp4"


async def destination(storage: S3Storage, size_bytes: int) -> Destination:
    """Where the file goes, as a server says it."""
    place = await storage.place(KEY, size_bytes=size_bytes, expires_s=600)
    assert place is not None
    return Destination("a", place.parts, place.part_bytes, place.upload_id, 600)


def nothing() -> None:
    """The lease holds."""


async def test_a_file_of_several_parts_arrives(storage: S3Storage, output: Path) -> None:
    """Its SHA-256 is told, and what comes back is the same; one of no bytes has one part, too."""
    line = Transfer()
    to = await destination(storage, len(CONTENT))
    assert len(to.parts) == 3
    sha256, etags = await asyncio.to_thread(line.put, output, to, check=nothing)
    assert sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert await storage.placed(KEY, to.upload_id, etags) == len(CONTENT)
    url = storage.url(KEY, expires_s=60, media_type="video/mp4", name="output.mp4")
    assert url is not None
    await asyncio.to_thread(line.get, url, output.with_name("back"), limit_bytes=len(CONTENT), check=nothing)
    assert output.with_name("back").read_bytes() == CONTENT
    output.write_bytes(b"")
    nothing_to = await destination(storage, 0)
    await asyncio.to_thread(line.put, output, nothing_to, check=nothing)
    assert await read(storage, KEY) == b""
    line.close()
