"""RunComfy's Serverless API: requests to a deployment, `/prod/v1/…` and `/prod/v2/…`.

The requests are those of `lifecycle`; here are the words. Version 1 answers with the fields that its strict clients
know and no others; version 2 adds `instance_id` and `outcome`. Deployments themselves are in `server.deployments`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import Response

from mutoscope import deployments as act
from mutoscope import lifecycle
from mutoscope.errors import BadRequest, Forbidden, InvalidInput, NotFound, PaymentRequired, Problem
from mutoscope.jobs import Job, State, Terms, Webhook, timestamp
from mutoscope.server.auth import caller
from mutoscope.server.deployments import of_caller
from mutoscope.server.dialects.runcomfy import RESULT, STATUS, idempotency_key, retry_after, use_cache
from mutoscope.server.metrics import metrics_of
from mutoscope.server.outputs import file_url, output_of
from mutoscope.server.wire import Query, answer, base_url, read_json, read_whole, site_of
from mutoscope.site import Site
from mutoscope.store import deployments as store
from mutoscope.store.deployments import Deployment
from mutoscope.store.records import Caller
from mutoscope.webhooks import DEFAULT_EVENTS, EVENTS

log = structlog.get_logger(__name__)

PREFIX = "deployments/"
"""What the model ids of deployments begin with."""
PROXY_BYTES = 8 << 20
READABLE = ("object_info", "system_stats", "features", "embeddings", "extensions", "models", "prompt")
"""What every key may read through the proxy: nothing of anybody's requests."""


async def submit(request: Request) -> Response:
    """POST /prod/{version}/deployments/{deployment_id}/inference: overrides, a workflow, or a LoRA's body."""
    site = site_of(request)
    who = await caller(request, "run")
    deployment = await of_caller(request, who)
    if not deployment.is_enabled:
        raise Forbidden("this deployment is disabled; PATCH it with is_enabled: true", code=10002)
    body = await read_json(request, site.limits.max_body_bytes)
    base = base_url(request)
    try:
        submitted = await lifecycle.submit(
            site,
            who,
            deployment.model_id,
            act.inputs_of(site, deployment, body),
            base_url=base,
            idempotency_key=idempotency_key(request),
            webhook=_webhook(request, body),
            terms=Terms(use_cache=use_cache(request)),
            model=act.model_of(site, deployment),
        )
    except PaymentRequired as exc:
        raise PaymentRequired(exc.message, code=10001) from exc
    log.debug("request.accepted", request_id=submitted.request_id, model_id=deployment.model_id)
    if not submitted.replayed:
        metrics_of(request).submitted(deployment.model_id)
    headers = {"Idempotent-Replayed": "true"} if submitted.replayed else None
    return answer(
        {"request_id": submitted.request_id, **_urls(request, deployment, submitted.request_id)}, headers=headers
    )


async def status(request: Request) -> Response:
    """GET /prod/{version}/deployments/{deployment_id}/requests/{request_id}/status."""
    site = site_of(request)
    deployment, job = await _job(request, await caller(request, "run", "read"))
    standing = await site.store.standing(job.id, job.account_id)
    told: dict[str, Any] = {"request_id": job.id, "status": STATUS[standing.state]}
    if standing.queue_position is not None:
        told["queue_position"] = standing.queue_position
    if not _is_first(request) and standing.state is State.IN_PROGRESS:
        memos = await store.memos(site.store.db, deployment)
        if instance := act.instance_id(memos.get(job.id, {})):
            told["instance_id"] = instance
    urls = _urls(request, deployment, job.id)
    told |= {"status_url": urls["status_url"], "result_url": urls["result_url"]}
    return answer(told, headers=retry_after(standing.state))


async def result(request: Request) -> Response:
    """GET /prod/{version}/deployments/{deployment_id}/requests/{request_id}/result: `outputs`, or a LoRA's `output`."""
    _, job = await _job(request, await caller(request, "run", "read"))
    told = await _result(site_of(request), job, base_url(request))
    if job.state is State.FAILED:
        message = job.error or "the request failed"
        if _is_first(request):
            told["error"] = [{"errorCode": 500001, "error": message, "debugInfo": ""}]
        else:
            told["error"] = _error(message)
    return answer(told, headers=retry_after(job.state))


async def cancel(request: Request) -> Response:
    """POST /prod/{version}/deployments/{deployment_id}/requests/{request_id}/cancel: queued or running."""
    who = await caller(request, "run")
    _, job = await _job(request, who)
    _, moved = await lifecycle.cancel(site_of(request), who, job.id, running=True)
    told = {"request_id": job.id, "status": "cancellation_requested" if moved else "not_cancellable"}
    if not _is_first(request):
        told["outcome"] = "cancelled" if moved else "not_cancellable"
    return answer(told, 202)


async def object_info(request: Request) -> Response:
    """GET /prod/v2/deployments/{deployment_id}/object_info.json: the nodes that the workflow uses, by their inputs."""
    deployment = await of_caller(request, await caller(request, "run", "read"))
    nodes: dict[str, Any] = {}
    for node in deployment.workflow.values():
        known = nodes.setdefault(node["class_type"], {"input": {"required": {}}, "name": node["class_type"]})
        known["input"]["required"] |= {name: [_type(value)] for name, value in node.get("inputs", {}).items()}
    return answer(nodes)


async def proxy(request: Request) -> Response:
    """GET, POST /prod/v2/deployments/{deployment_id}/instances/{instance_id}/proxy/{path}: ComfyUI's own answer.

    An instance is there while it works for the deployment. It works for others too: a key without `admin` reads what
    is of nobody, frees memory, and interrupts its own request.
    """
    who = await caller(request, "run")
    deployment = await of_caller(request, who)
    instance = await act.find_instance(site_of(request), deployment, request.path_params["instance_id"])
    if instance is None:
        raise NotFound("no such instance; it is there while it works on a request of this deployment")
    path = request.path_params["path"].removeprefix("api/")
    if ".." in path.split("/"):
        raise BadRequest("path: `..` is not accepted")
    body = await read_whole(request, PROXY_BYTES) if request.method == "POST" else b""
    if "admin" not in who.scopes or who.account_id != await site_of(request).store.first_account():
        body = _permitted(request.method, path, body, instance)
    query = request.scope["query_string"].decode("latin-1")
    media_type = request.headers.get("content-type", "application/json")
    code, content, found = await instance.call(request.method, path, query=query, body=body, media_type=media_type)
    headers = {"Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff"}
    return Response(content, code, headers, found)


async def webhook_body(site: Site, job: Job, state: State, base: str) -> Mapping[str, Any] | None:
    """What is told of a deployment's request to its own webhook; None for other requests."""
    if not job.model_id.startswith(PREFIX):
        return None
    told: dict[str, Any] = {"request_id": job.id, "deployment_id": job.model_id.removeprefix(PREFIX)}
    told |= {
        "status": RESULT[state],
        "created_at": timestamp(job.created_ms),
        "finished_at": None,
        "output" if _is_lora(site, job) else "outputs": None,
        "error": None,
    }
    if state.is_terminal and job.state is state:
        told |= {name: value for name, value in (await _result(site, job, base)).items() if name != "request_id"}
    if state is State.FAILED:
        told["error"] = _error(job.error or "the request failed")
    return told


async def _job(request: Request, who: Caller) -> tuple[Deployment, Job]:
    """A request of the deployment that the address names. Raises NotFound."""
    deployment = await of_caller(request, who, deleted=True)
    job = await site_of(request).store.job(request.path_params["request_id"], who.account_id)
    if job.model_id != deployment.model_id:
        raise NotFound("this deployment has no such request")
    return deployment, job


async def _result(site: Site, job: Job, base: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "request_id": job.id,
        "status": RESULT[job.state],
        "created_at": timestamp(job.created_ms),
    }
    if job.state.is_terminal and job.finished_ms is not None:
        told["finished_at"] = timestamp(job.finished_ms)
    if job.state is State.COMPLETED:
        if (job.result or {}).get("key") == "files":
            told["outputs"] = await _outputs(site, job, base)
        else:
            told["output"] = (await output_of(site, job, base))["output"]
    return told


async def _outputs(site: Site, job: Job, base: str) -> dict[str, Any]:
    """Node, channel, items; a file has its address beside ComfyUI's own words, as long as it is kept."""
    kept = job.result or {}
    urls = [file_url(site, base, await site.store.file(file_id)) for file_id in kept.get("outputs", ())]
    nodes = kept.get("metadata", {}).get("told", {}).get("nodes", {})
    return {
        node: {channel: [_with_url(item, urls) for item in items] for channel, items in channels.items()}
        for node, channels in nodes.items()
    }


def _with_url(item: Any, urls: list[str]) -> Any:
    if not isinstance(item, dict):
        return item
    told = {name: value for name, value in item.items() if name != "file"}
    number = item.get("file")
    return told | ({"url": urls[number]} if isinstance(number, int) and number < len(urls) else {})


def _is_lora(site: Site, job: Job) -> bool:
    try:
        return site.catalog.runnable(job.model_id).produces != "files"
    except NotFound:
        return False


def _error(message: str) -> dict[str, str]:
    return {"type": "ExecutionError", "message": message}


def _is_first(request: Request) -> bool:
    return str(request.scope["path"]).startswith("/prod/v1/")


def _urls(request: Request, deployment: Deployment, request_id: str) -> dict[str, str]:
    version = "v1" if _is_first(request) else "v2"
    where = f"{base_url(request)}/prod/{version}/deployments/{deployment.id}/requests/{request_id}/"
    return {name + "_url": where + name for name in ("status", "result", "cancel")}


def _webhook(request: Request, body: object) -> Webhook | None:
    """`?webhook=URL&webhook_intermediate_status=true`, or the same two keys in the body. Raises InvalidInput."""
    query = Query(request)
    url, intermediate = query.text("webhook"), query.flag("webhook_intermediate_status")
    query.check()
    if url is None and isinstance(body, dict):
        url, intermediate = body.get("webhook"), body.get("webhook_intermediate_status") is True
        if url is not None and not isinstance(url, str):
            raise InvalidInput(problems=(Problem("webhook", "an address is accepted", "type"),))
    return Webhook(url, EVENTS if intermediate else DEFAULT_EVENTS) if url else None


def _permitted(method: str, path: str, body: bytes, instance: act.Instance) -> bytes:
    """The body to send on, when a key that does not own the site may ask this. Raises Forbidden."""
    if method == "GET" and path.partition("/")[0] in READABLE:
        return b""
    if method == "POST" and path == "free":
        return body
    if method == "POST" and path == "interrupt":
        wanted = _prompt_id(body)
        mine = instance.prompts if wanted is None else instance.prompts & {wanted}
        if mine:
            return orjson.dumps({"prompt_id": min(mine)})
    readable = ", ".join(READABLE)
    raise Forbidden(
        f"instances work for several accounts here: GET of {readable} and POST of free and interrupt are open to this "
        "key, all else to the owner of the site"
    )


def _prompt_id(body: bytes) -> str | None:
    try:
        told = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as exc:
        raise BadRequest("the body is not valid JSON") from exc
    found = told.get("prompt_id") if isinstance(told, dict) else None
    return found if isinstance(found, str) else None


def _type(value: object) -> str:
    """ComfyUI's word for the type of a value; a link has that of the other node's output."""
    words = {bool: "BOOLEAN", int: "INT", float: "FLOAT", str: "STRING"}
    return words.get(type(value), "*")
