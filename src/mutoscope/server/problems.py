"""The one translation of errors to answers: `error_code`, `error_message`, `message`, `detail`."""

from __future__ import annotations

import errno

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import Response

from mutoscope.errors import MutoscopeError, NotAllowed, NotFound, StorageFull


def problem(exc: Exception) -> Response:
    """The answer to an error."""
    headers: dict[str, str] = {}
    if isinstance(exc, HTTPException):
        headers |= exc.headers or {}
        exc = _foreign(exc)
    if isinstance(exc, OSError) and exc.errno in (errno.ENOSPC, errno.EDQUOT):
        exc = StorageFull()
    if not isinstance(exc, MutoscopeError):
        exc = MutoscopeError("an internal error; the server's log has the details")
    headers |= exc.headers
    if exc.retry_after_s is not None:
        headers["Retry-After"] = str(exc.retry_after_s)
    if exc.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if exc.status == 503:
        headers.setdefault("Retry-After", "5")
    return Response(orjson.dumps(body(exc)), exc.status, headers, "application/json")


def body(exc: MutoscopeError) -> dict[str, object]:
    """The error as every endpoint tells it."""
    return {
        "error_code": exc.code,
        "error_message": exc.message,
        "message": exc.message,
        "detail": exc.detail,
    }


def _foreign(exc: HTTPException) -> MutoscopeError:
    if exc.status_code == 404:
        return NotFound("no such address; the list is at /openapi.json")
    if exc.status_code == 405:
        return NotAllowed(f"this address answers {(exc.headers or {}).get('Allow', 'other methods')}")
    error = MutoscopeError(str(exc.detail), code=exc.status_code * 1000 + 1)
    error.status = exc.status_code
    return error
