"""Deployments in the store: kept as they are, changed, deleted, and what runs of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mutoscope.errors import NotFound
from mutoscope.store import deployments
from mutoscope.store.deployments import Deployment
from tests.conformance.conftest import ALICE, BOB, Desk

pytestmark = pytest.mark.anyio


def a_deployment(**given: Any) -> Deployment:
    """One of Alice's; keywords are fields."""
    plain = Deployment(
        id="d1",
        account_id=ALICE.account_id,
        name="Häfen",
        workflow_id="w",
        workflow_version="v1",
        hardware=("AMPERE_48",),
        min_instances=0,
        max_instances=2,
        queue_size=1,
        keep_warm_s=60,
        is_enabled=True,
        workflow={"6": {"class_type": "Save", "inputs": {"text": "größer"}}},
        overrides={"6": {"inputs": {"text": "x"}}},
        readme="a\nb",
    )
    return replace(plain, **given)


async def test_a_deployment_is_kept_changed_and_deleted(desk: Desk) -> None:
    """Field by field; only for its account; a deleted one is told apart from one that never was."""
    db, kept = desk.store.db, a_deployment()
    await deployments.add(db, kept)
    found = await deployments.get(db, "d1", ALICE.account_id)
    assert replace(found, created_ms=0, updated_ms=0) == kept
    assert found.created_ms == found.updated_ms > 0
    with pytest.raises(NotFound):
        await deployments.get(db, "d1", BOB.account_id)
    with pytest.raises(NotFound):
        await deployments.change(db, replace(kept, account_id=BOB.account_id))

    await deployments.change(db, replace(kept, name="renamed", is_enabled=False, max_instances=9))
    changed = await deployments.get(db, "d1", ALICE.account_id)
    assert (changed.name, changed.is_enabled, changed.max_instances) == ("renamed", False, 9)
    assert changed.workflow == kept.workflow

    await deployments.delete(db, kept)
    assert (await deployments.get(db, "d1", ALICE.account_id)).deleted_ms
    assert await deployments.of_account(db, ALICE.account_id) == []
    assert [one.id for one in await deployments.all_that_run(db)] == ["d1"]  # what runs of it may end
    for act in (deployments.delete, deployments.change):
        with pytest.raises(NotFound):
            await act(db, kept)


async def test_what_runs_of_a_deployment_is_known(desk: Desk) -> None:
    """How many requests, and what their attempts remember."""
    deployment = a_deployment()
    await deployments.add(desk.store.db, deployment)
    request_id = await desk.submit(model_id=deployment.model_id)
    await desk.submit(model_id=deployment.model_id)
    assert await deployments.memos(desk.store.db, deployment) == {}

    job = await desk.claim(models=(deployment.model_id,))

    assert job is not None
    assert await deployments.memos(desk.store.db, deployment) == {request_id: {}}
    assert await deployments.in_progress(desk.store.db, ALICE.account_id) == {deployment.model_id: 1}
    assert await deployments.in_progress(desk.store.db, BOB.account_id) == {}
