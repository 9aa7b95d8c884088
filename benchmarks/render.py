"""What a video costs: rendering and encoding against encoding alone of the same frames, and against other tools.

    python -m benchmarks.render [--image FILE] [--frames 121] [--rounds 5] [--weights DIR] [--json FILE]

121 frames of 1920 x 1088 px, plain dolly, grain and blur off, x264 veryfast crf 20, engine warm; then the same with
film grain and handheld. Every round measures all candidates one after the other, so that a ratio never compares two
moods of the machine. Wall and CPU seconds are medians. ffmpeg's zoompan and MoviePy take part where they are
installed; they enlarge a flat picture and show no depth.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope.engines.base import Task
from mutoscope.engines.parallax import Parallax
from mutoscope.engines.parallax.camera import path, reach
from mutoscope.engines.parallax.render import Renderer
from mutoscope.engines.parallax.shots import Plan
from mutoscope.engines.parallax.sizes import SIZES, crop_box
from mutoscope.engines.parallax.stage import Staging
from mutoscope.media.encode import VideoWriter
from mutoscope.media.load import load_image

SIZE = SIZES[1]
FPS = 24.0
PLAIN = {"shots": [{"moves": ["dolly_in"]}]}
RICH = {"shots": [{"moves": ["dolly_in", "handheld"], "effects": ["film_grain", "golden_hour", "dust"]}]}


class Quiet:
    """A progress that remembers when each stage began."""

    def __init__(self) -> None:
        self.began: dict[str, float] = {}

    def report(self, fraction: float, stage: str) -> None:
        """Remember the first time."""
        self.began.setdefault(stage, time.perf_counter())

    def log(self, line: str) -> None:
        """Nothing."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--image", type=Path, default=Path("src/mutoscope/assets/mountain-path.jpg"))
    parser.add_argument("--frames", type=int, default=121)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--weights", type=str, default=None)
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(options, Path(folder))
    show(found)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """All candidates, round by round."""
    settings = {"weights": options.weights} if options.weights else {}
    engine = Parallax(SIZE)
    engine.warm(Quiet())
    frames = rendered(options, settings)
    shapes = {"plain": PLAIN, "with grain, light and handheld": RICH}
    candidates: dict[str, Callable[[], object]] = {
        "encode alone (h264)": lambda: encode(frames, folder / "alone.mp4"),
        "encode alone (av1, preset 12)": lambda: encode(frames, folder / "av1.mp4", "av1", "12", 24),
    }
    for name, plan in shapes.items():
        candidates[f"parallax, {name}"] = lambda plan=plan: run(engine, options, plan, settings, folder)  # type: ignore[misc]
    candidates["parallax av1, plain"] = lambda: run(
        engine, options, PLAIN, settings | {"codec": "av1", "preset": "12", "crf": 24}, folder
    )
    candidates |= others(options, folder)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in candidates}
    stages: list[dict[str, float]] = []
    for _ in range(options.rounds):
        for name, work in candidates.items():
            (wall, cpu), result = timed(work)
            times[name].append((wall, cpu))
            if name == "parallax, plain" and isinstance(result, dict):
                stages.append(result)
    found: dict[str, Any] = {
        name: {"wall_s": statistics.median(w for w, _ in all_), "cpu_s": statistics.median(c for _, c in all_)}
        for name, all_ in times.items()
    }
    found["stages_s"] = {key: statistics.median(one[key] for one in stages) for key in stages[0]} if stages else {}
    found["render alone"] = render_alone(options, settings)
    found["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found["sha256"] = hashlib.sha256((folder / "out-plain.mp4").read_bytes()).hexdigest()
    return found


def timed(work: Callable[[], object]) -> tuple[tuple[float, float], object]:
    """Wall and CPU seconds, of children too."""
    wall, cpu = time.perf_counter(), cpu_s()
    result = work()
    return (time.perf_counter() - wall, cpu_s() - cpu), result


def cpu_s() -> float:
    """User and system, ours and our children's."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def renderer(options: argparse.Namespace, settings: dict[str, Any]) -> Renderer:
    """The plain dolly, ready to render."""
    plan = Plan.from_json(PLAIN)
    picture = load_image(options.image)
    box = crop_box(picture.shape[1], picture.shape[0], SIZE)
    picture = picture[box.top_px : box.top_px + box.height_px, box.left_px : box.left_px + box.width_px]
    staging = Staging(Path(settings["weights"]) if settings else None)
    width = reach(plan, num_frames=options.frames, fps=FPS)
    scene, _ = staging.scene(picture, None, SIZE, reach=width, progress=Quiet())
    poses = path(plan, scene, num_frames=options.frames, fps=FPS, seed=1)
    return Renderer(scene, poses, plan, output=(SIZE.width_px, SIZE.height_px), fps=FPS, seed=1)


def rendered(options: argparse.Namespace, settings: dict[str, Any]) -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    """The plain dolly's frames, in memory: 3 MB each."""
    maker = renderer(options, settings)
    return [maker.frame(number) for number in range(options.frames)]


def render_alone(options: argparse.Namespace, settings: dict[str, Any]) -> dict[str, float]:
    """Seconds for the frames without encoding."""
    maker = renderer(options, settings)
    maker.frame(0)
    (wall, cpu), _ = timed(lambda: [maker.frame(number) for number in range(1, options.frames)])
    return {"wall_s": wall, "cpu_s": cpu}


def encode(frames: list[Any], target: Path, codec: str = "h264", preset: str = "veryfast", crf: int = 20) -> None:
    """Only the encoder."""
    with VideoWriter(
        target, width_px=SIZE.width_px, height_px=SIZE.height_px, fps=FPS, crf=crf, preset=preset, codec=codec
    ) as writer:
        for frame in frames:
            writer.write(frame)


def run(
    engine: Parallax, options: argparse.Namespace, plan: dict[str, Any], settings: dict[str, Any], folder: Path
) -> dict[str, float]:
    """A whole task; seconds of each stage."""
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    parameters = {"prompt": "", "num_frames": options.frames, "plan": plan}
    progress = Quiet()
    started = time.perf_counter()
    engine.run(Task(parameters, {"image": (options.image,)}, out, 1, settings), progress)
    if plan is PLAIN and "codec" not in settings:
        shutil.copy(out / "video.mp4", folder / "out-plain.mp4")
    marks = [*progress.began.items(), ("end", time.perf_counter())]
    del started
    return {name: later - began for (name, began), (_, later) in itertools.pairwise(marks)}


def others(options: argparse.Namespace, folder: Path) -> dict[str, Callable[[], object]]:
    """Other people's tools on the same picture, where they are installed."""
    found: dict[str, Callable[[], object]] = {}
    seconds = options.frames / FPS
    program = shutil.which("ffmpeg")
    if program:
        zoom = f"zoompan=z='min(zoom+0.0015,1.25)':d={options.frames}:s={SIZE.width_px}x{SIZE.height_px}:fps=24"
        found["ffmpeg zoompan"] = lambda: subprocess.run(
            [program, "-y", "-loglevel", "error", "-loop", "1", "-i", str(options.image), "-vf", zoom, "-frames:v",
             str(options.frames), "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p",
             str(folder / "zoompan.mp4")],
            check=True,
        )  # fmt: skip
    try:
        from moviepy import CompositeVideoClip, ImageClip, vfx  # type: ignore[import-not-found]  # noqa: PLC0415
    except ImportError:
        return found

    def moviepy() -> None:
        size = (SIZE.width_px, SIZE.height_px)
        clip = ImageClip(str(options.image)).with_duration(seconds).resized(size)
        clip = clip.with_effects([vfx.Resize(lambda t: 1 + 0.04 * t)]).with_position("center")
        film = CompositeVideoClip([clip], size=size).with_duration(seconds)
        film.write_videofile(
            str(folder / "moviepy.mp4"), fps=24, preset="veryfast", logger=None, ffmpeg_params=["-crf", "20"]
        )

    found["MoviePy"] = moviepy
    return found


def show(found: dict[str, Any]) -> None:
    """A table, with ratios to the encoder."""
    alone = found["encode alone (h264)"]
    for name, value in found.items():
        if isinstance(value, dict) and "wall_s" in value:
            ratio = value["wall_s"] / alone["wall_s"]
            print(f"{name:42s} {value['wall_s']:7.2f} s wall {value['cpu_s']:7.2f} s CPU  {ratio:5.2f} x")
    stages = found["stages_s"]
    print("stages:", ", ".join(f"{name} {seconds:.2f} s" for name, seconds in stages.items()))
    print(f"peak memory {found['peak_rss_mb']:.0f} MB; sha256 of the plain video {found['sha256'][:16]}")


if __name__ == "__main__":
    main()
