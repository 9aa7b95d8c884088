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
from mutoscope.server.shapes import RECEIVER, SHAPES, array, obj, ref
from mutoscope.server.wire import answer, base_url, site_of
from mutoscope.store.library import KINDS as KINDS_OF_FILES
from mutoscope.store.library import ROLES
from mutoscope.store.outbox import STATES

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


async def document(request: Request) -> Response:
    """The whole document, for the models that can run here."""
    return answer(describe(ready(site_of(request)), base_url(request)))


def describe(models: list[Model], base: str) -> dict[str, Any]:
    """The document for these models."""
    paths = _fixed_paths()
    for model in models:
        paths[f"/v1/models/{model.id}"] = {
            "get": _op("show_" + model.id, "Show this model.", ref("Model"), (), [LANGUAGE], public=True),
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
    operation = _op(
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
        _query("webhook", RECEIVER, "Address to be told at when the state changes."),
        _query(
            "webhook_events",
            SHAPES["WantedEndpoint"]["properties"]["events"],
            "States to be told of; the terminal ones when not given.",
        )
        | {"style": "form", "explode": False},
        _query("priority", {"type": "string", "enum": list(PRIORITIES)}, "At most what the key may ask for."),
        _query(
            "expires_in_s",
            {"type": "integer", "minimum": 1, "maximum": LONGEST_WAIT_S},
            "It fails if it is not started within so many seconds.",
        ),
        _query(
            "time_limit_s",
            {"type": "integer", "minimum": 1, "maximum": model.time_limit_s},
            "Seconds one attempt may take.",
        ),
    ]
    operation["requestBody"] = _body({"application/json": bounded(normalise(model.input_schema))})
    return operation


def _quote(model: Model) -> Operation:
    operation = _op("quote_" + model.id, "What a request would cost and take.", ref("Quote"), (400, 413, 422, 503))
    operation["requestBody"] = _body({"application/json": bounded(normalise(model.input_schema))})
    return operation


def _prices(model: Model) -> Operation:
    operation = _op("prices_" + model.id, "What so many runs would cost.", ref("Prices"), (422,), public=True)
    operation["parameters"] = [
        _query("count", {"type": "integer", "minimum": 1, "maximum": 1_000_000}, "Runs."),
        _query("outputs", {"type": "integer", "minimum": 1, "maximum": 1000}, "Outputs of each, where they count."),
        _query("duration_s", {"type": "number", "minimum": 0, "maximum": 86400}, "Length of each, where it counts."),
        *(
            _query(f"input.{name}", bounded(normalise(node)), "The price hangs on it.")
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
        **_account_paths(),
        **_webhook_paths(),
        **_ops_paths(),
    }


def _request_paths() -> dict[str, dict[str, Operation]]:
    one = [REQUEST_ID]
    cost = _query("include_cost", {"type": "boolean"}, "Tell what it cost, in USD.")
    running = _query("running", {"type": "boolean"}, "Also stop it when it is in progress.")
    filters = [
        _query("model", {"type": "string"}, "Only this model."),
        _query("state", {"type": "string", "enum": [str(state) for state in State]}, "Only this state."),
        _query("after", {"type": "string", "format": "date-time"}, "Created at or after."),
        _query("before", {"type": "string", "format": "date-time"}, "Created before."),
        _query("key", {"type": "string"}, "Only of this key, by its id."),
        _query("search", {"type": "string", "maxLength": LONGEST_SEARCH}, "Words in id, model and inputs."),
        *_paging(500),
    ]
    events = _op("follow_request", "Follow a request (server-sent events).", {"type": "string"}, (400, 404, 429), one)
    events["responses"]["200"]["content"] = {"text/event-stream": {"schema": {"type": "string"}}}
    events["parameters"] = [*one, _header("Last-Event-ID", {"type": "string", "pattern": "^[0-9]{1,18}$"})]
    several = _op("follow_requests", "Follow several requests in one stream.", {"type": "string"}, (400, 404, 422, 429))
    several["responses"]["200"]["content"] = events["responses"]["200"]["content"]
    ids = {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "maxItems": MOST_REQUESTS}
    several["parameters"] = [{**_query("request", ids, "Ids of requests."), "required": True}, events["parameters"][1]]
    where = "/v1/requests/{request_id}"
    places = [*one, _in_path("attempt"), _in_path("preview_id")]
    preview = _op("preview", "A picture of what there is while it runs.", {}, (404,), places)
    preview["responses"]["200"]["content"] = {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}
    four = {
        where + "/status": {"get": _op("status", "Where a request stands.", ref("Status"), (404,), one)},
        where + "/result": {
            "get": _op("result", "The result so far.", ref("Result"), (404, 410, 422), [REQUEST_ID, cost])
        },
        where + "/cancel": {
            "post": _op("cancel", "Cancel.", ref("Cancelled"), (404, 422), [REQUEST_ID, running], status="202")
        },
    }
    return {
        "/v1/requests": {"get": _op("list_requests", "List requests.", _page("requests", "Summary"), (422,), filters)},
        where: {
            "get": _op("show_request", "Show a request.", ref("Request"), (404,), one),
            "delete": _op("delete_request", "Delete a finished request.", None, (404, 409), one, status="204"),
        },
        **four,
        **{path.replace("/v1/", "/prod/v2/"): _alias(item) for path, item in four.items()},
        where + "/events": {"get": events},
        "/v1/events": {"get": several},
        where + "/poster": {
            "get": _bytes(_op("poster", "A picture of the output.", {}, (404, 416), one), "image/jpeg")
        },
        where + "/previews/{attempt}/{preview_id}": {"get": preview},
    }


def _alias(item: dict[str, Operation]) -> dict[str, Operation]:
    """The same operations at the address where RunComfy's first command-line client looked for them."""
    return {method: {**op, "operationId": op["operationId"] + "_alias"} for method, op in item.items()}


def _catalogue_paths() -> dict[str, dict[str, Operation]]:
    filters = [
        _query("search", {"type": "string"}, "Words in id, name or description."),
        _query("category", {"type": "string"}, "Only this category."),
        _query("kind", {"type": "string", "enum": list(KINDS)}, "Only this kind."),
        _query("include_schema", {"type": "boolean"}, "With input and output schema."),
        LANGUAGE,
        _query("limit", {"type": "integer", "minimum": 1, "maximum": 500}, "Page size."),
        _query("offset", {"type": "integer", "minimum": 0, "maximum": 10**8}, "Entries to skip."),
    ]
    page = obj(models=array(ref("Model")), total=_int(), limit=_int(), offset=_int())
    names = obj(categories=array({"type": "string"}))
    check = _op("check_input", "Would this file do?", ref("Check"), (400, 404, 413, 422, 429, 503, 504))
    check["requestBody"] = _body({"application/json": ref("WantedCheck")})
    return {
        "/v1/inputs/check": {"post": check},
        "/v1/models": {"get": _op("list_models", "List models.", page, (422,), filters, public=True)},
        "/v1/models/categories": {"get": _op("list_categories", "List categories.", names, (), public=True)},
    }


def _file_paths() -> dict[str, dict[str, Operation]]:
    file_id = {"name": "file_id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    upload = _op("upload_file", "Upload a file.", ref("File"), (400, 408, 413, 422, 429, 507), status="201")
    raw = {"type": "string", "contentMediaType": "application/octet-stream"}
    upload["requestBody"] = _body(
        {
            "multipart/form-data": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            },
            "application/octet-stream": raw,
        }
    )
    upload["parameters"] = [_query("name", {"type": "string"}, "File name of a raw body.")]
    fetch = _op("fetch_file", "Fetch a file.", {}, (404, 416), [file_id, name])
    fetch["parameters"] += [
        _query("expires", {"type": "string"}, "From a signed address."),
        _query("signature", {"type": "string"}, "From a signed address."),
    ]
    shelf = [
        _query("role", {"type": "string", "enum": [*ROLES, "all"]}, "Uploads (when not given), outputs, or both."),
        _query("kind", {"type": "string", "enum": list(KINDS_OF_FILES)}, "Only files of this kind."),
        _query("favourite", {"type": "boolean"}, "Only favourites."),
        _query("collection", {"type": "string"}, "Only files of this collection."),
        *_paging(500),
    ]
    return {
        "/v1/files": {
            "get": _op("list_files", "List files.", _page("files", "File"), (422,), shelf),
            "post": upload,
        },
        "/v1/files/{file_id}/{name}": {"get": _bytes(fetch, "*/*")},
        "/v1/files/{file_id}": {
            "get": _op("show_file", "Show a file.", ref("File"), (404,), [file_id]),
            "delete": _op("delete_file", "Delete an upload.", None, (404,), [file_id], status="204"),
        },
    }


def _library_paths() -> dict[str, dict[str, Operation]]:
    file_id, collection_id = _in_path("file_id"), _in_path("collection_id")
    create = _op("create_collection", "Create a collection.", ref("Collection"), (400, 409, 413, 422), status="201")
    rename = _op(
        "rename_collection", "Rename a collection.", ref("Collection"), (400, 404, 409, 413, 422), [collection_id]
    )
    for operation in (create, rename):
        operation["requestBody"] = _body({"application/json": ref("WantedCollection")})
    ids = {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "maxItems": MOST_FILES}
    archive = _op("archive_files", "Several files as one ZIP.", {}, (404, 422, 429))
    archive["parameters"] = [{**_query("file", ids, "Ids of files."), "required": True}]
    whole = _op("archive_collection", "A collection as one ZIP.", {}, (404, 422, 429), [collection_id])
    for operation in (archive, whole):
        content = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
        operation["responses"]["200"]["content"] = content
    both = [collection_id, file_id]
    every = obj(collections=array(ref("Collection")))
    return {
        "/v1/files/{file_id}/favourite": {
            "put": _op("favour_file", "Make a file a favourite.", None, (404,), [file_id], status="204"),
            "delete": _op("unfavour_file", "No longer a favourite.", None, (404,), [file_id], status="204"),
        },
        "/v1/files.zip": {"get": archive},
        "/v1/collections": {"get": _op("list_collections", "List collections.", every, ()), "post": create},
        "/v1/collections/{collection_id}": {
            "get": _op("show_collection", "Show a collection.", ref("Collection"), (404,), [collection_id]),
            "patch": rename,
            "delete": _op("delete_collection", "Delete a collection.", None, (404,), [collection_id], status="204"),
        },
        "/v1/collections/{collection_id}/files.zip": {"get": whole},
        "/v1/collections/{collection_id}/files/{file_id}": {
            "put": _op("collect_file", "Put a file into a collection.", None, (404,), both, status="204"),
            "delete": _op("release_file", "Take a file out of it.", None, (404,), both, status="204"),
        },
    }


def _account_paths() -> dict[str, dict[str, Operation]]:
    key_id = {"name": "key_id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    account = _query("account", {"type": "string"}, "Another account; only for the owner of the site.")
    create = _op("create_key", "Create a key.", ref("NewKey"), (400, 413, 422), status="201")
    create["requestBody"] = _body({"application/json": ref("WantedKey")})
    change = _op("change_key", "Change a key.", ref("Key"), (400, 404, 413, 422), [key_id, account])
    change["requestBody"] = _body({"application/json": ref("ChangedKey")})
    overlap = _query("overlap_s", {"type": "integer", "minimum": 0, "maximum": 7776000}, "How long both open.")
    acts = [
        _query("all", {"type": "boolean"}, "Every account; only for the owner of the site."),
        _query("action", {"type": "string"}, "Only this act."),
        _query("target", {"type": "string"}, "Only what was done to this."),
        _query("after", {"type": "string", "format": "date-time"}, "Done at or after."),
        _query("before", {"type": "string", "format": "date-time"}, "Done before."),
        *_paging(500),
    ]
    times = [
        _query("from", {"type": "string", "format": "date-time"}, "Submitted at or after."),
        _query("to", {"type": "string", "format": "date-time"}, "Submitted before."),
    ]
    usage = obj(usage=array(ref("Usage")), total_usd={"type": "number"}, next_cursor={"type": ["string", "null"]})
    return {
        "/v1/keys": {
            "get": _op("list_keys", "List keys.", obj(keys=array(ref("Key"))), (404,), [account]),
            "post": create,
        },
        "/v1/account": {"get": _op("show_account", "The calling key and its limits.", ref("Account"), ())},
        "/v1/keys/{key_id}": {
            "get": _op("show_key", "Show a key and what it used.", ref("UsedKey"), (404,), [key_id, account]),
            "patch": change,
            "delete": _op("revoke_key", "Revoke a key.", None, (404,), [key_id, account], status="204"),
        },
        "/v1/keys/{key_id}/rotate": {
            "post": _op(
                "rotate_key", "Replace a key.", ref("NewKey"), (404, 422), [key_id, account, overlap], status="201"
            )
        },
        "/v1/audit": {
            "get": _op("audit", "Administrative acts.", _page("entries", "AuditEntry"), (404, 422), [account, *acts])
        },
        "/v1/audit/export.csv": {
            "get": _sheet(_op("audit_csv", "The same as CSV.", {}, (404, 422), [account, *acts[:-2]]))
        },
        **_admin_paths(),
        "/v1/usage": {"get": _op("usage", "What was used.", usage, (422,), [*times, *_paging(1000)])},
        "/v1/usage/summary": {
            "get": _op("usage_summary", "Sums by day, model and key.", ref("UsageSummary"), (422,), times)
        },
        "/v1/usage/export.csv": {"get": _sheet(_op("usage_csv", "All rows, as CSV.", {}, (422,), times))},
        "/v1/usage/focus.csv": {"get": _sheet(_op("usage_focus", "Charges, in FOCUS columns.", {}, (422,), times))},
        "/prod/v2/balance": {"get": _op("balance", "The balance.", ref("Balance"), ())},
    }


def _admin_paths() -> dict[str, dict[str, Operation]]:
    change = _op("change_model", "Switch, point or price a model.", ref("AdminModel"), (400, 404, 413, 422))
    change["parameters"] = [_in_path("model_id")]
    change["requestBody"] = _body({"application/json": ref("ChangedModel")})
    add = _op("open_account", "Open an account.", ref("AdminAccount"), (400, 409, 413, 422), status="201")
    add["requestBody"] = _body({"application/json": ref("WantedAccount")})
    bound = _op("change_limits", "Change limits of the site.", ref("SiteLimits"), (400, 413, 422))
    bound["requestBody"] = _body({"application/json": ref("ChangedLimits")})
    all_models, all_accounts = obj(models=array(ref("AdminModel"))), obj(accounts=array(ref("AdminAccount")))
    return {
        "/v1/admin/models": {"get": _op("admin_models", "Models, for the owner of the site.", all_models, ())},
        "/v1/admin/models/{model_id}": {"patch": change},
        "/v1/admin/workers": {"get": _op("admin_workers", "Who works at what.", ref("AdminWorkers"), ())},
        "/v1/admin/accounts": {"get": _op("admin_accounts", "Every account.", all_accounts, ()), "post": add},
        "/v1/admin/limits": {"get": _op("admin_limits", "Limits of the site.", ref("SiteLimits"), ()), "patch": bound},
    }


def _webhook_paths() -> dict[str, dict[str, Operation]]:
    where, log = "/v1/webhooks/{endpoint_id}", "/v1/webhooks/deliveries"
    endpoint, delivery = [_in_path("endpoint_id")], [_in_path("delivery_id")]
    create = _op("create_webhook", "Create an endpoint.", ref("NewEndpoint"), (400, 409, 413, 422), status="201")
    create["requestBody"] = _body({"application/json": ref("WantedEndpoint")})
    change = _op("change_webhook", "Change an endpoint.", ref("Endpoint"), (400, 404, 413, 422), endpoint)
    change["requestBody"] = _body({"application/json": ref("ChangedEndpoint")})
    secret = ref("WebhookSecret")
    filters = [
        _query("request_id", {"type": "string"}, "Only of this request."),
        _query("endpoint_id", {"type": "string"}, "Only to this endpoint."),
        _query("state", {"type": "string", "enum": list(STATES)}, "Only in this state."),
        *_paging(500),
    ]
    return {
        "/v1/webhooks": {
            "get": _op("list_webhooks", "List endpoints.", obj(webhooks=array(ref("Endpoint"))), ()),
            "post": create,
        },
        "/v1/webhooks/secret": {"get": _op("webhook_secret", "The account's own secret.", secret, ())},
        "/v1/webhooks/secret/rotate": {"post": _op("rotate_webhook_secret", "Make a new one.", secret, ())},
        log: {"get": _op("list_deliveries", "List deliveries.", _page("deliveries", "Delivery"), (422,), filters)},
        log + "/{delivery_id}": {
            "get": _op("show_delivery", "Show every try.", ref("DeliveryWithAttempts"), (404,), delivery)
        },
        log + "/{delivery_id}/replay": {
            "post": _op("replay_delivery", "Send it again.", ref("Delivery"), (404, 409), delivery, status="202")
        },
        where: {
            "get": _op("show_webhook", "Show an endpoint.", ref("Endpoint"), (404,), endpoint),
            "patch": change,
            "delete": _op("delete_webhook", "Delete an endpoint.", None, (404,), endpoint, status="204"),
        },
        where + "/rotate": {"post": _op("rotate_webhook", "Make a new secret.", secret, (404,), endpoint)},
        where + "/test": {
            "post": _op("test_webhook", "Send a test event.", ref("Delivery"), (404, 409), endpoint, status="202")
        },
        "/.well-known/jwks.json": {
            "get": _op("jwks", "The site's public key.", obj(keys=array({"type": "object"})), (), public=True)
        },
    }


def _ops_paths() -> dict[str, dict[str, Operation]]:
    ready_ = _op("readyz", "Is work accepted and done?", ref("Health"), (), public=True)
    ready_["responses"]["503"] = _response("Not yet, with the reasons.", ref("Health"))
    metrics = _op("metrics", "Prometheus metrics; from another machine with a key.", {}, (401, 403))
    metrics["security"] = [{}, {"key": []}]
    metrics["responses"]["200"]["content"] = {"text/plain": {"schema": {"type": "string"}}}
    index = _op("index", "Where things are.", {}, (), public=True)
    index["responses"]["200"]["content"] = {"text/plain": {"schema": {"type": "string"}}}
    return {
        "/": {"get": index},
        "/livez": {"get": _op("livez", "Does the process answer?", ref("Health"), (), public=True)},
        "/readyz": {"get": ready_},
        "/v1/status": {
            "get": _op("site_status", "How the server and its parts are doing.", ref("SiteStatus"), (), public=True)
        },
        "/metrics": {"get": metrics},
        "/openapi.json": {
            "get": _op("openapi", "This document.", {"type": "object"}, (), public=True),
        },
    }


def _op(
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
            status: _response("Done.", shape),
            **{str(code): _response(MEANINGS[code], ref("Error")) for code in codes},
        },
    }
    if public:
        operation["security"] = []
    if tag:
        operation["tags"] = [tag]
    return operation


def _response(text: str, shape: dict[str, Any] | None) -> dict[str, Any]:
    told: dict[str, Any] = {"description": text}
    if shape is not None:
        told["content"] = {"application/json": {"schema": shape}}
    return told


def _sheet(operation: Operation) -> Operation:
    operation["responses"]["200"]["content"] = {"text/csv": {"schema": {"type": "string"}}}
    return operation


def _bytes(operation: Operation, media_type: str) -> Operation:
    content = {"content": {media_type: {"schema": {"type": "string", "format": "binary"}}}}
    operation["responses"]["200"] |= content
    operation["responses"]["206"] = {"description": "The part asked for.", **content}
    operation["responses"]["304"] = {"description": MEANINGS[304]}
    operation["parameters"] = [
        *operation["parameters"],
        _header("Range", {"type": "string", "pattern": "^bytes=[0-9]{1,9}-[0-9]{0,9}$"}),
    ]
    return operation


def _body(content: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {"required": True, "content": {kind: {"schema": schema} for kind, schema in content.items()}}


def _query(name: str, schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": text}


def _header(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "header", "schema": schema}


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _paging(most: int) -> list[dict[str, Any]]:
    return [
        _query("limit", {"type": "integer", "minimum": 1, "maximum": most}, "Page size."),
        _query("cursor", {"type": "string"}, "`next_cursor` of the page before."),
    ]


def _page(name: str, shape: str) -> dict[str, Any]:
    return obj(**{name: array(ref(shape)), "next_cursor": {"type": ["string", "null"]}})


def _int() -> dict[str, Any]:
    return {"type": "integer", "minimum": 0}
