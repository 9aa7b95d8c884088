"""Take a data URI apart, within limits; and how much of a file is accepted either way it comes.

What the bytes are is decided later, by `probe.py`; the content type that came with them is not believed. Files
behind addresses come through `net`, the one door outwards.
"""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote

from mutoscope.errors import MediaError

MIB = 2**20

DATA_URI_LIMITS = {"image": 6 * MIB, "video": 32 * MIB, "audio": 16 * MIB}
"""Bytes after decoding, as RunComfy's own nodes keep to."""

DOWNLOAD_LIMITS = {"image": 50 * MIB, "video": 100 * MIB, "audio": 100 * MIB, "weights": 2048 * MIB}
"""Bytes of a file behind an address, as RunComfy documents for pictures and videos; sound as videos. Weights: LoRAs."""


def parse_data_uri(text: str) -> tuple[str, bytes]:
    """The media type and the bytes of `data:image/png;base64,…`.

    Raises MediaError; its message never repeats the data.
    """
    header, comma, data = text.partition(",")
    scheme, _, parameters = header.partition(":")
    media_type, *flags = (part.strip().lower() for part in parameters.split(";"))
    if scheme.lower() != "data" or not comma:
        raise MediaError("not a data URI; accepted is data:image/png;base64,…", rule="data_uri")
    if "base64" not in flags:
        raise MediaError("a data URI without ;base64; only base64 is accepted", rule="data_uri")
    kind = media_type.partition("/")[0]
    if kind not in DATA_URI_LIMITS:
        raise MediaError("a data URI that is not image/…, video/… or audio/…", rule="data_uri")
    return media_type, _decode(data, kind)


def _decode(data: str, kind: str) -> bytes:
    limit = DATA_URI_LIMITS[kind]
    if len(data) * 3 // 4 > 3 * limit + 4:  # even if every character were percent-encoded
        raise _too_large(len(data) * 3 // 4, kind)
    if "%" in data:
        data = unquote(data)
    size_bytes = len(data) // 4 * 3 - data[-2:].count("=")
    if size_bytes > limit:
        raise _too_large(size_bytes, kind)
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise MediaError("a data URI whose base64 cannot be decoded", rule="data_uri") from exc
    if not content:
        raise MediaError("a data URI without content", rule="data_uri")
    return content


def _too_large(size_bytes: int, kind: str) -> MediaError:
    found, limit = size_bytes / MIB, DATA_URI_LIMITS[kind] // MIB
    return MediaError(
        f"a data URI of {found:.1f} MiB; at most {limit} MiB are accepted for {kind} data",
        rule="data_uri_size",
    )
