"""The families never trained on, which judge the head: rock terraces, a maze of furniture, ruins.

Nothing here may be used by `families.TRAINING`. Read next: `evaluate.py`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from training.depth import things
from training.depth.staging import across, distance, inside, lawn, room_shell
from training.depth.things import any_colour, leaf_colour, shaded
from training.depth.world import World


def canyon(world: World) -> None:
    """Rock walls in terraces on both sides of a path."""
    rng = world.rng
    lawn(world)
    for side in (-1, 1):
        near = float(rng.uniform(1.5, 6))
        tint = any_colour(rng, 0.35, 0.9, 0.5)
        for step in range(int(rng.integers(3, 8))):
            z = -2.0
            while z < 80:
                length, deep = float(rng.uniform(2, 9)), float(rng.uniform(6, 10))
                look = world.material("rough", shaded(rng, tint, 0.3), scale=float(rng.uniform(0.05, 0.3)))
                high = float((step + 1) * rng.uniform(1.2, 2.4))
                x = side * (near + step * rng.uniform(0.8, 2.2) + deep)
                world.box((x, high / 2, z + length / 2), (deep, high / 2, length / 2), look, float(rng.normal(0, 0.12)))
                z += length * 0.95
    for _ in range(int(rng.integers(0, 6))):
        z = distance(rng, 2, 30)
        things.rock(world, across(world, z, 0.5), z, float(rng.uniform(0.2, 1.2)))
    if rng.random() < 0.5:
        z = distance(rng, 2, 20)
        things.person(world, across(world, z, 0.3), z)


def maze(world: World) -> None:
    """A hall full of cupboards and shelves at right angles."""
    rng = world.rng
    high = float(rng.uniform(2.6, 5))
    inside(world, high)
    room_shell(world, float(rng.uniform(5, 10)), high, float(rng.uniform(10, 22)))
    for row in range(3, 20, 2):
        for column in range(-8, 9, 2):
            if rng.random() < 0.55 or (abs(column) < 1.5 and row < 6):
                continue
            x, z = column + float(rng.normal(0, 0.2)), row + float(rng.normal(0, 0.3))
            tall = float(rng.uniform(0.6, 2.4))
            if rng.random() < 0.3:
                things.shelf(world, x, z, float(rng.integers(4)) * np.pi / 2, float(rng.uniform(0.5, 1)), tall)
            else:
                look = world.material(
                    str(rng.choice(["planks", "flat", "tiles"])), any_colour(rng, 0.2, 1, 0.7), scale=0.6
                )
                world.box(
                    (x, tall / 2, z),
                    (float(rng.uniform(0.3, 1)), tall / 2, float(rng.uniform(0.2, 0.5))),
                    look,
                    float(rng.integers(2)) * np.pi / 2,
                )


def colonnade(world: World) -> None:
    """Rows of columns, steps and arches under the open sky, with creepers."""
    rng = world.rng
    lawn(world)
    stone = any_colour(rng, 0.5, 1, 0.25)
    for side in (-1, 1):
        x = side * float(rng.uniform(1.2, 5))
        gap, high, radius = float(rng.uniform(1.5, 4)), float(rng.uniform(2.5, 7)), float(rng.uniform(0.12, 0.5))
        z = float(rng.uniform(1, 4))
        start = z
        while z < 70:
            look = world.material("rough", shaded(rng, stone, 0.15), scale=0.5)
            if rng.random() < 0.92:
                world.capsule(
                    (x, 0, z), (x, high * (1 if rng.random() < 0.85 else rng.uniform(0.2, 0.8)), z), radius, look
                )
                world.box((x, 0.15, z), (radius * 1.5, 0.15, radius * 1.5), look)
            if rng.random() < 0.15:
                things.foliage(world, (x, high * 0.6, z), (radius * 2, high * 0.35, radius * 2), leaf_colour(rng), 10)
            z += gap
        beam = world.material("bricks", stone, scale=0.5)
        world.box((x, high + 0.4, (start + z) / 2), (radius * 1.3, 0.4, (z - start) / 2), beam)
        for step in range(int(rng.integers(0, 4))):
            world.box((x + side * (1.5 + step * 0.5), 0.1 + 0.2 * step, 35), (0.7, 0.1 + 0.2 * step, 33), beam)
    wall = world.material("bricks", shaded(rng, stone), scale=0.3)
    z = float(rng.uniform(20, 90))
    world.box((0, 4, z), (30, float(rng.uniform(2, 6)), 1), wall)
    for _ in range(int(rng.integers(0, 4))):
        z = distance(rng, 2, 20)
        things.person(world, across(world, z, 0.4), z)


HELD_OUT: dict[str, Callable[[World], None]] = {"canyon": canyon, "maze": maze, "colonnade": colonnade}
