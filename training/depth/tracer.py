"""Draws scenes of simple solids with exact distance: a ray per pixel and solid, inside the solid's frame on screen.

Fills a g-buffer: distance along the optical axis, material, normal, texture coordinates. It refuses nothing and knows
no colours. Read next: `shading.py`, then `world.py`.
"""

from __future__ import annotations

import numba
import numpy as np

BOX, CAPSULE, ELLIPSOID, CARD, GROUND, ROOM, TERRAIN = range(7)
PRIMITIVE_FIELDS = 20
MATERIAL_FIELDS = 9
FAR = 1e9

jit = numba.njit(cache=True, fastmath=True, nogil=True)


@jit
def _frame(solid, rotation, at, focal, width, height, out):
    """Rows and columns a solid can cover; out = x0, x1, y0, y1."""
    kind = int(solid[0])
    out[0], out[1], out[2], out[3] = 0, width, 0, height
    if kind >= GROUND:
        return
    if kind == CAPSULE:
        lo = np.minimum(solid[2:5], solid[5:8]) - solid[8]
        hi = np.maximum(solid[2:5], solid[5:8]) + solid[8]
    elif kind == CARD:
        reach = np.array([solid[5], solid[6], 0.0])
        lo, hi = solid[2:5] - reach, solid[2:5] + reach
    else:
        flat = np.sqrt(solid[5] ** 2 + solid[7] ** 2)
        reach = np.array([flat, solid[6], flat])
        lo, hi = solid[2:5] - reach, solid[2:5] + reach
    x0, x1, y0, y1 = 1e9, -1e9, 1e9, -1e9
    for corner in range(8):
        x = (lo[0] if corner & 1 else hi[0]) - at[0]
        y = (lo[1] if corner & 2 else hi[1]) - at[1]
        z = (lo[2] if corner & 4 else hi[2]) - at[2]
        cz = rotation[0, 2] * x + rotation[1, 2] * y + rotation[2, 2] * z
        if cz < 0.05:
            if hi[2] - at[2] < 0.05:
                out[1] = 0
            return
        cx = rotation[0, 0] * x + rotation[1, 0] * y + rotation[2, 0] * z
        cy = rotation[0, 1] * x + rotation[1, 1] * y + rotation[2, 1] * z
        u, v = cx / cz * focal + width * 0.5, -cy / cz * focal + height * 0.5
        x0, x1, y0, y1 = min(x0, u), max(x1, u), min(y0, v), max(y1, v)
    out[0], out[1] = max(0, int(x0) - 1), min(width, int(x1) + 2)
    out[2], out[3] = max(0, int(y0) - 1), min(height, int(y1) + 2)


@jit
def hit_of(solid, ox, oy, oz, dx, dy, dz, limit, masks, hit):
    """Nearest hit in (0.02, limit): hit = t, nx, ny, nz, u, v, material offset; False when there is none."""
    kind = int(solid[0])
    if kind == BOX:
        c, s = solid[8], solid[9]
        px, py, pz = ox - solid[2], oy - solid[3], oz - solid[4]
        lx, lz = c * px - s * pz, s * px + c * pz
        ex, ez = c * dx - s * dz, s * dx + c * dz
        near, far, axis, sign = -1e18, 1e18, 0, 1.0
        for a in range(3):
            p = lx if a == 0 else (py if a == 1 else lz)
            d = ex if a == 0 else (dy if a == 1 else ez)
            h = solid[5 + a]
            if abs(d) < 1e-9:
                if abs(p) > h:
                    return False
                continue
            t0, t1 = (-h - p) / d, (h - p) / d
            if t0 > t1:
                t0, t1 = t1, t0
            if t0 > near:
                near, axis, sign = t0, a, (-1.0 if d > 0 else 1.0)
            far = min(far, t1)
        if near > far or near < 0.02 or near >= limit:
            return False
        hx, hy, hz = lx + ex * near, py + dy * near, lz + ez * near
        nx, ny, nz = (sign if axis == 0 else 0.0), (sign if axis == 1 else 0.0), (sign if axis == 2 else 0.0)
        if axis == 0:
            u, v, wu, wv = hz, -hy, solid[7], solid[6]
        elif axis == 1:
            u, v, wu, wv = hx, hz, solid[5], solid[7]
        else:
            u, v, wu, wv = hx, -hy, solid[5], solid[6]
        if solid[10] > 0.5:
            u, v = (u / wu + 1) * 0.499 / solid[1], (v / wv + 1) * 0.499 / solid[1]
        hit[0], hit[1], hit[2], hit[3], hit[4], hit[5], hit[6] = near, c * nx + s * nz, ny, -s * nx + c * nz, u, v, 0
        return True
    if kind == CAPSULE:
        bx, by, bz = solid[5] - solid[2], solid[6] - solid[3], solid[7] - solid[4]
        px, py, pz = ox - solid[2], oy - solid[3], oz - solid[4]
        r = solid[8]
        bb, bd, bp = bx * bx + by * by + bz * bz, bx * dx + by * dy + bz * dz, bx * px + by * py + bz * pz
        dd, dp, pp = dx * dx + dy * dy + dz * dz, dx * px + dy * py + dz * pz, px * px + py * py + pz * pz
        a, b, c = bb * dd - bd * bd, bb * dp - bp * bd, bb * pp - bp * bp - r * r * bb
        h = b * b - a * c
        t, along = 1e18, 0.0
        if h >= 0 and a > 1e-12:
            t = (-b - np.sqrt(h)) / a
            along = (bp + t * bd) / bb
            if along < 0 or along > 1:
                end = 0.0 if along < 0 else 1.0
                qx, qy, qz = px - end * bx, py - end * by, pz - end * bz
                b2, c2 = dx * qx + dy * qy + dz * qz, qx * qx + qy * qy + qz * qz - r * r
                h = b2 * b2 - dd * c2
                if h < 0:
                    return False
                t, along = (-b2 - np.sqrt(h)) / dd, end
        if t < 0.02 or t >= limit:
            return False
        nx, ny, nz = px + t * dx - along * bx, py + t * dy - along * by, pz + t * dz - along * bz
        hit[0], hit[1], hit[2], hit[3] = t, nx / r, ny / r, nz / r
        hit[4], hit[5], hit[6] = np.arctan2(nx, nz) * r, along * np.sqrt(bb), 0
        return True
    if kind == ELLIPSOID:
        c, s = solid[8], solid[9]
        px, py, pz = ox - solid[2], (oy - solid[3]) / solid[6], oz - solid[4]
        lx, lz = (c * px - s * pz) / solid[5], (s * px + c * pz) / solid[7]
        ex, ey, ez = (c * dx - s * dz) / solid[5], dy / solid[6], (s * dx + c * dz) / solid[7]
        a, b, q = ex * ex + ey * ey + ez * ez, ex * lx + ey * py + ez * lz, lx * lx + py * py + lz * lz - 1
        h = b * b - a * q
        if h < 0:
            return False
        t = (-b - np.sqrt(h)) / a
        if t < 0.02 or t >= limit:
            return False
        nx, ny, nz = (lx + t * ex) / solid[5], (py + t * ey) / solid[6], (lz + t * ez) / solid[7]
        n = np.sqrt(nx * nx + ny * ny + nz * nz)
        size = solid[6]
        hit[4], hit[5] = np.arctan2(lx + t * ex, -(lz + t * ez)) * size, -(py + t * ey) * size
        nx, ny, nz = nx / n, ny / n, nz / n
        hit[0], hit[1], hit[2], hit[3], hit[6] = t, c * nx + s * nz, ny, -s * nx + c * nz, 0
        return True
    if kind == CARD:
        if dz < 1e-6:
            return False
        t = (solid[4] - oz) / dz
        if t < 0.02 or t >= limit:
            return False
        u = (ox + dx * t - solid[2]) / solid[5] * 0.5 + 0.5
        v = 0.5 - (oy + dy * t - solid[3]) / solid[6] * 0.5
        if u < 0 or u >= 1 or v < 0 or v >= 1:
            return False
        if solid[8] > 0.5:
            u = 1 - u - 1e-9
        mask = masks[int(solid[7])]
        if mask[int(v * mask.shape[0]), int(u * mask.shape[1])] < 128:
            return False
        hit[0], hit[1], hit[2], hit[3] = t, solid[9], solid[10], solid[11]
        hit[4], hit[5], hit[6] = u * solid[5] * 2, v * solid[6] * 2, 0
        return True
    if kind == GROUND:
        if dy > -1e-6:
            return False
        t = (solid[2] - oy) / dy
        if t < 0.02 or t >= limit or t > 4000:
            return False
        x, z = ox + dx * t, oz + dz * t
        mode, offset = int(solid[3]), 0.0
        in_strip = mode == 1 and abs(x - solid[4] - solid[6] * z) < solid[5]
        if in_strip or (
            mode == 2 and z + np.sin(x * solid[6]) * solid[7] + np.sin(x * solid[6] * 3.1) * solid[7] * 0.3 > solid[4]
        ):
            offset = 1.0
        hit[0], hit[1], hit[2], hit[3], hit[4], hit[5], hit[6] = t, 0, 1, 0, x, z, offset
        return True
    if kind == ROOM:
        best, axis, sign = 1e18, 0, 1.0
        for a in range(3):
            o = ox if a == 0 else (oy if a == 1 else oz)
            d = dx if a == 0 else (dy if a == 1 else dz)
            if abs(d) < 1e-9:
                continue
            t = ((solid[2 + 2 * a + 1] if d > 0 else solid[2 + 2 * a]) - o) / d
            if t < best:
                best, axis, sign = t, a, (-1.0 if d > 0 else 1.0)
        if best < 0.02 or best >= limit:
            return False
        x, y, z = ox + dx * best, oy + dy * best, oz + dz * best
        hit[0], hit[1], hit[2], hit[3] = best, 0, 0, 0
        hit[1 + axis] = sign
        if axis == 0:
            hit[4], hit[5], hit[6] = z, -y, 2
        elif axis == 1:
            hit[4], hit[5], hit[6] = x, z, (0 if sign > 0 else 1)
        else:
            hit[4], hit[5], hit[6] = x, -y, (3 if sign < 0 else 2)
        return True
    return False


@jit
def _height(field, x, z, solid):
    """Height of the land: a noise table, flat near the camera, higher far away."""
    size = field.shape[0]
    fx, fz = x * solid[2], z * solid[2]
    ix, iz = int(np.floor(fx)), int(np.floor(fz))
    ax, az = fx - ix, fz - iz
    i0, i1, j0, j1 = ix % size, (ix + 1) % size, iz % size, (iz + 1) % size
    value = (field[j0, i0] * (1 - ax) + field[j0, i1] * ax) * (1 - az) + (
        field[j1, i0] * (1 - ax) + field[j1, i1] * ax
    ) * az
    ramp = min(max((np.sqrt(x * x + z * z) - solid[4]) / solid[5], 0.0), 1.0)
    valley = min(abs(x) / (solid[7] + 1e-6), 1.0) if solid[7] > 0 else 1.0
    return solid[3] * ramp * ramp * valley * (value + solid[6]) + solid[8]


@jit
def _march(solid, field, ox, oy, oz, dx, dy, dz, limit, hit):
    # Before `start` the land is flat and lies at its base, at or below the ground that is drawn first.
    t = max(0.3, (solid[4] - np.sqrt(ox * ox + oz * oz)) / np.sqrt(dx * dx + dz * dz + 1e-12))
    previous, end = t, min(limit, solid[9])
    while t < end:
        y = oy + dy * t
        if dy > 0 and y > solid[10]:
            return False
        if y < _height(field, ox + dx * t, oz + dz * t, solid):
            low, high = previous, t
            for _ in range(7):
                middle = 0.5 * (low + high)
                if oy + dy * middle < _height(field, ox + dx * middle, oz + dz * middle, solid):
                    high = middle
                else:
                    low = middle
            x, z, e = ox + dx * high, oz + dz * high, 0.02 * high + 0.05
            nx = _height(field, x - e, z, solid) - _height(field, x + e, z, solid)
            nz = _height(field, x, z - e, solid) - _height(field, x, z + e, solid)
            n = np.sqrt(nx * nx + nz * nz + 4 * e * e)
            ny = 2 * e / n
            top = oy + dy * high > solid[11]
            hit[0], hit[1], hit[2], hit[3], hit[4], hit[5] = high, nx / n, ny, nz / n, x, z
            hit[6] = 2.0 if top and ny > 0.5 else (0.0 if ny > solid[12] else 1.0)
            return True
        previous = t
        t = t * 1.045 + 0.1
    return False


@jit
def draw(solids, masks, field, rotation, at, focal, depth, material, normal, place):
    """Fill the g-buffer, seen from `at`.

    solids   (n, PRIMITIVE_FIELDS), column 1 = texture scale, last column = material row.
    """
    height, width = depth.shape
    box, hit = np.zeros(4, np.int64), np.zeros(7)
    for k in range(solids.shape[0]):
        solid = solids[k]
        _frame(solid, rotation, at, focal, width, height, box)
        for y in range(box[2], box[3]):
            for x in range(box[0], box[1]):
                u, v = (x + 0.5 - width * 0.5) / focal, -(y + 0.5 - height * 0.5) / focal
                dx = rotation[0, 0] * u + rotation[0, 1] * v + rotation[0, 2]
                dy = rotation[1, 0] * u + rotation[1, 1] * v + rotation[1, 2]
                dz = rotation[2, 0] * u + rotation[2, 1] * v + rotation[2, 2]
                if solid[0] == TERRAIN:
                    found = _march(solid, field, at[0], at[1], at[2], dx, dy, dz, depth[y, x], hit)
                else:
                    found = hit_of(solid, at[0], at[1], at[2], dx, dy, dz, depth[y, x], masks, hit)
                if found:
                    depth[y, x] = hit[0]
                    material[y, x] = int(solid[PRIMITIVE_FIELDS - 1]) + int(hit[6])
                    normal[y, x, 0], normal[y, x, 1], normal[y, x, 2] = hit[1], hit[2], hit[3]
                    place[y, x, 0], place[y, x, 1] = hit[4] * solid[1], hit[5] * solid[1]
