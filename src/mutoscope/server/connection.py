"""One client's connection: uvicorn's own, with an end to its patience and its memory for the head of a request.

Who sends a head byte by byte, or one without end, needs no key for it, holds a descriptor each and could keep
everybody else out. Bodies come after the key was seen: `wire` caps those.
"""

from __future__ import annotations

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_S = 30.0
"""From the first byte of a request, or from connecting, to the end of its head."""
HEAD_BYTES = 64 * 1024


class Connection(HttpToolsProtocol):
    """Closes a connection whose head is late or too long."""

    head_s = HEAD_S
    head_bytes = HEAD_BYTES
    _late: asyncio.TimerHandle | None = None
    _received = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody is there."""
        super().connection_made(cast("asyncio.Transport", transport))
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Somebody has gone."""
        self._head_is_there()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of a head or a body."""
        waiting = self._late
        super().data_received(data)
        if waiting is not None and waiting is self._late:
            self._received += len(data)
            if self._received > self.head_bytes:
                self.transport.close()

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        if self._late is None:
            self._wait_for_head()

    def on_headers_complete(self) -> None:
        """The end of a head."""
        self._head_is_there()
        super().on_headers_complete()

    def _wait_for_head(self) -> None:
        self._received = 0
        self._late = self.loop.call_later(self.head_s, self.transport.close)

    def _head_is_there(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
