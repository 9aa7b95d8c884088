"""Every error Mutoscope raises on purpose, in one tree.

MutoscopeError
├── InvalidInput            422  what the caller sent does not fit; carries every problem found
├── BadRequest              400  the request could not be read at all
├── Unauthorized            401  no key, an unknown key, a revoked or expired key
├── PaymentRequired         402  a spending limit is reached
├── Forbidden               403  the key lacks a scope
├── NotFound                404  no such thing, or not yours
│   └── Expired             410  it was there, and was kept as long as the operator said
├── NotAllowed              405  the address exists, the method does not
├── Conflict                409  the state does not allow it
│   └── LeaseLost           409  a worker speaks for an attempt that is no longer its own
│       └── Cancelled       409  because the caller took the request back
├── TooLarge                413  a body or a file beyond the limit
├── RangeNotSatisfiable     416  the part asked for lies outside the file
├── RateLimited             429  ask again later
├── EngineUnavailable       503  the model's engine is not set up, or the server is draining
├── QueueFull               503  the site has as much waiting as it accepts
├── TimedOut                504  somebody else did not answer in time
├── DatabaseBusy            503  another program holds the database; nothing was accepted
├── DatabaseUnavailable     503  the database does not answer; nothing was accepted
├── StorageUnavailable      503  the bucket does not answer; nothing was accepted
├── StorageFull             507  the disk has no room to accept work
├── MediaError              –    an input file could not be fetched, read or accepted: the request fails
├── EngineError             –    an engine failed; `retryable` says whether another attempt can help
│   └── OutOfTime           –    it took longer than the model's time limit
└── ConfigError             –    a setting or manifest is wrong: the program refuses to start

A message says where, what was found and what is accepted, and is safe to show to the caller: it never holds
a prompt, a key, a data URI or a signed address. Codes are HTTP status x 1000 + 1 unless the contract names one;
each is explained in docs/reference/errors.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where.

    path      JSON path of the value, such as `image_urls[0]`; empty for the whole body.
    message   what was found and what is accepted.
    rule      the rule that was broken, such as `maxLength` or `file_size_mb<`.
    """

    path: str
    message: str
    rule: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class MutoscopeError(Exception):
    """Something went wrong."""

    status = 500
    code = 500001
    retry_after_s: int | None = None
    headers: Mapping[str, str] = {}
    """What the answer says beside the body."""

    def __init__(self, message: str = "", *, code: int | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").split("\n")[0]
        super().__init__(self.message)
        if code is not None:
            self.code = code

    @property
    def detail(self) -> list[dict[str, str]]:
        """Machine-readable parts of the error, one object per problem."""
        return []


class InvalidInput(MutoscopeError):
    """The input does not fit the model's schema."""

    status = 422
    code = 422001

    def __init__(self, message: str = "", *, problems: tuple[Problem, ...] = (), code: int | None = None) -> None:
        super().__init__(message or "; ".join(str(problem) for problem in problems), code=code)
        self.problems = problems

    @property
    def detail(self) -> list[dict[str, str]]:
        return [{"path": p.path, "message": p.message, "rule": p.rule} for p in self.problems]


class BadRequest(MutoscopeError):
    """The request could not be read."""

    status = 400
    code = 400001


class Unauthorized(MutoscopeError):
    """A valid API key is needed: Authorization: Bearer <key>."""

    status = 401
    code = 401001


class PaymentRequired(MutoscopeError):
    """The spending limit of this key is reached."""

    status = 402
    code = 400002


class Forbidden(MutoscopeError):
    """This key may not do that."""

    status = 403
    code = 403001


class NotFound(MutoscopeError):
    """No such resource."""

    status = 404
    code = 404001


class Expired(NotFound):
    """It was kept as long as this server keeps such things, and is gone."""

    status = 410
    code = 410001


class NotAllowed(MutoscopeError):
    """This address does not answer that method."""

    status = 405
    code = 405001


class Conflict(MutoscopeError):
    """The current state does not allow that."""

    status = 409
    code = 409001


class LeaseLost(Conflict):
    """The lease on this attempt is gone; its result is refused."""

    code = 409002


class Cancelled(LeaseLost):
    """The request was cancelled; nobody waits for its result."""

    code = 409003


class TooLarge(MutoscopeError):
    """The body is larger than this server accepts."""

    status = 413
    code = 413001


class RangeNotSatisfiable(MutoscopeError):
    """The range asked for lies outside the file."""

    status = 416
    code = 416001


class RateLimited(MutoscopeError):
    """Too many requests."""

    status = 429
    code = 429001

    def __init__(
        self,
        message: str = "",
        *,
        code: int | None = None,
        retry_after_s: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.retry_after_s = retry_after_s
        self.headers = headers or {}


class EngineUnavailable(MutoscopeError):
    """The engine of this model is not set up on this server."""

    status = 503
    code = 503001


class QueueFull(MutoscopeError):
    """The server has as much waiting as it accepts."""

    status = 503
    code = 503004
    retry_after_s = 5


class TimedOut(MutoscopeError):
    """No answer came in time."""

    status = 504
    code = 504001


class DatabaseBusy(MutoscopeError):
    """The database is held by another program; nothing was accepted."""

    status = 503
    code = 503003


class DatabaseUnavailable(MutoscopeError):
    """The database does not answer; nothing was accepted."""

    status = 503
    code = 503005
    retry_after_s = 2


class StorageUnavailable(MutoscopeError):
    """The file storage does not answer; nothing was accepted."""

    status = 503
    code = 503007
    retry_after_s = 2


class StorageFull(MutoscopeError):
    """The server's disk is full; nothing was accepted."""

    status = 507
    code = 507001


class MediaError(MutoscopeError):
    """An input file could not be fetched, read or accepted."""

    def __init__(self, message: str = "", *, field: str = "", rule: str = "", retryable: bool = False) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.rule = rule
        self.retryable = retryable


class EngineError(MutoscopeError):
    """The engine failed.

    declined   it began nothing and cannot do it now; another engine may.
    """

    def __init__(self, message: str = "", *, retryable: bool = False, declined: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.declined = declined


class OutOfTime(EngineError):
    """The engine took longer than the model's time limit."""


class ConfigError(MutoscopeError):
    """A setting or a manifest is wrong."""
