"""The reference model over HTTP, for real: a photograph goes in, a video comes out."""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import PHOTOGRAPH, REFERENCE_MODEL, LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.render, pytest.mark.timeout(1200)]

PROMPT = "A slow, sweeping tracking shot to the right, golden hour. A classic car glides across the frame."


@pytest.fixture(scope="module")
def client(render_server: LiveServer) -> Iterator[httpx.Client]:
    """A client of the server that renders."""
    with render_server.client() as client:
        yield client


@pytest.fixture(scope="module")
def picture_url(client: httpx.Client) -> str:
    """The photograph that ships, uploaded."""
    answer = client.post("/v1/files", files={"file": ("path.jpg", PHOTOGRAPH.read_bytes(), "image/jpeg")})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["url"])


def run(client: httpx.Client, inputs: dict[str, Any]) -> dict[str, Any]:
    """Submit and poll the result, as a RunComfy client does."""
    submitted = client.post(f"/v1/models/{REFERENCE_MODEL}", json=inputs)
    assert submitted.status_code == 200, submitted.text
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        result: dict[str, Any] = client.get(submitted.json()["result_url"]).json()
        if result["status"] not in ("in_queue", "in_progress"):
            return result
        time.sleep(0.2)
    raise AssertionError("not finished in time")


def test_a_photograph_and_a_prompt_become_a_video(client: httpx.Client, picture_url: str, tmp_path: Path) -> None:
    """Size, frames, rate, colour tags and streaming order are the contract's; the picture moves."""
    result = run(client, {"prompt": PROMPT, "image_urls": [picture_url], "seed": 7})
    assert result["status"] == "succeeded", result
    metadata = result["metadata"]
    assert (metadata["engine"], metadata["seed"], metadata["ignored_inputs"]) == ("parallax", 7, [])
    assert any("camera" in line for line in metadata["plan"]["applied"])
    assert any("car" in line for line in metadata["plan"]["ignored"])

    content = client.get(result["output"]["video"]).content
    assert hashlib.sha256(content).hexdigest() == metadata["media"]["sha256"]
    assert content.index(b"moov") < content.index(b"mdat"), "players start before the whole file is there"
    video = tmp_path / "video.mp4"
    video.write_bytes(content)
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (1920, 1088)
        assert (float(stream.average_rate or 0), stream.codec_context.name, stream.pix_fmt) == (24, "h264", "yuv420p")
        tags = stream.codec_context
        assert (tags.color_primaries, tags.color_trc, tags.colorspace, tags.color_range) == (1, 1, 1, 1)
        frames = [small(frame) for frame in container.decode(stream)]
    assert len(frames) == 121
    assert np.abs(frames[0] - frames[-1]).mean() > 5, "nothing moved"
    steps = [float(np.abs(a - b).mean()) for a, b in itertools.pairwise(frames)]
    assert min(steps) > 0 and max(steps) < 5, "a jump between two frames, or a frame that stands still"


def small(frame: av.VideoFrame) -> NDArray[np.float32]:
    """A frame in grey, 240 x 136: each value the mean of 8 x 8 pixels."""
    grey = frame.to_ndarray(format="gray").astype(np.float32)
    blocks: NDArray[np.float32] = grey.reshape(136, 8, 240, 8).mean(axis=(1, 3))
    return blocks


def test_the_same_seed_gives_the_same_file(client: httpx.Client, picture_url: str) -> None:
    """Bit for bit; another seed gives another."""
    inputs = {"prompt": "static camera", "image_urls": [picture_url], "seed": 11}
    first, again = run(client, inputs), run(client, inputs)
    other = run(client, {**inputs, "prompt": "", "seed": 12})
    hashes = [result["metadata"]["media"]["sha256"] for result in (first, again, other)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_ten_seconds_are_241_frames(client: httpx.Client, picture_url: str) -> None:
    """And a seed of -1 is drawn and told."""
    result = run(client, {"prompt": "slow zoom in", "image_urls": [picture_url], "frames": 241, "seed": -1})
    media = result["metadata"]["media"]
    assert (media["num_frames"], media["fps"]) == (241, 24)
    assert 0 <= result["metadata"]["seed"] < 2**31


def test_a_running_render_stops_when_asked(client: httpx.Client, picture_url: str) -> None:
    """With ?running=true; the next request is not kept waiting by it."""
    submitted = client.post(
        f"/v1/models/{REFERENCE_MODEL}", json={"prompt": "roll", "image_urls": [picture_url], "frames": 241}
    ).json()
    while client.get(submitted["status_url"]).json()["status"] == "in_queue":
        time.sleep(0.05)
    cancelled = client.post(submitted["cancel_url"], params={"running": "true"})
    assert (cancelled.status_code, cancelled.json()["outcome"]) == (202, "cancelled")
    assert run(client, {"prompt": "static", "image_urls": [picture_url]})["status"] == "succeeded"
    assert client.get(submitted["result_url"]).json()["status"] == "cancelled"


def test_the_poster_is_a_jpeg(client: httpx.Client, picture_url: str) -> None:
    """Of the size of the video."""
    result = run(client, {"prompt": "static", "image_urls": [picture_url]})
    poster = client.get(f"/v1/requests/{result['request_id']}/poster")
    assert (poster.status_code, poster.headers["content-type"]) == (200, "image/jpeg")
    assert poster.content.startswith(b"\xff\xd8")
