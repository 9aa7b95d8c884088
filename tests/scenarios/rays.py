"""A real Ray cluster for the tests: a head and nodes, each on a host of its own, and drivers of a fleet on it."""

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
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.http.calls import until
from tests.scenarios.hosts import Host
from tests.scenarios.processes import Process, descendants

SLOW_S = 300.0
"""For what starts processes: the machine may have other things to do."""


def absent() -> str:
    """Why there is no Ray; empty where it is installed."""
    return "" if importlib.util.find_spec("ray") else "Ray is not installed (pip install 'mutoscope[ray]')"


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
class RayCluster:
    """A head without room for workers, and nodes of one core each.

    token   of workers, which the drivers are given.
    """

    folder: Path
    environment: dict[str, str]
    head: Host
    token: str
    nodes: list[Node] = field(default_factory=list)
    drivers: list[Driver] = field(default_factory=list)

    def _node(self, host: Host, *words: str, cpus: int) -> Node:
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

    def fleet(self, server_url: str, *words: str) -> Driver:
        """A driver, on the head."""
        words = ("--address", f"{self.head.address}:6379", "--server", server_url, *words)
        command = [sys.executable, "-m", "mutoscope", "fleet", "ray", *words]
        environment = self.environment | {"MUTOSCOPE_WORKER_TOKEN": self.token, "MUTOSCOPE_LOG_FORMAT": "json"}
        setpriv = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        log = self.folder / f"driver-{len(self.drivers)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(self.head.command(*setpriv, *command), env=environment, stdout=out, stderr=out)
        self.drivers.append(Driver(process, log))
        return self.drivers[-1]

    def start(self, hosts: list[Host]) -> None:
        """The head, then a node on each host; ends once all are there."""
        top = self._node(self.head, "--head", "--port=6379", "--include-dashboard=false", cpus=0)
        until(lambda: "Ray runtime started" in top.log.read_text(), timeout_s=SLOW_S)
        for host in hosts:
            self._node(host, f"--address={self.head.address}:6379", cpus=1)
        until(lambda: all("Ray runtime started" in node.log.read_text() for node in self.nodes), timeout_s=SLOW_S)

    def end(self) -> None:
        """All of it; what the drivers wrote is printed."""
        for driver in self.drivers:
            driver.process.kill()
            driver.process.wait(30)
            print(driver.log.name, driver.log.read_text(), sep="\n")
        for node in self.nodes:
            node.kill()


@contextmanager
def launched(head: Host, hosts: list[Host], *, token: str, **settings: str) -> Iterator[RayCluster]:
    """A running cluster whose nodes have these settings of ours, as MUTOSCOPE_* variables.

    Ray writes into HOME and rewrites 127.0.0.1: it has a home of its own, and hosts that nobody else reaches.
    """
    # Short, for sockets have names of 107 bytes at most.
    with tempfile.TemporaryDirectory(prefix="mr", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        plain = {key: value for key, value in os.environ.items() if not key.startswith(("MUTOSCOPE_", "RAY_", "AWS_"))}
        own = {"HOME": name, "RAY_USAGE_STATS_ENABLED": "0", "RAY_TMPDIR": name}
        told = {f"MUTOSCOPE_{key.upper()}": value for key, value in settings.items()}
        told |= {"MUTOSCOPE_WORKER_FOLDER": str(folder / "work")}
        made = RayCluster(folder, plain | own | told, head, token)
        try:
            made.start(hosts)
            yield made
        finally:
            made.end()
