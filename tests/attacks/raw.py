"""A client that says anything, byte for byte."""

from __future__ import annotations

import contextlib
import socket
from types import TracebackType


class Caller:
    """Connections to one server. `tell` opens a fresh one, `said` is what came back until the other side stopped."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Caller:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def connect(self) -> socket.socket:
        """An open connection, closed in the end."""
        return self._stack.enter_context(socket.create_connection(self._address, timeout=60))

    def ask(self, data: bytes) -> bytes:
        """Send this and read one answer, or all of them if this asks to close the connection."""
        connection = self.connect()
        with contextlib.suppress(ConnectionError):
            connection.sendall(data)
        return until_closed(connection) if b"Connection: close" in data else until_answered(connection)


def until_answered(connection: socket.socket) -> bytes:
    """One answer with its body, or what came of it."""
    said = b""
    with contextlib.suppress(ConnectionError):
        while not _is_whole(said) and (more := connection.recv(65_536)):
            said += more
    return said


def _is_whole(said: bytes) -> bool:
    head, end, body = said.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(end) and (not lengths or len(body) >= int(lengths[0].split(b":")[1]))


def until_closed(connection: socket.socket) -> bytes:
    """All that comes."""
    said = b""
    with contextlib.suppress(ConnectionError):
        while more := connection.recv(65_536):
            said += more
    return said


def status_of(said: bytes) -> int:
    """Of the first answer in what was said."""
    return int(said[9:12]) if said.startswith(b"HTTP/1.1 ") else 0
