"""What there is to see between two steps, without decoding it: colours are nearly a linear function of latents.

Which function it is, each model's own encoder is asked once: a picture of soft blobs goes through it, and the colours
of every cell are fitted to the numbers there (least squares). A sketch is as coarse as the latents are.
"""

from __future__ import annotations

import math
from typing import Any
from weakref import WeakKeyDictionary

import cv2
import numpy as np
import numpy.typing as npt
import torch

SIDE_PX, BLOBS = 256, 12
LONG_SIDE_PX = 384
RIDGE = 1e-3
Floats = npt.NDArray[np.float32]
Frame = npt.NDArray[np.uint8]
_fitted: WeakKeyDictionary[Any, Floats] = WeakKeyDictionary()
"""Autoencoder -> (channels + 1, 3): colours 0 … 1 from a cell's numbers and 1."""


class Sketcher:
    """For the pipeline whose autoencoder this is; `of` is None where its latents are laid out in a way not known."""

    def __init__(self, vae: Any) -> None:
        self._vae = vae

    def of(self, latents: torch.Tensor, *, width_px: int, height_px: int, num_frames: int) -> Frame | None:
        """(height, width, 3): the middle of what is being made, at most 384 px wide and high.

        width_px, height_px, num_frames   what is being made, in pixels.
        """
        cells = _cells(latents[:1], self._num_channels(), width_px / height_px, self._latent_frames(num_frames))
        if cells is None or hasattr(self._vae, "bn"):
            return None
        if self._vae not in _fitted:
            _fitted[self._vae] = self._fit()
        numbers = _flat(self._plain(cells[:, cells.shape[1] // 2]))
        rgb = np.clip(numbers @ _fitted[self._vae], 0, 1).reshape(cells.shape[2], cells.shape[3], 3)
        scale = LONG_SIDE_PX / max(width_px, height_px)
        size = (max(1, round(width_px * scale)), max(1, round(height_px * scale)))
        enlarged = cv2.resize((rgb * 255 + 0.5).astype(np.uint8), size, interpolation=cv2.INTER_CUBIC)
        return np.asarray(enlarged, np.uint8)

    def _num_channels(self) -> int:
        config = self._vae.config
        return int(config.get("latent_channels") or config.get("z_dim") or 0)

    def _latent_frames(self, num_frames: int) -> int:
        name = "temporal_compression_ratio"  # set in the configuration, or worked out from it
        ratio = self._vae.config.get(name) or vars(self._vae).get(name) or 1
        return (num_frames - 1) // int(ratio) + 1

    def _plain(self, cells: torch.Tensor) -> torch.Tensor:
        """Latents (channels, height, width) as the encoder gave them, before they were brought to one variance."""
        config, cells = self._vae.config, cells.float().cpu()
        scale = float(config.get("scaling_factor") or 1.0)
        mean, std = _statistics(self._vae)
        if mean is not None and std is not None:
            return cells * std / scale + mean
        return cells / scale + float(config.get("shift_factor") or 0.0)

    def _fit(self) -> Floats:
        picture = _blobs()
        first = next(self._vae.encoder.parameters())
        is_film = next(one.ndim for one in self._vae.encoder.parameters() if one.ndim >= 4) == 5
        seen = torch.from_numpy(picture).permute(2, 0, 1)[None] * 2 - 1
        seen = seen[:, :, None] if is_film else seen
        with torch.inference_mode():
            encoded = self._vae.encode(seen.to(first.device, first.dtype))
        cells = encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded.latents
        cells = (cells[0, :, 0] if is_film else cells[0]).float().cpu()
        colours = cv2.resize(picture, (cells.shape[2], cells.shape[1]), interpolation=cv2.INTER_AREA).reshape(-1, 3)
        numbers = _flat(cells)
        even = RIDGE * len(numbers) * np.eye(numbers.shape[1], dtype=np.float32)
        return np.asarray(np.linalg.solve(numbers.T @ numbers + even, numbers.T @ colours), np.float32)


def _cells(latents: torch.Tensor, channels: int, ratio: float, num_frames: int) -> torch.Tensor | None:
    """Latents of one output as (channels, frames, height, width), however a pipeline lays them out."""
    if latents.ndim == 4 and latents.shape[1] == channels:
        return latents[0][:, None]
    if latents.ndim == 5:
        axis = next((axis for axis in (1, 2, 4) if latents.shape[axis] == channels), None)
        return None if axis is None else latents.movedim(axis, 1)[0]
    if latents.ndim == 3 and channels and latents.shape[2] in (channels, 4 * channels):
        side = 1 if latents.shape[2] == channels else 2
        each = latents.shape[1] // num_frames
        height = round(math.sqrt(each / ratio))
        width = each // max(1, height)
        if num_frames * height * width != latents.shape[1]:
            return None
        parted = latents[0].reshape(num_frames, height, width, channels, side, side)
        return parted.permute(3, 0, 1, 4, 2, 5).reshape(channels, num_frames, height * side, width * side)
    return None


def _statistics(vae: Any) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """Mean and standard deviation of each channel (channels, 1, 1), of autoencoders that keep them."""
    found = []
    for name in ("latents_mean", "latents_std"):
        values = vae.config[name] if name in vae.config else dict(vae.named_buffers()).get(name)
        found.append(None if values is None else torch.as_tensor(values).float().cpu().reshape(-1, 1, 1))
    return found[0], found[1]


def _flat(cells: torch.Tensor) -> Floats:
    """(cells, channels + 1): each cell's numbers, and 1."""
    numbers = cells.reshape(cells.shape[0], -1).T.numpy()
    return np.concatenate([numbers, np.ones((len(numbers), 1), np.float32)], 1).astype(np.float32)


def _blobs() -> Floats:
    """(256, 256, 3) in 0 … 1, soft, of all colours; the same each time."""
    coarse = np.random.default_rng(7).random((BLOBS, BLOBS, 3), np.float32)
    return np.clip(np.asarray(cv2.resize(coarse, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC)), 0, 1)
