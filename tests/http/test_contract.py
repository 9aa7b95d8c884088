"""RunComfy's Model API as its clients read it: field, type, format and status word, row by row.

Each test names who reads the field, because that client breaks when it fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from mutoscope import errors
from tests.conftest import REFERENCE_MODEL, LiveServer, start_server
from tests.http.calls import (
    PRICED,
    SMALL,
    STILL,
    TESTCARD,
    WITH_PICTURE,
    Hand,
    assert_error,
    completed,
    finished,
    hand_of,
    result,
    submit,
    until,
)
from tests.http.conftest import REFERENCE

REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")
STATES = ("in_queue", "in_progress", "completed", "failed", "cancelled")


@pytest.fixture
def hand(idle_server: LiveServer) -> Iterator[Hand]:
    """The test is the only worker."""
    with hand_of(idle_server) as hand:
        yield hand


@pytest.fixture
def waiting(idle_server: LiveServer, hand: Hand) -> Iterator[httpx.Client]:
    """Somebody whose requests wait until the test moves them on."""
    del hand  # it empties the queue
    with idle_server.client() as client:
        yield client


def in_state(client: httpx.Client, hand: Hand, state: str) -> str:
    """A fresh request that is brought into a state."""
    request_id = submit(client)
    if state == "cancelled":
        client.post(f"/v1/requests/{request_id}/cancel")
    elif state != "in_queue":
        attempt = hand.claim()
        assert attempt["request_id"] == request_id
        if state == "failed":
            hand.finish(attempt, "failed", error="content rejected by the provider")
        elif state == "completed":
            hand.complete(attempt)
    return request_id


# -- submit -------------------------------------------------------------------------------------------------------


def test_a_submit_is_answered_with_an_id_and_three_addresses(server: LiveServer, alice: httpx.Client) -> None:
    """200; everybody reads `request_id`, the partner nodes by their pattern. Nothing else is in the body."""
    answer = alice.post(f"/v1/models/{TESTCARD}", json=SMALL)

    told = answer.json()
    assert answer.status_code == 200
    assert list(told) == ["request_id", "status_url", "result_url", "cancel_url"]
    assert REQUEST_ID.fullmatch(told["request_id"])
    for word in ("status", "result", "cancel"):
        assert told[f"{word}_url"] == f"{server.url}/v1/requests/{told['request_id']}/{word}"


def test_the_addresses_of_a_submit_can_be_followed(alice: httpx.Client) -> None:
    """The command line follows `result_url` as it stands."""
    told = alice.post(f"/v1/models/{TESTCARD}", json=SMALL).json()

    assert alice.get(told["status_url"]).json()["request_id"] == told["request_id"]
    assert alice.get(told["result_url"]).json()["request_id"] == told["request_id"]
    assert alice.post(told["cancel_url"]).status_code == 202


@pytest.mark.parametrize("host", ["studio.example:8443", "192.0.2.7", "[2001:db8::1]:9000"])
def test_addresses_carry_the_host_and_port_that_the_client_used(alice: httpx.Client, host: str) -> None:
    """A client behind another name must not be sent to ours: submit, status, result and catalogue."""
    named = {"Host": host}
    told = alice.post(f"/v1/models/{TESTCARD}", json=SMALL, headers=named).json()
    request_id = told["request_id"]
    finished(alice, request_id)
    status = alice.get(f"/v1/requests/{request_id}/status", headers=named).json()
    done = alice.get(f"/v1/requests/{request_id}/result", headers=named).json()
    model = alice.get(f"/v1/models/{TESTCARD}", headers=named).json()

    urls = [told["status_url"], told["result_url"], told["cancel_url"], status["status_url"], status["result_url"]]
    for url in (*urls, done["output"]["video"], model["model_url"]):
        assert url.startswith(f"http://{host}/"), url


@pytest.fixture(scope="session")
def named_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that was told its public address."""
    data = tmp_path_factory.mktemp("named") / "data"
    live = start_server(data, workers=0, worker_token="wt_named", public_url="https://media.runcomfy.net/")
    live.wait_ready()
    yield live
    assert live.stop() == 0


def test_a_configured_public_address_wins_over_the_host(named_server: LiveServer) -> None:
    """Outputs must be https on a name that the partner nodes accept."""
    with named_server.client() as client, hand_of(named_server) as hand:
        told = client.post(f"/v1/models/{TESTCARD}", json=SMALL, headers={"Host": "inside:8000"}).json()
        hand.complete(hand.claim())
        done = result(client, told["request_id"])

    assert told["status_url"] == f"https://media.runcomfy.net/v1/requests/{told['request_id']}/status"
    assert done["output"]["video"].startswith("https://media.runcomfy.net/v1/files/")


def test_unknown_keys_are_accepted_and_listed(alice: httpx.Client) -> None:
    """One client always adds `aspect_ratio`; it is ignored and said to be."""
    told = completed(alice, aspect_ratio="16:9", zoom=2)

    assert told["metadata"]["ignored_inputs"] == ["aspect_ratio", "zoom"]


# -- status -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("in_queue", "in_queue"),
        ("in_progress", "in_progress"),
        ("completed", "completed"),
        ("failed", "completed"),
        ("cancelled", "cancelled"),
    ],
)
def test_status_knows_four_words(waiting: httpx.Client, hand: Hand, state: str, word: str) -> None:
    """A failed request is `completed` here; command line, MCP, Go and Zapier read it."""
    request_id = in_state(waiting, hand, state)

    answer = waiting.get(f"/v1/requests/{request_id}/status")

    told = answer.json()
    base = str(waiting.base_url).rstrip("/")
    assert answer.status_code == 200
    assert told.pop("queue_position", None) == (0 if state == "in_queue" else None)
    assert told == {
        "request_id": request_id,
        "status": word,
        "status_url": f"{base}/v1/requests/{request_id}/status",
        "result_url": f"{base}/v1/requests/{request_id}/result",
    }


def test_the_queue_position_counts_down_to_zero(waiting: httpx.Client, hand: Hand) -> None:
    """An integer from the number of requests ahead, 0 for the next, absent once it runs (command line, Go)."""
    ids = [submit(waiting) for _ in range(4)]

    def positions() -> list[Any]:
        return [waiting.get(f"/v1/requests/{i}/status").json().get("queue_position") for i in ids]

    assert positions() == [0, 1, 2, 3]
    hand.claim()
    assert positions() == [None, 0, 1, 2]
    waiting.post(f"/v1/requests/{ids[2]}/cancel")
    assert positions() == [None, 0, None, 1]


@pytest.mark.parametrize("state", STATES)
def test_only_an_unfinished_request_says_when_to_ask_again(waiting: httpx.Client, hand: Hand, state: str) -> None:
    """Retry-After in whole seconds on status and result, nothing once it is finished."""
    request_id = in_state(waiting, hand, state)

    for call in ("status", "result"):
        hint = waiting.get(f"/v1/requests/{request_id}/{call}").headers.get("retry-after")
        assert (hint is not None and 1 <= int(hint) <= 5) == (state in ("in_queue", "in_progress"))


# -- result -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "word", "fields"),
    [
        ("in_queue", "in_queue", set()),
        ("in_progress", "in_progress", set()),
        ("completed", "succeeded", {"finished_at", "output", "metadata"}),
        ("failed", "failed", {"finished_at", "error"}),
        ("cancelled", "cancelled", {"finished_at"}),
    ],
)
def test_result_is_200_in_every_state(
    waiting: httpx.Client, hand: Hand, state: str, word: str, fields: set[str]
) -> None:
    """The partner nodes poll this one address; before the end it tells the state so far."""
    request_id = in_state(waiting, hand, state)

    answer = waiting.get(f"/v1/requests/{request_id}/result")

    told = answer.json()
    assert answer.status_code == 200
    assert told["request_id"] == request_id
    assert told["status"] == word
    assert told.keys() == {"request_id", "model_id", "status", "created_at"} | fields


def test_times_are_utc_with_an_offset_and_microseconds(alice: httpx.Client) -> None:
    """Go parses this format and no other: +00:00, never Z."""
    told = completed(alice)

    assert INSTANT.fullmatch(told["created_at"])
    assert INSTANT.fullmatch(told["finished_at"])
    took = datetime.fromisoformat(told["finished_at"]) - datetime.fromisoformat(told["created_at"])
    assert timedelta(0) <= took < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("model_id", "inputs", "key", "media_type"),
    [
        (TESTCARD, {}, "video", "video/mp4"),
        (WITH_PICTURE, {}, "video", "video/mp4"),
        (STILL, {"prompt": "one", "num_images": 1}, "images", "image/png"),
        (STILL, {"prompt": "three", "num_images": 3}, "images", "image/png"),
    ],
)
def test_output_has_exactly_one_key_with_addresses(
    alice: httpx.Client, model_id: str, inputs: dict[str, Any], key: str, media_type: str
) -> None:
    """Strings, never objects; the command line downloads every address it finds, the nodes without a key."""
    output = completed(alice, model_id, **inputs)["output"]

    assert list(output) == [key]
    urls = output[key] if key.endswith("s") else [output[key]]
    assert len(urls) == inputs.get("num_images", 1)
    for url in urls:
        assert isinstance(url, str)
        answer = httpx.get(url, trust_env=False)
        assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)


def test_metadata_tells_how_the_output_was_made(alice: httpx.Client) -> None:
    """Engine, seed in use, what was ignored, the measured file and the time it took."""
    metadata = completed(alice, seed=7, num_frames=6, fps=12)["metadata"]

    assert metadata["engine"] == "testcard"
    assert isinstance(metadata["engine_version"], str)
    assert metadata["seed"] == 7
    assert metadata["ignored_inputs"] == []
    assert metadata["plan"].keys() == {"applied", "ignored"}
    media = metadata["media"]
    assert (media["width_px"], media["height_px"], media["num_frames"], media["fps"]) == (32, 32, 6, 12.0)
    assert media["codec"] == "h264"
    assert re.fullmatch("[0-9a-f]{64}", media["sha256"])
    assert media["duration_s"] == pytest.approx(0.5)
    assert metadata["timings"].keys() >= {"queued_s", "fetch_s", "engine_s", "store_s", "total_s"}


def test_a_seed_that_was_not_given_is_drawn_and_told(alice: httpx.Client) -> None:
    """-1 and nothing mean the same: a fresh seed, which makes the same bytes when it is given."""
    first, second = completed(alice)["metadata"], completed(alice, seed=-1)["metadata"]
    again = completed(alice, seed=first["seed"])["metadata"]

    assert first["seed"] != second["seed"]
    assert 0 <= first["seed"] < 2**31
    assert again["media"]["sha256"] == first["media"]["sha256"]


def test_the_error_of_a_failed_request_is_a_string(alice: httpx.Client) -> None:
    """The Model API's form; objects and lists belong to other APIs."""
    told = finished(alice, submit(alice, fail="error"))

    assert told["status"] == "failed"
    assert told["error"] == "the test card was asked to fail"


def test_a_defect_of_an_engine_is_told_without_its_text(alice: httpx.Client) -> None:
    """An error nobody foresaw may hold anything, so nothing of it is shown."""
    told = finished(alice, submit(alice, fail="defect"))

    assert told["status"] == "failed"
    assert "secret" not in told["error"]
    assert "ZeroDivision" not in told["error"]


@pytest.mark.parametrize("word", ["true", "1", "True"])
def test_the_cost_is_told_only_when_asked_for(artist: httpx.Client, word: str) -> None:
    """A number of US dollars, read by the partner nodes."""
    request_id = submit(artist, PRICED, prompt="bars")
    done = finished(artist, request_id)

    assert "cost" not in done
    assert result(artist, request_id, include_cost="false").keys() == done.keys()
    cost = result(artist, request_id, include_cost=word)["cost"]
    assert cost == pytest.approx(0.15)
    assert type(cost) is float


@pytest.mark.parametrize("state", ["failed", "cancelled", "in_queue", "in_progress"])
def test_what_was_not_made_costs_nothing(waiting: httpx.Client, hand: Hand, state: str) -> None:
    """Zero once it is finished; nothing is said before."""
    request_id = in_state(waiting, hand, state)

    told = result(waiting, request_id, include_cost="true")

    assert told.get("cost") == (0 if state in ("failed", "cancelled") else None)


@pytest.mark.parametrize("state", STATES)
def test_a_success_never_carries_an_error_code(waiting: httpx.Client, hand: Hand, state: str) -> None:
    """MCP, Dify, Zapier and Go take any `error_code` in a 200 for an error."""
    request_id = in_state(waiting, hand, state)
    calls = ("", "/status", "/result", "/result?include_cost=true")
    answers = [waiting.get(f"/v1/requests/{request_id}{call}") for call in calls]
    answers += [waiting.post(f"/v1/requests/{request_id}/cancel"), waiting.get("/v1/models"), waiting.get("/v1/keys")]

    for answer in answers:
        assert answer.is_success
        assert not answer.json().keys() & {"error_code", "error_message", "message", "detail"}


def test_the_model_is_the_one_that_was_asked_for(alice: httpx.Client) -> None:
    """The partner nodes raise when it differs."""
    assert completed(alice, STILL, prompt="bars")["model_id"] == STILL


# -- cancel -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "word", "outcome"),
    [
        ("in_queue", "cancelled", "cancelled"),
        ("in_progress", "in_progress", "not_cancellable"),
        ("completed", "completed", "not_cancellable"),
        ("failed", "completed", "not_cancellable"),
        ("cancelled", "cancelled", "not_cancellable"),
    ],
)
def test_cancel_is_202_with_the_real_state(
    waiting: httpx.Client, hand: Hand, state: str, word: str, outcome: str
) -> None:
    """Only a queued request is cancelled; the nodes and MCP read `outcome`, Go reads `status`."""
    request_id = in_state(waiting, hand, state)

    answer = waiting.post(f"/v1/requests/{request_id}/cancel")

    assert answer.status_code == 202
    assert answer.json() == {"request_id": request_id, "status": word, "outcome": outcome}
    assert waiting.get(f"/v1/requests/{request_id}/status").json()["status"] == word


def test_cancel_can_also_stop_a_running_request(waiting: httpx.Client, hand: Hand) -> None:
    """?running=true is ours; the worker hears of it and its result is refused."""
    request_id = submit(waiting)
    attempt = hand.claim()

    answer = waiting.post(f"/v1/requests/{request_id}/cancel", params={"running": "true"})

    assert answer.json() == {"request_id": request_id, "status": "cancelled", "outcome": "cancelled"}
    assert hand.beat(attempt, 0.5).status_code == 409
    assert result(waiting, request_id)["status"] == "cancelled"


@pytest.mark.slow
def test_a_running_request_really_stops(alice: httpx.Client) -> None:
    """The next one does not wait for the minute that the first would have taken."""
    slow = submit(alice, delay_s=60)
    until(lambda: result(alice, slow)["status"] == "in_progress")

    alice.post(f"/v1/requests/{slow}/cancel?running=true")

    assert finished(alice, submit(alice))["status"] == "succeeded"
    assert result(alice, slow)["status"] == "cancelled"


# -- catalogue and balance ----------------------------------------------------------------------------------------


def test_a_catalogue_entry_has_every_field_its_readers_want(alice: httpx.Client) -> None:
    """The partner nodes refuse to run unless price and id have exactly these types."""
    models = alice.get("/v1/models").json()["models"]

    assert {entry["model_id"] for entry in models} >= {REFERENCE_MODEL, TESTCARD, STILL, WITH_PICTURE}
    for entry in models:
        assert type(entry["base_price_usd"]) in (int, float)
        assert entry["base_price_usd"] >= 0
        assert entry["price_unit"] == ("output" if entry["model_id"] == STILL else "second")
        assert isinstance(entry["pricing_note"], str)
        assert entry["kind"] in ("model", "workflow", "inference")
        assert entry["model_url"].startswith("http")
        assert entry["display_name"]
        assert all(isinstance(word, str) for word in (*entry["categories"], entry["description"]))
        assert set(entry["required_inputs"]) <= set(entry["inputs"])
        assert "input_schema" not in entry


def test_a_price_is_a_number_in_the_catalogue(artist: httpx.Client) -> None:
    """The nodes ask for it before every submit."""
    entry = artist.get(f"/v1/models/{PRICED}").json()

    assert (entry["model_id"], entry["base_price_usd"], entry["price_unit"]) == (PRICED, 0.15, "second")


def test_the_reference_schema_is_the_published_one(alice: httpx.Client) -> None:
    """Value for value and in the page's order, its title in the default language."""
    entry = alice.get(f"/v1/models/{REFERENCE_MODEL}").json()

    assert entry["input_schema"] == REFERENCE["input_schema"] | {"title": "Input Schema"}
    assert list(entry["input_schema"]) == list(REFERENCE["input_schema"])
    assert list(entry["input_schema"]["properties"]) == list(REFERENCE["input_schema"]["properties"])
    assert entry["inputs"] == ["prompt", "image_urls", "seed", "frames"]
    assert entry["required_inputs"] == ["prompt", "image_urls"]
    assert entry["categories"] == ["image-to-video"]
    assert entry["price_unit"] == "second"


def test_the_output_schema_is_the_constant_of_every_page(alice: httpx.Client) -> None:
    """image, video, images, videos: addresses, whatever the model makes."""
    shapes = [alice.get(f"/v1/models/{m}").json()["output_schema"] for m in (REFERENCE_MODEL, TESTCARD, STILL)]

    assert shapes[0] == shapes[1] == shapes[2]
    properties = shapes[0]["output"]["properties"]
    assert list(properties) == ["image", "video", "images", "videos"]
    assert properties["video"]["type"] == properties["images"]["items"]["type"] == "string"


def test_the_balance_is_told_in_dollars_and_microdollars(artist: httpx.Client) -> None:
    """Command line and MCP read all three; without a wallet it is what was spent, as a negative number."""
    finished(artist, submit(artist, PRICED, prompt="bars"))

    told = artist.get("/prod/v2/balance").json()

    assert told.keys() == {"balance_usd", "balance_microdollars", "currency"}
    assert told["currency"] == "USD"
    assert type(told["balance_microdollars"]) is int
    assert told["balance_usd"] * 1e6 == pytest.approx(told["balance_microdollars"])
    assert told["balance_usd"] <= -0.15


# -- idempotency --------------------------------------------------------------------------------------------------


def test_the_same_idempotency_key_and_body_give_the_same_request(alice: httpx.Client) -> None:
    """A client that lost the answer may ask again without paying twice; the replay says what it is."""
    headers = {"Idempotency-Key": "same-1"}
    first = alice.post(f"/v1/models/{TESTCARD}", json=SMALL, headers=headers)
    reordered = dict(reversed(SMALL.items()))
    again = alice.post(f"/v1/models/{TESTCARD}", json=reordered, headers=headers)

    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()


@pytest.mark.parametrize("model_id", [TESTCARD, STILL])
def test_an_idempotency_key_cannot_be_used_for_something_else(alice: httpx.Client, model_id: str) -> None:
    """Another body or another model is a mistake, not a replay."""
    headers = {"Idempotency-Key": f"other-{model_id}"}
    alice.post(f"/v1/models/{TESTCARD}", json=SMALL, headers=headers)

    answer = alice.post(f"/v1/models/{model_id}", json={"prompt": "other"}, headers=headers)

    assert "Idempotency-Key" in assert_error(answer, 422, 422002)["message"]


def test_idempotency_keys_of_two_accounts_do_not_meet(alice: httpx.Client, bob: httpx.Client) -> None:
    """Bob's key is Bob's."""
    headers = {"Idempotency-Key": "shared"}

    ids = [who.post(f"/v1/models/{TESTCARD}", json=SMALL, headers=headers).json() for who in (alice, bob)]

    assert ids[0]["request_id"] != ids[1]["request_id"]


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
def test_an_unreadable_idempotency_key_is_refused(alice: httpx.Client, key: str) -> None:
    """It is never cut or cleaned in silence."""
    answer = alice.post(f"/v1/models/{TESTCARD}", json=SMALL, headers={"Idempotency-Key": key})

    assert "Idempotency-Key" in assert_error(answer, 400, 400001)["message"]


# -- errors -------------------------------------------------------------------------------------------------------

NOBODY = "00000000-0000-0000-0000-000000000000"
BAD_CALLS: dict[str, tuple[str, str, dict[str, Any], int, int]] = {
    "no key": ("GET", "/v1/requests", {"headers": {"Authorization": ""}}, 401, 401001),
    "unknown key": ("GET", "/v1/requests", {"headers": {"Authorization": "Bearer mk_x"}}, 401, 401002),
    "other scheme": ("GET", "/v1/requests", {"headers": {"Authorization": "Basic eDp5"}}, 401, 401001),
    "broken JSON": ("POST", f"/v1/models/{TESTCARD}", {"content": b"{"}, 400, 400001),
    "empty body": ("POST", f"/v1/models/{TESTCARD}", {"content": b""}, 400, 400001),
    "a list": ("POST", f"/v1/models/{TESTCARD}", {"json": []}, 422, 422001),
    "missing input": ("POST", f"/v1/models/{TESTCARD}", {"json": {}}, 422, 422001),
    "unknown model": ("POST", "/v1/models/no/such", {"json": {}}, 404, 404001),
    "unknown model shown": ("GET", "/v1/models/no/such", {}, 404, 404001),
    "unknown request": ("GET", f"/v1/requests/{NOBODY}/status", {}, 404, 404001),
    "unknown result": ("GET", f"/v1/requests/{NOBODY}/result", {}, 404, 404001),
    "unknown cancel": ("POST", f"/v1/requests/{NOBODY}/cancel", {}, 404, 404001),
    "unknown events": ("GET", f"/v1/requests/{NOBODY}/events", {}, 404, 404001),
    "unknown poster": ("GET", f"/v1/requests/{NOBODY}/poster", {}, 404, 404001),
    "unknown preview": ("GET", f"/v1/requests/{NOBODY}/previews/1/{'0' * 32}", {}, 404, 404001),
    "unknown delete": ("DELETE", f"/v1/requests/{NOBODY}", {}, 404, 404001),
    "unknown file": ("GET", f"/v1/files/{NOBODY}/a.png", {}, 404, 404001),
    "unknown key id": ("DELETE", f"/v1/keys/{NOBODY}", {}, 404, 404001),
    "bad signature": (
        "GET",
        "/v1/files/x/a.png?expires=1&signature=x",
        {"headers": {"Authorization": ""}},
        404,
        404002,
    ),
    "no such address": ("GET", "/v1/nothing", {}, 404, 404001),
    "no such root": ("GET", "/favicon.nope", {}, 404, 404001),
    "method": ("PUT", "/v1/requests", {}, 405, 405001),
    "method of a model": ("DELETE", f"/v1/models/{TESTCARD}", {}, 405, 405001),
    "query": ("GET", "/v1/models?limit=0", {}, 422, 422003),
    "cursor": ("GET", "/v1/requests?cursor=%00", {}, 422, 422003),
    "key name": ("POST", "/v1/keys", {"json": {"name": ""}}, 422, 422001),
    "empty file": ("POST", "/v1/files", {"content": b""}, 400, 400001),
    "no picture": ("POST", "/v1/files", {"content": b"hello"}, 422, 422001),
    "long body": ("POST", "/v1/keys", {"content": b" " * 70_000}, 413, 413001),
    "worker without token": ("POST", "/worker/v1/claim", {"json": {}}, 401, 401003),
}


@pytest.mark.parametrize(
    ("method", "path", "call", "status", "code"), [pytest.param(*row, id=name) for name, row in BAD_CALLS.items()]
)
def test_every_error_has_the_one_shape(
    alice: httpx.Client, method: str, path: str, call: dict[str, Any], status: int, code: int
) -> None:
    """error_code, error_message, message and detail: MCP, Go and the rest each read another of them."""
    assert_error(alice.request(method, path, **call), status, code)


def test_the_walk_covers_every_error_that_a_caller_can_provoke() -> None:
    """A new status without a row above is noticed; 402, 429, 504 and 507 need a server in trouble, 409 and 416 a file,
    408 and 410 time."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    statuses = {kind.status for kind in kinds if issubclass(kind, errors.MutoscopeError)}
    elsewhere = {402, 403, 408, 409, 410, 416, 429, 500, 503, 504, 507}

    assert {row[3] for row in BAD_CALLS.values()} == statuses - elsewhere


def test_a_401_says_how_to_show_a_key(server: LiveServer) -> None:
    """As HTTP demands."""
    with server.client("") as client:
        answer = client.get("/v1/requests")

    assert answer.headers["www-authenticate"] == "Bearer"
    assert "Bearer" in assert_error(answer, 401)["message"]


def test_head_of_a_refused_call_has_no_body(server: LiveServer) -> None:
    """An error to HEAD must not confuse the next answer on the connection."""
    with server.client("") as client:
        assert client.head("/v1/models").status_code == 200
        assert client.head("/v1/requests").status_code == 401
        assert client.get("/livez").json() == {"status": "ok"}


def test_the_first_clients_addresses_answer_the_same(alice: httpx.Client) -> None:
    """Section 9, row 19: the Model API was looked for below /prod/v2 once."""
    submitted = alice.post(f"/prod/v2/models/{TESTCARD}", json={"prompt": "a harbour"}).json()
    old, new = (f"{prefix}/requests/{submitted['request_id']}" for prefix in ("/prod/v2", "/v1"))
    assert alice.post(old + "/cancel").status_code == 202
    ended = finished(alice, submitted["request_id"])
    assert alice.get(old + "/status").json() == alice.get(new + "/status").json()
    assert alice.get(old + "/result").json()["status"] == ended["status"]
