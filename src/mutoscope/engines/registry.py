"""The list of engines: a name, and where the class is. Adding an engine is one line here.

An installed package may add its own through the entry point group `mutoscope.engines`. Nothing is imported
before it is asked for, so an engine whose packages are missing costs nothing to those who do not use it.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from importlib.metadata import entry_points

from mutoscope.engines.base import Capabilities, Engine
from mutoscope.errors import ConfigError

ENGINES: Mapping[str, str] = {
    "parallax": "mutoscope.engines.parallax:Parallax",
    "testcard": "mutoscope.engines.testcard:Testcard",
}

GROUP = "mutoscope.engines"


def names() -> tuple[str, ...]:
    """Every engine that can be asked for, sorted."""
    return tuple(sorted({*ENGINES, *(point.name for point in entry_points(group=GROUP))}))


def load(name: str) -> Engine:
    """The engine of this name, not yet warm.

    Raises ConfigError when there is none of that name, or when its packages are not installed.
    """
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
