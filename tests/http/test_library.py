"""The library over HTTP: favourites, collections, and archives that hold the very bytes."""

from __future__ import annotations

import io
import uuid
import zipfile
from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import LiveServer
from tests.http import media
from tests.http.calls import assert_error, completed

pytestmark = pytest.mark.slow


@pytest.fixture
def reader(server: LiveServer) -> Iterator[httpx.Client]:
    """Somebody new with a library of their own."""
    name = f"reader-{uuid.uuid4().hex}"
    with server.client() as alice:
        key = alice.post("/v1/keys", json={"name": name, "account": name}).json()["key"]
    with server.client(key) as client:
        yield client


def upload(client: httpx.Client, content: bytes, name: str) -> str:
    return str(client.post("/v1/files", params={"name": name}, content=content).json()["file_id"])


def listed(client: httpx.Client, **query: str) -> list[str]:
    answer = client.get("/v1/files", params=query)
    assert answer.status_code == 200, answer.text
    return [file["file_id"] for file in answer.json()["files"]]


def output_of(client: httpx.Client, request_id: str) -> dict[str, str]:
    files = client.get("/v1/files", params={"role": "output"}).json()["files"]
    found: dict[str, str] = next(file for file in files if file["request_id"] == request_id)
    return found


def test_files_are_listed_by_what_they_are(reader: httpx.Client) -> None:
    """Uploads as ever; outputs with their poster and their request; by kind."""
    picture = upload(reader, media.png(), "heath.png")
    made = output_of(reader, completed(reader)["request_id"])
    still = output_of(reader, completed(reader, "mutoscope/testcard/image", prompt="A still.")["request_id"])
    assert listed(reader) == listed(reader, role="upload") == [picture]
    assert listed(reader, role="all") == [still["file_id"], made["file_id"], picture]
    assert listed(reader, role="all", kind="image") == [still["file_id"], picture]
    assert listed(reader, role="output", kind="video") == [made["file_id"]]
    assert httpx.get(made["poster_url"], trust_env=False).headers["content-type"] == "image/jpeg"
    assert reader.get(f"/v1/files/{made['file_id']}").json()["role"] == "output"
    for query in ({"kind": "page"}, {"role": "input"}, {"favourite": "perhaps"}):
        assert_error(reader.get("/v1/files", params=query), 422, 422003)


def test_favourites_and_collections(reader: httpx.Client) -> None:
    """Marked, put together, renamed, taken out; saying a thing twice is no error."""
    one, two = upload(reader, media.png(), "one.png"), upload(reader, media.png(20, 20), "two.png")
    for _ in range(2):
        assert reader.put(f"/v1/files/{one}/favourite").status_code == 204
    assert listed(reader, favourite="true") == [one]
    assert reader.get(f"/v1/files/{one}").json()["favourite"] is True
    made = reader.post("/v1/collections", json={"name": "  Häfen "}).json()
    assert (made["name"], made["files"]) == ("Häfen", 0)
    where = f"/v1/collections/{made['collection_id']}"
    for file_id in (one, two, two):
        assert reader.put(f"{where}/files/{file_id}").status_code == 204
    assert reader.get(where).json()["files"] == 2
    assert listed(reader, collection=made["collection_id"], favourite="true") == [one]
    assert reader.patch(where, json={"name": "Ports"}).json()["name"] == "Ports"
    assert_error(reader.post("/v1/collections", json={"name": "Ports"}), 409)
    assert reader.delete(f"{where}/files/{one}").status_code == 204
    assert reader.delete(f"/v1/files/{two}").status_code == 204
    assert [one["files"] for one in reader.get("/v1/collections").json()["collections"]] == [0]
    assert reader.delete(f"/v1/files/{one}/favourite").status_code == 204
    assert listed(reader, favourite="true") == []
    assert reader.delete(where).status_code == 204
    assert_error(reader.get(where), 404, 404001)
    assert listed(reader) == [one]


@pytest.mark.parametrize("name", ["", " ", "x" * 81, "a\nb", "\u2028", 7, None, "\x00"])
def test_a_name_that_is_none_is_refused(alice: httpx.Client, name: object) -> None:
    """With what is accepted."""
    told = assert_error(alice.post("/v1/collections", json={"name": name}), 422)
    assert told["detail"][0]["path"] == "name"


def test_an_archive_holds_the_very_bytes(server: LiveServer, reader: httpx.Client) -> None:
    """Of uploads and outputs, each under a name of its own, in the order asked for; checked by its own sums."""
    contents = [media.png(), media.jpeg(300, 200, size_bytes=3 * 2**20), media.png(30, 20)]
    ids = [upload(reader, content, "same-name.png") for content in contents]
    request_id = completed(reader)["request_id"]
    made = output_of(reader, request_id)
    answer = reader.get("/v1/files.zip", params={"file": [*ids, made["file_id"], ids[0]]})
    assert answer.headers["content-type"] == "application/zip"
    assert "attachment" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert [archive.read(name) for name in names[:3]] == contents
        assert names[:3] == ["same-name.png", "same-name.jpg", "same-name-2.png"]
        assert names[3].endswith(f"{request_id[-8:]}-output.mp4")
        assert archive.read(names[3]) == httpx.get(made["url"], trust_env=False).content
        assert len(names) == 4


def test_a_collection_is_an_archive(reader: httpx.Client) -> None:
    """All of it; an empty one is an empty archive."""
    made = reader.post("/v1/collections", json={"name": "To take away"}).json()["collection_id"]
    where = f"/v1/collections/{made}/files.zip"
    with zipfile.ZipFile(io.BytesIO(reader.get(where).content)) as archive:
        assert archive.namelist() == []
    content = media.png()
    reader.put(f"/v1/collections/{made}/files/{upload(reader, content, 'one.png')}")
    answer = reader.get(where)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert [archive.read(name) for name in archive.namelist()] == [content]


def test_an_archive_of_nothing_or_too_much_is_refused(alice: httpx.Client) -> None:
    """With what is accepted."""
    for ids in ([], [str(n) for n in range(501)]):
        told = assert_error(alice.get("/v1/files.zip", params={"file": ids}), 422, 422003)
        assert "1 to 500 are accepted" in told["message"]
    assert_error(alice.get("/v1/files.zip", params={"file": "nothing"}), 404, 404001)


def test_a_deleted_run_leaves_the_library(reader: httpx.Client) -> None:
    """With its collection's count, and its favourite."""
    made = output_of(reader, completed(reader)["request_id"])
    shelf = reader.post("/v1/collections", json={"name": "Runs"}).json()["collection_id"]
    reader.put(f"/v1/collections/{shelf}/files/{made['file_id']}")
    reader.put(f"/v1/files/{made['file_id']}/favourite")
    assert reader.delete(f"/v1/requests/{made['request_id']}").status_code == 204
    assert listed(reader, role="all", favourite="true") == listed(reader, role="all", collection=shelf) == []
    assert reader.get(f"/v1/collections/{shelf}").json()["files"] == 0
