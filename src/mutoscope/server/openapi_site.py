"""The part of the OpenAPI document that is about accounts, webhooks, and the site itself."""

from __future__ import annotations

from mutoscope.server.operations import Operation, body, in_path, op, page, paging, query, response, sheet
from mutoscope.server.shapes import array, obj, ref
from mutoscope.store.outbox import STATES


def account_paths() -> dict[str, dict[str, Operation]]:
    key_id = {"name": "key_id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    account = query("account", {"type": "string"}, "Another account; only for the owner of the site.")
    create = op("create_key", "Create a key.", ref("NewKey"), (400, 413, 422), status="201")
    create["requestBody"] = body({"application/json": ref("WantedKey")})
    change = op("change_key", "Change a key.", ref("Key"), (400, 404, 413, 422), [key_id, account])
    change["requestBody"] = body({"application/json": ref("ChangedKey")})
    overlap = query("overlap_s", {"type": "integer", "minimum": 0, "maximum": 7776000}, "How long both open.")
    acts = [
        query("all", {"type": "boolean"}, "Every account; only for the owner of the site."),
        query("action", {"type": "string"}, "Only this act."),
        query("target", {"type": "string"}, "Only what was done to this."),
        query("after", {"type": "string", "format": "date-time"}, "Done at or after."),
        query("before", {"type": "string", "format": "date-time"}, "Done before."),
        *paging(500),
    ]
    times = [
        query("from", {"type": "string", "format": "date-time"}, "Submitted at or after."),
        query("to", {"type": "string", "format": "date-time"}, "Submitted before."),
    ]
    usage = obj(usage=array(ref("Usage")), total_usd={"type": "number"}, next_cursor={"type": ["string", "null"]})
    return {
        "/v1/keys": {
            "get": op("list_keys", "List keys.", obj(keys=array(ref("Key"))), (404,), [account]),
            "post": create,
        },
        "/v1/account": {"get": op("show_account", "The calling key and its limits.", ref("Account"), ())},
        "/v1/keys/{key_id}": {
            "get": op("show_key", "Show a key and what it used.", ref("UsedKey"), (404,), [key_id, account]),
            "patch": change,
            "delete": op("revoke_key", "Revoke a key.", None, (404,), [key_id, account], status="204"),
        },
        "/v1/keys/{key_id}/rotate": {
            "post": op(
                "rotate_key", "Replace a key.", ref("NewKey"), (404, 422), [key_id, account, overlap], status="201"
            )
        },
        "/v1/audit": {
            "get": op("audit", "Administrative acts.", page("entries", "AuditEntry"), (404, 422), [account, *acts])
        },
        "/v1/audit/export.csv": {
            "get": sheet(op("audit_csv", "The same as CSV.", {}, (404, 422), [account, *acts[:-2]]))
        },
        **_admin_paths(),
        "/v1/usage": {"get": op("usage", "What was used.", usage, (422,), [*times, *paging(1000)])},
        "/v1/usage/summary": {
            "get": op("usage_summary", "Sums by day, model and key.", ref("UsageSummary"), (422,), times)
        },
        "/v1/usage/export.csv": {"get": sheet(op("usage_csv", "All rows, as CSV.", {}, (422,), times))},
        "/v1/usage/focus.csv": {"get": sheet(op("usage_focus", "Charges, in FOCUS columns.", {}, (422,), times))},
        "/prod/v2/balance": {"get": op("balance", "The balance.", ref("Balance"), ())},
    }


def _admin_paths() -> dict[str, dict[str, Operation]]:
    change = op("change_model", "Switch, point or price a model.", ref("AdminModel"), (400, 404, 413, 422))
    change["parameters"] = [in_path("model_id")]
    change["requestBody"] = body({"application/json": ref("ChangedModel")})
    add = op("open_account", "Open an account.", ref("AdminAccount"), (400, 409, 413, 422), status="201")
    add["requestBody"] = body({"application/json": ref("WantedAccount")})
    bound = op("change_limits", "Change limits of the site.", ref("SiteLimits"), (400, 413, 422))
    bound["requestBody"] = body({"application/json": ref("ChangedLimits")})
    drain = op("drain_worker", "Have a worker take nothing new.", ref("AdminWorker"), (404,), [in_path("worker_id")])
    resume = op("resume_worker", "Have it take requests again.", ref("AdminWorker"), (404,), [in_path("worker_id")])
    all_models, all_accounts = obj(models=array(ref("AdminModel"))), obj(accounts=array(ref("AdminAccount")))
    return {
        "/v1/admin/models": {"get": op("admin_models", "Models, for the owner of the site.", all_models, ())},
        "/v1/admin/models/{model_id}": {"patch": change},
        "/v1/admin/workers": {"get": op("admin_workers", "Who works at what.", ref("AdminWorkers"), ())},
        "/v1/admin/workers/{worker_id}/drain": {"post": drain},
        "/v1/admin/workers/{worker_id}/resume": {"post": resume},
        "/v1/admin/accounts": {"get": op("admin_accounts", "Every account.", all_accounts, ()), "post": add},
        "/v1/admin/limits": {"get": op("admin_limits", "Limits of the site.", ref("SiteLimits"), ()), "patch": bound},
    }


def webhook_paths() -> dict[str, dict[str, Operation]]:
    where, log = "/v1/webhooks/{endpoint_id}", "/v1/webhooks/deliveries"
    endpoint, delivery = [in_path("endpoint_id")], [in_path("delivery_id")]
    create = op("create_webhook", "Create an endpoint.", ref("NewEndpoint"), (400, 409, 413, 422), status="201")
    create["requestBody"] = body({"application/json": ref("WantedEndpoint")})
    change = op("change_webhook", "Change an endpoint.", ref("Endpoint"), (400, 404, 413, 422), endpoint)
    change["requestBody"] = body({"application/json": ref("ChangedEndpoint")})
    secret = ref("WebhookSecret")
    filters = [
        query("request_id", {"type": "string"}, "Only of this request."),
        query("endpoint_id", {"type": "string"}, "Only to this endpoint."),
        query("state", {"type": "string", "enum": list(STATES)}, "Only in this state."),
        *paging(500),
    ]
    return {
        "/v1/webhooks": {
            "get": op("list_webhooks", "List endpoints.", obj(webhooks=array(ref("Endpoint"))), ()),
            "post": create,
        },
        "/v1/webhooks/secret": {"get": op("webhook_secret", "The account's own secret.", secret, ())},
        "/v1/webhooks/secret/rotate": {"post": op("rotate_webhook_secret", "Make a new one.", secret, ())},
        log: {"get": op("list_deliveries", "List deliveries.", page("deliveries", "Delivery"), (422,), filters)},
        log + "/{delivery_id}": {
            "get": op("show_delivery", "Show every try.", ref("DeliveryWithAttempts"), (404,), delivery)
        },
        log + "/{delivery_id}/replay": {
            "post": op("replay_delivery", "Send it again.", ref("Delivery"), (404, 409), delivery, status="202")
        },
        where: {
            "get": op("show_webhook", "Show an endpoint.", ref("Endpoint"), (404,), endpoint),
            "patch": change,
            "delete": op("delete_webhook", "Delete an endpoint.", None, (404,), endpoint, status="204"),
        },
        where + "/rotate": {"post": op("rotate_webhook", "Make a new secret.", secret, (404,), endpoint)},
        where + "/test": {
            "post": op("test_webhook", "Send a test event.", ref("Delivery"), (404, 409), endpoint, status="202")
        },
        "/.well-known/jwks.json": {
            "get": op("jwks", "The site's public key.", obj(keys=array({"type": "object"})), (), public=True)
        },
    }


def ops_paths() -> dict[str, dict[str, Operation]]:
    ready_ = op("readyz", "Is work accepted and done?", ref("Health"), (), public=True)
    ready_["responses"]["503"] = response("Not yet, with the reasons.", ref("Health"))
    metrics = op("metrics", "Prometheus metrics; from another machine with a key.", {}, (401, 403))
    metrics["security"] = [{}, {"key": []}]
    metrics["responses"]["200"]["content"] = {"text/plain": {"schema": {"type": "string"}}}
    index = op("index", "Where things are.", {}, (), public=True)
    index["responses"]["200"]["content"] = {"text/plain": {"schema": {"type": "string"}}}
    return {
        "/": {"get": index},
        "/livez": {"get": op("livez", "Does the process answer?", ref("Health"), (), public=True)},
        "/readyz": {"get": ready_},
        "/v1/status": {
            "get": op("site_status", "How the server and its parts are doing.", ref("SiteStatus"), (), public=True)
        },
        "/metrics": {"get": metrics},
        "/openapi.json": {
            "get": op("openapi", "This document.", {"type": "object"}, (), public=True),
        },
    }
