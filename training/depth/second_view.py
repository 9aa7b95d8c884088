"""What comes into sight behind things when the camera moves: the engine's answer against the truth.

    python -m training.depth.second_view --scenes 60

A drawn scene is seen from two places. The engine gets the first picture and makes the second; the generator draws
it. Compared by PSNR over what the second place sees and the first does not, and over the whole picture; with true
and with understood disparity; against the naive way, one sheet of rubber with the true disparity. Read next:
DATA_CARD.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.depth import DepthModel
from mutoscope.engines.parallax.layers import build_scene
from mutoscope.engines.parallax.pose import Pose
from mutoscope.engines.parallax.render import Renderer, planes_to_rgb
from mutoscope.engines.parallax.shots import Plan, Shot
from training.depth import families
from training.depth.world import Scene

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]

SEED = 2
SIZE_PX = (640, 480)

TRAVEL = 0.04
"""How far the nearest thing moves against the farthest, as a share of the width: a strong move of the planner's."""

_HIDDEN = 0.04
"""Share of the disparity's range by which something must be nearer to hide what lies behind it."""

_LEAST_SHARE = 0.002
"""Scenes with less of the picture uncovered say nothing."""

_NEAREST_PERCENTILE = 99.5
_FEWEST_SHADES = 12
"""Standard deviation of the grey levels below which a scene is too dark or too empty to compare."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two views of one scene. shift_px: how far disparity 1 / m moves; uncovered, comparable: masks of the second."""

    first: Scene
    second: Scene
    shift_px: float
    uncovered: Mask
    comparable: Mask


@dataclass(frozen=True, slots=True)
class _Known:
    """What `build_scene` asks for."""

    disparity: Plane
    classes: Mapping[str, Plane] = field(default_factory=dict)
    saliency: Plane = field(default_factory=lambda: np.ones((8, 8), np.float32))
    confidence: float = 1.0


def main() -> None:
    """Compare and print the metrics."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=60)
    parser.add_argument("--head", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--true-depth-only", action="store_true", help="without the depth model")
    given = parser.parse_args()
    model = None if given.true_depth_only else DepthModel.load(given.weights, head=given.head)
    sys.stdout.write(json.dumps(compare(given.scenes, model), indent=2) + "\n")


def compare(scenes: int, model: DepthModel | None = None) -> dict[str, float]:
    """Mean PSNR in dB over the scenes of families never trained on in which enough is uncovered.

    model   when given, also with the disparity it understands, brought to the true scale and shift.
    """
    found: dict[str, list[float]] = {}
    for number in range(scenes):
        pair = pair_of(number)
        if pair is None:
            continue
        made = {"engine_true_depth": render(pair, pair.first.disparity), "rubber_sheet": rubber_sheet(pair)}
        if model is not None:
            understood = aligned(model.understand(pair.first.rgb).disparity, pair.first.disparity)
            made["engine_own_depth"] = render(pair, understood)
        for name, picture in made.items():
            found.setdefault(f"{name}_uncovered_db", []).append(psnr(picture, pair.second.rgb, pair.uncovered))
            found.setdefault(f"{name}_whole_db", []).append(psnr(picture, pair.second.rgb, pair.comparable))
        found.setdefault("uncovered_share", []).append(float(pair.uncovered.mean()))
    means = {name: round(float(np.mean(values)), 4) for name, values in found.items()}
    return {"scenes": len(found.get("uncovered_share", ())), **means}


def pair_of(number: int, size_px: tuple[int, int] = SIZE_PX) -> Pair | None:
    """Two views of a scene of a family never trained on; None where next to nothing is uncovered or to be seen."""
    world = families.world(number, SEED, held_out=True)
    assert world is not None, "every family held out has a world"
    world.roll = 0.0
    width, height = size_px
    first = world.view(width, height, 0.0, "first")
    if cv2.cvtColor(first.rgb, cv2.COLOR_RGB2GRAY).std() < _FEWEST_SHADES:
        return None
    span = float(np.percentile(first.disparity, _NEAREST_PERCENTILE))
    shift_px = TRAVEL * width / span
    second = world.view(width, height, shift_px / world.focal_px(width, height), "second")
    across = np.arange(width, dtype=np.float32)[None, :] + shift_px * second.disparity
    down = np.repeat(np.arange(height, dtype=np.float32)[:, None], width, 1)
    inside = across < width - 1
    # What the first view shows there, taken as far as any neighbour: an edge half a pixel off uncovers nothing.
    before = cv2.remap(
        cv2.erode(first.disparity, np.ones((3, 3), np.uint8)),
        across,
        down,
        cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_REPLICATE,
    )
    uncovered = inside & (before > second.disparity + _HIDDEN * span)
    if uncovered.mean() < _LEAST_SHARE:
        return None
    return Pair(first, second, shift_px, uncovered, inside)


def render(pair: Pair, disparity: Plane) -> Pixels:
    """The second view as the engine makes it from the first picture and a disparity in 1 / m."""
    height, width = disparity.shape
    span = max(float(np.percentile(disparity, _NEAREST_PERCENTILE)), 1e-6)
    share = pair.shift_px * span / width
    seen = _Known(np.clip(disparity / np.float32(span), 0, 1))
    scene = build_scene(pair.first.rgb, seen, reach=share, progress=lambda done: None)
    plan = Plan((Shot(0.0, 1.0, (), ()),))
    renderer = Renderer(scene, (Pose(x=share),), plan, output=(width, height), fps=24.0, seed=1)
    return planes_to_rgb(renderer.frame(0))


def rubber_sheet(pair: Pair) -> Pixels:
    """The naive way: the picture warped by its true disparity, in one piece, edges drawn out like rubber."""
    height, width = pair.first.disparity.shape
    down, across = np.mgrid[:height, :width].astype(np.float32)
    where = across
    for _ in range(6):
        there = cv2.remap(pair.first.disparity, where, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        where = across + np.float32(pair.shift_px) * there
    return np.asarray(
        cv2.remap(pair.first.rgb, where, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def aligned(found: Plane, truth: Plane) -> Plane:
    """A relative disparity at the true scale and shift, which no single picture tells."""
    scale, shift = np.polyfit(found.ravel()[::7], truth.ravel()[::7], 1)
    return np.clip(found * np.float32(scale) + np.float32(shift), 0, None).astype(np.float32)


def psnr(first: Pixels, second: Pixels, where: Mask) -> float:
    """Likeness in dB over some pixels."""
    error = (first[where].astype(np.float64) - second[where].astype(np.float64)) ** 2
    return 10 * float(np.log10(255**2 / max(float(error.mean()), 1e-9)))


if __name__ == "__main__":
    main()
