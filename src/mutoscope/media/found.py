"""Media in a JSON value: addresses, data URIs and bare base64, wherever they stand in what a handler returned.

Nothing is fetched and nothing believed here: whoever asked measures what comes of it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from mutoscope.errors import MediaError
from mutoscope.media.probe import claims_to_be_media

DEEPEST = 32
MOST = 64
"""Files in one value; nobody's output holds more, and each is measured."""
_ADDRESS = re.compile(r"https?://[^\s]+", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/\r\n]+={0,2}\s*")
_HEAD_CHARACTERS = 684
"""What tells a format: 512 bytes."""


@dataclass(frozen=True, slots=True)
class Found:
    """One file. path: where it stands, such as `output.images[0].data`. Of address and content one is given."""

    path: str
    address: str = ""
    content: bytes = b""


def find(value: Any, path: str = "output") -> tuple[Found, ...]:
    """Every file in a value, in its order. Raises MediaError for data that cannot be decoded, and for too many."""
    found = []
    for one in _walk(value, path, 0):
        found.append(one)
        if len(found) > MOST:
            raise MediaError(f"more than {MOST} files; at most that many are accepted", field=path)
    return tuple(found)


def at(value: Any, where: str) -> Any:
    """What stands at a dotted place such as `images.0.url`; None where nothing does."""
    for word in filter(None, where.split(".")):
        if isinstance(value, dict):
            value = value.get(word)
        elif isinstance(value, list) and word.isascii() and word.isdigit() and int(word) < len(value):
            value = value[int(word)]
        else:
            return None
    return value


def without(value: Any, depth: int = 0) -> Any:
    """The value with `…` in place of its files, fit to be told."""
    if isinstance(value, dict):
        return {name: without(item, depth + 1) for name, item in value.items()} if depth < DEEPEST else {}
    if isinstance(value, list):
        return [without(item, depth + 1) for item in value] if depth < DEEPEST else []
    return "…" if isinstance(value, str) and is_media(value) else value


def is_media(text: str) -> bool:
    """Does this text stand for a file?"""
    return text[:5].lower() == "data:" or bool(_ADDRESS.fullmatch(text)) or _is_bare(text)


def _walk(value: Any, path: str, depth: int) -> Iterator[Found]:
    if depth > DEEPEST:
        return
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _walk(item, f"{path}.{name}", depth + 1)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _walk(item, f"{path}[{number}]", depth + 1)
    elif isinstance(value, str):
        yield from _in_text(value.strip(), path)


def _in_text(text: str, path: str) -> Iterator[Found]:
    if text[:5].lower() == "data:":
        yield Found(path, content=_of_data_uri(text, path))
    elif _ADDRESS.fullmatch(text):
        yield Found(path, address=text)
    elif _is_bare(text):
        yield Found(path, content=_decoded(text, path))


def _is_bare(text: str) -> bool:
    """Base64 without a word of what it is: its first bytes are those of a file that we know."""
    head = "".join(text[:_HEAD_CHARACTERS].split())
    head = head[: len(head) // 4 * 4]
    if len(head) < 64 or not _BASE64.fullmatch(text[:_HEAD_CHARACTERS]):
        return False
    try:
        return claims_to_be_media(base64.b64decode(head, validate=True))
    except (binascii.Error, ValueError):
        return False


def _of_data_uri(text: str, path: str) -> bytes:
    header, comma, data = text.partition(",")
    if not comma:
        raise MediaError("not a data URI; accepted is data:image/png;base64,…", field=path)
    if not header.lower().endswith(";base64"):
        return unquote_to_bytes(data)
    return _decoded(data, path)


def _decoded(text: str, path: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise MediaError("base64 that cannot be decoded", field=path) from exc
