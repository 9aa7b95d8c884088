"""Colour bars with a moving marker and the frame's number, in milliseconds: the engine for trying things out.

The shipped fake of the engine boundary: it needs no weights, gives the same bytes for the same seed, and
misbehaves on request, so that tests can see how the rest of the system takes it.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from mutoscope.engines.base import SHOW_EVERY_S, Capabilities, OutputKind, Produced, Progress, Task
from mutoscope.errors import EngineError
from mutoscope.media.encode import VideoWriter, write_jpeg
from mutoscope.media.load import load_image

Picture = npt.NDArray[np.uint8]

BARS = np.array(
    [
        (192, 192, 192),
        (192, 192, 0),
        (0, 192, 192),
        (0, 192, 0),
        (192, 0, 192),
        (192, 0, 0),
        (0, 0, 192),
        (16, 16, 16),
    ],
    dtype=np.uint8,
)
"""The eight bars of a 75 % colour-bar card, left to right, as sRGB."""

FONT = tuple(
    [[int(rows[row]) >> bit & 1 for bit in (2, 1, 0)] for row in range(5)]
    for rows in ("75557", "26227", "71747", "71717", "55711", "74717", "74757", "71111", "75757", "75717")
)
"""Digits 0 … 9, three cells wide and five high; each character is a row of three bits."""

STEP_S = 0.05

PARAMETERS = (
    *("prompt", "seed", "width_px", "height_px", "num_frames", "fps", "num_images"),
    *("delay_s", "fail", "log_lines", "print_lines"),
)


class Testcard:
    """Draws; understands no prompt.

    prompt, seed               the prompt is ignored; each seed gives other bars.
    width_px, height_px        160 x 90; odd sides lose a pixel.
    num_frames, fps            8 frames, 8 a second (video).
    num_images                 1 (image).
    delay_s                    seconds to wait first, reporting progress.
    fail                       `no`, `error`, `retry`, `crash`, `hang` or `defect`.
    log_lines, print_lines     how much to talk.
    image (file)               pasted into the middle.

    Setting `kind`: `video` (default) or `image`.
    """

    version = "1"
    __test__ = False  # for pytest, which takes the name for a test class

    def capabilities(self) -> Capabilities:
        return Capabilities(
            parameters=frozenset(PARAMETERS),
            files=frozenset({"image"}),
            required=frozenset(),
            produces=frozenset({"video", "image"}),
            settings=frozenset({"kind"}),
        )

    def warm(self, progress: Progress) -> None:
        progress.report(1.0, "ready")

    def run(self, task: Task, progress: Progress) -> Produced:
        _talk(task.parameters, progress)
        _wait(task, progress)
        _fail(str(task.parameters.get("fail", "no")))
        progress.report(0.9, "drawing")
        kind: OutputKind = task.settings.get("kind", "video")
        files = _draw_video(task) if kind == "video" else _draw_images(task)
        poster = task.folder / "poster.jpg"
        write_jpeg(poster, _frame(_card(task, 0), 0, 1), 85)
        progress.report(1.0, "drawing")
        ignored = ("the prompt: a test card follows no words",) if task.parameters.get("prompt") else ()
        return Produced(files, kind, poster=poster, applied=("colour bars",), ignored=ignored)

    def close(self) -> None:
        pass


def _talk(parameters: Any, progress: Progress) -> None:
    for number in range(int(parameters.get("log_lines", 0))):
        progress.log(f"line {number}")
    for number in range(int(parameters.get("print_lines", 0))):
        print(f"printed {number}")  # noqa: T201 - that is the point: noise a library would make


def _wait(task: Task, progress: Progress) -> None:
    """Let time pass, and show a card on which a hundred frames go by."""
    delay_s = float(task.parameters.get("delay_s", 0))
    started, shown = time.monotonic(), 0
    while (passed_s := time.monotonic() - started) < delay_s:
        progress.report(0.9 * passed_s / delay_s, "waiting")
        if passed_s >= shown * SHOW_EVERY_S:
            shown += 1
            picture = task.folder / f"preview-{shown}.jpg"
            write_jpeg(picture, _frame(_card(task, 0), int(100 * passed_s / delay_s), 100), 85)
            progress.show(picture)
        time.sleep(min(STEP_S, delay_s - passed_s))


def _fail(how: str) -> None:
    match how:
        case "error":
            raise EngineError("the test card was asked to fail")
        case "retry":
            raise EngineError("the test card was asked to fail for now", retryable=True)
        case "defect":
            raise ZeroDivisionError("a secret of the input")
        case "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            while True:
                time.sleep(3600)


def _draw_video(task: Task) -> tuple[Path, ...]:
    path = task.folder / "output.mp4"
    num_frames, fps = int(task.parameters.get("num_frames", 8)), float(task.parameters.get("fps", 8))
    card = _card(task, 0)
    height_px, width_px = card.shape[:2]
    with VideoWriter(path, width_px=width_px, height_px=height_px, fps=fps, preset="ultrafast") as video:
        for number in range(num_frames):
            video.write(_frame(card, number, num_frames))
    return (path,)


def _draw_images(task: Task) -> tuple[Path, ...]:
    paths = []
    num_images = int(task.parameters.get("num_images", 1))
    for number in range(num_images):
        paths.append(task.folder / f"output-{number + 1}.png")
        Image.fromarray(_frame(_card(task, number), number, num_images)).save(paths[-1], "PNG", compress_level=1)
    return tuple(paths)


def _card(task: Task, number: int) -> Picture:
    """Bars in an order and with a tint that the seed decides; (height, width, 3) uint8 sRGB, even sides."""
    width_px, height_px = (int(task.parameters.get(*side)) & ~1 for side in (("width_px", 160), ("height_px", 90)))
    random = np.random.default_rng([task.seed, number])
    bars = random.permutation(BARS) + random.integers(0, 48, (8, 3), dtype=np.uint8)
    row = bars[np.arange(width_px) * 8 // width_px]
    card = np.repeat(row[None], height_px, axis=0)
    for path in task.files.get("image", ())[:1]:
        _paste(card, path)
    return card


def _paste(card: Picture, path: Path) -> None:
    """The picture, scaled to fit half of the card, into its middle."""
    height_px, width_px = card.shape[:2]
    picture = Image.fromarray(load_image(path))
    picture.thumbnail((max(1, width_px // 2), max(1, height_px // 2)))
    top, left = (height_px - picture.height) // 2, (width_px - picture.width) // 2
    card[top : top + picture.height, left : left + picture.width] = np.asarray(picture)


def _frame(card: Picture, number: int, num_frames: int) -> Picture:
    """The card with a white marker at this moment's place and the number in its top left corner."""
    frame = card.copy()
    height_px, width_px = frame.shape[:2]
    marker_px = max(2, width_px // 40)
    left = (width_px - marker_px) * number // max(1, num_frames - 1)
    frame[height_px * 3 // 4 :, left : left + marker_px] = 255
    cell_px = max(1, height_px // 30)
    for place, digit in enumerate(str(number)):
        _write_digit(frame, int(digit), left=cell_px * (2 + 4 * place), cell_px=cell_px)
    return frame


def _write_digit(frame: Picture, digit: int, *, left: int, cell_px: int) -> None:
    cells = np.array(FONT[digit], dtype=np.uint8).repeat(cell_px, 0).repeat(cell_px, 1) * np.uint8(255)
    top = 2 * cell_px
    area = frame[top : top + cells.shape[0], left : left + cells.shape[1]]
    area[:] = cells[: area.shape[0], : area.shape[1], None]
