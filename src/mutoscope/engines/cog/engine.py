"""The engine `cog`: a task becomes one prediction, under an id that stays the same over all attempts.

The call that begins a prediction is answered when it is over, and Cog cancels a prediction whose caller hung up. So an
attempt that is lost leaves nothing running; and should its id still be at work, that run, whose result nobody would
get, is cancelled before it begins anew. No two runs of a request are ever under way at once.
"""

from __future__ import annotations

import base64
import contextlib
import threading
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mutoscope.engines.base import Capabilities, Produced, Progress, Task
from mutoscope.engines.cog.listening import Listener
from mutoscope.engines.cog.server import RUN_S, Server
from mutoscope.engines.cog.setup import SETTINGS, STARTS, Setup, read
from mutoscope.errors import ConfigError, EngineError, MediaError
from mutoscope.media import found
from mutoscope.media.found import Found
from mutoscope.media.probe import MediaInfo, probe

NOTE = "cog"
"""Where in the memo this engine's own part is."""
LOOK_EVERY_S = 0.5
RUNNING_AT, FETCHING_AT = 0.02, 0.97
SAID_CHARACTERS, TOLD_BYTES = 400, 8192


class Cog:
    """Takes any parameters and files: what they mean is the predictor's affair, and the manifest's schema's."""

    version = "1"

    def __init__(self) -> None:
        self._servers: dict[tuple[str, tuple[str, ...], Path | None], Server] = {}
        self._stopping = threading.Event()

    def capabilities(self) -> Capabilities:
        """What a manifest binds; its settings are read when it is."""
        return Capabilities(
            parameters=frozenset(),
            files=frozenset(),
            required=frozenset(),
            produces=frozenset({"video", "image"}),
            settings=SETTINGS,
            starts=STARTS,
            is_open=True,
            with_settings=self._under,
        )

    def _under(self, settings: Mapping[str, Any]) -> Capabilities:
        read(settings)
        return self.capabilities()

    def warm(self, progress: Progress) -> None:
        """Nothing is loaded here; a command is started with the first task that names it."""
        progress.report(1.0, "ready")

    def run(self, task: Task, progress: Progress) -> Produced:
        """One attempt. Raises EngineError: `declined` when nothing was begun and another engine may do it."""
        self._stopping.clear()
        try:
            setup = read(task.settings)
        except ConfigError as exc:
            raise EngineError(exc.message, declined=True) from exc
        server = self._servers.setdefault((setup.url, setup.command, setup.folder), Server(setup))
        return _Prediction(task, progress, setup, server, self._stopping).produced()

    def stop(self) -> None:
        """Cog is told too, by a thread of the task."""
        self._stopping.set()

    def close(self) -> None:
        """End what was started."""
        for server in self._servers.values():
            server.close()


class _Prediction:
    """One task."""

    def __init__(self, task: Task, progress: Progress, setup: Setup, server: Server, stopping: threading.Event) -> None:
        self._task = task
        self._progress = progress
        self._setup = setup
        self._server = server
        self._stopping = stopping

    def produced(self) -> Produced:
        """Wait for the server, have it run, take what it made."""
        body: dict[str, Any] = {"input": self._inputs()}
        self._wait_until_ready()
        prediction_id = self._id()
        with Listener(self._setup, self._heard) as listener:
            if listener.url:
                body |= {"webhook": listener.url, "webhook_events_filter": ["start", "logs"]}
            told = self._run(prediction_id, body)
        self._progress.report(FETCHING_AT, "fetching")
        return self._taken(told.get("output"))

    # -- begin

    def _inputs(self) -> dict[str, Any]:
        given = {**self._setup.parameters, **self._task.parameters}
        if "seed" in self._task.parameters:
            given[self._setup.seed] = given.pop("seed")
        for name, paths in self._task.files.items():
            if len(paths) > 1 and name not in self._setup.arrays:
                raise MediaError(f"{len(paths)} files; one is accepted", field=name)
            uris = [_data_uri(path) for path in paths]
            if name in self._setup.arrays:
                given[name] = uris
            elif uris:
                given[name] = uris[0]
        return given

    def _wait_until_ready(self) -> None:
        """Until the model is loaded. Raises EngineError when it never will be."""
        while True:
            status, words = self._server.status()
            if status in ("READY", "BUSY"):
                return
            if status in ("SETUP_FAILED", "DEFUNCT"):
                raise EngineError(f"the model's setup failed in Cog: {words[:SAID_CHARACTERS]}", declined=True)
            if status == "AWAY":
                if not self._setup.command:
                    raise EngineError(f"Cog: nobody answers at {self._setup.url}", retryable=True, declined=True)
                self._server.start()
            self._progress.report(0.0, "starting")
            self._pause()

    def _id(self) -> str:
        """The id that every attempt uses, on disk before it is used."""
        note = self._task.remembered.get(NOTE) or {}
        if note.get("at") == self._setup.url:
            return str(note["id"])
        prediction_id = uuid.uuid4().hex
        self._progress.remember({NOTE: {"at": self._setup.url, "id": prediction_id}})
        return prediction_id

    # -- run

    def _run(self, prediction_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """What Cog answered in the end. Raises EngineError."""
        address = f"/predictions/{prediction_id}"
        while True:
            with self._cancelling(address):
                status, told = self._server.call("PUT", address, body, limit_s=RUN_S)
            match status:
                case 200 if told.get("status") == "succeeded":
                    return told
                case 200 if told.get("status") == "canceled":
                    raise EngineError("the prediction was cancelled in Cog")
                case 200:
                    raise EngineError(_words(told.get("error")) or "the prediction failed in Cog without a reason")
                case 202:  # of an attempt that was lost
                    self._server.call("POST", f"{address}/cancel")
                    self._progress.report(0.0, "waiting")
                case 409:
                    self._progress.report(0.0, "waiting")
                case 503:
                    self._wait_until_ready()
                case 422:
                    raise EngineError(f"Cog does not accept the input: {_words(told.get('detail'))}")
                case _:
                    raise EngineError(f"Cog answered {status}: {_words(told)}", retryable=status >= 500)
            self._pause()

    @contextlib.contextmanager
    def _cancelling(self, address: str) -> Iterator[None]:
        """Within the block a wish to stop is passed on to Cog, until it is heard."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.1):
                if self._stopping.is_set():
                    with contextlib.suppress(EngineError):
                        self._server.call("POST", f"{address}/cancel")

        watching = threading.Thread(target=watch, name="cancel", daemon=True)
        watching.start()
        try:
            yield
        finally:
            over.set()
            watching.join()

    def _pause(self) -> None:
        if self._stopping.wait(LOOK_EVERY_S):
            raise EngineError("the request was taken back")

    def _heard(self, fraction: float, lines: list[str]) -> None:
        self._progress.report(RUNNING_AT + (FETCHING_AT - RUNNING_AT) * fraction, "running")
        for line in lines:
            self._progress.log(line)

    # -- take

    def _taken(self, output: Any) -> Produced:
        """The films in an output, or else its pictures."""
        where = self._setup.output
        named = found.find(found.at(output, where), f"output.{where}" if where else "output")
        files = [self._file(one, number) for number, one in enumerate(named, start=1)]
        measured = [(path, info) for path, info in files if info is not None]
        kind = "video" if any(info.kind == "video" for _, info in measured) else "image"
        paths = tuple(path for path, info in measured if info.kind == kind)
        if not paths:
            raise EngineError("the prediction's output holds no picture and no film")
        rest = found.without(output) if isinstance(output, dict) else {}
        told = rest if len(str(rest)) <= TOLD_BYTES else {}
        return Produced(paths, "video" if kind == "video" else "image", told=told)

    def _file(self, one: Found, number: int) -> tuple[Path, MediaInfo | None]:
        """One of them; without a measure when it is something else."""
        path = self._task.folder / f"output-{number}"
        if one.content:
            path.write_bytes(one.content)
        else:
            try:
                self._server.download(one.address, path)
            except MediaError as exc:
                raise EngineError(f"{one.path} cannot be fetched: {exc.message}", retryable=exc.retryable) from exc
        try:
            return path, probe(path)
        except MediaError:
            return path, None


def _data_uri(path: Path) -> str:
    return f"data:{probe(path).media_type};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _words(told: Any) -> str:
    """What Cog says, on one line: a text, or the problems of an input by name."""
    if isinstance(told, list):
        return "; ".join(filter(None, map(_words, told)))[:SAID_CHARACTERS]
    if isinstance(told, dict):
        places = [str(part) for part in told.get("loc", ()) if part not in ("body", "input")]
        words = next((str(told[name]) for name in ("msg", "error", "detail") if told.get(name)), "")
        return ": ".join(filter(None, [".".join(places), words]))
    return " ".join(str(told or "").split())[:SAID_CHARACTERS]
