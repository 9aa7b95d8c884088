"""A manifest for a Cog server, out of the schema of inputs that it publishes at `/openapi.json`.

A person reads the proposal before it is used: whether a file is a picture, a film or a sound, and what comes out, is
not in that schema, so it is guessed from names and descriptions. No I/O here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mutoscope.errors import ConfigError

LARGEST_SEED = 2**31 - 1
_KEPT = ("default", "minimum", "maximum", "minLength", "maxLength", "enum")
_PLAIN = ("string", "integer", "number", "boolean")
_VIDEO = re.compile(r"video|film|footage|movie", re.IGNORECASE)
_MOVES = re.compile(r"video|film|movie|frames|fps", re.IGNORECASE)
_AUDIO = re.compile(r"audio|sound|music|speech|voice", re.IGNORECASE)
Property = dict[str, Any]


def propose(document: Mapping[str, Any], *, model_id: str, url: str) -> dict[str, Any]:
    """A manifest with this id for a server at this address. Raises ConfigError for a document without inputs."""
    schemas = _mapping(_mapping(document.get("components")).get("schemas"))
    inputs = _mapping(schemas.get("Input") or schemas.get("PredictionInput"))
    told = _mapping(inputs.get("properties"))
    if not told:
        raise ConfigError("the document holds no components.schemas.Input with properties; a Cog server's is accepted")
    required = inputs.get("required") or []
    names = sorted(told, key=lambda name: _mapping(told[name]).get("x-order", 0))
    properties: dict[str, Property] = {}
    for name in names:
        found = _property(name, _mapping(told[name]), schemas, is_required=name in required)
        if found is not None:
            properties[name] = found
        elif name in required:
            raise ConfigError(f"the input {name!r} is required and of a kind that no form can show")
    output = _resolved(_mapping(schemas.get("Output")), schemas)
    is_many = output.get("type") == "array"
    produces = "video" if _MOVES.search(str((output, [*properties], url))) else "image"
    files = [name for name, schema in properties.items() if str(schema.get("format", "")).endswith(("_uri", "_uris"))]
    arrays = [name for name in files if properties[name]["type"] == "array"]
    source = "text" if not files else "video" if "video" in properties[files[0]]["format"] else "image"
    name = model_id.rpartition("/")[2].replace("-", " ").replace("_", " ").capitalize()
    return {
        "manifest": 1,
        "id": model_id,
        "author": "Cog",
        "name": {"en": name},
        "description": {"en": f"The Cog model {name}."},
        "categories": [f"{source}-to-{produces}"],
        "input_schema": {
            "type": "object",
            "title": "Input Schema",
            "required": [name for name in properties if name in required],
            "properties": properties,
        },
        "output": {"produces": produces, **({"many": True} if is_many else {})},
        "engine": {
            "name": "cog",
            "inputs": {name: name for name in properties},
            "settings": {"url": url, **({"arrays": arrays} if arrays else {})},
        },
    }


def _property(name: str, told: Mapping[str, Any], schemas: Mapping[str, Any], *, is_required: bool) -> Property | None:
    """One input in the notation of manifests; None for what it has no words for, and for secrets."""
    schema = _resolved(told, schemas)
    kind = schema.get("type")
    if told.get("x-cog-secret") or schema.get("format") == "password":
        return None
    texts = {"title": str(told.get("title") or name), "description": str(told.get("description") or "")}
    if name == "seed" and kind == "integer":
        return {**texts, "type": "integer", "default": -1, "minimum": -1, "maximum": LARGEST_SEED}
    items = _resolved(_mapping(schema.get("items")), schemas)
    if _is_file(schema) or (kind == "array" and _is_file(items)):
        suffix = "uri" if kind == "string" else "uris"
        media: Property = {**texts, "type": kind, "format": f"{_media(name, told)}_{suffix}"}
        if not is_required:
            media["default"] = None
        return media
    if kind not in _PLAIN and not (kind == "array" and items.get("type") in _PLAIN):
        return None
    kept = {word: schema[word] for word in _KEPT if schema.get(word) is not None}
    if not is_required:
        kept.setdefault("default", None)
    found: Property = {**texts, "type": kind, **kept}
    if kind == "array":
        found["items"] = {"type": items["type"], **({"enum": items["enum"]} if "enum" in items else {})}
    if name == "prompt" or name.endswith("_prompt"):
        found["format"] = "multiline"
    return found


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int = 0) -> Mapping[str, Any]:
    """The schema with what its references and alternatives stand for; of alternatives the first that is no null."""
    found = dict(schema)
    reference = found.pop("$ref", None)
    parts = [part for word in ("allOf", "anyOf", "oneOf") for part in found.pop(word, [])]
    if isinstance(reference, str):
        parts.append(_mapping(schemas.get(reference.rpartition("/")[2])))
    for part in parts:
        if depth < 8 and isinstance(part, Mapping) and part.get("type") != "null":
            return {**_resolved(part, schemas, depth + 1), **found}
    return found


def _is_file(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "string" and schema.get("format") == "uri"


def _media(name: str, told: Mapping[str, Any]) -> str:
    words = f"{name} {told.get('description', '')}"
    first = [
        (match.start(), kind)
        for kind, pattern in (("video", _VIDEO), ("audio", _AUDIO))
        if (match := pattern.search(words))
    ]
    if "image" in name.lower() or not first:
        return "image"
    return min(first)[1]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
