"""Say what a media file is, from its content and its headers alone.

The name and the announced content type of a file decide nothing. Hostile files are expected: call `probe`
through `sandbox.Prober` for anything a stranger sent. Read next: `images.py`, `movies.py`, `rules.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from mutoscope.errors import MediaError
from mutoscope.media import images, movies

Kind = Literal["image", "video", "audio"]
_SUFFIX = re.compile(r"\.[a-z0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a file turned out to be.

    kind                 `file` for what is no medium; see `any_file`.
    format               `jpeg png webp gif`, `mp4 mov webm mkv`, or `m4a wav mp3 flac ogg`.
    width_px, height_px  as seen: after EXIF orientation or the container's rotation; 0 for sound.
    num_frames           1 for a still picture.
    sha256               filled in by whoever hashed the file; `probe` does not.
    """

    kind: Kind | Literal["file"]
    format: str
    media_type: str
    size_bytes: int
    width_px: int = 0
    height_px: int = 0
    num_frames: int = 1
    fps: float = 0.0
    duration_s: float = 0.0
    codec: str = ""
    sha256: str = ""


def probe(path: Path) -> MediaInfo:
    """Measure a file.

    Raises MediaError if it is empty, of a format that is not accepted, damaged, cut short, or larger than
    `images.MAX_PIXELS` and `images.MAX_SIDE_PX` allow.
    """
    with path.open("rb") as file:
        return probe_file(file)


def any_file(path: Path) -> MediaInfo:
    """The same for any file: what is no medium is of its name's suffix, and bytes to whoever asks for its type."""
    try:
        return probe(path)
    except MediaError:
        suffix = path.suffix.lower()
        format = suffix[1:] if _SUFFIX.fullmatch(suffix) else "bin"
        return MediaInfo("file", format, "application/octet-stream", path.stat().st_size)


def probe_file(file: BinaryIO) -> MediaInfo:
    """The same for a file that is open: nothing else is opened. For `sandbox`'s children, which cannot."""
    head = file.read(512)
    size_bytes = file.seek(0, 2)
    if format := images.identify(head):
        return _image(file, size_bytes)
    if format := _identify_movie(head):
        return _movie(file, format, size_bytes)
    raise MediaError(f"found {_name_refused(head)}; accepted are {ACCEPTED}", rule="format")


def claims_to_be_media(head: bytes) -> bool:
    """Do a file's first bytes (512 are enough) name a format that is accepted?"""
    return bool(images.identify(head) or _identify_movie(head))


ACCEPTED = "JPEG, PNG, WebP and GIF pictures, MP4, MOV, WebM and MKV video, WAV, MP3, M4A, FLAC and OGG sound"


def _image(file: BinaryIO, size_bytes: int) -> MediaInfo:
    found = images.outline(file)
    width, height = found.upright
    return MediaInfo(
        "image",
        found.format,
        f"image/{found.format}",
        size_bytes,
        width_px=width,
        height_px=height,
        num_frames=found.num_frames,
        codec=found.format,
    )


def _movie(file: BinaryIO, format: str, size_bytes: int) -> MediaInfo:
    found = movies.read_movie(file, format)
    kind: Kind = "video" if found.width_px else "audio"
    if kind == "audio" and format in {"mp4", "mov"}:
        format = "m4a"
    if kind == "video" and format in _SOUND_ONLY:
        raise MediaError(f"found {format.upper()} with a picture track; accepted are {ACCEPTED}", rule="format")
    media_type = _MEDIA_TYPES.get((kind, format), f"{kind}/{format}")
    return MediaInfo(
        kind,
        format,
        media_type,
        size_bytes,
        width_px=found.width_px,
        height_px=found.height_px,
        num_frames=found.num_frames if kind == "video" else 0,
        fps=found.fps,
        duration_s=found.duration_s,
        codec=found.codec,
    )


_SOUND_ONLY = {"m4a", "wav", "mp3", "flac", "ogg"}

_MEDIA_TYPES = {
    ("video", "mov"): "video/quicktime",
    ("video", "mkv"): "video/x-matroska",
    ("audio", "mkv"): "audio/x-matroska",
    ("audio", "m4a"): "audio/mp4",
    ("audio", "mp3"): "audio/mpeg",
}


def _identify_movie(head: bytes) -> str:
    if head[4:8] == b"ftyp":
        return _FTYP_BRANDS.get(head[8:12], "mp4")
    if head[4:8] in {b"moov", b"mdat", b"wide"}:
        return "mov"  # QuickTime from before `ftyp`
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "webm" if b"webm" in head[:64] else "mkv"
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "wav"
    if head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 in {0xE2, 0xE4}):
        return "mp3"
    return {b"fLaC": "flac", b"OggS": "ogg"}.get(head[:4], "")


_FTYP_BRANDS = {
    b"qt  ": "mov",
    b"M4A ": "m4a",
    # HEIF and AVIF pictures share the MP4 box structure; an empty name means refused.
    **dict.fromkeys((b"avif", b"avis", b"heic", b"heix", b"heif", b"hevc", b"mif1", b"msf1", b"crx "), ""),
}


def _name_refused(head: bytes) -> str:
    """What a file that is not accepted seems to be, so that the message helps."""
    if not head:
        return "an empty file"
    if head[4:8] == b"ftyp":
        return "AVIF" if head[8:12] in {b"avif", b"avis"} else "HEIC"
    if name := next((name for magic, name in _REFUSED.items() if head.startswith(magic)), ""):
        return name
    return _name_text(head)


def _name_text(head: bytes) -> str:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<svg", b"<?xml", b"<!--")) and b"svg" in text:
        return "SVG"
    if text.startswith((b"<!doctype html", b"<html")):
        return "a web page (HTML)"
    if text.startswith(b"#extm3u"):
        return "a playlist (HLS)"
    return "an unknown format" if b"\0" in head or any(byte > 0x7F for byte in head[:64]) else "text"


_REFUSED = {
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"\0\0\1\0": "ICO",
    b"8BPS": "PSD",
    b"%PDF": "PDF",
    b"PK\3\4": "ZIP",
    b"\x1f\x8b": "GZIP",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"RIFF": "AVI or another RIFF file",
    b"\x30\x26\xb2\x75": "WMV",
    b"FLV": "FLV",
}
