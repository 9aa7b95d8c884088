"""Serverless LoRA: a model of the catalogue with a LoRA that stays, asked with a flat body in RunComfy's words.

Any model can be deployed whose input schema has an input `lora`: an object with a `path`, or the path itself. Which
other words it is asked with is read off its inputs: `steps` is called `sample_steps`, `negative_prompt` is `neg`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mutoscope.catalog import Model
from mutoscope.errors import InvalidInput, Problem
from mutoscope.jobs import HIDDEN
from mutoscope.schema import Validator

INPUT = "lora"
KEPT = f"{HIDDEN}lora"
"""The input of a deployed model that holds its LoRA; no caller's body reaches it."""
BASE, PATH, MULTIPLIER = "base_model", "path", "network_multiplier"
WORDS: Mapping[str, tuple[str, ...]] = {
    "prompt": ("prompt", "text"),
    "ctrl_img_1": ("ctrl_img_1", "ctrl_img", "image_url", "image", "img_url", "first_frame_image_url", "image_urls"),
    "width": ("width",),
    "height": ("height",),
    "guidance_scale": ("guidance_scale", "guidance", "cfg"),
    "sample_steps": ("sample_steps", "num_inference_steps", "steps"),
    MULTIPLIER: (MULTIPLIER, "lora_scale", "lora_strength"),
    "neg": ("neg", "negative_prompt"),
    "seed": ("seed",),
    "sampler": ("sampler", "sampler_name", "scheduler"),
    "num_frames": ("num_frames", "frames"),
    "fps": ("fps",),
}
"""What the hosted service calls an input, and what models may call it."""
STRENGTHS = (MULTIPLIER, "scale", "weight", "strength")
"""What an object `lora` may call how much it counts."""
LEAST, MOST = -2, 2
LONGEST = 2048
_FILE = re.compile(r"[^\x00-\x1f]+\.safetensors(\?[^\x00-\x1f]*)?", re.IGNORECASE)


def takes_lora(model: Model) -> bool:
    """Can this model be deployed with a LoRA?"""
    node = model.input_schema.get("properties", {}).get(INPUT, {})
    return node.get("type") in ("object", "string") and INPUT in model.bindings.values()


def check(value: object, models: Mapping[str, Model]) -> dict[str, Any]:
    """`{"base_model": …, "path": …}` of a new deployment. models: those that can be deployed. Raises InvalidInput."""
    if not isinstance(value, dict):
        raise InvalidInput(problems=(Problem(INPUT, "an object with base_model and path is accepted", "type"),))
    problems, path, base = [], value.get(PATH), value.get(BASE)
    if not isinstance(base, str) or base not in models:
        able = ", ".join(sorted(models)) or "no model of this server takes a LoRA"
        told = f"found {base!r}; accepted are models with an input `lora`: {able}"
        problems.append(Problem(f"{INPUT}.{BASE}", told, "model"))
    if not isinstance(path, str) or len(path) > LONGEST or not _FILE.fullmatch(path):
        told = "the name of a .safetensors file that the engine knows, or its public address, is accepted"
        problems.append(Problem(f"{INPUT}.{PATH}", told, "path"))
    if problems:
        raise InvalidInput(problems=tuple(problems))
    node = models[str(base)].input_schema["properties"][INPUT]
    given = {name: item for name, item in value.items() if name != BASE}
    if node["type"] == "string" and given.keys() != {PATH}:
        message = f"this model takes the path alone; found {', '.join(sorted(given.keys() - {PATH}))} too"
        raise InvalidInput(problems=(Problem(INPUT, message, "unknown"),))
    validator = Validator({"type": "object", "properties": {INPUT: node}})
    validator.check({INPUT: given if node["type"] == "object" else path})
    return dict(value)


def deployed(base: Model, model_id: str) -> Model:
    """The model as a deployment: inputs by the hosted service's words, the LoRA where no caller reaches it."""
    names = _names(base)
    schema = _schema(base, names)
    lora = {KEPT: base.input_schema["properties"][INPUT]}
    whole = {**schema, "properties": {**schema["properties"], **lora}}
    renamed = names | {INPUT: KEPT}
    uses = [
        replace(use, bindings={parameter: renamed.get(name, name) for parameter, name in use.bindings.items()})
        for use in base.uses
    ]
    model = replace(base, id=model_id, slug=model_id, input_schema=whole, validator=Validator(whole), translations={})
    return model.on(uses)


def asked_with(base: Model) -> dict[str, Any]:
    """The schema of a request, as callers and forms see it."""
    schema = _schema(base, _names(base))
    if MULTIPLIER not in schema["properties"] and _strength(base):
        node = {"title": "Network multiplier", "description": "How much the LoRA counts.", "type": "number"}
        schema["properties"][MULTIPLIER] = {**node, "minimum": LEAST, "maximum": MOST, "default": 1.0}
    return schema


def inputs_of(base: Model, lora: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """A flat body as inputs of the deployed model. Raises InvalidInput."""
    given = {name: value for name, value in body.items() if not name.startswith(HIDDEN)}
    kept: Any = {name: value for name, value in lora.items() if name != BASE}
    if (strength := _strength(base)) and MULTIPLIER not in _names(base).values() and MULTIPLIER in given:
        value = given.pop(MULTIPLIER)
        if isinstance(value, bool) or not isinstance(value, int | float) or not LEAST <= value <= MOST:
            raise InvalidInput(problems=(Problem(MULTIPLIER, f"a number from {LEAST} to {MOST} is accepted", "range"),))
        kept[strength] = value
    return given | {KEPT: kept if base.input_schema["properties"][INPUT]["type"] == "object" else lora[PATH]}


def _names(base: Model) -> dict[str, str]:
    """What each input of the model is called in a body, where that differs or is one of the words."""
    found: dict[str, str] = {}
    properties = base.input_schema.get("properties", {})
    for word, names in WORDS.items():
        own = next((name for name in names if name in properties and name not in found), None)
        if own is not None and (own == word or word not in properties):
            found[own] = word
    return found


def _strength(base: Model) -> str:
    """What the model's `lora` calls how much it counts; "" when it cannot be said."""
    node = base.input_schema["properties"][INPUT]
    return next((name for name in STRENGTHS if name in node.get("properties", {})), "")


def _schema(base: Model, names: Mapping[str, str]) -> dict[str, Any]:
    """The model's schema by these names, without the LoRA; of a list of pictures the first."""
    properties = {
        names.get(name, name): _single(node) if names.get(name) == "ctrl_img_1" else node
        for name, node in base.input_schema.get("properties", {}).items()
        if name != INPUT
    }
    required = [names.get(name, name) for name in base.input_schema.get("required", ()) if name != INPUT]
    return {**base.input_schema, "properties": properties, "required": required}


def _single(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """A list of pictures as one picture."""
    if node.get("type") != "array":
        return node
    kept = {name: node[name] for name in ("title", "description", "validations") if name in node}
    return {**node.get("items", {}), **kept, "type": "string", "format": "image_uri"}
