"""What the owner changes while the server runs: for callers at once, and for good."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import LiveServer, serving, start_server
from tests.http import media
from tests.http.calls import SMALL, TESTCARD, assert_error, finished, hand_of, submit, until
from tests.postgres import Server as Postgres

pytestmark = pytest.mark.slow
SHOWCASE = "mutoscope/parallax"
MODEL_FIELDS = {"enabled": None, "engine": None, "base_price_usd": None}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose worker runs the test card alone."""
    with serving(tmp_path_factory.mktemp("admin") / "data", engines="testcard") as live:
        yield live


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
    running = submit(owner, TESTCARD, delay_s=60)
    until(lambda: owner.get(f"/v1/requests/{running}").json()["state"] != "in_queue")
    held_back = submit(owner, TESTCARD)
    assert change(owner, TESTCARD, enabled=False)["enabled"] is False
    for call in (f"/v1/models/{TESTCARD}", f"/v1/quote/{TESTCARD}"):
        refused = assert_error(owner.post(call, json=SMALL), 403, 403005)
        assert "switched off" in refused["message"]
    listed = owner.get("/v1/models").json()["models"]
    assert TESTCARD not in [model["model_id"] for model in listed]
    assert f"/v1/models/{TESTCARD}" not in owner.get("/openapi.json").json()["paths"]
    owner.post(f"/v1/requests/{running}/cancel?running=true")
    assert finished(owner, running)["status"] == "cancelled"
    assert owner.get(f"/v1/requests/{held_back}").json()["state"] == "in_queue"
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
        with serving(tmp_path / "data", workers=0, worker_token="wt_test") as live:
            with live.client("wt_test") as far:
                head, asked = {"X-Mutoscope-Worker": "far/away"}, {"worker_id": "far/away", "engines": ["testcard"]}
                assert far.post("/worker/v1/claim", headers=head, json=asked).status_code == 204
            with live.client() as client:
                if number == 0:
                    assert client.post("/v1/admin/workers/far%2Faway/drain").status_code == 200
                    change(client, TESTCARD, base_price_usd=0.25)
                    assert client.patch("/v1/admin/limits", json={"max_queued": 1}).status_code == 200
                    continue
                assert client.get(f"/v1/models/{TESTCARD}").json()["base_price_usd"] == 0.25
                submit(client)
                assert_error(client.post(f"/v1/models/{TESTCARD}", json=SMALL), 503, 503004)
                assert worker_of(client, "far/away")["state"] == "drained"
            with live.client("wt_test") as far:
                assert far.post("/worker/v1/claim", headers=head, json=asked).status_code == 204


def worker_of(client: httpx.Client, name: str) -> dict[str, Any]:
    """A worker as the owner sees it."""
    lines: list[dict[str, Any]] = client.get("/v1/admin/workers").json()["workers"]
    return next(line for line in lines if line["worker_id"] == name)


def drained_at(client: httpx.Client) -> list[dict[str, Any]]:
    """Workers that this server knows to be out of service."""
    return [line for line in client.get("/v1/admin/workers").json()["workers"] if line["state"] != "ready"]


def workers_of_a_quote(client: httpx.Client) -> int:
    """How many workers a quote counts on."""
    return int(client.post(f"/v1/quote/{TESTCARD}", json=SMALL).json()["wait"]["workers"])


def test_a_drained_worker_finishes_what_it_has_and_takes_nothing_new(idle_server: LiveServer) -> None:
    """Neither requests nor addresses to look at; it is no worker for a quote; resumed it goes on where others wait."""
    asked = {"worker_id": "hand", "engines": ["testcard"]}
    with idle_server.client() as client, hand_of(idle_server) as hand:
        submit(client)
        attempt = hand.claim()
        waiting = submit(client)
        others = workers_of_a_quote(client) - 1  # workers of tests before are believed to live on for a while
        told = client.post("/v1/admin/workers/hand/drain").json()
        try:
            assert (told["worker_id"], told["state"], told["running"]) == ("hand", "draining", 1)
            assert hand.client.post("/worker/v1/claim", json=asked).status_code == 204
            assert hand.client.post("/worker/v1/checks/claim", json={}).status_code == 204
            assert workers_of_a_quote(client) <= others
            assert hand.beat(attempt, 0.5).status_code == 200
            hand.complete(attempt)
            assert client.get(f"/v1/requests/{attempt['request_id']}").json()["state"] == "completed"
            assert worker_of(client, "hand")["state"] == "drained"
            assert client.get("/readyz").status_code == 200
        finally:
            told = client.post("/v1/admin/workers/hand/resume").json()
        assert told["state"] == "ready"
        assert hand.claim()["request_id"] == waiting
        assert_error(client.post("/v1/admin/workers/nobody/drain"), 404, 404001)
        assert client.post("/v1/admin/workers/hand/resume").status_code == 200  # twice is as good as once


def test_the_command_line_does_what_the_pages_do(owner: httpx.Client, site: LiveServer, tmp_path: Path) -> None:
    """Models, workers, accounts and limits; what is wrong is told as by every command."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "MUTOSCOPE_URL": site.url}

    def mutoscope(*words: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "mutoscope", *words],
            env=environment | {"MUTOSCOPE_API_KEY": site.api_key},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    assert f"{TESTCARD}: off" in mutoscope("models", "disable", TESTCARD)
    assert f"{TESTCARD}: on, testcard, 0/second\n".replace("\n", " ") in mutoscope("models", "enable", TESTCARD)
    assert "testcard, " in mutoscope("models", "engine", SHOWCASE, "testcard")
    assert "accepted are parallax" in mutoscope("models", "engine", SHOWCASE, "nobody", code=65)
    assert "0.5/second" in mutoscope("models", "price", TESTCARD, "0.5")
    assert "`default`, is accepted" in mutoscope("models", "price", TESTCARD, "cheap", code=64)
    listed = mutoscope("models", "list", "--changes")
    assert f"{TESTCARD}\ton\ttestcard\t0.5/second\t0\tbase_price_usd" in listed
    name = owner.get("/v1/admin/workers").json()["workers"][0]["worker_id"]
    assert f"{name}: drained" in mutoscope("workers", "drain", name)
    assert f"{name}\tdrained\t0" in mutoscope("workers", "list")
    assert f"{name}: ready" in mutoscope("workers", "resume", name)
    assert "no worker 'nobody'" in mutoscope("workers", "drain", "nobody", code=65)
    assert "open" in mutoscope("accounts", "open", "by command")
    assert "\tby command\t0\t" in mutoscope("accounts", "list")
    assert "max_queued\t7\t" in mutoscope("limits", "set", "max_queued", "7")
    assert "max_queued\t0\t0" in mutoscope("limits", "set", "max_queued", "default")
    assert "is no limit" in mutoscope("limits", "set", "speed", "7", code=65)


def test_other_servers_follow(postgres: Postgres, tmp_path: Path) -> None:
    """Two of them share a database; what one is told counts at the other without a restart."""
    address, asked = postgres.database(), {"worker_id": "hand", "engines": ["testcard"]}
    servers = [
        start_server(tmp_path / name, workers=0, database=address, worker_token="wt_test") for name in ("one", "two")
    ]
    try:
        with servers[0].client() as here, servers[1].client() as there:
            change(here, TESTCARD, enabled=False)
            here.patch("/v1/admin/limits", json={"max_queued": 3})
            until(lambda: there.post(f"/v1/quote/{TESTCARD}", json=SMALL).status_code == 403)
            until(lambda: there.get("/v1/admin/limits").json()["limits"]["max_queued"] == 3)
            change(there, TESTCARD, enabled=None, base_price_usd=0.5)
            until(lambda: here.get(f"/v1/models/{TESTCARD}").json()["base_price_usd"] == 0.5)
            submit(here)
            with hand_of(servers[0]) as hand:
                assert hand.client.post("/worker/v1/claim", json=asked).status_code == 204
                assert here.post("/v1/admin/workers/hand/drain").json()["state"] == "drained"
                until(lambda: any(line["worker_id"] == "hand" for line in drained_at(there)))
                assert there.post("/v1/admin/workers/hand/resume").json()["state"] == "ready"
                until(lambda: not drained_at(here))
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
