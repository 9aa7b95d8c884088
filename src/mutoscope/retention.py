"""How long things are kept, and how they go: rows first, then bytes, so that no row points at missing bytes.

`remove` is what deleting a request means, whoever asks; `Retention` asks for what is old enough, by the operator's
settings; `collect` finds bytes that no row knows. What a request cost stays on record in every case.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from mutoscope import intake
from mutoscope.errors import Conflict, NotFound
from mutoscope.site import Site
from mutoscope.store.expiry import START, Expiry, Finished, Place

PAGE = 100
"""Rows looked at in one go; a write of this many keeps nobody waiting."""


@dataclass(frozen=True, slots=True)
class Keep:
    """How many seconds each kind of thing is kept; 0: until somebody deletes it.

    requests_s     finished requests, with all that belongs to them.
    outputs_s      what finished requests made; how it was made stays told.
    inputs_s       what finished requests were asked for: bodies, and files that came inside them.
    uploads_s      uploaded files, as long as no unfinished request needs them.
    events_s       progress and log lines of finished requests.
    deliveries_s   webhooks that were delivered or failed.
    """

    requests_s: int = 0
    outputs_s: int = 0
    inputs_s: int = 0
    uploads_s: int = 0
    events_s: int = 0
    deliveries_s: int = 0


class Retention:
    """Removes what is old enough, a little at a time; several servers may do it on one database."""

    def __init__(self, site: Site, keep: Keep) -> None:
        self._site = site
        self._keep = keep
        self._expiry = Expiry(site.store.db)
        self._seen: dict[tuple[str, ...], Place] = {}
        """Up to where outputs and inputs have gone: the requests stay, and need not be looked at again."""
        self._events_done = 0

    async def run(self) -> Counter[str]:
        """One round through everything; how many of each kind went."""
        keep, gone = self._keep, Counter[str]()
        if keep.requests_s:
            gone["requests"] = await self._requests(keep.requests_s * 1000)
        if keep.outputs_s:
            gone["outputs"] = await self._parts(
                ("output", "poster"), keep.outputs_s * 1000, self._expiry.forget_outputs
            )
        if keep.inputs_s:
            gone["inputs"] = await self._parts(("input",), keep.inputs_s * 1000, self._expiry.forget_inputs)
        if keep.uploads_s:
            gone["uploads"] = await self._uploads(keep.uploads_s * 1000)
        if keep.events_s:
            gone["events"] = await self._events(keep.events_s * 1000)
        if keep.deliveries_s:
            gone["deliveries"] = await self._deliveries(keep.deliveries_s * 1000)
        return +gone

    async def _requests(self, keep_ms: int) -> int:
        gone = 0
        async for request in self._finished(keep_ms, START):
            if await self._is_needed(request.id):
                continue
            try:
                await remove(self._site, request.id, request.account_id)
            except (NotFound, Conflict):
                continue  # its owner, or another server, was faster
            gone += 1
        return gone

    async def _is_needed(self, request_id: str) -> bool:
        files = await self._site.store.files_of(request_id)
        return any([await self._expiry.is_in_use(file.id) for file in files])

    async def _parts(self, roles: tuple[str, ...], keep_ms: int, forget: Callable[[str], Awaitable[None]]) -> int:
        """The files of these roles of what finished long enough ago, then what the request's row says about them."""
        gone, is_whole = 0, True
        async for request in self._finished(keep_ms, self._seen.get(roles, START)):
            is_free = True
            for file in await self._site.store.files_of(request.id):
                if file.role in roles:
                    is_free = await self._delete(file.id, file.key) and is_free
            if is_free:
                await forget(request.id)
                gone += 1
            is_whole = is_whole and is_free
            if is_whole:
                self._seen[roles] = (request.finished_ms, request.id)
        return gone

    async def _uploads(self, keep_ms: int) -> int:
        gone, after = 0, START
        while found := await self._expiry.uploads(keep_ms=keep_ms, after=after, limit=PAGE):
            for file in found:
                gone += await self._delete(file.id, file.key)
            after = (found[-1].created_ms, found[-1].id)
        return gone

    async def _events(self, keep_ms: int) -> int:
        gone, after, is_whole = 0, self._events_done, True
        while True:
            page = await self._expiry.delete_events(keep_ms=keep_ms, after=after, limit=PAGE)
            gone += page.gone
            if is_whole:
                self._events_done = page.done
            if page.after is None:
                return gone
            is_whole = is_whole and page.done == page.after
            after = page.after

    async def _deliveries(self, keep_ms: int) -> int:
        gone = 0
        while went := await self._expiry.delete_deliveries(keep_ms=keep_ms, limit=PAGE):
            gone += went
        return gone

    async def _finished(self, keep_ms: int, after: Place) -> AsyncIterator[Finished]:
        while found := await self._expiry.finished(keep_ms=keep_ms, after=after, limit=PAGE):
            for request in found:
                yield request
            after = (found[-1].finished_ms, found[-1].id)

    async def _delete(self, file_id: str, key: str) -> bool:
        """A file, unless an unfinished request needs it. Each takes a turn of the loop: nobody waits for us."""
        await asyncio.sleep(0)
        if not await self._expiry.delete_unused_file(file_id):
            return False
        await self._site.storage.delete(key)
        return True


async def remove(site: Site, request_id: str, account_id: str) -> None:
    """A finished request with its files; what it cost stays on record. Raises NotFound, Conflict."""
    files = await site.store.files_of(request_id)
    await site.store.delete(request_id, account_id)
    await intake.forget(site, files)


async def collect(site: Site, *, before_s: float) -> int:
    """Remove what a crash left in the storage, of files stored before this time; how many there were."""
    found = 0
    async for key in site.storage.keys(before_s=before_s):
        kind, ident, *_ = key.split("/")
        file_id = key.split("/")[-2]
        if not await site.store.is_wanted(file_id, ident if kind == "outputs" else None):
            await site.store.delete_file(file_id)
            await site.storage.delete(key)
            found += 1
    return found + await site.storage.abort_unfinished(before_s=before_s)
