"""Hair, twigs and soft edges: how much of each doubtful pixel is foreground.

A matte cut from depth is right to a few pixels only. In the strip around it every pixel is explained as a mixture of
a colour from the sure inside and one from the sure outside, both close by (sampling-based matting, after Gastal and
Oliveira 2010). The depth's own answer is left only where the colours speak clearly against it.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.compiling import compiled, in_bands

Map = NDArray[np.float32]
Picture = NDArray[np.uint8]

_ALONG = (0, 3, 7, 12)
"""Samples are taken this many pixels beyond the nearest sure pixel."""

_ASIDE = (-6, 0, 6)


def refined(colours: Picture, prior: Map, inside: Picture, doubtful: Picture, *, reach_px: int) -> Map:
    """The matte with the strip decided by colour.

    colours   uint8 (h, w, 3).
    prior     (h, w) float32, 0 … 1: the matte so far.
    inside    uint8 (h, w): 1 where depth says nearer.
    doubtful  uint8 (h, w): 1 where an edge to decide on is near.
    reach_px  how far hair may stand out from what depth found.
    """
    sure_in = cv2.erode(inside, _disc(max(1, reach_px // 3)))
    sure_out = 1 - cv2.dilate(inside, _disc(reach_px))
    inner = _nearest(np.where(doubtful > 0, sure_in, inside).astype(np.uint8))
    outer = _nearest(np.where(doubtful > 0, sure_out, 1 - inside).astype(np.uint8))
    if inner is None or outer is None:
        return prior
    todo = ((doubtful > 0) & (sure_in == 0) & (sure_out == 0)).astype(np.uint8)
    out = prior.copy()
    in_bands(_explain, len(out), colours, prior, todo, inner, outer, np.array(_ALONG), np.array(_ASIDE), out)
    return np.where(todo > 0, _quietened(out), out).astype(np.float32)


def _quietened(matte: Map) -> Map:
    """Without lone specks: what stands out from all its neighbours goes, strands and their tips stay."""
    around = cv2.blur(matte, (5, 5))
    faint = np.clip((matte - np.float32(0.1)) / np.float32(0.8), 0, 1)
    lonely = np.clip((around - np.float32(0.06)) * 12, 0, 1)
    crowded = np.clip((np.float32(0.94) - around) * 12, 0, 1)
    return np.asarray(1 - (1 - faint * lonely) * crowded, np.float32)


def _disc(radius: int) -> Any:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def _nearest(sure: Picture) -> NDArray[np.int32] | None:
    """For every pixel, y and x of the nearest sure one; None when there is none."""
    if not sure.any():
        return None
    _, labels = cv2.distanceTransformWithLabels(1 - sure, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    places = np.argwhere(sure > 0).astype(np.int32)
    table = np.zeros((int(labels.max()) + 1, 2), np.int32)
    table[labels[places[:, 0], places[:, 1]]] = places
    return np.ascontiguousarray(table[labels])


@compiled
def _spread(samples: Any) -> Any:
    """How much the samples differ among themselves: root mean square distance from their mean."""
    total = np.float32(0)
    for c in range(3):
        mean = np.float32(0)
        for n in range(samples.shape[0]):
            mean += samples[n, c]
        mean /= samples.shape[0]
        for n in range(samples.shape[0]):
            total += (samples[n, c] - mean) ** 2
    return np.float32(np.sqrt(total / samples.shape[0]))


@compiled
def _samples(colours: Any, near: Any, y: int, x: int, along: Any, aside: Any, out: Any) -> None:  # noqa: PLR0917 -- numba has no keyword-only arguments
    """Colours of sure pixels around the one nearest to (y, x): some further inside, some to both sides."""
    rows, columns, _ = colours.shape
    v, u = near[y, x, 0], near[y, x, 1]
    dy, dx = np.float32(v - y), np.float32(u - x)
    length = np.float32(max(np.sqrt(dy * dy + dx * dx), 1e-3))
    dy, dx = dy / length, dx / length
    if v == y and u == x:
        dy, dx = np.float32(0), np.float32(1)
    n = 0
    for a in range(along.size):
        for b in range(aside.size):
            q = np.int64(np.rint(v + dy * along[a] + dx * aside[b]))
            p = np.int64(np.rint(u + dx * along[a] - dy * aside[b]))
            q, p = min(max(q, np.int64(0)), rows - 1), min(max(p, np.int64(0)), columns - 1)
            q, p = near[q, p, 0], near[q, p, 1]
            for c in range(3):
                out[n, c] = colours[q, p, c]
            n += 1


@compiled
def _unlike(colour: Any, samples: Any) -> Any:
    """Squared distance of a colour from the sample that is most like it."""
    least = np.float32(1e9)
    for n in range(samples.shape[0]):
        r, g, b = colour[0] - samples[n, 0], colour[1] - samples[n, 1], colour[2] - samples[n, 2]
        least = min(least, r * r + g * g + b * b)
    return least


@compiled
def _mixture(colour: Any, fronts: Any, backs: Any, aside: int) -> tuple[Any, Any, Any]:
    """The pair of samples that explains a colour best: error, share of the front, contrast of the two."""
    best, alpha, contrast = np.float32(1e9), np.float32(0), np.float32(0)
    for n in range(fronts.shape[0]):
        for m in range(backs.shape[0]):
            r, g, k = fronts[n, 0] - backs[m, 0], fronts[n, 1] - backs[m, 1], fronts[n, 2] - backs[m, 2]
            size = r * r + g * g + k * k + np.float32(1)
            s, t, w = colour[0] - backs[m, 0], colour[1] - backs[m, 1], colour[2] - backs[m, 2]
            a = min(max((s * r + t * g + w * k) / size, np.float32(0)), np.float32(1))
            e = (s - a * r) ** 2 + (t - a * g) ** 2 + (w - a * k) ** 2
            e += np.float32(4) * ((n // aside) + (m // aside))
            if e < best:
                best, alpha, contrast = e, a, size
    return best, alpha, contrast


@compiled
def _explain(  # noqa: PLR0917 -- as above
    first: int,
    end: int,
    colours: Any,
    prior: Any,
    todo: Any,
    inner: Any,
    outer: Any,
    along: Any,
    aside: Any,
    out: Any,
) -> None:
    """Rows first to end - 1 of the matte, where there is something to do."""
    many = along.size * aside.size
    fronts, backs = np.empty((many, 3), np.float32), np.empty((many, 3), np.float32)
    for y in range(first, end):
        for x in range(prior.shape[1]):
            if todo[y, x] == 0:
                continue
            _samples(colours, inner, y, x, along, aside, fronts)
            _samples(colours, outer, y, x, along, aside, backs)
            pixel = colours[y, x]
            colour = np.float32(pixel[0]), np.float32(pixel[1]), np.float32(pixel[2])
            best, alpha, contrast = _mixture(colour, fronts, backs, aside.size)
            clear = min(max((np.sqrt(contrast) - np.float32(20)) / np.float32(40), np.float32(0)), np.float32(1))
            fit = np.float32(1) / (np.float32(1) + best / np.float32(600))
            is_more = alpha > prior[y, x]
            against = _unlike(colour, backs) if is_more else _unlike(colour, fronts)
            noise = _spread(backs) if is_more else _spread(fronts)
            spoken = (np.sqrt(against) - np.float32(8) - noise * np.float32(0.35)) / np.float32(18)
            spoken = min(max(spoken, np.float32(0)), np.float32(1))
            out[y, x] = prior[y, x] + (alpha - prior[y, x]) * clear * fit * spoken
