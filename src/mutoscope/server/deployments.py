"""`/prod/v2/deployments`: make, show, change and delete deployments. Their requests are in `dialects.serverless`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mutoscope import deployments as act
from mutoscope import lifecycle, lora
from mutoscope.errors import Conflict, InvalidInput, NotFound, Problem
from mutoscope.jobs import timestamp
from mutoscope.server.auth import caller
from mutoscope.server.wire import answer, base_url, nothing, read_json, site_of
from mutoscope.site import Site
from mutoscope.store import deployments as store
from mutoscope.store.deployments import Deployment
from mutoscope.store.records import Caller

USUAL_HARDWARE = ("AMPERE_48",)
INCLUDES = ("payload", "readme")
BODY_BYTES = 8 << 20
MOST_DEPLOYMENTS = 200
LONGEST_NAME, LONGEST_README = 200, 100_000
RANGES: Mapping[str, tuple[int, int, int]] = {
    "min_instances": (0, 30, 0),
    "max_instances": (1, 60, 1),
    "queue_size": (0, 100_000, 1),
    "keep_warm_duration_in_seconds": (0, 86_400, 60),
}
"""Smallest, largest and usual value of each number."""


async def index(request: Request) -> Response:
    """GET /prod/v2/deployments: a bare list, oldest first; `ids` picks some, `includes` adds to each."""
    who = await caller(request, "run", "read")
    includes = _includes(request)
    ids = {part for text in request.query_params.getlist("ids") for part in text.split(",") if part}
    found = [
        one for one in await store.of_account(site_of(request).store.db, who.account_id) if not ids or one.id in ids
    ]
    busy = await store.in_progress(site_of(request).store.db, who.account_id)
    return answer([described(site_of(request), one, busy, includes, base_url(request)) for one in found])


async def create(request: Request) -> Response:
    """POST /prod/v2/deployments: a new one, of a workflow that is given or named."""
    site = site_of(request)
    who = await caller(request, "run")
    wanted = _Wanted(await read_json(request, BODY_BYTES))
    deployment = wanted.deployment(site, who)
    if len(await store.of_account(site.store.db, who.account_id)) >= MOST_DEPLOYMENTS:
        raise Conflict(f"an account has at most {MOST_DEPLOYMENTS} deployments; delete one")
    await store.add(site.store.db, deployment)
    return await _told(request, who, deployment.id)


async def show(request: Request) -> Response:
    """GET /prod/v2/deployments/{deployment_id}: one of them."""
    who = await caller(request, "run", "read")
    return await _told(request, who, (await of_caller(request, who)).id)


async def change(request: Request) -> Response:
    """PATCH /prod/v2/deployments/{deployment_id}: what is named changes; the name is required."""
    site = site_of(request)
    who = await caller(request, "run")
    wanted = _Wanted(await read_json(request, BODY_BYTES))
    before = await of_caller(request, who)
    await store.change(site.store.db, wanted.changed(site, before))
    return await _told(request, who, before.id)


async def delete(request: Request) -> Response:
    """DELETE /prod/v2/deployments/{deployment_id}: no more requests; what waits fails, what runs may end."""
    site = site_of(request)
    who = await caller(request, "run")
    deployment = await of_caller(request, who)
    await store.delete(site.store.db, deployment)
    await act.follow(site)
    await lifecycle.fail_orphans(site)
    return nothing()


async def of_caller(request: Request, who: Caller, *, deleted: bool = False) -> Deployment:
    """The deployment that an address names, if it is the caller's. Raises NotFound, with 10003 for a deleted one."""
    deployment_id = request.path_params["deployment_id"]
    found = await store.get(site_of(request).store.db, deployment_id, who.account_id)
    if found.deleted_ms is not None and not deleted:
        raise NotFound("this deployment was deleted", code=10003)
    return found


def described(
    site: Site, deployment: Deployment, busy: Mapping[str, int], includes: frozenset[str], base: str
) -> dict[str, Any]:
    """A deployment on the wire. busy: requests in progress by model."""
    of_lora = act.base_of(site, deployment)
    schema = lora.asked_with(of_lora) if of_lora is not None else None
    told: dict[str, Any] = {
        "id": deployment.id,
        "name": deployment.name,
        "workflow_id": deployment.workflow_id,
        "workflow_version": deployment.workflow_version,
        "hardware": list(deployment.hardware),
        "min_instances": deployment.min_instances,
        "max_instances": deployment.max_instances,
        "queue_size": deployment.queue_size,
        "keep_warm_duration_in_seconds": deployment.keep_warm_s,
        "status": "running" if busy.get(deployment.model_id) else "standby",
        "is_enabled": deployment.is_enabled,
        "created_at": timestamp(deployment.created_ms),
        "updated_at": timestamp(deployment.updated_ms),
    }
    if deployment.lora is not None:
        told["lora"] = deployment.lora
    if "payload" in includes:
        told["payload"] = {
            **({"input_schema": schema} if schema else {}),
            "workflow_api_json": deployment.workflow,
            "overrides": deployment.overrides,
            "object_info_url": f"{base}/prod/v2/deployments/{deployment.id}/object_info.json",
        }
    if "readme" in includes:
        told["readme"] = deployment.readme
    return told


async def _told(request: Request, who: Caller, deployment_id: str) -> Response:
    """The deployment as it is now, after every server's workers may get its requests."""
    site = site_of(request)
    await act.follow(site)
    found = await store.get(site.store.db, deployment_id, who.account_id)
    busy = await store.in_progress(site.store.db, who.account_id)
    return answer(described(site, found, busy, _includes(request), base_url(request)))


def _includes(request: Request) -> frozenset[str]:
    words = {part for text in request.query_params.getlist("includes") for part in text.split(",") if part}
    if unknown := sorted(words - set(INCLUDES)):
        accepted = f"found {unknown[0]!r}; {' and '.join(INCLUDES)} are accepted"
        raise InvalidInput(problems=(Problem("includes", accepted, "query"),), code=422003)
    return frozenset(words)


class _Wanted:
    """A body, with its problems collected so that all are told at once."""

    def __init__(self, body: object) -> None:
        if not isinstance(body, dict):
            raise InvalidInput(problems=(Problem("", "a JSON object is accepted", "type"),))
        self._body = body
        self._problems: list[Problem] = []

    def deployment(self, site: Site, who: Caller) -> Deployment:
        """A new one. Raises InvalidInput."""
        numbers = {name: usual for name, (_, _, usual) in RANGES.items()}
        blank = Deployment(
            id=str(uuid.uuid4()),
            account_id=who.account_id,
            name="",
            workflow_id=str(uuid.uuid4()),
            workflow_version="v1",
            hardware=USUAL_HARDWARE,
            min_instances=numbers["min_instances"],
            max_instances=numbers["max_instances"],
            queue_size=numbers["queue_size"],
            keep_warm_s=numbers["keep_warm_duration_in_seconds"],
            is_enabled=True,
            workflow={},
            overrides={},
            readme="",
        )
        return self.changed(site, blank)

    def changed(self, site: Site, before: Deployment) -> Deployment:
        """The deployment with what the body names. Raises InvalidInput with every problem."""
        name = self._body.get("name")
        if not isinstance(name, str) or not 0 < len(name.strip()) <= len(name) <= LONGEST_NAME or "\0" in name:
            self._wrong("name", f"Deployment name is required: 1 to {LONGEST_NAME} characters")
        values: dict[str, Any] = {"name": name, **self._texts(before), **dict(self._numbers(before))}
        values["hardware"] = self._hardware(before)
        values["is_enabled"] = self._body.get("is_enabled", before.is_enabled)
        if not isinstance(values["is_enabled"], bool):
            self._wrong("is_enabled", "true or false is accepted")
        if "lora" in self._body or before.lora is not None:
            values |= self._lora(site, before)
        else:
            values |= self._payload(site, before, values["workflow_id"])
        if self._problems:
            raise InvalidInput(problems=tuple(self._problems))
        return replace(before, **values)

    def _texts(self, before: Deployment) -> dict[str, str]:
        found = {}
        for name, longest in (("workflow_id", 200), ("workflow_version", 100), ("readme", LONGEST_README)):
            value = self._body.get(name)
            if value is not None and (not isinstance(value, str) or len(value) > longest or "\0" in value):
                self._wrong(name, f"a text of at most {longest} characters, none of them NUL, is accepted")
                value = None
            found[name] = getattr(before, name) if value is None else value
        return found

    def _numbers(self, before: Deployment) -> Iterator[tuple[str, int]]:
        columns = {"keep_warm_duration_in_seconds": "keep_warm_s"}
        found = {}
        for name, (low, high, _) in RANGES.items():
            column = columns.get(name, name)
            value = self._body.get(name, getattr(before, column))
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                self._wrong(name, f"a whole number from {low} to {high} is accepted")
                value = getattr(before, column)
            found[column] = value
        if found["max_instances"] < found["min_instances"]:
            self._wrong("max_instances", f"at least min_instances, {found['min_instances']}, is accepted")
        yield from found.items()

    def _hardware(self, before: Deployment) -> tuple[str, ...]:
        value = self._body.get("hardware", list(before.hardware))
        if not isinstance(value, list) or len(value) != 1 or value[0] not in act.HARDWARE:
            self._wrong("hardware", f"a list with one of {', '.join(act.HARDWARE)} is accepted")
            return before.hardware
        return tuple(value)

    def _payload(self, site: Site, before: Deployment, workflow_id: str) -> dict[str, Any]:
        """Workflow and overrides: given in `payload`, as they were, or those of the model that workflow_id names."""
        payload = self._body.get("payload", {})
        if not isinstance(payload, dict):
            self._wrong("payload", "an object with workflow_api_json and overrides is accepted")
            return {}
        workflow: Any = payload.get("workflow_api_json") or before.workflow
        if workflow_id != before.workflow_id and not payload.get("workflow_api_json"):
            workflow = _workflow_of(site, workflow_id)
            if not workflow:
                message = "no model with a ComfyUI workflow has this id; give the workflow in payload.workflow_api_json"
                self._wrong("workflow_id", message)
                return {}
        if not workflow:
            self._wrong("workflow_id", "a model's id, or else payload.workflow_api_json, is required")
            return {}
        try:
            graph = act.check_workflow(workflow, "payload.workflow_api_json")
            overrides = act.check_overrides(graph, payload.get("overrides", before.overrides), "payload.overrides")
        except InvalidInput as exc:
            self._problems += exc.problems
            return {}
        return {"workflow": graph, "overrides": overrides}

    def _lora(self, site: Site, before: Deployment) -> dict[str, Any]:
        """A model with a LoRA, in place of a workflow."""
        if before.workflow or self._body.get("payload"):
            self._wrong("lora", "accepted in place of a workflow, in a deployment that has none")
            return {}
        try:
            models = {model.id: model for model in site.catalog.models if lora.takes_lora(model)}
            return {"lora": lora.check(self._body.get("lora", before.lora), models)}
        except InvalidInput as exc:
            self._problems += exc.problems
            return {}

    def _wrong(self, path: str, message: str) -> None:
        self._problems.append(Problem(path, message, "value"))


def _workflow_of(site: Site, workflow_id: str) -> Mapping[str, Any] | None:
    """The workflow of a model of the catalogue."""
    if workflow_id not in site.catalog:
        return None
    model = site.catalog.get(workflow_id)
    workflow = model.engine_settings.get("workflow")
    return workflow if model.engine == "comfyui" and isinstance(workflow, dict) else None
