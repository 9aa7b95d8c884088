"""The head: from tokens to disparity, classes and trust, four cells to a patch side; and its way into an ONNX file.

Three quarters of a million weights. Dilated convolutions and the mean of the whole picture let a part high up know
where its object touches the ground. The picture itself comes in once more at the end, small, so that edges lie where
colours change. Read next: `train.py`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 -- torch's own name for it

from mutoscope.engines.parallax.depth.backbone import FEATURES
from mutoscope.engines.parallax.depth.onnxfile import Graph

CLASS_COUNT = 6
"""Everything else, then `mutoscope…depth.CLASSES`."""

OUTPUTS = 1 + CLASS_COUNT + 1
_WIDE, _MIDDLE, _FINE, _COLOUR, _LAST = 128, 64, 32, 16, 24
_DILATIONS = (2, 4)
_DROPPED = 0.15
"""Share of a scene's features that are hidden from the head while it learns."""


class Head(nn.Module):
    """tokens (batch, rows * columns, FEATURES), where (batch, 2, rows, columns), colours (batch, 3, 4 rows, 4 columns).

    Gives (batch, OUTPUTS, 4 rows, 4 columns): square root of disparity, class logits, trust logit.
    """

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(FEATURES, _WIDE)
        self.norm = nn.LayerNorm(_WIDE)
        self.mix = nn.Conv2d(_WIDE + 2, _WIDE, 3, padding=1)
        self.widen = nn.ModuleList(nn.Conv2d(_WIDE, _WIDE, 3, padding=d, dilation=d) for d in _DILATIONS)
        self.whole = nn.Linear(_WIDE, _WIDE)
        self.middle = nn.Conv2d(_WIDE, _MIDDLE, 3, padding=1)
        self.fine = nn.Conv2d(_MIDDLE, _FINE, 3, padding=1)
        self.colour = nn.Conv2d(3, _COLOUR, 3, padding=1)
        self.last = nn.Conv2d(_FINE + _COLOUR, _LAST, 3, padding=1)
        self.out = nn.Conv2d(_LAST, OUTPUTS, 3, padding=1)

    def forward(self, tokens: Tensor, where: Tensor, colours: Tensor) -> Tensor:
        """See the class."""
        if self.training:
            tokens = tokens * F.dropout(torch.ones(len(tokens), 1, FEATURES, dtype=tokens.dtype), _DROPPED)
        x = F.gelu(self.norm(self.project(tokens)))
        x = x.transpose(1, 2).unflatten(2, where.shape[2:])
        x = F.gelu(self.mix(torch.cat([x, where.to(x.dtype)], 1)))
        for widen in self.widen:
            x = x + F.gelu(widen(x))
        x = x + self.whole(x.mean((2, 3)))[:, :, None, None]
        x = _double(F.gelu(self.middle(x)))
        x = _double(F.gelu(self.fine(x)))
        x = torch.cat([x, F.gelu(self.colour(colours))], 1)
        x = self.out(F.gelu(self.last(x))).float()
        return torch.cat([F.softplus(x[:, :1]), x[:, 1:]], 1)


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def export(head: Head, target: Path) -> None:
    """Write the head as ONNX with float16 weights; onnxruntime computes in float32."""
    graph = Graph("mutoscope_depth_head")
    tokens = graph.input("tokens", ("batch", "patches", FEATURES))
    where = graph.input("where", ("batch", 2, "rows", "columns"))
    colours = graph.input("colours", ("batch", 3, "cell_rows", "cell_columns"))

    x = graph.node("MatMul", tokens, graph.weight(_array(head.project.weight).T))
    x = graph.node("Add", x, graph.exact(_array(head.project.bias)))
    scale, bias = graph.exact(_array(head.norm.weight)), graph.exact(_array(head.norm.bias))
    x = graph.node("LayerNormalization", x, scale, bias, axis=-1, epsilon=float(head.norm.eps))
    x = graph.node("Transpose", graph.node("Gelu", x), perm=(0, 2, 1))
    size = graph.node("Slice", graph.node("Shape", where), graph.integers(2), graph.integers(4))
    x = graph.node("Reshape", x, graph.node("Concat", graph.integers(0, _WIDE), size, axis=0))

    x = graph.node("Gelu", _conv(graph, head.mix, graph.node("Concat", x, where, axis=1)))
    for widen in head.widen:
        assert isinstance(widen, nn.Conv2d)
        x = graph.node("Add", x, graph.node("Gelu", _conv(graph, widen, x)))
    mean = graph.node("ReduceMean", x, graph.integers(2, 3), keepdims=0)
    whole = graph.node("MatMul", mean, graph.weight(_array(head.whole.weight).T))
    whole = graph.node("Add", whole, graph.exact(_array(head.whole.bias)))
    x = graph.node("Add", x, graph.node("Unsqueeze", whole, graph.integers(2, 3)))
    for layer in (head.middle, head.fine):
        x = graph.node("Gelu", _conv(graph, layer, x))
        x = graph.node("Resize", x, "", graph.exact(np.float32([1, 1, 2, 2])), mode="linear")
    x = graph.node("Concat", x, graph.node("Gelu", _conv(graph, head.colour, colours)), axis=1)
    x = _conv(graph, head.out, graph.node("Gelu", _conv(graph, head.last, x)))
    first = graph.node("Slice", x, graph.integers(0), graph.integers(1), graph.integers(1))
    rest = graph.node("Slice", x, graph.integers(1), graph.integers(OUTPUTS), graph.integers(1))
    graph.node("Concat", graph.node("Softplus", first), rest, axis=1, name="answer")
    graph.output("answer", ("batch", OUTPUTS, "cell_rows", "cell_columns"))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(graph.to_bytes())


def _conv(graph: Graph, layer: nn.Conv2d, x: str) -> str:
    assert layer.bias is not None
    margin, spread = int(layer.padding[0]), int(layer.dilation[0])
    kernel, bias = graph.weight(_array(layer.weight)), graph.exact(_array(layer.bias))
    return graph.node("Conv", x, kernel, bias, kernel_shape=(3, 3), pads=(margin,) * 4, dilations=(spread,) * 2)


def _array(weight: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return weight.detach().float().cpu().numpy()
