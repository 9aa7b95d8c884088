"""A site whose files are in a bucket of a real S3 server: results are fetched there, workers put them there themselves,
and a server, a worker or a bucket that goes away in the middle loses nothing.
"""

from __future__ import annotations

import base64
import io
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from mutoscope.storage.address import CREDENTIALS
from tests.conftest import LiveServer, serving
from tests.http import media
from tests.http.calls import assert_error, finished, hand_of, submit, until
from tests.radosgw import BUCKET, Gateway
from tests.scenarios.control import hand_on
from tests.scenarios.processes import HAS_PROC, descendants

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not HAS_PROC, reason="needs /proc to find the processes")]

NOISY = "studio/noisy"
ENGINE = """
import os
import time
from pathlib import Path

from PIL import Image

from mutoscope.engines import Produced, Progress, engine


@engine(produces="image")
def noisy(*, image: Path, gate: str, folder: Path, progress: Progress) -> Produced:
    Image.open(image).verify()
    progress.report(0.5, "waiting")
    while not Path(gate).exists():
        time.sleep(0.02)
    Image.frombytes("RGB", (600, 600), os.urandom(600 * 600 * 3)).save(folder / "a.png")
    return Produced((folder / "a.png",), "image")
"""
MANIFEST = """
manifest: 1
id: studio/noisy
author: Studio
name: Noisy
description: Makes a megabyte when it may.
categories: [image-to-image]
input_schema:
  type: object
  title: Input
  required: [picture, gate]
  properties:
    picture: {title: Picture, type: string, format: image_uri}
    gate: {title: Gate, type: string}
output: {produces: image}
engine: {name: noisy, inputs: {image: picture, gate: gate}}
"""


@dataclass
class S3Site:
    """A server with its files in a bucket, and its one worker."""

    live: LiveServer
    gateway: Gateway
    folder: Path
    prefix: str

    def open_gate(self, name: str) -> str:
        """Requests that wait at it may go on."""
        (self.folder / name).touch()
        return str(self.folder / name)

    def worker(self) -> int:
        """The worker's process."""
        (found,) = (one for one in descendants(self.live.process.pid) if "mutoscope.worker" in one.command)
        return found.pid

    def requests(self) -> list[str]:
        """Lines of the gateway's log about what was asked of it below our prefix."""
        return [line for line in self.gateway.log().splitlines() if "HTTP/1.1" in line and self.prefix in line]


@pytest.fixture(scope="module")
def site(s3: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Site]:
    """Its lease is long: what ends one here is `hand_on`."""
    folder = tmp_path_factory.mktemp("s3")
    (folder / "noisy.py").write_text(ENGINE, "utf-8")
    (folder / "models").mkdir()
    (folder / "models" / "noisy.yaml").write_text(MANIFEST, "utf-8")
    storage = s3.place()
    settings: dict[str, Any] = {
        "storage": storage,
        "engines": "noisy,testcard",
        "engine_files": folder / "noisy.py",
        "manifests": folder / "models",
        "lease_s": 3600,
        "beat_s": 0.2,
        "worker_token": "wt_s3",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3.environment.items():
            patch.setenv(name, value)
        with serving(folder / "data", **settings) as live:
            yield S3Site(live, s3, folder, storage.rpartition("/")[2])
    log = (folder / "data.log").read_text("utf-8")
    assert s3.secret not in log
    assert "X-Amz-Signature" not in log


@pytest.fixture
def client(site: S3Site) -> Iterator[httpx.Client]:
    with site.live.client() as client:
        yield client


def uploaded(client: httpx.Client) -> dict[str, Any]:
    answer = client.post("/v1/files", files={"file": ("cat.jpg", media.jpeg())})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def begun(client: httpx.Client, gate: str) -> str:
    """A request that has its picture and waits at a gate."""
    request_id = submit(client, NOISY, picture=uploaded(client)["url"], gate=gate)
    until(lambda: client.get(f"/v1/requests/{request_id}").json()["stage"] == "waiting")
    return request_id


def test_a_result_is_made_and_fetched_from_the_bucket(site: S3Site, client: httpx.Client) -> None:
    """The worker fetches and puts without a key; whoever has the result's address is sent to the bucket."""
    request_id = submit(client, NOISY, picture=uploaded(client)["url"], gate=site.open_gate("at once"))
    told = finished(client, request_id)
    assert told["status"] == "succeeded", told
    assert not CREDENTIALS & {line.partition("=")[0] for line in _environment(site.worker())}
    url = told["output"]["image"]

    with httpx.Client(trust_env=False) as anybody:
        sent = anybody.get(url)
        assert (sent.status_code, sent.headers["cache-control"]) == (302, "no-store")
        assert sent.headers["location"].startswith(f"{site.gateway.endpoint}/{BUCKET}/{site.prefix}/outputs/")
        whole = anybody.get(url, follow_redirects=True)
        part = anybody.get(url, headers={"Range": "bytes=10-19"}, follow_redirects=True)
        head = anybody.head(url)
        assert anybody.get(url[:-1]).status_code == 404
    assert Image.open(io.BytesIO(whole.content)).size == (600, 600)
    assert whole.headers["content-type"] == "image/png"
    assert whole.headers["content-disposition"] == 'inline; filename="output.png"'
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(whole.content)))
    assert client.get(url).content == whole.content  # who shows a key is not sent elsewhere with it

    straight = [line for line in site.requests() if "python-httpx" in line and request_id in line]
    assert any('"PUT ' in line and "X-Amz-Signature" in line for line in straight)
    assert any('"GET ' in line and "/uploads/" in line and "X-Amz-Signature" in line for line in site.requests())

    assert client.delete(f"/v1/requests/{request_id}").status_code == 204
    assert httpx.get(url, trust_env=False).status_code == 404
    assert httpx.get(sent.headers["location"], trust_env=False).status_code == 404


def test_pages_get_their_pictures_from_this_site(site: S3Site, client: httpx.Client) -> None:
    """A page draws from them, so they come from its own origin; other origins' pages are sent to the bucket, and ours
    may show what comes from there.
    """
    told = uploaded(client)
    with httpx.Client(trust_env=False, base_url=site.live.url) as browser:
        signed_in = browser.post(
            "/sign-in", data={"key": site.live.api_key}, headers={"Origin": site.live.url, "Accept": "application/json"}
        )
        assert signed_in.is_success, signed_in.text
        assert browser.get(told["url"]).content == media.jpeg()
        policy = browser.get("/library", headers={"Accept": "text/html"}).headers["content-security-policy"]
    assert f"media-src 'self' {site.gateway.endpoint}" in policy
    assert f"img-src 'self' {site.gateway.endpoint}" in policy


def test_the_next_attempt_makes_what_a_worker_that_died_while_uploading_did_not(
    site: S3Site, client: httpx.Client
) -> None:
    """The bucket hangs while the worker sends; it is killed; nobody else's bytes are counted."""
    request_id = begun(client, gate := str(site.folder / "killed"))
    site.gateway.pause()
    try:
        site.open_gate(gate)
        until(lambda: client.get(f"/v1/requests/{request_id}").json()["stage"] == "storing")
        os.kill(site.worker(), signal.SIGKILL)
    finally:
        site.gateway.resume()
    hand_on(site.live, request_id)
    told = finished(client, request_id)
    assert told["status"] == "succeeded", told
    assert client.get(f"/v1/requests/{request_id}").json()["attempt"] == 2
    assert httpx.get(told["output"]["image"], trust_env=False, follow_redirects=True).status_code == 200


def test_a_bucket_that_goes_away_while_an_output_is_stored_costs_no_attempt(site: S3Site, client: httpx.Client) -> None:
    """Uploads are refused as what they are, nothing is handed out, and what was made waits until it can be stored."""
    request_id = begun(client, gate := str(site.folder / "away"))
    site.gateway.stop()
    try:
        refused = client.post("/v1/files", files={"file": ("cat.jpg", media.jpeg())})
        assert_error(refused, 503, 503007)
        assert refused.headers["retry-after"]
        picture = "data:image/png;base64," + base64.b64encode(media.png()).decode()
        assert_error(client.post(f"/v1/models/{NOISY}", json={"picture": picture, "gate": gate}), 503, 503007)
        away = {"state": "down", "answers": False, "accepts_work": False}
        assert client.get("/v1/status").json()["storage"] == away
        assert "The file storage cannot be reached" in client.get("/status", headers={"Accept": "text/html"}).text
        assert "mutoscope_storage_up 0.0" in client.get("/metrics").text
        waiting = submit(client)
        site.open_gate(gate)
        until(lambda: client.get(f"/v1/requests/{request_id}").json()["stage"] == "storing")
        assert client.get(f"/v1/requests/{waiting}").json()["state"] == "in_queue"
    finally:
        site.gateway.start()
    told = finished(client, request_id)
    assert told["status"] == "succeeded", told
    assert client.get(f"/v1/requests/{request_id}").json()["attempt"] == 1
    assert finished(client, waiting)["status"] == "succeeded"
    until(lambda: client.get("/v1/status").json()["storage"]["state"] == "good")
    assert "mutoscope_storage_up 1.0" in client.get("/metrics").text


def _environment(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")


# -- the protocol, by hand ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def empty_site(s3: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Without workers; clients are not sent to the bucket, workers are."""
    settings: dict[str, Any] = {"storage": s3.place(), "storage_direct": "workers", "workers": 0}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3.environment.items():
            patch.setenv(name, value)
        with serving(tmp_path_factory.mktemp("s3-hand") / "data", worker_token="wt_s3", **settings) as live:
            yield live


def test_what_a_worker_says_that_it_put_there_is_looked_at(empty_site: LiveServer) -> None:
    """A file that is not there, or of another size, is no output; one that is there is, for whoever holds the lease."""
    with hand_of(empty_site) as hand, empty_site.client() as client:
        request_id = submit(client)
        attempt = hand.claim()
        where, number = f"/worker/v1/requests/{request_id}/uploads", attempt["attempt"]
        assert attempt["direct"]

        def put(content: bytes, *, name: str = "output.mp4", told: int | None = None) -> httpx.Response:
            to = hand.client.post(where, json={"attempt": number, "name": name, "size_bytes": 10}).json()
            if content:
                assert httpx.put(to["parts"][0], content=content, trust_env=False).is_success
            said = {"name": name, "media_type": "video/mp4", "size_bytes": 10, "sha256": "0" * 64}
            return hand.client.post(f"{where}/{to['file_id']}", json={"attempt": number, **said})

        assert_error(put(b""), 400, 400003)
        assert_error(put(b"012345678"), 400, 400003)
        assert_error(hand.client.post(where, json={"attempt": number, "name": "a", "size_bytes": 2**40}), 400, 400003)
        assert_error(hand.client.post(f"{where}/../a", json={}), 404)
        stored = put(b"0123456789").json()
        assert (stored["name"], stored["size_bytes"]) == ("output.mp4", 10)
        hand.finish(attempt, "completed", outputs=[stored], metadata={"media": {"duration_s": 2.0}})
        url = finished(client, request_id)["output"]["video"]
        assert_error(put_after(hand.client, where, number), 409, 409002)
    answer = httpx.get(url, trust_env=False)
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"0123456789", "video/mp4")


def put_after(client: httpx.Client, where: str, number: int) -> httpx.Response:
    """Asking where to put something once the attempt is over."""
    return client.post(where, json={"attempt": number, "name": "late.mp4", "size_bytes": 10})


@pytest.mark.parametrize("protocol", [3, 4])
def test_an_older_worker_works_through_the_server(empty_site: LiveServer, protocol: int) -> None:
    """It is told nothing of the bucket, and gets a stored input without a redirect."""
    with hand_of(empty_site) as hand, empty_site.client() as client:
        picture = uploaded(client)
        submit(client, "mutoscope/testcard/image-to-video", source=picture["url"])
        claim = {"worker_id": "hand", "engines": ["testcard"], "protocol": protocol}
        attempt = hand.client.post("/worker/v1/claim", json=claim).json()
        assert "direct" not in attempt
        (file,) = attempt["files"]
        answer = hand.client.get(file["url"])
        assert (answer.status_code, answer.content) == (200, media.jpeg())
        straight = hand.client.get(file["url"], params={"redirect": "1"})
        assert straight.status_code == 307
        assert httpx.get(straight.headers["location"], trust_env=False).content == media.jpeg()
        hand.complete(attempt)
        told = finished(client, attempt["request_id"])
        assert told["status"] == "succeeded", told
