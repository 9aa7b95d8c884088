"""Families full of things: workshops, vehicles, cables, woods, boulders, animals, toy boxes, roofs, desks, crowds.

What they teach: something upright stays at one distance however high it reaches, also when it is thin, dark or
before a cluttered wall. Read next: `families.py`.
"""

from __future__ import annotations

import numpy as np

from training.depth import creatures, machines, things
from training.depth.machines import any_surface, metal, polyline, sagging
from training.depth.staging import across, distance, inside, lawn, mountains, portrait, room_shell, scatter_green
from training.depth.things import any_colour, leaf_colour, shaded
from training.depth.world import GROUND, WATER, World


def workshop(world: World) -> None:
    """A garage, a shed, a cellar: racks and tools along the walls, a machine or two near enough to fill the frame."""
    rng = world.rng
    half, high, deep = float(rng.uniform(1.5, 4)), float(rng.uniform(2.3, 3.6)), distance(rng, 2.4, 9)
    inside(world, high)
    world.eye = float(rng.uniform(0.6, 1.9))
    _shed(world, half, high, deep)
    for _ in range(int(rng.integers(0, 4))):
        x, wide, tall = float(rng.uniform(-1, 1) * half), float(rng.uniform(0.4, 1.2)), float(rng.uniform(0.9, high))
        machines.rack(world, x, deep - 0.35, 0.0, wide, tall)
    for _ in range(int(rng.integers(0, 8))):
        machines.hanging(world, float(rng.uniform(-1, 1) * half), float(rng.uniform(1.0, high)), deep - 0.1)
    for _ in range(int(rng.integers(0, 4))):
        machines.leaning(world, float(rng.uniform(-1, 1) * half), deep - 0.1, float(rng.uniform(0.8, high)))
    if rng.random() < 0.4:
        machines.bench(
            world, float(rng.uniform(-1, 1) * half), deep - float(rng.uniform(0.4, 1.2)), float(rng.normal(0, 0.3))
        )
    if rng.random() < 0.4:
        size = (float(rng.uniform(0.4, 1.1)), float(rng.uniform(0.6, 1.0)), 0.35)
        things.table(world, float(rng.uniform(-1, 1) * half), deep - float(rng.uniform(0.4, 1)), size)
    if rng.random() < 0.7:
        machines.heap(world, float(rng.uniform(-1, 1) * half), deep * float(rng.uniform(0.5, 0.95)), 0.8, rng)
    for _ in range(int(rng.choice([0, 1, 1, 2, 2, 3]))):
        z = distance(rng, 1.2, max(deep - 0.8, 1.6))
        _something_large(world, across(world, z, 0.6), z, high)
    if rng.random() < 0.25:
        z = distance(rng, 1.4, max(deep - 0.5, 1.8))
        things.person(world, across(world, z, 0.7), z)
    for _ in range(int(rng.integers(0, 4))):  # pipes and cables along the walls and over the floor
        level = float(rng.choice([0.02, rng.uniform(0.5, high)]))
        z = deep - 0.05 if level > 0.1 else float(rng.uniform(1.2, deep))
        end = (float(rng.uniform(-1, 1) * half), level, z)
        polyline(world, sagging((-half, level, z), end, 0.0 if level < 0.1 else 0.1), 0.02, any_surface(world))


def _shed(world: World, half: float, high: float, deep: float) -> None:
    rng = world.rng
    if rng.random() < 0.3:
        room_shell(world, half, high, deep)
        return
    floor = world.material("stained", any_colour(rng, 0.4, 1, 0.15), kind=GROUND, scale=0.4)
    for _ in range(3):
        tile = str(rng.choice(["stained", "planks", "bricks", "mixed", "flat", "metal"]))
        world.material(tile, any_colour(rng, 0.3, 1, 0.4), scale=float(rng.uniform(0.2, 0.8)))
    off = float(rng.uniform(-0.6, 0.6) * half)
    world.room(floor, (-half + off, half + off, 0, high, -1.5, deep))
    for _ in range(int(rng.integers(0, 5))):  # doors, panels, posts
        tall, wide = float(rng.uniform(0.3, 1)) * high, float(rng.uniform(0.03, 0.6))
        spot = (float(rng.uniform(-1, 1) * half), tall / 2 if rng.random() < 0.7 else high - tall / 2, deep - 0.02)
        world.box(spot, (wide, tall / 2, float(rng.uniform(0.01, 0.08))), any_surface(world), whole=rng.random() < 0.3)


def _something_large(world: World, x: float, z: float, high: float) -> None:
    rng = world.rng
    yaw = (
        float(rng.normal(0, 0.5)) + np.pi * float(rng.integers(2)) if rng.random() < 0.6 else float(rng.uniform(0, 6.3))
    )
    match int(rng.integers(8)):
        case 0 | 1 | 2:
            machines.two_wheeler(world, x, z, yaw, float(rng.uniform(0.75, 1.25)))
        case 3:
            machines.four_wheeler(world, x, z + 0.8, yaw, float(rng.uniform(0.3, 0.9)))
        case 4 | 5:
            machines.apparatus(world, x, z, float(rng.uniform(0.5, min(1.6, high * 0.6))))
        case 6:
            things.chair(world, x, z, yaw)
        case _:
            machines.rack(world, x, z, yaw, float(rng.uniform(0.2, 0.6)), float(rng.uniform(0.6, 1.8)))


def vehicles(world: World) -> None:
    """Bicycles, mopeds, vans and carts near by, in a yard, a street or a field."""
    rng = world.rng
    world.eye = float(rng.uniform(0.5, 2.2))
    lawn(world, mode=1, shape=(0.0, float(rng.uniform(1, 6)), float(rng.normal(0, 0.2))))
    backdrop = rng.random()
    if backdrop < 0.5:
        z = distance(rng, 3, 14)
        tile = str(rng.choice(["bricks", "stained", "facade", "planks", "mixed"]))
        look = world.material(tile, any_colour(rng, 0.4, 1, 0.4), scale=float(rng.uniform(0.1, 0.5)))
        world.box((across(world, z, 0.5), 2, z + 2), (float(rng.uniform(3, 20)), float(rng.uniform(1, 8)), 2), look)
        for _ in range(int(rng.integers(0, 4))):
            machines.leaning(world, across(world, z), z - 0.05, float(rng.uniform(0.8, 2.4)))
    elif backdrop < 0.75:
        scatter_green(world, trees=int(rng.integers(2, 10)), near=5, far=60)
    if rng.random() < 0.3:
        mountains(world)
    for _ in range(int(rng.integers(1, 6))):
        z = distance(rng, 1.6, 14)
        yaw = float(rng.normal(0, 0.4)) if rng.random() < 0.5 else float(rng.uniform(0, 6.3))
        if rng.random() < 0.6:
            machines.two_wheeler(world, across(world, z, 0.8), z, yaw, float(rng.uniform(0.8, 1.2)))
        else:
            machines.four_wheeler(world, across(world, z, 0.9), z + 1.5, yaw, float(rng.uniform(0.7, 1.3)))
    for _ in range(int(rng.integers(0, 4))):
        z = distance(rng, 1.5, 20)
        (things.pole if rng.random() < 0.5 else _post)(world, across(world, z), z, float(rng.uniform(0.7, 6)))
    if rng.random() < 0.4:
        z = distance(rng, 1.8, 12)
        things.person(world, across(world, z, 0.8), z)
    if rng.random() < 0.3:
        machines.bench(world, across(world, 4.0), distance(rng, 2, 8), float(rng.normal(0, 0.6)))


def _post(world: World, x: float, z: float, height: float) -> None:
    world.capsule((x, 0, z), (x, min(height, 1.4), z), float(world.rng.uniform(0.02, 0.12)), any_surface(world))


def cables(world: World) -> None:
    """Masts, pylons, scaffolds and what hangs between them, before a sky that is mostly empty."""
    rng = world.rng
    world.pitch = float(rng.uniform(-0.5, 0.05))
    lawn(world)
    if rng.random() < 0.4:
        mountains(world)
    for _ in range(int(rng.integers(0, 6))):
        z = distance(rng, 6, 80)
        tile, tall = str(rng.choice(["facade", "bricks", "stained"])), float(rng.uniform(2, 14))
        half = (float(rng.uniform(2, 9)), tall, 4.0)
        world.box(
            (across(world, z, 1.4), tall, z + 4), half, world.material(tile, any_colour(rng, 0.5, 1, 0.4), scale=0.12)
        )
    scatter_green(world, trees=int(rng.integers(0, 5)), near=5, far=60)
    for _ in range(int(rng.integers(1, 4))):
        _line(world)
    if rng.random() < 0.35:
        z = distance(rng, 6, 60)
        creatures.pylon(world, across(world, z, 0.9), z, float(rng.uniform(0.4, 1.2)) * z)
    if rng.random() < 0.3:
        z = distance(rng, 2.5, 20)
        creatures.scaffold(world, across(world, z, 0.8), z, float(rng.uniform(2, 9)))
    for _ in range(int(rng.integers(0, 4))):
        z = distance(rng, 2, 30)
        things.pole(world, across(world, z), z, float(rng.uniform(3, 9)))


def _line(world: World) -> None:
    """A row of masts with crossarms and cables sagging from one to the next."""
    rng = world.rng
    high, gap, arms = float(rng.uniform(4, 11)), float(rng.uniform(8, 40)), int(rng.integers(1, 4))
    x, z, turn = float(rng.uniform(-8, 8)), float(rng.uniform(1.5, 12)), float(rng.normal(0, 0.5))
    wood, cable = any_surface(world), world.material("flat", any_colour(rng, 0.03, 0.4, 0.1), scale=1)
    thick, thin = float(rng.uniform(0.06, 0.16)), float(rng.uniform(0.008, 0.03))
    tops: list[list[tuple[float, float, float]]] = []
    for _ in range(int(rng.integers(2, 6))):
        world.capsule((x, 0, z), (x, high, z), thick, wood)
        ends = []
        for arm in range(arms):
            level, wide = high - 0.2 - 0.6 * arm, float(rng.uniform(0.4, 1.2))
            world.box((x, level, z), (wide, 0.05, 0.05), wood)
            for side in (-wide, 0.0, wide):
                ends.append((x + side, level + 0.15, z))
                world.capsule((x + side, level, z), (x + side, level + 0.15, z), 0.03, cable)
        tops.append(ends)
        x, z = x + gap * float(np.sin(turn)), z + gap * float(np.cos(turn))
    before = [(px - gap * float(np.sin(turn)), py, 0.3) for px, py, _ in tops[0]]
    for first, last in zip([before, *tops], tops, strict=False):
        for start, end in zip(first, last, strict=True):
            polyline(world, sagging(start, end, gap * 0.015 + 0.2), thin, cable)


def woods(world: World) -> None:
    """Trunks from an arm's length to far away, undergrowth, fallen logs, a path, leaves overhead."""
    rng = world.rng
    world.eye = float(rng.uniform(0.4, 2.0))
    lawn(world, mode=1, shape=(float(rng.normal(0, 1)), float(rng.uniform(0.4, 1.6)), float(rng.normal(0, 0.15))))
    if rng.random() < 0.4:
        first = world.material("grass", leaf_colour(rng), kind=GROUND, scale=0.3)
        for _ in range(2):
            world.material("mixed", leaf_colour(rng), kind=GROUND, scale=0.3)
        world.terrain(
            first, frequency=float(rng.uniform(0.05, 0.2)), height=float(rng.uniform(1, 8)),
            start=float(rng.uniform(2, 8)), ramp=float(rng.uniform(10, 50)), lift=-0.2, end=200.0,
        )  # fmt: skip
    bark, leaf = any_colour(rng, 0.2, 0.8, 0.3), leaf_colour(rng)
    for _ in range(int(rng.integers(10, 45))):
        z = distance(rng, 1.0, 45)
        creatures.trunk(world, across(world, z, 1.1), z, shaded(rng, bark), leaf)
    for _ in range(int(rng.integers(0, 14))):
        z = distance(rng, 0.9, 20)
        size = float(rng.uniform(0.15, 1.0))
        (things.grass if rng.random() < 0.6 else things.bush)(world, across(world, z), z, size)
    for _ in range(int(rng.integers(0, 4))):
        z, other = distance(rng, 1.3, 15), distance(rng, 1.3, 15)
        radius = float(rng.uniform(0.05, 0.3))
        start, end = (across(world, z), radius, z), (across(world, other), radius * 0.8, other + 0.3)
        world.capsule(start, end, radius, world.material("bark", shaded(rng, bark), scale=1))
    for _ in range(int(rng.integers(0, 5))):
        z = distance(rng, 1.2, 12)
        things.rock(world, across(world, z), z, float(rng.uniform(0.1, 0.7)))
    if rng.random() < 0.3:
        z = distance(rng, 2, 15)
        things.person(world, across(world, z, 0.6), z)


def boulders(world: World) -> None:
    """Rocks of all sizes on a beach, in a stream, on a slope, some right before the lens."""
    rng = world.rng
    world.eye, world.pitch = float(rng.uniform(0.3, 3)), float(rng.normal(0.12, 0.12))
    shore = distance(rng, 1.5, 20)
    first = world.material(
        str(rng.choice(["rough", "stained", "mixed"])), any_colour(rng, 0.3, 1, 0.3), kind=GROUND, scale=0.4
    )
    wet = rng.random() < 0.6
    sea = (float(rng.uniform(0.05, 0.4)), float(rng.uniform(0.2, 0.5)), float(rng.uniform(0.25, 0.55)))
    world.material("flat", sea, kind=WATER, scale=0.05, gloss=float(rng.uniform(0.4, 1.0)))
    if wet:
        world.ground(first, mode=2, shape=(shore, 0, float(rng.uniform(0.05, 0.8)), shore * 0.2))
    else:
        world.ground(first)
    if rng.random() < 0.7:
        mountains(world, 3000.0)
    stone = any_colour(rng, 0.25, 0.9, 0.3)
    for _ in range(int(rng.integers(5, 40))):
        z = distance(rng, 0.8, 30)
        creatures.boulder(world, across(world, z), z, distance(rng, 0.08, 0.5 + 0.12 * z), shaded(rng, stone))
    scatter_green(world, trees=int(rng.integers(0, 4)), near=6, far=60)
    if rng.random() < 0.3:
        z = distance(rng, 2, 20)
        things.person(world, across(world, z, 0.7), z)


def animals(world: World) -> None:
    """Animals near and far: in a meadow, in a room, on a branch, one of them close enough for a portrait."""
    rng = world.rng
    world.eye = float(rng.uniform(0.3, 1.6))
    if rng.random() < 0.25:
        high, deep = float(rng.uniform(2.3, 3.5)), float(rng.uniform(2.5, 7))
        inside(world, high)
        room_shell(world, float(rng.uniform(1.5, 4)), high, deep)
        if rng.random() < 0.5:
            things.sofa(world, 0.0, deep * 0.7, float(rng.normal(0, 0.5)))
    else:
        lawn(world)
        if rng.random() < 0.4:
            mountains(world)
        scatter_green(world, trees=int(rng.integers(0, 9)), near=4, far=60)
    for _ in range(int(rng.integers(1, 6))):
        z = distance(rng, 0.7, 12)
        creatures.beast(world, across(world, z, 0.6), z, z * distance(rng, 0.12, 0.8))
    if rng.random() < 0.35:
        z = distance(rng, 0.6, 4)
        creatures.perch(world, across(world, z, 0.6), world.eye - z * world.pitch + float(rng.normal(0, 0.15)) * z, z)


def toybox(world: World) -> None:
    """Solids of any kind, colour and size, standing, floating and piled: nothing to recognise, only to place."""
    rng = world.rng
    if rng.random() < 0.6:
        half, high, deep = float(rng.uniform(1.5, 5)), float(rng.uniform(2.3, 4)), float(rng.uniform(2.5, 10))
        inside(world, high)
        _shed(world, half, high, deep)
    else:
        lawn(world)
        deep = float(rng.uniform(5, 40))
    for _ in range(int(rng.integers(6, 40))):
        z = distance(rng, 0.8, deep)
        size = z * distance(rng, 0.03, 0.35)
        x, look = across(world, z), any_surface(world, 1 / size)
        y = size if rng.random() < 0.6 else float(rng.uniform(0, 1)) * world.eye * 1.6
        radii = rng.uniform(0.15, 1, 3) * size
        match int(rng.integers(4)):
            case 0:
                world.box(
                    (x, y, z), (radii[0], radii[1], radii[2]), look, float(rng.uniform(0, 3)), whole=rng.random() < 0.3
                )
            case 1:
                world.ellipsoid((x, y, z), (radii[0], radii[1], radii[2]), look, float(rng.uniform(0, 3)))
            case 2:
                tip = np.array([x, y, z]) + rng.normal(0, size, 3)
                world.capsule((x, y, z), (tip[0], abs(tip[1]), tip[2]), size * float(rng.uniform(0.03, 0.3)), look)
            case _:
                path = np.cumsum(np.vstack([[[x, y, z]], rng.normal(0, size * 0.5, (5, 3))]), 0)
                points = [(float(p[0]), abs(float(p[1])), float(p[2])) for p in path]
                polyline(world, points, size * float(rng.uniform(0.02, 0.1)), look)


def roofs(world: World) -> None:
    """A town from above or across water: blocks and towers to the horizon, sometimes a railing near by."""
    rng = world.rng
    world.eye = distance(rng, 8, 90)
    world.pitch = float(rng.uniform(0.02, 0.45))
    lawn(world)
    if rng.random() < 0.5:
        mountains(world, 4000.0)
    step = world.eye * float(rng.uniform(0.25, 0.6)) + 6
    floor = float(rng.uniform(0.05, 0.35)) * world.eye
    for row in range(1, 16):
        for column in range(-9, 10):
            z, x = row * step + float(rng.normal(0, 0.15)) * step, (column + 0.5 * (row % 2)) * step
            if rng.random() < 0.2 or abs(x) > 1.3 * z or z < step * 0.8:
                continue
            tall = floor * float(rng.uniform(0.4, 1.6)) + (
                float(rng.exponential(0.6)) * world.eye if rng.random() < 0.15 else 0
            )
            tile = str(rng.choice(["facade", "facade", "facade", "stained", "bricks"]))
            look = world.material(tile, any_colour(rng, 0.6, 1, 0.3), scale=float(rng.uniform(0.05, 0.15)))
            half = (step * float(rng.uniform(0.2, 0.48)), tall / 2, step * float(rng.uniform(0.2, 0.48)))
            world.box((x, tall / 2, z), half, look, float(rng.normal(0, 0.1)))
    if rng.random() < 0.35:  # the balcony one stands on
        level, z = world.eye - float(rng.uniform(0.4, 0.8)), float(rng.uniform(1.0, 3))
        things.fence(world, (-4, z), (4, z), 0.9, level - 0.9 + float(rng.uniform(0, 0.3)))
    if rng.random() < 0.2:
        tall = float(rng.uniform(1.5, 1.9))
        z = float(rng.uniform(1.2, 4))
        things.person(world, across(world, z, 0.6), z, world.eye - tall * float(rng.uniform(0.8, 1.0)), tall)


def desk(world: World) -> None:
    """A table, a counter, a sill: screens, lamps, plants, tools and cups, a wall or a room close behind."""
    rng = world.rng
    world.eye, world.pitch = float(rng.uniform(0.15, 0.7)), float(rng.uniform(0.0, 0.5))
    edge = float(rng.uniform(0.7, 1.8))
    tile = str(rng.choice(["planks", "stained", "cloth", "flat", "metal", "tiles"]))
    top = world.material(
        tile, any_colour(rng, 0.2, 1, 0.4), kind=GROUND, scale=1.2, gloss=float(rng.random() < 0.2) * 0.4
    )
    world.box((0, -0.5, edge - 1.5), (3, 0.5, 1.5), top)
    wall = world.material("stained", any_colour(rng, 0.4, 1, 0.4), kind=GROUND, scale=0.5)
    for _ in range(3):
        world.material(str(rng.choice(["stained", "flat", "bricks", "mixed"])), any_colour(rng, 0.4, 1, 0.4), scale=0.4)
    back = edge + (0.02 if rng.random() < 0.5 else float(rng.uniform(0.3, 4)))
    world.room(wall, (-3, 3, -0.8, 2.2, -2, back))
    for _ in range(int(rng.integers(0, 5))):
        machines.hanging(world, across(world, back, 0.9), float(rng.uniform(0.3, 1.3)), back - 0.05)
    for _ in range(int(rng.integers(3, 16))):
        z = distance(rng, 0.35, edge)
        x, size = across(world, z, 0.9), float(rng.uniform(0.05, 0.25))
        match int(rng.integers(6)):
            case 0:
                creatures.screen(world, x, z, size * 1.3)
            case 1:
                creatures.desk_lamp(world, x, z, size * 2)
            case 2:
                machines.apparatus(world, x, z, size)
            case 3:
                things.flower(world, x, z, size * 2)
            case 4:
                machines.barrel(world, x, z, size * 0.4, size)
            case _:
                things.small_thing(world, x, z, size, 0.0)
    for _ in range(int(rng.integers(0, 3))):
        z = distance(rng, 0.4, edge)
        points = [(across(world, z), 0.008, z + float(rng.normal(0, 0.1))) for _ in range(5)]
        polyline(world, points, 0.006, metal(world, dark=True))


def crowd(world: World) -> None:
    """Many people: in a square, before a stage, at tables; heads before heads."""
    rng = world.rng
    world.eye = float(rng.uniform(1.2, 3.0))
    if rng.random() < 0.4:
        high, deep = float(rng.uniform(2.8, 6)), float(rng.uniform(5, 16))
        inside(world, high)
        room_shell(world, float(rng.uniform(3, 8)), high, deep)
        far = deep * 0.9
    else:
        lawn(world, mode=1, shape=(0.0, float(rng.uniform(2, 8)), 0.0))
        far = 40.0
        for _ in range(int(rng.integers(0, 5))):
            z, tall = distance(rng, 8, 60), float(rng.uniform(3, 12))
            tile = str(rng.choice(["facade", "stained", "bricks"]))
            look = world.material(tile, any_colour(rng, 0.5, 1, 0.3), scale=0.12)
            world.box((across(world, z, 1.5), tall, z + 4), (float(rng.uniform(3, 9)), tall, 4), look)
        scatter_green(world, trees=int(rng.integers(0, 4)), near=6, far=50)
    if rng.random() < 0.6:
        portrait(world)
    for _ in range(int(rng.integers(4, 16))):
        z = distance(rng, 1.4, far)
        things.person(world, across(world, z), z)
    for _ in range(int(rng.integers(0, 4))):
        z = distance(rng, 1.5, min(far, 8))
        x = across(world, z, 0.9)
        if rng.random() < 0.5:
            creatures.seated(world, x, z)
        else:
            things.table(world, x, z, (float(rng.uniform(0.4, 0.9)), 0.72, 0.4), float(rng.uniform(0, 3)))
