"""Well-formed HTTP with bad intentions: ids, paths, queries, JSON, signed addresses, webhooks, inputs by address."""

from __future__ import annotations

import time
import zlib

import httpx
import pytest

from tests.attacks.attack import attack, row
from tests.conftest import LiveServer
from tests.http import media
from tests.http.calls import SMALL, TESTCARD, WITH_PICTURE, finished, submit, until
from tests.http.hostile import Hostile

IDS = [
    row("quote in id", "' or 1=1 --", "404", "'%20or%201=1%20--"),
    row("statement in id", "'; drop table requests; --", "404", "';%20drop%20table%20requests;%20--"),
    row("pattern in id", "% and _", "404", "%25_%25"),
    row("parent in id", "..%2f..", "404", "..%2f.."),
    row("encoded twice", "%252e%252e%252f", "404", "%252e%252e%252f"),
    row("NUL in id", "%00", "404", "%00"),
    row("line break in id", "%0d%0a", "404", "%0d%0a"),
    row("bytes in id", "%ff%fe, no UTF-8", "404", "%ff%fe"),
    row("overlong UTF-8", "%c0%ae%c0%ae%c0%af", "404", "%c0%ae%c0%ae%c0%af"),
    row("surrogate in id", "%ed%a0%80", "404", "%ed%a0%80"),
    row("endless id", "3,000 letters", "404", "a" * 3000),
    row("template in id", "{{7*7}}", "404", "%7b%7b7*7%7d%7d"),
    row("number in id", "-1", "404", "-1"),
]  # fmt: skip


@pytest.mark.parametrize("ident", IDS)
def test_a_strange_id_is_only_unknown(owner: httpx.Client, ident: str) -> None:
    """Wherever an id stands in an address, whatever the method."""
    for method, path in (
        ("GET", "/v1/requests/{}"),
        ("GET", "/v1/requests/{}/result"),
        ("GET", "/v1/requests/{}/events"),
        ("POST", "/v1/requests/{}/cancel"),
        ("DELETE", "/v1/requests/{}"),
        ("GET", "/v1/files/{}/a.png"),
        ("DELETE", "/v1/files/{}"),
        ("DELETE", "/v1/keys/{}"),
        ("GET", "/v1/webhooks/{}"),
        ("POST", "/v1/webhooks/deliveries/{}/replay"),
        ("GET", "/v1/models/{}"),
        ("POST", "/v1/models/{}"),
    ):
        answer = owner.request(method, path.format(ident), json={} if method == "POST" else None)
        assert answer.status_code in {404, 405}, (path, answer.text)
        assert "49" not in answer.text or "{{" not in ident


PATHS = [
    row("file outside", "/v1/files/../../etc/passwd", "404", "/v1/files/..%2f..%2fetc/passwd"),
    row("dots in the path", "/v1/models/../keys", "404", "/v1/models/%2e%2e/keys"),
    row("double slash", "//v1//keys", "404", "//v1//keys"),
    row("path parameter", "/v1/keys;a=b", "404", "/v1/keys;a=b"),
    row("slash at the end", "/v1/keys/", "404", "/v1/keys/"),
    row("worker's address", "/worker/v1/claim with a caller's key", "401 or 405", "/worker/v1/files/x"),
    row("debug pages", "/debug, /.git/config, /server-status", "404", "/.git/config"),
    row("deep path", "a thousand folders", "404", "/v1" + "/a" * 1000),
]


@pytest.mark.parametrize("path", PATHS)
def test_a_strange_path_leads_nowhere(owner: httpx.Client, path: str) -> None:
    """Paths are compared, never resolved."""
    answer = owner.get(str(owner.base_url).rstrip("/") + path)  # the client would mend a path of its own

    assert answer.status_code in {401, 404, 405}, answer.text
    assert "root:" not in answer.text


BODIES = [
    row("deep JSON", "100,000 brackets", "400 or 422", b'{"prompt":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    row("deep objects", "20,000 objects in each other", "400 or 422", b'{"a":' * 20_000 + b"1" + b"}" * 20_000),
    row("many values", "a million values", "413", b'{"a": [' + b"0," * 1_000_000 + b"0]}"),
    row("huge number", "a number of 100,000 digits", "400 or 422", b'{"num_frames": ' + b"9" * 100_000 + b"}"),
    row("huge exponent", "1e999999", "400 or 422", b'{"num_frames": 1e999999}'),
    row("not a number", "NaN", "400", b'{"num_frames": NaN}'),
    row("lone surrogate", "half a character", "400", b'{"prompt": "\\ud800"}'),
    row("broken UTF-8", "bytes that are no text", "400", b'{"prompt": "\xff\xfe"}'),
    row("UTF-16", "JSON in UTF-16", "400", '{"prompt": "x"}'.encode("utf-16")),
    row("byte order mark", "JSON behind a byte order mark", "400", b'\xef\xbb\xbf{"prompt": "x"}'),
    row("two documents", "two objects", "400", b"{}{}"),
    row("comment", "JSON with comments", "400", b'{"prompt": "x" /* */}'),
    row("pickle", "a Python pickle", "400", b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix"),
    row("no object", "a list where an object belongs", "422", b"[]"),
    row("null", "null", "422", b"null"),
    row("prototype", "__proto__ and constructor", "422 or ignored", b'{"__proto__": {"a": 1}, "constructor": {}, "source": 7}'),
    row("own name for a file", "mutoscope-file: from outside", "422", b'{"prompt":"x","source":"mutoscope-file:abc"}'),
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES)
def test_json_that_is_meant_to_hurt_is_refused(owner: httpx.Client, body: bytes) -> None:
    """4xx in well under a second of work, and nothing is accepted."""
    answer = owner.post(f"/v1/models/{WITH_PICTURE}", content=body)

    assert answer.status_code in {400, 413, 422}, answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        row("number in query", "limit=1e9", "422", "limit", "1e9"),
        row("negative number", "limit=-1", "422", "limit", "-1"),
        row("number of 5,000 digits", "limit=999…", "422", "limit", "9" * 5000),
        row("Arabic digits", "limit=١٢", "422", "limit", "١٢"),
        row("forged cursor", "a cursor of noise", "422", "cursor", "////"),
        row("cursor with SQL", "a cursor that decodes to a statement", "422 or an empty page", "cursor", "MTonIG9yIDE9MSAtLQ=="),
        row("state of nobody", "state='", "422", "state", "'"),
        row("time of nobody", "a date in the year 99999", "422", "created_after", "99999-01-01"),
    ],
)  # fmt: skip
def test_a_strange_query_is_refused(owner: httpx.Client, name: str, value: str) -> None:
    """By name; SQL gets values, never text."""
    answer = owner.get("/v1/requests", params={name: value})

    assert answer.status_code in {200, 422}, answer.text
    assert answer.status_code == 422 or name in {"cursor", "created_after"}


def tampered(url: str, how: str) -> str:
    """A signed address with one thing changed."""
    head, _, query = url.partition("?")
    values = httpx.QueryParams(query)
    expires, signature = values["expires"], values["signature"]
    changed = {
        "later": (str(int(expires) + 1), signature),
        "past": (str(int(time.time()) - 10), signature),
        "shorter": (expires, signature[:-1]),
        "longer": (expires, signature + "0"),
        "other case": (expires, signature.upper()),
        "empty": (expires, ""),
        "sign": ("+" + expires, signature),
        "space": (" " + expires, signature),
        "other digits": (expires.translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)}), signature),
        "endless": ("9" * 4000, signature),
    }[how]
    return f"{head}?{httpx.QueryParams({'expires': changed[0], 'signature': changed[1]})}"


@pytest.mark.parametrize(
    "how",
    [
        row("signature, later", "a signed address with a later end", "404", "later"),
        row("signature, past", "one whose time is over", "404", "past"),
        row("signature, shorter", "a letter less", "404", "shorter"),
        row("signature, longer", "a letter more", "404", "longer"),
        row("signature, other case", "in capitals", "404", "other case"),
        row("signature, empty", "none", "401 or 404", "empty"),
        row("signature, sign", "+ before the number", "404", "sign"),
        row("signature, space", "a space before the number", "404", "space"),
        row("signature, other digits", "full-width digits", "404", "other digits"),
        row("signature, endless", "a number of 4,000 digits", "404", "endless"),
    ],
)  # fmt: skip
def test_a_signed_address_cannot_be_changed(owner: httpx.Client, besieged: LiveServer, how: str) -> None:
    """Without a key the signature is all there is; as it came it works, changed it does not."""
    url = str(owner.post("/v1/files", content=media.png(16, 16)).json()["url"])
    with besieged.client("") as nobody:
        assert nobody.get(url).status_code == 200
        assert nobody.get(tampered(url, how)).status_code in {401, 404}
        other = str(owner.post("/v1/files", content=media.png(16, 17)).json()["file_id"])
        mine = url.split("/v1/files/")[1].split("/", maxsplit=1)[0]
        assert nobody.get(url.replace(mine, other)).status_code == 404


WEBHOOKS = [
    row("webhook to metadata", "?webhook=https://169.254.169.254/", "422", "https://169.254.169.254/"),
    row("webhook inside", "?webhook=https://[::ffff:10.0.0.1]/", "422", "https://[::ffff:10.0.0.1]/"),
    row("webhook to a file", "?webhook=file:///etc/passwd", "422", "file:///etc/passwd"),
    row("webhook with password", "?webhook=https://u:p@…", "422", "https://u:p@hooks.example/"),
    row("webhook with broken name", "?webhook=https://xn--/, which was a 500", "422", "https://xn--/"),
    row("webhook with line break", "CR LF in the address", "422", "https://hooks.example/\r\nX: 1"),
    row("webhook of 9,000 letters", "an endless address", "422", "https://hooks.example/" + "a" * 9000),
]  # fmt: skip


@pytest.mark.parametrize("url", WEBHOOKS)
def test_a_webhook_may_not_lead_inside(owner: httpx.Client, url: str) -> None:
    """Refused at submit, and as an endpoint; the message does not repeat the password."""
    answers = [
        owner.post(f"/v1/models/{TESTCARD}", params={"webhook": url}, json=SMALL),
        owner.post("/v1/webhooks", json={"url": url, "events": ["completed"]}),
    ]

    for answer in answers:
        assert answer.status_code == 422, answer.text
        assert "u:p" not in answer.text


@attack("a webhook whose receiver redirects to the metadata service", "not followed; the redirect is the answer")
def test_a_webhook_is_not_sent_on(owner: httpx.Client, hostile: Hostile) -> None:
    """The delivery log says what the receiver answered."""
    url = hostile.redirect("http://169.254.169.254/latest/")
    request = owner.post(f"/v1/models/{TESTCARD}", params={"webhook": url}, json=SMALL).json()["request_id"]

    def told() -> str:
        found = owner.get("/v1/webhooks/deliveries").json()["deliveries"]
        ids = [one["delivery_id"] for one in found if one["request_id"] == request]
        return "".join(owner.get(f"/v1/webhooks/deliveries/{ident}").text for ident in ids)

    until(lambda: "redirects are not followed" in told())
    assert set(hostile.asked) == {"/redirect"}


INPUTS = [
    row("input at metadata", "a picture at 169.254.169.254", "the request fails, by name", "https://169.254.169.254/latest/meta-data/"),
    row("input in decimal", "a picture at https://2852039166/", "the request fails, by name", "https://2852039166/"),
    row("input with broken name", "a picture at https://xn--/, which crashed the attempt", "the request fails, by name", "https://xn--/"),
    row("input at the database", "gopher:// as a picture", "422, or the request fails", "gopher://127.0.0.1:6379/_x"),
    row("input from the disk", "file:///etc/passwd as a picture", "422, or the request fails", "file:///etc/passwd"),
]  # fmt: skip


@pytest.mark.parametrize("url", INPUTS)
def test_an_input_may_not_lead_inside(owner: httpx.Client, url: str) -> None:
    """By the worker, once: another attempt would not help."""
    answer = owner.post(f"/v1/models/{WITH_PICTURE}", json={"source": url, "num_frames": 1})
    if answer.status_code == 422:
        return
    told = finished(owner, answer.json()["request_id"])

    assert told["status"] == "failed"
    assert told["error"].startswith("source: ")
    assert "internal" not in told["error"]


@attack("an input whose server redirects inside", "the request fails; the worker goes on")
def test_an_input_that_redirects_inside_fails(owner: httpx.Client, hostile: Hostile) -> None:
    """Through the real worker."""
    told = finished(owner, submit(owner, WITH_PICTURE, source=hostile.redirect("http://10.0.0.1/")))

    assert told["status"] == "failed"
    assert "redirected: 10.0.0.1 is not a public address" in told["error"]


@attack("an input that passes its check and breaks the decoder", "the request fails; the worker goes on")
def test_an_input_that_cannot_be_decoded_fails(owner: httpx.Client, hostile: Hostile) -> None:
    """Its outline is right, its pixels are noise."""
    noise = zlib.compress(bytes(n % 251 for n in range(2000)))[:300]
    header = b"\0\0\x01\0\0\0\x01\0\x08\x02\0\0\0"
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        media._chunk(kind, data) for kind, data in ((b"IHDR", header), (b"IDAT", noise), (b"IEND", b""))
    )
    told = finished(owner, submit(owner, WITH_PICTURE, source=hostile.serve(content)))

    assert told["status"] == "failed"
    assert "could not be decoded" in told["error"]


@attack("an engine that is killed in the middle", "tried again, then failed; the worker goes on")
def test_a_crash_of_the_engine_is_a_failed_request(owner: httpx.Client) -> None:
    """SIGKILL to itself, at every attempt."""
    told = finished(owner, submit(owner, TESTCARD, fail="crash"))

    assert told["status"] == "failed"
    assert "stopped unexpectedly" in told["error"]
