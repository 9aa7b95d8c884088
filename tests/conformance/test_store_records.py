"""What every store promises about accounts, keys and files."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from mutoscope.errors import NotFound
from mutoscope.store import usage
from mutoscope.store.records import Key
from mutoscope.store.values import Charge, Held

from .conftest import ALICE, BOB, MODEL, Desk, Person

pytestmark = pytest.mark.anyio


async def add_key(desk: Desk, who: Person = ALICE, *, secret: str = "hash", expires_in_ms: int | None = None) -> Key:
    """A key that is recognised by this hash."""
    key = Key(uuid.uuid4().hex, "laptop", "mk_abcd", ("run", "read"), 0, None, None)
    return await desk.store.add_key(key, account_id=who.account_id, key_sha256=secret, expires_in_ms=expires_in_ms)


async def test_a_key_opens_its_account_with_its_scopes(desk: Desk) -> None:
    """By its hash, and by nothing else."""
    key = await add_key(desk)
    caller = await desk.store.caller("hash")
    assert caller is not None
    assert (caller.key_id, caller.account_id, caller.scopes) == (key.id, ALICE.account_id, frozenset({"run", "read"}))
    assert await desk.store.caller("another hash") is None
    assert key.created_ms > 0


async def test_a_revoked_key_opens_nothing(desk: Desk) -> None:
    """From that moment on; revoking it again finds nothing to revoke, and it stays on the list."""
    key = await add_key(desk)
    await desk.store.revoke_key(key.id, ALICE.account_id)
    assert await desk.store.caller("hash") is None
    with pytest.raises(NotFound):
        await desk.store.revoke_key(key.id, ALICE.account_id)
    (listed,) = await desk.store.keys(ALICE.account_id)
    assert listed.revoked_ms is not None


async def test_a_key_expires_by_itself(desk: Desk) -> None:
    """By the clock of the database, which says when it is made and when it is over."""
    await add_key(desk, secret="short", expires_in_ms=1)
    await asyncio.sleep(0.01)
    assert await desk.store.caller("short") is None
    await add_key(desk, expires_in_ms=3_600_000)
    assert await desk.store.caller("hash") is not None
    assert desk.raw("update api_keys set expires_ms = 1") == 2
    assert await desk.store.caller("hash") is None


async def test_nobody_revokes_a_strangers_key(desk: Desk) -> None:
    """Not by its id, and not with all of one's own."""
    key = await add_key(desk)
    await add_key(desk, BOB, secret="bobs")
    with pytest.raises(NotFound):
        await desk.store.revoke_key(key.id, BOB.account_id)
    assert await desk.store.revoke_all_keys(BOB.account_id) == 1
    assert await desk.store.caller("hash") is not None
    assert await desk.store.caller("bobs") is None


async def test_keys_are_listed_oldest_first_for_their_account_only(desk: Desk) -> None:
    """Revoked or not."""
    keys = []
    for n in range(3):
        keys.append(await add_key(desk, secret=f"hash-{n}"))
        await asyncio.sleep(0.002)
    await add_key(desk, BOB, secret="bobs")
    assert [key.id for key in await desk.store.keys(ALICE.account_id)] == [key.id for key in keys]


async def test_an_account_is_opened_once(desk: Desk) -> None:
    """Ten who ask for the same name at once get the same account; the first of all is the owner's."""
    owner = await desk.store.open_account("owner")
    await asyncio.sleep(0.002)
    ids = await asyncio.gather(*(desk.store.open_account("team") for _ in range(10)))
    assert len(set(ids)) == 1
    assert await desk.store.account("team") == ids[0]
    assert await desk.store.account("nobody") is None
    assert await desk.store.first_account() == owner


async def test_a_secret_of_the_site_is_made_once(desk: Desk) -> None:
    """Whoever comes second gets the first one's."""
    secrets = await asyncio.gather(*(desk.store.secret("file_urls", f"secret-{n}") for n in range(10)))
    assert len(set(secrets)) == 1
    assert await desk.store.secret("another", "other") == "other"


async def test_a_file_is_on_record_until_it_is_deleted(desk: Desk) -> None:
    """With what probing found; deleting twice is no error."""
    file = await desk.store.add_file(desk.file())
    assert file.created_ms > 0
    assert await desk.store.file(file.id) == file
    await desk.store.delete_file(file.id)
    await desk.store.delete_file(file.id)
    with pytest.raises(NotFound):
        await desk.store.file(file.id)


async def test_usage_is_summed_by_day_model_and_key(desk: Desk) -> None:
    """Only what was completed has a quantity and a cost; other accounts' rows and other times are left out."""
    for model_id in (MODEL, "test/other"):
        await desk.submit(model_id=model_id)
        job = await desk.claim(models=(model_id,))
        assert job is not None
        held = Held(job.id, "worker-1", job.attempt)
        await desk.store.complete(held, result={}, charge=Charge(2.5, "second", 40), files=[])
    await desk.submit()
    await desk.submit(BOB)
    now_ms = await desk.store.now_ms()
    days = await usage.summary(desk.store.db, ALICE.account_id, from_ms=0, to_ms=now_ms + usage.DAY_MS)
    assert [(day.model_id, day.requests, day.charged, day.quantity, day.unit, day.cost_microusd) for day in days] == [
        (MODEL, 2, 1, 2.5, "second", 40),
        ("test/other", 1, 1, 2.5, "second", 40),
    ]
    assert {day.day for day in days} <= {now_ms // usage.DAY_MS, now_ms // usage.DAY_MS - 1}
    assert {day.key_id for day in days} == {ALICE.key_id}
    assert await usage.summary(desk.store.db, ALICE.account_id, from_ms=0, to_ms=1) == []
