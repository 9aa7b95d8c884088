"""One client's connection: uvicorn's own, with an end to its patience and its memory.

Who sends a head byte by byte, or one without end, needs no key for it, holds a descriptor each and could keep
everybody else out; so could who sends a body that never ends, or never reads. All have to keep moving. How many bytes
a body may have is `wire`'s to say, once the key was seen.
"""

from __future__ import annotations

import asyncio
import resource
from typing import cast

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

log = structlog.get_logger(__name__)

HEAD_S = 30.0
"""From the first byte of a request, or from connecting, to the end of its head."""
HEAD_BYTES = 64 * 1024
HEADER_FIELDS = 256
BODY_S = 30.0
BODY_BYTES = 64 * 1024
"""So much of a body has to come in so many seconds, or its end: two kilobytes a second."""
READ_S = 300.0
"""A caller who takes nothing of its answer for so long has gone; players that pause come back with a range."""
KEPT_DESCRIPTORS = 128
"""Of this process's descriptors, for files and the database; connections may use the others."""
TOO_SLOW = b'{"error_code":408001,"error_message":"%(0)s","message":"%(0)s","detail":[]}'.replace(
    b"%(0)s", b"the body came too slowly: at least 64 KiB in 30 seconds are expected"
)


def most_connections() -> int:
    """How many connections may be open at once, after asking the system for as many as it gives."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return max(soft if soft != resource.RLIM_INFINITY else wanted, 2 * KEPT_DESCRIPTORS) - KEPT_DESCRIPTORS


class Connection(HttpToolsProtocol):
    """Closes a connection whose head is late, too long or ambiguous, or whose body stands still."""

    head_s = HEAD_S
    head_bytes = HEAD_BYTES
    header_fields = HEADER_FIELDS
    body_s = BODY_S
    body_bytes = BODY_BYTES
    read_s = READ_S
    most = 2**31
    _late: asyncio.TimerHandle | None = None
    _slow: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _received = 0
    _body_received = 0
    _is_in_head = False
    _is_in_body = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody is there; turned away when everybody is."""
        super().connection_made(cast("asyncio.Transport", transport))
        if len(self.connections) > self.most:
            transport.close()
            return
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Somebody has gone."""
        self._head_is_there()
        self._body_is_there()
        self._is_read()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of a head or a body. Clocks run only for what does not come at once, which is nearly nothing."""
        super().data_received(data)
        if self._is_in_head:
            if self._late is None:  # begun in what came with the end of another body
                self._wait_for_head()
            else:
                self._received += len(data)
                if self._received > self.head_bytes:
                    self.transport.close()
        elif self._is_in_body and self._slow is None:
            self._slow = self.loop.call_later(self.body_s, self._look_at_body)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._is_in_head = True

    def on_headers_complete(self) -> None:
        """The end of a head.

        Raises ValueError, which refuses the request, for a version nobody speaks and for what has two meanings.
        """
        if self.parser.get_http_version() not in ("1.0", "1.1"):
            raise ValueError("not HTTP/1")
        names = [name for name, _ in self.headers]
        if len(names) > self.header_fields:
            raise ValueError("too many header fields")
        if names.count(b"host") > 1:
            raise ValueError("more than one Host")
        self._head_is_there()
        super().on_headers_complete()
        self._body_received = 0
        self._is_in_body = True

    def on_body(self, body: bytes) -> None:
        """A part of a body."""
        self._body_received += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The end of a body, if there was one."""
        self._body_is_there()
        super().on_message_complete()

    def pause_writing(self) -> None:
        """The caller does not take what we send."""
        super().pause_writing()
        self._unread = self.loop.call_later(self.read_s, self.transport.abort)

    def resume_writing(self) -> None:
        """It does again."""
        self._is_read()
        super().resume_writing()

    def _is_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _wait_for_head(self) -> None:
        self._received = 0
        self._late = self.loop.call_later(self.head_s, self.transport.close)

    def _head_is_there(self) -> None:
        self._is_in_head = False
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _look_at_body(self) -> None:
        """Has enough of it come since the last look? What we ourselves were too slow to take in does not count."""
        is_answered = self.cycle is not None and self.cycle.response_complete
        if self.flow.read_paused or (self._body_received >= self.body_bytes and not is_answered):
            self._body_received = 0
            self._slow = self.loop.call_later(self.body_s, self._look_at_body)
            return
        log.info("http.slow_body")
        if self.cycle is not None and not self.cycle.response_started:
            head = b"HTTP/1.1 408 Request Timeout\r\nContent-Type: application/json\r\nConnection: close\r\n"
            self.transport.write(head + b"Content-Length: %d\r\n\r\n" % len(TOO_SLOW) + TOO_SLOW)
        self.transport.close()

    def _body_is_there(self) -> None:
        self._is_in_body = False
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None
