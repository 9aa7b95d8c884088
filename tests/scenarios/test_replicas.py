"""Two servers on one PostgreSQL and one folder, and a worker that knows only the second: whoever is asked answers."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.conftest import LiveServer, start_server
from tests.http import media
from tests.http.calls import SMALL, TESTCARD, WITH_PICTURE, assert_error, completed, finished, submit, until
from tests.http.hostile import running
from tests.http.receiver import receiving
from tests.http.test_events import following
from tests.postgres import Server
from tests.scenarios.control import GATED, Gate

pytestmark = pytest.mark.slow


@dataclass
class Pair:
    """first: the one that is asked. second: the one that the worker asks for work."""

    first: LiveServer
    second: LiveServer
    gate: Gate
    address: str
    worker_key: str


@contextlib.contextmanager
def working(server: LiveServer, key: str, folder: Path, gate: Gate) -> Iterator[None]:
    """`mutoscope worker`, as on another machine."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MUTOSCOPE_")}
    environment |= {"MUTOSCOPE_WORKER_TOKEN": key, "MUTOSCOPE_FETCH_ALLOW": "127.0.0.0/8"}
    environment |= {"XDG_CONFIG_HOME": str(folder), "MUTOSCOPE_LOG_FORMAT": "json"}
    command = [sys.executable, "-m", "mutoscope", "worker", str(gate.settings["engine_files"])]
    command += ["--server", server.url, "--name", "far-1", "--engine", "testcard", "--folder", str(folder / "work")]
    setpriv = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen([*setpriv, *command], env=environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)


@pytest.fixture(scope="module")
def pair(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both without workers of their own."""
    folder = tmp_path_factory.mktemp("replicas")
    gate = Gate(folder)
    address = postgres.database()
    shared: dict[str, Any] = {
        "database": address,
        "storage": folder / "files",
        "workers": 0,
        "fetch_allow": "127.0.0.0/8",
    }
    shared |= {**gate.settings, "engines": "testcard,gated", "lease_s": 3600, "beat_s": 0.3}
    live: list[LiveServer] = []
    try:
        for name in ("first", "second"):
            live.append(start_server(folder / name, **shared))
        with live[0].client() as client:
            key = client.post("/v1/keys", json={"name": "far", "scopes": ["worker"]}).json()["key"]
        pair = Pair(live[0], live[1], gate, address, key)
        with working(live[1], key, folder, gate):
            with live[0].client() as client:
                until(lambda: client.get("/v1/admin/workers").json()["workers"])
            yield pair
        assert [server.stop() for server in live] == [0, 0]
    finally:
        for server in live:
            if server.process.poll() is None:
                server.kill()
        postgres.drop(address)


@pytest.fixture
def first(pair: Pair) -> Iterator[httpx.Client]:
    """Alice, at the first server."""
    with pair.first.client() as client:
        yield client


@pytest.fixture
def second(pair: Pair) -> Iterator[httpx.Client]:
    """Alice, at the second."""
    with pair.second.client() as client:
        yield client


def test_a_request_of_one_is_followed_at_the_other(first: httpx.Client, second: httpx.Client) -> None:
    """Uploaded here, used there; states arrive as they happen; the file is had from both; a key means one request."""
    upload = first.post("/v1/files", files={"file": ("a.png", media.png(64, 64), "image/png")}).json()
    body = {"source": upload["url"].replace(str(first.base_url), str(second.base_url)), "frame_count": "8"}
    answer = second.post(f"/v1/models/{WITH_PICTURE}", json=body, headers={"Idempotency-Key": "one"})
    assert answer.status_code == 200, answer.text
    request_id = answer.json()["request_id"]
    with following(first, request_id) as events:
        states = [event.data["state"] for event in events if event.kind == "state"]
    assert states == ["in_queue", "in_progress", "completed"]
    for client in (first, second):
        assert client.get(finished(client, request_id)["output"]["video"]).status_code == 200
    again = second.post(f"/v1/models/{WITH_PICTURE}", json=body, headers={"Idempotency-Key": "one"})
    assert again.json()["request_id"] == request_id


def test_a_cancel_here_reaches_a_worker_there(first: httpx.Client, second: httpx.Client) -> None:
    """At once, not when the lease ends, which is an hour; then it works for the next one."""
    request_id = submit(first, GATED)
    until(lambda: second.get(f"/v1/requests/{request_id}").json()["stage"] == "waiting")
    assert first.post(f"/v1/requests/{request_id}/cancel?running=true").json()["status"] == "cancelled"
    assert completed(second)["status"] == "succeeded"


def test_workers_are_known_to_all(pair: Pair, first: httpx.Client, second: httpx.Client) -> None:
    """Listed, counted and drained by a server that they never asked."""

    def far(client: httpx.Client) -> dict[str, Any]:
        lines: list[dict[str, Any]] = client.get("/v1/admin/workers").json()["workers"]
        return next(line for line in lines if line["worker_id"] == "far-1")

    until(lambda: "testcard" in far(first)["engines"])
    assert first.post("/v1/admin/workers/far-1/drain").json()["state"] in ("drained", "draining")
    try:
        until(lambda: far(second)["state"] == "drained")
        request_id = submit(second)
        assert first.post(f"/v1/quote/{TESTCARD}", json=SMALL).json()["wait"]["workers"] == 0
    finally:
        assert first.post("/v1/admin/workers/far-1/resume").json()["state"] == "ready"
    assert finished(first, request_id)["status"] == "succeeded"


def test_an_address_is_looked_at_by_workers_of_others(first: httpx.Client) -> None:
    """What only travels through memory travels between servers, too."""
    with running() as hostile:
        url = hostile.serve(media.png(40, 30))
        asked = {"model_id": WITH_PICTURE, "field": "source", "url": url}
        told = first.post("/v1/inputs/check", json=asked)
    assert told.status_code == 200, told.text
    assert (told.json()["ok"], told.json()["media"]["width_px"]) == (True, 40)


def test_each_webhook_is_one_event_whoever_sends_it(first: httpx.Client, second: httpx.Client) -> None:
    """Both servers send; the receiver can tell what it has already."""
    with receiving() as receiver, ThreadPoolExecutor(4) as pool:
        params = {"webhook": receiver.url, "webhook_events": "completed"}
        body = {"prompt": "x", "num_frames": 2, "width": 32, "height": 32}

        def one(number: int) -> str:
            client = (first, second)[number % 2]
            answer = client.post(f"/v1/models/{TESTCARD}", json=body, params=params)
            assert answer.status_code == 200, answer.text
            return str(answer.json()["request_id"])

        ids = sorted(pool.map(one, range(12)))
        until(lambda: len({got.event_id for got in receiver.got}) == len(ids))
        events = {got.event_id: got.event["data"]["request_id"] for got in receiver.got}
    assert sorted(events.values()) == ids


def test_a_key_that_was_revoked_here_opens_nothing_there(first: httpx.Client, pair: Pair) -> None:
    """People's at once, workers' within a second or two."""
    keys = [first.post("/v1/keys", json={"name": "k", "scopes": [scope]}).json() for scope in ("read", "worker")]
    claim = {"worker_id": "late", "engines": []}

    def claims() -> int:
        with pair.second.client(keys[1]["key"]) as far:
            return far.post("/worker/v1/claim", json=claim, headers={"X-Mutoscope-Worker": "late"}).status_code

    with pair.second.client(keys[0]["key"]) as reader:
        assert reader.get("/v1/requests").status_code == 200
        until(lambda: claims() == 204)
        for key in keys:
            assert first.delete(f"/v1/keys/{key['key_id']}").status_code == 204
        assert_error(reader.get("/v1/requests"), 401, 401002)
        until(lambda: claims() == 401)


def test_both_go_on_while_the_schema_moves_on(pair: Pair, first: httpx.Client, second: httpx.Client) -> None:
    """As when a newer version is started beside them: tables get columns and others come."""
    ids = [submit(client) for client in (first, second)]
    with psycopg.connect(pair.address, autocommit=True) as connection:
        connection.execute("alter table requests add column of_tomorrow text")
        connection.execute("alter table api_keys add column of_tomorrow bigint not null default 0")
        connection.execute("create table things_of_tomorrow (id text primary key)")
        connection.execute("insert into workers values ('from-tomorrow', '', '[]', 0, 0)")
    ids += [submit(client) for client in (first, second)]
    for client in (first, second):
        assert {finished(client, request_id)["status"] for request_id in ids} == {"succeeded"}
        assert client.post("/v1/keys", json={"name": "after"}).status_code == 201
