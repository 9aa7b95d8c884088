"""Models for the pages' stories: the reference's rules on the test card, every kind of field, texts that mean harm."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

REFERENCE: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "unit" / "data" / "reference-schema.json").read_text("utf-8")
)
HARM = "<img src=x onerror=\"document.title='harm'\"><script>document.title='harm'</script>"


def manifest(model_id: str, properties: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A model that the test card draws."""
    return {
        "manifest": 1,
        "id": model_id,
        "kind": "model",
        "author": "Studio",
        "name": {"en": model_id},
        "description": {"en": "For tests."},
        "categories": ["image-to-video"],
        "input_schema": {"type": "object", "title": "Input", "required": [], "properties": properties},
        "output": {"produces": "video"},
        "engine": {"name": "testcard", "inputs": {}},
    } | changes


SHELF = manifest(
    "studio/first-frame",
    {},
    input_schema=copy.deepcopy(REFERENCE["input_schema"]),
    accept={"image_urls": ["jpeg", "png"]},
    engine={"name": "testcard", "inputs": {"prompt": "prompt", "image": "image_urls", "seed": "seed"}},
    price={"base_price_usd": 0.15, "unit": "second", "formula": "frames / 24"},
)
"""The reference model's schema and rules."""

HOSTILE = manifest(
    "studio/hostile",
    {
        "prompt": {"title": HARM, "description": HARM, "type": "string", "default": HARM},
        "choice": {"title": "Choice", "type": "string", "enum": [HARM, "</script><b>"], "default": HARM},
    },
    name={"en": HARM},
    description={"en": HARM + "</script>"},
    author=HARM,
    engine={"name": "testcard", "inputs": {"prompt": "prompt"}, "note": {"en": HARM}},
)

ALL_FIELDS = manifest(
    "studio/all-fields",
    {
        "prompt": {"title": "Prompt", "type": "string", "maxLength": 800, "minLength": 2},
        "line": {"title": "Line", "type": "string", "maxLength": 20, "pattern": "^[a-z ]*$", "default": "plain"},
        "link": {"title": "Link", "type": "string", "format": "uri", "default": None},
        "size": {"title": "Size", "type": "string", "enum": ["720p", "1080p"], "default": "720p"},
        "seconds": {"title": "Seconds", "type": "integer", "enum": [2, 3, 4, 5, 6, 7], "default": 5},
        "strength": {"title": "Strength", "type": "float", "minimum": 0, "maximum": 1, "default": 0.5},
        "steps": {"title": "Steps", "type": "integer", "minimum": 1, "maximum": 50, "multipleOf": 1, "default": 20},
        "free": {"title": "Free number", "type": "number", "default": None},
        "seed": {"title": "Seed", "type": "integer", "default": -1},
        "loud": {"title": "Sound on", "type": "boolean", "default": False},
        "styles": {
            "title": "Styles",
            "type": "array",
            "items": {"type": "string", "enum": ["noir", "pastel", "film"]},
            "uniqueItems": True,
            "default": ["film"],
        },
        "tags": {"title": "Tags", "type": "array", "items": {"type": "string", "maxLength": 8}, "maxItems": 3},
        "keyframes": {
            "title": "Keyframes",
            "type": "array",
            "items": {
                "title": "Keyframe",
                "type": "object",
                "required": ["at"],
                "properties": {
                    "at": {"title": "At", "type": "number", "minimum": 0},
                    "words": {"title": "Words", "type": "string"},
                },
            },
        },
        "lora": {
            "title": "LoRA",
            "type": "object",
            "required": ["path"],
            "properties": {
                "path": {"title": "Path", "type": "string"},
                "scale": {"title": "Scale", "type": "number", "minimum": 0, "maximum": 2},
            },
        },
        "plan": {"title": "Plan", "type": "object"},
        "first": {"title": "First frame", "type": "string", "format": "image_uri", "default": None},
        "more": {"title": "More pictures", "type": "array", "format": "image_uris", "maxItems": 2},
    },
    engine={"name": "testcard", "inputs": {"prompt": "prompt", "image": "first", "seed": "seed"}},
)
"""Every keyword of the notation."""
ALL_FIELDS["input_schema"]["required"] = ["prompt"]
