"""Read what the headers of a video or sound file say: size, rate, duration, codec.

The container is named by its own first bytes and handed to FFmpeg under that name, from an open file: FFmpeg
never guesses a format and never opens anything else, which is how playlists turn into fetches. No frame is
decoded on purpose. Read next: `probe.py`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

import av
from av.stream import Disposition

from mutoscope.errors import MediaError
from mutoscope.media.images import check_size

_MAX_COUNTED_FRAMES = 1_000_000  # 11 hours at 24 fps

_OPTIONS = {
    "protocol_whitelist": "none",
    "probesize": "2000000",  # bytes looked at before a stream counts as unknown
    "analyzeduration": "2000000",  # microseconds of it
}


@dataclass(frozen=True, slots=True)
class Movie:
    """What a container's headers say. Width and height are upright; all three are 0 for sound alone."""

    codec: str
    duration_s: float
    width_px: int = 0
    height_px: int = 0
    num_frames: int = 0
    fps: float = 0.0


def read_movie(file: BinaryIO, format: str) -> Movie:
    """Read the headers of an open file whose magic bytes are this format's (a key of DEMUXERS).

    Raises MediaError if they cannot be read, or announce more bytes than there are.
    """
    quarter_turns = _walk_boxes(file) if DEMUXERS[format] == "mov" else 0
    file.seek(0)
    try:
        with av.open(
            file,
            format=DEMUXERS[format],
            container_options=_OPTIONS,
            metadata_errors="replace",
            io_open=_open_nothing,
        ) as container:
            return _describe(container, quarter_turns)
    except (av.FFmpegError, ValueError, EOFError, UnicodeError) as exc:
        raise MediaError(f"the {format.upper()} file is damaged: its headers cannot be read", rule="damaged") from exc


DEMUXERS = {
    "mp4": "mov",
    "mov": "mov",
    "m4a": "mov",
    "webm": "matroska",
    "mkv": "matroska",
    "wav": "wav",
    "mp3": "mp3",
    "flac": "flac",
    "ogg": "ogg",
}
"""Our name of a container to FFmpeg's name of its reader."""


def _open_nothing(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise PermissionError("a media file may not open another one")


def _describe(container: Any, quarter_turns: int) -> Movie:
    pictures = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not pictures:
        return _describe_sound(container)
    stream = _decodable(pictures[0])
    width, height = stream.codec_context.width, stream.codec_context.height
    check_size(width, height)
    if quarter_turns % 2:
        width, height = height, width
    fps = float(stream.average_rate or stream.guessed_rate or 0)
    duration = _duration_s(container, stream)
    num_frames = stream.frames or _count(container, stream)
    if not duration and fps:
        duration = num_frames / fps
    return Movie(stream.codec_context.codec.canonical_name, duration, width, height, num_frames, fps)


def _describe_sound(container: Any) -> Movie:
    if not container.streams.audio:
        raise MediaError("the file holds neither picture nor sound", rule="damaged")
    stream = _decodable(container.streams.audio[0])
    return Movie(stream.codec_context.codec.canonical_name, _duration_s(container, stream))


def _decodable(stream: Any) -> Any:
    if stream.codec_context is None:
        raise MediaError("the file's codec is unknown; accepted are those of web browsers", rule="codec")
    return stream


def _duration_s(container: Any, stream: Any) -> float:
    if stream.duration:
        return max(0.0, float(stream.duration * stream.time_base))
    return max(0.0, float(container.duration or 0) / av.time_base)


def _count(container: Any, stream: Any) -> int:
    """Frames of a container whose headers do not say: its packets, undecoded."""
    count = 0
    for packet in container.demux(stream):
        count += bool(packet.size)
        if count > _MAX_COUNTED_FRAMES:
            raise MediaError(f"more than {_MAX_COUNTED_FRAMES} frames", rule="max_frames")
    return count


# --- MP4 and QuickTime boxes: what FFmpeg forgives and PyAV does not show -------------------------


def _walk_boxes(file: BinaryIO) -> int:
    """Check that every top-level box is there to its end; return the first picture track's quarter turns."""
    end = file.seek(0, 2)
    turns, has_index = 0, False
    for kind, start, stop in _boxes(file, 0, end):
        if kind == b"moov":
            has_index = True
            turns = _quarter_turns(file, start, stop)
    if not has_index:
        raise MediaError("the video file breaks off before its end: it has no index", rule="truncated")
    return turns


def _boxes(file: BinaryIO, position: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(kind, start, stop) of the payloads of the boxes between two positions."""
    while position + 8 <= end:
        file.seek(position)
        size, kind = struct.unpack(">I4s", file.read(8))
        start = position + 8
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8).ljust(8, b"\0"))
            start += 8
        stop = end if size == 0 else position + size
        if stop < start:
            raise MediaError("the video file is damaged: a box has no length", rule="damaged")
        if stop > end:
            raise MediaError("the video file breaks off before its end", rule="truncated")
        yield kind, start, stop
        position = stop


def _quarter_turns(file: BinaryIO, start: int, stop: int) -> int:
    for kind, track_start, track_stop in _boxes(file, start, stop):
        if kind != b"trak":
            continue
        parts = {name: (first, last) for name, first, last in _boxes(file, track_start, track_stop)}
        if b"tkhd" in parts and b"mdia" in parts and _handler(file, *parts[b"mdia"]) == b"vide":
            return _turns_of(file, parts[b"tkhd"][0])
    return 0


def _handler(file: BinaryIO, start: int, stop: int) -> bytes:
    for kind, first, _ in _boxes(file, start, stop):
        if kind == b"hdlr":
            file.seek(first + 8)
            return file.read(4)
    return b""


def _turns_of(file: BinaryIO, start: int) -> int:
    """1 if the track header's matrix swaps the axes, else 0 (a half turn keeps the size)."""
    file.seek(start)
    header = file.read(96)
    matrix = 52 if header[:1] == b"\1" else 40
    if len(header) < matrix + 20:
        return 0
    a, b, _, c, d = struct.unpack_from(">5i", header, matrix)
    return int(a == 0 and d == 0 and b != 0 and c != 0)
