"""A place on a cluster, played without Ray: an actor is a plain class until a cluster makes it one."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import ParamSpec

import pytest

from mutoscope.fleet import actor
from mutoscope.fleet.actor import NEVER_STARTED, Slot
from tests.http.calls import until

P = ParamSpec("P")
TOLD = {
    "MUTOSCOPE_WORKER_ID": "farm.a",
    "MUTOSCOPE_WORKER_SERVER": "http://127.0.0.1:9",
    "MUTOSCOPE_WORKER_ENGINES": "testcard",
}


def awaited(story: Callable[P, Coroutine[None, None, None]]) -> Callable[P, None]:
    """The test, in a loop of its own."""

    @functools.wraps(story)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(story(*args, **kwargs))

    return run


@awaited
async def test_a_gpu_that_is_too_small_is_said_and_nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """No machine has so much."""
    monkeypatch.setattr(actor, "START_S", 0.01)
    slot = Slot(TOLD, 99_999.0)
    assert (await slot.start("wt_x")).endswith("the model needs 99999 GiB")
    assert await slot.wait() == NEVER_STARTED


@awaited
async def test_whoever_is_drained_before_it_starts_never_does() -> None:
    """And says so at once."""
    slot = Slot(TOLD, 0.0)
    waiting = asyncio.ensure_future(slot.wait())
    await slot.drain()
    assert await asyncio.wait_for(waiting, 5) == NEVER_STARTED
    assert await slot.start("wt_x") == ""
    assert (await slot.hello())["is_started"] is False


@awaited
async def test_an_actor_that_nobody_starts_says_so_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever made it has died."""
    monkeypatch.setattr(actor, "START_S", 0.01)
    assert await Slot(TOLD, 0.0).wait() == NEVER_STARTED


@pytest.mark.slow
@awaited
async def test_a_worker_is_started_once_and_drained_once(tmp_path: Path) -> None:
    """Its environment and its command line hold no token; a second drain would be urgent, and is none."""
    slot = Slot(TOLD | {"MUTOSCOPE_WORKER_FOLDER": str(tmp_path)}, 0.0)
    assert await slot.start("wt_secret") == ""
    process = slot._process
    assert process is not None
    for name in ("environ", "cmdline"):
        if (path := Path("/proc") / str(process.pid) / name).exists() and os.access(path, os.R_OK):
            assert b"wt_secret" not in path.read_bytes()
    assert await slot.start("wt_secret") == ""
    assert slot._process is process
    await asyncio.to_thread(until, lambda: list(tmp_path.iterdir()))
    await slot.drain()
    await slot.drain()
    assert await asyncio.wait_for(slot.wait(), 60) in (0, -15)


@pytest.mark.slow
@awaited
async def test_a_worker_ends_with_its_actor(tmp_path: Path) -> None:
    """However that ended: the pipe is closed by whoever buries it."""
    slot = Slot(TOLD | {"MUTOSCOPE_WORKER_FOLDER": str(tmp_path)}, 0.0)
    assert await slot.start("wt_secret") == ""
    await asyncio.to_thread(until, lambda: list(tmp_path.iterdir()))
    os.close(slot._alive_fd)
    assert await asyncio.wait_for(slot.wait(), 60) == 1


def test_nothing_of_it_is_an_exit_code_of_a_worker() -> None:
    """Those are -signal to 255."""
    assert NEVER_STARTED < -64
