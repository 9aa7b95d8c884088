"""What one API process and one database do a second here, as the `site` of a simulator's scenario.

    python -m benchmarks.calibrate --json benchmarks/scenarios/sqlite.json [--rounds 3] [--database URL]

Submits and status reads go over HTTP to one server process, complete and durable as in `benchmarks.api`. Inserts,
cycles (a claim and a completion) and beats go to the store itself, from 64 tasks at once, each commit on disk before
it counts. The median of the rounds is written.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import statistics
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.api import _mutoscope, _submits_and_reads
from mutoscope.jobs import NewJob
from mutoscope.store.opening import open_database
from mutoscope.store.store import Store
from mutoscope.store.values import Charge, Held

AT_ONCE = 64
MODEL = "test/card"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description="Measure what a scenario's `site` asks for.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--database", default="", help="an empty PostgreSQL; SQLite when not given")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found: dict[str, list[float]] = {}
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="mutoscope-bench-") as folder:
            with _mutoscope(Path(folder) / "site", workers=0, database=options.database) as url:
                http = _submits_and_reads(url, AT_ONCE, options.seconds)
            inserts, cycles, beats = asyncio.run(_store(Path(folder) / "store", options.database, options.seconds))
        figures = {"submits_per_s": http["submit_per_s"], "reads_per_s": http["status_per_s"]}
        for name, value in (figures | {"inserts_per_s": inserts, "cycles_per_s": cycles, "beats_per_s": beats}).items():
            found.setdefault(name, []).append(value)
    told = {
        "site": {name: round(statistics.median(values), 1) for name, values in found.items()},
        "rounds": {name: [round(value, 1) for value in values] for name, values in found.items()},
        "cores": os.cpu_count(),
        "load_after": os.getloadavg()[0],
        "database": "PostgreSQL" if options.database else "SQLite, synchronous = FULL",
    }
    print(json.dumps(told, indent=1))
    if options.json:
        options.json.write_text(json.dumps(told, indent=1) + "\n")


async def _store(folder: Path, address: str, seconds: float) -> tuple[float, float, float]:
    """Inserts, claims with their completion, and beats a second."""
    folder.mkdir()
    store = Store(open_database(folder, address))

    async def insert() -> None:
        await store.submit(_job())

    async def claim() -> Held:
        job = await store.claim((MODEL,), "worker-1", lease_ms=60_000)
        assert job is not None, "nothing was left to claim"
        return Held(job.id, "worker-1", job.attempt)

    async def cycle() -> None:
        await store.complete(await claim(), result={"outputs": []}, charge=Charge(1.0, "second", 0), files=[])

    async def beat() -> None:
        await store.beat(next(turns), lease_ms=60_000, progress=0.5, stage="rendering")

    try:
        inserts = await _rate(insert, seconds)
        turns = itertools.cycle([await claim() for _ in range(AT_ONCE)])
        beats = await _rate(beat, seconds)
        return inserts, await _rate(cycle, min(seconds, 1.0)), beats
    finally:
        await store.db.close()


async def _rate(act: Callable[[], Awaitable[None]], seconds: float) -> float:
    begun = time.perf_counter()
    done = 0

    async def again() -> None:
        nonlocal done
        while time.perf_counter() - begun < seconds:
            await act()
            done += 1

    await asyncio.gather(*(again() for _ in range(AT_ONCE)))
    return done / (time.perf_counter() - begun)


def _job() -> NewJob:
    return NewJob(
        id=str(uuid.uuid4()),
        account_id="account",
        key_id="key",
        model_id=MODEL,
        inputs={"prompt": "A slow tracking shot. " * 20},
        ignored_inputs=(),
        seed=7,
        idempotency_key=None,
        body_sha256="",
    )


if __name__ == "__main__":
    main()
