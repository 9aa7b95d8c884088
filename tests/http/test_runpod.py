"""RunPod's own serverless SDK, unmodified, as worker of a model: `make peers` installs it."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from PIL import Image

from tests.conftest import LiveServer, serving
from tests.http import media
from tests.http.calls import STILL, assert_error, finished, result, submit, until
from tests.http.hostile import Hostile
from tests.scenarios.control import hand_on

pytestmark = pytest.mark.slow

PYTHON = Path(sys.prefix) / "peers" / "runpod" / "bin" / "python"
HANDLER = Path(__file__).parents[1] / "peers" / "runpod_handler.py"
TOKEN = "wt_runpod"
INSIDE = "http://10.1.2.3/in.png"


def manifest(name: str, **output: Any) -> dict[str, Any]:
    """A model of the endpoint of this name."""
    picture = {"title": "Picture", "type": "string", "format": "image_uri"}
    return {
        "manifest": 1,
        "id": f"studio/{name}",
        "author": "Studio",
        "name": name,
        "description": "For tests.",
        "categories": ["image-to-image"],
        "input_schema": {
            "type": "object",
            "title": "Input",
            "required": ["prompt"],
            "properties": {
                "prompt": {"title": "Prompt", "type": "string"},
                "picture": picture,
                "address": {"title": "Address", "type": "string"},
                "seed": {"title": "Seed", "type": "integer", "default": -1},
            },
        },
        "accept": {"picture": ["png"]},
        "output": {"produces": "image", **output},
        "limits": {"max_attempts": 2},
        "engine": {
            "name": "runpod",
            "inputs": {"prompt": "prompt", "image": "picture", "address": "address", "seed": "seed"},
            "settings": {"endpoint": name, "parameters": {"style": "ink"}},
        },
    }


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose models are made by RunPod workers alone."""
    folder = tmp_path_factory.mktemp("runpod")
    models = folder / "models"
    models.mkdir()
    (models / "draw.yaml").write_text(yaml.safe_dump(manifest("draw")), "utf-8")
    (models / "stream.yaml").write_text(yaml.safe_dump(manifest("stream", many=True)), "utf-8")
    with serving(
        folder / "data",
        workers=0,
        worker_token=TOKEN,
        manifests=models,
        runpod_lease_s=3600,
        fetch_allow="127.0.0.0/8",
    ) as live:
        yield live


@contextlib.contextmanager
def worker(studio: LiveServer, endpoint: str, name: str, log: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of this endpoint, with the environment that the docs give; gone with all it started at the end."""
    if not PYTHON.exists():
        pytest.skip("the package runpod is not installed beside us; `make peers` does it")
    at = f"{studio.url}/worker/runpod/{endpoint}"
    environment = {
        **{word: value for word, value in os.environ.items() if not word.startswith(("MUTOSCOPE_", "RUNPOD_"))},
        "RUNPOD_WEBHOOK_GET_JOB": f"{at}/job-take/$ID?",
        "RUNPOD_WEBHOOK_POST_OUTPUT": f"{at}/job-done/$RUNPOD_POD_ID/$ID?",
        "RUNPOD_WEBHOOK_POST_STREAM": f"{at}/job-stream/$RUNPOD_POD_ID/$ID?",
        "RUNPOD_WEBHOOK_PING": f"{at}/ping/$RUNPOD_POD_ID",
        "RUNPOD_PING_INTERVAL": "1000",
        "RUNPOD_AI_API_KEY": TOKEN,
        "RUNPOD_POD_ID": name,
        "HOME": str(log.parent),
    }
    with log.with_suffix(".out").open("ab") as out:
        process = subprocess.Popen(
            [str(PYTHON), str(HANDLER), str(log), *words],
            env=environment,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)


@pytest.fixture(scope="module")
def painter(studio: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A worker of the endpoint `draw`; the file that tells which jobs it began."""
    log = tmp_path_factory.mktemp("painter") / "jobs"
    log.touch()
    with worker(studio, "draw", "painter-1", log):
        yield log


@pytest.fixture
def client(studio: LiveServer) -> Iterator[httpx.Client]:
    """Somebody who works at the studio."""
    with studio.client() as client:
        yield client


def png(colour: str = "teal") -> bytes:
    """A picture of 64 x 48 px."""
    written = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(written, "PNG")
    return written.getvalue()


def progress(events: httpx.Response) -> Iterator[str]:
    """Lines that tell of a beat, as they come."""
    return (line for line in events.iter_lines() if line == "event: progress")


def test_a_handler_makes_a_picture(client: httpx.Client, painter: Path) -> None:
    """Values and files arrive by the manifest's names, progress on the way, base64 home as a file of ours."""
    request_id = submit(client, "studio/draw", prompt="echo", picture=media.data_uri(png()), seed=7)
    told = finished(client, request_id)
    assert told["status"] == "succeeded", told
    made = client.get(told["output"]["image"])
    assert made.content == png() and made.headers["content-type"] == "image/png"
    assert told["metadata"]["engine"] == "runpod"
    assert told["metadata"]["told"] == {"images": [{"type": "base64", "data": "…"}], "seed": 7}
    assert told["metadata"]["media"]["width_px"] == 64
    assert "['image', 'prompt', 'seed', 'style']" in painter.read_text()
    events = client.get(f"/v1/requests/{request_id}/events").text
    assert '"stage":"drawing"' in events.replace(" ", "") and '"progress":0.4' in events.replace(" ", "")


def test_addresses_go_through_the_door_both_ways(
    studio: LiveServer, client: httpx.Client, painter: Path, hostile: Hostile
) -> None:
    """An input behind an address is fetched and measured by us; an output behind one is copied home."""
    del painter
    address = hostile.serve(png("red"), media_type="image/png")
    told = finished(client, submit(client, "studio/draw", prompt="echo", picture=address))
    assert client.get(told["output"]["image"]).content == png("red")
    told = finished(client, submit(client, "studio/draw", prompt="address", address=address))
    assert told["output"]["image"].startswith(studio.url)
    assert told["metadata"]["told"] == {"image_url": "…", "cost": 3}
    for given, where in (({"picture": INSIDE, "prompt": "echo"}, "picture"), ({"address": INSIDE}, "output.image_url")):
        failed = finished(client, submit(client, "studio/draw", **{"prompt": "address", **given}))
        assert failed["status"] == "failed" and failed["error"].startswith(f"{where}: "), failed


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("refuse", "there is nothing to draw"),
        ("break", "a tube burst"),
        ("words", "the worker returned no image: an address, a data URI or base64 is accepted"),
    ],
)
def test_what_goes_wrong_is_told(client: httpx.Client, painter: Path, prompt: str, words: str) -> None:
    """In the handler's words, without its traceback."""
    del painter
    failed = finished(client, submit(client, "studio/draw", prompt=prompt))
    assert (failed["status"], failed["error"]) == ("failed", words)


def test_a_running_job_is_cancelled_and_the_worker_goes_on(client: httpx.Client, painter: Path) -> None:
    """The SDK hears of it by its stop channel, while it does other work, and goes on."""
    request_id = submit(client, "studio/draw", prompt="wait")
    until(lambda: request_id in painter.read_text())
    meanwhile = finished(client, submit(client, "studio/draw", prompt="refuse"))
    assert client.post(f"/v1/requests/{request_id}/cancel?running=true").status_code == 202
    until(lambda: f"stopped {request_id}.1" in painter.read_text())
    after = finished(client, submit(client, "studio/draw", prompt="refuse"))
    assert meanwhile["error"] == after["error"] == "there is nothing to draw"
    assert result(client, request_id)["status"] == "cancelled"


def test_any_model_is_pointed_at_a_worker_by_one_call(client: httpx.Client, painter: Path) -> None:
    """One that another engine made so far: its id, inputs and output stay as they were."""
    del painter
    pointed = {"engine": {"name": "runpod", "settings": {"endpoint": "draw"}}}
    assert client.patch(f"/v1/admin/models/{STILL}", json=pointed).status_code == 200
    try:
        assert finished(client, submit(client, STILL, prompt="refuse"))["error"] == "there is nothing to draw"
    finally:
        assert client.patch(f"/v1/admin/models/{STILL}", json={"engine": None}).status_code == 200


def test_what_a_killed_worker_had_is_done_by_another(studio: LiveServer, client: httpx.Client, tmp_path: Path) -> None:
    """Its pings are beats; without them the job is handed on, as a second attempt. Its late word counts nothing."""
    log = tmp_path / "jobs"
    log.touch()
    with worker(studio, "stream", "gone", log):  # not a generator: `wait` waits
        request_id = submit(client, "studio/stream", prompt="wait", picture=media.data_uri(png()))
        with client.stream("GET", f"/v1/requests/{request_id}/events") as events:
            assert [line for line, _ in zip(progress(events), range(2), strict=False)]
        assert f"{request_id}.1" in log.read_text()
    hand_on(studio, request_id)
    with worker(studio, "stream", "next", log, "stream"):
        told = finished(client, request_id)
    assert told["status"] == "succeeded", told
    assert [client.get(url).content for url in told["output"]["images"]] == [png(), png()]
    late = f"/worker/runpod/stream/job-done/gone/{request_id}.1&isStream=false"
    with studio.client(TOKEN) as gone:
        assert gone.post(late, content=b'{"output": {"error": "too late"}}').json() == {"accepted": False}


def test_a_job_that_a_worker_does_not_name_any_more_is_handed_on_at_once(
    studio: LiveServer, client: httpx.Client
) -> None:
    """It ended without a result that arrived; one that it did not name yet is on its way to it."""
    at = "/worker/runpod/stream"
    request_id = submit(client, "studio/stream", prompt="wait")
    with studio.client(TOKEN) as hand:
        assert hand.get(f"{at}/job-take/hand?").json()["id"] == f"{request_id}.1"
        for named in ("", f"?job_id={request_id}.1", "?runpod_version=1"):
            assert client.get(f"/v1/requests/{request_id}").json()["state"] == "in_progress"
            assert hand.get(f"{at}/ping/hand{named}").json() == {}
        batch = hand.get(f"{at}/job-take-batch/hand&batch_size=3").json()
        assert [job["id"] for job in batch] == [f"{request_id}.2"]
        done = hand.post(f"{at}/job-done/hand/{request_id}.2", content=b'{"error": {"message": "enough"}}')
        assert done.json() == {}
    assert finished(client, request_id)["error"] == "enough"


def test_only_workers_with_the_token_get_in(studio: LiveServer) -> None:
    """With a caller's key, a name that is none, or an endpoint that no model has, there is nothing to take."""
    take = "/worker/runpod/draw/job-take/one"
    with studio.client() as stranger, studio.client(TOKEN) as known:
        assert_error(stranger.get(take), 401, 401003)
        assert_error(known.get("/worker/runpod/nobody/job-take/one?&job_in_progress=0"), 404)
        assert_error(known.post("/worker/runpod/draw/job-done/one/what?", json={}), 404)
        assert_error(known.get(f"/worker/runpod/draw/ping/{'x' * 101}"), 400)
