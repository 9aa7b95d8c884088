"""Weights from a hub: fetched once, and pinned by commit and by the SHA-256 of every file.

Fetched are configurations, tokenizers and safetensors, and never code or Python's pickles. Needs huggingface_hub.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from mutoscope.engines.diffusers.weights import PINS, home_of, read_pins
from mutoscope.errors import EngineError

WANTED = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja")
READ_BYTES = 1 << 20


def pull(model: str, revision: str, within: Path, tell: Callable[[str], None]) -> Path:
    """The folder with the weights of `owner/name`, complete and with the hashes that they are pinned to.

    revision   a commit, tag or branch; "" for the branch main. One that was pulled before stays at its commit.
    tell       hears what is done, in lines for a person.
    Raises EngineError.
    """
    try:
        from huggingface_hub import HfApi, snapshot_download  # noqa: PLC0415 - part of the extra gpu
        from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415 - as above
    except ImportError as exc:
        raise EngineError("huggingface_hub is not installed; pip install 'mutoscope[gpu]'") from exc
    home = home_of(model, within)
    pins = read_pins(home)
    revision = revision or "main"
    try:
        info = HfApi().model_info(model, revision=pins["revisions"].get(revision, revision), files_metadata=True)
        commit = str(info.sha)
        folder = home / commit
        snapshot_download(model, revision=commit, local_dir=folder, allow_patterns=["model_index.json"])
        files = _wanted(info.siblings or (), _parts(folder, model))
        gigabytes = sum(size for size, _ in files.values()) / 1e9
        tell(f"{model} at {commit[:12]}: {len(files)} files, {gigabytes:.1f} GB")
        snapshot_download(model, revision=commit, local_dir=folder, allow_patterns=list(files))
    except (HfHubHTTPError, OSError, ValueError) as exc:
        raise EngineError(f"{model}: {str(exc).strip().splitlines()[0][:300]}") from exc
    _pin(home, pins, revision, commit, files)
    return folder


def _parts(folder: Path, model: str) -> frozenset[str]:
    """Folders of the pipeline's parts. What else a hub keeps beside them is not wanted."""
    try:
        named: dict[str, Any] = json.loads((folder / "model_index.json").read_text("utf-8"))
    except (OSError, ValueError) as exc:
        raise EngineError(f"{model}: holds no model_index.json, so it is no pipeline of diffusers") from exc
    return frozenset({name for name, value in named.items() if isinstance(value, list)})


def _wanted(siblings: Any, parts: frozenset[str]) -> dict[str, tuple[int, str]]:
    """Name -> size in bytes and SHA-256 as the hub tells them; the latter "" for small files."""
    return {
        one.rfilename: (one.size or 0, one.lfs.sha256 if one.lfs else "")
        for one in siblings
        if one.rfilename == "model_index.json"
        or (one.rfilename.partition("/")[0] in parts and any(fnmatch(one.rfilename, kind) for kind in WANTED))
    }


def _pin(
    home: Path, pins: dict[str, dict[str, Any]], revision: str, commit: str, files: Mapping[str, tuple[int, str]]
) -> None:
    """Hold every file to the hub's hash and to the one of the first time, and write down which count."""
    known = pins["files"].get(commit, {})
    found = {name: _sha256(home / commit / name) for name in files}
    for name, (_, told) in files.items():
        if found[name] != (told or found[name]) or found[name] != known.get(name, found[name]):
            raise EngineError(f"{name}: has another SHA-256 than it is pinned to; remove {home / commit} first")
    pins["files"][commit] = found
    pins["revisions"] |= {revision: commit}
    written = home / f"{PINS}.new"
    written.write_text(json.dumps(pins, indent=1, sort_keys=True), "utf-8")
    written.replace(home / PINS)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()
