"""A fleet on a real Ray cluster: a head and two nodes, each on a host of its own, the server on this machine. The
driver is killed, a node is killed with all that runs on it: nothing is lost or done twice, no lease is waited for.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mutoscope.cli import exits
from tests.conftest import LiveServer, start_server
from tests.http.calls import until
from tests.scenarios.control import GATED, Gate
from tests.scenarios.hosts import Host, hosts, why_not
from tests.scenarios.processes import Process, descendants

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

TOKEN = "wt_thatnobodysees"
LEASE_S = 60.0
SLOW_S = 300.0
"""For what starts processes: the machine may have other things to do."""


@dataclass
class Node:
    """`ray start` on a host."""

    process: subprocess.Popen[bytes]
    log: Path

    def family(self) -> list[Process]:
        """Everything that runs there."""
        return descendants(self.process.pid)

    def workers(self) -> dict[str, int]:
        """Names and process ids of the workers there."""
        found = {}
        for process in self.family():
            if "-m mutoscope.worker" in process.command:
                with suppress(OSError):
                    words = (Path("/proc") / str(process.pid) / "environ").read_bytes().split(b"\0")
                    told = dict(word.decode().partition("=")[::2] for word in words if b"=" in word)
                    found[told["MUTOSCOPE_WORKER_ID"]] = process.pid
        return found

    def kill(self) -> None:
        """All of it, as when the power goes."""
        for pid in [self.process.pid, *(process.pid for process in self.family())]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(30)


@dataclass
class Driver:
    """`mutoscope fleet ray` on the head."""

    process: subprocess.Popen[bytes]
    log: Path

    def said(self, event: str) -> list[dict[str, Any]]:
        """Those lines of its log."""
        told = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in told if line.get("event") == event]

    def began(self) -> float:
        """Seconds until it has taken its seat."""
        now = time.monotonic()
        until(lambda: self.said("fleet.began"), timeout_s=SLOW_S)
        return time.monotonic() - now


@dataclass
class Site:
    """All of it."""

    folder: Path
    environment: dict[str, str]
    head: Host
    live: LiveServer
    gate: Gate
    nodes: list[Node] = field(default_factory=list)
    drivers: list[Driver] = field(default_factory=list)

    def ray(self, host: Host, *words: str, cpus: int) -> Node:
        """A node, once it is there. Only hosts of ours reach it."""
        number = len(self.nodes)
        words = (*words, f"--node-ip-address={host.address}", f"--num-cpus={cpus}", "--num-gpus=0", "--block")
        words = (
            *words,
            "--object-store-memory=80000000",
            f"--temp-dir={self.folder}/{number}",
            "--disable-usage-stats",
        )
        log = self.folder / f"node-{number}.log"
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", *words]
        with log.open("wb") as out:
            process = subprocess.Popen(host.command(*command), env=self.environment, stdout=out, stderr=out)
        self.nodes.append(Node(process, log))
        return self.nodes[-1]

    def fleet(self, *words: str) -> Driver:
        """A driver."""
        words = ("--address", f"{self.head.address}:6379", "--server", self.live.url, *words)
        command = [sys.executable, "-m", "mutoscope", "fleet", "ray", *words]
        environment = self.environment | {"MUTOSCOPE_WORKER_TOKEN": TOKEN, "MUTOSCOPE_LOG_FORMAT": "json"}
        setpriv = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        log = self.folder / f"driver-{len(self.drivers)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(self.head.command(*setpriv, *command), env=environment, stdout=out, stderr=out)
        self.drivers.append(Driver(process, log))
        return self.drivers[-1]

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
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed (pip install 'mutoscope[ray]')")
    if reason := why_not():
        pytest.skip(reason)
    gate = Gate(tmp_path)
    with ExitStack() as stack:
        # Short, for sockets have names of 107 bytes at most.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mr", ignore_cleanup_errors=True)))
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("MUTOSCOPE_", "RAY_"))}
        environment |= {"HOME": str(folder), "RAY_USAGE_STATS_ENABLED": "0", "RAY_TMPDIR": str(folder)}
        environment |= {"MUTOSCOPE_ENGINE_FILES": str(gate.settings["engine_files"])}
        environment |= {"MUTOSCOPE_WORKER_FOLDER": str(folder / "work")}
        head, first, second = stack.enter_context(hosts(3, joined=True))
        live = start_server(
            tmp_path / "server", host=head.gateway, workers=0, worker_token=TOKEN, lease_s=LEASE_S, **gate.settings
        )
        stack.callback(live.kill)
        made = Site(folder, environment, head, live, gate)
        stack.callback(_end, made)
        top = made.ray(head, "--head", "--port=6379", "--include-dashboard=false", cpus=0)
        until(lambda: "Ray runtime started" in top.log.read_text(), timeout_s=SLOW_S)
        for host in (first, second):
            made.ray(host, f"--address={head.address}:6379", cpus=1)
        until(lambda: all("Ray runtime started" in node.log.read_text() for node in made.nodes), timeout_s=SLOW_S)
        yield made


def _end(site: Site) -> None:
    for driver in site.drivers:
        driver.process.kill()
        driver.process.wait(30)
        print(driver.log.name, driver.log.read_text(), sep="\n")
    for node in site.nodes:
        node.kill()


def test_a_driver_and_a_node_die_and_nothing_is_lost_or_repeated(site: Site) -> None:
    """From no worker to two, on both nodes, and back to none."""
    _, first, second = site.nodes
    facts: dict[str, float] = {}
    killed = site.drive()
    facts["driver began after s"] = killed.began()
    assert (first.workers(), second.workers()) == ({}, {})

    began = time.monotonic()
    wanted = {site.submit(), site.submit()}
    until(lambda: site.holders().keys() == wanted, timeout_s=SLOW_S)
    facts["from zero to two at work after s"] = time.monotonic() - began
    there = [first.workers(), second.workers()]
    assert [len(workers) for workers in there] == [1, 1]

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

    one_too_many = site.drive()
    until(lambda: one_too_many.said("fleet.taken"), timeout_s=SLOW_S)
    one_too_many.process.terminate()
    assert one_too_many.process.wait(SLOW_S) == 0
    assert driver.process.poll() is None

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

    until(lambda: not second.workers(), timeout_s=SLOW_S)
    assert site.ended(site.submit())["attempt"] == 1

    driver.process.terminate()
    assert driver.process.wait(60) == 0
    assert second.workers()
    stopping = site.fleet("--stop")
    assert stopping.process.wait(SLOW_S) == 0
    assert (second.workers(), stopping.said("fleet.stopped")[0]["workers"]) == ({}, 0)

    last = site.drive()
    last.began()
    site.nodes[0].kill()
    began = time.monotonic()
    assert last.process.wait(SLOW_S) == exits.UNAVAILABLE
    facts["head killed, the driver ended after s"] = time.monotonic() - began
    assert "Error: Ray " in last.log.read_text()
    print(json.dumps({name: round(value, 1) for name, value in facts.items()}))
    leaks = [path for path in site.folder.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert not leaks
