"""Several servers and workers on one PostgreSQL: how much more gets done, and what a claim costs in a large table.

    python -m benchmarks.cluster [--requests 200] [--rounds 3] [--rows 1000000] [--json FILE]

Test cards of two small frames are all but free to draw, so what is measured is everything else: submit, claim, beat,
upload, finish, and the rows of each. Servers, workers, database and client share this machine's cores: processor time
says whose it was, and how much of all cores was in use. Every arrangement is measured once per round, medians are told.
Claims are made in turns on an empty table and on one full of finished requests, and compared in this one run.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg

from mutoscope.jobs import NewJob
from mutoscope.store import pgschema
from mutoscope.store.postgres import Postgres
from mutoscope.store.store import Store
from tests import postgres
from tests.conftest import LiveServer, start_server
from tests.scenarios.processes import descendants

MODEL = "mutoscope/testcard"
BODY = {"prompt": "x", "num_frames": 2, "width": 32, "height": 32}
COUNTS = (1, 2, 4)
CLIENTS = 8
PATIENCE_S = 300.0
FILL = """
insert into requests (id, account_id, key_id, model_id, state, priority, tag, created_ms, run_after_ms, max_attempts,
                      time_limit_s, seed, inputs, ignored_inputs, body_sha256, finished_ms, started_ms)
select 'old-' || n, 'account', 'key', %(model)s, 'completed', 0, n, n, 0, 3, 60, 1, '{}', '[]', '', n + 9, n + 1
from generate_series(1, %(rows)s) n
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure several servers and workers, and claims in a large table.")
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--claims", type=int, default=300)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    binaries = postgres.binaries()
    if binaries is None:
        parser.error("PostgreSQL 15 or newer is not installed (Debian: apt install postgresql)")
    with postgres.launched(binaries) as database:
        claims = asyncio.run(_claims(database, options.rows, options.claims))
        _tell_claims(claims, options.rows)
        arranged = list(itertools.product(COUNTS, COUNTS))
        rounds = [{pair: _round(database, *pair, options.requests) for pair in arranged} for _ in range(options.rounds)]
    found = {
        f"{pair[0]} x {pair[1]}": {
            name: statistics.median(one[pair][name] for one in rounds) for name in rounds[0][pair]
        }
        for pair in arranged
    }
    _tell_rates(found)
    if options.json:
        options.json.write_text(json.dumps({"claims_ms": claims, "requests": found}, indent=1) + "\n")


# -- claims ---------------------------------------------------------------------------------------------------------


def _tell_claims(found: dict[str, dict[str, float]], rows: int) -> None:
    for act in ("claim", "count"):
        empty, full = found["empty"][act], found["full"][act]
        print(f"{act}: {empty:.2f} ms in an empty table, {full:.2f} ms beside {rows} finished: {full / empty:.2f}")


async def _claims(database: postgres.Server, rows: int, claims: int) -> dict[str, dict[str, float]]:
    """Median milliseconds of a claim, and of the count for autoscalers, in both tables by turns."""
    stores = {}
    for name, filled in (("empty", 0), ("full", rows)):
        address = database.database()
        pgschema.migrate(address)
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(FILL, {"model": MODEL, "rows": filled})
            connection.execute("vacuum analyze requests")
        stores[name] = Store(Postgres(pgschema.conninfo(address)))
    times: dict[str, dict[str, list[float]]] = {name: {"claim": [], "count": []} for name in stores}
    for store in stores.values():
        for number in range(claims):
            await store.submit(_job(number))
    for _ in range(claims):
        for name, store in stores.items():
            began = time.perf_counter()
            job = await store.claim((MODEL,), "worker", lease_ms=3_600_000)
            times[name]["claim"].append(time.perf_counter() - began)
            assert job is not None
            began = time.perf_counter()
            await store.load()
            times[name]["count"].append(time.perf_counter() - began)
    for store in stores.values():
        await store.db.close()
    return {name: {act: statistics.median(took) * 1000 for act, took in acts.items()} for name, acts in times.items()}


def _job(number: int) -> NewJob:
    return NewJob(
        id=str(uuid.uuid4()),
        account_id="account",
        key_id=f"key-{number % 10}",
        model_id=MODEL,
        inputs={},
        ignored_inputs=(),
        seed=1,
        idempotency_key=None,
        body_sha256="",
    )


# -- throughput -----------------------------------------------------------------------------------------------------


def _tell_rates(found: dict[str, dict[str, float]]) -> None:
    print("servers x workers, requests/s, ratio, of all cores; CPU ms a request of servers, workers, database, client")
    for name, told in found.items():
        ratio = told["requests_s"] / found["1 x 1"]["requests_s"]
        cost = " ".join(f"{told[who]:5.1f}" for who in ("servers", "workers", "database", "client"))
        print(f"{name}: {told['requests_s']:6.1f}  {ratio:.2f}  {told['of_all_cores']:4.0%}  {cost}")


def _round(database: postgres.Server, servers: int, workers: int, requests: int) -> dict[str, float]:
    """From the first submit to the last end: requests finished per second, and CPU milliseconds of each request."""
    address = database.database()
    with tempfile.TemporaryDirectory(prefix="mutoscope-bench-") as folder, contextlib.ExitStack() as stack:
        live = [stack.enter_context(_serving(Path(folder) / f"server-{n}", address)) for n in range(servers)]
        working = [
            stack.enter_context(_working(live[number % servers].url, Path(folder), number)) for number in range(workers)
        ]
        clients = [stack.enter_context(live[n % servers].client()) for n in range(CLIENTS)]
        _wait_for(clients[0], workers)
        for client in clients:
            _submit(client)  # connections are open, statements prepared
        _drained(address)
        assert database.process
        pids = {
            "servers": [server.process.pid for server in live],
            "workers": [worker.pid for worker in working],
            "database": [database.process.pid],
            "client": [os.getpid()],
        }
        before = {who: _cpu_s(group) for who, group in pids.items()}
        began, began_used = time.perf_counter(), _all_cores()
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda n: _submit(clients[n % CLIENTS]), range(requests)))
        _drained(address)
        took_s = time.perf_counter() - began
        used, could = (now - then for now, then in zip(_all_cores(), began_used, strict=True))
        told = {who: (_cpu_s(group) - before[who]) / requests * 1000 for who, group in pids.items()}
        return {"requests_s": requests / took_s, "of_all_cores": used / could} | told


def _cpu_s(pids: list[int]) -> float:
    """Of these processes and all that they started; of this one itself, alone."""
    ticks = 0
    for pid in pids:
        family = [] if pid == os.getpid() else descendants(pid)
        for one in [pid, *(process.pid for process in family)]:
            with contextlib.suppress(OSError):  # it has just ended, and its parent has it
                fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
                ticks += sum(int(field) for field in fields[11 : 13 if pid == os.getpid() else 15])
    return ticks / os.sysconf("SC_CLK_TCK")


def _all_cores() -> tuple[int, int]:
    """Ticks of all cores: in use, and all."""
    ticks = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


@contextlib.contextmanager
def _serving(data: Path, address: str) -> Iterator[LiveServer]:
    live = start_server(
        data, database=address, storage=data.parent / "files", workers=0, engines="testcard", worker_token="wt_bench"
    )
    try:
        yield live
    finally:
        live.stop()


@contextlib.contextmanager
def _working(url: str, folder: Path, number: int) -> Iterator[subprocess.Popen[bytes]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MUTOSCOPE_")}
    environment |= {"MUTOSCOPE_WORKER_TOKEN": "wt_bench", "XDG_CONFIG_HOME": str(folder)}
    words = ["worker", "--server", url, "--engine", "testcard", "--name", f"bench-{number}", "--folder"]
    command = [sys.executable, "-m", "mutoscope", *words, str(folder / "work")]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def _submit(client: httpx.Client) -> None:
    client.post(f"/v1/models/{MODEL}", json=BODY).raise_for_status()


def _wait_for(client: httpx.Client, workers: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while len(client.get("/v1/admin/workers").json()["workers"]) < workers:
        if time.monotonic() > deadline:
            raise TimeoutError("the workers did not come")
        time.sleep(0.1)


def _drained(address: str) -> None:
    """Until nothing waits or runs, seen in the database so that no server is asked."""
    left = "select count(*) from requests where finished_ms is null"
    deadline = time.monotonic() + PATIENCE_S
    with psycopg.connect(address, autocommit=True) as connection:
        while (row := connection.execute(left).fetchone()) is None or row[0]:
            if time.monotonic() > deadline:
                raise TimeoutError("the queue did not run empty")
            time.sleep(0.01)


if __name__ == "__main__":
    main()
