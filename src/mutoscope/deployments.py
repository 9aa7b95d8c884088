"""Deployments as models: what a worker is given for them, what a body may hold, and which instance does the work.

An instance is a ComfyUI server; its id is made of its address, and it is known which one has a request as soon as its
worker remembered where it sent the workflow. Every server of a database follows within `operating.FOLLOW_S`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx

from mutoscope import lora
from mutoscope.catalog import Model
from mutoscope.catalog.model import Price, Scaling
from mutoscope.engines.comfyui.deployed import REFERENCE, overridden
from mutoscope.engines.comfyui.workflow import Graph, Place, read_graph, takes_file
from mutoscope.errors import ConfigError, EngineUnavailable, InvalidInput, Problem
from mutoscope.jobs import HIDDEN
from mutoscope.schema import Validator
from mutoscope.site import Site
from mutoscope.store import deployments
from mutoscope.store.deployments import Deployment

HARDWARE = (
    *("TURING_16", "AMPERE_24", "AMPERE_48", "ADA_48_PLUS"),
    *("AMPERE_80", "ADA_80_PLUS", "HOPPER_141"),
)
"""The hosted service's words. They set a price; the work is done by the machine that there is."""
TIME_LIMIT_S = 3600
MOST_FILES = 64
TOLD = ("webhook", "webhook_intermediate_status")
"""Keys of a body that are about the request and no input."""
EXTRA_DATA = f"{HIDDEN}extra_data"
"""It holds keys to other services."""
_FILES = {"images": "image_uri", "videos": "video_uri", "audios": "audio_uri"}
_ENDINGS = {"videos": r"\.(mp4|mov|webm|mkv)$", "audios": r"\.(wav|mp3|m4a|flac|ogg)$"}
_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "workflow_api_json": {"type": "object"},
        "overrides": {"type": "object"},
        EXTRA_DATA: {"type": "object"},
        **{
            name: {"type": "array", "maxItems": MOST_FILES, "items": {"type": "string", "format": kind}}
            for name, kind in _FILES.items()
        },
    },
}
_VALIDATOR = Validator(dict(_SCHEMA))


async def follow(site: Site, *, always: bool = True) -> None:
    """Put in force what the database says now. always: also when nothing changed since the last time."""
    as_of = await deployments.as_of(site.store.db)
    if not always and as_of == site.catalog.deployed_as_of:
        return
    site.catalog.deployed_as_of = as_of
    found = await deployments.all_that_run(site.store.db)
    there = [one for one in found if one.lora is None or base_of(site, one) is not None]
    site.catalog.deploy(
        deployed=(model_of(site, one) for one in there if one.deleted_ms is None),
        ended=(model_of(site, one) for one in there if one.deleted_ms is not None),
    )


def parse_prices(text: str) -> dict[str, float]:
    """USD an hour by hardware out of `AMPERE_48=2.5,…`. Raises ConfigError."""
    prices: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        word, _, number = part.partition("=")
        if word not in HARDWARE or not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", number):
            raise ConfigError(
                f"MUTOSCOPE_HARDWARE_PRICES: found {part!r}; accepted is USD an hour such as AMPERE_48=2.5, of "
                f"{', '.join(HARDWARE)}"
            )
        prices[word] = float(number)
    return prices


def base_of(site: Site, deployment: Deployment) -> Model | None:
    """The model that a LoRA is deployed with; None when it left the catalogue or takes none any more."""
    base_id = (deployment.lora or {}).get(lora.BASE, "")
    base = site.catalog.get(base_id) if base_id in site.catalog else None
    return base if base is not None and lora.takes_lora(base) else None


def model_of(site: Site, deployment: Deployment) -> Model:
    """What workers run for it. Raises EngineUnavailable when its base model is gone."""
    if deployment.lora is None:
        return _of_workflow(site, deployment)
    if (base := base_of(site, deployment)) is None:
        raise EngineUnavailable(f"this server has no model {deployment.lora[lora.BASE]} that takes a LoRA any more")
    return replace(
        lora.deployed(base, deployment.model_id),
        names={"en": deployment.name},
        titles={},
        descriptions={"en": deployment.name},
        price=_price(site, deployment),
        max_running=deployment.max_instances,
        scaling=_scaling(deployment),
        examples=(),
        enabled=deployment.is_enabled and base.enabled,
    )


def _price(site: Site, deployment: Deployment) -> Price:
    return Price(site.hardware_prices.get(deployment.hardware[0], 0.0) / 3600, "second", is_of_work=True)


def _scaling(deployment: Deployment) -> Scaling:
    return Scaling(max(1, deployment.min_instances), deployment.queue_size, deployment.keep_warm_s)


def _of_workflow(site: Site, deployment: Deployment) -> Model:
    keep_warm = {} if deployment.min_instances else {"keep_warm_s": deployment.keep_warm_s}
    return Model(
        id=deployment.model_id,
        slug=deployment.model_id,
        kind="workflow",
        author="",
        categories=(),
        names={"en": deployment.name},
        titles={},
        descriptions={"en": deployment.name},
        input_schema=_SCHEMA,
        validator=_VALIDATOR,
        engine="comfyui",
        engine_settings={"workflow": workflow_of(deployment), "every_node": True, **keep_warm},
        engine_notes={},
        bindings={"extra_data": EXTRA_DATA, **{name: name for name in ("workflow_api_json", "overrides", *_FILES)}},
        produces="files",
        many=True,
        price=_price(site, deployment),
        time_limit_s=TIME_LIMIT_S,
        max_attempts=3,
        max_running=deployment.max_instances,
        scaling=_scaling(deployment),
        examples=(),
        translations={},
        source="",
        enabled=deployment.is_enabled,
    )


def workflow_of(deployment: Deployment) -> Graph:
    """The workflow as its requests find it: with the deployment's overrides in it."""
    return overridden(deployment.workflow, deployment.overrides)


# -- what a caller may send ---------------------------------------------------------------------------------------


def check_workflow(value: object, path: str) -> Graph:
    """A workflow in API format. Raises InvalidInput that names the path."""
    try:
        _VALIDATOR.check({"workflow_api_json": value if isinstance(value, dict) else {}})  # not nested without end
        return read_graph(value)
    except ConfigError as exc:
        raise InvalidInput(problems=(Problem(path, exc.message, "workflow"),)) from exc


def check_overrides(graph: Graph, value: object, path: str) -> dict[str, Any]:
    """`{"6": {"inputs": {…}}}` for nodes that there are. Raises InvalidInput with every problem."""
    if not isinstance(value, dict):
        raise InvalidInput(problems=(Problem(path, 'node ids such as {"6": {"inputs": {…}}} are accepted', "type"),))
    _VALIDATOR.check({"overrides": value})
    problems = []
    for node, told in value.items():
        if node not in graph:
            nodes = ", ".join(list(graph)[:40])
            problems.append(Problem(f"{path}.{node}", f"the workflow has no such node; it has {nodes}", "node"))
        elif not isinstance(told, dict) or not isinstance(told.get("inputs", {}), dict):
            problems.append(Problem(f"{path}.{node}", '{"inputs": {…}} is accepted', "type"))
    if problems:
        raise InvalidInput(problems=tuple(problems))
    return value


def inputs_of(site: Site, deployment: Deployment, body: object) -> dict[str, Any]:
    """The body of an inference as inputs of the deployment's model; addresses of files apart. Raises InvalidInput."""
    if not isinstance(body, dict):
        raise InvalidInput(problems=(Problem("", "a JSON object is accepted", "type"),))
    if deployment.lora is not None and (base := base_of(site, deployment)) is not None:
        return lora.inputs_of(base, deployment.lora, {name: body[name] for name in body if name not in TOLD})
    given = {name: body[name] for name in ("overrides", "workflow_api_json") if body.get(name)}
    if "overrides" in given and "workflow_api_json" in given:
        message = "accepted without `workflow_api_json`; change the values in that"
        raise InvalidInput(problems=(Problem("overrides", message, "exclusive"),))
    if extra_data := body.get("extra_data"):
        if not isinstance(extra_data, dict):
            raise InvalidInput(problems=(Problem("extra_data", "an object is accepted", "type"),))
        given[EXTRA_DATA] = extra_data
    files: dict[str, list[str]] = {}
    if "workflow_api_json" in given:
        graph = check_workflow(given["workflow_api_json"], "workflow_api_json")
        given["workflow_api_json"] = _files_apart(graph, graph, files)
    if "overrides" in given:
        overrides = check_overrides(deployment.workflow, given["overrides"], "overrides")
        given["overrides"] = _files_apart(overrides, deployment.workflow, files)
    return given | files


def _files_apart(nodes: Mapping[str, Any], graph: Graph, files: dict[str, list[str]]) -> dict[str, Any]:
    """A copy in which what is fetched, or sent as a data URI, is a reference into `files`."""
    apart = {}
    for node, told in nodes.items():
        inputs = dict(told.get("inputs", {}))
        for field, value in inputs.items():
            if isinstance(value, dict) and REFERENCE in value:
                message = f"found an object with {REFERENCE!r}, which is ours; a value or an address is accepted"
                raise InvalidInput(problems=(Problem(f"{node}.inputs.{field}", message, "value"),))
            if _is_file(value) and takes_file(graph, Place(node, field)):
                parameter = _kind(graph[node]["class_type"], value)
                files.setdefault(parameter, []).append(value)
                inputs[field] = {REFERENCE: [parameter, len(files[parameter]) - 1]}
        apart[node] = {**told, "inputs": inputs}
    return apart


def _is_file(value: object) -> bool:
    return isinstance(value, str) and value[:8].lower().startswith(("https://", "http://", "data:"))


def _kind(class_type: str, value: str) -> str:
    """Which of the lists a file goes to: by what it says of itself, its ending, or the node that loads it."""
    for parameter, ending in _ENDINGS.items():
        word = parameter[:-1]
        path = value.partition("?")[0]
        if value[:11].lower().startswith(f"data:{word}/") or re.search(ending, path, re.IGNORECASE):
            return parameter
        if word in class_type.lower() and not value[:11].lower().startswith("data:"):
            return parameter
    return "images"


# -- instances ----------------------------------------------------------------------------------------------------


def instance_id(memo: Mapping[str, Any]) -> str | None:
    """The instance that has a request, once its worker remembered where it sent it."""
    server = (memo.get("comfyui") or {}).get("server")
    return str(uuid.uuid5(uuid.NAMESPACE_URL, server)) if server else None


class Instance:
    """A ComfyUI server while it works for a deployment.

    prompts   what the deployment's requests are known by there.
    """

    def __init__(self, address: str, prompts: frozenset[str]) -> None:
        self.address = address
        self.prompts = prompts

    async def call(self, method: str, path: str, *, query: str, body: bytes, media_type: str) -> tuple[int, bytes, str]:
        """Ask it. Returns status, body and media type. Raises EngineUnavailable when it does not answer."""
        url = httpx.URL(f"{self.address}/{path}").copy_with(query=query.encode() or None)
        headers = {"Content-Type": media_type} if body else {}
        try:
            async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
                answer = await client.request(method, url, content=body or None, headers=headers)
        except httpx.RequestError as exc:
            raise EngineUnavailable("the instance does not answer") from exc
        return answer.status_code, answer.content, answer.headers.get("content-type", "application/octet-stream")


async def find_instance(site: Site, deployment: Deployment, wanted: str) -> Instance | None:
    """The instance of this id, if a request of this deployment is on it now."""
    found = await deployments.memos(site.store.db, deployment)
    on_it = [memo["comfyui"] for memo in found.values() if instance_id(memo) == wanted]
    return Instance(on_it[0]["server"], frozenset(one["prompt_id"] for one in on_it)) if on_it else None
