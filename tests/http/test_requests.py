"""Requests in our own words: listed by model, state and time, shown whole, deleted with their files."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from tests.conftest import LiveServer
from tests.http import media
from tests.http.calls import (
    STILL,
    TESTCARD,
    WITH_PICTURE,
    Hand,
    assert_error,
    completed,
    finished,
    hand_of,
    submit,
)


@pytest.fixture
def carol(server: LiveServer) -> Iterator[httpx.Client]:
    """Somebody new, whose list is empty."""
    with server.client() as alice:
        wanted = {"name": "Carol's", "account": f"carol-{time.time_ns()}", "scopes": ["run", "read", "admin"]}
        key = alice.post("/v1/keys", json=wanted).json()["key"]
    with server.client(key) as client:
        yield client


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


def listed(client: httpx.Client, **query: str) -> list[str]:
    """Ids of one page."""
    answer = client.get("/v1/requests", params=query)
    assert answer.status_code == 200, answer.text
    return [request["request_id"] for request in answer.json()["requests"]]


def stored(server: LiveServer) -> set[bytes]:
    """Every file on the server's disk; others may go while we look."""
    found = set()
    for path in (server.data / "files").rglob("*"):
        with contextlib.suppress(FileNotFoundError, IsADirectoryError):
            found.add(path.read_bytes())
    return found


# -- the list -----------------------------------------------------------------------------------------------------


def test_a_list_is_newest_first_and_pages_join(carol: httpx.Client) -> None:
    """Each request once, whatever the page size, although several share a millisecond."""
    ids = [submit(carol) for _ in range(7)]

    for limit in ("1", "3", "7", "50"):
        seen: list[str] = []
        query = {"limit": limit}
        while True:
            page = carol.get("/v1/requests", params=query).json()
            seen += [request["request_id"] for request in page["requests"]]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert sorted(seen) == sorted(ids)
        created = [carol.get(f"/v1/requests/{i}").json()["created_at"] for i in seen]
        assert created == sorted(created, reverse=True)


def test_a_page_does_not_shift_when_something_new_arrives(carol: httpx.Client) -> None:
    """The cursor stands at a request, not at a number."""
    ids = [submit(carol) for _ in range(4)]
    first = carol.get("/v1/requests", params={"limit": "2"}).json()
    submit(carol)

    rest = listed(carol, limit="2", cursor=first["next_cursor"])

    assert sorted(rest + [request["request_id"] for request in first["requests"]]) == sorted(ids)


def test_a_list_is_filtered_by_model_and_state(carol: httpx.Client) -> None:
    """Alone and together; the words are our five."""
    film, still, failed = submit(carol), submit(carol, STILL, prompt="x"), submit(carol, fail="error")
    for request_id in (film, still, failed):
        finished(carol, request_id)

    assert listed(carol, model=STILL) == [still]
    assert listed(carol, state="failed") == [failed]
    assert sorted(listed(carol, state="completed")) == sorted([film, still])
    assert listed(carol, state="completed", model=TESTCARD) == [film]
    assert listed(carol, state="in_queue") == []
    assert listed(carol, model="no/such") == []


def test_a_list_is_filtered_by_time(carol: httpx.Client) -> None:
    """`after` is included, `before` is not; with an offset, Z, or none, which means UTC."""
    first = submit(carol)
    created = carol.get(f"/v1/requests/{first}").json()["created_at"]
    time.sleep(0.01)
    second = submit(carol)

    assert sorted(listed(carol, after=created)) == sorted([first, second])
    assert listed(carol, before=created) == []
    assert first in listed(carol, before="2999-01-01T00:00:00Z")
    assert listed(carol, after="2999-01-01") == []
    assert sorted(listed(carol, after="2020-01-01T00:00:00")) == sorted([first, second])


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=501", "limit=x", "state=done", "state=COMPLETED", "after=yesterday", "before=2026-13-01"),
        *("cursor=x", "cursor=%F0", "after=99999-01-01", "cursor=" + "A" * 2000),
    ],
)
def test_a_filter_that_cannot_be_is_refused(alice: httpx.Client, query: str) -> None:
    """422 that names the parameter."""
    told = assert_error(alice.get(f"/v1/requests?{query}"), 422, 422003)

    assert [problem["path"] for problem in told["detail"]] == [query.partition("=")[0]]


# -- one ----------------------------------------------------------------------------------------------------------


def test_a_request_is_shown_whole(carol: httpx.Client) -> None:
    """The list's line, with inputs, defaults filled, output and metadata beside."""
    request_id = completed(carol, seed=5)["request_id"]

    told = carol.get(f"/v1/requests/{request_id}").json()

    line = carol.get("/v1/requests").json()["requests"][0]
    assert {name: told[name] for name in line} == line
    assert (told["state"], told["seed"], told["attempt"], told["error"]) == ("completed", 5, 1, None)
    assert told["inputs"]["prompt"] == "bars"
    assert told["inputs"]["fps"] == 12
    assert told["created_at"] <= told["started_at"] <= told["finished_at"]
    assert list(told["output"]) == ["video"]
    assert (told["queue_position"], told["preview"]) == (None, None)
    assert told["progress"] == 1.0


def test_a_waiting_request_is_shown_with_its_place(waiting: httpx.Client, hand: Hand) -> None:
    """Then without, with progress and stage as the worker tells them."""
    submit(waiting)
    request_id = submit(waiting)
    shown = waiting.get(f"/v1/requests/{request_id}").json()
    assert (shown["state"], shown["queue_position"], shown["started_at"]) == ("in_queue", 1, None)

    hand.claim()
    attempt = hand.claim()
    where = f"/v1/requests/{request_id}/previews/1/{(preview := hand.show(attempt, b'not looked at'))}"
    hand.beat(attempt, 0.3, shown=preview)
    hand.beat(attempt, 0.4)

    shown = waiting.get(f"/v1/requests/{request_id}").json()
    assert (shown["state"], shown["progress"], shown["stage"]) == ("in_progress", 0.4, "drawing")
    assert (shown["queue_position"], shown["preview"]) == (None, where)


def test_a_picture_in_the_body_is_shown_as_a_file_and_not_as_data(carol: httpx.Client) -> None:
    """Megabytes of base64 would come back with every look."""
    uri = media.data_uri(media.jpeg())
    request_id = completed(carol, WITH_PICTURE, source=uri)["request_id"]

    answer = carol.get(f"/v1/requests/{request_id}")

    assert "base64" not in answer.text
    assert len(answer.content) < 4000


# -- delete -------------------------------------------------------------------------------------------------------


def test_a_deleted_request_is_gone_with_its_files(server: LiveServer, carol: httpx.Client) -> None:
    """404 everywhere, also at the signed addresses of its output; its bytes are off the disk; its usage stays."""
    picture = media.jpeg(123, 321)
    done = completed(carol, WITH_PICTURE, source=media.data_uri(picture))
    request_id, url = done["request_id"], done["output"]["video"]
    film = httpx.get(url, trust_env=False).content
    assert {picture, film} <= stored(server)

    answer = carol.delete(f"/v1/requests/{request_id}")

    assert (answer.status_code, answer.content) == (204, b"")
    for call in ("", "/status", "/result", "/events", "/poster"):
        assert_error(carol.get(f"/v1/requests/{request_id}{call}"), 404, 404001)
    assert_error(httpx.get(url, trust_env=False), 404, 404001)
    assert_error(carol.get(urlsplit(url).path), 404, 404001)
    assert_error(carol.delete(f"/v1/requests/{request_id}"), 404, 404001)
    assert listed(carol) == []
    assert not {picture, film} & stored(server)
    assert [row["request_id"] for row in carol.get("/v1/usage").json()["usage"]] == [request_id]


@pytest.mark.parametrize("state", ["in_queue", "in_progress"])
def test_an_unfinished_request_is_not_deleted(waiting: httpx.Client, hand: Hand, state: str) -> None:
    """409 that says what to do; it goes on."""
    request_id = submit(waiting)
    if state == "in_progress":
        hand.claim()

    told = assert_error(waiting.delete(f"/v1/requests/{request_id}"), 409, 409001)

    assert state in told["message"]
    assert waiting.get(f"/v1/requests/{request_id}").json()["state"] == state


def test_a_failed_and_a_cancelled_request_can_be_deleted(waiting: httpx.Client, hand: Hand) -> None:
    """Every finished one."""
    failed, cancelled = submit(waiting), submit(waiting)
    hand.finish(hand.claim(), "failed", error="no")
    waiting.post(f"/v1/requests/{cancelled}/cancel")

    assert [waiting.delete(f"/v1/requests/{i}").status_code for i in (failed, cancelled)] == [204, 204]


# -- poster -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model_id", "inputs"), [(TESTCARD, {"width": 64}), (STILL, {"prompt": "x", "width": 64})])
def test_a_completed_request_has_a_poster(carol: httpx.Client, model_id: str, inputs: dict[str, Any]) -> None:
    """A JPEG with the sides of the output, for its own account only."""
    request_id = completed(carol, model_id, **inputs)["request_id"]

    answer = carol.get(f"/v1/requests/{request_id}/poster")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert (picture.format, picture.width) == ("JPEG", 64)


def test_an_unfinished_request_has_no_poster(waiting: httpx.Client) -> None:
    """404 until there is one."""
    told = assert_error(waiting.get(f"/v1/requests/{submit(waiting)}/poster"), 404, 404001)

    assert "poster" in told["message"]
