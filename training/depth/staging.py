"""What most scenes begin with: where the camera stands, the weather, a ground, mountains, a room, some green.

Read next: `families.py`.
"""

from __future__ import annotations

import numpy as np

from training.depth import things
from training.depth.textures import Random
from training.depth.things import any_colour, leaf_colour
from training.depth.world import GROUND, World


def camera(world: World) -> None:
    rng = world.rng
    world.eye = float(rng.uniform(0.8, 2.0) if rng.random() < 0.7 else 10 ** rng.uniform(-0.3, 1.0))
    world.pitch = float(rng.normal(0.06, 0.1) + 0.03 * max(world.eye - 2, 0))
    world.roll = float(rng.normal(0, 0.025))
    world.fov = float(np.radians(rng.uniform(32, 88)))


def weather(world: World) -> None:
    rng = world.rng
    mood = rng.choice(["day", "grey", "dusk", "night"], p=[0.56, 0.24, 0.15, 0.05])
    low, high, cloud = {
        "day": ((205, 220, 235), (70, 125, 205), (250, 250, 250)),
        "grey": ((215, 215, 215), (170, 175, 185), (240, 240, 240)),
        "dusk": ((250, 175, 110), (90, 90, 150), (250, 190, 170)),
        "night": ((40, 45, 70), (12, 14, 30), (50, 50, 65)),
    }[str(mood)]
    azimuth, height = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 1.2) if mood != "dusk" else rng.uniform(0.03, 0.3)
    sun = (np.sin(azimuth), height, np.cos(azimuth))
    jitter = rng.normal(1, 0.12, 6).clip(0.6, 1.4)
    glow = float(rng.random() < 0.6) * {"day": 0.7, "grey": 0.0, "dusk": 1.0, "night": 0.05}[str(mood)]
    direction = np.array(sun) / np.linalg.norm(sun)
    cover = [rng.uniform(0.15, 0.9), rng.uniform(0.3, 0.6), rng.uniform(2, 7), float(rng.random() < 0.75)]
    world.sky = np.array([*(np.array([*low, *high]) * jitter), *direction, glow, *cover, *cloud, 0.0])
    strength = {"day": 0.75, "grey": 0.25, "dusk": 0.7, "night": 0.15}[str(mood)] * rng.uniform(0.8, 1.2)
    world.sun = np.array([*sun, strength, rng.uniform(0.3, 0.6), float(rng.random() < 0.6)])
    world.ripple = np.array([rng.choice([0.02, 0.1, 0.3, 0.6]), 10 ** rng.uniform(-0.6, 0.8)])


def across(world: World, z: float, spread: float = 1.1) -> float:
    """A random x that is in the picture at distance z."""
    return float(world.rng.uniform(-spread, spread) * z * np.tan(world.fov / 2))


def distance(rng: Random, near: float, far: float) -> float:
    """Distances even on a logarithmic scale: as many things between 1 and 3 m as between 10 and 30 m."""
    return float(np.exp(rng.uniform(np.log(near), np.log(far))))


def lawn(world: World, *, mode: int = 0, shape: tuple[float, ...] = ()) -> None:
    rng = world.rng
    tile = str(rng.choice(["rough", "grass", "grass", "tiles", "bricks", "planks"]))
    tint = leaf_colour(rng) if tile == "grass" else any_colour(rng, 0.3, 1, 0.25)
    first = world.material(tile, tint, kind=GROUND, scale=float(rng.uniform(0.1, 0.6)))
    other = str(rng.choice(["rough", "flat", "tiles"]))
    world.material(
        other, any_colour(rng, 0.2, 0.8, 0.2), kind=GROUND, scale=first[1], gloss=float(rng.random() < 0.15) * 0.5
    )
    world.ground(first, mode=mode, shape=shape)


def mountains(world: World, end: float = 2500.0) -> None:
    rng = world.rng
    tint = leaf_colour(rng) if rng.random() < 0.6 else any_colour(rng, 0.3, 0.8, 0.3)
    first = world.material("rough", tint, scale=0.01)
    world.material("rough", any_colour(rng, 0.3, 0.75, 0.2), scale=0.01)
    world.material("flat", (1, 1, 1.05), scale=0.01)
    start = distance(rng, 30, 600)
    height = start * rng.uniform(0.4, 2.0)
    world.terrain(
        first, frequency=float(rng.uniform(8, 40) / (start * 8)), height=height,
        start=start * 0.6, ramp=start * rng.uniform(0.5, 2),
        lift=float(rng.uniform(-0.4, -0.1)), end=end,
        snow=height * rng.uniform(0.2, 0.6) if rng.random() < 0.35 else 1e9,
        base=-0.5, steep=float(rng.uniform(0.5, 0.9)),
    )  # fmt: skip


def room_shell(world: World, half: float, high: float, deep: float) -> None:
    rng = world.rng
    wood = str(rng.choice(["planks", "tiles", "rough", "flat"]))
    first = world.material(
        wood, any_colour(rng, 0.3, 1, 0.5), kind=GROUND, scale=0.5, gloss=float(rng.random() < 0.3) * 0.5
    )
    world.material("flat", any_colour(rng, 0.7, 1, 0.1), scale=0.3)
    for _ in range(2):
        tile = str(rng.choice(["flat", "flat", "bricks", "stripes", "planks"]))
        world.material(tile, any_colour(rng, 0.4, 1, 0.5), scale=float(rng.uniform(0.2, 0.6)))
    off = float(rng.uniform(-0.6, 0.6) * half)
    world.room(first, (-half + off, half + off, 0, high, -1.5, deep))


def inside(world: World, high: float) -> None:
    rng = world.rng
    world.eye = float(min(rng.uniform(0.7, 1.9), high - 0.4))
    world.pitch = float(rng.normal(0.08, 0.08))
    world.sun = np.array([rng.normal(), 1.2, -abs(rng.normal()), 0.35, rng.uniform(0.45, 0.75), 0.0])


def scatter_green(world: World, *, trees: int, near: float, far: float) -> None:
    rng = world.rng
    for _ in range(trees):
        z = distance(rng, near, far)
        things.tree(world, across(world, z), z, float(rng.uniform(3, 16)))
    for _ in range(int(rng.integers(0, 7))):
        z = distance(rng, 2, 30)
        things.bush(world, across(world, z), z, float(rng.uniform(0.3, 1.5)))
    for _ in range(int(rng.integers(0, 14)) if rng.random() < 0.5 else 0):
        z = distance(rng, 1.2, 10)
        things.grass(world, across(world, z), z, float(rng.uniform(0.15, 0.8)))


def portrait(world: World) -> None:
    """Head and shoulders, cut by the frame."""
    rng = world.rng
    z, tall = float(rng.uniform(0.65, 1.6)), float(rng.uniform(1.5, 1.9))
    foot = world.eye - 0.9 * tall + float(rng.normal(0, 0.06)) - z * world.pitch
    things.person(world, across(world, z, 0.4), z, foot, tall)


def light(world: World) -> None:
    """Shade in corners, and lamps indoors that throw shadows."""
    rng = world.rng
    if rng.random() < 0.7:
        world.corners = (distance(rng, 0.1, 0.8) * max(1.0, world.eye / 3), float(rng.uniform(0.3, 0.9)))
    if world.sun[5] < 0.5 and rng.random() < 0.4:
        world.sun[5] = 1.0
