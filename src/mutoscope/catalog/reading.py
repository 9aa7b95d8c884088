"""Read YAML as plain JSON values, and take values out of it without stopping at the first mistake.

`read_yaml` refuses what YAML adds to JSON (dates, keys that are no strings, a key written twice), because
each of these is a slip in a manifest. `Section` hands out values of the right type and notes what is wrong;
it knows no manifest keys, those are in `manifest.py`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import orjson
import yaml

from mutoscope.errors import ConfigError
from mutoscope.schema import json_path, kind_of, suggestion

T = TypeVar("T")
Parts = tuple[str | int, ...]

MAX_BYTES = 1_048_576
MAX_JSON_BYTES = 4 << 20
"""Of a file that a manifest names."""
MAX_VALUES = 20_000
"""Values in one manifest, aliases counted each time: a small file may unfold without end."""
MAX_DEPTH = 32


@dataclass(slots=True)
class Report:
    """The problems of one file, in the order in which they were found."""

    source: str
    problems: list[str] = field(default_factory=list)

    def add(self, parts: Iterable[str | int], message: str) -> None:
        self.add_at(json_path(parts), message)

    def add_at(self, path: str, message: str) -> None:
        dot = "" if path.startswith("[") or not path else "."
        self.problems.append(f"{self.source}: ${dot}{path}: {message}")


class _Loader(yaml.SafeLoader):
    """The safe loader, which besides refuses a key that is written twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                problem = f"the key {key.value!r} is written twice"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path, report: Report) -> Any:
    """The file's content as JSON values; None, with a problem noted, when it cannot be read at all."""
    try:
        if path.stat().st_size > MAX_BYTES:
            report.problems.append(f"{report.source}: found more than 1 MiB; a manifest is smaller")
            return None
        content = yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506 -- a subclass of SafeLoader
    except (OSError, UnicodeDecodeError) as exc:
        report.problems.append(f"{report.source}: cannot be read as UTF-8 text: {type(exc).__name__}")
        return None
    except yaml.YAMLError as exc:
        report.problems.append(f"{report.source}: {_explain(exc)}")
        return None
    except ValueError as exc:  # a date such as 2026-13-45
        report.problems.append(f"{report.source}: holds a value that YAML cannot read: {exc}")
        return None
    except RecursionError:
        report.problems.append(f"{report.source}: is nested too deeply")
        return None
    return _Plain(report).copy(content, ())


def read_json(path: Path) -> Any:
    """The values of a JSON file. Raises ConfigError."""
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise ConfigError(f"{path.name} holds more than {MAX_JSON_BYTES >> 20} MiB")
        return orjson.loads(path.read_bytes())
    except OSError as exc:
        raise ConfigError(f"{path.name} cannot be read beside the manifest: {type(exc).__name__}") from exc
    except orjson.JSONDecodeError as exc:
        raise ConfigError(f"{path.name}, line {exc.lineno}: is no JSON") from exc


def _explain(exc: yaml.YAMLError) -> str:
    if not isinstance(exc, yaml.MarkedYAMLError) or exc.problem_mark is None:
        return f"is not YAML: {exc}".splitlines()[0]
    mark = exc.problem_mark
    return f"line {mark.line + 1}, column {mark.column + 1}: {exc.problem}"


@dataclass(slots=True)
class _Plain:
    """Copies a value as JSON has it, noting and mending what JSON does not have."""

    report: Report
    left: int = MAX_VALUES

    def copy(self, value: Any, parts: Parts) -> Any:
        self.left -= 1
        if len(parts) > MAX_DEPTH or self.left < 0:
            if self.left >= -1:
                self.left = -1
                self.report.add(parts[:3], "is nested too deeply or holds too many values")
            return None
        if isinstance(value, dict):
            return {self._key(key, parts): self.copy(item, (*parts, str(key))) for key, item in value.items()}
        if isinstance(value, list):
            return [self.copy(item, (*parts, index)) for index, item in enumerate(value)]
        if isinstance(value, float) and not math.isfinite(value):
            self.report.add(parts, "found a number that JSON does not have; only finite ones are accepted")
            return 0.0
        if value is None or isinstance(value, str | bool | int | float):
            return value
        self.report.add(parts, f"found a {type(value).__name__}; put quotes around it")
        return str(value)

    def _key(self, key: object, parts: Parts) -> str:
        if not isinstance(key, str):
            self.report.add(parts, f"found the key {key!r}, which YAML does not read as a string; put quotes around it")
        return str(key)


class Section:
    """One mapping of a manifest.

    Each method takes one key's value; a wrong one is noted and stands in for by a sound one, so that
    reading goes on and all mistakes come to light together. Keys outside `known` are mistakes.
    """

    def __init__(self, value: object, known: Collection[str], parts: Parts, report: Report) -> None:
        self.parts = parts
        self._report = report
        self._values: Mapping[str, Any] = value if isinstance(value, dict) else {}
        if not isinstance(value, dict):
            report.add(parts, f"found {kind_of(value)}; a mapping is accepted")
        for key in self._values:
            if key not in known:
                report.add((*parts, key), f"unknown key{suggestion(key, known)}")

    def problem(self, key: str, message: str) -> None:
        self._report.add((*self.parts, key), message)

    def has(self, key: str) -> bool:
        return key in self._values

    def raw(self, key: str) -> Any:
        return self._values.get(key)

    def take(self, key: str, kind: type[T], default: T, *, required: bool = False) -> T:
        """The value, if it is of this kind; `int` does not take `true`."""
        if key not in self._values:
            if required:
                self.problem(key, "is required")
            return default
        value = self._values[key]
        if isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool):
            return value
        self.problem(key, f"found {kind_of(value)}; {_NAMES.get(kind, kind.__name__)} is accepted")
        return default

    def text(self, key: str, default: str = "", *, required: bool = False) -> str:
        text = self.take(key, str, default, required=required)
        if required and self.has(key) and isinstance(self.raw(key), str) and not text.strip():
            self.problem(key, "is empty")
        return text

    def choice(self, key: str, accepted: Collection[str], default: str, *, required: bool = False) -> str:
        text = self.take(key, str, default, required=required)
        if text not in accepted:
            self.problem(key, f"found {text!r}; accepted are {', '.join(accepted)}")
            return default
        return text

    def whole(self, key: str, default: int, *, at_least: int, at_most: int) -> int:
        number = self.take(key, int, default)
        if not at_least <= number <= at_most:
            self.problem(key, f"found {number}; {at_least} to {at_most} is accepted")
            return default
        return number

    def number(self, key: str, default: float) -> float:
        """A number from 0."""
        value = self._values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.problem(key, f"found {kind_of(value)}; a number is accepted")
            return default
        if value < 0:
            self.problem(key, f"found {value}; at least 0 is accepted")
            return default
        return float(value)

    def names(self, key: str) -> tuple[str, ...]:
        """A list of different, non-empty strings."""
        items: list[Any] = self.take(key, list, [])
        if all(isinstance(item, str) and item for item in items) and len(set(items)) == len(items):
            return tuple(items)
        self.problem(key, "must be a list of different names")
        return ()


_NAMES: Mapping[type, str] = {
    bool: "true or false",
    dict: "a mapping",
    int: "a whole number",
    list: "a list",
    str: "a string",
}
