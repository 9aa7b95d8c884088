"""What a broken rule is called: one sentence per JSON Schema keyword, "found this; that is accepted".

Numbers and lengths are shown, the text of a string never: a message is safe to log and to show to anybody
who may see the request. The values of `enum` and `pattern` come from the published schema, so they are
shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from mutoscope.errors import Problem

SHOWN_OPTIONS = 20
"""A longer list of accepted values is cut here; the schema has them all."""

WORDS: Mapping[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}

TYPE_WORDS: Mapping[str, str] = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}


def json_path(parts: Iterable[str | int]) -> str:
    """`image_urls[0]`, `lora.path`; a name with other characters is quoted: `["a b"]`."""
    path = ""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        elif re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", part):
            path += f".{part}" if path else part
        else:
            path += f'["{part}"]'
    return path


def kind_of(value: object) -> str:
    """`a string`, `a list` …: what a JSON value is, without its content."""
    return WORDS.get(type(value), "a value that JSON does not have")


def options(values: Iterable[Any]) -> str:
    """The accepted values of an `enum`, as JSON writes them."""
    words = [_shown(value) for value in values]
    more = len(words) - SHOWN_OPTIONS
    return ", ".join(words[:SHOWN_OPTIONS]) + (f" and {more} more" if more > 0 else "")


def suggestion(word: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: the nearest known one, or all of them."""
    names = sorted(known)
    close = get_close_matches(word, names, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known are {', '.join(names)}" if names else "; there is none"


def explain(path: tuple[str | int, ...], keyword: str, facts: Mapping[str, Any], found: object) -> Problem:
    """Put one violation into words.

    path     where the value stands in the body.
    facts    the violated keyword's own data, as jsonschema-rs names them (`limit`, `options`, `types` …).
    found    the value itself; only its kind, length or number reaches the message.
    """
    if keyword == "required":
        return Problem(json_path((*path, facts["property"])), "is required", keyword)
    say = _SENTENCES.get(keyword)
    message = say(found, facts) if say else f"found {kind_of(found)} that breaks the rule `{keyword}`"
    return Problem(json_path(path), message, keyword)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    return "null" if value is None else str(value)


def _found(value: object) -> str:
    """A number or a boolean as it is, everything else by its kind."""
    return _shown(value) if isinstance(value, bool | int | float) else kind_of(value)


def _type(found: object, facts: Mapping[str, Any]) -> str:
    accepted = " or ".join(TYPE_WORDS.get(name, name) for name in _null_last(facts["types"]))
    # "found a number; an integer is accepted" would puzzle the person who wrote 1.5.
    what = _found(found) if isinstance(found, float) and "integer" in facts["types"] else kind_of(found)
    return f"found {what}; {accepted} is accepted"


def _null_last(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (name == "null", name))


def _enum(found: object, facts: Mapping[str, Any]) -> str:
    what = "a string that is not in the list" if isinstance(found, str) else _found(found)
    return f"found {what}; accepted are {options(facts['options'])}"


def _count(noun: str, bound: str) -> Callable[[Any, Mapping[str, Any]], str]:
    def say(found: Any, facts: Mapping[str, Any]) -> str:
        plural = "" if len(found) == 1 else "s"
        return f"found {len(found)} {noun}{plural}; {bound} {facts['limit']} {_be(facts['limit'])} accepted"

    return say


def _bound(bound: str) -> Callable[[Any, Mapping[str, Any]], str]:
    return lambda found, facts: f"found {_found(found)}; {bound} {_shown(facts['limit'])} is accepted"


def _be(count: int) -> str:
    return "is" if count == 1 else "are"


_SENTENCES: Mapping[str, Callable[[Any, Mapping[str, Any]], str]] = {
    "type": _type,
    "enum": _enum,
    "minLength": _count("character", "at least"),
    "maxLength": _count("character", "at most"),
    "minItems": _count("item", "at least"),
    "maxItems": _count("item", "at most"),
    "minimum": _bound("at least"),
    "maximum": _bound("at most"),
    "exclusiveMinimum": _bound("more than"),
    "exclusiveMaximum": _bound("less than"),
    "multipleOf": lambda found, facts: (
        f"found {_found(found)}; multiples of {_shown(facts['multiple_of'])} are accepted"
    ),
    "uniqueItems": lambda found, _: f"found the same item twice among {len(found)}; each is accepted once",
    "pattern": lambda found, facts: f"found {len(found)} characters that do not match; {facts['pattern']} is accepted",
    "additionalProperties": lambda _, facts: (
        f"found unknown properties ({len(facts['unexpected'])}); only the published ones are accepted"
    ),
    # What jsonschema-rs makes of `additionalProperties: false` beside no properties at all.
    "falseSchema": lambda _, __: "found unknown properties; none is accepted",
}
