"""What a workflow made: its files, fetched, and a picture that stands for them."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from mutoscope.engines.base import SHOWN_BYTES, Produced
from mutoscope.engines.comfyui.client import Client, Entry
from mutoscope.engines.comfyui.plan import Plan
from mutoscope.errors import EngineError, MediaError
from mutoscope.media.encode import write_jpeg
from mutoscope.media.probe import probe

MOST_FILES = 64
POSTER_QUALITY = 88
PREVIEW_SIDE_PX, PREVIEW_QUALITY = 512, 80
_SUFFIX = re.compile(r"\.[a-z0-9]{1,5}")


def fetch(client: Client, entry: Entry, plan: Plan, folder: Path) -> Produced:
    """Download the files of the output nodes. Films count before pictures: a workflow that saves a film often shows
    frames of it too. Raises EngineError when there is none.
    """
    pictures: list[Path] = []
    films: list[Path] = []
    for number, file in enumerate(_files(entry, plan), start=1):
        path = fetch_one(client, file, folder / f"output-{number}")
        try:
            kind = probe(path).kind
        except MediaError as exc:
            raise EngineError(f"ComfyUI made a file that cannot be read: {exc.message}") from exc
        if kind != "audio":
            (films if kind == "video" else pictures).append(path)
    if films:
        return Produced(tuple(films), "video", poster=poster_of(films[0], folder))
    if pictures:
        return Produced(tuple(pictures), "image")
    nodes = f"node {', '.join(plan.output)}" if plan.output else "any node"
    raise EngineError(f"the workflow ended without a picture or film from {nodes}")


def fetch_one(client: Client, file: Mapping[str, Any], target: Path) -> Path:
    """Download a file under a name of ours with its own suffix."""
    suffix = Path(str(file.get("filename", ""))).suffix.lower()
    path = target.with_name(target.name + (suffix if _SUFFIX.fullmatch(suffix) else ""))
    client.download(file, path)
    return path


def _files(entry: Entry, plan: Plan) -> list[Mapping[str, Any]]:
    """What the output nodes saved, whatever they call it; without that, what they only showed."""
    nodes = plan.output or tuple(entry.outputs)
    found = [file for node in nodes for file in _of_node(entry.outputs.get(node))]
    saved = [file for file in found if file.get("type", "output") == "output"]
    return (saved or found)[:MOST_FILES]


def _of_node(channels: Any) -> Iterator[Mapping[str, Any]]:
    """`images` (films of SaveVideo too), `gifs` of VideoHelperSuite, `videos`, `audio`."""
    for files in channels.values() if isinstance(channels, dict) else ():
        yield from (file for file in (files if isinstance(files, list) else ()) if isinstance(file, dict))


def poster_of(film: Path, folder: Path) -> Path | None:
    """The first frame, where it can be decoded."""
    path = folder / "poster.jpg"
    with contextlib.suppress(av.FFmpegError, StopIteration, ValueError), av.open(film) as container:
        write_jpeg(
            path, np.ascontiguousarray(next(container.decode(video=0)).to_ndarray(format="rgb24")), POSTER_QUALITY
        )
        return path
    return None


def write_preview(picture: bytes, path: Path) -> bool:
    """A preview as a small JPEG; False when it is none that can be read."""
    try:
        with Image.open(io.BytesIO(picture), formats=("JPEG", "PNG", "WEBP")) as image:
            image.thumbnail((PREVIEW_SIDE_PX, PREVIEW_SIDE_PX))
            image.convert("RGB").save(path, "JPEG", quality=PREVIEW_QUALITY)
    except (OSError, ValueError, Image.DecompressionBombError):
        return False
    return path.stat().st_size <= SHOWN_BYTES
