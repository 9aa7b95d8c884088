"""What a video costs: rendering and encoding against encoding alone of the same frames, and against other tools.

    python -m benchmarks.render [--image FILE] [--frames 121] [--rounds 5] [--moviepy PYTHON] [--json FILE]

121 frames of 1920 x 1088 px, plain dolly, grain and motion blur off, x264 veryfast crf 20, engine warm; then a fast
dolly with both on; then the plain one with SVT-AV1, and twice as long. Every round measures all candidates one after
the other, so that a ratio never compares two moods of the machine. Wall and CPU seconds are medians, and the ratios
are of the medians of CPU seconds. Memory is that of a process of its own, which makes one plain video. ffmpeg's
zoompan and MoviePy enlarge the flat picture and show no depth; they take part where they are installed (MoviePy may
live in another Python: --moviepy /path/to/python).
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import multiprocessing
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
FULL = {"shots": [{"moves": [{"name": "dolly_in", "strength": 2}, "whip_left"], "effects": ["film_grain"]}]}
AV1: dict[str, Any] = {"codec": "av1", "preset": "12", "crf": 24}
"""Preset 12 of 13: SVT-AV1's words for real time."""

MOVIEPY = """
import sys
from moviepy import CompositeVideoClip, ImageClip, vfx
image, target, width, height, seconds = sys.argv[1], sys.argv[2], *map(float, sys.argv[3:])
size = (int(width), int(height))
clip = ImageClip(image).with_duration(seconds).resized(size)
clip = clip.with_effects([vfx.Resize(lambda t: 1 + 0.04 * t)]).with_position("center")
film = CompositeVideoClip([clip], size=size).with_duration(seconds)
film.write_videofile(target, fps=24, preset="veryfast", logger=None, ffmpeg_params=["-crf", "20"])
"""


@dataclass(slots=True)
class Clock:
    """A progress that remembers when each stage began: wall and CPU seconds."""

    began: dict[str, tuple[float, float]] = field(default_factory=dict)

    def report(self, fraction: float, stage: str) -> None:
        """Remember the first time."""
        self.began.setdefault(stage, (time.perf_counter(), cpu_s()))

    def log(self, line: str) -> None:
        """Nothing."""

    def show(self, picture: Path) -> None:
        """Nothing."""

    def remember(self, values: Mapping[str, Any]) -> None:
        """Nothing is handed on: there is no further attempt."""

    def stages(self) -> dict[str, tuple[float, float]]:
        """Seconds of each, the last one until now."""
        marks = [*self.began.items(), ("end", (time.perf_counter(), cpu_s()))]
        return {name: (end[0] - start[0], end[1] - start[1]) for (name, start), (_, end) in itertools.pairwise(marks)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--image", type=Path, default=Path("src/mutoscope/assets/mountain-path.jpg"))
    parser.add_argument("--frames", type=int, default=121)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--weights", type=str, default=None)
    parser.add_argument("--moviepy", type=str, default=sys.executable, metavar="PYTHON")
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
    with multiprocessing.get_context("spawn").Pool(1) as alone:
        memory = alone.apply(peak_mb, (options, settings, str(folder / "memory")))
    engine = Parallax(SIZE)
    engine.warm(Clock())
    frames = rendered(options, settings)

    def video(plan: dict[str, Any], times: int = 1, **more: Any) -> Callable[[], Any]:
        return lambda: run(engine, options, plan, settings | more, folder / "out", options.frames * times)

    candidates: dict[str, Callable[[], Any]] = {
        "encode alone": lambda: encode(frames, folder / "alone.mp4"),
        "encode alone, av1": lambda: encode(frames, folder / "av1.mp4", **AV1),
        "parallax, plain": video(PLAIN),
        "parallax, grain and blur": video(FULL),
        "parallax, av1": video(PLAIN, **AV1),
        "parallax, twice as long": video(PLAIN, 2),
    }
    strangers, skipped = others(options, folder)
    times: dict[str, list[tuple[float, float]]] = {}
    stages: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for _ in range(options.rounds):
        for name, work in (candidates | strangers).items():
            seconds, result = timed(work)
            times.setdefault(name, []).append(seconds)
            for stage, one in result.items() if isinstance(result, dict) else ():
                stages.setdefault(name, {}).setdefault(stage, []).append(one)
    found: dict[str, Any] = {
        "seconds": {name: medians(all_) for name, all_ in times.items()},
        "stages": {name: {stage: medians(all_) for stage, all_ in parts.items()} for name, parts in stages.items()},
        "peak_mb": memory,
        "skipped": skipped,
        "rounds": options.rounds,
    }
    found["seconds"]["render alone"] = render_alone(options, settings)
    video(PLAIN)()
    found["sha256"] = hashlib.sha256((folder / "out" / "video.mp4").read_bytes()).hexdigest()
    return found


def medians(times: list[tuple[float, float]]) -> dict[str, float]:
    """Of wall and CPU seconds."""
    return {"wall_s": statistics.median(w for w, _ in times), "cpu_s": statistics.median(c for _, c in times)}


def timed(work: Callable[[], Any]) -> tuple[tuple[float, float], Any]:
    """Wall and CPU seconds, of children too."""
    wall, cpu = time.perf_counter(), cpu_s()
    result = work()
    return (time.perf_counter() - wall, cpu_s() - cpu), result


def cpu_s() -> float:
    """User and system, ours and our children's."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def peak_mb(options: argparse.Namespace, settings: dict[str, Any], folder: str) -> float:
    """Of this process, after warming up and one plain video; megabytes of 2 ** 20 bytes."""
    engine = Parallax(SIZE)
    engine.warm(Clock())
    run(engine, options, PLAIN, settings, Path(folder), options.frames)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def renderer(options: argparse.Namespace, settings: dict[str, Any]) -> Renderer:
    """The plain dolly, ready to render."""
    plan = Plan.from_json(PLAIN)
    picture = load_image(options.image)
    box = crop_box(picture.shape[1], picture.shape[0], SIZE)
    picture = picture[box.top_px : box.top_px + box.height_px, box.left_px : box.left_px + box.width_px]
    staging = Staging(Path(settings["weights"]) if settings else None)
    width = reach(plan, num_frames=options.frames, fps=FPS)
    scene, _ = staging.scene(picture, None, SIZE, reach=width, progress=Clock())
    poses = path(plan, scene, num_frames=options.frames, fps=FPS, seed=1)
    return Renderer(scene, poses, plan, output=(SIZE.width_px, SIZE.height_px), fps=FPS, seed=1)


def rendered(options: argparse.Namespace, settings: dict[str, Any]) -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    """The plain dolly's frames, in memory: 3 MB each."""
    maker = renderer(options, settings)
    return [maker.frame(number) for number in range(options.frames)]


def render_alone(options: argparse.Namespace, settings: dict[str, Any]) -> dict[str, float]:
    """Seconds for the frames without encoding, in one thread."""
    maker = renderer(options, settings)
    maker.frame(0)
    seconds, _ = timed(lambda: [maker.frame(number) for number in range(1, options.frames)])
    return medians([seconds])


def encode(frames: list[Any], target: Path, codec: str = "h264", preset: str = "veryfast", crf: int = 20) -> None:
    """Only the encoder."""
    with VideoWriter(
        target, width_px=SIZE.width_px, height_px=SIZE.height_px, fps=FPS, crf=crf, preset=preset, codec=codec
    ) as writer:
        for frame in frames:
            writer.write(frame)


def run(
    engine: Parallax,
    options: argparse.Namespace,
    plan: dict[str, Any],
    settings: dict[str, Any],
    out: Path,
    frames: int,
) -> dict[str, tuple[float, float]]:
    """A whole task; seconds of each stage."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    clock = Clock()
    parameters = {"prompt": "", "num_frames": frames, "plan": plan}
    engine.run(Task(parameters, {"image": (options.image,)}, out, 1, settings), clock)
    return clock.stages()


def others(options: argparse.Namespace, folder: Path) -> tuple[dict[str, Callable[[], Any]], dict[str, str]]:
    """Other people's tools on the same picture; those that are not here, and why."""
    found: dict[str, Callable[[], Any]] = {}
    skipped: dict[str, str] = {}
    size = (str(SIZE.width_px), str(SIZE.height_px))
    program = shutil.which("ffmpeg")
    if program:
        zoom = f"zoompan=z='min(zoom+0.0015,1.25)':d={options.frames}:s={'x'.join(size)}:fps=24"
        still = [program, "-y", "-loglevel", "error", "-loop", "1", "-i", str(options.image)]
        coded = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p"]
        whole = [*still, "-vf", zoom, "-frames:v", str(options.frames), *coded, str(folder / "zoompan.mp4")]
        found["ffmpeg zoompan"] = lambda: subprocess.run(whole, check=True)
    else:
        skipped["ffmpeg zoompan"] = "no program `ffmpeg` on the path"
    if subprocess.run([options.moviepy, "-c", "import moviepy"], capture_output=True, check=False).returncode == 0:
        seconds = str(options.frames / FPS)
        told = [options.moviepy, "-c", MOVIEPY, str(options.image), str(folder / "moviepy.mp4"), *size, seconds]
        found["MoviePy"] = lambda: subprocess.run(told, check=True)
    else:
        skipped["MoviePy"] = f"{options.moviepy} has no moviepy"
    return found, skipped


def show(found: dict[str, Any]) -> None:
    """A table of seconds, the stages, and the ratios that matter."""
    seconds = found["seconds"]
    for name, one in seconds.items():
        print(f"{name:28s} {one['wall_s']:7.2f} s wall {one['cpu_s']:7.2f} s CPU")
    for name, reason in found["skipped"].items():
        print(f"{name:28s} left out: {reason}")
    for name, parts in found["stages"].items():
        told = ", ".join(f"{stage} {one['cpu_s']:.2f}" for stage, one in parts.items())
        print(f"CPU seconds of {name}: {told}")
    print(f"peak memory {found['peak_mb']:.0f} MB; sha256 of the plain video {found['sha256'][:16]}")
    for name, ratio, aim in ratios(found):
        print(f"{name:60s} {ratio:6.2f}   aim {aim}")


def ratios(found: dict[str, Any]) -> list[tuple[str, float, str]]:
    """What is aimed at, by CPU seconds; other tools by the wall's clock too."""
    cpu = {name: one["cpu_s"] for name, one in found["seconds"].items()}
    alone, plain = cpu["encode alone"], cpu["parallax, plain"]

    def filming(name: str) -> float:
        return float(sum(found["stages"][name][stage]["cpu_s"] for stage in ("rendering", "encoding")))

    rows = [
        ("render and encode / encode alone", filming("parallax, plain") / alone, "<= 1.6"),
        ("the same with grain and blur", filming("parallax, grain and blur") / alone, ""),
        ("everything / encode alone", plain / alone, "<= 2.5"),
        ("everything, twice as long / once", cpu["parallax, twice as long"] / plain, "<= 1.8"),
        ("CPU seconds, H.264", plain, "<= 14"),
        ("CPU seconds, SVT-AV1", cpu["parallax, av1"], "<= 10.08"),
        ("peak memory, GB of 10 ** 9", found["peak_mb"] * 2**20 / 1e9, "<= 1.2"),
    ]
    wall = {name: one["wall_s"] for name, one in found["seconds"].items()}
    for name, aim in (("MoviePy", ">= 3"), ("ffmpeg zoompan", "")):
        if name in cpu:
            rows.append((f"{name} / everything, as one waits for it", wall[name] / wall["parallax, plain"], aim))
            rows.append((f"{name} / everything", cpu[name] / plain, ""))
    return rows


if __name__ == "__main__":
    main()
