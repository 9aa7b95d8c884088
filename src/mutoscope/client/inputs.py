"""Which values of a model's input are local files, and the input with their URLs in place.

A `pathlib.Path`, an open binary file or bytes is a file wherever it stands. A string is one only where the
model's schema asks for media, when it begins like a path (`./`, `../`, `/`, `~`, `file://`) and such a file
exists; any other string is a prompt or an address and is never touched.
"""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from .errors import BadArgument
from .steps import FilePart

Place = tuple[str | int, ...]
Source = Path | IO[bytes] | bytes

_MEDIA_FORMATS = frozenset(f"{kind}_uri{plural}" for kind in ("image", "video", "audio") for plural in ("", "s"))
_PATH_STARTS = ("./", "../", "/", "~", "file://")


def may_hold_paths(inputs: object) -> bool:
    """Whether any string could be a local file, so that the schema is worth asking for."""
    if isinstance(inputs, str):
        return local_path(inputs) is not None
    if isinstance(inputs, Mapping):
        return any(may_hold_paths(value) for value in inputs.values())
    return isinstance(inputs, list | tuple) and any(may_hold_paths(value) for value in inputs)


def find_files(inputs: object, schema: Mapping[str, Any] | None, place: Place = ()) -> dict[Place, Source]:
    """Every local file in the input by its place; strings count only under a media format of the schema."""
    schema = schema or {}
    if isinstance(inputs, str):
        path = local_path(inputs) if schema.get("format") in _MEDIA_FORMATS else None
        return {place: path} if path else {}
    if isinstance(inputs, os.PathLike):
        return {place: Path(inputs)}
    if isinstance(inputs, bytes | bytearray) or hasattr(inputs, "read"):
        return {place: bytes(inputs) if isinstance(inputs, bytearray) else inputs}  # type: ignore[dict-item]
    found: dict[Place, Source] = {}
    for step, value in _children(inputs):
        found |= find_files(value, _schema_of(schema, step), (*place, step))
    return found


def replace(inputs: object, urls: Mapping[Place, str], place: Place = ()) -> Any:
    """The input with the URL at each place; everything else as it was."""
    if place in urls:
        return urls[place]
    if isinstance(inputs, Mapping):
        return {name: replace(value, urls, (*place, name)) for name, value in inputs.items()}
    if isinstance(inputs, list | tuple):
        return [replace(value, urls, (*place, index)) for index, value in enumerate(inputs)]
    return inputs


def local_path(text: str) -> Path | None:
    """The existing file that a string names, or None."""
    if not text.startswith(_PATH_STARTS) or "\0" in text:
        return None
    if text.startswith("file://"):
        parts = urlsplit(text)
        if parts.netloc not in ("", "localhost"):
            return None
        text = unquote(parts.path)
    try:
        path = Path(text).expanduser()
        return path if path.is_file() else None
    except (OSError, RuntimeError):  # too long for a path; no such user
        return None


def open_part(source: Source, name: str | None, opened: Callable[[IO[bytes]], object]) -> FilePart:
    """A file ready to be sent; what this opens is told to `opened`, for closing.

    Raises BadArgument for a path that cannot be read or a file that was opened as text.
    """
    content: IO[bytes] | bytes
    if isinstance(source, Path):
        try:
            content = source.expanduser().open("rb")
        except OSError as exc:
            raise BadArgument(f"{source}: {exc.strerror or type(exc).__name__}") from exc
        opened(content)
        name = name or source.name
    else:
        content = source
        if not isinstance(content, bytes) and isinstance(content.read(0), str):
            raise BadArgument("file: opened as text; open it with mode 'rb'")
        own_name = getattr(source, "name", None)
        name = name or (Path(own_name).name if isinstance(own_name, str) else "upload")
    return FilePart(name, content, mimetypes.guess_type(name)[0] or "application/octet-stream")


def _children(inputs: object) -> list[tuple[str | int, object]]:
    if isinstance(inputs, Mapping):
        return [(str(name), value) for name, value in inputs.items()]
    return list(enumerate(inputs)) if isinstance(inputs, list | tuple) else []


def _schema_of(schema: Mapping[str, Any], step: str | int) -> Mapping[str, Any]:
    """The schema of one child; an array's own plural format holds for each of its items."""
    if isinstance(step, str):
        properties = schema.get("properties")
        inner = properties.get(step) if isinstance(properties, Mapping) else None
    else:
        inner = schema.get("items")
        if schema.get("format") in _MEDIA_FORMATS:
            inner = {**(inner or {}), "format": schema["format"]}
    return inner if isinstance(inner, Mapping) else {}
