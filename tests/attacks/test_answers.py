"""Web servers that answer badly on purpose: through `net`, over real sockets, under short limits."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import itertools
import socket
import ssl
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from mutoscope import net
from mutoscope.errors import MediaError
from tests.attacks.attack import attack, row
from tests.attacks.tls import server_context
from tests.http.hostile import Behaviour, Hostile

LOOPBACK = net.parse_allow("127.0.0.0/8")
QUICK = net.Policy(max_bytes=20_000, allow=LOOPBACK, total_timeout_s=3.0, read_timeout_s=2.0)
PATIENT = net.Policy(max_bytes=20_000, allow=LOOPBACK, total_timeout_s=120.0, read_timeout_s=120.0)
OK = b"HTTP/1.1 200 OK\r\n"


def once(data: bytes) -> Behaviour:
    """Says this and hangs up."""
    return lambda connection: connection.sendall(data)


def forever(start: bytes, piece: bytes, pause_s: float = 0.0) -> Behaviour:
    """Says this, then the same piece until the other side has enough."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(start)
        for _ in itertools.count() if not pause_s else range(400):
            connection.sendall(piece)
            if pause_s:
                threading.Event().wait(pause_s)

    return behave


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def nested(times: int) -> bytes:
    """Nothing, packed over and over."""
    data = bytes(10_000_000)
    for _ in range(times):
        data = gzip.compress(data)
    return data


GZIP = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
PADDED = "refused: padded"
BROKEN = "fails: did not speak HTTP"
LATE = "given up at the time limit"
COMPRESSED = "refused unread: none was asked for"

ROWS = [
    row("body without end", "a body that goes on for ever", "cut off at the byte limit", forever(OK + b"\r\n", b"x" * 65536), "max_bytes"),
    row("chunks without end", "chunks for ever", "cut off at the byte limit",
        forever(OK + b"Transfer-Encoding: chunked\r\n\r\n", chunk(b"x" * 4096)), "max_bytes"),
    row("announced too large", "Content-Length of a terabyte", "refused unread", once(OK + b"Content-Length: 1099511627776\r\n\r\n"), "max_bytes"),
    row("absurd length", "Content-Length of 300 digits", "refused", once(OK + b"Content-Length: " + b"9" * 300 + b"\r\n\r\n"), "protocol max_bytes"),
    row("negative length", "Content-Length: -1", BROKEN, once(OK + b"Content-Length: -1\r\n\r\nabc"), "protocol"),
    row("two lengths", "two different Content-Length", BROKEN, once(OK + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde"), "protocol"),
    row("length and chunks", "Content-Length beside Transfer-Encoding", "refused: two lengths",
        once(OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"abc") + b"0\r\n\r\n"), "protocol"),
    row("length beyond the end", "fewer bytes than announced", "fails; nothing is kept", once(OK + b"Content-Length: 50\r\n\r\nabc"), "protocol"),
    row("chunk that lies", "a chunk of ffffffffffffffff bytes", BROKEN,
        once(OK + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc"), "protocol"),
    row("chunk of nonsense", "a chunk size that is no number", BROKEN, once(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc"), "protocol"),
    row("negative chunk", "a chunk of -1 bytes", BROKEN, once(OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nabc"), "protocol"),
    row("chunks of one byte", "six bytes on the wire for each that counts", PADDED,
        forever(OK + b"Transfer-Encoding: chunked\r\n\r\n", chunk(b"x") * 1000), "max_bytes"),
    row("endless chunk extension", "a chunk's comment without end", BROKEN,
        forever(OK + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a" * 4096), "protocol max_bytes"),
    row("endless trailers", "header fields for ever after the last chunk", BROKEN,
        forever(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 1000), "protocol max_bytes"),
    row("unknown coding", "Transfer-Encoding: gzip, chunked", BROKEN,
        once(OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + chunk(b"abc") + b"0\r\n\r\n"), "protocol"),
    row("many header fields", "a million header fields", BROKEN, forever(OK, b"X: y\r\n" * 1000), "protocol max_bytes"),
    row("endless header field", "one header field without end", BROKEN, forever(OK + b"X: ", b"y" * 4096), "protocol max_bytes"),
    row("endless status line", "a status line without end", BROKEN, forever(b"HTTP/1.1 200 ", b"O" * 4096), "protocol max_bytes"),
    row("endless continue", "100 Continue for ever", PADDED, forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 500), "max_bytes"),
    row("folded header", "a header field that goes on in the next line", "fails or is read as one field",
        once(OK + b"Content-Length: 3\r\n\tX\r\n\r\nabc"), "protocol"),
    row("not HTTP", "an SSH greeting", BROKEN, once(b"SSH-2.0-OpenSSH_9.2\r\n"), "protocol"),
    row("HTTP/0.9", "a body without a head", BROKEN, once(b"<html>hello</html>"), "protocol"),
    row("HTTP/2 preface", "frames of HTTP/2", BROKEN, once(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18)), "protocol"),
    row("switching protocols", "101 to a tunnel", BROKEN, once(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), "protocol status"),
    row("silence", "a server that accepts and says nothing", LATE, lambda c: threading.Event().wait(200.0) and None, "timeout"),
    row("slow status line", "the status line, a byte at a time", LATE, forever(b"", b"H", 0.05), "timeout protocol"),
    row("slow head", "a header field, a byte at a time", LATE, forever(OK + b"X: ", b"y", 0.05), "timeout"),
    row("slow body", "a body, a byte at a time", LATE, forever(OK + b"Content-Length: 9000\r\n\r\n", b"x", 0.05), "timeout"),
    row("slow chunks", "chunks of one byte, now and then", LATE, forever(OK + b"Transfer-Encoding: chunked\r\n\r\n", chunk(b"x"), 0.05), "timeout"),
    row("gzip bomb", "10 MB of zeros in 10 kB", COMPRESSED, once(GZIP % len(nested(1)) + nested(1)), "encoding"),
    row("nested gzip", "gzip in gzip in gzip", COMPRESSED,
        once((GZIP % len(nested(3))).replace(b"gzip", b"gzip, gzip, gzip") + nested(3)), "encoding"),
    row("deflate bomb", "Content-Encoding: deflate", COMPRESSED,
        once(OK + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(bytes(10_000_000))), "encoding"),
    row("brotli", "Content-Encoding: br", COMPRESSED, once(OK + b"Content-Encoding: br\r\n\r\n\x00"), "encoding"),
    row("zstd", "Content-Encoding: zstd", COMPRESSED, once(OK + b"Content-Encoding: zstd\r\n\r\n\x28\xb5\x2f\xfd"), "encoding"),
    row("bzip2 in capitals", "Content-Encoding: BZIP2", COMPRESSED,
        once(OK + b"Content-Encoding: BZIP2\r\n\r\n" + bz2.compress(bytes(1_000_000))), "encoding"),
    row("partial content", "206 where 200 is expected", "refused: answered 206", once(b"HTTP/1.1 206 Partial\r\nContent-Length: 3\r\n\r\nabc"), "status"),
    row("redirect without end", "a redirect to itself", "given up after three", once(b"HTTP/1.1 302 Found\r\nLocation: ?\r\nContent-Length: 0\r\n\r\n"), "redirects"),
    row("redirect to metadata", "302 to 169.254.169.254", "refused: not a public address",
        once(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/\r\n\r\n"), "address"),
    row("redirect to decimal", "302 to http://2852039166/", "refused: not a public address",
        once(b"HTTP/1.1 302 Found\r\nLocation: http://2852039166/\r\n\r\n"), "address"),
    row("redirect to IPv6", "302 to [::ffff:10.0.0.1]", "refused: not a public address",
        once(b"HTTP/1.1 307 Found\r\nLocation: http://[::ffff:10.0.0.1]/\r\n\r\n"), "address"),
    row("redirect to a file", "302 to file:///etc/passwd", "refused: only https", once(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n"), "scheme"),
    row("redirect to gopher", "302 to gopher://", "refused: only https", once(b"HTTP/1.1 302 Found\r\nLocation: gopher://127.0.0.1:6379/x\r\n\r\n"), "scheme"),
    row("redirect to data", "302 to data:image/png;base64,…", "refused: only https", once(b"HTTP/1.1 302 Found\r\nLocation: data:image/png;base64,AAAA\r\n\r\n"), "scheme"),
    row("redirect with password", "302 to http://u:p@…", "refused: user name", once(b"HTTP/1.1 302 Found\r\nLocation: http://u:p@127.0.0.1/\r\n\r\n"), "userinfo"),
    row("redirect with slashes", "302 to //10.0.0.1/", "refused: not a public address", once(b"HTTP/1.1 302 Found\r\nLocation: //10.0.0.1/a\r\n\r\n"), "address"),
    row("redirect with backslashes", "302 to /\\10.0.0.1/", "refused: cannot be read", once(b"HTTP/1.1 302 Found\r\nLocation: /\\10.0.0.1/\r\n\r\n"), "url redirect"),
    row("redirect of 100 kB", "a Location of 60,000 characters", "refused: cannot be read",
        once(b"HTTP/1.1 302 Found\r\nLocation: /" + b"a" * 60_000 + b"\r\n\r\n"), "url redirect"),
    row("redirect in bytes", "a Location of bytes that are no text", "refused or only unknown",
        once(b"HTTP/1.1 302 Found\r\nLocation: http://\xff\xfe\xe3\x80\x82/\r\n\r\n"), "url redirect name host"),
    row("redirect to port", "302 to a public host, port 6379", "refused",
        once(b"HTTP/1.1 302 Found\r\nLocation: https://93.184.215.14:6379/\r\n\r\n"), "port"),
]  # fmt: skip


@pytest.mark.parametrize(("behaviour", "rules"), ROWS)
def test_a_bad_answer_costs_little_and_leaves_nothing(
    hostile: Hostile, tmp_path: Path, behaviour: Behaviour, rules: str
) -> None:
    """Refused by the rule that the row names, within the limits of the policy, and no file stays."""
    hostile.paths["/"] = behaviour

    with pytest.raises(MediaError) as caught:
        net.download(hostile.url + "/", tmp_path / "a", QUICK if "timeout" in rules else PATIENT)

    assert caught.value.rule in rules.split(), caught.value.message
    assert list(tmp_path.iterdir()) == []


@attack("a second answer behind the first, for the next request on the connection", "the connection is used once")
def test_a_second_answer_is_never_read(hostile: Hostile, tmp_path: Path) -> None:
    """Smuggled answers need a connection that is used again."""
    hostile.paths["/"] = once(OK + b"Content-Length: 3\r\n\r\nabc" + OK + b"Content-Length: 3\r\n\r\nxyz")

    for name in ("a", "b"):
        net.download(hostile.url + "/", tmp_path / name, PATIENT)
        assert (tmp_path / name).read_bytes() == b"abc"

    assert hostile.asked == ["/", "/"]


@attack("proxies named in the environment", "not asked")
def test_a_proxy_of_the_environment_is_not_asked(
    hostile: Hostile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would connect where nobody checked."""
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert net.download(hostile.serve(b"abc"), tmp_path / "a", PATIENT).size_bytes == 3


@attack("cookies and a challenge for a password", "nothing of ours is sent, on no hop")
def test_nothing_of_ours_is_told(hostile: Hostile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set-Cookie is forgotten; a ~/.netrc for this host is not read."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login planted password planted")
    monkeypatch.setenv("HOME", str(tmp_path))
    heads: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 302 Found\r\nSet-Cookie: a=planted\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n")

    hostile.paths["/a"] = behave
    hostile.paths["/b"] = once(b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n")
    hostile.heard = heads.append

    with pytest.raises(MediaError, match="answered 401"):
        net.download(hostile.url + "/a", tmp_path / "x", PATIENT)

    assert len(heads) == 2
    assert b"planted" not in b"".join(heads)
    assert b"authorization" not in b"".join(heads).lower()


@pytest.mark.parametrize(
    ("host", "expired", "trusted"),
    [
        row("certificate of another", "a certificate for other.example", "refused: cannot be trusted", "other.example", False, True),
        row("certificate that expired", "yesterday's certificate", "refused: cannot be trusted", "127.0.0.1", True, True),
        row("certificate of nobody", "a certificate signed by itself", "refused: cannot be trusted", "127.0.0.1", False, False),
    ],
)  # fmt: skip
def test_a_wrong_certificate_is_refused(tmp_path: Path, host: str, expired: bool, trusted: bool) -> None:
    """For files and for webhooks; the body is never sent."""
    server, client = server_context(tmp_path, host, expired=expired)
    context = client if trusted else ssl.create_default_context()

    with _tls_server(server) as (url, heard):
        with pytest.raises(MediaError, match="cannot be trusted") as caught:
            net.download(url, tmp_path / "a", PATIENT, ssl_context=context)
        with pytest.raises(MediaError, match="cannot be trusted"):
            net.post(url, b"planted", {}, PATIENT, ssl_context=context)

    assert caught.value.rule == "certificate"
    assert heard == []


@attack("plain HTTP on the port of https", "fails; no falling back")
def test_a_server_without_tls_is_refused(hostile: Hostile, tmp_path: Path) -> None:
    """No falling back."""
    with pytest.raises(MediaError) as caught:
        net.download(hostile.serve(b"abc").replace("http:", "https:"), tmp_path / "a", QUICK)

    assert caught.value.rule in {"tls", "connect", "protocol", "timeout"}


@contextlib.contextmanager
def _tls_server(context: ssl.SSLContext):  # type: ignore[no-untyped-def]
    """A TLS server that notes what it is told, and its address."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    plain, _ = listener.accept()
                    with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as secured:
                        heard.append(secured.recv(1000))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/", heard
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


POSTED = [
    row("webhook redirect", "a receiver that redirects", "not followed", once(b"HTTP/1.1 307 Go\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n"), 307, False),
    row("webhook answer without end", "a receiver whose answer never ends", "its beginning is kept", forever(OK + b"\r\n", b"x" * 4096), 200, False),
    row("webhook gzip bomb", "a receiver that answers with a bomb", "kept packed, cut at the limit", once(GZIP % len(nested(1)) + nested(1)), 200, False),
    row("webhook slow answer", "a receiver whose answer trickles", "cut off at the time limit", forever(OK + b"Content-Length: 9000\r\n\r\n", b"x", 0.05), 200, True),
]  # fmt: skip


@pytest.mark.parametrize(("behaviour", "status", "is_slow"), POSTED)
def test_a_receiver_cannot_hold_the_sender(
    hostile: Hostile, behaviour: Callable[[socket.socket], None], status: int, is_slow: bool
) -> None:
    """The status counts; of the rest only so much is kept."""
    hostile.paths["/"] = behaviour

    answer = net.post(hostile.url + "/", b"{}", {}, QUICK if is_slow else PATIENT)

    assert answer.status == status
    assert len(answer.body) <= QUICK.max_bytes
    assert hostile.asked == ["/"]
