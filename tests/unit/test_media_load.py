"""Every kind of picture file becomes upright, opaque sRGB pixels."""

from __future__ import annotations

import io
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageCms

from mutoscope.errors import MediaError
from mutoscope.media.load import load_image
from mutoscope.media.probe import probe

Frame = npt.NDArray[np.uint8]


def quarters() -> Frame:
    """Red, green / blue, white: tells every orientation apart."""
    pixels = np.zeros((32, 48, 3), np.uint8)
    pixels[:16, :24] = (255, 0, 0)
    pixels[:16, 24:] = (0, 255, 0)
    pixels[16:, :24] = (0, 0, 255)
    pixels[16:, 24:] = (255, 255, 255)
    return pixels


def save(path: Path, image: Image.Image, format: str = "png", **options: object) -> Path:
    """Write the image and hand back where."""
    image.save(path, format, **options)
    return path


@pytest.mark.parametrize(
    ("format", "options"), [("png", {}), ("webp", {"lossless": True}), ("gif", {}), ("jpeg", {"quality": 95})]
)
def test_a_plain_picture_keeps_its_pixels(tmp_path: Path, format: str, options: dict[str, object]) -> None:
    """As contiguous 8-bit RGB; a JPEG within its own loss."""
    found = load_image(save(tmp_path / "a", Image.fromarray(quarters()), format, **options))

    assert found.dtype == np.uint8
    assert found.shape == (32, 48, 3)
    assert found.flags["C_CONTIGUOUS"]
    corners = found[[4, 4, -4, -4], [4, -4, 4, -4]].astype(int)
    assert np.abs(corners - quarters()[[4, 4, -4, -4], [4, -4, 4, -4]]).max() <= (8 if format == "jpeg" else 0)


@pytest.mark.parametrize("format", ["jpeg", "png", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_upright(tmp_path: Path, orientation: int, format: str) -> None:
    """Each of the eight EXIF orientations shows the same scene, in the size that probing announced."""
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(undo[orientation](quarters())))
    path = save(tmp_path / "a", stored, format, exif=exif, quality=95)

    found, info = load_image(path), probe(path)

    assert found.shape == (info.height_px, info.width_px, 3) == (32, 48, 3)
    corners = found[[4, 4, -4, -4], [4, -4, 4, -4]].astype(int)
    assert np.abs(corners - quarters()[[4, 4, -4, -4], [4, -4, 4, -4]]).max() <= 40


def test_transparency_is_laid_over_white(tmp_path: Path) -> None:
    """Fully, half and not transparent; also in a palette and in grey."""
    red = np.zeros((8, 30, 4), np.uint8)
    red[..., 0] = 255
    red[:, 10:20, 3] = 128
    red[:, 20:, 3] = 255

    found = load_image(save(tmp_path / "a", Image.fromarray(red)))

    assert found[4, [5, 15, 25]].tolist() == [[255, 255, 255], [255, 127, 127], [255, 0, 0]]


def test_a_transparent_palette_entry_is_white(tmp_path: Path) -> None:
    """As in a GIF or a small PNG."""
    image = Image.new("P", (8, 8), 1)
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((0, 0), 0)

    found = load_image(save(tmp_path / "a", image, transparency=0))

    assert found[0, 0].tolist() == [255, 255, 255]
    assert found[4, 4].tolist() == [40, 50, 60]


def test_grey_with_transparency_is_laid_over_white(tmp_path: Path) -> None:
    """Mode LA."""
    found = load_image(save(tmp_path / "a", Image.new("LA", (8, 8), (0, 128))))

    assert found[4, 4].tolist() == [127, 127, 127]


def test_grey_becomes_rgb(tmp_path: Path) -> None:
    """8 bits and 1 bit."""
    assert load_image(save(tmp_path / "a", Image.new("L", (8, 8), 77)))[0, 0].tolist() == [77, 77, 77]
    assert load_image(save(tmp_path / "b", Image.new("1", (8, 8), 1)))[0, 0].tolist() == [255, 255, 255]


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path) -> None:
    """Greyscale of a scanner or a depth camera."""
    ramp = np.tile(np.linspace(0, 65_535, 64).astype(np.uint16), (8, 1))

    found = load_image(save(tmp_path / "a", Image.fromarray(ramp)))

    assert np.abs(found[4, :, 1].astype(float) - ramp[4] / 257).max() <= 0.5


def test_sixteen_bits_of_colour_are_read(tmp_path: Path) -> None:
    """Written by hand, because Pillow cannot write it."""
    row = b"\0" + struct.pack(">3H", 65_535, 32_896, 257) * 8
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(row * 8)),
        (b"IEND", b""),
    ]
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    (tmp_path / "a").write_bytes(content)

    assert load_image(tmp_path / "a")[4, 4].tolist() == [255, 128, 1]


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    """A JPEG from a print shop: no ink is white, all cyan is not red."""
    image = Image.new("CMYK", (16, 16), (0, 0, 0, 0))
    image.paste((255, 0, 0, 0), (8, 0, 16, 16))

    found = load_image(save(tmp_path / "a", image, "jpeg", quality=95))

    assert found[8, 2].min() >= 250
    assert found[8, 14, 0] <= 8


def test_an_embedded_profile_is_converted(tmp_path: Path) -> None:
    """The same numbers in a profile with red and green exchanged are another colour in sRGB."""
    swapped = _swap_red_and_green(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    plain = Image.new("RGB", (8, 8), (200, 40, 90))

    found = load_image(save(tmp_path / "a", plain, icc_profile=swapped))

    assert np.abs(found[4, 4].astype(int) - (40, 200, 90)).max() <= 3


def test_transparency_survives_the_profile(tmp_path: Path) -> None:
    """Colours are converted, the transparent part is still white."""
    swapped = _swap_red_and_green(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    image = Image.new("RGBA", (8, 8), (200, 40, 90, 255))
    image.putpixel((0, 0), (200, 40, 90, 0))

    found = load_image(save(tmp_path / "a", image, icc_profile=swapped))

    assert found[0, 0].tolist() == [255, 255, 255]
    assert np.abs(found[4, 4].astype(int) - (40, 200, 90)).max() <= 3


@pytest.mark.parametrize("icc", [b"not a profile", b"\0" * 200])
def test_a_broken_profile_is_ignored(tmp_path: Path, icc: bytes) -> None:
    """As browsers do."""
    path = save(tmp_path / "a", Image.new("RGB", (8, 8), (200, 40, 90)), icc_profile=icc)

    assert load_image(path)[4, 4].tolist() == [200, 40, 90]


def test_a_profile_for_another_kind_of_picture_is_ignored(tmp_path: Path) -> None:
    """An RGB profile on a grey picture."""
    icc = _swap_red_and_green(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    path = save(tmp_path / "a", Image.new("L", (8, 8), 90), icc_profile=icc)

    assert load_image(path)[4, 4].tolist() == [90, 90, 90]


def test_the_first_frame_stands_for_an_animation(tmp_path: Path) -> None:
    """A GIF of two colours."""
    first, second = Image.new("RGB", (8, 8), (255, 0, 0)), Image.new("RGB", (8, 8), (0, 0, 255))

    path = save(tmp_path / "a", first, "gif", save_all=True, append_images=[second])

    assert load_image(path)[4, 4].tolist() == [255, 0, 0]


def test_a_picture_whose_pixels_break_off_is_refused(tmp_path: Path) -> None:
    """The structure is whole, the compressed data inside is not: only decoding can tell."""
    data = zlib.compress(np.random.default_rng(1).bytes(64 * 65))[:1000]
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)), (b"IDAT", data), (b"IEND", b"")]
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part)) + kind + part + struct.pack(">I", zlib.crc32(kind + part)) for kind, part in chunks
    )
    (tmp_path / "a").write_bytes(content)
    probe(tmp_path / "a")

    with pytest.raises(MediaError, match="could not be decoded"):
        load_image(tmp_path / "a")


def test_a_file_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    """Text, and a picture that was cut short."""
    (tmp_path / "a").write_text("hello")
    file = io.BytesIO()
    Image.fromarray(quarters()).save(file, "jpeg")
    (tmp_path / "b").write_bytes(file.getvalue()[:-20])

    with pytest.raises(MediaError, match="not a JPEG"):
        load_image(tmp_path / "a")
    with pytest.raises(MediaError, match="breaks off"):
        load_image(tmp_path / "b")


def test_pixel_data_that_unfolds_far_beyond_the_picture_costs_nothing(tmp_path: Path) -> None:
    """60 kB that would inflate to 60 MB behind a 64 x 64 picture; the decoder stops when the picture is full."""
    data = zlib.compress(bytes(60_000_000), 9)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)), (b"IDAT", data), (b"IEND", b"")]
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part)) + kind + part + struct.pack(">I", zlib.crc32(kind + part)) for kind, part in chunks
    )
    (tmp_path / "a").write_bytes(content)
    began = time.thread_time()

    assert load_image(tmp_path / "a").shape == (64, 64, 3)
    assert time.thread_time() - began < 1.0


def _swap_red_and_green(icc: bytes) -> bytes:
    """Exchange the tags of two primaries, and the name, so that it is not taken for sRGB."""
    swapped = icc.replace(b"rXYZ", b"????", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"????", b"gXYZ", 1)
    return swapped.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))
