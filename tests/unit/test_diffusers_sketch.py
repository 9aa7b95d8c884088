"""What is seen of a run between two steps: colours out of latents, for each way that pipelines lay these out."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make gpu")

from mutoscope.engines.diffusers import sketch  # noqa: E402 - after what it needs was found

pytestmark = pytest.mark.slow  # for torch is loaded

WIDTH_PX, HEIGHT_PX, CELL_PX, CHANNELS = 192, 96, 8, 4


class Distribution:
    def __init__(self, latents: Any) -> None:
        self.latent_dist = self
        self._latents = latents

    def mode(self) -> Any:
        return self._latents


Module: Any = torch.nn.Module


class Autoencoder(Module):  # type: ignore[misc]  # the checker does not know torch
    """Each cell's numbers are a mixture of its colours; config as those of diffusers have it."""

    def __init__(self, *, is_film: bool, config: dict[str, Any]) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(5)
        kind, side = (torch.nn.Conv3d, (1, CELL_PX, CELL_PX)) if is_film else (torch.nn.Conv2d, (CELL_PX, CELL_PX))
        self.encoder = kind(3, CHANNELS, side, stride=side)
        mixture = torch.randn(CHANNELS, 3, generator=generator) / CELL_PX**2
        with torch.no_grad():
            self.encoder.weight.copy_(mixture.reshape(CHANNELS, 3, *[1] * len(side)).expand_as(self.encoder.weight))
        self.config = config
        self.temporal_compression_ratio = 8

    def encode(self, seen: Any) -> Distribution:
        return Distribution(self.encoder(seen))


def picture() -> Any:
    """(96, 192, 3) in 0 … 1: red grows across, green falls, blue grows down."""
    x, y = np.meshgrid(np.linspace(0, 1, WIDTH_PX), np.linspace(0, 1, HEIGHT_PX))
    return np.stack([x, 1 - x, y], 2).astype(np.float32)


def packed(latents: Any, side: int) -> Any:
    """(1, cells, channels x side x side), as FLUX and LTX have them."""
    _, channels, frames, height, width = latents.shape
    parted = latents.reshape(channels, frames, height // side, side, width // side, side)
    return parted.permute(1, 2, 4, 0, 3, 5).reshape(1, -1, channels * side * side)


SCALED = {"latent_channels": CHANNELS, "scaling_factor": 0.4, "shift_factor": 0.1}
EVENED = {"z_dim": CHANNELS, "latents_mean": [0.1, -0.2, 0.3, 0.0], "latents_std": [0.5, 2.0, 1.0, 0.7]}


@pytest.mark.parametrize(
    ("config", "layout", "frames"),
    [
        pytest.param(SCALED, lambda latents: latents[:, :, 0], 0, id="as SDXL"),
        pytest.param(SCALED, lambda latents: packed(latents, 2), 0, id="as FLUX"),
        pytest.param(SCALED, lambda latents: packed(latents.repeat(1, 1, 3, 1, 1), 1), 17, id="as LTX"),
        pytest.param(EVENED, lambda latents: latents.repeat(1, 1, 3, 1, 1), 17, id="as Wan"),
        pytest.param(SCALED, lambda latents: latents.repeat(1, 1, 3, 1, 1).movedim(1, 2), 17, id="as CogVideoX"),
        pytest.param(EVENED, lambda latents: latents.repeat(1, 1, 3, 1, 1).movedim(1, 4), 17, id="as Kandinsky"),
    ],
)
def test_a_sketch_has_the_colours_and_the_places_of_what_is_made(
    config: dict[str, Any], layout: Any, frames: int
) -> None:
    """The picture that was encoded is known again, however its latents are scaled and laid out."""
    vae = Autoencoder(is_film=bool(frames), config=config)
    seen = torch.from_numpy(picture()).permute(2, 0, 1)[None] * 2 - 1
    with torch.inference_mode():
        latents = vae.encode(seen[:, :, None] if frames else seen).mode()
    latents = latents if frames else latents[:, :, None]
    if "latents_mean" in config:
        mean, std = (torch.tensor(config[f"latents_{name}"]).reshape(1, -1, 1, 1, 1) for name in ("mean", "std"))
        latents = (latents - mean) / std
    else:
        latents = (latents - config["shift_factor"]) * config["scaling_factor"]
    told = {"width_px": WIDTH_PX, "height_px": HEIGHT_PX, "num_frames": frames or 1}
    frame = sketch.Sketcher(vae).of(layout(latents), **told)
    assert frame is not None and frame.shape == (192, 384, 3)
    small = cv2.resize(picture(), (24, 12), interpolation=cv2.INTER_AREA)
    shown = cv2.resize(frame, (24, 12), interpolation=cv2.INTER_AREA) / 255
    assert np.abs(shown - small).mean() < 0.02


def test_what_is_laid_out_in_another_way_is_not_shown() -> None:
    told = {"width_px": WIDTH_PX, "height_px": HEIGHT_PX, "num_frames": 1}
    sketcher = sketch.Sketcher(Autoencoder(is_film=False, config=SCALED))
    for shape in ((1, 77, 4), (1, 9, 12, 24), (1, 6, 1, 12, 24), (1, 288, 7)):
        assert sketcher.of(torch.zeros(shape), **told) is None
