"""Ports for servers that are started again at the same address."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path
from typing import IO

FIRST, LAST = 20_000, 29_999
"""Below those that systems hand out by themselves, so that nobody gets one of them while its server is down."""
_held: list[IO[str]] = []


def reserved_port() -> int:
    """A port of 127.0.0.1 that is this process's own until it ends, whether or not something listens on it."""
    folder = Path(tempfile.gettempdir()) / f"mutoscope-test-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for port in random.sample(range(FIRST, LAST + 1), 200):
        file = (folder / str(port)).open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            file.close()
            continue
        _held.append(file)
        return port
    raise RuntimeError(f"no free port between {FIRST} and {LAST}")
