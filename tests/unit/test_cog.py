"""The engine `cog` without a server: settings, proposals, and what a log tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mutoscope.catalog import Catalog, check_engines
from mutoscope.engines import registry
from mutoscope.engines.cog.listening import fraction_of
from mutoscope.engines.cog.proposal import propose
from mutoscope.engines.cog.setup import read
from mutoscope.errors import ConfigError

HERE = "http://127.0.0.1:5000"
FILE = {"type": "string", "format": "uri"}


def document(output: dict[str, Any], required: list[str], **properties: dict[str, Any]) -> dict[str, Any]:
    """What a Cog server tells of itself."""
    inputs = {"type": "object", "required": required, "properties": properties}
    speed = {"type": "string", "enum": ["slow", "fast"], "title": "speed"}
    return {"components": {"schemas": {"Input": inputs, "Output": output, "speed": speed}}}


def test_every_kind_of_input_is_proposed(tmp_path: Path) -> None:
    """Choices by reference, several files, optional ones, secrets left out; the result passes the checks of a start."""
    told = document(
        {"type": "array", "items": FILE, "title": "Output"},
        ["clip"],
        token={"type": "string", "format": "password", "x-cog-secret": True, "x-order": 9},
        frames={"type": "array", "items": FILE, "description": "Pictures.", "x-order": 4},
        clip={**FILE, "title": "Clip", "description": "The footage to draw on.", "x-order": 0},
        voice={"anyOf": [{"type": "null"}, FILE], "description": "Speech.", "x-order": 5},
        speed={"allOf": [{"$ref": "#/components/schemas/speed"}], "default": "fast", "x-order": 1},
        strength={"type": "number", "minimum": 0, "maximum": 1, "default": 0.5, "x-order": 2},
        negative_prompt={"type": "string", "x-order": 3},
        seed={"type": "integer", "x-order": 6},
        nest={"type": "object", "x-order": 7},
    )
    manifest = propose(told, model_id="studio/draw-on", url=HERE)
    (tmp_path / "draw.yaml").write_text(yaml.safe_dump(manifest), "utf-8")
    models = Catalog.load([tmp_path], builtin=False).models
    assert check_engines(models, {"cog": registry.capabilities("cog")}) == ()

    properties = manifest["input_schema"]["properties"]
    assert list(properties) == ["clip", "speed", "strength", "negative_prompt", "frames", "voice", "seed"]
    assert {name: told.get("format") for name, told in properties.items()} == {
        "clip": "video_uri",
        "speed": None,
        "strength": None,
        "negative_prompt": "multiline",
        "frames": "image_uris",
        "voice": "audio_uri",
        "seed": None,
    }
    assert properties["speed"]["enum"] == ["slow", "fast"]
    assert (properties["strength"]["maximum"], properties["seed"]["default"]) == (1, -1)
    assert manifest["categories"] == ["video-to-video"]
    assert manifest["output"] == {"produces": "video", "many": True}
    assert manifest["engine"]["settings"] == {"url": HERE, "arrays": ["frames"]}


def test_what_cannot_be_proposed_is_said() -> None:
    """No inputs at all, or one that has to be given and that no form can show."""
    with pytest.raises(ConfigError, match=r"components\.schemas\.Input"):
        propose({"openapi": "3.0.2"}, model_id="a/b", url=HERE)
    with pytest.raises(ConfigError, match="'nest' is required and of a kind that no form can show"):
        propose(document({}, ["nest"], nest={"type": "object"}), model_id="a/b", url=HERE)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "url: found ''; an address such as"),
        ({"url": "ftp://cog"}, "url: found 'ftp://cog'"),
        ({"url": HERE, "command": "docker run"}, "command: found 'docker run'; a list of words is accepted"),
        ({"url": HERE, "parameters": []}, "parameters: a mapping of inputs to values is accepted"),
        ({"url": HERE, "output": 3}, "output: found 3; a text is accepted"),
    ],
)
def test_settings_that_cannot_be_used_are_named(settings: dict[str, Any], words: str) -> None:
    """At the start, not with the first request."""
    with pytest.raises(ConfigError) as caught:
        registry.capabilities("cog").under(settings)
    assert words in caught.value.message
    assert read({"url": f"{HERE}/"}).url == HERE


@pytest.mark.parametrize(
    ("logs", "fraction"),
    [("", 0.0), ("loading\n", 0.0), ("10%|#\n55%|###| 5/9\r60%|###", 0.6), ("99.5 % done", 0.99), ("400%", 1.0)],
)
def test_the_last_percentage_of_a_log_counts(logs: str, fraction: float) -> None:
    """As progress bars print it."""
    assert fraction_of(logs) == fraction
