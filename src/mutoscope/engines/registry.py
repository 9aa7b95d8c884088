"""The list of engines: a name, and where the class is. Adding an engine is one line here.

An installed package may add its own through the entry point group `mutoscope.engines`; nothing of these is imported
before it is asked for, so an engine whose packages are missing costs nothing to those who do not use it. Files of the
operator's own (`MUTOSCOPE_ENGINE_FILES`) hold functions made engines by `function.engine`; those are read at once.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from mutoscope.engines.base import Capabilities, Engine
from mutoscope.engines.function import FunctionEngine
from mutoscope.errors import ConfigError

ENGINES: Mapping[str, str] = {
    "cog": "mutoscope.engines.cog:Cog",
    "comfyui": "mutoscope.engines.comfyui:Comfyui",
    "diffusers": "mutoscope.engines.diffusers:Diffusers",
    "parallax": "mutoscope.engines.parallax:Parallax",
    "testcard": "mutoscope.engines.testcard:Testcard",
    "upstream": "mutoscope.engines.upstream:Upstream",
}

GROUP = "mutoscope.engines"
FILES = "MUTOSCOPE_ENGINE_FILES"


def names() -> tuple[str, ...]:
    """Every engine that can be asked for, sorted. Raises ConfigError for a file of engines that cannot be read."""
    return tuple(sorted({*ENGINES, *(point.name for point in entry_points(group=GROUP)), *_from_files()}))


def use_files(files: Iterable[str | Path]) -> tuple[str, ...]:
    """Take engines from these files too, here and in every process that this one starts.

    Returns the names of the engines in them. Raises ConfigError.
    """
    paths = [Path(file).expanduser().resolve() for file in files]
    known = os.environ.get(FILES, "").split(os.pathsep)
    os.environ[FILES] = os.pathsep.join(dict.fromkeys(filter(None, [*known, *map(str, paths)])))
    _from_files()
    return tuple(engine.name for path in paths for engine in _in_file(path))


def load(name: str) -> Engine:
    """The engine of this name, not yet warm.

    Raises ConfigError when there is none of that name, or when its packages are not installed.
    """
    if name in (own := _from_files()):
        return own[name]
    module, _, attribute = _address(name).partition(":")
    try:
        engine: Engine = getattr(importlib.import_module(module), attribute)()
    except ImportError as exc:
        raise ConfigError(f"engine {name}: {exc}; the packages it needs are not installed") from exc
    except AttributeError as exc:
        raise ConfigError(f"engine {name}: {module} holds no {attribute}") from exc
    return engine


def capabilities(name: str) -> Capabilities:
    """What the engine of this name can do; loads no model. Raises ConfigError like `load`."""
    return load(name).capabilities()


def _address(name: str) -> str:
    if name in ENGINES:
        return ENGINES[name]
    for point in entry_points(group=GROUP, name=name):
        return point.value
    close = difflib.get_close_matches(name, names(), n=3)
    hint = f"; did you mean {' or '.join(close)}?" if close else f"; there are {', '.join(names())}"
    raise ConfigError(f"engine {name!r}: no such engine{hint}")


def _from_files() -> Mapping[str, FunctionEngine]:
    found: dict[str, FunctionEngine] = {}
    for path in map(Path, filter(None, os.environ.get(FILES, "").split(os.pathsep))):
        for engine in _in_file(path):
            if engine.name in ENGINES or engine.name in found:
                raise ConfigError(f"{path}: there is another engine of the name {engine.name!r}; choose another name")
            found[engine.name] = engine
    return found


@cache
def _in_file(path: Path) -> tuple[FunctionEngine, ...]:
    found = dict.fromkeys(one for one in vars(_module(path)).values() if isinstance(one, FunctionEngine))
    if not found:
        raise ConfigError(f"{path}: holds no engine; a function with @engine(…) above it is one")
    return tuple(found)


def _module(path: Path) -> object:
    """The file, run. What is wrong with it is said with its line."""
    name = f"mutoscope_engine_file_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ConfigError(f"{path}: is no Python file")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except ConfigError:
        raise
    except Exception as exc:
        line = exc.lineno if isinstance(exc, SyntaxError) else _last_line(exc, path)
        raise ConfigError(f"{path}, line {line}: {type(exc).__name__}: {exc}") from exc
    return module


def _last_line(exc: Exception, path: Path) -> int | None:
    """Where in this file it went wrong."""
    trace, line = exc.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
