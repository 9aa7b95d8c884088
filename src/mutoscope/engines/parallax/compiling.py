"""How kernels are compiled, and how their work is shared out among the cores.

Kernels run in one thread each and outside the interpreter lock: cores are used by several frames, layers or bands of
rows at a time, which needs no barriers inside a kernel. Nothing here knows what is computed.
"""

from __future__ import annotations

import ctypes
import hashlib
import itertools
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numba
from numba import njit
from numba.extending import intrinsic

_MOST_THREADS = 8
"""Each frame in the making takes 20 MB."""


def cache_folder() -> Path:
    """Where what is worked out once is kept; the same rule as the setting `cache`."""
    named = os.environ.get("MUTOSCOPE_CACHE")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "mutoscope"


def _kernels() -> str:
    """Names all kernels as they are written here.

    numba keeps each by what stands in its own file, and does not see that one which it calls, in another file, is not
    the same any more: after an upgrade the old one would run on inside it. So each state of all has its own folder.
    """
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        text = path.read_bytes()
        if b"@compiled" in text or path.name == Path(__file__).name:
            digest.update(text)
    return digest.hexdigest()[:16]


_config: Any = numba.config
_config.CACHE_DIR = str(Path(_config.CACHE_DIR or cache_folder() / "numba") / _kernels())


def compiled(function: Any) -> Any:
    """Compiled without fast-math or threads: the same bits everywhere, and safe to run in several threads."""
    return njit(cache=True, nogil=True, fastmath=False, error_model="numpy")(function)


def _multiplied_and_added(_context: Any, a: Any, _b: Any, _c: Any) -> Any:
    """a * b + c, rounded once (IEEE 754's fusedMultiplyAdd): the same bits everywhere, in one instruction for two.

    Processors from before 2013 do it in software, and a frame takes eight times as long.
    """

    def fuse(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return a(a, a, a), fuse


fma: Any = intrinsic(_multiplied_and_added)


def cores() -> int:
    """How many threads are worth starting; nothing that is computed may depend on it."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(_MOST_THREADS, usable or 1))


def give_back_memory() -> None:
    """To the system, what was freed: glibc keeps it for a next time that does not come, 100 MB after a scene."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def in_bands(kernel: Callable[..., None], rows: int, *arguments: Any) -> None:
    """Call kernel(first, end, *arguments) for bands of rows that do not depend on one another."""
    count = cores()
    marks = [rows * n // count for n in range(count + 1)]
    with ThreadPoolExecutor(count) as threads:
        list(threads.map(lambda band: kernel(*band, *arguments), itertools.pairwise(marks)))
