"""The chaos program's own parts: an audit that sees every broken promise, a cable that does what it says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from mutoscope.bench.audit import Death, Disturbance, came_back, promises, undisturbed
from mutoscope.bench.cable import Cable
from mutoscope.bench.people import Diary
from mutoscope.jobs import Event, Job, State
from mutoscope.store.usage import Usage

pytestmark = pytest.mark.anyio

ZERO = Job(
    id="r1",
    account_id="a",
    key_id="k",
    model_id="m",
    state=State.COMPLETED,
    priority=0,
    created_ms=0,
    started_ms=1,
    finished_ms=2,
    attempt=1,
    max_attempts=3,
    time_limit_s=60,
    worker_id=None,
    seed=1,
    inputs={},
    ignored_inputs=(),
    body_sha256="",
    progress=1.0,
    stage="",
    result={"outputs": ["f"]},
    error=None,
    cost_microusd=0,
)


class Books:
    """What everybody knows of one request that went well; a test spoils one of them."""

    def __init__(self) -> None:
        self.jobs = {"r1": ZERO}
        self.events = {"r1": [event(1, State.IN_QUEUE), event(2, State.IN_PROGRESS), event(3, State.COMPLETED)]}
        self.usage = {"r1": Usage("r1", "m", "k", 0, "charged", 1, "clip", 0)}
        self.diary = Diary(acknowledged={"key": {"r1"}})
        self.told = {"r1": ["request.completed"]}
        self.forged = 0

    def broken(self) -> set[str]:
        """The promises that were broken."""
        found = promises(self.jobs, self.events, self.usage, self.diary, told=self.told, forged=self.forged)
        return {name for name, count in found.items() if count}


def event(seq: int, state: State) -> Event:
    """A move of r1 at second `seq`."""
    return Event(seq, "r1", seq * 1000, "state", {"state": str(state)})


def usage_is(state: str) -> Any:
    """Spoils the usage row."""
    return lambda books: books.usage.update(r1=replace(books.usage["r1"], state=state))


def test_books_in_order_break_no_promise() -> None:
    """Nothing is found where nothing is wrong."""
    assert Books().broken() == set()


@pytest.mark.parametrize(
    ("spoil", "promise"),
    [
        (lambda books: books.diary.acknowledged.update(other={"r2"}), "lost"),
        (lambda books: books.diary.acknowledged["key"].add("r2"), "made twice for one Idempotency-Key"),
        (lambda books: books.jobs.update(r1=replace(ZERO, state=State.IN_QUEUE)), "not terminal"),
        (lambda books: books.events["r1"].append(event(4, State.FAILED)), "two terminal states"),
        (lambda books: books.events["r1"].pop(), "state and event differ"),
        (lambda books: books.diary.cancelled.add("r1"), "cancelled, and yet not"),
        (lambda books: books.jobs.update(r1=replace(ZERO, state=State.FAILED)), "charged without being completed"),
        (usage_is("released"), "completed without a charge"),
        (usage_is("held"), "held for ever"),
        (lambda books: books.told.clear(), "webhook missing"),
        (lambda books: books.told["r1"].append("request.failed"), "webhook wrong"),
        (lambda books: setattr(books, "forged", 1), "webhook that does not verify"),
    ],
)
def test_each_broken_promise_is_seen(spoil: Any, promise: str) -> None:
    """An audit that cannot fail would be worth nothing."""
    books = Books()
    spoil(books)
    assert promise in books.broken()


def test_only_deaths_that_nothing_else_delayed_are_timed() -> None:
    """A server that was away at the time says nothing about leases."""
    death = Death("r1", 1, at=10.0)
    away = [Disturbance(13.5, 20.0), Disturbance(0.0, 8.5)]
    assert undisturbed([death], away, until_s=3.0) == [death]
    assert undisturbed([death], [Disturbance(12.9, 20.0)], until_s=3.0) == []
    assert undisturbed([death], [Disturbance(0.0, 9.5)], until_s=3.0) == []


def test_the_time_until_an_attempt_is_taken_back() -> None:
    """From the death to the next move; a result that was handed in before death is none."""
    moves = {"r1": [event(1, State.IN_PROGRESS), event(4, State.IN_QUEUE), event(9, State.COMPLETED)]}
    assert came_back(moves, [Death("r1", 1, at=1.5)]) == [2.5]
    assert came_back(moves, [Death("r1", 1, at=5.0)]) == []


@pytest.fixture
def anyio_backend() -> str:
    """The cable is made of asyncio."""
    return "asyncio"


@pytest.fixture
async def cable(anyio_backend: str) -> AsyncIterator[Cable]:
    """A cable to an echo."""
    del anyio_backend

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(1024):
            writer.write(chunk)
        writer.transport.abort()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    cable = Cable(server.sockets[0].getsockname()[1])
    await cable.lay()
    yield cable
    await cable.close()
    server.close()


async def test_a_silent_cable_loses_nothing_and_a_cut_one_ends_connections(cable: Cable) -> None:
    """What was sent while it was silent arrives afterwards; a cut is a reset, and nobody gets through after it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
    writer.write(b"one")
    assert await reader.readexactly(3) == b"one"
    cable.become("silent")
    writer.write(b"two")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.readexactly(3), 0.1)
    cable.become("sound")
    assert await reader.readexactly(3) == b"two"
    cable.become("cut")
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    again, late = await asyncio.open_connection("127.0.0.1", cable.port)
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await again.readexactly(1)
    for end in (writer, late):
        end.transport.abort()
