"""What every storage promises: all of a file or none of it, ranges, and nobody else's bytes."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from mutoscope.errors import NotFound, StorageFull, TooLarge
from mutoscope.storage.base import Storage
from mutoscope.storage.local import LocalStorage

pytestmark = pytest.mark.anyio

STORAGES: dict[str, Callable[[Path], Storage]] = {"local": lambda folder: LocalStorage(folder / "files")}
"""Every implementation: a name, and how to open an empty or an existing one."""

KEY = "uploads/0a1b/cat.jpg"
LIMIT = 10**7


@pytest.fixture(params=sorted(STORAGES))
def open_storage(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Storage]:
    """Opens the storage of this test, again and again the same one."""
    return lambda: STORAGES[request.param](tmp_path)


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


async def test_a_key_is_written_once(storage: Storage) -> None:
    """A second put of the same key is refused, and the first one's bytes stay."""
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
    """A directory has no addresses: the server serves its files."""
    await put(storage, KEY, b"bytes")
    assert storage.url(KEY, expires_s=60) is None
