"""kill -9 of server, workers and engines while 200 requests run: nothing is lost, nothing is answered twice."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from mutoscope.protocol import VERSION
from mutoscope.storage.local import LocalStorage
from tests.conftest import LiveServer, start_server
from tests.ports import reserved_port
from tests.scenarios.processes import HAS_PROC, Process, descendants, wait_until_gone

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not HAS_PROC, reason="needs /proc to find the processes")]

MODEL = "mutoscope/testcard"
REQUESTS = 200
SENDERS = 4
SEED = 20261122
VICTIMS = ("server", "worker", "engine", "server", "worker", "engine", "server", "worker", "server")


class Site:
    """One data folder and one port; the server on it is killed and started again."""

    def __init__(self, data: Path) -> None:
        self._settings: dict[str, Any] = {
            "workers": 2,
            "engines": "testcard",
            "lease_s": 4,
            "beat_s": 0.5,
            "drain_s": 60,
        }
        self.port = reserved_port()
        self.live = start_server(data, port=self.port, **self._settings)
        self.family: list[Process] = []

    def kill_server(self) -> None:
        """kill -9; its workers and their engines end by themselves. Then start it again."""
        family = self.members()
        self.live.kill()
        assert wait_until_gone(family, 60) == []
        self.live = start_server(self.live.data, port=self.port, **self._settings)

    def kill_one(self, words: str, chosen: random.Random) -> bool:
        """kill -9 of one descendant whose command line holds these words, if there is one."""
        found = [process for process in self.members() if words in process.command]
        if not found:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(chosen.choice(found).pid, signal.SIGKILL)
        return True

    def members(self) -> list[Process]:
        """The server's descendants now; all that were ever seen are remembered."""
        found = descendants(self.live.process.pid)
        self.family += [process for process in found if process not in self.family]
        return found


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A server with two workers that may be killed; none is left behind."""
    made = Site(tmp_path / "data")
    made.live.wait_ready()
    yield made
    if made.live.process.poll() is None:
        made.live.kill()


@pytest.mark.timeout(900)
def test_two_hundred_requests_survive_kills_of_everything(site: Site) -> None:
    """All end in exactly one terminal state, with one output each, and the books are sound."""
    with ThreadPoolExecutor(SENDERS) as pool:
        sending = [pool.submit(send, site.live, range(n, REQUESTS, SENDERS)) for n in range(SENDERS)]
        kills = rampage(site)
        answers = {key: ids for sender in sending for key, ids in sender.result(300).items()}

    assert kills.total() == len(VICTIMS)
    assert len(answers) == REQUESTS
    assert all(len(ids) == 1 for ids in answers.values()), "an Idempotency-Key was answered with two requests"
    accepted = {next(iter(ids)) for ids in answers.values()}
    assert len(accepted) == REQUESTS

    with site.live.client() as client:
        jobs = wait_for_the_end(client)
        assert set(jobs) == accepted
        for job in jobs.values():
            check_end(client, job)
    attempts = Counter(job["attempt"] for job in jobs.values())
    failed = [job["error"] for job in jobs.values() if job["state"] == "failed"]
    print(f"kills {dict(kills)}; attempts {dict(sorted(attempts.items()))}; failed {failed}")
    assert attempts.total() - attempts[1] >= 3, "the kills hit nothing that ran"
    assert len(failed) <= 4, failed

    site.members()
    assert site.live.stop() == 0
    assert wait_until_gone(site.family, 60) == []
    check_books(site.live.data, jobs)


# -- sending ------------------------------------------------------------------------------------------------------


def send(live: LiveServer, numbers: range) -> dict[str, set[str]]:
    """Submit one request per number, again and again until it is answered; ids by Idempotency-Key."""
    chosen = random.Random(SEED + numbers.start)
    answers: dict[str, set[str]] = {}
    with live.client() as client:
        for number in numbers:
            key, body = f"order-{number}", {"prompt": "bars", "num_frames": 3, "delay_s": chosen.uniform(0.05, 0.3)}
            answers[key] = {submit(client, key, body)}
            if number % 5 == 0:  # a client that did not believe the answer
                answers[key].add(submit(client, key, body))
            time.sleep(chosen.uniform(0.05, 0.4))
    return answers


def submit(client: httpx.Client, key: str, body: dict[str, Any]) -> str:
    """The id the server answered with, however often it had to be asked."""
    deadline = time.monotonic() + 300
    while True:
        with contextlib.suppress(httpx.TransportError):
            answer = client.post(f"/v1/models/{MODEL}", json=body, headers={"Idempotency-Key": key}, timeout=60)
            if answer.status_code == 200:
                return str(answer.json()["request_id"])
        assert time.monotonic() < deadline, "the server does not come back"
        time.sleep(0.1)


# -- killing ------------------------------------------------------------------------------------------------------


def rampage(site: Site) -> Counter[str]:
    """Kill one after the other, each while something runs; how many of each."""
    chosen = random.Random(SEED)
    kills: Counter[str] = Counter()
    for victim in VICTIMS:
        wait_for_work(site.live)
        time.sleep(chosen.uniform(0.3, 1.5))
        if victim == "server":
            site.kill_server()
        else:
            words = {"worker": "mutoscope.worker", "engine": "mutoscope.engines.child"}[victim]
            while not site.kill_one(words, chosen):
                time.sleep(0.05)
        kills[victim] += 1
    return kills


def wait_for_work(live: LiveServer) -> None:
    """Until a request is in progress under a lease that was given after the last start."""
    began = time.time()
    with live.client() as client:
        while time.time() < began + 120:
            running = client.get("/v1/requests", params={"state": "in_progress"}).json()["requests"]
            if any(datetime.fromisoformat(job["started_at"]).timestamp() > began - 1 for job in running):
                return
            time.sleep(0.05)
    raise AssertionError("nothing runs")


# -- auditing -----------------------------------------------------------------------------------------------------


def wait_for_the_end(client: httpx.Client) -> dict[str, dict[str, Any]]:
    """Every request by its id, once none of them can change any more."""
    deadline = time.monotonic() + 300
    while True:
        jobs = everything(client)
        left = [job for job in jobs.values() if job["state"] in ("in_queue", "in_progress")]
        if not left:
            return jobs
        assert time.monotonic() < deadline, f"{len(left)} are not finished, such as {left[0]}"
        time.sleep(0.5)


def everything(client: httpx.Client) -> dict[str, dict[str, Any]]:
    """Page by page."""
    jobs: dict[str, dict[str, Any]] = {}
    cursor = None
    while True:
        page = client.get("/v1/requests", params={"limit": 70, **({"cursor": cursor} if cursor else {})}).json()
        for job in page["requests"]:
            assert job["request_id"] not in jobs, "a request is on two pages"
            jobs[job["request_id"]] = job
        cursor = page["next_cursor"]
        if not cursor:
            return jobs


def check_end(client: httpx.Client, job: dict[str, Any]) -> None:
    """One terminal event, the last; a completed request has one output, and its bytes are the ones on record."""
    states = told(client, job["request_id"])
    assert states[0] == "in_queue"
    assert [state for state in states if state in ("completed", "failed", "cancelled")] == [job["state"]]
    assert states[-1] == job["state"]
    assert states.count("in_progress") == job["attempt"]
    result = client.get(f"/v1/requests/{job['request_id']}/result").json()
    if job["state"] == "failed":
        assert "lost" in job["error"] or "stopped unexpectedly" in job["error"], job["error"]
        assert result["status"] == "failed"
        return
    assert result["status"] == "succeeded"
    assert list(result["output"]) == ["video"]
    video = client.get(result["output"]["video"], headers={"Authorization": ""})
    assert video.status_code == 200
    assert hashlib.sha256(video.content).hexdigest() == result["metadata"]["media"]["sha256"]


def told(client: httpx.Client, request_id: str) -> list[str]:
    """The states a finished request's event stream tells of."""
    text = client.get(f"/v1/requests/{request_id}/events").text
    events = [dict(line.split(": ", 1) for line in block.split("\n")) for block in text.strip().split("\n\n")]
    return [json.loads(event["data"])["state"] for event in events if event.get("event") == "state"]


def check_books(data: Path, jobs: dict[str, dict[str, Any]]) -> None:
    """The database is sound, holds one charge for each, and the storage holds what is on record and no more."""
    command: list[str | Path] = [sys.executable, "-m", "mutoscope", "db", "check", "--data", data]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (checked.returncode, checked.stdout.strip()) == (0, "the database is sound"), checked.stdout
    with contextlib.closing(sqlite3.connect(f"file:{data / 'mutoscope.db'}?mode=ro", uri=True)) as database:
        on_record = dict(database.execute("select storage_key, size_bytes from files").fetchall())
        usage = dict(database.execute("select request_id, state from usage").fetchall())
    completed = {request_id for request_id, job in jobs.items() if job["state"] == "completed"}
    assert usage == {request_id: "charged" if request_id in completed else "released" for request_id in jobs}
    assert len(on_record) == 2 * len(completed)  # a video and a poster
    assert asyncio.run(sizes(LocalStorage(data / "files"))) == on_record
    assert list((data / "work").iterdir()) == []


async def sizes(storage: LocalStorage) -> dict[str, int]:
    """Everything that is stored."""
    return {key: await storage.size(key) async for key in storage.keys(before_s=time.time() + 60)}


# -- a worker that is killed while it waits -----------------------------------------------------------------------


def test_a_worker_that_hung_up_gets_nothing(tmp_path: Path) -> None:
    """Its question is still open at the server when it dies; what is submitted then waits for another worker."""
    live = start_server(tmp_path / "data", workers=0, worker_token="a-token-for-tests")
    try:
        with live.client() as client:
            ask_for_work_and_die(live)
            request_id = submit(client, "order-1", {"prompt": "bars"})
            for _ in range(15):
                job = client.get(f"/v1/requests/{request_id}").json()
                assert (job["state"], job["attempt"]) == ("in_queue", 0)
                time.sleep(0.1)
    finally:
        assert live.stop() == 0


def ask_for_work_and_die(live: LiveServer) -> None:
    """A claim that may be held open for 20 seconds, on a connection that closes after half a second."""
    body = json.dumps({"worker_id": "doomed", "engines": ["testcard"], "wait_s": 20.0, "protocol": VERSION})
    head = (
        "POST /worker/v1/claim HTTP/1.1\r\nHost: mutoscope\r\nAuthorization: Bearer a-token-for-tests\r\n"
        f"X-Mutoscope-Worker: doomed\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", int(live.url.rpartition(":")[2]))) as connection:
        connection.sendall((head + body).encode())
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.recv(1)
