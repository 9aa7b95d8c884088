"""Pipelines of diffusers behind the same calls as everything else. Their weights are tiny and random: what is held here
is what the engine does with a pipeline, not what a picture of it looks like.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from mutoscope.engines.diffusers import weights
from mutoscope.media.probe import MediaInfo, probe
from mutoscope.testing import a_picture
from tests.conftest import REPOSITORY, LiveServer, serving
from tests.http import media
from tests.http.calls import assert_no_defects, completed, finished, result, submit, until
from tests.scenarios.processes import HAS_PROC, descendants

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(weights.missing_packages()),
        reason=f"not installed: {', '.join(weights.missing_packages())} (make gpu installs them)",
    ),
]

VIDEO = ("ltx", "wan-2.1", "wan-2.2", "wan-2.2-5b", "cogvideox", "hunyuan-video-1.5")
STILL = ("flux", "sdxl")
PROPERTIES: Mapping[str, Any] = {
    "prompt": {"type": "string", "default": "a boat on the sea"},
    "picture": {"type": "string", "format": "image_uri", "default": ""},
    "frames": {"type": "integer", "default": 10, "minimum": 2},
    "fps": {"type": "integer", "default": 12, "minimum": 1},
    "width": {"type": "integer", "default": 62},
    "height": {"type": "integer", "default": 48},
    "steps": {"type": "integer", "default": 2, "minimum": 1},
    "seed": {"type": "integer", "default": -1},
}
BINDINGS = {
    "prompt": "prompt",
    "image": "picture",
    "width_px": "width",
    "height_px": "height",
    "num_inference_steps": "steps",
    "seed": "seed",
    "num_frames": "frames",
    "fps": "fps",
}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One server with a model of each family."""
    folder = tmp_path_factory.mktemp("diffusers")
    subprocess.run([sys.executable, "-m", "tests.tiny", str(folder / "tiny")], cwd=REPOSITORY, check=True, timeout=240)
    (folder / "models").mkdir()
    for family in (*VIDEO, *STILL):
        (folder / "models" / f"{family}.yaml").write_text(yaml.safe_dump(manifest(family, folder / "tiny")), "utf-8")
    with serving(folder / "data", engines="diffusers", manifests=folder / "models", cache=folder / "cache") as live:
        yield live
    assert_no_defects(live)


def manifest(family: str, folder: Path, **settings: Any) -> dict[str, Any]:
    """What an operator writes for a folder of weights."""
    return {
        "manifest": 1,
        "id": f"tiny/{family}",
        "author": "Tests",
        "name": family,
        "description": "Noise.",
        "input_schema": {"type": "object", "properties": dict(PROPERTIES)},
        "output": {"produces": "image" if family in STILL else "video"},
        "engine": {
            "name": "diffusers",
            "inputs": BINDINGS,
            "settings": {"model": str(folder / family), "family": family, "precision": "float32", **settings},
        },
    }


@pytest.fixture
def client(studio: LiveServer) -> Iterator[httpx.Client]:
    with studio.client() as client:
        yield client


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> str:
    return media.data_uri(a_picture(tmp_path_factory.mktemp("picture") / "a").read_bytes())


def measured(client: httpx.Client, told: dict[str, Any], folder: Path) -> MediaInfo:
    """The one output, looked at as a file."""
    (url,) = told["output"].values()
    path = folder / "output"
    path.write_bytes(client.get(url).raise_for_status().content)
    return probe(path)


@pytest.mark.parametrize("family", VIDEO)
def test_a_film_is_as_it_was_asked_for(client: httpx.Client, family: str, picture: str, tmp_path: Path) -> None:
    """Frames, rate and size to the letter, whatever the model can make; the same seed gives the same file."""
    one, same, other = (completed(client, f"tiny/{family}", picture=picture, seed=seed) for seed in (3, 3, 4))
    info = measured(client, one, tmp_path)
    assert (info.num_frames, info.fps, info.width_px, info.height_px) == (10, 12.0, 62, 48)
    media_of = [told["metadata"]["media"] for told in (one, same, other)]
    assert media_of[0]["sha256"] == media_of[1]["sha256"] != media_of[2]["sha256"]
    made = one["metadata"]["told"]["made"]
    step = 8 if family == "ltx" else 4
    assert made["num_frames"] % step == 1
    assert made["fps"] == {"ltx": 12, "wan-2.2-5b": 24, "cogvideox": 8, "hunyuan-video-1.5": 24}.get(family, 16)
    assert f"{made['num_frames']} frames were made" in one["metadata"]["told"]["retimed"]


@pytest.mark.parametrize("family", STILL)
def test_a_picture_is_as_it_was_asked_for(client: httpx.Client, family: str, picture: str, tmp_path: Path) -> None:
    """From words alone, and from another picture with the same weights."""
    one, same, other = (completed(client, f"tiny/{family}", seed=seed) for seed in (3, 3, 4))
    info = measured(client, one, tmp_path)
    assert (info.kind, info.width_px, info.height_px) == ("image", 62, 48)
    digests = [told["metadata"]["media"]["sha256"] for told in (one, same, other)]
    assert digests[0] == digests[1] != digests[2]
    after = completed(client, f"tiny/{family}", seed=3, picture=picture)
    assert after["metadata"]["media"]["sha256"] not in digests


def test_words_alone_make_a_film_with_the_weights_of_pictures(client: httpx.Client, tmp_path: Path) -> None:
    """Wan 2.2 5B is one model for both; at its own rate and a legal length nothing is interpolated."""
    told = completed(client, "tiny/wan-2.2-5b", frames=17, fps=24, width=64, height=64)
    info = measured(client, told, tmp_path)
    assert (info.num_frames, info.fps, info.width_px, info.height_px) == (17, 24.0, 64, 64)
    assert told["metadata"]["told"] == {"made": {"width_px": 64, "height_px": 64, "num_frames": 17, "fps": 24}}


def test_a_model_for_pictures_says_that_it_needs_one(client: httpx.Client) -> None:
    """The weights of Wan 2.1 are either for words or for pictures."""
    told = finished(client, submit(client, "tiny/wan-2.1"))
    assert told["status"] == "failed"
    assert told["error"] == "image: is required by these weights"


def test_a_cancel_ends_the_run_and_keeps_the_weights(client: httpx.Client, studio: LiveServer, picture: str) -> None:
    """In the middle of thousands of steps; the same process makes the next film."""
    completed(client, "tiny/ltx", picture=picture)
    children = [one.pid for one in descendants(studio.process.pid) if "engines.child" in one.command]
    request_id = submit(client, "tiny/ltx", picture=picture, steps=100_000)
    seen = until(lambda: stepping(client, request_id))
    assert 0.1 < seen["progress"] < 0.85

    assert client.post(f"/v1/requests/{request_id}/cancel?running=true").status_code < 300

    until(lambda: result(client, request_id)["status"] == "cancelled")
    completed(client, "tiny/ltx", picture=picture)
    now = [one.pid for one in descendants(studio.process.pid) if "engines.child" in one.command]
    assert now == children
    assert bool(now) == HAS_PROC


def stepping(client: httpx.Client, request_id: str) -> dict[str, Any] | None:
    """The status, once the model takes its steps."""
    now: dict[str, Any] = client.get(f"/v1/requests/{request_id}").json()
    return now if str(now.get("stage", "")).startswith("step ") else None
