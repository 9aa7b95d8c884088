"""What is to be taken back elsewhere reaches a worker, also when the first one dies with it."""

from __future__ import annotations

import asyncio

import pytest

from mutoscope import withdrawals
from mutoscope.protocol import Withdrawal
from mutoscope.withdrawals import TRIES, Withdrawals

pytestmark = pytest.mark.anyio
ONE = Withdrawal("one", "upstream", {}, {"upstream": {"job": "far"}})


async def handed_out(site: Withdrawals) -> Withdrawal:
    """The next one, waiting for it."""
    with site.news() as news:
        while (found := site.take({"upstream"})) is None:
            await asyncio.wait_for(news.wait(), 30)
            news.clear()
    return found


async def test_what_nobody_carried_out_is_handed_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that was killed a moment ago may still seem to wait; but not for ever."""
    monkeypatch.setattr(withdrawals, "CARRIED_OUT_S", 0.0)
    site = Withdrawals()
    site.add(ONE)
    for _ in range(TRIES):
        assert await handed_out(site) == ONE
    await asyncio.sleep(0.01)
    assert site.take({"upstream"}) is None


async def test_what_was_carried_out_is_done() -> None:
    """Nothing is left of it; and it goes only to a worker with its engine."""
    site = Withdrawals()
    site.add(ONE)
    assert site.take({"comfyui"}) is None
    assert await handed_out(site) == ONE
    site.done(ONE.request_id)
    assert (site.take({"upstream"}), site._taken, site._tries) == (None, {}, {})
