"""A model to make films with in no time, and one whose manifest means harm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).parents[1] / "unit" / "data" / "reference-schema.json"
FILM = "studio/film"
HARM = (
    "<script>window.harmed=1</script><img src=x onerror=window.harmed=1> [x](javascript:window.harmed=1) "
    "`</code></pre><script>window.harmed=1</script>` | a'; touch harmed; echo \" $(touch harmed) `touch harmed` \\ "
    "${7*7} {{7*7}} ]]> </textarea>"
)
"""An attack for whatever writes it down: HTML, Markdown, a shell, Python, JavaScript, a template."""


def film(**changes: Any) -> dict[str, Any]:
    """The reference model's schema, drawn by the test card in no time."""
    return {
        "manifest": 1,
        "id": FILM,
        "kind": "model",
        "author": "Studio",
        "name": {"en": "Film"},
        "description": {"en": "For tests."},
        "categories": ["image-to-video"],
        "input_schema": json.loads(SCHEMA.read_text("utf-8"))["input_schema"],
        "accept": {"image_urls": ["jpeg", "png"]},
        "output": {"produces": "video"},
        "engine": {"name": "testcard", "inputs": {"prompt": "prompt", "image": "image_urls", "seed": "seed"}},
    } | changes


def harmful() -> dict[str, Any]:
    """A manifest with the same attack in every text that it may have."""
    properties = {
        "prompt": {"title": HARM, "description": HARM, "type": "string", "default": HARM},
        "choice": {"title": HARM, "type": "string", "enum": [HARM, "plain"], "default": HARM},
        "picture": {
            "title": HARM,
            "type": "string",
            "format": "image_uri",
            "default": None,
            "validations": [{"validation_rule": "width_pixels<=", "validation_value": 64, "validation_error": HARM}],
        },
    }
    return film(
        id="studio/harm",
        author=HARM,
        name={"en": HARM},
        title={"en": HARM},
        description={"en": HARM},
        categories=["harm"],
        accept={},
        input_schema={"type": "object", "title": HARM, "required": ["prompt"], "properties": properties},
        engine={"name": "testcard", "inputs": {"prompt": "prompt", "image": "picture"}, "note": {"en": HARM}},
        price={"note": HARM},
    )
