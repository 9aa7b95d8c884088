"""Data URIs are taken apart within limits, and their data never shows up in a message."""

from __future__ import annotations

import base64
import urllib.parse

import pytest

from mutoscope.errors import MediaError
from mutoscope.media.datauri import DATA_URI_LIMITS, parse_data_uri

SECRET = "c2VjcmV0"  # base64 of "secret"


@pytest.mark.parametrize(
    ("text", "media_type"),
    [
        (f"data:image/png;base64,{SECRET}", "image/png"),
        (f"DATA:Video/MP4;Base64,{SECRET}", "video/mp4"),
        (f"data:audio/wav;rate=8000;base64,{SECRET}", "audio/wav"),
    ],
)
def test_a_data_uri_is_taken_apart(text: str, media_type: str) -> None:
    """Media type in lower case, parameters dropped, bytes decoded."""
    assert parse_data_uri(text) == (media_type, b"secret")


def test_percent_signs_are_undone() -> None:
    """A data URI is an address after all, and some writers encode it as one."""
    content = bytes(range(256))
    text = urllib.parse.quote(base64.b64encode(content).decode(), safe="")

    assert parse_data_uri(f"data:image/png;base64,{text}")[1] == content


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (f"data:image/png,{SECRET}", "only base64"),
        (f"data:;base64,{SECRET}", "not image/"),
        (f"data:text/html;base64,{SECRET}", "not image/"),
        (f"data:image/png;base64,{SECRET}!", "cannot be decoded"),
        (f"data:image/png;base64,{SECRET}\n{SECRET}", "cannot be decoded"),
        (f"data:image/png;base64,{SECRET}ü", "cannot be decoded"),
        (f"data:image/png;base64,{SECRET}A", "cannot be decoded"),
        ("data:image/png;base64,", "without content"),
        ("data:image/png;base64", "not a data URI"),
        (f"http:image/png;base64,{SECRET}", "not a data URI"),
    ],
)
def test_a_data_uri_that_cannot_be_read_is_refused(text: str, part: str) -> None:
    """The message says why and keeps the data to itself."""
    with pytest.raises(MediaError, match=part) as caught:
        parse_data_uri(text)

    assert SECRET not in caught.value.message


def test_the_limit_is_on_the_decoded_bytes() -> None:
    """Six mebibytes of picture, not a byte more."""
    limit = DATA_URI_LIMITS["image"]

    assert len(parse_data_uri(_data_uri("image/png", limit))[1]) == limit
    with pytest.raises(MediaError, match=r"at most 6 MiB are accepted for image data"):
        parse_data_uri(_data_uri("image/png", limit + 1))
    parse_data_uri(_data_uri("video/mp4", limit + 1))


def _data_uri(media_type: str, size_bytes: int) -> str:
    return f"data:{media_type};base64,{base64.b64encode(bytes(size_bytes)).decode()}"
