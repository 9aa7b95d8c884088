"""The helper of `sandbox`: `python -m mutoscope.media.helper`. It forks for every file and never reads one itself.

A child opens its file, confines itself, then looks at the bytes; it answers and ends. One question a line on stdin;
on stdout a HEAD and JSON for each, and for pixels their bytes and one more that says whether all are there. The
helper ends when its stdin does. Read next: `confine.py`, then `probe.py` and `load.py` for what is done.
"""

from __future__ import annotations

import dataclasses
import gc
import importlib
import json
import os
import pkgutil
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import av
from PIL import Image

from mutoscope.errors import MediaError
from mutoscope.media.confine import Limits, cannot_open, confine
from mutoscope.media.load import decode
from mutoscope.media.pipes import HEAD, PIPE_BYTES, readable, widen
from mutoscope.media.probe import probe_file

FOREVER_S = 7 * 86_400.0  # an idle helper ends after a week and is started again when needed
_DYING_S = 1.0
_LIMITS = {
    "probe": Limits(memory_bytes=512 * 2**20, cpu_s=10),
    "load": Limits(memory_bytes=3 * 2**30, cpu_s=60),  # 100 megapixels with transparency and a profile need 2.4 GB
    "say": Limits(memory_bytes=512 * 2**20, cpu_s=10),
}


def serve() -> None:
    """Answer questions on stdin until it ends."""
    _import_everything()
    gc.collect()
    gc.freeze()  # a child's collector must not touch, and so copy, the pages it shares with us
    while question := _read_line(0, wait_s=FOREVER_S):
        for part in _answer_by_child(json.loads(question)):
            _write(1, part)


def _import_everything() -> None:
    """What the two libraries would import on first use lies in files, which a child cannot open any more."""
    Image.init()
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _answer_by_child(asked: Mapping[str, Any]) -> Iterator[bytes]:
    reading, writing = os.pipe()
    widen(reading)
    child = os.fork()
    if child == 0:
        os.close(reading)
        _be_the_child(asked, writing)
    os.close(writing)
    try:
        yield from _relayed(reading, child, asked["timeout_s"])
    finally:
        os.close(reading)


def _relayed(fd: int, child: int, timeout_s: float) -> Iterator[bytes]:
    """What the child says, or why it said nothing. The child is gone afterwards."""
    ends_at = time.monotonic() + timeout_s
    head = b"".join(_read(fd, HEAD.size, ends_at))
    text_bytes, pixel_bytes = HEAD.unpack(head) if len(head) == HEAD.size else (0, 0)
    text = b"".join(_read(fd, text_bytes, ends_at))
    if not text or len(text) < text_bytes:
        yield _frame(_explain(_end(child), timeout_s))
        return
    yield head + text
    missing = pixel_bytes
    for chunk in _read(fd, pixel_bytes, ends_at):
        missing -= len(chunk)
        yield chunk
    _end(child)
    if pixel_bytes:
        yield from (b"\0" * min(PIPE_BYTES, missing - at) for at in range(0, missing, PIPE_BYTES))
        yield b"\0" if missing else b"\1"


def _read(fd: int, size_bytes: int, ends_at: float) -> Iterator[bytes]:
    """That many bytes of the child's, or what came of them before its end, ours, or that of the time."""
    while size_bytes and fd in readable(fd, 0, wait_s=ends_at - time.monotonic()):
        chunk = os.read(fd, min(size_bytes, PIPE_BYTES))
        if not chunk:
            return
        size_bytes -= len(chunk)
        yield chunk


def _end(child: int) -> int:
    """Make sure the child is gone, after a moment to go by itself; how it ended."""
    ends_at = time.monotonic() + _DYING_S
    while time.monotonic() < ends_at:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.0005)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _explain(exit_code: int, timeout_s: float) -> dict[str, Any]:
    if exit_code == -signal.SIGKILL:
        return _problem(f"the file could not be examined within {timeout_s:g} s", "probe_timeout")
    if exit_code == -signal.SIGXCPU:
        return _problem("examining the file takes too much computing time", "probe_limit")
    return _problem("the file could not be examined: it crashes its reader", "probe_crash")


def _problem(message: str, rule: str) -> dict[str, Any]:
    return {"error": message, "rule": rule}


def _frame(answer: Mapping[str, Any], pixel_bytes: int = 0) -> bytes:
    text = json.dumps(answer).encode()
    return HEAD.pack(len(text), pixel_bytes) + text


# --- its children -------------------------------------------------------------------------------------


def _be_the_child(asked: Mapping[str, Any], answer_fd: int) -> NoReturn:
    """Answer one question and end, whatever happens: nothing of the helper's own state may run in here."""
    exit_code = 1
    try:
        os.close(0)
        os.close(1)  # the way to our parent is the helper's alone
        for part in _answer(asked):
            _write(answer_fd, part)
        exit_code = 0
    except BrokenPipeError:
        pass  # the helper gave up on us
    except Exception:
        traceback.print_exc()  # a defect of ours: it belongs into the server's log, not into the answer
    finally:
        os._exit(exit_code)


def _answer(asked: Mapping[str, Any]) -> Iterator[bytes | memoryview]:
    try:
        with Path(asked["path"]).open("rb") as file:
            active = confine(_LIMITS[asked["op"]])
            yield from _ANSWERS[asked["op"]](file, active)
    except MediaError as exc:
        yield _frame(_problem(exc.message, exc.rule))
    except MemoryError:
        yield _frame(_problem("examining the file takes too much memory", "probe_limit"))
    except FileNotFoundError:
        yield _frame(_problem("the file is gone", "missing"))


def _probed(file: BinaryIO, _: tuple[str, ...]) -> Iterator[bytes]:
    yield _frame(dataclasses.asdict(probe_file(file)))


def _loaded(file: BinaryIO, _: tuple[str, ...]) -> Iterator[bytes | memoryview]:
    pixels = decode(file)
    yield _frame({"shape": pixels.shape}, pixels.nbytes)
    yield pixels.data.cast("B")


def _said(_: BinaryIO, active: tuple[str, ...]) -> Iterator[bytes]:
    yield _frame({"active": [name for name in active if name != "system call filter" or cannot_open()]})


_ANSWERS: Mapping[str, Callable[[BinaryIO, tuple[str, ...]], Iterator[bytes | memoryview]]] = {
    "probe": _probed,
    "load": _loaded,
    "say": _said,
}


# --- pipes --------------------------------------------------------------------------------------------


def _read_line(fd: int, wait_s: float) -> bytes:
    """The next question; nothing at the end of the stream. They come one at a time."""
    ends_at = time.monotonic() + wait_s
    line = b""
    while not line.endswith(b"\n"):
        chunk = os.read(fd, 65_536) if readable(fd, wait_s=ends_at - time.monotonic()) else b""
        if not chunk:
            return b""
        line += chunk
    return line


def _write(fd: int, data: bytes | memoryview) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


if __name__ == "__main__":
    serve()
