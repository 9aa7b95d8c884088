"""The document at /openapi.json and the server say the same, asked by machine.

Schemathesis makes calls out of the document, right ones and wrong ones, and holds every answer against it. What a
schema cannot say is put right in `make_right`; what is left out of the checks is in `excused`, with its reason.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from mutoscope.catalog import Catalog
from mutoscope.server import routes
from mutoscope.server.openapi import describe
from tests.conftest import REFERENCE_MODEL, LiveServer, start_server
from tests.http import media
from tests.http.calls import STILL, TESTCARD, WITH_PICTURE, assert_no_defects, completed, submit, until
from tests.workflows import STILL as STILL_GRAPH

DOCUMENT = describe(list(Catalog.load().models), "http://127.0.0.1")
CALM = {"extra-data-sources": {"responses": False}}  # what one call answered must not shape the next: any order
CONFIG = schemathesis.Config.from_dict(
    {
        # Unknown parameters are ignored on purpose, so sending one proves nothing.
        "generation": {"max-examples": 20, "deterministic": True, "allow-extra-parameters": False},
        "analysis": {"constants": {"enabled": False}},
        "phases": {"fuzzing": CALM | {"error-feedback": {"enabled": False}}, "coverage": CALM, "examples": CALM},
    }
)
schema = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)
numbers = itertools.count()
Case = schemathesis.Case[Any]


def is_wrong(case: Case) -> bool:
    """Was this call meant to be refused?"""
    return case.meta is not None and case.meta.generation.mode is GenerationMode.NEGATIVE


def make_right(case: Case, picture_url: str) -> None:
    """Put right what no schema can say."""
    case.query.pop("cursor", None)  # only the page before knows a good one
    if case.path.startswith("/v1/admin/models") and isinstance(case.body, dict):
        case.body = {"enabled": True}  # which engines fit, only the engines say; and others ask for these models
    if case.path == "/v1/admin/limits" and case.method == "PATCH":
        case.body = {"max_queued": 0}  # as above
    if case.path == "/prod/v2/deployments" and case.method == "POST":  # what a workflow is, only its reader says
        case.body = {"name": "asked", "payload": {"workflow_api_json": STILL_GRAPH}}
    if case.path == "/v1/usage/summary":
        case.query.pop("from", None)  # together with `to` it may be too long
    if case.path.startswith(("/v1/models/", "/prod/v2/models/")):
        case.query.pop("webhook_events", None)
        make_harmless(case.query, url="webhook", events="webhook_events")
    if "Idempotency-Key" in case.headers:  # a used one rightly refuses another body
        case.headers["Idempotency-Key"] = f"key-{next(numbers)}"
    if case.path == "/v1/files" and case.method == "POST":  # only media are stored
        content: Any = media.png()
        case.body = {"file": content} if case.media_type == "multipart/form-data" else content
    if isinstance(case.body, dict):  # an address of a stranger would be fetched, and no test leaves this machine
        if case.path.startswith("/v1/webhooks"):
            make_harmless(case.body, url="url", events="events")
        if case.body.get("source"):
            case.body["source"] = picture_url
        if case.body.get("image_urls"):
            case.body["image_urls"] = [picture_url]


def make_harmless(wanted: Any, *, url: str, events: str) -> None:
    """An address that `net` accepts and nobody has, for an event that never comes on a server without workers."""
    if url in wanted:
        wanted[url] = "https://hooks.invalid/hook"
    if url in wanted or events in wanted:
        wanted[events] = ["completed"]


def excused(case: Case, *, wrong: bool) -> list[Any]:
    """The checks that do not hold for this call, and why."""
    names = []
    if not wrong or any(value in ("", {}, []) for value in case.query.values()):
        # A right call stays one, though bytes put into it are no JSON; and an empty parameter is an absent one,
        # because forms send all their fields.
        names.append("negative_data_rejection")
    if case.path in ("/v1/models/categories", "/v1/webhooks/secret", "/v1/webhooks/deliveries"):
        names.append("unsupported_method")  # POST is a submit to a model of that name, DELETE an endpoint's: 404
    return CHECKS.get_by_names(names)


@pytest.fixture(scope="session")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server of its own without workers: what is submitted here waits for ever, and in nobody's way."""
    live = start_server(tmp_path_factory.mktemp("asked") / "data", workers=0)
    live.wait_ready()
    yield live
    assert live.stop() == 0
    assert_no_defects(live)


@pytest.fixture(scope="session")
def picture_url(asked: LiveServer) -> str:
    """A picture that the server has already."""
    with asked.client() as alice:
        return str(alice.post("/v1/files", content=media.jpeg(1000, 1000)).json()["url"])


@pytest.mark.slow
@schema.exclude(path_regex="^/prod/v1/").parametrize()  # which leads to what /prod/v2 leads to
def test_the_server_keeps_to_its_document(case: Case, asked: LiveServer, picture_url: str) -> None:
    """No answer that the document does not announce, whatever is asked."""
    wrong = is_wrong(case)
    if not wrong:
        make_right(case, picture_url)
    case.call_and_validate(
        base_url=asked.url,
        headers={"Authorization": f"Bearer {asked.api_key}"},
        excluded_checks=excused(case, wrong=wrong),
    )


def test_every_route_is_in_the_document(server: LiveServer) -> None:
    """Each method and path of the table but the workers' own; a model's address once for each model."""
    told = httpx.get(server.url + "/openapi.json", trust_env=False).json()

    for method, path in routes.table():
        if path.startswith("/worker/"):
            assert path not in told["paths"]
        elif "{model_id}" in path and not path.startswith("/v1/admin/"):  # which is for hidden ones too
            for model_id in (REFERENCE_MODEL, TESTCARD, STILL, WITH_PICTURE):
                assert method.lower() in told["paths"][path.replace("{model_id}", model_id)]
        else:
            assert method.lower() in told["paths"][path], path


def test_the_document_is_the_one_that_was_checked(server: LiveServer) -> None:
    """What is served differs from what the cases above were made of only in its address."""
    told = httpx.get(server.url + "/openapi.json", trust_env=False).json()

    assert told.pop("servers") == [{"url": server.url}]
    assert told == {name: value for name, value in DOCUMENT.items() if name != "servers"}
    assert told["openapi"].startswith("3.1.")


def test_operation_ids_are_unique_and_every_reference_leads_somewhere() -> None:
    """What generators of clients stumble over first."""
    operations = [operation for path in DOCUMENT["paths"].values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    references: list[str] = []

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            references.extend(value for name, value in node.items() if name == "$ref")
        for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            walk(child)

    walk(DOCUMENT)
    assert len(ids) == len(set(ids))
    assert {reference.rpartition("/")[2] for reference in references} <= DOCUMENT["components"]["schemas"].keys()
    assert all(reference.startswith("#/components/schemas/") for reference in references)


def test_real_answers_fit_their_schemas(alice: httpx.Client) -> None:
    """The answers that random ids never reach: finished, failed, queued; files, keys, parts of a film, errors."""
    done = completed(alice)
    failed = submit(alice, fail="error")
    file = alice.post("/v1/files", content=media.png()).json()
    key = alice.post("/v1/keys", json={"name": "a"}).json()
    doomed = completed(alice)["request_id"]
    one = {"request_id": done["request_id"]}
    wanted = {"url": "http://127.0.0.1:9/hook", "events": ["failed"]}
    hook = {"endpoint_id": alice.post("/v1/webhooks", json=wanted).json()["endpoint_id"]}
    tried = alice.post(f"/v1/webhooks/{hook['endpoint_id']}/test").json()
    sent = {"delivery_id": tried["delivery_id"]}
    until(lambda: alice.get(f"/v1/webhooks/deliveries/{sent['delivery_id']}").json()["attempts"])
    where = {"file_id": file["file_id"], "name": file["name"]}
    calls: list[tuple[str, str, dict[str, str], dict[str, Any], int]] = [
        ("GET", "/v1/requests", {}, {}, 200),
        ("GET", "/v1/requests/{request_id}", one, {}, 200),
        ("GET", "/v1/requests/{request_id}/status", one, {}, 200),
        ("GET", "/v1/requests/{request_id}/result", one, {"params": {"include_cost": "true"}}, 200),
        ("GET", "/v1/requests/{request_id}/result", {"request_id": failed}, {}, 200),
        ("GET", "/v1/requests/{request_id}/status", {"request_id": failed}, {}, 200),
        ("POST", "/v1/requests/{request_id}/cancel", one, {}, 202),
        ("GET", "/v1/requests/{request_id}/poster", one, {}, 200),
        ("GET", "/v1/requests/{request_id}/poster", one, {"headers": {"Range": "bytes=0-9"}}, 206),
        ("GET", "/v1/requests/{request_id}/poster", one, {"headers": {"Range": "bytes=999999-"}}, 416),
        ("GET", "/v1/requests/{request_id}/poster", one, {"headers": {"If-None-Match": "*"}}, 304),
        ("DELETE", "/v1/requests/{request_id}", {"request_id": doomed}, {}, 204),
        ("DELETE", "/v1/requests/{request_id}", {"request_id": doomed}, {}, 404),
        ("DELETE", "/v1/requests/{request_id}", {"request_id": submit(alice, delay_s=0.5)}, {}, 409),
        ("GET", "/v1/files", {}, {}, 200),
        ("GET", "/v1/files/{file_id}/{name}", where, {}, 200),
        ("GET", "/v1/files/{file_id}/{name}", where, {"headers": {"Range": "bytes=-9"}}, 206),
        ("DELETE", "/v1/files/{file_id}", {"file_id": file["file_id"]}, {}, 204),
        ("GET", "/v1/keys", {}, {}, 200),
        ("DELETE", "/v1/keys/{key_id}", {"key_id": key["key_id"]}, {}, 204),
        ("GET", "/v1/usage", {}, {}, 200),
        ("GET", "/v1/webhooks", {}, {}, 200),
        ("GET", "/v1/webhooks/{endpoint_id}", hook, {}, 200),
        ("PATCH", "/v1/webhooks/{endpoint_id}", hook, {"json": {"description": "changed"}}, 200),
        ("POST", "/v1/webhooks/{endpoint_id}/rotate", hook, {}, 200),
        ("POST", "/v1/webhooks/{endpoint_id}/test", hook, {}, 202),
        ("GET", "/v1/webhooks/deliveries", {}, {}, 200),
        ("GET", "/v1/webhooks/deliveries/{delivery_id}", sent, {}, 200),
        ("POST", "/v1/webhooks/deliveries/{delivery_id}/replay", sent, {}, 202),
        ("GET", "/v1/webhooks/secret", {}, {}, 200),
        ("POST", "/v1/webhooks/secret/rotate", {}, {}, 200),
        ("DELETE", "/v1/webhooks/{endpoint_id}", hook, {}, 204),
        ("DELETE", "/v1/webhooks/{endpoint_id}", hook, {}, 404),
        ("GET", "/.well-known/jwks.json", {}, {}, 200),
        ("GET", "/prod/v2/balance", {}, {}, 200),
        ("GET", "/v1/models", {}, {"params": {"include_schema": "true"}}, 200),
    ]
    for method, path, ids, call, status in calls:
        answer = alice.request(method, path.format(**ids), **call)
        assert answer.status_code == status, (path, answer.text)
        schema[path][method].validate_response(answer)
