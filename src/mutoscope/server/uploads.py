"""Outputs that workers put straight into the bucket: where to, and whether they arrived.

Each call names all that it needs, so any server of the site may answer it. Messages: `protocol`.
"""

from __future__ import annotations

import re
import uuid

from starlette.requests import Request
from starlette.responses import Response

from mutoscope import lifecycle
from mutoscope.errors import BadRequest, LeaseLost, NotFound
from mutoscope.protocol import Destination, Stored, Upload, Uploaded, encode
from mutoscope.server import auth
from mutoscope.server.files import safe_name
from mutoscope.server.wire import answer, nothing, site_of
from mutoscope.server.workers import OUTPUT_BYTES, media_type, message
from mutoscope.store.values import Held

EXPIRES_S = 3600
"""A large film on a slow line has to be through by then."""
_FILE_ID = re.compile(r"[0-9a-f]{32}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


async def begin(request: Request) -> Response:
    """POST /worker/v1/requests/{request_id}/uploads: where an output may be put, while the lease holds."""
    site = site_of(request)
    worker_id = auth.worker(request)
    wanted = await message(request, Upload)
    if not 0 <= wanted.size_bytes <= OUTPUT_BYTES:
        raise BadRequest(f"size_bytes: at most {OUTPUT_BYTES} are accepted", code=400003)
    held = Held(request.path_params["request_id"], worker_id, wanted.attempt)
    site.check_storage()
    await site.store.held_by(held)
    if site.direct == "none":
        return nothing()
    file_id = uuid.uuid4().hex
    key = lifecycle.output_key(held, file_id, safe_name(wanted.name))
    place = await site.storage.place(key, size_bytes=wanted.size_bytes, expires_s=EXPIRES_S)
    if place is None:
        return nothing()
    return answer(encode(Destination(file_id, place.parts, place.part_bytes, place.upload_id, EXPIRES_S)))


async def end(request: Request) -> Response:
    """POST /worker/v1/requests/{request_id}/uploads/{file_id}: it is there. 400: it is not; 409: nobody wants it."""
    site = site_of(request)
    worker_id = auth.worker(request)
    told = await message(request, Uploaded)
    file_id, name = request.path_params["file_id"], safe_name(told.name)
    if not (_FILE_ID.fullmatch(file_id) and _SHA256.fullmatch(told.sha256)):
        raise BadRequest("file_id and sha256: 32 and 64 hexadecimal digits are accepted", code=400003)
    held = Held(request.path_params["request_id"], worker_id, told.attempt)
    await site.store.held_by(held)
    key = lifecycle.output_key(held, file_id, name)
    try:
        size_bytes = await site.storage.placed(key, told.upload_id, told.etags)
    except NotFound:
        size_bytes = -1
    try:
        await site.store.held_by(held)
    except LeaseLost:
        await site.storage.delete(key)
        raise
    if size_bytes != told.size_bytes:
        await site.storage.delete(key)
        raise BadRequest(f"{name}: this attempt uploaded no such file", code=400003)
    return answer(encode(Stored(file_id, name, media_type(told.media_type), size_bytes, told.sha256)))
