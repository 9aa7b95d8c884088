"""Outputs in S3: through the server, and straight between worker, bucket and caller.

    python -m benchmarks.storage [--rounds 5] [--json FILE]

A server without workers on a real S3 server (Ceph's gateway, started for this), and a worker and a caller that are
played: each file is put and fetched both ways, in turns, so that no figure compares two moods of the machine. Besides
the rates, the processor time that the server's process spent on each way is told: that is what a busy site has none of.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx

from mutoscope.link import Link
from mutoscope.protocol import Assignment, Finish, Stored
from tests import radosgw
from tests.conftest import LiveServer, serving

MODEL = "mutoscope/testcard"
SIZES = {"300 KB": 300_000, "8 MB": 8_000_000, "64 MB": 64_000_000}
T = TypeVar("T")
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure files in S3, through the server and straight.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if absent := radosgw.missing():
        parser.error(f"not installed: {absent} (Debian: apt install radosgw ceph-mon ceph-osd)")
    with tempfile.TemporaryDirectory(prefix="mutoscope-bench-") as folder, _site(Path(folder)) as live:
        found = {name: _measured(live, size, options.rounds, Path(folder)) for name, size in SIZES.items()}
    for name, ways in found.items():
        print(f"\n{name}")
        for act in ("put", "get"):
            through, straight = ways[f"{act} through"], ways[f"{act} straight"]
            print(
                f"  {act}   through {through['mb_s']:7.1f} MB/s, {through['server_cpu_ms']:6.1f} ms of the server;"
                f"   straight {straight['mb_s']:7.1f} MB/s, {straight['server_cpu_ms']:6.1f} ms"
                f"   ({straight['mb_s'] / through['mb_s']:.2f} times the rate)"
            )
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


@contextlib.contextmanager
def _site(folder: Path) -> Iterator[LiveServer]:
    with radosgw.launched() as gateway:
        os.environ.update(gateway.environment)
        settings: dict[str, Any] = {"storage": gateway.place(), "workers": 0, "worker_token": "wt_bench"}
        with serving(folder / "data", lease_s=3600, **settings) as live:
            yield live


def _measured(live: LiveServer, size_bytes: int, rounds: int, folder: Path) -> dict[str, dict[str, float]]:
    path = folder / "output.mp4"
    path.write_bytes(os.urandom(size_bytes))
    rows: dict[str, list[tuple[float, float]]] = {}
    link = Link(live.url, "wt_bench", "bench")
    with live.client() as owner, httpx.Client(trust_env=False, timeout=60) as anybody:
        attempt = _claimed(owner, link)
        for number in range(rounds + 1):
            for way in ("through", "straight"):
                told = attempt if way == "straight" else _through(attempt)
                row, stored = _timed(live, partial(_put, link, told, path))
                rows.setdefault(f"put {way}", []).extend([row] if number else [])
        link.finish(attempt.request_id, Finish(attempt.attempt, "completed", outputs=(stored,)))
        url = owner.get(f"/v1/requests/{attempt.request_id}/result").json()["output"]["video"]
        for number in range(rounds + 1):
            for way, client in (("through", owner), ("straight", anybody)):
                row, _ = _timed(live, partial(_get, client, url, size_bytes))
                rows.setdefault(f"get {way}", []).extend([row] if number else [])
    link.close()
    return {way: _figures(found, size_bytes) for way, found in rows.items()}


def _claimed(owner: httpx.Client, link: Link) -> Assignment:
    owner.post(f"/v1/models/{MODEL}", json={"prompt": "bars"}).raise_for_status()
    attempt = link.claim(("testcard",), wait_s=10)
    assert attempt is not None
    return attempt


def _through(attempt: Assignment) -> Assignment:
    return dataclasses.replace(attempt, direct=False)


def _put(link: Link, attempt: Assignment, path: Path) -> Stored:
    return link.put(attempt, path, name="output.mp4", media_type="video/mp4", check=lambda: None)


def _get(client: httpx.Client, url: str, size_bytes: int) -> None:
    got = 0
    with client.stream("GET", url, follow_redirects=True) as answer:
        answer.raise_for_status()
        for chunk in answer.iter_bytes(1 << 18):
            got += len(chunk)
    assert got == size_bytes


def _timed(live: LiveServer, act: Callable[[], T]) -> tuple[tuple[float, float], T]:
    """Seconds it took, and seconds of the processor that the server spent meanwhile; and what came of it."""
    spent, began = _cpu_s(live), time.perf_counter()
    made = act()
    return (time.perf_counter() - began, _cpu_s(live) - spent), made


def _cpu_s(live: LiveServer) -> float:
    fields = Path(f"/proc/{live.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _figures(rows: list[tuple[float, float]], size_bytes: int) -> dict[str, float]:
    return {
        "mb_s": size_bytes / 1e6 / statistics.median(seconds for seconds, _ in rows),
        "server_cpu_ms": 1000 * statistics.mean(cpu_s for _, cpu_s in rows),
    }


if __name__ == "__main__":
    main()
