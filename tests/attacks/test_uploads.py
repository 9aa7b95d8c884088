"""Uploads: names that want to be paths, forms that are none, lengths that lie, more of them than fit."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import httpx
import pytest

from tests.attacks.attack import attack, row
from tests.attacks.raw import Caller, status_of, until_closed
from tests.conftest import LiveServer
from tests.http import media
from tests.http.calls import assert_error, until

KEY = b"Authorization: Bearer mk_alice\r\n"
HEAD = b"POST /v1/files HTTP/1.1\r\nHost: x\r\n" + KEY + b"Connection: close\r\n"
SAFE = re.compile(r"[A-Za-z0-9._-]{1,90}")

NAMES = [
    row("parent folders", "../../../../etc/passwd", "the last part, made plain", "../../../../etc/passwd"),
    row("absolute path", "/etc/cron.d/x", "the last part, made plain", "/etc/cron.d/x"),
    row("Windows path", "..\\..\\windows\\win.ini", "the last part, made plain", "..\\..\\windows\\win.ini"),
    row("drive", "C:evil.png", "made plain", "C:evil.png"),
    row("two dots", "..", "named upload", ".."),
    row("one dot", ".", "named upload", "."),
    row("hidden file", ".htaccess", "without its dot", ".htaccess"),
    row("percent-encoded", "%2e%2e%2fpasswd", "made plain", "%2e%2e%2fpasswd"),
    row("NUL", "a.png NUL .exe", "made plain", "a.png\0.exe"),
    row("line break", "a CR LF X-Planted: 1 .png", "made plain", "a\r\nX-Planted: 1.png"),
    row("quote", "a\"; filename=\"b", "made plain", 'a"; filename="b'),
    row("reserved name", "CON.png", "stored under an id of its own", "CON.png"),
    row("endless name", "300 letters", "cut", "a" * 300 + ".png"),
    row("300 bytes of Unicode", "100 letters of three bytes each", "named upload", "あ" * 100),
    row("right to left", "photo RLO gnp.exe", "made plain", "photo\u202egnp.exe"),
    row("full-width dots", "．．／passwd", "made plain", "．．／passwd"),
    row("combining marks", "letters under a heap of marks", "made plain", "a" + "\u0301" * 200 + ".png"),
    row("script", "<script>alert(1)</script>.png", "made plain", "<script>alert(1)</script>.png"),
    row("shell", "$(touch planted);.png", "made plain", "$(touch planted);.png"),
    row("format string", "%s%n%x{0.__class__}.png", "made plain", "%s%n%x{0.__class__}.png"),
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_never_becomes_a_path(owner: httpx.Client, besieged: LiveServer, name: str) -> None:
    """As a form's file name and as ?name=: letters, digits, dot, dash; the type is that of the content."""
    content = media.png(64, 64)
    boundary = b"b0undary"
    disposition = b'form-data; name="file"; filename="' + name.replace('"', '\\"').replace("\r\n", " ").encode() + b'"'
    form = b"--" + boundary + b"\r\nContent-Disposition: " + disposition + b"\r\n\r\n" + content
    answers = [
        owner.post("/v1/files", params={"name": name}, content=content),
        owner.post(
            "/v1/files",
            content=form + b"\r\n--" + boundary + b"--\r\n",
            headers={"Content-Type": f"multipart/form-data; boundary={boundary.decode()}"},
        ),
    ]

    for answer in answers:
        assert answer.status_code == 201, answer.text
        told = answer.json()
        assert SAFE.fullmatch(told["name"]) and not told["name"].startswith("."), told["name"]
        assert told["media_type"] == "image/png"
        served = owner.get(told["url"])
        assert served.content == content
        assert served.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in served.headers["content-security-policy"]
        assert "x-planted" not in served.headers
    files = besieged.data / "files"
    assert all(path.parent.parent == files for path in files.rglob("*") if path.is_file())
    assert not Path("planted").exists()


def form(*parts: bytes, boundary: bytes = b"x", end: bytes = b"--x--\r\n") -> bytes:
    """A multipart body."""
    return b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + end


FILE = b'Content-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + media.png(8, 8)
TYPE = "multipart/form-data; boundary=x"

FORMS = [
    row("no boundary", "multipart without boundary", "400", "multipart/form-data", form(FILE), {400}),
    row("endless boundary", "a boundary of 10,000 letters", "400", "multipart/form-data; boundary=" + "x" * 10_000, form(FILE), {400}),
    row("empty boundary", "boundary=", "400", "multipart/form-data; boundary=", form(FILE), {400, 422}),
    row("no end", "a form that stops", "never a 5xx", TYPE, form(FILE, end=b""), {201, 400, 422}),
    row("no part", "only the end", "422", TYPE, form(), {400, 422}),
    row("no field file", "another field's file", "422", TYPE, form(FILE.replace(b'"file"', b'"other"')), {422}),
    row("text for a file", "field file without a file", "422", TYPE, form(FILE.replace(b'; filename="a.png"', b"")), {422}),
    row("two files", "two files", "400", TYPE, form(FILE, FILE), {400}),
    row("many fields", "10,000 fields", "400", TYPE, form(*[b'Content-Disposition: form-data; name="a"\r\n\r\nb'] * 10_000), {400}),
    row("endless part header", "a part's header of 4 MB", "400", TYPE, form(b"X: " + b"y" * 2**22 + b"\r\n\r\nz"), {400}),
    row("many part headers", "a part with 100,000 headers", "400", TYPE, form(b"X: y\r\n" * 100_000 + b"\r\nz"), {400}),
    row("large text field", "a text field of 4 MB", "400", TYPE, form(b'Content-Disposition: form-data; name="a"\r\n\r\n' + b"b" * 2**22), {400}),
    row("nested form", "a form inside a form", "the outer one counts", TYPE,
        form(b"Content-Type: multipart/mixed; boundary=y\r\n" + FILE), {201, 400, 422}),
    row("packed part", "Content-Transfer-Encoding: base64", "ignored", TYPE, form(b"Content-Transfer-Encoding: base64\r\n" + FILE), {201, 422}),
    row("slow charset", "charset=punycode, which takes the square of the length", "400",
        TYPE + "; charset=punycode", form(b'Content-Disposition: form-data; name="a"\r\n\r\n' + b"a-" * 250_000, FILE), {400}),
    row("charset of bytes", "charset=zlib", "400", TYPE + "; charset=zlib", form(FILE), {400}),
    row("charset without end", "a charset of 10,000 letters", "400", TYPE + "; charset=" + "a" * 10_000, form(FILE), {400}),
    row("packed body", "Content-Encoding: gzip is not undone", "422", "application/octet-stream", b"\x1f\x8b\x08" + bytes(100), {422}),
    row("JSON for a file", "a JSON body", "422", "application/json", b'{"file": "/etc/passwd"}', {422}),
    row("empty", "an empty body", "400", "image/png", b"", {400}),
    row("address for a file", "a form field that names an address", "422", TYPE,
        form(b'Content-Disposition: form-data; name="file"\r\n\r\nhttp://169.254.169.254/'), {422}),
]  # fmt: skip


@pytest.mark.parametrize(("content_type", "body", "statuses"), FORMS)
def test_a_form_that_is_none_is_refused(
    owner: httpx.Client, content_type: str, body: bytes, statuses: set[int]
) -> None:
    """4xx in the one shape; the server has time for others meanwhile."""
    answer = owner.post("/v1/files", content=body, headers={"Content-Type": content_type})

    assert answer.status_code in statuses, answer.text
    if answer.status_code != 201:
        assert_error(answer, answer.status_code)


def uploads(besieged: LiveServer) -> set[Path]:
    """What is stored but for outputs, for requests of other tests may be under way; whole files and begun ones."""
    return {
        path
        for path in (besieged.data / "files").rglob("*")
        if path.is_file() and not path.name.startswith(("outputs+", "inputs+"))
    }


@attack("an upload beyond the limit, in chunks", "413 at the limit; nothing is kept")
def test_an_upload_without_a_length_is_cut(raw: Caller, besieged: LiveServer) -> None:
    """Eight megabytes are the limit of this server."""
    before = uploads(besieged)
    body = (b"100000\r\n" + b"\0" * 2**20 + b"\r\n") * 12 + b"0\r\n\r\n"

    answer = raw.ask(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body)

    assert status_of(answer) in {0, 413}
    until(lambda: uploads(besieged) <= before)


@attack("fewer bytes than announced, then the end", "nothing is kept")
def test_an_upload_that_breaks_off_is_forgotten(raw: Caller, besieged: LiveServer) -> None:
    """Nobody is left to be told."""
    before = uploads(besieged)

    connection = raw.connect()
    connection.sendall(HEAD + b"Content-Length: 100000\r\n\r\n" + media.png(64, 64))
    connection.shutdown(socket.SHUT_WR)
    until_closed(connection)

    until(lambda: uploads(besieged) <= before)


@attack("more bytes than announced", "the rest is no part of the file")
def test_bytes_behind_an_upload_are_not_part_of_it(raw: Caller, owner: httpx.Client) -> None:
    """And not a request either."""
    content = media.png(64, 64)

    answer = raw.ask(HEAD + b"Content-Length: %d\r\n\r\n" % len(content) + content + b"planted")

    assert status_of(answer) == 201
    assert owner.get("/v1/files").json()["files"][0]["size_bytes"] == len(content)


@attack("twenty uploads at once of one account", "429 beyond sixteen; another account uploads meanwhile")
def test_uploads_under_way_are_counted(raw: Caller, besieged: LiveServer) -> None:
    """Each holds a file and a connection, so one account cannot hold them all."""
    with besieged.client() as owner:
        other = owner.post("/v1/keys", json={"name": "o", "account": "other", "scopes": ["run"]}).json()["key"]
        slow: list[socket.socket] = []
        statuses: set[int] = set()
        while 429 not in statuses:  # as soon as all places are taken; ordinary uploads take one for a moment, too
            slow.append(raw.connect())
            slow[-1].sendall(HEAD + b"Content-Length: 1000\r\n\r\n\x89PNG")
            statuses.add(owner.post("/v1/files", content=media.png(8, 8)).status_code)
        assert len(slow) >= 16
        with besieged.client(other) as somebody:
            assert somebody.post("/v1/files", content=media.png(8, 8)).status_code == 201
        for connection in slow:
            connection.close()
        while owner.post("/v1/files", content=media.png(8, 8)).status_code != 201:
            pass  # the places are free again once the server noticed
    assert statuses <= {201, 429}
