"""The audit log: every administrative act leaves one entry, without secrets; refused acts leave none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import httpx
import pytest

from mutoscope.server import routes
from tests.conftest import start_server
from tests.http.calls import SMALL, TESTCARD, assert_error, until
from tests.http.test_keys import ADMIN, SCOPES, address, make_key

pytestmark = pytest.mark.slow

SAFE_HOOK = {"url": "https://hooks.invalid/T00/SECRET-PATH?token=SECRET"}


def entries(client: httpx.Client, **query: str) -> list[dict[str, Any]]:
    answer = client.get("/v1/audit", params={"limit": "500"} | query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["entries"]
    return found


def _key(alice: httpx.Client) -> str:
    return str(make_key(alice, name="for the log")["key_id"])


def _hook(alice: httpx.Client) -> str:
    answer = alice.post("/v1/webhooks", json=SAFE_HOOK)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["endpoint_id"])


def _delivery(alice: httpx.Client) -> str:
    done = alice.post(f"/v1/models/{TESTCARD}?webhook=http://127.0.0.1:9/x&webhook_events=in_queue", json=SMALL).json()
    where = {"request_id": done["request_id"]}
    return str(until(lambda: alice.get("/v1/webhooks/deliveries", params=where).json()["deliveries"])[0]["delivery_id"])


def _worker(alice: httpx.Client) -> str:
    """A worker that was heard of and takes nothing; the one that the tests need stays in service."""
    head = {"Authorization": "Bearer wt_shared", "X-Mutoscope-Worker": "logged"}
    asked = {"worker_id": "logged", "engines": []}
    assert alice.post("/worker/v1/claim", headers=head, json=asked).status_code == 204
    return "logged"


IDS = ("key_id", "endpoint_id", "delivery_id", "worker_id")
# What each administrative route needs, what it is sent, and the act that the log must show.
ACTS: dict[tuple[str, str], tuple[Callable[[httpx.Client], str] | None, dict[str, Any] | None, str]] = {
    ("POST", "/v1/keys"): (None, {"name": "logged", "scopes": ["read"], "networks": ["10.0.0.0/8"]}, "key.created"),
    ("PATCH", "/v1/keys/{key_id}"): (_key, {"limits": {"max_running": 2}}, "key.changed"),
    ("DELETE", "/v1/keys/{key_id}"): (_key, None, "key.revoked"),
    ("POST", "/v1/keys/{key_id}/rotate"): (_key, None, "key.rotated"),
    ("POST", "/v1/webhooks"): (None, SAFE_HOOK, "webhook.created"),
    ("PATCH", "/v1/webhooks/{endpoint_id}"): (_hook, {"enabled": False}, "webhook.changed"),
    ("DELETE", "/v1/webhooks/{endpoint_id}"): (_hook, None, "webhook.deleted"),
    ("POST", "/v1/webhooks/{endpoint_id}/rotate"): (_hook, None, "webhook.rotated"),
    ("POST", "/v1/webhooks/{endpoint_id}/test"): (_hook, None, "webhook.tested"),
    ("POST", "/v1/webhooks/secret/rotate"): (None, None, "webhook_secret.rotated"),
    ("PATCH", "/v1/admin/models/{model_id}"): (None, {"base_price_usd": None}, "model.changed"),
    ("POST", "/v1/admin/workers/{worker_id}/drain"): (_worker, None, "worker.drained"),
    ("POST", "/v1/admin/workers/{worker_id}/resume"): (_worker, None, "worker.resumed"),
    ("POST", "/v1/admin/accounts"): (None, {"name": "a fresh account"}, "account.opened"),
    ("PATCH", "/v1/admin/limits"): (None, {"max_queued": None}, "limits.changed"),
    ("POST", "/v1/webhooks/deliveries/{delivery_id}/replay"): (_delivery, None, "webhook.replayed"),
}


def test_every_administrative_route_is_in_the_list() -> None:
    """Whatever changes something and takes the scope `admin`; a new route is added here, and so to the log."""
    changing = {row for row in routes.table() if row[0] != "GET" and SCOPES.get(row, frozenset()) & ADMIN}
    assert set(ACTS) == changing


@pytest.mark.parametrize(("method", "path"), list(ACTS), ids=[" ".join(row) for row in ACTS])
def test_an_act_leaves_one_entry(alice: httpx.Client, method: str, path: str) -> None:
    """Who, from where, what; nothing in it is a secret."""
    prepare, body, action = ACTS[method, path]
    ident = prepare(alice) if prepare else ""
    before = entries(alice)

    answer = alice.request(method, address(path, **dict.fromkeys(IDS, ident)), json=body)

    assert answer.is_success, answer.text
    new = [entry for entry in entries(alice) if entry not in before]
    assert [entry["action"] for entry in new] == [action]
    assert (new[0]["by"], new[0]["address"]) == ("account", "127.0.0.1")
    assert new[0]["key_id"]
    assert new[0]["target"] in (ident, *(answer.json().values() if answer.content else ()), new[0]["account_id"])
    told = json.dumps(new)
    assert "SECRET" not in told
    assert "mk_" not in told
    assert "whsec_" not in told


@pytest.mark.parametrize(("method", "path"), list(ACTS), ids=[" ".join(row) for row in ACTS])
def test_what_was_refused_leaves_none(alice: httpx.Client, method: str, path: str) -> None:
    """An entry is part of the act's own transaction."""
    before = entries(alice)
    body = {"name": 7, "url": "nonsense"}
    answer = alice.request(method, address(path), json=body)
    if path != "/v1/webhooks/secret/rotate":
        assert not answer.is_success
        assert entries(alice) == before


def test_a_change_shows_before_and_after(alice: httpx.Client) -> None:
    """The address of an endpoint only as far as it can be no secret."""
    endpoint_id = _hook(alice)
    alice.patch(f"/v1/webhooks/{endpoint_id}", json={"events": ["failed"]})
    (changed,) = entries(alice, action="webhook.changed", target=endpoint_id)
    assert changed["before"]["events"] == ["completed", "failed", "cancelled"]
    assert changed["after"]["events"] == ["failed"]
    assert changed["after"]["url"] == "https://hooks.invalid"


def test_another_account_sees_that_the_owner_acted_but_not_how(alice: httpx.Client, bob: httpx.Client) -> None:
    """Alice's key and address stay hers; she sees everything of every account."""
    made = make_key(alice, name="for bob", account="bob")
    (seen,) = entries(bob, target=made["key_id"])
    assert (seen["action"], seen["by"], seen["key_id"], seen["address"]) == ("key.created", "owner", None, None)
    (own,) = entries(alice, target=made["key_id"], all="true")
    assert (own["by"], own["address"]) == ("owner", "127.0.0.1")
    assert entries(alice, target=made["key_id"], account="bob") == [own]
    assert entries(alice, target=made["key_id"]) == []
    assert entries(alice, action="account.opened", target="bob")


def test_pages_go_back_to_the_beginning(alice: httpx.Client) -> None:
    """Newest first, each once."""
    for _ in range(3):
        _key(alice)
    whole = [entry["entry_id"] for entry in entries(alice)]
    paged, query = [], {"limit": "2"}
    while True:
        page = alice.get("/v1/audit", params=query).json()
        paged += [entry["entry_id"] for entry in page["entries"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert paged == whole
    times = [entry["at"] for entry in entries(alice)]
    assert times == sorted(times, reverse=True)
    assert_error(alice.get("/v1/audit", params={"cursor": "x"}), 422, 422003)


def test_no_statement_changes_or_removes_an_entry() -> None:
    """The log only grows."""
    sql = resources.files("mutoscope.store").joinpath("sql/queries.sql").read_text("utf-8")
    named = [block for block in sql.split("-- name: ") if "audit_log" in block]
    assert {block.split("\n")[0] for block in named} == {"audit_add", "audit_list"}
    assert not [block for block in named if "update audit_log" in block or "delete from audit_log" in block]


def test_the_command_line_lists_exports_and_is_logged_itself(tmp_path: Path) -> None:
    """The first key, and what was done with the server stopped, are in the log of the next start."""
    data = tmp_path / "data"
    live = start_server(data, workers=0)
    live.wait_ready()
    assert live.stop() == 0
    command = [sys.executable, "-m", "mutoscope"]
    reset = subprocess.run(
        [*command, "db", "reset-key", "--data", data],
        env=live.environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    again = start_server(data, workers=0)
    try:
        environment = {**os.environ, "MUTOSCOPE_API_KEY": reset.stdout.strip(), "MUTOSCOPE_URL": again.url}
        told = {
            verb: subprocess.run(
                [*command, "audit", verb], env=environment, capture_output=True, text=True, check=True, timeout=60
            ).stdout.splitlines()
            for verb in ("list", "export")
        }
    finally:
        assert again.stop() == 0
    exported = [json.loads(line) for line in told["export"]]
    assert [entry["action"] for entry in exported] == ["key.created", "key.revoked_all", "key.created"]
    assert {entry["by"] for entry in exported} == {"server"}
    assert [line.split("\t")[1] for line in told["list"]] == [entry["action"] for entry in exported]
