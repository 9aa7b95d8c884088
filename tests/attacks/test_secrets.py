"""What leaks where it should not: metadata of inputs, the worker's token."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from mutoscope.engines.base import Task
from mutoscope.engines.parallax.engine import Parallax
from mutoscope.engines.parallax.sizes import Size
from tests.attacks.attack import attack
from tests.conftest import LiveServer
from tests.http.calls import WITH_PICTURE, completed, until
from tests.scenarios.processes import HAS_PROC, Process, descendants

PLANTED = b"planted-secret-of-the-photographer"
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>' + PLANTED + b"</rdf:RDF></x:xmpmeta>"


def photograph() -> bytes:
    """A JPEG with a secret in EXIF, GPS, XMP, a comment and its profile."""
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = exif[0x8298] = PLANTED.decode()
    exif.get_ifd(0x8825)[0x001D] = PLANTED.decode()
    exif.get_ifd(0x8769)[0x9286] = PLANTED
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    file = io.BytesIO()
    Image.effect_noise((400, 300), 60).convert("RGB").save(
        file, "JPEG", exif=exif, xmp=XMP, comment=PLANTED, icc_profile=profile + PLANTED
    )
    return file.getvalue()


def drawing() -> bytes:
    """A PNG with it in every kind of text."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", PLANTED.decode())
    info.add_text("Comment", PLANTED.decode(), zip=True)
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    file = io.BytesIO()
    Image.effect_noise((400, 300), 60).convert("RGB").save(file, "PNG", pnginfo=info)
    return file.getvalue()


def tells(content: bytes) -> bool:
    """Is the secret in there, in any of the ways it could have been copied?"""
    marks = (
        PLANTED,
        PLANTED.decode().encode("utf-16-le"),
        PLANTED.decode().encode("utf-16-be"),
        b"xmpmeta",
        b"Exif\0\0",
    )
    return any(mark in content for mark in marks)


@attack("EXIF, GPS, XMP, comments and profile texts of an input", "in no output, no poster, no answer")
def test_nothing_written_in_an_input_is_in_an_output(owner: httpx.Client) -> None:
    """Through upload, worker and engine; the planted words are in the input, so the search is able to find them."""
    for content in (photograph(), drawing()):
        assert PLANTED in content
        source = owner.post("/v1/files", content=content).json()["url"]
        told = completed(owner, WITH_PICTURE, source=source, num_frames=2)
        details = owner.get(f"/v1/requests/{told['request_id']}")
        poster = owner.get(f"/v1/requests/{told['request_id']}/poster").content
        films = [owner.get(url).content for url in _urls(told["output"])]
        assert films
        assert not [part for part in (*films, poster, details.content) if tells(part)]


def _urls(output: object) -> list[str]:
    if isinstance(output, str):
        return [output] if output.startswith("http") else []
    parts = output.values() if isinstance(output, dict) else output if isinstance(output, list) else ()
    return [url for part in parts for url in _urls(part)]


@pytest.mark.render
@attack("the same, rendered by parallax", "in neither film nor poster")
def test_nothing_written_in_an_input_is_in_a_rendered_film(tmp_path: Path) -> None:
    """The engine that people use, on a small film."""
    (tmp_path / "in").write_bytes(photograph())
    (tmp_path / "out").mkdir()
    task = Task({"prompt": "slow zoom in", "num_frames": 4}, {"image": (tmp_path / "in",)}, tmp_path / "out", 1, {})

    made = Parallax(Size("4:3", 192, 144)).run(task, _Quiet())

    assert made.poster is not None
    assert not [path for path in (*made.files, made.poster) if tells(path.read_bytes())]


class _Quiet:
    def report(self, fraction: float, stage: str) -> None:
        """Nobody asks."""

    def log(self, line: str) -> None:
        """Nobody reads."""

    def show(self, picture: Path) -> None:
        """Nobody reads."""

    def remember(self, values: Mapping[str, Any]) -> None:
        """Nothing is handed on: there is no further attempt."""


@pytest.mark.skipif(not HAS_PROC or sys.platform != "linux", reason="looks into /proc")
@attack(
    "the environment of every process of the server, read by an engine",
    "holds no worker token; a worker's memory is closed",
)
def test_no_environment_holds_the_token(besieged: LiveServer, unharmed: None) -> None:
    """What workers show to the server came over a pipe; engines and helpers know neither it nor the first key."""

    def all_of_them() -> list[Process]:
        """An engine that another test ended is being started again."""
        found = descendants(besieged.process.pid)
        kinds = ("mutoscope.worker", "mutoscope.engines.child")
        return found if all(any(kind in process.command for process in found) for kind in kinds) else []

    for process in until(all_of_them):
        environment = (Path("/proc") / str(process.pid) / "environ").read_bytes() if os.getuid() == 0 else b""
        assert b"MUTOSCOPE_WORKER_TOKEN=" not in environment
        assert b"mk_alice" not in environment
        if "mutoscope.worker" in process.command:
            owner = (Path("/proc") / str(process.pid) / "mem").stat().st_uid
            assert owner == 0  # not dumpable: only root may look
