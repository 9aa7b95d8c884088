"""Who gets what: workers say what they are able to do, and show a key of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.conftest import LiveServer, serving
from tests.http.calls import SMALL, TESTCARD, assert_error, hand_of, result, submit, until

pytestmark = pytest.mark.slow

PLAIN: dict[str, Any] = {
    "manifest": 1,
    "author": "Studio",
    "name": "A card",
    "description": "For tests.",
    "input_schema": {"type": "object", "title": "Input", "properties": {}},
    "output": {"produces": "video"},
    "engine": "testcard",
}
LARGE, LINKED = "studio/large", "studio/linked"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server without workers; one model needs a GPU, one a label."""
    folder = tmp_path_factory.mktemp("needs")
    (folder / "models").mkdir()
    linked = {"num_gpus": 2, "num_cpus": 0.5, "custom": {"nvlink": 1}}
    for name, needs, takes in ((LARGE, {"gpu_memory_gb": 24}, {}), (LINKED, {"labels": ["nvlink"]}, linked)):
        manifest = PLAIN | {"id": name, "engine": {"name": "testcard"}, "needs": needs, "resources": takes}
        (folder / "models" / f"{name.rpartition('/')[2]}.yaml").write_text(yaml.safe_dump(manifest))
    with serving(folder / "data", workers=0, worker_token="wt_test", manifests=folder / "models") as live:
        yield live


def claim(client: httpx.Client, worker: str = "far", **able: Any) -> httpx.Response:
    """One that does not wait."""
    asked = {"worker_id": worker, "engines": ["testcard"], **able}
    return client.post("/worker/v1/claim", json=asked, headers={"X-Mutoscope-Worker": worker})


def test_a_worker_gets_only_what_it_can_run(site: LiveServer) -> None:
    """GPU memory, labels, and models that it names, by patterns too."""
    made = []
    with site.client() as client, site.client("wt_test") as far:
        try:
            for model_id in (LARGE, LINKED, TESTCARD):
                made.append(submit(client, model_id))
            assert claim(far, models=["studio/*"]).status_code == 204
            assert claim(far, models=["studio/*"], gpu_memory_gb=23.9, labels=["nvme"]).status_code == 204
            assert claim(far, models=["studio/*"], gpu_memory_gb=24).json()["model_id"] == LARGE
            assert claim(far, protocol=4).json()["model_id"] == TESTCARD
            assert claim(far, models=["*/linked"], labels=["nvlink", "nvme"]).json()["model_id"] == LINKED
        finally:
            for request_id in made:
                client.post(f"/v1/requests/{request_id}/cancel?running=true")


def test_a_worker_has_a_key_of_its_own(site: LiveServer) -> None:
    """It opens the worker protocol and nothing else; it can be listed, bound to networks, renewed and revoked."""
    with site.client() as client:
        made = client.post("/v1/keys", json={"name": "gpu-1", "scopes": ["worker"]}).json()
        with site.client(made["key"]) as far:
            assert claim(far).status_code == 204
            assert_error(far.get("/v1/requests"), 403, 403001)
            assert_error(far.get("/v1/account"), 403, 403001)
            assert_error(far.post(f"/v1/models/{TESTCARD}", json=SMALL), 403, 403001)
            listed = next(key for key in client.get("/v1/keys").json()["keys"] if key["key_id"] == made["key_id"])
            assert (listed["name"], listed["scopes"], "key" in listed) == ("gpu-1", ["worker"], False)
            other = client.post(f"/v1/keys/{made['key_id']}/rotate?overlap_s=0").json()["key"]
            assert_error(claim(far), 401, 401003)
        with site.client(other) as far:
            assert claim(far).status_code == 204
            assert client.delete(f"/v1/keys/{made['key_id']}").status_code == 204
            assert_error(claim(far), 401, 401003)
        bound = {"name": "elsewhere", "scopes": ["worker"], "networks": ["192.0.2.0/24"]}
        with site.client(client.post("/v1/keys", json=bound).json()["key"]) as far:
            assert_error(claim(far), 403, 403002)
        with site.client(client.post("/v1/keys", json={"name": "people"}).json()["key"]) as person:
            assert_error(claim(person), 401, 401003)


def test_whoever_starts_workers_can_read_what_waits(site: LiveServer) -> None:
    """Of every model, also of one that nobody wants; with what it needs of a worker."""

    def lines() -> dict[str, Any]:
        return {line["model_id"]: line for line in hand.client.get("/worker/v1/queue").json()["models"]}

    with site.client() as owner, hand_of(site) as hand:
        needs = {"gpu_memory_gb": 24, "labels": []}
        idle = {"model_id": LARGE, "engine": "testcard", "in_queue": 0, "in_progress": 0, "oldest_s": 0, "needs": needs}
        idle |= {"resources": {"num_gpus": 1, "num_cpus": 1, "custom": {}}, "time_limit_s": 600}
        idle |= {"engines": ["testcard"]}
        assert lines()[LARGE] == idle
        assert lines()[LINKED]["needs"] == {"gpu_memory_gb": 0, "labels": ["nvlink"]}
        assert lines()[LINKED]["resources"] == {"num_gpus": 2, "num_cpus": 0.5, "custom": {"nvlink": 1}}
        made = [submit(owner, TESTCARD) for _ in range(3)]
        try:
            until(lambda: lines()[TESTCARD]["oldest_s"] > 0)
            hand.claim()
            assert (lines()[TESTCARD]["in_queue"], lines()[TESTCARD]["in_progress"]) == (2, 1)
            assert lines()[LARGE] == idle
        finally:
            for request_id in made:
                owner.post(f"/v1/requests/{request_id}/cancel?running=true")


def test_what_a_lost_worker_had_is_handed_on_at_once(site: LiveServer) -> None:
    """Its fleet says so, and nobody of another name; a result that it still sends does not count."""
    with site.client() as owner, hand_of(site) as farm:
        request_id = submit(owner, TESTCARD)
        mine = {"X-Mutoscope-Worker": "hand.1"}
        first = claim(farm.client, "hand.1").json()
        assert (first["request_id"], first["attempt"]) == (request_id, 1)
        refused = farm.client.post("/worker/v1/lost", json={"worker_id": "handy.1"})
        assert "begin with `hand.`" in assert_error(refused, 400, 400003)["message"]
        assert_error(farm.client.post("/worker/v1/lost", json={"worker": "hand.1"}), 400, 400003)
        assert farm.client.get("/worker/v1/queue").json()["at_work"] == ["hand.1"]
        other = {"X-Mutoscope-Worker": "han"}
        assert farm.client.get("/worker/v1/queue", headers=other).json()["at_work"] == []
        for count in (1, 0):
            told = farm.client.post("/worker/v1/lost", json={"worker_id": "hand.1"})
            assert told.json() == {"requests": count}
        where = f"/worker/v1/requests/{request_id}"
        beat = {"attempt": 1, "progress": 0.5, "stage": "drawing"}
        assert farm.client.post(f"{where}/beat", json=beat, headers=mine).status_code == 409
        late = {"attempt": 1, "outcome": "failed", "error": "too late"}
        assert farm.client.post(f"{where}/finish", json=late, headers=mine).status_code == 409
        second = farm.claim()
        assert (second["request_id"], second["attempt"]) == (request_id, 2)
        farm.complete(second)
        assert result(owner, request_id)["status"] == "succeeded"


def test_workers_are_the_owners(site: LiveServer, tmp_path: Path) -> None:
    """A worker sees everybody's inputs: no other account may let one in, and no key does both."""
    with site.client() as client:
        for scopes in (["worker", "run"], ["worker", "worker"]):
            refused = client.post("/v1/keys", json={"name": "both", "scopes": scopes})
            assert "or worker alone" in assert_error(refused, 422, 422001)["message"]
        theirs = {"name": "Bob's", "account": "bob", "scopes": ["run", "read", "admin"]}
        with site.client(client.post("/v1/keys", json=theirs).json()["key"]) as bob:
            refused = bob.post("/v1/keys", json={"name": "his worker", "scopes": ["worker"]})
            assert "only the owner" in assert_error(refused, 403, 403001)["message"]
