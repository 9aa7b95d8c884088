"""What is refused, and in which words: bad bodies, bad pictures, bad addresses, somebody else's requests.

A picture can come as a data URI, as an upload or by its address. The first two are refused at submit (422), the
third makes the request fail; the words are the same, name field and rule, and repeat nothing the caller sent.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.conftest import REFERENCE_MODEL, LiveServer
from tests.http import media
from tests.http.calls import (
    FIRST_FRAME,
    IMPATIENT,
    SMALL,
    TESTCARD,
    WITH_PICTURE,
    assert_error,
    assert_no_defects,
    finished,
    submit,
)
from tests.http.hostile import Hostile

pytestmark = pytest.mark.slow

PROMPT = "a-very-private-prompt"
PICTURE = "https://pictures.example/a.jpg"


def refuse(client: httpx.Client, body: dict[str, Any], model_id: str = REFERENCE_MODEL) -> dict[str, Any]:
    """The body is refused with 422, at once and without an echo of what was sent. Returns the error."""
    answer = client.post(f"/v1/models/{model_id}", json=body)
    told = assert_error(answer, 422)
    assert PROMPT not in answer.text
    assert told["message"] == "; ".join(f"{p['path']}: {p['message']}".lstrip(": ") for p in told["detail"])
    return told


def problem(told: dict[str, Any], path: str) -> tuple[str, str]:
    """Rule and message of the only problem, which is at this path."""
    assert [found["path"] for found in told["detail"]] == [path]
    return told["detail"][0]["rule"], told["detail"][0]["message"]


@pytest.fixture(scope="module", autouse=True)
def foreseen(server: LiveServer) -> Iterator[None]:
    """Whatever is asked here, the server foresaw it: its log holds no defect afterwards."""
    yield
    assert_no_defects(server)


# -- keys and ids -------------------------------------------------------------------------------------------------


def test_a_call_without_a_key_is_refused(server: LiveServer) -> None:
    """401, and how a key is shown."""
    with server.client("") as nobody:
        told = assert_error(nobody.post(f"/v1/models/{TESTCARD}", json=SMALL), 401, 401001)

    assert "Authorization: Bearer" in told["message"]


@pytest.mark.parametrize("key", ["mk_wrong", "mk_alic", "mk_alice2", "'; drop table api_keys; --", "Bearer mk_alice"])
def test_an_unknown_key_is_refused_and_not_repeated(server: LiveServer, key: str) -> None:
    """401; a mistyped key may be one letter from a real one, so it is not echoed."""
    with server.client(key) as nobody:
        answer = nobody.post(f"/v1/models/{TESTCARD}", json=SMALL)

    assert "unknown, revoked or expired" in assert_error(answer, 401, 401002)["message"]
    assert key not in answer.text


def test_an_unknown_model_is_refused_with_the_nearest_one(alice: httpx.Client) -> None:
    """404; a typing error is answered with what was meant."""
    answer = alice.post("/v1/models/bytedance/dreamina-3.0/pro/image-to-video", json={"prompt": PROMPT})

    assert f"did you mean {REFERENCE_MODEL}" in assert_error(answer, 404, 404001)["message"]


@pytest.mark.parametrize("name", ["%00", "..%2f..%2fetc%2fpasswd", "a%20b", "x" * 4000, "日本"])
def test_a_strange_model_name_is_only_unknown(alice: httpx.Client, name: str) -> None:
    """Never a 500."""
    assert "no such model" in assert_error(alice.post(f"/v1/models/{name}", json={}), 404)["message"]


@pytest.mark.parametrize("call", ["status", "result", "events", "poster", ""])
def test_somebody_elses_request_is_not_there(alice: httpx.Client, bob: httpx.Client, call: str) -> None:
    """404, word for word as for an id that never was."""
    request_id = submit(alice)

    there = bob.get(f"/v1/requests/{request_id}/{call}".rstrip("/"))
    nowhere = bob.get(f"/v1/requests/00000000-0000-0000-0000-000000000000/{call}".rstrip("/"))

    assert assert_error(there, 404, 404001) == assert_error(nowhere, 404, 404001)


@pytest.mark.parametrize("request_id", ["%00", "' or 1=1 --", "..%2f", "x" * 3000, "日本", "%ff"])
def test_a_strange_request_id_is_only_unknown(alice: httpx.Client, request_id: str) -> None:
    """Never a 500."""
    assert_error(alice.get(f"/v1/requests/{request_id}/status"), 404, 404001)


# -- bodies -------------------------------------------------------------------------------------------------------


def test_a_missing_prompt_is_named(alice: httpx.Client) -> None:
    """The default of a required property is an example and fills nothing."""
    told = refuse(alice, {"image_urls": [PICTURE]})

    assert problem(told, "prompt") == ("required", "is required")


def test_a_missing_picture_is_named(alice: httpx.Client) -> None:
    """As the prompt is."""
    assert problem(refuse(alice, {"prompt": PROMPT}), "image_urls") == ("required", "is required")


def test_every_problem_is_told_at_once(alice: httpx.Client) -> None:
    """Nobody should need five attempts for five mistakes."""
    told = refuse(alice, {"prompt": 7, "image_urls": "x", "seed": "lucky", "frames": 122})

    assert sorted(found["path"] for found in told["detail"]) == ["frames", "image_urls", "prompt", "seed"]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("prompt", 7, "found a number; a string is accepted"),
        ("prompt", None, "found null; a string is accepted"),
        ("prompt", ["x"], "found a list; a string is accepted"),
        ("image_urls", PICTURE, "found a string; a list is accepted"),
        ("image_urls", {}, "found an object; a list is accepted"),
        ("seed", "1", "found a string; an integer is accepted"),
        ("seed", True, "found a boolean; an integer is accepted"),
        ("seed", 1.5, "found 1.5; an integer is accepted"),
        ("frames", "121", "found a string; an integer is accepted"),
        ("frames", 122, "found 122; accepted are 121, 241"),
    ],
)
def test_a_wrong_type_is_named_with_the_accepted_one(alice: httpx.Client, field: str, value: Any, said: str) -> None:
    """What was found, what is accepted."""
    told = refuse(alice, {"prompt": PROMPT, "image_urls": [PICTURE], field: value})

    assert said in problem(told, field)[1]


def test_a_prompt_of_801_characters_is_too_long(alice: httpx.Client) -> None:
    """800 are accepted, counted as characters and not as bytes."""
    told = refuse(alice, {"prompt": "日" * 801, "image_urls": [PICTURE]})

    assert problem(told, "prompt") == ("maxLength", "found 801 characters; at most 800 are accepted")


def test_a_prompt_of_800_characters_is_accepted(artist: httpx.Client) -> None:
    """Three bytes each, the longest there is."""
    told = finished(artist, submit(artist, FIRST_FRAME, prompt="日" * 800, image_urls=[media.data_uri(media.jpeg())]))

    assert told["status"] == "succeeded"


@pytest.mark.parametrize("count", [0, 2, 300])
def test_exactly_one_picture_is_accepted(alice: httpx.Client, count: int) -> None:
    """None, two, or many more."""
    told = refuse(alice, {"prompt": PROMPT, "image_urls": [PICTURE] * count})

    rule, said = problem(told, "image_urls")
    assert rule == ("minItems" if count == 0 else "maxItems")
    assert "1 is accepted" in said


@pytest.mark.parametrize(
    "url",
    [
        "",
        "picture.jpg",
        "ftp://pictures.example/a.jpg",
        "file:///etc/passwd",
        "mutoscope-file:00000000",
        "javascript:alert(1)",
        "data:text/html;base64,PGI+",
        "data:image/png,raw",
        "https://",
    ],
)
def test_what_is_no_address_of_a_picture_is_refused(alice: httpx.Client, url: str) -> None:
    """https addresses and data URIs are accepted; our own names for stored files are not."""
    rule, said = problem(refuse(alice, {"prompt": PROMPT, "image_urls": [url]}), "image_urls[0]")

    assert rule == "format"
    assert "expected an https address or a data URI" in said


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b'{"prompt": ', "line 1"),
        (b"{'prompt': 'x'}", "line 1"),
        (b"prompt=x", "line 1"),
        (b'{"prompt": "x"} {}', "line 1"),
        (b'{"prompt": "\xff\xfe"}', "line"),
        (b'{"prompt": "\\ud800"}', "line 1"),
        (b'{"prompt": "x", "seed": NaN}', "line 1"),
        (b'{"prompt": "x", "seed": Infinity}', "line 1"),
        (b"[" * 100_000, "line 1"),
        (b"\xef\xbb\xbf", "line"),
    ],
    ids=["cut", "quotes", "form", "two", "utf-8", "surrogate", "nan", "infinity", "deep", "bom"],
)
def test_a_body_that_is_no_json_is_refused(alice: httpx.Client, body: bytes, where: str) -> None:
    """400 with the place, and not a byte of the body."""
    answer = alice.post(f"/v1/models/{TESTCARD}", content=body, headers={"Content-Type": "application/json"})

    assert where in assert_error(answer, 400, 400001)["message"]


@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"1" * 400, b"9223372036854775808", b"-9223372036854775809"])
def test_a_number_beyond_all_bounds_is_refused(alice: httpx.Client, number: bytes) -> None:
    """400 or 422, never a crash and never a silent wrap."""
    answer = alice.post(f"/v1/models/{TESTCARD}", content=b'{"prompt": "x", "seed": ' + number + b"}")

    assert answer.status_code in (400, 422)
    assert_error(answer, answer.status_code)


@pytest.mark.parametrize("body", [b"null", b"1", b'"x"', b"[]", b"true"])
def test_a_body_that_is_no_object_is_refused(alice: httpx.Client, body: bytes) -> None:
    """It is said what it is."""
    answer = alice.post(f"/v1/models/{TESTCARD}", content=body)

    assert "an object is accepted" in assert_error(answer, 422, 422001)["message"]


def test_a_body_nested_without_end_is_accepted_only_where_it_is_ignored(alice: httpx.Client) -> None:
    """Unknown keys are dropped, however deep they are."""
    deep = b'{"prompt": "x", "extra": ' + b"[" * 200 + b"]" * 200 + b"}"

    answer = alice.post(f"/v1/models/{TESTCARD}", content=deep)

    assert answer.status_code in (200, 400)


def test_a_body_too_deep_to_be_compared_is_refused_under_an_idempotency_key(alice: httpx.Client) -> None:
    """JSON is read to 1,024 levels but written to some 250; never a 500."""
    deep = b'{"prompt": "x", "extra": ' + b"[" * 300 + b"]" * 300 + b"}"

    answer = alice.post(f"/v1/models/{TESTCARD}", content=deep, headers={"Idempotency-Key": "deep"})

    assert "nested too deeply" in assert_error(answer, 422, 422001)["message"]


@pytest.mark.parametrize("piece", [b'"%d":0,', b'"%d":[],'])
def test_a_body_of_a_million_values_does_not_hold_the_server_up(alice: httpx.Client, piece: bytes) -> None:
    """413 before it is read as JSON, which would stop every lease for seconds: its end is not even JSON."""
    body = b'{"prompt": "x", ' + b"".join(piece % number for number in range(1_000_000)) + b'"end": no}'
    answer = alice.post(f"/v1/models/{TESTCARD}", content=body)

    assert "more than 200000 values" in assert_error(answer, 413, 413001)["message"]


# -- large bodies -------------------------------------------------------------------------------------------------


HEAD = f"POST /v1/models/{TESTCARD} HTTP/1.1\nHost: x\nAuthorization: Bearer mk_alice\nContent-Type: application/json\n"
NEXT = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"


def _answer(connection: socket.socket) -> bytes:
    """One JSON answer, or as much of it as came before the other side hung up."""
    said = b""
    while not (b"\r\n\r\n" in said and said.endswith(b"}")):
        more = connection.recv(65536)
        if not more:
            break
        said += more
    return said


def _send(server: LiveServer, head: str, chunk: bytes = b"", times: int = 0) -> tuple[bytes, bytes]:
    """Send a head, then a body to its end. Returns the answer, and the one to the next call on this connection."""
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode())
        for _ in range(times):
            connection.sendall(chunk)
        said = _answer(connection)
        connection.sendall(NEXT)
        return said, _answer(connection)


def test_a_body_announced_as_70_mib_is_refused_before_it_is_sent(server: LiveServer) -> None:
    """A client that waits for `100 Continue` has not sent a byte yet."""
    parts = urlsplit(server.url)
    head = f"{HEAD}Content-Length: {70 * 2**20}\nExpect: 100-continue\n\n"
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode())
        said = _answer(connection)

    assert said.startswith(b"HTTP/1.1 413 ")
    assert b'"error_code":413001' in said


def test_a_body_of_70_mib_is_refused_and_the_connection_survives(server: LiveServer) -> None:
    """A client that sends it all the same reads 413, and its next call is answered."""
    said, after = _send(server, f"{HEAD}Content-Length: {70 * 2**20}\n\n", b" " * 2**20, 70)

    assert said.startswith(b"HTTP/1.1 413 ")
    assert b"at most 67108864 are accepted" in said
    assert after.startswith(b"HTTP/1.1 200 ")


def test_a_body_without_a_length_is_refused_at_the_limit(server: LiveServer) -> None:
    """Chunked: nobody announced anything, so the bytes are counted."""
    body = (b"100000\r\n" + b" " * 2**20 + b"\r\n") * 70 + b"0\r\n\r\n"
    said, after = _send(server, f"{HEAD}Transfer-Encoding: chunked\n\n", body, 1)

    assert said.startswith(b"HTTP/1.1 413 ")
    assert b"more than 67108864 bytes" in said
    assert after.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("path", [f"/v1/models/{TESTCARD}", "/v1/files", "/v1/keys"])
def test_a_caller_who_hangs_up_in_the_middle_of_a_body_does_no_harm(server: LiveServer, path: str) -> None:
    """Nobody is left to be told; it is no defect of the server's, so its log stays quiet."""
    parts = urlsplit(server.url)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer mk_alice\r\nContent-Length: 1000\r\n\r\n"
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60) as connection:
        connection.sendall(head.encode() + b'{"prompt": ')
        time.sleep(0.1)

    with server.client() as alice:
        assert alice.get("/livez").status_code == 200


def test_the_answer_to_a_large_body_reaches_an_ordinary_client(alice: httpx.Client) -> None:
    """413 in the one shape, then the next call on the same client."""
    answer = alice.post(f"/v1/models/{TESTCARD}", content=b" " * (65 * 2**20))

    assert_error(answer, 413, 413001)
    assert alice.get("/v1/models").status_code == 200


# -- pictures -----------------------------------------------------------------------------------------------------

# What is wrong with it: its bytes, the rule that it breaks, and words of the message.
BAD_PICTURES: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "gif": (media.gif, "format", "found GIF; accepted are JPEG and PNG"),
    "truncated": (media.truncated_jpeg, "truncated", "JPEG"),
    "320x320": (lambda: media.jpeg(320, 320), "width_pixels>", "The shortest side must be at least 320 pixels"),
    "3:1": (lambda: media.jpeg(1200, 400), "width/height<", "The ratio of long side to short side must be within 3:1"),
    "1:3.03": (lambda: media.png(330, 1000), "width/height>", "must be greater than 0.33"),
    "5 MB": (lambda: media.jpeg(size_bytes=5 * 2**20), "file_size_mb<", "File size must be less than 4.7 MB"),
    "4097 px": (lambda: media.png(4097, 2000), "width_pixels<=", "Maximum resolution is 4096x4096"),
    "4097 px high": (lambda: media.png(2000, 4097), "height_pixels<=", "Maximum resolution is 4096x4096"),
    "bomb": (lambda: media.bomb_png(20_000), "pixels", "20000 x 20000 px"),
    "large bomb": (lambda: media.bomb_png(60_000), "max_side", "60000 x 60000 px"),
    "text": (lambda: b"this is no picture at all", "format", "found text"),
    "turned": (lambda: media.turned_jpeg(330, 1000), "width/height>", "found 330 x 1000 px"),
}
bad_picture = pytest.mark.parametrize(
    ("make", "rule", "said"), [pytest.param(*row, id=name) for name, row in BAD_PICTURES.items()]
)


@bad_picture
def test_a_bad_picture_in_a_data_uri_is_refused_at_submit(
    alice: httpx.Client, make: Callable[[], bytes], rule: str, said: str
) -> None:
    """422 that names field and rule, without the data."""
    uri = media.data_uri(make())

    told = refuse(alice, {"prompt": PROMPT, "image_urls": [uri]})

    assert_names(told["detail"], "image_urls[0]", rule, said)
    assert uri[-24:] not in str(told)


@bad_picture
def test_a_bad_picture_that_was_uploaded_is_refused(
    alice: httpx.Client, make: Callable[[], bytes], rule: str, said: str
) -> None:
    """By the upload itself if nobody could use it, at submit if this model does not take it."""
    upload = alice.post("/v1/files", files={"file": ("a.jpg", make(), "image/jpeg")})
    if upload.status_code != 201:
        told = assert_error(upload, 422)
        assert said in told["message"]
        return

    told = refuse(alice, {"prompt": PROMPT, "image_urls": [upload.json()["url"]]})

    assert_names(told["detail"], "image_urls[0]", rule, said)


@bad_picture
def test_a_bad_picture_behind_an_address_fails_the_request(
    artist: httpx.Client, hostile: Hostile, make: Callable[[], bytes], rule: str, said: str
) -> None:
    """Accepted, fetched, refused: the same words, and no signature of the address among them."""
    url = hostile.serve(make()) + "?signature=hidden"

    told = finished(artist, submit(artist, FIRST_FRAME, prompt=PROMPT, image_urls=[url]))

    assert told["status"] == "failed"
    assert told["error"].startswith("image_urls[0]: ")
    assert said in told["error"]
    assert "hidden" not in told["error"]
    assert PROMPT not in told["error"]
    del rule  # it is in the words


def test_an_empty_picture_is_refused_every_way(artist: httpx.Client, hostile: Hostile) -> None:
    """A form without a chosen file sends this."""
    told = refuse(artist, {"prompt": PROMPT, "image_urls": ["data:image/png;base64,"]}, FIRST_FRAME)
    upload = artist.post("/v1/files", files={"file": ("a.jpg", b"", "image/jpeg")})

    assert problem(told, "image_urls[0]")[1] == "a data URI without content"
    assert assert_error(upload, 400, 400001)["message"] == "the file is empty"
    assert "found an empty file" in failure(artist, hostile.serve(b""))


def assert_names(detail: list[dict[str, str]], path: str, rule: str, said: str) -> None:
    """One of the problems is this one."""
    assert {found["path"] for found in detail} == {path}
    assert [found for found in detail if rule in found["rule"] and said in found["message"]], detail


@pytest.mark.parametrize(
    "make",
    [
        lambda: media.jpeg(321, 321),
        lambda: media.png(1199, 400),
        lambda: media.png(400, 1212),
        lambda: media.jpeg(4096, 4096),
        lambda: media.turned_jpeg(1199, 400),
        lambda: media.jpeg(size_bytes=int(4.6 * 2**20)),
    ],
    ids=["321", "nearly 3:1", "nearly 1:3.03", "4096", "turned", "4.6 MB"],
)
def test_a_picture_just_inside_the_rules_is_accepted(artist: httpx.Client, make: Callable[[], bytes]) -> None:
    """The rules are strict where the page says so, and not stricter."""
    uri = media.data_uri(make())

    assert finished(artist, submit(artist, FIRST_FRAME, prompt=PROMPT, image_urls=[uri]))["status"] == "succeeded"


def test_a_data_uri_beyond_its_limit_is_refused(alice: httpx.Client) -> None:
    """6 MiB for a picture, before anything is decoded."""
    uri = media.data_uri(b"\xff\xd8" + b"\0" * (7 * 2**20))

    told = refuse(alice, {"source": uri}, WITH_PICTURE)

    assert problem(told, "source")[1] == "a data URI of 7.0 MiB; at most 6 MiB are accepted for image data"


def test_a_picture_where_the_data_uri_says_video_is_refused(alice: httpx.Client) -> None:
    """The field takes pictures; the announcement is held to that, the content too."""
    told = refuse(alice, {"source": media.data_uri(media.jpeg(), "video/mp4")}, WITH_PICTURE)

    assert problem(told, "source")[0] == "format"


def test_nothing_stays_stored_of_a_refused_body(server: LiveServer, alice: httpx.Client) -> None:
    """Neither file nor row."""
    before = sorted(path for path in (server.data / "files").rglob("*") if path.is_file())

    refuse(alice, {"prompt": PROMPT, "image_urls": [media.data_uri(media.jpeg(320, 320))]})

    assert sorted(path for path in (server.data / "files").rglob("*") if path.is_file()) == before


# -- addresses ----------------------------------------------------------------------------------------------------


def failure(client: httpx.Client, url: str, model_id: str = FIRST_FRAME) -> str:
    """Why a request with this picture failed."""
    told = finished(client, submit(client, model_id, prompt=PROMPT, image_urls=[url]))
    assert told["status"] == "failed", told
    assert PROMPT not in told["error"]
    return str(told["error"])


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://10.0.0.1/a.jpg", "10.0.0.1 is not a public address"),
        ("https://192.168.1.1/a.jpg", "192.168.1.1 is not a public address"),
        ("http://169.254.169.254/latest/meta-data/", "169.254.169.254 is not a public address"),
        ("https://[::1]/a.jpg", "not a public address"),
        ("https://[::ffff:10.0.0.1]/a.jpg", "not a public address"),
        ("https://0.0.0.0/a.jpg", "0.0.0.0 is not a public address"),
        ("https://user:secret@127.0.0.1/a.jpg", "holds a user name or password"),
        ("http://93.184.215.14/a.jpg", "only https addresses are fetched"),
    ],
)
def test_a_private_address_is_not_fetched(artist: httpx.Client, url: str, said: str) -> None:
    """The request fails with the rule; nothing is connected to."""
    error = failure(artist, url)

    assert error.startswith("image_urls[0]: ")
    assert said in error
    assert "secret" not in error


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("http://10.0.0.1/", "10.0.0.1 is not a public address"),
        ("http://169.254.169.254/latest/", "169.254.169.254 is not a public address"),
        ("file:///etc/passwd", "only https addresses are fetched"),
        ("http://u:p@127.0.0.1/", "holds a user name or password"),
    ],
)
def test_a_redirect_inwards_is_not_followed(artist: httpx.Client, hostile: Hostile, location: str, said: str) -> None:
    """Every hop is held to the rules of the first address."""
    error = failure(artist, hostile.redirect(location))

    assert error.startswith("image_urls[0]: redirected: ")
    assert said in error


def test_a_redirect_that_never_ends_is_given_up(artist: httpx.Client, hostile: Hostile) -> None:
    """After three."""
    assert "more than 3 redirects" in failure(artist, hostile.redirect("/redirect"))
    assert hostile.asked == ["/redirect"] * 4


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_an_address_that_answers_otherwise_fails_the_request(
    artist: httpx.Client, hostile: Hostile, status: int
) -> None:
    """Asked once: it will not get better."""
    assert f"the address answered {status}" in failure(artist, hostile.answer(status))
    assert hostile.asked == ["/answer"]


@pytest.mark.slow
def test_an_address_that_is_down_is_tried_again(artist: httpx.Client, hostile: Hostile) -> None:
    """503 may pass by itself; after three attempts it has not."""
    error = failure(artist, hostile.answer(503))

    assert "the address answered 503" in error
    assert "3 attempts" in error
    assert hostile.asked == ["/answer"] * 3


@pytest.mark.slow
def test_a_host_that_trickles_does_not_hold_a_worker(artist: httpx.Client, hostile: Hostile) -> None:
    """One byte a second keeps every read alive; the model's time limit, here two seconds, ends it."""
    error = failure(artist, hostile.trickle(), IMPATIENT)

    of_the_fetch = error.startswith("image_urls[0]: ") and "not finished after 2" in error
    assert of_the_fetch or error == "exceeded the time limit of 2 s"  # both clocks end within milliseconds


def test_a_picture_of_more_than_50_mib_is_not_fetched(artist: httpx.Client, hostile: Hostile) -> None:
    """The documented limit for pictures; its announced length is enough."""
    assert "found 51.0 MiB; at most 50 MiB are accepted" in failure(artist, hostile.announce(51 * 2**20))


def test_a_page_instead_of_a_picture_is_named(artist: httpx.Client, hostile: Hostile) -> None:
    """The usual mistake: the address of the page around the picture; its media type says picture all the same."""
    error = failure(artist, hostile.serve(b"<!doctype html><title>a picture</title>", media_type="image/jpeg"))

    assert "found a web page (HTML)" in error


def test_a_file_of_ours_that_is_gone_is_refused_at_submit(server: LiveServer, alice: httpx.Client) -> None:
    """Our own addresses are looked up, never fetched."""
    url = f"{server.url}/v1/files/00000000/a.jpg?expires=9999999999&signature=x"

    told = refuse(alice, {"prompt": PROMPT, "image_urls": [url]})

    assert "this file is not on this server" in problem(told, "image_urls[0]")[1]
