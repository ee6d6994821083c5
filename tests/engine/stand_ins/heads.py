"""The heads that stand-ins are made of, and what both have: eyeballs, lids' edges, landmarks."""

import dataclasses

import numpy as np
from scipy import sparse

from engine.faces.adoption.nearest import NearestOn, vertex_normals
from engine.faces.adoption.parts import eyeball
from engine.faces.formats import ict
from engine.faces.model import split_polygons
from tests.engine.heads_to_adopt import published_builtin
from tests.engine.stand_ins.sheets import Sheet, projected

FINE = 12.0
"""How much more the neighbourhood of eyes and lips counts than the rest when a mesh is thinned."""
NEAR = 0.012
"""Metres from a landmark over which that falls off."""


def ict_head(folder):
    """ICT-FaceKit's, from its folder of OBJ files."""
    return ict.load(folder)


def builtin_head(builtin):
    """The built-in head with its own shapes."""
    return dataclasses.replace(
        published_builtin(builtin),
        expression_names=builtin.expression_names,
        expression_basis=builtin.expression_basis.numpy(),
        expression_range=builtin.expression_range.numpy(),
    )


def landmarks(head):
    """(68, 3) iBUG's points on the mean head."""
    vertices, weights = head.landmarks_68
    return (head.mean[vertices] * weights[..., None]).sum(1).astype(np.float64)


def landmark_normals(head):
    """(68, 3) unit normals of the skin there."""
    triangles = split_polygons(head.polygons)[0]
    vertices, weights = head.landmarks_68
    normals = (vertex_normals(head.mean.astype(np.float64), triangles)[vertices] * weights[..., None]).sum(1)
    return normals / np.linalg.norm(normals, axis=1, keepdims=True)


def importance(head, points):
    """(V,) of points (V, 3): finer about eyes and lips."""
    places = landmarks(head)[36:]
    gap = np.linalg.norm(points[:, None] - places, axis=2).min(1)
    return 1 + FINE * np.exp(-((gap / NEAR) ** 2))


def ball_of(head, side):
    """Centre (3,), radius, and triangles (T, 3) of the outer surface of an eyeball, ``side`` L or R."""
    own = np.zeros(len(head.mean), bool)
    own[head.parts[f"eye_{side}"]] = True
    points = head.mean.astype(np.float64)
    centre, radius = eyeball(points[own])
    triangles = split_polygons(head.polygons)[0]
    triangles = triangles[own[triangles].all(1)]
    a, b, c = (points[triangles[:, k]] for k in range(3))
    normal, arm = np.cross(b - a, c - a), (a + b + c) / 3 - centre
    away = (normal * arm).sum(1) > 0.5 * np.linalg.norm(normal, axis=1) * np.linalg.norm(arm, axis=1)
    return centre, radius, triangles[away & (np.linalg.norm(arm, axis=1) > 0.93 * radius)]


def eyeball_sheet(head, side, around, rings):
    """A closed ball of ``2 + around * rings`` vertices on the eyeball's outer surface, its pole at the gaze."""
    centre, radius, outer = ball_of(head, side)
    tilt = np.pi * np.arange(1, rings + 1) / (rings + 1)
    turn = 2 * np.pi * np.arange(around) / around
    ring = np.stack(
        [np.outer(np.sin(tilt), np.cos(turn)), np.outer(np.sin(tilt), np.sin(turn)), np.outer(np.cos(tilt), turn**0)], 2
    )
    arms = np.concatenate([[[0, 0, 1.0]], ring.reshape(-1, 3), [[0, 0, -1.0]]])
    weights = projected(centre + radius * arms, arms, head, outer)
    grid = 1 + np.arange(around * rings).reshape(rings, around)
    after = np.roll(grid, -1, 1)
    last = 1 + around * rings
    triangles = [np.stack([np.zeros(around, int), grid[0], after[0]], 1)]
    triangles += [np.stack([grid[-1], np.full(around, last), after[-1]], 1)]
    for k in range(rings - 1):
        triangles += [np.stack([grid[k], grid[k + 1], after[k + 1]], 1), np.stack([grid[k], after[k + 1], after[k]], 1)]
    return Sheet(weights, np.concatenate(triangles))


def onto_eyeball(head, side):
    """A function that puts weighted means of the head's vertices on its eyeball, for :func:`~.sheets.filled`."""
    centre, _, outer = ball_of(head, side)

    def moved(weights: sparse.csr_matrix) -> sparse.csr_matrix:
        arms = weights @ head.mean.astype(np.float64) - centre
        arms /= np.linalg.norm(arms, axis=1, keepdims=True)
        return projected(weights @ head.mean.astype(np.float64), arms, head, outer)

    return moved


def nearest_points(head, sheet):
    """iBUG's points on a sheet: triangles (68,) and barycentric weights (68, 3); upper lip and lower kept apart."""
    found = NearestOn(sheet.on(head.mean), sheet.triangles)(landmarks(head), landmark_normals(head))
    return found.triangle, found.weights
