"""A request's events as they stream: in order, from any point again, and ended by the end of the request."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.conftest import LiveServer
from tests.http.calls import Hand, assert_error, completed, finished, hand_of, submit


@dataclass(frozen=True)
class Event:
    """One event as it arrived."""

    seq: int | None
    kind: str
    data: dict[str, Any]


@contextmanager
def following(client: httpx.Client, request_id: str, *, after: int | None = None) -> Iterator[Iterator[Event]]:
    """The events of a request, as they come."""
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    with client.stream("GET", f"/v1/requests/{request_id}/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        yield _events(answer.iter_lines())


def _events(lines: Iterator[str]) -> Iterator[Event]:
    block: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            block[name] = value
        elif "event" in block:
            yield Event(int(block["id"]) if "id" in block else None, block["event"], json.loads(block["data"]))
            block = {}
        else:
            block = {}


def told(client: httpx.Client, request_id: str, *, after: int | None = None) -> list[Event]:
    """Everything until the stream ends by itself."""
    with following(client, request_id, after=after) as events:
        return list(events)


def states(events: list[Event]) -> list[str]:
    """The state words, in order."""
    return [event.data["state"] for event in events if event.kind == "state"]


@pytest.fixture
def hand(idle_server: LiveServer) -> Iterator[Hand]:
    """The test is the only worker."""
    with hand_of(idle_server) as hand:
        yield hand


@pytest.fixture
def waiting(idle_server: LiveServer, hand: Hand) -> Iterator[httpx.Client]:
    """Somebody whose requests wait until the test moves them on."""
    del hand
    with idle_server.client() as client:
        yield client


def test_a_request_tells_its_life_and_the_stream_ends(alice: httpx.Client) -> None:
    """Queued, in progress, completed, with progress and log in between and numbers that grow."""
    request_id = submit(alice, log_lines=3, delay_s=0.2)

    events = told(alice, request_id)

    assert states(events) == ["in_queue", "in_progress", "completed"]
    assert events[-1].data == {"state": "completed", "attempt": 1}
    numbers = [event.seq for event in events if event.seq is not None]
    assert numbers == sorted(set(numbers))
    assert {event.data["line"] for event in events if event.kind == "log"} == {"line 0", "line 1", "line 2"}
    progress = [event.data["progress"] for event in events if event.kind == "progress"]
    assert progress == sorted(progress)
    assert {event.kind for event in events} <= {"state", "position", "progress", "log"}


def test_a_failure_tells_its_reason(alice: httpx.Client) -> None:
    """Beside the state, so that nobody has to ask again."""
    events = told(alice, submit(alice, fail="error"))

    assert events[-1].data == {"state": "failed", "attempt": 1, "error": "the test card was asked to fail"}


@pytest.mark.slow
def test_attempts_are_told_apart(alice: httpx.Client) -> None:
    """A retry goes back to the queue with its reason, three times in all."""
    events = told(alice, submit(alice, fail="retry"))

    assert states(events) == ["in_queue", "in_progress"] * 3 + ["failed"]
    assert [e.data["attempt"] for e in events if e.kind == "state" and "attempt" in e.data] == [1, 1, 2, 2, 3, 3]
    assert "3 attempts" in events[-1].data["error"]


def test_a_cancelled_request_ends_its_stream(waiting: httpx.Client) -> None:
    """Whoever listens hears of it."""
    request_id = submit(waiting)
    with following(waiting, request_id) as events:
        assert next(events).data == {"state": "in_queue"}
        waiting.post(f"/v1/requests/{request_id}/cancel")
        rest = list(events)

    assert rest[-1].data == {"state": "cancelled"}


def test_a_late_listener_gets_everything(alice: httpx.Client) -> None:
    """The story is kept; the stream of a finished request ends at once, twice the same."""
    request_id = submit(alice, log_lines=5)
    finished(alice, request_id)

    events = told(alice, request_id)

    assert states(events) == ["in_queue", "in_progress", "completed"]
    assert told(alice, request_id) == events


def test_a_stream_goes_on_where_it_was_cut(alice: httpx.Client) -> None:
    """Last-Event-ID: everything after it and nothing twice, at every place of the story."""
    request_id = submit(alice, log_lines=4)
    finished(alice, request_id)
    events = told(alice, request_id)

    for i, event in enumerate(events[:-1]):
        assert told(alice, request_id, after=event.seq) == events[i + 1 :]


def test_a_stream_that_was_cut_in_the_middle_misses_nothing(waiting: httpx.Client, hand: Hand) -> None:
    """The connection breaks, things go on meanwhile, the rest follows on the next connection."""
    request_id = submit(waiting)
    with following(waiting, request_id) as events:
        first = next(events)
    attempt = hand.claim()
    hand.beat(attempt, 0.25, "while nobody listened")

    with following(waiting, request_id, after=first.seq) as events:
        rest = [next(events), next(events), next(events)]
        hand.complete(attempt)
        rest += events

    assert [event.kind for event in rest] == ["state", "progress", "log", "state"]
    assert rest[2].data == {"line": "while nobody listened"}
    assert states(rest) == ["in_progress", "completed"]


def test_a_listener_at_the_end_hears_nothing_more(alice: httpx.Client) -> None:
    """A client that reconnects after the last event gets an empty stream, not a hanging one."""
    request_id = completed(alice)["request_id"]
    last = told(alice, request_id)[-1].seq

    assert told(alice, request_id, after=last) == []
    assert told(alice, request_id, after=10**18 - 1) == []


@pytest.mark.slow
def test_the_queue_position_is_told_as_it_changes(waiting: httpx.Client, hand: Hand) -> None:
    """Without a number, because it is not part of the story; none once it runs."""
    for _ in range(2):
        submit(waiting)
    last = submit(waiting)
    with following(waiting, last) as events:
        assert [next(events).kind, next(events)] == ["state", Event(None, "position", {"queue_position": 2})]
        hand.claim()
        assert next(events) == Event(None, "position", {"queue_position": 1})
        hand.claim()
        assert next(events) == Event(None, "position", {"queue_position": 0})
        hand.complete(hand.claim())
        assert states(list(events)) == ["in_progress", "completed"]


def test_two_listeners_hear_the_same(waiting: httpx.Client, idle_server: LiveServer, hand: Hand) -> None:
    """At the same time, each on a connection of its own."""
    request_id = submit(waiting)
    heard: list[list[Event]] = []

    def listen() -> None:
        with idle_server.client() as client:
            heard.append([event for event in told(client, request_id) if event.kind != "position"])

    listeners = [threading.Thread(target=listen) for _ in range(2)]
    for listener in listeners:
        listener.start()
    attempt = hand.claim()
    for i in range(20):
        hand.beat(attempt, i / 20, f"line {i}")
    hand.complete(attempt)
    for listener in listeners:
        listener.join(60)

    assert len(heard) == 2
    assert heard[0] == heard[1]
    assert len(heard[0]) == 3 + 40


def test_a_long_story_is_told_whole(waiting: httpx.Client, hand: Hand) -> None:
    """More events than the server reads at once."""
    request_id = submit(waiting)
    attempt = hand.claim()
    for i in range(3):
        hand.beat(attempt, i / 3, *(f"line {i}.{j}" for j in range(200)))
    hand.complete(attempt)

    lines = [event.data["line"] for event in told(waiting, request_id) if event.kind == "log"]

    assert lines == [f"line {i}.{j}" for i in range(3) for j in range(200)]


def test_what_there_is_so_far_is_shown(waiting: httpx.Client, hand: Hand) -> None:
    """While the attempt runs, under the address that the event names."""
    request_id = submit(waiting)
    attempt = hand.claim()
    shown = hand.show(attempt, b"\xff\xd8\xff a picture")
    assert hand.beat(attempt, 0.5, shown=shown).status_code == 200
    with following(waiting, request_id) as events:
        address = next(event.data["preview"] for event in events if "preview" in event.data)

    seen = waiting.get(address)

    assert (seen.content, seen.headers["content-type"]) == (b"\xff\xd8\xff a picture", "image/jpeg")
    assert "sandbox" in seen.headers["content-security-policy"]
    for other in (f"/previews/2/{shown}", f"/previews/0/{shown}", f"/previews/x/{shown}", "/previews/1/passwd"):
        assert_error(waiting.get(f"/v1/requests/{request_id}{other}"), 404, 404001)
    hand.complete(attempt)
    assert waiting.get(address).status_code == 204


def test_only_an_uploaded_preview_is_named(waiting: httpx.Client, hand: Hand) -> None:
    """A worker's words do not become an address as they are."""
    submit(waiting)
    attempt = hand.claim()
    assert "shown" in assert_error(hand.beat(attempt, 0.5, shown="../../etc/passwd"), 400, 400003)["message"]


def test_a_line_cannot_break_out_of_its_event(waiting: httpx.Client, hand: Hand) -> None:
    """Line ends inside a log line stay inside it."""
    request_id = submit(waiting)
    attempt = hand.claim()
    hand.beat(attempt, 0.5, "one\n\nevent: state\ndata: {}\r\n日本")
    hand.complete(attempt)

    log = [event for event in told(waiting, request_id) if event.kind == "log"]

    assert [event.data["line"] for event in log] == ["one\n\nevent: state\ndata: {}\r\n日本"]


@pytest.mark.parametrize("last", [b"x", b"-1", b"1.5", b"9" * 19, "٣".encode()])
def test_a_last_event_id_that_is_none_is_refused(alice: httpx.Client, last: bytes) -> None:
    """400; silence would mean the whole story again."""
    answer = alice.get(f"/v1/requests/{submit(alice)}/events", headers={b"Last-Event-ID": last})

    assert "Last-Event-ID" in assert_error(answer, 400, 400001)["message"]
