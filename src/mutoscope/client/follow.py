"""Following one request to its end: its event stream, resumed where it was cut, or asking again and again.

Used by `protocol.Protocol.wait` and `.events`; it decides nothing about cancelling or results.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .errors import ConnectionFailed, UnexpectedAnswer
from .sse import Message, Reader
from .steps import (
    Answer,
    Backoff,
    Close,
    Deadline,
    Emit,
    Open,
    Opened,
    Read,
    Retry,
    Script,
    Sleep,
    read_answer,
)
from .values import Event, Status

SILENCE_S = 30.0
"""A stream that sends nothing for so long is taken for dead. Servers send at least a comment every 15 s."""

MAX_CUTS = 4
"""Streams that end in a row without one new event before streaming is given up."""

POLL_FIRST_S = 0.5
POLL_CAP_S = 5.0
"""Pause between two questions for the status, doubling; a Retry-After of the server is kept instead."""


@dataclass(frozen=True, slots=True)
class Followed:
    """How a stream ended: the request did, the server has none (its answer), or it was cut for good."""

    how: Literal["ended", "unavailable", "cut"]
    answer: Answer | None = None
    error: ConnectionFailed | None = None


def stream(
    request: Callable[[str | None, float], Open], last_event_id: int | None, deadline: Deadline
) -> Script[Followed]:
    """Emit the events of a request, connecting again after what was seen last.

    request   makes the GET for (Last-Event-ID, longest silence in seconds).
    """
    seen = None if last_event_id is None else str(last_event_id)
    cuts, error, patience = 0, None, _patience()
    while cuts < MAX_CUTS:
        reader, last = Reader(), seen
        sent = request(seen, deadline.left_s(SILENCE_S))
        opened, error = yield from _open(sent)
        if opened is not None and not _is_stream(opened):
            return Followed("unavailable", (yield from read_answer(opened, sent.url)))
        while opened is not None and (chunk := (yield from _read(opened))) is not None:
            deadline.left_s(SILENCE_S)
            for message in _messages(reader, chunk):
                seen = message.id if message.id is not None else seen
                event = read_event(message)
                yield Emit(event)
                if event.is_terminal:
                    yield Close(opened.stream)
                    return Followed("ended")
        cuts, patience = (0, _patience()) if seen != last else (cuts + 1, patience)
        yield Sleep(deadline.left_s(patience.pause_s(reader.retry_s) or POLL_CAP_S))
    return Followed("cut", error=error)


def poll(ask: Callable[[], Script[tuple[Status, float | None]]], deadline: Deadline) -> Script[None]:
    """Ask for the status until the request has ended, emitting what changed as events without a number.

    ask   gives the status and the server's Retry-After.
    """
    before: tuple[str, int | None] | None = None
    pause_s = POLL_FIRST_S
    while True:
        status, retry_after_s = yield from ask()
        now = (status.state, status.queue_position)
        if before is None or before[0] != now[0]:
            yield Emit(Event(None, "state", {"state": status.state}))
        if status.queue_position is not None and before != now:
            yield Emit(Event(None, "position", {"queue_position": status.queue_position}))
        if status.is_terminal:
            return
        before = now
        yield Sleep(deadline.left_s(pause_s if retry_after_s is None else retry_after_s))
        pause_s = min(pause_s * 2, POLL_CAP_S)


def read_event(message: Message) -> Event:
    """One message of the stream as an event. Raises UnexpectedAnswer when it is none of ours."""
    try:
        data: Any = json.loads(message.data)
        seq = int(message.id) if message.id is not None else None
    except ValueError as exc:
        raise UnexpectedAnswer(f"event stream: {message.event} carries no JSON or no whole number") from exc
    if not isinstance(data, Mapping):
        raise UnexpectedAnswer(f"event stream: {message.event} carries no JSON object")
    return Event(seq, message.event, data)


def _open(request: Open) -> Script[tuple[Opened | None, ConnectionFailed | None]]:
    try:
        return (yield request), None
    except ConnectionFailed as exc:
        return None, exc


def _read(opened: Opened) -> Script[bytes | None]:
    """The next bytes; None when the stream ended or broke, which is all the same to one who resumes."""
    try:
        chunk: bytes | None = yield Read(opened.stream)
    except ConnectionFailed:
        return None
    return chunk


def _messages(reader: Reader, chunk: bytes) -> list[Message]:
    try:
        return reader.feed(chunk)
    except ValueError as exc:
        raise UnexpectedAnswer(str(exc)) from exc


def _is_stream(opened: Opened) -> bool:
    return opened.status == 200 and opened.headers.get("content-type", "").startswith("text/event-stream")


def _patience() -> Backoff:
    return Backoff(Retry(attempts=MAX_CUTS + 1, base_s=0.25, cap_s=4.0, total_s=3600.0))
