"""What the two ends of a helper's pipes share: the form of an answer, and waiting without select()."""

from __future__ import annotations

import contextlib
import fcntl
import select
import struct

HEAD = struct.Struct(">IQ")
"""Bytes of JSON, and bytes of pixels, that follow."""
PIPE_BYTES = 1 << 20


def readable(*fds: int, wait_s: float) -> set[int]:
    """Those with something to read, or at their end. Not select(): descriptors may be above 1,024."""
    poll = select.poll()
    for fd in fds:
        poll.register(fd, select.POLLIN)
    return {fd for fd, _ in poll.poll(max(0.0, wait_s) * 1000)}


def widen(fd: int) -> None:
    """Let a pipe hold more at once, where the system can; pixels come by the megabyte."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
