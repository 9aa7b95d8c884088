"""Sections of a video: groups of frames that are encoded by themselves, so that any process may make any of them.

A section begins with a key frame and refers to nothing outside it, and its encoder has seen nothing else: the packets
are the same wherever and whenever they are made. Joined, they are the video; nothing is encoded again. Read next:
`encode.py`, which writes them into a file.
"""

from __future__ import annotations

import contextlib
import os
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import av
import numpy as np
import numpy.typing as npt
from av.codec.context import Flags
from av.video.reformatter import (
    ColorPrimaries,
    ColorRange,
    Colorspace,
    ColorTrc,
    Interpolation,
    VideoReformatter,
)

Frame = npt.NDArray[np.uint8]
Packet: TypeAlias = "av.Packet[Any]"

KEYFRAME_EVERY = 48
"""Frames per closed group of pictures: two seconds at 24 fps, so that a player can seek."""

THREADS = 4
"""Encoder threads. A constant, not the machine's cores, because the number changes the bytes.

Measured at 1440 x 1440 on 2 cores: 24 fps with 1 thread, 25 with 2, 47 with 4.
"""

# Chroma is averaged over all four pixels, and arithmetic does not differ between CPUs.
_SCALER = Interpolation.BICUBIC | Interpolation.FULL_CHR_H_INP | Interpolation.ACCURATE_RND | Interpolation.BITEXACT

_HEAD = struct.Struct("<qqqBI")
"""Before the bytes of each packet in a file: presentation and decoding time, duration, whether a key frame, length."""


@dataclass(frozen=True, slots=True)
class Form:
    """What decides the bytes of a video beside its frames; the fields are `VideoWriter`'s.

    Raises ValueError for a size, rate or codec that cannot be written.
    """

    width_px: int
    height_px: int
    rate: Fraction
    codec: str = "h264"
    preset: str | None = None
    crf: int = 20
    threads: int = THREADS

    def __post_init__(self) -> None:
        if self.width_px <= 0 or self.height_px <= 0 or self.width_px % 2 or self.height_px % 2:
            raise ValueError(f"video size {self.width_px} x {self.height_px} px; both sides must be even and positive")
        if self.rate <= 0:
            raise ValueError(f"{self.rate} frames per second; must be positive")
        if self.codec not in CODECS:
            raise ValueError(f"codec {self.codec!r}; one of {', '.join(CODECS)}")

    @property
    def section_frames(self) -> int | None:
        """How many frames a section has, but for the last; None: the whole video is one."""
        return CODECS[self.codec].section_frames

    def options(self) -> dict[str, str]:
        """In FFmpeg's words."""
        encoder = CODECS[self.codec]
        return encoder.options(self.threads) | {"crf": str(self.crf), "preset": self.preset or encoder.preset}

    def describe(self, context: Any) -> None:
        """Set up an encoder, before its first frame."""
        context.width, context.height, context.pix_fmt = self.width_px, self.height_px, "yuv420p"
        context.color_primaries = ColorPrimaries.BT709
        context.color_trc = ColorTrc.BT709
        context.colorspace = Colorspace.ITU709
        context.color_range = ColorRange.MPEG
        context.flags |= Flags.bitexact | Flags.closed_gop | Flags.global_header
        context.gop_size = KEYFRAME_EVERY
        context.thread_count = self.threads
        context.time_base = 1 / self.rate
        context.framerate = self.rate


class Section:
    """An encoder for one section that starts at frame `first` of its video.

    context   one that `Form.describe` has set up and nobody has used; else a new one.
    """

    def __init__(self, form: Form, first: int, context: Any = None) -> None:
        self.num_frames = 0
        self._num_packets = 0
        self._form = form
        self._first = first
        self._reformatter = VideoReformatter()
        if context is None:
            context = av.CodecContext.create(CODECS[form.codec].name, "w")
            context.options = form.options()
            form.describe(context)
        with same_priority():
            context.open(strict=False)
        self._context: Any = context

    @property
    def is_full(self) -> bool:
        """Whether the next frame belongs to another."""
        return self.num_frames == self._form.section_frames

    def encode(self, frame: Frame) -> list[Packet]:
        """What is ready after one more frame. Raises ValueError for one of another form.

        frame   (height, width, 3) uint8 sRGB, or (height * 3 / 2, width) uint8 planar 4:2:0 in BT.709 limited
                range: height rows of Y, then U, then V, as `yuv420p` in one array.
        """
        picture = self._picture(frame)
        picture.pts = self._first + self.num_frames
        picture.time_base = 1 / self._form.rate
        self.num_frames += 1
        return self._timed(self._context.encode(picture))

    def finish(self) -> list[Packet]:
        """What the encoder still held."""
        return self._timed(self._context.encode(None))

    def _timed(self, packets: Sequence[Packet]) -> list[Packet]:
        """Packets with the times they have in the whole video.

        An encoder that ends early forgets to be late: x264 is not, x265 says what its memory happened to hold.
        """
        for packet in packets:
            packet.duration = 1
            packet.dts = self._first + self._num_packets - CODECS[self._form.codec].num_reordered
            self._num_packets += 1
        return list(packets)

    def _picture(self, frame: Frame) -> av.VideoFrame:
        width, height = self._form.width_px, self._form.height_px
        shapes = ((height, width, 3), (height * 3 // 2, width))
        if frame.dtype != np.uint8 or frame.shape not in shapes:
            raise ValueError(f"frame of {frame.dtype} {frame.shape}; expected uint8 {shapes[0]} or {shapes[1]}")
        if frame.ndim == 2:
            return av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="yuv420p")
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        # swscale converts with the BT.601 matrix unless it is told otherwise, whatever the file's tags say.
        return self._reformatter.reformat(
            picture,
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=_SCALER,
            threads=1,
        )


@contextlib.contextmanager
def same_priority() -> Iterator[None]:
    """What an encoder starts in the block has the caller's priority afterwards, and so has the caller.

    SVT-AV1 makes its threads and the one that opens it real-time ones of the highest priority wherever it may, as root
    does. Whatever that thread starts later inherits it, and two that wait for a lower one in the kernel stop a machine.
    """
    if not hasattr(os, "sched_setscheduler"):
        yield
        return
    usual, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    others = _threads()
    try:
        yield
    finally:
        if os.sched_getscheduler(0) != usual:
            for thread in _threads() - others | {threading.get_native_id()}:
                with contextlib.suppress(ProcessLookupError):
                    os.sched_setscheduler(thread, usual, parameters)


def _threads() -> set[int]:
    """Of this process, as the kernel numbers them."""
    return {int(task.name) for task in Path("/proc/self/task").iterdir()}


def save(packets: Sequence[Packet], path: Path) -> None:
    """Write packets for `load`, in another process or on another machine; the file is complete or absent."""
    written = path.with_name(f"{path.name}.part")
    with written.open("wb") as file:
        for packet in packets:
            content = bytes(packet)
            told = (packet.pts, packet.dts, packet.duration, packet.is_keyframe, len(content))
            file.write(_HEAD.pack(*told) + content)
    written.replace(path)


def load(path: Path, time_base: Fraction) -> Iterator[Packet]:
    """The packets of a file that `save` wrote."""
    with path.open("rb") as file:
        while head := file.read(_HEAD.size):
            pts, dts, duration, is_keyframe, length = _HEAD.unpack(head)
            packet = av.Packet(file.read(length))
            packet.pts, packet.dts, packet.duration = pts, dts, duration
            packet.time_base, packet.is_keyframe = time_base, bool(is_keyframe)
            yield packet


@dataclass(frozen=True, slots=True)
class _Encoder:
    """One encoder, as FFmpeg knows it.

    name             FFmpeg's.
    preset           worth its time.
    options          what makes its bytes repeatable, for so many threads.
    num_reordered    frames by which it decodes ahead of what is shown: B-frames that others refer to.
    section_frames   frames of a section, but for the last; None: the whole video is one.
    """

    name: str
    preset: str
    options: Callable[[int], dict[str, str]]
    num_reordered: int
    section_frames: int | None = None


def _x264(threads: int) -> dict[str, str]:
    # cpu-independent: SSE, AVX2 and AVX-512 machines must not choose different algorithms.
    parameters = (
        f"keyint={KEYFRAME_EVERY}:min-keyint={KEYFRAME_EVERY}:scenecut=0:open-gop=0:force-cfr=1"
        f":threads={threads}:lookahead-threads=1:sliced-threads=0:cpu-independent=1"
    )
    return {"profile": "high", "x264-params": parameters}


def _x265(threads: int) -> dict[str, str]:
    parameters = (
        f"keyint={KEYFRAME_EVERY}:min-keyint={KEYFRAME_EVERY}:scenecut=0:open-gop=0"
        f":frame-threads={threads}:pools={threads}:log-level=error"
    )
    return {"x265-params": parameters}


def _svtav1(threads: int) -> dict[str, str]:
    os.environ.setdefault("SVT_LOG", "1")  # the library prints its settings to stderr unless told to keep to errors
    return {"svtav1-params": f"keyint={KEYFRAME_EVERY}:irefresh-type=2:scd=0:lp={threads}"}


CODECS = {
    "h264": _Encoder("libx264", "veryfast", _x264, num_reordered=2, section_frames=KEYFRAME_EVERY),
    "hevc": _Encoder("libx265", "veryfast", _x265, num_reordered=2),
    "av1": _Encoder("libsvtav1", "8", _svtav1, num_reordered=0),
}
"""The encoders of H.265 and AV1 start slowly and look far ahead: a video is one section of theirs."""
