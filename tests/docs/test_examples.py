"""The examples in the docs are run as they are printed, against a real server, through a real shell.

A fenced block is an example when the line above it is `<!-- run -->`, or `<!-- run: 422 -->` when its call is
meant to be refused. The examples of one page run in order in one folder that holds `mountain-path.jpg`; what earlier
answers held replaces `{request_id}`, `{image_url}` and `{file_id}` in later ones, as a reader would do it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "http://127.0.0.1:8000"
EXAMPLE = re.compile(
    r"^<!-- run(?:: (?P<status>\d{3}))? -->\n```(?:bash|console)\n(?P<shell>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
PLACEHOLDER = re.compile(r"\{(request_id|image_url|file_id)\}")
REFERENCE_HOST = "https://model-api.runcomfy.net"
REFERENCE_IMAGE = "https://playgrounds-storage-public.runcomfy.net/tools/7013/media-files/usecase2-2-input.jpeg"
RENDERING = ("README.md", "docs/tutorial.md")  # these make videos, so they have tests and a server of their own
PAGES = [
    page
    for page in sorted((ROOT / "docs").rglob("*.md"))
    if EXAMPLE.search(page.read_text(encoding="utf-8")) and str(page.relative_to(ROOT)) not in RENDERING
]

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed: apt install curl")


class Server(Protocol):
    """The part of the `server` fixture that examples need."""

    @property
    def url(self) -> str: ...
    @property
    def api_key(self) -> str: ...


@dataclass(frozen=True)
class Example:
    """One block: what is typed, and the HTTP statuses that are meant to come back (empty: any success)."""

    shell: str
    status: str | None


@dataclass
class Reader:
    """Somebody who follows a page: types its examples into a shell and remembers what the answers held."""

    server: Server
    folder: Path
    memory: dict[str, str] = field(default_factory=dict)

    def follow(self, example: Example) -> str:
        """Type the example. Returns what it printed; fails when it did not go as the page says."""
        shell = PLACEHOLDER.sub(lambda match: self.memory[match[1]], example.shell)
        if "/result" in shell:
            self.wait_until_done()
        typed = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", shell.replace(ADDRESS, self.server.url)],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        said = f"{shell}\n--- printed\n{typed.stdout}\n--- and on the side\n{typed.stderr}"
        assert typed.returncode == 0, said
        for status in re.findall(r"^http (\d{3})$", typed.stderr, re.MULTILINE):
            assert status == example.status or (example.status is None and status.startswith("2")), said
        self.remember(typed.stdout)
        return typed.stdout

    def environment(self) -> Mapping[str, str]:
        """A shell of its own: no proxies, no config of this machine's user, curl tells the HTTP status."""
        (self.folder / ".curlrc").write_text('silent\nshow-error\nwrite-out = "%{stderr}http %{http_code}\\n"\n')
        programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return {
            "PATH": programs,
            "HOME": str(self.folder),
            "CURL_HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "MUTOSCOPE_URL": self.server.url,
            "MUTOSCOPE_API_KEY": self.server.api_key,
        }

    def remember(self, printed: str) -> None:
        try:
            answer = json.loads(printed)
        except ValueError:
            return
        if "request_id" in answer:
            self.memory["request_id"] = answer["request_id"]
        if "file_id" in answer:
            self.memory |= {"file_id": answer["file_id"], "image_url": answer["url"]}

    def wait_until_done(self) -> None:
        """The page says that one may ask again until the request is done."""
        headers = {"Authorization": f"Bearer {self.server.api_key}"}
        address = f"{self.server.url}/v1/requests/{self.memory['request_id']}/result"
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            answer = httpx.get(address, headers=headers, trust_env=False).json()
            if answer["status"] not in ("in_queue", "in_progress"):
                return
            time.sleep(0.2)
        pytest.fail("the request did not end within five minutes")


def examples(page: Path) -> list[Example]:
    return [Example(match["shell"], match["status"]) for match in EXAMPLE.finditer(page.read_text(encoding="utf-8"))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a reader works: the shipped photograph lies there."""
    shutil.copy(ROOT / "src" / "mutoscope" / "assets" / "mountain-path.jpg", tmp_path / "mountain-path.jpg")
    return tmp_path


def test_the_readme_makes_the_four_calls_of_the_reference_page() -> None:
    """Only host, token and the picture's address differ; the rest is the same, character for character."""
    reference = (ROOT / "tests" / "docs" / "reference_calls.txt").read_text(encoding="utf-8").strip().split("\n\n")
    ours = [
        example.shell.strip()
        .replace(ADDRESS, REFERENCE_HOST)
        .replace("$MUTOSCOPE_API_KEY", "<token>")
        .replace("{image_url}", REFERENCE_IMAGE)
        for example in examples(ROOT / "README.md")
        if "/v1/files" not in example.shell
    ]
    assert ours == reference


@needs_curl
@pytest.mark.slow
@pytest.mark.render
@pytest.mark.timeout(600)
def test_the_four_calls_of_the_readme_make_a_video(render_server: Server, folder: Path) -> None:
    """Upload, submit, status, result, cancel: copied, run, and at the end there is a video to watch."""
    reader = Reader(render_server, folder)
    answers: list[dict[str, Any]] = [json.loads(reader.follow(step)) for step in examples(ROOT / "README.md")]
    uploaded, submitted, status, result, cancelled = answers
    assert uploaded["media_type"] == "image/jpeg"
    assert submitted["status_url"] == f"{render_server.url}/v1/requests/{submitted['request_id']}/status"
    assert status["status"] in ("in_queue", "in_progress", "completed")
    assert result["status"] == "succeeded", result
    assert list(result["output"]) == ["video"]
    assert result["metadata"]["media"]["num_frames"] == 121
    assert cancelled["status"] == "completed"
    assert cancelled["outcome"] == "not_cancellable"
    video = httpx.get(result["output"]["video"], trust_env=False)
    assert video.status_code == 200
    assert video.content[4:8] == b"ftyp"


@needs_curl
@pytest.mark.slow
@pytest.mark.render
@pytest.mark.timeout(900)
def test_the_tutorial_can_be_followed(render_server: Server, folder: Path) -> None:
    """From the catalogue to two videos and a refusal; the short way leaves its video in the folder."""
    reader = Reader(render_server, folder)
    for example in examples(ROOT / "docs" / "tutorial.md"):
        reader.follow(example)
    videos = list(folder.rglob("*.mp4"))
    assert len(videos) == 1
    assert videos[0].read_bytes()[4:8] == b"ftyp"


@needs_curl
@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_of_a_page_run(page: Path, server: Server, folder: Path) -> None:
    """One after the other, as somebody would who reads the page from the top."""
    reader = Reader(server, folder)
    for example in examples(page):
        reader.follow(example)
