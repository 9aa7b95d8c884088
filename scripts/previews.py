"""The clips on the cards of the models that ship with Mutoscope: `python scripts/previews.py`.

Each is made by its own model on a private server, from the photograph in `assets/`, then made small. It is kept beside
the manifest under the manifest's name, where the pages look for it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from mutoscope.client import Client
from mutoscope.media.encode import VideoWriter

ROOT = Path(__file__).resolve().parents[1]
MANIFESTS = ROOT / "src" / "mutoscope" / "manifests"
PHOTOGRAPH = str(ROOT / "src" / "mutoscope" / "assets" / "mountain-path.jpg")
WIDTH_PX, HEIGHT_PX, CRF, JPEG_QUALITY = 640, 360, 31, 72

CLIPS: dict[str, tuple[str, dict[str, Any]]] = {
    "bytedance/dreamina-3-0/pro/image-to-video": (
        "bytedance/dreamina-3-0/pro/image-to-video",
        {"prompt": "The camera pushes in along the path at golden hour, light mist.", "image_urls": [PHOTOGRAPH]},
    ),
    "mutoscope/parallax": (
        "mutoscope/parallax",
        {"prompt": "Slow arc to the right, blue hour, snow falls.", "image_url": PHOTOGRAPH, "num_frames": 96},
    ),
    "mutoscope/testcard/text-to-video": (
        "mutoscope/testcard",
        {"prompt": "bars", "num_frames": 48, "fps": 12, "width": 640, "height": 360, "seed": 3},
    ),
    "mutoscope/testcard/image-to-video": (
        "mutoscope/testcard/image-to-video",
        {"source": PHOTOGRAPH, "frame_count": "24", "random_seed": 4},
    ),
    "mutoscope/testcard/text-to-image": (
        "mutoscope/testcard/image",
        {"prompt": "bars", "width": 640, "height": 360, "seed": 5},
    ),
}
"""Where the clip is kept, below the manifests -> the model and its input."""


def main() -> None:
    """Make those that are named, or all."""
    wanted = sys.argv[1:] or list(CLIPS)
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as client:
        for name in wanted:
            model_id, inputs = CLIPS[name]
            result = client.run(model_id, inputs | {"seed": 7} if "image_urls" in inputs else inputs, output_dir=folder)
            for path in shrink(result.files[0], MANIFESTS / name):
                print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


@contextmanager
def serving(folder: Path) -> Iterator[Client]:
    """A server of its own, and a client with its key."""
    hear, tell = os.pipe()
    command = [sys.executable, "-m", "mutoscope", "serve", "--port", "0", "--data", str(folder / "data")]
    server = subprocess.Popen([*command, "--ready-fd", str(tell)], pass_fds=[tell], stderr=subprocess.DEVNULL)
    os.close(tell)
    try:
        with os.fdopen(hear) as told:
            ready = json.loads(told.readline())
        with Client(ready["url"], ready["api_key"]) as client:
            yield client
    finally:
        server.terminate()
        server.wait()


def shrink(source: Path, target: Path) -> list[Path]:
    """A small clip and its first frame; of a picture only the latter."""
    poster, clip = target.with_name(target.name + ".jpg"), target.with_name(target.name + ".mp4")
    if source.suffix in (".png", ".jpg"):
        _save(Image.open(source).convert("RGB"), poster)
        return [poster]
    with av.open(str(source)) as film:
        frames = [Image.fromarray(frame.to_ndarray(format="rgb24")) for frame in film.decode(video=0)]
        fps = float(film.streams.video[0].average_rate or 24)
    _save(frames[0], poster)
    with VideoWriter(clip, width_px=WIDTH_PX, height_px=HEIGHT_PX, fps=fps, crf=CRF) as writer:
        for frame in frames:
            writer.write(np.asarray(_fitted(frame)))
    return [poster, clip]


def _save(picture: Image.Image, path: Path) -> None:
    _fitted(picture).save(path, quality=JPEG_QUALITY, optimize=True, progressive=True)


def _fitted(picture: Image.Image) -> Image.Image:
    """The middle of it, filling the small frame."""
    scale = max(WIDTH_PX / picture.width, HEIGHT_PX / picture.height)
    size = round(picture.width * scale), round(picture.height * scale)
    left, top = (size[0] - WIDTH_PX) // 2, (size[1] - HEIGHT_PX) // 2
    return picture.resize(size, Image.Resampling.LANCZOS).crop((left, top, left + WIDTH_PX, top + HEIGHT_PX))


if __name__ == "__main__":
    main()
