"""Text fidelity: a photographed sign stays readable while the camera moves.

Ten signs hang in a synthetic street before a noisy background; what tesseract reads in the middle and in the last
frame must be what it reads in the picture, for at least nine of them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from mutoscope.engines.base import Task
from mutoscope.engines.parallax import Parallax
from mutoscope.engines.parallax.sizes import Size

pytestmark = [
    pytest.mark.slow,
    pytest.mark.render,
    pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed (Debian: tesseract-ocr)"),
]

Picture = NDArray[np.uint8]

SIGNS = (
    ("BAKERY", "slow dolly in"),
    ("OPEN DAILY", "track to the right"),
    ("HOTEL ROMA", "slow push-in on the sign"),
    ("STATION", "orbit around the subject"),
    ("MARKET 24", "crane up"),
    ("NO PARKING", "pan left"),
    ("LIBRARY", "zoom in"),
    ("GATE 17", "handheld"),
    ("MUSEUM", "track to the left, slowly"),
    ("CAFE BLUE", "pull out"),
)


class Silent:
    """A Progress nobody listens to."""

    def report(self, fraction: float, stage: str) -> None:
        """Nothing."""

    def log(self, line: str) -> None:
        """Nothing."""

    def show(self, picture: Path) -> None:
        """Nothing."""

    def remember(self, values: Mapping[str, Any]) -> None:
        """Nothing is handed on: there is no further attempt."""


def street(text: str, seed: int) -> Image.Image:
    """A wall with a sign in the nearer half of the picture, grain and blur as a camera gives them; 1280 x 720."""
    random = np.random.default_rng(seed)
    noise = random.normal(0, 1, (45, 80, 3))
    blotches = Image.fromarray(np.clip(128 + 30 * noise, 0, 255).astype(np.uint8))
    wall = blotches.resize((1280, 720), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(wall)
    for _ in range(12):
        x, y = int(random.integers(0, 1200)), int(random.integers(0, 640))
        shade = tuple(int(v) for v in random.integers(40, 160, 3))
        draw.rectangle((x, y, x + int(random.integers(40, 200)), y + int(random.integers(60, 260))), fill=shade)
    draw.rectangle((320, 230, 960, 470), fill=(240, 236, 224), outline=(40, 40, 60), width=10)
    font = ImageFont.load_default(size=110 if len(text) < 9 else 92)
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    draw.text((640 - (left + right) / 2, 350 - (top + bottom) / 2), text, fill=(24, 28, 70), font=font)
    grain = random.normal(0, 3, (720, 1280, 3))
    soft = np.asarray(wall.filter(ImageFilter.GaussianBlur(0.7)), np.float32)
    return Image.fromarray(np.clip(soft + grain, 0, 255).astype(np.uint8))


def read(picture: Picture, folder: Path) -> str:
    """What tesseract reads in the middle of a picture, where the sign is; letters and digits only."""
    path = folder / "page.png"
    height, width = picture.shape[:2]
    Image.fromarray(picture[height // 5 : height * 4 // 5, width // 6 : width * 5 // 6]).save(path)
    found = subprocess.run(
        ["tesseract", str(path), "-", "--psm", "6", "-l", "eng"], capture_output=True, text=True, check=True
    )
    words = re.findall(r"[A-Z0-9]{2,}", found.stdout.upper())
    return " ".join(words)


def frames(path: Path) -> list[Picture]:
    """The middle and the last frame."""
    with av.open(str(path)) as container:
        decoded = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(video=0)]
    return [decoded[len(decoded) // 2], decoded[-1]]


@pytest.fixture(scope="module")
def engine() -> Parallax:
    engine = Parallax(size=Size("16:9", 960, 544))
    engine.warm(Silent())
    return engine


def test_signs_stay_readable(engine: Parallax, tmp_path: Path) -> None:
    """At least nine of ten signs read the same in the middle and at the end as in the picture."""
    kept = []
    for number, (text, prompt) in enumerate(SIGNS):
        folder = tmp_path / str(number)
        (folder / "out").mkdir(parents=True)
        street(text, number).save(folder / "sign.png")
        task = Task(
            parameters={"prompt": prompt, "num_frames": 49},
            files={"image": (folder / "sign.png",)},
            folder=folder / "out",
            seed=number,
        )
        produced = engine.run(task, Silent())
        before = read(np.asarray(street(text, number).resize((960, 540), Image.Resampling.LANCZOS)), folder)
        assert all(word in before for word in text.split()), f"tesseract cannot read the sign itself: {before!r}"
        after = [read(frame, folder) for frame in frames(produced.files[0])]
        kept.append(all(all(word in seen for word in text.split()) for seen in after))
    assert sum(kept) >= 9, dict(zip((text for text, _ in SIGNS), kept, strict=True))
