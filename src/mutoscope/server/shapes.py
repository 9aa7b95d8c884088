"""The JSON objects our answers are made of, as JSON Schema; OpenAPI and the contract tests read them."""

from __future__ import annotations

from typing import Any

from mutoscope.jobs import State
from mutoscope.quotas import PERIODS, PRIORITIES
from mutoscope.server import limits
from mutoscope.server.auth import SCOPES, WORKER_SCOPE
from mutoscope.store.library import ROLES
from mutoscope.store.outbox import STATES
from mutoscope.webhooks.rules import EVENTS, LONGEST_URL, URL_PATTERN

Shape = dict[str, Any]

TEXT: Shape = {"type": "string"}
NUMBER: Shape = {"type": "number"}
COUNT: Shape = {"type": "integer", "minimum": 0}
INSTANT: Shape = {"type": "string", "format": "date-time"}
URL: Shape = {"type": "string", "format": "uri"}
STATE: Shape = {"type": "string", "enum": [str(state) for state in State]}

NAME_PATTERN = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$"
"""Names of keys and accounts: any language, no control characters."""
NAME: Shape = {"type": "string", "minLength": 1, "maxLength": 80, "pattern": NAME_PATTERN}


def ref(name: str) -> Shape:
    """A reference to one of SHAPES."""
    return {"$ref": f"#/components/schemas/{name}"}


def array(items: Shape) -> Shape:
    """A list of these."""
    return {"type": "array", "items": items}


def obj(_optional: Shape | None = None, /, **required: Shape) -> Shape:
    """An object with these members, and perhaps the optional ones."""
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(_optional or {})},
    }


def maybe(shape: Shape) -> Shape:
    """This, or null."""
    return {"anyOf": [shape, {"type": "null"}]}


HEALTH: Shape = {"type": "string", "enum": ["good", "slow", "down"]}
PART: Shape = {"type": "number", "minimum": 0}
PROBLEM: Shape = obj(path=TEXT, message=TEXT, rule=TEXT)
_OUTPUT: Shape = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
    "properties": {"image": URL, "video": URL, "images": array(URL), "videos": array(URL)},
}
_SUMMARY: Shape = {
    "request_id": TEXT,
    "model_id": TEXT,
    "state": STATE,
    "created_at": INSTANT,
    "started_at": maybe(INSTANT),
    "finished_at": maybe(INSTANT),
    "progress": {"type": "number", "minimum": 0, "maximum": 1},
    "stage": TEXT,
    "attempt": COUNT,
    "seed": COUNT,
    "cost": {"type": "number", "minimum": 0},
    "error": maybe(TEXT),
    "key_id": TEXT,
    "priority": {"type": "string", "enum": list(PRIORITIES)},
    "expires_at": maybe(INSTANT),
    "time_limit_s": COUNT,
    "cached_from": maybe(TEXT),
}
EVENT_LIST: Shape = {**array({"type": "string", "enum": list(EVENTS)}), "minItems": 1}
RECEIVER: Shape = {"type": "string", "format": "uri", "maxLength": LONGEST_URL, "pattern": URL_PATTERN}
_ENDPOINT: Shape = {
    "endpoint_id": TEXT,
    "url": RECEIVER,
    "events": EVENT_LIST,
    "models": array(TEXT),
    "description": TEXT,
    "enabled": {"type": "boolean"},
    "disabled_reason": maybe(TEXT),
    "created_at": INSTANT,
}
_WANTED_ENDPOINT: Shape = {
    "url": RECEIVER,
    "events": EVENT_LIST,
    "models": {**array({"type": "string", "pattern": "^[^\\x00]*$"}), "maxItems": 200},
    "description": {"type": "string", "maxLength": 500, "pattern": "^[^\\x00]*$"},
    "enabled": {"type": "boolean"},
}
_DELIVERY: Shape = {
    "delivery_id": TEXT,
    "endpoint_id": maybe(TEXT),
    "request_id": maybe(TEXT),
    "event_id": TEXT,
    "type": TEXT,
    "url": TEXT,
    "state": {"type": "string", "enum": list(STATES)},
    "attempt": COUNT,
    "created_at": INSTANT,
    "finished_at": maybe(INSTANT),
    "next_attempt_at": maybe(INSTANT),
    "error": maybe(TEXT),
}
_ATTEMPT: Shape = {
    "attempt": COUNT,
    "at": INSTANT,
    "duration_ms": COUNT,
    "request_body": TEXT,
    "response_status": maybe(COUNT),
    "response_body": TEXT,
    "error": maybe(TEXT),
}
NETWORKS: Shape = {
    **array({"anyOf": [{"type": "string", "format": "ipv4"}, {"type": "string", "format": "ipv6"}]}),
    "maxItems": 50,
    "description": "Where the key may be used from: addresses, or networks such as 10.0.0.0/8.",
}
_AT_MOST: Shape = {"type": ["integer", "null"], "minimum": 0, "maximum": limits.MOST}
_RATE: Shape = obj(
    submits={"type": "integer", "minimum": 1, "maximum": limits.MOST},
    window_s={"type": "integer", "minimum": 1, "maximum": limits.LONGEST_WINDOW_S},
) | {"additionalProperties": False}
_SPENDING: Shape = obj(
    usd={"type": "number", "minimum": 0, "maximum": limits.MOST_USD},
    period={"type": "string", "enum": list(PERIODS)},
) | {"additionalProperties": False}
_LIMITS: Shape = {
    "weight": {"type": "number", "minimum": limits.WEIGHTS[0], "maximum": limits.WEIGHTS[1]},
    "priority": {"type": "string", "enum": list(PRIORITIES)},
    "max_running": _AT_MOST,
    "max_queued": _AT_MOST,
    "rate": maybe(_RATE),
    "spending": maybe(_SPENDING),
    "cache": {"type": "string", "enum": list(limits.CACHE)},
}
_WANTED_LIMITS: Shape = obj(_LIMITS) | {"additionalProperties": False}
_USED: Shape = obj(
    queued=COUNT,
    running=COUNT,
    rate=maybe(obj(left=COUNT, whole_in_s=COUNT)),
    spending=maybe(obj(spent_usd=NUMBER, left_usd=NUMBER, renews_at=maybe(INSTANT))),
)
_KEY: Shape = {
    "key_id": TEXT,
    "name": TEXT,
    "prefix": TEXT,
    "scopes": array({"type": "string", "enum": [*SCOPES, WORKER_SCOPE]}),
    "created_at": INSTANT,
    "expires_at": maybe(INSTANT),
    "revoked_at": maybe(INSTANT),
    "networks": array(TEXT),
    "last_used_at": maybe(INSTANT),
    "previous_expires_at": maybe(INSTANT),
    "limits": obj(**_LIMITS),
}

_PRICE: Shape = obj(
    cost_usd=maybe(PART),
    cost_microdollars=maybe(COUNT),
    quantity=maybe(PART),
    unit={"type": "string", "enum": ["second", "output"]},
    base_price_usd=PART,
    formula=maybe(TEXT),
    explanation=TEXT,
    note=TEXT,
)

_SITE_LIMITS: Shape = {
    "max_queued": {"type": "integer", "minimum": 0, "maximum": 2**53 - 1},
    "max_upload_bytes": {"type": "integer", "minimum": 1, "maximum": 2**53 - 1},
    "min_free_bytes": {"type": "integer", "minimum": 0, "maximum": 2**53 - 1},
    "file_url_ttl_s": {"type": "integer", "minimum": 1, "maximum": 315_360_000},
}

SHAPES: dict[str, Shape] = {
    "Error": obj(
        error_code={"type": "integer"},
        error_message=TEXT,
        message=TEXT,
        detail=array(PROBLEM),
    ),
    "Submitted": obj(request_id=TEXT, status_url=URL, result_url=URL, cancel_url=URL),
    "Status": obj(
        {"queue_position": {"type": "integer", "minimum": 0, "maximum": 1000}},
        request_id=TEXT,
        status={"type": "string", "enum": ["in_queue", "in_progress", "completed", "cancelled"]},
        status_url=URL,
        result_url=URL,
    ),
    "Result": obj(
        {
            "output": _OUTPUT,
            "metadata": {"type": "object"},
            "finished_at": INSTANT,
            "error": TEXT,
            "cost": {"type": "number", "minimum": 0},
        },
        request_id=TEXT,
        model_id=TEXT,
        status={"type": "string", "enum": ["in_queue", "in_progress", "succeeded", "failed", "cancelled"]},
        created_at=INSTANT,
    ),
    "Cancelled": obj(
        request_id=TEXT,
        status={"type": "string", "enum": ["in_queue", "in_progress", "completed", "cancelled"]},
        outcome={"type": "string", "enum": ["cancelled", "not_cancellable"]},
    ),
    "Model": obj(
        {"input_schema": {"type": "object"}, "output_schema": {"type": "object"}, "pricing_note": TEXT},
        model_id=TEXT,
        slug=TEXT,
        display_name=TEXT,
        description=TEXT,
        categories=array(TEXT),
        kind={"type": "string", "enum": ["model", "workflow", "inference"]},
        engine=TEXT,
        base_price_usd={"type": "number", "minimum": 0},
        price_unit={"type": "string", "enum": ["second", "output"]},
        model_url=URL,
        inputs=array(TEXT),
        required_inputs=array(TEXT),
    ),
    "Quote": obj(
        model_id=TEXT,
        price=_PRICE,
        run=obj(
            expected_s=maybe(PART),
            p90_s=maybe(PART),
            based_on_runs=COUNT,
            same_quantity={"type": "boolean"},
            reason=maybe(TEXT),
        ),
        wait=obj(expected_s=maybe(PART), queue_ahead=COUNT, workers=COUNT, reason=maybe(TEXT)),
        ignored_inputs=array(TEXT),
    ),
    "Prices": obj(
        model_id=TEXT,
        inputs={"type": "object"},
        price=_PRICE,
        count=COUNT,
        total_usd=maybe(PART),
        total_microdollars=maybe(COUNT),
    ),
    "WantedCheck": obj(model_id=TEXT, field=TEXT, url=TEXT),
    "Check": obj(
        model_id=TEXT,
        ok={"type": "boolean"},
        problems=array(PROBLEM),
        media=maybe(
            obj(
                kind={"type": "string", "enum": ["image", "video", "audio"]},
                format=TEXT,
                media_type=TEXT,
                size_bytes=COUNT,
                width_px=COUNT,
                height_px=COUNT,
                num_frames=COUNT,
                fps=PART,
                duration_s=PART,
                codec=TEXT,
            )
        ),
    ),
    "Summary": obj(**_SUMMARY),
    "Request": obj(
        {"output": maybe(_OUTPUT), "metadata": {"type": "object"}},
        **_SUMMARY,
        inputs={"type": "object"},
        queue_position=maybe(COUNT),
        preview=maybe(TEXT),
    ),
    "File": obj(
        file_id=TEXT,
        url=URL,
        name=TEXT,
        role={"type": "string", "enum": list(ROLES)},
        request_id=maybe(TEXT),
        media_type=TEXT,
        size_bytes=COUNT,
        sha256=TEXT,
        width_px=maybe(COUNT),
        height_px=maybe(COUNT),
        poster_url=maybe(URL),
        favourite={"type": "boolean"},
        created_at=INSTANT,
        expires_in_s=COUNT,
    ),
    "Collection": obj(collection_id=TEXT, name=TEXT, files=COUNT, created_at=INSTANT),
    "WantedCollection": obj(name=NAME),
    "Key": obj(**_KEY),
    "NewKey": obj(**_KEY, key=TEXT),
    "UsedKey": obj(**_KEY, used=_USED),
    "Account": obj(account_id=TEXT, account_name=TEXT, key=ref("Key"), used=_USED),
    "ChangedKey": obj({"name": NAME, "limits": _WANTED_LIMITS}) | {"additionalProperties": False},
    "WantedKey": obj(
        {
            "scopes": {
                "anyOf": [
                    {**array({"type": "string", "enum": list(SCOPES)}), "minItems": 1},
                    {"const": [WORKER_SCOPE]},
                ]
            },
            "account": maybe(NAME),
            "networks": NETWORKS,
            "limits": maybe(_WANTED_LIMITS),
            "expires_in_s": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 315360000}, {"type": "null"}]},
        },
        name=NAME,
    ),
    "Endpoint": obj(**_ENDPOINT),
    "NewEndpoint": obj(**_ENDPOINT, secret=TEXT),
    "WantedEndpoint": obj(
        {name: shape for name, shape in _WANTED_ENDPOINT.items() if name != "url"}, url=_WANTED_ENDPOINT["url"]
    ),
    "ChangedEndpoint": obj(_WANTED_ENDPOINT),
    "WebhookSecret": obj(secret=TEXT, previous_expires_at=maybe(INSTANT)),
    "Delivery": obj(**_DELIVERY),
    "DeliveryWithAttempts": obj(**_DELIVERY, attempts=array(obj(**_ATTEMPT))),
    "Usage": obj(
        request_id=TEXT,
        model_id=TEXT,
        key_id=TEXT,
        at=INSTANT,
        state={"type": "string", "enum": ["held", "charged", "released"]},
        quantity=NUMBER,
        unit=TEXT,
        cost_usd=NUMBER,
    ),
    "UsageSummary": obj(
        {"from": INSTANT},
        to=INSTANT,
        days=array(
            obj(
                day={"type": "string", "format": "date"},
                model_id=TEXT,
                key_id=TEXT,
                requests=COUNT,
                charged=COUNT,
                quantity=NUMBER,
                unit=TEXT,
                cost_usd=NUMBER,
            )
        ),
        requests=COUNT,
        total_usd=NUMBER,
    ),
    "AdminModel": obj(
        model_id=TEXT,
        display_name=TEXT,
        slug=TEXT,
        enabled={"type": "boolean"},
        is_set_up={"type": "boolean"},
        engine=TEXT,
        base_price_usd=PART,
        price_unit={"type": "string", "enum": ["second", "output"]},
        manifest=obj(engine=TEXT, base_price_usd=PART),
        changed=array({"type": "string", "enum": ["enabled", "engine", "base_price_usd"]}),
        engines=array(TEXT),
        waiting=COUNT,
        running=COUNT,
        oldest_waiting_s=maybe(PART),
    ),
    "ChangedModel": obj(
        {
            "enabled": {"type": ["boolean", "null"]},
            "engine": maybe(
                obj(
                    {"inputs": {"type": "object", "additionalProperties": TEXT}, "settings": {"type": "object"}},
                    name=TEXT,
                )
                | {"additionalProperties": False}
            ),
            "base_price_usd": {"type": ["number", "null"], "minimum": 0, "maximum": 1_000_000},
        }
    )
    | {"additionalProperties": False},
    "AdminWorker": obj(
        worker_id=TEXT,
        state={"type": "string", "enum": ["ready", "draining", "drained"]},
        engines=array(TEXT),
        heard_s=maybe(PART),
        running=COUNT,
    ),
    "AdminWorkers": obj(
        workers=array(ref("AdminWorker")),
        running=array(
            obj(
                request_id=TEXT,
                model_id=TEXT,
                account=TEXT,
                worker_id=TEXT,
                attempt=COUNT,
                progress=PART,
                stage=TEXT,
                started_at=INSTANT,
                running_s=PART,
            )
        ),
        queue=array(obj(model_id=TEXT, waiting=COUNT, oldest_s=PART)),
        draining={"type": "boolean"},
    ),
    "AdminAccount": obj(account_id=TEXT, name=TEXT, created_at=INSTANT, keys=COUNT, spent_usd=NUMBER),
    "WantedAccount": obj(name=NAME),
    "SiteLimits": obj(limits=obj(**_SITE_LIMITS), settings=obj(**_SITE_LIMITS)),
    "ChangedLimits": obj({name: {**shape, "type": ["integer", "null"]} for name, shape in _SITE_LIMITS.items()})
    | {"additionalProperties": False},
    "AuditEntry": obj(
        entry_id=TEXT,
        at=INSTANT,
        action=TEXT,
        target=TEXT,
        account_id=TEXT,
        by={"type": "string", "enum": ["server", "account", "owner"]},
        key_id=maybe(TEXT),
        address=maybe(TEXT),
        before={"type": "object"},
        after={"type": "object"},
    ),
    "Balance": obj(balance_usd=NUMBER, balance_microdollars={"type": "integer"}, currency=TEXT),
    "Health": obj({"reasons": array(TEXT)}, status=TEXT),
    "SiteStatus": obj(
        state=HEALTH,
        stopping={"type": "boolean"},
        workers=obj(state=HEALTH, ready=COUNT, expected=COUNT),
        queue=obj(state=HEALTH, waiting=COUNT, running=COUNT, oldest_s=NUMBER),
        requests=obj(
            state=HEALTH,
            completed=COUNT,
            failed=COUNT,
            hours=array(obj(start=INSTANT, completed=COUNT, failed=COUNT)),
        ),
        webhooks=obj(state=HEALTH, lag_s=NUMBER),
        database=obj(state=HEALTH, answer_s=NUMBER),
        storage=obj(state=HEALTH, answers={"type": "boolean"}, accepts_work={"type": "boolean"}),
    ),
}
