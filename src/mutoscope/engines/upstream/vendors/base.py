"""What is asked of every vendor: take a request, say how it stands, take it back."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from mutoscope.errors import EngineError, MediaError
from mutoscope.media.probe import probe

Standing = Literal["queued", "running", "done", "failed", "cancelled"]
DATA_URI_BYTES = 32 << 20
"""A larger file cannot be sent to a vendor that has no uploads."""


@dataclass(frozen=True, slots=True)
class Output:
    """Where a finished file is. with_key: it is shown only to who shows the key."""

    url: str
    with_key: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """How a request stands at its vendor.

    position   requests ahead of it, if the vendor says so.
    fraction   0 … 1, if the vendor says so.
    error      the vendor's own words, of a failed one.
    preview    where a picture of what there is so far can be had, with the key.
    cost_usd   what it costs there, if the vendor says so.
    applied    what of the prompt was carried out, if the vendor says so; `ignored` what not.
    """

    standing: Standing
    position: int | None = None
    fraction: float | None = None
    stage: str = ""
    error: str = ""
    outputs: tuple[Output, ...] = ()
    preview: str = ""
    cost_usd: float | None = None
    applied: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


class Vendor(Protocol):
    """One vendor's words. Every call raises Away, Busy and Refused of `line`."""

    is_idempotent: bool
    """Whether two submits with the same key and body are one request there."""

    def carry(self, path: Path) -> str:
        """What stands for a file in the body: an address after an upload, or a data URI."""

    def submit(self, body: Mapping[str, Any], key: str) -> str:
        """Hand the request over; its id there."""

    def look(self, job: str) -> Look:
        """How it stands."""

    def cancel(self, job: str) -> None:
        """Nobody wants it any more. May do nothing when it is too late."""


def data_uri(path: Path) -> str:
    """A file as text. Raises EngineError when it is too large for that."""
    size_bytes = path.stat().st_size
    if size_bytes > DATA_URI_BYTES:
        most = DATA_URI_BYTES >> 20
        raise EngineError(f"an input of {size_bytes / 2**20:.0f} MiB; at most {most} MiB can be sent to this upstream")
    return f"data:{media_type(path)};base64,{base64.b64encode(path.read_bytes()).decode()}"


def media_type(path: Path) -> str:
    """What a file is, by its headers. Raises EngineError."""
    try:
        return probe(path).media_type
    except MediaError as exc:
        raise EngineError(f"an input cannot be read: {exc.message}") from exc


def addresses(value: Any) -> tuple[str, ...]:
    """Every address in an output: texts, objects with a `url`, lists and mappings of them, in their order."""
    if isinstance(value, str):
        return (value,) if value.startswith(("https://", "http://")) else ()
    if isinstance(value, list):
        return tuple(found for item in value for found in addresses(item))
    if isinstance(value, dict):
        if isinstance(value.get("url"), str):
            return addresses(value["url"])
        return tuple(found for item in value.values() for found in addresses(item))
    return ()


def media_outputs(value: Any) -> tuple[Output, ...]:
    """The files in a vendor's free-form output: what stands under the usual names, else every address in it."""
    if isinstance(value, dict):
        named = next(
            (value[name] for name in ("video", "videos", "image", "images", "output") if value.get(name)), value
        )
        return tuple(Output(url) for url in addresses(named))
    return tuple(Output(url) for url in addresses(value))


def text_of(value: Any) -> str:
    """A text, or "" for anything else."""
    return value if isinstance(value, str) else ""


def number_of(value: Any) -> float | None:
    """A number, or None for anything else."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def job_of(value: Any, vendor: str) -> str:
    """The id that an answer names. Raises EngineError when it names none that can be asked for again."""
    job = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not job or len(job) > 200 or not all(c.isalnum() or c in "-_.:" for c in job) or job.strip(".") == "":
        raise EngineError(f"{vendor} accepted the request but named no id for it")
    return job
