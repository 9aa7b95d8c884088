"""Cancelling what runs stops the work itself, whatever it is doing, and nothing of it is kept or charged."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import LiveServer, start_server
from tests.http.calls import WITH_PICTURE, finished, result, submit, until
from tests.http.hostile import running
from tests.scenarios.processes import HAS_PROC, Process, descendants, wait_until_gone

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not HAS_PROC, reason="needs /proc to find the processes")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One worker, which beats every ten minutes: it has to hear of a cancel in another way."""
    live = start_server(
        tmp_path_factory.mktemp("cancel") / "data",
        engines="testcard",
        lease_s=1800,
        beat_s=600,
        fetch_allow="127.0.0.0/8",
    )
    live.wait_ready()
    yield live
    assert live.stop() == 0


@pytest.fixture
def client(site: LiveServer) -> Iterator[httpx.Client]:
    with site.client() as client:
        yield client


def engines(site: LiveServer) -> list[Process]:
    return [one for one in descendants(site.process.pid) if "mutoscope.engines.child" in one.command]


def test_an_engine_that_hangs_is_killed(site: LiveServer, client: httpx.Client) -> None:
    """It says nothing any more; a cancel ends its process, and the next request is done by another one."""
    request_id = submit(client, fail="hang")
    until(lambda: result(client, request_id)["status"] == "in_progress")
    busy = until(lambda: engines(site))

    answer = client.post(f"/v1/requests/{request_id}/cancel?running=true")

    assert answer.json()["outcome"] == "cancelled"
    assert wait_until_gone(busy, 60) == []
    told = finished(client, submit(client))
    assert told["status"] == "succeeded"
    assert result(client, request_id, include_cost="true")["cost"] == 0


def test_a_slow_download_is_left(client: httpx.Client) -> None:
    """The worker is fetching from a host that trickles for minutes; after the cancel it is free."""
    with running() as hostile:
        hostile.paths["/endless"] = _trickle
        request_id = submit(client, WITH_PICTURE, source=hostile.url + "/endless")
        until(lambda: hostile.asked)

        client.post(f"/v1/requests/{request_id}/cancel?running=true")

        assert finished(client, submit(client))["status"] == "succeeded"
    assert result(client, request_id)["status"] == "cancelled"


def _trickle(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(900):
        connection.sendall(b"\xff")
        time.sleep(0.2)
