"""Fine relief of the skin that the cage is too coarse for."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from engine.faces.subdivision import Subdivision

from .cage import Array, Cage, Indices
from .points import smoothstep


def skin_relief(vertices: Array, step: Subdivision, cage: Cage) -> Array:
    """Offsets (V, 3) in mm along the normals of the subdivided skin ``vertices`` (V, 3)."""
    height = np.zeros(len(vertices))
    for side in "RL":
        height += _lid_crease(vertices, cage.groups[f"lid_upper_{side}"], cage.eye_centres[side])
    height += _philtrum(vertices)
    return height[:, None] * normals(vertices, step.polygons)


def _lid_crease(vertices: Array, upper: Indices, centre: Array) -> Array:
    """The fold of the upper lid: a groove 4.6 mm above its edge and the soft roll above it."""
    margin = vertices[upper]
    near = np.linalg.norm(vertices - margin.mean(0), axis=1) < 30
    gap, which = cKDTree(margin).query(vertices)
    above = vertices[:, 1] - margin[which, 1]
    inward = np.clip(np.minimum(which, len(upper) - 1 - which) / 3, 0, 1)
    front = np.linalg.norm(vertices - centre, axis=1) > 13.2
    groove = -1.1 * np.exp(-(((gap - 4.6) / 1.7) ** 2)) + 0.7 * np.exp(-(((gap - 7.5) / 2.5) ** 2))
    return groove * inward * (near & (above > 0) & front)


def _philtrum(vertices: Array) -> Array:
    """The groove between nose and upper lip, and the two ridges beside it."""
    top, bottom = vertices[2, 1] - 3.0, vertices[0, 1]
    along = smoothstep(vertices[:, 1], bottom - 0.5, bottom + 3.5) * (1 - smoothstep(vertices[:, 1], top - 1, top + 3))
    front = vertices[:, 2] > vertices[0, 2] - 9
    aside = np.abs(vertices[:, 0])
    spread = 4.0 + 0.12 * (top - vertices[:, 1])
    shape = 0.35 * np.exp(-(((aside - spread) / 1.9) ** 2)) - 0.6 * np.exp(-((aside / 2.6) ** 2))
    return shape * along * front


def normals(vertices: Array, polygons: Indices) -> Array:
    """Unit vertex normals (V, 3) of a quad mesh."""
    corner = vertices[polygons]
    face = np.cross(corner[:, 2] - corner[:, 0], corner[:, 3] - corner[:, 1])
    total = np.zeros_like(vertices)
    for k in range(4):
        np.add.at(total, polygons[:, k], face)
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)
