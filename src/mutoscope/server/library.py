"""What an account keeps, over HTTP: favourites, collections, and several files as one archive."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mutoscope.errors import InvalidInput, Problem
from mutoscope.jobs import timestamp
from mutoscope.server.auth import caller
from mutoscope.server.shapes import NAME_PATTERN
from mutoscope.server.streaming import PlacedStream
from mutoscope.server.wire import answer, nothing, read_json, site_of
from mutoscope.server.zipping import check_there, zipped
from mutoscope.store.library import Collection, Entry, Shelf
from mutoscope.store.records import Caller

BODY_BYTES = 16 * 1024
LONGEST_NAME = 80
MOST_COLLECTIONS = 1000
MOST_FILES = 500
"""In one archive."""
MOST_ARCHIVE_BYTES = 16 * 2**30
_NAME = re.compile(NAME_PATTERN)


async def favour(request: Request) -> Response:
    """PUT /v1/files/{file_id}/favourite: from now on a favourite."""
    return await _set_favourite(request, is_favourite=True)


async def unfavour(request: Request) -> Response:
    """DELETE /v1/files/{file_id}/favourite: no longer one."""
    return await _set_favourite(request, is_favourite=False)


async def _set_favourite(request: Request, *, is_favourite: bool) -> Response:
    who = await caller(request, "run")
    library = site_of(request).store.library
    await library.set_favourite(request.path_params["file_id"], who.account_id, is_favourite=is_favourite)
    return nothing()


async def collections(request: Request) -> Response:
    """GET /v1/collections: every collection of the account, by name."""
    who = await caller(request, "read", "run")
    found = await site_of(request).store.library.collections(who.account_id)
    return answer({"collections": [_described(collection) for collection in found]})


async def create(request: Request) -> Response:
    """POST /v1/collections: a new, empty one."""
    who = await caller(request, "run")
    name = _name(await read_json(request, BODY_BYTES))
    library = site_of(request).store.library
    return answer(_described(await library.add_collection(who.account_id, name, at_most=MOST_COLLECTIONS)), 201)


async def show(request: Request) -> Response:
    """GET /v1/collections/{collection_id}: one collection."""
    who = await caller(request, "read", "run")
    library = site_of(request).store.library
    return answer(_described(await library.collection(request.path_params["collection_id"], who.account_id)))


async def rename(request: Request) -> Response:
    """PATCH /v1/collections/{collection_id}: another name."""
    who = await caller(request, "run")
    library, collection_id = site_of(request).store.library, request.path_params["collection_id"]
    await library.collection(collection_id, who.account_id)
    name = _name(await read_json(request, BODY_BYTES))
    return answer(_described(await library.rename_collection(collection_id, who.account_id, name)))


async def delete(request: Request) -> Response:
    """DELETE /v1/collections/{collection_id}: the collection goes, its files stay."""
    who = await caller(request, "run")
    await site_of(request).store.library.delete_collection(request.path_params["collection_id"], who.account_id)
    return nothing()


async def put(request: Request) -> Response:
    """PUT /v1/collections/{collection_id}/files/{file_id}: an upload or an output goes in."""
    who = await caller(request, "run")
    ids = request.path_params
    await site_of(request).store.library.put(ids["collection_id"], ids["file_id"], who.account_id)
    return nothing()


async def take(request: Request) -> Response:
    """DELETE /v1/collections/{collection_id}/files/{file_id}: it comes out again, and stays in the library."""
    who = await caller(request, "run")
    ids = request.path_params
    await site_of(request).store.library.take(ids["collection_id"], ids["file_id"], who.account_id)
    return nothing()


async def archive(request: Request) -> Response:
    """GET /v1/files.zip?file=…&file=…: these files in one archive, made while it is sent."""
    who = await caller(request, "read", "run")
    ids = list(dict.fromkeys(request.query_params.getlist("file")))
    if not 1 <= len(ids) <= MOST_FILES:
        raise _refused(f"found {len(ids)} ids; 1 to {MOST_FILES} are accepted")
    library = site_of(request).store.library
    return await _archive(request, who, [await library.entry(file_id, who.account_id) for file_id in ids])


async def archive_of(request: Request) -> Response:
    """GET /v1/collections/{collection_id}/files.zip: all files of a collection in one archive."""
    who = await caller(request, "read", "run")
    library = site_of(request).store.library
    found = await library.collection(request.path_params["collection_id"], who.account_id)
    if found.files > MOST_FILES:
        raise _refused(f"the collection has {found.files} files; at most {MOST_FILES} in one archive are accepted")
    shelf = Shelf(collection_id=found.id, limit=MOST_FILES)
    return await _archive(request, who, await library.entries(who.account_id, shelf))


async def _archive(request: Request, who: Caller, entries: list[Entry]) -> Response:
    site, files = site_of(request), [entry.file for entry in entries]
    if (size := sum(file.size_bytes for file in files)) > MOST_ARCHIVE_BYTES:
        raise _refused(f"these files have {size} bytes; at most {MOST_ARCHIVE_BYTES} in one archive are accepted")
    await check_there(site, files)
    sent = PlacedStream(
        zipped(site, files),
        media_type="application/zip",
        headers={"Content-Disposition": 'attachment; filename="mutoscope-files.zip"', "Cache-Control": "no-store"},
    )
    sent.place = site.archives.taken(who.account_id)
    return sent


def _refused(message: str) -> InvalidInput:
    return InvalidInput(problems=(Problem("file", message, "query"),), code=422003)


def _name(body: object) -> str:
    name = body.get("name") if isinstance(body, dict) else None
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= LONGEST_NAME or not _NAME.fullmatch(name.strip()):
        raise InvalidInput(
            problems=(Problem("name", f"1 to {LONGEST_NAME} printable characters are accepted", "name"),)
        )
    return name.strip()


def _described(collection: Collection) -> dict[str, Any]:
    return {
        "collection_id": collection.id,
        "name": collection.name,
        "files": collection.files,
        "created_at": timestamp(collection.created_ms),
    }
