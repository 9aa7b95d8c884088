"""The engine itself: reads the task, understands the picture, plans, renders, encodes, and says what it did.

One picture in, one video and a poster out; a plan may be given in place of a prompt, and a depth map in place of
the engine's own eyes. It refuses pictures it cannot decode and frame counts beyond its range; it needs no network
and no GPU. Read next: `stage.py` (picture to scene), `camera.py`, `render.py`, `filming.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mutoscope.engines.base import Capabilities, Preview, Produced, Progress, Task
from mutoscope.engines.parallax import filming, splitting
from mutoscope.engines.parallax.filming import Encoding
from mutoscope.engines.parallax.shots import EFFECTS, Plan
from mutoscope.engines.parallax.sizes import Size, choose_size, crop_box
from mutoscope.errors import EngineError, MediaError

if TYPE_CHECKING:
    from mutoscope.engines.parallax.pose import Pose
    from mutoscope.engines.parallax.render import Renderer
    from mutoscope.engines.parallax.stage import Staging

Pixels = np.ndarray[Any, np.dtype[np.uint8]]

MIN_FRAMES, MAX_FRAMES = 2, 2000


class Parallax:
    """A camera moves through the picture; near and far move apart."""

    version = "parallax-0.7"

    def __init__(self, size: Size | None = None) -> None:
        """size   an output size to use instead of the one that fits the picture; for tests and benchmarks."""
        self._size = size
        self._staging: Staging | None = None

    def capabilities(self) -> Capabilities:
        """Say what this engine can do."""
        return Capabilities(
            parameters=frozenset({"prompt", "num_frames", "seed", "plan"}),
            files=frozenset({"image", "depth_map"}),
            required=frozenset({"image", "num_frames"}),
            produces=frozenset({"video"}),
            settings=frozenset({"fps", "crf", "preset", "codec", "processes", "weights"}),
        )

    def warm(self, progress: Progress) -> None:
        """Compile the kernels on tiny frames and load the depth model; seconds from the cache, a minute without it."""
        from mutoscope.engines.parallax import layers, nearest  # noqa: PLC0415 -- numba takes half a second
        from mutoscope.engines.parallax.warmth import compile_kernels  # noqa: PLC0415 -- as above

        progress.report(0.0, "compiling")
        compile_kernels()
        layers.compile_kernels()
        progress.report(0.8, "loading")
        self._stage({}).warm(progress)
        nearest.warm()
        progress.report(1.0, "loading")

    def run(self, task: Task, progress: Progress) -> Produced:
        """Carry out the task."""
        encoding = Encoding.from_settings(task.settings)
        renderer, planned = self._prepared(task, encoding, progress)
        video, poster = task.folder / "video.mp4", task.folder / "poster.jpg"
        is_divided = encoding.processes > 1 and encoding.form(renderer.output).section_frames is not None
        way = splitting.film if is_divided else filming.film
        way(renderer, video, poster, encoding, progress)
        progress.report(1.0, "finishing")
        return Produced((video,), "video", poster, planned.applied, planned.ignored)

    def preview(self, task: Task, progress: Progress) -> Preview:
        """Plan the task: with a picture exactly as `run` does, without one by the prompt alone."""
        encoding = Encoding.from_settings(task.settings)
        num_frames = _num_frames(task)
        duration_s = num_frames / encoding.fps
        if task.files.get("image"):
            renderer, planned = self._prepared(task, encoding, progress)
            return Preview(planned.to_json(), tuple(map(_told, renderer.poses)), duration_s, has_looked=True)
        from mutoscope.engines.parallax.camera import sketch  # noqa: PLC0415 -- as above

        planned = _plan(task, duration_s)
        poses = sketch(planned, num_frames=num_frames, fps=encoding.fps, seed=task.seed)
        return Preview(planned.to_json(), tuple(map(_told, poses)), duration_s, has_looked=False)

    def close(self) -> None:
        """Let go of the depth model."""
        self._staging = None

    def _stage(self, settings: Mapping[str, Any]) -> Staging:
        from mutoscope.engines.parallax.stage import Staging  # noqa: PLC0415 -- capabilities() stays free of codecs

        folder = Path(str(settings["weights"])) if settings.get("weights") else None
        if self._staging is None or self._staging.weights != folder:
            self._staging = Staging(folder)
        return self._staging

    def _prepared(self, task: Task, encoding: Encoding, progress: Progress) -> tuple[Renderer, Plan]:
        num_frames = _num_frames(task)
        progress.report(0.0, "reading")
        picture = _read(task, "image")
        size = self._size or choose_size(picture.shape[1], picture.shape[0])
        depth_map = _crop(_read(task, "depth_map"), size) if task.files.get("depth_map") else None
        picture = _crop(picture, size)
        progress.report(0.02, "planning")
        planned = _plan(task, num_frames / encoding.fps)
        _tell(progress, planned, picture, size, num_frames)
        return self._renderer(task, progress, planned, (picture, depth_map, size), encoding.fps)

    def _renderer(
        self,
        task: Task,
        progress: Progress,
        planned: Plan,
        material: tuple[Pixels, Pixels | None, Size],
        fps: float,
    ) -> tuple[Renderer, Plan]:
        from mutoscope.engines.parallax import camera  # noqa: PLC0415 -- as above
        from mutoscope.engines.parallax.compiling import give_back_memory  # noqa: PLC0415 -- as above
        from mutoscope.engines.parallax.render import Renderer  # noqa: PLC0415 -- as above

        picture, depth_map, size = material
        num_frames = _num_frames(task)
        staging = self._stage(task.settings)
        width = camera.reach(planned, num_frames=num_frames, fps=fps)
        scene, notes = staging.scene(picture, depth_map, size, reach=width, progress=progress)
        for note in notes:
            progress.log(note)
        planned = replace(planned, ignored=(*planned.ignored, *notes))
        poses = camera.path(planned, scene, num_frames=num_frames, fps=fps, seed=task.seed)
        output = (size.width_px, size.height_px)
        renderer = Renderer(scene, poses, planned, output=output, fps=fps, seed=task.seed)
        give_back_memory()
        return renderer, _without(planned, renderer.absent())


def _without(planned: Plan, absent: Mapping[str, str]) -> Plan:
    """The plan, honest about effects for which the picture has nothing."""
    texts = {EFFECTS[name]: reason for name, reason in absent.items()}
    applied = tuple(text for text in planned.applied if text not in texts)
    ignored = tuple(f"{text} ({reason})" for text, reason in texts.items())
    return replace(planned, applied=applied, ignored=(*planned.ignored, *ignored))


def _told(pose: Pose) -> dict[str, float]:
    """A pose in the words of `Preview.path`."""
    turned = {f"{axis}_deg": math.degrees(getattr(pose, f"{axis}_rad")) for axis in ("pan", "tilt", "roll")}
    return {"x": pose.x, "y": pose.y, "z": pose.z, **turned, "zoom": pose.zoom}


def _num_frames(task: Task) -> int:
    found = task.parameters.get("num_frames")
    if not isinstance(found, int) or isinstance(found, bool) or not MIN_FRAMES <= found <= MAX_FRAMES:
        raise EngineError(f"num_frames: parallax makes {MIN_FRAMES} to {MAX_FRAMES} frames")
    return found


def _plan(task: Task, duration_s: float) -> Plan:
    given = task.parameters.get("plan")
    if given is not None:
        try:
            return Plan.from_json(given)
        except ValueError as exc:
            raise EngineError(f"plan: {exc}") from exc
    from mutoscope.engines.parallax.planner import plan  # noqa: PLC0415 -- the lexicon is not needed for a given plan

    return plan(str(task.parameters.get("prompt") or ""), task.seed, duration_s=duration_s)


def _read(task: Task, name: str) -> Pixels:
    from mutoscope.media.load import load_image  # noqa: PLC0415 -- capabilities() stays free of codecs

    images = task.files.get(name, ())
    if len(images) != 1:
        raise MediaError(f"{len(images)} pictures; parallax takes exactly one", field=name)
    return load_image(images[0])


def _crop(picture: Pixels, size: Size) -> Pixels:
    box = crop_box(picture.shape[1], picture.shape[0], size)
    return picture[box.top_px : box.top_px + box.height_px, box.left_px : box.left_px + box.width_px]


def _tell(progress: Progress, planned: Plan, picture: Pixels, size: Size, num_frames: int) -> None:
    height, width = picture.shape[:2]
    progress.log(f"using {width} x {height} px of the picture for {size.width_px} x {size.height_px} px ({size.ratio})")
    progress.log(f"{num_frames} frames; {'; '.join(planned.applied) or 'as the plan says'}")
    if width < 0.7 * size.width_px:
        progress.log(f"the picture is enlarged {size.width_px / width:.1f} times; a larger one would be sharper")
