"""Check a request body against a model's schema: every problem at once, then defaults.

Built once per model. A valid body costs one compiled check and a shallow copy; messages are made only for a
body that fails. Addresses are recognised by their start and never opened here: see `net.py` and `media/`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any, NoReturn

import jsonschema_rs

from mutoscope.errors import InvalidInput, Problem
from mutoscope.schema.notation import PATTERNS, MediaKind, bounded, media_kind, normalise
from mutoscope.schema.wording import explain, json_path, kind_of

MAX_DEPTH = 64
"""Levels of lists and objects inside a value. JSON writers stop at some 250, compiled checks a little
later."""

MAX_PROBLEMS = 100
"""Problems told in one answer; a hundred are more than anybody reads."""

MAX_IGNORED, MAX_IGNORED_CHARACTERS = 100, 100
"""Unknown keys are listed in the result, so a body full of them must not fill the database."""

_ADDRESS = "expected an https address or a data URI"
_MEDIA_PATTERNS: Mapping[str, MediaKind] = {
    pattern: kind for kind, start in PATTERNS.items() for pattern in (start, f"^$|{start}")
}
# Linear-time regular expressions only: a manifest's pattern meets callers' strings.
_REGEX = jsonschema_rs.RegexOptions()


@dataclass(frozen=True, slots=True)
class MediaField:
    """A top-level property that holds an address of a media file, or a list of them.

    kind          what the file must be.
    many          whether the property is a list.
    validations   the schema's rules, which apply to each file.
    accept        formats by the prober's names (`jpeg`, `png` …); empty for all it knows.
    """

    name: str
    kind: MediaKind
    many: bool
    validations: tuple[Mapping[str, Any], ...]
    accept: tuple[str, ...] = ()


class Validator:
    """A model's input schema, compiled.

    schema   in RunComfy's notation; must have passed `check_schema`.
    accept   formats by media property, see `MediaField.accept`.
    """

    def __init__(self, schema: Mapping[str, Any], *, accept: Mapping[str, Sequence[str]] | None = None) -> None:
        limited = bounded(normalise(schema))
        properties: Mapping[str, Any] = schema.get("properties", {})
        self.media_fields = _media_fields(properties, accept or {})
        self._names = frozenset(properties)
        self._compiled = compiled(limited)
        self._longest = _longest_list(limited)
        self._whole = _whole_numbers(limited)
        # A list of strings cannot hide depth; an object, which may carry unknown keys, can.
        self._nested = tuple(name for name, child in properties.items() if _may_nest(child))
        optional = {name: child for name, child in properties.items() if name not in schema.get("required", ())}
        media = {field.name for field in self.media_fields}
        # "No file" has one spelling inside: the key is absent.
        self._may_be_empty = tuple(media & optional.keys())
        self._defaults = tuple(
            (name, child["default"], isinstance(child["default"], list | dict))
            for name, child in optional.items()
            if "default" in child and not (name in media and not child["default"])
        )

    def check(self, body: object) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Validate a body; return the inputs with defaults filled, and the names of unknown keys.

        Defaults are filled for properties that are not required: a required property's default is its
        example. An integer written as 1.0 comes back as 1. An optional media field given as null or ""
        (where its default says so) is left out. Raises InvalidInput with every problem, each with its path;
        no message holds the text of a string.
        """
        if not isinstance(body, dict):
            raise InvalidInput(problems=(Problem("", f"the body is {kind_of(body)}; an object is accepted", "type"),))
        inputs = {name: value for name, value in body.items() if name in self._names}
        ignored = () if len(inputs) == len(body) else _listed(body.keys() - self._names)
        if not self._compiled.is_valid(inputs):
            self._refuse(inputs)
        if self._nested:
            _check_depth({name: inputs[name] for name in self._nested if name in inputs})
        return self._completed(inputs), ignored

    def _completed(self, inputs: dict[str, Any]) -> dict[str, Any]:
        if self._whole:
            inputs = self._whole(inputs)
        for name in self._may_be_empty:
            if name in inputs and not inputs[name]:
                del inputs[name]
        for name, default, is_mutable in self._defaults:
            if name not in inputs:
                inputs[name] = copy.deepcopy(default) if is_mutable else default
        return inputs

    def _refuse(self, inputs: dict[str, Any]) -> NoReturn:
        _check_depth(inputs)
        # Beyond the longest accepted list every item is one more error and nothing new.
        clipped = _clip(inputs, self._longest + 1)
        errors = list(self._compiled.iter_errors(clipped))
        wrong_type = {tuple(error.instance_path) for error in errors if error.kind.name == "type"}
        problems: dict[Problem, None] = {}
        for error in errors:
            path = tuple(error.instance_path)
            if error.kind.name == "type" or path not in wrong_type:
                problems[_problem(path, error, _at(inputs, path))] = None
            if len(problems) == MAX_PROBLEMS:
                break
        raise InvalidInput(problems=tuple(problems))


def compiled(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """Compile a normalised schema. Raises ValueError for one that is no JSON Schema."""
    # `uri` is decided by our own patterns; the crate's check would parse megabytes of data URI.
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=False, pattern_options=_REGEX, offline=True)


def problems_of(value: object, schema: dict[str, Any]) -> tuple[Problem, ...]:
    """What is wrong with one value by a normalised schema; for defaults and examples in manifests."""
    errors = compiled(schema).iter_errors(value)
    return tuple(_problem(tuple(e.instance_path), e, _at(value, e.instance_path)) for e in errors)


def _listed(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name[:MAX_IGNORED_CHARACTERS] for name in nsmallest(MAX_IGNORED, names))


def _problem(path: tuple[str | int, ...], error: jsonschema_rs.ValidationError, found: object) -> Problem:
    facts = error.kind.as_dict()
    kind = _MEDIA_PATTERNS.get(facts.get("pattern", ""))
    if kind is not None:
        return Problem(json_path(path), f"{_ADDRESS} (data:{kind}/…;base64,…)", "format")
    return explain(path, error.kind.name, facts, found)


def _at(value: Any, path: Sequence[str | int]) -> Any:
    for part in path:
        value = value[part]
    return value


def _may_nest(schema: Mapping[str, Any]) -> bool:
    if schema.get("type") == "array":
        return media_kind(schema) is None and ("items" not in schema or _may_nest(schema["items"]))
    return schema.get("type") == "object"


def _check_depth(inputs: Mapping[str, Any]) -> None:
    for name, value in inputs.items():
        level, depth = [value], 0
        while level := [item for outer in level for item in _children(outer)]:
            depth += 1
            if depth > MAX_DEPTH:
                message = f"is nested more than {MAX_DEPTH} levels deep"
                raise InvalidInput(problems=(Problem(json_path((name,)), message, "depth"),))


def _children(value: object) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _clip(value: Any, length: int) -> Any:
    if isinstance(value, list):
        return [_clip(item, length) for item in value[:length]]
    if isinstance(value, dict):
        return {name: _clip(item, length) for name, item in value.items()}
    return value


def _longest_list(schema: Mapping[str, Any]) -> int:
    children = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    limits: tuple[int, ...] = (schema.get("maxItems", 0), schema.get("minItems", 0))
    return max((*limits, *map(_longest_list, children)))


def _media_fields(
    properties: Mapping[str, Mapping[str, Any]], accept: Mapping[str, Sequence[str]]
) -> tuple[MediaField, ...]:
    fields = []
    for name, schema in properties.items():
        kind = media_kind(schema)
        if kind is not None:
            rules = (*schema.get("validations", ()), *schema.get("items", {}).get("validations", ()))
            many = schema.get("type") == "array"
            fields.append(MediaField(name, kind, many, rules, tuple(accept.get(name, ()))))
    return tuple(fields)


Convert = Callable[[Any], Any]


def _whole_numbers(schema: Mapping[str, Any]) -> Convert | None:
    """A function that turns 1.0 into 1 wherever the schema says integer; None where it never does."""
    types = schema.get("type")
    if types == "integer" or (isinstance(types, list) and "integer" in types):
        return lambda value: int(value) if type(value) is float else value
    if "items" in schema and (each := _whole_numbers(schema["items"])):
        return lambda value: [each(item) for item in value] if isinstance(value, list) else value
    inner = {n: each for n, child in schema.get("properties", {}).items() if (each := _whole_numbers(child))}
    if not inner:
        return None
    return lambda value: _convert_named(value, inner) if isinstance(value, dict) else value


def _convert_named(value: dict[str, Any], inner: Mapping[str, Convert]) -> dict[str, Any]:
    return {name: inner[name](item) if name in inner else item for name, item in value.items()}
