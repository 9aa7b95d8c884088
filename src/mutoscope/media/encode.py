"""Write videos and posters so that every player agrees on them and the same frames give the same bytes.

Frames are 8-bit sRGB pictures or ready YUV planes; files are BT.709, limited range, 4:2:0, with the index in
front. No sound, no variable frame rate, no date, nothing that depends on the machine. Read next: `probe.py`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

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
from PIL import Image

from mutoscope.errors import EngineError

Frame = npt.NDArray[np.uint8]

KEYFRAME_EVERY = 48
"""Frames per closed group of pictures: two seconds at 24 fps, so that a player can seek."""

THREADS = 4
"""Encoder threads. A constant, not the machine's cores, because the number changes the bytes.

Measured at 1440 x 1440 on 2 cores: 24 fps with 1 thread, 25 with 2, 47 with 4.
"""

# Chroma is averaged over all four pixels, and arithmetic does not differ between CPUs.
_SCALER = Interpolation.BICUBIC | Interpolation.FULL_CHR_H_INP | Interpolation.ACCURATE_RND | Interpolation.BITEXACT


class VideoWriter:
    """One video file being written, frame by frame.

    path        an MP4 file, replaced if it exists.
    width_px    even, > 0.
    height_px   even, > 0.
    fps         frames per second, > 0; each frame lasts exactly 1 / fps.
    crf         quality, 0 (best) … 51 (h264, hevc) or 63 (av1).
    preset      speed of the encoder, in the encoder's own words.
    codec       `h264`, `hevc` or `av1`.
    threads     part of what decides the bytes; see THREADS.

    The file is complete after `close`. Leaving a `with` block by an exception removes it.
    Raises ValueError for a size, rate or codec that cannot be written.
    """

    def __init__(
        self,
        path: Path,
        *,
        width_px: int,
        height_px: int,
        fps: Fraction | float,
        crf: int = 20,
        preset: str | None = None,
        codec: str = "h264",
        threads: int = THREADS,
    ) -> None:
        if width_px <= 0 or height_px <= 0 or width_px % 2 or height_px % 2:
            raise ValueError(f"video size {width_px} x {height_px} px; both sides must be even and positive")
        if fps <= 0:
            raise ValueError(f"{fps} frames per second; must be positive")
        if codec not in _CODECS:
            raise ValueError(f"codec {codec!r}; one of {', '.join(_CODECS)}")
        rate = Fraction(fps).limit_denominator(1001)
        self.path = path
        self.num_frames = 0
        self._shape_rgb = (height_px, width_px, 3)
        self._shape_yuv = (height_px * 3 // 2, width_px)
        self._time_base = 1 / rate
        self._reformatter = VideoReformatter()
        encoder = _CODECS[codec]
        self._container = av.open(
            str(path), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}
        )
        options = encoder.options(threads) | {"crf": str(crf), "preset": preset or encoder.preset}
        stream: Any = self._container.add_stream(encoder.name, rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = width_px, height_px, "yuv420p"
        self._stream: Any = stream
        self._describe(threads)

    def write(self, frame: Frame) -> None:
        """Append one frame. Raises EngineError if the disk takes no more.

        frame   (height, width, 3) uint8 sRGB, or (height * 3 / 2, width) uint8 planar 4:2:0 in BT.709 limited
                range: height rows of Y, then U, then V, as `yuv420p` in one array.
        """
        picture = self._picture(frame)
        picture.pts = self.num_frames
        picture.time_base = self._time_base
        self._encode(picture)
        self.num_frames += 1

    def close(self) -> None:
        """Write what the encoder still holds, then the index. A second call does nothing.

        Raises EngineError if the disk takes no more, and ValueError if there was no frame.
        """
        if self._stream is None:
            return
        if not self.num_frames:
            self._abandon()
            raise ValueError("a video without frames")
        try:
            self._encode(None)
            self._stream = None
            self._container.close()
        except (EngineError, av.FFmpegError) as exc:
            self._abandon()
            raise EngineError("the video could not be written", retryable=True) from exc

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._abandon()

    def _encode(self, picture: av.VideoFrame | None) -> None:
        try:
            self._container.mux(self._stream.encode(picture))
        except av.FFmpegError as exc:
            raise EngineError("the video could not be written", retryable=True) from exc

    def _abandon(self) -> None:
        self._stream = None
        with contextlib.suppress(av.FFmpegError):
            self._container.close()
        self.path.unlink(missing_ok=True)

    def _describe(self, threads: int) -> None:
        context = self._stream.codec_context
        context.color_primaries = ColorPrimaries.BT709
        context.color_trc = ColorTrc.BT709
        context.colorspace = Colorspace.ITU709
        context.color_range = ColorRange.MPEG
        context.flags |= Flags.bitexact | Flags.closed_gop
        context.gop_size = KEYFRAME_EVERY
        context.thread_count = threads
        context.time_base = self._time_base

    def _picture(self, frame: Frame) -> av.VideoFrame:
        if frame.dtype != np.uint8 or frame.shape not in (self._shape_rgb, self._shape_yuv):
            raise ValueError(
                f"frame of {frame.dtype} {frame.shape}; expected uint8 {self._shape_rgb} or {self._shape_yuv}"
            )
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


def write_jpeg(path: Path, rgb: Frame, quality: int = 90) -> None:
    """Write a (height, width, 3) uint8 sRGB picture as a progressive JPEG, without metadata.

    quality   1 … 95; from 90 on colour is kept at full resolution.
    """
    subsampling = 0 if quality >= 90 else 2
    image = Image.fromarray(np.ascontiguousarray(rgb), mode=None)
    image.save(path, "JPEG", quality=quality, subsampling=subsampling, optimize=True, progressive=True)


@dataclass(frozen=True, slots=True)
class _Encoder:
    """FFmpeg's name for an encoder, the preset worth its time, and what makes its bytes repeatable."""

    name: str
    preset: str
    options: Callable[[int], dict[str, str]]


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


_CODECS = {
    "h264": _Encoder("libx264", "veryfast", _x264),
    "hevc": _Encoder("libx265", "veryfast", _x265),
    "av1": _Encoder("libsvtav1", "8", _svtav1),
}
