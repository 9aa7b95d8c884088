"""The kinds of scenes: twenty to train on, three never trained on, to judge with.

`scene(number, seed)` is the same scene for everybody. Read next: `things.py`, then DATA_CARD.md.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from training.depth import crowded, things
from training.depth.held_out import HELD_OUT
from training.depth.lens import finish
from training.depth.staging import (
    across,
    camera,
    distance,
    inside,
    lawn,
    light,
    mountains,
    portrait,
    room_shell,
    scatter_green,
    weather,
)
from training.depth.textures import Bank, Random, bank
from training.depth.things import any_colour, leaf_colour
from training.depth.world import GROUND, WATER, Scene, World

SIZES_PX = ((392, 294), (294, 392), (392, 224), (336, 336), (504, 378))
"""Shapes of training pictures, whole patches all; the last is nearer to what is looked at in production."""

RUN = 10
"""So many scenes in a row have one shape: the batches of training."""

_TEXTURES_LAST = 500
"""So many scenes share their textures; then all are drawn anew."""

Family = Callable[[World], None]


def scene(number: int, seed: int, *, held_out: bool = False, size_px: tuple[int, int] | None = None) -> Scene:
    """The scene of that number: family, shape and everything in it follow from number and seed.

    held_out   out of the families never trained on, with textures of their own.
    """
    name, textures, rng = _drawn(number, seed, held_out)
    width, height = size_px or SIZES_PX[(number // RUN) % len(SIZES_PX)]
    if name == "flat":
        return _flat(rng, textures, width, height)
    return _built(name, textures, rng, held_out).render(width, height, name)


def world(number: int, seed: int, *, held_out: bool = False) -> World | None:
    """The same scene before a lens looks at it; None for flat art, which has no world."""
    name, textures, rng = _drawn(number, seed, held_out)
    return None if name == "flat" else _built(name, textures, rng, held_out)


def _drawn(number: int, seed: int, held_out: bool) -> tuple[str, Bank, Random]:
    names = tuple(HELD_OUT if held_out else TRAINING)
    textures = bank(seed + (1000 if held_out else 10_000 * (number // _TEXTURES_LAST)))
    return names[number % len(names)], textures, np.random.default_rng([seed, int(held_out), number])


def _built(name: str, textures: Bank, rng: Random, held_out: bool) -> World:
    world = World(textures, rng)
    camera(world)
    weather(world)
    (HELD_OUT if held_out else TRAINING)[name](world)
    if not held_out:
        light(world)
    return world


def _street(world: World) -> None:
    rng = world.rng
    half, slant = float(rng.uniform(2.5, 9)), float(rng.normal(0, 0.04))
    off = float(rng.uniform(-0.5, 0.5) * half)
    lawn(world, mode=1, shape=(off, half * 0.7, slant))
    for side in (-1, 1):
        z = float(rng.uniform(-3, 4))
        while z < 150 and rng.random() < 0.985:
            length, deep, high = rng.uniform(5, 22), rng.uniform(4, 9), rng.uniform(3, 26)
            look = world.material(
                "facade" if rng.random() < 0.8 else "bricks", (1, 1, 1), scale=float(rng.uniform(0.06, 0.16))
            )
            x = off + slant * z + side * (half + rng.uniform(0, 1.5) + deep)
            world.box((x, high / 2, z + length / 2), (deep, high / 2, length / 2), look)
            if rng.random() < 0.3:
                things.sign(world, x - side * (deep + 0.4), z + length / 2, rng.uniform(2.6, 4.5), 0.7, 0.4)
            if rng.random() < 0.3:
                roof = world.material("tiles", any_colour(rng, 0.2, 0.8, 0.5), scale=0.4)
                world.box((x, high + 0.3, z + length / 2), (deep + 0.4, 0.3, length / 2 + 0.4), roof)
            z += length + (rng.uniform(1, 9) if rng.random() < 0.3 else 0)
        for _ in range(int(rng.integers(0, 5))):
            things.pole(world, off + side * half * 0.85, distance(rng, 2, 50), float(rng.uniform(2.5, 8)))
        for _ in range(int(rng.integers(0, 3))):
            z = distance(rng, 4, 60)
            things.tree(world, off + slant * z + side * half * 0.9, z, float(rng.uniform(3, 10)))
    for _ in range(int(rng.integers(0, 5))):
        z = distance(rng, 4, 60)
        things.car(
            world, off + slant * z + rng.choice([-1, 1]) * half * rng.uniform(0.25, 0.75), z, float(rng.normal(0, 0.1))
        )
    for _ in range(int(rng.integers(0, 5))):
        z = distance(rng, 1.8, 40)
        things.person(world, off + float(rng.uniform(-1, 1)) * half, z)


def _interior(world: World) -> None:
    rng = world.rng
    half, high, deep = float(rng.uniform(1.4, 4.5)), float(rng.uniform(2.3, 4)), float(rng.uniform(3, 11))
    inside(world, high)
    room_shell(world, half, high, deep)
    for _ in range(int(rng.integers(1, 6))):  # windows, pictures, doors on the far wall
        wide, tall = rng.uniform(0.2, 0.9), rng.uniform(0.25, 0.9)
        tile = str(rng.choice(["picture", "page", "flat"]))
        look = world.material(tile, (1, 1, 1), glow=float(tile == "flat") * 0.9)
        centre = (float(rng.uniform(-1, 1) * half), float(rng.uniform(0.9, high - 0.5)), deep - 0.03)
        world.box(centre, (wide, tall, 0.03), look, whole=True)
        frame = world.material("planks", any_colour(rng, 0.1, 1, 0.3))
        world.box((centre[0], centre[1], deep - 0.01), (wide + 0.06, tall + 0.06, 0.03), frame)
    for _ in range(int(rng.integers(2, 9))):
        z = float(rng.uniform(1.3, deep - 0.4))
        x = float(rng.uniform(-1, 1) * half)
        match int(rng.integers(7)):
            case 0:
                things.table(
                    world,
                    x,
                    z,
                    (rng.uniform(0.4, 1.1), rng.uniform(0.4, 0.8), rng.uniform(0.3, 0.6)),
                    rng.uniform(0, 3),
                )
            case 1:
                things.chair(world, x, z, float(rng.uniform(0, 6.3)))
            case 2:
                things.sofa(world, x, z, float(rng.uniform(0, 6.3)))
            case 3:
                things.shelf(world, x, deep - 0.2, 0.0, float(rng.uniform(0.4, 1.0)), float(rng.uniform(0.8, 2.2)))
            case 4:
                things.small_thing(world, x, z, float(rng.uniform(0.3, 1.0)), 0.0)
            case 5:
                cord = world.material("flat", (0.1, 0.1, 0.1))
                shade = world.material("flat", any_colour(rng, 0.6, 1, 0.4), glow=0.7)
                drop = high - rng.uniform(0.4, 1.1)
                world.capsule((x, drop, z), (x, high, z), 0.008, cord)
                world.ellipsoid((x, drop, z), (0.22, 0.15, 0.22), shade)
            case _:
                if rng.random() < 0.6:
                    things.person(world, x, z)


def _landscape(world: World) -> None:
    rng = world.rng
    if rng.random() < 0.6:
        world.eye = float(10 ** rng.uniform(0, 1.5))
    lawn(world)
    mountains(world)
    if rng.random() < 0.7:  # rolling land at middle distance
        first = world.material("grass", leaf_colour(rng), kind=GROUND, scale=0.05)
        for _ in range(2):
            world.material("rough", any_colour(rng, 0.3, 0.7, 0.3), kind=GROUND, scale=0.05)
        world.terrain(first, frequency=float(rng.uniform(0.02, 0.2)), height=float(rng.uniform(1, 12)),
                      start=float(rng.uniform(4, 15)),
                      ramp=float(rng.uniform(20, 80)), lift=-0.3, end=400.0)  # fmt: skip
    scatter_green(world, trees=int(rng.integers(0, 12)), near=6, far=150)
    for _ in range(int(rng.integers(0, 8))):
        z = distance(rng, 1.5, 40)
        things.rock(world, across(world, z), z, float(rng.uniform(0.1, 0.08 * z + 0.3)))
    if rng.random() < 0.3:
        z = distance(rng, 2, 20)
        things.person(world, across(world, z, 0.7), z)
    if rng.random() < 0.3:
        z = distance(rng, 15, 120)
        house = world.material("facade", (1, 1, 1), scale=0.15)
        world.box((across(world, z), 2.5, z), (4, 2.5, 4), house, float(rng.uniform(0, 3)))


def _water(world: World) -> None:
    rng = world.rng
    world.eye = float(10 ** rng.uniform(0, 1.1))
    shore, whole = distance(rng, 2.5, 30), rng.random() < 0.4
    beach = world.material(
        str(rng.choice(["rough", "grass", "planks"])), any_colour(rng, 0.3, 1, 0.3), kind=GROUND, scale=0.3
    )
    sea_look = (float(rng.uniform(0.05, 0.3)), float(rng.uniform(0.15, 0.45)), float(rng.uniform(0.2, 0.55)))
    world.material("flat", sea_look, kind=WATER, scale=0.05, gloss=float(rng.uniform(0.6, 1.0)))
    world.ground(beach, mode=2, shape=(-1e5 if whole else shore, 0, float(rng.uniform(0.05, 0.5)), shore * 0.15))
    if rng.random() < 0.75:
        mountains(world, 3000.0)
    for _ in range(int(rng.integers(0, 6))):
        z = distance(rng, 5, 120)
        _boat(world, across(world, z), z)
    for _ in range(int(rng.integers(0, 7))):
        z = distance(rng, 3, 50)
        match int(rng.integers(4)):
            case 0:
                things.rock(world, across(world, z), z, float(rng.uniform(0.2, 2)))
            case 1:
                things.pole(world, across(world, z), z, float(rng.uniform(0.8, 3)), -0.5)
            case 2:
                things.grass(world, across(world, z), z, float(rng.uniform(0.4, 1.3)))
            case _:
                things.tree(world, across(world, z), z, float(rng.uniform(2, 9)))
    if rng.random() < 0.3:  # a pier into the water
        x, wood = (
            float(rng.normal(0, 2)),
            world.material("planks", any_colour(rng, 0.3, 0.9, 0.3), kind=GROUND, scale=0.5),
        )
        world.box((x, 0.35, 15), (0.9, 0.08, 15), wood)
        for k in range(8):
            for side in (-0.85, 0.85):
                world.capsule((x + side, -1, 2 + 3.6 * k), (x + side, 0.9, 2 + 3.6 * k), 0.09, wood)
    if rng.random() < 0.35:
        z = distance(rng, 2, 15)
        things.person(world, across(world, z, 0.6), z)


def _boat(world: World, x: float, z: float) -> None:
    rng = world.rng
    hull = world.material(str(rng.choice(["planks", "flat", "stripes"])), any_colour(rng, 0.2, 1, 1), scale=0.5)
    size, yaw = float(rng.uniform(1, 6)), float(rng.uniform(0, 3))
    world.ellipsoid((x, size * 0.06, z), (size, size * 0.2, size * 0.35), hull, yaw)
    if rng.random() < 0.6:
        world.box((x, size * 0.3, z), (size * 0.3, size * 0.15, size * 0.2), hull, yaw)
    if rng.random() < 0.6:
        world.capsule((x, 0, z), (x, size * rng.uniform(1, 2.2), z), size * 0.02, hull)


def _trees(world: World) -> None:
    rng = world.rng
    lawn(world, mode=1, shape=(float(rng.normal(0, 1)), float(rng.uniform(0.5, 2)), float(rng.normal(0, 0.1))))
    if rng.random() < 0.4:
        mountains(world)
    scatter_green(world, trees=int(rng.integers(5, 22)), near=2.5, far=60)
    if rng.random() < 0.4:  # leaves hanging into the picture, close
        z = float(rng.uniform(0.8, 2.5))
        top = world.eye - z * world.pitch + z * np.tan(world.fov / 2) * 0.6
        things.foliage(world, (across(world, z), top, z), (z * 0.5, z * 0.3, 0.3), leaf_colour(rng), 25)
    for _ in range(int(rng.integers(0, 3))):
        z = distance(rng, 1.5, 15)
        (things.person if rng.random() < 0.6 else _some_animal)(world, across(world, z, 0.8), z)


def _some_animal(world: World, x: float, z: float) -> None:
    things.animal(world, x, z, float(world.rng.uniform(0.4, 1.6)))


def _people(world: World) -> None:
    rng = world.rng
    indoors = rng.random() < 0.4
    if indoors:
        half, high, deep = float(rng.uniform(2, 5)), float(rng.uniform(2.5, 4)), float(rng.uniform(3, 12))
        inside(world, high)
        room_shell(world, half, high, deep)
        for _ in range(int(rng.integers(0, 4))):
            things.shelf(world, float(rng.uniform(-1, 1) * half), deep - 0.2, 0.0, 0.7, 2.0)
    else:
        world.eye = float(rng.uniform(0.9, 1.9))
        lawn(world, mode=1, shape=(0.0, float(rng.uniform(1, 4)), 0.0))
        if rng.random() < 0.6:
            mountains(world)
        scatter_green(world, trees=int(rng.integers(0, 8)), near=6, far=60)
        for _ in range(int(rng.integers(0, 4))):
            z = distance(rng, 8, 60)
            look = world.material("facade", (1, 1, 1), scale=0.12)
            world.box((across(world, z, 1.6), 5, z + 5), (float(rng.uniform(3, 8)), float(rng.uniform(3, 12)), 4), look)
    if rng.random() < 0.5:
        portrait(world)
    for _ in range(int(rng.integers(0, 7))):
        z = distance(rng, 1.6, 3.0 if indoors else 25)
        things.person(world, across(world, z, 0.9), z)


def _fences(world: World) -> None:
    rng = world.rng
    lawn(world, mode=1, shape=(float(rng.normal(0, 2)), float(rng.uniform(1, 4)), float(rng.normal(0, 0.1))))
    if rng.random() < 0.6:
        mountains(world)
    for _ in range(int(rng.integers(1, 5))):
        z, other = distance(rng, 1.2, 20), distance(rng, 1.2, 30)
        things.fence(
            world, (across(world, z, 1.6), z), (across(world, other, 1.6), other), float(rng.uniform(0.5, 2.2))
        )
    for _ in range(int(rng.integers(1, 9))):
        z = distance(rng, 1.5, 50)
        things.pole(world, across(world, z), z, float(rng.uniform(2, 9)))
    if rng.random() < 0.5:  # wires overhead
        wire, high = world.material("flat", (0.1, 0.1, 0.1)), float(rng.uniform(3, 8))
        for _ in range(int(rng.integers(1, 6))):
            y, x = high + rng.normal(0, 0.4), rng.uniform(-8, 8)
            world.capsule((x, y, 0.5), (x + rng.normal(0, 6), y, 60), 0.015, wire)
    scatter_green(world, trees=int(rng.integers(0, 6)), near=5, far=60)
    for _ in range(int(rng.integers(0, 3))):
        z = distance(rng, 2, 25)
        (things.person if rng.random() < 0.5 else _some_animal)(world, across(world, z, 0.8), z)


def _signs(world: World) -> None:
    rng = world.rng
    if rng.random() < 0.4:
        half, high, deep = float(rng.uniform(2, 5)), float(rng.uniform(2.5, 4)), float(rng.uniform(3, 12))
        inside(world, high)
        room_shell(world, half, high, deep)
    else:
        lawn(world, mode=1, shape=(0.0, float(rng.uniform(1, 4)), 0.0))
        for _ in range(int(rng.integers(0, 5))):
            z = distance(rng, 6, 50)
            look = world.material(str(rng.choice(["facade", "bricks"])), (1, 1, 1), scale=0.12)
            world.box((across(world, z, 1.5), 5, z + 4), (float(rng.uniform(3, 9)), float(rng.uniform(3, 12)), 4), look)
        scatter_green(world, trees=int(rng.integers(0, 5)), near=6, far=50)
    for _ in range(int(rng.integers(1, 7))):
        z = distance(rng, 1.0, 12)
        wide = float(rng.uniform(0.15, 0.5) * z**0.6)
        things.sign(world, across(world, z, 0.9), z, float(rng.uniform(0.8, 2.6)), wide,
                    wide * float(rng.uniform(0.3, 1.1)),
                    yaw=float(rng.normal(0, 0.4)))  # fmt: skip
    for _ in range(int(rng.integers(0, 3))):
        z = distance(rng, 2, 15)
        things.person(world, across(world, z, 0.8), z)


def _still(world: World) -> None:
    """Small things close by on a surface, often out of focus behind: food, flowers, toys, a desk."""
    rng = world.rng
    world.eye, world.pitch = float(rng.uniform(0.12, 0.6)), float(rng.uniform(0.0, 0.6))
    top = world.material(
        str(rng.choice(["planks", "flat", "tiles", "rough", "grass"])),
        any_colour(rng, 0.2, 1, 0.5),
        kind=GROUND,
        scale=1.5,
    )
    if rng.random() < 0.6:
        world.ground(top)
        if rng.random() < 0.4:
            scatter_green(world, trees=int(rng.integers(0, 5)), near=6, far=50)
    else:
        edge = float(rng.uniform(0.8, 2.0))
        world.box((0, -0.5, edge - 1.5), (3, 0.5, 1.5), top)
        world.eye = max(world.eye, 0.15)
        floor = world.material("planks", any_colour(rng), kind=GROUND, scale=0.5)
        for _ in range(3):
            world.material("flat", any_colour(rng, 0.4, 1, 0.5), scale=0.4)
        world.room(floor, (-3, 3, -0.8, 2.2, -2, edge + float(rng.uniform(0.5, 5))))
    for _ in range(int(rng.integers(1, 16))):
        z = distance(rng, 0.3, 2.0)
        size = float(rng.uniform(0.04, 0.2))
        if rng.random() < 0.25:
            things.flower(world, across(world, z, 0.9), z, size * 2)
        else:
            things.small_thing(world, across(world, z, 0.9), z, size, 0.0)


def _flat(rng: Random, tiles: Bank, width: int, height: int) -> Scene:
    """A picture of nothing deep: a poster, a page, a pattern, a drawing, filling the frame. It teaches distrust."""
    kind = str(rng.choice(["picture", "page", "stripes", "tiles", "flat"], p=[0.45, 0.25, 0.1, 0.1, 0.1]))
    picture = tiles.tiles[tiles.tile(rng, kind)].copy()
    picture[0, 0] = picture[1, 1]
    image = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    for _ in range(int(rng.integers(0, 6))):  # a collage
        other = tiles.tiles[tiles.tile(rng, str(rng.choice(["picture", "page"])))]
        w, h = int(rng.uniform(0.1, 0.6) * width), int(rng.uniform(0.1, 0.6) * height)
        x, y = int(rng.integers(0, width - w)), int(rng.integers(0, height - h))
        image[y : y + h, x : x + w] = cv2.resize(other[1:], (w, h), interpolation=cv2.INTER_AREA)
    depth = np.full((height, width), 1.0, np.float32)
    rgb = finish(rng, np.clip(image, 0, 255), depth, np.array([200.0, 200, 200]), (width, height))
    return Scene(rgb, depth, np.zeros((height, width), np.uint8), "flat", is_flat=True)


TRAINING: dict[str, Family] = {
    "street": _street,
    "workshop": crowded.workshop,
    "landscape": _landscape,
    "toybox": crowded.toybox,
    "people": _people,
    "woods": crowded.woods,
    "still": _still,
    "cables": crowded.cables,
    "interior": _interior,
    "animals": crowded.animals,
    "water": _water,
    "desk": crowded.desk,
    "fences": _fences,
    "vehicles": crowded.vehicles,
    "trees": _trees,
    "crowd": crowded.crowd,
    "signs": _signs,
    "boulders": crowded.boulders,
    "flat": _people,
    "roofs": crowded.roofs,
}
"""In turn; `flat` stands for `_flat`, which has no world."""
