"""What every store promises about requests: legal moves only, one end, one charge, nothing seen by strangers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mutoscope.errors import Cancelled, Conflict, EngineError, LeaseLost, NotFound
from mutoscope.jobs import MOVES, State
from mutoscope.store.library import Shelf
from mutoscope.store.store import Store
from mutoscope.store.values import Charge, Filter, Held

from .conftest import ALICE, BOB, MODEL, Desk, Person

pytestmark = pytest.mark.anyio


async def lose_lease(desk: Desk, worker_id: str = "slow") -> Held:
    """Claim under a lease of a few milliseconds and fall silent until it has run out and was swept."""
    held = await desk.claim_held(worker_id, lease_ms=20)
    await asyncio.sleep(0.03)
    assert [request_id for request_id, _ in await desk.store.sweep()] == [held.request_id]
    return held


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

Act = Callable[[Desk, Held], Awaitable[Any]]


async def _cancel(desk: Desk, held: Held, *, running: bool) -> None:
    _, moved = await desk.store.cancel(held.request_id, ALICE.account_id, running=running)
    if not moved:
        raise Conflict


async def _claim(desk: Desk, held: Held) -> None:
    if await desk.claim() is None:
        raise Conflict


ACTS: dict[str, tuple[Act, State]] = {
    "claim": (_claim, State.IN_PROGRESS),
    "cancel": (lambda desk, held: _cancel(desk, held, running=False), State.CANCELLED),
    "cancel running": (lambda desk, held: _cancel(desk, held, running=True), State.CANCELLED),
    "complete": (lambda desk, held: desk.complete(held), State.COMPLETED),
    "fail": (lambda desk, held: desk.store.fail(held, error="no"), State.FAILED),
    "release": (lambda desk, held: desk.store.retry(held, error="no", used=False), State.IN_QUEUE),
    "beat": (lambda desk, held: desk.store.beat(held, lease_ms=60_000, progress=0.5, stage=""), State.IN_PROGRESS),
    "remember": (lambda desk, held: desk.store.remember(held, {"job": "j-1"}), State.IN_PROGRESS),
}
ALLOWED = {
    State.IN_QUEUE: {"claim", "cancel", "cancel running"},
    State.IN_PROGRESS: {"cancel running", "complete", "fail", "release", "beat", "remember"},
}


async def bring_to(desk: Desk, state: State) -> Held:
    """A request in this state, and what its first worker holds, or would."""
    request_id = await desk.submit()
    if state is State.IN_QUEUE:
        return Held(request_id, "worker-1", 0)
    held = await desk.claim_held()
    ends: dict[State, str] = {
        State.COMPLETED: "complete",
        State.FAILED: "fail",
        State.CANCELLED: "cancel running",
    }
    if state in ends:
        await ACTS[ends[state]][0](desk, held)
    return held


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


# -- leases -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["complete", "fail", "release", "beat", "remember"])
async def test_a_worker_that_lost_its_lease_can_do_nothing(desk: Desk, act: str) -> None:
    """The slow worker wakes after its request was handed on; whatever it says is refused."""
    await desk.submit()
    slow = await lose_lease(desk)
    fresh = await desk.claim_held("fresh")
    with pytest.raises(LeaseLost):
        await ACTS[act][0](desk, slow)
    with pytest.raises(LeaseLost):
        await desk.store.held_by(slow)
    await desk.complete(fresh)
    assert await desk.told(slow.request_id) == ["in_queue", "in_progress", "in_queue", "in_progress", "completed"]


@pytest.mark.parametrize("wrong", [{"worker_id": "stranger"}, {"attempt": 2}, {"request_id": "no-such-request"}])
@pytest.mark.parametrize("act", ["complete", "fail", "release", "beat", "remember"])
async def test_a_lease_is_good_for_one_worker_and_one_attempt(desk: Desk, act: str, wrong: dict[str, Any]) -> None:
    """The right attempt under another name, and the right name with another attempt, are both refused."""
    held = await bring_to(desk, State.IN_PROGRESS)
    fields = {"request_id": held.request_id, "worker_id": held.worker_id, "attempt": held.attempt}
    with pytest.raises(LeaseLost):
        await ACTS[act][0](desk, Held(**(fields | wrong)))
    assert await desk.store.held_by(held) == ALICE.account_id


async def test_a_lease_ends_by_the_clock_of_the_database(desk: Desk) -> None:
    """Before its end nothing happens, beats push it back, silence ends it."""
    await desk.submit()
    held = await desk.claim_held(lease_ms=1)
    await desk.store.beat(held, lease_ms=60_000, progress=0.1, stage="")
    await asyncio.sleep(0.05)
    assert await desk.store.sweep() == []
    await desk.store.beat(held, lease_ms=1, progress=0.2, stage="")
    await asyncio.sleep(0.05)
    assert await desk.store.sweep() == [(held.request_id, State.IN_QUEUE)]
    assert await desk.store.sweep() == []


async def test_a_lease_that_ran_out_counts_until_somebody_else_has_the_request(desk: Desk) -> None:
    """A worker that was only late, and not swept yet, may still finish: nobody repeated its work."""
    await desk.submit()
    held = await desk.claim_held(lease_ms=10)
    await asyncio.sleep(0.02)
    await desk.complete(held)
    assert await desk.store.sweep() == []
    assert await desk.state(held.request_id) is State.COMPLETED


async def test_many_lost_requests_are_handed_on_together(desk: Desk) -> None:
    """A machine with twelve workers goes dark."""
    ids = {await desk.submit() for _ in range(12)}
    for n in range(12):
        await desk.claim(f"worker-{n}", lease_ms=10)
    await asyncio.sleep(0.02)
    assert {request_id for request_id, _ in await desk.store.sweep()} == ids
    assert set(await desk.claim_all()) == ids


async def test_a_worker_that_is_known_to_be_gone_keeps_nothing(desk: Desk) -> None:
    """Its attempt is handed on within its lease, counted and fenced; no other worker loses anything."""
    for _ in range(2):
        await desk.submit(max_attempts=2)
    gone, other = await desk.claim("farm.1"), await desk.claim("farm.10")
    assert gone and other
    assert await desk.store.at_work() == ["farm.1", "farm.10"]
    assert await desk.store.lose("farm.1") == [(gone.id, State.IN_QUEUE)]
    assert await desk.store.lose("farm.1") == []
    assert await desk.store.at_work() == ["farm.10"]
    with pytest.raises(LeaseLost):
        await desk.store.held_by(Held(gone.id, "farm.1", gone.attempt))
    await desk.store.held_by(Held(other.id, "farm.10", other.attempt))
    again = await desk.claim("farm.2")
    assert again
    assert (again.id, again.attempt) == (gone.id, 2)
    assert await desk.store.lose("farm.2") == [(gone.id, State.FAILED)]
    job = await desk.store.job(gone.id, ALICE.account_id)
    assert job.error == "the worker was lost (after 2 attempts)"


async def test_lost_attempts_are_counted_and_the_last_one_fails_the_request(desk: Desk) -> None:
    """Three attempts are allowed; the third lost worker ends it, with a message that says so."""
    request_id = await desk.submit(max_attempts=3)
    for _ in range(3):
        await lose_lease(desk)
    job = await desk.store.job(request_id, ALICE.account_id)
    assert (job.state, job.attempt, job.error) == (State.FAILED, 3, "the worker was lost (after 3 attempts)")
    assert (await desk.usage())[request_id] == ("released", 0)
    assert await desk.claim() is None


async def test_released_attempts_are_not_counted(desk: Desk) -> None:
    """Ten workers are stopped for an update, one is lost: of two attempts one is left."""
    request_id = await desk.submit(max_attempts=2)
    for _ in range(10):
        held = await desk.claim_held()
        assert await desk.store.retry(held, error="the worker went away", used=False) is State.IN_QUEUE
    assert held.attempt == 10
    await lose_lease(desk)
    await desk.complete(await desk.claim_held())
    assert await desk.state(request_id) is State.COMPLETED


async def test_the_last_attempt_that_failed_for_now_fails_for_good(desk: Desk) -> None:
    """The message is the engine's, and says how often it was tried."""
    request_id = await desk.submit(max_attempts=1)
    assert await desk.store.retry(await desk.claim_held(), error="out of memory") is State.FAILED
    job = await desk.store.job(request_id, ALICE.account_id)
    assert job.error == "out of memory (after 1 attempts)"
    last = (await desk.store.events(request_id))[-1]
    assert last.data == {"state": "failed", "attempt": 1, "error": job.error}


# -- reading ------------------------------------------------------------------------------------------------------


async def test_pages_have_no_gaps_and_no_repeats_while_new_requests_arrive(desk: Desk) -> None:
    """Twenty-five requests in pages of four; a new one is accepted after every page."""
    old = [await desk.submit() for _ in range(25)]
    seen: list[str] = []
    cursor = None
    while jobs := await desk.store.jobs(ALICE.account_id, Filter(cursor=cursor, limit=4)):
        seen += [job.id for job in jobs]
        cursor = (jobs[-1].created_ms, jobs[-1].id)
        await desk.submit()
    assert len(seen) == len(set(seen)) == 25
    assert set(seen) == set(old)


async def test_lists_are_newest_first_and_can_be_narrowed(desk: Desk) -> None:
    """By model, by state, by time: from `after` on, up to but not including `before`."""
    first = await desk.submit()
    await asyncio.sleep(0.003)
    other = await desk.submit(model_id="test/other")
    held = await desk.claim_held()

    async def listed(**wanted: Any) -> list[str]:
        return [job.id for job in await desk.store.jobs(ALICE.account_id, Filter(**wanted))]

    at_ms = (await desk.store.job(other, ALICE.account_id)).created_ms
    assert held.request_id == first
    assert await listed() == [other, first]
    assert await listed(limit=1) == [other]
    assert await listed(model_id="test/other") == [other]
    assert await listed(state=State.IN_PROGRESS) == [first]
    assert await listed(after_ms=at_ms) == [other]
    assert await listed(before_ms=at_ms) == [first]


async def test_events_grow_and_a_reader_that_was_cut_off_goes_on(desk: Desk) -> None:
    """Numbers only grow; whoever names the last one seen gets what came after."""
    request_id = await desk.submit()
    held = await desk.claim_held()
    await desk.store.beat(held, lease_ms=60_000, progress=0.5, stage="drawing", log=["one", "two"])
    seen = await desk.store.events(request_id)
    assert [event.kind for event in seen] == ["state", "state", "progress", "log", "log"]
    assert [event.data.get("line") for event in seen[3:]] == ["one", "two"]
    await desk.submit()
    await desk.complete(held)
    rest = await desk.store.events(request_id, after=seen[-1].seq)
    assert [event.data["state"] for event in rest] == ["completed"]
    numbers = [event.seq for event in (*seen, *rest)]
    assert numbers == sorted(set(numbers))
    paged = [await desk.store.events(request_id, after=number, limit=1) for number in (0, *numbers)]
    assert [event.seq for page in paged for event in page] == numbers


async def test_event_numbers_are_not_given_twice(desk: Desk) -> None:
    """Also after the newest request, and with it the largest number, was deleted."""
    held = await bring_to(desk, State.COMPLETED)
    largest = (await desk.store.events(held.request_id))[-1].seq
    await desk.store.delete(held.request_id, ALICE.account_id)
    assert (await desk.store.events(await desk.submit()))[0].seq > largest


async def test_a_worker_is_told_whether_anybody_goes_on(desk: Desk) -> None:
    """A request that was cancelled, or deleted since, is over; one that was handed on is somebody else's."""
    handed_on = await desk.submit()
    held = await desk.claim_held(lease_ms=1)
    await asyncio.sleep(0.01)
    await desk.store.sweep()
    for tell in (desk.store.held_by(held), desk.store.beat(held, lease_ms=1, progress=0, stage="")):
        with pytest.raises(LeaseLost) as caught:
            await tell
        assert not isinstance(caught.value, Cancelled)
    await desk.store.cancel(handed_on, ALICE.account_id)

    cancelled = await desk.submit()
    held = await desk.claim_held()
    await desk.store.cancel(cancelled, ALICE.account_id, running=True)
    with pytest.raises(Cancelled):
        await desk.store.beat(held, lease_ms=1, progress=0, stage="")
    await desk.store.delete(cancelled, ALICE.account_id)
    with pytest.raises(Cancelled):
        await desk.store.held_by(held)


async def test_a_beat_is_seen_by_the_caller(desk: Desk) -> None:
    """Progress and stage, until the next attempt starts from zero."""
    request_id = await desk.submit()
    await desk.store.beat(await desk.claim_held(), lease_ms=1, progress=0.4, stage="drawing")
    job = await desk.store.job(request_id, ALICE.account_id)
    assert (job.progress, job.stage) == (0.4, "drawing")
    await asyncio.sleep(0.01)
    await desk.store.sweep()
    job = await desk.store.job(request_id, ALICE.account_id)
    assert (job.progress, job.stage, job.worker_id) == (0.0, "", None)


async def test_the_newest_picture_of_a_request_is_found_again(desk: Desk) -> None:
    """Also when later beats showed none; words in a stage are not mistaken for one."""
    request_id = await desk.submit()
    held = await desk.claim_held()
    assert await desk.store.last_preview(request_id) is None
    for shown in ("aa", "bb", ""):
        await desk.store.beat(held, lease_ms=60_000, progress=0.4, stage='"preview":"/x"', preview=shown)
    assert await desk.store.last_preview(request_id) == f"/v1/requests/{request_id}/previews/1/bb"


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


async def test_what_is_not_finished_is_counted_by_model_and_state(desk: Desk) -> None:
    """For metrics: how many, and since when the oldest."""
    await desk.submit()
    await desk.submit()
    await desk.submit(model_id="test/other")
    await desk.claim_held()
    await bring_to(desk, State.CANCELLED)
    counts = {(model_id, state): n for model_id, state, n, _ in await desk.store.load()}
    assert counts == {(MODEL, "in_queue"): 1, (MODEL, "in_progress"): 1, ("test/other", "in_queue"): 1}


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
