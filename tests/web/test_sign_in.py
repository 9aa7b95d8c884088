"""Who gets in through a browser: with a key, by the printed address, and nobody by riding on somebody's session."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import LiveServer, start_server
from tests.http.calls import SMALL, TESTCARD, assert_error
from tests.ports import reserved_port

HTML = {"Accept": "text/html"}
pytestmark = pytest.mark.slow


@pytest.fixture
def stranger(server: LiveServer) -> Iterator[httpx.Client]:
    """A browser without a cookie."""
    with server.client("") as client:
        yield client


def sign_in(client: httpx.Client, key: str = "mk_alice", **headers: str) -> httpx.Response:
    """As the page's form does."""
    sent = HTML | {"Sec-Fetch-Site": "same-origin"} | headers
    return client.post("/sign-in", data={"key": key, "next": "/models"}, headers=sent)


def test_a_key_becomes_a_cookie_that_scripts_cannot_read(server: LiveServer, stranger: httpx.Client) -> None:
    """The answer leads on; the cookie is for this site alone, and only its hash is stored."""
    answer = sign_in(stranger)
    assert (answer.status_code, answer.headers["location"]) == (303, "/models")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"mutoscope_session_{server.url.rpartition(':')[2]}=")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    token = cookie.partition("=")[2].partition(";")[0]
    kept = b"".join(path.read_bytes() for path in server.data.glob("mutoscope.db*"))
    assert token.encode() not in kept
    assert stranger.get("/v1/requests").status_code == 200


@pytest.mark.parametrize("key", ["mk_unknown", "", "mk_alice\udcff".encode("utf-8", "surrogatepass").decode("latin-1")])
def test_a_wrong_key_opens_nothing(stranger: httpx.Client, key: str) -> None:
    """The form comes again and says so; no cookie is set."""
    answer = sign_in(stranger, key)
    assert answer.status_code == 403
    assert "unknown, revoked or expired" in answer.text
    assert "set-cookie" not in answer.headers
    assert sign_in(stranger, key, Accept="application/json").status_code == 401


@pytest.mark.parametrize(
    "there", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb"]
)
def test_signing_in_leads_to_no_other_site(stranger: httpx.Client, there: str) -> None:
    """Whatever `next` says."""
    sent = HTML | {"Sec-Fetch-Site": "same-origin"}
    answer = stranger.post("/sign-in", data={"key": "mk_alice", "next": there}, headers=sent)
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ],
    ids=str,
)
def test_a_strangers_page_cannot_ride_on_a_session(stranger: httpx.Client, headers: dict[str, str]) -> None:
    """Nothing is submitted, changed or signed in or out; looking is another matter, which CORS forbids."""
    sign_in(stranger)
    assert_error(stranger.post(f"/v1/models/{TESTCARD}", json=SMALL, headers=headers), 403, 403004)
    assert_error(stranger.post("/v1/keys", json={"name": "evil"}, headers=headers), 403, 403004)
    assert stranger.post("/sign-out", headers=HTML | headers).status_code == 403
    assert stranger.post("/sign-in", data={"key": "mk_alice"}, headers=HTML | headers).status_code == 403
    read = stranger.get("/v1/requests", headers=headers)
    assert read.status_code == 200
    assert not [name for name in read.headers if name.startswith("access-control")]


@pytest.mark.parametrize("how", ["sec-fetch-site", "origin"])
def test_our_own_pages_may(server: LiveServer, stranger: httpx.Client, how: str) -> None:
    """By either word of the browser; on plain http from elsewhere there is only the second."""
    sign_in(stranger)
    headers = {"Sec-Fetch-Site": "same-origin"} if how == "sec-fetch-site" else {"Origin": server.url}
    assert stranger.post(f"/v1/models/{TESTCARD}", json=SMALL, headers=headers).status_code == 200


def test_a_session_ends_with_its_key(server: LiveServer, stranger: httpx.Client) -> None:
    """Revoked means revoked, in every browser, at once; and it can do no more than its key."""
    with server.client() as alice:
        key = alice.post("/v1/keys", json={"name": "browser", "scopes": ["read"]}).json()
        sign_in(stranger, key["key"])
        ours = {"Sec-Fetch-Site": "same-origin"}
        assert_error(stranger.post(f"/v1/models/{TESTCARD}", json=SMALL, headers=ours), 403, 403001)
        assert stranger.get("/v1/requests").status_code == 200
        alice.delete(f"/v1/keys/{key['key_id']}")
    assert_error(stranger.get("/v1/requests"), 401, 401001)


def test_signing_out_ends_the_session_everywhere(stranger: httpx.Client) -> None:
    """A copy of the cookie opens nothing afterwards."""
    sign_in(stranger)
    copied = "; ".join(f"{name}={value}" for name, value in stranger.cookies.items())
    stranger.post("/sign-out", headers=HTML | {"Sec-Fetch-Site": "same-origin"})
    assert not stranger.cookies
    assert_error(stranger.get("/v1/requests", headers={"Cookie": copied}), 401)


def test_a_key_in_the_header_counts_before_a_cookie(stranger: httpx.Client, bob_key: str) -> None:
    """Who shows a key is the key's account, wherever the call comes from."""
    sign_in(stranger)
    mine = stranger.get("/v1/keys").json()["keys"]
    bobs = stranger.get("/v1/keys", headers={"Authorization": f"Bearer {bob_key}"}).json()["keys"]
    assert {key["key_id"] for key in mine}.isdisjoint(key["key_id"] for key in bobs)
    answer = stranger.post(f"/v1/models/{TESTCARD}", json=SMALL, headers={"Authorization": f"Bearer {bob_key}"})
    assert answer.status_code == 200


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose printed address nobody has used yet."""
    live = start_server(tmp_path_factory.mktemp("fresh") / "data", workers=0)
    yield live
    assert live.stop() == 0


def test_the_printed_address_lets_the_owner_in_once(fresh: LiveServer) -> None:
    """Not by a rebound name, not through a proxy, not with another token; then once, then never again."""
    path = fresh.welcome_url.removeprefix(fresh.url)
    with fresh.client("") as browser:
        for headers in ({"Host": "evil.example"}, {"X-Forwarded-For": "203.0.113.9"}):
            refused = browser.get(path, headers=HTML | headers)
            assert (refused.status_code, "set-cookie" in refused.headers) == (403, False)
        assert browser.get("/welcome/guessed", headers=HTML).status_code == 403
        let_in = browser.get(path, headers=HTML)
        assert (let_in.status_code, let_in.headers["location"]) == (303, "/")
        told = browser.get("/v1/keys").json()["keys"]
        assert [key["name"] for key in told] == ["first key"]
    with fresh.client("") as second:
        used = second.get(path, headers=HTML)
        assert used.status_code == 403
        assert "has been used" in used.text
    log = (fresh.data.parent / f"{fresh.data.name}.log").read_text("utf-8")
    assert path not in log


def test_a_session_survives_a_restart(tmp_path_factory: pytest.TempPathFactory) -> None:
    """It is in the database."""
    data = tmp_path_factory.mktemp("again") / "data"
    port = reserved_port()
    first = start_server(data, workers=0, port=port)
    with first.client("") as browser:
        sign_in(browser)
        first.kill()
        second = start_server(data, workers=0, port=port)
        try:
            assert browser.get("/v1/requests").status_code == 200
        finally:
            assert second.stop() == 0
