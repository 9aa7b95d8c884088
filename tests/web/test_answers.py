"""The pages as answers: what they are sent with, what is kept, what a client that is no browser gets."""

from __future__ import annotations

import gzip

import httpx
import pytest

from mutoscope.web import static
from tests.conftest import REFERENCE_MODEL, LiveServer

HTML = {"Accept": "text/html,application/xhtml+xml"}
PLACES = ("/", "/models", "/models/collections/image-to-video", f"/models/{REFERENCE_MODEL}", "/sign-in")
pytestmark = pytest.mark.slow


def get(server: LiveServer, path: str, **headers: str) -> httpx.Response:
    return httpx.get(server.url + path, headers=HTML | headers, trust_env=False)


@pytest.mark.parametrize("path", PLACES)
def test_every_page_is_careful(server: LiveServer, path: str) -> None:
    """Nothing inline, nothing from elsewhere, no frame around it, no address told to others."""
    answer = get(server, path)
    assert answer.status_code == 200
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert " style=" not in answer.text
    assert " onclick=" not in answer.text


def test_a_client_of_the_api_still_gets_its_answer_at_the_front_door(server: LiveServer) -> None:
    """The front page is for those who ask for HTML."""
    for accept in ("application/json", "*/*"):
        answer = httpx.get(server.url, headers={"Accept": accept}, trust_env=False)
        assert answer.headers["content-type"].startswith("text/plain")
        assert "/openapi.json" in answer.text


@pytest.mark.parametrize("path", ["/models/nobody/nothing", "/models/collections/none", "/models/mutoscope/testcar"])
def test_what_is_not_there_is_a_page_too(server: LiveServer, path: str) -> None:
    """With a way on; a model's name that is nearly right is named."""
    answer = get(server, path)
    assert answer.status_code == 404
    assert '<a class="button" href="/models">' in answer.text
    if path.endswith("testcar"):
        assert "mutoscope/testcard" in answer.text


def test_search_asks_for_the_cards_alone(server: LiveServer) -> None:
    """As one types, htmx gets the grid; a browser without it gets the whole page."""
    part = get(server, "/models?search=colour+bars", **{"HX-Request": "true"})
    whole = get(server, "/models?search=colour+bars")
    assert "<html" not in part.text
    assert "<html" in whole.text
    for answer in (part, whole):
        assert "/models/mutoscope/testcard" in answer.text
        assert f"/models/{REFERENCE_MODEL}" not in answer.text
    nothing = get(server, "/models?search=<script>alert(1)</script>")
    assert "<script>alert" not in nothing.text
    assert "A model is one YAML file" in nothing.text


def test_a_model_whose_engine_is_missing_says_so(server: LiveServer) -> None:
    """The server of these tests runs the test card alone, but both engines can run here: nothing is waiting."""
    assert "Needs set-up" not in get(server, "/models").text


@pytest.mark.parametrize("name", sorted(static.assets().by_name))
def test_files_are_kept_for_good_under_the_name_of_their_content(server: LiveServer, name: str) -> None:
    """Compressed for whoever reads that; the same bytes either way."""
    plain = httpx.get(server.url + static.address(name), headers={"Accept-Encoding": "identity"}, trust_env=False)
    small = httpx.get(server.url + static.address(name), headers={"Accept-Encoding": "br, gzip"}, trust_env=False)
    assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    assert small.content == plain.content == static.assets().by_name[name].content
    assert gzip.decompress(static.assets().by_name[name].compressed) == plain.content


def test_a_file_of_another_version_is_kept_by_nobody(server: LiveServer) -> None:
    """A page from before an update still finds its script; what is not there is not there."""
    old = get(server, "/static/000000000000/page.js")
    assert (old.status_code, old.headers["cache-control"]) == (200, "no-cache")
    assert get(server, "/static/000000000000/nothing.js").status_code == 404
    assert get(server, f"/static/{static.assets().version}/../../site.py").status_code == 404


def test_every_built_in_model_has_a_moving_preview_of_its_own(server: LiveServer) -> None:
    """Or a still one, where stills are what it makes."""
    with server.client() as client:
        models = client.get("/v1/models").json()["models"]
    for model in models:
        picture = get(server, f"/models/{model['slug']}/preview.jpg")
        assert picture.content[:3] == b"\xff\xd8\xff"
        assert len(picture.content) < 60_000
        clip = get(server, f"/models/{model['slug']}/preview.mp4")
        if "text-to-image" in model["categories"]:
            assert clip.status_code == 404
        else:
            assert clip.content[4:8] == b"ftyp"
            assert len(clip.content) < 400_000
