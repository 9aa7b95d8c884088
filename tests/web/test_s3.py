"""A film that lies in a bucket plays on the pages: from this site for who is signed in, else from the bucket itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import LiveServer, serving
from tests.http.calls import completed
from tests.radosgw import Gateway

from .conftest import Arrive

pytestmark = pytest.mark.slow

PLAYS = """url => new Promise((done, failed) => {
  const film = document.createElement("video");
  film.onloadeddata = () => done(film.videoWidth);
  film.onerror = () => failed(film.error.message);
  film.muted = true;
  film.src = url;
  document.body.append(film);
})"""


@pytest.fixture(scope="module")
def site(s3: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3.environment.items():
            patch.setenv(name, value)
        with serving(tmp_path_factory.mktemp("s3-pages") / "data", engines="testcard", storage=s3.place()) as live:
            yield live


def test_a_film_in_a_bucket_plays(site: LiveServer, s3: Gateway, arrive: Arrive) -> None:
    """No complaint of the browser about where it comes from, either way."""
    with site.client() as client:
        url = completed(client)["output"]["video"]
    answers: dict[str, list[str]] = {}
    for who in ("owner", "visitor"):
        person = arrive(site)
        if who == "owner":
            person.sign_in()
        page = person.open("/models")
        assert page.evaluate(PLAYS, url) == 32
        answers[who] = [call.url for call in person.sent if call.resource_type == "media"]
    assert not [url for url in answers["owner"] if url.startswith(s3.endpoint)]
    assert [url for url in answers["visitor"] if url.startswith(s3.endpoint)]
