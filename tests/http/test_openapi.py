"""The document at /openapi.json: complete, itself right, and kept to by answers that no made-up call reaches."""

from __future__ import annotations

from typing import Any

import httpx

from mutoscope.server import routes
from tests.conftest import REFERENCE_MODEL, LiveServer
from tests.http import media
from tests.http.calls import STILL, TESTCARD, WITH_PICTURE, completed, submit, until
from tests.http.document import DOCUMENT, schema


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
    """What is served differs from what the calls were made of only in its address."""
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
