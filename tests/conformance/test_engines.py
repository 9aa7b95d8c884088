"""What every engine promises, asked of each of ours in its own child process as a worker would."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pytest

from mutoscope.testing import EngineContract
from tests import comfy
from tests.workflows import FILM, FILM_INPUTS, STILL, STILL_INPUTS


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


class Comfyui(EngineContract):
    """Workflows on a server of ComfyUI's protocol."""

    engine = "comfyui"

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def server(cls) -> Iterator[None]:
        """One for the class."""
        with comfy.running() as server:
            cls.settings = {**cls.settings, "servers": server.url}
            yield


@pytest.mark.slow
class TestComfyuiImage(Comfyui):
    """From words to a picture."""

    parameters: ClassVar = {"prompt": "a cat", "steps": 3}
    settings: ClassVar = {"workflow": STILL, "inputs": STILL_INPUTS, "seed": "3.seed", "output": "9"}


@pytest.mark.slow
class TestComfyuiVideo(Comfyui):
    """From a picture to a film; nothing of it is drawn by chance."""

    parameters: ClassVar = {"num_frames": 3}
    settings: ClassVar = {"workflow": FILM, "inputs": FILM_INPUTS, "output": "38:42"}
    pictures = ("image",)
    is_seeded = False
