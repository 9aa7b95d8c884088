"""Keys: who may do what, and what is kept of a secret. That two accounts never meet: test_isolation.py.

The list of routes is the program's own, so a new route without a row here fails.
"""

from __future__ import annotations

import re
import sqlite3
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from mutoscope.server import routes
from tests.conftest import LiveServer
from tests.http.calls import SMALL, TESTCARD, assert_error, completed, submit, until

pytestmark = pytest.mark.slow

RUN, ANY, ADMIN = frozenset({"run"}), frozenset({"run", "read"}), frozenset({"admin"})
LOOKING = frozenset({"read", "admin"})
PUBLIC: frozenset[str] = frozenset()

# One of these scopes is enough; none: no key is asked for. /metrics is open to this machine.
SCOPES: dict[tuple[str, str], frozenset[str]] = {
    ("GET", "/v1/requests/{request_id}/status"): ANY,
    ("GET", "/v1/requests/{request_id}/result"): ANY,
    ("POST", "/v1/models/{model_id}"): RUN,
    ("POST", "/v1/requests/{request_id}/cancel"): RUN,
    ("GET", "/v1/models"): PUBLIC,
    ("GET", "/v1/models/categories"): PUBLIC,
    ("GET", "/v1/models/{model_id}"): PUBLIC,
    ("GET", "/prod/v2/balance"): ANY,
    ("GET", "/prod/v2/deployments"): ANY,
    ("POST", "/prod/v2/deployments"): RUN,
    ("GET", "/prod/v2/deployments/{deployment_id}"): ANY,
    ("PATCH", "/prod/v2/deployments/{deployment_id}"): RUN,
    ("DELETE", "/prod/v2/deployments/{deployment_id}"): RUN,
    ("GET", "/prod/v2/deployments/{deployment_id}/object_info.json"): ANY,
    ("POST", "/prod/v2/deployments/{deployment_id}/inference"): RUN,
    ("GET", "/prod/v2/deployments/{deployment_id}/requests/{request_id}/status"): ANY,
    ("GET", "/prod/v2/deployments/{deployment_id}/requests/{request_id}/result"): ANY,
    ("POST", "/prod/v2/deployments/{deployment_id}/requests/{request_id}/cancel"): RUN,
    ("GET", "/prod/v2/deployments/{deployment_id}/instances/{instance_id}/proxy/{path}"): RUN,
    ("POST", "/prod/v2/deployments/{deployment_id}/instances/{instance_id}/proxy/{path}"): RUN,
    ("POST", "/prod/v1/deployments/{deployment_id}/inference"): RUN,
    ("GET", "/prod/v1/deployments/{deployment_id}/requests/{request_id}/status"): ANY,
    ("GET", "/prod/v1/deployments/{deployment_id}/requests/{request_id}/result"): ANY,
    ("POST", "/prod/v1/deployments/{deployment_id}/requests/{request_id}/cancel"): RUN,
    ("POST", "/prod/v2/models/{model_id}"): RUN,
    ("GET", "/prod/v2/requests/{request_id}/status"): ANY,
    ("GET", "/prod/v2/requests/{request_id}/result"): ANY,
    ("POST", "/prod/v2/requests/{request_id}/cancel"): RUN,
    ("POST", "/v1/quote/{model_id}"): ANY,
    ("GET", "/v1/prices/{model_id}"): PUBLIC,
    ("POST", "/v1/inputs/check"): ANY,
    ("GET", "/v1/requests"): ANY,
    ("GET", "/v1/requests/{request_id}"): ANY,
    ("DELETE", "/v1/requests/{request_id}"): RUN,
    ("GET", "/v1/requests/{request_id}/events"): ANY,
    ("GET", "/v1/events"): ANY,
    ("GET", "/v1/requests/{request_id}/poster"): ANY,
    ("GET", "/v1/requests/{request_id}/previews/{attempt}/{preview_id}"): ANY,
    ("POST", "/v1/files"): RUN,
    ("GET", "/v1/files"): ANY,
    ("GET", "/v1/files/{file_id}/{name}"): ANY,
    ("GET", "/v1/files/{file_id}"): ANY,
    ("DELETE", "/v1/files/{file_id}"): RUN,
    ("GET", "/v1/files.zip"): ANY,
    ("PUT", "/v1/files/{file_id}/favourite"): RUN,
    ("DELETE", "/v1/files/{file_id}/favourite"): RUN,
    ("GET", "/v1/collections"): ANY,
    ("POST", "/v1/collections"): RUN,
    ("GET", "/v1/collections/{collection_id}"): ANY,
    ("PATCH", "/v1/collections/{collection_id}"): RUN,
    ("DELETE", "/v1/collections/{collection_id}"): RUN,
    ("GET", "/v1/collections/{collection_id}/files.zip"): ANY,
    ("PUT", "/v1/collections/{collection_id}/files/{file_id}"): RUN,
    ("DELETE", "/v1/collections/{collection_id}/files/{file_id}"): RUN,
    ("GET", "/v1/account"): ANY | ADMIN,
    ("GET", "/v1/keys"): ADMIN,
    ("POST", "/v1/keys"): ADMIN,
    ("GET", "/v1/keys/{key_id}"): ADMIN,
    ("PATCH", "/v1/keys/{key_id}"): ADMIN,
    ("DELETE", "/v1/keys/{key_id}"): ADMIN,
    ("POST", "/v1/keys/{key_id}/rotate"): ADMIN,
    ("GET", "/v1/audit"): ADMIN,
    ("GET", "/v1/audit/export.csv"): ADMIN,
    ("GET", "/v1/admin/models"): ADMIN,
    ("PATCH", "/v1/admin/models/{model_id}"): ADMIN,
    ("GET", "/v1/admin/workers"): ADMIN,
    ("POST", "/v1/admin/workers/{worker_id}/drain"): ADMIN,
    ("POST", "/v1/admin/workers/{worker_id}/resume"): ADMIN,
    ("GET", "/v1/admin/accounts"): ADMIN,
    ("POST", "/v1/admin/accounts"): ADMIN,
    ("GET", "/v1/admin/limits"): ADMIN,
    ("PATCH", "/v1/admin/limits"): ADMIN,
    ("GET", "/v1/usage"): ANY,
    ("GET", "/v1/usage/summary"): ANY,
    ("GET", "/v1/usage/export.csv"): ANY,
    ("GET", "/v1/usage/focus.csv"): ANY,
    ("GET", "/v1/webhooks"): LOOKING,
    ("POST", "/v1/webhooks"): ADMIN,
    ("GET", "/v1/webhooks/secret"): ADMIN,
    ("POST", "/v1/webhooks/secret/rotate"): ADMIN,
    ("GET", "/v1/webhooks/deliveries"): ANY,
    ("GET", "/v1/webhooks/deliveries/{delivery_id}"): ANY,
    ("POST", "/v1/webhooks/deliveries/{delivery_id}/replay"): frozenset({"run", "admin"}),
    ("GET", "/v1/webhooks/{endpoint_id}"): LOOKING,
    ("PATCH", "/v1/webhooks/{endpoint_id}"): ADMIN,
    ("DELETE", "/v1/webhooks/{endpoint_id}"): ADMIN,
    ("POST", "/v1/webhooks/{endpoint_id}/rotate"): ADMIN,
    ("POST", "/v1/webhooks/{endpoint_id}/test"): ADMIN,
    ("GET", "/.well-known/jwks.json"): PUBLIC,
    ("GET", "/v1/status"): PUBLIC,
    ("GET", "/livez"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("GET", "/metrics"): PUBLIC,
    ("GET", "/openapi.json"): PUBLIC,
    ("GET", "/"): PUBLIC,
}
NEEDS_KEY = [(method, path, scopes) for (method, path), scopes in SCOPES.items() if scopes]
each_closed_route = pytest.mark.parametrize(
    ("method", "path", "scopes"), NEEDS_KEY, ids=[f"{method} {path}" for method, path, _ in NEEDS_KEY]
)


def address(path: str, **ids: str) -> str:
    """A route's path with ids in it, unknown ones unless given."""
    kinds = (
        "request_id",
        "file_id",
        "key_id",
        "endpoint_id",
        "delivery_id",
        "check_id",
        "preview_id",
        "collection_id",
        "worker_id",
        "deployment_id",
        "instance_id",
        "endpoint",
        "worker",
        "job",
    )
    unknown = dict.fromkeys(kinds, "0" * 32) | {
        "name": "a.png",
        "model_id": TESTCARD,
        "attempt": "1",
        "path": "object_info",
    }
    return re.sub(r"\{(\w+)\}", lambda match: (unknown | ids)[match[1]], path)


def make_key(client: httpx.Client, **wanted: Any) -> dict[str, Any]:
    """A fresh key, its secret included."""
    answer = client.post("/v1/keys", json={"name": "a key"} | wanted)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


@pytest.fixture(scope="session")
def keys_by_scope(server: LiveServer) -> dict[str, str]:
    """A key of Alice's for each single scope."""
    with server.client() as alice:
        return {scope: make_key(alice, scopes=[scope])["key"] for scope in ("run", "read", "admin")}


# -- the matrix ---------------------------------------------------------------------------------------------------


def test_every_route_has_its_scopes_written_down() -> None:
    """All but the workers' own, which know one token and no scopes."""
    assert set(SCOPES) == {row for row in routes.table() if not row[1].startswith("/worker/")}


@each_closed_route
def test_nothing_opens_without_a_key(server: LiveServer, method: str, path: str, scopes: frozenset[str]) -> None:
    """401 before anything else is looked at: no key, an unknown one, an empty one."""
    del scopes
    for key in ("", "mk_unknown", "Bearer"):
        with server.client(key) as nobody:
            answer = nobody.request(method, address(path))
        assert_error(answer, 401)


@each_closed_route
@pytest.mark.parametrize("scope", ["run", "read", "admin"])
def test_a_key_opens_what_its_scopes_say(
    server: LiveServer, keys_by_scope: dict[str, str], method: str, path: str, scopes: frozenset[str], scope: str
) -> None:
    """403 without one of the scopes, naming them; with one the route itself answers."""
    with server.client(keys_by_scope[scope]) as client:
        answer = client.request(method, address(path))

    if scope in scopes:
        assert answer.status_code not in (401, 403)
        assert answer.status_code < 500
    else:
        told = assert_error(answer, 403, 403001)
        assert all(f"`{wanted}`" in told["message"] for wanted in scopes)


@pytest.mark.parametrize("path", [path for (_, path), scopes in SCOPES.items() if not scopes])
def test_the_public_routes_ask_for_nothing(server: LiveServer, path: str) -> None:
    """200 without a key, and with one."""
    for key in ("", None):
        with server.client(key) as somebody:
            assert somebody.get(address(path)).status_code == 200


@pytest.mark.parametrize("path", [path for method, path in routes.table() if path.startswith("/worker/")])
def test_no_api_key_opens_the_workers_door(server: LiveServer, alice: httpx.Client, path: str) -> None:
    """Not even the owner's: a worker sees everybody's inputs."""
    method = next(method for method, there in routes.table() if there == path)
    assert_error(alice.request(method, address(path)), 401, 401003)
    with server.client("") as nobody:
        assert_error(nobody.request(method, address(path)), 401, 401003)


# -- a key's life -------------------------------------------------------------------------------------------------


def test_a_new_key_is_told_once(server: LiveServer, alice: httpx.Client) -> None:
    """The secret is in the answer to its creation and in no list afterwards."""
    told = make_key(alice, name="laptop")

    assert re.fullmatch(r"mk_[A-Za-z0-9_-]{43}", told["key"])
    assert told["scopes"] == ["run", "read"]
    listed = alice.get("/v1/keys")
    assert told["key"] not in listed.text
    assert {name: value for name, value in told.items() if name != "key"} in listed.json()["keys"]
    with server.client(told["key"]) as laptop:
        assert laptop.get("/v1/requests").status_code == 200


def content(path: Path) -> bytes:
    """Of a file; a folder, and what is gone by now, holds nothing."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        return b""


def test_only_the_hash_of_a_key_is_kept(server: LiveServer, alice: httpx.Client) -> None:
    """Whoever copies the database cannot call with it; nor does a log hold the secret."""
    secret = make_key(alice)["key"]

    with sqlite3.connect(f"file:{server.data / 'mutoscope.db'}?mode=ro", uri=True) as database:
        stored = [str(row) for row in database.execute("select * from api_keys")]
    database.close()
    holding = [path for path in server.data.parent.rglob("*") if secret.encode() in content(path)]

    assert len(stored) >= 2
    assert not [row for row in stored if secret in row]
    assert not holding


def test_a_revoked_key_opens_nothing_at_once(server: LiveServer, alice: httpx.Client) -> None:
    """The very next call is refused, on a connection that was open before."""
    told = make_key(alice)
    with server.client(told["key"]) as guest:
        assert guest.get("/v1/requests").status_code == 200

        assert alice.delete(f"/v1/keys/{told['key_id']}").status_code == 204

        assert_error(guest.get("/v1/requests"), 401, 401002)
        assert_error(guest.post(f"/v1/models/{TESTCARD}", json=SMALL), 401, 401002)
    listed = {key["key_id"]: key for key in alice.get("/v1/keys").json()["keys"]}
    assert listed[told["key_id"]]["revoked_at"].endswith("+00:00")


def test_a_key_expires(server: LiveServer, alice: httpx.Client) -> None:
    """After the seconds it was given, and not before."""
    told, short = make_key(alice, expires_in_s=3600), make_key(alice, expires_in_s=1)

    with server.client(told["key"]) as guest, server.client(short["key"]) as hasty:
        until(lambda: hasty.get("/v1/requests").status_code == 401)
        assert guest.get("/v1/requests").status_code == 200
    assert told["expires_at"] > told["created_at"]


@pytest.mark.parametrize(
    ("wanted", "paths"),
    [
        ({}, ["name"]),
        ({"name": ""}, ["name"]),
        ({"name": "x" * 81}, ["name"]),
        ({"name": 7}, ["name"]),
        ({"name": "tab\t"}, ["name"]),
        ({"name": "a", "scopes": []}, ["scopes"]),
        ({"name": "a", "scopes": ["root"]}, ["scopes"]),
        ({"name": "a", "scopes": "run"}, ["scopes"]),
        ({"name": "a", "scopes": [["run"]]}, ["scopes"]),
        ({"name": "a", "scopes": [{}]}, ["scopes"]),
        ({"name": "a", "expires_in_s": 0}, ["expires_in_s"]),
        ({"name": "a", "expires_in_s": 1.5}, ["expires_in_s"]),
        ({"name": "a", "expires_in_s": True}, ["expires_in_s"]),
        ({"name": "a", "expires_in_s": 10**12}, ["expires_in_s"]),
        ({"name": "a", "account": ""}, ["account"]),
        ({"name": "a", "networks": "10.0.0.0/8"}, ["networks"]),
        ({"name": "a", "networks": ["10.0.0.1/8"]}, ["networks"]),
        ({"name": "a", "networks": ["everywhere"]}, ["networks"]),
        ({"name": "a", "networks": [167772160]}, ["networks"]),
        ({"name": "a", "networks": ["10.0.0.1"] * 51}, ["networks"]),
        ({"scopes": 1, "expires_in_s": "x"}, ["expires_in_s", "name", "scopes"]),
        ([], [""]),
    ],
)
def test_a_key_that_cannot_be_is_refused(alice: httpx.Client, wanted: Any, paths: list[str]) -> None:
    """Every problem at once."""
    told = assert_error(alice.post("/v1/keys", json=wanted), 422, 422001)

    assert sorted(problem["path"] for problem in told["detail"]) == paths


def test_a_key_is_replaced_without_a_gap(server: LiveServer, alice: httpx.Client) -> None:
    """Both secrets open the same key for the overlap; replaced again, the first one opens nothing at once."""
    first = make_key(alice, name="studio")
    second = alice.post(f"/v1/keys/{first['key_id']}/rotate", params={"overlap_s": "60"}).json()
    assert second["key"] != first["key"]
    assert {name: second[name] for name in ("key_id", "name", "scopes")} == {
        name: first[name] for name in ("key_id", "name", "scopes")
    }
    with server.client(first["key"]) as old, server.client(second["key"]) as new:
        request_id = submit(old)
        assert new.get(f"/v1/requests/{request_id}").json()["key_id"] == first["key_id"]

        third = alice.post(f"/v1/keys/{first['key_id']}/rotate").json()

        assert_error(old.get("/v1/requests"), 401, 401002)
        assert new.get("/v1/requests").status_code == 200
    assert third["previous_expires_at"] > second["previous_expires_at"]


def test_a_leaked_key_is_replaced_at_once(server: LiveServer, alice: httpx.Client) -> None:
    """No overlap: the old secret is dead when the new one is told. A revoked key cannot be replaced."""
    leaked = make_key(alice)
    fresh = alice.post(f"/v1/keys/{leaked['key_id']}/rotate", params={"overlap_s": "0"})
    assert fresh.status_code == 201
    with server.client(leaked["key"]) as thief:
        assert_error(thief.get("/v1/requests"), 401, 401002)
    assert_error(alice.post(f"/v1/keys/{leaked['key_id']}/rotate", params={"overlap_s": "x"}), 422, 422003)
    alice.delete(f"/v1/keys/{leaked['key_id']}")
    assert_error(alice.post(f"/v1/keys/{leaked['key_id']}/rotate"), 404, 404001)
    with server.client(fresh.json()["key"]) as owner:
        assert_error(owner.get("/v1/requests"), 401, 401002)


def test_a_key_is_bound_to_its_networks(server: LiveServer, alice: httpx.Client) -> None:
    """Elsewhere it opens nothing; who says through a proxy that nobody vouched for where it is, is elsewhere."""
    here = make_key(alice, networks=["127.0.0.0/8", "2001:db8::1"])
    there = make_key(alice, networks=["10.0.0.0/8"])
    assert here["networks"] == ["127.0.0.0/8", "2001:db8::1/128"]
    with server.client(here["key"]) as inside, server.client(there["key"]) as outside:
        assert inside.get("/v1/requests").status_code == 200
        assert_error(inside.get("/v1/requests", headers={"X-Forwarded-For": "127.0.0.1"}), 403, 403002)
        assert_error(outside.get("/v1/requests"), 403, 403002)
        assert_error(outside.get("/v1/requests", headers={"X-Forwarded-For": "10.1.2.3"}), 403, 403002)
        assert_error(outside.get("/v1/files/x/y.png"), 403, 403002)


# -- two accounts: see test_isolation.py ----------------------------------------------------------------------------


def test_only_the_owner_of_the_site_names_another_account(alice: httpx.Client, bob: httpx.Client) -> None:
    """Bob cannot make, see or revoke a key of Alice's account, nor open one for Carol."""
    assert_error(bob.post("/v1/keys", json={"name": "a", "account": "owner"}), 403, 403001)
    assert_error(bob.post("/v1/keys", json={"name": "a", "account": "carol"}), 403, 403001)
    assert_error(bob.get("/v1/keys", params={"account": "owner"}), 403, 403001)
    assert_error(bob.delete("/v1/keys/x", params={"account": "owner"}), 403, 403001)
    assert_error(alice.get("/v1/keys", params={"account": "nobody-of-that-name"}), 404, 404001)


def test_the_owner_revokes_a_key_of_another_account(server: LiveServer, alice: httpx.Client) -> None:
    """She opened the account, so she can close its doors."""
    account = f"guest-{time.time_ns()}"
    told = make_key(alice, account=account)

    assert [key["key_id"] for key in alice.get("/v1/keys", params={"account": account}).json()["keys"]] == [
        told["key_id"]
    ]
    assert_error(alice.delete(f"/v1/keys/{told['key_id']}"), 404, 404001)
    assert alice.delete(f"/v1/keys/{told['key_id']}", params={"account": account}).status_code == 204
    with server.client(told["key"]) as guest:
        assert_error(guest.get("/v1/requests"), 401, 401002)


def test_usage_is_told_per_request(artist: httpx.Client) -> None:
    """What was made, by which key, how much of it, for how much."""
    done = completed(artist, "studio/priced", prompt="bars")

    told = artist.get("/v1/usage").json()

    rows = {row["request_id"]: row for row in told["usage"]}
    row = rows[done["request_id"]]
    assert (row["model_id"], row["state"], row["unit"]) == ("studio/priced", "charged", "second")
    assert (row["quantity"], row["cost_usd"]) == (pytest.approx(1.0), pytest.approx(0.15))
    assert told["total_usd"] >= 0.15
    later = artist.get("/v1/usage", params={"from": "2999-01-01T00:00:00Z"}).json()
    assert later == {"usage": [], "total_usd": 0, "next_cursor": None}
