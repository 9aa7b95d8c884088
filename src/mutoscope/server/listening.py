"""The socket that the server listens on, and its address."""

from __future__ import annotations

import errno
import socket

from mutoscope.errors import ConfigError


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ConfigError that says what to do when the port is taken."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as exc:
        raise ConfigError(f"--host {host}: no such address") from exc
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(2048)
    except OSError as exc:
        listener.close()
        if exc.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"port {port} on {host} is taken, perhaps by another Mutoscope; "
                f"stop that one, or choose another port: mutoscope serve --port {port + 1}"
            ) from exc
        raise ConfigError(f"cannot listen on {host}:{port}: {exc.strerror}") from exc
    return listener


def url_of(host: str, listener: socket.socket) -> str:
    """The address by which this machine reaches the server."""
    port = listener.getsockname()[1]
    here = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - compared only
    return f"http://{f'[{here}]' if ':' in here and not here.startswith('[') else here}:{port}"
