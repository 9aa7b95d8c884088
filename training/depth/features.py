"""Scenes and photographs, and what the frozen backbone sees in them, kept on disk in batches, made one after the other.

A shard that is there is not made again, so an interrupted run goes on where it stopped. Tokens are worked out by
torch in bfloat16 (four times as fast as float32 where the processor can; the head does not notice: the runtime's
float32 tokens differ by less than the dropout it is trained with). Read next: `train.py`.
"""

from __future__ import annotations

import functools
import logging
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 -- torch's own name for it

from mutoscope.engines.parallax.depth.backbone import PATCH_PX, normalise, open_session, read_source
from mutoscope.engines.parallax.depth.model import head_inputs
from mutoscope.engines.parallax.depth.onnxfile import read_weights
from training.depth import families
from training.depth import photographs as judged
from training.depth.network import CLASS_COUNT

SHARD = families.RUN
TEACHER = Path(__file__).parents[2] / "src/mutoscope/engines/parallax/weights/classes.onnx"
"""The head of parallax 0.5: nobody said what is sky, a person or flat in the photographs, so that is kept."""

_LAYERS, _HEADS, _WIDTH, _GRID = 12, 6, 384, 37
_NEAREST = 4.0
"""Disparity is cut here: 0.25 m."""

log = logging.getLogger("training.depth")


@dataclass(frozen=True, slots=True)
class Shard:
    """Ten scenes of one shape, each of another family.

    tokens    (10, rows * columns, 1536) float16.
    colours   (10, 3, 4 rows, 4 columns) float16, where (1, 2, rows, columns).
    target    (10, 4 rows, 4 columns) float16: square root of disparity in 1 / m.
    classes   the same, uint8.
    is_flat   (10,) bool.
    """

    tokens: NDArray[np.float16]
    where: NDArray[np.float32]
    colours: NDArray[np.float16]
    target: NDArray[np.float16]
    classes: NDArray[np.uint8]
    is_flat: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Looks:
    """A batch of looks at photographs, all of one shape.

    tokens    (batch, rows * columns, 1536) float16.
    colours   (batch, 3, 4 rows, 4 columns) float16, where (1, 2, rows, columns).
    classes   (batch, CLASS_COUNT, 4 rows, 4 columns) float16: probabilities, as the teacher sees it.
    trust     (batch, 4 rows, 4 columns) float16: the same.
    points    (batch, most, 3) float32: x and y in -1 … 1 as `grid_sample` takes them, square root of 1 / m; nan where
              a picture has fewer points than another.
    """

    tokens: NDArray[np.float16]
    where: NDArray[np.float32]
    colours: NDArray[np.float16]
    classes: NDArray[np.float16]
    trust: NDArray[np.float16]
    points: NDArray[np.float32]


def shard_path(folder: Path, seed: int, number: int) -> Path:
    """Where a shard is kept."""
    return folder / f"seed-{seed}" / f"{number:05d}.npz"


def load(path: Path) -> Shard:
    """Read a shard."""
    with np.load(path) as file:
        return Shard(**{name: file[name] for name in file.files})


def make(folder: Path, seed: int, num_shards: int, source: Path | None, processes: int = 1) -> list[Path]:
    """All shards' paths; those that are missing are made, by several processes side by side if wanted."""
    share = functools.partial(_make_share, folder, seed, num_shards, source, processes)
    if processes == 1:
        share(0)
    else:
        with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
            list(pool.map(share, range(processes)))
    return [shard_path(folder, seed, number) for number in range(num_shards)]


def _make_share(folder: Path, seed: int, num_shards: int, source: Path | None, processes: int, process: int) -> None:
    """Every so many-th shard, so that all processes draw the early ones first."""
    if processes > 1:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
        torch.set_num_threads(1)
        cv2.setNumThreads(1)
    backbone: Backbone | None = None
    for number in range(process, num_shards, processes):
        path = shard_path(folder, seed, number)
        if path.exists():
            continue
        backbone = backbone or Backbone(read_source(source))
        path.parent.mkdir(parents=True, exist_ok=True)
        _make_one(path, seed, number, backbone)
        log.info("shard %d of %d", number + 1, num_shards)


def make_looks(folder: Path, photographs: Path, seed: int, source: Path | None) -> list[Path]:
    """Paths of all batches of looks at the photographs in a folder; a batch that is there is not made again."""
    pictures = [picture for picture in judged.listed() if not picture.judge]
    batches = judged.plan(pictures, seed)
    paths = [folder / f"seed-{seed}-photographs" / f"{number:05d}.npz" for number in range(len(batches))]
    teacher = open_session(TEACHER.read_bytes())
    read = functools.cache(lambda k: pictures[k].read(photographs))
    backbone: Backbone | None = None
    for number, (path, (shape, chosen)) in enumerate(zip(paths, batches, strict=True)):
        if path.exists():
            continue
        backbone = backbone or Backbone(read_source(source))
        path.parent.mkdir(parents=True, exist_ok=True)
        looks = [judged.look(read(k), pictures[k].points, shape, [seed, k, n]) for k, n in chosen]
        seen = _seen([rgb for rgb, _ in looks], backbone)
        _write(path, seen | _taught(teacher, seen) | {"points": _padded([points for _, points in looks])})
        log.info("looks at photographs: %d of %d", number + 1, len(batches))
    return paths


def load_looks(path: Path) -> Looks:
    """Read a batch of looks."""
    with np.load(path) as file:
        return Looks(**{name: file[name] for name in file.files})


def _taught(teacher: onnxruntime.InferenceSession, seen: dict[str, NDArray[Any]]) -> dict[str, NDArray[np.float16]]:
    where = seen["where"].repeat(len(seen["tokens"]), 0)
    given = {"tokens": np.float32(seen["tokens"]), "where": where, "colours": np.float32(seen["colours"])}
    (answer,) = teacher.run(None, given)
    logits = answer[:, 1 : 1 + CLASS_COUNT]
    odds = np.exp(logits - logits.max(1, keepdims=True))
    return {
        "classes": np.asarray(odds / odds.sum(1, keepdims=True), np.float16),
        "trust": np.asarray(1 / (1 + np.exp(-answer[:, -1])), np.float16),
    }


def _padded(points: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    padded = np.full((len(points), max(map(len, points)), 3), np.nan, np.float32)
    for row, seen in zip(padded, points, strict=True):
        row[: len(seen)] = seen
    return padded


def _make_one(path: Path, seed: int, number: int, backbone: Backbone) -> None:
    scenes = [families.scene(SHARD * number + k, seed) for k in range(SHARD)]
    seen = _seen([scene.rgb for scene in scenes], backbone)
    cells = (seen["colours"].shape[3], seen["colours"].shape[2])
    near = [np.sqrt(np.clip(scene.disparity, 0, _NEAREST)) for scene in scenes]
    shard = seen | {
        # A cell holds what its middle shows: a mean over an edge would be a distance where nothing is.
        "target": np.stack([cv2.resize(n, cells, interpolation=cv2.INTER_NEAREST_EXACT) for n in near]).astype(
            np.float16
        ),
        "classes": np.stack([cv2.resize(s.classes, cells, interpolation=cv2.INTER_NEAREST_EXACT) for s in scenes]),
        "is_flat": np.array([scene.is_flat for scene in scenes]),
    }
    _write(path, shard)


def _seen(pictures: list[NDArray[np.uint8]], backbone: Backbone) -> dict[str, NDArray[Any]]:
    """What the head takes, of pictures of one shape."""
    batch = np.concatenate([normalise(picture) for picture in pictures])
    tokens = backbone(torch.from_numpy(batch)).numpy()
    inputs = head_inputs(tokens, batch)
    return {
        "tokens": tokens.astype(np.float16),
        "where": inputs["where"][:1],
        "colours": inputs["colours"].astype(np.float16),
    }


def _write(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    unfinished = path.with_suffix(".tmp")
    with unfinished.open("wb") as file:
        np.savez(file, **arrays)
    unfinished.replace(path)


class Backbone:
    """The same network as `mutoscope…depth.backbone`, in torch, for batches."""

    def __init__(self, source: bytes) -> None:
        weights = {name: torch.from_numpy(array.copy()) for name, array in read_weights(source).items()}
        self._low = {name: value.bfloat16() for name, value in weights.items()}
        self._exact = weights
        self._matrices = [value.T.contiguous() for name, value in self._low.items() if name.startswith("onnx::MatMul_")]

    @torch.inference_mode()
    def __call__(self, pictures: Tensor) -> Tensor:
        """Tokens (batch, rows * columns, 1536) float32 of normalised pictures."""
        rows, columns = pictures.shape[2] // PATCH_PX, pictures.shape[3] // PATCH_PX
        stem = "backbone.embeddings.patch_embeddings.projection"
        kernel, bias = self._exact[f"{stem}.weight"], self._exact[f"{stem}.bias"]
        patches = F.conv2d(pictures, kernel, bias, stride=PATCH_PX).flatten(2).transpose(1, 2)
        table = self._exact["onnx::Reshape_1962"].reshape(1, _GRID, _GRID, _WIDTH).permute(0, 3, 1, 2)
        places = F.interpolate(table, (rows, columns), mode="bicubic").flatten(2).transpose(1, 2)
        first = self._exact["backbone.embeddings.cls_token"] + self._exact["onnx::Concat_1957"]
        x = torch.cat([first.expand(len(pictures), -1, -1), patches + places], 1)
        read = []
        for layer in range(_LAYERS):
            x = self._layer(x, layer)
            if layer in (2, 5, 8, 11):
                read.append(self._norm(x, "backbone.layernorm")[:, 1:])
        return torch.cat(read, 2)

    def _layer(self, x: Tensor, layer: int) -> Tensor:
        stem = f"backbone.encoder.layer.{layer}"
        key, value, query, output, fc1, fc2 = self._matrices[6 * layer : 6 * layer + 6]
        normed = self._norm(x, f"{stem}.norm1").bfloat16()
        inner = f"{stem}.attention.attention"
        q, k, v = (
            self._heads(F.linear(normed, matrix, self._low[f"{inner}.{name}.bias"]))
            for name, matrix in (("query", query), ("key", key), ("value", value))
        )
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        mixed = F.linear(mixed, output, self._low[f"{stem}.attention.output.dense.bias"])
        x = x + mixed.float() * self._exact[f"{stem}.layer_scale1.lambda1"]
        hidden = F.linear(self._norm(x, f"{stem}.norm2").bfloat16(), fc1, self._low[f"{stem}.mlp.fc1.bias"])
        hidden = F.linear(F.gelu(hidden), fc2, self._low[f"{stem}.mlp.fc2.bias"])
        return x + hidden.float() * self._exact[f"{stem}.layer_scale2.lambda1"]

    def _heads(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (_HEADS, _WIDTH // _HEADS)).transpose(1, 2)

    def _norm(self, x: Tensor, stem: str) -> Tensor:
        return F.layer_norm(x, (_WIDTH,), self._exact[f"{stem}.weight"], self._exact[f"{stem}.bias"], 1e-6)
