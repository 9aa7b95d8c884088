"""What a chaos run left behind: every acknowledged request looked up in store and storage, every promise counted."""

from __future__ import annotations

import hashlib
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mutoscope.jobs import Event, Job, State
from mutoscope.storage.local import LocalStorage
from mutoscope.store.opening import open_database
from mutoscope.store.store import Store
from mutoscope.store.usage import Usage
from mutoscope.store.values import Filter

if TYPE_CHECKING:
    from mutoscope.bench.people import Boor, Diary, Receiver

PAGE = 200


@dataclass(frozen=True, slots=True)
class Death:
    """A worker that was killed while it held an attempt.

    at   Unix time in seconds.
    """

    request_id: str
    attempt: int
    at: float


@dataclass(frozen=True, slots=True)
class Disturbance:
    """From when to when (Unix time in seconds) something else kept requests from being handed on."""

    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Findings:
    """What happened, and what must not have.

    broken   promise: how often it was broken; all zero is what everybody hopes for.
    seen     what must have been seen at least once for the run to say anything.
    facts    further numbers.
    """

    broken: Mapping[str, int]
    seen: Mapping[str, int]
    facts: Mapping[str, object]

    @property
    def sound(self) -> bool:
        """Was every promise kept, and everything seen that had to be?"""
        return not any(self.broken.values()) and all(self.seen.values())


async def audit(
    data: Path,
    database: str,
    *,
    diary: Diary,
    receiver: Receiver,
    boor: Boor,
    faults: Counter[str],
    deaths: Sequence[Death],
    disturbances: Sequence[Disturbance],
    lease_s: float,
) -> Findings:
    """Compare what people were told with what is kept; the servers have ended."""
    store = Store(open_database(data, database))
    storage = LocalStorage(data / "files")
    try:
        account_id = await store.first_account()
        assert account_id is not None
        jobs = await _jobs(store, account_id)
        usage = {row.request_id: row for row in (await _usage(store, account_id))}
        events = {request_id: await _events(store, request_id) for request_id in jobs}
        broken = promises(jobs, events, usage, diary, told=receiver.told, forged=receiver.forged)
        broken["completed without its file"] = sum([not await _has_files(store, storage, job) for job in jobs.values()])
        broken["late result accepted"] = boor.accepted
    finally:
        await store.db.close()
    until_s = lease_s + 1
    back_s = sorted(came_back(events, undisturbed(deaths, disturbances, until_s=until_s)))
    broken["came back later than lease + 1 s"] = sum(seconds > until_s for seconds in back_s)
    states = Counter(str(job.state) for job in jobs.values())
    duplicates = sum(count - 1 for count in receiver.ids.values())
    return Findings(
        broken=broken,
        seen={
            "requests": len(diary.ids),
            "kills": sum(count for name, count in faults.items() if name.endswith("killed")),
            "late results refused": boor.refused,
            "deaths timed": len(back_s),
        },
        facts={
            "faults": dict(faults),
            "states": dict(states),
            "attempts": sum(job.attempt for job in jobs.values()),
            "cancels answered with cancelled": len(diary.cancelled),
            "submits refused, by status": dict(diary.refused),
            "submits without an answer": diary.unanswered,
            "webhooks verified": len(receiver.ids),
            "webhooks delivered again": duplicates,
            "came back after s, median": round(statistics.median(back_s), 2) if back_s else None,
            "came back after s, longest": round(back_s[-1], 2) if back_s else None,
        },
    )


def promises(
    jobs: Mapping[str, Job],
    events: Mapping[str, Sequence[Event]],
    usage: Mapping[str, Usage],
    diary: Diary,
    *,
    told: Mapping[str, Sequence[str]],
    forged: int,
) -> dict[str, int]:
    """How often each promise was broken.

    told     types of the verified webhooks of each request.
    forged   webhooks that did not verify.
    """
    ends = {request_id: _ends(told) for request_id, told in events.items()}
    charged = {request_id for request_id, row in usage.items() if row.state == "charged"}
    completed = {request_id for request_id, job in jobs.items() if job.state is State.COMPLETED}
    expected = {request_id: f"request.{job.state}" for request_id, job in jobs.items()}
    return {
        "lost": len(diary.ids - set(jobs)),
        "made twice for one Idempotency-Key": sum(len(ids) > 1 for ids in diary.acknowledged.values()),
        "not terminal": sum(not job.state.is_terminal for job in jobs.values()),
        "two terminal states": sum(len(found) > 1 for found in ends.values()),
        "state and event differ": sum(found != [jobs[i].state] for i, found in ends.items()),
        "cancelled, and yet not": sum(jobs[i].state is not State.CANCELLED for i in diary.cancelled if i in jobs),
        "charged without being completed": len(charged - completed),
        "completed without a charge": len(completed - charged),
        "held for ever": sum(row.state == "held" for row in usage.values()),
        "webhook missing": len(set(jobs) - set(told)),
        "webhook wrong": sum(any(kind != expected.get(i) for kind in kinds) for i, kinds in told.items()),
        "webhook that does not verify": forged,
    }


def _ends(events: Sequence[Event]) -> list[State]:
    states = [State(event.data["state"]) for event in events if event.kind == "state"]
    return [state for state in states if state.is_terminal]


def undisturbed(deaths: Sequence[Death], others: Sequence[Disturbance], *, until_s: float) -> list[Death]:
    """The deaths that nothing else overlapped, from a second before to `until_s` after."""
    return [
        death
        for death in deaths
        if not any(other.began < death.at + until_s and death.at < other.ended + 1 for other in others)
    ]


def came_back(events: Mapping[str, Sequence[Event]], deaths: Sequence[Death]) -> list[float]:
    """Seconds from a worker's death until its attempt was taken from it."""
    found = []
    for death in deaths:
        for event in events.get(death.request_id, ()):
            state = event.data.get("state") if event.kind == "state" else None
            if event.at_ms / 1000 >= death.at and state is not None:
                if state != State.COMPLETED:  # it had handed in its result before it died
                    found.append(event.at_ms / 1000 - death.at)
                break
    return found


async def _has_files(store: Store, storage: LocalStorage, job: Job) -> bool:
    """Are the outputs of a completed request on record and in the storage, byte for byte?"""
    if job.state is not State.COMPLETED:
        return True
    files = {file.id: file for file in await store.files_of(job.id)}
    assert job.result is not None
    for file_id in job.result["outputs"]:
        if file_id not in files:
            return False
        digest = hashlib.sha256()
        try:
            async for chunk in await storage.open(files[file_id].key):
                digest.update(chunk)
        except Exception:  # whatever is wrong with it, it is not there
            return False
        if digest.hexdigest() != files[file_id].sha256:
            return False
    return bool(job.result["outputs"])


async def _jobs(store: Store, account_id: str) -> dict[str, Job]:
    jobs: dict[str, Job] = {}
    cursor = None
    while True:
        page = await store.jobs(account_id, Filter(cursor=cursor, limit=PAGE))
        jobs |= {job.id: job for job in page}
        if len(page) < PAGE:
            return jobs
        cursor = (page[-1].created_ms, page[-1].id)


async def _usage(store: Store, account_id: str) -> list[Usage]:
    rows, _ = await store.usage(account_id, from_ms=None, to_ms=None, limit=10**9)
    return rows


async def _events(store: Store, request_id: str) -> list[Event]:
    events: list[Event] = []
    while page := await store.events(request_id, after=events[-1].seq if events else 0, limit=PAGE):
        events += page
    return events
