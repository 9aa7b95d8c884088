"""What every storage promises: all of a file or none of it, ranges, and nobody else's bytes."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from mutoscope.errors import NotFound, StorageFull, StorageUnavailable, TooLarge
from mutoscope.storage import address
from mutoscope.storage.base import Storage
from mutoscope.storage.local import LocalStorage
from mutoscope.storage.presign import Credentials
from mutoscope.storage.s3 import S3Storage
from tests.ports import reserved_port
from tests.radosgw import BUCKET, Gateway

pytestmark = pytest.mark.anyio

KEY = "uploads/0a1b/cat.jpg"
LIMIT = 10**8
PART_BYTES = 5 << 20
"""The least that S3 takes."""


@pytest.fixture(params=["local", pytest.param("s3", marks=pytest.mark.slow)])
async def open_storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Callable[[], Storage]]:
    """Opens the storage of this test, again and again the same one: a folder, and a bucket of a real S3 server."""
    opened: list[Storage] = []
    if request.param == "s3":
        gateway: Gateway = request.getfixturevalue("s3")
        place = gateway.place()

    def open_it() -> Storage:
        if request.param == "local":
            opened.append(LocalStorage(tmp_path / "files"))
        else:
            bucket = address.bucket(place, environ=gateway.environment)
            opened.append(S3Storage(bucket, gateway.credentials, part_bytes=PART_BYTES))
        return opened[-1]

    yield open_it
    for storage in opened:
        await storage.close()


@pytest.fixture
def storage(open_storage: Callable[[], Storage]) -> Storage:
    """An empty storage."""
    return open_storage()


async def pieces(*chunks: bytes, then: BaseException | None = None) -> AsyncIterator[bytes]:
    """Bytes as they arrive, and perhaps an end that is none."""
    for chunk in chunks:
        yield chunk
    if then:
        raise then


async def put(storage: Storage, key: str, content: bytes) -> None:
    """Store these bytes."""
    await storage.put(key, pieces(content), limit_bytes=LIMIT)


async def read(storage: Storage, key: str, start: int = 0, end: int | None = None) -> bytes:
    """The bytes, or a part of them."""
    return b"".join([chunk async for chunk in await storage.open(key, start=start, end=end)])


async def fetch(url: str, **headers: str) -> httpx.Response:
    """What anybody gets there."""
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(url, headers=headers)


async def keys(storage: Storage, before_s: float | None = None) -> set[str]:
    """Everything that is stored."""
    return {key async for key in storage.keys(before_s=time.time() + 60 if before_s is None else before_s)}


async def test_what_was_put_can_be_read(storage: Storage) -> None:
    """In chunks of any size; `put` answers with size and digest."""
    content = bytes(range(256)) * 20_000
    told = await storage.put(KEY, pieces(content[:7], content[7:3_000_000], content[3_000_000:]), limit_bytes=LIMIT)
    assert (told.size_bytes, told.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert await read(storage, KEY) == content
    assert await storage.size(KEY) == len(content)


async def test_an_empty_file_is_a_file(storage: Storage) -> None:
    """No chunk, or an empty one."""
    told = await storage.put(KEY, pieces(), limit_bytes=0)
    assert (told.size_bytes, told.sha256) == (0, hashlib.sha256().hexdigest())
    assert await read(storage, KEY) == b""
    assert await storage.size(KEY) == 0


async def test_files_outlive_the_process(open_storage: Callable[[], Storage]) -> None:
    """Opened again, everything is there."""
    await put(open_storage(), KEY, b"still here")
    assert await read(open_storage(), KEY) == b"still here"


@pytest.mark.parametrize(("start", "end"), [(0, None), (0, 1), (3, 7), (9, 10), (9, None), (5, 5), (4, 99), (10, None)])
async def test_any_part_can_be_read(storage: Storage, start: int, end: int | None) -> None:
    """From `start` up to but not including `end`, as a slice would."""
    await put(storage, KEY, b"0123456789")
    assert await read(storage, KEY, start, end) == b"0123456789"[start:end]


async def test_a_part_larger_than_a_chunk_can_be_read(storage: Storage) -> None:
    """Two and a half million bytes from the middle."""
    content = bytes(range(250)) * 12_000
    await put(storage, KEY, content)
    assert await read(storage, KEY, 123_457, 2_623_457) == content[123_457:2_623_457]


async def test_what_was_never_put_is_not_found(storage: Storage) -> None:
    """Neither its bytes nor its size."""
    with pytest.raises(NotFound):
        await storage.open(KEY)
    with pytest.raises(NotFound):
        await storage.size(KEY)


async def test_a_file_that_is_too_large_leaves_nothing(storage: Storage) -> None:
    """One byte too many; exactly the limit is accepted."""
    with pytest.raises(TooLarge):
        await storage.put(KEY, pieces(b"12345", b"67890", b"!"), limit_bytes=10)
    assert await keys(storage) == set()
    assert (await storage.put(KEY, pieces(b"12345", b"67890"), limit_bytes=10)).size_bytes == 10


async def test_an_upload_that_breaks_off_leaves_nothing(storage: Storage) -> None:
    """The sender goes away in the middle; the same key can be put afterwards."""
    with pytest.raises(ConnectionError):
        await storage.put(KEY, pieces(b"half of", then=ConnectionError()), limit_bytes=LIMIT)
    assert await keys(storage) == set()
    await put(storage, KEY, b"all of it")
    assert await read(storage, KEY) == b"all of it"


async def test_an_upload_whose_task_is_cancelled_leaves_nothing(storage: Storage) -> None:
    """The server stops while bytes arrive."""
    arrived = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1000
            arrived.set()
            await asyncio.sleep(0)

    task = asyncio.create_task(storage.put(KEY, endless(), limit_bytes=10**12))
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await keys(storage) == set()


@pytest.mark.parametrize("number", [28, 122])
async def test_a_full_disk_leaves_nothing(storage: Storage, number: int) -> None:
    """No room, or no quota: the caller is told StorageFull."""
    with pytest.raises(StorageFull):
        await storage.put(KEY, pieces(b"some", then=OSError(number, "no room")), limit_bytes=LIMIT)
    assert await keys(storage) == set()


async def test_a_key_is_written_once(tmp_path: Path) -> None:
    """A second put of the same key is refused by a folder, and the first one's bytes stay; S3 is never asked to."""
    storage = LocalStorage(tmp_path)
    await put(storage, KEY, b"the first")
    with pytest.raises(FileExistsError):
        await put(storage, KEY, b"the second")
    assert await read(storage, KEY) == b"the first"


async def test_files_of_the_same_name_are_different_files(storage: Storage) -> None:
    """The id tells them apart, also when one id begins like another, or one key is part of another."""
    several = [
        "uploads/a/cat.jpg",
        "uploads/ab/cat.jpg",
        "inputs/a/cat.jpg",
        "outputs/a/1/b/cat.jpg",
        "uploads/a/b.jpg",
    ]
    for key in several:
        await put(storage, key, key.encode())
    assert await keys(storage) == set(several)
    await storage.delete("uploads/a/cat.jpg")
    for key in several[1:]:
        assert await read(storage, key) == key.encode()


async def test_files_can_be_put_and_deleted_all_at_once(storage: Storage) -> None:
    """Forty at the same time, half of them deleted while the others arrive."""
    await asyncio.gather(*(put(storage, f"uploads/{n}/a.bin", b"%d" % n) for n in range(40)))
    await asyncio.gather(
        *(storage.delete(f"uploads/{n}/a.bin") for n in range(0, 40, 2)),
        *(put(storage, f"uploads/{n}/a.bin", b"%d" % n) for n in range(40, 60)),
    )
    assert await keys(storage) == {f"uploads/{n}/a.bin" for n in (*range(1, 40, 2), *range(40, 60))}


async def test_what_somebody_else_put_into_the_folder_is_no_file_of_ours(tmp_path: Path) -> None:
    """A desktop leaves `.DS_Store` in folders it has shown; tidying up goes on past it."""
    storage = LocalStorage(tmp_path)
    await put(storage, KEY, b"cat")
    for stray in (tmp_path / ".DS_Store", tmp_path / "00" / ".DS_Store", tmp_path / "00" / "a+b"):
        stray.write_bytes(b"x")

    assert await keys(storage) == {KEY}


async def test_a_deleted_file_is_gone_and_deleting_it_again_is_no_error(storage: Storage) -> None:
    """Nor is deleting what never was."""
    await put(storage, KEY, b"soon gone")
    for _ in range(2):
        await storage.delete(KEY)
    with pytest.raises(NotFound):
        await storage.open(KEY)
    await storage.delete("uploads/never/was.bin")


async def test_whoever_reads_a_file_reads_it_to_its_end(storage: Storage) -> None:
    """Also when it is deleted in between."""
    content = b"x" * 3_000_000
    await put(storage, KEY, content)
    reading = await storage.open(KEY)
    first = await anext(reading)
    await storage.delete(KEY)
    assert first + b"".join([chunk async for chunk in reading]) == content


async def test_everything_of_one_request_can_be_deleted_but_for_what_is_kept(storage: Storage) -> None:
    """Two attempts' outputs go, the kept one and other requests' stay; again it is no error."""
    kept, other = "outputs/r1/2/c/output.mp4", "outputs/r10/1/d/output.mp4"
    for key in ("outputs/r1/1/a/output.mp4", "outputs/r1/1/b/poster.jpg", kept, other):
        await put(storage, key, b"bytes")
    for _ in range(2):
        await storage.delete_below("outputs/r1", keep=frozenset({kept}))
        assert await keys(storage) == {kept, other}
    await storage.delete_below("outputs/r1")
    assert await keys(storage) == {other}


async def test_keys_can_be_listed_by_age(storage: Storage) -> None:
    """What was stored after an instant is not listed: it may be about to be noted."""
    before_s = time.time() - 1.0
    await put(storage, KEY, b"young")
    assert await keys(storage, before_s) == set()
    assert await keys(storage, time.time() + 1.0) == {KEY}


async def test_an_address_of_its_own_serves_the_same_bytes_or_there_is_none(storage: Storage) -> None:
    """A folder has no addresses: the server serves its files. One in a bucket says what the file is, and its parts."""
    await put(storage, KEY, b"0123456789")

    url = storage.url(KEY, expires_s=60, media_type="image/jpeg", name="my cat.jpg")

    if not storage.origin:
        assert url is None
        return
    assert url is not None
    assert url.startswith(f"{storage.origin}/")
    whole, part = await fetch(url), await fetch(url, Range="bytes=2-4")
    assert (whole.status_code, whole.content, part.status_code, part.content) == (200, b"0123456789", 206, b"234")
    assert whole.headers["content-type"] == "image/jpeg"
    assert whole.headers["content-disposition"] == 'inline; filename="my cat.jpg"'
    for forged in (url[:-1] + ("0" if url[-1] != "0" else "1"), url.replace("cat.jpg", "dog.jpg"), url.split("?")[0]):
        assert (await fetch(forged)).status_code == 403
    assert (await fetch(url.replace("X-Amz-Expires=60", "X-Amz-Expires=61"))).status_code == 403


@pytest.mark.parametrize("size_bytes", [0, 10, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES + 7])
async def test_somebody_else_may_put_a_file_or_the_server_takes_it(storage: Storage, size_bytes: int) -> None:
    """With no key of the storage, in one part or several; it is one file when the server was told, also told twice."""
    content = bytes(range(256)) * (size_bytes // 256 + 1)
    content = content[:size_bytes]
    place = await storage.place(KEY, size_bytes=size_bytes, expires_s=60)
    if not storage.origin:
        assert place is None
        return
    assert place is not None
    async with httpx.AsyncClient(trust_env=False) as client:
        etags = []
        for number, url in enumerate(place.parts):
            part = content[number * place.part_bytes : (number + 1) * place.part_bytes]
            answer = await client.put(url, content=part)
            assert answer.status_code == 200, answer.text
            etags.append(answer.headers["etag"])
    for _ in range(2):
        assert await storage.placed(KEY, place.upload_id, etags) == size_bytes
    assert await read(storage, KEY) == content


async def test_what_was_not_put_is_not_taken_for_a_file(storage: Storage) -> None:
    """Nothing of it, or only one of its parts."""
    for size_bytes in (10, 2 * PART_BYTES):
        place = await storage.place(KEY, size_bytes=size_bytes, expires_s=60)
        with pytest.raises(NotFound):
            await storage.placed(KEY, place.upload_id if place else "", ())
    assert await keys(storage) == set()


async def test_parts_that_became_no_file_can_be_forgotten(storage: Storage) -> None:
    """Those that were begun before an instant; nothing of them is listed, and what is finished stays."""
    await put(storage, "uploads/a/cat.jpg", b"x" * (PART_BYTES + 1))
    begun = await storage.place(KEY, size_bytes=3 * PART_BYTES, expires_s=60)

    assert await storage.abort_unfinished(before_s=time.time() - 60) == 0
    assert await storage.abort_unfinished(before_s=time.time() + 60) == (1 if begun else 0)

    assert await storage.abort_unfinished(before_s=time.time() + 60) == 0
    assert await keys(storage) == {"uploads/a/cat.jpg"}


async def test_an_upload_that_fails_leaves_no_parts(storage: Storage) -> None:
    """Broken off, or too large, after some of it was stored."""
    large = b"x" * (PART_BYTES + 1)
    with pytest.raises(ConnectionError):
        await storage.put(KEY, pieces(large, then=ConnectionError()), limit_bytes=LIMIT)
    with pytest.raises(TooLarge):
        await storage.put(KEY, pieces(large, large), limit_bytes=len(large))
    assert await keys(storage) == set()
    assert await storage.abort_unfinished(before_s=time.time() + 60) == 0


async def test_it_can_be_checked(storage: Storage) -> None:
    """It does what it is for, and the check leaves nothing behind."""
    await storage.check()
    assert not storage.is_away
    assert await keys(storage) == set()


# -- a bucket that cannot be used ---------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_bucket_that_is_away_is_said_to_be(s3: Gateway) -> None:
    """Nobody listens, the key is wrong, or there is no such bucket: one error, and `is_away` until a check succeeds."""
    nobody = {**s3.environment, "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{reserved_port()}"}
    for place, environ, credentials in (
        (s3.place(), nobody, s3.credentials),
        (s3.place(), s3.environment, Credentials(s3.key_id, "wrong")),
        ("s3://no-such-bucket/a", s3.environment, s3.credentials),
    ):
        storage = S3Storage(address.bucket(place, environ=environ), credentials)
        for act in (
            put(storage, KEY, b"bytes"),
            put(storage, KEY, b"x" * (PART_BYTES * 2)),
            storage.check(),
            storage.place(KEY, size_bytes=10**8, expires_s=60),
        ):
            storage.is_away = False
            with pytest.raises(StorageUnavailable):
                await act
            assert storage.is_away
        await storage.delete(KEY)
        await storage.close()
    storage = S3Storage(address.bucket(s3.place(), environ=s3.environment), s3.credentials)
    storage.is_away = True
    await storage.check()
    assert not storage.is_away
    assert abs(await storage.clock_skew_s()) < 60
    await storage.close()


@pytest.mark.slow
async def test_what_others_keep_in_the_bucket_is_not_ours(s3: Gateway) -> None:
    """Another site's prefix that begins like ours, and a name that is no key."""
    place = s3.place()
    ours, theirs = (
        S3Storage(address.bucket(where, environ=s3.environment), s3.credentials) for where in (place, f"{place}2")
    )
    await put(theirs, KEY, b"theirs")
    await put(ours, KEY, b"ours")
    await put(ours, "readme", b"somebody's")
    assert BUCKET in place
    assert await keys(ours) == {KEY}
    await ours.delete_below("uploads/0a1b")
    assert await read(theirs, KEY) == b"theirs"
    for storage in (ours, theirs):
        await storage.close()
