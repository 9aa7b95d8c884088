"""How good a head is, through the same code that runs in production, on scenes of families it never saw.

    python -m training.depth.evaluate --scenes 102

Rank correlation with the true disparity, against a prior that knows only "lower is nearer"; boundary F-score before
and after refinement; classes by intersection over union; a real stereo pair; what a move uncovers. It reports what it
finds, also when that is below the aim. Read next: DATA_CARD.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.depth import CLASSES, DepthModel
from mutoscope.engines.parallax.depth.model import stretch
from training.depth import families, photographs, second_view
from training.depth.world import Scene

Array = NDArray[np.floating[Any]]
Plane = NDArray[np.float32]

SEED = 2
SIZE_PX = (616, 462)

_STEPS = (0.05, 0.1, 0.15, 0.2)
"""Steps of square-root disparity, as shares of its range, that count as boundaries."""

_TOLERANCE_PX = 3
_PAIRS = 30


def main() -> None:
    """Evaluate the head in the repository and print the metrics."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=102)
    parser.add_argument("--head", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--only-held-out", action="store_true", help="leave out known families and the stereo pair")
    parser.add_argument("--photographs", type=Path, help="folder that `training.depth.photographs` filled")
    given = parser.parse_args()
    model = DepthModel.load(given.weights, head=given.head)
    folder = given.photographs
    metrics = held_out(model, given.scenes) if given.only_held_out else evaluate(model, given.scenes, folder)
    sys.stdout.write(json.dumps(metrics, indent=2) + "\n")


def evaluate(model: DepthModel, scenes: int = 102, folder: Path | None = None) -> dict[str, Any]:
    """All metrics of a head, by name.

    folder   with the photographs; without it they are not looked at.
    """
    known = (families.scene(number, SEED, size_px=SIZE_PX) for number in range(2 * len(families.TRAINING)))
    return {
        **({} if folder is None else {"photographs_kept_out": kept_out(model, folder)}),
        "held_out_families": held_out(model, scenes),
        "known_families_new_scenes": _many(model, known),
        "stereo_motorcycle": motorcycle(model),
        **({} if folder is None else {"stereo_aloe": aloe(model, folder)}),
        "second_view": second_view.compare(_PAIRS, model),
    }


def held_out(model: DepthModel, scenes: int) -> dict[str, Any]:
    """Metrics on scenes of the families never trained on."""
    return _many(model, (families.scene(number, SEED, held_out=True, size_px=SIZE_PX) for number in range(scenes)))


def _many(model: DepthModel, scenes: Iterable[Scene]) -> dict[str, Any]:
    ranks: dict[str, list[float]] = defaultdict(list)
    scores: dict[str, list[float]] = defaultdict(list)
    overlap, union = np.zeros(len(CLASSES)), np.zeros(len(CLASSES))
    for scene in scenes:
        coarse = model.coarse(scene.rgb)
        seen = model.refine(coarse, scene.rgb)
        scores["confidence_flat" if scene.is_flat else "confidence"].append(seen.confidence)
        labels = _labels(seen.classes)
        for k in range(len(CLASSES)):
            overlap[k] += ((labels == k + 1) & (scene.classes == k + 1)).sum()
            union[k] += ((labels == k + 1) | (scene.classes == k + 1)).sum()
        if scene.is_flat:
            continue
        truth = scene.disparity
        ranks[scene.family].append(rank_correlation(seen.disparity, truth))
        scores["prior"].append(rank_correlation(_prior(truth), truth))
        before, after = boundary_scores(coarse.disparity, seen.disparity, scene)
        scores["before"].append(before)
        scores["after"].append(after)
    every = [value for values in ranks.values() for value in values]
    return {
        "scenes": len(scores["confidence"]) + len(scores["confidence_flat"]),
        "rank_correlation_mean": _rounded(every),
        "rank_correlation_median": round(float(np.median(every)), 4),
        "rank_correlation_share_above_0.85": round(float(np.mean(np.array(every) >= 0.85)), 3),
        "rank_correlation_by_family": {name: _rounded(values) for name, values in ranks.items()},
        "rank_correlation_of_prior": _rounded(scores["prior"]),
        "boundary_f_before_refinement": _rounded(scores["before"]),
        "boundary_f_after_refinement": _rounded(scores["after"]),
        "class_iou": {
            name: round(float(o / u), 3) for name, o, u in zip(CLASSES, overlap, union, strict=True) if u > 0
        },
        "confidence_mean": _rounded(scores["confidence"]),
        "confidence_mean_flat_art": _rounded(scores["confidence_flat"]) if scores["confidence_flat"] else None,
    }


def motorcycle(model: DepthModel) -> dict[str, float]:
    """Correlation with the measured disparity of the Middlebury 2014 motorcycle; scikit-image ships the pair."""
    from skimage import data  # noqa: PLC0415 -- only this reads a photograph

    left, _, disparity = data.stereo_motorcycle()
    return _stereo(model, np.ascontiguousarray(left), disparity)


def aloe(model: DepthModel, folder: Path) -> dict[str, float]:
    """Correlation with the measured disparity of the Middlebury 2006 aloe; Debian's `opencv-doc` ships the pair.

    folder   the one with the photographs, which that package is among.
    """
    pair = photographs.place(folder, "deb:opencv-doc") / "usr/share/doc/opencv-doc/examples/data"
    left = cv2.imread(str(pair / "aloeL.jpg"), cv2.IMREAD_COLOR_RGB)
    disparity = cv2.imread(str(pair / "aloeGT.png"), cv2.IMREAD_GRAYSCALE)
    if left is None or disparity is None:
        raise SystemExit(f"{pair} lacks aloeL.jpg or aloeGT.png")
    return _stereo(model, np.asarray(left, np.uint8), np.asarray(disparity, np.float32))


def _stereo(model: DepthModel, left: NDArray[np.uint8], disparity: Array) -> dict[str, float]:
    """Where the disparity is 0 or not finite it was not measured."""
    known = np.isfinite(disparity) & (disparity > 0)
    found = model.understand(left).disparity
    prior = _prior(found)
    return {
        "rank_correlation": round(rank_correlation(found[known], disparity[known]), 4),
        "pearson_correlation": round(float(np.corrcoef(found[known], disparity[known])[0, 1]), 4),
        "rank_correlation_of_prior": round(rank_correlation(prior[known], disparity[known]), 4),
    }


def kept_out(model: DepthModel, folder: Path) -> dict[str, float]:
    """Rank correlation with what was judged by eye, at the points of the photographs that are not trained on."""
    found, prior = [], []
    pictures = [picture for picture in photographs.listed() if picture.judge]
    for picture in pictures:
        seen = model.understand(picture.read(folder)).disparity
        x, y, metres = picture.points.T
        columns, rows = ((share * side).astype(np.intp) for share, side in zip((x, y), seen.shape[::-1], strict=True))
        near = 1 / np.where(metres >= photographs.FARTHEST_M, np.inf, metres)
        found.append(correlated_ranks(seen[rows, columns], near))
        prior.append(correlated_ranks(y, near))
    return {
        "photographs": len(pictures),
        "points": sum(len(picture.points) for picture in pictures),
        "rank_correlation_mean": _rounded(found),
        "rank_correlation_median": round(float(np.median(found)), 4),
        "rank_correlation_of_prior": _rounded(prior),
    }


def rank_correlation(a: Array, b: Array) -> float:
    """Spearman's, of two planes; every third pixel is enough."""
    return correlated_ranks(a.ravel()[::3], b.ravel()[::3])


def correlated_ranks(a: Array, b: Array) -> float:
    """Spearman's; equal values share their mean rank."""
    return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])


def _ranks(values: Array) -> Array:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[place])


def boundary_scores(coarse: Plane, refined: Plane, scene: Scene) -> tuple[float, float]:
    """F-scores of depth steps, before and after refinement, means over the step sizes."""
    size = (scene.rgb.shape[1], scene.rgb.shape[0])
    plain = np.asarray(cv2.resize(stretch(coarse), size, interpolation=cv2.INTER_CUBIC), np.float32)
    truth = stretch(np.sqrt(scene.disparity))
    aligned = (
        stretch(_aligned(plain, scene.disparity)),
        stretch(_aligned(refined, scene.disparity)),
    )
    before, after = (float(np.mean([_f_score(_steps(a, s), _steps(truth, s)) for s in _STEPS])) for a in aligned)
    return before, after


def _aligned(found: Plane, truth: Plane) -> Plane:
    """Square root of disparity after the best scale and shift, for neither is known of a relative map."""
    scale, shift = np.polyfit(found.ravel()[::7], truth.ravel()[::7], 1)
    return np.sqrt(np.clip(found * scale + shift, 0, None)).astype(np.float32)


def _steps(plane: Plane, step: float) -> NDArray[np.uint8]:
    """Pixels across which the plane changes by more than `step` within two pixels."""
    down, across = np.zeros_like(plane), np.zeros_like(plane)
    down[1:-1] = np.abs(plane[2:] - plane[:-2])
    across[:, 1:-1] = np.abs(plane[:, 2:] - plane[:, :-2])
    return (np.maximum(down, across) > step).astype(np.uint8)


def _f_score(found: NDArray[np.uint8], truth: NDArray[np.uint8]) -> float:
    if not found.any() or not truth.any():
        return float(found.any() == truth.any())
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _TOLERANCE_PX + 1, 2 * _TOLERANCE_PX + 1))
    precision = float((found & cv2.dilate(truth, around)).sum() / found.sum())
    recall = float((truth & cv2.dilate(found, around)).sum() / truth.sum())
    return 2 * precision * recall / max(precision + recall, 1e-9)


def _prior(like: Array) -> Array:
    return np.repeat(np.linspace(0, 1, like.shape[0])[:, None], like.shape[1], 1)


def _labels(classes: Mapping[str, Plane]) -> NDArray[np.intp]:
    planes = np.stack([classes[name] for name in CLASSES])
    return np.asarray(np.concatenate([1 - planes.sum(0, keepdims=True), planes]).argmax(0))


def _rounded(values: list[float]) -> float:
    return round(float(np.mean(values)), 4)


if __name__ == "__main__":
    main()
