"""`mutoscope models pull` against a server that speaks the hub's protocol, and what a server offers afterwards."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from mutoscope.engines.diffusers import weights

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(weights.missing_packages()), reason="not installed: the extra gpu (make gpu installs it)"),
]
MODEL_ID, REPOSITORY = "lightricks/ltx-video/image-to-video", "Lightricks/LTX-Video"
FIRST, SECOND = "1" * 40, "2" * 40


@dataclass
class Hub:
    """One repository, whose branch main can be moved."""

    url: str = ""
    main: str = FIRST
    told: dict[str, str] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(
        default_factory=lambda: {
            "model_index.json": json.dumps(
                {"_class_name": "LTXPipeline", "transformer": ["diffusers", "LTXVideoTransformer3DModel"]}
            ).encode(),
            "transformer/config.json": b"{}",
            "transformer/diffusion_pytorch_model.safetensors": b"weights" * 1000,
            "transformer/diffusion_pytorch_model.bin": b"a pickle",
            "everything.safetensors": b"another form of the same",
            "README.md": b"words",
        }
    )

    def siblings(self) -> list[dict[str, object]]:
        return [
            {"rfilename": name, "size": len(content), "blobId": hashlib.sha1(content).hexdigest()}
            | ({"lfs": self._lfs(name, content)} if name.endswith(".safetensors") else {})
            for name, content in self.files.items()
        ]

    def tree(self) -> list[dict[str, object]]:
        return [
            {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
            for name, content in self.files.items()
        ]

    def _lfs(self, name: str, content: bytes) -> dict[str, object]:
        digest = self.told.get(name, hashlib.sha256(content).hexdigest())
        return {"sha256": digest, "size": len(content), "pointerSize": 130}


class Handler(BaseHTTPRequestHandler):
    """The four calls that are made of it."""

    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if "/tree/" in path:
            return self.answer(json.dumps(self.hub.tree()).encode(), {"Content-Type": "application/json"})
        if path.startswith(f"/api/models/{REPOSITORY}"):
            revision = path.partition("/revision/")[2]
            commit = {"main": self.hub.main, "": self.hub.main}.get(revision, revision)
            told = {"id": REPOSITORY, "modelId": REPOSITORY, "sha": commit, "siblings": self.hub.siblings()}
            return self.answer(json.dumps(told).encode(), {"Content-Type": "application/json"})
        name = path.partition("/resolve/")[2].partition("/")[2]
        if name not in self.hub.files:
            return self.answer(b"", {"X-Error-Code": "EntryNotFound"}, 404)
        content = self.hub.files[name]
        commit = path.partition("/resolve/")[2].partition("/")[0]
        if self.command == "GET":
            self.hub.fetched.append(name)
        etag = f'"{hashlib.sha256(content).hexdigest()}"'
        return self.answer(content, {"ETag": etag, "X-Repo-Commit": commit})

    do_HEAD = do_GET

    def answer(self, content: bytes, headers: dict[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, format: str, *values: object) -> None:
        """Says nothing."""


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield hub
    server.shutdown()
    server.server_close()
    thread.join(10)


@dataclass
class Home:
    """Somebody's cache folder."""

    folder: Path
    hub: Hub

    @property
    def weights(self) -> Path:
        return self.folder / "cache" / "weights" / "Lightricks--LTX-Video"

    def mutoscope(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mutoscope", *arguments],
            env=os.environ
            | {"HF_ENDPOINT": self.hub.url, "MUTOSCOPE_CACHE": str(self.folder / "cache")}
            | {"MUTOSCOPE_DATA": str(self.folder / "data"), "HF_HOME": str(self.folder / "hub"), "NO_PROXY": "*"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def home(hub: Hub, tmp_path: Path) -> Home:
    return Home(tmp_path, hub)


def test_weights_are_fetched_once_and_pinned(home: Home, hub: Hub) -> None:
    """By commit and hash: a branch that moves moves nothing here; no pickle and no second form of the same comes."""
    done = home.mutoscope("models", "pull", MODEL_ID)
    assert done.returncode == 0, done.stderr
    first = home.weights / FIRST
    assert str(first) in done.stdout + done.stderr
    here = {str(path.relative_to(first)) for path in first.rglob("*") if path.is_file() and ".cache" not in path.parts}
    assert here == {
        "model_index.json",
        "transformer/config.json",
        "transformer/diffusion_pytorch_model.safetensors",
    }
    pins = json.loads((home.weights / "pins.json").read_text())
    assert pins["revisions"] == {"main": FIRST}
    name = "transformer/diffusion_pytorch_model.safetensors"
    assert pins["files"][FIRST][name] == hashlib.sha256(hub.files[name]).hexdigest()

    hub.main = SECOND
    hub.fetched.clear()
    assert home.mutoscope("models", "pull", MODEL_ID).returncode == 0
    assert not (home.weights / SECOND).exists()
    assert not [name for name in hub.fetched if name.endswith(".safetensors")]
    listed = home.mutoscope("models", "pull").stdout
    assert [line.split("\t")[0] for line in listed.splitlines() if line.endswith("here")] == [MODEL_ID]

    (first / name).write_bytes(b"something else")
    done = home.mutoscope("models", "pull", MODEL_ID)
    assert done.returncode != 0 or (first / name).read_bytes() == hub.files[name]


def test_weights_that_are_not_what_the_hub_says_are_not_used(home: Home, hub: Hub) -> None:
    name = "transformer/diffusion_pytorch_model.safetensors"
    hub.told[name] = "0" * 64
    done = home.mutoscope("models", "pull", MODEL_ID)
    assert done.returncode != 0
    assert f"{name}: has another SHA-256 than it is pinned to" in done.stderr
    assert not (home.weights / "pins.json").exists()


def test_what_is_no_pipeline_is_named(home: Home, hub: Hub) -> None:
    del hub.files["model_index.json"]
    done = home.mutoscope("models", "pull", REPOSITORY)
    assert done.returncode != 0
    assert f"{REPOSITORY}: holds no model_index.json" in done.stderr
    assert "Traceback" not in done.stderr
