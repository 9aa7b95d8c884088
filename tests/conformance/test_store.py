"""What every store promises about requests: legal moves only, one end, one charge, nothing seen by strangers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from mutoscope.errors import Conflict, EngineError, LeaseLost, NotFound
from mutoscope.jobs import MOVES, State
from mutoscope.store.library import Shelf
from mutoscope.store.store import Store
from mutoscope.store.values import Charge, Filter, Held

from .acts import ACTS, bring_to
from .conftest import ALICE, BOB, MODEL, Desk, Person

pytestmark = pytest.mark.anyio


# -- accepted -----------------------------------------------------------------------------------------------------


async def test_an_accepted_request_survives_the_process(open_store: Callable[[], Awaitable[Store]]) -> None:
    """Row, event and usage hold are there when the store is opened again."""
    store = await open_store()
    new = Desk(store).job(hold_microusd=30, priority=2, max_attempts=5, time_limit_s=77)
    await store.submit(new)
    await store.db.close()
    desk = Desk(await open_store())
    job = await desk.store.job(new.id, ALICE.account_id)
    assert (job.state, job.model_id, job.inputs, job.seed) == (State.IN_QUEUE, MODEL, new.inputs, new.seed)
    assert (job.priority, job.max_attempts, job.time_limit_s, job.ignored_inputs) == (2, 5, 77, ("colour",))
    assert abs(job.created_ms - await desk.store.now_ms()) < 60_000
    assert await desk.told(new.id) == ["in_queue"]
    assert await desk.usage() == {new.id: ("held", 0)}
    await desk.store.db.close()


async def test_twenty_submits_of_one_idempotency_key_are_one_request(desk: Desk) -> None:
    """All at the same moment: one is accepted, nineteen are told its id."""
    answers = await asyncio.gather(
        *(desk.store.submit(desk.job(idempotency_key="order-7", body_sha256="same")) for _ in range(20))
    )
    assert len({answer.request_id for answer in answers}) == 1
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 19
    assert all(answer.same_body for answer in answers)
    assert len(await desk.store.jobs(ALICE.account_id, Filter())) == 1
    assert len(await desk.usage()) == 1


async def test_an_idempotency_key_with_another_body_is_told_apart(desk: Desk) -> None:
    """Nothing new is accepted; the caller learns that the bodies differ."""
    first = await desk.store.submit(desk.job(idempotency_key="order-7", body_sha256="one"))
    second = await desk.store.submit(desk.job(idempotency_key="order-7", body_sha256="two"))
    earlier = await desk.store.earlier(ALICE.account_id, "order-7", "two")
    assert (second.request_id, second.replayed, second.same_body) == (first.request_id, True, False)
    assert earlier == second


async def test_an_idempotency_key_belongs_to_one_account(desk: Desk) -> None:
    """Bob's key of the same name is his own; a second key of Alice's account shares hers."""
    alices = await desk.submit(idempotency_key="order-7")
    assert await desk.submit(BOB, idempotency_key="order-7") != alices
    assert await desk.submit(Person(ALICE.account_id, "key-alice-2"), idempotency_key="order-7") == alices
    assert await desk.store.earlier("account-carol", "order-7", "") is None


async def test_without_an_idempotency_key_every_submit_is_a_request(desk: Desk) -> None:
    """The same body twice is two requests."""
    assert await desk.submit() != await desk.submit()


# -- moves --------------------------------------------------------------------------------------------------------

ALLOWED = {
    State.IN_QUEUE: {"claim", "cancel", "cancel running"},
    State.IN_PROGRESS: {"cancel running", "complete", "fail", "release", "beat", "remember"},
}


@pytest.mark.parametrize("act", sorted(ACTS))
@pytest.mark.parametrize("state", list(State))
async def test_only_legal_moves_change_a_request(desk: Desk, state: State, act: str) -> None:
    """Every act on every state: it moves as `jobs.MOVES` says, or it is refused and changes nothing."""
    held = await bring_to(desk, state)
    do, target = ACTS[act]
    before = await desk.store.job(held.request_id, ALICE.account_id), await desk.store.events(held.request_id)
    if act in ALLOWED.get(state, set()):
        assert target in MOVES[state] or target is state
        await do(desk, held)
        assert await desk.state(held.request_id) is target
    else:
        with pytest.raises(Conflict):
            await do(desk, held)
        after = await desk.store.job(held.request_id, ALICE.account_id), await desk.store.events(held.request_id)
        assert after == before


async def test_cancel_tells_the_state_it_found(desk: Desk) -> None:
    """Queued: cancelled. Running: only if asked for. Finished: too late. Unknown: not found."""
    cancel = desk.store.cancel
    queued = await desk.submit()
    assert await cancel(queued, ALICE.account_id) == (State.CANCELLED, True)
    assert await cancel(queued, ALICE.account_id) == (State.CANCELLED, False)
    held = await bring_to(desk, State.IN_PROGRESS)
    assert await cancel(held.request_id, ALICE.account_id) == (State.IN_PROGRESS, False)
    assert await cancel(held.request_id, ALICE.account_id, running=True) == (State.CANCELLED, True)
    finished = await bring_to(desk, State.COMPLETED)
    assert await cancel(finished.request_id, ALICE.account_id, running=True) == (State.COMPLETED, False)
    with pytest.raises(NotFound):
        await cancel("no-such-request", ALICE.account_id)


# -- what attempts remember -----------------------------------------------------------------------------------------


async def test_what_an_attempt_remembers_is_there_for_the_next(desk: Desk) -> None:
    """Values are added up, one of the same name takes the place of the older one, and the claim hands them out."""
    request_id = await desk.submit()
    first = await desk.claim()
    assert first is not None and first.memo == {}
    held = Held(request_id, "worker-1", first.attempt)
    await desk.store.remember(held, {"intent": "a-key", "tries": 1})
    await desk.store.remember(held, {"tries": 2, "job": ["j-1", None]})
    await desk.store.retry(held, error="no", used=False)
    second = await desk.claim("worker-2")
    assert second is not None
    assert second.memo == {"intent": "a-key", "tries": 2, "job": ["j-1", None]}


async def test_a_memo_that_grows_too_large_is_refused_and_nothing_changes(desk: Desk) -> None:
    """4 KiB in all, counted with what is there."""
    request_id = await desk.submit()
    held = await desk.claim_held()
    await desk.store.remember(held, {"a": "x" * 2000})
    with pytest.raises(EngineError, match=r"remember: 4\d\d\d bytes of JSON in all; at most 4096 are kept"):
        await desk.store.remember(held, {"b": "x" * 2100})
    assert (await desk.store.job(request_id, ALICE.account_id)).memo == {"a": "x" * 2000}


# -- money and deletion -------------------------------------------------------------------------------------------


async def test_a_completed_request_is_charged_once(desk: Desk) -> None:
    """The worker says `completed` twice, because the first answer was lost on the way."""
    request_id = await desk.submit(hold_microusd=50)
    held = await desk.claim_held()
    await desk.complete(held, cost_microusd=40)
    with pytest.raises(LeaseLost):
        await desk.complete(held, cost_microusd=99)
    assert await desk.usage() == {request_id: ("charged", 40)}
    _, total = await desk.store.usage(ALICE.account_id, from_ms=None, to_ms=None, limit=0)
    assert total == 40
    assert (await desk.told(request_id)).count("completed") == 1


async def test_a_request_that_did_not_complete_costs_nothing(desk: Desk) -> None:
    """Failed, cancelled while queued, cancelled while running: each hold is released."""
    failed = (await bring_to(desk, State.FAILED)).request_id
    stopped = (await bring_to(desk, State.CANCELLED)).request_id
    queued = await desk.submit()
    await desk.store.cancel(queued, ALICE.account_id)
    assert await desk.usage() == dict.fromkeys([failed, stopped, queued], ("released", 0))


async def test_usage_counts_the_time_that_was_asked_for(desk: Desk) -> None:
    """From one instant on, up to but not including another."""
    await desk.submit()
    await desk.complete(await desk.claim_held(), cost_microusd=7)
    rows, _ = await desk.store.usage(ALICE.account_id, from_ms=None, to_ms=None, limit=9)
    at_ms = rows[0].created_ms
    assert (rows[0].quantity, rows[0].unit, rows[0].model_id, rows[0].key_id) == (2.0, "second", MODEL, ALICE.key_id)
    assert await desk.store.usage(ALICE.account_id, from_ms=at_ms, to_ms=at_ms + 1, limit=9) == (rows, 7)
    assert await desk.store.usage(ALICE.account_id, from_ms=at_ms + 1, to_ms=None, limit=9) == ([], 0)
    assert await desk.store.usage(ALICE.account_id, from_ms=None, to_ms=at_ms, limit=9) == ([], 0)


async def test_a_deleted_request_is_forgotten_but_its_cost_is_not(desk: Desk) -> None:
    """Row and events go, the usage row stays."""
    request_id = await desk.submit()
    await desk.complete(await desk.claim_held(), cost_microusd=7)
    await desk.store.delete(request_id, ALICE.account_id)
    with pytest.raises(NotFound):
        await desk.store.job(request_id, ALICE.account_id)
    assert await desk.store.events(request_id) == []
    assert await desk.usage() == {request_id: ("charged", 7)}


@pytest.mark.parametrize("state", [State.IN_QUEUE, State.IN_PROGRESS])
async def test_a_request_that_is_not_finished_cannot_be_deleted(desk: Desk, state: State) -> None:
    """The message names the state it is in."""
    held = await bring_to(desk, state)
    with pytest.raises(Conflict, match=state):
        await desk.store.delete(held.request_id, ALICE.account_id)
    assert await desk.state(held.request_id) is state


async def test_a_charge_and_its_files_arrive_with_the_end_or_not_at_all(desk: Desk) -> None:
    """An output whose row cannot be written takes the whole move back; the worker may try again."""
    held = await bring_to(desk, State.IN_PROGRESS)
    taken = await desk.store.add_file(desk.file())
    with pytest.raises(Exception, match=r"(?i)unique"):
        await desk.store.complete(held, result={}, charge=Charge(cost_microusd=5), files=[taken])
    assert await desk.state(held.request_id) is State.IN_PROGRESS
    assert (await desk.usage())[held.request_id] == ("held", 0)
    output = await desk.complete(held)
    assert [file.id for file in await desk.store.files_of(held.request_id)] == [output.id]


# -- strangers ----------------------------------------------------------------------------------------------------


async def test_a_stranger_sees_and_changes_nothing(desk: Desk) -> None:
    """Bob knows Alice's ids, and every call answers as if they did not exist."""
    queued = await desk.submit(idempotency_key="order-7")
    done = (await bring_to(desk, State.COMPLETED)).request_id if await desk.claim() else ""
    await desk.store.add_file(desk.file())
    for request_id in (queued, done):
        for call in (desk.store.standing, desk.store.job, desk.store.cancel, desk.store.delete):
            with pytest.raises(NotFound):
                await call(request_id, BOB.account_id)
        with pytest.raises(NotFound):
            await desk.store.cancel(request_id, BOB.account_id, running=True)
    assert await desk.store.jobs(BOB.account_id, Filter()) == []
    assert await desk.store.earlier(BOB.account_id, "order-7", "") is None
    assert await desk.usage(BOB) == {}
    assert await desk.store.library.entries(BOB.account_id, Shelf()) == []
    assert await desk.state(queued) is State.IN_PROGRESS
    assert await desk.state(done) is State.COMPLETED
