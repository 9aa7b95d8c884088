"""Does it stay flat? Load on the test card for a long time; memory, descriptors and the queue's age, to a table.

    python -m benchmarks.soak [--seconds 1800] [--clients 4] [--every 5] [--json FILE]

A server with two workers runs on a data folder of its own. Each client submits, follows by events, fetches the result
and its film, uploads a picture now and then and deletes every other request; every tenth request brings a webhook,
which a receiver here takes; what is a minute old is removed by the server itself. Every few seconds the server's, the
workers' and the engines' memory and descriptors are read from /proc, and queue, lag and disk from /metrics.

Flat means: the first fifth is left out as warm-up, a straight line is fitted through the rest (least squares), and what
it rises over that time stays below the bound that the table names. The exit status is 1 when anything rises more, or
when a request was lost or failed.
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.api import KEY, TESTCARD

SMALL = {"prompt": "bars", "num_frames": 4, "width": 64, "height": 64}
WARM_UP = 0.2
MIB = 2**20
METRICS = {
    "queue_age_s": re.compile(r"^mutoscope_queue_oldest_seconds\{[^}]*\} ([0-9.e+-]+)$", re.MULTILINE),
    "webhook_lag_s": re.compile(r"^mutoscope_webhook_lag_seconds ([0-9.e+-]+)$", re.MULTILINE),
}


@dataclass(frozen=True, slots=True)
class Bound:
    """How much the fitted line may rise over the time that is judged: so much, or so large a share of the median."""

    most: float
    share: float = 0.0


BOUNDS = {
    "server_rss_mib": Bound(16.0, 0.05),
    "workers_rss_mib": Bound(16.0, 0.05),
    "engines_rss_mib": Bound(32.0, 0.05),
    "server_fds": Bound(4.0),
    "workers_fds": Bound(4.0),
    "processes": Bound(0.5),
    "queue_age_s": Bound(2.0),
    "webhook_lag_s": Bound(2.0),
}


@dataclass
class Tally:
    """What the clients saw."""

    seen: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, what: str) -> None:
        with self.lock:
            self.seen[what] += 1


def main() -> int:
    parser = argparse.ArgumentParser(description="Load for a long time; is everything flat?")
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--every", type=float, default=5.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mutoscope-soak-") as folder:
        found = run(Path(folder), options.seconds, clients=options.clients, every_s=options.every)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2), "utf-8")
    print(table(found))
    return 0 if found["is_flat"] and not found["wrong"] else 1


def run(root: Path, seconds: float, *, clients: int, every_s: float) -> dict[str, Any]:
    """Everything that was recorded, and the verdicts."""
    tally, stop = Tally(), threading.Event()
    with _receiver(tally) as hook, _server(root) as (process, url):
        workers = [threading.Thread(target=_client, args=(url, hook, n, tally, stop)) for n in range(clients)]
        for worker in workers:
            worker.start()
        samples = list(_samples(process.pid, url, seconds, every_s))
        stop.set()
        for worker in workers:
            worker.join(120)
    verdicts = {name: judge([(s["at_s"], s[name]) for s in samples], bound) for name, bound in BOUNDS.items()}
    wrong = {what: n for what, n in tally.seen.items() if what.startswith("wrong")}
    return {
        "seconds": seconds,
        "clients": clients,
        "seen": dict(tally.seen),
        "wrong": wrong,
        "verdicts": verdicts,
        "is_flat": all(verdict["is_flat"] for verdict in verdicts.values()),
        "samples": samples,
    }


def judge(points: list[tuple[float, float]], bound: Bound) -> dict[str, Any]:
    """The rise of the straight line through the points after the warm-up, against what it may be."""
    points = [point for point in points if point[0] >= WARM_UP * points[-1][0]]
    times, values = [at for at, _ in points], [value for _, value in points]
    rise = statistics.linear_regression(times, values).slope * (times[-1] - times[0]) if len(points) > 2 else 0.0
    median = statistics.median(values)
    most = max(bound.most, bound.share * median)
    return {
        "median": round(median, 2),
        "least": round(min(values), 2),
        "largest": round(max(values), 2),
        "rise": round(rise, 2),
        "bound": round(most, 2),
        "is_flat": rise <= most,
    }


def table(found: dict[str, Any]) -> str:
    """Markdown: one row per thing that was watched."""
    rows = [
        f"| {name} | {v['least']} | {v['median']} | {v['largest']} | {v['rise']} | {v['bound']} | "
        f"{'flat' if v['is_flat'] else 'RISES'} |"
        for name, v in found["verdicts"].items()
    ]
    head = ["| | least | median | largest | rise of the fitted line | bound | |", "|---|---|---|---|---|---|---|"]
    seen = ", ".join(f"{count} {what}" for what, count in sorted(found["seen"].items()))
    return "\n".join([f"{found['seconds']:g} s, {found['clients']} clients: {seen}", "", *head, *rows])


# -- load ---------------------------------------------------------------------------------------------------------


def _client(url: str, hook: str, number: int, tally: Tally, stop: threading.Event) -> None:
    turn = number
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=60, trust_env=False) as client:
        while not stop.is_set():
            turn += 1
            try:
                _one(client, hook if turn % 10 == 0 else "", turn, tally)
            except (httpx.HTTPError, KeyError, ValueError) as exc:
                tally.add(f"wrong: {type(exc).__name__}")
                stop.wait(1.0)


def _one(client: httpx.Client, hook: str, turn: int, tally: Tally) -> None:
    query = {"webhook": hook} if hook else {}
    answer = client.post(f"/v1/models/{TESTCARD}", params=query, json=SMALL | {"seed": turn})
    answer.raise_for_status()
    request_id = answer.json()["request_id"]
    tally.add("submitted")
    with client.stream("GET", f"/v1/requests/{request_id}/events") as events:
        for _ in events.iter_lines():
            pass
    told = client.get(f"/v1/requests/{request_id}/result").json()
    if told["status"] != "succeeded":
        tally.add(f"wrong: {told['status']}")
        return
    film = client.get(told["output"]["video"])
    tally.add("completed" if film.is_success and film.content else "wrong: no film")
    if turn % 20 == 0:
        client.post("/v1/files", content=client.get(f"/v1/requests/{request_id}/poster").content).raise_for_status()
        tally.add("uploaded")
    if turn % 2 == 0:
        client.delete(f"/v1/requests/{request_id}").raise_for_status()


@contextlib.contextmanager
def _receiver(tally: Tally) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            tally.add("webhooks")
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def _server(root: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    reader, writer = os.pipe()
    environment = {
        **os.environ,
        "MUTOSCOPE_API_KEY": KEY,
        "XDG_CONFIG_HOME": str(root / "config"),
        "MUTOSCOPE_FETCH_ALLOW": "127.0.0.0/8",
        "MUTOSCOPE_KEEP_REQUESTS_S": "60",
        "MUTOSCOPE_KEEP_UPLOADS_S": "60",
        "MUTOSCOPE_KEEP_DELIVERIES_S": "60",
        "MUTOSCOPE_LOG_LEVEL": "error",
    }
    command = [sys.executable, "-m", "mutoscope", "serve", "--data", str(root / "data"), "--port", "0"]
    command += ["--workers", "2", "--engines", "testcard", "--ready-fd", str(writer)]
    process = subprocess.Popen(command, env=environment, pass_fds=(writer,))
    os.close(writer)
    try:
        with open(reader) as ready:
            url = json.loads(ready.readline())["url"]
        while httpx.get(url + "/readyz", trust_env=False).status_code != 200:
            time.sleep(0.1)
        yield process, url
    finally:
        process.terminate()
        process.wait(120)
        shutil.rmtree(root / "data", ignore_errors=True)


# -- watching -----------------------------------------------------------------------------------------------------


def _samples(pid: int, url: str, seconds: float, every_s: float) -> Iterator[dict[str, float]]:
    began = time.monotonic()
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
        while (at_s := time.monotonic() - began) < seconds:
            yield {"at_s": round(at_s, 1), **_processes(pid), **_metrics(client)}
            time.sleep(max(0.0, every_s - (time.monotonic() - began - at_s)))


def _metrics(client: httpx.Client) -> dict[str, float]:
    text = client.get("/metrics").text
    return {
        name: max((float(value) for value in pattern.findall(text)), default=0.0) for name, pattern in METRICS.items()
    }


def _processes(pid: int) -> dict[str, float]:
    """Memory and descriptors of the server, its workers, and what these started."""
    found: dict[str, float] = dict.fromkeys(
        ("server_rss_mib", "server_fds", "workers_rss_mib", "workers_fds", "engines_rss_mib", "processes"), 0.0
    )
    for child, command in [(pid, "server"), *_below(pid)]:
        with contextlib.suppress(OSError, StopIteration):
            kind = "server" if child == pid else "workers" if "mutoscope.worker" in command else "engines"
            found[f"{kind}_rss_mib"] += _rss_mib(child)
            if kind != "engines":
                found[f"{kind}_fds"] += sum(1 for _ in Path(f"/proc/{child}/fd").iterdir())
            found["processes"] += 1
    return found


def _rss_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1024


def _below(pid: int) -> Iterator[tuple[int, str]]:
    """Children, their children and so on, with their commands."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            for child in map(int, (task / "children").read_text("ascii").split()):
                yield child, Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                yield from _below(child)


if __name__ == "__main__":
    sys.exit(main())
