"""All files of one storage into another: each is read back before it counts, and a copy that broke off goes on."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable

from mutoscope.errors import MutoscopeError, NotFound
from mutoscope.storage.base import Storage

AT_ONCE = 8
TRIES = 3
MOST_BYTES = 1 << 50


class Differs(MutoscopeError):
    """What was read back is not what was written."""


async def copy(source: Storage, target: Storage, *, say: Callable[[str], None]) -> Counter[str]:
    """Copy every file that the target lacks. Returns how many were `copied`, `there` already, and `failed`.

    A file is there when it has the same size: files come whole or not at all, and never change. One that the source
    loses meanwhile was deleted, and is no failure. say: told of each file that fails, and how far it is.
    """
    told, places, running = Counter[str](), asyncio.Semaphore(AT_ONCE), set[asyncio.Task[None]]()

    async def one(key: str) -> None:
        try:
            told[await _copied(source, target, key)] += 1
        except (MutoscopeError, OSError) as exc:
            told["failed"] += 1
            say(f"{key}: {exc}")
        finally:
            places.release()
        if told.total() % 1000 == 0:
            say(f"{told.total()} files looked at")

    try:
        async for key in source.keys(before_s=time.time() + 86400):
            await places.acquire()
            task = asyncio.create_task(one(key))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)
    finally:
        for task in running:
            task.cancel()
    return told


async def _copied(source: Storage, target: Storage, key: str) -> str:
    try:
        size = await source.size(key)
    except NotFound:
        return "gone"
    try:
        if await target.size(key) == size:
            return "there"
        await target.delete(key)
    except NotFound:
        pass
    for left in reversed(range(TRIES)):
        try:
            put = await target.put(key, await source.open(key), limit_bytes=MOST_BYTES)
            if put.size_bytes != size or await _sha256(await target.open(key)) != put.sha256:
                await target.delete(key)
                raise Differs(f"{size} bytes were sent, and others read back")
        except (MutoscopeError, OSError):
            if not left:
                raise
            await asyncio.sleep(1.0)
        else:
            break
    return "copied"


async def _sha256(chunks: AsyncIterator[bytes]) -> str:
    digest = hashlib.sha256()
    async for chunk in chunks:
        await asyncio.to_thread(digest.update, chunk)
    return digest.hexdigest()
