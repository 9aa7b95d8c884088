"""The building blocks of the OpenAPI document: operations, answers, parameters."""

from __future__ import annotations

from typing import Any

from mutoscope.server.shapes import array, obj, ref

Operation = dict[str, Any]
MEANINGS = {
    304: "You have it already.",
    400: "The request could not be read.",
    401: "No valid key.",
    402: "The key's spending limit is reached.",
    403: "The key lacks a scope.",
    404: "No such thing, or not yours.",
    408: "The body came too slowly.",
    409: "The state does not allow it.",
    410: "It was kept as long as this server keeps such things.",
    413: "The body is too large.",
    416: "The range lies outside the file.",
    422: "The input does not fit; every problem is listed.",
    429: "Too fast, too much waiting, or too many at once.",
    503: "The model's engine is not set up, the queue is full, or the server is stopping.",
    504: "No worker answered in time.",
    507: "The server's disk is full.",
}
LANGUAGE = {
    "name": "language",
    "in": "query",
    "schema": {"type": "string"},
    "description": "Language of the texts, such as `ja`; English where a text is missing.",
}
REQUEST_ID = {"name": "request_id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def op(
    name: str,
    summary: str,
    shape: dict[str, Any] | None,
    errors: tuple[int, ...],
    parameters: list[dict[str, Any]] | None = None,
    *,
    status: str = "200",
    public: bool = False,
    tag: str = "",
) -> Operation:
    codes = errors if public else tuple(sorted({401, 403, *errors}))
    operation: Operation = {
        "operationId": name.replace("/", "_"),
        "summary": summary,
        "parameters": list(parameters or ()),
        "responses": {
            status: response("Done.", shape),
            **{str(code): response(MEANINGS[code], ref("Error")) for code in codes},
        },
    }
    if public:
        operation["security"] = []
    if tag:
        operation["tags"] = [tag]
    return operation


def response(text: str, shape: dict[str, Any] | None) -> dict[str, Any]:
    told: dict[str, Any] = {"description": text}
    if shape is not None:
        told["content"] = {"application/json": {"schema": shape}}
    return told


def sheet(operation: Operation) -> Operation:
    operation["responses"]["200"]["content"] = {"text/csv": {"schema": {"type": "string"}}}
    return operation


def file_bytes(operation: Operation, media_type: str) -> Operation:
    content = {"content": {media_type: {"schema": {"type": "string", "format": "binary"}}}}
    operation["responses"]["200"] |= content
    operation["responses"]["206"] = {"description": "The part asked for.", **content}
    operation["responses"]["304"] = {"description": MEANINGS[304]}
    operation["parameters"] = [
        *operation["parameters"],
        header("Range", {"type": "string", "pattern": "^bytes=[0-9]{1,9}-[0-9]{0,9}$"}),
    ]
    return operation


def body(content: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {"required": True, "content": {kind: {"schema": schema} for kind, schema in content.items()}}


def query(name: str, schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": text}


def header(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "header", "schema": schema}


def in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def paging(most: int) -> list[dict[str, Any]]:
    return [
        query("limit", {"type": "integer", "minimum": 1, "maximum": most}, "Page size."),
        query("cursor", {"type": "string"}, "`next_cursor` of the page before."),
    ]


def page(name: str, shape: str) -> dict[str, Any]:
    return obj(**{name: array(ref(shape)), "next_cursor": {"type": ["string", "null"]}})


def count() -> dict[str, Any]:
    return {"type": "integer", "minimum": 0}
