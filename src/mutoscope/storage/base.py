"""The storage boundary: bytes by key.

A key is made by us (`uploads/<id>/<name>`, `outputs/<request_id>/<attempt>/<id>/<name>`), never by a caller.
Nothing is overwritten: a key is written once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Put:
    """What was stored: its size and the SHA-256 of its bytes in hexadecimal."""

    size_bytes: int
    sha256: str


class Storage(Protocol):
    """Where bytes live. All calls are safe to repeat."""

    async def put(self, key: str, chunks: AsyncIterator[bytes], *, limit_bytes: int) -> Put:
        """Store the bytes durably; they are complete or absent.

        Raises TooLarge past limit_bytes and StorageFull when there is no room; nothing is kept then.
        """

    async def open(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from start up to but not including end. Raises NotFound."""

    async def size(self, key: str) -> int:
        """How many bytes are stored. Raises NotFound."""

    def url(self, key: str, *, expires_s: int) -> str | None:
        """An address a client may fetch directly for a while, or None: then the server serves the bytes."""

    async def delete(self, key: str) -> None:
        """Remove the bytes; a key that is not there is no error."""

    def keys(self, *, before_s: float) -> AsyncIterator[str]:
        """Every key that was stored before this time (seconds since 1970), in any order."""

    async def delete_below(self, prefix: str, *, keep: frozenset[str] = frozenset()) -> None:
        """Remove everything whose key starts with `prefix/` (`kind/id` at least), but for the keys to keep."""
