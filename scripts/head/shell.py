"""Skull and neck: a ring grid from the face's outline to the collar, drawn over the body and joined smoothly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from . import skull
from .cage import Array, Face, Indices, smoothstep
from .points import MeanFace
from .tessellation import face_quads, oval_loop

RINGS = 9
"""Rings between the face's outline and the collar, the collar included."""


COLLAR_WIDTH = 112.0
"""Half the breadth of the collar, mm."""
RAYS_FROM = np.array([0.0, -262.0, -105.0])
"""A point inside the chest from which all of the collar can be seen."""


@dataclass(frozen=True)
class Shell:
    """The coarse net (level 0) of face, skull and neck."""

    vertices: Array
    faces: Indices
    """(F, 4): the face's quads, then the grid ring by ring, 36 quads a ring."""
    mirror: Indices
    grid: Indices
    """(RINGS + 1, 36) vertex of ring and column; ring 0 is the oval, the last ring the collar."""


def laplacian(vertices: int, faces: list[Face] | Indices) -> sparse.csr_matrix:
    """Uniform Laplacian (V, V): each row is the vertex minus the mean of its neighbours."""
    faces = np.asarray(faces)
    ends = np.stack([faces, np.roll(faces, -1, 1)], -1).reshape(-1, 2)
    both = np.concatenate([ends, ends[:, ::-1]])
    near = sparse.csr_matrix((np.ones(len(both)), both.T), shape=(vertices, vertices))
    near.data[:] = 1
    degree = np.maximum(np.asarray(near.sum(1)).ravel(), 1)
    return (sparse.eye(vertices) - sparse.diags(1 / degree) @ near).tocsr()


def symmetrised(vertices: Array, mirror: Indices) -> Array:
    """Exactly symmetric vertices: the right half decides, points on the plane get x = 0."""
    image = vertices[mirror] * [-1, 1, 1]
    right = (vertices[:, 0] < 0) & (mirror != np.arange(len(mirror)))
    right &= image[:, 0] > vertices[:, 0]
    result = np.where(right[:, None], vertices, image)
    result[mirror == np.arange(len(mirror)), 0] = 0
    return result


def build_shell(face: MeanFace) -> Shell:
    """Level-0 net: the face's quads and the grid behind them."""
    oval = oval_loop()
    columns = len(oval)
    grid = np.vstack([oval, 468 + np.arange(RINGS * columns).reshape(RINGS, columns)])
    opposite = np.array([oval.index(int(face.mirror[i])) for i in oval])
    mirror = np.r_[face.mirror, grid[1:, opposite].ravel()]
    quads = np.array(face_quads(face.points, face.mirror))
    after = np.roll(grid, -1, 1)
    rings = np.stack([grid[:-1], after[:-1], after[1:], grid[1:]], -1).reshape(-1, 4)
    directed = {(a, b) for q in quads for a, b in zip(q, np.roll(q, -1), strict=True)}
    if (oval[0], oval[1]) in directed:
        rings = rings[:, ::-1]
    faces = np.vstack([quads, rings])
    start = np.vstack([face.points, _start(face.points[oval])])
    vertices = _relaxed(symmetrised(start, mirror), faces, grid, face.points[oval])
    return Shell(symmetrised(vertices, mirror), faces, mirror, grid)


def above_face(oval: Array) -> Array:
    """(C,) 1 for the columns that leave the face over the forehead, 0 at the cheeks and below.

    There the averages end on the skull itself, and the grid must follow it from its first ring or the hairline kinks.
    """
    turn = np.arctan2(np.abs(oval[:, 0]), oval[:, 1] - 10) / np.pi
    return 1 - smoothstep(turn, 0.2, 0.32)


def _start(oval: Array) -> Array:
    """First guess of the grid (RINGS * columns, 3): each column runs over crown and nape, or down the neck."""
    columns = []
    for point in oval:
        side = np.sign(point[0]) if abs(point[0]) > 1 else 0.0
        angle = np.arctan2(abs(point[0]), point[1] - 10)
        turn = angle / np.pi
        crown = [side * 78 * np.sin(angle), 50 + 90 * np.cos(angle) if turn < 0.5 else 10 + 100 * np.cos(angle), -85]
        nape = [side * 70 * np.sin(angle), 40 - 90 * turn, -175 + 60 * turn]
        path = [point, crown, nape, _collar(side, turn)]
        if turn >= 0.62:
            path = [point, _collar(side, turn)]
        elif turn >= 0.45:
            path = [point, (point + 2 * np.array(crown) + nape) / 4, _collar(side, turn)]
        columns.append(_resampled(np.array(path, float)))
    return np.stack(columns, 1).reshape(-1, 3)


def _collar(side: float, turn: float) -> Array:
    """A point of the open lower edge; ``turn`` 0 is the nape, 1 the middle of the chest.

    The edge is where a fan of rays from inside the chest leaves the body, which makes it one smooth sweep from below
    the collarbones over the shoulders to the back.
    """
    angle = np.pi * (1 - turn)
    ahead, aside = np.cos(angle), side * np.sin(angle)
    aim = np.array([COLLAR_WIDTH * aside, 0.0, -110 + 62 * ahead])
    aim[1] = -152 - (43 if ahead > 0 else 18) * abs(ahead) ** 1.6
    return skull.cast(RAYS_FROM, aim)


def _resampled(path: Array) -> Array:
    length = np.r_[0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))]
    at = np.linspace(0, length[-1], RINGS + 1)[1:]
    return np.stack([np.interp(at, length, path[:, k]) for k in range(3)], 1)


def _relaxed(vertices: Array, faces: Indices, grid: Indices, oval: Array) -> Array:
    """Even spacing on the body, then a fair surface that meets the face without an edge.

    The outline's sides stay soft because the detector bends them inwards too much.
    """
    operator = laplacian(len(vertices), faces)
    collar = grid[-1]
    vertices[collar] = skull.project(vertices[collar], 12)
    inner = grid[1:-1].ravel()
    for _ in range(60):
        vertices[inner] -= 0.5 * (operator @ vertices)[inner]
        vertices[inner] = skull.project(vertices[inner], 2)
    turn = np.arctan2(np.abs(oval[:, 0]), oval[:, 1] - 10) / np.pi
    soft = grid[0][(turn > 0.28) & (turn < 0.8)]
    pull = np.zeros(len(vertices))
    for ring in range(1, len(grid) - 1):
        pull[grid[ring]] = np.maximum(0.25 * np.clip((ring - 0.4) / 2.2, 0, 1) ** 2, 0.25 * above_face(oval))
    pull[soft] = 0.12
    return _faired(vertices, operator, pull, np.union1d(inner, soft), soft)


def _faired(vertices: Array, operator: sparse.csr_matrix, pull: Array, free: Indices, anchored: Indices) -> Array:
    """Minimise |L^2 x|^2 + pull^2 |x - target|^2 over ``free``; targets are the body, or the start where anchored."""
    bending = (operator @ operator).tocsr()
    fixed = np.setdiff1d(np.arange(len(vertices)), free)
    system = sparse.vstack([bending[:, free], sparse.diags(pull).tocsr()[:, free]])
    solve = linalg.factorized((system.T @ system + 1e-9 * sparse.eye(len(free))).tocsc())
    start = vertices.copy()
    for _ in range(12):
        target = vertices.copy()
        on_body = pull > 0
        target[on_body] = skull.project(vertices[on_body], 2)
        target[anchored] = start[anchored]
        right = np.vstack([-(bending[:, fixed] @ vertices[fixed]), pull[:, None] * target])
        weighted = system.T @ right
        vertices[free] = np.column_stack([solve(weighted[:, k]) for k in range(3)])
    return vertices
