"""ComfyUI workflows in API format, and the settings that make models of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml


def node(class_type: str, title: str = "", **inputs: Any) -> dict[str, Any]:
    """One node as ComfyUI exports it."""
    return {"inputs": inputs, "class_type": class_type, "_meta": {"title": title or class_type}}


STILL: dict[str, Any] = {
    "1": node("CheckpointLoaderSimple", ckpt_name="tiny.safetensors"),
    "3": node(
        "KSampler",
        seed=1,
        steps=4,
        cfg=7.0,
        sampler_name="sampler_0",
        model=["1", 0],
        positive=["6", 0],
        negative=["7", 0],
        latent_image=["5", 0],
    ),
    "5": node("EmptyLatentImage", width=64, height=48, batch_size=1),
    "6": node("CLIPTextEncode", text="a harbour", clip=["1", 1]),
    "7": node("CLIPTextEncode", text="blurred", clip=["1", 1]),
    "8": node("VAEDecode", samples=["3", 0]),
    "9": node("SaveImage", images=["8", 0], filename_prefix="ComfyUI"),
    "12": node("PreviewImage", images=["8", 0]),
}
"""From words to a picture."""
STILL_INPUTS = {"prompt": "6.text", "steps": "3.steps", "width": "5.width", "sampler": "3.sampler_name"}

STYLED: dict[str, Any] = STILL | {
    "2": node("LoraLoaderModelOnly", model=["1", 0], lora_name="style.safetensors", strength_model=1.0),
    "3": node("KSampler", **STILL["3"]["inputs"] | {"model": ["2", 0]}),
}
"""The same with a LoRA."""
STYLED_MODEL: dict[str, Any] = {
    "manifest": 1,
    "id": "studio/styled",
    "author": "Studio",
    "name": "Styled",
    "description": "A picture in a style that was trained.",
    "categories": ["text-to-image"],
    "input_schema": {
        "type": "object",
        "title": "Input",
        "required": ["prompt"],
        "properties": {
            "prompt": {"title": "Prompt", "description": "", "type": "string", "maxLength": 400},
            "negative_prompt": {"title": "Negative", "description": "", "type": "string", "default": "blurred"},
            "steps": {
                "title": "Steps",
                "description": "",
                "type": "integer",
                "default": 4,
                "minimum": 1,
                "maximum": 50,
            },
            "width": {"title": "Width", "description": "", "type": "integer", "default": 64},
            "seed": {"title": "Seed", "description": "", "type": "integer", "default": -1},
            "lora": {"title": "LoRA", "description": "", "type": "string", "default": "other.safetensors"},
            "lora_scale": {"title": "Scale", "description": "", "type": "float", "default": 1.0, "maximum": 2},
        },
    },
    "output": {"produces": "image"},
    "engine": {
        "name": "comfyui",
        "inputs": {
            name: name for name in ("prompt", "negative_prompt", "steps", "width", "seed", "lora", "lora_scale")
        },
        "settings": {
            "workflow": "styled.json",
            "inputs": {
                "prompt": "6.text",
                "negative_prompt": "7.text",
                "steps": "3.steps",
                "width": "5.width",
                "lora": "2.lora_name",
                "lora_scale": "2.strength_model",
            },
            "seed": "3.seed",
            "output": "9",
        },
    },
}
"""A manifest for it: a model that can be deployed with a LoRA."""


def write_styled(folder: Path) -> Path:
    """The manifest and its workflow, as files in a new folder."""
    folder.mkdir()
    (folder / "styled.json").write_text(json.dumps(STYLED), "utf-8")
    (folder / "styled.yaml").write_text(yaml.safe_dump(STYLED_MODEL), "utf-8")
    return folder


FILM: dict[str, Any] = {
    "10": node("LoadImage", "First frame", image="example.png"),
    "11": node("ImageScale", image=["10", 0], width=64, height=48),
    "13": node("RepeatImageBatch", image=["11", 0], amount=5),
    "14": node("CreateVideo", images=["13", 0], fps=8.0),
    "38:42": node("SaveVideo", video=["14", 0], filename_prefix="video/ComfyUI"),
    "16": node("SaveImage", images=["11", 0], filename_prefix="frame"),
}
"""From a picture to a film, without any weights; with a picture beside it."""
FILM_INPUTS = {"image": "10.image", "num_frames": "13.amount", "fps": "14.fps"}
