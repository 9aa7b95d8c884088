"""How kernels are compiled, and how their work is shared out among the cores.

Kernels run in one thread each and outside the interpreter lock: cores are used by several frames, layers or bands of
rows at a time, which needs no barriers inside a kernel. Nothing here knows what is computed.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from numba import njit

_MOST_THREADS = 8
"""Each frame in the making takes 20 MB."""


def compiled(function: Any) -> Any:
    """Compiled without fast-math or threads: the same bits everywhere, and safe to run in several threads."""
    return njit(cache=True, nogil=True, fastmath=False, error_model="numpy")(function)


def cores() -> int:
    """How many threads are worth starting; nothing that is computed may depend on it."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(_MOST_THREADS, usable or 1))


def in_bands(kernel: Callable[..., None], rows: int, *arguments: Any) -> None:
    """Call kernel(first, end, *arguments) for bands of rows that do not depend on one another."""
    count = cores()
    marks = [rows * n // count for n in range(count + 1)]
    with ThreadPoolExecutor(count) as threads:
        list(threads.map(lambda band: kernel(*band, *arguments), itertools.pairwise(marks)))
