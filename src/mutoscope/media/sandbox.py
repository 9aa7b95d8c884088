"""Probe strangers' files in a process that may die, so that ours does not.

A `Prober` keeps one warm helper (`python -m mutoscope.media.sandbox`); the helper forks for every file, gives
the child hard limits and answers one line of JSON. A crash, a limit or a time-out is the file's fault: a
MediaError. The helper decodes no pixels and ends when its pipe does. Read next: `probe.py`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import json
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

import mutoscope
from mutoscope.errors import MediaError
from mutoscope.media.probe import MediaInfo, probe

_GRACE_S = 5.0  # for the helper itself to answer after its child ran out of time, or to start
_MEMORY_BYTES = 512 * 2**20  # on top of what the warm helper already has mapped
_FOREVER_S = 7 * 86_400.0  # an idle helper ends after a week and is started again when needed
_CPU_S = 10
_OPEN_FILES = 32


class Prober:
    """Runs `probe` in a child with limits. One file at a time; threads wait for each other.

    Starts its helper on first use and again after it died. Close it, or leave its `with` block.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._helper: subprocess.Popen[bytes] | None = None

    def probe(self, path: Path, timeout_s: float = 10.0) -> MediaInfo:
        """Measure a file by its headers.

        Raises MediaError if `probe` does, or if the child crashed, ran into a limit or took longer than this.
        """
        question = json.dumps({"path": str(path.absolute()), "timeout_s": timeout_s}).encode() + b"\n"
        with self._lock:
            answer = self._ask(question, timeout_s + _GRACE_S)
        if "error" in answer:
            raise MediaError(answer["error"], rule=answer["rule"])
        return MediaInfo(**answer)

    def close(self) -> None:
        """End the helper. A later probe starts another one."""
        with self._lock:
            self._stop()

    def __enter__(self) -> Prober:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, question: bytes, wait_s: float) -> dict[str, Any]:
        attempts = 2
        # A helper that was killed while idle is noticed only by writing to it; that is no fault of the file.
        ends_at = time.monotonic() + wait_s
        while time.monotonic() < ends_at and attempts:
            attempts -= 1
            helper = self._running()
            assert helper.stdin is not None
            assert helper.stdout is not None
            try:
                helper.stdin.write(question)
                helper.stdin.flush()
                line = _read_line(helper.stdout.fileno(), ends_at - time.monotonic())
            except BrokenPipeError:
                line = b""
            if line.endswith(b"\n"):
                answer: dict[str, Any] = json.loads(line)
                return answer
            self._stop()
        raise MediaError("the file could not be examined: its examination did not end", rule="probe_crash")

    def _running(self) -> subprocess.Popen[bytes]:
        if self._helper is None or self._helper.poll() is not None:
            self._stop()
            self._helper = subprocess.Popen(
                [sys.executable, "-P", "-m", "mutoscope.media.sandbox"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=_environment(),
                cwd="/",
                start_new_session=True,
            )
        return self._helper

    def _stop(self) -> None:
        helper, self._helper = self._helper, None
        if helper is None:
            return
        assert helper.stdin is not None
        assert helper.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            helper.stdin.close()
        try:
            helper.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(helper.pid, signal.SIGKILL)  # its child too
            helper.wait()
        helper.stdout.close()


def _environment() -> dict[str, str]:
    """Just enough to import this package from where it is; no keys, no proxies, no settings."""
    return {
        "PYTHONPATH": str(Path(mutoscope.__file__).parent.parent),
        "LC_ALL": "C.UTF-8",
        "PATH": os.defpath,
    }


def _read_line(fd: int, wait_s: float) -> bytes:
    """One line, or what came of it before the end of the stream or of the time."""
    ends_at = time.monotonic() + wait_s
    line = b""
    while not line.endswith(b"\n"):
        chunk = os.read(fd, 65_536) if _readable(fd, wait_s=ends_at - time.monotonic()) else b""
        if not chunk:
            break
        line += chunk
    return line


def _readable(*fds: int, wait_s: float) -> set[int]:
    """Those with something to read, or at their end. Not select(): descriptors may be above 1,024."""
    poll = select.poll()
    for fd in fds:
        poll.register(fd, select.POLLIN)
    return {fd for fd, _ in poll.poll(max(0.0, wait_s) * 1000)}


# --- the helper ---------------------------------------------------------------------------------------


def serve() -> None:
    """Answer questions on stdin until it ends."""
    gc.collect()
    gc.freeze()  # a child's collector must not touch, and so copy, the pages it shares with us
    while question := _read_line(0, wait_s=_FOREVER_S):
        asked = json.loads(question)
        answer = _probe_in_child(asked["path"], asked["timeout_s"])
        os.write(1, json.dumps(answer).encode() + b"\n")


def _probe_in_child(path: str, timeout_s: float) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _be_the_child(path, writing)
    os.close(writing)
    try:
        line = _read_line_or_end(reading, timeout_s, child)
    finally:
        os.close(reading)
    _, status = os.waitpid(child, 0)
    if line.endswith(b"\n"):
        answer: dict[str, Any] = json.loads(line)
        return answer
    return _explain(os.waitstatus_to_exitcode(status), timeout_s)


def _read_line_or_end(fd: int, timeout_s: float, child: int) -> bytes:
    """The child's answer. The child is killed if the time is up or if nobody is left to hear it."""
    if fd in _readable(fd, 0, wait_s=timeout_s):
        return _read_line(fd, 1.0)
    os.kill(child, signal.SIGKILL)
    return b""


def _explain(exit_code: int, timeout_s: float) -> dict[str, Any]:
    if exit_code == -signal.SIGKILL:
        return _problem(f"the file could not be examined within {timeout_s:g} s", "probe_timeout")
    if exit_code == -signal.SIGXCPU:
        return _problem("examining the file takes too much computing time", "probe_limit")
    return _problem("the file could not be examined: it crashes its reader", "probe_crash")


def _problem(message: str, rule: str) -> dict[str, Any]:
    return {"error": message, "rule": rule}


# --- its children -------------------------------------------------------------------------------------


def _be_the_child(path: str, answer_fd: int) -> NoReturn:
    """Probe one file and end, whatever happens: nothing of the helper's own state may run in here."""
    exit_code = 1
    try:
        _limit_ourselves()
        os.write(answer_fd, json.dumps(_answer(Path(path))).encode() + b"\n")
        exit_code = 0
    except Exception:
        traceback.print_exc()  # a defect of ours: it belongs into the server's log, not into the answer
    finally:
        os._exit(exit_code)


def _answer(path: Path) -> dict[str, Any]:
    try:
        return dataclasses.asdict(probe(path))
    except MediaError as exc:
        return _problem(exc.message, exc.rule)
    except MemoryError:
        return _problem("examining the file takes too much memory", "probe_limit")
    except FileNotFoundError:
        return _problem("the file is gone", "missing")


def _limit_ourselves() -> None:
    limits = {
        resource.RLIMIT_CPU: _CPU_S,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }
    if mapped_bytes := _mapped_bytes():
        limits[resource.RLIMIT_AS] = mapped_bytes + _MEMORY_BYTES
    for kind, value in limits.items():
        # macOS refuses some of them, and a container may have set a lower hard limit already.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (value, value))


def _mapped_bytes() -> int:
    """Address space in use, which a limit has to leave room for; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 0
    return pages * resource.getpagesize()


if __name__ == "__main__":
    serve()
