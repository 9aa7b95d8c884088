"""Geometry: where every sixteenth pixel of a frame lies in each layer, and what a field says there.

Between these nodes `kernels.composite` goes in straight lines, which a smooth disparity allows. Nothing here reads a
colour. Read next: `kernels.py`.
"""

from __future__ import annotations

from typing import Any

from mutoscope.engines.parallax.compiling import compiled


@compiled
def _sampled(field: Any, x: float, y: float) -> float:
    """Bilinear; the edge value goes on beyond the edge."""
    x = min(max(x, 0.0), field.shape[1] - 1.001)
    y = min(max(y, 0.0), field.shape[0] - 1.001)
    i, j = int(x), int(y)
    fx, fy = x - i, y - j
    top = field[j, i] * (1 - fx) + field[j, i + 1] * fx
    bottom = field[j + 1, i] * (1 - fx) + field[j + 1, i + 1] * fx
    return float(top * (1 - fy) + bottom * fy)


@compiled
def trace(  # noqa: PLR0917 -- as above
    disparity: Any, every: float, size: Any, output: Any, turn: Any, travel: Any, step: Any, flow: Any, grid: Any
) -> None:
    """Where each node of a grid over the output lies in each layer.

    disparity   (layers, …) float32, sampled at pixels (every * i, every * j) of the layer.
    size        width and height of the layers; output the same of the video, in pixels.
    turn        3 x 3 from a point of the view (widths from the centre) to one of the picture: roll, zoom, pan, tilt.
    travel      x, y, z of the camera.
    step        pixels of the output between nodes across and down.
    flow        (2, …) further shift in source pixels, sampled every 16 source pixels; or empty.
    grid        (layers, rows, columns, 2) float32, written.

    A point seen at q in the view stands at s = q (1 - z d) + (x, y) d, where d is the disparity at s:
    solved by repetition, which converges because the disparity of one layer is smooth.
    """
    layers, rows, columns, _ = grid.shape
    width, height = size
    middle_x, middle_y = (width - 1) * 0.5, (height - 1) * 0.5
    for row in range(layers * rows):
        k, j = row // rows, row % rows
        v = (j * step[1] - (output[1] - 1) * 0.5) / output[0]
        field = disparity[k]
        before = -1.0
        for i in range(columns):
            u = (i * step[0] - (output[0] - 1) * 0.5) / output[0]
            w = turn[2, 0] * u + turn[2, 1] * v + turn[2, 2]
            qx = (turn[0, 0] * u + turn[0, 1] * v + turn[0, 2]) / w
            qy = (turn[1, 0] * u + turn[1, 1] * v + turn[1, 2]) / w
            sx, sy = qx, qy
            if i:  # the neighbour's disparity is a good first guess
                sx, sy = (
                    qx * (1.0 - travel[2] * before) + travel[0] * before,
                    qy * (1.0 - travel[2] * before) + travel[1] * before,
                )
            for _ in range(6):
                d = _sampled(field, (sx * width + middle_x) / every, (sy * width + middle_y) / every)
                if abs(d - before) < 2e-5:
                    break
                before = d
                near = 1.0 - travel[2] * d
                sx = qx * near + travel[0] * d
                sy = qy * near + travel[1] * d
            px, py = sx * width + middle_x, sy * width + middle_y
            if flow.shape[0]:
                dx = _sampled(flow[0], px / 16.0, py / 16.0)
                dy = _sampled(flow[1], px / 16.0, py / 16.0)
                px, py = px + dx, py + dy
            grid[k, j, i, 0] = px
            grid[k, j, i, 1] = py


@compiled
def sample_grid(field: Any, every: float, grid: Any, out: Any) -> None:
    """out[k, j, i, c] = field[c] where grid[k, j, i] looks; field is sampled every so many source pixels."""
    layers, rows, columns, _ = grid.shape
    for row in range(layers * rows):
        k, j = row // rows, row % rows
        for i in range(columns):
            for c in range(field.shape[0]):
                out[k, j, i, c] = _sampled(field[c], grid[k, j, i, 0] / every, grid[k, j, i, 1] / every)
