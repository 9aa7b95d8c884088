"""Sends what the outbox holds: leases due rows, posts them through `net`, writes down what came back.

Several servers may run it on one database; a row is leased by one at a time. One destination gets few places at
once, and those that failed last get half of all places together, so that a dead receiver delays nobody else. At
least once, in no promised order: a crash between the answer and its commit sends again under the same webhook-id.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
import structlog

from mutoscope import net, tracing
from mutoscope.errors import ConfigError, MediaError, NotFound
from mutoscope.jobs import Job, State, timestamp
from mutoscope.store.outbox import DELETED, TEST_TYPE, Attempt, Delivery, Secrets, Verdict
from mutoscope.store.store import Store
from mutoscope.store.wakeups import wait
from mutoscope.webhooks.signing import SiteKey, headers, new_secret

log = structlog.get_logger(__name__)

LOOK_S = 1.0
"""How long a hint may be missed: the outbox is looked at this often anyway."""
BREATH_S = 0.05
"""Hints come with every move of every request; the outbox is asked at most this often."""
PER_DESTINATION = 4
LEASE_MARGIN_S = 10.0
"""What a lease lasts beyond the time that sending may take."""
JITTER = (0.8, 1.0)
KEPT_CHARACTERS = 64 * 1024
"""How much of what was sent is kept for the log; all of it, unless metadata is enormous."""
MOST_FAILING = 10_000
"""Destinations remembered as failing; a hint only, so it may be forgotten."""
GONE = 410

Render = Callable[[Job], Awaitable[Mapping[str, Any]]]
Reword = Callable[[Job, State], Awaitable[Mapping[str, Any] | None]]


async def _as_it_is(_: Job, __: State) -> None:
    """Our own words."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator can change. backoff_s: pauses after each failure; it ends with the one after the last pause."""

    policy: net.Policy
    concurrency: int
    backoff_s: tuple[float, ...]


def parse_backoff(text: str) -> tuple[float, ...]:
    """Seconds out of `5,30,120`. Raises ConfigError."""
    try:
        pauses = tuple(float(part) for part in text.split(","))
    except ValueError:
        pauses = ()
    if not pauses or not all(0 < pause <= 86400 for pause in pauses) or sum(pauses) > 7 * 86400:
        raise ConfigError(
            f"MUTOSCOPE_WEBHOOK_BACKOFF_S: found {text!r}; seconds separated by commas are accepted, "
            "each at most a day, a week altogether"
        )
    return pauses


class Sender:
    """One server's part in sending.

    render   `output` and `metadata` of a completed request, with fresh addresses.
    reword   the whole body for the address that a request itself named, where a dialect has its own; else None.
    """

    def __init__(
        self, store: Store, *, render: Render, key: SiteKey, options: Options, reword: Reword = _as_it_is
    ) -> None:
        self._store = store
        self._outbox = store.webhooks
        self._render = render
        self._reword = reword
        self._key = key
        self._options = options
        self._lease_ms = int((options.policy.total_timeout_s + LEASE_MARGIN_S) * 1000)
        self._busy: Counter[str] = Counter()
        self._failing: set[str] = set()
        self._sending: set[asyncio.Task[None]] = set()
        self.outcomes: Counter[str] = Counter()

    async def run(self) -> None:
        """Send what is due, until cancelled, whatever happens."""
        with self._store.wakeups.outbox() as due:
            while True:
                try:
                    await self._start_due(due)
                except Exception:  # the sender must outlive a full disk
                    log.exception("webhooks.failed")
                await asyncio.sleep(BREATH_S)
                await wait(due, LOOK_S)

    async def close(self, *, grace_s: float = 2.0) -> None:
        """Let what is on its way arrive; what does not is sent again, by the next server, when its lease ends."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=grace_s)
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    async def _start_due(self, due: asyncio.Event) -> None:
        if len(self._sending) >= self._options.concurrency:
            return
        waiting = await self._outbox.destinations_due()
        for destination in sorted(waiting, key=self._failing.__contains__):
            places = self._places(destination)
            if places <= 0:
                continue
            for delivery in await self._outbox.lease(destination, limit=places, lease_ms=self._lease_ms):
                self._start(delivery, due)

    def _places(self, destination: str) -> int:
        """How many more may be on their way there."""
        free = self._options.concurrency - len(self._sending)
        if destination not in self._failing:
            return min(free, PER_DESTINATION - self._busy[destination])
        failing = sum(self._busy[name] for name in self._failing)
        return min(free, 1 - self._busy[destination], max(1, self._options.concurrency // 2) - failing)

    def _start(self, delivery: Delivery, due: asyncio.Event) -> None:
        def done(task: asyncio.Task[None]) -> None:
            self._sending.discard(task)
            self._busy[delivery.destination] -= 1
            if not self._busy[delivery.destination]:
                del self._busy[delivery.destination]
            due.set()

        self._busy[delivery.destination] += 1
        task = asyncio.create_task(self._send(delivery))
        self._sending.add(task)
        task.add_done_callback(done)

    # -- one delivery -----------------------------------------------------------------------------------------

    async def _send(self, delivery: Delivery) -> None:
        try:
            delivery, shared = await self._addressed(delivery)
            attempt, answered = await self._post(delivery, shared)
            verdict = self._verdict(delivery, attempt, answered)
            if not await self._outbox.attempted(delivery, attempt, verdict):
                log.info("webhook.overtaken", delivery_id=delivery.id, attempt=attempt.attempt)
        except Exception:  # it stays leased, and is tried again when the lease ends
            self._failing.add(delivery.destination)
            log.exception("webhook.defect", delivery_id=delivery.id)
            return
        arrived = verdict.outcome == "delivered"
        (self._failing.discard if arrived else self._failing.add)(delivery.destination)
        if len(self._failing) > MOST_FAILING:
            self._failing.clear()
        self.outcomes["retried" if verdict.outcome == "later" else verdict.outcome] += 1
        log.info(
            "webhook.sent",
            delivery_id=delivery.id,
            request_id=delivery.request_id,
            attempt=attempt.attempt,
            status=attempt.response_status,
            outcome=verdict.outcome,
            duration_ms=attempt.duration_ms,
        )

    async def _addressed(self, delivery: Delivery) -> tuple[Delivery, tuple[str, ...]]:
        """The delivery with its address of today, and the secrets that sign it, none if nobody listens any more."""
        if delivery.endpoint_id is None:
            found = await self._outbox.secrets(delivery.account_id, new_secret())
            return delivery, await self._valid(found)
        try:
            endpoint = await self._outbox.endpoint(delivery.endpoint_id, delivery.account_id)
            found = await self._outbox.endpoint_secrets(delivery.endpoint_id, delivery.account_id)
        except NotFound:
            return delivery, ()
        return replace(delivery, url=endpoint.url), await self._valid(found)

    async def _valid(self, found: Secrets) -> tuple[str, ...]:
        if found.previous and found.previous_until_ms and found.previous_until_ms > await self._store.now_ms():
            return found.secret, found.previous
        return (found.secret,)

    async def _post(self, delivery: Delivery, shared: tuple[str, ...]) -> tuple[Attempt, MediaError | None]:
        """Send it once: what to write down, and what `net` refused, if it did."""
        payload, parent = await self._payload(delivery)
        body = orjson.dumps(payload)
        at_ms = await self._store.now_ms()
        began = time.monotonic()
        answer: net.Posted | None = None
        refusal: MediaError | None = None
        if shared:
            signed = headers(delivery.event_id, at_ms // 1000, body, shared=shared, key=self._key)
            with tracing.span("webhook", parent=parent, kind="client", request_id=delivery.request_id) as traceparent:
                traced = {"traceparent": traceparent} if traceparent else {}
                sent = {"Content-Type": "application/json", **signed, **traced}
                try:
                    answer = await net.in_thread(lambda: net.post(delivery.url, body, sent, self._options.policy))
                except MediaError as exc:
                    refusal = exc
        else:
            refusal = MediaError(DELETED)
        attempt = Attempt(
            attempt=delivery.attempt,
            at_ms=at_ms,
            duration_ms=int((time.monotonic() - began) * 1000),
            request_body=body.decode()[:KEPT_CHARACTERS],
            response_status=answer.status if answer else None,
            response_body=answer.body.decode("utf-8", "replace").replace("\x00", "\ufffd") if answer else "",
            error=refusal.message if refusal else _complaint(answer),
        )
        return attempt, refusal

    def _verdict(self, delivery: Delivery, attempt: Attempt, refusal: MediaError | None) -> Verdict:
        if attempt.error is None:
            return Verdict("delivered")
        if attempt.response_status == GONE:
            return Verdict("gone")
        pauses = self._options.backoff_s
        if (refusal is not None and not refusal.retryable) or delivery.tries > len(pauses):
            return Verdict("failed")
        pause_s = pauses[delivery.tries - 1] * random.uniform(*JITTER)  # noqa: S311 - spreads load, hides nothing
        return Verdict("later", delay_ms=int(pause_s * 1000))

    async def _payload(self, delivery: Delivery) -> tuple[Mapping[str, Any], str | None]:
        """The event: its state as it was written down, all else as it is now; and what trace it belongs to."""
        told = {"type": delivery.type, "timestamp": timestamp(delivery.event_ms)}
        if delivery.type == TEST_TYPE or delivery.request_id is None:
            return {**told, "data": {"endpoint_id": delivery.endpoint_id}}, None
        state = State(delivery.type.partition(".")[2])
        data: dict[str, Any] = {
            "request_id": delivery.request_id,
            "model_id": delivery.model_id,
            "state": state,
            "created_at": None,
            "finished_at": None,
            "output": None,
            "error": None,
            "metadata": None,
        }
        traceparent = None
        try:
            job = await self._store.job(delivery.request_id, delivery.account_id)
            traceparent = job.traceparent
            if delivery.endpoint_id is None and (own := await self._reword(job, state)) is not None:
                return own, traceparent
            data["created_at"] = timestamp(job.created_ms)
            if state.is_terminal:
                data["finished_at"] = timestamp(job.finished_ms) if job.finished_ms else None
                data["error"] = job.error
            if state is State.COMPLETED:
                data |= await self._render(job)
        except NotFound:
            log.info("webhook.request_deleted", delivery_id=delivery.id)
        return {**told, "data": data}, traceparent


def _complaint(answer: net.Posted | None) -> str | None:
    """Why an answer does not count as delivered; None when it does."""
    if answer is None or 200 <= answer.status < 300:
        return None
    if answer.status == GONE:
        return "the receiver answered 410: it wants no more"
    if 300 <= answer.status < 400:
        return f"the receiver answered {answer.status}; redirects are not followed"
    return f"the receiver answered {answer.status}"
