"""Files as one ZIP archive, made while it is sent: no more than a piece of one file is in memory, nothing on the disk.

Pictures and films are compressed already, so they are stored as they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from mutoscope.server.files import safe_name
from mutoscope.site import Site
from mutoscope.store.records import File

READABLE = 0o644 << 16
LARGE = 2**31 - 1
ID_END = 8
"""Of a request's id, in names of what it made: its end, for the beginning is the time."""


class _Pipe:
    """Where `zipfile` writes to; it finds that it cannot go back there, and makes an archive that never needs to."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes | bytearray | memoryview) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        pass

    def taken(self) -> bytes:
        """What was written since the last call."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


async def check_there(site: Site, files: Sequence[File]) -> None:
    """Raises NotFound when the bytes of one are gone: better now than in the middle of an archive."""
    for file in files:
        await site.storage.size(file.key)


async def zipped(site: Site, files: Sequence[File]) -> AsyncIterator[bytes]:
    """The archive, piece by piece, in the order of the files."""
    pipe = _Pipe()
    with ZipFile(pipe, "w", ZIP_STORED) as archive:  # type: ignore[call-overload]  # it asks for no more than write
        for name, file in named(files):
            made = datetime.fromtimestamp(file.created_ms / 1000, UTC)
            info = ZipInfo(name, made.timetuple()[:6])
            info.external_attr = READABLE
            with archive.open(info, "w", force_zip64=file.size_bytes > LARGE) as entry:
                async for chunk in await site.storage.open(file.key):
                    await asyncio.to_thread(entry.write, chunk)
                    yield pipe.taken()
    yield pipe.taken()


def named(files: Sequence[File]) -> Iterator[tuple[str, File]]:
    """Each file with a name of its own: outputs by their day and run, for they all have the same name."""
    used: set[str] = set()
    for file in files:
        name = PurePosixPath(safe_name(file.name))
        stem = name.stem
        if file.request_id is not None:
            day = datetime.fromtimestamp(file.created_ms / 1000, UTC).date()
            stem = f"{day.isoformat()}-{file.request_id[-ID_END:]}-{stem}"
        told, number = f"{stem}{name.suffix}", 1
        while told.lower() in used:
            number += 1
            told = f"{stem}-{number}{name.suffix}"
        used.add(told.lower())
        yield told, file
