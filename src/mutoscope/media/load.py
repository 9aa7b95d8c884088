"""Decode a picture into plain sRGB pixels, upright and opaque, whatever the file held.

Only engines call `load_image`, and only a confined child of `sandbox` runs `decode`: the one place where a stranger's
pixels meet a decoder. Refused is what `images.py` refuses, and a file that breaks off half way. Read next: `encode.py`.
"""

from __future__ import annotations

import atexit
import io
import struct
import zlib
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from mutoscope.errors import MediaError
from mutoscope.media.images import check_size, outline
from mutoscope.media.sandbox import Prober

Image.MAX_IMAGE_PIXELS = None  # check_size is stricter, and Pillow's own limit only warns

# What Pillow's decoders raise for files that are not what they say: OSError by its documentation, the others
# because its plugins let them through.
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    IndexError,
    KeyError,
    OverflowError,
    struct.error,
    zlib.error,
)


def load_image(path: Path) -> npt.NDArray[np.uint8]:
    """What `decode` makes of a file, in a confined process of its own. Raises MediaError, also when that one dies."""
    return _prober().load(path)


def get_ready() -> None:
    """Start what decodes, so that the first picture need not wait for it."""
    _prober().start()


@cache
def _prober() -> Prober:
    prober = Prober()
    atexit.register(prober.close)
    return prober


def decode(file: BinaryIO) -> npt.NDArray[np.uint8]:
    """The picture in an open file as (height, width, 3) uint8 sRGB, contiguous.

    The first frame of an animation. EXIF orientation is applied, an embedded colour profile is converted to
    sRGB (relative colorimetric with black point compensation), transparency is laid over white, 16-bit
    samples are reduced to 8, CMYK and greyscale become RGB.

    Raises MediaError if the file cannot be decoded to its end or is too large.
    """
    found = outline(file)
    file.seek(0)
    try:
        with Image.open(file, formats=[found.format.upper()]) as image:
            check_size(image.width, image.height)
            image.load()
            upright = _turned(_over_white(_in_srgb(_in_8_bits(image))), found.orientation)
            pixels = np.asarray(upright)
    except _DECODER_ERRORS as exc:
        raise MediaError("the picture could not be decoded; it is damaged or incomplete", rule="decode") from exc
    return np.ascontiguousarray(pixels, dtype=np.uint8)


# Not ImageOps.exif_transpose: it also obeys XMP, which browsers and `probe` do not.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _in_8_bits(image: Image.Image) -> Image.Image:
    """Pillow keeps 16-bit greyscale as I;16 and clips instead of scaling when asked for 8 bits."""
    if not image.mode.startswith("I"):
        return image
    samples = np.asarray(image).astype(np.uint32)
    grey = Image.fromarray(((samples * 255 + 32767) // 65535).astype(np.uint8))
    grey.info = {key: value for key, value in image.info.items() if key != "transparency"}
    return grey


def _in_srgb(image: Image.Image) -> Image.Image:
    """RGB or RGBA in sRGB. A profile that does not fit the picture is ignored, as browsers do."""
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    colour = image if image.mode in {"L", "RGB", "CMYK"} else image.convert("RGB")
    colour = _apply_profile(colour, image.info.get("icc_profile"))
    if alpha is not None:
        colour.putalpha(alpha)
    return colour


def _apply_profile(image: Image.Image, icc: bytes | None) -> Image.Image:
    if icc and not _is_srgb(icc):
        try:
            converted = ImageCms.profileToProfile(
                image,
                io.BytesIO(icc),
                ImageCms.createProfile("sRGB"),
                renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                outputMode="RGB",
                flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
            )
        except ImageCms.PyCMSError:
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB")


def _is_srgb(icc: bytes) -> bool:
    """Whether the profile calls itself sRGB: converting it to itself would only cost time and rounding."""
    try:
        return "sRGB" in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(icc)))
    except (ImageCms.PyCMSError, OSError):
        return False


def _over_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image).convert("RGB")
