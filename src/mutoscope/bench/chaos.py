"""Everything is killed at random while clients work, then every acknowledged request is audited.

Servers, workers, clients, a receiver of webhooks and a worker without manners run on this machine, workers behind
cables that can be cut. Every second or so one fault strikes. In the end all is mended, the queue runs empty, and
`audit` compares what clients and receiver were told with what the server keeps.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import secrets
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from mutoscope.bench.audit import Death, Disturbance, Findings, audit
from mutoscope.bench.cable import Cable, Mood
from mutoscope.bench.people import Boor, Client, Diary, Receiver
from mutoscope.bench.troupe import Server, Worker, free_port
from mutoscope.errors import ConfigError

LEASE_S = 2.0
BEAT_S = 0.5
DRAIN_S = 180.0
"""How long the queue may take to run empty after the last fault."""
BALLAST_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Options:
    """What to do.

    folder             an empty folder for data and logs.
    database           a PostgreSQL address, of an empty database; empty for SQLite in the folder.
    restart_database   a shell command that restarts the database at once; empty: it is left alone.
    seconds            how long faults strike.
    pause_s            seconds between two faults, on average.
    fill_disk          fill the folder's file system now and then: only for one of its own and small.
    """

    folder: Path
    seed: int
    database: str = ""
    restart_database: str = ""
    seconds: float = 60.0
    pause_s: float = 1.0
    servers: int = 1
    workers: int = 4
    clients: int = 3
    fill_disk: bool = False


@dataclass
class Site:
    """All that takes part, and what was done to it."""

    options: Options
    chosen: random.Random
    api_key: str
    servers: list[Server] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)
    cables: list[Cable] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    deaths: list[Death] = field(default_factory=list)
    disturbances: list[Disturbance] = field(default_factory=list)
    mending: set[asyncio.Task[None]] = field(default_factory=set)

    def later(self, work: Awaitable[None]) -> None:
        """Mend something while the next fault strikes."""

        async def run() -> None:
            await work

        task = asyncio.create_task(run())
        self.mending.add(task)
        task.add_done_callback(self.mending.discard)

    @property
    def somebody_sweeps(self) -> bool:
        """Is there a server that hands on what dead workers held?"""
        return any(server.is_up for server in self.servers)

    @contextlib.contextmanager
    def disturbed(self, *, only_if: bool = True) -> Iterator[None]:
        """Within the block no request can be handed on in time: worker deaths of then are not timed."""
        began = time.time()
        try:
            yield
        finally:
            if only_if:
                self.disturbances.append(Disturbance(began, time.time()))


Say = Callable[[str], None]
Fault = Callable[[Site], Awaitable[bool]]
"""Strikes, and says whether there was anything to strike."""


async def run(options: Options, say: Say) -> Findings:
    """One chaos run. Raises ConfigError when it cannot begin."""
    say(f"seed {options.seed}")
    site, receiver = await _open(options)
    token = site.servers[0].environment["MUTOSCOPE_WORKER_TOKEN"]
    diary, stop = Diary(), asyncio.Event()
    urls = [server.url for server in site.servers]
    try:
        await receiver.open()
        receiver.secret = await _webhook_secret(site)
        boor = Boor(urls, token, LEASE_S, random.Random(site.chosen.random()))
        clients = [
            Client(urls, site.api_key, receiver.url, random.Random(site.chosen.random()), diary, pause_s=0.3)
            for _ in range(options.clients)
        ]
        works = [client.work(stop) for client in clients] + [boor.work(stop)]
        people = [asyncio.create_task(work) for work in works]
        began = time.monotonic()
        await _strike(site, receiver, until=began + options.seconds, say=lambda told: say(f"{told}, {_count(diary)}"))
        stop.set()
        await asyncio.gather(*site.mending)
        say("the last fault is mended; clients end, the queue runs empty")
        _, late = await asyncio.wait(people, timeout=DRAIN_S)
        for person in late:
            person.cancel()
        await _run_empty(site, receiver, diary)
    finally:
        stop.set()
        await asyncio.gather(*(worker.end(grace_s=15) for worker in site.workers))
        await asyncio.gather(*(server.end(grace_s=15) for server in site.servers))
        for cable in site.cables:
            await cable.close()
        await receiver.close()
    return await audit(
        options.folder / "data",
        options.database,
        diary=diary,
        receiver=receiver,
        boor=boor,
        faults=site.faults,
        deaths=site.deaths,
        disturbances=site.disturbances,
        lease_s=LEASE_S,
    )


def _count(diary: Diary) -> str:
    return f"{len(diary.acknowledged)} requests acknowledged"


# -- setting up ---------------------------------------------------------------------------------------------------


async def _open(options: Options) -> tuple[Site, Receiver]:
    data = options.folder / "data"
    if data.exists() and any(data.iterdir()):
        raise ConfigError(f"{data}: is not empty; choose another --folder")
    chosen = random.Random(options.seed)
    site = Site(options, chosen, api_key="mk_" + secrets.token_urlsafe(24))
    environment = _environment(options, site.api_key)
    for number in range(options.servers):
        port = free_port()
        command = ("serve", "--data", str(data), "--workers", "0", "--port", str(port))
        server = Server(f"server-{number}", command, environment, options.folder / f"server-{number}.log")
        server.url = f"http://127.0.0.1:{port}"
        server.start()
        site.servers.append(server)
        await server.ready()  # one after the other: the first makes the schema and the key
    for number in range(options.workers):
        cable = Cable(int(site.servers[number % options.servers].url.rpartition(":")[2]))
        await cable.lay()
        work = ("--folder", str(options.folder / "work"), "--drain-s", "5")
        server_url = f"http://127.0.0.1:{cable.port}"
        begin = ("worker", "--server", server_url, "--engine", "testcard", *work)
        worker = Worker(f"worker-{number}", begin, environment, options.folder / f"worker-{number}.0.log")
        worker.start()
        site.workers.append(worker)
        site.cables.append(cable)
    return site, Receiver(random.Random(chosen.random()))


def _environment(options: Options, api_key: str) -> Mapping[str, str]:
    ours = {
        "XDG_CONFIG_HOME": str(options.folder / "config"),
        "MUTOSCOPE_API_KEY": api_key,
        "MUTOSCOPE_WORKER_TOKEN": secrets.token_hex(32),
        "MUTOSCOPE_DATABASE": options.database,
        "MUTOSCOPE_LEASE_S": str(LEASE_S),
        "MUTOSCOPE_BEAT_S": str(BEAT_S),
        "MUTOSCOPE_FETCH_ALLOW": "127.0.0.0/8",
        "MUTOSCOPE_WEBHOOK_BACKOFF_S": "0.5,1" + ",2" * 60,
        "MUTOSCOPE_WEBHOOK_TIMEOUT_S": "2",
        "MUTOSCOPE_MIN_FREE_BYTES": str(2 << 20),
        "MUTOSCOPE_LOG_FORMAT": "json",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MUTOSCOPE_")}
    return {**inherited, **ours}


async def _webhook_secret(site: Site) -> str:
    async with httpx.AsyncClient(trust_env=False, headers={"Authorization": f"Bearer {site.api_key}"}) as http:
        answer = await http.get(site.servers[0].url + "/v1/webhooks/secret")
        answer.raise_for_status()
        return str(answer.json()["secret"])


# -- faults -------------------------------------------------------------------------------------------------------


async def _strike(site: Site, receiver: Receiver, *, until: float, say: Say) -> None:
    """One fault after the other until the time is over, each with its line."""
    faults = _faults(site.options, receiver)
    names, weights = [name for name, _, _ in faults], [weight for _, weight, _ in faults]
    acts = {name: act for name, _, act in faults}
    told = time.monotonic()
    while time.monotonic() < until:
        await asyncio.sleep(site.chosen.uniform(0.5, 1.5) * site.options.pause_s)
        name = site.chosen.choices(names, weights)[0]
        site.faults[name] += await acts[name](site)
        if time.monotonic() > told + 10:
            told = time.monotonic()
            say(f"{site.faults.total()} faults, {until - told:.0f} s left")


def _faults(options: Options, receiver: Receiver) -> list[tuple[str, int, Fault]]:
    """(name, how often, what it does)."""

    async def receiver_away(site: Site) -> bool:
        if there := receiver.is_open:
            await receiver.close()
            site.later(_after(site.chosen.uniform(1, 4), receiver.open))
        return there

    faults: list[tuple[str, int, Fault]] = [
        ("worker killed", 8, _kill_worker),
        ("server killed", 4, _kill_server),
        ("engine killed", 4, _kill_engine),
        ("worker stopped past its lease", 3, _stop_worker),
        ("server stopped", 1, _stop_server),
        ("cable cut", 1, lambda site: _disturb_cable(site, "cut")),
        ("cable silent", 1, lambda site: _disturb_cable(site, "silent")),
        ("cable slow", 1, lambda site: _disturb_cable(site, "slow")),
        ("receiver away", 1, receiver_away),
    ]
    if options.restart_database:
        faults.append(("database restarted", 2, _restart_database))
    if options.fill_disk:
        faults.append(("disk full", 3, _fill_disk))
    return faults


async def _kill_worker(site: Site) -> bool:
    busy = [worker for worker in site.workers if worker.holds()]
    worker = site.chosen.choice(busy or site.workers)
    held, at = worker.holds(), time.time()
    await worker.kill()
    if held is not None:
        site.deaths.append(Death(*held, at=at))
    _new_life(worker)
    return True


async def _kill_server(site: Site) -> bool:
    """One that answers: the killing of one that only starts proves little, and nothing else would get done."""
    server = site.chosen.choice(site.servers)
    if not server.is_up:
        return False
    await server.kill()
    server.start()

    async def come_back() -> None:
        with site.disturbed(only_if=not site.somebody_sweeps):
            await server.ready()

    site.later(come_back())
    return True


async def _kill_engine(site: Site) -> bool:
    engines = site.chosen.choice(site.workers).engines()
    if engines:
        with contextlib.suppress(ProcessLookupError):
            os.kill(site.chosen.choice(engines), signal.SIGKILL)
    return bool(engines)


async def _stop_worker(site: Site) -> bool:
    """It wakes up beside its replacement, and must find that its attempt is no longer its own."""
    worker = site.chosen.choice(site.workers)
    worker.send(signal.SIGSTOP)
    pid = worker.pid
    _new_life(worker)

    async def wake() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    site.later(_after(2 * LEASE_S, wake))
    return True


async def _stop_server(site: Site) -> bool:
    server = site.chosen.choice(site.servers)
    was_up, server.is_up = server.is_up, False
    with site.disturbed(only_if=not site.somebody_sweeps):
        server.send(signal.SIGSTOP)
        await asyncio.sleep(site.chosen.uniform(0.5, 2 * LEASE_S))
        server.send(signal.SIGCONT)
    server.is_up = was_up
    return True


async def _disturb_cable(site: Site, mood: Mood) -> bool:
    cable = site.chosen.choice(site.cables)
    cable.become(mood)

    async def mend() -> None:
        cable.become("sound")

    site.later(_after(site.chosen.uniform(0.5, 3 * LEASE_S), mend))
    return True


async def _restart_database(site: Site) -> bool:
    command = ["sh", "-c", site.options.restart_database]
    with site.disturbed():
        ended = await asyncio.to_thread(subprocess.run, command, check=False, capture_output=True)
    if ended.returncode:
        told = ended.stderr.decode(errors="replace").strip()
        raise ConfigError(f"--restart-database: the command ended with {ended.returncode}: {told}")
    return True


async def _fill_disk(site: Site) -> bool:
    """Not one byte is left, for a while."""
    ballast = site.options.folder / "ballast"
    with site.disturbed():
        await asyncio.to_thread(_fill, ballast)
        try:
            await asyncio.sleep(site.chosen.uniform(1, 3))
        finally:
            ballast.unlink()
    return True


def _fill(path: Path) -> None:
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(BALLAST_CHUNK))


def _new_life(worker: Worker) -> None:
    """Start it again with a log of its own: what an earlier life holds can still be read."""
    stem, _, number = worker.log.stem.rpartition(".")
    worker.log = worker.log.with_name(f"{stem}.{int(number) + 1}.log")
    worker.start()


async def _after(seconds: float, act: Callable[[], Awaitable[None]]) -> None:
    await asyncio.sleep(seconds)
    await act()


# -- coming to rest -----------------------------------------------------------------------------------------------


async def _run_empty(site: Site, receiver: Receiver, diary: Diary) -> None:
    """Until nothing waits, nothing runs and every request's webhook came, or the time is over."""
    headers = {"Authorization": f"Bearer {site.api_key}"}
    deadline = time.monotonic() + DRAIN_S
    async with httpx.AsyncClient(trust_env=False, headers=headers, base_url=site.servers[0].url) as http:
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                left = 0
                for state in ("in_queue", "in_progress"):
                    page = await http.get("/v1/requests", params={"state": state, "limit": 1})
                    left += len(page.json()["requests"])
                if not left and diary.ids <= set(receiver.told):
                    return
            await asyncio.sleep(0.5)
