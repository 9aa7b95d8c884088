"""Webhooks from end to end: a real receiver on loopback, whose own code checks every signature."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mutoscope.client import Client, WebhookVerificationError, webhooks
from tests.conftest import LiveServer, serving, start_server
from tests.http.calls import SMALL, TESTCARD, assert_error, assert_no_defects, completed, finished, submit, until
from tests.http.receiver import Receiver, receiving, silent

pytestmark = pytest.mark.slow

QUICK: dict[str, Any] = {"engines": "testcard", "fetch_allow": "127.0.0.0/8", "webhook_backoff_s": "0.1,0.1,0.1"}


@pytest.fixture(scope="module")
def hooked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that delivers to loopback and tries again at once."""
    live = start_server(tmp_path_factory.mktemp("hooked") / "data", webhook_timeout_s=60, **QUICK)
    live.wait_ready()
    yield live
    assert live.stop() == 0
    assert_no_defects(live)


@pytest.fixture
def carol(hooked: LiveServer) -> Iterator[httpx.Client]:
    """Somebody with an account of her own on that server, so that no test hears of another's requests."""
    wanted = {"name": "a", "account": f"carol-{time.time_ns()}", "scopes": ["run", "read", "admin"]}
    with hooked.client() as owner:
        key = owner.post("/v1/keys", json=wanted).json()["key"]
    with hooked.client(key) as client:
        yield client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who waits for webhooks."""
    with receiving() as running:
        yield running


def submit_with(client: httpx.Client, webhook: str, events: str | None = None, **inputs: Any) -> str:
    """Submit a tiny test card that brings an address along."""
    query = {"webhook": webhook} | ({"webhook_events": events} if events is not None else {})
    answer = client.post(f"/v1/models/{TESTCARD}", params=query, json=SMALL | inputs)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["request_id"])


def make_endpoint(client: httpx.Client, url: str, **wanted: Any) -> dict[str, Any]:
    """A fresh endpoint, its secret included."""
    answer = client.post("/v1/webhooks", json={"url": url} | wanted)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def log_of(client: httpx.Client, **query: str) -> list[dict[str, Any]]:
    """Deliveries with every try, newest first."""
    found = client.get("/v1/webhooks/deliveries", params=query).json()["deliveries"]
    return [client.get(f"/v1/webhooks/deliveries/{one['delivery_id']}").json() for one in found]


def ended(client: httpx.Client, count: int = 1, **query: str) -> list[dict[str, Any]]:
    """Deliveries, once so many are there and none is pending."""

    def done() -> bool:
        states = [one["state"] for one in log_of(client, **query)]
        return len(states) >= count and "pending" not in states

    until(done)
    return log_of(client, **query)


# -- what arrives -------------------------------------------------------------------------------------------------


def test_a_request_tells_the_address_it_brought_along(carol: httpx.Client, receiver: Receiver) -> None:
    """Only its end, by default; with the output, whose address opens; signed with the account's secret."""
    request_id = submit_with(carol, receiver.at("/hook"))

    (got,) = receiver.wait("/hook")

    data = got.event["data"]
    assert got.event["type"] == "request.completed"
    assert set(data) == {
        *("request_id", "model_id", "state", "created_at", "finished_at", "output", "error", "metadata"),
    }
    assert (data["request_id"], data["model_id"], data["state"]) == (request_id, TESTCARD, "completed")
    assert data["error"] is None
    assert data["metadata"]["engine"] == "testcard"
    assert httpx.get(data["output"]["video"], trust_env=False).status_code == 200
    assert got.headers["content-type"] == "application/json"
    assert got.is_signed_by(carol.get("/v1/webhooks/secret").json()["secret"])
    assert abs(int(got.headers["webhook-timestamp"]) - time.time()) < 60


def test_events_are_those_asked_for(carol: httpx.Client, receiver: Receiver) -> None:
    """Every state, or one; a failure tells its error."""
    submit_with(carol, receiver.at("/all"), "in_queue,in_progress,completed")
    submit_with(carol, receiver.at("/failed"), "failed", fail="error")

    told = {got.event["type"]: got.event["data"] for got in receiver.wait("/all", 3)}
    (failed,) = receiver.wait("/failed")

    assert set(told) == {"request.in_queue", "request.in_progress", "request.completed"}
    assert told["request.in_progress"]["output"] is told["request.in_progress"]["finished_at"] is None
    assert len({got.event_id for got in receiver.of("/all")}) == 3
    assert failed.event["data"]["error"]
    assert failed.event["data"]["output"] is None


def test_a_cancelled_request_is_told_too(carol: httpx.Client, receiver: Receiver) -> None:
    """Also one that was stopped while it ran."""
    request_id = submit_with(carol, receiver.at("/hook"), delay_s=60)
    carol.post(f"/v1/requests/{request_id}/cancel?running=true")

    assert receiver.wait("/hook")[0].event["type"] == "request.cancelled"


def test_an_endpoint_hears_of_the_whole_account(carol: httpx.Client, receiver: Receiver) -> None:
    """Of the models it chose, signed with its own secret; and of nothing once it is deleted."""
    made = make_endpoint(carol, receiver.at("/all"))
    make_endpoint(carol, receiver.at("/other"), models=["some/other"])
    told = completed(carol)

    (got,) = receiver.wait("/all")
    assert carol.delete(f"/v1/webhooks/{made['endpoint_id']}").status_code == 204
    completed(carol)

    assert got.event["data"]["request_id"] == told["request_id"]
    assert got.is_signed_by(made["secret"])
    assert not got.is_signed_by(carol.get("/v1/webhooks/secret").json()["secret"])
    ended(carol)
    assert len(receiver.of("/all")) == 1
    assert not receiver.of("/other")


def test_the_sites_own_key_signs_as_well(carol: httpx.Client, hooked: LiveServer, receiver: Receiver) -> None:
    """Ed25519, by the public key that anybody may fetch."""
    submit_with(carol, receiver.at("/hook"))
    (got,) = receiver.wait("/hook")

    (jwk,) = httpx.get(f"{hooked.url}/.well-known/jwks.json", trust_env=False).json()["keys"]

    assert (jwk["kty"], jwk["crv"]) == ("OKP", "Ed25519")
    got.check_site(jwk)


def test_our_client_verifies_what_arrives(carol: httpx.Client, receiver: Receiver) -> None:
    """It returns the event, and raises for another secret or a changed body."""
    submit_with(carol, receiver.at("/hook"))
    (got,) = receiver.wait("/hook")
    secret = carol.get("/v1/webhooks/secret").json()["secret"]

    event = webhooks.verify(got.body, got.headers, secret)

    assert (event.id, event.type, event.data["state"]) == (got.event_id, "request.completed", "completed")
    with pytest.raises(WebhookVerificationError):
        webhooks.verify(got.body + b" ", got.headers, secret)


def test_a_replayed_submit_keeps_the_address_of_the_first(carol: httpx.Client, receiver: Receiver) -> None:
    """The address is no part of what makes two submits the same."""
    key = {"Idempotency-Key": "order-7"}
    where = f"/v1/models/{TESTCARD}"
    first = carol.post(where, params={"webhook": receiver.at("/first")}, json=SMALL, headers=key)
    second = carol.post(where, params={"webhook": receiver.at("/second")}, json=SMALL, headers=key)

    assert first.json() == second.json()
    receiver.wait("/first")
    finished(carol, first.json()["request_id"])
    assert not receiver.of("/second")


# -- what does not arrive at once ---------------------------------------------------------------------------------


def test_a_receiver_that_fails_is_tried_again_under_the_same_id(carol: httpx.Client, receiver: Receiver) -> None:
    """500, then 503, then 200: three tries of one event, each written down with what was sent and answered."""
    submit_with(carol, receiver.at("/hook", 500, 503))

    got = receiver.wait("/hook", 3)
    (told,) = ended(carol)

    assert len({one.event_id for one in got}) == 1
    assert len({one.body for one in got}) >= 1
    assert told["state"] == "delivered"
    assert [one["response_status"] for one in told["attempts"]] == [500, 503, 200]
    assert told["attempts"][0]["error"] == "the receiver answered 500"
    assert told["attempts"][0]["response_body"] == "thanks"
    assert told["attempts"][2]["request_body"].encode() == got[2].body
    assert told["event_id"] == got[0].event_id


def test_it_ends_as_failed_when_the_tries_are_used_up(carol: httpx.Client, receiver: Receiver) -> None:
    """One try and one for each pause; a replay starts afresh and arrives."""
    submit_with(carol, receiver.at("/hook", 500, 500, 500, 500))
    (told,) = ended(carol)
    assert (told["state"], len(told["attempts"]), told["next_attempt_at"]) == ("failed", 4, None)

    answer = carol.post(f"/v1/webhooks/deliveries/{told['delivery_id']}/replay")

    assert (answer.status_code, answer.json()["state"]) == (202, "pending")
    got = receiver.wait("/hook", 5)
    assert len({one.event_id for one in got}) == 1
    assert ended(carol)[0]["state"] == "delivered"


def test_what_was_delivered_can_be_sent_again(carol: httpx.Client, receiver: Receiver) -> None:
    """With addresses that are signed anew."""
    submit_with(carol, receiver.at("/hook"))
    (told,) = ended(carol)

    carol.post(f"/v1/webhooks/deliveries/{told['delivery_id']}/replay")

    first, second = receiver.wait("/hook", 2)
    assert first.event_id == second.event_id
    assert first.event["data"]["request_id"] == second.event["data"]["request_id"]


def test_410_stops_and_disables_the_endpoint(carol: httpx.Client, receiver: Receiver) -> None:
    """Nothing more goes there until somebody enables it again."""
    made = make_endpoint(carol, receiver.at("/hook", 410))
    where = f"/v1/webhooks/{made['endpoint_id']}"
    completed(carol)
    (told,) = ended(carol)
    completed(carol)

    assert (told["state"], len(told["attempts"])) == ("failed", 1)
    endpoint = carol.get(where).json()
    assert not endpoint["enabled"]
    assert "410" in endpoint["disabled_reason"]
    assert len(receiver.of("/hook")) == 1
    assert_error(carol.post(f"/v1/webhooks/deliveries/{told['delivery_id']}/replay"), 409, 409001)
    assert_error(carol.post(f"{where}/test"), 409, 409001)
    assert carol.patch(where, json={"enabled": True}).json()["disabled_reason"] is None
    carol.post(f"/v1/webhooks/deliveries/{told['delivery_id']}/replay")
    receiver.wait("/hook", 2)


def test_410_to_a_request_ends_what_else_it_would_tell(carol: httpx.Client, receiver: Receiver) -> None:
    """The address came with the request, so it is forgotten with it."""
    request_id = submit_with(carol, receiver.at("/hook", 410), "in_queue,cancelled", delay_s=60)
    ended(carol)

    carol.post(f"/v1/requests/{request_id}/cancel?running=true")

    assert [one["type"] for one in ended(carol)] == ["request.in_queue"]
    assert len(receiver.of("/hook")) == 1


def test_a_redirect_is_not_followed(carol: httpx.Client, receiver: Receiver) -> None:
    """It is an answer like any other that is not 2xx, and the log says so."""
    submit_with(carol, receiver.at("/hook", 302, 307, 308, 301))

    (told,) = ended(carol)

    assert told["state"] == "failed"
    assert told["error"] == "the receiver answered 301; redirects are not followed"
    assert not receiver.of("/elsewhere")


def test_a_slow_receiver_is_cut(tmp_path: Path, receiver: Receiver) -> None:
    """After the time limit of a second; then it is tried again."""
    settings = QUICK | {"webhook_timeout_s": 1, "webhook_backoff_s": ",".join(["0.1"] * 30)}
    with serving(tmp_path / "data", workers=0, **settings) as live, live.client() as alice:
        submit_with(alice, receiver.at("/hook", silent), "in_queue")
        (told,) = ended(alice)

    *slow, quick = told["attempts"]
    assert slow
    assert {one["response_status"] for one in slow} == {None}
    assert "not answer in time" in slow[0]["error"] or "not finished" in slow[0]["error"]
    assert slow[0]["duration_ms"] >= 900
    assert quick["response_status"] == 200


def test_a_dead_receiver_does_not_delay_another(carol: httpx.Client, receiver: Receiver) -> None:
    """Twenty webhooks to one that never answers; the one after them arrives while most of those wait for their turn."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as dead:  # accepts, and says nothing
        address = f"http://127.0.0.1:{dead.getsockname()[1]}/"
        for _ in range(20):
            submit_with(carol, address, "in_queue")
        submit_with(carol, receiver.at("/hook"), "in_queue")
        receiver.wait("/hook")
        waiting = [one for one in log_of(carol, state="pending") if not one["attempt"]]
        assert len(waiting) >= 10
        assert {one["url"] for one in waiting} == {address}


@pytest.mark.slow
def test_what_was_committed_is_delivered_after_kill_9(tmp_path: Path) -> None:
    """One webhook is on its way when the server dies, the other not yet sent; the next server sends both."""
    settings = {**QUICK, "workers": 0, "webhook_concurrency": 1, "webhook_timeout_s": 60}
    with receiving() as receiver:
        live = start_server(tmp_path / "data", **settings)
        live.wait_ready()
        with live.client() as alice:
            secret = alice.get("/v1/webhooks/secret").json()["secret"]
            sending = submit_with(alice, receiver.at("/sending", silent), "in_queue")
            receiver.wait("/sending")
            waiting = submit_with(alice, receiver.at("/waiting"), "in_queue")
            live.kill()
        assert not receiver.of("/waiting")
        with contextlib.closing(sqlite3.connect(live.data / "mutoscope.db")) as database, database:
            database.execute("update webhook_deliveries set due_ms = 1")  # its lease has ended
        live = start_server(tmp_path / "data", **settings)
        try:
            (told,) = receiver.wait("/waiting")
            first, second = receiver.wait("/sending", 2)
        finally:
            assert live.stop() == 0
    assert first.event_id == second.event_id
    assert second.event["data"]["request_id"] == sending
    assert told.event["data"]["request_id"] == waiting
    assert second.is_signed_by(secret)
    assert told.is_signed_by(secret)


# -- secrets ------------------------------------------------------------------------------------------------------


def test_after_rotation_both_secrets_sign(carol: httpx.Client, receiver: Receiver) -> None:
    """For a day; whoever knows either can verify."""
    made = make_endpoint(carol, receiver.at("/endpoint"))
    old = carol.get("/v1/webhooks/secret").json()
    rotated = carol.post(f"/v1/webhooks/{made['endpoint_id']}/rotate").json()
    new = carol.post("/v1/webhooks/secret/rotate").json()

    submit_with(carol, receiver.at("/request"))

    (endpoint,), (request,) = receiver.wait("/endpoint"), receiver.wait("/request")
    assert old["previous_expires_at"] is None
    assert rotated["previous_expires_at"] > new["previous_expires_at"][:10]
    assert len({made["secret"], rotated["secret"], old["secret"], new["secret"]}) == 4
    assert endpoint.is_signed_by(made["secret"])
    assert endpoint.is_signed_by(rotated["secret"])
    assert request.is_signed_by(old["secret"])
    assert request.is_signed_by(new["secret"])
    assert len(request.signatures("v1")) == 2


def test_a_secret_is_in_no_list_and_no_log(carol: httpx.Client, hooked: LiveServer, receiver: Receiver) -> None:
    """Only in the answer that made it; addresses, which may hold one of the receiver's own, are not logged either."""
    made = make_endpoint(carol, receiver.at("/hook?token=sesame"))
    completed(carol)
    receiver.wait("/hook?token=sesame")

    seen = carol.get("/v1/webhooks").text + carol.get(f"/v1/webhooks/{made['endpoint_id']}").text
    seen += str(log_of(carol)) + (hooked.data.parent / "data.log").read_text()

    assert made["secret"] not in seen
    assert "sesame" not in (hooked.data.parent / "data.log").read_text()


# -- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/hook",
        "https://[::ffff:10.0.0.1]/hook",
        "https://169.254.169.254/latest",
        "http://example.com/hook",
        "https://user:pass@example.com/hook",
        "https://example.com:22/hook",
        "file:///etc/passwd",
        "gopher://example.com",
        "not an address",
        "https://bücher.example/hook",
        "https://example.com/%zz",
        "https://example.com/#part",
        "https://example.com/" + "x" * 3000,
    ],
)
def test_a_forbidden_address_is_refused_at_once(idle_server: LiveServer, url: str) -> None:
    """By its text, without asking the network; for a request as for an endpoint."""
    with idle_server.client() as alice:
        brought = alice.post(f"/v1/models/{TESTCARD}", params={"webhook": url}, json=SMALL)
        made = alice.post("/v1/webhooks", json={"url": url})

    assert [problem["path"] for problem in assert_error(brought, 422, 422003)["detail"]] == ["webhook"]
    assert [problem["path"] for problem in assert_error(made, 422, 422001)["detail"]] == ["url"]


def test_a_name_that_leads_inside_is_refused_when_it_is_sent(idle_server: LiveServer) -> None:
    """localhost is looked up only then; it fails for good, and says why."""
    with idle_server.client() as alice:
        request_id = submit_with(alice, "https://localhost/hook", "in_queue")
        until(lambda: [one["state"] for one in log_of(alice, request_id=request_id)] == ["failed"])
        (told,) = log_of(alice, request_id=request_id)

    assert told["error"] == "localhost is not a public address"
    assert [one["response_status"] for one in told["attempts"]] == [None]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({"webhook": "https://example.com/", "webhook_events": "done"}, "webhook_events"),
        ({"webhook": "https://example.com/", "webhook_events": "completed,"}, "webhook_events"),
        ({"webhook_events": "completed"}, "webhook_events"),
    ],
)
def test_unknown_events_are_refused(carol: httpx.Client, query: dict[str, str], path: str) -> None:
    """And those for nobody."""
    told = assert_error(carol.post(f"/v1/models/{TESTCARD}", params=query, json=SMALL), 422, 422003)

    assert [problem["path"] for problem in told["detail"]] == [path]


@pytest.mark.parametrize(
    ("wanted", "paths"),
    [
        ({}, ["url"]),
        ({"url": 7}, ["url"]),
        ({"url": "https://example.com/", "events": []}, ["events"]),
        ({"url": "https://example.com/", "events": ["done"]}, ["events"]),
        ({"url": "https://example.com/", "events": "completed"}, ["events"]),
        ({"url": "ftp://x", "events": ["done"], "models": 7}, ["events", "models", "url"]),
        ({"url": "https://example.com/", "enabled": "yes", "description": 7}, ["description", "enabled"]),
        ([], [""]),
    ],
)
def test_an_endpoint_that_cannot_be_is_refused(carol: httpx.Client, wanted: Any, paths: list[str]) -> None:
    """Every problem at once."""
    told = assert_error(carol.post("/v1/webhooks", json=wanted), 422, 422001)

    assert sorted(problem["path"] for problem in told["detail"]) == paths


def test_disabling_ends_what_waits(carol: httpx.Client) -> None:
    """And it may be done to an endpoint whose address would not be accepted any more."""
    with socket.create_server(("127.0.0.1", 0)) as dead:
        made = make_endpoint(carol, f"http://127.0.0.1:{dead.getsockname()[1]}/", description="off soon")
    where = f"/v1/webhooks/{made['endpoint_id']}"
    submit(carol)
    until(lambda: log_of(carol))

    changed = carol.patch(where, json={"enabled": False}).json()

    assert (changed["enabled"], changed["description"]) == (False, "off soon")
    assert ended(carol)[0]["state"] == "failed"


# -- looking ------------------------------------------------------------------------------------------------------


def test_a_test_event_is_sent_and_logged(carol: httpx.Client, receiver: Receiver) -> None:
    """It belongs to no request."""
    made = make_endpoint(carol, receiver.at("/hook"))

    answer = carol.post(f"/v1/webhooks/{made['endpoint_id']}/test")

    (got,) = receiver.wait("/hook")
    assert answer.status_code == 202
    assert got.event["type"] == "webhook.test"
    assert got.is_signed_by(made["secret"])
    (told,) = ended(carol, endpoint_id=made["endpoint_id"])
    assert told["delivery_id"] == answer.json()["delivery_id"]
    assert told["request_id"] is None


def test_deliveries_are_listed_page_by_page(carol: httpx.Client, receiver: Receiver) -> None:
    """Newest first, each once; filtered by request and state."""
    requests = [submit_with(carol, receiver.at("/hook")) for _ in range(3)]
    ended(carol, 3)

    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = carol.get("/v1/webhooks/deliveries", params={"limit": "1", "cursor": cursor}).json()
        seen += [one["request_id"] for one in page["deliveries"]]
        cursor = page["next_cursor"]

    assert sorted(seen) == sorted(requests)
    assert [one["request_id"] for one in log_of(carol, request_id=requests[0])] == [requests[0]]
    assert len(log_of(carol, state="delivered")) == 3
    assert not log_of(carol, state="failed")


def test_deleting_a_request_takes_its_payloads_out_of_the_log(carol: httpx.Client, receiver: Receiver) -> None:
    """What was sent is forgotten; that it was sent is not."""
    request_id = submit_with(carol, receiver.at("/hook"))
    ended(carol)

    carol.delete(f"/v1/requests/{request_id}")

    (told,) = log_of(carol, request_id=request_id)
    assert (told["state"], told["attempts"][0]["request_body"]) == ("delivered", "")


def test_the_metrics_count_webhooks(hooked: LiveServer, carol: httpx.Client, receiver: Receiver) -> None:
    """By outcome, and how late the oldest is."""
    submit_with(carol, receiver.at("/hook", 500))
    ended(carol)

    text = httpx.get(f"{hooked.url}/metrics", trust_env=False).text

    assert 'mutoscope_webhook_attempts_total{outcome="delivered"}' in text
    assert 'mutoscope_webhook_attempts_total{outcome="retried"}' in text
    assert "mutoscope_webhook_lag_seconds" in text


def test_the_client_makes_every_call(hooked: LiveServer, carol: httpx.Client, receiver: Receiver) -> None:
    """Endpoints, secrets, deliveries and a submit with an address."""
    key = carol.headers["authorization"].removeprefix("Bearer ")
    with Client(hooked.url, key) as client:
        made = client.create_webhook(receiver.at("/endpoint"), events=("completed",), description="mine")
        endpoint_id = made.endpoint.endpoint_id
        client.submit(TESTCARD, SMALL, webhook=receiver.at("/hook"), webhook_events=("completed",))
        (got,) = receiver.wait("/hook")
        (other,) = receiver.wait("/endpoint")

        assert webhooks.verify(got.body, got.headers, client.webhook_secret().secret)
        assert webhooks.verify(other.body, other.headers, made.secret)
        assert [one.endpoint_id for one in client.webhooks()] == [endpoint_id]
        assert not client.change_webhook(endpoint_id, enabled=False).enabled
        assert client.change_webhook(endpoint_id, enabled=True).enabled
        assert client.rotate_webhook(endpoint_id).secret != made.secret
        assert client.rotate_webhook_secret().previous_expires_at
        assert client.test_webhook(endpoint_id).type == "webhook.test"
        until(lambda: all(one.state == "delivered" for one in client.deliveries()))
        (sent,) = client.deliveries(request_id=got.event["data"]["request_id"], endpoint_id=endpoint_id)
        assert client.delivery(sent.delivery_id).attempts[0].response_status == 200
        assert client.replay(sent.delivery_id).state == "pending"
        client.delete_webhook(endpoint_id)
        assert client.webhooks() == ()
