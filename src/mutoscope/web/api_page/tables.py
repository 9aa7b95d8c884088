"""A schema as the rows of a table: one for each input, nested ones by their path."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mutoscope.catalog import Model
from mutoscope.schema import MEDIA_FORMATS, MediaField
from mutoscope.web.api_page.document import Table, code, plain
from mutoscope.web.languages import Told
from mutoscope.web.texts import SOURCE_LANGUAGE, _

Schema = Mapping[str, Any]
LONGEST_DEFAULT = 60


def inputs_table(schema: Schema, language: str) -> Table:
    """Name, type, whether it must be there, default, what is accepted and what it means.

    language: of the schema's texts."""
    head = (_("Input"), _("Type"), _("Required"), _("Default"), _("Accepted"), _("Meaning"))
    return Table(head, tuple(_rows(schema, "", language)))


def outputs_table(model: Model, schema: Schema) -> Table:
    """The members of `output`, and which of them this model's results have."""
    rows = [
        (
            code(name),
            _type(child),
            plain(child.get("description", "")),
            _("yes") if name == model.output_key else _("no"),
        )
        for name, child in schema["output"]["properties"].items()
    ]
    return Table((_("Output"), _("Type"), _("Meaning"), _("In this model's results")), rows)


def rules_table(field: MediaField) -> Table:
    """What a file must keep to, one rule a row."""
    rows: list[tuple[str, str, str]] = [
        (
            code(rule["validation_rule"]),
            code(f"{rule['validation_value']:g}"),
            Told(plain(rule["validation_error"]), SOURCE_LANGUAGE),
        )
        for rule in field.validations
    ]
    if field.accept:
        rows.insert(
            0, (_("format"), code(" ".join(field.accept)), _("Decided by the file's content, not by its name."))
        )
    return Table((_("Rule"), _("Value"), _("Message when it is broken")), rows)


def _rows(schema: Schema, prefix: str, language: str) -> Iterator[tuple[str, ...]]:
    required = schema.get("required", ())
    for name, child in schema.get("properties", {}).items():
        path = prefix + name
        # A required property's default is an example: it is never filled in, so it is not told as a default.
        default = _short(child["default"]) if "default" in child and name not in required else "–"
        must = _("yes") if name in required else _("no")
        yield code(path), _type(child), must, default, _accepted(child), Told(_meaning(child), language)
        items = child.get("items", {})
        if "properties" in child:
            yield from _rows(child, f"{path}.", language)
        elif "properties" in items:
            yield from _rows(items, f"{path}[].", language)


def _type(schema: Schema) -> str:
    word = schema.get("format", "")
    kind = MEDIA_FORMATS.get(word) or MEDIA_FORMATS.get(schema.get("items", {}).get("format", ""))
    if schema.get("type") == "array":
        items = schema.get("items", {})
        return _("list of {what}").format(what=_addresses(kind) if kind else _type(items))
    if kind:
        return {"image": _("image address"), "video": _("video address"), "audio": _("audio address")}[kind]
    if word == "uri":
        return _("address (URL)")
    return code({"float": "number"}.get(schema.get("type", ""), schema.get("type", "")))


def _addresses(kind: str) -> str:
    return {"image": _("image addresses"), "video": _("video addresses"), "audio": _("audio addresses")}[kind]


def _accepted(schema: Schema) -> str:
    told = []
    if "enum" in schema:
        told.append(_("one of {values}").format(values=", ".join(_short(value) for value in schema["enum"])))
    for low, high, words in (
        ("minLength", "maxLength", _("characters: {limits}")),
        ("minItems", "maxItems", _("items: {limits}")),
        ("minimum", "maximum", "{limits}"),
    ):
        if limits := _limits(schema.get(low), schema.get(high)):
            told.append(words.format(limits=limits))
    if "exclusiveMinimum" in schema:
        told.append(_("above {limit}").format(limit=schema["exclusiveMinimum"]))
    if "exclusiveMaximum" in schema:
        told.append(_("below {limit}").format(limit=schema["exclusiveMaximum"]))
    if "multipleOf" in schema:
        told.append(_("multiples of {step}").format(step=schema["multipleOf"]))
    if "pattern" in schema:
        told.append(_("text that fits {pattern}").format(pattern=code(schema["pattern"])))
    return "; ".join(told) or "–"


def _limits(low: Any, high: Any) -> str:
    if low is not None and low == high:
        return str(low)
    if low is not None and high is not None:
        return _("{low} to {high}").format(low=low, high=high)
    if low is not None:
        return _("at least {number}").format(number=low)
    return _("at most {number}").format(number=high) if high is not None else ""


def _meaning(schema: Schema) -> str:
    title, description = schema.get("title", ""), schema.get("description", "")
    return plain(f"{title}. {description}" if title and description else title or description)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return code(text if len(text) <= LONGEST_DEFAULT else text[: LONGEST_DEFAULT - 1] + "…")
