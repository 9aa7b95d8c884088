"""The engine boundary: a task goes in, files come out.

An engine runs in a child process of a worker that can be killed at any moment. It knows nothing of HTTP, the
store, accounts or prices; it reads a `Task`, talks through `Progress` and writes into the task's folder. To add
one, write a module with a class that satisfies `Engine` and add one line to `engines/registry.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

OutputKind = Literal["video", "image", "files"]
"""`files`: whatever files there are, media or not, or none."""

SHOW_EVERY_S = 1.0
"""How often a picture is worth painting; twice as often, and pictures are dropped."""
SHOWN_BYTES = 256 * 1024
"""A larger picture is not shown."""

STOP_S = 5.0
"""What an engine gets to end a task in good order."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do; checked against every manifest at start-up.

    parameters   names of the parameters it understands (`prompt`, `num_frames`, `seed` …).
    files        names of the parameters that are files (`image`, `mask` …); each arrives as a tuple of paths.
    required     names out of both that it cannot run without.
    produces     kinds of output it can make.
    settings     names accepted under `engine.settings` in a manifest.
    starts       of the settings those that start a program; a manifest alone may say them, no call to a server.
    is_open      it takes whatever parameters and files a manifest binds.
    keeps_models it loads a model with the first task that needs it, which takes long, and keeps it for the next.
    lacks        of settings: what this machine has to be given before they can be used, in words; "" for nothing.
    with_settings  for an engine that can do what its settings say: what that is with these; raises ConfigError.
    """

    parameters: frozenset[str]
    files: frozenset[str]
    required: frozenset[str]
    produces: frozenset[OutputKind]
    settings: frozenset[str] = frozenset()
    starts: frozenset[str] = frozenset()
    is_open: bool = False
    keeps_models: bool = False
    lacks: Callable[[Mapping[str, Any]], str] = field(default=lambda settings: "", compare=False)
    with_settings: Callable[[Mapping[str, Any]], Capabilities] | None = field(default=None, compare=False)

    def under(self, settings: Mapping[str, Any]) -> Capabilities:
        """What it can do with these settings. Raises ConfigError for settings that cannot be used."""
        return self.with_settings(settings) if self.with_settings else self


@dataclass(frozen=True, slots=True)
class Task:
    """One attempt, as an engine sees it.

    parameters   values by the engine's own names, already validated against the model's schema.
    files        local paths by the engine's own names; header-checked, pixels not yet decoded.
    folder       an empty folder; everything the engine writes goes here.
    seed         0 … 2**31 - 1; the same task with the same seed gives the same bytes.
    settings     `engine.settings` of the manifest.
    traceparent  W3C Trace Context, for engines that call somebody else; empty when there is none.
    remembered   what earlier attempts at the same request gave to `Progress.remember`; empty for the first.
    """

    parameters: Mapping[str, Any]
    files: Mapping[str, tuple[Path, ...]]
    folder: Path
    seed: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    traceparent: str = ""
    remembered: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Produced:
    """What an engine made.

    files     finished outputs in order, inside the task's folder.
    kind      what each of them is.
    poster    a JPEG that stands for the output, or None.
    applied   what of the prompt was carried out, in words a person understands.
    ignored   what of the prompt was not carried out.
    told      what else the engine says of its result, as plain values; kept in the result's metadata.
    """

    files: tuple[Path, ...]
    kind: OutputKind
    poster: Path | None = None
    applied: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preview:
    """What an engine would do, told without doing it.

    plan          what the engine made of the prompt, as plain values; the engine takes it as its parameter `plan`.
    path          the camera, frame by frame: x, y, z in picture widths (right, down, forwards), pan_deg, tilt_deg,
                  roll_deg (right, up, clockwise), zoom as a factor.
    duration_s    of the whole clip.
    has_looked    whether the path was fitted to a picture; else the picture may shorten it.
    """

    plan: Mapping[str, Any]
    path: tuple[Mapping[str, float], ...]
    duration_s: float
    has_looked: bool


class Progress(Protocol):
    """How an engine talks while it works. Every call but `remember` may be dropped, and no other raises."""

    def report(self, fraction: float, stage: str) -> None:
        """Tell how far the task is: fraction 0 … 1, stage a short word such as `rendering`."""

    def log(self, line: str) -> None:
        """Add one line to the request's log; never a prompt or an address."""

    def show(self, picture: Path) -> None:
        """Show what there is so far: a JPEG of a few hundred pixels in the task's folder, each in a file of its own.

        It is for the person who waits, and gone when the attempt ends. Paint it only every `SHOW_EVERY_S`.
        """

    def remember(self, values: Mapping[str, Any]) -> None:
        """Write down what the next attempt has to know, should this one be lost; back only when it is on disk.

        The values, which JSON can hold, are added to those remembered before; the next attempt finds all of them in
        `Task.remembered`. Nobody else sees them. Raises EngineError: `retryable` when they could not be written,
        because this attempt is over; not so when all together are more than 4 KiB of JSON.
        """


class Engine(Protocol):
    """A thing that runs tasks, one at a time, in its own process."""

    version: str
    """Changes whenever the same task would give other bytes."""

    def capabilities(self) -> Capabilities:
        """Say what this engine can do; cheap, no model is loaded."""

    def warm(self, progress: Progress) -> None:
        """Load models and compile kernels, so that the first task is not slow."""

    def run(self, task: Task, progress: Progress) -> Produced:
        """Carry out the task.

        Raises EngineError (with `retryable`) or MediaError; any other exception counts as a defect.
        """

    def close(self) -> None:
        """Give back what `warm` took."""


@runtime_checkable
class Stoppable(Protocol):
    """An engine that has to end in good order, for instance because somebody else works for it."""

    def stop(self) -> None:
        """End the running task soon: `run` then raises. Called from another thread, for good: nobody wants the result.

        It has `STOP_S`, then the process is killed, as it is without warning when another attempt will go on with it.
        """


@runtime_checkable
class Withdrawing(Protocol):
    """An engine that begins work elsewhere and remembers it."""

    def withdraw(self, settings: Mapping[str, Any], remembered: Mapping[str, Any]) -> None:
        """End what an attempt that is lost began elsewhere: nobody wants it any more. Raises EngineError.

        settings and remembered are those of `Task`.
        """


@runtime_checkable
class Planning(Protocol):
    """An engine that can tell beforehand what it would do."""

    def preview(self, task: Task, progress: Progress) -> Preview:
        """Plan the task; files that it requires may be missing. Raises like `run`."""
