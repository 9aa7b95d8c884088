"""The messages between server and worker, version 5.

A worker asks for work over HTTP, beats while it runs, uploads what it made and finishes. It never sees the
database or the storage. Each message is a JSON object with exactly these fields; `decode` refuses anything else,
so a worker of another version is told so instead of being misunderstood.

    POST /worker/v1/claim                     Claim   -> 200 Assignment | 204 nothing to do
    POST /worker/v1/requests/{id}/beat        Beat    -> 200 {} | 409 the lease is lost
    POST /worker/v1/requests/{id}/watch       Watch   -> 200 {} after a while | 409 as soon as the lease is lost
    POST /worker/v1/requests/{id}/remember    Remember -> 200 {} once it is on disk | 409
    PUT  /worker/v1/requests/{id}/files/{name}?attempt=N   bytes -> 200 Stored | 409
    POST /worker/v1/requests/{id}/uploads     Upload  -> 200 Destination | 204 send it as above | 409
    POST /worker/v1/requests/{id}/uploads/{file_id}   Uploaded -> 200 Stored | 409
    POST /worker/v1/requests/{id}/finish      Finish  -> 200 {} | 409
    GET  an Assignment.files[].url            the bytes of a stored input; with ?redirect=1 perhaps 307 to them
    POST /worker/v1/checks/claim              CheckClaim -> 200 Check | 204 nothing to look at
    POST /worker/v1/checks/{id}/finish        Checked -> 200 {} | 404 nobody waits for it any more
    POST /worker/v1/withdrawals/claim         WithdrawalClaim -> 200 Withdrawal | 204 nothing to take back
    POST /worker/v1/withdrawals/{id}/finish   {} -> 200 {} it need not be handed out again
    GET  /worker/v1/queue                     what waits and runs of each model
    POST /worker/v1/lost                      Lost -> 200 {"requests": n} what it had is handed on

Workers of versions 3 and 4 are served as well: they do not say what they have loaded, and none of them goes straight
to a bucket; one of version 3 remembers nothing and knows no fallbacks.

Authorization is a Bearer token of scope `worker`; the worker's name travels in `X-Mutoscope-Worker`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import orjson

from mutoscope.errors import EngineError

VERSION = 5
SPOKEN = frozenset({3, 4, VERSION})
"""Versions of workers that a server of this version understands."""
MEMO_BYTES = 4096
"""What all attempts of a request may remember, as JSON."""
PREVIEW = "preview.jpg"
"""The name of a picture of what there is so far; it is uploaded as an output is, and told by a Beat."""
PREVIEW_ID = re.compile(r"[0-9a-f]{32}")
CODES = ("media", "engine", "time_limit", "worker")
"""Who failed: an input file, the engine, the engine by taking too long, the worker itself."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker can do, when it asks for work.

    engines         names this worker has ready.
    wait_s          how long the server may hold the call open, 0 … 30.
    models          the models it takes: ids, or patterns such as `acme/*`; all of its engines when there are none.
    warm            ids of models that are loaded.
    gpu_memory_gb   memory of its GPU, in GiB; 0 without one.
    labels          what else it has, in the operator's own words.
    versions        of its engines, by their names; an earlier output is only given again while they agree.
    """

    worker_id: str
    engines: tuple[str, ...]
    wait_s: float = 0.0
    protocol: int = VERSION
    models: tuple[str, ...] = ()
    warm: tuple[str, ...] = ()
    gpu_memory_gb: float = 0.0
    labels: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file of the input.

    path         its place in the body, such as `image_urls[0]`.
    parameter    the engine's name for it, such as `image`; empty when only a fallback takes it.
    url          where to fetch it.
    kind         `image`, `video` or `audio`: what it must turn out to be; `weights`: a safetensors file.
    stored       True: our own storage over the worker connection; False: a public URL through `net`.
    rules        the manifest's `validations` for it; none for a stored file, which the server has measured.
    accept       formats it may have, such as `jpeg`; empty for any that can be read, and for a stored file.
    """

    path: str
    parameter: str
    url: str
    kind: Literal["image", "video", "audio", "weights"]
    stored: bool
    rules: tuple[Mapping[str, Any], ...] = ()
    accept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fallback:
    """An engine that takes over when those before it declined.

    files   by its own names: the paths in the body of the files it gets, in order.
    """

    engine: str
    settings: Mapping[str, Any]
    parameters: Mapping[str, Any]
    files: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Assignment:
    """One attempt at one request. Times are durations, so that no two clocks are compared.

    traceparent   W3C Trace Context of the request, when it has one.
    memo          what earlier attempts remembered.
    fallbacks     engines that this worker has too, for when the first declines.
    direct        stored bytes may go straight to and from a bucket: ask for an `Upload`, fetch with `?redirect=1`.
    """

    request_id: str
    attempt: int
    model_id: str
    engine: str
    settings: Mapping[str, Any]
    parameters: Mapping[str, Any]
    files: tuple[InputFile, ...]
    produces: Literal["video", "image", "files"]
    seed: int
    time_limit_s: float
    lease_s: float
    beat_s: float
    traceparent: str | None = None
    memo: Mapping[str, Any] = field(default_factory=dict)
    fallbacks: tuple[Fallback, ...] = ()
    direct: bool = False


@dataclass(frozen=True, slots=True)
class Beat:
    """progress 0 … 1; log: lines since the last beat; shown: the file_id of a new picture of what there is."""

    attempt: int
    progress: float
    stage: str
    log: tuple[str, ...] = ()
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Watch:
    """wait_s: how long the server may hold the call open, 0 … 30. It keeps no lease; it tells of a cancel at once."""

    attempt: int
    wait_s: float


@dataclass(frozen=True, slots=True)
class Remember:
    """values: what the next attempt has to know; they are added to what was remembered before."""

    attempt: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """An uploaded output, as the server answered it; Finish names it in the same words."""

    file_id: str
    name: str
    media_type: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Upload:
    """Asks where an output may be put without the server in between."""

    attempt: int
    name: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Destination:
    """Where to put an output, without the worker token and without following redirects, within `expires_s`.

    parts        an address for each part, in order; each is sent by PUT, and best with its `Content-MD5`.
    part_bytes   size of every part but the last.
    upload_id    what holds several parts together, to be told again.
    """

    file_id: str
    parts: tuple[str, ...] = field(repr=False)
    part_bytes: int
    upload_id: str
    expires_s: int


@dataclass(frozen=True, slots=True)
class Uploaded:
    """An output is where it was to be put. etags: what was answered to each part, in order."""

    attempt: int
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    upload_id: str = ""
    etags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finish:
    """How an attempt ended.

    outcome    `completed`; `failed` for good; `retry` when another attempt may help; `released` when the worker is
               going away, or found the storage away, and did not use the attempt up.
    outputs    the outputs, in order (completed only).
    poster     the picture that stands for them, if any.
    error      message for the caller (failed and retry); why it was released, if there is more to say.
    code       what went wrong, for counting: one of CODES (failed and retry).
    metadata   engine, engine_version, plan, media, timings (completed only).
    """

    attempt: int
    outcome: Literal["completed", "failed", "retry", "released"]
    outputs: tuple[Stored, ...] = ()
    poster: Stored | None = None
    error: str | None = None
    code: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckClaim:
    """Asks for an address to look at. wait_s: how long the server may hold the call open, 0 … 30."""

    wait_s: float = 0.0
    protocol: int = VERSION


@dataclass(frozen=True, slots=True)
class Check:
    """An address to fetch through `net` and to measure. Not durable: whoever asked waits for a few seconds.

    kind   `image`, `video` or `audio`: what it should be, which sets how large it may be.
    """

    check_id: str
    url: str
    kind: str
    time_limit_s: float


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found: `media`, the members of `media.probe.MediaInfo`, or why there is nothing."""

    media: Mapping[str, Any] | None = None
    error: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """worker_id: the name of a worker that is gone, which begins with the caller's own and a dot."""

    worker_id: str


@dataclass(frozen=True, slots=True)
class WithdrawalClaim:
    """engines: of those that work elsewhere, those that this worker has."""

    engines: tuple[str, ...]
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A request that an engine's earlier attempt began elsewhere, and that nobody wants any more. Not durable."""

    request_id: str
    engine: str
    settings: Mapping[str, Any]
    memo: Mapping[str, Any]


def merged(memo: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """What is remembered after these values were added. Raises EngineError for what is no JSON or too large."""
    try:
        written = orjson.dumps({**memo, **values})
    except TypeError as exc:
        raise EngineError("remember: values that JSON can hold are accepted, by names") from exc
    if len(written) > MEMO_BYTES:
        raise EngineError(f"remember: {len(written)} bytes of JSON in all; at most {MEMO_BYTES} are kept")
    memo_after: dict[str, Any] = orjson.loads(written)
    return memo_after


def encode(message: Any, *, version: int = VERSION) -> dict[str, Any]:
    """A message as a JSON object, for a worker of this version."""
    members = dataclasses.asdict(message)
    if version < 5 and isinstance(message, Assignment):
        del members["direct"]
    if version < 4 and isinstance(message, Assignment):
        del members["memo"], members["fallbacks"]
        members["files"] = tuple(file for file in members["files"] if file["parameter"])
    return members


def decode(kind: type[T], data: object) -> T:
    """A JSON object as a message of this kind.

    Raises ValueError naming the fields that are missing, unknown, or of another type than they should be.
    """
    if not isinstance(data, dict):
        raise ValueError(f"{kind.__name__}: expected a JSON object, found {type(data).__name__}")  # noqa: TRY004 - as below
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]  # kind is one of ours
    unknown = sorted(set(data) - set(fields))
    missing = sorted(
        name
        for name, f in fields.items()
        if name not in data and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    )
    if unknown or missing:
        raise ValueError(f"{kind.__name__}: unknown fields {unknown}, missing fields {missing}")
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    for name, part in _PARTS.get(kind, {}).items():
        if isinstance(values.get(name), tuple):
            values[name] = tuple(decode(part, item) for item in values[name])
        elif values.get(name) is not None:
            values[name] = decode(part, values[name])
    hints = _hints(kind)  # type: ignore[arg-type]  # a class can be hashed
    if wrong := sorted(name for name, value in values.items() if not _fits(value, hints[name])):
        raise ValueError(f"{kind.__name__}: fields of a wrong type: {wrong}")
    return kind(**values)


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _fits(value: object, hint: Any) -> bool:
    """Whether a value is what an annotation of ours says."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        return isinstance(value, str) and value in parts
    if origin in (Union, UnionType):
        return any(_fits(value, part) for part in parts)
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(item, parts[0]) for item in value)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    return isinstance(value, origin or hint)


_PARTS: Mapping[type, Mapping[str, type]] = {
    Assignment: {"files": InputFile, "fallbacks": Fallback},
    Finish: {"outputs": Stored, "poster": Stored},
}
