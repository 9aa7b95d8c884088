"""Which output size a picture gets and which part of it is used."""

from __future__ import annotations

import pytest

from mutoscope.engines.parallax.sizes import SIZES, Box, choose_size, crop_box


@pytest.mark.parametrize(
    ("width_px", "height_px", "ratio"),
    [
        (3380, 1072, "21:9"),  # the reference service's own examples
        (936, 1664, "9:16"),
        (1920, 1080, "16:9"),
        (1600, 1200, "4:3"),
        (1000, 1000, "1:1"),
        (1200, 1600, "3:4"),
        (320, 960, "9:16"),
        (4096, 1366, "21:9"),
    ],
)
def test_a_picture_gets_the_size_of_the_nearest_ratio(width_px: int, height_px: int, ratio: str) -> None:
    """Known pairs, two of them from the service that sets the rule."""
    assert choose_size(width_px, height_px).ratio == ratio


def test_every_size_is_chosen_for_a_picture_of_that_size() -> None:
    """A video frame put in again gets its own size back, whole."""
    for size in SIZES:
        assert choose_size(size.width_px, size.height_px) == size
        assert crop_box(size.width_px, size.height_px, size) == Box(0, 0, size.width_px, size.height_px)


def test_nearest_means_by_factor() -> None:
    """1.155 is the geometric middle of 1:1 and 4:3; just below it a picture is square."""
    assert choose_size(1150, 1000).ratio == "1:1"
    assert choose_size(1160, 1000).ratio == "4:3"


def test_a_wide_picture_loses_its_sides_and_a_tall_one_top_and_bottom() -> None:
    """The crop is centred and as large as it can be."""
    square = choose_size(1000, 1000)
    assert crop_box(1100, 1000, square) == Box(50, 0, 1000, 1000)
    assert crop_box(1000, 1101, square) == Box(0, 50, 1000, 1000)


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (321, 963), (4096, 1365)])
def test_a_crop_lies_within_the_picture(shape: tuple[int, int]) -> None:
    """However odd the shape, nothing outside the picture is asked for."""
    box = crop_box(*shape, choose_size(*shape))
    assert box.width_px >= 1 and box.height_px >= 1
    assert 0 <= box.left_px <= shape[0] - box.width_px
    assert 0 <= box.top_px <= shape[1] - box.height_px
