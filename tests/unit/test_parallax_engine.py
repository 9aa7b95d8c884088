"""The engine from the outside: a task in, a video and a poster out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from mutoscope.engines.base import Produced, Task
from mutoscope.engines.parallax import Parallax, developing, kernels, tracing
from mutoscope.engines.parallax.effects import SUPPORTED_EFFECTS
from mutoscope.engines.parallax.sizes import SIZES, Size
from mutoscope.errors import EngineError, MediaError

pytestmark = pytest.mark.render

SMALL = Size("1:1", 160, 160)


class Heard:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.reports: list[tuple[float, str]] = []
        self.lines: list[str] = []
        self.shown: list[Path] = []

    def report(self, fraction: float, stage: str) -> None:
        """Remember it."""
        self.reports.append((fraction, stage))

    def log(self, line: str) -> None:
        """Remember it."""
        self.lines.append(line)

    def show(self, picture: Path) -> None:
        """Remember it."""
        self.shown.append(picture)

    def remember(self, values: Mapping[str, Any]) -> None:
        """Nothing is handed on: there is no further attempt."""


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
    assert all("depth" in told for told in produced.ignored)
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
    assert stages == ["reading", "planning", "understanding", "layers", "rendering", "encoding", "finishing"]
    assert sum(stage == "rendering" for _, stage in heard.reports) == 6
    with Image.open(heard.shown[0]) as shown:
        assert (shown.format, shown.size) == ("JPEG", (SMALL.width_px, SMALL.height_px))
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
    assert capabilities.parameters == {"prompt", "num_frames", "seed", "plan"}
    assert capabilities.files == {"image", "depth_map"}
    assert capabilities.required == {"image", "num_frames"}
    assert capabilities.produces == {"video"}
    assert capabilities.settings == {"fps", "crf", "preset", "codec", "processes", "weights"}


def test_warming_up_compiles_what_a_run_needs(photograph: Path, tmp_path: Path) -> None:
    """It reports from start to end and can be repeated; a run then finds each kernel compiled, in one form."""
    heard = Heard()
    engine = Parallax()
    engine.warm(heard)
    engine.warm(heard)
    engine.close()
    assert heard.reports[-1] == (1.0, "loading")
    run(photograph, tmp_path / "out", prompt="handheld camera, zoom in, golden hour, rain, fog, black and white")
    for kernel in (kernels.composite, kernels.film, developing.finish, tracing.trace, developing.to_planes):
        assert len(kernel.signatures) == 1


def test_a_plan_goes_before_the_prompt(photograph: Path, tmp_path: Path) -> None:
    """The same plan gives the same bytes whatever the prompt says."""
    plan = {"shots": [{"moves": ["truck_left"], "effects": ["sepia"]}]}
    one, other = (run(photograph, tmp_path / name, plan=plan, prompt=name) for name in ("zoom in", "pan right"))
    assert sha256(one.files[0]) == sha256(other.files[0])
    assert sha256(one.files[0]) != sha256(run(photograph, tmp_path / "zoom").files[0])


def test_a_plan_that_does_not_fit_is_refused_in_words(photograph: Path, tmp_path: Path) -> None:
    """Where, what was found, what is accepted."""
    with pytest.raises(EngineError, match=r"plan: shots\[0\].moves\[0\].name: found 'fly'"):
        run(photograph, tmp_path / "out", plan={"shots": [{"moves": ["fly"]}]})


def test_a_depth_map_goes_before_the_engines_own_eyes(photograph: Path, tmp_path: Path) -> None:
    """White is near: another map makes another video, and nothing is said to be guessed."""
    made = []
    for name, direction in (("down", 1), ("up", -1)):
        ramp = np.linspace(0, 255, 240)[::direction, None].repeat(320, 1).astype(np.uint8)
        Image.fromarray(ramp).save(tmp_path / f"{name}.png")
        folder = tmp_path / name
        folder.mkdir()
        files = {"image": (photograph,), "depth_map": (tmp_path / f"{name}.png",)}
        task = Task({"prompt": "dolly in", "num_frames": 8}, files, folder, 7)
        made.append(Parallax(SMALL).run(task, Heard()))
    assert sha256(made[0].files[0]) != sha256(made[1].files[0])
    assert made[0].ignored == ()


def test_an_effect_for_which_the_picture_has_nothing_is_said_to_be_left_out(photograph: Path, tmp_path: Path) -> None:
    """Each living part is either applied or ignored with the reason, never both and never neither."""
    produced = run(photograph, tmp_path / "out", prompt="static camera, clouds drifting, water rippling, sepia")
    ignored = [told for told in produced.ignored if told.startswith("living")]
    assert all(told.endswith("was found in the picture)") for told in ignored)
    for name in ("living: clouds drift", "living: water ripples"):
        assert (name in produced.applied) + any(told.startswith(name) for told in ignored) == 1
    assert "look: sepia" in produced.applied


def test_every_supported_effect_runs_through_the_engine(photograph: Path, tmp_path: Path) -> None:
    """All at once, in two shots, in one small video."""
    shots = [{"moves": ["dolly_in"], "effects": sorted(SUPPORTED_EFFECTS)}, {"moves": ["whip_left"], "is_cut": True}]
    produced = run(photograph, tmp_path / "out", plan={"shots": shots})
    assert produced.files[0].stat().st_size > 1000


@pytest.mark.parametrize("codec", ["hevc", "av1"])
def test_other_codecs_are_a_setting(photograph: Path, tmp_path: Path, codec: str) -> None:
    """The file says so itself."""
    task = Task({"num_frames": 4, "prompt": "zoom in"}, {"image": (photograph,)}, tmp_path, 1, {"codec": codec})
    produced = Parallax(SMALL).run(task, Heard())
    with av.open(str(produced.files[0])) as container:
        assert container.streams.video[0].codec_context.name in {codec, "libdav1d", "av1"}


@pytest.mark.slow
@pytest.mark.render
@pytest.mark.parametrize("size", SIZES, ids=lambda size: size.ratio)
def test_each_of_the_six_sizes_is_rendered_in_full(size: Size, tmp_path: Path) -> None:
    """121 frames, 24 per second, the exact size, no black border, tagged BT.709."""
    image = tmp_path / "in.png"
    pixels = np.random.default_rng(2).integers(90, 256, (60, 60, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((size.width_px // 2, size.height_px // 2)).save(image)
    produced = run(image, tmp_path / "out", size=None, num_frames=121, prompt="fast pan right, zoom in")
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
    first = run(photograph, tmp_path / "a", size=None, num_frames=49, prompt="handheld camera, golden hour")
    again = run(photograph, tmp_path / "b", size=None, num_frames=49, prompt="handheld camera, golden hour")
    assert sha256(first.files[0]) == sha256(again.files[0])
