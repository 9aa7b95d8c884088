"""How one attempt is carried out: files in, measured, the engine, what it made measured and stored.

`perform` decides how an attempt ends; it opens no connection and starts no process, the `Bench` a worker
lends it does. What goes wrong with the input or the engine becomes a Finish; a lost lease, or a worker that
must go, is raised.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

import structlog

from mutoscope.engines.base import Task
from mutoscope.engines.process import Made
from mutoscope.errors import EngineError, MediaError, OutOfTime
from mutoscope.media import rules
from mutoscope.media.probe import MediaInfo
from mutoscope.media.weights import check_safetensors
from mutoscope.protocol import Assignment, Fallback, Finish, InputFile, Stored

logger = structlog.get_logger(__name__)

STORE_AT_ONCE = 4
"""Files handed over at the same time."""


class Bench(Protocol):
    """What a worker lends for one attempt.

    Every call raises LeaseLost, Released or EngineError once the attempt has to end.
    """

    def fetch(self, file: InputFile, target: Path) -> None:
        """Bring the bytes of an input here. Raises MediaError."""

    def probe(self, path: Path) -> MediaInfo:
        """Measure a file by its headers. Raises MediaError."""

    def run(self, engine: str, task: Task) -> Made:
        """Let the engine carry out the task. Raises EngineError or MediaError."""

    def store(self, path: Path, *, name: str, media_type: str) -> Stored:
        """Hand a finished file to the server under a name that is new to this attempt."""


def perform(assignment: Assignment, *, folder: Path, bench: Bench) -> Finish:
    """Carry out one attempt in an empty folder and say how it ended.

    Raises LeaseLost when the attempt is somebody else's by now, and Released when the worker has to go.
    """
    timings = _Timings()
    try:
        with timings.measure("fetch_s"):
            files = _bring_in(assignment.files, folder=folder / "inputs", bench=bench)
        with timings.measure("engine_s"):
            made, engine = _run(assignment, files, folder=folder, bench=bench)
        with timings.measure("store_s"):
            outputs, poster = _store(made, bench)
    except (MediaError, EngineError) as exc:
        outcome: Literal["retry", "failed"] = "retry" if exc.retryable else "failed"
        return Finish(assignment.attempt, outcome=outcome, error=exc.message, code=_code(exc))
    return Finish(
        assignment.attempt,
        outcome="completed",
        outputs=outputs,
        poster=poster,
        metadata=_metadata(engine, made, outputs, timings),
    )


def _code(exc: MediaError | EngineError) -> str:
    if isinstance(exc, MediaError):
        return "media"
    return "time_limit" if isinstance(exc, OutOfTime) else "engine"


def _run(assignment: Assignment, files: Mapping[str, Path], *, folder: Path, bench: Bench) -> tuple[Made, str]:
    """What was made, and the engine that made it: the first of the model's that does not decline."""
    named: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for file in assignment.files:
        named[file.parameter] += (file.path,)
    named.pop("", None)
    first = Fallback(assignment.engine, assignment.settings, assignment.parameters, named)
    uses = (first, *assignment.fallbacks)
    for number, use in enumerate(uses, start=1):
        outputs = folder / f"outputs-{number}"
        outputs.mkdir()
        task = Task(
            parameters=use.parameters,
            files={name: tuple(files[path] for path in paths) for name, paths in use.files.items()},
            folder=outputs,
            seed=assignment.seed,
            settings=use.settings,
            remembered=assignment.memo,
        )
        try:
            made = bench.run(use.engine, task)
            _check_outputs(made, assignment, folder=outputs)
        except EngineError as exc:
            if not exc.declined or number == len(uses):
                raise
            logger.warning("engine.declined", engine=use.engine, reason=exc.message, next=uses[number].engine)
        else:
            return made, use.engine
    raise AssertionError  # the last one raises or returns


def _bring_in(files: Sequence[InputFile], *, folder: Path, bench: Bench) -> dict[str, Path]:
    """Fetch and check every input; local paths by their places in the body."""
    folder.mkdir()
    paths: dict[str, Path] = {}
    for number, file in enumerate({file.path: file for file in files}.values()):
        target = folder / str(number)  # never a name from outside
        try:
            bench.fetch(file, target)
            if file.kind == "weights":
                check_safetensors(target)
            elif not file.stored or file.rules or file.accept:  # a stored one without was measured by the server
                check_input(file, bench.probe(target))
        except MediaError as exc:
            raise MediaError(exc.message, field=file.path, rule=exc.rule, retryable=exc.retryable) from exc
        paths[file.path] = target
    return paths


def check_input(file: InputFile, info: MediaInfo) -> None:
    """Raise MediaError unless the file is of the right kind and format and keeps the manifest's rules."""
    if info.kind != file.kind:
        raise MediaError(f"found {_a(info.kind)} ({info.format}); this field takes {_a(file.kind)}", rule="kind")
    problems = rules.check("", file.rules, info)
    if file.accept and (wrong := rules.check_format("", info, file.accept)):
        problems = (wrong, *problems)
    if problems:
        raise MediaError("; ".join(problem.message for problem in problems), rule=problems[0].rule)


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _check_outputs(made: Made, assignment: Assignment, *, folder: Path) -> None:
    """Believe no engine: its outputs lie in its folder, and are what was asked for."""
    produced = made.produced
    if not produced.files and assignment.produces != "files":
        raise EngineError("the engine made nothing")
    paths = (*produced.files, produced.poster) if produced.poster else produced.files
    if not all(path.is_file() and path.resolve().is_relative_to(folder.resolve()) for path in paths):
        raise EngineError("the engine named a file that it did not make")
    for info in made.infos:
        if assignment.produces not in ("files", info.kind):
            raise EngineError(f"the engine made {_a(info.kind)}; {_a(assignment.produces)} was asked for")


def _store(made: Made, bench: Bench) -> tuple[tuple[Stored, ...], Stored | None]:
    """Hand over outputs and poster under names of ours: `output.mp4`, or `output-1.png`, `output-2.png` …

    All at once: each waits for the server's disk, and disks like to be asked together.
    """
    produced, many = made.produced, len(made.produced.files) > 1
    wanted = [
        (path, f"output-{number}.{info.format}" if many else f"output.{info.format}", info.media_type)
        for number, (path, info) in enumerate(zip(produced.files, made.infos, strict=True), start=1)
    ]
    if produced.poster:
        wanted.append((produced.poster, "poster.jpg", "image/jpeg"))
    with ThreadPoolExecutor(max_workers=STORE_AT_ONCE, thread_name_prefix="store") as pool:
        stored = tuple(pool.map(lambda one: bench.store(one[0], name=one[1], media_type=one[2]), wanted))
    return (stored[:-1], stored[-1]) if produced.poster else (stored, None)


def _metadata(
    engine: str,
    made: Made,
    outputs: Sequence[Stored],
    timings: _Timings,
) -> dict[str, Any]:
    """What the caller is told beside the outputs; `media` describes the first medium."""
    return {
        "engine": engine,
        "engine_version": made.version,
        "plan": {"applied": list(made.produced.applied), "ignored": list(made.produced.ignored)},
        "media": media_of(made.infos, outputs),
        **({"told": dict(made.produced.told)} if made.produced.told else {}),
        "timings": {**timings.seconds, "engine_s": round(made.engine_s, 4)},
    }


def media_of(infos: Sequence[MediaInfo], outputs: Sequence[Stored]) -> dict[str, Any]:
    """The first picture, film or sound in numbers; nothing where there is none."""
    number = next((n for n, info in enumerate(infos) if info.kind != "file"), None)
    if number is None:
        return {}
    first = infos[number]
    media: dict[str, Any] = {
        "width_px": first.width_px,
        "height_px": first.height_px,
        "num_frames": first.num_frames,
        "fps": first.fps,
        "duration_s": first.duration_s,
        "codec": first.codec,
        "sha256": outputs[number].sha256,
    }
    if len(outputs) > 1:
        media["num_outputs"] = len(outputs)
    return media


class _Timings:
    """Seconds each part took, by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(time.perf_counter() - started, 4)
