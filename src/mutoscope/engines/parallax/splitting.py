"""One video by several processes: each renders and encodes sections of it, and the packets are joined as they are.

The picture is understood once; the scene lies in files that all processes map, so its memory is shared. A section is
the same bytes whoever makes it (`media.sections`), so the joined file is that of `filming.film`, whatever the number
of processes. `make_section` needs the folder alone, which any other machine could be given as well.

    parent -> child   "FIRST COUNT"             a section to make
    child -> parent   "frame" | "shown PATH" | "made FIRST"
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from mutoscope.engines.base import SHOW_EVERY_S, Progress
from mutoscope.engines.parallax import filming
from mutoscope.engines.parallax.filming import Encoding
from mutoscope.engines.parallax.shots import Plan
from mutoscope.errors import EngineError

if TYPE_CHECKING:
    from mutoscope.engines.parallax.render import Renderer

TRIES = 2
"""Processes that may end in the middle of one section before the attempt is given up."""
LOOK_S = 0.2
"""How long a process may be silent before the progress is told again."""
_JOB, _POSTER = "job.json", "poster.jpg"
_PROGRAM = f"from {__name__} import main; main()"


@dataclass(frozen=True, slots=True)
class _Layer:
    """As `layers.Layer`."""

    rgb: Any
    alpha: Any
    disparity: Any


@dataclass(frozen=True, slots=True)
class _Scene:
    """As `layers.Scene`, with arrays that lie in files."""

    layers: tuple[_Layer, ...]
    width_px: int
    height_px: int
    classes: dict[str, Any]
    focus: tuple[float, float, float]
    gentle: float
    is_portrait: bool


def film(renderer: Renderer, video: Path, poster: Path, encoding: Encoding, progress: Progress) -> None:
    """Write the video and its poster with `encoding.processes` processes. Raises EngineError."""
    from mutoscope.media.encode import VideoWriter  # noqa: PLC0415 -- capabilities() stays free of codecs

    folder = video.with_name("sections")
    folder.mkdir()
    num_frames = len(renderer.poses)
    form = encoding.form(renderer.output)
    _pack(renderer, encoding, folder)
    length = form.section_frames or num_frames
    todo = [(first, min(length, num_frames - first)) for first in range(0, num_frames, length)]
    crew = _Crew(folder, todo, min(encoding.processes, len(todo)))
    try:
        with VideoWriter.of(video, form) as writer:
            _follow(crew, num_frames, progress)
            progress.report(filming.RENDERING_TO, "encoding")
            for first, count in todo:
                path = _section(folder, first)
                writer.append(path, count)
                path.unlink()
        (folder / _POSTER).replace(poster)
    finally:
        crew.dismiss()
        shutil.rmtree(folder, ignore_errors=True)


def _follow(crew: _Crew, num_frames: int, progress: Progress) -> None:
    """Until every section is there; progress only grows, also when a section is made again."""
    done, made, told, shown_at = dict[int, int](), 0, 0, float("-inf")
    while made < len(crew.todo):
        try:
            event = crew.events.get(timeout=LOOK_S)
        except queue.Empty:
            progress.report(filming.share(told, num_frames), "rendering")  # whoever wants to stop us can do it here
            continue
        if isinstance(event, EngineError):
            raise event
        word, first, *rest = event
        if word == "frame":
            done[first] = done.get(first, 0) + 1
        elif word == "again":
            done[first] = 0
        elif word == "made":
            made += 1
        elif time.monotonic() - shown_at >= SHOW_EVERY_S:
            shown_at = time.monotonic()
            progress.show(Path(rest[0]))
        told = max(told, sum(done.values()))
        progress.report(filming.share(told, num_frames), "rendering")


class _Crew:
    """Processes, each with a thread that hands it sections and hears what becomes of them."""

    def __init__(self, folder: Path, todo: list[tuple[int, int]], processes: int) -> None:
        self.todo = tuple(todo)
        self.events: queue.Queue[Any] = queue.Queue()
        self._folder = folder
        self._waiting: queue.Queue[tuple[int, int]] = queue.Queue()
        for section in todo:
            self._waiting.put(section)
        self._is_over = False
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        threads = max(1, _cores() // processes)
        self._threads = [
            threading.Thread(target=self._lead, args=(threads,), name="section", daemon=True) for _ in range(processes)
        ]
        for thread in self._threads:
            thread.start()

    def dismiss(self) -> None:
        """End every process now."""
        with self._lock:
            self._is_over = True
            for process in self._running:
                process.kill()
        for thread in self._threads:
            thread.join()

    def _lead(self, threads: int) -> None:
        process: subprocess.Popen[str] | None = None
        try:
            while True:
                try:
                    first, count = self._waiting.get_nowait()
                except queue.Empty:
                    return
                for _ in range(TRIES):
                    process = process or self._started(threads)
                    if self._made(process, first, count):
                        break
                    self._end(process)
                    process = None
                    self.events.put(("again", first))
                else:
                    raise EngineError(f"a process that rendered frames from {first} on ended {TRIES} times")
        except EngineError as exc:
            self.events.put(exc)
        except OSError as exc:
            self.events.put(EngineError(f"a process for rendering cannot be started: {exc.strerror}", retryable=True))
        except Exception as exc:  # a thread's defect must end the attempt, not let it wait for ever
            self.events.put(EngineError(f"rendering in several processes failed: {exc!r}"[:200]))
        finally:
            if process is not None:
                self._end(process)

    def _started(self, threads: int) -> subprocess.Popen[str]:
        with self._lock:
            if self._is_over:
                raise EngineError("the request was stopped")
            process = subprocess.Popen(  # noqa: S603 -- ourselves
                [sys.executable, "-c", _PROGRAM, str(self._folder), str(threads), str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            self._running.add(process)
        return process

    def _made(self, process: subprocess.Popen[str], first: int, count: int) -> bool:
        """Whether the section is there in the end; else the process is gone."""
        assert process.stdin is not None and process.stdout is not None
        try:
            print(first, count, file=process.stdin, flush=True)
            for line in process.stdout:
                word, *rest = line.rstrip("\n").split(" ", 1)
                self.events.put((word, first, *rest))
                if word == "made":
                    return True
        except OSError:
            pass
        return False

    def _end(self, process: subprocess.Popen[str]) -> None:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):  # what was never read is flushed once more, into nothing
                if pipe is not None:
                    pipe.close()
        with self._lock:
            self._running.discard(process)


# -- what lies in the folder --------------------------------------------------------------------------------------


def _section(folder: Path, first: int) -> Path:
    return folder / f"{first}.packets"


def _pack(renderer: Renderer, encoding: Encoding, folder: Path) -> None:
    """Everything that `_unpacked` needs, as arrays and JSON."""
    scene: Any = renderer.scene
    for number, layer in enumerate(scene.layers):
        for name in ("rgb", "alpha", "disparity"):
            np.save(folder / f"{number}-{name}.npy", getattr(layer, name))
    for name, mask in scene.classes.items():
        np.save(folder / f"class-{name}.npy", mask)
    job = {
        "scene": {
            "layers": len(scene.layers),
            "classes": list(scene.classes),
            **{name: getattr(scene, name) for name in ("width_px", "height_px", "focus", "gentle", "is_portrait")},
        },
        "poses": [asdict(pose) for pose in renderer.poses],
        "plan": renderer.plan.to_json(),
        "output": renderer.output,
        "seed": renderer.seed,
        "encoding": asdict(encoding),
    }
    (folder / _JOB).write_text(json.dumps(job), "utf-8")


def _unpacked(folder: Path) -> tuple[Renderer, Encoding]:
    from mutoscope.engines.parallax.pose import Pose  # noqa: PLC0415 -- numba takes half a second
    from mutoscope.engines.parallax.render import Renderer  # noqa: PLC0415 -- as above

    job = json.loads((folder / _JOB).read_text("utf-8"))
    told = job["scene"]

    def mapped(name: str) -> Any:
        """Not read-only: the kernels are compiled for arrays as `layers` makes them."""
        return np.load(folder / f"{name}.npy", mmap_mode="c").view(np.ndarray)

    layers = (_Layer(*(mapped(f"{n}-{name}") for name in ("rgb", "alpha", "disparity"))) for n in range(told["layers"]))
    scene = _Scene(
        tuple(layers),
        told["width_px"],
        told["height_px"],
        {name: mapped(f"class-{name}") for name in told["classes"]},
        tuple(told["focus"]),
        told["gentle"],
        told["is_portrait"],
    )
    poses = [Pose(**pose) for pose in job["poses"]]
    encoding = Encoding(**job["encoding"])
    plan, output = Plan.from_json(job["plan"]), (job["output"][0], job["output"][1])
    return Renderer(scene, poses, plan, output=output, fps=encoding.fps, seed=job["seed"]), encoding


def make_section(
    folder: Path, renderer: Renderer, encoding: Encoding, frames: range, *, threads: int, tell: Callable[[str], None]
) -> None:
    """Render and encode these frames into the folder; the poster too, when it is among them."""
    from mutoscope.media.sections import Section, save  # noqa: PLC0415 -- codecs

    section = Section(encoding.form(renderer.output), frames.start)
    packets = []
    shown_at = time.monotonic()
    for number, frame in zip(frames, filming.rendered(renderer, frames, threads), strict=True):
        packets += section.encode(frame)
        if number == filming.poster_at(len(renderer.poses)):
            filming.write_poster(frame, folder / _POSTER)
        if time.monotonic() - shown_at >= SHOW_EVERY_S:
            shown_at = time.monotonic()
            tell(f"shown {filming.write_preview(frame, folder.with_name(f'preview-{number}.jpg'))}")
        tell("frame")
    save([*packets, *section.finish()], _section(folder, frames.start))
    tell(f"made {frames.start}")


def _cores() -> int:
    from mutoscope.engines.parallax.compiling import cores  # noqa: PLC0415 -- numba takes half a second

    return cores()


def main() -> None:
    """Make sections until there are no more, or the parent is gone. Arguments: folder, threads, the parent's id."""
    from mutoscope.engines.child import die_with  # noqa: PLC0415 -- only a process of its own may

    folder, threads = Path(sys.argv[1]), int(sys.argv[2])
    die_with(int(sys.argv[3]))
    wanted: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=(sys.stdin, wanted), daemon=True).start()
    renderer, encoding = _unpacked(folder)
    while True:
        first, count = map(int, wanted.get().split())
        frames = range(first, first + count)
        make_section(folder, renderer, encoding, frames, threads=threads, tell=_tell)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _listen(pipe: IO[str], wanted: queue.Queue[str]) -> None:
    for line in pipe:
        wanted.put(line)
    os._exit(0)  # also in the middle of a frame: nobody waits for it
