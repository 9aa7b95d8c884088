"""From a renderer to a file: frames are rendered ahead by several threads and encoded beside them.

Read next: `splitting.py`, where several processes do the same.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mutoscope.engines.base import SHOW_EVERY_S, Progress
from mutoscope.errors import EngineError

if TYPE_CHECKING:
    from mutoscope.engines.parallax.render import Renderer
    from mutoscope.media.sections import Form

Pixels = np.ndarray[Any, np.dtype[np.uint8]]

POSTER_QUALITY = 88
PREVIEW_WIDTH_PX = 480
PREVIEW_QUALITY = 70
CODECS = ("h264", "hevc", "av1")
PROCESSES = "MUTOSCOPE_RENDER_PROCESSES"
MOST_PROCESSES = 64

RENDERING_FROM, RENDERING_TO = 0.3, 0.97
_QUEUED_FRAMES = 4
"""Frames that may wait for the encoder: it is the slower half, more would only take memory (3 MB each)."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the file is written; the settings of the manifest. preset is in the encoder's own words, or its usual one.

    processes   how many render one video, in sections; they change nothing but the time.
    """

    fps: float = 24.0
    crf: int = 20
    preset: str | None = None
    codec: str = "h264"
    processes: int = 1

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Encoding:
        """Raises EngineError for values no encoder takes."""
        try:
            encoding = cls(
                fps=float(settings.get("fps", 24.0)),
                crf=int(settings.get("crf", 20)),
                preset=str(settings["preset"]) if settings.get("preset") else None,
                codec=str(settings.get("codec", "h264")),
                processes=int(settings.get("processes") or os.environ.get(PROCESSES) or 1),
            )
        except (TypeError, ValueError) as exc:
            raise EngineError("parallax settings: fps, crf and processes must be numbers") from exc
        if encoding.codec not in CODECS:
            raise EngineError(f"parallax settings: codec must be one of {', '.join(CODECS)}")
        highest = 63 if encoding.codec == "av1" else 51
        if not (1 <= encoding.fps <= 120 and 0 <= encoding.crf <= highest):
            raise EngineError(f"parallax settings: fps must lie in 1 … 120 and crf in 0 … {highest}")
        if not 1 <= encoding.processes <= MOST_PROCESSES:
            raise EngineError(f"parallax settings: processes must lie in 1 … {MOST_PROCESSES}")
        return encoding

    def form(self, output: tuple[int, int]) -> Form:
        """What decides the bytes of a video of this size."""
        from mutoscope.media.sections import Form  # noqa: PLC0415 -- capabilities() stays free of codecs

        width, height = output
        rate = Fraction(self.fps).limit_denominator(1001)
        return Form(width, height, rate, codec=self.codec, preset=self.preset, crf=self.crf)


def film(renderer: Renderer, video: Path, poster: Path, encoding: Encoding, progress: Progress) -> None:
    """Write the video and its poster. Frames are encoded in one thread beside those that render."""
    from mutoscope.engines.parallax.compiling import cores  # noqa: PLC0415 -- numba takes half a second
    from mutoscope.media.encode import VideoWriter  # noqa: PLC0415 -- as above

    num_frames = len(renderer.poses)
    shown_at = float("-inf")
    waiting: deque[Future[None]] = deque()
    with (
        VideoWriter.of(video, encoding.form(renderer.output)) as writer,
        ThreadPoolExecutor(1, "encode") as encoder,
    ):
        for number, frame in enumerate(rendered(renderer, range(num_frames), cores())):
            if len(waiting) == _QUEUED_FRAMES:
                waiting.popleft().result()
            waiting.append(encoder.submit(writer.write, frame))
            if number == poster_at(num_frames):
                write_poster(frame, poster)
            if time.monotonic() - shown_at >= SHOW_EVERY_S:
                shown_at = time.monotonic()
                progress.show(write_preview(frame, video.with_name(f"preview-{number}.jpg")))
            progress.report(share(number + 1, num_frames), "rendering")
        progress.report(RENDERING_TO, "encoding")
        for written in waiting:
            written.result()
        encoder.submit(writer.close).result()


def rendered(renderer: Renderer, numbers: range, threads: int) -> Iterator[Pixels]:
    """The frames of these numbers in order, several in the making at once: they spend their time outside the lock."""
    coming: deque[Future[Pixels]] = deque()
    with ThreadPoolExecutor(threads, "render") as painters:
        try:
            for place in range(len(numbers)):
                for ahead in numbers[place + len(coming) : place + threads + 1]:
                    coming.append(painters.submit(renderer.frame, ahead))
                yield coming.popleft().result()
        finally:
            painters.shutdown(cancel_futures=True)


def share(done: int, num_frames: int) -> float:
    """Of the whole progress, when so many frames are rendered."""
    return RENDERING_FROM + (RENDERING_TO - RENDERING_FROM) * done / num_frames


def poster_at(num_frames: int) -> int:
    """The frame that stands for the video."""
    return num_frames // 3


def write_preview(planes: Pixels, path: Path) -> Path:
    """A small JPEG of a frame."""
    from mutoscope.engines.parallax.render import planes_to_rgb, smaller  # noqa: PLC0415 -- as above
    from mutoscope.media.encode import write_jpeg  # noqa: PLC0415 -- as above

    write_jpeg(path, planes_to_rgb(smaller(planes, PREVIEW_WIDTH_PX)), quality=PREVIEW_QUALITY)
    return path


def write_poster(planes: Pixels, poster: Path) -> None:
    """A JPEG of a frame in its size."""
    from mutoscope.engines.parallax.render import planes_to_rgb  # noqa: PLC0415 -- as above
    from mutoscope.media.encode import write_jpeg  # noqa: PLC0415 -- as above

    write_jpeg(poster, planes_to_rgb(planes), quality=POSTER_QUALITY)
