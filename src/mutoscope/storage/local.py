"""Files in a directory, written beside and renamed, so that a reader finds all of a file or none of it.

Each file is on the disk (fsync) before `put` answers: a completed request never points at bytes that a power cut
can take away.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from mutoscope.errors import NotFound, StorageFull, TooLarge
from mutoscope.storage.base import Put

CHUNK_BYTES = 1 << 20


class LocalStorage:
    """Keys are paths below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)
        for leftover in self._incoming.iterdir():
            leftover.unlink()

    async def put(self, key: str, chunks: AsyncIterator[bytes], *, limit_bytes: int) -> Put:
        """Store the bytes durably. Raises TooLarge and StorageFull; nothing is kept then."""
        temporary = self._incoming / uuid.uuid4().hex
        digest = hashlib.sha256()
        size = 0
        try:
            with temporary.open("xb", buffering=0) as file:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > limit_bytes:
                        raise TooLarge(f"the file is larger than {limit_bytes} bytes")
                    await asyncio.to_thread(_append, file, chunk, digest)
                await asyncio.to_thread(_settle, file, temporary, self.folder / key)
        except OSError as exc:
            if exc.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StorageFull from exc
            raise
        finally:
            temporary.unlink(missing_ok=True)
        return Put(size, digest.hexdigest())

    async def open(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from start up to but not including end. Raises NotFound."""
        try:
            file = (self.folder / key).open("rb")
        except FileNotFoundError as exc:
            raise NotFound("file not found") from exc
        return _read(file, start, end)

    def path(self, key: str) -> Path | None:
        """Where the file lies, for readers on this machine."""
        return self.folder / key

    def url(self, key: str, *, expires_s: int) -> str | None:
        """None: the server serves these bytes itself."""
        del key, expires_s
        return None

    async def delete(self, key: str) -> None:
        """Remove the bytes; a key that is not there is no error."""
        path = self.folder / key
        path.unlink(missing_ok=True)
        for parent in (path.parent, path.parent.parent):
            try:
                parent.rmdir()
            except OSError:
                return


def _append(file: BinaryIO, chunk: bytes, digest: hashlib._Hash) -> None:
    digest.update(chunk)
    view = memoryview(chunk)
    while view:
        view = view[file.write(view) :]


def _settle(file: BinaryIO, temporary: Path, target: Path) -> None:
    os.fsync(file.fileno())
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary.rename(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


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
