"""The third chapter of an API page: every call, what it is sent and what it answers."""

from __future__ import annotations

from mutoscope.catalog import Model
from mutoscope.jobs import State
from mutoscope.server.dialects.runcomfy import RESULT, STATUS
from mutoscope.web.api_page.document import Bullets, Json, Section, Table, Text, code
from mutoscope.web.api_page.snippets import REQUEST, Examples
from mutoscope.web.texts import _

REQUEST_ID = "01a2b3c4-d5e6-7f80-9a1b-2c3d4e5f6071"
RECEIVER = "https://example.com/hook"


def reference(examples: Examples) -> Section:
    """All calls, the four of the hosted service first."""
    parts = (
        _submit(examples),
        _status(examples),
        _result(examples),
        _cancel(examples),
        _events(examples),
        _webhooks(examples),
        _idempotency(examples),
        _quote(examples),
        _errors(),
    )
    return Section("reference", _("API reference"), (_overview(examples.model),), parts)


def _overview(model: Model) -> Table:
    where = f"/v1/requests/{REQUEST}"
    rows = (
        ("POST", f"/v1/models/{model.id}", _("submit a request"), "submit"),
        ("GET", f"{where}/status", _("where it stands"), "status"),
        ("GET", f"{where}/result", _("what came of it"), "result"),
        ("POST", f"{where}/cancel", _("take it back"), "cancel"),
        ("GET", f"{where}/events", _("follow it live"), "events"),
        ("POST", f"/v1/quote/{model.id}", _("what it would cost and take"), "quote"),
    )
    return Table(
        (_("Call"), _("Does")),
        tuple((code(f"{verb} {path}"), f"[{does}](#{anchor})") for verb, path, does, anchor in rows),
    )


def _submit(examples: Examples) -> Section:
    where = f"{examples.base}/v1/requests/{REQUEST_ID}"
    answer = {"request_id": REQUEST_ID, **{f"{word}_url": f"{where}/{word}" for word in ("status", "result", "cancel")}}
    return Section(
        "submit",
        _("Submit a request"),
        (
            Text(
                _(
                    "Hands in an asynchronous job. The answer comes at once, with a {request_id} and the addresses for "
                    "status, result and cancel. From then on the request is on disk and survives a crash."
                ).format(request_id=code("request_id"))
            ),
            examples.submit(),
            Json(_("Answer, 200"), answer),
            Text(
                _(
                    "A body that does not fit the [input schema](#input-schema) is refused with 422 and every "
                    "problem in {detail}, each with its path."
                ).format(detail=code("detail"))
            ),
        ),
    )


def _status(examples: Examples) -> Section:
    meanings = {
        State.IN_QUEUE: _("it waits; {position} requests come before it").format(position=code("queue_position")),
        State.IN_PROGRESS: _("a worker has it"),
        State.COMPLETED: _("it ended; the result says whether it succeeded or failed"),
        State.CANCELLED: _("it was stopped"),
    }
    where = f"{examples.base}/v1/requests/{REQUEST_ID}"
    answer = {"request_id": REQUEST_ID, "status": "in_queue", "queue_position": 3}
    return Section(
        "status",
        _("Check the status"),
        (
            Text(_("The state of a request now.")),
            Table(
                (code("status"), _("Means")),
                tuple((code(f'"{STATUS[state]}"'), meaning) for state, meaning in meanings.items()),
            ),
            examples.status(),
            Json(_("Answer"), answer | {"status_url": f"{where}/status", "result_url": f"{where}/result"}),
        ),
    )


def _result(examples: Examples) -> Section:
    key = examples.model.output_key
    suffix = "mp4" if examples.model.produces == "video" else "png"
    url = f"{examples.base}/v1/files/3b1c…/output.{suffix}?expires=…&signature=…"
    done = {
        "request_id": REQUEST_ID,
        "model_id": examples.model.id,
        "status": RESULT[State.COMPLETED],
        "output": {key: [url] if examples.model.many else url},
        "created_at": "2026-01-02T03:04:05.123456+00:00",
        "finished_at": "2026-01-02T03:04:31.000001+00:00",
        "metadata": {
            "engine": examples.model.engine,
            "seed": 7,
            "ignored_inputs": [],
            "plan": {"applied": ["…"], "ignored": ["…"]},
            "media": {"width_px": 1920, "height_px": 1088, "codec": "…", "sha256": "…"},
            "timings": {"queued_s": 0.01, "engine_s": 24.1, "total_s": 24.4},
        },
    }
    return Section(
        "result",
        _("Get the result"),
        (
            Text(
                _(
                    "Output and metadata of a request. While it is unfinished the answer is 200 with its present "
                    "state, so polling this one call is enough; the header {header} says how long to wait."
                ).format(header=code("Retry-After"))
            ),
            examples.result(),
            Json(_("Answer when it succeeded"), done),
            Table(
                (code("status"), _("Means")),
                (
                    (code(f'"{RESULT[State.IN_QUEUE]}", "{RESULT[State.IN_PROGRESS]}"'), _("not finished yet")),
                    (code(f'"{RESULT[State.COMPLETED]}"'), _("{output} is there").format(output=code("output"))),
                    (code(f'"{RESULT[State.FAILED]}"'), _("{error} says why").format(error=code("error"))),
                    (code(f'"{RESULT[State.CANCELLED]}"'), _("it was stopped")),
                ),
            ),
            Text(
                _(
                    "Addresses of files are signed and expire; asking again gives fresh ones. {query} adds {cost}, "
                    "in US dollars."
                ).format(query=code("?include_cost=true"), cost=code("cost"))
            ),
        ),
    )


def _cancel(examples: Examples) -> Section:
    return Section(
        "cancel",
        _("Cancel a request"),
        (
            Text(
                _(
                    "Cancels a request that waits in the queue. One that is running cannot be cancelled by this "
                    "call: its answer is {outcome}, and it goes on."
                ).format(outcome=code('"outcome": "not_cancellable"'))
            ),
            examples.cancel(),
            Json(_("Answer, 202"), {"request_id": REQUEST_ID, "status": "cancelled", "outcome": "cancelled"}),
            Text(
                _("This server can do more: with {query} a running request is stopped as well.").format(
                    query=code("?running=true")
                )
            ),
        ),
    )


def _events(examples: Examples) -> Section:
    rows = (
        ("state", "state, attempt, error", _("it moved; the stream ends after a final state")),
        ("position", "queue_position", _("its place in the queue")),
        ("progress", "progress, stage", _("how far it is, from 0 to 1")),
        ("log", "line", _("a line of the engine")),
    )
    return Section(
        "events",
        _("Follow it live"),
        (
            Text(
                _(
                    "Server-Sent Events instead of polling. A client that lost the connection sends {header} and "
                    "gets what it missed."
                ).format(header=code("Last-Event-ID"))
            ),
            examples.events(),
            Table(
                (_("Event"), _("Data"), _("Means")),
                tuple((code(name), code(data), meaning) for name, data, meaning in rows),
            ),
        ),
    )


def _webhooks(examples: Examples) -> Section:
    return Section(
        "webhooks",
        _("Be told by webhook"),
        (
            Text(
                _(
                    "{parameter} names an address that is sent a POST when the request ends; {events} chooses other "
                    "states. Deliveries are signed (Standard Webhooks), repeated until they arrive, and logged."
                ).format(parameter=code("?webhook="), events=code("&webhook_events="))
            ),
            examples.with_webhook(RECEIVER),
            Bullets(
                (
                    _("Answer 2xx within 10 seconds; anything else is tried again for about a day."),
                    _("Check the signature before you believe it: our client has {function}.").format(
                        function=code("mutoscope.client.webhooks.verify")
                    ),
                    _("The same {id} means the same event; it may come twice.").format(id=code("webhook-id")),
                )
            ),
        ),
    )


def _idempotency(examples: Examples) -> Section:
    return Section(
        "idempotency",
        _("Submit safely twice"),
        (
            Text(
                _(
                    "A submit with the header {header} may be repeated: the same text with the same body answers "
                    "with the first request again, and nothing runs twice. With another body it is refused with 422."
                ).format(header=code("Idempotency-Key"))
            ),
            examples.with_idempotency(),
        ),
    )


def _quote(examples: Examples) -> Section:
    return Section(
        "quote",
        _("Price and time beforehand"),
        (
            Text(
                _(
                    "The body of a submit, and nothing is run: the answer tells the price, how long such runs took "
                    "on this server lately, and how long the wait would be. What cannot be known is {null}, with the "
                    "reason."
                ).format(null=code("null"))
            ),
            examples.quote(),
        ),
    )


def _errors() -> Section:
    rows = (
        ("400", "400001", _("the request could not be read")),
        ("401", "401001", _("no key, or none that opens anything")),
        ("402", "400002", _("a spending limit is reached")),
        ("403", "403001", _("the key lacks a scope")),
        ("404", "404001", _("no such request or model, or somebody else's")),
        ("413", "413001", _("the body or a file is too large")),
        ("422", "422001", _("the input does not fit; {detail} lists everything").format(detail=code("detail"))),
        ("429", "429001", _("too many calls; {header} says when to come back").format(header=code("Retry-After"))),
        ("503", "503001", _("the model's engine is not set up here")),
        ("507", "507001", _("the server's disk is full; nothing was accepted")),
    )
    shape = {
        "error_code": 422001,
        "error_message": "prompt: is missing",
        "message": "prompt: is missing",
        "detail": [{"path": "prompt", "message": "is missing", "rule": "required"}],
    }
    return Section(
        "errors",
        _("Errors"),
        (
            Text(_("Every error has the same shape; success never has an {code}.").format(code=code("error_code"))),
            Json(_("Shape"), shape),
            Table(
                (_("HTTP"), code("error_code"), _("Means")),
                tuple((status, code(number), meaning) for status, number, meaning in rows),
            ),
        ),
        shared=True,
    )
