"""A cluster on one machine: two servers, PostgreSQL, S3, three workers on hosts of their own, and Ray's head and two
nodes with more of them, under load. A server is killed, one host is cut off and comes back, one sleeps, the database
falls over, the bucket is slow and then silent, Ray's driver and one of its nodes are killed: nothing is lost, nothing
ends twice."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests import postgres, radosgw
from tests.conftest import LiveServer, start_server
from tests.http.calls import TESTCARD, until
from tests.ports import reserved_port
from tests.radosgw import Gateway
from tests.scenarios import rays
from tests.scenarios.control import GATED, Gate
from tests.scenarios.hosts import Host, hosts, why_not
from tests.scenarios.load import Load
from tests.scenarios.processes import descendants
from tests.scenarios.rays import SLOW_S, Driver, RayCluster

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

LEASE_S = 3.0


@dataclass
class Worker:
    """`mutoscope worker` on a host of its own; it knows the address of one server and can reach nothing else."""

    name: str
    host: Host
    process: subprocess.Popen[bytes]
    log: Path

    def told(self, event: str, request_id: str) -> list[dict[str, Any]]:
        """What its log says of a request."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == event and line.get("request_id") == request_id]

    def works_again(self, dropped_id: str) -> bool:
        """Has it finished something since it dropped this one?"""
        return '"attempt.finished"' in self.log.read_text().rpartition(dropped_id)[2]

    def send(self, number: signal.Signals) -> None:
        """To it and all that it started, as when a laptop is closed."""
        for pid in [self.process.pid, *(child.pid for child in descendants(self.process.pid))]:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


@dataclass
class Cluster:
    """All of it."""

    database: postgres.Server
    address: str
    servers: list[LiveServer]
    workers: list[Worker]
    gates: list[Gate]
    bucket: Gateway
    ray: RayCluster
    restart: Callable[[int], None]

    def asked(self, path: str) -> Any:
        """What whichever server answers says."""

        def ask() -> Any:
            for server in self.servers:
                with suppress(httpx.TransportError), server.client() as client:
                    answer = client.get(path)
                    if answer.status_code == 200:
                        return answer.json()
            return None

        return until(ask)

    def held(self, model_id: str) -> tuple[str, Worker]:
        """A new request of a model that works until its gate opens, and the worker that has it."""

        def submit() -> str | None:
            with suppress(httpx.TransportError), self.servers[1].client() as client:
                answer = client.post(f"/v1/models/{model_id}", json={})
                return str(answer.json()["request_id"]) if answer.status_code == 200 else None
            return None

        request_id = until(submit)
        until(lambda: self.asked(f"/v1/requests/{request_id}")["stage"] == "waiting")
        return request_id, self.holder(request_id)

    def holder(self, request_id: str) -> Worker:
        """The worker that works on it now."""

        def found() -> Worker | None:
            running = self.asked("/v1/admin/workers")["running"]
            names = {line["worker_id"] for line in running if line["request_id"] == request_id}
            return next((worker for worker in self.workers if worker.name in names), None)

        worker: Worker = until(found)
        return worker

    def taken_over(self, request_id: str, lost: Worker, began: float) -> float:
        """Seconds until another worker has it."""
        until(lambda: self.asked(f"/v1/requests/{request_id}")["attempt"] == 2)
        took_s = time.monotonic() - began
        assert self.holder(request_id) is not lost
        return took_s

    def driven(self) -> Driver:
        """A driver of a fleet on Ray that keeps a worker on each node, once it has its seat."""
        driver = self.ray.fleet(self.servers[1].url, "--workers", f"{TESTCARD}=2:2")
        driver.began()
        return driver

    def works_on_ray(self) -> None:
        """Until a worker on Ray has finished another attempt."""
        before = self.by_ray()
        until(lambda: self.by_ray() > before, timeout_s=SLOW_S)

    def by_ray(self) -> int:
        """How many attempts workers on Ray have finished, by their logs."""
        logs = self.ray.folder.glob("*/session_2*/logs/worker-*")
        return sum(log.read_text(errors="replace").count("attempt.finished") for log in logs)

    def finished(self, request_id: str) -> None:
        """It succeeded."""
        until(lambda: self.asked(f"/v1/requests/{request_id}")["state"] not in ("in_queue", "in_progress"))
        assert self.asked(f"/v1/requests/{request_id}")["state"] == "completed"


SECOND = "studio/second"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Running, with models that work until they may end."""
    if reason := why_not():
        pytest.skip(reason)
    binaries = postgres.binaries()
    if binaries is None:
        pytest.skip("PostgreSQL 15 or newer is not installed (Debian: apt install postgresql)")
    if absent := radosgw.missing():
        pytest.skip(f"Ceph's S3 gateway is not installed: {absent} (Debian: apt install radosgw ceph-mon ceph-osd)")
    if reason := rays.absent():
        pytest.skip(reason)
    gates = [Gate(tmp_path), _second_gate(tmp_path)]
    files = [str(gate.settings["engine_files"]) for gate in gates]
    with ExitStack() as stack:
        database = stack.enter_context(postgres.launched(binaries))
        address = database.database()
        *far, head, first, second = stack.enter_context(hosts(6, joined=True))
        here = head.gateway
        bucket = stack.enter_context(radosgw.launched(here))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in bucket.environment.items():
            patch.setenv(name, value)
        ports = [reserved_port(), reserved_port()]
        shared: dict[str, Any] = {"database": address, "storage": bucket.place(), "workers": 0, "host": here}
        shared |= {"manifests": tmp_path / "gated", "engine_files": ":".join(files), "lease_s": LEASE_S, "beat_s": 0.5}
        shared |= {"engines": "testcard,gated,second", "worker_token": "wt_cluster"}
        servers: list[LiveServer] = []
        stack.callback(_kill_all, servers)
        for number, port in enumerate(ports):
            servers.append(start_server(tmp_path / f"server-{number}", port=port, **shared))

        def restart(number: int) -> None:
            servers[number].kill()
            servers[number] = start_server(tmp_path / f"server-{number}", port=ports[number], **shared)

        workers = []
        for number, host in enumerate(far):
            url = f"http://{here}:{ports[number % 2]}"
            workers.append(_worker(f"far-{number}", host, url, tmp_path, files))
            stack.callback(_end, workers[-1])
        fleet = stack.enter_context(rays.launched(head, [first, second], token="wt_cluster"))
        made = Cluster(database, address, servers, workers, gates, bucket, fleet, restart)
        names = {worker.name for worker in workers}
        until(lambda: names <= {line["worker_id"] for line in made.asked("/v1/admin/workers")["workers"]})
        yield made


def _kill_all(servers: list[LiveServer]) -> None:
    for server in servers:
        if server.process.poll() is None:
            server.kill()


def _second_gate(folder: Path) -> Gate:
    """Another model with a gate of its own."""
    (folder / "two").mkdir()
    gate = Gate(folder / "two")
    source = (folder / "two" / "gated.py").read_text().replace("def gated(", "def second(")
    (folder / "two" / "gated.py").unlink()
    gate.settings["engine_files"] = folder / "second.py"
    (folder / "second.py").write_text(source)
    manifest = (folder / "two" / "gated" / "gated.yaml").read_text()
    manifest = manifest.replace(GATED, SECOND).replace("name: gated}", "name: second}")
    (folder / "gated" / "second.yaml").write_text(manifest)
    return gate


def _worker(name: str, host: Host, url: str, folder: Path, files: list[str]) -> Worker:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MUTOSCOPE_", "AWS_"))}
    environment |= {"MUTOSCOPE_WORKER_TOKEN": "wt_cluster", "MUTOSCOPE_LOG_FORMAT": "json"}
    environment |= {"XDG_CONFIG_HOME": str(folder / f"{name}-config")}
    setpriv = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    words = [sys.executable, "-m", "mutoscope", "worker", *files, "--server", url, "--name", name]
    words += ["--engine", "testcard", "--drain-s", "5", "--folder", str(folder / f"{name}-work")]
    log = folder / f"{name}.log"
    with log.open("ab") as out:
        process = subprocess.Popen(host.command(*setpriv, *words), env=environment, stdout=out, stderr=out)
    return Worker(name, host, process, log)


def _end(worker: Worker) -> None:
    worker.send(signal.SIGCONT)
    worker.process.terminate()
    try:
        worker.process.wait(30)
    except subprocess.TimeoutExpired:
        worker.send(signal.SIGKILL)
        worker.process.wait(20)


def test_whatever_fails_nothing_is_lost_and_nothing_ends_twice(cluster: Cluster) -> None:
    """And what a lost worker held is worked on by another one soon."""
    load = Load([server.url for server in cluster.servers])
    facts: dict[str, float] = {}
    with load.going_on():
        load.more()
        cluster.restart(0)
        facts["cable cut, redelivered after s"], cut_off = _host_cut_off(cluster)
        facts["asleep, redelivered after s"], asleep = _host_asleep(cluster)
        _database_down(cluster, load)
        until(lambda: all(worker.works_again(dropped_id) for worker, dropped_id in (cut_off, asleep)))
        _bucket_slow(cluster, load)
        _bucket_silent(cluster)
        driver = _driver_killed(cluster)
        _node_killed(cluster, driver)
    ids = {request_id for found in load.accepted.values() for request_id in found}
    facts |= {"requests": len(ids), "retried calls": load.retried}
    print(json.dumps(facts))
    assert all(len(found) == 1 for found in load.accepted.values()), "a key made two requests"
    _ended_once(cluster, len(ids) + 3)  # and those that were held


def _host_cut_off(cluster: Cluster) -> tuple[float, tuple[Worker, str]]:
    """A worker loses its network for a while: seconds until its request is another's, and what it dropped."""
    request_id, lost = cluster.held(GATED)
    lost.host.cut()
    took_s = cluster.taken_over(request_id, lost, time.monotonic())
    cluster.gates[0].open()
    cluster.finished(request_id)
    lost.host.mend()
    until(lambda: lost.told("attempt.dropped", request_id))
    return took_s, (lost, request_id)


def _host_asleep(cluster: Cluster) -> tuple[float, tuple[Worker, str]]:
    """A worker stands still for a while, as when a laptop is closed; told as for one that is cut off."""
    request_id, sleeper = cluster.held(SECOND)
    sleeper.send(signal.SIGSTOP)
    took_s = cluster.taken_over(request_id, sleeper, time.monotonic())
    cluster.gates[1].open()
    cluster.finished(request_id)
    sleeper.send(signal.SIGCONT)
    until(lambda: sleeper.told("attempt.dropped", request_id))
    return took_s, (sleeper, request_id)


def _database_down(cluster: Cluster, load: Load) -> None:
    cluster.database.stop()
    cluster.database.start()
    load.more()


def _bucket_slow(cluster: Cluster, load: Load) -> None:
    with cluster.bucket.slow():
        load.more()


def _bucket_silent(cluster: Cluster) -> None:
    """What is made meanwhile is kept until it can be put there."""
    cluster.gates[0].close()
    kept_id, _ = cluster.held(GATED)
    cluster.bucket.pause()
    cluster.gates[0].open()  # it is made, and cannot be put anywhere
    time.sleep(2 * LEASE_S)
    assert cluster.asked(f"/v1/requests/{kept_id}")["state"] == "in_progress"
    cluster.bucket.resume()
    cluster.finished(kept_id)
    assert cluster.asked(f"/v1/requests/{kept_id}")["attempt"] == 1


def _driver_killed(cluster: Cluster) -> Driver:
    """The next one, which finds the workers of the one before."""
    killed = cluster.driven()
    cluster.works_on_ray()
    killed.process.kill()
    killed.process.wait(30)
    driver = cluster.driven()
    assert not driver.said("worker.placing")
    cluster.works_on_ray()
    return driver


def _node_killed(cluster: Cluster, driver: Driver) -> None:
    """The driver hears of each of its workers, and those of the other node go on."""
    _, first, second = cluster.ray.nodes
    gone = set(first.workers())
    assert gone
    first.kill()
    until(lambda: gone <= {line["worker_id"] for line in driver.said("worker.died")}, timeout_s=SLOW_S)
    cluster.works_on_ray()
    assert second.workers()


def _ended_once(cluster: Cluster, count: int) -> None:
    """So many requests completed, none failed, and no event tells of a second end."""
    with psycopg.connect(cluster.address) as connection:
        until(lambda: not _one(connection, "select count(*) from requests where state in ('in_queue', 'in_progress')"))
        ended = "select count(*) from requests where state = 'completed'"
        assert _one(connection, ended) == count
        twice = (
            "select count(*) from (select request_id from events where kind = 'state' and "
            "data::json->>'state' in ('completed', 'failed', 'cancelled') group by request_id having count(*) <> 1) x"
        )
        assert _one(connection, twice) == 0


def _one(connection: psycopg.Connection[Any], query: str) -> int:
    with connection.transaction():
        found = connection.execute(query.encode()).fetchone()
    assert found is not None
    return int(found[0])
