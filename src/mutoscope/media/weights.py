"""Is a file weights in the format safetensors? Others, such as Python's pickles, can run code and are refused."""

from __future__ import annotations

from pathlib import Path

import orjson

from mutoscope.errors import MediaError

LONGEST_HEAD_BYTES = 16 * 2**20


def check_safetensors(path: Path) -> None:
    """By its head: eight bytes that say how long it is, and an object that names the tensors. Raises MediaError."""
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(LONGEST_HEAD_BYTES, size_bytes - 8):
            raise MediaError("found no safetensors file; weights are accepted in that format only", rule="format")
        try:
            head = orjson.loads(file.read(length))
        except orjson.JSONDecodeError as exc:
            raise MediaError("the safetensors file is damaged", rule="format") from exc
    tensors = {name: told for name, told in head.items() if name != "__metadata__"} if isinstance(head, dict) else {}
    try:
        ends = max(told["data_offsets"][1] for told in tensors.values())
    except (KeyError, TypeError, ValueError, IndexError) as exc:
        raise MediaError("the safetensors file names no tensors", rule="format") from exc
    if ends != size_bytes - 8 - length:
        raise MediaError("the safetensors file is cut short, or too long", rule="format")
