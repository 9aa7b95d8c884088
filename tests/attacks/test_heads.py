"""Requests that are ambiguous, enormous or slow, byte for byte against the running server."""

from __future__ import annotations

import json
import time

import pytest

from tests.attacks.attack import attack, row
from tests.attacks.raw import Caller, status_of, until_answered
from tests.conftest import LiveServer
from tests.http.calls import TESTCARD

KEY = b"Authorization: Bearer mk_alice\r\n"
SUBMIT = b"POST /v1/models/" + TESTCARD.encode() + b" HTTP/1.1\r\nHost: x\r\n" + KEY
BODY = b'{"prompt": "x", "num_frames": 1, "width": 32, "height": 32}'
GET = b"GET /livez HTTP/1.1\r\nHost: x\r\n"
CUT = "400, or the connection is closed"

REFUSED = [
    row("two hosts", "two Host fields", "400", b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    row("many fields", "300 header fields", "400", GET + b"X: y\r\n" * 300 + b"\r\n"),
    row("endless field", "a header field of 1 MB", CUT, GET + b"X: " + b"y" * 2**20 + b"\r\n\r\n"),
    row("endless target", "an address of 1 MB", CUT, b"GET /" + b"a" * 2**20 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
    row("field without name", ": x", "400", GET + b": x\r\n\r\n"),
    row("space before colon", "Content-Length : 5", "400", GET + b"Content-Length : 5\r\n\r\n"),
    row("bare CR", "a header field split by CR alone", "400", GET + b"X: a\rContent-Length: 5\r\n\r\n"),
    row("NUL in field", "NUL in a header value", "400", GET + b"X: a\0b\r\n\r\n"),
    row("folded field", "a header field that goes on in the next line", "400", GET + b"X: a\r\n b\r\n\r\n"),
    row("two lengths", "two different Content-Length", "400", SUBMIT + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + BODY),
    row("same length twice", "Content-Length: 5, 5", "400", SUBMIT + b"Content-Length: 5, 5\r\n\r\n" + BODY),
    row("length and coding", "Content-Length beside Transfer-Encoding", "400",
        SUBMIT + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    row("negative length", "Content-Length: -1", "400", SUBMIT + b"Content-Length: -1\r\n\r\n"),
    row("signed length", "Content-Length: +5", "400", SUBMIT + b"Content-Length: +5\r\n\r\n" + BODY),
    row("hexadecimal length", "Content-Length: 0x5", "400", SUBMIT + b"Content-Length: 0x5\r\n\r\n" + BODY),
    row("length of 30 digits", "Content-Length beyond 64 bits", "400", SUBMIT + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n"),
    row("unknown coding", "Transfer-Encoding: xchunked", "400", SUBMIT + b"Transfer-Encoding: xchunked\r\n\r\n" + BODY),
    row("coding twice", "chunked, identity", "400", SUBMIT + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
    row("chunk of nonsense", "a chunk size that is no number", "400", SUBMIT + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
    row("chunk beyond 64 bits", "a chunk of 2^64 bytes", "400", SUBMIT + b"Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n"),
    row("no version", "HTTP/0.9", "400", b"GET /livez\r\n\r\n"),
    row("strange version", "HTTP/9.9", "400", b"GET /livez HTTP/9.9\r\nHost: x\r\n\r\n"),
    row("HTTP/2 preface", "PRI * HTTP/2.0", "400", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    row("TLS hello", "TLS on a plain port", "400", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + bytes(500)),
    row("unknown method", "a method of nobody", "400", b"PWN /livez HTTP/1.1\r\nHost: x\r\n\r\n"),
    row("CONNECT", "use as a proxy, to inside", "400, 404 or 405", b"CONNECT 10.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n"),
    row("absolute target", "GET http://169.254.169.254/", "404: this is no proxy", b"GET http://169.254.169.254/latest/ HTTP/1.1\r\nHost: x\r\n\r\n"),
    row("TRACE", "echo of headers", "405", b"TRACE /livez HTTP/1.1\r\nHost: x\r\n" + KEY + b"\r\n"),
    row("noise", "64 kB of random bytes", "400", bytes((n * 197 + 31) % 256 for n in range(65_536))),
]  # fmt: skip


@pytest.mark.parametrize("said", REFUSED)
def test_a_head_that_cannot_be_trusted_is_refused(raw: Caller, said: bytes) -> None:
    """4xx, or no answer at all; never 2xx, never 5xx."""
    answer = raw.ask(said)

    assert status_of(answer) in {0, 400, 404, 405, 413, 431}, answer[:200]
    assert b"Traceback" not in answer
    assert b"mk_alice" not in answer


HARMLESS = [
    row("upgrade to WebSocket", "Upgrade: websocket", "answered as plain HTTP", b"Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Key: x\r\n"),
    row("upgrade to HTTP/2", "Upgrade: h2c", "answered as plain HTTP", b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAAA\r\n"),
    row("forged forwarding", "X-Forwarded-For and friends", "give no rights", b"X-Forwarded-For: 127.0.0.1\r\nForwarded: for=127.0.0.1\r\nX-Real-IP: ::1\r\n"),
    row("method override", "X-HTTP-Method-Override: DELETE", "ignored", b"X-HTTP-Method-Override: DELETE\r\n"),
    row("address override", "X-Original-URL: /v1/keys", "ignored", b"X-Original-URL: /v1/keys\r\nX-Rewrite-URL: /v1/keys\r\n"),
    row("key in two fields", "two Authorization fields", "the first counts, and it is wrong", b"Authorization: Bearer no\r\nAuthorization: Bearer mk_alice\r\n"),
    row("key with noise", "bytes that are no text for a key", "401", b"Authorization: Bearer \xff\xfe\r\n"),
    row("worker's name", "the header of a worker, without its token", "gives no rights", b"X-Mutoscope-Worker: x\r\n"),
]  # fmt: skip


@pytest.mark.parametrize("field", HARMLESS)
def test_a_header_gives_no_rights(raw: Caller, field: bytes) -> None:
    """Without a good key nothing of an account is told, whatever else the head says."""
    answer = raw.ask(b"GET /v1/requests HTTP/1.1\r\nHost: x\r\n" + field + b"\r\n")

    assert status_of(answer) in {400, 401}, answer[:200]


@attack("a second request hidden in the body of the first", "read as a body")
def test_a_request_in_a_body_is_not_run(raw: Caller) -> None:
    """Exactly one answer: what the length covers is body."""
    inner = b"DELETE /v1/files/x HTTP/1.1\r\nHost: x\r\n" + KEY + b"\r\n"
    answer = raw.ask(SUBMIT + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(inner) + inner)

    assert answer.count(b"HTTP/1.1 ") == 1
    assert status_of(answer) == 400


@attack("CR LF in an address and in a host", "never a header field of an answer")
def test_no_header_of_an_answer_can_be_made_up(raw: Caller) -> None:
    """Percent-encoded in path, query and name; answers quote the host in JSON only."""
    for target in (b"/v1/models/%0d%0aX-Planted:%201", b"/v1/files/a/%0d%0aX-Planted:%201?signature=%0d%0aX-Planted:1"):
        answer = raw.ask(b"GET " + target + b" HTTP/1.1\r\nHost: x%0d%0aX-Planted: 1\r\nConnection: close\r\n\r\n")
        head = answer.partition(b"\r\n\r\n")[0]
        assert b"\nX-Planted" not in head
        assert status_of(answer) in {401, 404}


@attack("a thousand requests in one packet", "answered one after the other")
def test_many_requests_at_once_are_answered_in_turn(raw: Caller) -> None:
    """Pipelining is allowed, and bounded by what one connection may send ahead."""
    answer = raw.ask((GET + b"\r\n") * 999 + GET + b"Connection: close\r\n\r\n")

    assert answer.count(b"HTTP/1.1 200 ") == 1000


@attack("three hundred connections that say nothing", "everybody else is served meanwhile")
def test_silent_connections_keep_nobody_out(raw: Caller, besieged: LiveServer) -> None:
    """Each is closed after 30 seconds without a head; until then there is room."""
    for _ in range(300):
        raw.connect()

    with besieged.client() as owner:
        assert owner.get("/v1/models").status_code == 200


@attack("a hundred heads, a byte a second (slow loris)", "everybody else is served meanwhile")
def test_slow_heads_keep_nobody_out(raw: Caller, besieged: LiveServer) -> None:
    """The end after 30 seconds is shown in test_connection.py, with less patience."""
    slow = [raw.connect() for _ in range(100)]
    for turn in range(3):
        for connection in slow:
            connection.sendall(b"GET / HTTP/1.1\r\n"[turn : turn + 1])
        time.sleep(0.05)

    with besieged.client() as owner:
        assert owner.get("/v1/models").status_code == 200


@attack("a hundred bodies that stop half way", "everybody else is served meanwhile, and work goes on")
def test_slow_bodies_keep_nobody_out(raw: Caller, besieged: LiveServer) -> None:
    """The end after 30 seconds is shown in test_connection.py, with less patience."""
    for _ in range(100):
        raw.connect().sendall(SUBMIT + b"Content-Length: 100000\r\n\r\n{")

    with besieged.client() as owner:
        answer = owner.post(f"/v1/models/{TESTCARD}", content=BODY)
        assert answer.status_code == 200, answer.text


@attack("more event streams than one account may have", "429 for the next; other calls are answered")
def test_event_streams_are_counted(raw: Caller, besieged: LiveServer) -> None:
    """Two hundred are followed, the next is told to wait; when one ends there is room again."""
    with besieged.client() as owner:
        made = owner.post(f"/v1/models/{TESTCARD}", json=json.loads(BODY) | {"delay_s": 60})
        request_id = made.json()["request_id"]
        ask = f"GET /v1/requests/{request_id}/events HTTP/1.1\r\nHost: x\r\n".encode() + KEY + b"\r\n"
        streams = [raw.connect() for _ in range(200)]
        for stream in streams:
            stream.sendall(ask)
        for stream in streams:
            assert status_of(stream.recv(1000)) == 200
        one_more = raw.connect()
        one_more.sendall(ask)
        assert b'"error_code":429002' in until_answered(one_more)
        assert owner.get(f"/v1/requests/{request_id}").status_code == 200
        owner.post(f"/v1/requests/{request_id}/cancel", params={"running": "true"})
        said = b""
        while b"cancelled" not in said:
            said += streams[0].recv(1000)


@attack("a length that is announced but never sent, with Expect", "refused before a byte is sent")
def test_an_expected_body_that_is_too_large_is_refused_unsent(raw: Caller) -> None:
    """413 instead of 100 Continue."""
    answer = raw.ask(SUBMIT + b"Content-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n")

    assert status_of(answer) == 413
