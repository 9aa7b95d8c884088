"""Pictures, films and sounds are measured by their headers, and broken or hostile ones are refused by name."""

from __future__ import annotations

import io
import random
import struct
import wave
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from mutoscope.errors import MediaError
from mutoscope.media.encode import VideoWriter
from mutoscope.media.probe import MediaInfo, probe
from mutoscope.media.sections import same_priority

Save = Callable[[bytes], Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write bytes to a file whose name says nothing."""

    def write(content: bytes) -> Path:
        path = tmp_path / "upload.bin"
        path.write_bytes(content)
        return path

    return write


def picture(format: str, *, width: int = 96, height: int = 64, **options: Any) -> bytes:
    """A noisy little picture, encoded."""
    noise = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, format, **options)
    return file.getvalue()


def with_orientation(value: int) -> Image.Exif:
    """EXIF data that holds an orientation and nothing else."""
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


def png(*chunks: tuple[bytes, bytes], width: int = 4, height: int = 4) -> bytes:
    """A PNG of these chunks between a grey 8-bit header and the end."""
    header = (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    packed = b"\x89PNG\r\n\x1a\n"
    for kind, data in (header, *chunks, (b"IEND", b"")):
        packed += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return packed


PIXELS = (b"IDAT", zlib.compress(b"\0" * 20))


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("jpeg", {}),
        ("jpeg", {"progressive": True}),
        ("jpeg", {"restart_marker_blocks": 2}),
        ("png", {}),
        ("webp", {}),
        ("webp", {"lossless": True}),
        ("webp", {"exif": with_orientation(1)}),
        ("gif", {}),
    ],
)
def test_a_picture_is_measured(save: Save, format: str, options: dict[str, Any]) -> None:
    """Format, size and bytes, from the content alone."""
    content = picture(format, **options)

    assert probe(save(content)) == MediaInfo(
        kind="image",
        format=format,
        media_type=f"image/{format}",
        size_bytes=len(content),
        width_px=96,
        height_px=64,
        codec=format,
    )


@pytest.mark.parametrize("format", ["jpeg", "png", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_is_the_one_a_viewer_shows(save: Save, format: str, orientation: int) -> None:
    """EXIF orientations 5 to 8 lie on their side."""
    info = probe(save(picture(format, exif=with_orientation(orientation))))

    assert (info.width_px, info.height_px) == ((64, 96) if orientation >= 5 else (96, 64))


@pytest.mark.parametrize("format", ["gif", "webp", "png"])
def test_the_frames_of_an_animation_are_counted(save: Save, format: str) -> None:
    """It stays a picture; a manifest may still refuse its format."""
    first, *others = (Image.new("RGB", (20, 10), (value, 0, 0)) for value in (0, 100, 200))
    file = io.BytesIO()
    first.save(file, format, save_all=True, append_images=others)

    info = probe(save(file.getvalue()))

    assert (info.kind, info.num_frames, info.width_px, info.height_px) == ("image", 3, 20, 10)


@pytest.mark.parametrize(
    ("format", "options"),
    [("jpeg", {}), ("jpeg", {"progressive": True}), ("png", {}), ("webp", {}), ("gif", {})],
)
def test_a_picture_that_breaks_off_anywhere_is_refused(save: Save, format: str, options: dict[str, Any]) -> None:
    """An upload that was cut short, at a hundred places and one byte before the end."""
    content = picture(format, **options)
    places = [*range(16, len(content), len(content) // 100), len(content) - 1]

    for place in places:
        with pytest.raises(MediaError) as caught:
            probe(save(content[:place]))
        assert caught.value.rule in {"truncated", "damaged"}


def test_a_thumbnail_inside_does_not_hide_that_a_jpeg_breaks_off(save: Save) -> None:
    """The end marker of the embedded picture is not the end of the file."""
    exif = with_orientation(1)
    exif.get_ifd(0x8769)
    content = picture("jpeg", exif=exif.tobytes() + picture("jpeg", width=16, height=16))

    probe(save(content))
    with pytest.raises(MediaError, match="breaks off"):
        probe(save(content[:-10]))


@pytest.mark.parametrize("format", ["jpeg", "png", "gif", "webp"])
def test_bytes_behind_the_end_of_a_picture_do_no_harm(save: Save, format: str) -> None:
    """Cameras append films and maps to their pictures."""
    assert probe(save(picture(format) + b"trailer" * 100)).width_px == 96


@pytest.mark.parametrize(
    ("width", "height", "rule"),
    [
        (50_000, 50_000, "max_side"),
        (40_000, 1, "max_side"),
        (20_000, 20_000, "max_pixels"),
        (2**31, 2**31, "max_side"),
        (0, 4, "damaged"),
    ],
)
def test_a_tiny_file_of_a_giant_picture_is_refused(save: Save, width: int, height: int, rule: str) -> None:
    """Before anything is decoded: the header is enough."""
    with pytest.raises(MediaError) as caught:
        probe(save(png(PIXELS, width=width, height=height)))

    assert caught.value.rule == rule
    assert f"{width} x {height} px" in caught.value.message


@pytest.mark.parametrize(
    "chunk",
    [
        (b"iCCP", b"profile\0\0" + zlib.compress(bytes(50_000_000))),
        (b"zTXt", b"comment\0\0" + zlib.compress(bytes(50_000_000))),
        (b"iTXt", b"comment\0\1\0en\0key\0" + zlib.compress(bytes(50_000_000))),
    ],
    ids=lambda chunk: chunk[0].decode(),
)
def test_a_note_that_unfolds_to_megabytes_is_refused(save: Save, chunk: tuple[bytes, bytes]) -> None:
    """50 kB of file, 50 MB in memory."""
    with pytest.raises(MediaError, match="unfolds to more than 8 MB"):
        probe(save(png(chunk, PIXELS)))


def test_more_pixel_data_than_the_size_can_need_is_refused(save: Save) -> None:
    """A 4 x 4 picture with a megabyte of compressed pixels behind it."""
    noise = random.Random(1).randbytes(1_000_000)

    with pytest.raises(MediaError, match="more data than a picture of its size"):
        probe(save(png((b"IDAT", zlib.compress(noise)))))


def test_a_png_with_a_wrong_checksum_is_refused(save: Save) -> None:
    """One flipped bit in the pixels."""
    content = bytearray(picture("png"))
    content[len(content) // 2] ^= 1

    with pytest.raises(MediaError, match="checksum"):
        probe(save(bytes(content)))


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "an empty file"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<?xml version='1.0'?>\n<svg/>", "SVG"),
        (b"\xef\xbb\xbf<!DOCTYPE html><html>", "HTML"),
        (b"BM" + bytes(60), "BMP"),
        (b"II*\0" + bytes(60), "TIFF"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\3\4" + bytes(60), "ZIP"),
        (b"\0\0\0\x20ftypavif" + bytes(60), "AVIF"),
        (b"\0\0\0\x20ftypheic" + bytes(60), "HEIC"),
        (b"RIFF\x10\0\0\0AVI " + bytes(60), "RIFF"),
        (b"#EXTM3U\n#EXT-X-VERSION:3\nfile:///etc/passwd\n", "a playlist"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "text"),
        (b"just some words", "text"),
        (bytes(100), "an unknown format"),
    ],
)
def test_what_is_not_accepted_is_named(save: Save, content: bytes, name: str) -> None:
    """The caller learns what was found and what is accepted."""
    with pytest.raises(MediaError) as caught:
        probe(save(content))

    assert name in caught.value.message
    assert "accepted are JPEG, PNG" in caught.value.message
    assert caught.value.rule == "format"


@pytest.mark.parametrize("format", ["jpeg", "png", "gif", "webp"])
def test_damage_never_shows_as_anything_but_a_media_error(save: Save, format: str) -> None:
    """Random edits of a good file: measured or refused, never a crash."""
    good, dice = picture(format, width=24, height=24), random.Random(7)
    refused = 0
    for _ in range(300):
        bad = bytearray(good)
        for _ in range(dice.randint(1, 8)):
            bad[dice.randrange(min(len(bad), 120))] = dice.randrange(256)
        try:
            probe(save(bytes(bad)))
        except MediaError:
            refused += 1
    assert refused > 30


# --- films and sounds ---------------------------------------------------------------------------------


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Twelve frames of 64 x 48 at 24 fps."""
    path = tmp_path / "film.mp4"
    with VideoWriter(path, width_px=64, height_px=48, fps=24) as writer:
        for value in range(12):
            writer.write(np.full((48, 64, 3), value * 20, np.uint8))
    return path


def encoded(path: Path, format: str, codec: str, *, rotation: int = 0) -> Path:
    """Ten frames of 64 x 48 at 25 fps in another container."""
    with av.open(str(path), "w", format=format) as container:
        stream: Any = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        if rotation:
            stream.set_display_rotation(rotation)
        with same_priority():
            stream.codec_context.open(strict=False)
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_a_film_is_measured(film: Path) -> None:
    """Size, rate, frames, duration and codec."""
    info = probe(film)

    assert (info.kind, info.format, info.media_type) == ("video", "mp4", "video/mp4")
    assert (info.width_px, info.height_px, info.num_frames, info.fps) == (64, 48, 12, 24.0)
    assert info.duration_s == pytest.approx(0.5)
    assert info.codec == "h264"


@pytest.mark.parametrize(
    ("format", "codec", "name", "media_type"),
    [
        ("webm", "libvpx-vp9", "vp9", "video/webm"),
        ("mov", "libx264", "h264", "video/quicktime"),
        ("matroska", "libx264", "h264", "video/x-matroska"),
    ],
)
def test_other_containers_are_measured_too(tmp_path: Path, format: str, codec: str, name: str, media_type: str) -> None:
    """Where the header holds no number of frames they are counted."""
    info = probe(encoded(tmp_path / "film", format, codec))

    assert (info.kind, info.codec, info.media_type) == ("video", name, media_type)
    assert (info.width_px, info.height_px, info.num_frames, info.fps) == (64, 48, 10, 25.0)
    assert info.duration_s == pytest.approx(0.4, abs=0.05)


@pytest.mark.parametrize(("rotation", "size"), [(90, (48, 64)), (-90, (48, 64)), (180, (64, 48))])
def test_a_turned_film_is_measured_upright(tmp_path: Path, rotation: int, size: tuple[int, int]) -> None:
    """Telephones store films lying on their side."""
    info = probe(encoded(tmp_path / "film", "mp4", "libx264", rotation=rotation))

    assert (info.width_px, info.height_px) == size


def test_a_film_that_breaks_off_is_refused(film: Path, save: Save) -> None:
    """Even though its index is in front and complete."""
    content = film.read_bytes()

    for place in (len(content) - 1, len(content) * 3 // 4, len(content) // 2, 40):
        with pytest.raises(MediaError, match="breaks off"):
            probe(save(content[:place]))


def test_damage_to_a_film_never_shows_as_anything_but_a_media_error(film: Path, save: Save) -> None:
    """Random edits, half of them in the headers."""
    good, dice = film.read_bytes(), random.Random(7)
    for turn in range(200):
        bad = bytearray(good)
        for _ in range(dice.randint(1, 8)):
            bad[dice.randrange(len(bad) if turn % 2 else 800)] = dice.randrange(256)
        try:
            probe(save(bytes(bad)))
        except MediaError:
            continue


def test_a_sound_is_measured(tmp_path: Path) -> None:
    """Half a second of silence."""
    path = tmp_path / "sound"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(8000))

    info = probe(path)

    assert (info.kind, info.format, info.media_type) == ("audio", "wav", "audio/wav")
    assert (info.duration_s, info.width_px, info.codec) == (0.5, 0, "pcm_s16le")
