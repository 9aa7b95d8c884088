"""What the operator changed while the server ran: models, limits of the whole site, and drained workers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from mutoscope.store.database import Database, Transaction

DRAINED = "drained:"
"""What stands before a worker's name in the table of the site's own facts."""


@dataclass(frozen=True, slots=True)
class ModelChange:
    """How a model differs from its manifest; None: it does not.

    engine   `name`, and perhaps `inputs` and `settings`, as in a manifest.
    """

    model_id: str
    enabled: bool | None = None
    engine: Mapping[str, Any] | None = None
    base_price_usd: float | None = None

    @property
    def is_none(self) -> bool:
        """Is the model as its manifest has it?"""
        return self.enabled is None and self.engine is None and self.base_price_usd is None


async def model_changes(db: Database) -> dict[str, ModelChange]:
    """By model id, also for models that are not in the catalogue any more."""
    return {
        row["model_id"]: ModelChange(
            model_id=row["model_id"],
            enabled=None if row["enabled"] is None else bool(row["enabled"]),
            engine=None if row["engine"] is None else orjson.loads(row["engine"]),
            base_price_usd=row["base_price_usd"],
        )
        for row in await db.all("model_changes")
    }


async def change_model(db: Database, change: ModelChange) -> None:
    """Keep how a model differs from its manifest from now on."""
    if change.is_none:
        await db.write(lambda tx: tx.run("model_change_delete", model_id=change.model_id))
        return
    row = {
        "model_id": change.model_id,
        "enabled": None if change.enabled is None else int(change.enabled),
        "engine": None if change.engine is None else orjson.dumps(dict(change.engine)).decode(),
        "base_price_usd": change.base_price_usd,
    }
    await db.write(lambda tx: tx.run("model_change_put", **row))


async def limit_changes(db: Database) -> dict[str, int]:
    """Limits that are not those of the settings."""
    return {row["name"]: int(row["value"]) for row in await db.all("limit_changes")}


async def change_limits(db: Database, changes: Mapping[str, int | None]) -> None:
    """Keep these limits from now on; None: the setting's again."""

    def act(tx: Any) -> None:
        for name, value in changes.items():
            if value is None:
                tx.run("limit_change_delete", name=name)
            else:
                tx.run("limit_change_put", name=name, value=value)

    await db.write(act)


async def drained(db: Database) -> frozenset[str]:
    """Workers that are to take nothing new, by their names."""
    return frozenset(row["name"].removeprefix(DRAINED) for row in await db.all("meta_drained"))


async def drain(db: Database, worker_id: str, *, is_on: bool) -> None:
    """A worker takes nothing new from now on, or is in service again; known already, nothing changes."""
    name = DRAINED + worker_id
    if is_on:
        await db.write(lambda tx: tx.run("meta_put", name=name, value="yes"))
    else:
        await db.write(lambda tx: tx.run("meta_delete", name=name))


@dataclass(frozen=True, slots=True)
class WorkerLine:
    """A worker as one of the servers heard of it, so many seconds ago. is_free: it waited for work."""

    name: str
    engines: frozenset[str]
    warm: frozenset[str]
    is_free: bool
    ago_s: float


async def tell_workers(db: Database, lines: Collection[WorkerLine], *, forget_s: float) -> None:
    """For the other servers of this database; those that were silent for so long are forgotten."""

    def act(tx: Transaction) -> None:
        for line in sorted(lines, key=lambda line: line.name):  # in one order, so that no two servers wait in a circle
            tx.put(
                "worker_heard",
                name=line.name,
                engines=" ".join(sorted(line.engines)),
                warm=orjson.dumps(sorted(line.warm)).decode(),
                is_free=int(line.is_free),
                ago_ms=int(line.ago_s * 1000),
            )
        tx.put("worker_forget", silent_ms=int(forget_s * 1000))

    await db.write(act)


async def workers(db: Database, *, silent_s: float) -> list[WorkerLine]:
    """Those that any server heard of lately."""
    return [
        WorkerLine(
            name=row["name"],
            engines=frozenset(row["engines"].split()),
            warm=frozenset(orjson.loads(row["warm"])),
            is_free=bool(row["is_free"]),
            ago_s=max(0, row["ago_ms"]) / 1000,
        )
        for row in await db.all("worker_list", silent_ms=int(silent_s * 1000))
    ]


@dataclass(frozen=True, slots=True)
class WorkerKey:
    """A key that lets workers in, and where from; networks empty: from anywhere."""

    key_id: str
    networks: tuple[str, ...]


async def worker_keys(db: Database) -> dict[str, WorkerKey]:
    """Those that open now, by the SHA-256 of what a worker shows."""
    found: dict[str, WorkerKey] = {}
    for row in await db.all("worker_keys"):
        key = WorkerKey(row["id"], tuple((row["networks"] or "").split()))
        found |= {sha256: key for sha256 in (row["key_sha256"], row["previous_sha256"]) if sha256}
    return found


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account in the list of all. keys: those that open something. spent_microusd: in all."""

    id: str
    name: str
    created_ms: int
    keys: int
    spent_microusd: int


async def accounts(db: Database) -> list[AccountLine]:
    """All of them, oldest first."""
    return [
        AccountLine(row["id"], row["name"], row["created_ms"], int(row["keys"]), int(row["spent_microusd"]))
        for row in await db.all("account_list")
    ]


@dataclass(frozen=True, slots=True)
class RunningLine:
    """One request that runs, for the operator's eyes: nothing of what it is about."""

    request_id: str
    model_id: str
    account: str
    worker_id: str
    attempt: int
    progress: float
    stage: str
    started_ms: int


async def running(db: Database, *, limit: int) -> list[RunningLine]:
    """What runs where, the longest first."""
    return [
        RunningLine(
            request_id=row["id"],
            model_id=row["model_id"],
            account=row["account"],
            worker_id=row["worker_id"] or "",
            attempt=row["attempt"],
            progress=float(row["progress"] or 0),
            stage=row["stage"] or "",
            started_ms=row["started_ms"],
        )
        for row in await db.all("running_list", limit=limit)
    ]
