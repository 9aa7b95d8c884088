"""Origins that the operator named: reached wherever they are, and nobody else with them; calls to an API."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mutoscope.errors import ConfigError, MediaError
from mutoscope.net import FileContent, Policy, ask, download, origin_of
from mutoscope.net.door import SENT_BYTES


class Handler(BaseHTTPRequestHandler):
    """Tells what it heard; `/to/…` redirects there."""

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        is_redirect = self.path.startswith("/to/")
        heard = {"method": self.command, "body": body, "key": self.headers.get("authorization")}
        content = json.dumps(heard).encode() + b" " * int(self.headers.get("x-padding") or 0)
        self.send_response(307 if is_redirect else 429 if self.path == "/busy" else 200)
        if is_redirect:
            self.send_header("Location", self.path.removeprefix("/to/"))
        self.send_header("Retry-After", "7")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = _any

    def log_message(self, format: str, *args: object) -> None:
        """Be quiet."""


@pytest.fixture(scope="module")
def origins() -> Iterator[tuple[str, str]]:
    """Two servers on loopback."""
    with ExitStack() as stack:
        found = []
        for _ in range(2):
            server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
            thread.start()
            stack.callback(thread.join, 10)
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            found.append(f"http://127.0.0.1:{server.server_address[1]}")
        yield found[0], found[1]


def trusting(*origins: str, max_bytes: int = 10_000) -> Policy:
    """A policy that trusts these."""
    return Policy(max_bytes=max_bytes, trusted=frozenset(origins), total_timeout_s=60.0)


def test_a_trusted_origin_is_reached_and_its_neighbour_is_not(origins: tuple[str, str], tmp_path: Path) -> None:
    """Trust is in a scheme, a host and a port: not in the machine behind it."""
    here, neighbour = origins
    assert download(f"{here}/a", tmp_path / "a", trusting(here)).size_bytes
    for other in (f"{neighbour}/a", here.replace("127.0.0.1", "localhost"), here.replace("http:", "https:")):
        with pytest.raises(MediaError):
            download(other, tmp_path / "b", trusting(here))
    with pytest.raises(MediaError, match="redirected"):
        download(f"{here}/to/{neighbour}/a", tmp_path / "b", trusting(here))
    assert not (tmp_path / "b").exists()


def test_a_key_is_not_carried_to_another_origin(origins: tuple[str, str], tmp_path: Path) -> None:
    """A redirect on the same origin keeps it, one to another loses it."""
    here, neighbour = origins
    told = {"Authorization": "Bearer secret"}
    for target, key in ((f"{here}/a", "Bearer secret"), (f"{neighbour}/a", None)):
        download(f"{here}/to/{target}", tmp_path / "a", trusting(here, neighbour), headers=told)
        assert json.loads((tmp_path / "a").read_text())["key"] == key


def test_a_call_is_answered_with_whatever_came_back(origins: tuple[str, str]) -> None:
    """Status, headers and body; a redirect is an answer; what is too long is none."""
    here, _ = origins
    answer = ask("DELETE", f"{here}/busy", trusting(here), headers={"Authorization": "k"}, content=b"gone")
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")
    assert json.loads(answer.body) == {"method": "DELETE", "body": "gone", "key": "k"}
    assert ask("GET", f"{here}/to/{here}/a", trusting(here)).status == 307
    with pytest.raises(MediaError) as caught:
        ask("GET", here, trusting(here, max_bytes=100), headers={"X-Padding": "500"})
    assert caught.value.rule == "max_bytes"


def test_a_file_is_sent_as_it_is_read(origins: tuple[str, str], tmp_path: Path) -> None:
    """Between what stands before and after it; never more of it in memory than a piece."""
    path = tmp_path / "file"
    path.write_bytes(b"ab" * 100_000)
    content = FileContent(path, b"<", b">")
    answer = ask("POST", f"{origins[0]}/a", trusting(origins[0], max_bytes=1 << 20), content=content)
    assert json.loads(answer.body)["body"] == "<" + "ab" * 100_000 + ">"
    assert len(content) == 200_002
    assert max(map(len, content)) <= SENT_BYTES


def test_what_certainly_did_not_arrive_has_a_rule_of_its_own() -> None:
    """So that it may be sent again."""
    with pytest.raises(MediaError) as caught:
        ask("POST", "http://127.0.0.1:9/a", trusting("http://127.0.0.1:9"), content=b"x")
    assert (caught.value.rule, caught.value.retryable) == ("connect", True)


@pytest.mark.parametrize(
    "url", ["ftp://a", "//a", "http://", "http://user:pass@a", "https://a?b=c", "http://[::1", "a"]
)
def test_what_is_no_origin_cannot_be_trusted(url: str) -> None:
    """It is said with what is accepted."""
    with pytest.raises(ConfigError, match=r"an address such as https://video\.example is accepted"):
        origin_of(url)


def test_an_origin_is_written_in_one_way() -> None:
    """With its port, and a name in small letters."""
    assert origin_of("https://Video.Example/v1") == "https://video.example:443"
    assert origin_of("http://[::1]:8000") == "http://[::1]:8000"
