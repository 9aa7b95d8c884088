"""Contact sheets of every camera move and every effect, for looking at: `python scripts/gallery.py [photograph …]`.

Writes docs/gallery/<photograph>-moves.jpg (first, middle and last frame of each move), -effects.jpg (one frame of
each effect, next to the picture without any) and -closeups.jpg (effects in motion, pixel for pixel). Without arguments
it takes the packaged photograph and, where scikit-image is installed, two of its own (public domain, CC0). It is made
to be judged by eye; numbers are in the battery's tests.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.camera import path, reach
from mutoscope.engines.parallax.render import Renderer, planes_to_rgb
from mutoscope.engines.parallax.shots import CAMERA, EFFECTS, Effect, Move, Plan, Shot
from mutoscope.engines.parallax.sizes import Size, choose_size, crop_box
from mutoscope.engines.parallax.stage import SPARE, Staging
from mutoscope.media.load import load_image

Pixels = NDArray[np.uint8]

CELL_PX = 288
NUM_FRAMES, FPS, SEED = 121, 24.0, 7
QUALITY = 60
BORROWED = ("astronaut.png", "coffee.png")
"""Of scikit-image: NASA (public domain), R. Michetti (CC0)."""

CLOSE = (
    "clouds_drift",
    "water_ripples",
    "foliage_sways",
    "hair_moves",
    "cloth_moves",
    "rain",
    "snow",
    "embers",
    "vhs",
    "old_film",
)
CLOSE_FRAMES, CLOSE_PX = (40, 42, 76), (416, 272)

FLEETING = {"lightning", "glitch"}
"""Effects that are not there all the time: the frame that differs most from one without them is shown."""


class Quiet:
    """A progress that says what matters."""

    def report(self, fraction: float, stage: str) -> None:
        """Nothing."""

    def log(self, line: str) -> None:
        """Print it."""
        print("  ", line)

    def show(self, picture: Path) -> None:
        """Nothing."""

    def remember(self, values: Mapping[str, Any]) -> None:
        """Nothing is handed on: there is no further attempt."""


def main() -> None:
    """Make all sheets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photographs", nargs="*", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "docs" / "gallery")
    parser.add_argument("--weights", type=Path, default=None, help="folder with the depth backbone's weights")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    staging = Staging(options.weights)
    for photograph in options.photographs or defaults():
        started = time.monotonic()
        scene = staged(photograph, staging)
        name = photograph.stem.lower()
        write(options.out / f"{name}-moves.jpg", list(moves(scene)), columns=6)
        write(options.out / f"{name}-effects.jpg", list(effects(scene)), columns=5)
        scene = staged(photograph, staging, share=1)
        write(options.out / f"{name}-closeups.jpg", list(closeups(scene)), columns=len(CLOSE_FRAMES))
        print(f"{name}: {time.monotonic() - started:.0f} s")


def defaults() -> list[Path]:
    """The packaged photograph, and what scikit-image brings."""
    found = [Path(str(resources.files("mutoscope") / "assets" / "mountain-path.jpg"))]
    spec = importlib.util.find_spec("skimage")
    if spec and spec.origin:
        data = Path(spec.origin).parent / "data"
        found += [data / name for name in BORROWED if (data / name).exists()]
    return found


def staged(photograph: Path, staging: Staging, share: int = 2) -> Any:
    """The scene of a photograph, cropped as the engine does, at half the engine's size or another share of it."""
    picture = load_image(photograph)
    full = choose_size(picture.shape[1], picture.shape[0])
    size = Size(full.ratio, full.width_px // share, full.height_px // share)
    box = crop_box(picture.shape[1], picture.shape[0], size)
    picture = picture[box.top_px : box.top_px + box.height_px, box.left_px : box.left_px + box.width_px]
    most = max(reach(_plan(move), num_frames=NUM_FRAMES, fps=FPS) for move in CAMERA)
    scene, _ = staging.scene(picture, None, size, reach=most, progress=Quiet())
    return scene


def moves(scene: Any) -> Iterator[Pixels]:
    """Three frames of each move."""
    for move in CAMERA:
        numbers = (0, 60, 120)
        for number, frame in zip(numbers, film(scene, _plan(move), numbers), strict=True):
            yield labelled(frame, f"{move} {number}")


def effects(scene: Any) -> Iterator[Pixels]:
    """The bare picture, then one frame of each effect during a slow dolly."""
    yield labelled(film(scene, _plan("dolly_in"), (60,))[0], "no effect")
    for effect in EFFECTS:
        plan = _plan("dolly_in", effect)
        if effect in FLEETING:
            numbers = tuple(range(2, NUM_FRAMES, 2))
            pairs = zip(film(scene, plan, numbers), film(scene, _plan("dolly_in"), numbers), strict=True)
            yield labelled(max(pairs, key=lambda pair: float(np.abs(pair[0].astype(int) - pair[1]).mean()))[0], effect)
        elif effect == "rack_focus":
            first, last = film(scene, plan, (10, 110))
            yield labelled(np.hstack([first[:, : first.shape[1] // 2], last[:, last.shape[1] // 2 :]]), effect)
        else:
            yield labelled(film(scene, plan, (60,))[0], effect)


def closeups(scene: Any) -> Iterator[Pixels]:
    """Three frames of each living part and of some weather and film, where they differ most from a bare clip."""
    bare = film(scene, _plan("static"), CLOSE_FRAMES[:1])[0].astype(np.float32)
    for effect in CLOSE:
        frames = film(scene, _plan("static", effect), CLOSE_FRAMES)
        width, height = CLOSE_PX
        change = np.abs(frames[0] - bare).mean(axis=2)
        if change.max() < 4:
            continue
        around = cv2.blur(cv2.Laplacian(change, cv2.CV_32F) ** 2, (width // 2 * 2 + 1, height // 2 * 2 + 1))
        inner = around[height // 2 : -height // 2, width // 2 : -width // 2]
        top, left = np.unravel_index(int(inner.argmax()), inner.shape)
        for number, frame in zip(CLOSE_FRAMES, frames, strict=True):
            yield tagged(frame[top : top + height, left : left + width], f"{effect} {number}")


def _plan(move: str, *names: str) -> Plan:
    return Plan((Shot(0.0, 1.0, (Move(move),), tuple(Effect(name) for name in names)),))


def film(scene: Any, plan: Plan, numbers: Sequence[int]) -> list[Pixels]:
    """Frames by number, as sRGB."""
    poses = path(plan, scene, num_frames=NUM_FRAMES, fps=FPS, seed=SEED)
    output = (round(scene.width_px / SPARE / 2) * 2, round(scene.height_px / SPARE / 2) * 2)
    renderer = Renderer(scene, poses, plan, output=output, fps=FPS, seed=SEED)
    return [planes_to_rgb(renderer.frame(number)) for number in numbers]


def labelled(frame: Pixels, text: str) -> Pixels:
    """A small copy with its name on it."""
    size = (CELL_PX, round(CELL_PX * frame.shape[0] / frame.shape[1]))
    return tagged(np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8), text)


def tagged(frame: Pixels, text: str) -> Pixels:
    """A copy with its name on it."""
    small: Any = np.ascontiguousarray(frame).copy()
    white, black, name = (255, 255, 255), (0, 0, 0), text.replace("_", " ")
    # An outline of the same letters: OpenCV 5 spaces thicker ones otherwise.
    for x, y, colour in ((5, 16, black), (7, 16, black), (6, 15, black), (6, 17, black), (6, 16, white)):
        cv2.putText(small, name, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, 1, cv2.LINE_AA)
    return np.asarray(small, np.uint8)


def write(target: Path, cells: list[Pixels], *, columns: int) -> None:
    """All cells in rows."""
    empty = np.zeros_like(cells[0])
    cells = [*cells, *[empty] * (-len(cells) % columns)]
    rows = [np.hstack(cells[at : at + columns]) for at in range(0, len(cells), columns)]
    sheet = cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(target), sheet, [cv2.IMWRITE_JPEG_QUALITY, QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1])


if __name__ == "__main__":
    main()
