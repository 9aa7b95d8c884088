"""What the page of a run is made from, when the run goes on meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mutoscope import lifecycle
from mutoscope.errors import NotFound
from mutoscope.jobs import Event, State
from mutoscope.store.records import Caller
from mutoscope.web.generations.details import Details, details_of
from tests.web.pages import Pages, opened

MODEL = "mutoscope/testcard"
BASE = "http://127.0.0.1"
ALICE = Caller("key-alice", "account-alice", frozenset({"run"}))


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    """A site for each test: what another left waiting would be begun instead."""
    with opened(tmp_path) as found:
        yield found


@pytest.mark.parametrize("is_early", [True, False], ids=["before its events are read", "after they were"])
def test_a_run_that_begins_meanwhile_is_not_shown_as_waiting_for_ever(
    pages: Pages, monkeypatch: pytest.MonkeyPatch, is_early: bool
) -> None:
    """A page listens to what comes after the last event it was made from: its state is as new as that event."""
    store = pages.site.store
    read = store.events

    async def begin(request_id: str, **wanted: Any) -> list[Event]:
        monkeypatch.undo()
        if is_early:
            assert await store.claim((MODEL,), "worker-1", lease_ms=60_000)
        found = await read(request_id, **wanted)
        if not is_early:
            assert await store.claim((MODEL,), "worker-1", lease_ms=60_000)
        return found

    async def look() -> tuple[Details, list[Event]]:
        submitted = await lifecycle.submit(pages.site, ALICE, MODEL, {"prompt": "x"}, base_url=BASE)
        monkeypatch.setattr(store, "events", begin)
        found = await details_of(pages.site, ALICE.account_id, submitted.request_id, BASE)
        return found, await store.events(submitted.request_id, after=found.last_event)

    found, missed = pages.runner.run(look())
    assert found.job.state is State.IN_PROGRESS or "in_progress" in [event.data.get("state") for event in missed]


def test_nobody_reads_of_a_run_of_others(pages: Pages) -> None:
    """As if there were none."""

    async def look() -> None:
        submitted = await lifecycle.submit(pages.site, ALICE, MODEL, {"prompt": "x"}, base_url=BASE)
        await details_of(pages.site, "account-bob", submitted.request_id, BASE)

    with pytest.raises(NotFound):
        pages.runner.run(look())
