"""Webhooks in the database: endpoints, secrets, and the outbox of what is to be told to whom.

`announcing` writes its rows inside the transaction that moves a request, so an event is told if and only if the
move is on the disk. What sends the rows is `webhooks.sender`. Statements: `sql/queries.sql`.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import orjson

from mutoscope.errors import Conflict, NotFound
from mutoscope.store.database import Database, Row, Transaction
from mutoscope.store.values import FIRST_PAGE
from mutoscope.store.wakeups import Wakeups

OVERLAP_MS = 24 * 3600 * 1000
"""How long the secret before the present one goes on signing."""
TEST_TYPE = "webhook.test"
DISABLED, DELETED = "the endpoint was disabled", "the endpoint was deleted"
STATES = ("pending", "delivered", "failed")


@dataclass(frozen=True, slots=True)
class Secrets:
    """What signs: the present secret, and the one before it while it is still valid."""

    secret: str
    previous: str | None
    previous_until_ms: int | None
    created_ms: int


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that hears of an account's requests. models: empty means every model."""

    id: str
    account_id: str
    url: str
    events: tuple[str, ...]
    models: tuple[str, ...]
    description: str
    enabled: bool
    disabled_reason: str = ""
    created_ms: int = 0
    previous_until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one address.

    endpoint_id   None: the request brought the address along.
    request_id    None: a test event.
    type          `request.<state>` or `webhook.test`.
    attempt       how often it was sent; fences the outcome.
    tries         those since it was written or replayed.
    """

    id: str
    account_id: str
    endpoint_id: str | None
    request_id: str | None
    model_id: str
    event_id: str
    type: str
    event_ms: int
    url: str
    destination: str
    state: str
    attempt: int
    tries: int
    due_ms: int
    created_ms: int
    finished_ms: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: what was sent, and what came back. response_status None: no answer."""

    attempt: int
    at_ms: int
    duration_ms: int
    request_body: str
    response_status: int | None
    response_body: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from an attempt. later: again after delay_ms. gone: never again, neither this nor others there."""

    outcome: Literal["delivered", "later", "failed", "gone"]
    delay_ms: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries to list, newest first. cursor: (created_ms, id) of the last one seen."""

    request_id: str | None = None
    endpoint_id: str | None = None
    state: str | None = None
    cursor: tuple[int, str] | None = None
    limit: int = 50


class Outbox:
    """Reads and writes of everything about webhooks but `announce`."""

    def __init__(self, db: Database, wakeups: Wakeups) -> None:
        self._db = db
        self._wakeups = wakeups

    # -- endpoints --------------------------------------------------------------------------------------------

    async def endpoints(self, account_id: str) -> list[Endpoint]:
        """All of an account, oldest first."""
        return [_endpoint(row) for row in await self._db.all("webhook_endpoints", account_id=account_id)]

    async def endpoint(self, endpoint_id: str, account_id: str) -> Endpoint:
        """One endpoint. Raises NotFound."""
        return _endpoint(await self._endpoint_row(endpoint_id, account_id))

    async def add_endpoint(self, endpoint: Endpoint, *, secret: str, at_most: int) -> Endpoint:
        """Note a new one; returns it with its date. Raises Conflict when the account has `at_most` already."""

        def act(tx: Transaction) -> Row:
            if len(tx.all("webhook_endpoints", account_id=endpoint.account_id)) >= at_most:
                raise Conflict(f"this account has {at_most} endpoints; delete one first")
            tx.run("webhook_endpoint_add", **_columns(endpoint), secret=secret)
            return _only(tx, endpoint.id, endpoint.account_id)

        return _endpoint(await self._db.write(act))

    async def change_endpoint(self, endpoint: Endpoint) -> Endpoint:
        """Put new values in place; one that is disabled now gets nothing that still waits. Raises NotFound."""

        def act(tx: Transaction) -> Row:
            changes = _columns(endpoint) | {"disabled_reason": endpoint.disabled_reason}
            if not tx.run("webhook_endpoint_change", **changes):
                raise NotFound("endpoint not found")
            if not endpoint.enabled:
                tx.run("webhook_fail_waiting", destination=endpoint.id, error=DISABLED)
            return _only(tx, endpoint.id, endpoint.account_id)

        return _endpoint(await self._db.write(act))

    async def delete_endpoint(self, endpoint_id: str, account_id: str) -> None:
        """Forget it; what still waits for it is not sent, its log stays. Raises NotFound."""

        def act(tx: Transaction) -> None:
            if not tx.run("webhook_endpoint_delete", id=endpoint_id, account_id=account_id):
                raise NotFound("endpoint not found")
            tx.run("webhook_fail_waiting", destination=endpoint_id, error=DELETED)

        await self._db.write(act)

    async def _endpoint_row(self, endpoint_id: str, account_id: str) -> Row:
        row = await self._db.one("webhook_endpoint", id=endpoint_id, account_id=account_id)
        if row is None:
            raise NotFound("endpoint not found")
        return row

    # -- secrets ----------------------------------------------------------------------------------------------

    async def endpoint_secrets(self, endpoint_id: str, account_id: str) -> Secrets:
        """What signs for an endpoint. Raises NotFound."""
        return _secrets(await self._endpoint_row(endpoint_id, account_id))

    async def rotate_endpoint(self, endpoint_id: str, account_id: str, secret: str) -> Secrets:
        """A new secret; the present one goes on signing beside it for a day. Raises NotFound."""

        def act(tx: Transaction) -> Row:
            params = {"id": endpoint_id, "account_id": account_id}
            if not tx.run("webhook_endpoint_rotate", **params, secret=secret, overlap_ms=OVERLAP_MS):
                raise NotFound("endpoint not found")
            return _only(tx, endpoint_id, account_id)

        return _secrets(await self._db.write(act))

    async def secrets(self, account_id: str, make: str) -> Secrets:
        """What signs the webhooks that requests bring along; `make` becomes it when there is none yet."""
        row = await self._db.one("webhook_secret", account_id=account_id)
        return _secrets(row) if row else await self._with_secret(account_id, make, rotate=False)

    async def rotate(self, account_id: str, secret: str) -> Secrets:
        """A new secret for the account; the present one goes on signing beside it for a day."""
        return await self._with_secret(account_id, secret, rotate=True)

    async def _with_secret(self, account_id: str, secret: str, *, rotate: bool) -> Secrets:
        def act(tx: Transaction) -> Row:
            added = tx.run("webhook_secret_add", account_id=account_id, secret=secret)
            if rotate and not added:
                tx.run("webhook_secret_rotate", account_id=account_id, secret=secret, overlap_ms=OVERLAP_MS)
            row = tx.one("webhook_secret", account_id=account_id)
            assert row is not None
            return row

        return _secrets(await self._db.write(act))

    # -- the log ----------------------------------------------------------------------------------------------

    async def deliveries(self, account_id: str, wanted: Wanted) -> list[Delivery]:
        """Deliveries of one account, newest first."""
        cursor_ms, cursor_id = wanted.cursor or FIRST_PAGE
        rows = await self._db.all(
            "webhook_deliveries",
            account_id=account_id,
            request_id=wanted.request_id,
            endpoint_id=wanted.endpoint_id,
            state=wanted.state,
            cursor_ms=cursor_ms,
            cursor_id=cursor_id,
            limit=wanted.limit,
        )
        return [_delivery(row) for row in rows]

    async def delivery(self, delivery_id: str, account_id: str) -> Delivery:
        """One delivery. Raises NotFound."""
        row = await self._db.one("webhook_delivery", id=delivery_id, account_id=account_id)
        if row is None:
            raise NotFound("delivery not found")
        return _delivery(row)

    async def attempts(self, delivery_id: str) -> list[Attempt]:
        """Every try of a delivery, oldest first."""
        rows = await self._db.all("webhook_attempts", delivery_id=delivery_id)
        return [Attempt(**{name: row[name] for name in Attempt.__slots__}) for row in rows]

    async def replay(self, delivery_id: str, account_id: str) -> Delivery:
        """Send it again, from now on with all its tries. Raises NotFound, and Conflict if nobody listens there."""

        def act(tx: Transaction) -> Row:
            row = tx.one("webhook_delivery", id=delivery_id, account_id=account_id)
            if row is None:
                raise NotFound("delivery not found")
            if row["endpoint_id"] is not None:
                endpoint = tx.one("webhook_endpoint", id=row["endpoint_id"], account_id=account_id)
                if endpoint is None or not endpoint["enabled"]:
                    raise Conflict(f"{DISABLED if endpoint else DELETED}; enable it, then replay")
            tx.run("webhook_replay", id=delivery_id, account_id=account_id)
            again = tx.one("webhook_delivery", id=delivery_id, account_id=account_id)
            assert again is not None
            return again

        replayed = _delivery(await self._db.write(act))
        self._wakeups.outbox_grew()
        return replayed

    async def add_test(self, endpoint: Endpoint) -> Delivery:
        """A test event for an endpoint. Raises Conflict when it is disabled."""
        if not endpoint.enabled:
            raise Conflict(f"{DISABLED}; enable it first")
        delivery_id = uuid.uuid4().hex

        def act(tx: Transaction) -> Row:
            tx.run(
                "webhook_delivery_add",
                id=delivery_id,
                account_id=endpoint.account_id,
                endpoint_id=endpoint.id,
                request_id=None,
                model_id="",
                event_id=f"msg_{uuid.uuid4().hex}",
                type=TEST_TYPE,
                url=endpoint.url,
                destination=endpoint.id,
            )
            row = tx.one("webhook_delivery", id=delivery_id, account_id=endpoint.account_id)
            assert row is not None
            return row

        added = _delivery(await self._db.write(act))
        self._wakeups.outbox_grew()
        return added

    # -- sending ----------------------------------------------------------------------------------------------

    async def destinations_due(self) -> list[str]:
        """Where something is to be sent now, the one that waits longest first."""
        return [row["destination"] for row in await self._db.all("webhook_destinations_due")]

    async def lease(self, destination: str, *, limit: int, lease_ms: int) -> list[Delivery]:
        """Take what is due there; nobody else gets it before the lease ends."""

        def act(tx: Transaction) -> list[Row]:
            due = tx.all("webhook_due_of", destination=destination, limit=limit)
            taken = (tx.one("webhook_lease", id=r["id"], attempt=r["attempt"], lease_ms=lease_ms) for r in due)
            return [row for row in taken if row is not None]

        return [_delivery(row) for row in await self._db.write(act)]

    async def attempted(self, delivery: Delivery, attempt: Attempt, verdict: Verdict) -> bool:
        """Note a try and what follows from it. False: the lease was lost, and only the log has it."""
        return await self._db.write(lambda tx: _attempted(tx, delivery, attempt, verdict))

    async def lag_ms(self) -> int:
        """How long the oldest delivery that is due has been due; 0 when none is."""
        row = await self._db.one("webhook_lag")
        clock = await self._db.one("clock")
        assert clock is not None
        return int(clock[0] - row["due_ms"]) if row and row["due_ms"] is not None else 0


def _attempted(tx: Transaction, delivery: Delivery, attempt: Attempt, verdict: Verdict) -> bool:
    fields = {name: getattr(attempt, name) for name in Attempt.__slots__}
    tx.run("webhook_attempt_add", delivery_id=delivery.id, **fields)
    fence = {"id": delivery.id, "attempt": delivery.attempt}
    if verdict.outcome == "delivered":
        return bool(tx.run("webhook_delivered", **fence))
    if verdict.outcome == "later":
        return bool(tx.run("webhook_later", **fence, delay_ms=verdict.delay_ms, error=attempt.error))
    changed = tx.run("webhook_failed", **fence, error=attempt.error)
    if verdict.outcome == "gone":
        _stop(tx, delivery, attempt.error or "gone")
    return bool(changed)


def _stop(tx: Transaction, delivery: Delivery, reason: str) -> None:
    """The receiver wants no more: the endpoint is disabled, or the request's own address forgotten."""
    if delivery.endpoint_id is None:
        tx.run("webhook_request_stop", request_id=delivery.request_id)
        tx.run("webhook_fail_of_request", request_id=delivery.request_id, error=reason)
        return
    row = tx.one("webhook_endpoint", id=delivery.endpoint_id, account_id=delivery.account_id)
    if row is not None and row["url"] == delivery.url:
        changes = {name: row[name] for name in ("id", "account_id", "url", "events", "models", "description")}
        tx.run("webhook_endpoint_change", **changes, enabled=0, disabled_reason=reason)
        tx.run("webhook_fail_waiting", destination=delivery.endpoint_id, error=reason)


def _only(tx: Transaction, endpoint_id: str, account_id: str) -> Row:
    row = tx.one("webhook_endpoint", id=endpoint_id, account_id=account_id)
    assert row is not None
    return row


def _columns(endpoint: Endpoint) -> dict[str, str | int]:
    return {
        "id": endpoint.id,
        "account_id": endpoint.account_id,
        "url": endpoint.url,
        "events": _words(endpoint.events),
        "models": orjson.dumps(endpoint.models).decode(),
        "description": endpoint.description,
        "enabled": int(endpoint.enabled),
    }


def _words(events: Collection[str]) -> str:
    return " ".join(events)


def _endpoint(row: Row) -> Endpoint:
    return Endpoint(
        id=row["id"],
        account_id=row["account_id"],
        url=row["url"],
        events=tuple(row["events"].split()),
        models=tuple(orjson.loads(row["models"])),
        description=row["description"],
        enabled=bool(row["enabled"]),
        disabled_reason=row["disabled_reason"],
        created_ms=row["created_ms"],
        previous_until_ms=row["previous_until_ms"],
    )


def _secrets(row: Row) -> Secrets:
    return Secrets(row["secret"], row["previous_secret"], row["previous_until_ms"], row["created_ms"])


def _delivery(row: Row) -> Delivery:
    return Delivery(**{name: row[name] for name in Delivery.__slots__})
