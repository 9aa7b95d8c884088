"""What a model is asked with once it is deployed with a LoRA."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mutoscope import lora
from mutoscope.catalog import Catalog, Model
from mutoscope.errors import InvalidInput
from mutoscope.schema import Validator

PATH = {"base_model": "x", "path": "https://example.com/a.safetensors"}


def with_inputs(**properties: Any) -> Model:
    """A model of the catalogue with these inputs, all of them bound."""
    base = Catalog.load([]).get("mutoscope/testcard")
    schema = {"type": "object", "title": "Input", "properties": properties}
    return replace(base, input_schema=schema, validator=Validator(schema), bindings={name: name for name in properties})


TEXT = {"title": "Text", "type": "string"}
LORA = {"type": "object", "properties": {"path": TEXT, "scale": {"type": "number"}}}


def test_words_are_read_off_the_inputs() -> None:
    """A list of pictures is one picture; what has no word keeps its name; the LoRA cannot be asked for."""
    pictures = {"title": "P", "type": "array", "items": {"type": "string", "format": "image_uri"}, "maxItems": 1}
    base = with_inputs(
        prompt=TEXT, image_urls=pictures, negative_prompt=TEXT, frames={"type": "integer"}, mood=TEXT, lora=LORA
    )
    asked = lora.asked_with(base)["properties"]
    assert set(asked) == {"prompt", "ctrl_img_1", "neg", "num_frames", "mood", "network_multiplier"}
    assert (asked["ctrl_img_1"]["type"], asked["ctrl_img_1"]["format"]) == ("string", "image_uri")
    deployed = lora.deployed(base, "deployments/1")
    assert deployed.bindings == {
        "prompt": "prompt",
        "image_urls": "ctrl_img_1",
        "negative_prompt": "neg",
        "frames": "num_frames",
        "mood": "mood",
        "lora": lora.KEPT,
    }


def test_how_much_it_counts_goes_into_the_object() -> None:
    """By the name that it has there; outside of its range it is refused."""
    base = with_inputs(prompt=TEXT, lora=LORA)
    given = lora.inputs_of(base, PATH, {"prompt": "x", "network_multiplier": -1, "hidden:lora": {"path": "mine"}})
    assert given == {"prompt": "x", lora.KEPT: {"path": PATH["path"], "scale": -1}}
    for value in (3, "1", True):
        with pytest.raises(InvalidInput, match="network_multiplier"):
            lora.inputs_of(base, PATH, {"network_multiplier": value})


@pytest.mark.parametrize(
    ("own", "takes"),
    [({}, False), ({"lora": LORA}, True), ({"lora": TEXT}, True), ({"lora": {"type": "array"}}, False)],
)
def test_a_model_takes_a_lora_or_not(own: dict[str, Any], takes: bool) -> None:
    """By an input of that name, an object or a path."""
    assert lora.takes_lora(with_inputs(prompt=TEXT, **own)) is takes
