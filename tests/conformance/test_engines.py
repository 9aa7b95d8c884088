"""What every engine promises, asked of each of ours in its own child process as a worker would."""

from __future__ import annotations

from typing import ClassVar

import pytest

from mutoscope.testing import EngineContract


class TestTestcardVideo(EngineContract):
    """The test card, as a clip."""

    engine = "testcard"
    parameters: ClassVar = {"width_px": 64, "height_px": 36, "num_frames": 3, "prompt": "a cat"}
    settings: ClassVar = {"kind": "video"}
    pictures = ("image",)


class TestTestcardImages(EngineContract):
    """The test card, as pictures with a picture in them."""

    engine = "testcard"
    parameters: ClassVar = {"width_px": 64, "height_px": 36, "num_images": 2}
    settings: ClassVar = {"kind": "image"}
    pictures = ("image",)


@pytest.mark.render
@pytest.mark.slow
class TestParallax(EngineContract):
    """The renderer."""

    engine = "parallax"
    parameters: ClassVar = {"num_frames": 2, "prompt": "zoom in"}
    pictures = ("image",)
