"""The composition root: settings in, a running server out. The only place that picks implementations.

`serve` opens the data folder, checks every manifest against its engine, listens, starts the workers, and on
SIGTERM or Ctrl-C drains: no new work, running requests finish or go back to the queue, then the doors close.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
import uvicorn

from mutoscope import deployments, lifecycle, operating, relay, webhooks
from mutoscope.catalog import Catalog, check_engines, fitted
from mutoscope.engines import registry
from mutoscope.engines.base import Capabilities
from mutoscope.equipment import GUESTS, asked_for, engines, load_catalog, tell_engines
from mutoscope.errors import ConfigError, MutoscopeError
from mutoscope.fleet.local import LocalFleet
from mutoscope.housekeeping import Housekeeping
from mutoscope.jobs import Job, State
from mutoscope.media.sandbox import Prober
from mutoscope.net import parse_allow
from mutoscope.retention import Keep
from mutoscope.server.addresses import parse_network
from mutoscope.server.auth import fingerprint, new_key
from mutoscope.server.connection import Connection, most_connections
from mutoscope.server.dialects import serverless
from mutoscope.server.listening import listen, url_of
from mutoscope.server.metrics import Metrics
from mutoscope.server.outputs import output_of
from mutoscope.server.routes import application
from mutoscope.settings import Settings
from mutoscope.site import HELPERS, Limits, Site
from mutoscope.storage.address import CREDENTIALS
from mutoscope.storage.base import Storage
from mutoscope.storage.opening import open_storage
from mutoscope.storage.sign import Signer
from mutoscope.store import audit
from mutoscope.store.opening import open_database
from mutoscope.store.records import Key
from mutoscope.store.store import Store
from mutoscope.web.routes import in_all_languages, missing

log = structlog.get_logger(__name__)

LOW_DISK_BYTES = 5 * 10**9
KEEP_ALIVE_S = 75
HAND_BACK_S = 5.0
"""What workers get on top of the drain, to hand back what they could not finish."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What a person wants to know once the server listens.

    welcome_url     signs the owner's browser in, once.
    new_key         the first key, shown once.
    kept_key_fits   the key that client and command line hold opens this server.
    """

    url: str
    welcome_url: str
    data: Path
    new_key: str | None
    kept_key_fits: bool
    models: int
    workers: int
    low_disk: bool
    engines_missing: tuple[tuple[str, str], ...]


async def serve(
    settings: Settings, *, on_ready: Callable[[Ready], None], stop: Stop, kept_key: str | None = None
) -> None:
    """Run a server until it is asked to stop. Raises ConfigError when it cannot start."""
    registry.use_files(filter(None, settings.engine_files.split(os.pathsep)))
    tell_engines(settings)
    capabilities, missing = engines()
    chosen = _chosen_engines(settings, capabilities)
    listener = listen(settings.host, settings.port)
    try:
        site, first_key = await open_site(settings, capabilities)
    except BaseException:
        listener.close()
        raise
    kept_key_fits = bool(kept_key) and await site.store.caller(fingerprint(kept_key or "")) is not None
    url = url_of(settings.host, listener)
    metrics = Metrics()
    site.store.db.on_commit = metrics.committed
    server = _uvicorn(site, metrics, _proxies(settings))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    fleet = _fleet(settings, site, url, [name for name in chosen if name in site.engines])
    house = Housekeeping(site, metrics, _keep(settings))
    sender = _sender(settings, site, url)
    sending = asyncio.create_task(sender.run())
    house.start()
    try:
        fleet.start()
        on_ready(
            Ready(
                url=url,
                welcome_url=url + site.invitation.path,
                data=settings.data,
                new_key=first_key,
                kept_key_fits=kept_key_fits,
                models=len(site.catalog.models),
                workers=settings.workers,
                low_disk=site.health.free_bytes < LOW_DISK_BYTES,
                engines_missing=tuple(sorted(missing.items())),
            )
        )
        stopping = asyncio.create_task(stop.asked.wait())
        await asyncio.wait({stopping, running}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
    finally:
        await _drain(site, fleet, settings.drain_s, stop)
        sending.cancel()
        await sender.close()
        await house.stop()
        await _close(site, server, running)


async def open_site(settings: Settings, capabilities: dict[str, Capabilities]) -> tuple[Site, str | None]:
    """Open data folder and catalogue. Returns the site, and the first API key if one was made now."""
    catalog = load_catalog(settings)
    capabilities = asked_for(settings, catalog, capabilities)
    for sentence in catalog.overrides:
        log.warning("manifest.overrides", told=sentence)
    problems = check_engines(catalog.models, capabilities)
    if problems:
        raise ConfigError("\n".join(problems))
    catalog = Catalog((fitted(model, capabilities) for model in catalog.models), overrides=catalog.overrides)
    if settings.data.exists() and not settings.data.is_dir():
        raise ConfigError(f"{settings.data}: is no folder; choose one with --data")
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    storage = storage_of(settings)
    store = Store(open_database(settings.data, settings.database))
    site = Site(
        store=store,
        storage=storage,
        direct=settings.storage_direct,
        catalog=catalog,
        signer=Signer(await store.secret("file_urls", secrets.token_hex(32))),
        prober=Prober(HELPERS),
        limits=Limits(
            max_body_bytes=settings.max_body_bytes,
            max_upload_bytes=settings.max_upload_bytes,
            min_free_bytes=settings.min_free_bytes,
            file_url_ttl_s=settings.file_url_ttl_s,
            lease_s=settings.lease_s,
            beat_s=settings.beat_s,
            runpod_lease_s=settings.runpod_lease_s,
            max_queued=settings.max_queued,
            cache_price_share=settings.cache_price_share,
            warm_wait_s=settings.warm_wait_s,
        ),
        data=settings.data,
        pages=settings.pages or settings.data / "pages",
        public_url=settings.public_url.rstrip("/"),
        hardware_prices=deployments.parse_prices(settings.hardware_prices),
        engines=frozenset(capabilities),
        capabilities=capabilities,
        worker_token=os.environ.get("MUTOSCOPE_WORKER_TOKEN") or secrets.token_hex(32),
        site_key=webhooks.SiteKey(await store.secret("webhook_ed25519", secrets.token_hex(32))),
        webhook_to=webhooks.policy(parse_allow(settings.fetch_allow), timeout_s=settings.webhook_timeout_s),
    )
    relay.connect(site)
    site.checks.per_minute = settings.checks_per_minute
    site.health.workers_expected = settings.workers
    await _look_at(storage)
    await operating.follow(site)
    await deployments.follow(site)
    if failed := await lifecycle.fail_orphans(site):
        log.warning("requests.failed", requests=failed, reason="their models are not in the catalogue any more")
    with contextlib.suppress(Exception):
        site.check_room()
    return site, await _first_key(store, settings.api_key)  # last: a key made by a start that fails is never shown


def storage_of(settings: Settings) -> Storage:
    """Where files are kept. Raises ConfigError."""
    return open_storage(
        str(settings.files or settings.storage),
        endpoint=settings.storage_endpoint,
        region=settings.storage_region,
        style=settings.storage_style,
        environ=os.environ,
    )


async def _look_at(storage: Storage) -> None:
    """A bucket that does not answer keeps nobody from starting: it is asked again, and no work is handed out."""
    if storage.is_shared:
        try:
            await storage.check()
        except MutoscopeError as exc:
            log.error("storage.away", reason=storage.trouble or exc.message)  # noqa: TRY400 - no trace: it is somebody else's defect


async def _first_key(store: Store, wanted: str) -> str | None:
    """On an empty data folder: an account and its first key."""
    if await store.first_account() is not None:
        return None
    return await add_owner_key(store, await store.open_account("owner"), wanted)


async def add_owner_key(store: Store, account_id: str, wanted: str = "") -> str:
    """A key with every scope; `wanted` becomes it when given."""
    key, key_id = wanted or new_key(), uuid.uuid4().hex
    await _noting(store, "key.created", account_id, target=key_id).add_key(
        Key(key_id, "first key", key[: min(7, len(key) // 4)], ("run", "read", "admin"), 0, None, None),
        account_id=account_id,
        key_sha256=fingerprint(key),
        expires_in_ms=None,
    )
    return key


async def revoke_owner_keys(store: Store, account_id: str) -> int:
    """Every key of the owner opens nothing any more; how many there were."""
    return await _noting(store, "key.revoked_all", account_id, target=account_id).revoke_all_keys(account_id)


def _noting(store: Store, action: str, account_id: str, *, target: str) -> Store:
    """The store for one act of the server itself, or of somebody at its command line."""
    return store.noting(lambda tx: audit.note(tx, audit.SITE, action, account_id=account_id, target=target))


# -- the server ---------------------------------------------------------------------------------------------------


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the site drains first."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]  # uvicorn's signature
        yield


def _uvicorn(site: Site, metrics: Metrics, trusted_proxies: list[str]) -> _Server:
    return _Server(
        uvicorn.Config(
            application(site, metrics, pages=in_all_languages(), missing=missing, trusted_proxies=trusted_proxies),
            proxy_headers=False,  # the application knows whom to believe
            http=type("Connection", (Connection,), {"most": most_connections()}),
            loop="uvloop",
            lifespan="off",
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=True,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=5,
            backlog=2048,
        )
    )


class Stop:
    """The wish to stop: once is a polite request, twice is a hurry. SIGTERM and Ctrl-C ask."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hurried = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.ask)

    def ask(self) -> None:
        """Stop, or stop faster."""
        (self.hurried if self.asked.is_set() else self.asked).set()


# -- what runs beside ---------------------------------------------------------------------------------------------


def _chosen_engines(settings: Settings, capabilities: Mapping[str, Capabilities]) -> list[str]:
    """What the workers will run; whatever would stop one of them is said here, before anything is opened."""
    try:
        parse_allow(settings.fetch_allow)
    except ConfigError as exc:
        raise ConfigError(f"MUTOSCOPE_FETCH_ALLOW: {exc.message}") from exc
    _proxies(settings)
    chosen = [name.strip() for name in settings.engines.split(",") if name.strip()] or sorted(capabilities)
    unknown = sorted(set(chosen) - set(capabilities))
    if unknown:
        able = ", ".join(sorted(capabilities))
        raise ConfigError(f"MUTOSCOPE_ENGINES: not set up here: {', '.join(unknown)}; accepted are {able}")
    settings.cache.mkdir(parents=True, exist_ok=True)
    return [name for name in chosen if name not in GUESTS]


def _proxies(settings: Settings) -> list[str]:
    found = [text.strip() for text in settings.trusted_proxies.split(",") if text.strip()]
    try:
        return [str(parse_network(text)) for text in found]
    except ValueError as exc:
        raise ConfigError(f"MUTOSCOPE_TRUSTED_PROXIES: {exc}; accepted are networks such as 10.0.0.0/8") from exc


def _fleet(settings: Settings, site: Site, url: str, chosen: Sequence[str]) -> LocalFleet:
    return LocalFleet(
        url,
        site.worker_token,
        count=settings.workers,
        engines=chosen,
        folder=settings.data / "work",
        drain_s=settings.drain_s,
        withheld=CREDENTIALS if site.storage.is_shared else frozenset(),
        environment={
            "MUTOSCOPE_FETCH_ALLOW": settings.fetch_allow,
            "MUTOSCOPE_CACHE": str(settings.cache),
            "MUTOSCOPE_LOG_FORMAT": settings.log_format,
            "MUTOSCOPE_LOG_LEVEL": settings.log_level,
            "MUTOSCOPE_TRACES": settings.traces,
        },
    )


def _sender(settings: Settings, site: Site, url: str) -> webhooks.Sender:
    """What sends webhooks; files are named by the address that the submitter used, else by our own."""

    def render(job: Job) -> Awaitable[dict[str, Any]]:
        return output_of(site, job, site.public_url or job.base_url or url)

    def reword(job: Job, state: State) -> Awaitable[Mapping[str, Any] | None]:
        return serverless.webhook_body(site, job, state, site.public_url or job.base_url or url)

    options = webhooks.Options(
        policy=site.webhook_to,
        concurrency=settings.webhook_concurrency,
        backoff_s=webhooks.parse_backoff(settings.webhook_backoff_s),
    )
    sender = webhooks.Sender(site.store, render=render, reword=reword, key=site.site_key, options=options)
    site.health.webhook_outcomes = sender.outcomes
    return sender


def _keep(settings: Settings) -> Keep:
    return Keep(
        requests_s=settings.keep_requests_s,
        outputs_s=settings.keep_outputs_s,
        inputs_s=settings.keep_inputs_s,
        uploads_s=settings.keep_uploads_s,
        events_s=settings.keep_events_s,
        deliveries_s=settings.keep_deliveries_s,
    )


async def _drain(site: Site, fleet: LocalFleet, drain_s: float, stop: Stop) -> None:
    """No new work; what runs finishes, or goes back to the queue when the time is over or somebody asks again."""
    site.health.draining = True
    log.info("server.draining", seconds=drain_s)
    draining = asyncio.create_task(asyncio.to_thread(fleet.drain, drain_s + HAND_BACK_S))
    hurried = asyncio.create_task(stop.hurried.wait())
    await asyncio.wait({draining, hurried}, return_when=asyncio.FIRST_COMPLETED)
    hurried.cancel()
    await asyncio.to_thread(fleet.stop)
    await draining


async def _close(site: Site, server: _Server, running: asyncio.Task[None]) -> None:
    """End long polls and streams, then the server, then the store."""
    site.store.wakeups.close()
    server.should_exit = True
    await running
    await asyncio.to_thread(site.prober.close)
    await site.storage.close()
    await site.store.db.close()
