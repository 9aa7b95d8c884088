"""GET /openapi.json: every address, and every model with its own schema (OpenAPI 3.1).

A model's address is written out, so a generated client gets typed inputs. The worker protocol is not part of it;
see `protocol`.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mutoscope import __version__
from mutoscope.catalog import Model
from mutoscope.jobs import State
from mutoscope.quotas import PRIORITIES
from mutoscope.quote import priced_inputs
from mutoscope.schema import bounded, normalise
from mutoscope.server.dialects.runcomfy import LONGEST_WAIT_S
from mutoscope.server.events import MOST_REQUESTS
from mutoscope.server.library import MOST_FILES
from mutoscope.server.listing import LONGEST_SEARCH
from mutoscope.server.models import KINDS, ready
from mutoscope.server.openapi_serverless import serverless_paths
from mutoscope.server.openapi_site import account_paths, ops_paths, webhook_paths
from mutoscope.server.operations import (
    LANGUAGE,
    REQUEST_ID,
    Operation,
    body,
    count,
    file_bytes,
    header,
    in_path,
    op,
    page,
    paging,
    query,
)
from mutoscope.server.shapes import RECEIVER, SHAPES, array, obj, ref
from mutoscope.server.wire import answer, base_url, site_of
from mutoscope.store.library import KINDS as KINDS_OF_FILES
from mutoscope.store.library import ROLES


async def document(request: Request) -> Response:
    """The whole document, for the models that can run here."""
    return answer(describe(ready(site_of(request)), base_url(request)))


def describe(models: list[Model], base: str) -> dict[str, Any]:
    """The document for these models."""
    paths = _fixed_paths()
    for model in models:
        paths[f"/v1/models/{model.id}"] = {
            "get": op("show_" + model.id, "Show this model.", ref("Model"), (), [LANGUAGE], public=True),
            "post": _submit(model),
        }
        paths[f"/v1/quote/{model.id}"] = {"post": _quote(model)}
        paths[f"/v1/prices/{model.id}"] = {"get": _prices(model)}
        paths[f"/prod/v2/models/{model.id}"] = _alias({"post": _submit(model)})
    return {
        "openapi": "3.1.0",
        "info": {"title": "Mutoscope", "version": __version__, "description": "RunComfy's Model API and extras."},
        "servers": [{"url": base}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": SHAPES,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def describe_one(model: Model, base: str) -> dict[str, Any]:
    """The document for one model alone: its calls, those of its requests, files and checks."""
    own = (
        f"/v1/models/{model.id}",
        f"/v1/quote/{model.id}",
        f"/v1/prices/{model.id}",
        "/v1/requests/{",
        "/v1/files",
        "/v1/inputs/",
    )
    document = describe([model], base)
    document["info"] |= {"title": model.text("name", "en"), "description": model.text("description", "en")}
    document["paths"] = {path: item for path, item in document["paths"].items() if path.startswith(own)}
    return document


def _submit(model: Model) -> Operation:
    operation = op(
        "run_" + model.id,
        model.text("name", "en"),
        ref("Submitted"),
        (400, 402, 413, 422, 429, 503, 507),
        tag="Models",
    )
    operation["description"] = model.text("description", "en")
    operation["parameters"] = [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
            "description": "The same key and body give the same request.",
        },
        {
            "name": "Mutoscope-Cache",
            "in": "header",
            "schema": {"type": "string", "enum": ["use", "off"]},
            "description": "`use`: an earlier output of an equal request with the same seed will do; else by the key.",
        },
        query("webhook", RECEIVER, "Address to be told at when the state changes."),
        query(
            "webhook_events",
            SHAPES["WantedEndpoint"]["properties"]["events"],
            "States to be told of; the terminal ones when not given.",
        )
        | {"style": "form", "explode": False},
        query("priority", {"type": "string", "enum": list(PRIORITIES)}, "At most what the key may ask for."),
        query(
            "expires_in_s",
            {"type": "integer", "minimum": 1, "maximum": LONGEST_WAIT_S},
            "It fails if it is not started within so many seconds.",
        ),
        query(
            "time_limit_s",
            {"type": "integer", "minimum": 1, "maximum": model.time_limit_s},
            "Seconds one attempt may take.",
        ),
    ]
    operation["requestBody"] = body({"application/json": bounded(normalise(model.input_schema))})
    return operation


def _quote(model: Model) -> Operation:
    operation = op("quote_" + model.id, "What a request would cost and take.", ref("Quote"), (400, 413, 422, 503))
    operation["requestBody"] = body({"application/json": bounded(normalise(model.input_schema))})
    return operation


def _prices(model: Model) -> Operation:
    operation = op("prices_" + model.id, "What so many runs would cost.", ref("Prices"), (422,), public=True)
    operation["parameters"] = [
        query("count", {"type": "integer", "minimum": 1, "maximum": 1_000_000}, "Runs."),
        query("outputs", {"type": "integer", "minimum": 1, "maximum": 1000}, "Outputs of each, where they count."),
        query("duration_s", {"type": "number", "minimum": 0, "maximum": 86400}, "Length of each, where it counts."),
        *(
            query(f"input.{name}", bounded(normalise(node)), "The price hangs on it.")
            for name, node in priced_inputs(model).items()
        ),
    ]
    return operation


def _fixed_paths() -> dict[str, dict[str, Operation]]:
    return {
        **_request_paths(),
        **_catalogue_paths(),
        **_file_paths(),
        **_library_paths(),
        **serverless_paths(),
        **account_paths(),
        **webhook_paths(),
        **ops_paths(),
    }


def _request_paths() -> dict[str, dict[str, Operation]]:
    one = [REQUEST_ID]
    cost = query("include_cost", {"type": "boolean"}, "Tell what it cost, in USD.")
    running = query("running", {"type": "boolean"}, "Also stop it when it is in progress.")
    filters = [
        query("model", {"type": "string"}, "Only this model."),
        query("state", {"type": "string", "enum": [str(state) for state in State]}, "Only this state."),
        query("after", {"type": "string", "format": "date-time"}, "Created at or after."),
        query("before", {"type": "string", "format": "date-time"}, "Created before."),
        query("key", {"type": "string"}, "Only of this key, by its id."),
        query("search", {"type": "string", "maxLength": LONGEST_SEARCH}, "Words in id, model and inputs."),
        *paging(500),
    ]
    events = op("follow_request", "Follow a request (server-sent events).", {"type": "string"}, (400, 404, 429), one)
    events["responses"]["200"]["content"] = {"text/event-stream": {"schema": {"type": "string"}}}
    events["parameters"] = [*one, header("Last-Event-ID", {"type": "string", "pattern": "^[0-9]{1,18}$"})]
    several = op("follow_requests", "Follow several requests in one stream.", {"type": "string"}, (400, 404, 422, 429))
    several["responses"]["200"]["content"] = events["responses"]["200"]["content"]
    ids = {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "maxItems": MOST_REQUESTS}
    several["parameters"] = [{**query("request", ids, "Ids of requests."), "required": True}, events["parameters"][1]]
    where = "/v1/requests/{request_id}"
    places = [*one, in_path("attempt"), in_path("preview_id")]
    preview = op("preview", "A picture of what there is while it runs.", {}, (404,), places)
    preview["responses"]["204"] = {"description": "It is there no more."}
    preview["responses"]["200"]["content"] = {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}
    four = {
        where + "/status": {"get": op("status", "Where a request stands.", ref("Status"), (404,), one)},
        where + "/result": {
            "get": op("result", "The result so far.", ref("Result"), (404, 410, 422), [REQUEST_ID, cost])
        },
        where + "/cancel": {
            "post": op("cancel", "Cancel.", ref("Cancelled"), (404, 422), [REQUEST_ID, running], status="202")
        },
    }
    return {
        "/v1/requests": {"get": op("list_requests", "List requests.", page("requests", "Summary"), (422,), filters)},
        where: {
            "get": op("show_request", "Show a request.", ref("Request"), (404,), one),
            "delete": op("delete_request", "Delete a finished request.", None, (404, 409), one, status="204"),
        },
        **four,
        **{path.replace("/v1/", "/prod/v2/"): _alias(item) for path, item in four.items()},
        where + "/events": {"get": events},
        "/v1/events": {"get": several},
        where + "/poster": {
            "get": file_bytes(op("poster", "A picture of the output.", {}, (404, 416), one), "image/jpeg")
        },
        where + "/previews/{attempt}/{preview_id}": {"get": preview},
    }


def _alias(item: dict[str, Operation]) -> dict[str, Operation]:
    """The same operations at the address where RunComfy's first command-line client looked for them."""
    return {method: {**op, "operationId": op["operationId"] + "_alias"} for method, op in item.items()}


def _catalogue_paths() -> dict[str, dict[str, Operation]]:
    filters = [
        query("search", {"type": "string"}, "Words in id, name or description."),
        query("category", {"type": "string"}, "Only this category."),
        query("kind", {"type": "string", "enum": list(KINDS)}, "Only this kind."),
        query("include_schema", {"type": "boolean"}, "With input and output schema."),
        LANGUAGE,
        query("limit", {"type": "integer", "minimum": 1, "maximum": 500}, "Page size."),
        query("offset", {"type": "integer", "minimum": 0, "maximum": 10**8}, "Entries to skip."),
    ]
    page = obj(models=array(ref("Model")), total=count(), limit=count(), offset=count())
    names = obj(categories=array({"type": "string"}))
    check = op("check_input", "Would this file do?", ref("Check"), (400, 404, 413, 422, 429, 503, 504))
    check["requestBody"] = body({"application/json": ref("WantedCheck")})
    return {
        "/v1/inputs/check": {"post": check},
        "/v1/models": {"get": op("list_models", "List models.", page, (422,), filters, public=True)},
        "/v1/models/categories": {"get": op("list_categories", "List categories.", names, (), public=True)},
    }


def _file_paths() -> dict[str, dict[str, Operation]]:
    file_id = {"name": "file_id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    upload = op("upload_file", "Upload a file.", ref("File"), (400, 408, 413, 422, 429, 507), status="201")
    raw = {"type": "string", "contentMediaType": "application/octet-stream"}
    upload["requestBody"] = body(
        {
            "multipart/form-data": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            },
            "application/octet-stream": raw,
        }
    )
    upload["parameters"] = [query("name", {"type": "string"}, "File name of a raw body.")]
    fetch = op("fetch_file", "Fetch a file.", {}, (404, 416), [file_id, name])
    fetch["parameters"] += [
        query("expires", {"type": "string"}, "From a signed address."),
        query("signature", {"type": "string"}, "From a signed address."),
    ]
    shelf = [
        query("role", {"type": "string", "enum": [*ROLES, "all"]}, "Uploads (when not given), outputs, or both."),
        query("kind", {"type": "string", "enum": list(KINDS_OF_FILES)}, "Only files of this kind."),
        query("favourite", {"type": "boolean"}, "Only favourites."),
        query("collection", {"type": "string"}, "Only files of this collection."),
        *paging(500),
    ]
    return {
        "/v1/files": {
            "get": op("list_files", "List files.", page("files", "File"), (422,), shelf),
            "post": upload,
        },
        "/v1/files/{file_id}/{name}": {"get": file_bytes(fetch, "*/*")},
        "/v1/files/{file_id}": {
            "get": op("show_file", "Show a file.", ref("File"), (404,), [file_id]),
            "delete": op("delete_file", "Delete an upload.", None, (404,), [file_id], status="204"),
        },
    }


def _library_paths() -> dict[str, dict[str, Operation]]:
    file_id, collection_id = in_path("file_id"), in_path("collection_id")
    create = op("create_collection", "Create a collection.", ref("Collection"), (400, 409, 413, 422), status="201")
    rename = op(
        "rename_collection", "Rename a collection.", ref("Collection"), (400, 404, 409, 413, 422), [collection_id]
    )
    for operation in (create, rename):
        operation["requestBody"] = body({"application/json": ref("WantedCollection")})
    ids = {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "maxItems": MOST_FILES}
    archive = op("archive_files", "Several files as one ZIP.", {}, (404, 422, 429))
    archive["parameters"] = [{**query("file", ids, "Ids of files."), "required": True}]
    whole = op("archive_collection", "A collection as one ZIP.", {}, (404, 422, 429), [collection_id])
    for operation in (archive, whole):
        content = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
        operation["responses"]["200"]["content"] = content
    both = [collection_id, file_id]
    every = obj(collections=array(ref("Collection")))
    return {
        "/v1/files/{file_id}/favourite": {
            "put": op("favour_file", "Make a file a favourite.", None, (404,), [file_id], status="204"),
            "delete": op("unfavour_file", "No longer a favourite.", None, (404,), [file_id], status="204"),
        },
        "/v1/files.zip": {"get": archive},
        "/v1/collections": {"get": op("list_collections", "List collections.", every, ()), "post": create},
        "/v1/collections/{collection_id}": {
            "get": op("show_collection", "Show a collection.", ref("Collection"), (404,), [collection_id]),
            "patch": rename,
            "delete": op("delete_collection", "Delete a collection.", None, (404,), [collection_id], status="204"),
        },
        "/v1/collections/{collection_id}/files.zip": {"get": whole},
        "/v1/collections/{collection_id}/files/{file_id}": {
            "put": op("collect_file", "Put a file into a collection.", None, (404,), both, status="204"),
            "delete": op("release_file", "Take a file out of it.", None, (404,), both, status="204"),
        },
    }
