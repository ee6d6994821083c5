"""Texture coordinates for a skin whose authors give none: one island without overlaps, the face at a large scale.

Tutte's embedding (1963): every vertex lies at a mean, with positive weights, of its neighbours and the border on a
convex curve, so no triangle turns over, nostrils and ears included. The weights start from cotangents and are then
divided by the stretch of the neighbour, as Yoshizawa, Belyaev and Seidel do ("A fast and simple stretch-minimizing mesh
parameterization", SMI 2004), here against the size each place should have.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from ...contract import Floats, Ints
from ..model import split_polygons
from .nearest import Array, Indices

ROUNDS = 4
LEAST = 0.05
"""Floor of the cotangent weights: all must be positive."""
ROUNDNESS = 4.0
"""Exponent of the curve ``|x|^p + |y|^p = 1`` on which the border lies: nearly a square, yet convex everywhere."""
IMPORTANCE = 2.5
"""How many times the scale of the back of the head the front of the face gets."""
STRIP = 0.12
"""Share of the texture's side for pieces apart from the main one."""
MARGIN = 0.01


def unwrapped(vertices: Floats, polygons: Ints, middle: Array) -> Floats:
    """(F, 4, 2) coordinates of polygons (F, 4) of ``vertices`` (V, 3); ``middle`` (3,) lies inside the head.

    The largest piece fills the square; others lie in a strip at the top, seen from the front.
    """
    used, flat = np.unique(polygons[polygons >= 0], return_inverse=True)
    local = np.full(polygons.shape, -1, np.int64)
    local[polygons >= 0] = flat
    points = vertices[used].astype(np.float64) - middle
    triangles = split_polygons(local.astype(np.int32))[0]
    links = sparse.coo_matrix((np.ones(3 * len(triangles)), _sides(triangles).T), shape=(len(used),) * 2)
    count, piece = connected_components(links, directed=False)
    order = np.argsort(-np.bincount(piece, minlength=count), kind="stable")
    room = 1 - STRIP if count > 1 else 1.0
    place = np.zeros((len(used), 2))
    main = piece == order[0]
    place[main] = _island(points[main], np.cumsum(main)[triangles[main[triangles[:, 0]]]] - 1) * [1, room]
    cell = 1 / max(count - 1, 1)
    for column, other in enumerate(order[1:]):
        chosen = piece == other
        place[chosen] = _framed(points[chosen, :2]) * [cell, STRIP] + [column * cell, room]
    uvs = np.zeros((*polygons.shape, 2), np.float32)
    uvs[polygons >= 0] = place[flat]
    return uvs


def _framed(flat: Array) -> Array:
    """Points (n, 2) in the unit square, less a margin."""
    size = np.maximum(np.ptp(flat, axis=0), 1e-9)
    return MARGIN + (1 - 2 * MARGIN) * (flat - flat.min(0)) / size


def _island(points: Array, triangles: Indices) -> Array:
    """(n, 2) in the unit square: Tutte's embedding of one piece with a border; holes are closed by a point each."""
    loops = _borders(triangles)
    if not loops:
        # A closed surface is opened round its lowest vertex.
        triangles = triangles[(triangles != points[:, 1].argmin()).all(1)]
        loops = _borders(triangles)
    length = [np.linalg.norm(points[loop] - points[np.roll(loop, -1)], axis=1).sum() for loop in loops]
    border = loops.pop(int(np.argmax(length)))
    closed, solid = _filled(points, triangles, loops)
    rim = _rim(points[border])
    links = _cotangents(closed, solid)
    wanted = _wanted(closed, solid)
    flat = _embedded(links, border, rim)
    for _ in range(ROUNDS):
        stretch = np.sqrt(wanted / _areas(np.c_[flat, np.zeros(len(flat))], solid, len(flat)))
        stretch = np.clip(stretch / np.median(stretch), 0.05, 20)
        links = links @ sparse.diags(1 / stretch)
        flat = _embedded(links, border, rim)
    return MARGIN + (1 - 2 * MARGIN) * (flat[: len(points)] + 1) / 2


def _sides(triangles: Indices) -> Indices:
    return np.asarray(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2))


def _borders(triangles: Indices) -> list[Indices]:
    """Loops of border vertices, in the direction of their triangles."""
    sides = _sides(triangles)
    count = int(triangles.max()) + 1
    forward, backward = sides @ [count, 1], sides[:, ::-1] @ [count, 1]
    after: dict[int, list[int]] = {}
    for start, end in sides[~np.isin(forward, backward)].tolist():
        after.setdefault(start, []).append(end)
    loops = []
    while after:
        loop = [next(iter(after))]
        while loop[-1] in after:
            ends = after[loop[-1]]
            step = ends.pop()
            if not ends:
                del after[loop[-1]]
            if step in loop:
                # Where the border touches itself a small loop comes off; the rest goes on.
                at = loop.index(step)
                loops.append(np.array(loop[at:]))
                loop = loop[: at + 1]
            else:
                loop.append(step)
    return [loop for loop in loops if len(loop) > 2]


def _filled(points: Array, triangles: Indices, holes: list[Indices]) -> tuple[Array, Indices]:
    """Points and triangles with a fan from a middle point over each hole."""
    extra, fans = [points], [triangles]
    for index, hole in enumerate(holes):
        extra.append(points[hole].mean(0, keepdims=True))
        middle = np.full(len(hole), len(points) + index)
        fans.append(np.stack([np.roll(hole, -1), hole, middle], 1))
    return np.concatenate(extra), np.concatenate(fans)


def _rim(border: Array) -> Array:
    """(b, 2) on the curve by length along the border, the lowest foremost point at the bottom."""
    steps = np.linalg.norm(np.roll(border, -1, 0) - border, axis=1)
    along = np.r_[0, np.cumsum(steps)[:-1]] / steps.sum()
    start = along[np.argmin(border[:, 1] - border[:, 2])]
    angle = 2 * np.pi * (along - start) - np.pi / 2
    circle = np.stack([np.cos(angle), np.sin(angle)], 1)
    return np.asarray(circle / (np.abs(circle) ** ROUNDNESS).sum(1, keepdims=True) ** (1 / ROUNDNESS))


def _cotangents(points: Array, triangles: Indices) -> sparse.csr_matrix:
    """(n, n) positive symmetric weights."""
    rows, columns, values = [], [], []
    for corner in range(3):
        apex, first, second = (triangles[:, (corner + k) % 3] for k in range(3))
        a, b = points[first] - points[apex], points[second] - points[apex]
        cotangent = (a * b).sum(1) / np.maximum(np.linalg.norm(np.cross(a, b), axis=1), 1e-12)
        rows += [first, second]
        columns += [second, first]
        values += [np.clip(cotangent, LEAST, 20)] * 2
    shape = (len(points), len(points))
    return sparse.csr_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape)


def _embedded(links: sparse.csr_matrix, border: Indices, rim: Array) -> Array:
    """(n, 2): each inner vertex at the weighted mean of its neighbours."""
    inner = np.ones(links.shape[0], bool)
    inner[border] = False
    total = np.asarray(links.sum(1)).ravel()
    rows = sparse.diags(1 / np.maximum(total[inner], 1e-12)) @ links[inner]
    flat = np.zeros((len(inner), 2))
    flat[border] = rim
    matrix = (sparse.eye(int(inner.sum())) - rows[:, inner]).tocsc()
    flat[inner] = splu(matrix).solve(np.asarray(rows[:, ~inner] @ flat[~inner]))
    return flat


def _wanted(points: Array, triangles: Indices) -> Array:
    """(n,) area each vertex should have, relative: more in front than behind."""
    direction = points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-9)
    front = np.clip((direction[:, 2] + 0.2) / 1.0, 0, 1)
    return _areas(points, triangles, len(points)) * (1 + (IMPORTANCE - 1) * front) ** 2


def _areas(points: Array, triangles: Indices, count: int) -> NDArray[np.float64]:
    """(n,) a third of the triangles round each vertex."""
    corners = points[triangles]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 6
    summed = np.zeros(count)
    np.add.at(summed, triangles.ravel(), np.repeat(area, 3))
    return np.maximum(summed, 1e-14)
