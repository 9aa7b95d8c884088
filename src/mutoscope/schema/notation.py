"""RunComfy's dialect of JSON Schema: what it adds, and the same schema in the standard's words.

A published schema is never changed; `normalise` makes the copy that the validator and OpenAPI read. Which
schemas are legal is asked of `checks.py`; there is no `$ref`, `anyOf` or conditional here, because none was
ever seen in that notation and every one would have to become a form field.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Literal

MediaKind = Literal["image", "video", "audio"]

MEDIA_FORMATS: Mapping[str, MediaKind] = {
    "image_uri": "image",
    "video_uri": "video",
    "audio_uri": "audio",
    "image_uris": "image",
    "video_uris": "video",
    "audio_uris": "audio",
}
"""Formats of media fields. The singular stands on a string, the plural on an array of them."""

FILE_FORMATS: Mapping[MediaKind, tuple[str, ...]] = {
    "image": ("jpeg", "png", "webp", "gif"),
    "video": ("mp4", "mov", "webm", "mkv"),
    "audio": ("m4a", "wav", "mp3", "flac", "ogg"),
}
"""What `media/probe.py` calls the files it knows; a manifest's `accept` picks from these."""

PATTERNS: Mapping[MediaKind, str] = {
    # The start decides: reading the rest is the job of `media`, and here it may be megabytes of base64.
    kind: rf"^([Hh][Tt][Tt][Pp][Ss]?://[^\s/]|data:{kind}/[A-Za-z0-9.+-]+(;[A-Za-z0-9._+-]+=[A-Za-z0-9._+-]+)*;base64,)"
    for kind in ("image", "video", "audio")
}

WEIGHTS_FORMAT = "lora_uri"
"""Stands on the property `path` of an object, or of each object of an array, at the top of a schema: a LoRA."""
WEIGHTS_PATTERN = r"^([Hh][Tt][Tt][Pp][Ss]?://[^\s/]|[A-Za-z0-9][A-Za-z0-9_.-]*\.safetensors$)"
"""An address, or the name of a file that the operator has put in place."""

MAX_ITEMS = 256
"""Items accepted by an array whose schema names no `maxItems`. jsonschema-rs builds every error before it
hands out the first (33 s for three million wrong items, measured), so no array may be open-ended."""

INTEGER_RANGE = (-(2**63), 2**63 - 1)
"""Integers fit 64 bits, because SQL columns and other clients' integers do."""

_NAMES = {"validations": "x-validations"}
_NESTED = ("properties", "items")


def normalise(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The same schema in JSON Schema 2020-12's own words, as a deep copy.

    `float` becomes `number`; a media format becomes `uri` with a pattern for http(s) addresses and data
    URIs; `validations` becomes `x-validations`. An optional property whose default is null also accepts
    null, and an optional media field whose default is the empty string also accepts that.
    """
    return _normalised(schema, is_optional=False)


def _normalised(schema: Mapping[str, Any], *, is_optional: bool) -> dict[str, Any]:
    node = {_NAMES.get(key, key): copy.deepcopy(value) for key, value in schema.items() if key not in _NESTED}
    if "properties" in schema:
        required = schema.get("required", ())
        node["properties"] = {
            name: _normalised(child, is_optional=name not in required) for name, child in schema["properties"].items()
        }
    if "items" in schema:
        node["items"] = _normalised(schema["items"], is_optional=False)
    if node.get("type") == "float":
        node["type"] = "number"
    if node.get("format") == WEIGHTS_FORMAT:
        node |= {"format": "uri", "pattern": WEIGHTS_PATTERN}
    default = node.get("default", 0) if is_optional else 0
    _spell_out_media(node, may_be_empty=default == "")
    if default is None:
        _allow_null(node)
    return node


def bounded(node: Mapping[str, Any]) -> dict[str, Any]:
    """A normalised schema with the limits that need not be published: 64-bit integers, arrays with an end."""
    copied = dict(node)
    types = node.get("type")
    if types == "integer" or (isinstance(types, list) and "integer" in types):
        copied.setdefault("minimum", INTEGER_RANGE[0])
        copied.setdefault("maximum", INTEGER_RANGE[1])
    if types == "array" or (isinstance(types, list) and "array" in types):
        copied.setdefault("maxItems", MAX_ITEMS)
    if "properties" in node:
        copied["properties"] = {name: bounded(child) for name, child in node["properties"].items()}
    if "items" in node:
        copied["items"] = bounded(node["items"])
    return copied


def media_kind(schema: Mapping[str, Any]) -> MediaKind | None:
    """The kind of media a string, or each item of an array, points at; None for any other schema."""
    for node in (schema, schema.get("items")):
        # Also asked of schemas that are not checked yet, where a format may be anything.
        if isinstance(node, Mapping) and isinstance(word := node.get("format"), str) and word in MEDIA_FORMATS:
            return MEDIA_FORMATS[word]
    return None


def takes_weights(schema: object) -> bool:
    """Is this a LoRA: an object whose `path` is of the format, or an array of such?"""
    if not isinstance(schema, Mapping):
        return False
    node = schema.get("items") if schema.get("type") == "array" else schema
    properties = node.get("properties") if isinstance(node, Mapping) else None
    path = properties.get("path") if isinstance(properties, Mapping) else None
    return isinstance(path, Mapping) and path.get("format") == WEIGHTS_FORMAT


def _spell_out_media(node: dict[str, Any], *, may_be_empty: bool) -> None:
    kind = MEDIA_FORMATS.get(node.get("format", ""))
    if kind is None:
        return
    if node.get("type") == "array":
        del node["format"]
        node["items"] = {
            "type": "string",
            **node.get("items", {}),
            "format": "uri",
            "pattern": PATTERNS[kind],
        }
        return
    node["format"] = "uri"
    node["pattern"] = f"^$|{PATTERNS[kind]}" if may_be_empty else PATTERNS[kind]


def _allow_null(node: dict[str, Any]) -> None:
    if isinstance(node.get("type"), str):
        node["type"] = [node["type"], "null"]
    if "enum" in node and None not in node["enum"]:
        node["enum"] = [*node["enum"], None]
