"""What a request would cost and take, asked before it is made: the form's question, and the careful program's."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from mutoscope.quote import RUNS
from tests.conftest import LiveServer
from tests.http import media
from tests.http.calls import (
    FIRST_FRAME,
    PRICED,
    TESTCARD,
    WITH_PICTURE,
    assert_error,
    completed,
    hand_of,
    submit,
    until,
)

pytestmark = pytest.mark.slow


def quote(client: httpx.Client, model_id: str, **inputs: Any) -> dict[str, Any]:
    """The quote for these inputs."""
    answer = client.post(f"/v1/quote/{model_id}", json=inputs)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_the_price_follows_the_manifests_formula(alice: httpx.Client) -> None:
    """Three eighths of frames are three units; the words say how."""
    told = quote(alice, WITH_PICTURE, frame_count="24")

    assert told["price"] | {"note": ""} == {
        "cost_usd": 0.0,
        "cost_microdollars": 0,
        "quantity": 3.0,
        "unit": "second",
        "base_price_usd": 0.0,
        "formula": "frame_count / 8",
        "explanation": "3 seconds (frame_count / 8) x 0 USD = 0.000000 USD",
        "note": "",
    }


def test_a_price_that_only_the_output_tells_is_not_made_up(artist: httpx.Client) -> None:
    """0.15 USD a second, and no input says how many seconds."""
    told = quote(artist, PRICED, prompt="bars")

    assert told["price"]["cost_usd"] is None
    assert told["price"]["quantity"] is None
    assert told["price"]["explanation"] == "0.15 USD for each second of output"


def test_times_come_from_what_was_done_here(studio: LiveServer) -> None:
    """Nothing is claimed before the first run; after it, what that run took."""
    with studio.client() as artist:
        picture = artist.post("/v1/files", content=media.jpeg()).json()["url"]
        inputs = {"prompt": "bars", "image_urls": [picture]}
        before = quote(artist, FIRST_FRAME, **inputs)
        if before["run"]["based_on_runs"] == 0:  # tests come in any order
            assert before["run"]["expected_s"] is None
            assert before["run"]["reason"] == "no run of this model was completed here lately"
        completed(artist, FIRST_FRAME, **inputs)
        seen = before["run"]["based_on_runs"]  # what was read of the past serves for a few seconds
        until(lambda: quote(artist, FIRST_FRAME, **inputs)["run"]["based_on_runs"] > min(seen, RUNS - 1))
        after = quote(artist, FIRST_FRAME, **inputs)

    assert 0 < after["run"]["expected_s"] <= after["run"]["p90_s"]
    assert after["run"]["reason"] is None
    assert after["wait"]["workers"] == 1


def test_without_a_worker_no_wait_is_promised(idle_server: LiveServer) -> None:
    """The queue ahead is counted all the same, and quoting adds nothing to it."""
    with hand_of(idle_server), idle_server.client() as alice:
        submit(alice)
        told = [quote(alice, TESTCARD, prompt="bars") for _ in range(2)]

        assert told[0] == told[1]
        assert told[0]["wait"]["queue_ahead"] == 1
        assert len(alice.get("/v1/requests", params={"state": "in_queue"}).json()["requests"]) == 1


def test_what_would_be_ignored_is_told(alice: httpx.Client) -> None:
    """Unknown keys, as the result of a run would list them."""
    told = quote(alice, TESTCARD, prompt="bars", colour="red")
    done = completed(alice, colour="red")

    assert told["ignored_inputs"] == done["metadata"]["ignored_inputs"] == ["colour"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"prompt": 7},
        {"prompt": "bars", "image_urls": []},
        {"prompt": "bars", "image_urls": [media.data_uri(media.png(100, 400), "image/png")]},
        {"prompt": "bars", "image_urls": [media.data_uri(media.gif(), "image/gif")]},
        {"prompt": "bars", "image_urls": ["data:image/png;base64,????"]},
    ],
    ids=["empty", "list", "type", "too few", "too narrow", "format", "broken"],
)
def test_a_body_is_refused_as_a_submit_refuses_it(artist: httpx.Client, body: Any) -> None:
    """The same status, code, words and detail."""
    quoted = artist.post(f"/v1/quote/{FIRST_FRAME}", json=body)
    submitted = artist.post(f"/v1/models/{FIRST_FRAME}", json=body)

    assert assert_error(quoted, 422) == assert_error(submitted, 422)


def test_nothing_stays_of_what_was_quoted(artist: httpx.Client) -> None:
    """No request, no usage, no file: a data URI is measured and forgotten."""
    watched = ("/v1/requests", "/v1/usage", "/v1/files")
    before = [artist.get(path).json() for path in watched]
    quote(artist, FIRST_FRAME, prompt="bars", image_urls=[media.data_uri(media.jpeg())])
    after = [artist.get(path).json() for path in watched]

    for was, now in zip(before, after, strict=True):
        key = next(iter(was))
        assert [row.get("request_id", row.get("file_id")) for row in was[key]] == [
            row.get("request_id", row.get("file_id")) for row in now[key]
        ]


def test_who_may_not_ask_and_what_is_not_there(server: LiveServer, alice: httpx.Client) -> None:
    """No key, no model; a model whose engine is not among this server's own is told as a submit tells it."""
    with server.client("") as nobody:
        assert_error(nobody.post(f"/v1/quote/{TESTCARD}", json={}), 401)
    assert_error(alice.post("/v1/quote/no/such/model", json={}), 404)


@pytest.mark.parametrize("frames", ["121", "241"])
def test_a_price_is_what_a_quote_says(artist: httpx.Client, frames: str) -> None:
    """For whoever has not made the inputs yet, and for many runs at once."""
    quoted = artist.post(f"/v1/quote/{WITH_PICTURE}", json={"frame_count": "24"}).json()["price"]
    told = artist.get(f"/v1/prices/{WITH_PICTURE}", params={"input.frame_count": "24", "count": "10"}).json()
    assert told["price"] == quoted
    assert (told["inputs"], told["count"]) == ({"frame_count": "24"}, 10)
    unknown = artist.get(f"/v1/prices/{PRICED}", params={"count": "2"}).json()
    assert (unknown["price"]["cost_usd"], unknown["total_usd"]) == (None, None)
    known = artist.get(f"/v1/prices/{PRICED}", params={"duration_s": str(int(frames) / 24), "count": "2"}).json()
    assert known["total_microdollars"] == 2 * round(0.15 * int(frames) / 24 * 1e6)


def test_what_a_price_does_not_hang_on_is_refused(artist: httpx.Client) -> None:
    """By its name, with what is accepted; so is a value that the schema does not accept."""
    answer = artist.get(
        f"/v1/prices/{WITH_PICTURE}", params={"input.colour": "1", "input.frame_count": "25", "count": "0"}
    )
    assert assert_error(answer, 422, 422003)["detail"][0]["path"] == "count"
    answer = artist.get(f"/v1/prices/{WITH_PICTURE}", params={"input.colour": "1", "input.frame_count": "25"})
    problems = {problem["path"]: problem["message"] for problem in assert_error(answer, 422, 422003)["detail"]}
    assert "accepted are frame_count" in problems["colour"]
    assert "24" in problems["frame_count"]
    for wrong in ("nan", "-1", "inf", "86401", "much"):
        assert_error(artist.get(f"/v1/prices/{PRICED}", params={"duration_s": wrong}), 422, 422003)
