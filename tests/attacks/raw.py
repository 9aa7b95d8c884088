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
        return self._stack.enter_context(socket.create_connection(self._address, timeout=20))

    def ask(self, data: bytes) -> bytes:
        """Send this, send no more, and read until the end."""
        connection = self.connect()
        with contextlib.suppress(ConnectionError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        return until_closed(connection)

    def status(self, data: bytes) -> int:
        """The status of the first answer to this; 0 when the connection was closed without one."""
        return status_of(self.ask(data))


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
