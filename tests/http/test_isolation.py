"""Two accounts, every address: nothing of Alice's is visible to Bob, and nothing he does touches it.

The rules below are held against the program's own list of routes, so a new route without a rule fails. A rule says
whose things an address is about, and each address is then called by Bob, with every scope, with Alice's own ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from mutoscope.server import routes
from tests.conftest import LiveServer
from tests.http import media
from tests.http.calls import SMALL, TESTCARD, assert_error, completed, submit, until
from tests.http.test_events import following
from tests.http.test_keys import address, make_key
from tests.workflows import STILL as STILL_GRAPH

pytestmark = pytest.mark.slow

ONE = "one thing with an id: for Bob, Alice's is as absent as one that never was"
LIST = "a list: Bob's holds nothing of Alice's, whatever he asks for"
MAKE = "makes something of the caller's own: the answer and its effect hold nothing of Alice's"
OWN = "about the caller's account as a whole"
OWNER = "for the owner of the site: Bob, with every scope of his own account, is refused"
PUBLIC = "the same for everybody: holds nothing of any account"
WORKER = "for holders of the worker token, which no key is"

DEPLOYMENT = {"name": "a workflow", "payload": {"workflow_api_json": STILL_GRAPH}}

RULES: dict[tuple[str, str], str] = {
    ("GET", "/v1/requests/{request_id}/status"): ONE,
    ("GET", "/v1/requests/{request_id}/result"): ONE,
    ("GET", "/v1/models/categories"): PUBLIC,
    ("POST", "/v1/models/{model_id}"): MAKE,
    ("POST", "/v1/requests/{request_id}/cancel"): ONE,
    ("GET", "/v1/models"): PUBLIC,
    ("GET", "/v1/models/{model_id}"): PUBLIC,
    ("GET", "/prod/v2/balance"): OWN,
    ("GET", "/prod/v2/deployments"): LIST,
    ("POST", "/prod/v2/deployments"): MAKE,
    ("GET", "/prod/v2/deployments/{deployment_id}"): ONE,
    ("PATCH", "/prod/v2/deployments/{deployment_id}"): ONE,
    ("DELETE", "/prod/v2/deployments/{deployment_id}"): ONE,
    ("GET", "/prod/v2/deployments/{deployment_id}/object_info.json"): ONE,
    ("POST", "/prod/v2/deployments/{deployment_id}/inference"): ONE,
    ("GET", "/prod/v2/deployments/{deployment_id}/requests/{request_id}/status"): ONE,
    ("GET", "/prod/v2/deployments/{deployment_id}/requests/{request_id}/result"): ONE,
    ("POST", "/prod/v2/deployments/{deployment_id}/requests/{request_id}/cancel"): ONE,
    ("GET", "/prod/v2/deployments/{deployment_id}/instances/{instance_id}/proxy/{path}"): ONE,
    ("POST", "/prod/v2/deployments/{deployment_id}/instances/{instance_id}/proxy/{path}"): ONE,
    ("POST", "/prod/v1/deployments/{deployment_id}/inference"): ONE,
    ("GET", "/prod/v1/deployments/{deployment_id}/requests/{request_id}/status"): ONE,
    ("GET", "/prod/v1/deployments/{deployment_id}/requests/{request_id}/result"): ONE,
    ("POST", "/prod/v1/deployments/{deployment_id}/requests/{request_id}/cancel"): ONE,
    ("POST", "/prod/v2/models/{model_id}"): MAKE,
    ("GET", "/prod/v2/requests/{request_id}/status"): ONE,
    ("GET", "/prod/v2/requests/{request_id}/result"): ONE,
    ("POST", "/prod/v2/requests/{request_id}/cancel"): ONE,
    ("POST", "/v1/quote/{model_id}"): MAKE,
    ("GET", "/v1/prices/{model_id}"): PUBLIC,
    ("POST", "/v1/inputs/check"): MAKE,
    ("GET", "/v1/requests"): LIST,
    ("GET", "/v1/requests/{request_id}"): ONE,
    ("DELETE", "/v1/requests/{request_id}"): ONE,
    ("GET", "/v1/requests/{request_id}/events"): ONE,
    ("GET", "/v1/events"): LIST,
    ("GET", "/v1/requests/{request_id}/poster"): ONE,
    ("GET", "/v1/requests/{request_id}/previews/{attempt}/{preview_id}"): ONE,
    ("POST", "/v1/files"): MAKE,
    ("GET", "/v1/files"): LIST,
    ("GET", "/v1/files.zip"): LIST,
    ("PUT", "/v1/files/{file_id}/favourite"): ONE,
    ("DELETE", "/v1/files/{file_id}/favourite"): ONE,
    ("GET", "/v1/collections"): LIST,
    ("POST", "/v1/collections"): MAKE,
    ("GET", "/v1/collections/{collection_id}"): ONE,
    ("PATCH", "/v1/collections/{collection_id}"): ONE,
    ("DELETE", "/v1/collections/{collection_id}"): ONE,
    ("GET", "/v1/collections/{collection_id}/files.zip"): ONE,
    ("PUT", "/v1/collections/{collection_id}/files/{file_id}"): ONE,
    ("DELETE", "/v1/collections/{collection_id}/files/{file_id}"): ONE,
    ("GET", "/v1/files/{file_id}/{name}"): ONE,
    ("GET", "/v1/files/{file_id}"): ONE,
    ("DELETE", "/v1/files/{file_id}"): ONE,
    ("GET", "/v1/account"): OWN,
    ("GET", "/v1/keys"): LIST,
    ("POST", "/v1/keys"): MAKE,
    ("GET", "/v1/keys/{key_id}"): ONE,
    ("PATCH", "/v1/keys/{key_id}"): ONE,
    ("DELETE", "/v1/keys/{key_id}"): ONE,
    ("POST", "/v1/keys/{key_id}/rotate"): ONE,
    ("GET", "/v1/audit"): LIST,
    ("GET", "/v1/audit/export.csv"): LIST,
    ("GET", "/v1/admin/models"): OWNER,
    ("PATCH", "/v1/admin/models/{model_id}"): OWNER,
    ("GET", "/v1/admin/workers"): OWNER,
    ("POST", "/v1/admin/workers/{worker_id}/drain"): OWNER,
    ("POST", "/v1/admin/workers/{worker_id}/resume"): OWNER,
    ("GET", "/v1/admin/accounts"): OWNER,
    ("POST", "/v1/admin/accounts"): OWNER,
    ("GET", "/v1/admin/limits"): OWNER,
    ("PATCH", "/v1/admin/limits"): OWNER,
    ("GET", "/v1/usage"): LIST,
    ("GET", "/v1/usage/summary"): LIST,
    ("GET", "/v1/usage/export.csv"): LIST,
    ("GET", "/v1/usage/focus.csv"): LIST,
    ("GET", "/v1/webhooks"): LIST,
    ("POST", "/v1/webhooks"): MAKE,
    ("GET", "/v1/webhooks/secret"): OWN,
    ("POST", "/v1/webhooks/secret/rotate"): OWN,
    ("GET", "/v1/webhooks/deliveries"): LIST,
    ("GET", "/v1/webhooks/deliveries/{delivery_id}"): ONE,
    ("POST", "/v1/webhooks/deliveries/{delivery_id}/replay"): ONE,
    ("GET", "/v1/webhooks/{endpoint_id}"): ONE,
    ("PATCH", "/v1/webhooks/{endpoint_id}"): ONE,
    ("DELETE", "/v1/webhooks/{endpoint_id}"): ONE,
    ("POST", "/v1/webhooks/{endpoint_id}/rotate"): ONE,
    ("POST", "/v1/webhooks/{endpoint_id}/test"): ONE,
    ("GET", "/.well-known/jwks.json"): PUBLIC,
    ("POST", "/worker/v1/claim"): WORKER,
    ("POST", "/worker/v1/requests/{request_id}/beat"): WORKER,
    ("POST", "/worker/v1/requests/{request_id}/watch"): WORKER,
    ("POST", "/worker/v1/requests/{request_id}/remember"): WORKER,
    ("PUT", "/worker/v1/requests/{request_id}/files/{name}"): WORKER,
    ("POST", "/worker/v1/requests/{request_id}/uploads"): WORKER,
    ("POST", "/worker/v1/requests/{request_id}/uploads/{file_id}"): WORKER,
    ("POST", "/worker/v1/requests/{request_id}/finish"): WORKER,
    ("GET", "/worker/v1/files/{file_id}"): WORKER,
    ("POST", "/worker/v1/checks/claim"): WORKER,
    ("POST", "/worker/v1/checks/{check_id}/finish"): WORKER,
    ("POST", "/worker/v1/withdrawals/claim"): WORKER,
    ("POST", "/worker/v1/withdrawals/{request_id}/finish"): WORKER,
    ("GET", "/worker/v1/queue"): WORKER,
    ("POST", "/worker/v1/lost"): WORKER,
    ("GET", "/worker/runpod/{endpoint}/job-take/{worker}"): WORKER,
    ("GET", "/worker/runpod/{endpoint}/job-take-batch/{worker}"): WORKER,
    ("GET", "/worker/runpod/{endpoint}/job-stop/{worker}"): WORKER,
    ("GET", "/worker/runpod/{endpoint}/ping/{worker}"): WORKER,
    ("POST", "/worker/runpod/{endpoint}/job-done/{worker}/{job}"): WORKER,
    ("POST", "/worker/runpod/{endpoint}/job-stream/{worker}/{job}"): WORKER,
    ("GET", "/livez"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("GET", "/v1/status"): PUBLIC,
    ("GET", "/metrics"): PUBLIC,
    ("GET", "/openapi.json"): PUBLIC,
    ("GET", "/"): PUBLIC,
}

PICTURE = {"model_id": "mutoscope/testcard/image-to-video", "field": "source"}
FILTERS = ("request_id", "endpoint_id", "key_id", "key", "search", "target", "account_id", "collection", "cursor")
"""Query parameters by which a list could be asked for somebody else's things."""


def by(*rules: str) -> pytest.MarkDecorator:
    """Every route under one of these rules."""
    rows = [row for row, rule in RULES.items() if rule in rules]
    return pytest.mark.parametrize(("method", "path"), rows, ids=[" ".join(row) for row in rows])


@pytest.fixture(scope="module")
def alices(server: LiveServer) -> Iterator[dict[str, str]]:
    """Everything of Alice's that has an id or is a secret."""
    with server.client() as alice:
        done = completed(alice, prompt="PLANTED-prompt-of-alice")
        file = alice.post("/v1/files", params={"name": "alices-photo.png"}, content=media.png()).json()
        hook = {"url": "https://hooks.invalid/alice", "events": ["failed"]}
        made = alice.post("/v1/webhooks", json=hook).json()
        alice.post(f"/v1/models/{TESTCARD}?webhook=http://127.0.0.1:9/alice", json=SMALL)
        delivery = until(lambda: alice.get("/v1/webhooks/deliveries").json()["deliveries"])[0]
        key = make_key(alice, name="alices-laptop")
        collection = alice.post("/v1/collections", json={"name": "alices-shelf"}).json()
        alice.put(f"/v1/collections/{collection['collection_id']}/files/{file['file_id']}")
        alice.put(f"/v1/files/{file['file_id']}/favourite")
        deployment = alice.post("/prod/v2/deployments", json=DEPLOYMENT | {"name": "alices-workflow"}).json()
        output = httpx.URL(next(iter(done["output"].values())))
        yield {
            "request_id": done["request_id"],
            "file_id": file["file_id"],
            "name": file["name"],
            "endpoint_id": made["endpoint_id"],
            "delivery_id": delivery["delivery_id"],
            "collection_id": collection["collection_id"],
            "collection_name": "alices-shelf",
            "deployment_id": deployment["id"],
            "deployment_name": "alices-workflow",
            "key_id": key["key_id"],
            "output_id": output.path.split("/")[3],
            "key": key["key"],
            "key_name": "alices-laptop",
            "secret": made["secret"],
            "account_secret": alice.get("/v1/webhooks/secret").json()["secret"],
            "prompt": "PLANTED-prompt-of-alice",
            "hook": "hooks.invalid",
        }


def holds_nothing_of(alices: dict[str, str], text: str) -> None:
    """No id, secret, prompt or address of hers."""
    assert not [name for name, value in alices.items() if value in text]


def state_of(alice: httpx.Client, alices: dict[str, str]) -> dict[str, Any]:
    """All that Bob might have changed."""
    keys = {key["key_id"]: key for key in alice.get("/v1/keys").json()["keys"]}
    key = keys[alices["key_id"]]
    endpoint = alice.get(f"/v1/webhooks/{alices['endpoint_id']}")
    return {
        "request": alice.get(f"/v1/requests/{alices['request_id']}").json()["state"],
        "output": alice.get(f"/v1/files/{alices['output_id']}/output.mp4").status_code,
        "upload": alice.get(f"/v1/files/{alices['file_id']}/{alices['name']}").status_code,
        "endpoint": endpoint.json(),
        "collections": alice.get("/v1/collections").json(),
        "deployments": alice.get("/prod/v2/deployments").json(),
        "favourites": len(alice.get("/v1/files", params={"favourite": "true", "role": "all"}).json()["files"]),
        "key": {name: key[name] for name in ("name", "revoked_at", "prefix", "previous_expires_at", "limits")},
        "secret": alice.get("/v1/webhooks/secret").json(),
        "audit": len(alice.get("/v1/audit", params={"limit": "500"}).json()["entries"]),
    }


def test_every_route_has_a_rule() -> None:
    """A new address says here whose things it is about; then it is called by Bob below."""
    assert set(RULES) == set(routes.table())


def test_only_what_has_an_id_is_about_one_thing() -> None:
    """The rules agree with the addresses."""
    for (method, path), rule in RULES.items():
        named = "_id}" in path and rule != OWNER and "model_id" not in path
        assert (rule in (ONE, WORKER)) == (named or path.startswith("/worker/")), (method, path)


@by(ONE)
@pytest.mark.parametrize("which", ["her own", "her output", "every id is hers"])
def test_one_thing_of_alices_is_not_there_for_bob(
    alice: httpx.Client, bob: httpx.Client, alices: dict[str, str], method: str, path: str, which: str
) -> None:
    """404, word for word as for an id that never was; and nothing of hers changed."""
    ids = {name: value for name, value in alices.items() if name.endswith("_id") or name == "name"}
    if which == "her output":
        ids |= {"file_id": alices["output_id"], "name": "output.mp4"}
    query = {name: value for name, value in ids.items() if name in FILTERS} if which == "every id is hers" else {}
    body = {"url": "https://bob.invalid/", "enabled": False, "name": "bobs"} if method == "PATCH" else None
    before = state_of(alice, alices)

    there = bob.request(method, address(path, **ids), params=query, json=body)
    nowhere = bob.request(method, address(path), params=query, json=body)

    assert assert_error(there, 404, 404001) == assert_error(nowhere, 404, 404001)
    holds_nothing_of(alices, there.text.replace(str(there.url), ""))
    assert state_of(alice, alices) == before


def test_what_alice_watches_grow_is_not_there_for_bob(alice: httpx.Client, bob: httpx.Client) -> None:
    """A preview under its full address, while it can be seen."""
    request_id = submit(alice, delay_s=3)
    with following(alice, request_id) as events:
        where = next(event.data["preview"] for event in events if "preview" in event.data)

    seen, stranger = alice.get(where), bob.get(where)

    assert (seen.status_code, seen.content[:3]) == (200, b"\xff\xd8\xff")
    assert_error(stranger, 404, 404001)
    alice.post(f"/v1/requests/{request_id}/cancel", params={"running": "true"})


@by(LIST)
def test_bobs_lists_hold_only_bobs(bob: httpx.Client, alices: dict[str, str], method: str, path: str) -> None:
    """Whatever ids of hers he asks by."""
    submit(bob)
    holds_nothing_of(alices, bob.request(method, path, params={"limit": "500"}).text)
    for name in FILTERS:
        for value in (alices.get(name), alices["request_id"], alices["key_id"], "PLANTED", "owner"):
            answer = bob.request(method, path, params={name: value or "x"})
            assert answer.status_code in (200, 404, 422)
            holds_nothing_of(alices, answer.text)


@pytest.mark.parametrize("query", [{"account": "owner"}, {"all": "true"}, {"account": "nobody"}])
@pytest.mark.parametrize("path", ["/v1/keys", "/v1/audit"])
def test_bob_cannot_name_another_account(
    bob: httpx.Client, alices: dict[str, str], path: str, query: dict[str, str]
) -> None:
    """Only the owner of the site may; he learns not even which accounts there are."""
    answer = bob.get(path, params=query)
    if path == "/v1/audit" or "account" in query:
        assert_error(answer, 403, 403001)
    holds_nothing_of(alices, answer.text)


@by(MAKE, OWN)
def test_what_bob_makes_is_bobs(
    alice: httpx.Client, bob: httpx.Client, alices: dict[str, str], method: str, path: str
) -> None:
    """Neither the answer nor what is there afterwards shows or changes anything of hers."""
    before = state_of(alice, alices)
    wanted: dict[str, Any] = {
        "/v1/files": {"content": media.png()},
        "/v1/keys": {"json": {"name": "bob's"}},
        "/v1/webhooks": {"json": {"url": "https://bob.invalid/", "enabled": False}},
        "/v1/collections": {"json": {"name": "bob's shelf"}},
        "/prod/v2/deployments": {"json": DEPLOYMENT},
        "/v1/inputs/check": {"json": {**PICTURE, "url": media.data_uri(media.png(), "image/png")}},
    }
    given = {} if method == "GET" else wanted.get(path, {"json": SMALL})

    answer = bob.request(method, address(path), **given)

    assert answer.status_code in (200, 201), answer.text
    holds_nothing_of(alices, answer.text)
    assert state_of(alice, alices) == before
    if request_id := answer.json().get("request_id"):
        assert_error(alice.get(f"/v1/requests/{request_id}"), 404, 404001)


def test_bobs_library_and_archives_hold_nothing_of_alices(bob: httpx.Client, alices: dict[str, str]) -> None:
    """Not by her file's id, nor by her collection's, nor beside a file of his own."""
    own = bob.post("/v1/files", content=media.png()).json()["file_id"]
    for ids in ([own, alices["file_id"]], [alices["output_id"]]):
        assert_error(bob.get("/v1/files.zip", params={"file": ids}), 404, 404001)
    listed = bob.get("/v1/files", params={"role": "all", "collection": alices["collection_id"]})
    assert listed.json()["files"] == []
    mine = bob.post("/v1/collections", json={"name": "Bob's"}).json()["collection_id"]
    assert_error(bob.put(f"/v1/collections/{mine}/files/{alices['file_id']}"), 404, 404001)
    assert_error(bob.put(f"/v1/collections/{alices['collection_id']}/files/{own}"), 404, 404001)


@pytest.mark.parametrize("given", ["plain", "with bob's signature", "in a webhook's name"])
def test_alices_file_is_no_input_of_bobs(
    server: LiveServer, bob: httpx.Client, alices: dict[str, str], given: str
) -> None:
    """Neither by its address nor by its stored name; the refusal tells nothing about it."""
    own = httpx.URL(bob.post("/v1/files", content=media.png()).json()["url"])
    url = f"{server.url}/v1/files/{alices['file_id']}/{alices['name']}"
    named = {
        "plain": url,
        "with bob's signature": f"{url}?{own.query.decode()}",
        "in a webhook's name": f"mutoscope-file:{alices['file_id']}",
    }[given]
    answer = bob.post("/v1/models/mutoscope/testcard/image-to-video", json={"source": named})
    assert answer.status_code == 422, answer.text
    quoted = bob.post("/v1/quote/mutoscope/testcard/image-to-video", json={"source": named})
    assert assert_error(quoted, 422) == answer.json()
    checked = bob.post("/v1/inputs/check", json=PICTURE | {"url": named})
    assert checked.status_code == 422 or (checked.json()["ok"], checked.json()["media"]) == (False, None)
    holds_nothing_of(alices, quoted.text + checked.text)


@by(PUBLIC)
@pytest.mark.parametrize("key", [None, ""], ids=["Bob's key", "no key"])
def test_what_is_public_holds_nothing_of_anybody(
    server: LiveServer, bob_key: str, alices: dict[str, str], method: str, path: str, key: str | None
) -> None:
    """No id of a request, file, key or account; metrics count models and codes, never callers."""
    with server.client(bob_key if key is None else key) as somebody:
        answer = somebody.request(method, address(path))
    assert answer.status_code == 200
    holds_nothing_of(alices, answer.text)


@by(OWNER)
def test_what_is_the_owners_is_refused(
    alice: httpx.Client, bob: httpx.Client, alices: dict[str, str], method: str, path: str
) -> None:
    """Before anything is looked at; and nothing changed."""
    before = state_of(alice, alices), alice.get("/v1/admin/limits").json(), alice.get("/v1/admin/accounts").json()
    answer = bob.request(method, address(path), json={"enabled": False, "name": "mallory", "max_queued": 1})
    assert_error(answer, 403, 403001)
    holds_nothing_of(alices, answer.text)
    after = state_of(alice, alices), alice.get("/v1/admin/limits").json(), alice.get("/v1/admin/accounts").json()
    assert after == before


@by(WORKER)
def test_no_key_is_a_worker(bob: httpx.Client, alices: dict[str, str], method: str, path: str) -> None:
    """A worker sees everybody's inputs."""
    ids = {name: value for name, value in alices.items() if name.endswith("_id")}
    answer = bob.request(method, address(path, **ids), headers={"X-Mutoscope-Worker": "bob"})
    assert_error(answer, 401, 401003)
