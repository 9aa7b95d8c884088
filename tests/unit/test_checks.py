"""Addresses that wait for somebody to look at them: who asks, who answers, who gives up."""

from __future__ import annotations

import asyncio

import pytest

from mutoscope import checks
from mutoscope.checks import Checks
from mutoscope.errors import EngineUnavailable, RateLimited, TimedOut
from mutoscope.protocol import Checked

pytestmark = pytest.mark.anyio
URL = "https://example.com/a.jpg"


@pytest.fixture
def anyio_backend() -> str:
    """asyncio, as in the server."""
    return "asyncio"


@pytest.fixture
def desk() -> Checks:
    """A worker is there."""
    made = Checks()
    made.heard("worker-1")
    return made


async def test_an_answer_reaches_whoever_asked(desk: Checks) -> None:
    """In any order; a second answer finds nobody."""
    first = asyncio.create_task(desk.ask("key", URL, "image"))
    second = asyncio.create_task(desk.ask("key", URL + "2", "video"))
    await asyncio.sleep(0)
    one, two = desk.take(), desk.take()
    assert one is not None
    assert two is not None
    assert (one.url, two.kind) == (URL, "video")
    assert desk.take() is None
    assert desk.answer(two.check_id, Checked(error="two"))
    assert desk.answer(one.check_id, Checked(error="one"))
    assert not desk.answer(one.check_id, Checked(error="again"))
    assert [(await first).error, (await second).error] == ["one", "two"]


async def test_whoever_waits_is_woken(desk: Checks) -> None:
    """A worker's long poll ends with the question."""
    with desk.news() as news:
        asked = asyncio.create_task(desk.ask("key", URL, "image"))
        await news.wait()
    check = desk.take()
    assert check is not None
    desk.answer(check.check_id, Checked())
    assert (await asked).media is None


async def test_without_an_answer_the_question_is_withdrawn(desk: Checks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks at it afterwards, and an answer that comes late finds nobody."""
    monkeypatch.setattr(checks, "ANSWER_S", 0.01)
    with pytest.raises(TimedOut):
        await desk.ask("key", URL, "image")
    assert desk.take() is None
    asked = asyncio.create_task(desk.ask("key", URL, "image"))
    await asyncio.sleep(0)
    check = desk.take()
    assert check is not None
    with pytest.raises(TimedOut):
        await asked
    assert not desk.answer(check.check_id, Checked())


async def test_without_a_worker_nobody_waits() -> None:
    """It is said at once."""
    with pytest.raises(EngineUnavailable):
        await Checks().ask("key", URL, "image")


async def test_a_key_pays_for_what_it_asks(desk: Checks) -> None:
    """One key's excess is no other key's loss; four at once are the most."""
    desk.per_minute = 5
    waiting = [asyncio.create_task(desk.ask("greedy", URL, "image")) for _ in range(4)]
    await asyncio.sleep(0)
    with pytest.raises(RateLimited) as refused:
        await desk.ask("greedy", URL, "image")
    assert refused.value.retry_after_s
    modest = asyncio.create_task(desk.ask("modest", URL, "image"))
    await asyncio.sleep(0)
    while check := desk.take():
        desk.answer(check.check_id, Checked())
    await asyncio.gather(*waiting, modest)
    fifth = asyncio.create_task(desk.ask("greedy", URL, "image"))
    await asyncio.sleep(0)
    check = desk.take()
    assert check is not None
    desk.answer(check.check_id, Checked())
    await fifth
    with pytest.raises(RateLimited, match="5 addresses checked per minute"):
        await desk.ask("greedy", URL, "image")
