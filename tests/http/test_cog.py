"""A model packed with Cog, served by Cog's own server, unmodified: `make peers` installs it."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml
from click.testing import CliRunner

from mutoscope.catalog import Catalog, check_engines
from mutoscope.cli.cog import command
from mutoscope.engines import registry
from tests.conftest import PLAIN, LiveServer, serving
from tests.http import media
from tests.http.calls import assert_error, finished, result, submit, until
from tests.http.test_runpod import png

pytestmark = pytest.mark.slow

PYTHON = Path(sys.prefix) / "peers" / "cog" / "bin" / "python"
MODEL = Path(__file__).parents[1] / "peers" / "cog_model"
TOKEN = "wt_cog"


def command_of(folder: Path, port: int) -> list[str]:
    """What runs in a Cog container, with the environment that its image has."""
    return [
        "env",
        f"PATH={PYTHON.parent}:{os.environ['PATH']}",
        f"PORT={port}",
        "COG_PREDICT_TYPE_STUB=predict.py:Predictor",
        f"DIARY={folder / 'diary'}",
        *(str(PYTHON), "-m", "cog.server.http", "--host", "127.0.0.1"),
    ]


def free_port() -> int:
    """One that is free, and that no system gives away by itself before it is taken."""
    ports = list(range(20_000, 32_000))
    random.SystemRandom().shuffle(ports)
    for port in ports:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


@dataclass
class Model:
    """A running Cog server, and what its predictor wrote down."""

    url: str
    folder: Path

    @property
    def diary(self) -> list[str]:
        """A line for each run that begins and each that ends."""
        path = self.folder / "diary"
        return path.read_text("utf-8").splitlines() if path.exists() else []


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Model]:
    """The Cog server of this module."""
    if not PYTHON.exists():
        pytest.skip("the package cog is not installed beside us; `make peers` does it")
    folder = tmp_path_factory.mktemp("cog") / "model"
    shutil.copytree(MODEL, folder)
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command_of(folder, port), cwd=folder, stdout=log, stderr=log, start_new_session=True)
    try:
        found = Model(f"http://127.0.0.1:{port}", folder)
        until(lambda: status(found) == "READY")
        yield found
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


def status(model: Model) -> str:
    """What its health check says."""
    with contextlib.suppress(httpx.TransportError):
        return str(httpx.get(f"{model.url}/health-check", **PLAIN).json()["status"])
    return ""


@pytest.fixture(scope="module")
def proposed(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the manifest that `mutoscope cog import` wrote, and a second model that is to be started."""
    folder = tmp_path_factory.mktemp("proposed")
    with contextlib.chdir(folder):
        done = CliRunner().invoke(command, ["import", model.url, "--id", "studio/echo", "--write"])
    assert done.exit_code == 0, done.output
    manifest = yaml.safe_load((folder / "echo.yaml").read_text("utf-8"))
    started = folder / "model"
    shutil.copytree(MODEL, started)
    port = free_port()
    manifest |= {"id": "studio/started"}
    manifest["engine"]["settings"] = {
        "url": f"http://127.0.0.1:{port}",
        "command": command_of(started, port),
        "folder": str(started),
    }
    (folder / "started.yaml").write_text(yaml.safe_dump(manifest), "utf-8")
    return folder


@pytest.fixture(scope="module")
def studio(proposed: Path) -> Iterator[LiveServer]:
    """A server with these models, whose workers the tests start."""
    with serving(proposed / "data", workers=0, worker_token=TOKEN, manifests=proposed, lease_s=4, beat_s=1) as live:
        yield live


@dataclass
class Crew:
    """One worker with the engine `cog` alone, and its place."""

    studio: LiveServer
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Set one to work."""
        started = [sys.executable, "-m", "mutoscope", "worker", "--server", self.studio.url, "--engine", "cog"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MUTOSCOPE_")}
        with (self.folder / "worker.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*started, "--folder", str(self.folder / "work")],
                env=environment | {"MUTOSCOPE_WORKER_TOKEN": TOKEN},
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """As a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)


@pytest.fixture(scope="module")
def crew(studio: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    """The only worker there is."""
    crew = Crew(studio, tmp_path_factory.mktemp("worker"))
    crew.start()
    yield crew
    crew.kill()


@pytest.fixture
def client(studio: LiveServer) -> Iterator[httpx.Client]:
    """Somebody who works at the studio."""
    with studio.client() as client:
        yield client


def test_the_proposed_manifest_fits(proposed: Path, model: Model) -> None:
    """Inputs in the order of the predictor, files as files, the seed as ours; it passes the checks of a start."""
    catalog = Catalog.load([proposed], builtin=False)
    assert check_engines(catalog.models, {"cog": registry.capabilities("cog")}) == ()
    manifest = yaml.safe_load((proposed / "echo.yaml").read_text("utf-8"))
    properties = manifest["input_schema"]["properties"]
    assert list(properties) == ["prompt", "image", "steps", "seed"]
    assert properties["image"] == {
        "title": "Image",
        "description": "A picture.",
        "type": "string",
        "format": "image_uri",
        "default": None,
    }
    assert properties["steps"]["maximum"] == 10000
    assert manifest["engine"]["settings"] == {"url": model.url}
    refused = CliRunner().invoke(command, ["import", f"http://127.0.0.1:{free_port()}"])
    assert (refused.exit_code, "no connection" in refused.output) == (65, True)


def test_a_prediction_makes_a_picture(client: httpx.Client, model: Model, crew: Crew) -> None:
    """Values, seed and file go there, progress and log come from what it prints, its file becomes ours."""
    del crew
    request_id = submit(client, "studio/echo", prompt="echo", image=media.data_uri(png()), seed=7, steps=12)
    told = finished(client, request_id)
    assert told["status"] == "succeeded", told
    assert client.get(told["output"]["image"]).content == png()
    assert told["metadata"]["engine"] == "cog"
    assert model.diary[-2:] == ["begin echo 7", "end echo"]
    events = client.get(f"/v1/requests/{request_id}/events").text
    assert '"stage":"running"' in events and "%|###| " in events


def test_no_call_starts_a_program(client: httpx.Client, model: Model) -> None:
    """A model may be pointed at another server while ours runs; what is started is for its manifest to say."""
    pointed = {"name": "cog", "settings": {"url": model.url}}
    assert client.patch("/v1/admin/models/studio/started", json={"engine": pointed}).status_code == 200
    assert client.patch("/v1/admin/models/studio/started", json={"engine": None}).status_code == 200
    pointed["settings"] = {"url": model.url, "command": ["touch", "/tmp/somewhere"]}
    refused = client.patch("/v1/admin/models/studio/started", json={"engine": pointed})
    assert "command: it starts a program" in assert_error(refused, 422)["detail"][0]["message"]


def test_what_goes_wrong_is_told(client: httpx.Client, model: Model, crew: Crew) -> None:
    """In the predictor's words."""
    del model, crew
    failed = finished(client, submit(client, "studio/echo", prompt="break"))
    assert failed["status"] == "failed" and failed["error"].endswith("ValueError: a tube burst")


def test_a_cancel_reaches_the_predictor(client: httpx.Client, model: Model, crew: Crew) -> None:
    """It stops there too, and the next request finds it ready."""
    del crew
    request_id = submit(client, "studio/echo", prompt="long", steps=9000)
    until(lambda: "begin long" in " ".join(model.diary))
    client.post(f"/v1/requests/{request_id}/cancel?running=true")
    told = finished(client, submit(client, "studio/echo", prompt="after", image=media.data_uri(png())))
    assert told["status"] == "succeeded"
    assert [line for line in model.diary if "long" in line][-1] == "end long"
    assert result(client, request_id)["status"] == "cancelled"


def test_a_command_starts_the_server(client: httpx.Client, proposed: Path, crew: Crew) -> None:
    """Where nobody answers yet."""
    del crew
    told = finished(client, submit(client, "studio/started", prompt="here", image=media.data_uri(png("red"))))
    assert told["status"] == "succeeded", told
    assert Model("", proposed / "model").diary[-1] == "end here"


def test_no_two_runs_of_a_request_overlap(client: httpx.Client, model: Model, crew: Crew) -> None:
    """A worker is killed in the middle: its run ends there, and the second attempt's begins after that."""
    request_id = submit(client, "studio/echo", prompt="twice", image=media.data_uri(png()))
    until(lambda: "begin twice" in " ".join(model.diary))
    crew.kill()
    crew.start()
    told = finished(client, request_id)
    assert told["status"] == "succeeded"
    kept = [line.split()[0] for line in model.diary if "twice" in line]
    assert kept == ["begin", "end", "begin", "end"]
