"""Pipelines of diffusers behind the same calls as everything else. Their weights are tiny and random: what is held here
is what the engine does with a pipeline, not what a picture of it looks like.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from PIL import Image

from mutoscope.engines.diffusers import weights
from mutoscope.media.probe import MediaInfo, probe
from mutoscope.testing import a_picture
from tests.conftest import REPOSITORY, LiveServer, serving
from tests.http import hostile, media
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
    "lora": {
        "type": "array",
        "default": [],
        "items": {
            "type": "object",
            "required": ["path"],
            "properties": {
                "path": {"type": "string", "format": "lora_uri"},
                "scale": {"type": "number"},
                "transformer": {"type": "string", "enum": ["high", "low"]},
            },
        },
    },
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
    "lora": "lora",
}
LEANER: Mapping[str, Mapping[str, Any]] = {
    "float8": {"quantization": "float8"},
    "bfloat16": {"precision": "bfloat16", "offload": "model"},
}
LIMIT_PX = 32 * 64
"""What fits the engine `cramped`."""
CRAMPED = f'''
import functools

import diffusers
import torch

from mutoscope.engines.diffusers import Diffusers


class Cramped(Diffusers):
    """The engine on a machine whose memory ends at a size."""

    def run(self, task, progress):
        kind = diffusers.LTXPipeline
        if kind.__call__.__name__ != "called":
            kind.__call__ = cramped(kind.__call__)
        return super().run(task, progress)


def cramped(call):
    @functools.wraps(call, assigned=())
    def called(*args, **arguments):
        if arguments["width"] * arguments["height"] > {LIMIT_PX}:
            raise torch.OutOfMemoryError("the device has no room for it")
        return call(*args, **arguments)

    return called
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights, manifests, and a package with an engine that runs out of memory."""
    folder = tmp_path_factory.mktemp("diffusers")
    subprocess.run(
        [sys.executable, "-m", "tests.tiny", str(folder / "tiny")],
        cwd=REPOSITORY,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=True,
        timeout=240,
    )
    (folder / "models").mkdir()
    for family in (*VIDEO, *STILL):
        (folder / "models" / f"{family}.yaml").write_text(yaml.safe_dump(manifest(family, folder / "tiny")), "utf-8")
    for name, settings in LEANER.items():
        lean = manifest("ltx", folder / "tiny", **settings) | {"id": f"tiny/{name}"}
        (folder / "models" / f"{name}.yaml").write_text(yaml.safe_dump(lean), "utf-8")
    small = manifest("ltx", folder / "tiny") | {"id": "tiny/cramped"}
    (folder / "models" / "cramped.yaml").write_text(
        yaml.safe_dump(small | {"engine": small["engine"] | {"name": "cramped"}}), "utf-8"
    )
    (folder / "cache" / "weights").mkdir(parents=True)
    (folder / "tiny" / "loras").rename(folder / "cache" / "weights" / "loras")
    pulled = folder / "cache" / "weights" / "Lightricks--LTX-Video"
    pulled.mkdir()
    (pulled / "main").symlink_to(folder / "tiny" / "ltx")
    package = folder / "package" / "cramped-1.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: cramped\nVersion: 1\n", "utf-8")
    (package / "entry_points.txt").write_text("[mutoscope.engines]\ncramped = cramped:Cramped\n", "utf-8")
    (folder / "package" / "cramped.py").write_text(CRAMPED, "utf-8")
    return folder


@pytest.fixture(scope="module")
def studio(folder: Path) -> Iterator[LiveServer]:
    """One server with a model of each family."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder / "package"))
        patch.setenv("OMP_NUM_THREADS", "1")  # on so few numbers threads only wait for each other
        with serving(
            folder / "data",
            engines="diffusers,cramped",
            manifests=folder / "models",
            cache=folder / "cache",
            fetch_allow="127.0.0.0/8",
        ) as live:
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
    address = str(until(lambda: client.get(f"/v1/requests/{request_id}").json().get("preview")))
    sketch = Image.open(io.BytesIO(client.get(address).raise_for_status().content))
    assert (sketch.format, max(sketch.size)) == ("JPEG", 384)

    assert client.post(f"/v1/requests/{request_id}/cancel?running=true").status_code < 300

    until(lambda: result(client, request_id)["status"] == "cancelled")
    completed(client, "tiny/ltx", picture=picture)
    now = [one.pid for one in descendants(studio.process.pid) if "engines.child" in one.command]
    assert now == children
    assert bool(now) == HAS_PROC


@pytest.mark.parametrize("name", LEANER)
def test_leaner_weights_make_the_same_film_of_the_same_seed(client: httpx.Client, name: str, picture: str) -> None:
    """Another one than the full weights make; for words and for pictures."""
    full = completed(client, "tiny/ltx", seed=6, picture=picture)["metadata"]["media"]["sha256"]
    words = completed(client, f"tiny/{name}", seed=6)["metadata"]["media"]["sha256"]
    one, same = (completed(client, f"tiny/{name}", seed=6, picture=picture)["metadata"]["media"] for _ in range(2))
    assert one["sha256"] == same["sha256"]
    assert len({full, words, one["sha256"]}) == 3


def test_a_lora_changes_what_is_made_and_is_gone_afterwards(client: httpx.Client, folder: Path) -> None:
    """By address or by name, alone or several; of how much it changes the scale decides."""

    def made(*loras: dict[str, Any]) -> str:
        told = completed(client, "tiny/ltx", seed=5, lora=list(loras))
        return str(told["metadata"]["media"]["sha256"])

    file = folder / "cache" / "weights" / "loras" / "ltx.safetensors"
    with hostile.running() as elsewhere:
        there = elsewhere.serve(file.read_bytes(), media_type="application/octet-stream")
        plain, by_address = made(), made({"path": there})
    by_name, weak = made({"path": "ltx.safetensors"}), made({"path": "ltx.safetensors", "scale": 0.3})
    twice = made({"path": "ltx.safetensors"}, {"path": "ltx.safetensors", "scale": 0.3})
    assert by_address == by_name
    assert len({plain, by_name, weak, twice}) == 4
    assert made() == plain


def test_a_model_that_comes_with_the_program_is_deployed_with_a_lora(client: httpx.Client, picture: str) -> None:
    """Pulled weights offer it; the deployment's LoRA counts as much as the flat body says."""
    lora = {"base_model": "lightricks/ltx-video/image-to-video", "path": "ltx.safetensors"}
    deployment = client.post("/prod/v2/deployments", json={"name": "mine", "lora": lora}).raise_for_status().json()
    where = f"/prod/v2/deployments/{deployment['id']}"

    def film(strength: float) -> bytes:
        body = {"prompt": "a boat", "ctrl_img_1": picture, "num_frames": 9, "seed": 3, "network_multiplier": strength}
        request_id = client.post(f"{where}/inference", json=body).raise_for_status().json()["request_id"]
        address = f"{where}/requests/{request_id}/result"
        until(lambda: client.get(address).json()["status"] not in ("in_queue", "in_progress"))
        told = client.get(address).json()
        assert told["status"] == "succeeded", told
        return client.get(told["output"]["video"]).content

    assert film(1.0) != film(0.2)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"\x80\x04\x95 a pickle", "found no safetensors file; weights are accepted in that format only"),
        (b"\x02\0\0\0\0\0\0\0{}", "the safetensors file names no tensors"),
    ],
)
def test_weights_in_another_format_are_refused(client: httpx.Client, content: bytes, error: str) -> None:
    """Before any engine sees them."""
    with hostile.running() as elsewhere:
        told = finished(client, submit(client, "tiny/ltx", lora=[{"path": elsewhere.serve(content)}]))
    assert told["status"] == "failed"
    assert error in told["error"]


def test_a_lora_of_another_model_is_named(client: httpx.Client) -> None:
    told = finished(client, submit(client, "tiny/wan-2.2-5b", lora=[{"path": "ltx.safetensors"}]))
    assert told["error"] == "lora[0]: these weights do not fit this model"
    told = finished(client, submit(client, "tiny/ltx", lora=[{"path": "nobody.safetensors"}]))
    assert "lora[0].path: there is no LoRA of this name here" in told["error"]
    answer = client.post("/v1/models/tiny/ltx", json={"lora": [{"path": "/etc/passwd"}]})
    assert answer.status_code == 422


def test_what_does_not_fit_is_made_smaller_once(client: httpx.Client, tmp_path: Path) -> None:
    """The file has the size that was asked for all the same, and the result says what happened."""
    told = completed(client, "tiny/cramped", seed=3)
    info = measured(client, told, tmp_path)
    assert (info.num_frames, info.width_px, info.height_px) == (10, 62, 48)
    assert told["metadata"]["told"]["memory"] == "the memory was not enough for 64 x 64 px and 9 frames"
    assert told["metadata"]["told"]["made"]["width_px"] * told["metadata"]["told"]["made"]["height_px"] <= LIMIT_PX


def test_what_never_fits_says_what_to_ask_for(client: httpx.Client) -> None:
    """And to whom to turn; the engine lives on."""
    told = finished(client, submit(client, "tiny/cramped", width=128, height=128))
    assert told["error"] == (
        "the memory was not enough for 128 x 128 px and 9 frames, nor for 64 x 64 px and 9 frames; ask for a smaller "
        "size or fewer frames, or let the operator set `offload` to model (it is none)"
    )
    completed(client, "tiny/cramped", width=64, height=32)


def stepping(client: httpx.Client, request_id: str) -> dict[str, Any] | None:
    """The status, once the model takes its steps."""
    now: dict[str, Any] = client.get(f"/v1/requests/{request_id}").json()
    return now if str(now.get("stage", "")).startswith("step ") else None
