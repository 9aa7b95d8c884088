"""The reference model's rules, taken literally, and the formats a model accepts."""

from __future__ import annotations

from typing import Any

import pytest

from mutoscope.errors import ConfigError
from mutoscope.media.probe import MediaInfo
from mutoscope.media.rules import check, check_format


def rule(text: str, value: float, error: str = "Not like that.") -> dict[str, Any]:
    """One entry of a schema's `validations`."""
    return {"validation_rule": text, "validation_value": value, "validation_error": error}


DREAMINA = [
    rule("file_size_mb<", 4.7, "Image file size must be less than 4.7MB"),
    rule("width_pixels<=", 4096, "Image width must be at most 4096 pixels"),
    rule("height_pixels<=", 4096, "Image height must be at most 4096 pixels"),
    rule("width_pixels>", 320, "Image width must be at least 320 pixels"),
    rule("height_pixels>", 320, "Image height must be at least 320 pixels"),
    rule("width/height<", 3, "Aspect ratio must be within 3:1"),
    rule("width/height>", 0.33, "Aspect ratio must be within 1:3"),
]


def jpeg(width_px: int, height_px: int, size_bytes: int = 1000) -> MediaInfo:
    """A measured picture."""
    return MediaInfo("image", "jpeg", "image/jpeg", size_bytes, width_px=width_px, height_px=height_px)


@pytest.mark.parametrize(
    "info",
    [
        jpeg(321, 321),
        jpeg(4096, 4096),
        jpeg(1000, 334),
        jpeg(331, 1000),
        jpeg(800, 600, size_bytes=int(4.7 * 2**20)),
    ],
)
def test_a_picture_just_inside_the_limits_is_accepted(info: MediaInfo) -> None:
    """One pixel and one byte within."""
    assert check("image_urls[0]", DREAMINA, info) == ()


@pytest.mark.parametrize(
    ("info", "broken"),
    [
        (jpeg(320, 800), ["width_pixels>"]),
        (jpeg(4097, 2000), ["width_pixels<="]),
        (jpeg(1200, 400), ["width/height<"]),
        (jpeg(330, 1000), ["width/height>"]),
        (jpeg(800, 600, size_bytes=int(4.7 * 2**20) + 1), ["file_size_mb<"]),
        (jpeg(320, 320), ["width_pixels>", "height_pixels>"]),
    ],
)
def test_a_picture_on_or_beyond_a_limit_is_refused(info: MediaInfo, broken: list[str]) -> None:
    """Strict operators are strict: 320 pixels and exactly 3:1 are refused, and every broken rule is told."""
    assert [problem.rule for problem in check("image_urls[0]", DREAMINA, info)] == broken


def test_the_message_is_the_manifests_own_and_says_what_was_found() -> None:
    """Where, what is accepted, what was found."""
    (problem,) = check("image_urls[0]", DREAMINA, jpeg(800, 600, size_bytes=5 * 2**20))

    assert str(problem) == "image_urls[0]: Image file size must be less than 4.7MB; found 5.000 MB"


@pytest.mark.parametrize(
    ("text", "limit", "found"),
    [
        ("duration_s<", 5, "5.04 s"),
        ("fps<=", 23.5, "24 frames per second"),
        ("pixels>=", 2_000_000, "1280 x 720 px"),
    ],
)
def test_films_have_rules_too(text: str, limit: float, found: str) -> None:
    """Duration, rate and the product of the sides."""
    film = MediaInfo("video", "mp4", "video/mp4", 9, width_px=1280, height_px=720, fps=24.0, duration_s=121 / 24)

    (problem,) = check("video_url", [rule(text, limit)], film)

    assert problem.message == f"Not like that; found {found}"


def test_a_rule_without_a_sentence_gets_one() -> None:
    """Not every published rule has an error message."""
    (problem,) = check("image", [{"validation_rule": "width_pixels>=", "validation_value": 64}], jpeg(32, 32))

    assert problem.message == "width_pixels must be >= 64; found 32 x 32 px"


def test_a_rule_that_does_not_exist_is_a_mistake_of_the_manifest() -> None:
    """It is refused when the catalogue is loaded; here it cannot be passed over either."""
    with pytest.raises(ConfigError):
        check("image", [rule("colour<", 1)], jpeg(32, 32))


def test_a_format_that_a_model_does_not_take_is_named() -> None:
    """The message lists what it does take."""
    gif = MediaInfo("image", "gif", "image/gif", 9, width_px=9, height_px=9)

    problem = check_format("image_urls[0]", gif, accepted=("jpeg", "png"))

    assert str(problem) == "image_urls[0]: found GIF; accepted are JPEG and PNG"
    assert check_format("image_urls[0]", jpeg(9, 9), accepted=("jpeg", "png")) is None
    assert "accepted are WebP" in str(check_format("image", gif, accepted=("webp",)))
