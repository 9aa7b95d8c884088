"""The page about engines of one's own, followed to the letter."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mutoscope.testing import a_picture
from tests.conftest import LiveServer, start_server
from tests.http import media
from tests.http.calls import completed, submit, until

pytestmark = pytest.mark.slow
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "write-an-engine.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the page says to save, where it says to save them."""
    folder = tmp_path_factory.mktemp("own-engine")
    text = PAGE.read_text("utf-8")
    code, prepare, far, tests = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (manifest,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (folder / "models").mkdir()
    (folder / "models" / "ink.yaml").write_text(manifest, "utf-8")
    (folder / "ink.py").write_text(f"{code}\n\n{prepare}\n\n{far}", "utf-8")
    (folder / "test_ink.py").write_text(tests, "utf-8")
    return folder


@pytest.fixture(scope="module")
def studio(folder: Path) -> Iterator[LiveServer]:
    """A server with that engine and that model."""
    live = start_server(
        folder / "data", engines="ink", engine_files=folder / "ink.py", manifests=folder / "models", workers=1
    )
    live.wait_ready()
    yield live
    assert live.stop() == 0


def pixels(content: bytes) -> np.ndarray:
    """A picture as numbers."""
    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture.convert("L"), np.float32)


@pytest.fixture
def picture(tmp_path: Path) -> bytes:
    """96 x 64 px of something to draw."""
    return a_picture(tmp_path / "picture").read_bytes()


def test_a_function_serves_a_model(studio: LiveServer, picture: bytes) -> None:
    """From a picture over HTTP to a drawing; values arrive, the seed counts, and the schema guards it."""
    with studio.client() as client:
        given = {"picture": media.data_uri(picture), "seed": 5}
        drawn = [
            client.get(completed(client, "studio/ink", **given | changes)["output"]["image"]).content
            for changes in ({}, {}, {"seed": 6}, {"pressure": 5})
        ]
        refused = client.post("/v1/models/studio/ink", json=given | {"pressure": 50})

    assert drawn[0] == drawn[1] != drawn[2]
    assert pixels(drawn[0]).shape == (64, 96)
    assert pixels(drawn[3]).mean() < pixels(drawn[0]).mean()
    assert refused.status_code == 422
    assert "pressure" in refused.text


def test_its_own_error_reaches_the_caller(studio: LiveServer) -> None:
    """What it raises on purpose, word for word."""
    flat = io.BytesIO()
    Image.new("RGB", (64, 64), "grey").save(flat, "PNG")
    with studio.client() as client:
        request_id = submit(client, "studio/ink", picture=media.data_uri(flat.getvalue()))
        told = until(lambda: (now := client.get(f"/v1/requests/{request_id}").json())["state"] == "failed" and now)
    assert "one colour; there is nothing to draw" in told["error"]


def test_a_worker_brings_its_own_engine(folder: Path, picture: bytes) -> None:
    """A server whose own workers do not run it hands the work to one that was started with the file."""
    token = "wt_a-token-of-the-test"
    live = start_server(
        folder / "other", workers=0, engine_files=folder / "ink.py", manifests=folder / "models", worker_token=token
    )
    command = [sys.executable, "-m", "mutoscope", "worker", str(folder / "ink.py"), "--server", live.url]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MUTOSCOPE_")}
    with subprocess.Popen(command, env=environment | {"MUTOSCOPE_WORKER_TOKEN": token}, cwd=folder) as worker:
        try:
            with live.client() as client:
                completed(client, "studio/ink", picture=media.data_uri(picture))
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait()
            ended = live.stop()
    assert (worker.returncode, ended) == (0, 0)


def test_it_keeps_the_promises_of_engines(folder: Path) -> None:
    """The tests of the page pass, and fail for an engine that breaks a promise."""
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "test_ink.py"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MUTOSCOPE_", "PYTEST_"))}
    done = subprocess.run(run, cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout
    assert "8 passed" in done.stdout

    careless = folder / "careless"
    careless.mkdir()
    code = (folder / "ink.py").read_text("utf-8")
    (careless / "ink.py").write_text(code.replace("default_rng(seed)", "default_rng()"), "utf-8")
    (careless / "test_ink.py").write_text((folder / "test_ink.py").read_text("utf-8"), "utf-8")
    done = subprocess.run(run, cwd=careless, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 1
    assert "test_the_same_seed_gives_the_same_bytes" in done.stdout
