"""The worker protocol's call `remember`, and workers of the version before it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import LiveServer
from tests.http.calls import Hand, assert_error, hand_of, submit

pytestmark = pytest.mark.slow


@pytest.fixture
def hand(idle_server: LiveServer) -> Iterator[Hand]:
    """A worker played by the test."""
    with hand_of(idle_server) as hand:
        yield hand


def test_what_was_remembered_comes_with_the_next_attempt(idle_server: LiveServer, hand: Hand) -> None:
    """It is answered when it is on disk; who lost the lease is refused; what is too large is refused with its size."""
    with idle_server.client() as client:
        request_id = submit(client)
        first = hand.claim()
        assert first["memo"] == {}
        where = f"/worker/v1/requests/{request_id}/remember"
        told = hand.client.post(where, json={"attempt": 1, "values": {"order": "o-1"}})
        assert (told.status_code, told.json()) == (200, {})
        refused = hand.client.post(where, json={"attempt": 1, "values": {"more": "x" * 4096}})
        assert " bytes of JSON in all; at most 4096 are kept" in assert_error(refused, 400, 400003)["message"]
        assert_error(hand.client.post(where, json={"attempt": 2, "values": {}}), 409, 409002)
        hand.finish(first, "released")
        assert hand.claim()["memo"] == {"order": "o-1"}
        shown = client.get(f"/v1/requests/{request_id}")
        assert "o-1" not in shown.text and "memo" not in shown.json()


def test_a_worker_of_the_version_before_is_served(idle_server: LiveServer, hand: Hand) -> None:
    """Version 3 gets exactly the fields it knows; a version that nobody speaks is told so."""
    claim = {"worker_id": "hand", "engines": ["testcard"]}
    with idle_server.client() as client:
        submit(client)
    old = hand.client.post("/worker/v1/claim", json=claim | {"protocol": 3})
    assert set(old.json()) == {
        *("request_id", "attempt", "model_id", "engine", "settings", "parameters", "files", "produces", "seed"),
        *("time_limit_s", "lease_s", "beat_s", "traceparent"),
    }
    for version, whose in ((2, "worker"), (6, "server")):
        unknown = hand.client.post("/worker/v1/claim", json=claim | {"protocol": version, "word_of_theirs": True})
        told = assert_error(unknown, 400, 400003)["message"]
        assert told.endswith(
            f"speaks worker protocol 5 and serves 3 to 5, the worker speaks {version}: upgrade the {whose}"
        )
