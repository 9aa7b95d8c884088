"""Animals, trunks, boulders, sitting people, and tall or slender things: pylons, scaffolds, lamps, screens.

Each function adds one thing to a world, standing at (x, z). Read next: `crowded.py`.
"""

from __future__ import annotations

import itertools

import numpy as np

from training.depth.machines import any_surface, metal, polyline, turned
from training.depth.things import HAIR, SKIN, any_colour, foliage, shaded
from training.depth.world import FOLIAGE, GROUND, PERSON, Colour, World


def beast(world: World, x: float, z: float, size: float, y: float = 0.0) -> None:
    """Four legs, body, neck, head with ears and eyes, a tail; standing, grazing or lying. size: length in metres."""
    rng = world.rng
    yaw = float(rng.uniform(0, 2 * np.pi))
    at = turned(x, z, yaw, size, y)
    tile = str(rng.choice(["rough", "flat", "bark", "mixed", "grass", "cloth"]))
    coat = world.material(tile, any_colour(rng, 0.1, 1, 0.4), scale=float(rng.uniform(1, 4)) / size)
    dark = world.material("flat", any_colour(rng, 0.03, 0.3, 0.2), scale=1)
    lying, fat = rng.random() < 0.25, float(rng.uniform(0.12, 0.25))
    leg = 0.1 if lying else float(rng.uniform(0.2, 0.65))
    back = leg + fat
    world.ellipsoid(at(0, back), (size * 0.45, size * fat, size * fat * 0.95), coat, yaw)
    world.ellipsoid(at(0.24, back + 0.03), (size * 0.22, size * fat * 1.05, size * fat), coat, yaw)
    for along in (-0.32, 0.32):
        for behind in (-fat * 0.6, fat * 0.6):
            step = along + float(rng.normal(0, 0.06))
            thick = size * float(rng.uniform(0.03, 0.07))
            world.capsule(at(along, back, behind), at(step, 0.04, behind), thick, coat if rng.random() < 0.7 else dark)
    reach, rise = float(rng.uniform(0.15, 0.3)), float(rng.choice([-0.3, 0.1, 0.3, 0.5]))
    head = (0.45 + reach, max(back + rise, 0.15))
    world.capsule(at(0.38, back + 0.05), at(*head), size * float(rng.uniform(0.06, 0.12)), coat)
    big = float(rng.uniform(0.09, 0.17))
    world.ellipsoid(at(head[0] + 0.05, head[1]), (size * big * 1.3, size * big, size * big), coat, yaw)
    world.ellipsoid(
        at(head[0] + 0.05 + big, head[1] - 0.03), (size * big * 0.7, size * big * 0.5, size * big * 0.5), coat, yaw
    )
    world.ellipsoid(at(head[0] + 0.07 + big * 1.6, head[1] - 0.02), (size * 0.02, size * 0.02, size * 0.03), dark, yaw)
    ear = float(rng.uniform(0.05, 0.2))
    for behind in (-big * 0.6, big * 0.6):
        world.capsule(
            at(head[0], head[1] + big * 0.7, behind), at(head[0], head[1] + big + ear, behind * 1.5), size * 0.03, coat
        )
        world.ellipsoid(at(head[0] + big * 0.9, head[1] + big * 0.4, behind), (size * 0.02,) * 3, dark, yaw)
    tail = float(rng.normal(0, 0.25))
    polyline(world, [at(-0.44, back), at(-0.6, back + tail), at(-0.75, back + tail * 1.5 - 0.1)], size * 0.025, coat)


def perch(world: World, x: float, y: float, z: float) -> None:
    """A branch across the picture with leaves, often with a bird on it."""
    rng = world.rng
    bark = world.material("bark", any_colour(rng, 0.2, 0.7, 0.3), scale=6)
    reach = z * float(rng.uniform(0.4, 1.2))
    points = [(x + reach * s, y + float(rng.normal(0, 0.03)) * z, z + 0.1 * s * z) for s in np.linspace(-1, 1, 8)]
    polyline(world, points, z * float(rng.uniform(0.008, 0.03)), bark)
    for start in points[::2]:
        tip = (start[0] + float(rng.normal(0, 0.2)) * z, start[1] + float(rng.uniform(-0.1, 0.25)) * z, start[2])
        world.capsule(start, tip, z * 0.006, bark)
        if rng.random() < 0.5:
            foliage(world, tip, (z * 0.08, z * 0.08, z * 0.05), any_colour(rng, 0.3, 0.9, 0.6), 7)
    if rng.random() < 0.8:
        size, look = z * float(rng.uniform(0.06, 0.18)), any_surface(world, 2 / z)
        foot = points[3]
        other, yaw = any_surface(world, 2 / z), float(rng.uniform(0, 6.3))
        at = turned(foot[0], foot[2], yaw, size, foot[1])
        world.ellipsoid(at(0, 0.7), (size * 0.5, size * 0.6, size * 0.4), look, yaw)
        world.ellipsoid(at(0.25, 1.35), (size * 0.3, size * 0.28, size * 0.26), other, yaw)
        world.capsule(at(0.5, 1.35), at(0.75, 1.3), size * 0.06, other)
        world.capsule(at(-0.35, 0.5), at(-1.1, 0.1), size * 0.13, look)


def trunk(world: World, x: float, z: float, bark: Colour, leaf: Colour) -> None:
    """One tree of a wood: a stem that leaves the picture above, boughs, roots, some leaves."""
    rng = world.rng
    look = world.material("bark" if rng.random() < 0.7 else "mixed", bark, scale=float(rng.uniform(0.6, 2)))
    radius, high = float(rng.uniform(0.03, 0.4)) * float(rng.uniform(0.3, 1)), float(rng.uniform(3, 20))
    points: list[Colour] = [(x, -0.2, z)]
    for share in (0.25, 0.5, 0.75, 1.0):
        lean = rng.normal(0, 0.05, 2) * high
        points.append((points[-1][0] + lean[0] * 0.5, high * share, points[-1][2] + lean[1] * 0.5))
    for k, (start, end) in enumerate(itertools.pairwise(points)):
        world.capsule(start, end, radius * (1 - 0.18 * k), look)
    for _ in range(int(rng.integers(0, 4))):
        foot = (x + float(rng.normal(0, 3)) * radius, 0.0, z + float(rng.normal(0, 3)) * radius)
        world.capsule((x, radius, z), foot, radius * 0.35, look)
    for _ in range(int(rng.integers(0, 7))):
        k, share = int(rng.integers(0, 4)), float(rng.random())
        start = tuple(points[k][i] * (1 - share) + points[k + 1][i] * share for i in range(3))
        bend = np.cumsum(rng.normal(0, 1, (3, 3)) * high * 0.06 + [0, 0.1, 0], 0)
        bough = [start, *[(start[0] + b[0], max(start[1] + b[1], 0.1), start[2] + b[2]) for b in bend.tolist()]]
        polyline(world, bough, radius * float(rng.uniform(0.1, 0.35)), look)
        if rng.random() < 0.45:
            size = high * float(rng.uniform(0.04, 0.12))
            foliage(world, bough[-1], (size, size * 0.7, size), shaded(rng, leaf), 8)
    if rng.random() < 0.2:
        moss = world.material("grass", leaf, kind=FOLIAGE, scale=2)
        world.capsule((x, -0.1, z), (x, float(rng.uniform(0.1, 1)), z), radius * 1.08, moss)


def boulder(world: World, x: float, z: float, size: float, colour: Colour) -> None:
    """Lumps within lumps, with an edge here and there; half of it below the ground."""
    rng = world.rng
    tile = str(rng.choice(["rough", "rough", "stained", "mixed"]))
    look = world.material(tile, colour, kind=GROUND, scale=float(rng.uniform(0.4, 1.2)) / size)
    for _ in range(int(rng.integers(2, 6))):
        dx, dz, (a, b, c) = rng.normal(0, 0.4) * size, rng.normal(0, 0.4) * size, rng.uniform(0.3, 0.9, 3) * size
        if rng.random() < 0.25:
            world.box((x + dx, b * 0.4, z + dz), (a * 0.6, b * 0.6, c * 0.6), look, float(rng.uniform(0, 3)))
        else:
            world.ellipsoid((x + dx, b * 0.4, z + dz), (a, b, c), look, float(rng.uniform(0, 3)))


def pylon(world: World, x: float, z: float, height: float) -> None:
    """A lattice tower with arms."""
    rng = world.rng
    steel, foot = metal(world), height * float(rng.uniform(0.06, 0.14))
    thick, levels = height * float(rng.uniform(0.003, 0.008)), int(rng.integers(4, 8))

    def corner(k: int, level: int) -> Colour:
        half = foot * (1 - 0.85 * level / levels)
        return (x + half * (1 if k in (0, 1) else -1), height * level / levels, z + half * (1 if k in (1, 2) else -1))

    for level in range(levels):
        for k in range(4):
            world.capsule(corner(k, level), corner(k, level + 1), thick, steel)
            world.capsule(corner(k, level), corner((k + 1) % 4, level + 1), thick * 0.7, steel)
            world.capsule(corner((k + 1) % 4, level), corner(k, level + 1), thick * 0.7, steel)
    for arm in range(int(rng.integers(0, 4))):
        level, wide = height * (0.95 - 0.14 * arm), height * float(rng.uniform(0.1, 0.2))
        for side in (-wide, wide):
            world.capsule((x, level + wide * 0.2, z), (x + side, level, z), thick, steel)
            world.capsule((x, level, z), (x + side, level, z), thick, steel)


def scaffold(world: World, x: float, z: float, width: float) -> None:
    """Tubes and boards before a wall."""
    rng = world.rng
    tube, board, wall = metal(world), any_surface(world), any_surface(world, 0.2)
    levels, posts = int(rng.integers(2, 5)), int(rng.integers(3, 7))
    world.box((x, levels, z + 1.7), (width * 0.7, float(rng.uniform(0.7, 1.4)) * levels, 0.5), wall)
    for behind in (0.0, 0.9):
        for k in range(posts):
            px = x + width * (k / (posts - 1) - 0.5)
            world.capsule((px, 0, z + behind), (px, levels * 2 + 0.5, z + behind), 0.025, tube)
        for level in range(1, levels + 1):
            ends = [(x + side * width / 2, 2.0 * level, z + behind) for side in (-1, 1)]
            world.capsule(ends[0], ends[1], 0.025, tube)
            rail = [(px, up + 0.9, pz) for px, up, pz in ends]
            world.capsule(rail[0], rail[1], 0.025, tube)
    for level in range(1, levels + 1):
        world.box((x, 2.0 * level, z + 0.45), (width / 2, 0.03, 0.4), board)


def screen(world: World, x: float, z: float, size: float) -> None:
    """A display on a foot, or an open laptop."""
    rng = world.rng
    yaw, case = float(rng.normal(0, 0.5)), metal(world, dark=bool(rng.random() < 0.6))
    at = turned(x, z, yaw)
    show = world.material(str(rng.choice(["page", "picture", "flat"])), (1, 1, 1), glow=0.7)
    foot = size * float(rng.uniform(0.05, 0.5))
    world.box(at(0, foot + size * 0.6), (size, size * 0.6, 0.012), case, yaw)
    world.box(at(0, foot + size * 0.6, -0.008), (size * 0.95, size * 0.55, 0.008), show, yaw, whole=True)
    world.box(at(0, 0.008, -0.1 if foot < 0.1 * size else 0.02), (size * 0.6, 0.008, size * 0.3), case, yaw)
    world.capsule(at(0, 0.01, 0.02), at(0, foot + size * 0.4, 0.02), 0.012, case)


def desk_lamp(world: World, x: float, z: float, height: float) -> None:
    """A foot, two arms, a shade."""
    rng = world.rng
    look, yaw = any_surface(world, 4), float(rng.uniform(0, 6.3))
    at = turned(x, z, yaw, height)
    elbow, top = (float(rng.normal(0, 0.3)), 0.55), (float(rng.normal(0.3, 0.3)), float(rng.uniform(0.8, 1.1)))
    world.ellipsoid(at(0, 0.02), (height * 0.2, height * 0.04, height * 0.2), look)
    polyline(world, [at(0, 0.02), at(*elbow), at(*top)], height * 0.02, look)
    shade = world.material("flat", any_colour(rng, 0.3, 1, 0.8), glow=0.5)
    world.ellipsoid(at(*top), (height * 0.16, height * 0.12, height * 0.16), shade)


def seated(world: World, x: float, z: float) -> None:
    """Someone on a stool, thighs forward."""
    rng = world.rng
    yaw, h = float(rng.uniform(0, 6.3)), float(rng.uniform(1.4, 1.9))
    at = turned(x, z, yaw, h)
    skin = world.material("flat", SKIN[rng.integers(len(SKIN))], kind=PERSON, scale=2)
    shirt = world.material("cloth", any_colour(rng, 0.1, 1, 0.9), kind=PERSON, scale=2)
    trousers = world.material("cloth", any_colour(rng, 0.05, 0.8, 0.5), kind=PERSON, scale=2)
    hair = world.material("bark", HAIR[rng.integers(len(HAIR))], kind=PERSON, scale=6)
    stool = any_surface(world)
    world.box(at(0, 0.125), (h * 0.11, h * 0.125, h * 0.11), stool, yaw)
    for side in (-0.06, 0.06):
        world.capsule(at(0, 0.29, side), at(0.24, 0.29, side), h * 0.05, trousers)
        world.capsule(at(0.24, 0.28, side), at(0.24 + rng.normal(0, 0.05), 0.03, side), h * 0.036, trousers)
        world.ellipsoid(at(0.28, 0.02, side), (h * 0.07, h * 0.025, h * 0.03), hair, yaw)
        hand = at(0.2, float(rng.uniform(0.3, 0.45)), side * 1.6)
        polyline(world, [at(0, 0.58, side * 1.9), at(0.05, 0.42, side * 2.3), hand], h * 0.028, shirt)
        world.ellipsoid(hand, (h * 0.03,) * 3, skin)
    world.ellipsoid(at(0, 0.46), (h * 0.075, h * 0.17, h * 0.1), shirt, yaw)
    world.capsule(at(0, 0.58, -0.085), at(0, 0.58, 0.085), h * 0.042, shirt)
    world.capsule(at(0, 0.6), at(0.01, 0.66), h * 0.03, skin)
    world.ellipsoid(at(0.02, 0.71), (h * 0.055, h * 0.065, h * 0.045), skin, yaw)
    world.ellipsoid(at(0.0, 0.735), (h * 0.055, h * 0.055, h * 0.05), hair, yaw)
