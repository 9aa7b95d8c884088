"""Files in a directory. Each is on the disk (fsync) before `put` answers: a completed request never points at bytes
that a power cut can take away.

A key is written once and nothing refers to it before `put` has answered, so a file is written in place: whatever a
crash leaves half-written is a file that no row names. Keys become flat names in 256 folders made at the start: a new
folder for each file would cost two more flushes of the disk (measured: 3 times the time of the file alone).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import BinaryIO

from mutoscope.errors import NotFound, StorageFull, TooLarge
from mutoscope.storage.base import Place, Put

CHUNK_BYTES = 1 << 20
_NAME = re.compile(r"[^+]+(\+[^+]+){2,}")
"""A key as a file's name: `uploads+<id>+<name>`."""


class LocalStorage:
    """Keys are `kind/id/…`; all files of one id lie in one of the 256 folders."""

    is_shared = False
    origin = ""
    trouble = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.is_away = False
        for number in range(256):
            (folder / f"{number:02x}").mkdir(parents=True, exist_ok=True)
        _sync(folder)

    def path(self, key: str) -> Path:
        """Where the bytes of a key are."""
        return self._folder_of(key) / key.replace("/", "+")

    def _folder_of(self, key: str) -> Path:
        ident = key.split("/")[1]
        return self.folder / hashlib.sha256(ident.encode()).hexdigest()[:2]

    async def put(self, key: str, chunks: AsyncIterator[bytes], *, limit_bytes: int) -> Put:
        """Store the bytes durably. Raises TooLarge and StorageFull; nothing is kept then."""
        path = self.path(key)
        digest = hashlib.sha256()
        size = 0
        file = path.open("xb", buffering=0)  # a key that is there already keeps its bytes
        try:
            with file:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > limit_bytes:
                        raise TooLarge(f"the file is larger than {limit_bytes} bytes, which is the most accepted")
                    await asyncio.to_thread(_append, file, chunk, digest)
                await asyncio.to_thread(_settle, file, path.parent)
        except BaseException as exc:
            path.unlink(missing_ok=True)
            if isinstance(exc, OSError) and exc.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StorageFull from exc
            raise
        return Put(size, digest.hexdigest())

    async def open(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from start up to but not including end. Raises NotFound."""
        try:
            file = self.path(key).open("rb")
        except FileNotFoundError as exc:
            raise NotFound("file not found") from exc
        return _read(file, start, end)

    async def size(self, key: str) -> int:
        """How many bytes are stored. Raises NotFound."""
        try:
            return self.path(key).stat().st_size
        except FileNotFoundError as exc:
            raise NotFound("file not found") from exc

    def url(self, key: str, *, expires_s: int, media_type: str, name: str) -> str | None:
        """None: the server serves these bytes itself."""
        del key, expires_s, media_type, name
        return None

    async def place(self, key: str, *, size_bytes: int, expires_s: int) -> Place | None:
        """None: the server takes the bytes itself."""
        del key, size_bytes, expires_s
        return None

    async def placed(self, key: str, place_id: str, etags: Sequence[str]) -> int:
        """Nobody but `put` stores anything here: the size of what it stored. Raises NotFound."""
        del place_id, etags
        return await self.size(key)

    async def delete(self, key: str) -> None:
        """Remove the bytes; a key that is not there is no error."""
        self.path(key).unlink(missing_ok=True)

    async def keys(self, *, before_s: float) -> AsyncIterator[str]:
        """Every key that was stored before this time (seconds since 1970), in any order."""
        for number in range(256):
            for name in await asyncio.to_thread(_older_than, self.folder / f"{number:02x}", before_s):
                if _NAME.fullmatch(name):  # a desktop leaves files of its own in folders it has shown
                    yield name.replace("+", "/")

    async def delete_below(self, prefix: str, *, keep: frozenset[str] = frozenset()) -> None:
        """Remove everything whose key starts with `prefix/` (`kind/id` at least), but for the keys to keep."""
        kept = {self.path(key) for key in keep}
        start = prefix.replace("/", "+") + "+"
        for path in await asyncio.to_thread(_starting_with, self._folder_of(prefix), start):
            if path not in kept:
                path.unlink(missing_ok=True)

    async def abort_unfinished(self, *, before_s: float) -> int:
        """What is half-written is a file here, which `keys` names."""
        del before_s
        return 0

    async def check(self) -> None:
        """Write a file and remove it again."""
        with tempfile.TemporaryFile(dir=self.folder) as file:
            file.write(b"check")

    async def clock_skew_s(self) -> float:
        """Its clock is ours."""
        return 0.0

    async def close(self) -> None:
        """Nothing is held open."""


def _append(file: BinaryIO, chunk: bytes, digest: hashlib._Hash) -> None:
    digest.update(chunk)
    view = memoryview(chunk)
    while view:
        view = view[file.write(view) :]


def _settle(file: BinaryIO, folder: Path) -> None:
    os.fsync(file.fileno())
    _sync(folder)


def _sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _older_than(folder: Path, before_s: float) -> list[str]:
    names = []
    for entry in os.scandir(folder):
        with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
            if entry.stat().st_mtime < before_s:
                names.append(entry.name)
    return names


def _starting_with(folder: Path, start: str) -> list[Path]:
    return [folder / entry.name for entry in os.scandir(folder) if entry.name.startswith(start)]


async def _read(file: BinaryIO, start: int, end: int | None) -> AsyncIterator[bytes]:
    with file:
        file.seek(start)
        left = None if end is None else end - start
        while left is None or left > 0:
            wanted = CHUNK_BYTES if left is None else min(CHUNK_BYTES, left)
            chunk = await asyncio.to_thread(file.read, wanted)
            if not chunk:
                return
            if left is not None:
                left -= len(chunk)
            yield chunk
