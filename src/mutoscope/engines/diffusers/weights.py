"""Where weights are on this machine. Nothing is fetched here; `mutoscope models pull` does that."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mutoscope.engines.diffusers.plan import Plan, read_plan
from mutoscope.errors import ConfigError

PACKAGES = ("torch", "diffusers", "transformers", "accelerate", "peft")
FOLDER = "weights"
"""In the cache folder."""
PINS = "pins.json"
"""In a model's folder: which commit counts, and the hashes of its files."""


def root() -> Path:
    """The folder that `pull` writes to and the engine reads from: `weights` in the cache folder."""
    cache = os.environ.get("MUTOSCOPE_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "mutoscope"
    return Path(cache).expanduser() / FOLDER


def folder_of(plan: Plan, within: Path | None = None) -> Path:
    """The folder with the weights of a plan. Raises ConfigError when they are not here, saying what to do.

    within   where pulled weights are, unless that is `root`.
    """
    if Path(plan.model).is_absolute():
        folder = Path(plan.model)
        if not (folder / "model_index.json").is_file():
            raise ConfigError(
                f"model: {folder} holds no model_index.json; the folder of a diffusers pipeline is accepted"
            )
        return folder
    home = home_of(plan.model, within or root())
    revision = plan.revision or "main"
    commit = read_pins(home)["revisions"].get(revision, revision)
    if not (home / commit / "model_index.json").is_file():
        raise ConfigError(f"the weights of {plan.model} are not here; mutoscope models pull fetches them")
    return home / str(commit)


def home_of(model: str, within: Path) -> Path:
    """The folder of everything that was pulled of a model."""
    return within / model.replace("/", "--")


def read_pins(home: Path) -> dict[str, dict[str, Any]]:
    """What was pulled: `revisions`, revision -> commit; `files`, commit -> file -> SHA-256."""
    try:
        found: dict[str, dict[str, Any]] = json.loads((home / PINS).read_text("utf-8"))
    except (OSError, ValueError):
        found = {}
    return {"revisions": {}, "files": {}, **found}


def is_here(settings: Mapping[str, Any], within: Path) -> bool:
    """Were the weights of this model pulled?"""
    try:
        folder_of(read_plan(settings), within)
    except ConfigError:
        return False
    return True


def lacks(settings: Mapping[str, Any]) -> str:
    """What this machine has to be given before a manifest's model can run, in words; "" for nothing."""
    if missing := missing_packages():
        return f"pip install 'mutoscope[gpu]' ({', '.join(missing)})"
    try:
        folder_of(read_plan(settings))
    except ConfigError as exc:
        return exc.message
    return ""


def missing_packages() -> tuple[str, ...]:
    """Packages of the extra `gpu` that are not installed; none of them is imported."""
    return tuple(name for name in PACKAGES if find_spec(name) is None)


def size_bytes(folder: Path) -> int:
    """About what the weights take in memory, as they lie on the disk."""
    return sum(path.stat().st_size for path in folder.rglob("*.safetensors"))
