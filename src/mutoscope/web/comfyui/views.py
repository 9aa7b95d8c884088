"""The addresses of deployments' pages: the list, one to try, how to call it, the form to make or change one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mutoscope import deployments as act
from mutoscope import lora
from mutoscope.catalog import Model
from mutoscope.schema import Validator
from mutoscope.server.auth import caller
from mutoscope.server.deployments import RANGES, USUAL_HARDWARE, of_caller
from mutoscope.server.wire import base_url, site_of
from mutoscope.site import Site
from mutoscope.store import deployments as store
from mutoscope.store.deployments import Deployment
from mutoscope.web.api_page import markdown
from mutoscope.web.catalogue import card_of
from mutoscope.web.comfyui.document import document
from mutoscope.web.comfyui.nodes import MOST_NODES, nodes_of
from mutoscope.web.forms import form_of
from mutoscope.web.languages import told
from mutoscope.web.playground import facts_of
from mutoscope.web.render import page, render
from mutoscope.web.texts import _

ENGINE = "comfyui"
LOOKING = ("read", "run")


@dataclass(frozen=True, slots=True)
class Standing:
    """A deployment and what it has to do. running: requests in progress. price_usd: of an hour of work."""

    deployment: Deployment
    running: int
    waiting: int
    price_usd: float

    @property
    def id(self) -> str:
        """The deployment's."""
        return self.deployment.id


@page
async def index(request: Request) -> Response:
    """GET /comfyui: the deployments of the account."""
    who = await caller(request, *LOOKING)
    site = site_of(request)
    found = await store.of_account(site.store.db, who.account_id)
    return await render(
        request,
        "deployments.html",
        standings=[await _standing(site, one) for one in reversed(found)],
        may_change="run" in who.scopes,
        is_set_up=ENGINE in site.engines,
        takes_lora=bool(_bases(site)),
    )


@page
async def new(request: Request) -> Response:
    """GET /comfyui/new: the form for another one."""
    await caller(request, "run")
    return await _form(request, _usual() | {"workflow_id": "", "workflow": "", "overrides": ""}, None)


@page
async def new_lora(request: Request) -> Response:
    """GET /comfyui/new-lora: the form for a model with a LoRA."""
    await caller(request, "run")
    return await _form(request, _usual() | {"lora": {"base_model": "", "path": ""}}, None)


@page
async def edit(request: Request) -> Response:
    """GET /comfyui/{deployment_id}/edit: the form to change one."""
    deployment = await of_caller(request, await caller(request, "run"))
    now = {name: getattr(deployment, _column(name)) for name in RANGES}
    now |= {name: getattr(deployment, name) for name in ("name", "hardware", "is_enabled", "readme", "workflow_id")}
    if deployment.lora is not None:
        return await _form(request, now | {"lora": deployment.lora}, deployment)
    now |= {
        "workflow": json.dumps(deployment.workflow, ensure_ascii=False, indent=2),
        "overrides": json.dumps(deployment.overrides, ensure_ascii=False, indent=2) if deployment.overrides else "",
    }
    return await _form(request, now, deployment)


@page
async def show(request: Request) -> Response:
    """GET /comfyui/{deployment_id}: how it stands, and the form that tries it."""
    who = await caller(request, *LOOKING)
    site, deployment = site_of(request), await of_caller(request, who)
    if (base := act.base_of(site, deployment)) is not None:
        return await _show_lora(request, site, deployment, base)
    memos = await store.memos(site.store.db, deployment)
    return await render(
        request,
        "deployment.html",
        standing=await _standing(site, deployment),
        nodes=nodes_of(act.workflow_of(deployment), deployment.overrides),
        hidden=max(0, len(deployment.workflow) - MOST_NODES),
        instances={id: act.instance_id(memo) for id, memo in memos.items()},
        facts=_facts(deployment),
        may_change="run" in who.scopes,
        is_set_up=ENGINE in site.engines,
    )


async def _show_lora(request: Request, site: Site, deployment: Deployment, base: Model) -> Response:
    """The base model's form, by the words that the deployment is asked with."""
    schema = lora.asked_with(base)
    model = act.model_of(site, deployment)
    shown = replace(model, input_schema=schema, validator=Validator(schema))
    return await render(
        request,
        "model.html",
        head="_lora_head.html",
        standing=await _standing(site, deployment),
        card=card_of(site, shown),
        model=shown,
        note="",
        form=form_of(shown, schema),
        facts=facts_of(shown, schema) | {"submit": f"/prod/v2/deployments/{deployment.id}/inference"},
    )


@page
async def api(request: Request) -> Response:
    """GET /comfyui/{deployment_id}/api: how to call it."""
    site, deployment = site_of(request), await of_caller(request, await caller(request, *LOOKING))
    return await render(
        request,
        "api.html",
        head="_deployment_head.html" if deployment.lora is None else "_lora_head.html",
        name=deployment.name,
        forms=[],
        standing=await _standing(site, deployment),
        document=document(deployment, act.base_of(site, deployment), base_url(request)),
        line=markdown.line_as_html,
        pretty=lambda value: json.dumps(value, ensure_ascii=False, indent=2),
        may_change=False,
    )


async def _form(request: Request, now: Mapping[str, Any], deployment: Deployment | None) -> Response:
    site = site_of(request)
    models = [model for model in site.catalog.models if model.engine == ENGINE]
    return await render(
        request,
        "deployment_form.html",
        deployment=deployment,
        now=now,
        of_lora="lora" in now,
        bases=_bases(site),
        ranges=RANGES,
        hardware=[(word, site.hardware_prices.get(word, 0.0)) for word in act.HARDWARE],
        models=sorted((told(model, "name"), model.id) for model in models),
        labels=_labels(),
    )


def _usual() -> dict[str, Any]:
    usual = {name: usual for name, (_low, _high, usual) in RANGES.items()}
    return {"name": "", "hardware": list(USUAL_HARDWARE), "is_enabled": True, "readme": "", **usual}


def _bases(site: Site) -> list[tuple[str, str]]:
    """Models that take a LoRA: name and id."""
    return sorted((told(model, "name"), model.id) for model in site.catalog.models if lora.takes_lora(model))


def _labels() -> dict[str, tuple[str, str]]:
    """Of the numbers: name and explanation."""
    return {
        "min_instances": (_("Instances at least"), _("So many take requests at once, whatever waits.")),
        "max_instances": (_("Instances at most"), _("As many as there are workers, at most.")),
        "queue_size": (_("Queue size"), _("How many requests wait before one more instance begins.")),
        "keep_warm_duration_in_seconds": (_("Keep warm, in seconds"), _("How long an instance stays without work.")),
    }


def _column(name: str) -> str:
    return "keep_warm_s" if name == "keep_warm_duration_in_seconds" else name


def _facts(deployment: Deployment) -> dict[str, Any]:
    """For the script that runs it."""
    return {
        "model_id": deployment.model_id,
        "submit": f"/prod/v2/deployments/{deployment.id}/inference",
        "produces": "files",
        "schema": {"properties": {}},
        "media": {},
    }


async def _standing(site: Site, deployment: Deployment) -> Standing:
    running = await store.in_progress(site.store.db, deployment.account_id)
    waiting = await store.waiting(site.store.db, deployment.account_id)
    return Standing(
        deployment,
        running.get(deployment.model_id, 0),
        waiting.get(deployment.model_id, 0),
        site.hardware_prices.get(deployment.hardware[0], 0.0),
    )
