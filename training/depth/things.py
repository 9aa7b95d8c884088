"""Things that scenes are made of: trees, people, cars, furniture, poles, signs, grass, rocks.

Each function adds one thing to a world, standing at (x, z), its foot at height y. Read next: `families.py`.
"""

from __future__ import annotations

import numpy as np

from training.depth.textures import Random
from training.depth.world import FOLIAGE, GROUND, PERSON, Colour, World

SKIN = ((0.95, 0.76, 0.65), (0.85, 0.63, 0.5), (0.62, 0.42, 0.3), (0.42, 0.27, 0.19), (0.98, 0.84, 0.76))
HAIR = ((0.1, 0.08, 0.07), (0.3, 0.2, 0.12), (0.75, 0.6, 0.35), (0.55, 0.5, 0.48), (0.45, 0.2, 0.1))


def any_colour(rng: Random, low: float = 0.15, high: float = 1.0, strength: float = 0.6) -> Colour:
    """A random tint."""
    grey, hue = rng.uniform(low, high), rng.normal(0, strength * 0.4, 3)
    r, g, b = np.clip(grey * (1 + hue - hue.mean()), 0.03, 1.1)
    return float(r), float(g), float(b)


def leaf_colour(rng: Random) -> Colour:
    """Mostly greens; autumn and blossom now and then."""
    if rng.random() < 0.2:
        return (float(rng.uniform(0.6, 1)), float(rng.uniform(0.25, 0.7)), float(rng.uniform(0.05, 0.5)))
    green = rng.uniform(0.25, 0.8)
    return (float(green * rng.uniform(0.4, 0.95)), float(green), float(green * rng.uniform(0.15, 0.6)))


def shaded(rng: Random, colour: Colour, spread: float = 0.25) -> Colour:
    """The same colour, lighter or darker."""
    k = float(rng.uniform(1 - spread, 1 + spread))
    return (colour[0] * k, colour[1] * k, colour[2] * k)


def tree(world: World, x: float, z: float, height: float, y: float = 0.0) -> None:
    """Broad-leaved, conifer, bare or palm."""
    rng = world.rng
    kind = rng.choice(["broad", "conifer", "bare", "palm"], p=[0.6, 0.22, 0.1, 0.08])
    trunk = world.material("bark", shaded(rng, (0.5, 0.4, 0.32), 0.5), scale=1.5)
    if kind == "conifer":
        _conifer(world, x, y, z, height)
        return
    if kind == "bare":
        world.card((x, y + height / 2, z), (height / 2, height / 2), "branch", trunk)
        return
    bole = height * rng.uniform(0.3, 0.6) if kind == "broad" else height * 0.85
    lean, radius = rng.normal(0, 0.06) * height, height * rng.uniform(0.015, 0.04)
    top = (x + lean, y + bole, z)
    world.capsule((x, y - 0.2, z), top, radius, trunk)
    leaf = leaf_colour(rng)
    if kind == "palm":
        for _ in range(9):
            angle, reach = rng.uniform(0, 2 * np.pi), height * rng.uniform(0.2, 0.35)
            tip = (top[0] + reach * np.cos(angle), top[1] + rng.uniform(-0.1, 0.1) * height, z + reach * np.sin(angle))
            frond = world.material("grass", shaded(rng, leaf), kind=FOLIAGE, scale=1)
            world.card(((top[0] + tip[0]) / 2, tip[1], (z + tip[2]) / 2), (reach * 0.6, reach * 0.35), "tuft", frond)
        return
    crown = height * rng.uniform(0.2, 0.38)
    for _ in range(int(rng.integers(2, 5))):
        end = (
            top[0] + rng.normal(0, 0.5) * crown,
            top[1] + crown * rng.uniform(0.3, 1),
            z + rng.normal(0, 0.5) * crown,
        )
        world.capsule(top, end, radius * 0.5, trunk)
    foliage(
        world,
        (top[0], top[1] + crown * 0.5, z),
        (crown, crown * rng.uniform(0.7, 1.1), crown),
        leaf,
        int(rng.integers(14, 42)),
    )


def foliage(world: World, centre: Colour, radii: Colour, leaf: Colour, count: int) -> None:
    """A cloud of leaf clusters in an ellipsoid, lit as the ellipsoid would be."""
    rng = world.rng
    size = max(radii) * rng.uniform(0.3, 0.5) * (20 / count) ** 0.33
    for _ in range(count):
        n = rng.normal(0, 1, 3)
        n /= np.linalg.norm(n)
        reach = rng.uniform(0.4, 1.0)
        spot = [centre[i] + n[i] * radii[i] * reach for i in range(3)]
        look = world.material("grass", shaded(rng, leaf, 0.3), kind=FOLIAGE, scale=0.6 / max(size, 0.1))
        facing = (float(n[0]), float(n[1] * 0.8 + 0.2), float(n[2]))
        world.card((spot[0], spot[1], spot[2]), (size, size), "leaves", look, facing)


def _conifer(world: World, x: float, y: float, z: float, height: float) -> None:
    rng = world.rng
    leaf = shaded(rng, (0.18, 0.32, 0.2), 0.4)
    half = height * rng.uniform(0.16, 0.26)
    for layer in range(3):
        look = world.material("grass", shaded(rng, leaf, 0.25), kind=FOLIAGE, scale=1)
        world.card((x, y + height / 2, z + (layer - 1) * half * 0.5), (half, height / 2), "conifer", look)


def bush(world: World, x: float, z: float, size: float, y: float = 0.0) -> None:
    """Low leaves."""
    foliage(
        world,
        (x, y + size * 0.45, z),
        (size, size * 0.6, size * 0.8),
        leaf_colour(world.rng),
        int(world.rng.integers(6, 18)),
    )


def grass(world: World, x: float, z: float, size: float, y: float = 0.0) -> None:
    """A tuft."""
    look = world.material("grass", leaf_colour(world.rng), kind=FOLIAGE, scale=1 / max(size, 0.1))
    world.card((x, y + size * 0.45, z), (size * world.rng.uniform(0.4, 0.9), size * 0.5), "tuft", look)


def flower(world: World, x: float, z: float, height: float, y: float = 0.0) -> None:
    """Stem, leaves and a head."""
    rng = world.rng
    stem = world.material("flat", leaf_colour(rng), kind=FOLIAGE)
    head = world.material("rough", any_colour(rng, 0.4, 1, 1.2), kind=FOLIAGE, scale=8)
    top = (x + rng.normal(0, 0.1) * height, y + height, z)
    world.capsule((x, y, z), top, height * 0.015, stem)
    world.card(top, (height * 0.2, height * 0.2), "flower", head)


def person(world: World, x: float, z: float, y: float = 0.0, height: float = 0.0) -> None:
    """Standing, walking or seated, from rounded limbs, with clothes, hair and a face."""
    rng = world.rng
    h = height or float(rng.uniform(1.1, 1.95))
    yaw = float(rng.uniform(0, 2 * np.pi)) if rng.random() < 0.5 else float(rng.normal(0, 0.4))
    right, front = (float(np.cos(yaw)), float(np.sin(yaw))), (float(np.sin(yaw)), -float(np.cos(yaw)))
    skin = world.material("flat", SKIN[rng.integers(len(SKIN))], kind=PERSON, scale=2)
    cloth = str(rng.choice(["flat", "rough", "stripes", "flat"]))
    shirt = world.material(cloth, any_colour(rng, 0.1, 1, 0.9), kind=PERSON, scale=float(rng.uniform(1, 4)))
    trousers = world.material("flat", any_colour(rng, 0.05, 0.8, 0.5), kind=PERSON, scale=2)
    hair = world.material("bark", HAIR[rng.integers(len(HAIR))], kind=PERSON, scale=6)
    dark = world.material("flat", (0.08, 0.06, 0.06), kind=PERSON)

    def at(side: float, up: float, ahead: float) -> Colour:
        return (x + h * (side * right[0] + ahead * front[0]), y + h * up, z + h * (side * right[1] + ahead * front[1]))

    stride, broad = float(rng.normal(0, 0.09)), float(rng.uniform(0.85, 1.25))
    skirt = rng.random() < 0.2
    for side in (-1, 1):
        step, hip = stride * side, 0.055 * side * broad
        knee = at(hip, 0.27, step * 0.6 + 0.01)
        world.capsule(at(hip, 0.5, 0), knee, h * 0.05 * broad, trousers)
        world.capsule(knee, at(hip, 0.03, step), h * 0.035 * broad, skin if skirt else trousers)
        world.ellipsoid(at(hip, 0.02, step + 0.03), (h * 0.03, h * 0.022, h * 0.07), dark, yaw)
        arm, fold = float(rng.normal(0.05, 0.06)), float(rng.uniform(-0.02, 0.16))
        shoulder, elbow = at(0.115 * side * broad, 0.8, 0), at((0.13 + arm) * side * broad, 0.64, -step * 0.5)
        world.capsule(shoulder, elbow, h * 0.03 * broad, shirt)
        hand = at((0.13 + arm) * side * broad, 0.5 + fold, -step + fold)
        world.capsule(elbow, hand, h * 0.024, skin if rng.random() < 0.5 else shirt)
        world.ellipsoid(hand, (h * 0.025, h * 0.035, h * 0.025), skin)
    if skirt:
        world.ellipsoid(at(0, 0.42, 0), (h * 0.13 * broad, h * 0.16, h * 0.11), trousers, yaw)
    world.ellipsoid(at(0, 0.53, 0), (h * 0.1 * broad, h * 0.08, h * 0.075), trousers, yaw)
    world.ellipsoid(at(0, 0.68, 0), (h * 0.105 * broad, h * 0.17, h * 0.07 * broad), shirt, yaw)
    world.capsule(at(-0.085 * broad, 0.795, 0), at(0.085 * broad, 0.795, 0), h * 0.042, shirt)
    world.capsule(at(0, 0.8, 0), at(0, 0.87, 0), h * 0.03, skin)
    _head(world, h, yaw, at, skin, hair, dark)


def _head(world: World, h: float, yaw: float, at, skin, hair, dark) -> None:  # type: ignore[no-untyped-def]
    rng = world.rng
    world.ellipsoid(at(0, 0.925, 0.008), (h * 0.045, h * 0.065, h * 0.055), skin, yaw)
    if rng.random() < 0.92:
        world.ellipsoid(at(0, 0.945, -0.012), (h * 0.05, h * 0.058, h * 0.054), hair, yaw)
    if rng.random() < 0.4:
        world.ellipsoid(at(0, 0.87, -0.03), (h * 0.055, h * rng.uniform(0.06, 0.13), h * 0.035), hair, yaw)
    if rng.random() < 0.25:
        hat = world.material("flat", any_colour(rng, 0.1, 0.9, 0.8), kind=PERSON)
        world.ellipsoid(at(0, 0.97, 0), (h * 0.055, h * 0.03, h * 0.06), hat, yaw)
        world.ellipsoid(at(0, 0.962, 0.02), (h * 0.075, h * 0.008, h * 0.08), hat, yaw)
    white = world.material("flat", (0.95, 0.95, 0.95), kind=PERSON)
    lips = world.material("flat", (0.7, 0.3, 0.3), kind=PERSON)
    for side in (-0.018, 0.018):
        world.ellipsoid(at(side, 0.932, 0.055), (h * 0.009, h * 0.005, h * 0.006), white, yaw)
        world.ellipsoid(at(side, 0.932, 0.058), (h * 0.004, h * 0.005, h * 0.005), dark, yaw)
        world.ellipsoid(at(side, 0.945, 0.055), (h * 0.012, h * 0.003, h * 0.006), hair, yaw)
    world.ellipsoid(at(0, 0.918, 0.063), (h * 0.007, h * 0.012, h * 0.01), skin, yaw)
    world.ellipsoid(at(0, 0.893, 0.054), (h * 0.015, h * 0.005, h * 0.006), lips, yaw)


def animal(world: World, x: float, z: float, size: float, y: float = 0.0) -> None:
    """Four legs, a body, a head, a tail."""
    rng = world.rng
    coat = world.material(str(rng.choice(["rough", "flat", "bark"])), any_colour(rng, 0.1, 0.95, 0.3), scale=3 / size)
    yaw = rng.uniform(0, 2 * np.pi)
    c, s = np.cos(yaw), np.sin(yaw)

    def at(ahead: float, up: float, side: float) -> Colour:
        return (x + size * (ahead * c - side * s), y + size * up, z + size * (ahead * s + side * c))

    world.ellipsoid(at(0, 0.6, 0), (size * 0.5, size * 0.22, size * 0.2), coat, -yaw)
    for ahead in (-0.35, 0.35):
        for side in (-0.11, 0.11):
            world.capsule(at(ahead, 0.55, side), at(ahead + rng.normal(0, 0.06), 0.05, side), size * 0.06, coat)
    world.capsule(at(0.4, 0.7, 0), at(0.58, 0.9, 0), size * 0.1, coat)
    world.ellipsoid(at(0.66, 0.95, 0), (size * 0.18, size * 0.12, size * 0.11), coat, -yaw)
    world.capsule(at(-0.48, 0.65, 0), at(-0.75, 0.5 + rng.normal(0, 0.2), 0), size * 0.03, coat)


def car(world: World, x: float, z: float, yaw: float) -> None:
    """Body, cabin, windows, wheels, lights."""
    rng = world.rng
    paint = world.material("flat", any_colour(rng, 0.05, 1, 1.0), scale=0.3, gloss=0.4)
    glass = world.material("flat", (0.12, 0.14, 0.17), scale=0.3, gloss=0.6)
    tyre = world.material("flat", (0.06, 0.06, 0.06))
    light = world.material("flat", (1.0, 0.9, 0.7) if rng.random() < 0.5 else (0.9, 0.1, 0.1), glow=0.7)
    c, s = np.cos(yaw), np.sin(yaw)
    tall, length = rng.uniform(1.35, 2.1), rng.uniform(1.7, 2.6)

    def at(side: float, up: float, ahead: float) -> Colour:
        return (x + c * side + s * ahead, up, z - s * side + c * ahead)

    world.box(at(0, 0.62, 0), (0.86, 0.32, length), paint, yaw)
    world.box(at(0, (0.94 + tall) / 2, -0.1), (0.76, (tall - 0.9) / 2, length * 0.58), glass, yaw)
    world.box(at(0, tall + 0.02, -0.1), (0.74, 0.05, length * 0.52), paint, yaw)
    for side in (-0.84, 0.84):
        for ahead in (-0.62, 0.62):
            world.ellipsoid(at(side, 0.33, ahead * length), (0.1, 0.33, 0.33), tyre, yaw)
    for side in (-0.6, 0.6):
        for end in (-1.0, 1.0):
            world.ellipsoid(at(side, 0.68, end * length), (0.14, 0.1, 0.05), light, yaw)


def pole(world: World, x: float, z: float, height: float, y: float = 0.0) -> None:
    """A lamp post, a mast, a traffic light, a bare pole."""
    rng = world.rng
    metal = world.material("flat", any_colour(rng, 0.1, 0.7, 0.2))
    radius = float(rng.uniform(0.02, 0.1))
    world.capsule((x, y, z), (x, y + height, z), radius, metal)
    match int(rng.integers(4)):
        case 0:
            arm = float(rng.choice([-1, 1]) * rng.uniform(0.5, 1.6))
            world.capsule((x, y + height, z), (x + arm, y + height + 0.1, z), radius * 0.7, metal)
            world.ellipsoid(
                (x + arm, y + height, z), (0.25, 0.1, 0.15), world.material("flat", (1, 0.95, 0.8), glow=0.6)
            )
        case 1:
            lamp = world.material("flat", (1, 0.9, 0.7), glow=0.6)
            world.ellipsoid((x, y + height + 0.15, z), (0.18, 0.22, 0.18), lamp)
        case 2:
            world.box((x, y + height - 0.4, z), (0.14, 0.4, 0.12), metal)
            for k, colour in enumerate(((0.9, 0.1, 0.1), (0.9, 0.7, 0.1), (0.1, 0.8, 0.2))):
                glow = world.material("flat", colour, glow=0.5)
                world.ellipsoid((x, y + height - 0.15 - 0.25 * k, z - 0.12), (0.08, 0.08, 0.04), glow)
        case _:
            pass


def sign(
    world: World, x: float, z: float, y: float, half_width: float, half_height: float, *, yaw: float = 0.0
) -> None:
    """A board with words or a picture, on posts when it stands low."""
    rng = world.rng
    board = world.material(
        str(rng.choice(["page", "page", "picture"])), (1, 1, 1), scale=0.5, glow=float(rng.random() < 0.2) * 0.6
    )
    world.box((x, y, z), (half_width, half_height, 0.03), board, yaw, whole=True)
    post = world.material("flat", any_colour(rng, 0.1, 0.6, 0.2))
    if rng.random() < 0.7:
        for side in (-0.7, 0.7) if half_width > 0.6 else (0.0,):
            foot = x + side * half_width * np.cos(yaw)
            world.capsule(
                (foot, 0, z + 0.08 - side * half_width * np.sin(yaw)),
                (foot, y, z + 0.08 - side * half_width * np.sin(yaw)),
                0.035,
                post,
            )


def fence(world: World, start: tuple[float, float], end: tuple[float, float], height: float, y: float = 0.0) -> None:
    """Pickets, rails, wires or bars from one point of the ground to another."""
    rng = world.rng
    look = world.material(str(rng.choice(["planks", "flat", "flat"])), any_colour(rng, 0.1, 0.95, 0.4), scale=1)
    length = float(np.hypot(end[0] - start[0], end[1] - start[1]))
    thick, gap = float(rng.uniform(0.008, 0.05)), float(rng.uniform(0.12, 0.9))
    count = int(np.clip(length / gap, 2, 40))
    for k in range(count + 1):
        x, z = start[0] + (end[0] - start[0]) * k / count, start[1] + (end[1] - start[1]) * k / count
        world.capsule((x, y, z), (x, y + height * (1 + 0.05 * (k % 2)), z), thick, look)
    rails = int(rng.integers(1, 5))
    for rail in range(rails):
        level = y + height * (0.25 + 0.7 * rail / max(rails - 1, 1))
        world.capsule((start[0], level, start[1]), (end[0], level, end[1]), thick * 0.7, look)


def rock(world: World, x: float, z: float, size: float, y: float = 0.0) -> None:
    """A few overlapping lumps."""
    rng = world.rng
    look = world.material("rough", any_colour(rng, 0.25, 0.8, 0.2), kind=GROUND, scale=1 / size)
    for _ in range(int(rng.integers(1, 4))):
        spread = rng.normal(0, 0.3, 2) * size
        radii = (size * rng.uniform(0.4, 0.8), size * rng.uniform(0.25, 0.6), size * rng.uniform(0.4, 0.8))
        world.ellipsoid((x + spread[0], y + radii[1] * 0.4, z + spread[1]), radii, look, rng.uniform(0, 3))


def table(world: World, x: float, z: float, half: Colour, yaw: float = 0.0) -> None:
    """A top on four legs, with things on it; half = half width, height, half depth."""
    rng = world.rng
    wood = world.material("planks", any_colour(rng, 0.25, 1, 0.5), scale=0.8)
    wide, tall, deep = half
    world.box((x, tall, z), (wide, 0.025, deep), wood, yaw)
    c, s = np.cos(yaw), np.sin(yaw)
    for a in (-0.9, 0.9):
        for b in (-0.9, 0.9):
            px, pz = x + c * a * wide + s * b * deep, z - s * a * wide + c * b * deep
            world.capsule((px, 0, pz), (px, tall, pz), 0.03, wood)
    for _ in range(int(rng.integers(0, 6))):
        px, pz = x + rng.uniform(-0.8, 0.8) * wide, z + rng.uniform(-0.8, 0.8) * deep
        small_thing(world, px, pz, float(rng.uniform(0.05, 0.2)), tall + 0.025)


def chair(world: World, x: float, z: float, yaw: float) -> None:
    """Seat, back and legs."""
    rng = world.rng
    look = world.material(str(rng.choice(["planks", "flat", "stripes"])), any_colour(rng, 0.1, 1, 0.8), scale=1)
    c, s = np.cos(yaw), np.sin(yaw)
    world.box((x, 0.45, z), (0.22, 0.03, 0.22), look, yaw)
    world.box((x + s * 0.22, 0.75, z + c * 0.22), (0.22, 0.28, 0.02), look, yaw)
    for a in (-0.19, 0.19):
        for b in (-0.19, 0.19):
            px, pz = x + c * a + s * b, z - s * a + c * b
            world.capsule((px, 0, pz), (px, 0.45, pz), 0.02, look)


def sofa(world: World, x: float, z: float, yaw: float) -> None:
    """Soft blocks and cushions."""
    rng = world.rng
    look = world.material(str(rng.choice(["rough", "flat", "stripes"])), any_colour(rng, 0.15, 0.95, 0.8), scale=0.8)
    wide = float(rng.uniform(0.5, 1.2))
    c, s = np.cos(yaw), np.sin(yaw)

    def at(side: float, up: float, back: float) -> Colour:
        return (x + c * side + s * back, up, z - s * side + c * back)

    world.box(at(0, 0.22, 0), (wide, 0.22, 0.42), look, yaw)
    world.box(at(0, 0.6, 0.36), (wide, 0.4, 0.1), look, yaw)
    for side in (-wide, wide):
        world.box(at(side, 0.34, 0), (0.1, 0.34, 0.42), look, yaw)
    pillow = world.material("stripes", any_colour(rng, 0.2, 1, 1), scale=2)
    for _ in range(int(rng.integers(0, 4))):
        world.ellipsoid(at(rng.uniform(-0.8, 0.8) * wide, 0.6, 0.15), (0.22, 0.2, 0.1), pillow, yaw)


def shelf(world: World, x: float, z: float, yaw: float, half_width: float, height: float) -> None:
    """A case of boards with books and boxes."""
    rng = world.rng
    wood = world.material("planks", any_colour(rng, 0.2, 1, 0.5), scale=0.8)
    c, s = np.cos(yaw), np.sin(yaw)

    def at(side: float, up: float, back: float) -> Colour:
        return (x + c * side + s * back, up, z - s * side + c * back)

    world.box(at(0, height / 2, 0.17), (half_width, height / 2, 0.02), wood, yaw)
    for side in (-half_width, half_width):
        world.box(at(side, height / 2, 0), (0.025, height / 2, 0.18), wood, yaw)
    levels = int(rng.integers(2, 7))
    for level in range(levels + 1):
        up = height * level / levels
        world.box(at(0, up, 0), (half_width, 0.02, 0.18), wood, yaw)
        if level == levels:
            break
        for _ in range(int(rng.integers(0, 7))):
            tall = height / levels * rng.uniform(0.3, 0.85)
            look = world.material(str(rng.choice(["flat", "page", "stripes"])), any_colour(rng, 0.15, 1, 1), scale=2)
            wide = float(rng.uniform(0.015, 0.12))
            world.box(
                at(rng.uniform(-0.9, 0.9) * half_width, up + tall / 2 + 0.02, 0),
                (wide, tall / 2, 0.12),
                look,
                yaw,
                whole=True,
            )


def small_thing(world: World, x: float, z: float, size: float, y: float) -> None:
    """A ball, a bottle, a box, a cup, a plant, a book."""
    rng = world.rng
    look = world.material(
        str(rng.choice(["flat", "rough", "stripes", "page", "picture"])),
        any_colour(rng, 0.2, 1, 1),
        scale=1 / size,
        gloss=0.2,
    )
    match int(rng.integers(6)):
        case 0:
            world.ellipsoid((x, y + size * 0.5, z), (size * 0.5, size * 0.5, size * 0.5), look)
        case 1:
            world.capsule((x, y + size * 0.2, z), (x, y + size * 0.9, z), size * 0.22, look)
            world.capsule((x, y + size * 0.9, z), (x, y + size * 1.5, z), size * 0.08, look)
        case 2:
            world.box((x, y + size * 0.4, z), (size * 0.4, size * 0.4, size * 0.3), look, rng.uniform(0, 3), whole=True)
        case 3:
            world.capsule((x, y + size * 0.3, z), (x, y + size * 0.6, z), size * 0.3, look)
            world.capsule((x + size * 0.3, y + size * 0.35, z), (x + size * 0.42, y + size * 0.6, z), size * 0.06, look)
        case 4:
            world.capsule((x, y + size * 0.2, z), (x, y + size * 0.4, z), size * 0.25, look)
            foliage(world, (x, y + size * 1.1, z), (size * 0.6, size * 0.7, size * 0.6), leaf_colour(rng), 9)
        case _:
            world.box(
                (x, y + size * 0.1, z), (size * 0.6, size * 0.1, size * 0.45), look, rng.uniform(0, 3), whole=True
            )
