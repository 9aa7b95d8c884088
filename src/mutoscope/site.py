"""What the server's parts share: one value made by `app`, handed to every act of `lifecycle` and every route."""

from __future__ import annotations

import secrets
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from mutoscope import net, webhooks
from mutoscope.catalog import CapabilitiesLike, Catalog, Model
from mutoscope.checks import Checks
from mutoscope.errors import QueueFull, StorageFull, StorageUnavailable
from mutoscope.guests import Guests
from mutoscope.media.sandbox import Prober
from mutoscope.places import Places
from mutoscope.storage.base import Storage
from mutoscope.storage.sign import Signer
from mutoscope.store.operating import WorkerKey, WorkerLine
from mutoscope.store.store import Store
from mutoscope.store.values import Growth
from mutoscope.withdrawals import Withdrawals

SILENT_S = 60.0
"""A worker not heard of for this long does not count as ready. It asks for work every 20 s, or beats."""
RENEW_S = 10.0
"""How often other servers are told anew of a worker of which there is no other news."""
MANY_WORKERS = 1000
HELPERS = 4
"""Files that are measured at once, one account's never more than all but one. A sound file takes milliseconds."""
UPLOADS_AT_ONCE = 16
STREAMS_AT_ONCE = 200
"""Of one account. Each holds a connection, an upload a file as well."""
ARCHIVES_AT_ONCE = 3
COUNT_S = 1.0
"""How long a count of the queue is good for; what is accepted in between is added to it."""
INVITATION_S = 3600.0
CHANGEABLE = ("max_queued", "max_upload_bytes", "min_free_bytes", "file_url_ttl_s")
"""Limits that can be changed while the server runs."""


@dataclass(slots=True)
class Limits:
    """Numbers the operator can change; see settings. max_queued: 0 for no limit.

    usual   those that can be changed while the server runs, as the settings have them.
    """

    max_body_bytes: int
    max_upload_bytes: int
    min_free_bytes: int
    file_url_ttl_s: int
    lease_s: float
    beat_s: float
    max_queued: int = 0
    runpod_lease_s: float = 30.0
    warm_wait_s: float = 2.0
    cache_price_share: float = 0.0
    usual: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.usual = {name: getattr(self, name) for name in CHANGEABLE}

    def change(self, changes: Mapping[str, int]) -> None:
        """These count from now on, for all others the settings."""
        for name, usual in self.usual.items():
            setattr(self, name, changes.get(name, usual))


@dataclass(slots=True)
class Health:
    """What changes while the server runs."""

    draining: bool = False
    workers: dict[str, float] = field(default_factory=dict)
    """Workers that are ready, and when they were last heard of (monotonic seconds)."""
    engines: dict[str, frozenset[str]] = field(default_factory=dict)
    """What each of them said it can run when it last asked for work."""
    warm: dict[str, frozenset[str]] = field(default_factory=dict)
    """Models that each of them said it has loaded."""
    versions: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """Versions of its engines that each of them told."""
    asking: Counter[str] = field(default_factory=Counter)
    """Workers that wait for work at this moment."""
    _heard_here: dict[str, float] = field(default_factory=dict)
    """Workers that ask this server, and when they did last; `workers` also knows those of others."""
    _told: dict[str, tuple[tuple[frozenset[str], frozenset[str], bool], float]] = field(default_factory=dict)
    """What was told of each to other servers, and when."""
    _free_elsewhere: frozenset[str] = frozenset()
    worker_keys: Mapping[str, WorkerKey] = field(default_factory=dict)
    """Keys that let workers in, by the SHA-256 of what is shown."""
    drained: frozenset[str] = frozenset()
    """Workers that take nothing new until the operator resumes them."""
    workers_expected: int = 0
    free_bytes: int = 0
    free_checked: float = 0.0
    keys_used: set[str] = field(default_factory=set)
    """Keys that were shown since their last use was noted."""
    queued: int = 0
    """Requests that wait: as counted last, and what came since."""
    queue_counted: float = float("-inf")
    misfits: set[str] = field(default_factory=set)
    """Models whose engine could not be changed as the database says; the log was told."""
    served: dict[tuple[str, str], float] = field(default_factory=dict)
    """When each worker last worked for a model that scales (monotonic seconds); worker and model."""
    webhook_outcomes: Counter[str] = field(default_factory=Counter)
    """How tries to send a webhook ended; the sender's own tally."""

    def heard(
        self,
        worker_id: str,
        engines: frozenset[str] | None = None,
        warm: frozenset[str] = frozenset(),
        versions: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """A worker asked for work (and said what it can run, and has loaded) or beats; the silent are forgotten."""
        now = time.monotonic()
        self.workers[worker_id] = self._heard_here[worker_id] = now
        if engines is not None:
            self.engines[worker_id], self.warm[worker_id], self.versions[worker_id] = engines, warm, versions
        if len(self.workers) > MANY_WORKERS:
            self.workers = {name: seen for name, seen in self.workers.items() if now - seen < SILENT_S}
            self.engines = {name: can for name, can in self.engines.items() if name in self.workers}
            self.warm = {name: models for name, models in self.warm.items() if name in self.workers}
            self.versions = {name: told for name, told in self.versions.items() if name in self.workers}
            self._heard_here = {name: seen for name, seen in self._heard_here.items() if name in self.workers}

    def news_of_workers(self) -> list[WorkerLine]:
        """Workers that came, changed or were not told of for a while, as far as they ask here."""
        now, news = time.monotonic(), []
        told = {name: line for name, line in self._told.items() if now - line[1] < SILENT_S}
        for name, seen in self._heard_here.items():
            if now - seen > SILENT_S or name not in self.engines:  # one that only beats here says elsewhere what it can
                continue
            line = self.engines[name], self.warm.get(name, frozenset()), name in self.asking
            before, at = told.get(name, (None, float("-inf")))
            if before != line or (now - at > RENEW_S and seen > at):
                told[name] = line, now
                news.append(WorkerLine(name, *line, ago_s=now - seen))
        self._told = told
        return news

    def told_of_workers(self, lines: Iterable[WorkerLine]) -> None:
        """What all servers know: counts for workers that another one heard of later than this one."""
        now = time.monotonic()
        free = set()
        for line in lines:
            if now - line.ago_s > self._heard_here.get(line.name, float("-inf")) + 1:
                self.workers[line.name] = max(now - line.ago_s, self.workers.get(line.name, float("-inf")))
                self.engines[line.name], self.warm[line.name] = line.engines, line.warm
                self.versions.pop(line.name, None)  # it may be another one by now
                free |= {line.name} if line.is_free else set()
        self._free_elsewhere = frozenset(free)

    @contextmanager
    def waiting(self, worker_id: str) -> Iterator[None]:
        """Within the block the worker waits for work."""
        self.asking[worker_id] += 1
        try:
            yield
        finally:
            self.asking[worker_id] -= 1
            if not self.asking[worker_id]:
                del self.asking[worker_id]

    def is_warm_elsewhere(self, worker_id: str, model_id: str) -> bool:
        """Has another worker, which waits for work here or a moment ago at another server, this model loaded?"""
        return any(
            name != worker_id and model_id in self.warm.get(name, ()) and name not in self.drained
            for name in (*self.asking, *self._free_elsewhere)
        )

    def serves(self, worker_id: str, model: Model) -> None:
        """A worker works for a model, or did until now."""
        if model.scaling is not None:
            self.served[worker_id, model.id] = time.monotonic()
            if len(self.served) > MANY_WORKERS:
                self.served = dict(sorted(self.served.items(), key=lambda one: one[1])[MANY_WORKERS // 2 :])

    def growth(self, worker_id: str, model: Model) -> Growth | None:
        """What has to wait before this worker begins with a model; None when it need not: it is warm."""
        if (scaling := model.scaling) is None:
            return None
        if time.monotonic() - self.served.get((worker_id, model.id), float("-inf")) <= scaling.keep_warm_s:
            return None
        return Growth(scaling.places, scaling.queue_size)

    def queue_is_old(self) -> bool:
        """Was the queue counted more than a second ago?"""
        return time.monotonic() - self.queue_counted > COUNT_S

    def check_queue(self, max_queued: int, counted: int | None) -> None:
        """One more request wants to wait. Raises QueueFull when there are as many as may.

        counted   how many wait, if that was counted just now.
        """
        if counted is not None:
            self.queued, self.queue_counted = counted, time.monotonic()
        if self.queued >= max_queued:
            raise QueueFull(
                f"{self.queued} requests are waiting, which is as many as this server accepts ({max_queued})"
            )
        self.queued += 1

    def workers_heard(self) -> frozenset[str]:
        """Workers heard of lately, in service or not."""
        now = time.monotonic()
        return frozenset(name for name, seen in self.workers.items() if now - seen < SILENT_S)

    def workers_ready(self) -> int:
        """How many of them are in service."""
        return len(self.workers_heard() - self.drained)

    def version_of(self, engine: str) -> str | None:
        """The version of an engine that all workers in service have; None when they differ or nobody told one."""
        able = [name for name in self.workers_heard() - self.drained if engine in self.engines.get(name, ())]
        told = {self.versions.get(name, {}).get(engine, "") for name in able}
        return next(iter(told)) or None if len(told) == 1 else None

    def workers_for(self, engine: str) -> int:
        """How many of those can run this engine."""
        return sum(engine in self.engines.get(name, ()) for name in self.workers_heard() - self.drained)


@dataclass(slots=True)
class Invitation:
    """The address that `serve` prints: it signs the owner's browser in once, within the hour, on this machine."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    until: float = field(default_factory=lambda: time.monotonic() + INVITATION_S)

    @property
    def path(self) -> str:
        """Where it is accepted."""
        return f"/welcome/{self.token}"

    def take(self, token: str) -> bool:
        """Is this the token, and is it still good? It is not, afterwards."""
        good = secrets.compare_digest(token.encode("utf-8", "surrogatepass"), self.token.encode())
        if good and time.monotonic() < self.until:
            self.until = 0.0
            return True
        return False


@dataclass(frozen=True, slots=True)
class Site:
    """A running Mutoscope: its truth, its files, its models and its limits.

    data          folder whose disk is watched.
    pages         folder with texts of the operator's own.
    public_url    address clients use; empty: the host each of them named.
    engines       engines that can run here; models of others need set-up.
    worker_token  what workers show to be let in.
    site_key      signs webhooks beside the receivers' own secrets.
    webhook_to    where webhooks may be sent.
    invitation    lets the owner's browser in without a key, once.
    checks        addresses that workers are asked to look at.
    withdrawals   what workers are asked to take back elsewhere.
    guests        workers that do not speak our protocol, and what they work on.
    capabilities  what each of the engines can do.
    hardware_prices   USD an hour of a deployment's work, by its hardware; 0 for others.
    direct        who may go straight to a bucket: `all`, `workers` or `none`.
    """

    store: Store
    storage: Storage
    catalog: Catalog
    signer: Signer
    prober: Prober
    limits: Limits
    data: Path
    public_url: str
    engines: frozenset[str]
    worker_token: str
    site_key: webhooks.SiteKey = field(default_factory=lambda: webhooks.SiteKey(secrets.token_hex(32)))
    webhook_to: net.Policy = field(default_factory=webhooks.policy)
    health: Health = field(default_factory=Health)
    examining: Places = field(default_factory=lambda: Places(HELPERS - 1, "files to be measured"))
    uploads: Places = field(default_factory=lambda: Places(UPLOADS_AT_ONCE, "uploads"))
    streams: Places = field(default_factory=lambda: Places(STREAMS_AT_ONCE, "event streams"))
    archives: Places = field(default_factory=lambda: Places(ARCHIVES_AT_ONCE, "archives"))
    invitation: Invitation = field(default_factory=Invitation)
    checks: Checks = field(default_factory=Checks)
    withdrawals: Withdrawals = field(default_factory=Withdrawals)
    guests: Guests = field(default_factory=Guests)
    capabilities: Mapping[str, CapabilitiesLike] = field(default_factory=dict)
    pages: Path | None = None
    hardware_prices: Mapping[str, float] = field(default_factory=dict)
    direct: str = "all"

    def is_set_up(self, model: Model) -> bool:
        """Whether an engine of it can run here."""
        return model.engine in self.engines and not model.needs

    def check_room(self, needed_bytes: int = 0) -> None:
        """Raises StorageFull when the disk has no room for new work of this size; looks at most once a second."""
        free_bytes = self.look_at_disk()
        if free_bytes - needed_bytes < self.limits.min_free_bytes:
            raise StorageFull(
                f"the server's disk has {free_bytes // 2**20} MiB left and accepts no new work that "
                f"leaves less than {self.limits.min_free_bytes // 2**20} MiB"
            )

    def check_storage(self) -> None:
        """Raises StorageUnavailable at once while the storage is known to be away: a bucket that hangs takes long."""
        if self.storage.is_away:
            raise StorageUnavailable

    def look_at_disk(self) -> int:
        """Free bytes where the data are, as of the last second."""
        health = self.health
        if time.monotonic() - health.free_checked > 1.0:
            health.free_bytes = shutil.disk_usage(self.data).free
            health.free_checked = time.monotonic()
        return health.free_bytes
