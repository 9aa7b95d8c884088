"""Whose turn it is on this machine's network.

When an interface comes or goes, Chromium drops all that it is loading (ERR_NETWORK_CHANGED). Tests with a browser and
tests that make hosts of their own may run side by side; so cables are laid and cut between two stories.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def unchanged() -> Iterator[None]:
    """Nobody changes it until the block ends; others may be in such a block as well."""
    with _turn(fcntl.LOCK_SH):
        yield


@contextmanager
def changing() -> Iterator[None]:
    """Alone."""
    with _turn(fcntl.LOCK_EX):
        yield


@contextmanager
def _turn(kind: int) -> Iterator[None]:
    with (Path(tempfile.gettempdir()) / f"mutoscope-test-network-{os.getuid()}").open("w") as file:
        fcntl.flock(file, kind)
        yield
