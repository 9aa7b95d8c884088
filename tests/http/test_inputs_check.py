"""Would this file do? A worker looks at the address; the server opens none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.conftest import LiveServer, start_server
from tests.http import media
from tests.http.calls import FIRST_FRAME, TESTCARD, assert_error, submit, until
from tests.http.hostile import Hostile

pytestmark = pytest.mark.slow


def check(client: httpx.Client, url: str, *, field: str = "image_urls", model_id: str = FIRST_FRAME) -> dict[str, Any]:
    """What is said about an address."""
    answer = client.post("/v1/inputs/check", json={"model_id": model_id, "field": field, "url": url})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def rules(told: dict[str, Any]) -> list[str]:
    """Which rules were broken."""
    return [problem["rule"] for problem in told["problems"]]


def test_a_good_picture_is_measured(artist: httpx.Client, hostile: Hostile) -> None:
    """Format and size come from the bytes, fetched once."""
    content = media.jpeg(800, 600)
    told = check(artist, hostile.serve(content, media_type="text/html"))

    assert told["ok"] is True
    assert told["problems"] == []
    found = told["media"]
    assert (found["kind"], found["format"], found["width_px"], found["height_px"]) == ("image", "jpeg", 800, 600)
    assert found["size_bytes"] == len(content)
    assert "sha256" not in found
    assert hostile.asked == ["/picture"]


def test_every_broken_rule_is_told_in_the_manifests_words(artist: httpx.Client, hostile: Hostile) -> None:
    """Too small on one side, too large on the other, and out of ratio."""
    told = check(artist, hostile.serve(media.png(300, 4500)))

    assert told["ok"] is False
    assert rules(told) == ["height_pixels<=", "width_pixels>", "width/height>"]
    assert told["problems"][0]["message"].startswith("Maximum resolution is 4096x4096")
    assert told["problems"][0]["path"] == "image_urls"
    assert told["media"]["height_px"] == 4500


def test_a_file_that_is_no_picture_is_named(artist: httpx.Client, hostile: Hostile) -> None:
    """A page, a broken picture, a format that this model does not take."""
    page = check(artist, hostile.serve(b"<!doctype html><p>Please log in", path="/a"))
    cut = check(artist, hostile.serve(media.truncated_jpeg(), path="/b"))
    gif = check(artist, hostile.serve(media.gif(), path="/c"))

    assert "a web page" in page["problems"][0]["message"]
    assert page["media"] is None
    assert not cut["ok"]
    assert gif["problems"][0]["message"] == "found GIF; accepted are JPEG and PNG"


def test_the_doors_refusals_are_the_answer(artist: httpx.Client, hostile: Hostile) -> None:
    """Inner addresses, directly or by way of a redirect; odd ports; files; too much; nothing."""
    told = {
        "address": check(artist, "https://169.254.169.254/latest/meta-data"),
        "scheme": check(artist, hostile.redirect("file:///etc/passwd", path="/to-file")),
        "max_bytes": check(artist, hostile.announce(10**12)),
        "status": check(artist, hostile.answer(403)),
    }
    inward = check(artist, hostile.redirect("http://10.0.0.1/", path="/inward"))

    assert {rule: rules(found) for rule, found in told.items()} == {rule: [rule] for rule in told}
    assert rules(inward) == ["address"]
    assert all(found["media"] is None for found in told.values())


def test_one_key_has_so_many_checks_and_no_more(studio: LiveServer, hostile: Hostile) -> None:
    """Four at once; a slow address keeps its asker waiting, and ends by itself."""
    slow = hostile.trickle(pause_s=0.2)
    with studio.client() as owner:
        key = owner.post("/v1/keys", json={"name": "asker"}).json()["key"]

    def ask(_: int) -> httpx.Response:
        with studio.client(key) as client:
            wanted = {"model_id": FIRST_FRAME, "field": "image_urls", "url": slow}
            return client.post("/v1/inputs/check", json=wanted)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(6)))

    statuses = [answer.status_code for answer in answers]
    assert statuses.count(429) == 2
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused.headers["Retry-After"]) >= 1
    ended = [answer for answer in answers if answer.status_code == 200]
    assert ended, statuses
    assert [problem["rule"] for problem in ended[0].json()["problems"]] == ["timeout"]
    assert set(statuses) <= {200, 429, 504}


def test_a_file_of_ours_needs_no_worker(idle_server: LiveServer) -> None:
    """An upload and a data URI are measured at once; anything else needs one, and that is said."""
    wanted = {"model_id": "mutoscope/testcard/image-to-video", "field": "source"}
    with idle_server.client() as alice:
        url = alice.post("/v1/files", content=media.png(500, 400)).json()["url"]
        for address in (url, media.data_uri(media.jpeg(500, 400))):
            told = alice.post("/v1/inputs/check", json=wanted | {"url": address}).json()
            assert told["ok"], told
            assert told["media"]["width_px"] == 500
        assert len(alice.get("/v1/files").json()["files"]) == 1
        answer = alice.post("/v1/inputs/check", json=wanted | {"url": "https://example.com/a.jpg"})
    assert_error(answer, 503, 503006)
    assert "Retry-After" in answer.headers


def test_a_worker_that_renders_still_looks(alice: httpx.Client, hostile: Hostile) -> None:
    """The answer comes while the only worker is busy with a request."""
    request_id = submit(alice, TESTCARD, delay_s=60)
    until(lambda: alice.get(f"/v1/requests/{request_id}/status").json()["status"] == "in_progress")
    told = check(alice, hostile.serve(media.png()), field="source", model_id="mutoscope/testcard/image-to-video")

    assert told["ok"]
    assert alice.get(f"/v1/requests/{request_id}/status").json()["status"] == "in_progress"
    alice.post(f"/v1/requests/{request_id}/cancel?running=true")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ([], ""),
        ({"field": "image_urls", "url": "https://example.com/a"}, "model_id"),
        ({"model_id": FIRST_FRAME, "field": "prompt", "url": "https://example.com/a"}, "field"),
        ({"model_id": FIRST_FRAME, "field": "image_urls", "url": "ftp://example.com/a"}, "url"),
        ({"model_id": FIRST_FRAME, "field": "image_urls", "url": "/etc/passwd"}, "url"),
        ({"model_id": FIRST_FRAME, "field": "image_urls", "url": 7}, "url"),
    ],
)
def test_a_question_that_cannot_be_asked(artist: httpx.Client, body: Any, path: str) -> None:
    """The field of the question that is wrong, in the one shape of errors."""
    answer = artist.post("/v1/inputs/check", json=body)
    assert [problem["path"] for problem in assert_error(answer, 422, 422001)["detail"]] == [path]


def test_who_may_not_ask(studio: LiveServer, artist: httpx.Client) -> None:
    """No key; no such model."""
    wanted = {"model_id": "no/such/model", "field": "image_urls", "url": "https://example.com/a"}
    assert_error(artist.post("/v1/inputs/check", json=wanted), 404)
    with studio.client("") as nobody:
        assert_error(nobody.post("/v1/inputs/check", json=wanted), 401)


def test_a_key_that_asks_too_often_is_told_when_to_come_back(tmp_path: Any) -> None:
    """Two a minute here; files at hand count as little as none, since nobody fetches them."""
    live = start_server(tmp_path / "data", workers=0, checks_per_minute=2)
    try:
        live.wait_ready()
        wanted = {"model_id": "mutoscope/testcard/image-to-video", "field": "source", "url": "https://example.com/a"}
        with live.client() as alice:
            answers = [alice.post("/v1/inputs/check", json=wanted) for _ in range(3)]
            at_hand = alice.post("/v1/inputs/check", json=wanted | {"url": media.data_uri(media.jpeg())})
        assert [answer.status_code for answer in answers] == [503, 503, 429]
        assert 1 <= int(answers[2].headers["Retry-After"]) <= 61
        assert at_hand.status_code == 200
    finally:
        live.stop()
