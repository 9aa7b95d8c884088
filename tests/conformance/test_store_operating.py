"""What every store promises about what the operator changes, and what the operator sees."""

from __future__ import annotations

import pytest

from mutoscope.store import operating
from mutoscope.store.operating import ModelChange
from mutoscope.store.records import Key

from .conftest import ALICE, MODEL, Desk

pytestmark = pytest.mark.anyio
ENGINE = {"name": "other", "inputs": {"prompt": "words"}, "settings": {"crf": 20}}


async def test_a_change_of_a_model_is_kept_and_taken_back(desk: Desk) -> None:
    """Each part by itself, the last word counts; a model as its manifest has it leaves nothing behind."""
    db = desk.store.db
    assert await operating.model_changes(db) == {}
    for change in (
        ModelChange(MODEL, enabled=False),
        ModelChange(MODEL, enabled=True, engine=ENGINE),
        ModelChange(MODEL, base_price_usd=0.125),
        ModelChange("another", base_price_usd=0.0),
    ):
        await operating.change_model(db, change)
        assert (await operating.model_changes(db))[change.model_id] == change
    assert set(await operating.model_changes(db)) == {MODEL, "another"}
    await operating.change_model(db, ModelChange(MODEL))
    assert set(await operating.model_changes(db)) == {"another"}


async def test_limits_are_kept_and_taken_back(desk: Desk) -> None:
    """Also ones beyond 32 bits; several at once."""
    db = desk.store.db
    await operating.change_limits(db, {"max_queued": 7, "min_free_bytes": 2**40})
    assert await operating.limit_changes(db) == {"max_queued": 7, "min_free_bytes": 2**40}
    await operating.change_limits(db, {"max_queued": None, "min_free_bytes": 1, "file_url_ttl_s": None})
    assert await operating.limit_changes(db) == {"min_free_bytes": 1}


async def test_the_operator_sees_accounts_and_what_runs(desk: Desk) -> None:
    """How many keys open something, what was spent, which worker has what."""
    store = desk.store
    account_id = await store.open_account("alice")
    for secret in ("one", "two"):
        key = Key(secret, "laptop", "mk_abcd", ("run",), 0, None, None)
        await store.add_key(key, account_id=account_id, key_sha256=secret, expires_in_ms=None)
    await store.revoke_key("two", account_id)
    job = desk.job(account_id=account_id, key_id="one")
    await store.submit(job)
    held = await desk.claim_held("worker-9")
    (line,) = await operating.running(store.db, limit=10)
    assert (line.request_id, line.model_id, line.account, line.worker_id, line.attempt) == (
        job.id, MODEL, "alice", "worker-9", 1,
    )  # fmt: skip
    await desk.complete(held, cost_microusd=40)
    assert await operating.running(store.db, limit=10) == []
    (account,) = await operating.accounts(store.db)
    assert (account.id, account.name, account.keys, account.spent_microusd) == (account_id, "alice", 1, 40)


async def test_a_request_remembers_the_price_of_its_submit(desk: Desk) -> None:
    """And one of the time before remembers none."""
    priced = await desk.submit(base_price_usd=0.15)
    old = await desk.submit()
    assert (await desk.store.job(priced, ALICE.account_id)).base_price_usd == 0.15
    assert (await desk.store.job(old, ALICE.account_id)).base_price_usd is None
