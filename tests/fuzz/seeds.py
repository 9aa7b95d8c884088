"""One small file of every kind that is accepted, made on the spot."""

from __future__ import annotations

import io
import tempfile
from functools import cache
from pathlib import Path

from PIL import Image

from tests.attacks.test_media import sound
from tests.attacks.test_secrets import drawing, photograph
from tests.http import media
from tests.unit.test_media_probe import encoded
from tests.unit.test_media_sandbox import spoken


@cache
def files() -> tuple[bytes, ...]:
    """Their contents."""
    pictures = [Image.new("RGB", (24, 16), (n, 9, 9)) for n in (1, 99, 200)]
    found = [media.jpeg(24, 16), media.png(24, 16), media.gif(24, 16), sound(), drawing(), photograph()]
    for format, options in (
        ("JPEG", {"progressive": True}),
        ("PNG", {"save_all": True, "append_images": pictures[1:]}),
        ("GIF", {"save_all": True, "append_images": pictures[1:]}),
        ("WEBP", {"save_all": True, "append_images": pictures[1:]}),
        ("WEBP", {"lossless": True}),
    ):
        file = io.BytesIO()
        pictures[0].save(file, format, **options)
        found.append(file.getvalue())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        for format, codec in (("mp4", "libx264"), ("mov", "libx264"), ("webm", "libvpx"), ("matroska", "ffv1")):
            found.append(encoded(path, format, codec).read_bytes())
        for format, codec in (("mp3", "libmp3lame"), ("flac", "flac"), ("ogg", "libopus"), ("ipod", "aac")):
            found.append(spoken(path, format, codec).read_bytes())
    return tuple(found)
