"""Server-sent events from a stream of bytes, one chunk at a time.

Follows the event-stream format of the HTML standard (section "Interpreting an event stream"); a block that
the connection cut in half is never delivered. Knows nothing of requests; read `protocol` for that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE_END = re.compile(rb"\r\n|\n|\r(?!\Z)")
"""A lone CR at the very end may be half of a CRLF: it waits for the next chunk."""

MAX_LINE_BYTES = 1 << 20
"""A line longer than this is no event of ours; keeping it would only fill memory."""


@dataclass(frozen=True, slots=True)
class Message:
    """One block. id is None when the block has no `id` line of its own."""

    id: str | None
    event: str
    data: str


class Reader:
    """Collects chunks and gives out whole messages."""

    def __init__(self) -> None:
        self._rest = b""
        self._id: str | None = None
        self._event = ""
        self._data: list[str] = []
        self.retry_s: float | None = None
        """How long the server asked to wait before connecting again, if it did."""

    def feed(self, chunk: bytes) -> list[Message]:
        """The messages that this chunk completes. Raises ValueError on an endless line."""
        *lines, self._rest = _LINE_END.split(self._rest + chunk)
        if len(self._rest) > MAX_LINE_BYTES:
            raise ValueError(f"event stream: a line is longer than {MAX_LINE_BYTES} bytes")
        found = [self._take(line.decode("utf-8", "replace")) for line in lines]
        return [message for message in found if message is not None]

    def _take(self, line: str) -> Message | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry_s = int(value) / 1000
        return None

    def _dispatch(self) -> Message | None:
        message = Message(self._id, self._event or "message", "\n".join(self._data)) if self._data else None
        self._id, self._event, self._data = None, "", []
        return message
