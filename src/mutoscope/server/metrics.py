"""What the server counts, in Prometheus' text format. Labels are models, states and codes, never callers."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request

from mutoscope.errors import MutoscopeError
from mutoscope.jobs import Job
from mutoscope.protocol import CODES, Finish
from mutoscope.site import Site

_MOMENTS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600)


def metrics_of(request: Request) -> Metrics:
    """The counters of the server this request came to."""
    metrics: Metrics = request.scope["mutoscope.metrics"]
    return metrics


class Metrics:
    """Counters of this process, and the queue as the store sees it at the time of asking."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._answers = Counter(
            "mutoscope_http_answers", "HTTP answers by status code.", ["code"], registry=self.registry
        )
        self._answered: dict[int, int] = {}  # since the last look; every answer counts, a lock for each would show
        self._refused = Counter(
            "mutoscope_http_errors", "Refusals and failures by error code.", ["error_code"], registry=self.registry
        )
        self._submitted = Counter(
            "mutoscope_requests_submitted", "Requests accepted.", ["model"], registry=self.registry
        )
        self._submitted_by_model: dict[str, Counter] = {}
        self._ended = Counter(
            "mutoscope_attempts_ended",
            "Attempts that ended, by outcome.",
            ["model", "outcome"],
            registry=self.registry,
        )
        self._waited = Histogram(
            "mutoscope_queue_seconds",
            "From submit to claim.",
            ["model"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._engine = Histogram(
            "mutoscope_engine_seconds",
            "Time in the engine.",
            ["model"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._waiting = Gauge(
            "mutoscope_requests", "Unfinished requests.", ["model", "engine", "state"], registry=self.registry
        )
        self._oldest = Gauge(
            "mutoscope_queue_oldest_seconds",
            "Age of the oldest waiting request.",
            ["model", "engine"],
            registry=self.registry,
        )
        self._webhooks = Counter(
            "mutoscope_webhook_attempts", "Webhooks sent, by outcome.", ["outcome"], registry=self.registry
        )
        self._webhooks_told: dict[str, int] = {}
        self._webhook_lag = Gauge(
            "mutoscope_webhook_lag_seconds", "How long the oldest due webhook has been due.", registry=self.registry
        )
        self._loop_lag = Histogram(
            "mutoscope_event_loop_lag_seconds",
            "How late the event loop wakes whoever asked for a moment.",
            buckets=_MOMENTS,
            registry=self.registry,
        )
        self._claimed = Histogram(
            "mutoscope_claim_seconds", "Time to hand out a request.", buckets=_MOMENTS, registry=self.registry
        )
        self._committed = Histogram(
            "mutoscope_db_commit_seconds", "Time of a commit.", buckets=_MOMENTS, registry=self.registry
        )
        self._failed = Counter(
            "mutoscope_failures",
            "Attempts that failed, by cause.",
            ["model", "code"],
            registry=self.registry,
        )
        self._workers = Gauge("mutoscope_workers_ready", "Workers in service, heard of lately.", registry=self.registry)
        self._storage_up = Gauge("mutoscope_storage_up", "1: files can be kept; 0: away.", registry=self.registry)
        self._free = Gauge("mutoscope_disk_free_bytes", "Free space for data.", registry=self.registry)

    def submitted(self, model_id: str) -> None:
        """Count an accepted request."""
        counter = self._submitted_by_model.get(model_id)
        if counter is None:
            counter = self._submitted_by_model[model_id] = self._submitted.labels(model_id)
        counter.inc()

    def answered(self, code: int) -> None:
        """Count an answer."""
        self._answered[code] = self._answered.get(code, 0) + 1

    def refused(self, exc: Exception) -> None:
        """Count an error by its own code."""
        self._refused.labels(str(exc.code if isinstance(exc, MutoscopeError) else MutoscopeError.code)).inc()

    def settled(self, job: Job, finish: Finish) -> None:
        """Count how an attempt ended, and how long it waited and took."""
        self._ended.labels(job.model_id, finish.outcome).inc()
        if finish.error:
            self.failed(job.model_id, finish.code if finish.code in CODES else "engine")
        if job.started_ms is not None:
            self._waited.labels(job.model_id).observe((job.started_ms - job.created_ms) / 1000)
        engine_s = finish.metadata.get("timings", {}).get("engine_s")
        if engine_s is not None:
            self._engine.labels(job.model_id).observe(engine_s)

    def loop_was_late(self, seconds: float) -> None:
        """Note a delay of the event loop."""
        self._loop_lag.observe(seconds)

    def claimed(self, seconds: float) -> None:
        """Note how long it took to hand out a request."""
        self._claimed.observe(seconds)

    def committed(self, seconds: float) -> None:
        """Note how long a commit took."""
        self._committed.observe(seconds)

    def failed(self, model_id: str, code: str, times: int = 1) -> None:
        """Count attempts that failed; model_id empty: of any model."""
        self._failed.labels(model_id, code).inc(times)

    async def text(self, site: Site) -> bytes:
        """Everything, as Prometheus scrapes it."""
        self._waiting.clear()
        self._oldest.clear()
        now_ms = await site.store.now_ms()
        engines = {model.id: model.engine for model in site.catalog.all_runnable}
        for model_id, state, count, oldest_ms in await site.store.load():
            engine = engines.get(model_id, "")
            self._waiting.labels(model_id, engine, state).set(count)
            if state == "in_queue":
                self._oldest.labels(model_id, engine).set(max(0, now_ms - oldest_ms) / 1000)
        for outcome, count in site.health.webhook_outcomes.items():
            self._webhooks.labels(outcome).inc(count - self._webhooks_told.get(outcome, 0))
            self._webhooks_told[outcome] = count
        self._webhook_lag.set(await site.store.webhooks.lag_ms() / 1000)
        self._workers.set(site.health.workers_ready())
        self._free.set(site.look_at_disk())
        self._storage_up.set(not site.storage.is_away)
        for code, count in self._answered.items():
            self._answers.labels(code).inc(count)
        self._answered.clear()
        return generate_latest(self.registry)
