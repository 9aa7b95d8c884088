"""The engine itself: reads the task, plans, renders, encodes, and says what of the prompt it followed.

One picture in, one H.264 video and a poster out. It refuses pictures it cannot decode and frame counts
beyond its range; it needs no model, no network and no GPU. Read next: `plan.py`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mutoscope.engines.base import Capabilities, Produced, Progress, Task
from mutoscope.engines.parallax.camera import Pose, path
from mutoscope.engines.parallax.plan import Plan, plan
from mutoscope.engines.parallax.sizes import Size, choose_size, crop_box
from mutoscope.errors import EngineError, MediaError

if TYPE_CHECKING:
    from mutoscope.engines.parallax.render import Renderer

MIN_FRAMES, MAX_FRAMES = 2, 2000
POSTER_QUALITY = 88

_QUEUED_FRAMES = 4
"""Frames that may wait for the encoder: it is the slower half, more would only take memory (3 MB each)."""

_REPORT_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the file is written; the settings of the manifest."""

    fps: float = 24.0
    crf: int = 20
    preset: str = "veryfast"

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Encoding:
        """Raises EngineError for values no encoder takes."""
        try:
            encoding = cls(
                fps=float(settings.get("fps", cls().fps)),
                crf=int(settings.get("crf", cls().crf)),
                preset=str(settings.get("preset", cls().preset)),
            )
        except (TypeError, ValueError) as exc:
            raise EngineError("parallax settings: fps and crf must be numbers") from exc
        if not (1 <= encoding.fps <= 120 and 0 <= encoding.crf <= 51):
            raise EngineError("parallax settings: fps must lie in 1 … 120 and crf in 0 … 51")
        return encoding


class Parallax:
    """A camera moves over the picture; near and far do not yet move apart."""

    version = "parallax-0.1"

    def __init__(self, size: Size | None = None) -> None:
        """size   an output size to use instead of the one that fits the picture; for tests and benchmarks."""
        self._size = size

    def capabilities(self) -> Capabilities:
        """Say what this engine can do."""
        return Capabilities(
            parameters=frozenset({"prompt", "num_frames", "seed"}),
            files=frozenset({"image"}),
            required=frozenset({"image", "num_frames"}),
            produces=frozenset({"video"}),
            settings=frozenset({"fps", "crf", "preset"}),
        )

    def warm(self, progress: Progress) -> None:
        """Compile the kernels by rendering two tiny frames; a second from the cache, some ten without it."""
        progress.report(0.0, "compiling")
        renderer = _renderer(np.zeros((64, 64, 3), np.uint8), (32, 32), (Pose(), Pose(roll_rad=0.1)))
        for number in range(2):
            renderer.frame(number)
        progress.report(1.0, "compiling")

    def run(self, task: Task, progress: Progress) -> Produced:
        """Carry out the task."""
        num_frames = _num_frames(task)
        encoding = Encoding.from_settings(task.settings)
        progress.report(0.0, "reading")
        picture = _read(task)
        size = self._size or choose_size(picture.shape[1], picture.shape[0])
        picture = _crop(picture, size)
        progress.report(0.02, "planning")
        planned = plan(str(task.parameters.get("prompt") or ""), task.seed)
        _tell(progress, planned, picture, size, num_frames)
        poses = path(
            planned.moves,
            num_frames=num_frames,
            fps=encoding.fps,
            seed=task.seed,
            aspect_ratio=size.width_px / size.height_px,
        )
        renderer = _renderer(picture, (size.width_px, size.height_px), poses, planned)
        video, poster = task.folder / "video.mp4", task.folder / "poster.jpg"
        _film(renderer, video, encoding, progress)
        _write_poster(renderer, num_frames // 3, poster)
        progress.report(1.0, "finishing")
        return Produced((video,), "video", poster, planned.applied, planned.ignored)

    def close(self) -> None:
        """Nothing is held between tasks."""


def _num_frames(task: Task) -> int:
    found = task.parameters.get("num_frames")
    if not isinstance(found, int) or isinstance(found, bool) or not MIN_FRAMES <= found <= MAX_FRAMES:
        raise EngineError(f"num_frames: parallax makes {MIN_FRAMES} to {MAX_FRAMES} frames")
    return found


def _read(task: Task) -> np.ndarray[Any, np.dtype[np.uint8]]:
    from mutoscope.media.load import load_image  # noqa: PLC0415 -- capabilities() stays free of codecs

    images = task.files.get("image", ())
    if len(images) != 1:
        raise MediaError(f"{len(images)} pictures; parallax takes exactly one", field="image")
    return load_image(images[0])


def _crop(picture: np.ndarray[Any, np.dtype[np.uint8]], size: Size) -> np.ndarray[Any, np.dtype[np.uint8]]:
    box = crop_box(picture.shape[1], picture.shape[0], size)
    return picture[box.top_px : box.top_px + box.height_px, box.left_px : box.left_px + box.width_px]


def _tell(
    progress: Progress,
    planned: Plan,
    picture: np.ndarray[Any, np.dtype[np.uint8]],
    size: Size,
    num_frames: int,
) -> None:
    height, width = picture.shape[:2]
    progress.log(f"using {width} x {height} px of the picture for {size.width_px} x {size.height_px} px ({size.ratio})")
    progress.log(f"{num_frames} frames; {'; '.join(planned.applied)}")
    if width < 0.7 * size.width_px:
        progress.log(f"the picture is enlarged {size.width_px / width:.1f} times; a larger one would be sharper")


def _renderer(
    picture: np.ndarray[Any, np.dtype[np.uint8]],
    output: tuple[int, int],
    poses: tuple[Pose, ...],
    planned: Plan | None = None,
) -> Renderer:
    from mutoscope.engines.parallax.render import Renderer  # noqa: PLC0415 -- numba takes half a second to import

    return Renderer(picture, output=output, poses=poses, grades=planned.grades if planned else ())


def _film(renderer: Renderer, video: Path, encoding: Encoding, progress: Progress) -> None:
    """Render in this thread, encode in another; both spend their time outside the interpreter lock."""
    from mutoscope.media.encode import VideoWriter  # noqa: PLC0415 -- capabilities() stays free of codecs

    num_frames = len(renderer.poses)
    reported_at = 0.0
    width, height = renderer.output
    waiting: deque[Future[None]] = deque()
    with (
        VideoWriter(
            video,
            width_px=width,
            height_px=height,
            fps=encoding.fps,
            crf=encoding.crf,
            preset=encoding.preset,
        ) as writer,
        ThreadPoolExecutor(1, "encode") as encoder,
    ):
        for number in range(num_frames):
            if len(waiting) == _QUEUED_FRAMES:
                waiting.popleft().result()
            waiting.append(encoder.submit(writer.write, renderer.frame(number)))
            if time.monotonic() - reported_at >= _REPORT_EVERY_S:
                reported_at = time.monotonic()
                progress.report(0.03 + 0.94 * number / num_frames, "rendering")
        progress.report(0.97, "encoding")
        for written in waiting:
            written.result()
        encoder.submit(writer.close).result()


def _write_poster(renderer: Renderer, number: int, poster: Path) -> None:
    from mutoscope.engines.parallax.render import planes_to_rgb  # noqa: PLC0415
    from mutoscope.media.encode import write_jpeg  # noqa: PLC0415

    write_jpeg(poster, planes_to_rgb(renderer.frame(number)), quality=POSTER_QUALITY)
