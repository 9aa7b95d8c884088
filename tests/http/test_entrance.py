"""What holds for every address: careful headers, and whose word on where a call came from is believed."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx
import pytest

from mutoscope.server import routes
from tests.conftest import LiveServer, start_server
from tests.http.calls import assert_error
from tests.http.test_keys import address

pytestmark = pytest.mark.slow

CAREFUL = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}


def assert_careful(answer: httpx.Response) -> None:
    """No browser guesses a type, frames us, runs a script of ours or tells others our addresses."""
    assert {name: answer.headers.get(name) for name in CAREFUL} == CAREFUL
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(("method", "path"), routes.table(), ids=[" ".join(row) for row in routes.table()])
@pytest.mark.parametrize("key", [None, "", "mk_wrong"], ids=["with a key", "without", "with a wrong one"])
def test_every_answer_of_every_route_is_careful(server: LiveServer, method: str, path: str, key: str | None) -> None:
    """Whether it succeeds or refuses. What a key opens is kept by no cache unless the route says how."""
    with server.client(key) as client:
        answer = client.request(method, address(path))
    assert_careful(answer)
    if key:
        assert answer.headers["cache-control"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("PATCH", "/livez"), ("GET", "/v1/files/x/%00")])
def test_what_no_route_answers_is_careful_too(alice: httpx.Client, method: str, path: str) -> None:
    """404 and 405."""
    assert_careful(alice.request(method, path))


def test_a_cookie_that_is_no_session_opens_nothing(server: LiveServer) -> None:
    """A key travels in its header only. What a session's cookie opens: see test_pages."""
    with server.client("") as nobody:
        answer = nobody.get("/v1/requests", headers={"Cookie": "key=mk_alice; Authorization=Bearer mk_alice"})
        assert_error(answer, 401)
        assert_error(nobody.get("/v1/requests", params={"api_key": "mk_alice", "authorization": "mk_alice"}), 401)


# -- where a call came from ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that believes proxies on 127.0.0.1."""
    live = start_server(tmp_path_factory.mktemp("proxied") / "data", workers=0, trusted_proxies="127.0.0.1/32")
    live.wait_ready()
    yield live
    assert live.stop() == 0


def test_metrics_are_open_to_this_machine_only(server: LiveServer) -> None:
    """Without a key: not through a proxy, not to a page whose own name was made to lead here."""
    with server.client("") as nobody:
        assert nobody.get("/metrics").status_code == 200
        assert_error(nobody.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}), 401)
        assert_error(nobody.get("/metrics", headers={"Forwarded": "for=127.0.0.1"}), 401)
        assert_error(nobody.get("/metrics", headers={"Host": "rebound.example"}), 401)
        assert nobody.get("/metrics", headers={"Host": "LOCALHOST"}).status_code == 200
    with server.client() as alice:
        assert alice.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 200


def test_a_trusted_proxy_is_believed(proxied: LiveServer) -> None:
    """The last address that is no proxy of ours, whatever the caller claimed before; and the scheme."""
    with proxied.client("") as nobody:
        for claimed in ("203.0.113.9", "127.0.0.1, 203.0.113.9", "203.0.113.9, 127.0.0.1", "nonsense"):
            assert_error(nobody.get("/metrics", headers={"X-Forwarded-For": claimed}), 401)
    with proxied.client() as alice:
        secure = alice.get("/v1/models", headers={"X-Forwarded-Proto": "https"})
        assert secure.json()["models"][0]["model_url"].startswith("https://")
        assert secure.headers["strict-transport-security"]


def test_nobody_is_believed_unless_it_is_said(alice: httpx.Client) -> None:
    """By default a caller cannot choose what addresses we give out, nor pretend to be encrypted."""
    plain = alice.get("/v1/models", headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"})
    assert plain.json()["models"][0]["model_url"].startswith("http://")
    assert "strict-transport-security" not in plain.headers


def test_what_is_no_http_learns_nothing(server: LiveServer) -> None:
    """uvicorn's own answer to what is no HTTP at all tells nothing."""
    with socket.create_connection((httpx.URL(server.url).host, httpx.URL(server.url).port or 80), timeout=60) as raw:
        raw.sendall(b"\x00\x01 nonsense\r\n\r\n")
        told = raw.recv(4096)
    assert told.startswith(b"HTTP/1.1 400")
    assert b"mutoscope" not in told.lower()
    assert b"uvicorn" not in told.lower()
