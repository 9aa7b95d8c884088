"""For the owner of the site: models, workers and queue, accounts, limits. Every change is in the audit log."""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mutoscope import operating
from mutoscope.errors import Conflict, Forbidden, InvalidInput, NotFound, Problem
from mutoscope.jobs import timestamp
from mutoscope.server.account import NAME_ACCEPTED, is_name
from mutoscope.server.audit import noting
from mutoscope.server.auth import caller
from mutoscope.server.limits import whole
from mutoscope.server.wire import answer, read_json, site_of
from mutoscope.site import CHANGEABLE, SILENT_S, Site
from mutoscope.store import operating as kept
from mutoscope.store.operating import ModelChange
from mutoscope.store.records import Caller

BODY_BYTES = 64 * 1024
MOST_RUNNING = 200
MOST_USD = 1_000_000.0
MOST = 2**53 - 1
LEAST = {"max_queued": 0, "max_upload_bytes": 1, "min_free_bytes": 0, "file_url_ttl_s": 1}
"""Smallest value of each limit that can be changed; the largest is MOST, of file_url_ttl_s ten years."""
LONGEST_TTL_S = 10 * 365 * 86400


async def owner(request: Request) -> Caller:
    """The caller, who owns the site. Raises Unauthorized, Forbidden."""
    who = await caller(request, "admin")
    if who.account_id != await site_of(request).store.first_account():
        raise Forbidden("only the owner of this site may do that")
    return who


# -- models -------------------------------------------------------------------------------------------------------


async def models(request: Request) -> Response:
    """GET /v1/admin/models: every model, how it differs from its manifest, and what waits for it."""
    await owner(request)
    return answer({"models": await models_told(site_of(request))})


async def change_model(request: Request) -> Response:
    """PATCH /v1/admin/models/{model_id}: switch it off or on, point it at another engine, price it; null: as it was."""
    who = await owner(request)
    site = site_of(request)
    model_id = site.catalog.get(request.path_params["model_id"]).id
    before = await _change_of(site, model_id)
    after = _wanted_change(before, await read_json(request, BODY_BYTES))
    operating.changed_model(site, after)  # what does not fit is told before anything is done
    noted = noting(request, who, "model.changed", target=model_id, before=_noted(before), after=_noted(after))
    await kept.change_model(noted.db, after)
    await operating.follow(site)
    site.store.wakeups.queue_grew()  # what waited for a model that was off, or for another engine
    told = await models_told(site)
    return answer(next(model for model in told if model["model_id"] == model_id))


async def _change_of(site: Site, model_id: str) -> ModelChange:
    return (await kept.model_changes(site.store.db)).get(model_id, ModelChange(model_id))


async def models_told(site: Site) -> list[dict[str, Any]]:
    """Every model as the owner sees it."""
    changes = await kept.model_changes(site.store.db)
    load = {(model_id, state): (n, oldest_ms) for model_id, state, n, oldest_ms in await site.store.load()}
    now_ms = await site.store.now_ms()
    told = []
    for model in site.catalog.models:
        own, change = site.catalog.of_manifest(model.id), changes.get(model.id, ModelChange(model.id))
        waiting, oldest_ms = load.get((model.id, "in_queue"), (0, None))
        told.append(
            {
                "model_id": model.id,
                "display_name": model.text("name"),
                "slug": model.slug,
                "enabled": model.enabled,
                "is_set_up": site.is_set_up(model),
                "engine": model.engine,
                "base_price_usd": model.price.base_price_usd,
                "price_unit": model.price.unit,
                "manifest": {"engine": own.engine, "base_price_usd": own.price.base_price_usd},
                "changed": [name for name, value in _noted(change).items() if value is not None],
                "engines": operating.engines_for(site, model.id),
                "waiting": waiting,
                "running": load.get((model.id, "in_progress"), (0, None))[0],
                "oldest_waiting_s": None if oldest_ms is None else max(0, now_ms - oldest_ms) / 1000,
            }
        )
    return told


def _noted(change: ModelChange) -> dict[str, Any]:
    return {"enabled": change.enabled, "engine": change.engine, "base_price_usd": change.base_price_usd}


def _wanted_change(now: ModelChange, body: object) -> ModelChange:
    """The change that a body asks for beside those that stand. Raises InvalidInput."""
    if not isinstance(body, dict):
        raise InvalidInput(problems=(Problem("", "a JSON object is accepted", "type"),))
    problems = [
        Problem(name, "is nothing that can be changed; accepted are enabled, engine and base_price_usd", "body")
        for name in body
        if name not in ("enabled", "engine", "base_price_usd")
    ]
    given = {name: body[name] for name in ("enabled", "engine", "base_price_usd") if name in body}
    if not isinstance(given.get("enabled"), bool | None):
        problems.append(Problem("enabled", "true, false or null is accepted", "type"))
    price = given.get("base_price_usd")
    is_number = isinstance(price, int | float) and not isinstance(price, bool)
    if price is not None and not (is_number and math.isfinite(price) and 0 <= price <= MOST_USD):
        problems.append(Problem("base_price_usd", f"a number from 0 to {MOST_USD:g}, or null, is accepted", "range"))
    if not _is_engine(given.get("engine")):
        accepted = 'null, or an object such as {"name": "testcard"}, perhaps with inputs and settings, is accepted'
        problems.append(Problem("engine", accepted, "type"))
    if problems:
        raise InvalidInput(problems=tuple(problems))
    return replace(now, **given)


def _is_engine(value: object) -> bool:
    if value is None:
        return True
    if (
        not isinstance(value, dict)
        or not isinstance(value.get("name"), str)
        or set(value) - {"name", "inputs", "settings"}
    ):
        return False
    inputs, settings = value.get("inputs", {}), value.get("settings", {})
    texts = isinstance(inputs, dict) and all(isinstance(name, str) for name in inputs.values())
    return texts and isinstance(settings, dict)


# -- workers and queue --------------------------------------------------------------------------------------------


async def workers(request: Request) -> Response:
    """GET /v1/admin/workers: who works, what runs where, and what waits."""
    await owner(request)
    return answer(await workers_told(site_of(request)))


async def workers_told(site: Site) -> dict[str, Any]:
    """Workers that this server heard of, requests that run, and the queue of each model that has one."""
    running = await kept.running(site.store.db, limit=MOST_RUNNING)
    busy, now, now_ms = Counter(line.worker_id for line in running), time.monotonic(), await site.store.now_ms()
    heard = {name: now - seen for name, seen in site.health.workers.items() if now - seen < SILENT_S}
    drained = site.health.drained
    return {
        "workers": [
            {
                "worker_id": name,
                "state": "ready" if name not in drained else "draining" if busy[name] else "drained",
                "engines": sorted(site.health.engines.get(name, ())),
                "heard_s": None if name not in heard else round(heard[name], 1),
                "running": busy[name],
            }
            for name in sorted(heard.keys() | busy.keys() | drained)
        ],
        "running": [
            {
                "request_id": line.request_id,
                "model_id": line.model_id,
                "account": line.account,
                "worker_id": line.worker_id,
                "attempt": line.attempt,
                "progress": line.progress,
                "stage": line.stage,
                "started_at": timestamp(line.started_ms),
                "running_s": max(0, now_ms - line.started_ms) / 1000,
            }
            for line in running
        ],
        "queue": [
            {"model_id": model_id, "waiting": n, "oldest_s": max(0, now_ms - oldest_ms) / 1000}
            for model_id, state, n, oldest_ms in sorted(await site.store.load())
            if state == "in_queue"
        ],
        "draining": site.health.draining,
    }


async def drain_worker(request: Request) -> Response:
    """POST /v1/admin/workers/{worker_id}/drain: it finishes what it has and takes nothing new, whatever restarts."""
    return await _drain(request, is_on=True)


async def resume_worker(request: Request) -> Response:
    """POST /v1/admin/workers/{worker_id}/resume: a drained worker takes requests again."""
    return await _drain(request, is_on=False)


async def _drain(request: Request, *, is_on: bool) -> Response:
    who = await owner(request)
    site, name = site_of(request), request.path_params["worker_id"]
    if not any(line["worker_id"] == name for line in (await workers_told(site))["workers"]):
        raise NotFound(f"no worker {name!r}: GET /v1/admin/workers lists those that there are")
    noted = noting(request, who, "worker.drained" if is_on else "worker.resumed", target=name)
    await kept.drain(noted.db, name, is_on=is_on)
    await operating.follow(site)
    site.store.wakeups.queue_grew()  # a worker that is back in service asks at once
    lines = (await workers_told(site))["workers"]
    gone = {"worker_id": name, "state": "ready", "engines": [], "heard_s": None, "running": 0}
    return answer(next((line for line in lines if line["worker_id"] == name), gone))


# -- accounts -----------------------------------------------------------------------------------------------------


async def accounts(request: Request) -> Response:
    """GET /v1/admin/accounts: every account, oldest first; the first is the owner's."""
    await owner(request)
    return answer({"accounts": await accounts_told(site_of(request))})


async def accounts_told(site: Site) -> list[dict[str, Any]]:
    """Every account as the owner sees it."""
    return [
        {
            "account_id": line.id,
            "name": line.name,
            "created_at": timestamp(line.created_ms),
            "keys": line.keys,
            "spent_usd": line.spent_microusd / 1e6,
        }
        for line in await kept.accounts(site.store.db)
    ]


async def open_account(request: Request) -> Response:
    """POST /v1/admin/accounts: a new account, without a key; POST /v1/keys gives it some."""
    who = await owner(request)
    body = await read_json(request, BODY_BYTES)
    name = body.get("name") if isinstance(body, dict) else None
    if not is_name(name):
        raise InvalidInput(problems=(Problem("name", NAME_ACCEPTED, "name"),))
    site = site_of(request)
    if await site.store.account(name) is not None:
        raise Conflict("there is an account of this name already")
    account_id = await noting(request, who, "account.opened", target=name).open_account(name)
    return answer(next(line for line in await accounts_told(site) if line["account_id"] == account_id), 201)


# -- limits -------------------------------------------------------------------------------------------------------


async def limits(request: Request) -> Response:
    """GET /v1/admin/limits: limits of the whole site that can be changed while it runs."""
    await owner(request)
    return answer(limits_told(site_of(request)))


async def change_limits(request: Request) -> Response:
    """PATCH /v1/admin/limits: what is named changes; null: as the settings have it."""
    who = await owner(request)
    site = site_of(request)
    wanted = _wanted_limits(await read_json(request, BODY_BYTES))
    before = {name: getattr(site.limits, name) for name in wanted}
    noted = noting(request, who, "limits.changed", target=who.account_id, before=before, after=wanted)
    await kept.change_limits(noted.db, wanted)
    await operating.follow(site)
    return answer(limits_told(site))


def limits_told(site: Site) -> dict[str, Any]:
    """What counts now, and what the settings say."""
    now = {name: getattr(site.limits, name) for name in CHANGEABLE}
    return {"limits": now, "settings": dict(site.limits.usual)}


def _wanted_limits(body: object) -> dict[str, int | None]:
    if not isinstance(body, dict):
        raise InvalidInput(problems=(Problem("", "a JSON object is accepted", "type"),))
    problems, wanted = [], {}
    for name, value in body.items():
        number, most = whole(value), LONGEST_TTL_S if name == "file_url_ttl_s" else MOST
        if name not in CHANGEABLE:
            problems.append(Problem(name, f"is no limit; accepted are {', '.join(CHANGEABLE)}", "limits"))
        elif number is not None and not (type(number) is int and LEAST[name] <= number <= most):
            accepted = f"a whole number from {LEAST[name]} to {most}, or null, is accepted"
            problems.append(Problem(name, accepted, "range"))
        else:
            wanted[name] = number
    if problems:
        raise InvalidInput(problems=tuple(problems))
    return wanted
