"""What the API costs: durable submits and status reads against a bare hello, and the way from submit to result.

    python -m benchmarks.api [--rounds 5] [--seconds 2] [--json FILE] [--database postgresql://…]

Every round measures hello and ours one after the other, so that a ratio never compares two moods of the machine.
Servers run on CPU 0, the generator on CPU 1 where the machine has two. Submits are complete: key check, schema
check, request, event and usage hold, committed with `synchronous = FULL` before the answer.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from benchmarks.load import Load, burst, get, post

KEY = "mk_bench"
MODEL = "bytedance/dreamina-3-0/pro/image-to-video"
TESTCARD = "mutoscope/testcard"
BODY = json.dumps(
    {"prompt": "A slow tracking shot. " * 22, "image_urls": ["https://example.com/mountain-path.jpg"]}
).encode()
SMALL = json.dumps({"prompt": "speed", "num_frames": 2, "width": 64, "height": 64}).encode()
CONNECTIONS = (16, 64)
WAITING = (0, 1_000, 10_000)


def main() -> None:
    """Measure and print."""
    options = _options()
    if len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="mutoscope-bench-") as folder, _hello() as hello:
        root = Path(folder)
        if options.database:
            found["postgresql_of_sqlite"] = _databases(root, options.database, options.rounds, options.seconds)
            _report(found, options.json)
            return
        found["throughput"] = _throughput(root, hello, options.rounds, options.seconds)
        found["with_a_worker"] = _with_a_worker(root, hello, options.rounds, options.seconds)
        found["end_to_end"] = _end_to_end(root, options.requests)
        found["waiting"] = _waiting(root, options.rounds, options.seconds)
    _report(found, options.json)


def _report(found: dict[str, Any], target: Path | None) -> None:
    _print(found)
    if target:
        target.write_text(json.dumps(found, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the API.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--database", default="", help="an empty PostgreSQL, to be compared with SQLite")
    return parser.parse_args()


# -- the questions ------------------------------------------------------------------------------------------------


def _throughput(root: Path, hello: str, rounds: int, seconds: float) -> dict[str, Any]:
    """Submits and status reads per second as a share of hello, no worker running."""
    with _mutoscope(root / "throughput", workers=0) as url:
        return _ratios(url, hello, rounds, seconds)


def _with_a_worker(root: Path, hello: str, rounds: int, seconds: float) -> dict[str, Any]:
    """The same while a worker works through the test cards that are submitted, on the servers' CPU."""
    with _mutoscope(root / "worker", workers=1) as url:
        return _ratios(url, hello, rounds, seconds, path=f"/v1/models/{TESTCARD}", body=SMALL)


def _databases(root: Path, address: str, rounds: int, seconds: float) -> dict[str, Any]:
    """Submits and status reads on both databases in turns, and the ratio of each turn."""
    rows: dict[str, list[float]] = {}
    with (
        _mutoscope(root / "sqlite", workers=0) as sqlite,
        _mutoscope(root / "postgresql", workers=0, database=address) as postgresql,
    ):
        for number, connections in itertools.product(range(rounds), CONNECTIONS):
            turn: dict[str, dict[str, float]] = {}
            both = [("sqlite", sqlite), ("postgresql", postgresql)]
            for name, url in reversed(both) if number % 2 else both:
                turn[name] = _submits_and_reads(url, connections, seconds)
                for what, value in turn[name].items():
                    rows.setdefault(f"{name}_{what}_{connections}", []).append(value)
            for what, value in turn["postgresql"].items():
                rows.setdefault(f"ratio_{what}_{connections}", []).append(value / turn["sqlite"][what])
    return _medians(rows)


def _submits_and_reads(
    url: str, connections: int, seconds: float, *, path: str = f"/v1/models/{MODEL}", body: bytes = BODY
) -> dict[str, float]:
    ids: list[str] = []
    submits = _ok(
        burst(
            url,
            itertools.repeat(post(path, body, KEY)),
            connections=connections,
            seconds=seconds,
            seen=lambda answer: ids.append(_id(answer)),
        )
    )
    reads = itertools.cycle([get(f"/v1/requests/{request_id}/status", KEY) for request_id in ids[-64:]])
    status = _ok(burst(url, reads, connections=connections, seconds=seconds))
    return {"submit_per_s": submits.per_second, "status_per_s": status.per_second}


def _ratios(
    url: str, hello: str, rounds: int, seconds: float, *, path: str = f"/v1/models/{MODEL}", body: bytes = BODY
) -> dict[str, Any]:
    rows: dict[str, list[float]] = {}
    for _, connections in itertools.product(range(rounds), CONNECTIONS):
        base = _ok(burst(hello, itertools.repeat(get("/")), connections=connections, seconds=seconds))
        ours = _submits_and_reads(url, connections, seconds, path=path, body=body)
        for name, value in (
            (f"hello_per_s_{connections}", base.per_second),
            (f"submit_per_s_{connections}", ours["submit_per_s"]),
            (f"status_per_s_{connections}", ours["status_per_s"]),
            (f"submit_of_hello_{connections}", ours["submit_per_s"] / base.per_second),
            (f"status_of_hello_{connections}", ours["status_per_s"] / base.per_second),
        ):
            rows.setdefault(name, []).append(value)
    return _medians(rows)


def _end_to_end(root: Path, requests: int) -> dict[str, Any]:
    """From submit to result at concurrency 1, beside the engine's own time and one durable commit."""
    rows: dict[str, list[float]] = {}
    with _mutoscope(root / "latency", workers=1) as url, _client(url) as client:
        _ready(client)
        for _ in range(requests):
            took, engine_s, timings = _one_request(client)
            rows.setdefault("total_ms", []).append(took * 1e3)
            rows.setdefault("engine_ms", []).append(engine_s * 1e3)
            rows.setdefault("beyond_engine_ms", []).append((took - engine_s) * 1e3)
            for name, value in timings.items():
                rows.setdefault(name + "_ms", []).append(value * 1e3)
        rows["durable_commit_ms"] = _commits(root / "commit.db", requests)
    found = _medians(rows)
    found["total_ms_p99"] = sorted(rows["total_ms"])[int(0.99 * requests)]
    found["beyond_engine_in_commits"] = found["beyond_engine_ms"] / found["durable_commit_ms"]
    return found


def _one_request(client: httpx.Client) -> tuple[float, float, dict[str, float]]:
    began = time.perf_counter()
    submitted = client.post(f"/v1/models/{TESTCARD}", content=SMALL).json()
    with client.stream("GET", f"/v1/requests/{submitted['request_id']}/events") as events:
        for line in events.iter_lines():
            if line.startswith("data:") and '"completed"' in line:
                break
    result = client.get(f"/v1/requests/{submitted['request_id']}/result").json()
    took = time.perf_counter() - began
    timings = result["metadata"]["timings"]
    return took, timings["engine_s"], {name: timings[name] for name in ("queued_s", "fetch_s", "store_s")}


def _commits(path: Path, count: int) -> list[float]:
    """Milliseconds of single durable commits on the same disk."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("pragma journal_mode = wal")
    database.execute("pragma synchronous = full")
    database.execute("create table t (id integer primary key, body text)")
    took = []
    for _ in range(count):
        began = time.perf_counter()
        database.execute("begin immediate")
        database.execute("insert into t (body) values (?)", ("x" * 1300,))
        database.execute("commit")
        took.append((time.perf_counter() - began) * 1e3)
    database.close()
    return took


def _waiting(root: Path, rounds: int, seconds: float) -> dict[str, Any]:
    """Latency of a submit and of a status read with more and more requests waiting, one connection."""
    rows: dict[str, list[float]] = {}
    for _ in range(rounds):
        for waiting in WAITING:
            shutil.rmtree(root / "waiting", ignore_errors=True)
            with _mutoscope(root / "waiting", workers=0) as url:
                ids: list[str] = []
                fill = itertools.repeat(post(f"/v1/models/{MODEL}", BODY, KEY), waiting)
                if waiting:
                    burst(url, fill, connections=min(64, waiting), seconds=60)
                submit = _ok(
                    burst(
                        url,
                        itertools.repeat(post(f"/v1/models/{MODEL}", BODY, KEY), 300),
                        connections=1,
                        seconds=seconds,
                        seen=lambda answer, ids=ids: ids.append(_id(answer)),  # type: ignore[misc]
                    )
                )
                reads = itertools.cycle([get(f"/v1/requests/{ids[-1]}/status", KEY)])
                status = _ok(burst(url, reads, connections=1, seconds=seconds))
            rows.setdefault(f"submit_ms_{waiting}", []).append(submit.percentile(0.5) * 1e3)
            rows.setdefault(f"status_ms_{waiting}", []).append(status.percentile(0.5) * 1e3)
    found = _medians(rows)
    for name in ("submit", "status"):
        found[f"{name}_10000_of_0"] = found[f"{name}_ms_10000"] / found[f"{name}_ms_0"]
    return found


# -- servers ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _hello() -> Iterator[str]:
    port = _free_port()
    with _process([sys.executable, "-m", "benchmarks.hello", str(port)]):
        url = f"http://127.0.0.1:{port}"
        _wait(url)
        yield url


@contextlib.contextmanager
def _mutoscope(data: Path, *, workers: int, database: str = "") -> Iterator[str]:
    port = _free_port()
    command = [sys.executable, "-m", "mutoscope", "serve", "--port", str(port), "--data", str(data)]
    command += ["--workers", str(workers), "--engines", "testcard", "--log-level", "error"]
    command += ["--database", database]
    with _process(command):
        url = f"http://127.0.0.1:{port}"
        _wait(url + "/livez")
        yield url


@contextlib.contextmanager
def _process(command: list[str]) -> Iterator[None]:
    environment = {**os.environ, "MUTOSCOPE_API_KEY": KEY, "XDG_CONFIG_HOME": tempfile.gettempdir()}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(process.pid, {0})  # before it starts threads and workers, which inherit it
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _wait(url: str) -> None:
    for _ in range(600):
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        time.sleep(0.05)
    raise SystemExit(f"{url} did not answer")


def _client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=60, trust_env=False)


def _ready(client: httpx.Client) -> None:
    while client.get("/readyz").status_code != 200:
        time.sleep(0.05)
    for _ in range(5):
        _one_request(client)


# -- figures ------------------------------------------------------------------------------------------------------


def _ok(load: Load) -> Load:
    if load.errors:
        raise SystemExit(f"{load.errors} of {load.answers} answers were errors")
    return load


def _id(answer: bytes) -> str:
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["request_id"])


def _medians(rows: dict[str, list[float]]) -> dict[str, Any]:
    return {name: round(statistics.median(values), 4) for name, values in rows.items()}


def _print(found: dict[str, Any]) -> None:
    for part, rows in found.items():
        print(f"\n{part.replace('_', ' ')}")
        for name, value in rows.items():
            print(f"  {name:32} {value:>12,.3f}")


if __name__ == "__main__":
    main()
