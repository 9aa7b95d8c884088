"""The folder a worker works in: its own while it lives, removed by others when it died.

A lock on a file inside tells the living from the dead, also where process numbers are given again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

LOCK = ".lock"


@contextlib.contextmanager
def own_folder(root: Path, worker_id: str) -> Iterator[Path]:
    """A folder for this worker, locked while it lives; folders of workers that died are removed.

    root   where folders of workers are. Raises OSError.
    """
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = root / worker_id
    moving_in = os.open(root, os.O_RDONLY)
    try:  # one worker at a time: a folder that is not locked yet looks like one left behind
        fcntl.flock(moving_in, fcntl.LOCK_EX)
        for left in root.iterdir():
            _remove_if_left(left)
        own.mkdir(mode=0o700)
        lock = (own / LOCK).open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
    finally:
        os.close(moving_in)
    with lock:
        try:
            yield own
        finally:
            shutil.rmtree(own, ignore_errors=True)


def _remove_if_left(folder: Path) -> None:
    with (
        contextlib.suppress(OSError),
        (folder / LOCK).open("r+") as lock,
    ):  # no lock file: not ours to judge
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
