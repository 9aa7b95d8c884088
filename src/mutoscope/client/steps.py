"""The few things a driver does for the protocol, and how one answer is obtained.

A script is a generator that yields steps and receives what came of them; it never touches the network or the
clock's sleep itself. A driver performs the steps (`sync` blocks, `aio` awaits) and throws what went wrong
back in, so every decision (retry, resume, give up, cancel) is written once. Read `protocol` next.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, Generic, TypeVar

from .errors import ConnectionFailed, UnexpectedAnswer, WaitTimedOut

T = TypeVar("T")

MAX_ANSWER_BYTES = 64 << 20
"""The largest JSON answer that is read into memory; our own are far below."""

SLOW_STATUSES = frozenset({502, 503, 504})


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file to send as the multipart field `file`."""

    name: str
    content: IO[bytes] | bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Open:
    """Send a request; the reply is `Opened`. timeout_s: longest silence; follow: go where redirects lead."""

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    file: FilePart | None = None
    timeout_s: float | None = None
    follow: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """An answer whose body is still to be read. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    stream: Any

    @property
    def retry_after_s(self) -> float | None:
        """Seconds in Retry-After; the date form is not read."""
        value = self.headers.get("retry-after", "")
        return float(value) if value.isascii() and value.isdigit() else None


@dataclass(frozen=True, slots=True)
class Read:
    """The next bytes of a body; the reply is None at its end."""

    stream: Any


@dataclass(frozen=True, slots=True)
class Close:
    """Give the connection back. What a script leaves open its driver closes."""

    stream: Any


@dataclass(frozen=True, slots=True)
class Sleep:
    seconds: float


@dataclass(frozen=True, slots=True)
class Emit:
    """Hand a value to the caller while the script goes on."""

    value: Any


Step = Open | Read | Close | Sleep | Emit
Script = Generator[Step, Any, T]


class Run(Generic[T]):
    """One script on its way, as a driver sees it."""

    def __init__(self, script: Script[T]) -> None:
        self._script = script
        self.streams: list[Any] = []
        self.step: Step = Sleep(0)
        self.done = False
        self.value: T
        self._go(lambda: next(self._script))

    def answer(self, reply: object) -> None:
        """The step is done; go on to the next."""
        self._go(lambda: self._script.send(reply))

    def fail(self, exc: BaseException) -> None:
        """The step went wrong; the script may handle it, else it comes out of here."""
        self._go(lambda: self._script.throw(exc))

    def _go(self, advance: Callable[[], Step]) -> None:
        try:
            self.step = advance()
        except StopIteration as stop:
            self.done = True
            self.value = stop.value


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how long to try again. Pauses double from base_s up to cap_s, with jitter."""

    attempts: int = 5
    base_s: float = 0.5
    cap_s: float = 8.0
    total_s: float = 60.0


class Backoff:
    """The pauses of one call."""

    def __init__(self, retry: Retry) -> None:
        self._retry = retry
        self._tries = 1
        self._ends = time.monotonic() + retry.total_s

    def pause_s(self, at_least_s: float | None = None) -> float | None:
        """How long to wait before the next try; None when there is to be none."""
        pause = min(self._retry.cap_s, self._retry.base_s * 2.0 ** (self._tries - 1))
        pause *= random.uniform(0.5, 1.0)  # noqa: S311 - spreads clients out, guards nothing
        pause = max(pause, at_least_s or 0.0)
        if self._tries >= self._retry.attempts or time.monotonic() + pause > self._ends:
            return None
        self._tries += 1
        return pause


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    retry_after_s: float | None

    @property
    def json(self) -> Mapping[str, Any]:
        """The body as a JSON object. Raises UnexpectedAnswer."""
        try:
            data = json.loads(self.body)
        except ValueError:
            data = None
        if not isinstance(data, dict):
            raise UnexpectedAnswer(f"HTTP {self.status}: expected a JSON object, found {len(self.body)} other bytes")
        return data

    @property
    def refusal_body(self) -> Mapping[str, Any]:
        """The body of an error, empty when it is no JSON object."""
        try:
            return self.json
        except UnexpectedAnswer:
            return {}

    @property
    def may_pass(self) -> bool:
        """Whether asking again may help: a limit with a date, or a server away for a moment.

        A 503 with an `error_code` and no Retry-After is the server's considered answer, such as an engine
        that is not set up; asking again would only hide it.
        """
        if self.retry_after_s is not None:
            return self.status == 429 or self.status in SLOW_STATUSES
        return self.status in SLOW_STATUSES and "error_code" not in self.refusal_body


def exchange(request: Open, retry: Retry | None) -> Script[Answer]:
    """One request and its whole answer; tried again only when `retry` is given."""
    backoff = Backoff(retry or Retry(attempts=1))
    while True:
        try:
            opened: Opened = yield request
            answer = yield from read_answer(opened, request.url)
        except ConnectionFailed:
            pause = backoff.pause_s()
            if pause is None:
                raise
        else:
            pause = backoff.pause_s(answer.retry_after_s) if answer.may_pass else None
            if pause is None:
                return answer
        yield Sleep(pause)


def read_answer(opened: Opened, url: str) -> Script[Answer]:
    """The rest of an opened answer."""
    body = bytearray()
    while (chunk := (yield Read(opened.stream))) is not None:
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise UnexpectedAnswer(f"{url}: the answer is larger than {MAX_ANSWER_BYTES} bytes")
    yield Close(opened.stream)
    return Answer(opened.status, opened.headers, bytes(body), opened.retry_after_s)


class Deadline:
    """A point in time after which waiting for a request is over; never, without a limit."""

    def __init__(self, request_id: str, timeout_s: float | None) -> None:
        self._request_id = request_id
        self._timeout_s = timeout_s
        self._ends = None if timeout_s is None else time.monotonic() + timeout_s

    def left_s(self, at_most_s: float) -> float:
        """Seconds until the end, at most so many. Raises WaitTimedOut when it has passed."""
        if self._ends is None:
            return at_most_s
        left = self._ends - time.monotonic()
        if left <= 0:
            raise WaitTimedOut(self._request_id, self._timeout_s or 0.0)
        return min(left, at_most_s)
