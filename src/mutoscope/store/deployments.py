"""Deployments: workflows of an account as an API of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import orjson

from mutoscope.errors import NotFound
from mutoscope.store.database import Database

UNSETTLED_MS = 3000
"""Two changes may bear the same time; after so long there is no further one."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One row.

    hardware      words of the hosted service for a GPU.
    keep_warm_s   how long an instance stays without work.
    workflow      in API format.
    overrides     node id -> {inputs}: changed in it for every request.
    lora          in place of a workflow: the `base_model` and the `path` of a LoRA, and what else that model takes.
    """

    id: str
    account_id: str
    name: str
    workflow_id: str
    workflow_version: str
    hardware: tuple[str, ...]
    min_instances: int
    max_instances: int
    queue_size: int
    keep_warm_s: int
    is_enabled: bool
    workflow: Mapping[str, Any] = field(repr=False)
    overrides: Mapping[str, Any] = field(repr=False)
    readme: str
    created_ms: int = 0
    updated_ms: int = 0
    deleted_ms: int | None = None
    lora: Mapping[str, Any] | None = None

    @property
    def model_id(self) -> str:
        """What its requests name as their model."""
        return f"deployments/{self.id}"


async def add(db: Database, deployment: Deployment) -> None:
    """Keep a new one."""
    await db.write(lambda tx: tx.run("deployment_add", **_values(deployment)))


async def change(db: Database, deployment: Deployment) -> None:
    """Keep it as it is now. Raises NotFound when it was deleted."""
    if not await db.write(lambda tx: tx.run("deployment_change", **_values(deployment))):
        raise NotFound("no such deployment")


async def delete(db: Database, deployment: Deployment) -> None:
    """Take no more requests. Raises NotFound when it was deleted already."""
    where = {"id": deployment.id, "account_id": deployment.account_id}
    if not await db.write(lambda tx: tx.run("deployment_delete", **where)):
        raise NotFound("no such deployment")


async def get(db: Database, deployment_id: str, account_id: str) -> Deployment:
    """One of an account, also one that was deleted. Raises NotFound."""
    row = await db.one("deployment", id=deployment_id, account_id=account_id)
    if row is None:
        raise NotFound("no such deployment")
    return _deployment(row)


async def of_account(db: Database, account_id: str) -> list[Deployment]:
    """Those of an account, oldest first."""
    return [_deployment(row) for row in await db.all("deployments_of", account_id=account_id)]


async def all_that_run(db: Database) -> list[Deployment]:
    """Those of everybody that may have requests."""
    return [_deployment(row) for row in await db.all("deployments_all")]


async def as_of(db: Database) -> object:
    """Differs from before when any of them may have changed; for a moment after a change always."""
    row = await db.one("deployments_as_of")
    assert row is not None
    latest = max(row["updated_ms"] or 0, row["deleted_ms"] or 0)
    return (int(row["n"]), latest, row["now_ms"] if row["now_ms"] - latest < UNSETTLED_MS else 0)


async def in_progress(db: Database, account_id: str) -> Mapping[str, int]:
    """How many requests of each model an account has in progress."""
    return {row["model_id"]: int(row["n"]) for row in await db.all("models_in_progress", account_id=account_id)}


async def waiting(db: Database, account_id: str) -> Mapping[str, int]:
    """How many requests of each model of an account wait."""
    return {row["model_id"]: int(row["n"]) for row in await db.all("models_in_queue", account_id=account_id)}


async def memos(db: Database, deployment: Deployment) -> Mapping[str, Mapping[str, Any]]:
    """What the attempts of its requests that run now remember, by request."""
    where = {"model_id": deployment.model_id, "account_id": deployment.account_id}
    rows = await db.all("deployment_running", **where)
    return {row["id"]: orjson.loads(row["memo"]) if row["memo"] else {} for row in rows}


def _values(deployment: Deployment) -> dict[str, Any]:
    return {
        "id": deployment.id,
        "account_id": deployment.account_id,
        "name": deployment.name,
        "workflow_id": deployment.workflow_id,
        "workflow_version": deployment.workflow_version,
        "hardware": _json(deployment.hardware),
        "min_instances": deployment.min_instances,
        "max_instances": deployment.max_instances,
        "queue_size": deployment.queue_size,
        "keep_warm_s": deployment.keep_warm_s,
        "is_enabled": int(deployment.is_enabled),
        "workflow": _json(deployment.workflow),
        "overrides": _json(deployment.overrides),
        "readme": deployment.readme,
        "lora": None if deployment.lora is None else _json(deployment.lora),
    }


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _deployment(row: Any) -> Deployment:
    values = {one.name: row[one.name] for one in fields(Deployment)}
    return Deployment(
        **values
        | {
            "hardware": tuple(orjson.loads(values["hardware"])),
            "is_enabled": bool(values["is_enabled"]),
            "workflow": orjson.loads(values["workflow"]),
            "overrides": orjson.loads(values["overrides"]),
            "lora": orjson.loads(values["lora"]) if values["lora"] else None,
        }
    )
