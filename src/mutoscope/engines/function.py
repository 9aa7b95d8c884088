"""A plain Python function as an engine: `@engine(produces="image")` above it, and its signature says the rest.

    @engine(produces="image")
    def grey(image: Path, *, strength: float = 1.0, folder: Path) -> Path: ...

A parameter annotated `Path` is a file, `tuple[Path, ...]` several; one without a default is required. Parameters with
these names are not the caller's: `folder` (the empty folder that results go into), `seed`, `settings`, `progress`,
`remembered` (what earlier attempts gave to `progress.remember`).
`registry` finds such functions in the files that `MUTOSCOPE_ENGINE_FILES` names.
"""

from __future__ import annotations

import hashlib
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from mutoscope.engines.base import Capabilities, OutputKind, Produced, Progress, Task
from mutoscope.errors import ConfigError, EngineError, MediaError

Made = str | Path | Sequence[str | Path] | Produced
_GIVEN = ("folder", "seed", "settings", "progress", "remembered")
_KINDS = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def engine(
    *, produces: OutputKind, name: str = "", version: str = "", settings: Sequence[str] = ()
) -> Callable[[Callable[..., Made]], FunctionEngine]:
    """Make an engine of a function.

    produces   what its files are.
    name       what manifests call it; the function's own name when not given.
    version    changes whenever the same task would give other bytes; a hash of the function's file when not given.
    settings   names accepted under `engine.settings` in a manifest.

    Raises ConfigError for a signature that cannot be filled in.
    """
    return lambda function: FunctionEngine(function, produces, name, version, tuple(settings))


class FunctionEngine:
    """The engine of a function, which can still be called as before."""

    def __init__(
        self, function: Callable[..., Made], produces: OutputKind, name: str, version: str, settings: tuple[str, ...]
    ) -> None:
        self.name = name or function.__name__
        self.version = version or _digest(function)
        self._function = function
        self._produces = produces
        self._settings = settings
        self._prepare: Callable[[], object] | None = None
        self._signature = inspect.signature(function)
        self._files = _files(self.name, function, self._signature)

    def __call__(self, *args: Any, **kwargs: Any) -> Made:
        """The function itself."""
        return self._function(*args, **kwargs)

    def prepare(self, function: Callable[[], object]) -> Callable[[], object]:
        """Decorates what runs once before the first task: load models here, so that no request waits for it."""
        self._prepare = function
        return function

    def capabilities(self) -> Capabilities:
        """Read off the signature."""
        own = [name for name in self._signature.parameters if name not in _GIVEN]
        needed = [name for name in own if self._signature.parameters[name].default is inspect.Parameter.empty]
        return Capabilities(
            parameters=frozenset(own) - self._files.keys() | ({"seed"} & self._signature.parameters.keys()),
            files=frozenset(self._files),
            required=frozenset(needed),
            produces=frozenset({self._produces}),
            settings=frozenset(self._settings),
        )

    def warm(self, progress: Progress) -> None:
        """Run what `prepare` decorates."""
        progress.report(0.0, "loading")
        if self._prepare is not None:
            self._prepare()
        progress.report(1.0, "loading")

    def run(self, task: Task, progress: Progress) -> Produced:
        """Call the function. Raises EngineError and MediaError as it does, and EngineError for what is no result."""
        progress.report(0.0, "running")
        made = self._function(**self._arguments(task, progress))
        progress.report(1.0, "running")
        if isinstance(made, Produced):
            return made
        paths = tuple(made) if isinstance(made, list | tuple) else (made,)
        if not paths or not all(isinstance(path, str | Path) for path in paths):
            raise EngineError(f"engine {self.name}: the function gave no path of a file that it made")
        return Produced(tuple(task.folder / path for path in paths), self._produces)

    def close(self) -> None:
        """Nothing is held that the process does not hold."""

    def _arguments(self, task: Task, progress: Progress) -> dict[str, Any]:
        given = {
            "folder": task.folder,
            "seed": task.seed,
            "settings": task.settings,
            "progress": progress,
            "remembered": task.remembered,
        }
        wanted = self._signature.parameters
        arguments = {name: value for name, value in given.items() if name in wanted}
        arguments |= {name: value for name, value in task.parameters.items() if name in wanted and name not in given}
        for name, many in self._files.items():
            paths = task.files.get(name, ())
            if many and paths:
                arguments[name] = paths
            elif len(paths) == 1:
                arguments[name] = paths[0]
            elif paths:
                raise MediaError(f"{len(paths)} files; one is accepted", field=name)
        return arguments


def _files(engine_name: str, function: Callable[..., Made], signature: inspect.Signature) -> Mapping[str, bool]:
    """Names of parameters that are files, and whether each takes several."""
    for parameter in signature.parameters.values():
        if parameter.kind not in _KINDS:
            raise ConfigError(
                f"engine {engine_name}: parameter {parameter.name} takes any number of values; a manifest needs names"
            )
    try:
        hints = get_type_hints(function)
    except NameError as exc:
        raise ConfigError(f"engine {engine_name}: an annotation cannot be read: {exc}") from exc
    kinds = {name: _takes(hints.get(name)) for name in signature.parameters if name not in _GIVEN}
    return {name: many for name, many in kinds.items() if many is not None}


def _takes(hint: Any) -> bool | None:
    """Of an annotation: does it take several files (True), one (False) or none (None)?"""
    if get_origin(hint) in (Union, types.UnionType):
        return next((found for part in get_args(hint) if (found := _takes(part)) is not None), None)
    if hint is Path:
        return False
    return True if Path in get_args(hint) else None


def _digest(function: Callable[..., Made]) -> str:
    """Of the whole file, for a function's result may depend on all of it."""
    try:
        return hashlib.sha256(Path(inspect.getfile(function)).read_bytes()).hexdigest()[:12]
    except (OSError, TypeError):
        return "0"
