"""The part of the OpenAPI document about deployments and their requests."""

from __future__ import annotations

from typing import Any

from mutoscope.deployments import HARDWARE
from mutoscope.server.deployments import INCLUDES, LONGEST_NAME, LONGEST_README, RANGES
from mutoscope.server.operations import REQUEST_ID, Operation, body, in_path, op, query
from mutoscope.server.shapes import COUNT, INSTANT, RECEIVER, TEXT, URL, array, obj

TAG = "Serverless"
ANY: dict[str, Any] = {"type": "object"}
_NUMBERS = {name: {"type": "integer", "minimum": low, "maximum": high} for name, (low, high, _) in RANGES.items()}
_HARDWARE = {**array({"type": "string", "enum": list(HARDWARE)}), "minItems": 1, "maxItems": 1}
_FLAG = {"type": "boolean"}
_PAYLOAD = obj({"input_schema": ANY}, workflow_api_json=ANY, overrides=ANY, object_info_url=URL)
_LORA = obj(base_model=TEXT, path=TEXT)
DEPLOYMENT = obj(
    {"payload": _PAYLOAD, "readme": TEXT, "lora": _LORA},
    id=TEXT,
    name=TEXT,
    workflow_id=TEXT,
    workflow_version=TEXT,
    hardware=_HARDWARE,
    **_NUMBERS,
    status={"type": "string", "enum": ["standby", "running"]},
    is_enabled=_FLAG,
    created_at=INSTANT,
    updated_at=INSTANT,
)
WANTED = obj(
    {
        "workflow_id": {"type": "string", "maxLength": 200},
        "workflow_version": {"type": "string", "maxLength": 100},
        "hardware": _HARDWARE,
        **_NUMBERS,
        "is_enabled": _FLAG,
        "readme": {"type": "string", "maxLength": LONGEST_README},
        "payload": obj({"workflow_api_json": ANY, "overrides": ANY}),
        "lora": _LORA,
    },
    name={"type": "string", "minLength": 1, "maxLength": LONGEST_NAME, "pattern": r"\S"},
)
_STATUS = {"type": "string", "enum": ["in_queue", "in_progress", "completed", "cancelled"]}
_RESULT = {"type": "string", "enum": ["in_queue", "in_progress", "succeeded", "failed", "cancelled"]}
_ERRORS = {
    "v1": array(obj(errorCode={"type": "integer"}, error=TEXT, debugInfo=TEXT)),
    "v2": obj(type=TEXT, message=TEXT),
}
_OUTCOME = {"type": "string", "enum": ["cancelled", "not_cancellable"]}


def serverless_paths() -> dict[str, dict[str, Operation]]:
    """Deployments, and the requests of both versions."""
    one, every = in_path("deployment_id"), "/prod/v2/deployments"
    includes = query("includes", array({"type": "string", "enum": list(INCLUDES)}), "What to add to each.")
    create = op("create_deployment", "Make a deployment.", DEPLOYMENT, (400, 409, 413, 422), [includes], tag=TAG)
    change = op("change_deployment", "Change a deployment.", DEPLOYMENT, (400, 404, 413, 422), [one, includes], tag=TAG)
    for operation in (create, change):
        operation["requestBody"] = body({"application/json": WANTED})
    picked = query("ids", array(TEXT), "Only these.")
    listed = op("deployments", "List deployments.", array(DEPLOYMENT), (422,), [picked, includes], tag=TAG)
    info = op("deployment_object_info", "The nodes it uses.", ANY, (404,), [one], tag=TAG)
    paths = {
        every: {"get": listed, "post": create},
        f"{every}/{{deployment_id}}": {
            "get": op("show_deployment", "Show a deployment.", DEPLOYMENT, (404, 422), [one, includes], tag=TAG),
            "patch": change,
            "delete": op("delete_deployment", "Delete a deployment.", None, (404,), [one], status="204", tag=TAG),
        },
        f"{every}/{{deployment_id}}/object_info.json": {"get": info},
        f"{every}/{{deployment_id}}/instances/{{instance_id}}/proxy/{{path}}": {
            method: op(f"proxy_{method}", "ComfyUI's own answer.", {}, (400, 404, 503), _PROXIED, tag=TAG)
            for method in ("get", "post")
        },
    }
    for version in ("v1", "v2"):
        paths |= _requests(version)
    return paths


_PROXIED = [in_path("deployment_id"), in_path("instance_id"), in_path("path")]


def _requests(version: str) -> dict[str, dict[str, Operation]]:
    one, more = [in_path("deployment_id"), REQUEST_ID], version == "v2"
    flag = query("webhook_intermediate_status", _FLAG, "Tell of every state.")
    given = [in_path("deployment_id"), query("webhook", RECEIVER, "Address to be told at."), flag]
    submitted = obj(request_id=TEXT, status_url=URL, result_url=URL, cancel_url=URL)
    codes = (400, 402, 404, 413, 422, 429, 503, 507)
    submit = op(f"infer_{version}", "Run the workflow.", submitted, codes, given, tag=TAG)
    submit["requestBody"] = body(
        {"application/json": obj({"overrides": ANY, "workflow_api_json": ANY, "extra_data": ANY})}
    )
    status = obj(
        {"queue_position": COUNT, **({"instance_id": TEXT} if more else {})},
        request_id=TEXT,
        status=_STATUS,
        status_url=URL,
        result_url=URL,
    )
    result = obj(
        {"finished_at": INSTANT, "outputs": ANY, "output": ANY, "error": _ERRORS[version]},
        request_id=TEXT,
        status=_RESULT,
        created_at=INSTANT,
    )
    words = {"type": "string", "enum": ["cancellation_requested", "not_cancellable"]}
    cancelled = obj(request_id=TEXT, status=words, **({"outcome": _OUTCOME} if more else {}))
    where = f"/prod/{version}/deployments/{{deployment_id}}"
    of_one = f"{where}/requests/{{request_id}}"
    cancel = op(f"cancel_inference_{version}", "Cancel it.", cancelled, (404,), one, status="202", tag=TAG)
    return {
        f"{where}/inference": {"post": submit},
        f"{of_one}/status": {"get": op(f"inference_status_{version}", "Its state.", status, (404,), one, tag=TAG)},
        f"{of_one}/result": {"get": op(f"inference_result_{version}", "Its result.", result, (404,), one, tag=TAG)},
        f"{of_one}/cancel": {"post": cancel},
    }
