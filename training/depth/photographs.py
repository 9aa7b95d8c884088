"""Photographs with some forty points each whose distance was judged by eye.

    python -m training.depth.photographs build/depth/photographs    # fetches the packages they come in

Scenes that are drawn teach a head exact edges and much that photographs do not look like; a few thousand judged
points teach it what photographs look like. `photographs.json` names the packages, the files in them with their
SHA-256, and the points; no photograph is in this repository. A point is x and y as shares of width and height, and
metres along the view. Read next: `features.py`, then DATA_CARD.md for
who judged them and how well.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.depth.backbone import PATCH_PX

Pixels = NDArray[np.uint8]
Array = NDArray[np.float32]

LIST = Path(__file__).with_name("photographs.json")
BATCH = 6
"""Looks in a batch; they have one shape."""

LOOKS = 6
"""So many times each photograph is looked at: cut, mirrored, brighter, smaller, each time otherwise."""

_SHAPES = ((40, 30), (40, 27), (30, 40), (27, 40), (32, 32), (28, 21))
"""Patches across and down; the largest as in production, the last as small as the drawn scenes are."""

_LONGEST_PX = 1400
_SMALLEST_CUT = 0.55
_MIN_POINTS = 12
FARTHEST_M = 9000.0
"""Beyond it everything is equally far: the sky."""

log = logging.getLogger("training.depth")


@dataclass(frozen=True, slots=True)
class Photograph:
    """A picture in a package.

    package   `npm:NAME@VERSION`, `deb:NAME` or `github:OWNER/NAME@COMMIT`.
    licence   of the package, or of the picture where the package says it.
    path      where it lies in the package.
    points    (count, 3) float32: x and y as shares of width and height, metres.
    judge     kept out of training, to judge with.
    """

    package: str
    licence: str
    path: str
    sha256: str
    points: Array
    judge: bool

    def read(self, folder: Path) -> Pixels:
        """(height, width, 3) sRGB, the longer side 1400 px at most.

        Raises SystemExit that says what is missing or differs.
        """
        file = place(folder, self.package) / self.path
        if not file.is_file():
            raise SystemExit(f"{file} is missing: python -m training.depth.photographs {folder}")
        if hashlib.sha256(file.read_bytes()).hexdigest() != self.sha256:
            raise SystemExit(f"{file} is not the photograph that was judged: its SHA-256 should be {self.sha256}")
        picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
        if picture is None:
            raise SystemExit(f"{file} cannot be read as a picture")
        scale = min(1.0, _LONGEST_PX / max(picture.shape[:2]))
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def main() -> None:
    """Fetch the packages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    fetch(folder)


def fetch(folder: Path) -> None:
    """Bring what is missing into a folder, and check every photograph in it; SystemExit says which one differs."""
    photographs = listed()
    for package in sorted({photograph.package for photograph in photographs}):
        if not place(folder, package).exists():
            log.info("%s", package)
            _fetch(package, [p.path for p in photographs if p.package == package], place(folder, package))
    for photograph in photographs:
        photograph.read(folder)
    log.info("%d photographs in %s", len(photographs), folder)


def listed(file: Path = LIST) -> list[Photograph]:
    """All photographs, in the order of the list."""
    return [
        Photograph(
            package,
            whole["licence"],
            path,
            one["sha256"],
            np.asarray(one["points"], np.float32),
            one.get("judge", False),
        )
        for package, whole in json.loads(file.read_text()).items()
        for path, one in whole["photographs"].items()
    ]


def look(rgb: Pixels, points: Array, shape: tuple[int, int], seed: list[int]) -> tuple[Pixels, Array]:
    """A part of a picture, of whole patches, and the points in it, mirrored or not, in -1 ... 1.

    shape   patches across and down.
    """
    rng = np.random.default_rng(seed)
    height, width = rgb.shape[:2]
    for _ in range(20):
        share = rng.uniform(_SMALLEST_CUT, 1) ** 0.5
        across = min(width, height * shape[0] / shape[1]) * share
        down = across * shape[1] / shape[0]
        left, top = rng.uniform(0, width - across), rng.uniform(0, height - down)
        larger = np.array([width / across, height / down, 1], np.float32)
        seen = points * larger - np.array([left / across, top / down, 0], np.float32)
        seen = seen[((seen[:, :2] > 0) & (seen[:, :2] < 1)).all(1)]
        if len(seen) >= min(_MIN_POINTS, len(points) // 2):
            break
    part = rgb[int(top) : int(top + down), int(left) : int(left + across)]
    size = (shape[0] * PATCH_PX, shape[1] * PATCH_PX)
    how = cv2.INTER_AREA if across > size[0] else cv2.INTER_LINEAR
    part = np.asarray(cv2.resize(part, size, interpolation=how), np.uint8)
    seen[:, :2] = 2 * seen[:, :2] - 1
    seen[:, 2] = np.sqrt(np.where(seen[:, 2] >= FARTHEST_M, 0, 1 / np.maximum(seen[:, 2], 0.05)))
    if rng.random() < 0.5:
        part, seen[:, 0] = part[:, ::-1], -seen[:, 0]
    return _developed(part, rng), seen


def _developed(rgb: Pixels, rng: np.random.Generator) -> Pixels:
    """The same with another exposure, contrast, white balance and saturation."""
    light = np.float32(rgb) / 255
    light = light ** rng.uniform(0.7, 1.4) * np.float32(rng.uniform(0.9, 1.1, 3))
    grey = light.mean(2, keepdims=True)
    light = grey + (light - grey) * (0 if rng.random() < 0.1 else rng.uniform(0.5, 1.3))
    return np.asarray(np.clip(light * 255, 0, 255), np.uint8)


def plan(photographs: list[Photograph], seed: int) -> list[tuple[tuple[int, int], list[tuple[int, int]]]]:
    """Shape and looks (photograph, number of the look) of each batch of training."""
    rng = np.random.default_rng([seed, len(photographs)])
    todo = [(k, n) for n in range(LOOKS) for k in rng.permutation(len(photographs)).tolist()]
    starts = range(0, len(todo), BATCH)
    return [(_SHAPES[(start // BATCH) % len(_SHAPES)], todo[start : start + BATCH]) for start in starts]


def place(folder: Path, package: str) -> Path:
    """Where a package lies in the folder."""
    return folder / package.replace(":", "-").replace("/", "-")


def _fetch(package: str, paths: list[str], into: Path) -> None:
    """Unpack a package of npm or Debian, or some files of a repository, into a folder; no script of theirs runs."""
    kind, name = package.split(":", 1)
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into.parent) as folder:
        unpacked = Path(folder) / "unpacked"
        if kind == "npm":
            subprocess.run(["npm", "pack", "--silent", name], cwd=folder, check=True, stdout=subprocess.DEVNULL)
            with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
                archive.extractall(unpacked, filter="data")
        elif kind == "deb":
            subprocess.run(["apt-get", "download", name], cwd=folder, check=True, stdout=subprocess.DEVNULL)
            subprocess.run(["dpkg-deb", "-x", next(Path(folder).glob("*.deb")), unpacked], check=True)
        else:
            repository, commit = name.split("@")
            subprocess.run(["git", "init", "--quiet", unpacked], check=True)
            for command in (
                ["remote", "add", "origin", f"https://github.com/{repository}"],
                ["fetch", "--quiet", "--depth=1", "--filter=blob:none", "origin", commit],
                ["checkout", "--quiet", commit, "--", *paths],  # of all its files only these are fetched
            ):
                subprocess.run(["git", *command], cwd=unpacked, check=True)
        unpacked.rename(into)


if __name__ == "__main__":
    main()
