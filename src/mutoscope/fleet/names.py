"""Names of workers on a cluster: whose they are and which model they have is read from the name alone."""

from __future__ import annotations

import hashlib
import re
import secrets


def new_name(fleet: str, model_id: str) -> str:
    """A name that no worker had before, by which the model is found again."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", model_id).strip("-")[-30:].strip("-") or "model"
    return f"{fleet}.{words}-{digest(model_id)}-{secrets.token_hex(4)}"


def is_ours(fleet: str, name: str) -> bool:
    """Was this name made by `new_name`? Others may call their workers something that begins alike."""
    return re.fullmatch(rf"{re.escape(fleet)}\.[A-Za-z0-9-]{{1,30}}-[0-9a-f]{{8}}-[0-9a-f]{{8}}", name) is not None


def digest(model_id: str) -> str:
    """What a name has of its model."""
    return hashlib.sha256(model_id.encode()).hexdigest()[:8]


def digest_in(name: str) -> str:
    """The digest of the model whose worker has this name, which `new_name` made."""
    return name.split("-")[-2]
