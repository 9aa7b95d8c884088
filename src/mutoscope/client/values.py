"""What the client's methods return: frozen values read from the server's JSON.

States are the five words `in_queue in_progress completed failed cancelled`, whichever dialect of them the
server speaks. Each value keeps the object it was read from in `raw`, for fields that have no name here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import UnexpectedAnswer, error_text

Json = Mapping[str, Any]

TERMINAL = frozenset({"completed", "failed", "cancelled"})
_STATES = {
    "in_queue": "in_queue",
    "in_progress": "in_progress",
    "completed": "completed",
    "succeeded": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}
_OUTPUT_KEYS = ("image", "images", "video", "videos", "audio", "audios")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True, slots=True)
class Submitted:
    """An accepted request."""

    request_id: str
    status_url: str
    result_url: str
    cancel_url: str
    raw: Json = field(repr=False)


@dataclass(frozen=True, slots=True)
class Status:
    """queue_position: requests ahead of this one; only while it is queued."""

    request_id: str
    state: str
    queue_position: int | None
    raw: Json = field(repr=False)

    @property
    def is_terminal(self) -> bool:
        return self.state in TERMINAL


@dataclass(frozen=True, slots=True)
class Result:
    """How a request stands or ended.

    output     of a completed request: one of `image images video videos` with URLs.
    metadata   engine, seed, plan, media, timings.
    cost_usd   None when the server does not say.
    files      where the outputs were saved, when an output folder was given.
    """

    request_id: str
    state: str
    output: Json
    metadata: Json
    error: str
    cost_usd: float | None
    created_at: str
    finished_at: str
    raw: Json = field(repr=False)
    files: tuple[Path, ...] = ()

    @property
    def is_terminal(self) -> bool:
        return self.state in TERMINAL

    @property
    def urls(self) -> tuple[str, ...]:
        """Every output's URL, in order."""
        found: list[str] = []
        for key in _OUTPUT_KEYS:
            value = self.output.get(key)
            found.extend(item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Cancellation:
    """outcome: `cancelled` or `not_cancellable`, in the server's word."""

    request_id: str
    state: str
    outcome: str

    @property
    def is_cancelled(self) -> bool:
        return self.state == "cancelled" or self.outcome == "cancelled"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a request.

    seq    grows; give it back as `last_event_id` to go on after it. None for what is not recorded.
    kind   `state`, `position`, `progress` or `log`.
    data   state: {"state", "error"?}; position: {"queue_position"}; progress: {"progress", "stage"};
           log: {"line"}.
    """

    seq: int | None
    kind: str
    data: Json

    @property
    def is_terminal(self) -> bool:
        return self.kind == "state" and state_word(self.data.get("state")) in TERMINAL


@dataclass(frozen=True, slots=True)
class Transfer:
    """How far a download is. total_bytes is None when the server does not say."""

    received_bytes: int
    total_bytes: int | None


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file the server keeps; `url` is what goes into a model's input."""

    file_id: str
    url: str
    name: str
    media_type: str
    size_bytes: int
    raw: Json = field(repr=False)


@dataclass(frozen=True, slots=True)
class Model:
    """input_schema is None where it was not asked for."""

    model_id: str
    display_name: str
    description: str
    categories: tuple[str, ...]
    kind: str
    base_price_usd: float
    price_unit: str
    inputs: tuple[str, ...]
    required_inputs: tuple[str, ...]
    input_schema: Json | None = field(repr=False)
    raw: Json = field(repr=False)


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """One row of the list of requests."""

    request_id: str
    model_id: str
    state: str
    created_at: str
    finished_at: str
    progress: float
    stage: str
    error: str
    raw: Json = field(repr=False)


@dataclass(frozen=True, slots=True)
class Key:
    """One API key, without the key itself."""

    key_id: str
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: str
    expires_at: str
    revoked_at: str
    raw: Json = field(repr=False)

    @property
    def limits(self) -> Json:
        """{weight, priority, max_running, max_queued, rate, spending, cache}; None: no limit."""
        return as_object(self.raw, "limits")

    @property
    def used(self) -> Json:
        """{queued, running, rate, spending} at the moment of asking; empty where the server did not say."""
        return as_object(self.raw, "used")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made. `secret` is shown this once."""

    key: Key
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Usage:
    """records: {request_id, model_id, key_id, at, quantity, unit, cost_usd, state} each."""

    records: tuple[Json, ...]
    total_usd: float


@dataclass(frozen=True, slots=True)
class Balance:
    """What is left, in USD."""

    balance_usd: float
    raw: Json = field(repr=False)


def state_word(value: object) -> str:
    """One of the five words. Raises UnexpectedAnswer for anything else."""
    word = _STATES.get(value) if isinstance(value, str) else None
    if word is None:
        raise UnexpectedAnswer(f"status: {value!r} is none of {', '.join(sorted(set(_STATES)))}")
    return word


def submitted(data: Json) -> Submitted:
    request_id = _text(data, "request_id", required=True)
    if not _REQUEST_ID.fullmatch(request_id):
        raise UnexpectedAnswer(f"request_id: {request_id!r} holds more than letters, digits, _ and -")
    urls = {name: _text(data, name) for name in ("status_url", "result_url", "cancel_url")}
    return Submitted(request_id=request_id, raw=data, **urls)


def status(request_id: str, data: Json) -> Status:
    position = data.get("queue_position")
    return Status(
        request_id=request_id,
        state=state_word(data.get("status")),
        queue_position=position if isinstance(position, int) else None,
        raw=data,
    )


def result(request_id: str, data: Json) -> Result:
    cost = data.get("cost")
    return Result(
        request_id=request_id,
        state=state_word(data.get("status")),
        output=as_object(data, "output"),
        metadata=as_object(data, "metadata"),
        error=error_text({"error": data.get("error")}),
        cost_usd=float(cost) if isinstance(cost, int | float) else None,
        created_at=_text(data, "created_at"),
        finished_at=_text(data, "finished_at"),
        raw=data,
    )


def cancellation(request_id: str, data: Json) -> Cancellation:
    return Cancellation(request_id, _text(data, "status"), _text(data, "outcome"))


def uploaded_file(data: Json) -> UploadedFile:
    return UploadedFile(
        file_id=_text(data, "file_id", required=True),
        url=_text(data, "url", required=True),
        name=_text(data, "name"),
        media_type=_text(data, "media_type"),
        size_bytes=int(_number(data, "size_bytes")),
        raw=data,
    )


def model(data: Json) -> Model:
    schema = data.get("input_schema")
    return Model(
        model_id=_text(data, "model_id", required=True),
        display_name=_text(data, "display_name"),
        description=_text(data, "description"),
        categories=_texts(data, "categories"),
        kind=_text(data, "kind"),
        base_price_usd=_number(data, "base_price_usd"),
        price_unit=_text(data, "price_unit"),
        inputs=_texts(data, "inputs"),
        required_inputs=_texts(data, "required_inputs"),
        input_schema=schema if isinstance(schema, Mapping) else None,
        raw=data,
    )


def request_info(data: Json) -> RequestInfo:
    return RequestInfo(
        request_id=_text(data, "request_id", required=True),
        model_id=_text(data, "model_id"),
        state=state_word(data.get("state")),
        created_at=_text(data, "created_at"),
        finished_at=_text(data, "finished_at"),
        progress=_number(data, "progress"),
        stage=_text(data, "stage"),
        error=_text(data, "error"),
        raw=data,
    )


def key(data: Json) -> Key:
    return Key(
        key_id=_text(data, "key_id", required=True),
        name=_text(data, "name"),
        prefix=_text(data, "prefix"),
        scopes=_texts(data, "scopes"),
        created_at=_text(data, "created_at"),
        expires_at=_text(data, "expires_at"),
        revoked_at=_text(data, "revoked_at"),
        raw={name: value for name, value in data.items() if name != "key"},
    )


def new_key(data: Json) -> NewKey:
    return NewKey(key(data), _text(data, "key", required=True))


def usage(data: Json) -> Usage:
    return Usage(objects(data, "usage"), _number(data, "total_usd"))


def balance(data: Json) -> Balance:
    return Balance(_number(data, "balance_usd"), data)


def objects(data: Json, name: str) -> tuple[Json, ...]:
    """The list of objects under a name. Raises UnexpectedAnswer when it is none."""
    found = data.get(name)
    if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
        raise UnexpectedAnswer(f"{name}: expected a list of objects, found {type(found).__name__}")
    return tuple(found)


def _text(data: Json, name: str, *, required: bool = False) -> str:
    value = data.get(name)
    if isinstance(value, str) and (value or not required):
        return value
    if required or value is not None:
        raise UnexpectedAnswer(f"{name}: expected text, found {type(value).__name__}")
    return ""


def _number(data: Json, name: str) -> float:
    value = data.get(name) or 0
    if not isinstance(value, int | float):
        raise UnexpectedAnswer(f"{name}: expected a number, found {type(value).__name__}")
    return float(value)


def _texts(data: Json, name: str) -> tuple[str, ...]:
    value = data.get(name) or ()
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else ()


def as_object(data: Json, name: str) -> Json:
    """The object under a name, empty when there is none."""
    value = data.get(name)
    return value if isinstance(value, Mapping) else {}
