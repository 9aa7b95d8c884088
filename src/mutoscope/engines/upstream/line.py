"""The line to one upstream: calls through `net`, what went wrong in three kinds, and a breaker.

Only the upstream's own origin may be anywhere; what it names besides, such as the address of an output, has to be
public. The key goes to that origin alone, and is cut out of whatever the upstream says.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from mutoscope import net
from mutoscope.engines.upstream.setup import Setup
from mutoscope.errors import EngineError, MediaError

ANSWER_BYTES = 8 << 20
OUTPUT_BYTES = 4 << 30
LOOK_S, SUBMIT_S, OUTPUT_S = 20.0, 60.0, 900.0
SLOW_BYTES_PER_S = 256 << 10
"""What is sent gets as much more time as this takes: a submit that is given up may have arrived."""
SAID_CHARACTERS = 400
TRIPS_AFTER = 5
"""Calls that fail one after the other before the breaker opens."""
OPEN_S = 30.0
"""How long it stays open; then one call is let through."""
_NOT_SENT = frozenset({"connect", "name", "address", "certificate", "tls", "scheme", "port"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_NEEDS_OPERATOR = frozenset({401, 402, 403, 404})


class Away(EngineError):
    """No answer, or one that says that the other side is broken. is_unsent: nothing of the call arrived."""

    def __init__(self, message: str, *, is_unsent: bool) -> None:
        super().__init__(message, retryable=True, declined=is_unsent)
        self.is_unsent = is_unsent


class Busy(EngineError):
    """Not now. after_s: when to ask again, if it was said."""

    def __init__(self, message: str, *, after_s: float | None) -> None:
        super().__init__(message, retryable=True, declined=True)
        self.after_s = after_s


class Refused(EngineError):
    """The upstream does not want this call. status: HTTP's."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message, declined=status in _NEEDS_OPERATOR)
        self.status = status


class Breaker:
    """Opens after `TRIPS_AFTER` calls in a row that nobody answered, for `OPEN_S`; then lets one through."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._opened = 0.0

    def check(self, name: str) -> None:
        """Raises Away while it is open."""
        left_s = self._opened + OPEN_S - self._clock()
        if self._failures >= TRIPS_AFTER and left_s > 0:
            raise Away(f"{name} did not answer {self._failures} times in a row", is_unsent=True)

    def heard(self) -> None:
        """It answered."""
        self._failures = 0

    def failed(self) -> None:
        """It did not."""
        self._failures += 1
        self._opened = self._clock()


@dataclass(frozen=True, slots=True)
class Reply:
    """What the upstream answered: the JSON value of the body, and the headers by lower-case name."""

    status: int
    headers: Mapping[str, str]
    value: Any


class Line:
    """Calls to one upstream. scheme: the word before the key in `Authorization`."""

    def __init__(self, setup: Setup, breaker: Breaker, *, scheme: str = "Bearer", traceparent: str = "") -> None:
        self._setup = setup
        self._breaker = breaker
        self._key = setup.key()
        self._scheme = scheme
        self._traceparent = traceparent
        self._trusted = frozenset({setup.origin})

    def check(self) -> None:
        """Raises Away while the breaker is open."""
        self._breaker.check(self._setup.vendor)

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        content: net.Content | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One call to an address below the upstream's own. Raises Away, Busy and Refused."""
        told = {"Accept": "application/json", **self.credentials, **(headers or {})}
        if self._traceparent:
            told["traceparent"] = self._traceparent
        if body is not None:
            content, told["Content-Type"] = orjson.dumps(body), "application/json"
        elif content is None and method != "GET":
            content = b""
        patience_s = LOOK_S if content is None else SUBMIT_S
        policy = net.Policy(
            max_bytes=ANSWER_BYTES,
            trusted=self._trusted,
            read_timeout_s=patience_s,
            total_timeout_s=patience_s + (len(content) if content else 0) / SLOW_BYTES_PER_S,
        )
        try:
            answer = net.ask(method, self._setup.url + path, policy, headers=told, content=content)
        except MediaError as exc:
            self._breaker.failed()
            raise Away(f"{self._setup.vendor}: {exc.message}", is_unsent=exc.rule in _NOT_SENT) from exc
        return self._reply(answer)

    def _reply(self, answer: net.Answer) -> Reply:
        name, status = self._setup.vendor, answer.status
        value = _json(answer.body)
        is_told = isinstance(value, dict) and value.get("error_code") is not None
        if status >= 500 and not (status == 503 and is_told):  # a gateway's 503 may follow a request that arrived
            self._breaker.failed()
            raise Away(f"{name} answered {status}", is_unsent=False)
        self._breaker.heard()
        if status in (429, 503):
            raise Busy(f"{name} is busy ({status})", after_s=_seconds(answer.headers.get("retry-after", "")))
        if not 200 <= status < 300:
            raise Refused(f"{name}: {self.cleaned(said(value)) or f'the answer was {status}'}", status=status)
        if is_told:  # RunComfy says some errors with 200
            raise Refused(f"{name}: {self.cleaned(said(value))}", status=400)
        if not isinstance(value, dict):
            raise Away(f"{name} answered with something that is no JSON object", is_unsent=False)
        return Reply(status, answer.headers, value)

    def download(self, url: str, target: Path, *, with_key: bool = False, limit_bytes: int = OUTPUT_BYTES) -> None:
        """An output into a file. Raises MediaError by the rules of `net`."""
        policy = net.Policy(max_bytes=limit_bytes, trusted=self._trusted, total_timeout_s=OUTPUT_S)
        net.download(url, target, policy, headers=self.credentials if with_key else {})

    @property
    def credentials(self) -> Mapping[str, str]:
        """What shows who we are."""
        return {"Authorization": f"{self._scheme} {self._key}"} if self._key else {}

    def cleaned(self, text: str) -> str:
        """What an upstream said, fit to be shown: one line, not too long, without our key."""
        if self._key:
            text = text.replace(self._key, "…")
        text = " ".join(_CONTROL.sub(" ", text).split())
        return text if len(text) <= SAID_CHARACTERS else text[: SAID_CHARACTERS - 1] + "…"


def said(value: Any) -> str:
    """The words in an error of any vendor: a text, or what stands under the names that they use."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(filter(None, map(said, value)))
    if not isinstance(value, dict):
        return ""
    places = value["loc"] if isinstance(value.get("loc"), list) else []
    where = ".".join(map(str, places)) + ": " if places else ""
    for name in ("error_message", "message", "msg", "error", "detail", "title"):
        if text := said(value.get(name)):
            return where + text
    return ""


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body) if body else {}
    except orjson.JSONDecodeError:
        return None


def _seconds(text: str) -> float | None:
    """`Retry-After` in seconds; a date is not read."""
    return min(float(text), 300.0) if re.fullmatch(r"\d{1,6}(\.\d{1,3})?", text) else None
