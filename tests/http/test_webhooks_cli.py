"""`mutoscope webhooks` as it is typed, against a real server: a receiver on this machine, and the calls around it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import LiveServer
from tests.http.calls import completed, until
from tests.http.receiver import receiving


def environment(server: LiveServer, folder: Path, **settings: str) -> dict[str, str]:
    """That of somebody who uses this server."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MUTOSCOPE_")}
    return plain | {
        "XDG_CONFIG_HOME": str(folder),
        "MUTOSCOPE_URL": server.url,
        "MUTOSCOPE_API_KEY": server.api_key,
        **settings,
    }


def typed(*words: str) -> list[str]:
    return [sys.executable, "-m", "mutoscope", "webhooks", *words]


def run(server: LiveServer, folder: Path, *words: str, code: int = 0) -> str:
    """What a command printed on standard output."""
    done = subprocess.run(
        typed(*words), env=environment(server, folder), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


@pytest.mark.slow
def test_listen_registers_verifies_and_prints(server: LiveServer, alice: httpx.Client, tmp_path: Path) -> None:
    """One event after the other, each a line; afterwards the endpoint is gone."""
    wanted = {"name": "a", "account": f"listener-{time.time_ns()}", "scopes": ["run", "read", "admin"]}
    key = alice.post("/v1/keys", json=wanted).json()["key"]  # nobody else's requests are heard of
    listener = subprocess.Popen(
        typed("listen", "--register", "--count", "3", "--json"),
        env=environment(server, tmp_path, MUTOSCOPE_API_KEY=key),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with listener:
        assert listener.stderr is not None
        assert listener.stderr.readline().startswith("listening on http://127.0.0.1:")
        with server.client(key) as caller:
            request_id = completed(caller)["request_id"]
        printed, complaints = listener.communicate(timeout=60)

    told: list[dict[str, Any]] = [json.loads(line) for line in printed.splitlines()]
    mine = {one["type"] for one in told if one["data"].get("request_id") == request_id}
    assert listener.returncode == 0, complaints
    assert mine == {"request.in_queue", "request.in_progress", "request.completed"}
    with server.client(key) as caller:
        assert caller.get("/v1/webhooks").json()["webhooks"] == []


@pytest.mark.slow
def test_listen_says_what_to_do_when_the_server_may_not_deliver_here(idle_server: LiveServer, tmp_path: Path) -> None:
    """A server that reaches only public addresses refuses, and the command names the setting."""
    said = run(idle_server, tmp_path, "listen", "--register", code=65)

    assert "MUTOSCOPE_FETCH_ALLOW=127.0.0.0/8" in said


@pytest.mark.slow
def test_what_another_secret_signed_is_refused(server: LiveServer, alice: httpx.Client, tmp_path: Path) -> None:
    """And answered with 401, so that the log shows it."""
    listener = subprocess.Popen(
        typed("listen"),
        env=environment(server, tmp_path, MUTOSCOPE_WEBHOOK_SECRET="whsec_c29tZWJvZHkgZWxzZQ=="),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with listener:
        assert listener.stderr is not None
        url = listener.stderr.readline().split()[2]
        made = alice.post("/v1/webhooks", json={"url": url, "events": ["failed"]}).json()
        sent = alice.post(f"/v1/webhooks/{made['endpoint_id']}/test").json()
        where = f"/v1/webhooks/deliveries/{sent['delivery_id']}"
        until(lambda: alice.get(where).json()["attempts"])
        alice.delete(f"/v1/webhooks/{made['endpoint_id']}")
        listener.terminate()
        _, complaints = listener.communicate(timeout=60)

    assert listener.returncode == 0
    assert "refused: no signature fits" in complaints
    assert alice.get(where).json()["attempts"][0]["response_status"] == 401


@pytest.mark.slow
def test_an_endpoints_life_by_command(server: LiveServer, tmp_path: Path) -> None:
    """Make, list, test, look, replay, rotate, change, delete."""
    with receiving() as receiver:
        made = json.loads(run(server, tmp_path, "create", receiver.at("/hook"), "--event", "failed", "--json"))
        endpoint_id = made["endpoint_id"]
        assert endpoint_id in run(server, tmp_path, "list")
        run(server, tmp_path, "test", endpoint_id)
        (sent,) = json.loads(run(server, tmp_path, "deliveries", "--endpoint", endpoint_id, "--json"))
        receiver.wait("/hook")
        until(lambda: json.loads(run(server, tmp_path, "deliveries", sent["delivery_id"]))["attempts"])
        run(server, tmp_path, "replay", sent["delivery_id"])
        assert len({got.event_id for got in receiver.wait("/hook", 2)}) == 1
        rotated = run(server, tmp_path, "rotate", endpoint_id).strip()
        assert rotated.startswith("whsec_")
        assert rotated != made["secret"]
        assert json.loads(run(server, tmp_path, "change", endpoint_id, "--disable"))["enabled"] is False
        assert run(server, tmp_path, "secret").startswith("whsec_")
        run(server, tmp_path, "delete", endpoint_id)
        assert endpoint_id not in run(server, tmp_path, "list")
