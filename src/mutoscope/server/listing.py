"""Requests of an account page by page, also by words: what the list of the API and the page of generations show.

No index holds the words of prompts. A search walks from the newest backwards, through so many requests in one call,
and its cursor says where it stopped; so it is bounded, and whoever goes on to the last page has searched everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from mutoscope.errors import NotFound
from mutoscope.intake import STORED
from mutoscope.jobs import Job
from mutoscope.server.wire import next_cursor
from mutoscope.site import Site
from mutoscope.store.values import Filter

SCANNED = 1000
"""Requests that one call of a search looks at."""
CHUNK = 100
"""Read at once, so that a search keeps nobody waiting."""
LONGEST_SEARCH = 200


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a list. cursor: where the next begins; None at the end, which an empty page need not be."""

    jobs: list[Job]
    cursor: str | None


async def page_of(site: Site, account_id: str, wanted: Filter, search: str = "") -> Found:
    """Requests that fit, newest first.

    search   words, each of which begins the request's id, or is in its model's id or name or in a text of its inputs;
             in small or capital letters.
    """
    words = search.casefold().split()
    if words:
        return await _searched(site, account_id, wanted, words)
    jobs = await site.store.jobs(account_id, wanted)
    last = jobs[-1] if jobs else None
    return Found(jobs, next_cursor(len(jobs) == wanted.limit, last.created_ms, last.id) if last else None)


async def _searched(site: Site, account_id: str, wanted: Filter, words: list[str]) -> Found:
    if len(words) == 1 and wanted.cursor is None and (named := await _by_id(site, account_id, wanted, words[0])):
        return Found([named], None)
    found: list[Job] = []
    place = wanted.cursor
    for _ in range(SCANNED // CHUNK):
        some = await site.store.jobs(account_id, replace(wanted, cursor=place, limit=CHUNK))
        for job in some:
            place = (job.created_ms, job.id)
            if all(_has(site, job, word) for word in words):
                found.append(job)
            if len(found) == wanted.limit:
                return Found(found, next_cursor(True, *place))
        if len(some) < CHUNK:
            return Found(found, None)
    assert place is not None
    return Found(found, next_cursor(True, *place))


async def _by_id(site: Site, account_id: str, wanted: Filter, request_id: str) -> Job | None:
    """The request of this very id, however old, if the filters let it through."""
    try:
        job = await site.store.job(request_id, account_id)
    except NotFound:
        return None
    fits = (
        wanted.model_id in (None, job.model_id)
        and wanted.key_id in (None, job.key_id)
        and wanted.state in (None, job.state)
        and (wanted.after_ms or 0) <= job.created_ms
        and (wanted.before_ms is None or job.created_ms < wanted.before_ms)
    )
    return job if fits else None


def _has(site: Site, job: Job, word: str) -> bool:
    if job.id.startswith(word) or word in job.model_id.casefold():
        return True
    names = site.catalog.get(job.model_id).names.values() if job.model_id in site.catalog else ()
    return any(word in text.casefold() for text in (*names, *texts_of(job.shown_inputs)))


def texts_of(value: Any) -> Iterator[str]:
    """Every text in a body, but for names of stored files."""
    if isinstance(value, str):
        if not value.startswith(STORED):
            yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_of(item)
