"""The program an engine runs in: `python -m mutoscope.engines.child NAME COMMANDS_FD EVENTS_FD PARENT_PID`.

It reads one JSON object a line from one pipe and answers on another; stdout and stderr stay free for whatever
a library likes to print. It may be killed at any moment, and ends by itself when its parent does. Nothing but
the engine runs here: no token, no address, no store. What the engine made is measured here too, so that nobody else
opens it, but for pictures from outside, which a confined process of ours decodes. The parent's side is `process`.

    {"op": "warm"}          -> {"event": "ready", version, stoppable}
    {"op": "stop"}          a running task shall end; its own answer tells of it
    {"op": "withdraw", settings, remembered}   -> {"event": "withdrawn"}
    {"op": "run", parameters, files, folder, seed, settings, traceparent, remembered}
                            -> {"event": "done", files, infos, kind, poster, applied, ignored, told,
                                engine_s, version}
    either, on the way      -> {"event": "progress", fraction, stage}, {"event": "log", line}, {"event": "shown", path}
    either, instead         -> {"event": "error", kind, message, retryable, declined, trace}

While it runs, {"event": "remember", values} is answered by {"op": "remembered", message, retryable}: no message means
that the values are on disk.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import SimpleQueue
from types import MappingProxyType
from typing import Any

import orjson

from mutoscope import logs
from mutoscope.engines.base import SHOW_EVERY_S, Engine, OutputKind, Stoppable, Task, Withdrawing
from mutoscope.engines.registry import load
from mutoscope.errors import EngineError, MediaError, MutoscopeError
from mutoscope.media.load import get_ready
from mutoscope.media.probe import MediaInfo, any_file, probe
from mutoscope.protocol import merged

LINES_PER_TASK = 200
LINE_LENGTH = 500
REPORT_EVERY_S = 0.05
"""Reports closer together than this are dropped: nobody sees them, and each one wakes the supervisor."""
GRACE_S = 1.0
PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    name, commands_fd, events_fd, parent_pid = arguments[0], *map(int, arguments[1:4])
    die_with(parent_pid)
    os.set_inheritable(commands_fd, False)  # what the engine starts must not keep our pipes open
    os.set_inheritable(events_fd, False)
    loaded: list[Engine] = []

    def stop() -> None:
        for engine in loaded:
            if isinstance(engine, Stoppable):
                engine.stop()

    commands, answers = _commands(commands_fd, stop)
    channel = Channel(events_fd, answers)
    while (command := commands.get()) is not None:
        try:
            if not loaded:
                loaded.append(load(name))
            (engine,) = loaded
            if command["op"] == "warm":
                if engine.capabilities().files & engine.capabilities().required:
                    get_ready()
                engine.warm(channel.progress())
                stoppable = isinstance(engine, Stoppable)
                channel.send({"event": "ready", "version": engine.version, "stoppable": stoppable})
            elif command["op"] == "withdraw":
                if isinstance(engine, Withdrawing):
                    engine.withdraw(command["settings"], command["remembered"])
                channel.send({"event": "withdrawn"})
            else:
                channel.send(_run(engine, command, channel.progress(command["remembered"])))
        except Exception as exc:  # the boundary of the process: whatever an engine raises becomes one message
            channel.send(_error(exc))
    for engine in loaded:
        engine.close()
    return 0


def _run(engine: Engine, command: dict[str, Any], progress: _Progress) -> dict[str, Any]:
    task = Task(
        parameters=command["parameters"],
        files={name: tuple(map(Path, paths)) for name, paths in command["files"].items()},
        folder=Path(command["folder"]),
        seed=command["seed"],
        settings=command["settings"],
        traceparent=command["traceparent"],
        remembered=command["remembered"],
    )
    started = time.perf_counter()
    produced = engine.run(task, progress)
    engine_s = time.perf_counter() - started
    return {
        "event": "done",
        "files": [str(path) for path in produced.files],
        "infos": [dataclasses.asdict(_measured(path, produced.kind)) for path in produced.files],
        "kind": produced.kind,
        "poster": str(produced.poster) if produced.poster else None,
        "applied": produced.applied,
        "ignored": produced.ignored,
        "told": dict(produced.told),
        "engine_s": engine_s,
        "version": engine.version,
    }


def _measured(path: Path, kind: OutputKind) -> MediaInfo:
    """What a file is, by its headers. Raises EngineError if the engine made nothing readable."""
    try:
        return any_file(path) if kind == "files" else probe(path)
    except (MediaError, OSError) as exc:
        why = exc.message if isinstance(exc, MediaError) else "it is not there"
        raise EngineError(f"the engine made a file that cannot be read: {why}") from exc


def _error(exc: Exception) -> dict[str, Any]:
    """What the parent is told. A defect's own words may quote the input, so nobody gets them; its place is logged."""
    kind, message, retryable, trace, declined = "engine", "the engine failed: internal error", False, "", False
    if isinstance(exc, MediaError | EngineError):
        kind = "media" if isinstance(exc, MediaError) else "engine"
        message, retryable = exc.message, exc.retryable
        declined = isinstance(exc, EngineError) and exc.declined
    elif isinstance(exc, MutoscopeError):
        message = exc.message
    elif isinstance(exc, MemoryError):
        message, retryable = "the engine ran out of memory", True
    else:
        trace = logs.trace(exc)[-8000:]
    told = {"kind": kind, "message": message, "retryable": retryable, "declined": declined, "trace": trace}
    return {"event": "error", **told}


class Channel:
    """The way back to the parent: whole lines, one writer at a time; and what it answers, None at the end."""

    def __init__(self, events_fd: int, answers: SimpleQueue[dict[str, Any] | None]) -> None:
        self._fd = events_fd
        self._lock = threading.Lock()
        self._answers = answers
        self._asking = threading.Lock()

    def progress(self, remembered: Mapping[str, Any] = MappingProxyType({})) -> _Progress:
        """A fresh Progress for one task."""
        return _Progress(self, remembered)

    def ask(self, event: dict[str, Any]) -> dict[str, Any]:
        """Send an event that is answered, and wait for that. Raises EngineError when the parent is gone."""
        with self._asking:
            self.send(event)
            answer = self._answers.get()
        if answer is None:
            raise EngineError("the worker is gone", retryable=True)
        return answer

    def send(self, event: dict[str, Any]) -> None:
        if event["event"] in ("ready", "done", "withdrawn", "error"):  # what was printed belongs to this task
            sys.stdout.flush()
            sys.stderr.flush()
        line = memoryview(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY))
        with self._lock:
            while line:
                line = line[os.write(self._fd, line) :]


class _Progress:
    """`Progress` over the channel; drops what comes too fast."""

    def __init__(self, channel: Channel, remembered: Mapping[str, Any]) -> None:
        self._channel = channel
        self._memo = dict(remembered)
        self._sent_at = 0.0
        self._stage = ""
        self._lines = 0
        self._shown_at = float("-inf")

    def report(self, fraction: float, stage: str) -> None:
        now = time.monotonic()
        if stage == self._stage and now - self._sent_at < REPORT_EVERY_S:
            return
        self._sent_at, self._stage = now, stage
        self._channel.send(
            {"event": "progress", "fraction": min(1.0, max(0.0, fraction)), "stage": stage[:LINE_LENGTH]}
        )

    def log(self, line: str) -> None:
        self._lines += 1
        if self._lines <= LINES_PER_TASK:
            self._channel.send({"event": "log", "line": line[:LINE_LENGTH]})

    def show(self, picture: Path) -> None:
        now = time.monotonic()
        if now - self._shown_at >= SHOW_EVERY_S / 2:  # engines keep the pace by clocks of their own
            self._shown_at = now
            self._channel.send({"event": "shown", "path": str(picture)})

    def remember(self, values: Mapping[str, Any]) -> None:
        memo = merged(self._memo, values)  # what is too large does not even set out
        answer = self._channel.ask({"event": "remember", "values": {name: memo[name] for name in values}})
        if answer["message"]:
            raise EngineError(answer["message"], retryable=answer["retryable"])
        self._memo = memo


def _commands(
    commands_fd: int, stop: Callable[[], None]
) -> tuple[SimpleQueue[dict[str, Any] | None], SimpleQueue[dict[str, Any] | None]]:
    """Commands and answers as they arrive, then None; `stop` is called at once.

    Ends the process when the parent's end of the pipe is gone.
    """
    commands: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
    answers: SimpleQueue[dict[str, Any] | None] = SimpleQueue()

    def listen() -> None:
        with open(commands_fd, "rb") as lines:
            for line in lines:
                command = orjson.loads(line)
                if command["op"] == "stop":
                    stop()
                else:
                    (answers if command["op"] == "remembered" else commands).put(command)
        commands.put(None)
        answers.put(None)
        time.sleep(GRACE_S)  # an idle child is gone by now; a busy one is not waited for
        _kill_group()

    threading.Thread(target=listen, name="commands", daemon=True).start()
    return commands, answers


def _kill_group() -> None:
    """This process and whatever it started, when it leads its own group; else this process alone."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def die_with(parent_pid: int) -> None:
    """On Linux, be killed with the parent even while native code holds the interpreter's lock."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library; the pipe still ends us
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
