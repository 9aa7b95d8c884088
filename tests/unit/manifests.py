"""Manifests for tests: a sound one, changes to it, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from mutoscope.catalog import Catalog, CatalogError, Model

SOUND = """
manifest: 1
id: acme/spinner
author: Acme
name: Spinner
description: Turns things round.
input_schema:
  type: object
  required: [prompt]
  properties:
    prompt: {type: string, maxLength: 100}
    picture: {type: string, format: image_uri, default: null}
    duration: {type: float, minimum: 0, default: 5}
    length: {type: string, enum: ["5", "10"], default: "5"}
    angle: {type: integer}
output: {produces: video}
engine:
  name: lathe
  inputs: {words: prompt, photo: picture}
"""


def write(folder: Path, text: str, name: str = "model.yaml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(dedent(text), "utf-8")
    return path


def the_model(folder: Path, text: str = SOUND) -> Model:
    write(folder, text)
    (model,) = Catalog.load([folder], builtin=False).models
    return model


def changed(*changes: tuple[str, str]) -> str:
    text = SOUND
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def problems_of(folder: Path, text: str) -> list[str]:
    """The problems, without the file's name in front of each."""
    path = write(folder, text)
    with pytest.raises(CatalogError) as refused:
        Catalog.load([folder], builtin=False)
    assert all(problem.startswith(f"{path}: ") for problem in refused.value.problems)
    return [problem.removeprefix(f"{path}: ") for problem in refused.value.problems]
