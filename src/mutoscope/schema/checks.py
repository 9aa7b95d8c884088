"""Is this a legal schema in RunComfy's notation? Asked once, when a manifest is loaded.

Every problem is found at once, each with its path inside the schema, because a manifest is written by hand
and read by people who do not know this code. What is legal is a table: each keyword, what it stands on,
what it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mutoscope.errors import ConfigError, Problem
from mutoscope.schema.notation import MEDIA_FORMATS, WEIGHTS_FORMAT, MediaKind, media_kind, normalise
from mutoscope.schema.rules import parse_rule
from mutoscope.schema.validator import compiled, problems_of
from mutoscope.schema.wording import json_path, kind_of, suggestion

Path = tuple[str | int, ...]

TYPES = ("string", "integer", "number", "float", "boolean", "array", "object")
_NUMBERS = ("integer", "number", "float")
_PLAIN_FORMATS = ("uri", "date", "date-time", "email", "color", "multiline", WEIGHTS_FORMAT)
"""Formats beside the media ones. They tell a form which field to draw; nothing is validated by them."""
_RULE_KEYS = ("validation_rule", "validation_value", "validation_error")
_TIMED = ("duration_s", "fps")


@dataclass(frozen=True, slots=True)
class _Keyword:
    """What a keyword's value must be, and the types it may stand on (empty for all)."""

    must_be: str
    test: Callable[[object], bool]
    on: tuple[str, ...] = ()


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_boolean(value: object) -> bool:
    return isinstance(value, bool)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _is_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value) and len(set(value)) == len(value)


def _is_object(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(name, str) for name in value)


def _is_json(value: object) -> bool:
    return kind_of(value) != kind_of(object())


_NUMBER = _Keyword("a number", _is_number, _NUMBERS)
_LENGTH = _Keyword("a whole number from 0", _is_count, ("string",))
_SIZE = _Keyword("a whole number from 0", _is_count, ("array",))
_TEXT = _Keyword("a string", _is_text)

KEYWORDS: Mapping[str, _Keyword] = {
    "type": _TEXT,
    "title": _TEXT,
    "description": _TEXT,
    "default": _Keyword("a JSON value", _is_json),
    "examples": _Keyword("a list", _is_list),
    "enum": _Keyword("a list with at least one value", lambda v: isinstance(v, list) and bool(v)),
    "format": _Keyword("a string", _is_text, ("string", "array")),
    "minimum": _NUMBER,
    "maximum": _NUMBER,
    "exclusiveMinimum": _NUMBER,
    "exclusiveMaximum": _NUMBER,
    "multipleOf": _Keyword("a number above 0", lambda v: _is_number(v) and v > 0, _NUMBERS),  # type: ignore[operator]
    "minLength": _LENGTH,
    "maxLength": _LENGTH,
    "pattern": _Keyword("a string", _is_text, ("string",)),
    "minItems": _SIZE,
    "maxItems": _SIZE,
    "uniqueItems": _Keyword("true or false", _is_boolean, ("array",)),
    "items": _Keyword("an object", _is_object, ("array",)),
    "properties": _Keyword("an object whose names are strings", _is_object, ("object",)),
    "required": _Keyword("a list of different names", _is_names, ("object",)),
    "additionalProperties": _Keyword("true or false", _is_boolean, ("object",)),
    "validations": _Keyword("a list", _is_list),
}

_PAIRS = (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems"))


def check_schema(schema: object) -> tuple[Problem, ...]:
    """Find everything that keeps a schema from being one in RunComfy's notation.

    Paths are those inside the schema: `properties.frames.default`.
    """
    if not isinstance(schema, dict):
        return (Problem("", f"found {kind_of(schema)}; an object is accepted", "type"),)
    problems = [] if schema.get("type") == "object" else [Problem("type", 'must be "object"', "type")]
    problems += _check_node(schema, ())
    if not problems:
        # Only a schema whose parts are sound can be asked whether its own defaults fit.
        problems += _check_values(schema, ())
    return tuple(problems)


def _check_node(node: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    unsound = False
    for key, value in node.items():
        for problem in _check_keyword(node, key, value, path):
            unsound = True
            yield problem
    if "type" not in node and path:
        yield _problem((*path, "type"), f"is required; one of {', '.join(TYPES)}", "required")
    if unsound:
        return
    yield from _check_pairs(node, path)
    yield from _check_media(node, path)
    yield from _check_required(node, path)
    for name, child in node.get("properties", {}).items():
        yield from _check_child(child, (*path, "properties", name))
    if "items" in node:
        yield from _check_child(node["items"], (*path, "items"))


def _check_child(child: object, path: Path) -> Iterator[Problem]:
    if isinstance(child, dict):
        yield from _check_node(child, path)
    else:
        yield _problem(path, f"found {kind_of(child)}; an object is accepted", "type")


def _check_keyword(node: Mapping[str, Any], key: object, value: object, path: Path) -> Iterator[Problem]:
    if not isinstance(key, str):
        yield _problem(path, f"found a key that is {kind_of(key)}; put quotes around {key!r}", "type")
        return
    if key.startswith("x-"):
        return
    keyword = KEYWORDS.get(key)
    here = (*path, key)
    if keyword is None:
        yield _problem(here, f"unknown keyword{suggestion(key, KEYWORDS)}", "unknown")
    elif not keyword.test(value):
        yield _problem(here, f"found {kind_of(value)}; must be {keyword.must_be}", key)
    elif key == "type" and value not in TYPES:
        yield _problem(here, f"unknown type {value!r}; accepted are {', '.join(TYPES)}", key)
    elif keyword.on and node.get("type") in TYPES and node["type"] not in keyword.on:
        yield _problem(here, f"does not apply to {node['type']}; it belongs on {' or '.join(keyword.on)}", key)
    elif key == "enum" and isinstance(value, list):
        yield from _check_enum(value, here)


def _check_enum(values: list[object], path: Path) -> Iterator[Problem]:
    kinds = {kind_of(value) for value in values if value is not None}
    if len(kinds) > 1:
        yield _problem(path, f"mixes {' and '.join(sorted(kinds))}; all values must be of one type", "enum")
    elif any(value in values[:index] for index, value in enumerate(values)):
        yield _problem(path, "lists a value twice", "enum")


def _check_pairs(node: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    for low, high in _PAIRS:
        if low in node and high in node and node[low] > node[high]:
            yield _problem((*path, low), f"is {node[low]}, above {high} {node[high]}: nothing can fit", low)


def _check_media(node: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    word: str = node.get("format", "")
    if word and word not in MEDIA_FORMATS and word not in _PLAIN_FORMATS:
        accepted = ", ".join((*MEDIA_FORMATS, *_PLAIN_FORMATS))
        yield _problem((*path, "format"), f"unknown format {word!r}; accepted are {accepted}", "format")
    elif word in MEDIA_FORMATS:
        is_plural = word.endswith("s")
        if is_plural != (node.get("type") == "array"):
            right = "an array" if is_plural else "a string"
            yield _problem((*path, "format"), f"{word} stands on {right}", "format")
        if not _is_reachable(path):
            message = "a media field is possible only at the top level or as item of a top-level array"
            yield _problem((*path, "format"), message, "format")
        if "pattern" in node or "enum" in node:
            yield _problem((*path, "format"), "a media field takes neither pattern nor enum", "format")
    if "validations" in node:
        yield from _check_validations(node, path)


def _is_reachable(path: Path) -> bool:
    return len(path) == 2 or (len(path) == 3 and path[2] == "items")


def _check_validations(node: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    kind = media_kind(node)
    if kind is None:
        yield _problem((*path, "validations"), "stands on a field that is not a media field", "validations")
    for index, entry in enumerate(node["validations"]):
        yield from _check_validation(entry, kind, (*path, "validations", index))


def _check_validation(entry: object, kind: MediaKind | None, path: Path) -> Iterator[Problem]:
    if not isinstance(entry, dict):
        yield _problem(path, f"found {kind_of(entry)}; an object is accepted", "validations")
        return
    for key in entry.keys() - set(_RULE_KEYS):
        yield _problem((*path, str(key)), f"unknown key{suggestion(str(key), _RULE_KEYS)}", "unknown")
    for key in _RULE_KEYS:
        if key not in entry:
            yield _problem((*path, key), "is required", "required")
    if "validation_value" in entry and not _is_number(entry["validation_value"]):
        found = kind_of(entry["validation_value"])
        yield _problem((*path, "validation_value"), f"found {found}; a number is accepted", "validations")
    if "validation_error" in entry and not isinstance(entry["validation_error"], str):
        found = kind_of(entry["validation_error"])
        yield _problem((*path, "validation_error"), f"found {found}; a string is accepted", "validations")
    if "validation_rule" in entry:
        yield from _check_rule(entry["validation_rule"], kind, (*path, "validation_rule"))


def _check_rule(text: object, kind: MediaKind | None, path: Path) -> Iterator[Problem]:
    if not isinstance(text, str):
        yield _problem(path, f"found {kind_of(text)}; a string is accepted", "validations")
        return
    try:
        rule = parse_rule(text)
    except ConfigError as exc:
        yield _problem(path, exc.message, "validations")
        return
    timeless = kind == "image" and rule.quantity in _TIMED
    flat = kind == "audio" and rule.quantity not in ("file_size_mb", "duration_s")
    if timeless or flat:
        yield _problem(path, f"{rule.quantity} cannot be measured on {kind} files", "validations")


def _check_required(node: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    known = node.get("properties", {})
    for index, name in enumerate(node.get("required", ())):
        if name not in known:
            yield _problem((*path, "required", index), f"{name!r} is no property{suggestion(name, known)}", "required")


def _check_values(node: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    """Defaults and enum values must fit the schema they stand in, patterns must be ones that we can run."""
    properties = normalise(node).get("properties", {})
    for name, child in node.get("properties", {}).items():
        here = (*path, "properties", name)
        yield from _check_own_values(child, properties[name], here)
        yield from _check_values(child, here)
    if "items" in node:
        here = (*path, "items")
        yield from _check_own_values(node["items"], normalise(node["items"]), here)
        yield from _check_values(node["items"], here)


def _check_own_values(published: Mapping[str, Any], standard: dict[str, Any], path: Path) -> Iterator[Problem]:
    try:
        compiled(standard)
    except ValueError:
        yield _problem((*path, "pattern"), "is not a regular expression (look-around is not supported)", "pattern")
        return
    for index, value in enumerate(published.get("enum", ())):
        for problem in problems_of(value, {k: v for k, v in standard.items() if k != "enum"}):
            yield _problem((*path, "enum", index), problem.message, "enum")
    if published.get("default") is not None:
        for problem in problems_of(published["default"], standard):
            yield _problem((*path, "default"), f"does not fit its own schema: {problem}", "default")


def _problem(path: Path, message: str, rule: str) -> Problem:
    return Problem(json_path(path), message, rule)
