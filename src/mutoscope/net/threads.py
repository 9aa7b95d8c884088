"""Calls that wait for strangers, beside an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from mutoscope.errors import MediaError
from mutoscope.net.door import Downloaded, download
from mutoscope.net.rules import Policy

T = TypeVar("T")


async def in_thread(call: Callable[[], T]) -> T:
    """Run a call in a thread of its own, that nobody waits for at the end of the program.

    The loop's own threads are few, and files are read and written by them: a slow stranger must not hold one.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(told: Callable[[], None]) -> None:
        if not future.done():
            told()

    def work() -> None:
        try:
            answer = call()
        except BaseException as exc:
            failure = exc
            told: Callable[[], None] = lambda: future.set_exception(failure)  # noqa: E731 - one of two
        else:
            told = lambda: future.set_result(answer)  # noqa: E731 - the other
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, told)

    threading.Thread(target=work, name="net", daemon=True).start()
    return await future


async def fetch(url: str, target: Path, policy: Policy) -> Downloaded:
    """`download` beside the event loop; it ends with the task that waits for it. Raises MediaError."""
    over = threading.Event()

    def check() -> None:
        if over.is_set():
            raise MediaError("nobody waits for it any more", rule="cancelled")

    try:
        return await in_thread(lambda: download(url, target, policy, check=check))
    finally:
        over.set()
