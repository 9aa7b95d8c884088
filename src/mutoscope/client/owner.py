"""`client.owner`: models, workers, accounts and limits of a site, for its owner. Answers are the server's own JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from .protocol import Protocol
from .steps import Script
from .values import Json


class Owner:
    """What only the owner of the site may do; Forbidden for everybody else."""

    def __init__(self, protocol: Protocol, drive: Callable[[Script[Any]], Any]) -> None:
        self._calls = protocol.owner
        self._drive = drive

    def models(self) -> tuple[Json, ...]:
        """Every model, how it differs from its manifest, and what waits for it."""
        found: tuple[Json, ...] = self._drive(self._calls.models())
        return found

    def change_model(self, model_id: str, **changes: Any) -> Json:
        """Change `enabled`, `engine` or `base_price_usd`; None: as the manifest has it. The model as it is now."""
        found: Json = self._drive(self._calls.change_model(model_id, changes))
        return found

    def workers(self) -> Json:
        """Who works, what runs where, and what waits."""
        found: Json = self._drive(self._calls.workers())
        return found

    def drain_worker(self, worker_id: str) -> Json:
        """Have a worker take nothing new; the worker as it is now."""
        found: Json = self._drive(self._calls.drain(worker_id, is_on=True))
        return found

    def resume_worker(self, worker_id: str) -> Json:
        """Have a drained worker take requests again."""
        found: Json = self._drive(self._calls.drain(worker_id, is_on=False))
        return found

    def accounts(self) -> tuple[Json, ...]:
        """Every account, oldest first; the first is the owner's."""
        found: tuple[Json, ...] = self._drive(self._calls.accounts())
        return found

    def open_account(self, name: str) -> Json:
        """Open an account; `Client.create_key` gives it keys."""
        found: Json = self._drive(self._calls.open_account(name))
        return found

    def limits(self) -> Json:
        """`limits` of the site as they count now, and what the `settings` say."""
        found: Json = self._drive(self._calls.limits())
        return found

    def change_limits(self, **changes: int | None) -> Json:
        """Change those that are named; None: as the settings have it."""
        found: Json = self._drive(self._calls.change_limits(changes))
        return found


class AsyncOwner:
    """What only the owner of the site may do (awaited); Forbidden for everybody else."""

    def __init__(self, protocol: Protocol, drive: Callable[[Script[Any]], Awaitable[Any]]) -> None:
        self._calls = protocol.owner
        self._drive = drive

    async def models(self) -> tuple[Json, ...]:
        """Every model, how it differs from its manifest, and what waits for it."""
        found: tuple[Json, ...] = await self._drive(self._calls.models())
        return found

    async def change_model(self, model_id: str, **changes: Any) -> Json:
        """Change `enabled`, `engine` or `base_price_usd`; None: as the manifest has it. The model as it is now."""
        found: Json = await self._drive(self._calls.change_model(model_id, changes))
        return found

    async def workers(self) -> Json:
        """Who works, what runs where, and what waits."""
        found: Json = await self._drive(self._calls.workers())
        return found

    async def drain_worker(self, worker_id: str) -> Json:
        """Have a worker take nothing new; the worker as it is now."""
        found: Json = await self._drive(self._calls.drain(worker_id, is_on=True))
        return found

    async def resume_worker(self, worker_id: str) -> Json:
        """Have a drained worker take requests again."""
        found: Json = await self._drive(self._calls.drain(worker_id, is_on=False))
        return found

    async def accounts(self) -> tuple[Json, ...]:
        """Every account, oldest first; the first is the owner's."""
        found: tuple[Json, ...] = await self._drive(self._calls.accounts())
        return found

    async def open_account(self, name: str) -> Json:
        """Open an account; `Client.create_key` gives it keys."""
        found: Json = await self._drive(self._calls.open_account(name))
        return found

    async def limits(self) -> Json:
        """`limits` of the site as they count now, and what the `settings` say."""
        found: Json = await self._drive(self._calls.limits())
        return found

    async def change_limits(self, **changes: int | None) -> Json:
        """Change those that are named; None: as the settings have it."""
        found: Json = await self._drive(self._calls.change_limits(changes))
        return found
