"""A worker's end of the worker protocol: calls to the server, and how they are tried again.

Nothing is decided about a job here. Messages: `protocol`. Read next: `lease`.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx
import orjson
import structlog

from mutoscope.ability import Ability
from mutoscope.errors import Cancelled, EngineError, LeaseLost, MediaError, StorageUnavailable
from mutoscope.protocol import (
    Assignment,
    Beat,
    Check,
    CheckClaim,
    Checked,
    Claim,
    Destination,
    Finish,
    Lost,
    Remember,
    Stored,
    Upload,
    Uploaded,
    Watch,
    Withdrawal,
    WithdrawalClaim,
    decode,
    encode,
)
from mutoscope.transfer import CHUNK_BYTES, Transfer, TransferFailed, save

logger = structlog.get_logger(__name__)
T = TypeVar("T")

DIRECT_BYTES = 1 << 20
"""Smaller outputs go through the server: one call instead of three (measured: 300 KB arrive 1.4 times as fast)."""
TIMEOUT_S = 10.0
STORAGE_S = 45.0
"""How long the server may take for a call that makes it ask the bucket."""
WORDS = 300
"""Characters of what a server says that are passed on."""
GONE = frozenset({404, 409, 410})
"""Statuses that say: this attempt is not yours (any more)."""
PASSING = frozenset({408, 429})
"""Statuses below 500 that another try may mend."""


class ServerAway(EngineError):
    """The server could not be reached."""


class StorageAway(ServerAway):
    """The server was reached, but the storage was not."""


class Refused(EngineError):
    """The server does not take this worker, or not what it says; its words tell why."""


class Link:
    """Calls to the server. Safe to use from two threads.

    Every call raises ServerAway for what another try may mend and LeaseLost when the attempt is not ours.
    """

    def __init__(self, server_url: str, token: str, worker_id: str) -> None:
        self.worker_id = worker_id
        self._client = httpx.Client(
            base_url=server_url,
            headers={"Authorization": f"Bearer {token}", "X-Mutoscope-Worker": worker_id},
            timeout=TIMEOUT_S,
            trust_env=False,
        )
        self._transfer = Transfer()

    def claim(self, engines: tuple[str, ...], *, wait_s: float, ability: Ability | None = None) -> Assignment | None:
        can = ability or Ability()
        claim = Claim(
            worker_id=self.worker_id,
            engines=engines,
            wait_s=wait_s,
            models=can.models,
            warm=can.warm,
            gpu_memory_gb=can.gpu_memory_gb,
            labels=can.labels,
            versions=can.versions,
        )
        answer = self._post("/worker/v1/claim", claim, timeout_s=wait_s + TIMEOUT_S)
        if answer.status_code == 204:
            return None
        try:
            return decode(Assignment, orjson.loads(answer.content))
        except ValueError as exc:
            raise ServerAway(f"the server's answer to a claim cannot be understood: {exc}") from exc

    def beat(self, request_id: str, beat: Beat, *, timeout_s: float) -> None:
        self._post(f"/worker/v1/requests/{request_id}/beat", beat, timeout_s=timeout_s)

    def watch(self, request_id: str, attempt: int, *, wait_s: float) -> bool:
        """Come back when the time is over, or raise LeaseLost as soon as the attempt has to stop.

        False: the server cannot be watched; the next beat tells.
        """
        address = f"/worker/v1/requests/{request_id}/watch"
        with _errors():
            answer = self._client.post(address, json=encode(Watch(attempt, wait_s)), timeout=wait_s + TIMEOUT_S)
        if answer.status_code == 404:
            return False
        _accept(answer)
        return True

    def remember(self, request_id: str, remember: Remember) -> None:
        self._post(f"/worker/v1/requests/{request_id}/remember", remember, timeout_s=TIMEOUT_S)

    def finish(self, request_id: str, finish: Finish) -> None:
        self._post(f"/worker/v1/requests/{request_id}/finish", finish, timeout_s=TIMEOUT_S)

    def claim_check(self, *, wait_s: float) -> Check | None:
        answer = self._post("/worker/v1/checks/claim", CheckClaim(wait_s), timeout_s=wait_s + TIMEOUT_S)
        if answer.status_code == 204:
            return None
        try:
            return decode(Check, orjson.loads(answer.content))
        except ValueError as exc:
            raise ServerAway(f"the server's answer cannot be understood: {exc}") from exc

    def finish_check(self, check_id: str, checked: Checked) -> None:
        self._post(f"/worker/v1/checks/{check_id}/finish", checked, timeout_s=TIMEOUT_S)

    def claim_withdrawal(self, engines: tuple[str, ...], *, wait_s: float) -> Withdrawal | None:
        claim = WithdrawalClaim(engines, wait_s)
        answer = self._post("/worker/v1/withdrawals/claim", claim, timeout_s=wait_s + TIMEOUT_S)
        if answer.status_code == 204:
            return None
        try:
            return decode(Withdrawal, orjson.loads(answer.content))
        except ValueError as exc:
            raise ServerAway(f"the server's answer cannot be understood: {exc}") from exc

    def finish_withdrawal(self, request_id: str) -> None:
        self._call(f"/worker/v1/withdrawals/{request_id}/finish", {}, timeout_s=TIMEOUT_S)

    def get(self, url: str, target: Path, *, limit_bytes: int, check: Callable[[], None], direct: bool = False) -> None:
        """Bytes of a stored input into a file; `check` is called between chunks. direct: the bucket may be asked."""
        if not url.startswith("/") or url.startswith("//"):
            raise MediaError("the server named a stored file outside itself")
        with _errors(), self._client.stream("GET", url, params={"redirect": "1"} if direct else None) as answer:
            if answer.status_code == 404:
                raise MediaError("the file is no longer stored")
            if answer.status_code != 307:
                if not answer.is_success:
                    answer.read()  # it says which error
                _accept(answer)
                return save(answer, target, limit_bytes=limit_bytes, check=check)
        try:
            return self._transfer.get(answer.headers["location"], target, limit_bytes=limit_bytes, check=check)
        except TransferFailed as exc:
            logger.warning("bucket.not_reached", reason=exc.message)
        return self.get(url, target, limit_bytes=limit_bytes, check=check)

    def put(
        self, assignment: Assignment, path: Path, *, name: str, media_type: str, check: Callable[[], None]
    ) -> Stored:
        """Store one output; `check` is called between chunks. A bucket out of our reach is reached by the server."""
        if assignment.direct and path.stat().st_size >= DIRECT_BYTES:
            try:
                if stored := self._put_straight(assignment, path, name=name, media_type=media_type, check=check):
                    return stored
            except TransferFailed as exc:
                logger.warning("bucket.not_reached", reason=exc.message)
        headers = {"Content-Type": media_type, "Content-Length": str(path.stat().st_size)}
        attempt = {"attempt": assignment.attempt}
        address = f"/worker/v1/requests/{assignment.request_id}/files/{name}"
        with _errors(), contextlib.closing(_chunks(path, check)) as body:
            timeout = httpx.Timeout(TIMEOUT_S, read=STORAGE_S)
            answer = self._client.put(address, params=attempt, headers=headers, content=body, timeout=timeout)
        _accept(answer)
        return decode(Stored, orjson.loads(answer.content))

    def _put_straight(
        self, assignment: Assignment, path: Path, *, name: str, media_type: str, check: Callable[[], None]
    ) -> Stored | None:
        """Store one output in the bucket; None when the server takes it. Raises TransferFailed."""
        where, size_bytes = f"/worker/v1/requests/{assignment.request_id}/uploads", path.stat().st_size
        answer = self._post(where, Upload(assignment.attempt, name, size_bytes), timeout_s=STORAGE_S)
        if answer.status_code == 204:
            return None
        to = decode(Destination, orjson.loads(answer.content))
        sha256, etags = self._transfer.put(path, to, check=check)
        told = Uploaded(assignment.attempt, name, media_type, size_bytes, sha256, to.upload_id, etags)
        try:
            answer = self._post(f"{where}/{to.file_id}", told, timeout_s=STORAGE_S)
        except (LeaseLost, ServerAway):
            raise
        except EngineError as exc:
            raise TransferFailed("what was put into the bucket is not there") from exc
        return decode(Stored, orjson.loads(answer.content))

    def queue(self) -> Mapping[str, Any]:
        """What waits, and which workers of this fleet have a request; for whoever starts workers."""
        with _errors():
            answer = self._client.get("/worker/v1/queue")
        try:
            _accept(answer)
            told = orjson.loads(answer.content)
            return {"models": told["models"], "at_work": told["at_work"]}
        except (LeaseLost, orjson.JSONDecodeError, KeyError, TypeError) as exc:
            raise Refused("the server does not tell what waits; it is no Mutoscope, or an older one") from exc

    def lost(self, worker_id: str) -> int:
        """A worker of this fleet is gone: what it had is handed on; how many requests that were."""
        return int(
            orjson.loads(self._post("/worker/v1/lost", Lost(worker_id), timeout_s=TIMEOUT_S).content)["requests"]
        )

    def close(self) -> None:
        self._client.close()
        self._transfer.close()

    def _post(self, path: str, message: Any, *, timeout_s: float) -> httpx.Response:
        return self._call(path, encode(message), timeout_s=timeout_s)

    def _call(self, path: str, members: Mapping[str, Any], *, timeout_s: float) -> httpx.Response:
        body = orjson.dumps(members)
        headers = {"Content-Type": "application/json"}
        with _errors():
            answer = self._client.post(path, content=body, headers=headers, timeout=timeout_s)
        _accept(answer)
        return answer


def _accept(answer: httpx.Response) -> None:
    status = answer.status_code
    if status in GONE:
        raise Cancelled if _code(answer) == Cancelled.code else LeaseLost
    if status == StorageUnavailable.status and _code(answer) == StorageUnavailable.code:
        raise StorageAway("the server cannot reach the file storage", retryable=True)
    if status >= 500 or status in PASSING:
        raise ServerAway(f"the server answered {status}", retryable=True)
    if not answer.is_success:
        raise Refused(f"the server refused what the worker sent ({status}): {_words(answer)}")


def _code(answer: httpx.Response) -> object:
    """Which error it is, if the answer says so."""
    with contextlib.suppress(httpx.StreamError, orjson.JSONDecodeError, AttributeError):
        return orjson.loads(answer.content).get("error_code")
    return None


def _words(answer: httpx.Response) -> str:
    """Why, as far as the answer says so in a sentence of its own."""
    with contextlib.suppress(httpx.StreamError, orjson.JSONDecodeError, AttributeError):
        return str(orjson.loads(answer.content).get("message", ""))[:WORDS]
    return "without a reason"


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (httpx.RequestError, httpx.StreamError) as exc:
        raise ServerAway(retryable=True) from exc


def _chunks(path: Path, check: Callable[[], None]) -> Generator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            check()
            yield chunk


def insist(call: Callable[[], T], *, check: Callable[[], None], give_up_s: float) -> T:
    """The call's answer, tried again while the server is away. Raises what check raises, too."""
    deadline = time.monotonic() + give_up_s
    pauses = backoff(0.1, 2.0)
    while True:
        try:
            return call()
        except ServerAway:
            if time.monotonic() >= deadline:
                raise
        check()
        time.sleep(next(pauses))
        check()


def backoff(first_s: float, most_s: float) -> Iterator[float]:
    """Pauses that double up to a limit, shortened at random so that many workers do not return at once."""
    pause_s = first_s
    while True:
        yield pause_s * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
        pause_s = min(pause_s * 2, most_s)
