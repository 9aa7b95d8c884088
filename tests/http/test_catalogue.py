"""The catalogue over HTTP: what can be run here, found by word, category and kind, page by page; no key needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import REFERENCE_MODEL, LiveServer
from tests.http.calls import FIRST_FRAME, PRICED, STILL, TESTCARD, WITH_PICTURE, assert_error

PARALLAX = "mutoscope/parallax"
BUILT_IN = [REFERENCE_MODEL, PARALLAX, TESTCARD, STILL, WITH_PICTURE]


@pytest.fixture
def anybody(server: LiveServer) -> Iterator[httpx.Client]:
    """A client without a key."""
    with server.client("") as client:
        yield client


def found(client: httpx.Client, **query: str | int) -> list[str]:
    """Ids of the models on one page."""
    answer = client.get("/v1/models", params=query)
    assert answer.status_code == 200, answer.text
    return [entry["model_id"] for entry in answer.json()["models"]]


def test_the_list_is_in_the_envelope_of_runcomfys(anybody: httpx.Client) -> None:
    """models, total, limit, offset; 100 entries a page unless asked otherwise."""
    told = anybody.get("/v1/models").json()

    assert told.keys() == {"models", "total", "limit", "offset"}
    assert (told["limit"], told["offset"]) == (100, 0)
    assert told["total"] == len(told["models"]) == len(BUILT_IN)
    assert [entry["model_id"] for entry in told["models"]] == sorted(BUILT_IN)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"search": "dreamina"}, [REFERENCE_MODEL]),
        ({"search": "DREAMINA 3.0"}, [REFERENCE_MODEL]),
        ({"search": "bytedance/"}, [REFERENCE_MODEL]),
        ({"search": "静止画"}, [STILL]),
        ({"search": "image-to-video"}, [REFERENCE_MODEL, PARALLAX, WITH_PICTURE]),
        ({"search": "nothing of the kind"}, []),
        ({"search": "%"}, []),
        ({"search": ""}, sorted(BUILT_IN)),
        ({"category": "image-to-video"}, [REFERENCE_MODEL, PARALLAX, WITH_PICTURE]),
        ({"category": "text-to-image"}, [STILL]),
        ({"category": "nope"}, []),
        ({"kind": "model"}, sorted(BUILT_IN)),
        ({"kind": "workflow"}, []),
        ({"category": "image-to-video", "search": "test card"}, [WITH_PICTURE]),
    ],
)
def test_models_are_found(anybody: httpx.Client, query: dict[str, str], ids: list[str]) -> None:
    """By any word of id, names, descriptions, categories or author, in any language."""
    assert found(anybody, **query) == ids


def test_pages_join_to_the_whole_list(anybody: httpx.Client) -> None:
    """Offset counts entries; past the end there is an empty page with the same total."""
    assert [found(anybody, limit=1, offset=i) for i in range(len(BUILT_IN) + 1)] == [[i] for i in sorted(BUILT_IN)] + [
        []
    ]
    assert anybody.get("/v1/models", params={"offset": 99}).json()["total"] == len(BUILT_IN)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=ten", "limit"),
        ("limit=-1", "limit"),
        ("limit=1.0", "limit"),
        ("limit=%D9%A3", "limit"),
        ("offset=-1", "offset"),
        ("offset=x", "offset"),
        ("kind=other", "kind"),
        ("include_schema=maybe", "include_schema"),
    ],
)
def test_a_query_out_of_bounds_is_refused(anybody: httpx.Client, query: str, name: str) -> None:
    """422 that names the parameter and what is accepted."""
    told = assert_error(anybody.get(f"/v1/models?{query}"), 422, 422003)

    assert [problem["path"] for problem in told["detail"]] == [name]
    assert "accepted" in told["message"]


@pytest.mark.parametrize("limit", [1, 100, 500])
def test_the_bounds_themselves_are_accepted(anybody: httpx.Client, limit: int) -> None:
    """1 to 500, as RunComfy says."""
    assert anybody.get("/v1/models", params={"limit": limit}).json()["limit"] == limit


def test_schemas_are_told_when_asked_for(anybody: httpx.Client) -> None:
    """The list leaves them out by default; a single entry always has them, the same ones."""
    listed = anybody.get("/v1/models", params={"include_schema": "true"}).json()["models"]

    for entry in listed:
        shown = anybody.get(f"/v1/models/{entry['model_id']}").json()
        assert shown == entry
        assert entry["inputs"] == list(entry["input_schema"]["properties"])
        assert entry["required_inputs"] == entry["input_schema"]["required"]


def test_the_categories_are_those_of_the_models(anybody: httpx.Client) -> None:
    """A route of its own, although a model could bear that name."""
    assert anybody.get("/v1/models/categories").json() == {
        "categories": ["image-to-video", "text-to-image", "text-to-video"]
    }


def test_an_unknown_model_is_answered_with_its_neighbours(anybody: httpx.Client) -> None:
    """404 that helps."""
    told = assert_error(anybody.get("/v1/models/mutoscope/testcart"), 404, 404001)

    assert f"did you mean {TESTCARD}" in told["message"]


@pytest.mark.slow
def test_models_of_a_folder_stand_beside_the_built_in_ones(artist: httpx.Client) -> None:
    """One file, one model: listed, shown and priced as its manifest says."""
    assert {FIRST_FRAME, PRICED, *BUILT_IN} <= set(found(artist))
    entry: dict[str, Any] = artist.get(f"/v1/models/{PRICED}").json()
    assert (entry["engine"], entry["pricing_note"], entry["slug"]) == ("testcard", "For tests.", PRICED)


def test_texts_come_in_the_readers_language(alice: httpx.Client) -> None:
    """The reference model's schema in Japanese is the reference page's, and unknown languages read English."""
    japanese = alice.get(f"/v1/models/{REFERENCE_MODEL}", params={"language": "ja"}).json()
    english = alice.get(f"/v1/models/{REFERENCE_MODEL}", params={"language": "tlh"}).json()
    assert japanese["input_schema"]["title"] == "入力スキーマ"
    assert english["input_schema"]["title"] == "Input Schema"
    assert japanese["output_schema"]["output"]["properties"]["video"]["description"] == "単一動画 URL"
