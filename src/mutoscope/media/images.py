"""Read the outline of a picture file (format, size, orientation, frames) by walking its structure.

No pixel is decoded and nothing is inflated beyond a fixed amount, so a file cannot cost more than its own
length. A file that breaks off before its end marker is refused. Read next: `probe.py`; `load.py` decodes.
"""

from __future__ import annotations

import mmap
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from mutoscope.errors import MediaError

MAX_PIXELS = 100_000_000
"""300 MB once decoded; the largest still cameras make 100 to 150 megapixels, no model accepts half of it."""

MAX_SIDE_PX = 32_768

_MAGIC = {
    b"\xff\xd8\xff": "jpeg",
    b"\x89PNG\r\n\x1a\n": "png",
    b"GIF87a": "gif",
    b"GIF89a": "gif",
}

_MAX_INFLATED_BYTES = 8 * 1024 * 1024  # the largest colour profiles in use are below 3 MB

Data = mmap.mmap


@dataclass(frozen=True, slots=True)
class Outline:
    """What a picture's headers say.

    width_px, height_px   as stored, before orientation.
    orientation           EXIF orientation, 1 … 8.
    num_frames            more than 1 for an animation.
    """

    format: str
    width_px: int
    height_px: int
    orientation: int = 1
    num_frames: int = 1

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height after the orientation is applied."""
        if self.orientation >= 5:
            return self.height_px, self.width_px
        return self.width_px, self.height_px


def identify(head: bytes) -> str:
    """The picture format that a file with these first bytes claims to be, or an empty string."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), "")


def outline(file: BinaryIO) -> Outline:
    """Walk a JPEG, PNG, WebP or GIF file, open at any place.

    Raises MediaError if it is none of these, is damaged, breaks off early or is too large to decode.
    """
    file.seek(0)
    format = identify(file.read(16))
    if not format:
        raise MediaError("not a JPEG, PNG, WebP or GIF picture", rule="format")
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            found = _WALKERS[format](data)
        except (IndexError, struct.error) as exc:
            raise _truncated(format) from exc
    check_size(found.width_px, found.height_px)
    return found


def check_size(width_px: int, height_px: int) -> None:
    """Refuse what would be dangerous to decode, with MediaError."""
    if width_px < 1 or height_px < 1:
        raise MediaError(f"damaged: the picture says it is {width_px} x {height_px} px", rule="damaged")
    if max(width_px, height_px) > MAX_SIDE_PX:
        raise MediaError(
            f"found {width_px} x {height_px} px; a side may have at most {MAX_SIDE_PX} px", rule="max_side"
        )
    if width_px * height_px > MAX_PIXELS:
        raise MediaError(
            f"found {width_px} x {height_px} px; at most {MAX_PIXELS // 1_000_000} megapixels are accepted",
            rule="max_pixels",
        )


# --- JPEG -----------------------------------------------------------------------------------------

# Inside a scan 0xFF is followed by 0 (a stuffed byte), a restart marker, or the next real marker.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_SOF_DECODABLE = {0xC0, 0xC1, 0xC2}
_SOF = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def _walk_jpeg(data: Data) -> Outline:
    width = height = scans = 0
    orientation = 1
    for marker, start, end in _jpeg_segments(data):
        if marker in _SOF:
            precision, height, width = struct.unpack_from(">BHH", data, start)
            if marker not in _SOF_DECODABLE or precision != 8:
                raise MediaError("this kind of JPEG (lossless, arithmetic or 12-bit) is not accepted", rule="format")
            check_size(width, height)
        elif marker == 0xE1 and data[start : start + 6] == b"Exif\0\0" and orientation == 1:
            orientation = read_orientation(data[start + 6 : end])
        scans += marker == 0xDA
    if not width or not scans:
        raise _damaged("jpeg", "it holds no picture")
    return Outline("jpeg", width, height, orientation)


def _jpeg_segments(data: Data) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of every segment's payload up to the end-of-image marker."""
    position = 2
    while found := _MARKER.search(data, position):
        marker, position = data[found.start() + 1], found.end()
        if marker == 0xD9:
            return
        if marker in {0x01, 0xD8}:
            continue
        (length,) = struct.unpack_from(">H", data, position)
        if length < 2:
            raise _damaged("jpeg", "a segment has no length")
        if position + length > len(data):
            raise _truncated("jpeg")
        yield marker, position + 2, position + length
        position += length
    raise _truncated("jpeg")


# --- PNG ------------------------------------------------------------------------------------------

_PNG_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def _walk_png(data: Data) -> Outline:
    width, height, depth, colour = _png_header(data)
    bits = width * depth * _PNG_CHANNELS[colour]
    raw_bytes = height * (bits // 8 + 2) + 65_536
    packed_bytes, orientation, num_frames = 0, 1, 1
    for kind, start, end in _png_chunks(data):
        if kind == b"IDAT":
            packed_bytes += end - start
        elif kind == b"eXIf":
            orientation = read_orientation(data[start:end])
        elif kind == b"acTL":
            num_frames = max(1, struct.unpack_from(">I", data, start)[0])
        elif kind in _PNG_PACKED:
            _check_inflated(_PNG_PACKED[kind](data[start:end]))
    if not packed_bytes:
        raise _damaged("png", "it holds no picture")
    if packed_bytes > raw_bytes + raw_bytes // 8:
        raise _damaged("png", "it holds more data than a picture of its size can need")
    return Outline("png", width, height, orientation, num_frames)


def _png_header(data: Data) -> tuple[int, int, int, int]:
    length, kind, width, height, depth, colour, packing, filters, interlace = struct.unpack_from(">I4sIIBBBBB", data, 8)
    if length != 13 or kind != b"IHDR" or packing or filters or interlace > 1:
        raise _damaged("png", "its header is not one")
    if depth not in _PNG_DEPTHS.get(colour, set()):
        raise _damaged("png", "its header names an impossible colour type")
    check_size(width, height)
    return width, height, depth, colour


def _png_chunks(data: Data) -> Iterator[tuple[bytes, int, int]]:
    """(kind, start, end) of every chunk's payload, checksums verified, up to IEND."""
    position = 8
    while True:
        length, kind = struct.unpack_from(">I4s", data, position)
        start, end = position + 8, position + 8 + length
        (checksum,) = struct.unpack_from(">I", data, end)
        if zlib.crc32(memoryview(data)[position + 4 : end]) != checksum:
            raise _damaged("png", "a checksum does not match")
        if kind == b"IEND":
            return
        yield kind, start, end
        position = end + 4


def _after_names(names: int) -> Callable[[bytes], bytes]:
    """The packed part of a chunk that starts with zero-terminated names and one method byte."""

    def cut(chunk: bytes) -> bytes:
        return chunk.split(b"\0", names)[-1][1:]

    return cut


def _international_text(chunk: bytes) -> bytes:
    keyword, _, rest = chunk.partition(b"\0")
    return rest[2:].split(b"\0", 2)[-1] if keyword and rest[:1] == b"\1" else b""


_PNG_PACKED: dict[bytes, Callable[[bytes], bytes]] = {
    b"iCCP": _after_names(1),
    b"zTXt": _after_names(1),
    b"iTXt": _international_text,
}


def _check_inflated(packed: bytes) -> None:
    if not packed:
        return
    inflater = zlib.decompressobj()
    try:
        inflater.decompress(packed, _MAX_INFLATED_BYTES)
    except zlib.error as exc:
        raise _damaged("png", "a compressed note cannot be read") from exc
    if inflater.unconsumed_tail:
        raise _damaged("png", "a compressed note unfolds to more than 8 MB")


# --- GIF ------------------------------------------------------------------------------------------


def _walk_gif(data: Data) -> Outline:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    position = 13 + _gif_table(flags)
    num_frames = 0
    while (block := data[position]) != 0x3B:
        if block == 0x21:
            position += 2
        elif block == 0x2C:
            left, top, frame_width, frame_height, flags = struct.unpack_from("<HHHHB", data, position + 1)
            width, height = max(width, left + frame_width), max(height, top + frame_height)
            check_size(width, height)
            num_frames += 1
            position += 10 + _gif_table(flags) + 1
        else:
            raise _damaged("gif", "it holds an unknown block")
        while size := data[position]:
            position += 1 + size
        position += 1
    if not num_frames:
        raise _damaged("gif", "it holds no picture")
    return Outline("gif", width, height, num_frames=num_frames)


def _gif_table(flags: int) -> int:
    """Bytes of the colour table that these flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


# --- WebP -----------------------------------------------------------------------------------------


def _walk_webp(data: Data) -> Outline:
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise _truncated("webp")
    width = height = num_frames = 0
    orientation = 1
    for kind, start, end in _riff_chunks(data, length + 8):
        if kind == b"EXIF":
            orientation = read_orientation(data[start:end].removeprefix(b"Exif\0\0"))
        elif kind == b"ANMF":
            num_frames += 1
        elif kind in _WEBP_SIZES and not width:
            width, height = _WEBP_SIZES[kind](data[start : start + 10])
        num_frames += kind in {b"VP8 ", b"VP8L"}
    if not width or not num_frames:
        raise _damaged("webp", "it holds no picture")
    return Outline("webp", width, height, orientation, num_frames)


def _riff_chunks(data: Data, end_of_file: int) -> Iterator[tuple[bytes, int, int]]:
    position = 12
    while position + 8 <= end_of_file:
        kind, length = struct.unpack_from("<4sI", data, position)
        if position + 8 + length > end_of_file:
            raise _truncated("webp")
        yield kind, position + 8, position + 8 + length
        position += 8 + length + length % 2


def _size_vp8x(header: bytes) -> tuple[int, int]:
    return 1 + int.from_bytes(header[4:7], "little"), 1 + int.from_bytes(header[7:10], "little")


def _size_vp8(header: bytes) -> tuple[int, int]:
    if header[3:6] != b"\x9d\x01\x2a":
        raise _damaged("webp", "its first frame is not a key frame")
    width, height = struct.unpack_from("<HH", header, 6)
    return width & 0x3FFF, height & 0x3FFF


def _size_vp8l(header: bytes) -> tuple[int, int]:
    (bits,) = struct.unpack_from("<I", header, 1)
    return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)


_WEBP_SIZES = {b"VP8X": _size_vp8x, b"VP8 ": _size_vp8, b"VP8L": _size_vp8l}


# --- common ---------------------------------------------------------------------------------------


def read_orientation(exif: bytes) -> int:
    """EXIF orientation 1 … 8 out of a TIFF header and its first directory; 1 if absent or unreadable."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(order + "I", exif, 4)
        (entries,) = struct.unpack_from(order + "H", exif, directory)
        for index in range(entries):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", exif, directory + 2 + 12 * index)
            if tag == 0x0112 and kind == 3 and 1 <= value <= 8:
                return int(value)
    except struct.error:
        return 1
    return 1


def _truncated(format: str) -> MediaError:
    return MediaError(f"the {format.upper()} file breaks off before its end", rule="truncated")


def _damaged(format: str, why: str) -> MediaError:
    return MediaError(f"the {format.upper()} file is damaged: {why}", rule="damaged")


_WALKERS: dict[str, Callable[[Data], Outline]] = {
    "jpeg": _walk_jpeg,
    "png": _walk_png,
    "gif": _walk_gif,
    "webp": _walk_webp,
}
