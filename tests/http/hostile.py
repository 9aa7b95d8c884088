"""Small web servers of strangers, on loopback: they redirect inwards, trickle, or serve what they should not.

One thread per connection; each path is a behaviour that writes raw bytes, so that nothing is too rude to be said.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Behaviour = Callable[[socket.socket], None]


@dataclass
class Hostile:
    """What this server does, by path."""

    url: str
    paths: dict[str, Behaviour] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    heard: Callable[[bytes], None] = field(default=lambda head: None)
    """Is given each head as it came."""

    def serve(self, content: bytes, *, media_type: str = "image/jpeg", path: str = "/picture") -> str:
        """Its address of a file."""
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {len(content)}\r\n\r\n"
        self.paths[path] = lambda connection: connection.sendall(head.encode() + content)
        return self.url + path

    def answer(self, status: int, *, path: str = "/answer") -> str:
        """Its address that answers with a status and nothing else."""
        self.paths[path] = lambda connection: connection.sendall(
            f"HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\n\r\n".encode()
        )
        return self.url + path

    def announce(self, size_bytes: int, *, path: str = "/large") -> str:
        """Its address that promises a file of this size."""
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {size_bytes}\r\n\r\n"
        self.paths[path] = lambda connection: connection.sendall(head.encode())
        return self.url + path

    def redirect(self, location: str, *, path: str = "/redirect") -> str:
        """Its address that leads elsewhere."""
        self.paths[path] = lambda connection: connection.sendall(
            f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
        )
        return self.url + path

    def trickle(self, *, pause_s: float = 1.0, path: str = "/trickle") -> str:
        """Its address of a large picture that arrives one byte at a time."""

        def behave(connection: socket.socket) -> None:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 100000\r\n\r\n")
            for _ in range(int(60 / pause_s)):
                connection.sendall(b"\xff")
                time.sleep(pause_s)

        self.paths[path] = behave
        return self.url + path


@contextmanager
def running() -> Iterator[Hostile]:
    """A server on a free port of loopback, until the end of the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    hostile = Hostile(f"http://127.0.0.1:{listener.getsockname()[1]}")
    thread = threading.Thread(target=_accept, args=(listener, hostile), daemon=True)
    thread.start()
    try:
        yield hostile
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        listener.close()


def _accept(listener: socket.socket, hostile: Hostile) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return  # the end of the block
        threading.Thread(target=_answer, args=(connection, hostile), daemon=True).start()


def _answer(connection: socket.socket, hostile: Hostile) -> None:
    with connection, contextlib.suppress(OSError):  # the other side may hang up at any time
        connection.settimeout(60)
        head = b""
        while b"\r\n\r\n" not in head and (more := connection.recv(4096)):
            head += more
        if b"HTTP/1.1" not in head:
            return  # somebody who does not speak HTTP, but TLS for example
        path = head.split(b" ")[1].decode("latin-1").partition("?")[0]
        hostile.asked.append(path)
        hostile.heard(head)
        hostile.paths[path](connection)
