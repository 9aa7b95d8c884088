"""Downloads from real servers on this machine that behave as badly as servers do."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mutoscope.errors import MediaError
from mutoscope.net import Policy, download, parse_allow

LOOPBACK = parse_allow("127.0.0.0/8")
QUICK = Policy(max_bytes=10_000, allow=LOOPBACK, total_timeout_s=60.0, read_timeout_s=60.0)

Behaviour = Callable[[socket.socket, bytes], None]
Serve = Callable[..., str]


def policy(**changes: Any) -> Policy:
    """The quick policy with some values changed."""
    values = {name: getattr(QUICK, name) for name in Policy.__slots__}
    return Policy(**(values | changes))


def answer(head: str, body: bytes = b"") -> Behaviour:
    """A server that sends this head and body and hangs up."""

    def behave(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)

    return behave


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers on free loopback ports; each answers every connection in the same way."""
    closing = threading.Event()
    with contextlib.ExitStack() as stack:

        def start(behave: Behaviour, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> str:
            listener = stack.enter_context(socket.create_server((host, 0)))
            listener.settimeout(0.02)
            thread = threading.Thread(target=_accept, args=(listener, behave, tls, closing))
            stack.callback(thread.join)
            thread.start()
            return f"{'https' if tls else 'http'}://{host}:{listener.getsockname()[1]}"

        stack.callback(closing.set)
        try:
            yield start
        finally:
            closing.set()


def _accept(listener: socket.socket, behave: Behaviour, tls: ssl.SSLContext | None, closing: threading.Event) -> None:
    while not closing.is_set():
        with contextlib.suppress(TimeoutError):
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.settimeout(60.0)
                secured = tls.wrap_socket(connection, server_side=True) if tls else connection
                with secured:
                    request = b""
                    while not request.endswith(b"\r\n\r\n"):
                        request += secured.recv(65_536)
                    behave(secured, request)


def test_a_file_from_a_named_network_is_saved(serve: Serve, tmp_path: Path) -> None:
    """The bytes arrive as they were sent; the request asks for them unpacked and carries nothing of ours."""
    requests: list[bytes] = []

    def behave(connection: socket.socket, request: bytes) -> None:
        requests.append(request)
        answer("HTTP/1.1 200 OK\nContent-Type: image/png\nContent-Length: 5", b"hello")(connection, request)

    url = serve(behave)
    found = download(f"{url}/a.png?signature=1#part", tmp_path / "a", QUICK)

    assert (tmp_path / "a").read_bytes() == b"hello"
    assert (found.size_bytes, found.content_type) == (5, "image/png")
    head = requests[0].lower()
    assert head.startswith(b"get /a.png?signature=1 http/1.1")
    assert b"host: " + url.removeprefix("http://").encode() in head
    assert b"accept-encoding: identity" in head
    assert b"cookie" not in head
    assert b"authorization" not in head


def test_proxy_settings_of_the_environment_are_not_used(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy would connect somewhere we never checked."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")

    download(serve(answer("HTTP/1.1 200 OK", b"hello")), tmp_path / "a", QUICK)

    assert (tmp_path / "a").read_bytes() == b"hello"


def test_loopback_is_refused_unless_its_network_is_named(serve: Serve, tmp_path: Path) -> None:
    """By number and by name; the message says which rule, and nothing is connected to."""
    port = serve(answer("HTTP/1.1 200 OK", b"secret")).rpartition(":")[2]

    for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1"):
        with pytest.raises(MediaError, match="is not a public address") as caught:
            download(f"https://{host}:8443/{port}", tmp_path / "a", policy(allow=()))
        assert caught.value.rule == "address"
    with pytest.raises(MediaError, match="cannot be read"):
        download("https://0177.0.0.1/", tmp_path / "a", policy(allow=()))
    assert not (tmp_path / "a").exists()


def test_every_spelling_of_an_address_is_checked_where_it_leads(serve: Serve, tmp_path: Path) -> None:
    """A decimal spelling of loopback works where loopback is allowed: the resolved address decides."""
    port = serve(answer("HTTP/1.1 200 OK", b"hello")).rpartition(":")[2]

    download(f"http://2130706433:{port}/", tmp_path / "a", QUICK)

    with pytest.raises(MediaError, match="is not a public address"):
        download(f"http://2130706433:{port}/", tmp_path / "b", policy(allow=parse_allow("10.0.0.0/8")))


def test_a_redirect_to_a_private_address_is_refused(serve: Serve, tmp_path: Path) -> None:
    """The classic way to the metadata service of a cloud."""
    url = serve(answer("HTTP/1.1 302 Found\nLocation: http://169.254.169.254/latest/meta-data/"))

    with pytest.raises(MediaError) as caught:
        download(url, tmp_path / "a", QUICK)

    assert caught.value.message == "redirected: 169.254.169.254 is not a public address"


def test_a_redirect_to_a_name_with_a_private_address_is_refused(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name looks harmless; what it resolves to is not."""
    _resolve_as(monkeypatch, {"inside.example": ["192.168.7.7"]})
    url = serve(answer("HTTP/1.1 302 Found\nLocation: http://inside.example/"))

    with pytest.raises(MediaError, match=r"inside\.example is not a public address"):
        download(url, tmp_path / "a", QUICK)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://example.org/", "http://u:p@127.0.0.1/"])
def test_a_redirect_keeps_to_the_rules_of_the_first_address(serve: Serve, tmp_path: Path, location: str) -> None:
    """Scheme and user names are refused on the second hop as on the first."""
    url = serve(answer(f"HTTP/1.1 301 Moved\nLocation: {location}"))

    with pytest.raises(MediaError, match="redirected: "):
        download(url, tmp_path / "a", QUICK)


def test_a_relative_redirect_is_followed(serve: Serve, tmp_path: Path) -> None:
    """The file is behind the second address, which is reported."""

    def behave(connection: socket.socket, request: bytes) -> None:
        moved = answer("HTTP/1.1 307 Moved\nLocation: ../b/c.png")
        (moved if b"GET /a/" in request else answer("HTTP/1.1 200 OK", b"hello"))(connection, request)

    url = serve(behave)

    assert download(f"{url}/a/x", tmp_path / "a", QUICK).final_url == f"{url}/b/c.png"


def test_a_redirect_loop_ends(serve: Serve, tmp_path: Path) -> None:
    """After the allowed number of redirects."""
    url = serve(answer("HTTP/1.1 302 Found\nLocation: /again"))

    with pytest.raises(MediaError, match="more than 3 redirects"):
        download(url, tmp_path / "a", QUICK)


@pytest.mark.parametrize(
    ("status", "retryable"), [(204, False), (401, False), (404, False), (429, True), (500, True), (503, True)]
)
def test_another_status_than_200_is_an_error(serve: Serve, tmp_path: Path, status: int, retryable: bool) -> None:
    """Only what may pass by itself is worth another try."""
    url = serve(answer(f"HTTP/1.1 {status} Whatever\nContent-Length: 0"))

    with pytest.raises(MediaError, match=f"the address answered {status}") as caught:
        download(url, tmp_path / "a", QUICK)

    assert caught.value.retryable is retryable
    assert not (tmp_path / "a").exists()


def test_a_body_announced_too_large_is_not_read(serve: Serve, tmp_path: Path) -> None:
    """Content-Length alone is enough."""
    url = serve(answer("HTTP/1.1 200 OK\nContent-Length: 104857600"))

    with pytest.raises(MediaError, match=r"found 100\.0 MiB; at most"):
        download(url, tmp_path / "a", QUICK)


@pytest.mark.parametrize("head", ["HTTP/1.1 200 OK", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked"])
def test_a_body_that_grows_too_large_is_cut_off(serve: Serve, tmp_path: Path, head: str) -> None:
    """Without a length the bytes are counted; what was written is removed."""
    sent = 0

    def behave(connection: socket.socket, request: bytes) -> None:
        nonlocal sent
        answer(head)(connection, request)
        data = b"x" * 4096
        piece = b"1000\r\n" + data + b"\r\n" if "chunked" in head else data
        for _ in range(10_000):
            connection.sendall(piece)
            sent += len(piece)

    url = serve(behave)

    with pytest.raises(MediaError, match="found more; at most"):
        download(url, tmp_path / "a", QUICK)

    assert not (tmp_path / "a").exists()
    assert sent < 20_000_000


def test_a_body_cut_short_is_an_error_worth_another_try(serve: Serve, tmp_path: Path) -> None:
    """The other side hangs up before the announced end."""
    url = serve(answer("HTTP/1.1 200 OK\nContent-Length: 100", b"half"))

    with pytest.raises(MediaError, match="broke off") as caught:
        download(url, tmp_path / "a", QUICK)

    assert caught.value.retryable
    assert not (tmp_path / "a").exists()


@pytest.mark.slow
@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow: ", b""])
def test_a_host_that_trickles_is_stopped_at_the_deadline(serve: Serve, tmp_path: Path, start: bytes) -> None:
    """In the body, in the headers, in the status line: no single read is slow, the whole is."""

    def behave(connection: socket.socket, _: bytes) -> None:
        connection.sendall(start)
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(b"H")
                time.sleep(0.02)

    url = serve(behave)

    with pytest.raises(MediaError, match=r"not finished after 0\.3 s") as caught:
        download(url, tmp_path / "a", policy(total_timeout_s=0.3))

    assert caught.value.retryable
    assert not (tmp_path / "a").exists()


def test_a_silent_host_is_given_up(serve: Serve, tmp_path: Path) -> None:
    """Before the deadline, by the read time-out."""
    released = threading.Event()
    url = serve(lambda *_: released.wait(60.0) and None)

    try:
        with pytest.raises(MediaError, match="did not answer in time"):
            download(url, tmp_path / "a", policy(read_timeout_s=0.2))
    finally:
        released.set()


def test_a_name_server_that_hangs_is_stopped_at_the_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver cannot be interrupted, the download can."""
    released = threading.Event()

    def hang(*_: object, **__: object) -> list[Any]:
        released.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        with pytest.raises(MediaError, match="not finished after"):
            download("https://slow.example/", tmp_path / "a", policy(total_timeout_s=0.2))
    finally:
        released.set()


def test_endless_headers_are_refused(serve: Serve, tmp_path: Path) -> None:
    """The HTTP reader stops at 100 kB of them."""

    def behave(connection: socket.socket, request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in range(100_000):
            connection.sendall(f"X-{number}: {'y' * 200}\r\n".encode())

    with pytest.raises(MediaError, match="did not speak HTTP"):
        download(serve(behave), tmp_path / "a", QUICK)


def test_a_compressed_answer_is_refused(serve: Serve, tmp_path: Path) -> None:
    """None was asked for, and unpacking is how small answers become large."""
    url = serve(answer("HTTP/1.1 200 OK\nContent-Encoding: gzip", b"\x1f\x8b"))

    with pytest.raises(MediaError, match="compressed"):
        download(url, tmp_path / "a", QUICK)


def test_a_host_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Nobody listens on this port."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))  # and does not listen: nobody else can either
        port = holder.getsockname()[1]

        with pytest.raises(MediaError, match=r"no connection to 127\.0\.0\.1"):
            download(f"http://127.0.0.1:{port}/", tmp_path / "a", QUICK)


def test_a_name_that_does_not_exist_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another try will not help."""
    _resolve_as(monkeypatch, {})

    with pytest.raises(MediaError, match=r"the host name nowhere\.example cannot be resolved") as caught:
        download("https://nowhere.example/", tmp_path / "a", QUICK)

    assert not caught.value.retryable


def test_only_the_admitted_addresses_of_a_name_are_connected_to(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name may stand for an outer and an inner address; the inner one is never tried."""
    inner = serve(answer("HTTP/1.1 200 OK", b"inner"), host="127.0.0.3")
    port = int(inner.rpartition(":")[2])
    _resolve_as(monkeypatch, {"both.example": ["127.0.0.3", "127.0.0.2"]})

    with pytest.raises(MediaError, match=r"no connection to both\.example"):
        download(f"http://both.example:{port}/", tmp_path / "a", policy(allow=parse_allow("127.0.0.2/32")))


def test_a_name_is_looked_up_once(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was checked is what is connected to: a name that changes its mind gains nothing."""
    port = serve(answer("HTTP/1.1 200 OK", b"hello")).rpartition(":")[2]
    asked = _resolve_as(monkeypatch, {"once.example": ["127.0.0.1"]})

    download(f"http://once.example:{port}/", tmp_path / "a", QUICK)

    assert asked == ["once.example"]


def _resolve_as(monkeypatch: pytest.MonkeyPatch, names: dict[str, list[str]]) -> list[str]:
    """Let names stand for these addresses; numbers stay themselves. Returns the names asked for."""
    real = socket.getaddrinfo
    asked: list[str] = []

    def look_up(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        if not host.endswith(".example"):
            return list(real(host, port, *args, **kwargs))
        asked.append(host)
        if host not in names:
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in names[host]]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


# --- TLS ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's certificate for 127.0.0.1, and a client that trusts it."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl program to make a certificate with")
    folder = tmp_path_factory.mktemp("identity")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
        ],
        check=True,
        capture_output=True,
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return server, ssl.create_default_context(cafile=str(folder / "cert.pem"))


Identity = tuple[ssl.SSLContext, ssl.SSLContext]


def test_a_file_is_fetched_over_tls(serve: Serve, tmp_path: Path, identity: Identity) -> None:
    """With the certificate checked against the name in the address."""
    url = serve(answer("HTTP/1.1 200 OK", b"hello"), tls=identity[0])

    download(url, tmp_path / "a", QUICK, ssl_context=identity[1])

    assert (tmp_path / "a").read_bytes() == b"hello"


def test_a_certificate_nobody_vouches_for_is_refused(serve: Serve, tmp_path: Path, identity: Identity) -> None:
    """The system's authorities do not know it."""
    url = serve(answer("HTTP/1.1 200 OK", b"hello"), tls=identity[0])

    with pytest.raises(MediaError, match="certificate") as caught:
        download(url, tmp_path / "a", QUICK)

    assert not caught.value.retryable


def test_a_certificate_for_another_name_is_refused(serve: Serve, tmp_path: Path, identity: Identity) -> None:
    """Reached as localhost, it says 127.0.0.1."""
    url = serve(answer("HTTP/1.1 200 OK", b"hello"), tls=identity[0]).replace("127.0.0.1", "localhost")

    with pytest.raises(MediaError, match="certificate of localhost"):
        download(url, tmp_path / "a", QUICK, ssl_context=identity[1])


def test_a_redirect_from_https_to_http_is_refused(serve: Serve, tmp_path: Path, identity: Identity) -> None:
    """Even into a network where plain http is allowed."""
    plain = serve(answer("HTTP/1.1 200 OK", b"hello"))
    url = serve(answer(f"HTTP/1.1 302 Found\nLocation: {plain}/"), tls=identity[0])

    with pytest.raises(MediaError, match="from https to http"):
        download(url, tmp_path / "a", QUICK, ssl_context=identity[1])


@pytest.mark.slow
def test_a_handshake_that_never_ends_is_stopped(tmp_path: Path) -> None:
    """A host that accepts the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"

        with pytest.raises(MediaError, match="not finished after"):
            download(url, tmp_path / "a", policy(total_timeout_s=0.3))


def test_a_host_that_does_not_speak_tls_is_named(tmp_path: Path) -> None:
    """Plain http behind an https address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(65_536)

        thread = threading.Thread(target=speak)
        thread.start()
        with pytest.raises(MediaError, match=r"127\.0\.0\.1 did not speak TLS"):
            download(f"https://127.0.0.1:{listener.getsockname()[1]}/", tmp_path / "a", QUICK)
        thread.join()
