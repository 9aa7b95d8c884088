"""The supervisor's side of an engine's child process: start it, warm it, run tasks in it, kill it.

One child per engine, kept warm between tasks. A task's messages come over a pipe, what the engine prints over
another; both end up in the `Progress` given to `run`. `kill` may be called from any thread and from a signal
handler, and wakes `run`. The child's side is `child`.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from mutoscope.engines.base import SHOWN_BYTES, STOP_S, Produced, Progress, Task
from mutoscope.engines.child import LINE_LENGTH
from mutoscope.engines.environment import environment_of
from mutoscope.errors import EngineError, MediaError
from mutoscope.media.probe import MediaInfo

READ_BYTES = 1 << 16
PIPE_READS = 4
"""Enough to empty a pipe that was full, and an end to it when a child prints faster than we read."""
LINE_LIMIT_BYTES = 1 << 20
"""No message of a sound child is longer; beyond it the child is taken for broken."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a run gave: the files and what they are, how long the engine itself took, which version of it ran."""

    produced: Produced
    infos: tuple[MediaInfo, ...]
    engine_s: float
    version: str


class EngineProcess:
    """One engine in one child process. `warm` starts it; after a crash `warm` starts a fresh one."""

    def __init__(self, name: str, *, trace: Callable[[str], None]) -> None:
        """trace: where the traceback of a defect goes, for this machine's log."""
        self.name = name
        self._trace = trace
        self._child: _Child | None = None
        self._version = ""

    @property
    def is_ready(self) -> bool:
        """Whether a warm child stands by."""
        child = self._child
        return child is not None and child.is_warm and not child.is_busy and child.is_alive

    def warm(self, progress: Progress) -> str:
        """Start a child unless one stands by, and warm it; the engine's version. Raises EngineError."""
        if self.is_ready:
            return self._version
        self.close()
        self._child = _Child(self.name)
        ready = self._ask({"op": "warm"}, progress)
        self._child.is_stoppable = ready["stoppable"]
        self._child.is_warm = True
        self._version = str(ready["version"])
        return self._version

    def run(self, task: Task, progress: Progress) -> Made:
        """Carry out the task. Raises EngineError or MediaError; a dead child is a retryable EngineError."""
        if self._child is None:
            raise EngineError("the engine is not running", retryable=True)
        done = self._ask(_command(task), progress)
        produced = Produced(
            files=tuple(map(Path, done["files"])),
            kind=done["kind"],
            poster=Path(done["poster"]) if done["poster"] else None,
            applied=tuple(done["applied"]),
            ignored=tuple(done["ignored"]),
            told=done["told"],
        )
        infos = tuple(MediaInfo(**info) for info in done["infos"])
        return Made(produced, infos, engine_s=done["engine_s"], version=done["version"])

    def withdraw(self, settings: Mapping[str, Any], remembered: Mapping[str, Any], progress: Progress) -> None:
        """Take back elsewhere what a lost attempt began there. Raises EngineError."""
        if self._child is None:
            raise EngineError("the engine is not running", retryable=True)
        self._ask({"op": "withdraw", "settings": dict(settings), "remembered": dict(remembered)}, progress)

    def kill(self) -> None:
        """End the child and all it started, now."""
        if child := self._child:
            child.kill()

    def stop(self) -> None:
        """Let a task end in good order where the engine can, and otherwise as `kill` does. Not for signal handlers."""
        child = self._child
        if child is None or not child.is_stoppable:
            return self.kill()
        asked = child.num_tasks
        child.send({"op": "stop"})
        patience = threading.Timer(STOP_S, lambda: child.kill() if child.is_busy_with(asked) else None)
        patience.daemon = True
        patience.start()
        return None

    def close(self) -> None:
        """Let an idle child go; kill a busy one."""
        if self._child:
            self._child.close()
            self._child = None

    def _ask(self, command: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
        """Send one command and pass its messages on until the last one."""
        assert self._child is not None
        self._child.num_tasks += 1
        self._child.is_busy = True  # and stays so if this is left in the middle: then it is not used again
        self._child.send(command)
        for event in self._child.events(progress.log):
            match event["event"]:
                case "progress":
                    progress.report(event["fraction"], event["stage"])
                case "log":
                    progress.log(event["line"])
                case "shown":
                    if may_be_shown(picture := Path(event["path"]), command.get("folder")):
                        progress.show(picture)
                case "remember":
                    self._child.send(_remembered(progress, event["values"]))
                case "error":
                    self._child.is_busy = False
                    raise self._error(event)
                case _:
                    self._child.is_busy = False
                    return event
        ending = self._child.bury()
        self._child = None
        raise EngineError(f"the engine stopped unexpectedly ({ending})", retryable=True)

    def _error(self, event: Mapping[str, Any]) -> EngineError | MediaError:
        if event["trace"]:
            self._trace(event["trace"])
        if event["kind"] == "media":
            return MediaError(event["message"], retryable=event["retryable"])
        return EngineError(event["message"], retryable=event["retryable"], declined=event["declined"])


def _remembered(progress: Progress, values: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to an engine that waits to hear that something is written down."""
    try:
        progress.remember(values)
    except EngineError as exc:
        return {"op": "remembered", "message": exc.message, "retryable": exc.retryable}
    return {"op": "remembered", "message": "", "retryable": False}


def may_be_shown(picture: Path, folder: str | None) -> bool:
    """Believe no engine: it is a small JPEG of its own, not a way to read somebody else's file."""
    try:
        if folder is None or not picture.resolve(strict=True).is_relative_to(Path(folder).resolve()):
            return False
        with picture.open("rb") as file:
            return file.read(3) == b"\xff\xd8\xff" and os.fstat(file.fileno()).st_size <= SHOWN_BYTES
    except OSError:
        return False


def _command(task: Task) -> dict[str, Any]:
    return {
        "op": "run",
        "parameters": dict(task.parameters),
        "files": {name: [str(path) for path in paths] for name, paths in task.files.items()},
        "folder": str(task.folder),
        "seed": task.seed,
        "settings": dict(task.settings),
        "traceparent": task.traceparent,
        "remembered": dict(task.remembered),
    }


class _Child:
    """The process, its pipes and its end."""

    def __init__(self, name: str) -> None:
        commands_fd, self._commands_fd = os.pipe()
        self._events_fd, events_fd = os.pipe()
        self._burial = threading.RLock()  # re-entrant: a signal handler may kill while this thread buries
        self._sending = threading.Lock()  # between a task and the wish to stop it
        self.is_warm = False
        self.is_busy = False
        self.is_stoppable = False
        self.num_tasks = 0
        pipes = (commands_fd, events_fd)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, a name from the registry
                [sys.executable, "-m", "mutoscope.engines.child", name, *map(str, pipes), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=pipes,
                start_new_session=True,
                env=environment_of(name, os.environ),
            )
        finally:
            os.close(commands_fd)
            os.close(events_fd)
        assert self._process.stdout is not None
        self._printed_fd = self._process.stdout.fileno()
        self._messages = _Lines(LINE_LIMIT_BYTES, cut=False)
        self._printed = _Lines(LINE_LENGTH, cut=True)
        self._selector = selectors.DefaultSelector()
        for fd in (self._events_fd, self._printed_fd):
            os.set_blocking(fd, False)
            self._selector.register(fd, selectors.EVENT_READ)

    @property
    def is_alive(self) -> bool:
        with self._burial:
            return self._process.poll() is None

    def is_busy_with(self, number: int) -> bool:
        """Does it still work on its n-th task?"""
        return self.is_busy and self.num_tasks == number

    def send(self, command: Mapping[str, Any]) -> None:
        line = memoryview(orjson.dumps(command, option=orjson.OPT_APPEND_NEWLINE))
        with contextlib.suppress(BrokenPipeError), self._sending:  # it is dead: `events` finds out and says how
            while line:
                line = line[os.write(self._commands_fd, line) :]

    def events(self, log: Callable[[str], None]) -> Iterator[dict[str, Any]]:
        """Messages until the child closes its pipe; what it prints goes to `log`, in order with them."""
        while True:
            ready = {key.fd for key, _ in self._selector.select()}
            if self._printed_fd in ready or self._events_fd in ready:
                self._read_printed(log)
            if self._events_fd not in ready:
                continue
            try:
                data = os.read(self._events_fd, READ_BYTES)
                lines = self._messages.add(data)
            except ValueError:
                self.kill()
                return
            for line in lines:
                yield orjson.loads(line)
            if not data:
                self._read_printed(log)
                return

    def _read_printed(self, log: Callable[[str], None]) -> None:
        """All that is there now. What a child prints between tasks is read, and told, with its next task."""
        with contextlib.suppress(BlockingIOError, KeyError):
            for _ in range(PIPE_READS):
                data = os.read(self._printed_fd, READ_BYTES)
                for line in self._printed.add(data or b"\n"):
                    log(line.decode("utf-8", "replace"))
                if not data:
                    self._selector.unregister(self._printed_fd)  # its end: always readable, nothing to read
                    return

    def kill(self) -> None:
        with self._burial:
            if self._process.returncode is None:  # not reaped, so the number is still ours
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)

    def bury(self) -> str:
        """Make sure it is gone and say how it ended: `signal 9` or `exit code 3`."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=0.5)  # a child closes its pipe a moment before it ends
        self.kill()
        with self._burial:
            code = self._process.wait()
        self._release()
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def close(self) -> None:
        os.close(self._commands_fd)
        self._commands_fd = -1
        self.bury()

    def _release(self) -> None:
        self._selector.close()
        os.close(self._events_fd)
        if self._commands_fd >= 0:
            os.close(self._commands_fd)
        assert self._process.stdout is not None
        self._process.stdout.close()


class _Lines:
    """Bytes in, whole lines out, holding no more than `limit` bytes of an unfinished one.

    cut   True: a longer line is cut and the rest of it skipped; False: it is a ValueError.
    """

    def __init__(self, limit: int, *, cut: bool) -> None:
        self._limit = limit
        self._cut = cut
        self._rest = b""

    def add(self, data: bytes) -> list[bytes]:
        *lines, rest = (self._rest + data).split(b"\n")
        if len(rest) > self._limit and not self._cut:
            raise ValueError("the line is too long")
        self._rest = rest[: self._limit]
        return [line[: self._limit] if self._cut else line for line in lines if line]
