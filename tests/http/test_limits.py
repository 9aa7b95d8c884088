"""What a key may do, over HTTP: priorities, rates, queues, money, deadlines; told before, at and after a refusal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import LiveServer, start_server
from tests.http.calls import PRICED, SMALL, TESTCARD, Hand, assert_error, finished, hand_of, submit, until

pytestmark = pytest.mark.slow

Limited = Callable[..., httpx.Client]
OPEN = {
    "weight": 1.0,
    "priority": "normal",
    "max_running": None,
    "max_queued": None,
    "rate": None,
    "spending": None,
    "cache": "off",
}


@pytest.fixture(scope="session")
def small_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server without workers that lets six requests wait."""
    live = start_server(tmp_path_factory.mktemp("small") / "data", workers=0, worker_token="wt_test", max_queued=6)
    yield live
    assert live.stop() == 0


@pytest.fixture
def hand(idle_server: LiveServer) -> Iterator[Hand]:
    """A played worker; nothing waits."""
    with hand_of(idle_server) as hand:
        yield hand


@pytest.fixture
def owner(idle_server: LiveServer, hand: Hand) -> Iterator[httpx.Client]:
    del hand
    with idle_server.client() as client:
        yield client


@pytest.fixture
def limited(idle_server: LiveServer, owner: httpx.Client) -> Iterator[Limited]:
    """A client with a fresh key of these limits."""
    with ExitStack() as opened:

        def make(**limits: Any) -> httpx.Client:
            made = owner.post("/v1/keys", json={"name": "limited", "limits": limits})
            assert made.status_code == 201, made.text
            return opened.enter_context(idle_server.client(made.json()["key"]))

        yield make


def post(client: httpx.Client, model_id: str = TESTCARD, **query: str) -> httpx.Response:
    return client.post(f"/v1/models/{model_id}", params=query, json=SMALL if model_id == TESTCARD else {"prompt": "x"})


def shown(client: httpx.Client, request_id: str) -> dict[str, Any]:
    told: dict[str, Any] = client.get(f"/v1/requests/{request_id}").json()
    return told


# -- keys and their limits ----------------------------------------------------------------------------------------


def test_limits_are_given_shown_and_changed(owner: httpx.Client) -> None:
    """What is not named stays, null takes a limit away."""
    limits = {
        "weight": 2.5,
        "priority": "high",
        "max_running": 2,
        "max_queued": 40,
        "rate": {"submits": 60, "window_s": 60},
        "spending": {"usd": 20.5, "period": "month"},
        "cache": "use",
    }
    made = owner.post("/v1/keys", json={"name": "a", "limits": limits}).json()
    assert made["limits"] == limits
    where = f"/v1/keys/{made['key_id']}"
    shown = owner.get(where).json()
    assert shown["limits"] == limits
    assert {name: shown["used"][name] for name in ("queued", "running", "rate")} == {
        "queued": 0,
        "running": 0,
        "rate": {"left": 60, "whole_in_s": 0},
    }
    assert (shown["used"]["spending"]["spent_usd"], shown["used"]["spending"]["left_usd"]) == (0, 20.5)

    changed = owner.patch(where, json={"name": "b", "limits": {"rate": None, "max_running": 3}}).json()
    assert (changed["name"], changed["limits"]) == ("b", limits | {"rate": None, "max_running": 3})
    assert owner.patch(where, json={}).json() == changed
    plain = owner.post("/v1/keys", json={"name": "a", "limits": None}).json()
    assert plain["limits"] == OPEN


@pytest.mark.parametrize(
    ("limits", "path"),
    [
        ([], "limits"),
        ({"speed": 1}, "limits.speed"),
        ({"weight": 0}, "limits.weight"),
        ({"weight": True}, "limits.weight"),
        ({"weight": None}, "limits.weight"),
        ({"priority": "urgent"}, "limits.priority"),
        ({"priority": 1}, "limits.priority"),
        ({"max_running": -1}, "limits.max_running"),
        ({"max_running": 1.5}, "limits.max_running"),
        ({"max_queued": "many"}, "limits.max_queued"),
        ({"rate": 60}, "limits.rate"),
        ({"rate": {"submits": 60}}, "limits.rate"),
        ({"rate": {"submits": 0, "window_s": 60}}, "limits.rate"),
        ({"rate": {"submits": True, "window_s": 60}}, "limits.rate"),
        ({"spending": {"usd": -1, "period": "day"}}, "limits.spending"),
        ({"spending": {"usd": 1, "period": "week"}}, "limits.spending"),
        ({"spending": {"usd": 1, "period": ["day"]}}, "limits.spending"),
        ({"spending": {"usd": "1", "period": "day"}}, "limits.spending"),
        ({"cache": True}, "limits.cache"),
        ({"cache": None}, "limits.cache"),
        ({"cache": "Use"}, "limits.cache"),
    ],
)
def test_a_limit_that_cannot_be_is_refused(owner: httpx.Client, limits: Any, path: str) -> None:
    """By its name, whether a key is made or changed, and nothing is changed."""
    key_id = owner.post("/v1/keys", json={"name": "a"}).json()["key_id"]
    for answer in (
        owner.post("/v1/keys", json={"name": "a", "limits": limits}),
        owner.patch(f"/v1/keys/{key_id}", json={"limits": limits}),
    ):
        assert [problem["path"] for problem in assert_error(answer, 422, 422001)["detail"]] == [path]
    assert owner.get(f"/v1/keys/{key_id}").json()["limits"] == OPEN


def test_a_change_of_anything_else_is_refused(owner: httpx.Client) -> None:
    """Scopes and dates of a key are fixed; another key cannot be reached."""
    key_id = owner.post("/v1/keys", json={"name": "a"}).json()["key_id"]
    told = assert_error(owner.patch(f"/v1/keys/{key_id}", json={"scopes": ["admin"], "name": ""}), 422, 422001)
    assert {problem["path"] for problem in told["detail"]} == {"scopes", "name"}
    assert_error(owner.patch(f"/v1/keys/{key_id}", json=[]), 422, 422001)
    assert_error(owner.patch("/v1/keys/nobody", json={"name": "b"}), 404)
    assert_error(owner.get("/v1/keys/nobody"), 404)


def test_everybody_sees_their_own_limits(limited: Limited) -> None:
    """And what is used of them, at this moment."""
    client = limited(rate={"submits": 5, "window_s": 3600}, max_queued=9, spending={"usd": 3, "period": "total"})
    submit(client)
    told = client.get("/v1/account").json()
    assert told["key"]["limits"]["max_queued"] == 9
    assert (told["used"]["queued"], told["used"]["running"]) == (1, 0)
    assert told["used"]["rate"]["left"] == 4
    assert told["used"]["spending"] == {"spent_usd": 0, "left_usd": 3, "renews_at": None}


# -- what is refused ----------------------------------------------------------------------------------------------


def test_a_rate_is_told_with_every_submit(limited: Limited) -> None:
    """RateLimit counts down; then 429 says when, and the next key is not bound by it."""
    hasty = limited(rate={"submits": 2, "window_s": 3600})
    told = [post(hasty) for _ in range(3)]
    assert [answer.status_code for answer in told] == [200, 200, 429]
    assert {answer.headers["ratelimit-policy"] for answer in told} == {'"submits";q=2;w=3600'}
    assert [answer.headers["ratelimit"].partition(";t=")[0] for answer in told] == [
        '"submits";r=1',
        '"submits";r=0',
        '"submits";r=0',
    ]
    assert_error(told[2], 429, 429001)
    assert 1700 < int(told[2].headers["retry-after"]) <= 1800
    assert post(limited()).status_code == 200
    assert "ratelimit" not in post(limited()).headers


def test_a_body_that_is_refused_costs_nothing_of_the_rate(limited: Limited) -> None:
    """Only what is accepted counts, and a replay counts once."""
    hasty = limited(rate={"submits": 1, "window_s": 3600})
    assert_error(hasty.post(f"/v1/models/{TESTCARD}", json={"num_frames": "x"}), 422)
    key = {"Idempotency-Key": "once"}
    first, again = (hasty.post(f"/v1/models/{TESTCARD}", json=SMALL, headers=key) for _ in range(2))
    assert first.json()["request_id"] == again.json()["request_id"]
    assert_error(post(hasty), 429, 429001)


def test_a_key_with_enough_waiting_is_told_so(limited: Limited) -> None:
    """429 with its own code, and room again after a cancel."""
    bounded = limited(max_queued=1)
    request_id = submit(bounded)
    refused = post(bounded)
    assert "may have 1" in assert_error(refused, 429, 429003)["message"]
    assert refused.headers["retry-after"] == "5"
    bounded.post(f"/v1/requests/{request_id}/cancel")
    assert post(bounded).status_code == 200


def test_a_key_that_is_paused_gets_nothing_done(limited: Limited, hand: Hand) -> None:
    """max_running 0: it may submit and waits, while another key's later request runs."""
    submit(limited(max_running=0))
    other = submit(limited())
    assert hand.claim()["request_id"] == other
    idle = hand.client.post("/worker/v1/claim", json={"worker_id": "hand", "engines": ["testcard"]})
    assert idle.status_code == 204


def test_a_full_site_says_503(small_server: LiveServer) -> None:
    """Also to those who have a limit of their own left; when work was taken out there is room again."""
    with small_server.client() as client:
        ids = [submit(client) for _ in range(6)]
        refused = post(client)
        assert "6 requests are waiting" in assert_error(refused, 503, 503004)["message"]
        assert refused.headers["retry-after"] == "5"
        client.post(f"/v1/requests/{ids[0]}/cancel")
        until(lambda: post(client).status_code == 200)


def test_money_is_held_spent_and_refused(studio: LiveServer) -> None:
    """402 says what is left; what a request really cost is what counts in the end."""
    with studio.client() as owner:
        wanted = {"name": "spender", "limits": {"spending": {"usd": 0.2, "period": "month"}}}
        made = owner.post("/v1/keys", json=wanted).json()
    with studio.client(made["key"]) as spender:
        finished(spender, str(post(spender, PRICED).json()["request_id"]))
        spent = spender.get("/v1/account").json()["used"]["spending"]
        own = [row for row in spender.get("/v1/usage").json()["usage"] if row["key_id"] == made["key_id"]]
        assert spent["spent_usd"] == pytest.approx(sum(row["cost_usd"] for row in own))
        assert spent["spent_usd"] > 0
        while (answer := post(spender, PRICED)).status_code == 200:
            finished(spender, str(answer.json()["request_id"]))
        told = assert_error(answer, 402, 400002)
        assert "of this key's limit of 0.20 USD, and this request may cost more; it renews at" in told["message"]
        assert post(spender).status_code == 200, "what is free stays free"


# -- how a request is treated -------------------------------------------------------------------------------------


def test_a_priority_is_asked_for_and_bounded_by_the_key(limited: Limited, hand: Hand) -> None:
    """High is served first; a key that may not is told 403, and one that may less gets less by default."""
    plain, urgent, modest = limited(), limited(priority="high"), limited(priority="low")
    low = str(post(modest).json()["request_id"])
    normal = str(post(plain, priority="normal").json()["request_id"])
    high = str(post(urgent, priority="high").json()["request_id"])
    assert [shown(client, one)["priority"] for client, one in ((modest, low), (plain, normal), (urgent, high))] == [
        "low",
        "normal",
        "high",
    ]
    refused = assert_error(post(plain, priority="high"), 403, 403003)
    assert "`normal` at most, found `high`" in refused["message"]
    assert_error(post(modest, priority="normal"), 403, 403003)
    assert [hand.claim()["request_id"] for _ in range(3)] == [high, normal, low]


def test_a_deadline_is_kept_and_told(owner: httpx.Client) -> None:
    """What nobody started in time is failed with its reason, and costs nothing."""
    request_id = str(post(owner, expires_in_s="1").json()["request_id"])
    assert shown(owner, request_id)["expires_at"] > shown(owner, request_id)["created_at"]
    told = finished(owner, request_id, include_cost="true")
    assert (told["status"], told["cost"]) == ("failed", 0)
    assert "expired" in told["error"]


def test_a_shorter_time_limit_reaches_the_worker(owner: httpx.Client, hand: Hand) -> None:
    """A longer one than the model's own is refused."""
    request_id = str(post(owner, time_limit_s="7").json()["request_id"])
    attempt = hand.claim()
    assert (attempt["request_id"], attempt["time_limit_s"]) == (request_id, 7)
    refused = assert_error(post(owner, time_limit_s="86400"), 422, 422003)
    assert refused["detail"][0]["path"] == "time_limit_s"


@pytest.mark.parametrize(
    "query", [{"priority": "urgent"}, {"expires_in_s": "0"}, {"expires_in_s": "soon"}, {"time_limit_s": "-1"}]
)
def test_terms_that_cannot_be_are_refused(owner: httpx.Client, query: dict[str, str]) -> None:
    """By their name, in the query's own error."""
    assert [one["path"] for one in assert_error(post(owner, **query), 422, 422003)["detail"]] == list(query)


def test_refusals_are_counted_by_code(limited: Limited, idle_server: LiveServer) -> None:
    """An operator sees in the metrics what limits refuse."""
    bounded = limited(max_queued=0)
    assert_error(post(bounded), 429, 429003)
    metrics = httpx.get(idle_server.url + "/metrics", trust_env=False).text
    assert 'mutoscope_http_errors_total{error_code="429003"}' in metrics


# -- the command line ---------------------------------------------------------------------------------------------


def typed(server: LiveServer, folder: Path, *words: str, key: str = "") -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MUTOSCOPE_")}
    told = {"XDG_CONFIG_HOME": str(folder), "MUTOSCOPE_URL": server.url, "MUTOSCOPE_API_KEY": key or server.api_key}
    command = [sys.executable, "-m", "mutoscope", *words]
    return subprocess.run(command, env=plain | told, capture_output=True, text=True, check=False, timeout=60)


def test_keys_are_limited_from_the_command_line(idle_server: LiveServer, owner: httpx.Client, tmp_path: Path) -> None:
    """Create, show one's own, change, and `none` to take a limit away."""
    del owner
    words = ("--weight", "3", "--priority", "low", "--max-running", "2", "--max-queued", "10")
    made = typed(
        *(idle_server, tmp_path, "keys", "create", "--name", "ci", *words),
        *("--rate", "60/minute", "--spend-limit", "20/month", "--cache", "use", "--json"),
    )
    assert made.returncode == 0, made.stderr
    key = json.loads(made.stdout)
    assert key["limits"] == {
        "weight": 3.0,
        "priority": "low",
        "max_running": 2,
        "max_queued": 10,
        "rate": {"submits": 60, "window_s": 60},
        "spending": {"usd": 20.0, "period": "month"},
        "cache": "use",
    }
    own = typed(idle_server, tmp_path, "keys", "show", key=key["key"])
    assert "rate\t60 in 60 s\t60 left" in own.stdout
    assert "spending\t20.00 USD/month\t0.00 spent, 20.00 left, until " in own.stdout
    changed = typed(
        *(idle_server, tmp_path, "keys", "update", key["key_id"], "--rate", "none", "--spend-limit", "5.5/total"),
        *("--name", "ci 2", "--json"),
    )
    limits = json.loads(changed.stdout)["limits"]
    assert (limits["rate"], limits["cache"]) == (None, "use")
    shown = typed(idle_server, tmp_path, "keys", "show", key["key_id"])
    assert "key\tci 2" in shown.stdout
    assert "spending\t5.50 USD/total\t0.00 spent, 5.50 left" in shown.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("create", "--name", "a", "--rate", "60"),
        ("create", "--name", "a", "--spend-limit", "20/week"),
        ("update", "KEY", "--max-running", "-1"),
        ("update", "KEY"),
    ],
)
def test_limits_that_cannot_be_read_are_refused_before_anything_is_sent(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Exit code 64, and what is accepted."""
    nobody = LiveServer("http://127.0.0.1:1", "mk_x", tmp_path, None, {})  # type: ignore[arg-type]
    done = typed(nobody, tmp_path, "keys", *words)
    assert done.returncode == 64
    assert "accepted is" in done.stderr or "nothing to change" in done.stderr
