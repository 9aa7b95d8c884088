"""Have strangers' files measured and decoded in a process that may die, so that ours does not.

A `Prober` keeps warm helpers (`python -m mutoscope.media.helper`); a helper forks for every file, and the child is
confined before it reads. A crash, a limit or a time-out is the file's fault: a MediaError. What a helper answers is
held to be of the right form and nothing more. Read next: `helper.py`, `confine.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from mutoscope.errors import MediaError
from mutoscope.media.images import MAX_PIXELS
from mutoscope.media.pipes import HEAD, readable, widen
from mutoscope.media.probe import MediaInfo

_GRACE_S = 5.0  # for the helper itself to answer after its child ran out of time, or to start
_TEXT_BYTES = 65_536
Pixels = npt.NDArray[np.uint8]


class Prober:
    """Measures and decodes files, as many at once as it has helpers; further threads wait for each other.

    A helper is started on first use and again after it died. Close it, or leave its `with` block.
    """

    def __init__(self, helpers: int = 1) -> None:
        self._helpers = tuple(_Helper() for _ in range(helpers))
        self._free: queue.LifoQueue[_Helper] = queue.LifoQueue()  # the one used last is the one that is warm
        for helper in self._helpers:
            self._free.put(helper)
        self._threads = ThreadPoolExecutor(helpers, thread_name_prefix="sandbox")

    def probe(self, path: Path, timeout_s: float = 10.0) -> MediaInfo:
        """Measure a file by its headers.

        Raises MediaError if `probe` does, or if the child crashed, ran into a limit or took longer than this.
        """
        return MediaInfo(**self._ask("probe", path, timeout_s)[0])

    def probe_soon(self, path: Path) -> Future[MediaInfo]:
        """The same from a thread of our own: a file that takes its time must not hold up whatever else runs."""
        return self._threads.submit(self.probe, path)

    def load(self, path: Path, timeout_s: float = 90.0) -> Pixels:
        """Decode a picture as `load.decode` does: (height, width, 3) uint8. Raises MediaError, as `probe`."""
        answer, pixels = self._ask("load", path, timeout_s)
        return np.frombuffer(pixels, np.uint8).reshape(answer["shape"])

    def protections(self) -> tuple[str, ...]:
        """What confines a child on this machine."""
        return tuple(self._ask("say", Path(os.devnull), 10.0)[0]["active"])

    def start(self) -> None:
        """Start a helper without waiting for it, so that the first file need not."""
        self._helpers[-1].start()

    def close(self) -> None:
        """End the helpers. A later question starts one again."""
        for helper in self._helpers:
            helper.close()

    def __enter__(self) -> Prober:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, op: str, path: Path, timeout_s: float) -> tuple[dict[str, Any], bytearray]:
        helper = self._free.get()
        try:
            answer, pixels = helper.ask({"op": op, "path": str(path.absolute()), "timeout_s": timeout_s})
        finally:
            self._free.put(helper)
        if "error" in answer:
            raise MediaError(answer["error"], rule=answer["rule"])
        return answer, pixels


class _Helper:
    """One helper process. One question at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        with self._lock:
            self._running()

    def close(self) -> None:
        with self._lock:
            self._stop()

    def ask(self, asked: Mapping[str, Any]) -> tuple[dict[str, Any], bytearray]:
        """The answer and its pixels. Raises MediaError if there is none."""
        question = json.dumps(asked).encode() + b"\n"
        ends_at = time.monotonic() + asked["timeout_s"] + _GRACE_S
        with self._lock:
            # A helper that was killed while idle is noticed only by writing to it; that is no fault of the file.
            for _ in range(2):
                if time.monotonic() < ends_at and (found := self._asked_once(question, ends_at)):
                    return found
                self._stop()
        raise MediaError("the file could not be examined: its examination did not end", rule="probe_crash")

    def _asked_once(self, question: bytes, ends_at: float) -> tuple[dict[str, Any], bytearray] | None:
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        fd = process.stdout.fileno()
        try:
            process.stdin.write(question)
            process.stdin.flush()
        except BrokenPipeError:
            return None
        head = _read(fd, HEAD.size, ends_at)
        text_bytes, pixel_bytes = HEAD.unpack(head) if len(head) == HEAD.size else (0, 0)
        if not 0 < text_bytes <= _TEXT_BYTES or pixel_bytes > 3 * MAX_PIXELS:
            return None
        text = _read(fd, text_bytes, ends_at)
        pixels = _read(fd, pixel_bytes, ends_at)
        whole = _read(fd, 1, ends_at) if pixel_bytes else b"\1"
        if len(text) < text_bytes or not whole:
            return None
        if whole != b"\1":
            raise MediaError("the picture could not be decoded: it crashes its reader", rule="probe_crash")
        return json.loads(text), pixels

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._stop()
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "mutoscope.media.helper"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=_environment(),
                cwd="/",
                start_new_session=True,
            )
            assert self._process.stdout is not None
            widen(self._process.stdout.fileno())
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its child too
            process.wait()
        process.stdout.close()


def _environment() -> dict[str, str]:
    """Just enough to import this package from where it is; no keys, no proxies, no settings."""
    return {
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "LC_ALL": "C.UTF-8",
        "PATH": os.defpath,
    }


def _read(fd: int, size_bytes: int, ends_at: float) -> bytearray:
    """That many bytes, or what came of them before the end of the stream or of the time."""
    data = bytearray(size_bytes)
    view, at = memoryview(data), 0
    while at < size_bytes and readable(fd, wait_s=ends_at - time.monotonic()):
        count = os.readv(fd, [view[at:]])
        if not count:
            break
        at += count
    view.release()
    del data[at:]
    return data
