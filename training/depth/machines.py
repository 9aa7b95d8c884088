"""Things with wheels, pipes, posts and thin parts, and what stands around them in a garage, a yard or a kitchen.

Each function adds one thing to a world, standing at (x, z). Read next: `crowded.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from training.depth.textures import Random
from training.depth.things import any_colour, small_thing
from training.depth.world import Colour, World

Look = tuple[int, float]
Place = Callable[[float, float, float], Colour]

SURFACES = ("flat", "rough", "metal", "stained", "cloth", "mixed", "planks", "stripes", "page", "picture", "bricks")


def any_surface(world: World, scale: float = 1.0) -> Look:
    """A random surface, `scale` tiles to a metre, dull or polished."""
    rng = world.rng
    shine = float(rng.uniform(0.1, 0.6)) if rng.random() < 0.25 else 0.0
    tile = str(rng.choice(SURFACES))
    return world.material(tile, any_colour(rng, 0.1, 1, 0.8), scale=scale * float(rng.uniform(0.5, 3)), shine=shine)


def metal(world: World, *, dark: bool = False) -> Look:
    """Steel, chrome, black iron or aluminium."""
    rng = world.rng
    tint = any_colour(rng, 0.05, 0.3, 0.1) if dark else any_colour(rng, 0.35, 1, 0.15)
    return world.material("metal", tint, scale=2, shine=float(rng.uniform(0, 0.7)))


def paint(world: World) -> Look:
    """Lacquer in any colour."""
    rng = world.rng
    return world.material("flat", any_colour(rng, 0.1, 1, 1.2), scale=1, shine=float(rng.uniform(0, 0.45)))


def turned(x: float, z: float, yaw: float, size: float = 1.0, y: float = 0.0) -> Place:
    """Own axes of a thing at (x, z): along, up and behind, in its own size, to the world's."""
    c, s = float(np.cos(yaw)), float(np.sin(yaw))

    def at(along: float, up: float, behind: float = 0.0) -> Colour:
        return (x + size * (c * along + s * behind), y + size * up, z + size * (c * behind - s * along))

    return at


def polyline(world: World, points: list[Colour], radius: float, look: Look) -> None:
    """A pipe, a cable, a hose through these points."""
    for start, end in itertools.pairwise(points):
        if np.linalg.norm(np.subtract(end, start)) > 1e-3:
            world.capsule(start, end, radius, look)


def sagging(start: Colour, end: Colour, sag: float, count: int = 10) -> list[Colour]:
    """Points of a cable that hangs between two others."""
    share = np.linspace(0, 1, count)
    path = np.outer(1 - share, start) + np.outer(share, end)
    path[:, 1] -= 4 * sag * share * (1 - share)
    return [(float(p[0]), float(p[1]), float(p[2])) for p in path]


def wheel(world: World, at: Place, middle: tuple[float, float, float], radius: float, size: float, yaw: float) -> None:
    """A tyre or rim with spokes or a disc; it rolls along the first axis of `at`, whose unit is `size` metres."""
    rng = world.rng
    along, up, behind = middle
    rubber = world.material("flat", any_colour(rng, 0.03, 0.2, 0.1), scale=2)
    thick = radius * float(rng.uniform(0.08, 0.26))
    turns = np.linspace(0, 2 * np.pi, 19)
    rim = [at(along + (radius - thick) * np.cos(a), up + (radius - thick) * np.sin(a), behind) for a in turns]
    polyline(world, rim, thick * size, rubber)
    hub, steel = at(*middle), metal(world)
    world.ellipsoid(hub, (radius * size * 0.16, radius * size * 0.16, thick * size * 1.2), steel, yaw)
    spokes = int(rng.choice([0, 3, 5, 7, 10, 18]))
    if spokes == 0:
        world.ellipsoid(hub, (radius * size * 0.85, radius * size * 0.85, thick * size * 0.5), steel, yaw)
    for a in np.linspace(0, 2 * np.pi, spokes, endpoint=False) + rng.uniform(0, 1):
        tip = at(along + radius * 0.85 * np.cos(a), up + radius * 0.85 * np.sin(a), behind)
        world.capsule(hub, tip, radius * size * (0.22 / max(spokes, 4)), steel)
    if rng.random() < 0.5:  # a mudguard
        guard, cover = paint(world), turns[2:9] + float(rng.normal(0, 0.4))
        reach = radius * 1.12
        polyline(
            world,
            [at(along + reach * np.cos(a), up + reach * np.sin(a), behind) for a in cover],
            thick * size * 0.9,
            guard,
        )


def two_wheeler(world: World, x: float, z: float, yaw: float, size: float = 1.0) -> None:
    """A bicycle, a moped or a heavier machine, upright on its wheels."""
    rng = world.rng
    at, heavy = turned(x, z, yaw, size), float(rng.random())
    base, radius = float(rng.uniform(0.45, 0.75)), float(rng.uniform(0.22, 0.36))
    frame, steel, black = paint(world), metal(world), metal(world, dark=True)
    for along in (-base, base):
        wheel(world, at, (along, radius, 0.0), radius, size, yaw)
    tube = size * (0.014 + 0.03 * heavy)
    seat, crank = (-0.25, float(rng.uniform(0.7, 0.95))), (float(rng.normal(0, 0.05)), radius)
    head = (base * float(rng.uniform(0.55, 0.8)), float(rng.uniform(0.75, 1.05)))
    for first, last in ((seat, crank), (seat, head), (crank, head), (seat, (-base, radius)), (crank, (-base, radius))):
        world.capsule(at(*first), at(*last), tube, frame)
    for side in (-0.05, 0.05) if heavy > 0.4 else (0.03,):
        world.capsule(at(base, radius, side), at(*head, side), tube, steel)
    wide, high = float(rng.uniform(0.2, 0.4)), head[1] + float(rng.uniform(0.0, 0.25))
    bar = [at(head[0] - 0.15, high, -wide), at(head[0], high, -0.1), at(*head), at(head[0], high, 0.1)]
    polyline(world, [*bar, at(head[0] - 0.15, high, wide)], size * 0.015, steel)
    for side in (-wide, wide):
        world.capsule(at(head[0] - 0.15, high, side), at(head[0] - 0.25, high, side), size * 0.022, black)
        if rng.random() < 0.4:
            world.ellipsoid(at(head[0] - 0.1, high + 0.18, side), (size * 0.07, size * 0.05, size * 0.02), black, yaw)
    world.ellipsoid(
        at(seat[0] - 0.05, seat[1] + 0.05), (size * (0.13 + 0.2 * heavy), size * 0.05, size * 0.09), black, yaw
    )
    lamp = world.material("flat", (1, 0.97, 0.85), glow=0.4, shine=0.4)
    world.ellipsoid(at(head[0] + 0.1, head[1]), (size * 0.07, size * (0.04 + 0.06 * heavy), size * 0.08), lamp, yaw)
    if heavy > 0.4:
        tank = (size * 0.24, size * float(rng.uniform(0.1, 0.16)), size * 0.13)
        world.ellipsoid(at(0.12, (seat[1] + head[1]) / 2), tank, frame, yaw)
        engine(world, at, (0.0, 0.4, 0.0), 0.2, size, yaw)
        pipe = [at(0.15, 0.45, -0.12), at(0.22, 0.25, -0.14), at(-0.1, 0.2, -0.16), at(-base - 0.1, 0.28, -0.16)]
        polyline(world, pipe, size * 0.035, metal(world))
    elif rng.random() < 0.3:  # a basket
        box = (size * 0.16, size * 0.1, size * 0.14)
        world.box(at(head[0] + 0.2, head[1] - 0.1), box, world.material("stripes", any_colour(rng), scale=8), yaw)


def engine(world: World, at: Place, middle: tuple[float, float, float], reach: float, size: float, yaw: float) -> None:
    """A lump of cases, fins, caps and pipes."""
    rng = world.rng
    along, up, behind = middle
    for _ in range(int(rng.integers(4, 12))):
        off = rng.normal(0, 0.4, 3) * reach
        place = at(along + off[0], up + off[1], behind + off[2] * 0.6)
        half = rng.uniform(0.12, 0.5, 3) * reach * size
        look = metal(world, dark=bool(rng.random() < 0.4))
        match int(rng.integers(3)):
            case 0:
                world.box(place, (half[0], half[1], half[2]), look, yaw)
            case 1:
                world.ellipsoid(place, (half[0], half[1], half[2]), look, yaw)
            case _:
                tip = at(along + off[0] + rng.normal(0, 0.4) * reach, up + off[1] + rng.normal(0, 0.4) * reach, behind)
                polyline(world, [place, tip], min(half) * 0.5, look)


def four_wheeler(world: World, x: float, z: float, yaw: float, size: float = 1.0) -> None:
    """A van, a lorry, a tractor, a cart: boxes and lumps on four wheels, seen from near."""
    rng = world.rng
    at = turned(x, z, yaw, size)
    length, half, radius = float(rng.uniform(0.8, 2.6)), float(rng.uniform(0.5, 1.0)), float(rng.uniform(0.22, 0.55))
    body, glass = paint(world), world.material("flat", (0.1, 0.12, 0.15), scale=0.3, shine=0.5)
    floor, top = radius * float(rng.uniform(0.9, 1.4)), float(rng.uniform(0.6, 1.5))
    for along in (-length * 0.65, length * 0.65):
        for behind in (-half, half):
            wheel(world, at, (along, radius, behind * 0.97), radius, size, yaw)
    parts = int(rng.integers(1, 4))
    for part in range(parts):
        low, high = -length + 2 * length * part / parts, -length + 2 * length * (part + 1) / parts
        tall = floor + top * float(rng.uniform(0.4, 1.0))
        middle, reach = at((low + high) / 2, (floor + tall) / 2), (size * (high - low) / 2, size * (tall - floor) / 2)
        look = body if rng.random() < 0.7 else any_surface(world)
        if rng.random() < 0.25:
            world.ellipsoid(middle, (reach[0] * 1.2, reach[1] * 1.2, size * half * 0.8), look, yaw)
            continue
        world.box(middle, (reach[0], reach[1], size * half * 0.9), look, yaw)
        if rng.random() < 0.6:
            pane = at((low + high) / 2, floor + (tall - floor) * 0.72)
            world.box(pane, (reach[0] * 1.01, reach[1] * 0.22, size * half * 0.8), glass, yaw)
            world.box(pane, (reach[0] * 0.8, reach[1] * 0.22, size * half * 0.91), glass, yaw)
    light = world.material("flat", (1.0, 0.95, 0.8) if rng.random() < 0.6 else (0.9, 0.1, 0.1), glow=0.5)
    for behind in (-half * 0.7, half * 0.7):
        for along in (-length, length):
            world.ellipsoid(at(along, floor + 0.2, behind), (size * 0.05, size * 0.09, size * 0.11), light, yaw)
    if rng.random() < 0.5:
        world.capsule(
            at(length * 0.5, floor, -half), at(length * 0.5, floor + top * 1.3, -half), size * 0.03, metal(world)
        )


def apparatus(world: World, x: float, z: float, size: float, y: float = 0.0) -> None:
    """A machine nobody can name: a base or legs, cases on it, pipes, handles, a wheel. Its foot stands at (x, y, z)."""
    rng = world.rng
    yaw = float(rng.uniform(0, 2 * np.pi))
    at, tall, wide = turned(x, z, yaw, size, y), float(rng.uniform(0.5, 1.5)), float(rng.uniform(0.2, 0.7))
    look = paint(world) if rng.random() < 0.6 else any_surface(world, 1 / size)
    floor = 0.0
    if rng.random() < 0.5:
        floor = tall * float(rng.uniform(0.2, 0.5))
        for along in (-0.85, 0.85):
            for behind in (-0.85, 0.85):
                foot, knee = at(along * wide, 0, behind * wide * 0.7), at(along * wide, floor, behind * wide * 0.7)
                world.capsule(foot, knee, size * 0.03, metal(world))
    middle = (floor + tall) / 2
    world.box(at(0, middle), (size * wide, size * (tall - floor) / 2, size * wide * 0.7), look, yaw)
    engine(world, at, (0.0, middle + 0.1, -wide * 0.5), wide, size, yaw)
    for _ in range(int(rng.integers(0, 6))):
        points = np.cumsum(np.vstack([[[0, middle, 0]], rng.normal(0, 0.35, (4, 3))]), 0)
        points[:, 1] = np.clip(points[:, 1], 0, None)
        polyline(world, [at(*p) for p in points.tolist()], size * float(rng.uniform(0.01, 0.05)), any_surface(world))
    if rng.random() < 0.4:
        wheel(world, at, (wide, middle, -wide * 0.75), float(rng.uniform(0.15, 0.4)), size, yaw)
    if rng.random() < 0.5:
        grip = [
            at(-wide, tall, 0),
            at(-wide * 1.2, tall * 1.3, 0),
            at(-wide * 1.2, tall * 1.3, 0.5),
            at(-wide, tall, 0.5),
        ]
        polyline(world, grip, size * 0.02, metal(world))


def rack(world: World, x: float, z: float, yaw: float, half: float, height: float) -> None:
    """Open shelves on posts, full of boxes, tins and tools; one looks through them."""
    rng = world.rng
    at, deep = turned(x, z, yaw), float(rng.uniform(0.15, 0.35))
    post = metal(world) if rng.random() < 0.6 else world.material("planks", any_colour(rng, 0.2, 0.9, 0.4), scale=1)
    for along in (-half, half):
        for behind in (-deep, deep):
            world.box(at(along, height / 2, behind), (0.025, height / 2, 0.02), post, yaw)
    levels = int(rng.integers(2, 6))
    for level in range(1, levels + 1):
        up = height * level / levels
        world.box(at(0, up), (half, 0.02, deep), post, yaw)
    for level in range(levels):
        up, along = height * level / levels + 0.02, -half
        while along < half and rng.random() < 0.93:
            wide, tall = float(rng.uniform(0.04, 0.35)), height / levels * float(rng.uniform(0.15, 0.9))
            spot = at(along + wide / 2, up + tall / 2, float(rng.uniform(-0.5, 0.2)) * deep)
            if rng.random() < 0.7:
                world.box(spot, (wide / 2, tall / 2, deep * 0.6), any_surface(world, 2), yaw, whole=rng.random() < 0.4)
            else:
                small_thing(world, spot[0], spot[2], min(tall, wide) * 0.8, up)
            along += wide + float(rng.choice([0.01, 0.05, 0.3]))


def bench(world: World, x: float, z: float, yaw: float) -> None:
    """Slats for seat and back, on legs."""
    rng = world.rng
    at, half = turned(x, z, yaw), float(rng.uniform(0.4, 1.0))
    wood = world.material("planks", any_colour(rng, 0.2, 0.95, 0.4), scale=1)
    for k in range(4):
        world.box(at(0, 0.45, -0.2 + 0.12 * k), (half, 0.015, 0.045), wood, yaw)
    for k in range(int(rng.integers(3, 12)) if rng.random() < 0.7 else 0):
        along = half * (2 * (k + 0.5) / 12 - 1)
        world.box(at(along, 0.7, 0.25), (0.025, 0.22, 0.012), wood, yaw)
        world.box(at(-along, 0.7, 0.25), (0.025, 0.22, 0.012), wood, yaw)
    world.box(at(0, 0.92, 0.25), (half, 0.04, 0.02), wood, yaw)
    for along in (-half * 0.95, half * 0.95):
        for behind, top in ((-0.22, 0.62), (0.25, 0.95)):
            world.box(at(along, top / 2, behind), (0.03, top / 2, 0.03), wood, yaw)
        world.box(at(along, 0.62, 0), (0.03, 0.02, 0.25), wood, yaw)


def leaning(world: World, x: float, z: float, height: float) -> None:
    """A ladder, a plank, a broom, pipes against what stands behind."""
    rng = world.rng
    lean, wood = float(rng.uniform(0.1, 0.4)), any_surface(world)
    half = float(rng.choice([0.0, 0.2]))
    for side in (-half, half) if half else (0.0,):
        world.capsule((x + side, 0.02, z - lean), (x + side + rng.normal(0, 0.03), height, z), 0.025, wood)
    if half:
        for share in np.linspace(0.1, 0.95, 8):
            start = (x - half, height * share, z - lean * (1 - share))
            world.capsule(start, (x + half, start[1], start[2]), 0.015, wood)
    elif rng.random() < 0.5:
        world.ellipsoid((x, 0.08, z - lean), (0.18, 0.1, 0.06), any_surface(world))


def barrel(world: World, x: float, z: float, radius: float, height: float, y: float = 0.0) -> None:
    """A drum, a bin, a bucket: upright sides and a flat lid."""
    look = any_surface(world)
    world.capsule((x, y - radius, z), (x, y + height - radius, z), radius, look)
    world.box((x, y + height - radius * 0.4, z), (radius * 0.72, radius * 0.4, radius * 0.72), look)


def hanging(world: World, x: float, y: float, z: float) -> None:
    """Something on a wall or a hook: a tool, a coil of hose, a coat, a board, a lamp."""
    rng, look = world.rng, any_surface(world)
    match int(rng.integers(5)):
        case 0:
            drop = float(rng.uniform(0.15, 0.7))
            world.capsule((x, y, z), (x + rng.normal(0, 0.05), y - drop, z), 0.015, look)
            world.box((x, y - drop, z), (float(rng.uniform(0.03, 0.15)), 0.04, 0.02), look)
        case 1:
            ring = np.linspace(0, 2 * np.pi, 17)
            radius = float(rng.uniform(0.1, 0.3))
            coil = [(x + radius * np.cos(a), y + radius * np.sin(a), z + 0.01 * k) for k, a in enumerate(ring)]
            polyline(world, coil, 0.02, look)
        case 2:
            world.ellipsoid((x, y - 0.4, z), (float(rng.uniform(0.1, 0.3)), 0.5, 0.1), look)
        case 3:
            half = (float(rng.uniform(0.1, 0.6)), float(rng.uniform(0.1, 0.5)), 0.015)
            world.box((x, y, z), half, look, whole=True)
        case _:
            polyline(world, sagging((x, y, z), (x + rng.normal(0, 1.5), y + rng.normal(0, 0.3), z), 0.3), 0.012, look)


def heap(world: World, x: float, z: float, reach: float, rng: Random) -> None:
    """Boxes, tins and odd things on the floor around a place."""
    for _ in range(int(rng.integers(2, 9))):
        size = float(rng.uniform(0.08, 0.5))
        px, pz = x + float(rng.normal(0, reach)), z + float(rng.normal(0, reach * 0.6))
        if pz < 0.9:
            continue
        match int(rng.integers(4)):
            case 0:
                barrel(world, px, pz, size * 0.5, size * 1.6)
            case 1:
                small_thing(world, px, pz, size, 0.0)
            case 2:
                half = (size, float(rng.uniform(0.05, 0.5)), float(rng.uniform(0.1, 0.4)))
                world.box(
                    (px, half[1], pz), half, any_surface(world), float(rng.uniform(0, 3)), whole=rng.random() < 0.4
                )
            case _:
                apparatus(world, px, pz, size)
