"""The best piece of the picture for every place in a hole: PatchMatch, coarse to fine.

After Barnes et al. 2009 (the search) and Wexler et al. 2007 (the vote). The packaged one draws from a global random
state; here every random choice is a hash of where and when it is made, so one hole has one filling, whatever runs
beside it. It knows small integer pictures only; `inpaint.py` makes them and uses what is found.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mutoscope.engines.parallax.compiling import compiled

Map = NDArray[np.float32]
Picture = NDArray[np.uint8]

SOURCE, HOLE, UNUSED = 0, 1, 2
"""What a pixel is: may be copied from, is to be filled, or neither."""

RADIUS = 3
"""Patches are squares of 7 pixels: smaller ones lose the line they should continue, larger ones find nothing."""

_MOST_TRIALS = 4_000_000
"""Patches compared to fill the coarsest level; beyond that only every second, third … place is tried."""

Level = tuple[NDArray[np.int16], Picture, Picture]
"""Colours, states, and which pixels may be the centre of a patch to copy."""


def search(levels: list[Level], seed: np.uint32, near: int) -> NDArray[np.int32]:
    """For every hole pixel of the finest level the pixel to copy, int32 (h, w, 2) as y, x; -1 elsewhere.

    near  what a copy from the far end of the picture costs, as a mean squared difference of colours; an eighth of
          its longer side is free, else everything would be copied from right beside the hole, and look streaked.
    """
    found: NDArray[np.int32] | None = None
    for number in range(len(levels) - 1, -1, -1):
        colours, states, centres = levels[number]
        targets = _targets(states)
        choices = np.argwhere(centres > 0).astype(np.int32)
        grown = np.full((*states.shape, 2), -1, np.int32) if found is None else found
        key = _mixed(seed, number)
        matches = _start(targets, grown, centres, choices, found is not None, key)
        trust = _trust(states)
        pull = 64 * near // max(states.shape)
        guess = colours.copy()
        if found is None:
            some = choices[:: 1 + len(targets) * len(choices) // _MOST_TRIALS]
            _peel(guess, colours, states, _depth(states), some, matches, pull)
        else:
            _vote(guess, states, targets, matches, np.zeros(states.shape, np.int64), trust, colours)
        rounds, passes = (2, 3) if number == 0 else (3, 4)
        # The finest level starts from good matches: looking far again would take half of all the time.
        reach = max(states.shape) // (16 if number == 0 and found is not None else 2)
        for again in range(rounds):
            chance = _mixed(key, again + 1)
            errors = _improve(guess, colours, states, targets, matches, centres, chance, passes, reach, pull)
            _vote(guess, states, targets, matches, errors, trust, colours)
        found = matches
    assert found is not None
    return found


def _targets(states: Picture) -> NDArray[np.int32]:
    """Centres of the patches that overlap the hole, row by row."""
    window = np.ones((2 * RADIUS + 1, 2 * RADIUS + 1), np.uint8)
    near = cv2.dilate((states == HOLE).astype(np.uint8), window)
    return np.argwhere((near > 0) & (states != UNUSED)).astype(np.int32)


def _depth(states: Picture) -> NDArray[np.int32]:
    """For hole pixels, how many pixels deep they lie; 0 elsewhere."""
    deep = cv2.distanceTransform((states != SOURCE).astype(np.uint8), cv2.DIST_C, 3)
    return np.where(states == HOLE, np.rint(deep), 0).astype(np.int32)


def _trust(states: Picture) -> Map:
    """How much a patch counts: what lies nearer to the known is surer (Wexler's gamma to the minus distance)."""
    away = cv2.distanceTransform((states != SOURCE).astype(np.uint8), cv2.DIST_L2, 3)
    falling = np.float32(1.3) ** -np.asarray(away, np.float32)
    return np.asarray(np.maximum(falling, np.float32(1e-3)), np.float32)


def _mixed(seed: np.uint32, number: int) -> np.uint32:
    return np.uint32((int(seed) * 0x9E3779B1 + number * 0x85EBCA77 + 0x165667B1) & 0xFFFFFFFF)


@compiled
def _hash(key: Any, where: Any, trial: Any) -> Any:
    """32 well mixed bits (the finaliser of MurmurHash3) from where and when."""
    h = np.uint32(key) ^ np.uint32(where * np.int64(0x27D4EB2F) & np.int64(0xFFFFFFFF))
    h = np.uint32(h + np.uint32(trial * np.int64(0x9E3779B9) & np.int64(0xFFFFFFFF)))
    h ^= h >> np.uint32(16)
    h = np.uint32(h * np.uint32(0x85EBCA6B))
    h ^= h >> np.uint32(13)
    h = np.uint32(h * np.uint32(0xC2B2AE35))
    return np.int64(h ^ (h >> np.uint32(16)))


@compiled
def _start(targets: Any, coarse: Any, centres: Any, choices: Any, grown: Any, key: Any) -> Any:  # noqa: PLR0917
    """First matches: from the coarser level where they can be used, else drawn."""
    rows, columns = centres.shape
    matches = np.full((rows, columns, 2), -1, np.int32)
    for n in range(targets.shape[0]):
        y, x = targets[n, 0], targets[n, 1]
        v, u = np.int64(-1), np.int64(-1)
        if grown:
            cy, cx = min(y // 2, coarse.shape[0] - 1), min(x // 2, coarse.shape[1] - 1)
            if coarse[cy, cx, 0] >= 0:
                v, u = np.int64(coarse[cy, cx, 0]) * 2 + y % 2, np.int64(coarse[cy, cx, 1]) * 2 + x % 2
        if v < 0 or v >= rows or u >= columns or centres[v, u] == 0:
            drawn = _hash(key, np.int64(y) * columns + x, 0) % choices.shape[0]
            v, u = np.int64(choices[drawn, 0]), np.int64(choices[drawn, 1])
        matches[y, x, 0] = v
        matches[y, x, 1] = u
    return matches


@compiled
def _distance(  # noqa: PLR0917
    guess: Any, colours: Any, states: Any, y: Any, x: Any, v: Any, u: Any, best: Any, pull: Any
) -> Any:
    """64 times the mean squared difference of two patches, and what their distance costs; stops above the best."""
    rows, columns = states.shape
    total: Any = np.int64(0)
    count: Any = np.int64(0)
    side = 2 * RADIUS + 1
    far = max(abs(v - y) + abs(u - x) - max(rows, columns) // 8, 0) * pull
    if far > best:
        return best + 1
    limit = (best - far) * (side * side) // 64
    for j in range(-RADIUS, RADIUS + 1):
        a = y + j
        if a < 0 or a >= rows:
            continue
        for i in range(-RADIUS, RADIUS + 1):
            b = x + i
            if b < 0 or b >= columns or states[a, b] == UNUSED:
                continue
            red = np.int32(guess[a, b, 0]) - np.int32(colours[v + j, u + i, 0])
            green = np.int32(guess[a, b, 1]) - np.int32(colours[v + j, u + i, 1])
            blue = np.int32(guess[a, b, 2]) - np.int32(colours[v + j, u + i, 2])
            total += red * red + green * green + blue * blue
            count += 1
        if total > limit:
            return best + 1
    return total * 64 // max(count, 1) + far


@compiled
def _peel(guess: Any, colours: Any, states: Any, depth: Any, choices: Any, matches: Any, pull: Any) -> None:  # noqa: PLR0912, PLR0917
    """Fill the hole ring by ring, each pixel from the place that best continues what is known so far."""
    rows, columns = states.shape
    known = states.copy()
    for y in range(rows):
        for x in range(columns):
            if states[y, x] == HOLE:
                known[y, x] = UNUSED
    for ring in range(1, depth.max() + 1):
        for y in range(rows):
            for x in range(columns):
                if depth[y, x] != ring:
                    continue
                best = np.int64(1) << np.int64(40)
                for n in range(choices.shape[0]):
                    v, u = np.int64(choices[n, 0]), np.int64(choices[n, 1])
                    error = _distance(guess, colours, known, y, x, v, u, best, pull)
                    if error < best:
                        best = error
                        matches[y, x, 0] = v
                        matches[y, x, 1] = u
                for c in range(3):
                    guess[y, x, c] = colours[matches[y, x, 0], matches[y, x, 1], c]
        for y in range(rows):
            for x in range(columns):
                if depth[y, x] == ring:
                    known[y, x] = SOURCE


@compiled
def _improve(  # noqa: PLR0917
    guess: Any,
    colours: Any,
    states: Any,
    targets: Any,
    matches: Any,
    centres: Any,
    key: Any,
    passes: Any,
    reach: Any,
    pull: Any,
) -> Any:
    """Better matches: the neighbours' ones, shifted, and random ones ever closer; in place. Returns their errors."""
    rows, columns = states.shape
    errors = np.zeros((rows, columns), np.int64)
    huge = np.int64(1) << np.int64(40)
    for n in range(targets.shape[0]):
        y, x = np.int64(targets[n, 0]), np.int64(targets[n, 1])
        errors[y, x] = _distance(guess, colours, states, y, x, matches[y, x, 0], matches[y, x, 1], huge, pull)
    for turn in range(passes):
        step = 1 if turn % 2 == 0 else -1
        for m in range(targets.shape[0]):
            n = m if step == 1 else targets.shape[0] - 1 - m
            y, x = np.int64(targets[n, 0]), np.int64(targets[n, 1])
            v, u = np.int64(matches[y, x, 0]), np.int64(matches[y, x, 1])
            best = errors[y, x]
            if best == 0:
                continue
            for side in range(2):
                b, a = (y - step, x) if side == 0 else (y, x - step)
                if b < 0 or b >= rows or a < 0 or a >= columns or matches[b, a, 0] < 0:
                    continue
                q, p = np.int64(matches[b, a, 0]) + (y - b), np.int64(matches[b, a, 1]) + (x - a)
                if q < 0 or q >= rows or p < 0 or p >= columns or centres[q, p] == 0 or (q == v and p == u):
                    continue
                error = _distance(guess, colours, states, y, x, q, p, best, pull)
                if error < best:
                    best, v, u = error, q, p
            span = np.int64(reach)
            trial = np.int64(turn * 64 + 1)
            while span >= 1:
                drawn = _hash(key, y * columns + x, trial)
                q = v + (drawn & 0xFFFF) % (2 * span + 1) - span
                p = u + (drawn >> 16) % (2 * span + 1) - span
                if 0 <= q < rows and 0 <= p < columns and centres[q, p] > 0:
                    error = _distance(guess, colours, states, y, x, q, p, best, pull)
                    if error < best:
                        best, v, u = error, q, p
                span //= 2
                trial += 1
            matches[y, x, 0] = v
            matches[y, x, 1] = u
            errors[y, x] = best
    return errors


@compiled
def _vote(guess: Any, states: Any, targets: Any, matches: Any, errors: Any, trust: Any, colours: Any) -> None:  # noqa: PLR0917
    """Each hole pixel becomes the mean of what the patches over it say; near and fitting ones count most."""
    rows, columns = states.shape
    for n in range(targets.shape[0]):
        y, x = targets[n, 0], targets[n, 1]
        if states[y, x] != HOLE:
            continue
        red = green = blue = mass = 0.0
        for j in range(-RADIUS, RADIUS + 1):
            for i in range(-RADIUS, RADIUS + 1):
                b, a = y + j, x + i
                if b < 0 or b >= rows or a < 0 or a >= columns or matches[b, a, 0] < 0:
                    continue
                weight = trust[b, a] / (1.0 + errors[b, a] * (1 / 6400.0)) ** 2
                q, p = matches[b, a, 0] - j, matches[b, a, 1] - i
                red += weight * colours[q, p, 0]
                green += weight * colours[q, p, 1]
                blue += weight * colours[q, p, 2]
                mass += weight
        if mass > 0:
            guess[y, x, 0] = np.int16(red / mass + 0.5)
            guess[y, x, 1] = np.int16(green / mass + 0.5)
            guess[y, x, 2] = np.int16(blue / mass + 0.5)
