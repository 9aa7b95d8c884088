"""Searching a history: every word must fit, a call looks at so much and no more, and its cursor leads to the rest."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mutoscope.catalog import Catalog
from mutoscope.jobs import NewJob
from mutoscope.server import listing
from mutoscope.server.listing import page_of
from mutoscope.server.wire import Query
from mutoscope.store.store import Store
from mutoscope.store.values import Filter
from tests import sqlite

pytestmark = pytest.mark.anyio
ME = "account"
NUMBERS = itertools.count(1)
"""Ids grow, so that those of one millisecond are listed as they came."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def site(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Any]:
    """A site as far as a list needs one."""
    database = sqlite.fresh(tmp_path / "mutoscope.db")
    yield SimpleNamespace(store=Store(database), catalog=Catalog([]))
    await database.close()


async def add(site: Any, account_id: str = ME, **inputs: Any) -> str:
    job = NewJob(str(uuid.UUID(int=next(NUMBERS) << 96)), account_id, "key", "studio/film", inputs, (), 1, None, "")
    return str((await site.store.submit(job)).request_id)


def place(cursor: str) -> Any:
    """What a cursor stands for."""
    return Query(SimpleNamespace(query_params={"cursor": cursor})).cursor()  # type: ignore[arg-type]


async def found(site: Any, search: str, **wanted: Any) -> list[str]:
    return [job.id for job in (await page_of(site, ME, Filter(**wanted), search)).jobs]


async def test_every_word_must_fit_somewhere(site: Any) -> None:
    """In texts at any depth, in any case of letters, in the model; names of fields and of stored files are no texts."""
    first = await add(site, prompt="Ein ÄLTERES Haus", shots=[{"words": "zoom"}], picture="mutoscope-file:abcdef")
    second = await add(site, prompt="a house")
    await add(site, "somebody else", prompt="a house zoom")
    assert await found(site, "älteres ZOOM") == [first]
    assert await found(site, "house film") == [second]
    assert await found(site, "zoom house") == []
    assert await found(site, "prompt") == await found(site, "abcdef") == []
    assert sorted(await found(site, "STUDIO")) == sorted([first, second])


async def test_an_id_is_found_by_how_it_begins(site: Any) -> None:
    """And a whole one at once, if the filters let it through."""
    first, _ = await add(site), await add(site)
    other = await add(site, "somebody else")
    assert first in await found(site, first[:9])
    assert await found(site, first) == [first]
    assert await found(site, first, state="completed") == await found(site, first, key_id="other") == []
    assert await found(site, other) == []


async def test_one_call_looks_at_so_many_and_the_next_goes_on(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever follows the cursors has searched everything, and found each once."""
    monkeypatch.setattr(listing, "SCANNED", 20)
    monkeypatch.setattr(listing, "CHUNK", 5)
    made = [await add(site, prompt="needle" if n in (1, 2, 30, 44) else "hay") for n in range(45)]
    seen: list[list[str]] = []
    cursor: Any = None
    for _ in range(10):
        page = await page_of(site, ME, Filter(limit=1, cursor=cursor), "needle")
        seen.append([job.id for job in page.jobs])
        if page.cursor is None:
            break
        cursor = place(page.cursor)
    assert [request_id for ids in seen for request_id in ids] == [made[44], made[30], made[2], made[1]]
    assert [] in seen, "a page without a hit still leads on"
