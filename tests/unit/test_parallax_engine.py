"""The engine from the outside: a task in, a video and a poster out."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from mutoscope.engines.base import Produced, Task
from mutoscope.engines.parallax import Parallax, kernels
from mutoscope.engines.parallax.sizes import SIZES, Size
from mutoscope.errors import EngineError, MediaError

SMALL = Size("1:1", 160, 160)


class Heard:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.reports: list[tuple[float, str]] = []
        self.lines: list[str] = []

    def report(self, fraction: float, stage: str) -> None:
        """Remember it."""
        self.reports.append((fraction, stage))

    def log(self, line: str) -> None:
        """Remember it."""
        self.lines.append(line)


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    """A JPEG with structure, a camera's metadata and a secret place in it."""
    rng = np.random.default_rng(11)
    coarse = rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((320, 240), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x010E] = "SECRET-PLACE"
    path = tmp_path / "in.jpg"
    image.save(path, quality=92, exif=exif)
    return path


def run(photograph: Path, folder: Path, *, size: Size | None = SMALL, seed: int = 7, **parameters: Any) -> Produced:
    """One task from start to end."""
    folder.mkdir()
    task = Task({"prompt": "slow zoom in", "num_frames": 12} | parameters, {"image": (photograph,)}, folder, seed)
    return Parallax(size).run(task, Heard())


def sha256(path: Path) -> str:
    """Of the whole file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_picture_becomes_a_video_and_a_poster(photograph: Path, tmp_path: Path) -> None:
    """Both lie in the task's folder under their usual names; the video is decoded before it is believed."""
    produced = run(photograph, tmp_path / "out")
    assert produced.files == (tmp_path / "out" / "video.mp4",)
    assert produced.poster == tmp_path / "out" / "poster.jpg"
    assert produced.kind == "video"
    assert produced.applied == ("camera: slow zoom in",)
    with av.open(str(produced.files[0])) as container:
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
        assert container.streams.video[0].average_rate == 24
    assert len(frames) == 12
    assert frames[0].shape == (160, 160)
    assert frames[0].std() > 10
    with Image.open(produced.poster) as poster:
        assert poster.size == (160, 160)


def test_the_same_task_gives_the_same_bytes_and_another_seed_others(photograph: Path, tmp_path: Path) -> None:
    """The seed is the whole difference."""
    first = run(photograph, tmp_path / "a")
    again = run(photograph, tmp_path / "b")
    other = run(photograph, tmp_path / "c", seed=8)
    assert first.poster and again.poster
    assert sha256(first.files[0]) == sha256(again.files[0])
    assert sha256(first.poster) == sha256(again.poster)
    assert sha256(first.files[0]) != sha256(other.files[0])


def test_nothing_of_the_pictures_metadata_leaks(photograph: Path, tmp_path: Path) -> None:
    """Where a photograph was taken stays with its owner."""
    assert b"SECRET-PLACE" in photograph.read_bytes()
    produced = run(photograph, tmp_path / "out")
    assert produced.poster
    assert b"SECRET-PLACE" not in produced.files[0].read_bytes()
    assert b"SECRET-PLACE" not in produced.poster.read_bytes()
    with Image.open(produced.poster) as poster:
        assert not poster.getexif()


def test_progress_moves_forward_and_the_log_holds_no_prompt(photograph: Path, tmp_path: Path) -> None:
    """Stages come in order; nobody reads a prompt in a log."""
    heard = Heard()
    (tmp_path / "out").mkdir()
    prompt = "zoom in, the unicorn gallops"
    task = Task({"prompt": prompt, "num_frames": 6}, {"image": (photograph,)}, tmp_path / "out", 1)
    Parallax(SMALL).run(task, heard)
    fractions = [fraction for fraction, _ in heard.reports]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    stages = list(dict.fromkeys(stage for _, stage in heard.reports))
    assert stages == ["reading", "planning", "rendering", "encoding", "finishing"]
    assert heard.lines and not any("unicorn" in line for line in heard.lines)


@pytest.mark.parametrize("num_frames", [None, 0, 1, 2001, True, "121"])
def test_a_frame_count_that_cannot_be_made_is_refused(photograph: Path, tmp_path: Path, num_frames: object) -> None:
    """Before anything is decoded."""
    with pytest.raises(EngineError, match="num_frames"):
        run(photograph, tmp_path / "out", num_frames=num_frames)


def test_a_file_that_is_no_picture_is_the_pictures_fault(tmp_path: Path) -> None:
    """The error is about the medium, so no second attempt is made."""
    broken = tmp_path / "in.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 and then nothing")
    with pytest.raises(MediaError):
        run(broken, tmp_path / "out")


def test_settings_that_no_encoder_takes_are_refused(photograph: Path, tmp_path: Path) -> None:
    """A manifest's mistake is told in words."""
    task = Task({"num_frames": 2}, {"image": (photograph,)}, tmp_path, 1, {"fps": 0})
    with pytest.raises(EngineError, match="fps"):
        Parallax(SMALL).run(task, Heard())


def test_it_can_do_what_the_reference_model_needs() -> None:
    """The names a manifest binds to."""
    capabilities = Parallax().capabilities()
    assert capabilities.parameters == {"prompt", "num_frames", "seed"}
    assert capabilities.files == {"image"}
    assert capabilities.required == {"image", "num_frames"}
    assert capabilities.produces == {"video"}
    assert capabilities.settings == {"fps", "crf", "preset"}


def test_warming_up_compiles_what_a_run_needs(photograph: Path, tmp_path: Path) -> None:
    """It reports from start to end and can be repeated; a run then finds each kernel compiled, in one form."""
    heard = Heard()
    engine = Parallax()
    engine.warm(heard)
    engine.warm(heard)
    engine.close()
    assert heard.reports[-1] == (1.0, "compiling")
    run(photograph, tmp_path / "out", prompt="handheld camera, zoom in, golden hour")
    for kernel in (kernels.resample, kernels.resample_to_bytes, kernels.transpose):
        assert len(kernel.signatures) == 1


@pytest.mark.slow
@pytest.mark.render
@pytest.mark.parametrize("size", SIZES, ids=lambda size: size.ratio)
def test_each_of_the_six_sizes_is_rendered_in_full(size: Size, tmp_path: Path) -> None:
    """121 frames, 24 per second, the exact size, no black border, tagged BT.709."""
    image = tmp_path / "in.png"
    pixels = np.random.default_rng(2).integers(90, 256, (60, 60, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((size.width_px // 2, size.height_px // 2)).save(image)
    started = time.monotonic()
    produced = run(image, tmp_path / "out", size=None, num_frames=121, prompt="fast pan right, zoom in")
    assert time.monotonic() - started < 90
    with av.open(str(produced.files[0])) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (size.width_px, size.height_px)
        assert stream.average_rate == 24
        assert (stream.codec_context.color_range, stream.codec_context.colorspace) == (1, 1)
        frames = 0
        for frame in container.decode(stream):
            frames += 1
            luma = frame.to_ndarray(format="yuv420p")[: size.height_px]
            edges = (luma[0], luma[-1], luma[:, 0], luma[:, -1])
            assert min(float(edge.mean()) for edge in edges) > 70
    assert frames == 121


@pytest.mark.slow
@pytest.mark.render
def test_a_full_render_is_repeatable_to_the_byte(photograph: Path, tmp_path: Path) -> None:
    """At full size, with threads of renderer and encoder racing as they like."""
    first = run(photograph, tmp_path / "a", size=None, num_frames=121, prompt="handheld camera, golden hour")
    again = run(photograph, tmp_path / "b", size=None, num_frames=121, prompt="handheld camera, golden hour")
    assert sha256(first.files[0]) == sha256(again.files[0])
