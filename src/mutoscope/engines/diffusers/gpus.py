"""Which of several GPUs is ours: each process takes one that no other has, for as long as it lives."""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path

_held: dict[int, int] = {}
"""GPU -> the open file whose lock says that it is ours; the lock goes with the process, however it ends."""


def claim(count: int, folder: Path | None = None) -> int:
    """The number of a GPU, 0 to count - 1; the same at every call. When all are taken, one is shared.

    folder   where processes of this machine meet; the folder for temporary files.
    """
    if _held:
        return next(iter(_held))
    folder = folder or Path(tempfile.gettempdir())
    for number in range(count):
        file = os.open(
            folder / f"mutoscope-{os.getuid()}-gpu-{number}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600
        )
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
        else:
            _held[number] = file
            return number
    return os.getpid() % count
