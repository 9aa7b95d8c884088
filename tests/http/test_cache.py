"""An earlier output in place of a run: what counts as equal, what it costs, and what everybody is told of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml

from mutoscope.client import Client
from tests.conftest import LiveServer, serving
from tests.http.calls import SMALL, TESTCARD, assert_error, completed, finished, result, submit
from tests.http.media import data_uri, png
from tests.http.receiver import Receiver, receiving

pytestmark = pytest.mark.slow

MODEL, OTHER = "studio/card", "studio/other"
USE = {"Mutoscope-Cache": "use"}
VERSION = "9"
FILM = b"0123456789"


def _manifest(model_id: str, **settings: Any) -> dict[str, Any]:
    properties = {
        "prompt": {"title": "Prompt", "type": "string"},
        "image": {"title": "Image", "type": "string", "format": "image_uri"},
        "seed": {"title": "Seed", "type": "integer"},
    }
    return {
        "manifest": 1,
        "id": model_id,
        "author": "Studio",
        "name": "A card",
        "description": "For tests.",
        "input_schema": {"type": "object", "title": "Input", "properties": properties},
        "output": {"produces": "video"},
        "engine": {"name": "testcard", "inputs": {name: name for name in properties}, "settings": settings},
        "price": {"base_price_usd": 0.1, "unit": "second"},
    }


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server without workers, where an earlier output costs a quarter."""
    folder = tmp_path_factory.mktemp("cache")
    (folder / "models").mkdir()
    for model_id in (MODEL, OTHER):
        manifest = yaml.safe_dump(_manifest(model_id))
        (folder / "models" / f"{model_id.rpartition('/')[2]}.yaml").write_text(manifest)
    settings = {"workers": 0, "worker_token": "wt_test", "cache_price_share": 0.25, "fetch_allow": "127.0.0.0/8"}
    with serving(folder / "data", manifests=folder / "models", **settings) as live:
        yield live


@pytest.fixture
def owner(studio: LiveServer) -> Iterator[httpx.Client]:
    with studio.client() as client:
        yield client


@pytest.fixture
def work(studio: LiveServer) -> Iterator[Work]:
    with studio.client("wt_test") as client:
        yield Work(client)


class Work:
    """The only worker; it says which version of the engine it has."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.client.headers["X-Mutoscope-Worker"] = "only"
        self.announce(VERSION)

    def announce(self, version: str) -> None:
        """Ask for work while there is none."""
        assert self.claim(version).status_code == 204

    def claim(self, version: str = VERSION) -> httpx.Response:
        asked = {"worker_id": "only", "engines": ["testcard"], "versions": {"testcard": version}}
        return self.client.post("/worker/v1/claim", json=asked)

    def make(self, version: str = VERSION, engine: str = "testcard") -> None:
        """Carry out what waits."""
        attempt = self.claim(version).json()
        where = f"/worker/v1/requests/{attempt['request_id']}"
        number, kind = {"attempt": str(attempt["attempt"])}, {"Content-Type": "video/mp4"}
        put = self.client.put(f"{where}/files/output.mp4", params=number, content=FILM, headers=kind)
        metadata = {
            "engine": engine,
            "engine_version": version,
            "media": {"duration_s": 2.0},
            "timings": {"engine_s": 7.0},
        }
        message = {"attempt": attempt["attempt"], "outcome": "completed", "outputs": [put.json()], "metadata": metadata}
        assert self.client.post(f"{where}/finish", json=message).status_code == 200


def ask(client: httpx.Client, body: dict[str, Any], *, model: str = MODEL, **query: str) -> str:
    """Submit with the cache; the request's id."""
    answer = client.post(f"/v1/models/{model}", json=body, params=query, headers=USE)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["request_id"])


def waits(client: httpx.Client, request_id: str) -> bool:
    """Does it have to run? Then it is cancelled."""
    state = client.post(f"/v1/requests/{request_id}/cancel").json()
    return bool(state["outcome"] == "cancelled")


def test_an_equal_request_gets_the_earlier_output(owner: httpx.Client, work: Work) -> None:
    """At once, marked, a copy of its own, at its share of the price; a cancel comes too late, and says so."""
    body = {"prompt": "a hit", "seed": 7}
    first = ask(owner, body)
    work.make()
    with receiving() as receiver:
        second = ask(owner, body, webhook=receiver.at("/told"), webhook_events="in_queue,in_progress,completed")
        told = result(owner, second, include_cost="true")
        assert told["status"] == "succeeded"
        assert (told["metadata"]["cached"], told["metadata"]["cached_from"]) == (True, first)
        assert (told["metadata"]["seed"], told["metadata"]["timings"]["total_s"]) == (7, 0.0)
        assert owner.get(told["output"]["video"]).content == FILM
        assert told["output"]["video"] != result(owner, first)["output"]["video"]
        _told_of(receiver, second)
    assert "cached" not in result(owner, first)["metadata"]
    listed = {one["request_id"]: one["cached_from"] for one in owner.get("/v1/requests").json()["requests"]}
    assert (listed[first], listed[second]) == (None, first)
    assert (result(owner, first, include_cost="true")["cost"], told["cost"]) == (0.2, 0.05)
    rows = {row["request_id"]: row for row in owner.get("/v1/usage").json()["usage"]}
    assert [rows[one]["cost_usd"] for one in (first, second)] == [0.2, 0.05]
    cancelled = owner.post(f"/v1/requests/{second}/cancel", params={"running": "true"}).json()
    assert (cancelled["outcome"], cancelled["status"]) == ("not_cancellable", "completed")
    assert owner.delete(f"/v1/requests/{second}").status_code == 204
    assert owner.get(result(owner, first)["output"]["video"]).content == FILM


def _told_of(receiver: Receiver, request_id: str) -> None:
    got = receiver.wait("/told", 3)
    assert {call.event["data"]["request_id"] for call in got} == {request_id}
    assert sorted(call.event["type"].rpartition(".")[2] for call in got) == ["completed", "in_progress", "in_queue"]


def test_what_is_not_equal_runs(owner: httpx.Client, work: Work, studio: LiveServer) -> None:
    """Another seed, none, another prompt, model, picture or account; not asked for, or asked for wrongly."""
    picture = data_uri(png(32, 32), "image/png")
    other = data_uri(png(40, 32), "image/png")
    body = {"prompt": "a miss", "seed": 7, "image": picture}
    ask(owner, body)
    work.make()
    for changed in ({"seed": 8}, {"seed": -1}, {"prompt": "another"}, {"image": other}):
        assert waits(owner, ask(owner, body | changed)), changed
    assert waits(owner, ask(owner, body | {"image": "https://example.com/a.png"}))
    assert waits(owner, ask(owner, body, model=OTHER))
    assert waits(owner, submit(owner, MODEL, **body))
    off = owner.post(f"/v1/models/{MODEL}", json=body, headers={"Mutoscope-Cache": "off"}).json()["request_id"]
    assert waits(owner, off)
    assert_error(owner.post(f"/v1/models/{MODEL}", json=body, headers={"Mutoscope-Cache": "yes"}), 400)
    key = owner.post("/v1/keys", json={"name": "Bob's", "account": "bob", "scopes": ["run", "read"]}).json()["key"]
    with studio.client(key) as bob:
        assert waits(bob, ask(bob, body))
    uploaded = owner.post("/v1/files", files={"file": ("b.png", png(32, 32), "image/png")}).json()["url"]
    assert result(owner, ask(owner, body | {"image": uploaded}))["status"] == "succeeded"


def test_a_key_may_ask_for_all_its_requests(owner: httpx.Client, work: Work, studio: LiveServer) -> None:
    """Without a header of ours; what the request says counts for more, and what the key says counts from now on."""
    made = owner.post("/v1/keys", json={"name": "tests", "limits": {"cache": "use"}}).json()
    assert made["limits"]["cache"] == "use"
    body = {"prompt": "by the key", "seed": 7}
    where = f"/v1/models/{MODEL}"
    with studio.client(made["key"]) as tests:
        first = submit(tests, MODEL, **body)
        work.make()
        told = result(tests, submit(tests, MODEL, **body))
        assert (told["status"], told["metadata"]["cached_from"]) == ("succeeded", first)
        limited = tests.post(where, json=body, params={"expires_in_s": 60}).json()["request_id"]
        assert result(tests, limited)["metadata"]["cached_from"] == first
        off = tests.post(where, json=body, headers={"Mutoscope-Cache": "off"}).json()["request_id"]
        assert waits(tests, off)
        assert owner.patch(f"/v1/keys/{made['key_id']}", json={"limits": {"cache": "off"}}).status_code == 200
        assert waits(tests, submit(tests, MODEL, **body))
        with Client(api_key=made["key"], base_url=studio.url) as client:
            assert client.submit(MODEL, body, use_cache=True).request_id != first
            assert owner.patch(f"/v1/keys/{made['key_id']}", json={"limits": {"cache": "use"}}).status_code == 200
            assert waits(tests, client.submit(MODEL, body, use_cache=False).request_id)


def test_only_what_would_be_made_today(owner: httpx.Client, work: Work) -> None:
    """Nothing of another version of the engine or of another engine, and nothing that was deleted."""
    body = {"prompt": "versions", "seed": 7}
    first = ask(owner, body)
    work.make()
    work.announce("10")
    again = ask(owner, body)
    work.make("10")
    assert result(owner, ask(owner, body))["metadata"]["cached_from"] == again
    work.announce(VERSION)
    assert waits(owner, ask(owner, body))
    work.announce("10")
    copy = ask(owner, body)
    assert owner.delete(f"/v1/requests/{again}").status_code == 204
    assert waits(owner, ask(owner, body)), "the copy is no source, and the first is of another version"
    work.announce(VERSION)
    assert result(owner, ask(owner, body))["metadata"]["cached_from"] == first
    assert owner.get(result(owner, copy)["output"]["video"]).content == FILM
    elsewhere = {"prompt": "a fallback", "seed": 7}
    ask(owner, elsewhere)
    work.make(engine="parallax")
    assert waits(owner, ask(owner, elsewhere))


def test_money_and_repeats(owner: httpx.Client, work: Work, studio: LiveServer) -> None:
    """Its price counts against the key's limit; the same Idempotency-Key gives the same request."""
    body = {"prompt": "money", "seed": 7}
    ask(owner, body)
    work.make()
    limits = {"spending": {"usd": 0.06, "period": "total"}}
    key = owner.post("/v1/keys", json={"name": "poor", "scopes": ["run", "read"], "limits": limits}).json()["key"]
    with studio.client(key) as poor:
        named = USE | {"Idempotency-Key": "once"}
        told = [poor.post(f"/v1/models/{MODEL}", json=body, headers=named) for _ in range(2)]
        assert told[0].json() == told[1].json()
        assert told[1].headers["Idempotent-Replayed"] == "true"
        assert_error(poor.post(f"/v1/models/{MODEL}", json=body, headers=USE), 402)
        spent = poor.get("/v1/account").json()["used"]["spending"]
        assert spent["spent_usd"] == 0.05


def test_a_worker_of_ours_says_its_versions(alice: httpx.Client) -> None:
    """From the test card to the events: nothing but the server's own parts."""
    body = SMALL | {"prompt": "our own", "seed": 4711}
    first = finished(alice, ask(alice, body, model=TESTCARD))
    second = ask(alice, body, model=TESTCARD)
    told = result(alice, second)
    assert told["metadata"]["cached_from"] == first["request_id"]
    assert told["metadata"]["media"]["sha256"] == first["metadata"]["media"]["sha256"]
    states = [line for line in alice.get(f"/v1/requests/{second}/events").text.splitlines() if '"state"' in line]
    assert [word for line in states for word in ("in_queue", "in_progress", "completed") if f'"{word}"' in line] == [
        "in_queue",
        "in_progress",
        "completed",
    ]
    assert completed(alice, **body)["metadata"].get("cached") is None
