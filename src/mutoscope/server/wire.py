"""Reading requests and writing answers: bodies under a cap, JSON, cursors, the address a caller used."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from mutoscope.errors import BadRequest, InvalidInput, Problem, TooLarge
from mutoscope.site import Site

MOST_VALUES = 200_000
"""Values in a JSON body. Ten megabytes of single digits keep the interpreter, and with it every lease, for seconds;
a data URI of any length is one value."""


def site_of(request: Request) -> Site:
    """The site this request came to."""
    site: Site = request.scope["mutoscope.site"]
    return site


def answer(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(data), status, headers, "application/json")


def nothing() -> Response:
    """204: done, nothing to say."""
    return Response(status_code=204)


def base_url(request: Request) -> str:
    """The address this caller reaches us at: the configured one, or the host it named."""
    site = site_of(request)
    if site.public_url:
        return site.public_url
    host = request.headers.get("host") or "localhost"
    return f"{request.scope['scheme']}://{host}"


async def chunks(request: Request, limit_bytes: int) -> AsyncIterator[bytes]:
    """The body as it arrives. Raises TooLarge, before reading when the length is announced."""
    check_announced(request, limit_bytes)
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit_bytes:
            raise TooLarge(f"the body has more than {limit_bytes} bytes, which is the most accepted")
        yield chunk


def check_announced(request: Request, limit_bytes: int) -> None:
    """Raises TooLarge for a body that is announced as larger: a client that waits for `100 Continue` sends none."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit_bytes:
        raise TooLarge(f"the body has {announced} bytes; at most {limit_bytes} are accepted")


async def read_json(request: Request, limit_bytes: int) -> Any:
    """The body as JSON. Raises TooLarge and BadRequest."""
    body = await read_whole(request, limit_bytes)
    if not body:
        raise BadRequest("the body is empty; a JSON object is accepted")
    if body.count(b",") > MOST_VALUES:  # each value but the first comes after a comma
        raise TooLarge(f"the body holds more than {MOST_VALUES} values, which is the most accepted")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        where = f"line {exc.lineno} column {exc.colno}"
        raise BadRequest(
            f"the body is not valid JSON (RFC 8259, UTF-8, no NaN, no lone surrogates): problem at {where}"
        ) from exc


async def read_whole(request: Request, limit_bytes: int) -> bytes:
    """The body at once; most arrive in one piece."""
    check_announced(request, limit_bytes)
    message = await request.receive()
    if message["type"] == "http.request" and not message.get("more_body") and len(message["body"]) <= limit_bytes:
        return bytes(message["body"])
    first = message

    async def receive() -> Message:
        nonlocal first
        message, first = first, {}
        return message or await request.receive()

    return b"".join([chunk async for chunk in chunks(Request(request.scope, receive), limit_bytes)])


class Query:
    """Query parameters, read with their problems collected, so that all are told at once."""

    def __init__(self, request: Request) -> None:
        self._params = request.query_params
        self._problems: list[Problem] = []

    def text(self, name: str) -> str | None:
        """The value, or None when absent or empty."""
        return self._params.get(name) or None

    def words(self, name: str, longest: int) -> str:
        """A text of at most so many characters; empty when absent."""
        value = self._params.get(name) or ""
        if len(value) > longest:
            self._wrong(name, f"a text of at most {longest} characters")
        return value

    def flag(self, name: str) -> bool:
        """`true` or `1`; absent is false."""
        value = (self._params.get(name) or "false").lower()
        if value not in ("true", "false", "1", "0"):
            self._wrong(name, "true or false")
        return value in ("true", "1")

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number from low to high."""
        value = self._params.get(name) or str(default)
        if not (value.isascii() and value.isdigit() and len(value) < 10 and low <= int(value) <= high):
            self._wrong(name, f"a whole number from {low} to {high}")
            return default
        return int(value)

    def decimal(self, name: str, low: float, high: float) -> float | None:
        """A number from low to high, or None when absent."""
        value = self.text(name)
        try:
            number = None if value is None else float(value)
        except ValueError:
            number = high + 1
        if number is not None and not low <= number <= high:
            self._wrong(name, f"a number from {low:g} to {high:g}")
            return None
        return number

    def word(self, name: str, accepted: tuple[str, ...]) -> str | None:
        """One of the accepted words, or None when absent."""
        value = self.text(name)
        if value is not None and value not in accepted:
            self._wrong(name, "one of " + ", ".join(accepted))
        return value

    def time_ms(self, name: str) -> int | None:
        """An ISO 8601 instant, or None when absent. Without an offset it is read as UTC."""
        value = self.text(name)
        if value is None:
            return None
        try:
            at = datetime.fromisoformat(value.replace(" ", "+"))
            return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
        except (ValueError, OverflowError):
            self._wrong(name, "a time such as 2026-01-02T03:04:05+00:00")
            return None

    def day(self, name: str) -> date | None:
        """A date such as 2026-01-02, or None when absent."""
        value = self.text(name)
        try:
            return date.fromisoformat(value) if value else None
        except ValueError:
            self._wrong(name, "a date such as 2026-01-02")
            return None

    def cursor(self, name: str = "cursor") -> tuple[int, str] | None:
        """What `next_cursor` of an earlier page said."""
        value = self.text(name)
        if value is None:
            return None
        try:
            ms, _, ident = base64.urlsafe_b64decode(value).decode("ascii").partition(":")
            if not (len(ms) < 16 and len(ident) <= 64):
                raise ValueError(value)
            return int(ms), ident
        except (ValueError, binascii.Error):
            self._wrong(name, "the next_cursor of the page before")
            return None

    def check(self) -> None:
        """Raises InvalidInput if anything was wrong."""
        if self._problems:
            raise InvalidInput(problems=tuple(self._problems), code=422003)

    def _wrong(self, name: str, accepted: str) -> None:
        self._problems.append(Problem(name, f"{accepted} is accepted", "query"))


def next_cursor(page_full: bool, created_ms: int, ident: str) -> str | None:
    """Where the next page starts; None on the last one."""
    if not page_full:
        return None
    return base64.urlsafe_b64encode(f"{created_ms}:{ident}".encode()).decode()
