"""A model's input as typed on the command line: `--input` and any number of `--set name=value`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

Json = Mapping[str, Any]


def read_input(text: str | None) -> dict[str, Any]:
    """The object given as JSON, as `@file`, or on standard input as `-`."""
    if text is None:
        return {}
    try:
        data = json.loads(_text_of(text))
    except OSError as exc:
        raise click.BadParameter(f"{text[1:]}: {exc.strerror}", param_hint="--input") from exc
    except ValueError as exc:
        raise click.BadParameter(f"not JSON: {exc}", param_hint="--input") from exc
    if not isinstance(data, dict):
        raise click.BadParameter(f"expected a JSON object, found {type(data).__name__}", param_hint="--input")
    return data


def apply_settings(inputs: Json, settings: Sequence[str], schema: Json | None) -> dict[str, Any]:
    """The input with each `name=value` in it, read as the model's schema says.

    Text stays text for a string, even `121`; a list grows with each mention; the name of a local file becomes that
    file where media is expected; what the schema does not know is read as JSON if it is JSON.
    """
    result = dict(inputs)
    started: set[str] = set()
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not name or not equals:
            raise click.BadParameter(f"{setting!r}: expected name=value", param_hint="--set")
        found = (schema or {}).get("properties", {}).get(name, {})
        if found.get("type") == "array" and not text.lstrip().startswith("["):
            before = result.get(name) if name in started else None
            result[name] = [*(before or ()), _value(name, text, _item_schema(found))]
        else:
            result[name] = _value(name, text, found)
        started.add(name)
    return result


def _text_of(text: str) -> str:
    if text == "-":
        return sys.stdin.read()
    return Path(text[1:]).expanduser().read_text("utf-8") if text.startswith("@") else text


def _item_schema(schema: Json) -> Json:
    items = schema.get("items")
    found = dict(items) if isinstance(items, Mapping) else {}
    return {**found, "format": found.get("format", schema.get("format"))}


def _value(name: str, text: str, schema: Json) -> Any:
    kind = schema.get("type")
    if kind == "string":
        is_media = "_uri" in str(schema.get("format"))
        if not is_media or "://" in text or text[:5].lower() == "data:":
            return text
        path = Path(text).expanduser()
        if not _is_file(path):
            raise click.BadParameter(
                f"{name}: {text!r} is no file here; an https address is accepted too", param_hint="--set"
            )
        return path
    try:
        return json.loads(text)
    except ValueError:
        if kind is None:
            return text
    raise click.BadParameter(f"{name}: {text!r} is no {kind}", param_hint="--set")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False
