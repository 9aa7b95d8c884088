"""A fleet on a real Ray cluster: a head and two nodes, each on a host of its own, the server on this machine. The
driver is killed, a node is killed with all that runs on it: nothing is lost or done twice, no lease is waited for.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mutoscope.cli import exits
from tests.conftest import LiveServer, start_server
from tests.http.calls import until
from tests.scenarios import rays
from tests.scenarios.control import GATED, Gate
from tests.scenarios.hosts import hosts, why_not
from tests.scenarios.rays import SLOW_S, Driver, RayCluster

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

TOKEN = "wt_thatnobodysees"
LEASE_S = 60.0


@dataclass
class Site:
    """All of it."""

    cluster: RayCluster
    live: LiveServer
    gate: Gate

    def fleet(self, *words: str) -> Driver:
        """A driver."""
        return self.cluster.fleet(self.live.url, *words)

    def drive(self) -> Driver:
        """One that keeps workers, no longer warm than a test has time."""
        return self.fleet("--workers", f"{GATED}=0:2", "--keep-warm-s", "5", "--target-wait-s", "1")

    def submit(self) -> str:
        """A request that works until the gate is open."""
        with self.live.client() as client:
            answer = client.post(f"/v1/models/{GATED}", json={})
            assert answer.status_code == 200, answer.text
            return str(answer.json()["request_id"])

    def request(self, request_id: str) -> dict[str, Any]:
        """As it is now."""
        with self.live.client() as client:
            told: dict[str, Any] = client.get(f"/v1/requests/{request_id}").json()
            return told

    def holders(self) -> dict[str, str]:
        """Which worker has which request."""
        with self.live.client() as client:
            running = client.get("/v1/admin/workers").json()["running"]
            return {line["request_id"]: line["worker_id"] for line in running}

    def ended(self, request_id: str) -> dict[str, Any]:
        """The request, which succeeded, and ended once."""
        until(lambda: self.request(request_id)["state"] not in ("in_queue", "in_progress"), timeout_s=SLOW_S)
        told = self.request(request_id)
        assert told["state"] == "completed", told
        return told


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A head and two nodes of one core each, and a server that has no workers."""
    if reason := rays.absent() or why_not():
        pytest.skip(reason)
    gate = Gate(tmp_path)
    with hosts(3, joined=True) as (head, *others):
        live = start_server(
            tmp_path / "server", host=head.gateway, workers=0, worker_token=TOKEN, lease_s=LEASE_S, **gate.settings
        )
        try:
            files = str(gate.settings["engine_files"])
            with rays.launched(head, others, token=TOKEN, engine_files=files) as cluster:
                yield Site(cluster, live, gate)
        finally:
            live.kill()


def test_a_driver_and_a_node_die_and_nothing_is_lost_or_repeated(site: Site) -> None:
    """From no worker to two, on both nodes, and back to none."""
    facts: dict[str, float] = {}
    killed, wanted = _from_none_to_two(site, facts)
    driver = _driver_killed(site, killed, wanted, facts)
    _second_driver_refused(site, driver)
    _node_killed(site, driver, wanted, facts)
    _idle_and_wanted_again(site)
    _stopped(site, driver)
    _head_killed(site, facts)
    print(json.dumps({name: round(value, 1) for name, value in facts.items()}))
    leaks = [path for path in site.cluster.folder.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert not leaks


def _from_none_to_two(site: Site, facts: dict[str, float]) -> tuple[Driver, set[str]]:
    """The driver, and the requests that its two workers have."""
    _, first, second = site.cluster.nodes
    driver = site.drive()
    facts["driver began after s"] = driver.began()
    assert (first.workers(), second.workers()) == ({}, {})
    began = time.monotonic()
    wanted = {site.submit(), site.submit()}
    until(lambda: site.holders().keys() == wanted, timeout_s=SLOW_S)
    facts["from zero to two at work after s"] = time.monotonic() - began
    assert [len(node.workers()) for node in (first, second)] == [1, 1]
    return driver, wanted


def _driver_killed(site: Site, killed: Driver, wanted: set[str], facts: dict[str, float]) -> Driver:
    """The next one, which goes on with the same workers."""
    _, first, second = site.cluster.nodes
    there = [first.workers(), second.workers()]
    killed.process.kill()
    killed.process.wait(30)
    driver = site.drive()
    facts["the next driver began after s"] = driver.began()
    assert driver.said("fleet.began")[0]["workers"] == 2
    time.sleep(3)
    assert [first.workers(), second.workers()] == there
    assert {site.request(request_id)["attempt"] for request_id in wanted} == {1}
    assert not driver.said("worker.placing")
    assert not driver.said("worker.lost")
    return driver


def _second_driver_refused(site: Site, driver: Driver) -> None:
    one_too_many = site.drive()
    until(lambda: one_too_many.said("fleet.taken"), timeout_s=SLOW_S)
    one_too_many.process.terminate()
    assert one_too_many.process.wait(SLOW_S) == 0
    assert driver.process.poll() is None


def _node_killed(site: Site, driver: Driver, wanted: set[str], facts: dict[str, float]) -> None:
    """What its worker had is handed on long before the lease ends; the other request knows nothing of it."""
    _, first, _ = site.cluster.nodes
    (name,) = first.workers()
    (lost_id,) = (request_id for request_id, holder in site.holders().items() if holder == name)
    began = time.monotonic()
    first.kill()
    until(lambda: site.request(lost_id)["state"] == "in_queue", timeout_s=LEASE_S)
    facts["node killed, handed on after s"] = time.monotonic() - began
    assert facts["node killed, handed on after s"] < LEASE_S / 2
    site.gate.open()
    assert site.ended(lost_id)["attempt"] == 2
    (other_id,) = wanted - {lost_id}
    assert site.ended(other_id)["attempt"] == 1
    assert driver.said("worker.lost")[0]["worker_id"] == name


def _idle_and_wanted_again(site: Site) -> None:
    _, _, second = site.cluster.nodes
    until(lambda: not second.workers(), timeout_s=SLOW_S)
    assert site.ended(site.submit())["attempt"] == 1


def _stopped(site: Site, driver: Driver) -> None:
    """Workers outlive their driver, until they are told to go."""
    _, _, second = site.cluster.nodes
    driver.process.terminate()
    assert driver.process.wait(60) == 0
    assert second.workers()
    stopping = site.fleet("--stop")
    assert stopping.process.wait(SLOW_S) == 0
    assert (second.workers(), stopping.said("fleet.stopped")[0]["workers"]) == ({}, 0)


def _head_killed(site: Site, facts: dict[str, float]) -> None:
    """Its driver says so and ends."""
    driver = site.drive()
    driver.began()
    site.cluster.nodes[0].kill()
    began = time.monotonic()
    assert driver.process.wait(SLOW_S) == exits.UNAVAILABLE
    facts["head killed, the driver ended after s"] = time.monotonic() - began
    assert "Error: Ray " in driver.log.read_text()
