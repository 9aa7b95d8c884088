"""Write videos and posters so that every player agrees on them and the same frames give the same bytes.

Frames are 8-bit sRGB pictures or ready YUV planes; files are BT.709, limited range, 4:2:0, with the index in
front. No sound, no variable frame rate, no date, nothing that depends on the machine. Read next: `sections.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
from PIL import Image

from mutoscope.errors import EngineError
from mutoscope.media.sections import CODECS, KEYFRAME_EVERY, THREADS, Form, Frame, Packet, Section, load

__all__ = ["KEYFRAME_EVERY", "THREADS", "VideoWriter", "write_jpeg"]


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
        if fps <= 0:
            raise ValueError(f"{fps} frames per second; must be positive")
        rate = Fraction(fps).limit_denominator(1001)
        self._open(path, Form(width_px, height_px, rate, codec, preset, crf, threads))

    @classmethod
    def of(cls, path: Path, form: Form) -> VideoWriter:
        """A writer of this form."""
        writer = cls.__new__(cls)
        writer._open(path, form)
        return writer

    def _open(self, path: Path, form: Form) -> None:
        self.path = path
        self.form = form
        self.num_frames = 0
        self._section: Section | None = None
        self._container = av.open(
            str(path), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}
        )
        stream: Any = self._container.add_stream(CODECS[form.codec].name, rate=form.rate, options=form.options())
        form.describe(stream.codec_context)
        self._stream: Any = stream

    def write(self, frame: Frame) -> None:
        """Append one frame. Raises EngineError if the disk takes no more.

        frame   (height, width, 3) uint8 sRGB, or (height * 3 / 2, width) uint8 planar 4:2:0 in BT.709 limited
                range: height rows of Y, then U, then V, as `yuv420p` in one array.
        """
        if self._section is None or self._section.is_full:
            self._finish()
            # The encoder that the file's head was written from makes the first section; opening one takes 3 ms.
            context = None if self.num_frames else self._stream.codec_context
            self._section = Section(self.form, self.num_frames, context)
        self._mux(self._section.encode(frame))
        self.num_frames += 1

    def append(self, section: Path, num_frames: int) -> None:
        """Append the packets of a section that was made elsewhere from this writer's `form`. Raises EngineError."""
        self._finish()
        self._mux(load(section, 1 / self.form.rate))
        self.num_frames += num_frames

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
            self._finish()
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

    def _finish(self) -> None:
        if self._section is not None:
            section, self._section = self._section, None
            self._mux(section.finish())

    def _mux(self, packets: Iterable[Packet]) -> None:
        try:
            for packet in packets:
                packet.stream = self._stream
                self._container.mux(packet)
        except av.FFmpegError as exc:
            raise EngineError("the video could not be written", retryable=True) from exc

    def _abandon(self) -> None:
        self._stream = None
        with contextlib.suppress(av.FFmpegError):
            self._container.close()
        self.path.unlink(missing_ok=True)


def write_jpeg(path: Path, rgb: Frame, quality: int = 90) -> None:
    """Write a (height, width, 3) uint8 sRGB picture as a progressive JPEG, without metadata.

    quality   1 … 95; from 90 on colour is kept at full resolution.
    """
    subsampling = 0 if quality >= 90 else 2
    image = Image.fromarray(np.ascontiguousarray(rgb), mode=None)
    image.save(path, "JPEG", quality=quality, subsampling=subsampling, optimize=True, progressive=True)
