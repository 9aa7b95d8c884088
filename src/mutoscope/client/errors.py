"""Every error the client raises on purpose, in one tree.

ClientError
├── BadArgument         what was passed cannot be sent; nothing went over the wire
├── ConnectionFailed    no answer: refused, cut or timed out; names the address
├── UnexpectedAnswer    an answer that is not this API's
├── WaitTimedOut        the time limit of `run` or `wait` passed
├── RunFailed           the request was carried out and failed; carries the server's message
├── RunCancelled        the request was cancelled
├── WebhookVerificationError   a webhook is not signed by the secret, too old, or no event
└── APIError            the server refused: status, error_code, message, detail
    ├── InvalidInput    400, 422     ├── NotFound       404     ├── RateLimited   429
    ├── Unauthorized    401          ├── Conflict       409     └── ServerError   5xx
    ├── PaymentRequired 402          └── TooLarge       413
    └── Forbidden       403

No message ever holds the API key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """Something went wrong."""


class BadArgument(ClientError, ValueError):
    """What was passed cannot be sent."""


class ConnectionFailed(ClientError):
    """There was no answer.

    url         the address that was asked, without its query.
    timed_out   True when nothing came in time.
    refused     True when no connection could be made at all.
    """

    def __init__(self, url: str, reason: str, *, timed_out: bool = False, refused: bool = False) -> None:
        hint = ". Is the server running? Start one with `mutoscope serve`." if refused else ""
        super().__init__(f"{url}: {reason}{hint}")
        self.url = url
        self.reason = reason
        self.timed_out = timed_out
        self.refused = refused


class UnexpectedAnswer(ClientError):
    """The answer is not this API's."""


class WaitTimedOut(ClientError):
    """The time limit passed before the request ended."""

    def __init__(self, request_id: str, timeout_s: float) -> None:
        super().__init__(f"{request_id}: not finished after {timeout_s:g} s")
        self.request_id = request_id
        self.timeout_s = timeout_s


class RunFailed(ClientError):
    """The request failed."""

    def __init__(self, request_id: str, message: str) -> None:
        super().__init__(message)
        self.request_id = request_id
        self.message = message


class RunCancelled(ClientError):
    """The request was cancelled."""

    def __init__(self, request_id: str) -> None:
        super().__init__(f"{request_id}: cancelled")
        self.request_id = request_id


class WebhookVerificationError(ClientError):
    """This webhook is not to be believed."""


class APIError(ClientError):
    """The server refused.

    status          HTTP status, or the one that error_code implies when it came in a 200 answer.
    error_code      the server's number, such as 404001; 0 when it sent none.
    detail          the server's list of problems, each {"path", "message", "rule"} or text.
    retry_after_s   how long the server asked to wait, if it did.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        error_code: int = 0,
        detail: tuple[Any, ...] = (),
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"{message} [{error_code or status}]")
        self.status = status
        self.error_code = error_code
        self.message = message
        self.detail = detail
        self.retry_after_s = retry_after_s


class InvalidInput(APIError):
    """The input does not fit the model."""


class Unauthorized(APIError):
    """No key, or one the server does not know."""


class PaymentRequired(APIError):
    """A spending limit is reached."""


class Forbidden(APIError):
    """The key may not do that."""


class NotFound(APIError):
    """No such thing, or not yours."""


class Conflict(APIError):
    """The state does not allow it."""


class TooLarge(APIError):
    """The body is larger than the server accepts."""


class RateLimited(APIError):
    """Too many requests; ask again later."""


class ServerError(APIError):
    """The server failed or cannot serve now."""


_BY_STATUS: Mapping[int, type[APIError]] = {
    400: InvalidInput,
    401: Unauthorized,
    402: PaymentRequired,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    422: InvalidInput,
    429: RateLimited,
}


def refusal(
    status: int, body: Mapping[str, Any], *, hide: str | None = None, retry_after_s: float | None = None
) -> APIError:
    """The error that fits an answer.

    status   of the answer; 200 when the body carries an `error_code` nevertheless.
    body     the JSON object, empty when there was none.
    hide     the API key, blotted out should the server echo it.
    """
    code = body.get("error_code")
    code = code if isinstance(code, int) else 0
    if status < 400:
        status = code // 1000 if 400 <= code // 1000 <= 599 else 500
    message = error_text(body) or f"HTTP {status}"
    detail = body.get("detail")
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else APIError)
    return kind(
        status,
        message.replace(hide, "[key]") if hide else message,
        error_code=code,
        detail=tuple(detail) if isinstance(detail, list) else (detail,) if detail else (),
        retry_after_s=retry_after_s,
    )


def error_text(body: Mapping[str, Any]) -> str:
    """What went wrong, in the server's words; an `error` may be a text, an object or a list."""
    for name in ("error_message", "message", "error", "detail"):
        value = body.get(name)
        if isinstance(value, list):
            value = "; ".join(str(part) for part in value)
        if isinstance(value, Mapping):
            value = value.get("message") or value.get("type")
        if isinstance(value, str) and value:
            return value
    return ""
