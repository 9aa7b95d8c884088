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
PINS = "pins.json"
"""In a model's folder: the commit that counts."""


def root() -> Path:
    """The folder that `pull` writes to and the engine reads from: `weights` in the cache folder."""
    cache = os.environ.get("MUTOSCOPE_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "mutoscope"
    return Path(cache).expanduser() / "weights"


def folder_of(plan: Plan) -> Path:
    """The folder with the weights of a plan. Raises ConfigError when they are not here, saying what to do."""
    if Path(plan.model).is_absolute():
        folder = Path(plan.model)
        if not (folder / "model_index.json").is_file():
            raise ConfigError(
                f"model: {folder} holds no model_index.json; the folder of a diffusers pipeline is accepted"
            )
        return folder
    home = root() / plan.model.replace("/", "--")
    revision = plan.revision or "main"
    commit = commits(home).get(revision, revision)
    if not (home / commit / "model_index.json").is_file():
        raise ConfigError(f"the weights of {plan.model} are not here; mutoscope models pull fetches them")
    return home / commit


def commits(home: Path) -> dict[str, str]:
    """Revision -> commit, as pulled."""
    try:
        found: dict[str, str] = json.loads((home / PINS).read_text("utf-8"))["revisions"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return found


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
