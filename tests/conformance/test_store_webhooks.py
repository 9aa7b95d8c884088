"""The outbox of every store: what is written with which move, who gets to send it, and what counts afterwards."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from typing import Any

import pytest

from mutoscope.errors import Conflict, LeaseLost, NotFound
from mutoscope.jobs import Webhook
from mutoscope.store.outbox import Attempt, Delivery, Endpoint, Verdict, Wanted
from tests.conformance.conftest import ALICE, BOB, Desk, Person

pytestmark = pytest.mark.anyio

ALL = ("in_queue", "in_progress", "completed", "failed", "cancelled")
EVERYTHING = Webhook("https://example.com/hook", ALL)
ENDED = Webhook("https://example.com/hook", ("completed", "failed", "cancelled"))


def endpoint(who: Person = ALICE, **given: Any) -> Endpoint:
    """An endpoint for every state; keywords are fields of Endpoint."""
    plain = Endpoint(uuid.uuid4().hex, who.account_id, "https://example.com/all", ALL, (), "", enabled=True)
    return replace(plain, **given)


async def opened(desk: Desk, who: Person = ALICE, **given: Any) -> Endpoint:
    """An endpoint on record."""
    return await desk.store.webhooks.add_endpoint(endpoint(who, **given), secret="whsec_b25l", at_most=10)


async def outbox(desk: Desk, who: Person = ALICE, **wanted: Any) -> list[Delivery]:
    """An account's deliveries, oldest first."""
    return list(reversed(await desk.store.webhooks.deliveries(who.account_id, Wanted(limit=500, **wanted))))


async def types(desk: Desk, **wanted: Any) -> list[str]:
    """What is told, sorted: rows of one millisecond have no order."""
    return sorted(one.type.removeprefix("request.") for one in await outbox(desk, **wanted))


async def leased(desk: Desk, *, lease_ms: int = 60_000, limit: int = 10) -> list[Delivery]:
    """Take everything that is due."""
    store = desk.store.webhooks
    return [
        one
        for destination in await store.destinations_due()
        for one in await store.lease(destination, limit=limit, lease_ms=lease_ms)
    ]


def tried(delivery: Delivery, status: int | None = 200, error: str | None = None) -> Attempt:
    """What came of a try."""
    return Attempt(delivery.attempt, delivery.event_ms, 12, "{}", status, "", error)


# -- what is written with a move ----------------------------------------------------------------------------------


async def test_every_move_is_announced_in_its_own_transaction(desk: Desk) -> None:
    """Submit, claim, hand back, claim, complete: five rows, each an event of its own."""
    request_id = await desk.submit(webhook=EVERYTHING)
    await desk.store.retry(await desk.claim_held(), error="again", used=False)
    await desk.complete(await desk.claim_held())

    assert await types(desk) == ["completed", "in_progress", "in_progress", "in_queue", "in_queue"]
    rows = await outbox(desk)
    assert len({one.event_id for one in rows}) == 5
    assert {(one.request_id, one.url, one.endpoint_id) for one in rows} == {(request_id, EVERYTHING.url, None)}


async def test_only_the_events_that_were_chosen(desk: Desk) -> None:
    """The others leave no row."""
    await desk.submit(webhook=ENDED)
    await desk.store.fail(await desk.claim_held(), error="broken")
    await desk.store.cancel(await desk.submit(webhook=ENDED), ALICE.account_id)
    await desk.submit()

    assert await types(desk) == ["cancelled", "failed"]


async def test_the_sweeper_announces_too(desk: Desk) -> None:
    """A lost worker's last attempt ends as failed, and is told."""
    await desk.submit(webhook=ENDED, max_attempts=1)
    await desk.claim_held(lease_ms=1)
    await asyncio.sleep(0.02)
    await desk.store.sweep()

    assert await types(desk) == ["failed"]


async def test_requests_of_models_that_are_gone_are_announced(desk: Desk) -> None:
    """Nobody asked for that end, so it is told all the more."""
    await desk.submit(webhook=ENDED)
    await desk.store.fail_models_but(set())

    assert await types(desk) == ["failed"]


async def test_a_refused_move_announces_nothing(desk: Desk) -> None:
    """A late worker changes no row, and writes none."""
    await desk.submit(webhook=ENDED)
    held = await desk.claim_held()
    await desk.store.cancel(held.request_id, ALICE.account_id, running=True)
    with pytest.raises(LeaseLost):
        await desk.complete(held)
    await desk.store.cancel(held.request_id, ALICE.account_id)

    assert await types(desk) == ["cancelled"]


async def test_a_replayed_submit_announces_nothing(desk: Desk) -> None:
    """There is only one request."""
    for _ in range(2):
        await desk.submit(idempotency_key="order-7", body_sha256="same", webhook=EVERYTHING)

    assert await types(desk) == ["in_queue"]


async def test_endpoints_hear_of_their_own_account_and_models(desk: Desk) -> None:
    """Not of another's, not of other models, not when disabled; one event has one id for all of them."""
    every = await opened(desk)
    await opened(desk, models=("test/other",))
    await opened(desk, enabled=False)
    await opened(desk, BOB)
    await desk.submit(webhook=EVERYTHING)

    rows = await outbox(desk)
    assert {one.endpoint_id for one in rows} == {None, every.id}
    assert len({one.event_id for one in rows}) == 1
    assert await outbox(desk, BOB) == []


# -- who sends it -------------------------------------------------------------------------------------------------


async def test_a_row_is_leased_once(desk: Desk) -> None:
    """However many ask at the same time."""
    for _ in range(5):
        await desk.submit(webhook=EVERYTHING)

    taken = await asyncio.gather(*(leased(desk) for _ in range(8)))

    ids = [one.id for some in taken for one in some]
    assert len(ids) == len(set(ids)) == 5
    assert await desk.store.webhooks.destinations_due() == []


async def test_a_lease_gives_exactly_what_was_asked(desk: Desk) -> None:
    """The oldest first, and only of that destination."""
    await opened(desk)
    for _ in range(3):
        await desk.submit(webhook=EVERYTHING)
    first, second = await desk.store.webhooks.destinations_due()

    taken = await desk.store.webhooks.lease(first, limit=2, lease_ms=60_000)

    assert [one.destination for one in taken] == [first, first]
    assert first != second


async def test_a_row_whose_sender_died_is_due_again(desk: Desk) -> None:
    """When the lease ends; the late outcome of the first is logged and decides nothing."""
    await desk.submit(webhook=EVERYTHING)
    (slow,) = await leased(desk, lease_ms=1)
    await asyncio.sleep(0.02)
    (fresh,) = await leased(desk)

    store = desk.store.webhooks
    assert not await store.attempted(slow, tried(slow), Verdict("delivered"))
    assert (await store.delivery(slow.id, ALICE.account_id)).state == "pending"
    assert await store.attempted(fresh, tried(fresh), Verdict("delivered"))
    assert [one.attempt for one in await store.attempts(slow.id)] == [1, 2]


async def test_it_is_due_again_after_the_pause(desk: Desk) -> None:
    """And not before."""
    await desk.submit(webhook=EVERYTHING)
    (one,) = await leased(desk)
    await desk.store.webhooks.attempted(one, tried(one, 500, "no"), Verdict("later", delay_ms=3_600_000))

    assert await leased(desk) == []
    assert (await outbox(desk))[0].error == "no"
    assert desk.raw("update webhook_deliveries set due_ms = due_ms - 3600000") == 1
    assert [(again.id, again.tries) for again in await leased(desk)] == [(one.id, 2)]


async def test_delivered_and_failed_are_never_due(desk: Desk) -> None:
    """Until somebody replays them."""
    for _ in range(2):
        await desk.submit(webhook=EVERYTHING)
    one, other = await leased(desk)
    store = desk.store.webhooks
    await store.attempted(one, tried(one), Verdict("delivered"))
    await store.attempted(other, tried(other, 500, "no"), Verdict("failed"))

    assert sorted([row.state for row in await outbox(desk)]) == ["delivered", "failed"]
    assert await leased(desk) == []
    await store.replay(other.id, ALICE.account_id)
    assert [(again.id, again.attempt, again.tries) for again in await leased(desk)] == [(other.id, 2, 1)]


async def test_lag_is_that_of_the_oldest_that_is_due(desk: Desk) -> None:
    """Nothing due, no lag."""
    assert await desk.store.webhooks.lag_ms() == 0
    await desk.submit(webhook=EVERYTHING)
    await asyncio.sleep(0.03)

    assert 20 <= await desk.store.webhooks.lag_ms() < 3_600_000
    await leased(desk)
    assert await desk.store.webhooks.lag_ms() == 0


# -- endpoints and secrets ----------------------------------------------------------------------------------------


async def test_a_receiver_that_is_gone_hears_no_more(desk: Desk) -> None:
    """Its endpoint is disabled, and what waits for it has failed."""
    made = await opened(desk)
    for _ in range(2):
        await desk.submit()
    one, _ = await leased(desk)
    await desk.store.webhooks.attempted(one, tried(one, 410, "gone"), Verdict("gone"))
    await desk.submit()

    found = await desk.store.webhooks.endpoint(made.id, ALICE.account_id)
    assert (found.enabled, found.disabled_reason) == (False, "gone")
    assert [row.state for row in await outbox(desk)] == ["failed", "failed"]
    with pytest.raises(Conflict):
        await desk.store.webhooks.replay(one.id, ALICE.account_id)


async def test_an_address_of_a_request_that_is_gone_is_forgotten(desk: Desk) -> None:
    """The other requests of the account are not touched."""
    request_id = await desk.submit(webhook=EVERYTHING)
    (one,) = await leased(desk)
    await desk.store.webhooks.attempted(one, tried(one, 410, "gone"), Verdict("gone"))
    await desk.store.cancel(request_id, ALICE.account_id)
    await desk.submit(webhook=EVERYTHING)

    assert await types(desk, request_id=request_id) == ["in_queue"]
    assert len(await outbox(desk)) == 2


async def test_disabling_and_deleting_end_what_waits(desk: Desk) -> None:
    """The log stays."""
    off, deleted = await opened(desk), await opened(desk)
    await desk.submit()
    await desk.store.webhooks.change_endpoint(endpoint(id=off.id, enabled=False))
    await desk.store.webhooks.delete_endpoint(deleted.id, ALICE.account_id)

    assert {row.endpoint_id: row.error for row in await outbox(desk)} == {
        off.id: "the endpoint was disabled",
        deleted.id: "the endpoint was deleted",
    }


async def test_rotation_keeps_the_secret_before(desk: Desk) -> None:
    """For an endpoint as for an account, whose first one is made at the first need."""
    store, made = desk.store.webhooks, await opened(desk)
    await store.rotate_endpoint(made.id, ALICE.account_id, "whsec_dHdv")
    first = await store.secrets(ALICE.account_id, "whsec_b25l")
    second = await store.rotate(ALICE.account_id, "whsec_dHdv")

    assert (first.secret, first.previous) == ("whsec_b25l", None)
    assert await store.secrets(ALICE.account_id, "whsec_eA==") == second
    for found in (second, await store.endpoint_secrets(made.id, ALICE.account_id)):
        assert (found.secret, found.previous) == ("whsec_dHdv", "whsec_b25l")
        assert found.previous_until_ms is not None
        assert found.previous_until_ms > found.created_ms + 86_000_000


async def test_nothing_of_one_account_is_there_for_another(desk: Desk) -> None:
    """Endpoints, secrets, deliveries."""
    store, made = desk.store.webhooks, await opened(desk)
    await desk.submit()
    (one,) = await outbox(desk)
    calls = (
        store.endpoint(made.id, BOB.account_id),
        store.endpoint_secrets(made.id, BOB.account_id),
        store.rotate_endpoint(made.id, BOB.account_id, "x"),
        store.change_endpoint(endpoint(BOB, id=made.id)),
        store.delete_endpoint(made.id, BOB.account_id),
        store.delivery(one.id, BOB.account_id),
        store.replay(one.id, BOB.account_id),
    )
    for call in calls:
        with pytest.raises(NotFound):
            await call
    assert await store.endpoints(BOB.account_id) == []
    assert await store.endpoints(ALICE.account_id) == [made]


async def test_an_account_has_so_many_endpoints(desk: Desk) -> None:
    """Then no more."""
    for _ in range(10):
        await opened(desk)
    with pytest.raises(Conflict):
        await opened(desk)
    await opened(desk, BOB)


async def test_a_deleted_request_leaves_no_payload_in_the_log(desk: Desk) -> None:
    """What was sent goes with it; the rows stay."""
    await desk.submit(webhook=ENDED)
    held = await desk.claim_held()
    await desk.complete(held)
    (one,) = await leased(desk)
    await desk.store.webhooks.attempted(one, tried(one), Verdict("delivered"))
    await desk.store.delete(held.request_id, ALICE.account_id)

    (attempt,) = await desk.store.webhooks.attempts(one.id)
    assert (attempt.request_body, attempt.response_status) == ("", 200)
