"""Files that pages load: scripts, styles, pictures. Served under an address that names their content.

All of them share one version, the hash of everything, so scripts may import each other by plain relative names and
every address can be kept by browsers for a year.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import Response

from mutoscope.errors import NotFound

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, as it is and compressed."""

    media_type: str
    content: bytes
    compressed: bytes


@dataclass(frozen=True, slots=True)
class Assets:
    """All files by name, and the version they make."""

    version: str
    by_name: dict[str, Asset]


@cache
def assets() -> Assets:
    """Read once, at the first question."""
    found = dict(sorted(_walk(files(__package__) / "static", "")))
    found["example.jpg"] = (files("mutoscope") / "assets" / "mountain-path.jpg").read_bytes()
    whole = hashlib.sha256()
    for name, content in found.items():
        whole.update(f"{name}\n{len(content)}\n".encode() + content)
    by_name = {name: _asset(name, content) for name, content in found.items()}
    return Assets(whole.hexdigest()[:12], by_name)


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _walk(entry, f"{prefix}{entry.name}/")
        elif "." + entry.name.rpartition(".")[2] in MEDIA_TYPES:
            found.append((prefix + entry.name, entry.read_bytes()))
    return found


def _asset(name: str, content: bytes) -> Asset:
    return Asset(MEDIA_TYPES["." + name.rpartition(".")[2]], content, gzip.compress(content, 9, mtime=0))


def address(name: str) -> str:
    """Where a page loads this file. Raises KeyError for a file that does not exist."""
    assert assets().by_name[name]
    return f"/static/{assets().version}/{name}"


async def show(request: Request) -> Response:
    """GET /static/{version}/{name}: a file of the pages."""
    asset = assets().by_name.get(request.path_params["name"])
    if asset is None:
        raise NotFound("no such file")
    # A page of the version before may still ask: it gets what there is now, and keeps nothing.
    current = request.path_params["version"] == assets().version
    headers = {
        "Cache-Control": FOREVER if current else "no-cache",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if accepts_gzip(request):
        return Response(asset.compressed, headers=headers | {"Content-Encoding": "gzip"}, media_type=asset.media_type)
    return Response(asset.content, headers=headers, media_type=asset.media_type)


def accepts_gzip(request: Request) -> bool:
    """Does the caller read gzip?"""
    offers = (part.partition(";") for part in request.headers.get("accept-encoding", "").lower().split(","))
    return any(name.strip() == "gzip" and weight.replace(" ", "") not in ("q=0", "q=0.0") for name, _, weight in offers)
