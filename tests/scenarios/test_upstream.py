"""Two Mutoscopes: a model of `near` is a model of `far`. Whatever is killed, there is one film, made and paid once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import LiveServer, start_server
from tests.http.calls import finished, result, submit, until
from tests.http.media import data_uri, png
from tests.ports import reserved_port
from tests.scenarios.control import hand_on
from tests.scenarios.processes import HAS_PROC, descendants

pytestmark = pytest.mark.slow

SCHEMA = """
input_schema:
  type: object
  title: Input
  properties:
    picture: {title: Picture, description: A picture., type: string, format: image_uri, default: null}
    prompt: {title: Prompt, description: Words., type: string, default: bars}
    work: {title: Work, description: Seconds., type: float, default: 0}
    fail: {title: Fail, description: How., type: string, default: ""}
    seed: {title: Seed, description: Seed., type: integer, default: -1}
output: {produces: video}
price: {base_price_usd: 0.25, unit: output}
author: Studio
name: Card
description: A card.
categories: [image-to-video]
manifest: 1
"""
FAR = """
id: studio/card
engine:
  name: testcard
  inputs: {image: picture, prompt: prompt, delay_s: work, fail: fail, seed: seed}
"""
NEAR = """
id: near/card
engine:
  name: upstream
  inputs: {picture: picture, prompt: prompt, work: work, fail: fail, seed: seed}
  settings: {vendor: mutoscope, url: "URL", model: studio/card, poll_s: 0.1}
"""
CHAIN = """
id: near/chain
engine:
  - name: upstream
    inputs: {picture: picture, prompt: prompt}
    settings: {vendor: mutoscope, url: "http://127.0.0.1:9", model: studio/card, patience_s: 0}
  - name: testcard
    inputs: {image: picture, prompt: prompt, seed: seed}
"""
CLOSED = """
id: near/closed
engine:
  name: upstream
  settings: {vendor: runcomfy, model: studio/card, key_env: A_KEY_NOBODY_HAS}
"""
PICTURE = data_uri(png(96, 64), "image/png")


@dataclass
class Pair:
    """Two servers; `far` may be killed and comes back at the same address."""

    near: LiveServer
    far: LiveServer
    far_settings: dict[str, Any]

    def bring_back(self) -> None:
        """Start the far one again."""
        self.far = start_server(self.far.data, **self.far_settings)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both, each with one worker and the test card."""
    folder = tmp_path_factory.mktemp("pair")
    settings: dict[str, Any] = {
        "engines": "testcard",
        "manifests": folder / "far-models",
        "lease_s": 3600,
        "port": reserved_port(),
    }
    write(folder / "far-models", FAR)
    far = start_server(folder / "far", **settings)
    near = None
    try:
        write(folder / "near-models", *(text.replace("URL", far.url) for text in (NEAR, CHAIN, CLOSED)))
        near = start_server(
            folder / "near",
            engines="testcard,upstream",
            manifests=folder / "near-models",
            upstream_key="mk_alice",
            lease_s=3600,
            beat_s=0.3,
        )
        pair = Pair(near, far, settings)
        far.wait_ready()
        near.wait_ready()
        yield pair
        assert (pair.near.stop(), pair.far.stop()) == (0, 0)
        logs = [(folder / f"{name}.log").read_text("utf-8") for name in ("near", "far")]
        assert not [line for log in logs for line in log.splitlines() if "Traceback" in line or "mk_alice" in line]
    finally:
        for server in (near, far):
            if server is not None and server.process.poll() is None:
                server.kill()


def write(folder: Path, *manifests: str) -> None:
    """Manifests with the one schema."""
    folder.mkdir()
    for number, text in enumerate(manifests):
        (folder / f"{number}.yaml").write_text(SCHEMA + text, "utf-8")


@pytest.fixture
def near(pair: Pair) -> Iterator[httpx.Client]:
    """A client of the near one."""
    with pair.near.client() as client:
        yield client


def far_requests(pair: Pair, prompt: str) -> list[dict[str, Any]]:
    """What the far one has of this prompt."""
    with pair.far.client() as client:
        requests = client.get("/v1/requests", params={"limit": "100"}).json()["requests"]
        whole = [client.get(f"/v1/requests/{one['request_id']}").json() for one in requests]
    return [one for one in whole if one["inputs"]["prompt"] == prompt]


def running(pair: Pair, near: httpx.Client, **inputs: Any) -> str:
    """A request of the near one whose work goes on at the far one."""
    request_id = submit(near, "near/card", **inputs)
    until(lambda: [one for one in far_requests(pair, inputs["prompt"]) if one["state"] == "in_progress"])
    return request_id


def test_a_film_comes_from_the_other_one(pair: Pair, near: httpx.Client) -> None:
    """File in, file out, the same bytes; seed, plan and progress come along, and each side charges once."""
    told = finished(near, submit(near, "near/card", prompt="over there", picture=PICTURE, seed=7), include_cost="true")
    assert told["status"] == "succeeded", told
    (there,) = far_requests(pair, "over there")
    assert told["metadata"]["engine"] == "upstream"
    assert told["metadata"]["media"] == there["metadata"]["media"]
    assert told["metadata"]["plan"] == there["metadata"]["plan"]
    assert (told["metadata"]["seed"], there["seed"], told["cost"], there["cost"]) == (7, 7, 0.25, 0.25)
    film = httpx.get(told["output"]["video"], trust_env=False)
    assert film.status_code == 200 and film.content[4:8] == b"ftyp"
    assert told["output"]["video"].startswith(pair.near.url)


@pytest.mark.skipif(not HAS_PROC, reason="needs /proc to find the processes")
def test_whatever_is_killed_there_is_one_film(pair: Pair, near: httpx.Client) -> None:
    """kill -9 of the near worker, then of the far server, while the near request waits."""
    request_id = running(pair, near, prompt="killed", work=2.5)
    (there,) = far_requests(pair, "killed")
    for child in descendants(pair.far.process.pid):
        if "mutoscope.engines.child" in child.command:
            os.kill(child.pid, signal.SIGSTOP)  # it ends with its server, and not before
    worker = next(one for one in descendants(pair.near.process.pid) if "mutoscope.worker" in one.command)
    until(lambda: near.get(f"/v1/requests/{request_id}").json()["stage"] == "waiting")  # its id is known here
    os.kill(worker.pid, signal.SIGKILL)
    pair.far.kill()
    hand_on(pair.near, request_id)
    pair.bring_back()
    hand_on(pair.far, there["request_id"])
    told = finished(near, request_id, include_cost="true")
    assert (told["status"], told["cost"]) == ("succeeded", 0.25), told
    (there,) = far_requests(pair, "killed")
    assert (there["state"], there["cost"]) == ("completed", 0.25)
    assert near.get(f"/v1/requests/{request_id}").json()["attempt"] == 2


def test_what_the_other_one_says_of_a_failure_reaches_the_caller(pair: Pair, near: httpx.Client) -> None:
    """With the id that it has there; nothing is charged on either side."""
    told = finished(near, submit(near, "near/card", prompt="fails", fail="error"), include_cost="true")
    (there,) = far_requests(pair, "fails")
    assert told["error"] == f"mutoscope: its request {there['request_id']} failed: the test card was asked to fail"
    assert (told["cost"], there["cost"]) == (0, 0)


def test_previews_come_along_and_a_cancel_is_handed_on(pair: Pair, near: httpx.Client) -> None:
    """What there is so far is seen here too; what runs there stops long before it would have ended."""
    request_id = running(pair, near, prompt="unwanted", work=60)
    preview = until(lambda: near.get(f"/v1/requests/{request_id}").json()["preview"])
    assert near.get(preview).content.startswith(b"\xff\xd8\xff")
    near.post(f"/v1/requests/{request_id}/cancel?running=true")
    until(lambda: [one["state"] for one in far_requests(pair, "unwanted")] == ["cancelled"])
    assert result(near, request_id)["status"] == "cancelled"


def test_the_next_engine_takes_over_when_nobody_is_there(near: httpx.Client) -> None:
    """The result says who made it."""
    told = finished(near, submit(near, "near/chain", prompt="alone", picture=PICTURE))
    assert (told["status"], told["metadata"]["engine"]) == ("succeeded", "testcard"), told


def test_one_setting_points_a_model_elsewhere_and_its_callers_notice_nothing(pair: Pair, near: httpx.Client) -> None:
    """The same body before and after; only the result says who made it. What lacks its key is refused by name."""
    path = "/v1/admin/models/mutoscope/testcard"
    here = {"prompt": "moved", "num_frames": 2, "width": 32, "height": 32, "seed": 5}
    before = finished(near, submit(near, "mutoscope/testcard", **here))
    there = {"vendor": "mutoscope", "url": pair.far.url, "model": "mutoscope/testcard", "poll_s": 0.1}
    refused = near.patch(
        path, json={"engine": {"name": "upstream", "settings": there | {"key_env": "A_KEY_NOBODY_HAS"}}}
    )
    assert refused.status_code == 422
    assert "this server has to be given the environment variable A_KEY_NOBODY_HAS first" in refused.json()["message"]
    assert near.patch(path, json={"engine": {"name": "upstream", "settings": there}}).status_code == 200
    try:
        after = finished(near, submit(near, "mutoscope/testcard", **here))
    finally:
        assert near.patch(path, json={"engine": None}).status_code == 200
    assert (before["metadata"]["engine"], after["metadata"]["engine"]) == ("testcard", "upstream")
    assert before["metadata"]["media"] == after["metadata"]["media"]
    assert len(far_requests(pair, "moved")) == 1


def test_a_model_without_its_key_is_not_offered(near: httpx.Client) -> None:
    """It says what it needs, by name."""
    refused = near.post("/v1/models/near/closed", json={})
    assert (refused.status_code, refused.json()["error_code"]) == (503, 503001)
    assert "needs the environment variable A_KEY_NOBODY_HAS" in refused.json()["message"]
    assert "near/closed" not in [model["model_id"] for model in near.get("/v1/models").json()["models"]]


@pytest.mark.skipif(not HAS_PROC, reason="needs /proc to find the processes")
@pytest.mark.parametrize("between", [True, False], ids=["between two attempts", "with a worker that is gone"])
def test_a_cancel_that_no_attempt_hears_is_handed_on_too(pair: Pair, near: httpx.Client, between: bool) -> None:
    """The next worker tells the other one, although it never had the request."""
    prompt = f"left alone {between}"
    request_id = running(pair, near, prompt=prompt, work=600)
    until(lambda: near.get(f"/v1/requests/{request_id}").json()["stage"] == "waiting")
    (worker,) = [one["worker_id"] for one in near.get("/v1/admin/workers").json()["workers"]]
    near.post(f"/v1/admin/workers/{worker}/drain").raise_for_status()
    try:
        process = next(one for one in descendants(pair.near.process.pid) if "mutoscope.worker" in one.command)
        os.kill(process.pid, signal.SIGKILL)
        if between:
            hand_on(pair.near, request_id)
        assert near.post(f"/v1/requests/{request_id}/cancel?running=true").json()["status"] == "cancelled"
        until(lambda: far_requests(pair, prompt)[0]["state"] == "cancelled")
    finally:
        near.post(f"/v1/admin/workers/{worker}/resume").raise_for_status()
