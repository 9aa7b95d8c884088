"""What the owner changes while the server runs: for callers at once, and for good."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import LiveServer, start_server
from tests.http import media
from tests.http.calls import SMALL, TESTCARD, assert_error, finished, hand_of, submit, until
from tests.postgres import Server as Postgres

pytestmark = pytest.mark.slow
SHOWCASE = "mutoscope/parallax"
MODEL_FIELDS = {"enabled": None, "engine": None, "base_price_usd": None}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose worker runs the test card alone."""
    live = start_server(tmp_path_factory.mktemp("admin") / "data", engines="testcard")
    live.wait_ready()
    yield live
    assert live.stop() == 0


@pytest.fixture
def owner(site: LiveServer) -> Iterator[httpx.Client]:
    """Its owner, who takes everything back afterwards."""
    with site.client() as client:
        yield client
        for model in client.get("/v1/admin/models").json()["models"]:
            if model["changed"]:
                change(client, model["model_id"], **MODEL_FIELDS)
        limits = client.get("/v1/admin/limits").json()["limits"]
        assert client.patch("/v1/admin/limits", json=dict.fromkeys(limits)).status_code == 200


def change(client: httpx.Client, model_id: str, **wanted: Any) -> dict[str, Any]:
    """Change a model; the model as it is now."""
    answer = client.patch(f"/v1/admin/models/{model_id}", json=wanted)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def picture() -> dict[str, Any]:
    """Inputs of the showcase model."""
    return {"image_url": media.data_uri(media.jpeg(400, 300), "image/jpeg"), "prompt": "push in"}


def test_a_model_that_is_switched_off_is_refused(owner: httpx.Client) -> None:
    """By a code of its own, from every list; what waits is kept and runs when it is on again."""
    waiting = submit(owner, TESTCARD, delay_s=1)
    held_back = submit(owner, TESTCARD)
    assert change(owner, TESTCARD, enabled=False)["enabled"] is False
    for call in (f"/v1/models/{TESTCARD}", f"/v1/quote/{TESTCARD}"):
        refused = assert_error(owner.post(call, json=SMALL), 403, 403005)
        assert "switched off" in refused["message"]
    listed = owner.get("/v1/models").json()["models"]
    assert TESTCARD not in [model["model_id"] for model in listed]
    assert f"/v1/models/{TESTCARD}" not in owner.get("/openapi.json").json()["paths"]
    finished(owner, waiting)
    assert owner.get(f"/v1/requests/{held_back}").json()["state"] in ("in_queue", "completed")
    assert change(owner, TESTCARD, enabled=None)["changed"] == []
    assert finished(owner, held_back)["status"] == "succeeded"


def test_a_model_is_pointed_at_another_engine(owner: httpx.Client) -> None:
    """What no worker could run is run now; id, inputs and output are as before, and the result names the engine."""
    (before,) = [m for m in owner.get("/v1/admin/models").json()["models"] if m["model_id"] == SHOWCASE]
    assert before["engine"] == "parallax"
    assert before["engines"] == ["parallax", "testcard"]
    request_id = submit(owner, SHOWCASE, **picture())
    assert owner.get(f"/v1/requests/{request_id}").json()["state"] == "in_queue"
    told = change(owner, SHOWCASE, engine={"name": "testcard"})
    assert (told["engine"], told["manifest"]["engine"], told["changed"]) == ("testcard", "parallax", ["engine"])
    done = finished(owner, request_id)
    assert (done["status"], done["metadata"]["engine"]) == ("succeeded", "testcard")
    assert list(done["output"]) == ["video"]


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ({"name": "nobody"}, "accepted are parallax, testcard"),
        ({"name": "parallax"}, "needs this parameter"),
        ({"name": "testcard", "inputs": {"prompt": "colour"}}, "no input 'colour'"),
        ({"name": "testcard", "settings": {"speed": 1}}, "no such setting"),
        ({"name": "testcard", "nonsense": 1}, "perhaps with inputs and settings"),
        ("testcard", "perhaps with inputs and settings"),
    ],
)
def test_an_engine_that_does_not_fit_is_refused(owner: httpx.Client, engine: Any, words: str) -> None:
    """With what is accepted; nothing changed."""
    answer = owner.patch(f"/v1/admin/models/{TESTCARD}", json={"engine": engine})
    assert words in assert_error(answer, 422)["message"]
    assert [m["changed"] for m in owner.get("/v1/admin/models").json()["models"] if m["model_id"] == TESTCARD] == [[]]


def test_a_price_counts_everywhere_and_for_what_comes(idle_server: LiveServer) -> None:
    """Quote, catalogue, price list; a request that was accepted before costs what it was quoted."""
    with idle_server.client() as client, hand_of(idle_server) as hand:
        change(client, TESTCARD, base_price_usd=0.5)
        quoted = client.post(f"/v1/quote/{TESTCARD}", json=SMALL).json()["price"]
        assert quoted["base_price_usd"] == 0.5
        assert quoted["cost_usd"] > 0
        assert client.get(f"/v1/models/{TESTCARD}").json()["base_price_usd"] == 0.5
        assert client.get(f"/v1/prices/{TESTCARD}").json()["price"]["base_price_usd"] == 0.5
        request_id = submit(client)
        change(client, TESTCARD, base_price_usd=9)
        hand.complete(hand.claim())
        assert client.get(f"/v1/requests/{request_id}").json()["cost"] == pytest.approx(quoted["cost_usd"])
        assert change(client, TESTCARD, base_price_usd=None)["base_price_usd"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {"enabled": "no"},
        {"base_price_usd": -1},
        {"base_price_usd": True},
        {"base_price_usd": 1e9},
        {"price": 1},
        [],
    ],
)
def test_a_change_that_makes_no_sense_is_refused(owner: httpx.Client, body: Any) -> None:
    """As any wrong body."""
    assert_error(owner.patch(f"/v1/admin/models/{TESTCARD}", json=body), 422, 422001)
    assert_error(owner.patch("/v1/admin/models/nobody/nothing", json=body), 404, 404001)


def test_changes_outlive_the_server(tmp_path: Path) -> None:
    """They stand in the database, above manifests and settings."""
    for number in range(2):
        live = start_server(tmp_path / "data", workers=0)
        try:
            with live.client() as client:
                if number == 0:
                    change(client, TESTCARD, base_price_usd=0.25)
                    assert client.patch("/v1/admin/limits", json={"max_queued": 1}).status_code == 200
                    continue
                assert client.get(f"/v1/models/{TESTCARD}").json()["base_price_usd"] == 0.25
                submit(client)
                assert_error(client.post(f"/v1/models/{TESTCARD}", json=SMALL), 503, 503004)
        finally:
            assert live.stop() == 0


def test_other_servers_follow(postgres: Postgres, tmp_path: Path) -> None:
    """Two of them share a database; what one is told counts at the other without a restart."""
    address = postgres.database()
    servers = [start_server(tmp_path / name, workers=0, database=address) for name in ("one", "two")]
    try:
        with servers[0].client() as here, servers[1].client() as there:
            change(here, TESTCARD, enabled=False)
            here.patch("/v1/admin/limits", json={"max_queued": 3})
            until(lambda: there.post(f"/v1/quote/{TESTCARD}", json=SMALL).status_code == 403)
            until(lambda: there.get("/v1/admin/limits").json()["limits"]["max_queued"] == 3)
            change(there, TESTCARD, enabled=None, base_price_usd=0.5)
            until(lambda: here.get(f"/v1/models/{TESTCARD}").json()["base_price_usd"] == 0.5)
            submit(here)
    finally:
        assert [live.stop() for live in servers] == [0, 0]
    postgres.drop(address)


def test_limits_of_the_site_count_at_once(owner: httpx.Client) -> None:
    """And null is what the settings say."""
    usual = owner.get("/v1/admin/limits").json()
    assert usual["limits"] == usual["settings"]
    told = owner.patch("/v1/admin/limits", json={"max_upload_bytes": 10}).json()
    assert told["limits"]["max_upload_bytes"] == 10
    assert told["settings"] == usual["settings"]
    assert_error(owner.post("/v1/files", content=media.png()), 413, 413001)
    owner.patch("/v1/admin/limits", json={"max_upload_bytes": None})
    assert owner.post("/v1/files", content=media.png()).status_code == 201
    for body in (
        {"max_upload_bytes": 0},
        {"max_queued": -1},
        {"file_url_ttl_s": 1.5},
        {"speed": 1},
        {"max_queued": "1"},
    ):
        assert_error(owner.patch("/v1/admin/limits", json=body), 422, 422001)


def test_the_owner_sees_what_runs_where(owner: httpx.Client) -> None:
    """Workers with their engines, what runs and what waits; nothing of what it is about."""
    running = submit(owner, prompt="nobody else's business", delay_s=30)
    waiting = submit(owner)
    now = until(lambda: (told := owner.get("/v1/admin/workers").json())["running"] and told)
    (line,) = now["running"]
    assert (line["request_id"], line["model_id"], line["account"]) == (running, TESTCARD, "owner")
    (worker,) = now["workers"]
    assert (worker["worker_id"], worker["engines"], worker["running"]) == (line["worker_id"], ["testcard"], 1)
    assert [(queue["model_id"], queue["waiting"]) for queue in now["queue"]] == [(TESTCARD, 1)]
    assert "business" not in str(now)
    for request_id in (waiting, running):
        owner.post(f"/v1/requests/{request_id}/cancel?running=true")


def test_accounts_are_opened_and_listed(owner: httpx.Client) -> None:
    """Once each; their keys are made like any."""
    opened = owner.post("/v1/admin/accounts", json={"name": "ops"})
    assert opened.status_code == 201, opened.text
    assert_error(owner.post("/v1/admin/accounts", json={"name": "ops"}), 409, 409001)
    assert_error(owner.post("/v1/admin/accounts", json={"name": ""}), 422, 422001)
    owner.post("/v1/keys", json={"name": "first", "account": "ops"})
    found = {line["name"]: line for line in owner.get("/v1/admin/accounts").json()["accounts"]}
    assert next(iter(found)) == "owner"
    assert (found["ops"]["account_id"], found["ops"]["keys"]) == (opened.json()["account_id"], 1)


def test_the_log_is_a_file_as_well(owner: httpx.Client) -> None:
    """The same entries by the same filters."""
    change(owner, TESTCARD, enabled=False)
    change(owner, TESTCARD, enabled=None)
    query = {"action": "model.changed", "all": "true"}
    listed = owner.get("/v1/audit", params=query | {"limit": "500"}).json()["entries"]
    answer = owner.get("/v1/audit/export.csv", params=query)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["entry_id"] for row in rows] == [entry["entry_id"] for entry in listed]
    assert listed[0]["before"]["enabled"] is False
    assert listed[0]["after"]["enabled"] is None
    assert {row["target"] for row in rows} <= {TESTCARD, SHOWCASE}
