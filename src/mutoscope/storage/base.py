"""The storage boundary: bytes by key.

A key is made by us (`uploads/<id>/<name>`, `outputs/<request_id>/<attempt>/<id>/<name>`), never by a caller, and is
put once: no two attempts, and no two files, have the same. Where a second put could be refused, a lost answer would
look like one; nothing rests on it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Put:
    """What was stored: its size and the SHA-256 of its bytes in hexadecimal."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody without a key of the storage may put the bytes of one file, for a while.

    parts        an address for each part, in order; each is sent by PUT.
    part_bytes   size of every part but the last.
    upload_id    what holds the parts together; empty when there is one only.
    """

    parts: tuple[str, ...] = field(repr=False)
    part_bytes: int
    upload_id: str = ""


class Storage(Protocol):
    """Where bytes live. All calls are safe to repeat.

    Each may raise StorageUnavailable; then it is not known whether what was asked for happened.

    is_shared     others may write to it beside this server.
    is_away       a call failed, and none of `check` has succeeded since.
    trouble       why the last call failed that did; "" when none did. It holds no secret.
    origin        scheme and host of its addresses, such as `https://video.s3.eu-west-1.amazonaws.com`; "" without.
    """

    is_shared: bool
    is_away: bool
    origin: str
    trouble: str

    async def put(self, key: str, chunks: AsyncIterator[bytes], *, limit_bytes: int) -> Put:
        """Store the bytes durably; they are complete or absent.

        Raises TooLarge past limit_bytes and StorageFull when there is no room; nothing is kept then.
        """

    async def open(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from start up to but not including end. Raises NotFound."""

    async def size(self, key: str) -> int:
        """How many bytes are stored. Raises NotFound."""

    def url(self, key: str, *, expires_s: int, media_type: str, name: str) -> str | None:
        """An address anybody may fetch the bytes from for a while, or None: then the server serves them.

        media_type, name   what the answer says of them.
        """

    async def place(self, key: str, *, size_bytes: int, expires_s: int) -> Place | None:
        """Where somebody else may put so many bytes for a while, or None: then the server takes them."""

    async def placed(self, key: str, place_id: str, etags: Sequence[str]) -> int:
        """Make one file of what was put there; its size in bytes. Raises NotFound when it is not all there.

        place_id   the `upload_id` of its Place.
        etags      what the storage answered to each part, in order.
        """

    async def delete(self, key: str) -> None:
        """Remove the bytes; a key that is not there is no error. What cannot be removed now is left to `keys`."""

    def keys(self, *, before_s: float) -> AsyncIterator[str]:
        """Every key that was stored before this time (seconds since 1970), in any order."""

    async def delete_below(self, prefix: str, *, keep: frozenset[str] = frozenset()) -> None:
        """Remove everything whose key starts with `prefix/` (`kind/id` at least), but for the keys to keep."""

    async def abort_unfinished(self, *, before_s: float) -> int:
        """Forget parts of files that were begun before this time and never finished; of how many files."""

    async def check(self) -> None:
        """Store something, read it and remove it again."""

    async def clock_skew_s(self) -> float:
        """How many seconds its clock is before ours, to the second."""

    async def close(self) -> None:
        """Let go of what is held open."""
