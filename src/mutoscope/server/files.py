"""Files: upload, list, fetch with ranges, delete. A signed address opens one file without a key until it expires.

What is stored was recognised by its content first, so the media type that is served is never the uploader's word.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from pathlib import Path
from typing import Any

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from mutoscope import intake
from mutoscope.errors import BadRequest, InvalidInput, MediaError, NotFound, Problem, RangeNotSatisfiable
from mutoscope.jobs import timestamp
from mutoscope.server.auth import caller, known_caller
from mutoscope.server.outputs import file_url, signed_url
from mutoscope.server.problems import problem
from mutoscope.server.sessions import cookie_name
from mutoscope.server.wire import Query, answer, base_url, chunks, next_cursor, nothing, site_of
from mutoscope.site import Site
from mutoscope.store.library import KINDS, ROLES, Entry, Shelf
from mutoscope.store.records import Caller, File

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
STRAIGHT_S = 3600
"""How long an address in the bucket is good for at most: a player asks for more while it plays."""
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


async def upload(request: Request) -> Response:
    """POST /v1/files: one picture, video or sound, as multipart field `file` or as the raw body."""
    who = await caller(request, "run")
    site = site_of(request)
    announced = request.headers.get("content-length", "")
    site.check_room(int(announced) if announced.isdigit() else 0)
    with site.uploads.taken(who.account_id), tempfile.TemporaryDirectory(prefix="mutoscope-upload-") as folder:
        path = Path(folder) / "file"
        name = await _receive(request, path)
        file = await _keep(site, who, path, name)
    return answer(described(site, base_url(request), Entry(file)), 201)


async def _receive(request: Request, path: Path) -> str:
    limit = site_of(request).limits.max_upload_bytes
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return await _receive_form(request, path, limit)
    with path.open("wb") as target:
        async for chunk in chunks(request, limit):
            await asyncio.to_thread(target.write, chunk)
    return request.query_params.get("name") or "upload"


async def _receive_form(request: Request, path: Path, limit: int) -> str:
    _, parameters = parse_options_header(request.headers["content-type"])
    if parameters.get(b"charset", b"utf-8").lower() not in (b"utf-8", b"us-ascii"):  # some take ages, some are none
        raise BadRequest("the multipart form names a charset; RFC 7578 knows none, and UTF-8 is read")
    capped = chunks(request, limit + 64 * 1024)  # the form's own lines come on top

    async def receive() -> dict[str, Any]:
        chunk = await anext(capped, None)
        return {"type": "http.request", "body": chunk or b"", "more_body": chunk is not None}

    try:
        async with Request(request.scope, receive).form(max_files=1, max_fields=8) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise InvalidInput(problems=(Problem("file", "the form needs a field `file` with a file", "form"),))
            with path.open("wb") as target:
                while chunk := await file.read(1 << 20):
                    await asyncio.to_thread(target.write, chunk)
            return file.filename or "upload"
    except (MultiPartException, MultipartParseError) as exc:
        raise BadRequest("the multipart form could not be read") from exc


async def _keep(site: Site, who: Caller, path: Path, name: str) -> File:
    if path.stat().st_size == 0:
        raise BadRequest("the file is empty")
    try:
        return await intake.store_file(site, who.account_id, path, name=safe_name(name), role="upload", request_id=None)
    except MediaError as exc:
        raise InvalidInput(problems=(Problem("file", exc.message, exc.rule or "media"),)) from exc


def safe_name(name: str) -> str:
    """A caller's file name reduced to letters, digits, dot, dash and underscore: it never becomes a path."""
    plain = _UNSAFE.sub("-", name.replace("\\", "/").rsplit("/", 1)[-1]).strip(".-")
    return plain[:80] or "upload"


async def index(request: Request) -> Response:
    """GET /v1/files: uploads of the account, or what ?role= names, newest first; by kind, favourites, collection."""
    who = await caller(request, "read", "run")
    site = site_of(request)
    query = Query(request)
    role = query.word("role", (*ROLES, "all")) or "upload"
    shelf = Shelf(
        role=None if role == "all" else role,
        kind=query.word("kind", KINDS),
        favourites=query.flag("favourite"),
        collection_id=query.text("collection"),
        limit=query.number("limit", 50, 1, 500),
        cursor=query.cursor(),
    )
    query.check()
    found = await site.store.library.entries(who.account_id, shelf)
    last = found[-1].file if found else None
    cursor = next_cursor(len(found) == shelf.limit, last.created_ms, last.id) if last else None
    base = base_url(request)
    return answer({"files": [described(site, base, entry) for entry in found], "next_cursor": cursor})


async def show(request: Request) -> Response:
    """GET /v1/files/{file_id}: what is known of an upload or an output, with a fresh address of it."""
    who = await caller(request, "read", "run")
    site = site_of(request)
    entry = await site.store.library.entry(request.path_params["file_id"], who.account_id)
    return answer(described(site, base_url(request), entry))


async def fetch(request: Request) -> Response:
    """GET /v1/files/{file_id}/{name}: with a signature, or with a key of the account that owns it."""
    site = site_of(request)
    file_id = request.path_params["file_id"]
    params = request.query_params
    signed = site.signer.verify(file_id, params.get("expires"), params.get("signature"))
    who = None if signed else await _owner(request)
    file = await site.store.file(file_id)
    if who is not None and file.account_id != who.account_id:
        raise NotFound("file not found")
    return (_straight(request, file) if signed else None) or await serve(request, file)


def _straight(request: Request, file: File) -> Response | None:
    """Sends whoever holds a signed address to the bucket, where that is possible.

    Those who show a key would show it there too, if their client is careless; what pages draw from has to be of their
    own site. They get the bytes from here, and a HEAD is answered without any.
    """
    site = site_of(request)
    shows_itself = "authorization" in request.headers or cookie_name(request) in request.cookies
    if site.direct != "all" or request.method != "GET" or shows_itself or _is_known(request, _etag(file)):
        return None
    left_s = int(request.query_params["expires"]) - int(time.time())
    return straight(site, file, 302, expires_s=max(1, min(left_s, STRAIGHT_S)))


def straight(site: Site, file: File, status: int, *, expires_s: int = STRAIGHT_S) -> Response | None:
    """A redirect to the bytes in the bucket; None where the server has to send them itself."""
    url = site.storage.url(file.key, expires_s=expires_s, media_type=file.media_type, name=file.name)
    return Response(status_code=status, headers={"Location": url, "Cache-Control": "no-store"}) if url else None


async def _owner(request: Request) -> Caller:
    if await known_caller(request) is None and "signature" in request.query_params:
        raise NotFound("this address has expired, or its signature is wrong", code=404002)
    return await caller(request, "read", "run")


async def delete(request: Request) -> Response:
    """DELETE /v1/files/{file_id}: an upload; outputs go with their request."""
    who = await caller(request, "run")
    site = site_of(request)
    file = await site.store.file(request.path_params["file_id"])
    if file.account_id != who.account_id or file.role != "upload":
        raise NotFound("file not found")
    await intake.forget(site, [file])
    return nothing()


async def serve(request: Request, file: File) -> Response:
    """The bytes of a file, or the part that was asked for."""
    site = site_of(request)
    etag = _etag(file)
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=3600",
        "Content-Disposition": f'inline; filename="{file.name}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "ETag": etag,
    }
    if _is_known(request, etag):
        return Response(status_code=304, headers=headers)
    try:
        part = _part(request, file, etag)
    except RangeNotSatisfiable as exc:
        refused = problem(exc)
        refused.headers["Content-Range"] = f"bytes */{file.size_bytes}"
        return refused
    start, end = part or (0, file.size_bytes)
    headers["Content-Length"] = str(end - start)
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size_bytes}"
    code = 206 if part else 200
    if request.method == "HEAD":
        return Response(None, code, headers, file.media_type)
    bytes_ = await site.storage.open(file.key, start=start, end=end)
    return StreamingResponse(bytes_, code, headers, file.media_type)


def _etag(file: File) -> str:
    return f'"{file.sha256[:32]}"'


def _is_known(request: Request, etag: str) -> bool:
    """Does If-None-Match name this file? Proxies that compress send the tag back weakened."""
    tags = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return etag in tags or tags == ["*"]


def _part(request: Request, file: File, etag: str) -> tuple[int, int] | None:
    """The single range asked for, as [start, end); None for the whole file."""
    header = request.headers.get("range")
    if header is None or request.headers.get("if-range", etag) != etag:
        return None
    match = _RANGE.fullmatch(header.strip())
    if match is None or match[1] == match[2] == "":
        return None  # several ranges, or none that we know: the whole file is a legal answer
    size = file.size_bytes
    if match[1] == "":
        start, end = max(0, size - int(match[2])), size
    else:
        start, end = int(match[1]), min(size, int(match[2]) + 1 if match[2] else size)
        if match[2] and int(match[2]) < start:
            return None  # not a range at all, so it is to be ignored
    if start >= end:
        raise RangeNotSatisfiable(f"the file has {size} bytes")
    return start, end


def described(site: Site, base: str, entry: Entry) -> dict[str, Any]:
    """A file as our API tells it."""
    file = entry.file
    return {
        "file_id": file.id,
        "url": file_url(site, base, file),
        "name": file.name,
        "role": file.role,
        "request_id": file.request_id,
        "media_type": file.media_type,
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
        "width_px": file.info.get("width_px"),
        "height_px": file.info.get("height_px"),
        "poster_url": signed_url(site, base, *entry.poster) if entry.poster else None,
        "favourite": entry.is_favourite,
        "created_at": timestamp(file.created_ms),
        "expires_in_s": site.limits.file_url_ttl_s,
    }
