"""Numbers drawn from a seed: the same in every Python, on every machine, in whatever order they are asked for.

Nothing here keeps a state, so a frame can be made without those before it. It is no source of secrets.
"""

from __future__ import annotations

import functools
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray


@functools.lru_cache(maxsize=4096)
def draw(seed: int, purpose: str) -> float:
    """A number in 0 … 1 that depends on nothing but the seed and what it is for."""
    digest = blake2b(f"{seed}/{purpose}".encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48


def draws(seed: int, purpose: str, count: int, columns: int = 1) -> NDArray[np.float64]:
    """(columns, count) numbers in 0 … 1; row by row independent. Source of the mixing: splitmix64, Steele 2014."""
    key = int.from_bytes(blake2b(f"{seed}/{purpose}".encode(), digest_size=8).digest(), "big")
    steps = np.arange(1, count * columns + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = steps + np.uint64(key)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return ((z >> np.uint64(11)).astype(np.float64) / 2.0**53).reshape(columns, count)


def noise(seed: int, purpose: str, rows: int, columns: int) -> NDArray[np.float32]:
    """(rows, columns) float32 noise with a normal distribution, mean 0 and standard deviation 1."""
    even, odd = draws(seed, purpose, rows * columns, 2)
    normal = np.sqrt(-2 * np.log(1 - even)) * np.cos(2 * np.pi * odd)
    return np.asarray(normal.reshape(rows, columns), np.float32)


def sway(seed: int, purpose: str, at_s: float, rates_hz: tuple[float, ...] = (0.31, 0.67, 1.13, 1.9)) -> float:
    """A slow wandering around 0, about -1 … 1: sines, slower ones larger, none in step with another."""
    total = sum(
        np.sin(2 * np.pi * (hz * at_s + draw(seed, f"{purpose} {number}"))) / (1 + hz)
        for number, hz in enumerate(rates_hz)
    )
    return float(total) / sum(1 / (1 + hz) for hz in rates_hz) * 1.5
