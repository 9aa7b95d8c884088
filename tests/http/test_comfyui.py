"""ComfyUI workflows as models, from submit to result, with everything in between that can break."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from mutoscope.engines.comfyui.proposal import propose
from mutoscope.media.probe import probe
from mutoscope.testing import a_picture
from tests import comfy
from tests.comfy import Comfy
from tests.conftest import LiveServer, serving
from tests.http import media
from tests.http.calls import assert_error, assert_no_defects, completed, finished, result, submit, until
from tests.scenarios.processes import HAS_PROC, Process, descendants
from tests.workflows import FILM, FILM_INPUTS, STILL

pytestmark = pytest.mark.slow
IMAGE, VIDEO = "comfyui/still", "comfyui/film"


@pytest.fixture(scope="module")
def server() -> Iterator[Comfy]:
    with comfy.running() as server:
        yield server


@pytest.fixture(scope="module")
def studio(server: Comfy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with two workflows as `mutoscope comfy import` proposes them, the film with a length to choose."""
    folder = tmp_path_factory.mktemp("comfyui")
    models = folder / "models"
    models.mkdir()
    for model_id, graph in ((IMAGE, STILL), (VIDEO, FILM)):
        manifest = propose(graph, model_id=model_id, workflow=f"{model_id[8:]}.json")
        if model_id == IMAGE:
            manifest["input_schema"]["properties"]["steps"]["maximum"] = 100_000
        else:
            frames = {"title": "Frames", "type": "integer", "default": 5, "minimum": 1, "maximum": 50}
            manifest["input_schema"]["properties"]["num_frames"] = frames
            manifest["engine"]["inputs"]["num_frames"] = "num_frames"
            manifest["engine"]["settings"]["inputs"] = FILM_INPUTS
        (models / f"{model_id[8:]}.json").write_text(json.dumps(graph), "utf-8")
        (models / f"{model_id[8:]}.yaml").write_text(yaml.safe_dump(manifest), "utf-8")
    with serving(
        folder / "data", engines="comfyui", comfyui_servers=server.url, manifests=models, lease_s=3, beat_s=0.5
    ) as live:
        yield live
    assert_no_defects(live)


@pytest.fixture
def client(studio: LiveServer, server: Comfy) -> Iterator[httpx.Client]:
    with studio.client() as client:
        yield client
    server.step_s = 0.0
    server.hold.clear()


def bytes_of(client: httpx.Client, url: str) -> bytes:
    return client.get(url).raise_for_status().content


def children(studio: LiveServer, module: str) -> list[Process]:
    return [one for one in descendants(studio.process.pid) if module in one.command]


def test_words_become_a_picture(client: httpx.Client) -> None:
    """Values, seed and size reach the nodes; the same seed gives the same bytes, another one does not."""
    told = [completed(client, IMAGE, prompt="a harbour", width=96, seed=seed) for seed in (3, 3, 4)]
    pictures = [bytes_of(client, one["output"]["image"]) for one in told]
    assert pictures[0] == pictures[1] != pictures[2]
    assert told[0]["metadata"]["engine"] == "comfyui"
    assert told[0]["metadata"]["media"]["width_px"] == 96


def test_a_picture_becomes_a_film(client: httpx.Client, tmp_path: Path) -> None:
    """Uploaded to ComfyUI by its content; frames and rate as asked for, with a poster."""
    picture = media.data_uri(a_picture(tmp_path / "a").read_bytes())
    told = completed(client, VIDEO, image=picture, num_frames=12, fps=6)
    film = tmp_path / "film.mp4"
    film.write_bytes(bytes_of(client, told["output"]["video"]))
    info = probe(film)
    assert (info.num_frames, info.fps, info.width_px, info.height_px) == (12, 6.0, 64, 48)
    poster = client.get(f"/v1/requests/{told['request_id']}/poster", follow_redirects=True)
    assert poster.content.startswith(b"\xff\xd8\xff")


def test_what_a_node_does_not_accept_names_the_input(client: httpx.Client) -> None:
    """ComfyUI knows limits that the schema does not."""
    told = finished(client, submit(client, IMAGE, prompt="x", steps=20_000))
    assert told["status"] == "failed"
    assert told["error"] == "steps: found 20000; at most 10000 is accepted"


def test_no_call_starts_a_program(client: httpx.Client, tmp_path: Path, server: Comfy) -> None:
    """A model may be pointed at another ComfyUI while ours runs; a folder to start one from is for its manifest."""
    (tmp_path / "main.py").write_text("raise SystemExit(0)\n", "utf-8")
    more = {"workflow": STILL, "inputs": {"prompt": "6.text"}}
    refusals = []
    for settings in ({"servers": [server.url]}, {"folder": str(tmp_path)}):
        pointed = {"name": "comfyui", "inputs": {"prompt": "prompt"}, "settings": settings | more}
        refusals.append(client.patch(f"/v1/admin/models/{IMAGE}", json={"engine": pointed}))
    assert refusals[0].status_code == 200, refusals[0].text
    assert client.patch(f"/v1/admin/models/{IMAGE}", json={"engine": None}).status_code == 200
    assert "folder: it starts a program" in assert_error(refusals[1], 422)["detail"][0]["message"]


def test_a_cancel_interrupts_what_runs(client: httpx.Client, server: Comfy, studio: LiveServer) -> None:
    """On the ComfyUI server too, and without the engine being killed."""
    server.step_s = 0.1
    request_id = submit(client, IMAGE, prompt="cancelled", steps=150)
    until(lambda: server.running)
    before = [one.pid for one in children(studio, "engines.child")]

    client.post(f"/v1/requests/{request_id}/cancel?running=true")

    until(lambda: not server.running)
    ended = list(server.history.values())[-1]["status"]["messages"][-1][0]
    assert ended == "execution_interrupted"
    server.step_s = 0.0
    completed(client, IMAGE, prompt="after it")
    assert [one.pid for one in children(studio, "engines.child")] == before
    assert result(client, request_id)["status"] == "cancelled"


@pytest.mark.skipif(not HAS_PROC, reason="needs /proc to find the processes")
def test_a_killed_worker_runs_nothing_twice(client: httpx.Client, server: Comfy, studio: LiveServer) -> None:
    """The next worker finds the prompt by what was remembered, and takes what it made."""
    server.step_s = 0.05
    before = len(server.runs)
    request_id = submit(client, IMAGE, prompt="survives", steps=60)
    until(lambda: len(server.runs) > before)
    for worker in children(studio, "mutoscope.worker"):
        os.kill(worker.pid, signal.SIGKILL)
    told = finished(client, request_id)
    assert told["status"] == "succeeded"
    assert len(server.runs) == before + 1
    assert client.get(f"/v1/requests/{request_id}").json()["attempt"] == 2


def test_its_requests_are_seen_to_move(client: httpx.Client, server: Comfy) -> None:
    """Progress and a preview arrive while it runs."""
    server.step_s = 0.1
    request_id = submit(client, IMAGE, prompt="moves", steps=40)
    seen: dict[str, Any] = until(lambda: (now := moving(client, request_id)) and now)
    assert seen["stage"] == "generating"
    assert 0 < seen["progress"] < 1
    client.post(f"/v1/requests/{request_id}/cancel?running=true")


def moving(client: httpx.Client, request_id: str) -> dict[str, Any] | None:
    now: dict[str, Any] = client.get(f"/v1/requests/{request_id}").json()
    return now if now.get("stage") == "generating" and now.get("progress", 0) > 0.05 else None
