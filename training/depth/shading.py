"""Colours of a g-buffer: sun and shadows, sky, polish, shade in corners, reflections on screen.

It reads what `tracer.draw` filled and knows no pictures from outside. Read next: `world.py`.
"""

from __future__ import annotations

import numpy as np

from training.depth.tracer import BOX, CAPSULE, ELLIPSOID, FAR, hit_of, jit


@jit
def _texel(texture, u, v, footprint, out):
    """Bilinear, mirrored tiling; a texture seen from far away fades to its mean."""
    size = texture.shape[0]
    a, b = u - 2 * np.floor(u * 0.5), v - 2 * np.floor(v * 0.5)
    a, b = (2 - a if a > 1 else a) * (size - 1), (2 - b if b > 1 else b) * (size - 1)
    i, j = min(int(a), size - 2), min(int(b), size - 2)
    a, b = a - i, b - j
    step = min(max(footprint * size - 1.0, 0.0) / 24.0, 1.0)
    for c in range(3):
        value = (texture[j, i, c] * (1 - a) + texture[j, i + 1, c] * a) * (1 - b) + (
            texture[j + 1, i, c] * (1 - a) + texture[j + 1, i + 1, c] * a
        ) * b
        out[c] = value * (1 - step) + texture[0, 0, c] * step


@jit
def _sky(dx, dy, dz, sky, clouds, out):
    n = np.sqrt(dx * dx + dy * dy + dz * dz)
    up = max(dy / n, 0.0)
    g = up**0.5
    glow = max((dx * sky[6] + dy * sky[7] + dz * sky[8]) / n, 0.0)
    size = clouds.shape[0]
    s = 1.0 / (up + 0.12)
    cu, cv = (dx / n * s * sky[10] + 7.3) * size * 0.25, (dz / n * s * sky[10] + 3.1) * size * 0.25
    cover = clouds[int(cv) % size, int(cu) % size]
    cover = min(max((cover - sky[11]) * sky[12], 0.0), 1.0) * min(up * 8, 1.0) * sky[13]
    for c in range(3):
        value = sky[c] * (1 - g) + sky[3 + c] * g
        value = value * (1 - cover) + sky[14 + c] * cover
        out[c] = value + sky[9] * (glow**24 * 120 + glow**400 * 400)


@jit
def _spheres(solids):
    """Centre and squared radius of a ball around each solid that throws shadows; radius 0 for all others."""
    balls = np.zeros((solids.shape[0], 4))
    for k in range(solids.shape[0]):
        solid = solids[k]
        if solid[0] == CAPSULE:
            balls[k, :3] = (solid[2:5] + solid[5:8]) * 0.5
            across = solid[5:8] - solid[2:5]
            balls[k, 3] = (np.sqrt((across * across).sum()) * 0.5 + solid[8]) ** 2
        elif solid[0] == BOX:
            balls[k, :3], balls[k, 3] = solid[2:5], (solid[5:8] * solid[5:8]).sum()
        elif solid[0] == ELLIPSOID:
            balls[k, :3], balls[k, 3] = solid[2:5], max(solid[5], solid[6], solid[7]) ** 2
    return balls


@jit
def _shadowed(solids, balls, masks, x, y, z, sun, hit):
    for k in range(solids.shape[0]):
        if balls[k, 3] <= 0:
            continue
        ax, ay, az = balls[k, 0] - x, balls[k, 1] - y, balls[k, 2] - z
        along, reach = ax * sun[0] + ay * sun[1] + az * sun[2], balls[k, 3] * 1.001
        off = ax * ax + ay * ay + az * az - along * along
        if off > reach or (along < 0 and along * along > reach):
            continue
        if hit_of(solids[k], x, y, z, sun[0], sun[1], sun[2], 200.0, masks, hit):
            return True
    return False


@jit
def shade(
    solids, materials, textures, masks, clouds, sky, sun, rotation, at, focal, depth, material, normal, place, image
):
    """Colours of the g-buffer. sun: direction, strength, ambient, shadows (0/1), ripple. materials: see `world.py`."""
    height, width = depth.shape
    colour, other, hit, balls = np.zeros(3), np.zeros(3), np.zeros(7), _spheres(solids)
    for y in range(height):
        for x in range(width):
            u, v = (x + 0.5 - width * 0.5) / focal, -(y + 0.5 - height * 0.5) / focal
            dx = rotation[0, 0] * u + rotation[0, 1] * v + rotation[0, 2]
            dy = rotation[1, 0] * u + rotation[1, 1] * v + rotation[1, 2]
            dz = rotation[2, 0] * u + rotation[2, 1] * v + rotation[2, 2]
            t = depth[y, x]
            if t >= FAR:
                _sky(dx, dy, dz, sky, clouds, colour)
                for c in range(3):
                    image[y, x, c] = colour[c]
                continue
            row = materials[material[y, x]]
            spread = 0.5 * t / focal * row[8] * 2
            nx, ny, nz = normal[y, x, 0], normal[y, x, 1], normal[y, x, 2]
            facing = max(abs(nx * dx + ny * dy + nz * dz), 0.08)
            _texel(textures[int(row[0])], place[y, x, 0], place[y, x, 1], spread / facing, colour)
            light = max(nx * sun[0] + ny * sun[1] + nz * sun[2], 0.0)
            if light > 0 and sun[5] > 0.5:
                e = 0.01 + 0.002 * t
                hx, hy, hz = at[0] + dx * t + nx * e, at[1] + dy * t + ny * e, at[2] + dz * t + nz * e
                if t < 120 and _shadowed(solids, balls, masks, hx, hy, hz, sun, hit):
                    light = 0.0
            light = row[6] + (1 - row[6]) * (sun[4] * (0.75 + 0.25 * ny) + sun[3] * light)
            for c in range(3):
                image[y, x, c] = colour[c] * row[1 + c] * light
            if row[7] > 0:
                # Polished: it shows the sky's light and dark from all around, blurred by nothing but its own shape.
                back = 2 * (nx * dx + ny * dy + nz * dz)
                _sky(dx - back * nx, abs(dy - back * ny), dz - back * nz, sky, clouds, other)
                lit = 1.0 if dy - back * ny > 0 else 0.35
                for c in range(3):
                    image[y, x, c] = image[y, x, c] * (1 - row[7]) + other[c] * row[7] * lit * (0.3 + 0.7 * row[1 + c])


@jit
def occlude(rotation, focal, depth, normal, reach_m, depth_of_shade, image):
    """Darken corners and the ground beneath things: of twelve points near a surface, how many lie behind others."""
    height, width = depth.shape
    share = np.zeros((height, width), np.float32)
    points = np.empty((16, 12, 3))
    for turn in range(16):
        for k in range(12):
            up = 1 - 2 * ((k * 5 + 3) % 12 + 0.5) / 12
            flat = np.sqrt(1 - up * up)
            points[turn, k, 0] = flat * np.cos(turn * 0.3927 + 2.4 * k)
            points[turn, k, 1], points[turn, k, 2] = up, flat * np.sin(turn * 0.3927 + 2.4 * k)
    for y in range(height):
        for x in range(width):
            t = depth[y, x]
            if t >= FAR:
                continue
            u, v = (x + 0.5 - width * 0.5) / focal, -(y + 0.5 - height * 0.5) / focal
            nx, ny, nz = normal[y, x, 0], normal[y, x, 1], normal[y, x, 2]
            # Into the frame of the camera: there a point is on screen after one division.
            cnx = rotation[0, 0] * nx + rotation[1, 0] * ny + rotation[2, 0] * nz
            cny = rotation[0, 1] * nx + rotation[1, 1] * ny + rotation[2, 1] * nz
            cnz = rotation[0, 2] * nx + rotation[1, 2] * ny + rotation[2, 2] * nz
            turn = (x * 7 + y * 13) % 16
            for k in range(12):
                length = reach_m * (k + 1) / 12
                ax, ay, az = points[turn, k, 0], points[turn, k, 1], points[turn, k, 2]
                side = 1.0 if ax * cnx + ay * cny + az * cnz > 0 else -1.0
                px = u * t + (side * ax + 0.3 * cnx) * length
                py = v * t + (side * ay + 0.3 * cny) * length
                pz = t + (side * az + 0.3 * cnz) * length
                if pz < 0.05:
                    continue
                sx, sy = int(px / pz * focal + width * 0.5), int(-py / pz * focal + height * 0.5)
                if 0 <= sx < width and 0 <= sy < height:
                    before = pz - depth[sy, sx]
                    if before > 0.02 * length and before < 3 * reach_m:
                        share[y, x] += 1 / 12
    for y in range(height):
        for x in range(width):
            if depth[y, x] >= FAR:
                continue
            total, count = 0.0, 0
            for j in range(max(y - 2, 0), min(y + 3, height)):
                for i in range(max(x - 2, 0), min(x + 3, width)):
                    if abs(depth[j, i] - depth[y, x]) < 0.05 * depth[y, x]:
                        total += share[j, i]
                        count += 1
            for c in range(3):
                image[y, x, c] *= 1 - depth_of_shade * min(total / max(count, 1) * 1.4, 1.0)


@jit
def mirror(materials, clouds, sky, rotation, at, focal, depth, material, place, ripple, image):
    """Reflections on upward surfaces, looked up on screen; what is off screen reflects the sky."""
    height, width = depth.shape
    colour, source = np.zeros(3), image.copy()
    for y in range(height):
        for x in range(width):
            if depth[y, x] >= FAR or materials[material[y, x], 5] <= 0:
                continue
            gloss = materials[material[y, x], 5]
            u, v = (x + 0.5 - width * 0.5) / focal, -(y + 0.5 - height * 0.5) / focal
            dx = rotation[0, 0] * u + rotation[0, 1] * v + rotation[0, 2]
            dy = rotation[1, 0] * u + rotation[1, 1] * v + rotation[1, 2]
            dz = rotation[2, 0] * u + rotation[2, 1] * v + rotation[2, 2]
            n = np.sqrt(dx * dx + dy * dy + dz * dz)
            t = depth[y, x]
            wx, wz = at[0] + dx * t, at[2] + dz * t
            size = clouds.shape[0]
            k = ripple[1]
            a = clouds[int(wz * k * 6) % size, int(wx * k) % size] - 0.5
            b = clouds[int(wz * k * 5 + 61) % size, int(wx * k + 31) % size] - 0.5
            rx, ry, rz = dx / n + ripple[0] * a * 0.3, abs(dy) / n + ripple[0] * b, dz / n
            ry = abs(ry) + 1e-4
            cz = rotation[0, 2] * rx + rotation[1, 2] * ry + rotation[2, 2] * rz
            cx = rotation[0, 0] * rx + rotation[1, 0] * ry + rotation[2, 0] * rz
            cy = rotation[0, 1] * rx + rotation[1, 1] * ry + rotation[2, 1] * rz
            fresnel = 0.08 + 0.92 * (1 - abs(dy) / n) ** 4
            share = gloss * fresnel
            su, sv = -1, -1
            if cz > 1e-3:
                su, sv = int(cx / cz * focal + width * 0.5), int(-cy / cz * focal + height * 0.5)
            if 0 <= su < width and 0 <= sv < height and material[sv, su] != material[y, x]:
                for c in range(3):
                    colour[c] = source[sv, su, c]
            elif materials[material[y, x], 4] == 2:
                _sky(rx, ry, rz, sky, clouds, colour)
            else:
                continue
            for c in range(3):
                image[y, x, c] = source[y, x, c] * (1 - share) + colour[c] * share
