"""Files that are not what they say, or worth more than they weigh: measured and decoded in the confined child.

Whatever is in them, one of two things happens: a MediaError by name, or plain pixels. The helper is the same process
before and after, and so is ours.
"""

from __future__ import annotations

import io
import os
import struct
import wave
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mutoscope.errors import MediaError
from mutoscope.media.sandbox import Prober
from tests.attacks.attack import attack, row
from tests.http import media

PNG = b"\x89PNG\r\n\x1a\n"
ICC_SIZE = struct.pack(">I", 132)


@pytest.fixture(scope="module")
def prober() -> Iterator[Prober]:
    """One helper for all; it must survive them."""
    with Prober() as made:
        made.start()
        yield made


def saved(image: Image.Image, format: str, **options: Any) -> bytes:
    """A picture as a file."""
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def flat(mode: str = "RGB", size: tuple[int, int] = (40, 30)) -> Image.Image:
    """A picture of one colour."""
    return Image.new(mode, size)


def png(*chunks: tuple[bytes, bytes], width: int = 8, height: int = 8, colour: int = 2, depth: int = 8) -> bytes:
    """A PNG of these chunks behind a right header."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return PNG + b"".join(media._chunk(kind, data) for kind, data in ((b"IHDR", header), *chunks, (b"IEND", b"")))


def rows(size: int = 8 * (8 * 3 + 1)) -> bytes:
    """Pixel data that is right for the header above."""
    return zlib.compress(bytes(size))


def riff(kind: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A RIFF file."""
    body = kind + b"".join(
        name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def box(kind: bytes, content: bytes = b"") -> bytes:
    """A box of an MP4 file."""
    return struct.pack(">I", len(content) + 8) + kind + content


def deep_boxes() -> bytes:
    """Ten thousand boxes in each other."""
    content = b""
    for _ in range(10_000):
        content = box(b"moov", content)
    return box(b"ftyp", b"isom" + bytes(8)) + content


def sound() -> bytes:
    """A tenth of a second of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(8000)
        writer.writeframes(bytes(1600))
    return file.getvalue()


def gif_frames(count: int) -> bytes:
    """A GIF of so many frames of one pixel."""
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6) + frame * count + b"\x3b"


def lying_jpeg() -> bytes:
    """A JPEG whose header says 60,000 pixels a side."""
    content = bytearray(saved(flat(), "JPEG"))
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", 60_000, 60_000)
    return bytes(content)


def mp4(*extra: bytes) -> bytes:
    """The outline of an MP4 without a track."""
    return box(b"ftyp", b"isom\0\0\2\0isommp42") + box(b"moov", box(b"mvhd", bytes(100))) + b"".join(extra)


REFUSED = [
    row("empty file", "no bytes at all", "refused: an empty file", lambda: b"", "format"),
    row("SVG", "an SVG that would load a file", "refused: SVG",
        lambda: b'<?xml version="1.0"?><svg xmlns:xlink="x"><image xlink:href="file:///etc/passwd"/></svg>', "format"),
    row("SVG with entities", "a billion laughs", "refused: SVG",
        lambda: b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "ha">]><svg>&a;</svg>', "format"),
    row("web page", "HTML with a script, called a picture", "refused: a web page", lambda: b"<!doctype html><script>1</script>", "format"),
    row("playlist", "an HLS playlist of file:///etc/passwd", "refused: a playlist", lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "format"),
    row("concat list", "FFmpeg's own list of files", "refused: text", lambda: b"ffconcat version 1.0\nfile /etc/passwd\n", "format"),
    row("PostScript", "a program for a printer", "refused", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n", "format"),
    row("MVG script", "a picture that is a script", "refused: text", lambda: b"push graphic-context\nimage over 0,0 0,0 'https://10.0.0.1/'\n", "format"),
    row("PDF", "a document", "refused: PDF", lambda: b"%PDF-1.7\n", "format"),
    row("ZIP", "an archive", "refused: ZIP", lambda: b"PK\x03\x04" + bytes(100), "format"),
    row("TIFF", "a format with many readers' bugs", "refused: TIFF", lambda: saved(flat(), "TIFF"), "format"),
    row("BMP", "a format that nobody asked for", "refused: BMP", lambda: saved(flat(), "BMP"), "format"),
    row("ICO", "an icon", "refused: ICO", lambda: saved(flat(size=(16, 16)), "ICO"), "format"),
    row("AVIF", "a picture in MP4's clothes", "refused: AVIF", lambda: box(b"ftyp", b"avif" + bytes(8)) + bytes(50), "format"),
    row("HEIC", "the same from a telephone", "refused: HEIC", lambda: box(b"ftyp", b"heic" + bytes(8)) + bytes(50), "format"),
    row("pixel bomb", "20,000 x 20,000 pixels in 30 kB", "refused: megapixels", lambda: media.bomb_png(20_000), "max_pixels"),
    row("side bomb", "60,000 pixels a side", "refused: side", lambda: media.bomb_png(60_000), "max_side"),
    row("lying JPEG", "a small JPEG that says it is enormous", "refused: side", lying_jpeg, "max_side"),
    row("no pixels", "0 x 8 pixels", "refused: damaged", lambda: png((b"IDAT", rows()), width=0), "damaged"),
    row("negative size", "2^32 - 1 pixels wide", "refused: side", lambda: png((b"IDAT", rows()), width=2**32 - 1), "max_side"),
    row("note bomb", "a compressed text of 10 MB in a PNG", "refused: unfolds",
        lambda: png((b"zTXt", b"a\0\0" + zlib.compress(bytes(10_000_000))), (b"IDAT", rows())), "damaged"),
    row("profile bomb", "a colour profile that unfolds", "refused: unfolds",
        lambda: png((b"iCCP", b"a\0\0" + zlib.compress(bytes(20_000_000))), (b"IDAT", rows())), "damaged"),
    row("text bomb", "an international text that unfolds", "refused: unfolds",
        lambda: png((b"iTXt", b"a\0\1\0\0\0" + zlib.compress(bytes(20_000_000))), (b"IDAT", rows())), "damaged"),
    row("too much data", "60 MB of pixel data behind 8 x 8 pixels", "refused: more than it can need",
        lambda: png((b"IDAT", bytes(2_000_000))), "damaged"),
    row("wrong checksum", "a PNG with a chunk that was changed", "refused: checksum",
        lambda: png((b"IDAT", rows())).replace(b"IDAT", b"IDAt"), "damaged"),
    row("chunk beyond the end", "a chunk of 4 GB", "refused: breaks off", lambda: png()[:33] + b"\xff\xff\xff\xffIDAT", "truncated"),
    row("no end", "a PNG without its last chunk", "refused: breaks off", lambda: png((b"IDAT", rows()))[:-12], "truncated"),
    row("impossible colour", "colour type 5", "refused: damaged", lambda: png((b"IDAT", rows()), colour=5), "damaged"),
    row("half a JPEG", "a JPEG that breaks off", "refused: breaks off", media.truncated_jpeg, "truncated"),
    row("empty segment", "a JPEG segment of length 0", "refused: damaged", lambda: b"\xff\xd8\xff\xe0\0\0" + bytes(50), "damaged"),
    row("no scan", "a JPEG without a picture", "refused: damaged", lambda: b"\xff\xd8\xff\xd9", "damaged"),
    row("arithmetic JPEG", "a coding that few decode", "refused by name",
        lambda: saved(flat(), "JPEG").replace(b"\xff\xc0", b"\xff\xc9", 1), "format"),
    row("twelve-bit JPEG", "samples of 12 bits", "refused by name",
        lambda: saved(flat(), "JPEG").replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c", 1), "format"),
    row("GIF without end", "blocks that go on after the file", "refused: breaks off", lambda: gif_frames(1)[:-2] + b"\xff" * 9, "truncated damaged"),
    row("GIF of nothing", "no frame", "refused: damaged", lambda: gif_frames(0), "damaged"),
    row("WebP beyond the end", "a chunk larger than the file", "refused: breaks off",
        lambda: riff(b"WEBP", (b"VP8 ", bytes(20)))[:-8], "truncated"),
    row("WebP of nothing", "no picture", "refused: damaged", lambda: riff(b"WEBP", (b"EXIF", b"abcd")), "damaged"),
    row("AVI", "another RIFF file", "refused: RIFF", lambda: riff(b"AVI ", (b"LIST", bytes(20))), "format"),
    row("box of no length", "an MP4 box that ends before it starts", "refused: damaged",
        lambda: mp4(b"\0\0\0\x04free"), "damaged"),
    row("box beyond the end", "an MP4 box of 2^63 bytes", "refused",
        lambda: mp4(b"\0\0\0\x01free" + struct.pack(">Q", 2**63)), "truncated damaged"),
    row("deep boxes", "10,000 boxes in each other", "refused", deep_boxes, "damaged truncated"),
    row("no track", "an MP4 of neither picture nor sound", "refused: damaged", mp4, "damaged"),
    row("no index", "an MP4 without moov", "refused: no index", lambda: box(b"ftyp", b"isom" + bytes(8)) + box(b"mdat", bytes(100)), "truncated"),
    row("external data", "an MP4 whose data lie in another file", "refused",
        lambda: mp4(box(b"moov", box(b"trak", box(b"dref", b"url file:///etc/passwd")))), "damaged truncated"),
    row("Matroska of noise", "the right first bytes, then noise", "refused: damaged", lambda: b"\x1aE\xdf\xa3" + b"\x9f\xff\x11" * 3000, "damaged"),
    row("Matroska of endless length", "an element of unknown length", "refused: damaged",
        lambda: b"\x1aE\xdf\xa3\x01\xff\xff\xff\xff\xff\xff\xff" + bytes(3000), "damaged"),
    row("cut FLAC", "sound that breaks off in its header", "refused: damaged", lambda: b"fLaC" + bytes(8), "damaged"),
    row("cut OGG", "the same of another kind", "refused: damaged", lambda: b"OggS" + bytes(8), "damaged"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "rules"), REFUSED)
def test_a_file_that_should_not_be_decoded_is_refused(
    prober: Prober, tmp_path: Path, make: Callable[[], bytes], rules: str
) -> None:
    """By name and before a pixel is decoded; the helper stays what it was, and decoding says no, too."""
    path = tmp_path / "file"
    path.write_bytes(make())
    helper = prober._helpers[-1].pid

    with pytest.raises(MediaError) as caught:
        prober.probe(path)
    with pytest.raises(MediaError):
        prober.load(path)

    assert caught.value.rule in rules.split(), caught.value.message
    assert prober._helpers[-1].pid == helper is not None


def polyglot(tail: bytes) -> bytes:
    """A right JPEG, and something else behind it."""
    return saved(flat(), "JPEG") + tail


def oriented(value: int) -> bytes:
    """A JPEG whose EXIF says how to turn it."""
    exif = Image.Exif()
    exif[0x0112] = value
    return saved(flat(), "JPEG", exif=exif)


def grey_16() -> Image.Image:
    """Sixteen bits a sample."""
    return Image.new("I;16", (40, 30), 65_535)


HANDLED = [
    row("JPEG and ZIP", "an archive behind a picture", "the picture is read, the rest is not", lambda: polyglot(b"PK\x03\x04" + bytes(500)), (40, 30)),
    row("JPEG and script", "HTML behind a picture", "the picture is read, the rest is not", lambda: polyglot(b"<script>alert(1)</script>"), (40, 30)),
    row("PNG and HTML in a note", "a page in a PNG's text", "the picture is read, the rest is not",
        lambda: png((b"tEXt", b"a\0<html><script>1</script>"), (b"IDAT", rows())), (8, 8)),
    row("GIF and JavaScript", "GIF89a/* … */", "the picture is read, the rest is not", lambda: gif_frames(1) + b"*/=1;alert(1)", (1, 1)),
    row("animated GIF", "many frames", "the first is used", lambda: gif_frames(50), (1, 1)),
    row("animated WebP", "many frames", "the first is used", lambda: saved(flat(), "WEBP", save_all=True, append_images=[flat().copy() for _ in range(3)]), (40, 30)),
    row("animated PNG", "many frames", "the first is used",
        lambda: saved(flat(), "PNG", save_all=True, append_images=[Image.new("RGB", (40, 30), (n, 0, 0)) for n in (9, 99)]), (40, 30)),
    row("APNG that lies", "four billion frames announced", "the first is used", lambda: png((b"acTL", b"\xff" * 8), (b"IDAT", rows())), (8, 8)),
    row("GIF of many frames", "20,000 frames", "the first is used", lambda: gif_frames(20_000), (1, 1)),
    row("CMYK", "a picture for printing", "becomes RGB", lambda: saved(flat("CMYK"), "JPEG"), (40, 30)),
    row("broken profile", "a colour profile of noise", "ignored, as browsers do", lambda: saved(flat(), "PNG", icc_profile=b"\xff" * 3000), (40, 30)),
    row("profile that lies", "a profile whose length is wrong", "ignored, as browsers do", lambda: saved(flat(), "JPEG", icc_profile=ICC_SIZE + b"lcms" + bytes(124)), (40, 30)),
    row("sixteen bits", "16-bit grey", "reduced to 8", lambda: saved(grey_16(), "PNG"), (40, 30)),
    row("transparency", "an alpha channel", "laid over white", lambda: saved(flat("RGBA"), "PNG"), (40, 30)),
    row("palette with alpha", "a transparent palette entry", "laid over white", lambda: saved(flat("P"), "PNG", transparency=0), (40, 30)),
    row("turned", "EXIF orientation 6", "turned upright", lambda: oriented(6), (30, 40)),
    row("mirrored", "EXIF orientation 5", "turned and mirrored", lambda: oriented(5), (30, 40)),
    row("impossible turn", "EXIF orientation 99", "ignored", lambda: oriented(99), (40, 30)),
    row("EXIF that points at itself", "a directory that is its own next", "read once",
        lambda: saved(flat(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0" * 9), (30, 40)),
    row("sixty thousand segments", "a JPEG of comments", "skipped", lambda: b"\xff\xd8" + b"\xff\xfe\0\x02" * 60_000 + saved(flat(), "JPEG")[2:], (40, 30)),
]  # fmt: skip


@pytest.mark.parametrize(("make", "size"), HANDLED)
def test_an_odd_picture_becomes_plain_pixels(
    prober: Prober, tmp_path: Path, make: Callable[[], bytes], size: tuple[int, int]
) -> None:
    """Upright, opaque, three channels of eight bits, of the size that was measured."""
    path = tmp_path / "file"
    path.write_bytes(make())

    info, pixels = prober.probe(path), prober.load(path)

    assert (info.width_px, info.height_px) == size
    assert pixels.shape == (size[1], size[0], 3)
    assert pixels.dtype == "uint8"


@attack("a file that its reader never finishes", "given up at the time limit; the next is measured at once")
def test_a_file_that_never_ends_is_given_up(prober: Prober, tmp_path: Path) -> None:
    """Here a pipe without a writer."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "sound").write_bytes(sound())
    with pytest.raises(MediaError, match="within"):
        prober.probe(tmp_path / "pipe", timeout_s=0.2)

    assert prober.probe(tmp_path / "sound").kind == "audio"
