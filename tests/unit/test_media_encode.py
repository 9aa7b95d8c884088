"""Videos and posters say what they are, look right in every player and come out the same every time."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from mutoscope.errors import EngineError
from mutoscope.media.encode import KEYFRAME_EVERY, VideoWriter, write_jpeg
from mutoscope.media.sections import same_priority

Frame = npt.NDArray[np.uint8]

SATURATED = [
    *((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255), (255, 0, 255)),
    *((255, 255, 255), (0, 0, 0), (128, 128, 128), (200, 120, 40)),
]


def noise(num_frames: int, *, width: int = 96, height: int = 64) -> list[Frame]:
    """A blocky pattern that moves."""
    tiles = np.random.default_rng(3).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    large = tiles.repeat(8, axis=0).repeat(8, axis=1)
    return [np.ascontiguousarray(large[i : i + height, i : i + width]) for i in range(num_frames)]


def write(path: Path, frames: list[Frame], *, codec: str = "h264", fps: float = 24) -> bytes:
    """A video of these RGB frames; returns the file's bytes."""
    height, width = frames[0].shape[:2]
    with VideoWriter(path, width_px=width, height_px=height, fps=fps, codec=codec) as writer:
        for frame in frames:
            writer.write(frame)
    return path.read_bytes()


def bt709(red: int, green: int, blue: int) -> tuple[int, int, int]:
    """Limited-range Y, Cb, Cr. Source: ITU-R BT.709-6, items 3.2 to 3.5."""
    r, g, b = red / 255, green / 255, blue / 255
    luma = 0.2126 * r + 0.7152 * g + 0.0722 * b
    return (
        round(16 + 219 * luma),
        round(128 + 224 * (b - luma) / 1.8556),
        round(128 + 224 * (r - luma) / 1.5748),
    )


def test_a_video_has_exactly_the_frames_and_the_rate_it_was_given(tmp_path: Path) -> None:
    """Decoded again: 50 frames at 24 per second, evenly spaced from zero."""
    write(tmp_path / "a.mp4", noise(50))

    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        times = [frame.time for frame in container.decode(stream)]
        assert stream.frames == 50
        assert stream.average_rate == 24
        assert stream.duration is not None
        assert stream.time_base is not None
        assert stream.duration * stream.time_base == Fraction(50, 24)
    assert times == pytest.approx([i / 24 for i in range(50)])


def test_a_video_is_tagged_with_the_colours_it_has(tmp_path: Path) -> None:
    """H.264 High, 4:2:0, BT.709 in all three tags, limited range."""
    write(tmp_path / "a.mp4", noise(2))

    with av.open(str(tmp_path / "a.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.profile, context.pix_fmt) == ("h264", "High", "yuv420p")
        assert (context.color_primaries, context.color_trc, context.colorspace) == (1, 1, 1)
        assert context.color_range == 1


def test_saturated_colours_survive_the_way_through_the_file(tmp_path: Path) -> None:
    """The decoded planes hold BT.709 values, not those of BT.601, within one step of rounding and coding."""
    frame = np.repeat(np.array([SATURATED], np.uint8), 64, axis=0).repeat(32, axis=1)
    write(tmp_path / "a.mp4", [frame] * 3)

    with av.open(str(tmp_path / "a.mp4")) as container:
        planes = next(container.decode(video=0)).to_ndarray()
    width = 32 * len(SATURATED)
    luma, chroma = planes[:64], planes[64:].reshape(2, 32, width // 2)
    for i, colour in enumerate(SATURATED):
        found = (luma[32, i * 32 + 16], chroma[0, 16, i * 16 + 8], chroma[1, 16, i * 16 + 8])
        assert np.abs(np.subtract(found, bt709(*colour), dtype=int)).max() <= 1, colour


def test_ready_planes_are_written_as_they_are(tmp_path: Path) -> None:
    """An engine that renders YUV gets the same file as one that renders the same RGB."""
    y, cb, cr = bt709(200, 120, 40)
    planes = np.concatenate([np.full(96 * 64, y), np.full(48 * 32, cb), np.full(48 * 32, cr)])
    yuv = planes.astype(np.uint8).reshape(96, 96)
    rgb = np.full((64, 96, 3), (200, 120, 40), np.uint8)

    with VideoWriter(tmp_path / "yuv.mp4", width_px=96, height_px=64, fps=24) as writer:
        writer.write(yuv)

    assert (tmp_path / "yuv.mp4").read_bytes() == write(tmp_path / "rgb.mp4", [rgb])


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_the_same_frames_give_the_same_bytes(tmp_path: Path, codec: str) -> None:
    """No date, no thread timing, no file name in the file."""
    frames = noise(30)

    assert write(tmp_path / "a.mp4", frames, codec=codec) == write(tmp_path / "b.mp4", frames, codec=codec)


@pytest.mark.parametrize("num_frames", [1, 2, 3, KEYFRAME_EVERY + 1])
@pytest.mark.parametrize(("codec", "num_ahead"), [("h264", 2), ("hevc", 2), ("av1", 0)])
def test_packets_are_decoded_at_an_even_pace(tmp_path: Path, codec: str, num_ahead: int, num_frames: int) -> None:
    """Of the shortest video too: x265 subtracts from their times what it never set, as long as it is not late."""
    write(tmp_path / "a.mp4", noise(num_frames), codec=codec)

    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        packets = [packet for packet in container.demux(stream) if packet.size]
        decoded = [(packet.dts or 0) * stream.time_base * 24 for packet in packets]
        shown = [(packet.pts or 0) * stream.time_base * 24 for packet in packets]
    assert decoded == [i - num_ahead for i in range(num_frames)]
    assert sorted(shown) == list(range(num_frames))
    assert all(early <= late for early, late in zip(decoded, shown, strict=True))


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="this system has no such priorities")
@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_an_encoder_takes_no_priority(tmp_path: Path, codec: str) -> None:
    """SVT-AV1 makes its threads and ours real-time ones where it may, as root: they would starve all others."""
    with VideoWriter(tmp_path / "a.mp4", width_px=96, height_px=64, fps=24, codec=codec) as writer:
        writer.write(noise(1)[0])
        found = {os.sched_getscheduler(int(task.name)) for task in Path("/proc/self/task").iterdir()}
        assert found == {os.SCHED_OTHER}
        assert os.sched_getparam(0).sched_priority == 0


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="this system has no such priorities")
def test_an_encoder_that_cannot_be_opened_takes_no_priority(tmp_path: Path) -> None:
    """SVT-AV1 takes it before it looks at the size."""

    def start() -> None:
        with VideoWriter(tmp_path / "a.mp4", width_px=2, height_px=2, fps=24, codec="av1") as writer:
            writer.write(noise(1, width=2, height=2)[0])

    with pytest.raises(av.FFmpegError):
        start()
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="this system has no such priorities")
def test_a_priority_is_taken_back_after_an_error() -> None:
    """Also where nobody may be a real-time process: anybody may be a batch process."""

    def fail() -> None:
        with same_priority():
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


def test_key_frames_come_at_a_constant_distance(tmp_path: Path) -> None:
    """Whatever the pictures show: cuts do not move them."""
    frames = noise(KEYFRAME_EVERY * 2 + 5)
    frames[20:] = [255 - frame for frame in frames[20:]]
    write(tmp_path / "a.mp4", frames)

    with av.open(str(tmp_path / "a.mp4")) as container:
        keys = [i for i, packet in enumerate(container.demux(video=0)) if packet.is_keyframe]
    assert keys == [0, KEYFRAME_EVERY, KEYFRAME_EVERY * 2]


def test_a_player_can_start_before_the_whole_file_is_there(tmp_path: Path) -> None:
    """The index stands in front of the frames."""
    content = write(tmp_path / "a.mp4", noise(5))

    assert content.index(b"moov") < content.index(b"mdat")


def test_a_video_that_fails_half_way_leaves_no_file(tmp_path: Path) -> None:
    """Nobody mistakes the half for the whole."""

    class RenderError(Exception):
        pass

    def fail() -> None:
        with VideoWriter(tmp_path / "a.mp4", width_px=96, height_px=64, fps=24) as writer:
            writer.write(noise(1)[0])
            raise RenderError

    with pytest.raises(RenderError):
        fail()
    assert not (tmp_path / "a.mp4").exists()


def test_a_video_without_frames_is_no_video(tmp_path: Path) -> None:
    """Closing it is an error, and no file stays behind."""
    writer = VideoWriter(tmp_path / "a.mp4", width_px=96, height_px=64, fps=24)

    with pytest.raises(ValueError, match="without frames"):
        writer.close()
    writer.close()
    assert not (tmp_path / "a.mp4").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_an_engine_error_worth_another_try(tmp_path: Path) -> None:
    """The encoder's own exceptions stop at this boundary."""
    (tmp_path / "a.mp4").symlink_to("/dev/full")

    with pytest.raises(EngineError, match="could not be written") as caught:
        write(tmp_path / "a.mp4", noise(30))

    assert caught.value.retryable


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"width_px": 95}, "95 x 64"),
        ({"height_px": 0}, "96 x 0"),
        ({"fps": 0}, "0 frames per second"),
        ({"codec": "mpeg1"}, "h264, hevc, av1"),
    ],
)
def test_a_video_that_cannot_be_written_is_refused(tmp_path: Path, changes: dict[str, object], part: str) -> None:
    """Before a file is made; the message says what is accepted."""
    wanted: dict[str, Any] = {"width_px": 96, "height_px": 64, "fps": 24}

    with pytest.raises(ValueError, match=part):
        VideoWriter(tmp_path / "a.mp4", **(wanted | changes))
    assert not (tmp_path / "a.mp4").exists()


def test_a_frame_of_another_size_is_refused(tmp_path: Path) -> None:
    """Shape and type are both checked."""
    with VideoWriter(tmp_path / "a.mp4", width_px=96, height_px=64, fps=24) as writer:
        with pytest.raises(ValueError, match="expected uint8"):
            writer.write(np.zeros((64, 64, 3), np.uint8))
        with pytest.raises(ValueError, match="float32"):
            writer.write(np.zeros((64, 96, 3), np.float32))
        writer.write(noise(1)[0])


def test_a_poster_looks_like_its_frame(tmp_path: Path) -> None:
    """A JPEG within a few steps of the original, the same bytes twice."""
    ramp = np.linspace(0, 255, 96, dtype=np.uint8)
    frame = np.stack([np.tile(ramp, (64, 1))] * 3, axis=-1)

    write_jpeg(tmp_path / "a.jpg", frame, 92)
    write_jpeg(tmp_path / "b.jpg", frame, 92)

    with Image.open(tmp_path / "a.jpg") as image:
        assert np.abs(np.asarray(image).astype(int) - frame).max() <= 6
    assert (tmp_path / "a.jpg").read_bytes() == (tmp_path / "b.jpg").read_bytes()
