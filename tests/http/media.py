"""Pictures for stories about pictures: of any size, in any state of repair."""

from __future__ import annotations

import base64
import io
import struct
import zlib

from PIL import Image


def jpeg(width_px: int = 400, height_px: int = 400, *, size_bytes: int = 0) -> bytes:
    """A flat JPEG, filled up to a size with segments that decoders skip."""
    content = _saved("JPEG", width_px, height_px)
    padding = b""
    while len(content) + len(padding) < size_bytes:
        length = min(65_533, max(0, size_bytes - len(content) - len(padding) - 4))
        padding += b"\xff\xef" + struct.pack(">H", length + 2) + b"\0" * length
    return content[:2] + padding + content[2:]


def png(width_px: int = 400, height_px: int = 400) -> bytes:
    """A flat PNG."""
    return _saved("PNG", width_px, height_px)


def gif(width_px: int = 400, height_px: int = 400) -> bytes:
    """A flat GIF."""
    return _saved("GIF", width_px, height_px)


def turned_jpeg(width_px: int, height_px: int) -> bytes:
    """A JPEG stored lying on its side, which viewers show as width x height."""
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.new("RGB", (height_px, width_px), (90, 120, 60)).save(file, "JPEG", exif=exif)
    return file.getvalue()


def truncated_jpeg() -> bytes:
    """The first half of a JPEG."""
    file = io.BytesIO()
    Image.effect_noise((400, 400), 80).convert("RGB").save(file, "JPEG")
    content = file.getvalue()
    return content[: len(content) // 2]


def bomb_png(side_px: int) -> bytes:
    """A square PNG of a few kilobytes that would unfold to gigabytes."""
    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 10_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def data_uri(content: bytes, media_type: str = "image/jpeg") -> str:
    """The content as `data:…;base64,…`."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _saved(format: str, width_px: int, height_px: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width_px, height_px), (90, 120, 60)).save(file, format)
    return file.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
