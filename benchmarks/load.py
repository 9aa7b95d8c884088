"""A load generator: keep-alive connections over raw sockets in one process, one request in flight on each.

It does as little as it can per request, so that the server is what is measured: bytes are prepared before the
clock starts, and an answer is only looked at for its status line and its length.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Load:
    """What a burst of requests met. latencies_s: one per answer, in order of arrival."""

    answers: int
    errors: int
    seconds: float
    latencies_s: tuple[float, ...]

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return self.answers / self.seconds

    def percentile(self, share: float) -> float:
        """Latency in seconds below which this share (0 … 1) of the answers came."""
        ordered = sorted(self.latencies_s)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Connection:
    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.sent_at = 0.0

    def send(self, request: bytes) -> None:
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def answer(self) -> bytes | None:
        """The whole answer once it is there."""
        self.received += self.socket.recv(262144)
        head, separator, rest = self.received.partition(b"\r\n\r\n")
        if not separator:
            return None
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(rest) < length:
            return None
        whole, self.received = self.received, b""
        return whole


def burst(
    url: str,
    requests: Iterator[bytes],
    *,
    connections: int,
    seconds: float,
    seen: Callable[[bytes], None] | None = None,
) -> Load:
    """Send requests from an iterator over this many connections for a while; `seen` gets every answer."""
    parts = urlsplit(url)
    address = (parts.hostname or "127.0.0.1", parts.port or 80)
    selector = selectors.DefaultSelector()
    open_ = [_Connection(address) for _ in range(connections)]
    latencies: list[float] = []
    errors = 0
    began = time.perf_counter()
    deadline = began + seconds
    for connection in open_:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(next(requests))
    busy = connections
    while busy:
        for key, _ in selector.select(5.0):
            connection = key.data
            answer = connection.answer()
            if answer is None:
                continue
            now = time.perf_counter()
            latencies.append(now - connection.sent_at)
            errors += answer[9:10] != b"2"
            if seen is not None:
                seen(answer)
            request = next(requests, None) if now < deadline else None
            if request is None:
                busy -= 1
                selector.unregister(connection.socket)
            else:
                connection.send(request)
    took = time.perf_counter() - began
    for connection in open_:
        connection.socket.close()
    return Load(len(latencies), errors, took, tuple(latencies))


def get(path: str, key: str = "") -> bytes:
    """A GET as bytes."""
    return _head("GET", path, key) + b"\r\n"


def post(path: str, body: bytes, key: str = "", extra: str = "") -> bytes:
    """A JSON POST as bytes."""
    head = _head("POST", path, key) + f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n".encode()
    return head + extra.encode() + b"\r\n" + body


def _head(method: str, path: str, key: str) -> bytes:
    authorization = f"Authorization: Bearer {key}\r\n" if key else ""
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}".encode()
