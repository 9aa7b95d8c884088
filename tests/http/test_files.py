"""Files: what was uploaded comes back byte for byte, in parts or whole, to those who may read it."""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.conftest import LiveServer
from tests.http import media
from tests.http.calls import WITH_PICTURE, assert_error, completed, finished, submit

pytestmark = pytest.mark.slow


def upload(client: httpx.Client, content: bytes | None = None, name: str = "holiday.jpg") -> dict[str, Any]:
    """Upload a picture, by default a small JPEG; what the server says about it."""
    answer = client.post("/v1/files", files={"file": (name, media.jpeg() if content is None else content)})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def get(url: str, **headers: str) -> httpx.Response:
    """What anybody without a key gets."""
    return httpx.get(url, headers={name.replace("_", "-"): value for name, value in headers.items()}, trust_env=False)


# -- in -----------------------------------------------------------------------------------------------------------


def test_an_upload_is_measured_and_described(server: LiveServer, alice: httpx.Client) -> None:
    """Size, side lengths and hash of the very bytes, and an address that opens it."""
    content = media.turned_jpeg(300, 200)

    told = upload(alice, content)

    assert told["size_bytes"] == len(content)
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    assert (told["width_px"], told["height_px"], told["media_type"]) == (300, 200, "image/jpeg")
    assert told["url"].startswith(f"{server.url}/v1/files/{told['file_id']}/holiday.jpg?")
    assert told["expires_in_s"] > 3600
    assert get(told["url"]).content == content


def test_a_raw_body_is_an_upload_too(alice: httpx.Client) -> None:
    """curl --data-binary, with the name beside it."""
    content = media.png(40, 30)

    answer = alice.post(
        "/v1/files", params={"name": "card.png"}, content=content, headers={"Content-Type": "image/png"}
    )

    assert answer.status_code == 201
    assert (answer.json()["name"], answer.json()["width_px"]) == ("card.png", 40)
    assert get(answer.json()["url"]).content == content


@pytest.mark.parametrize(
    ("name", "announced"), [("movie.mp4", "video/mp4"), ("page.html", "text/html"), ("script.svg", "image/svg+xml")]
)
def test_content_decides_what_a_file_is(alice: httpx.Client, name: str, announced: str) -> None:
    """Neither its name nor its announced type is believed, and nothing is served as a page."""
    answer = alice.post("/v1/files", files={"file": (name, media.png(), announced)})

    told = answer.json()
    assert told["media_type"] == "image/png"
    assert told["name"].endswith(".png")
    served = get(told["url"])
    assert served.headers["content-type"] == "image/png"
    assert served.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in served.headers["content-security-policy"]


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "..\\..\\windows\\system.ini",
        "/absolute.jpg",
        "a/b/c.jpg",
        "..",
        ".hidden",
        "x" * 300 + ".jpg",
        'quote".jpg',
        "new\nline.jpg",
        "日本の通り.jpg",
        "nul\0.jpg",
        "%2e%2e%2f.jpg",
        "C:evil.jpg",
    ],
)
def test_a_name_never_becomes_a_path(server: LiveServer, alice: httpx.Client, name: str) -> None:
    """Letters, digits, dot, dash and underscore are left of it, and the file opens under what it became."""
    told = alice.post("/v1/files", params={"name": name}, content=media.png(33, 33)).json()

    assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,84}", told["name"])
    assert get(told["url"]).status_code == 200
    words = ("passwd", "system.ini", "absolute", "evil", "hidden")
    found = [path for path in server.data.parent.rglob("*") if any(word in path.name for word in words)]
    assert all(path.is_relative_to(server.data / "files") for path in found)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"hello", "found text"),
        (b"<svg onload='alert(1)'></svg>", "found SVG"),
        (b"%PDF-1.7\n", "found PDF"),
        (b"PK\x03\x04\0\0", "found ZIP"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
    ],
)
def test_what_is_no_media_is_refused(alice: httpx.Client, content: bytes, said: str) -> None:
    """422 with what it seems to be."""
    told = assert_error(alice.post("/v1/files", content=content), 422, 422001)

    assert said in told["message"]
    assert told["detail"][0]["path"] == "file"


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"", "multipart/form-data"),
        (b"", "multipart/form-data; boundary="),
        (b"nonsense", "multipart/form-data; boundary=b"),
        (b"--b\r\n", "multipart/form-data; boundary=b"),
        (
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\ncut',
            "multipart/form-data; boundary=b",
        ),
        (
            b'--b\r\nContent-Disposition: form-data; name="other"\r\n\r\nx\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
        ),
        (
            b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
        ),
    ],
    ids=["nothing", "no boundary", "nonsense", "opened", "cut", "other field", "no file"],
)
def test_a_broken_form_is_refused(alice: httpx.Client, content: bytes, content_type: str) -> None:
    """400 or 422, never a crash."""
    answer = alice.post("/v1/files", content=content, headers={"Content-Type": content_type})

    assert answer.status_code in (400, 422)
    assert_error(answer, answer.status_code)


@pytest.mark.parametrize("form", [True, False], ids=["form", "raw"])
def test_an_upload_beyond_the_limit_is_refused(artist: httpx.Client, form: bool) -> None:
    """413, announced or counted; then the connection still works. The studio's limit is 8 MiB."""
    content = media.jpeg(size_bytes=9 * 2**20)

    answer = (
        artist.post("/v1/files", files={"file": ("a.jpg", content)})
        if form
        else artist.post("/v1/files", content=iter([content]))
    )

    assert_error(answer, 413, 413001)
    assert artist.get("/livez").status_code == 200


# -- lists --------------------------------------------------------------------------------------------------------


def test_uploads_are_listed_newest_first_page_by_page(server: LiveServer) -> None:
    """Each once, whatever the page size; outputs and data URIs are not among them."""
    with server.client() as alice:
        wanted = {"name": "Carol", "account": f"carol-{time.time_ns()}"}
        key = alice.post("/v1/keys", json=wanted).json()["key"]
    with server.client(key) as carol:
        completed(carol, WITH_PICTURE, source=media.data_uri(media.jpeg()))
        ids = [upload(carol, media.png(40 + i, 40))["file_id"] for i in range(5)]

        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = carol.get("/v1/files", params={"limit": "2", "cursor": cursor}).json()
            assert len(page["files"]) <= 2
            seen += [file["file_id"] for file in page["files"]]
            cursor = page["next_cursor"]

        assert seen == ids[::-1]
        assert carol.get("/v1/files").json()["files"][0].keys() == upload(carol).keys()


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "limit=-1", "cursor=x", "cursor=%F0", "limit=1e2"]
)
def test_a_page_that_cannot_be_is_refused(alice: httpx.Client, query: str) -> None:
    """422 that names the parameter."""
    told = assert_error(alice.get(f"/v1/files?{query}"), 422, 422003)

    assert [problem["path"] for problem in told["detail"]] == [query.partition("=")[0]]


# -- out ----------------------------------------------------------------------------------------------------------

CONTENT = media.jpeg(64, 64)
LENGTH = len(CONTENT)


@pytest.fixture(scope="module")
def picture_url(server: LiveServer) -> str:
    """The signed address of a picture of LENGTH bytes."""
    with server.client() as client:
        return str(upload(client, CONTENT)["url"])


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-99", 0, 100),
        ("bytes=10-10", 10, 11),
        ("bytes=100-", 100, LENGTH),
        ("bytes=-50", LENGTH - 50, LENGTH),
        (f"bytes=-{LENGTH * 2}", 0, LENGTH),
        (f"bytes=200-{LENGTH * 2}", 200, LENGTH),
        (f"bytes={LENGTH - 1}-{LENGTH - 1}", LENGTH - 1, LENGTH),
    ],
)
def test_a_range_is_served(picture_url: str, wanted: str, start: int, end: int) -> None:
    """First bytes, one byte, the rest, the last ones, and ends beyond the file cut to it; players need all."""
    answer = get(picture_url, Range=wanted)

    assert answer.status_code == 206
    assert answer.content == CONTENT[start:end]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{LENGTH}"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("wanted", [f"bytes={LENGTH}-", f"bytes={LENGTH}-{LENGTH + 5}", "bytes=-0"])
def test_a_range_outside_the_file_is_416(picture_url: str, wanted: str) -> None:
    """With the length in Content-Range, so that a client can ask again."""
    answer = get(picture_url, Range=wanted)

    assert str(LENGTH) in assert_error(answer, 416, 416001)["message"]
    assert answer.headers["content-range"] == f"bytes */{LENGTH}"


@pytest.mark.parametrize("wanted", ["bytes=0-1,5-6", "bytes=5-2", "lines=0-1", "bytes=a-b", "bytes=-", "0-1", ""])
def test_other_ranges_give_the_whole_file(picture_url: str, wanted: str) -> None:
    """Several ranges may be ignored, other units and nonsense must be, says HTTP."""
    answer = get(picture_url, Range=wanted)

    assert (answer.status_code, answer.content) == (200, CONTENT)


def test_head_tells_the_length_and_sends_nothing(picture_url: str) -> None:
    """The same headers as GET, for a range too."""
    whole = httpx.head(picture_url, trust_env=False)
    part = httpx.head(picture_url, headers={"Range": "bytes=0-9"}, trust_env=False)

    assert (whole.status_code, whole.headers["content-length"], whole.content) == (200, str(LENGTH), b"")
    assert (part.status_code, part.headers["content-length"], part.content) == (206, "10", b"")
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize("form", ["{0}", "W/{0}", '"other", {0}', "*"])
def test_a_file_that_is_known_is_not_sent_again(picture_url: str, form: str) -> None:
    """304 for the ETag, alone, weak, in a list, or any."""
    etag = get(picture_url).headers["etag"]

    answer = get(picture_url, If_None_Match=form.format(etag))

    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)


def test_a_file_that_changed_is_sent_whole(picture_url: str) -> None:
    """If-None-Match with another ETag is 200; a resumed download with another ETag starts over."""
    etag = get(picture_url).headers["etag"]

    assert get(picture_url, If_None_Match='"other"').status_code == 200
    assert get(picture_url, Range="bytes=0-9", If_Range='"other"').status_code == 200
    assert get(picture_url, Range="bytes=0-9", If_Range=etag).status_code == 206


def test_an_output_comes_in_parts_too(alice: httpx.Client) -> None:
    """A video player asks for the end of a film first."""
    url = completed(alice)["output"]["video"]
    whole = get(url).content

    assert whole[4:8] == b"ftyp"
    assert get(url, Range="bytes=-100").content == whole[-100:]


# -- who may read -------------------------------------------------------------------------------------------------


def test_a_signed_address_opens_without_a_key_and_a_plain_one_with_the_owners(
    server: LiveServer, alice: httpx.Client
) -> None:
    """Two ways in; without either nothing opens."""
    url = upload(alice)["url"]
    plain = url.partition("?")[0]

    assert get(url).status_code == 200
    assert alice.get(plain).status_code == 200
    assert_error(get(plain), 401, 401001)
    with server.client("mk_wrong") as stranger:
        assert_error(stranger.get(plain), 401, 401002)


def test_a_signed_address_opens_with_any_key(bob: httpx.Client, alice: httpx.Client) -> None:
    """Clients show their key everywhere; that must not close what is open."""
    assert bob.get(upload(alice)["url"]).status_code == 200


def test_another_accounts_file_is_not_there(bob: httpx.Client, alice: httpx.Client) -> None:
    """404 for reading and for deleting, as for a file that never was; the file stays."""
    told = upload(alice)
    plain = told["url"].partition("?")[0]

    there, nowhere = bob.get(plain), bob.get(plain.replace(told["file_id"], "0" * 32))

    assert assert_error(there, 404, 404001) == assert_error(nowhere, 404, 404001)
    assert_error(bob.delete(f"/v1/files/{told['file_id']}"), 404, 404001)
    assert alice.get(plain).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"expires": "1"},
        {"expires": "9999999999"},
        {"expires": "99999999999999999999"},
        {"expires": "٣"},
        {"expires": ""},
        {"signature": "0" * 40},
        {"signature": ""},
        {"signature": "日本"},
    ],
)
def test_a_changed_signature_opens_nothing(alice: httpx.Client, change: dict[str, str]) -> None:
    """Expired, put off, forged: 404, which says that the address is no longer good."""
    url = httpx.URL(upload(alice)["url"])

    answer = get(str(url.copy_merge_params(change)))

    assert_error(answer, 404, 404002)


def test_a_signature_of_one_file_does_not_open_another(alice: httpx.Client) -> None:
    """It is bound to the file's id."""
    first, second = upload(alice), upload(alice, media.png())

    answer = get(first["url"].replace(first["file_id"], second["file_id"]))

    assert_error(answer, 404, 404002)


def test_a_signature_lasts_a_week(artist: httpx.Client) -> None:
    """The time is in the address."""
    query = parse_qs(urlsplit(upload(artist)["url"]).query)

    assert int(query["expires"][0]) == pytest.approx(time.time() + 7 * 86400, abs=120)


# -- as input -----------------------------------------------------------------------------------------------------


def test_an_upload_is_an_input_for_its_owner(alice: httpx.Client) -> None:
    """With or without the signature; it is looked up and never fetched."""
    url = upload(alice)["url"]

    for address in (url, url.partition("?")[0]):
        assert completed(alice, WITH_PICTURE, source=address)["metadata"]["engine"] == "testcard"


def test_an_upload_is_an_input_for_others_only_with_its_signature(bob: httpx.Client, alice: httpx.Client) -> None:
    """Who may read it may use it."""
    url = upload(alice)["url"]

    assert finished(bob, submit(bob, WITH_PICTURE, source=url))["status"] == "succeeded"
    refused = bob.post(f"/v1/models/{WITH_PICTURE}", json={"source": url.partition("?")[0]})
    assert assert_error(refused, 422)["detail"][0]["path"] == "source"


def test_an_output_is_an_input_of_the_next_request(alice: httpx.Client) -> None:
    """Chains of models need no download in between."""
    still = completed(alice, "mutoscope/testcard/image", prompt="bars")["output"]["images"][0]

    assert completed(alice, WITH_PICTURE, source=still)["status"] == "succeeded"


# -- gone ---------------------------------------------------------------------------------------------------------


def stored(server: LiveServer) -> list[bytes]:
    """Every file on the server's disk; others may go while we look."""
    found = []
    for path in (server.data / "files").rglob("*"):
        with contextlib.suppress(FileNotFoundError, IsADirectoryError):
            found.append(path.read_bytes())
    return found


def test_a_deleted_file_is_gone_everywhere(server: LiveServer, alice: httpx.Client) -> None:
    """Its address, its place in the list and its bytes; a second deletion is 404."""
    content = media.png(77, 78)
    told = upload(alice, content)
    assert content in stored(server)

    answer = alice.delete(f"/v1/files/{told['file_id']}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert_error(get(told["url"]), 404, 404001)
    assert told["file_id"] not in [file["file_id"] for file in alice.get("/v1/files").json()["files"]]
    assert content not in stored(server)
    assert_error(alice.delete(f"/v1/files/{told['file_id']}"), 404, 404001)


def test_an_output_is_not_deleted_as_a_file(alice: httpx.Client) -> None:
    """It goes with its request."""
    url = completed(alice)["output"]["video"]
    file_id = urlsplit(url).path.split("/")[3]

    assert_error(alice.delete(f"/v1/files/{file_id}"), 404, 404001)
    assert get(url).status_code == 200
