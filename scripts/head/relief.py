"""Fine relief of the skin that the cage is too coarse for."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from engine.faces.subdivision import Subdivision

from .cage import Array, Cage, Indices, smoothstep
from .contact import part_lips

LIP_BORDER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
"""MediaPipe's outer contour of the lips."""


def skin_relief(vertices: Array, step: Subdivision, cage: Cage) -> Array:
    """Offsets (V, 3) in mm of the subdivided skin ``vertices`` (V, 3): along its normals, the lids' fold downwards.

    The lips' contact comes last, on the surface as it then is.
    """
    height = _philtrum(vertices) + _lips(vertices) + _wings(vertices) + _cheeks(vertices)
    drop = np.zeros(len(vertices))
    for side in "RL":
        groove, roll = _lid_fold(vertices, cage.groups[f"lid_upper_{side}"], cage.eye_centres[side])
        height += roll - groove
        drop += 0.8 * roll
    offset = height[:, None] * normals(vertices, step.polygons) - drop[:, None] * [0, 1, 0]
    return offset + part_lips(vertices + offset, step, cage)


def _lid_fold(vertices: Array, upper: Indices, centre: Array) -> tuple[Array, Array]:
    """The fold of the upper lid: depth of the groove 3.8 mm above its edge, height of the soft roll that hangs over."""
    margin = vertices[upper]
    near = np.linalg.norm(vertices - margin.mean(0), axis=1) < 30
    gap, which = cKDTree(margin).query(vertices)
    above = vertices[:, 1] - margin[which, 1]
    along = (vertices[:, 0] - margin[0, 0]) / (margin[-1, 0] - margin[0, 0])
    inward = smoothstep(along, -0.16, 0.12) * (1 - smoothstep(along, 0.78, 1.06))
    front = np.linalg.norm(vertices - centre, axis=1) > 13.2
    where = inward * (near & (above > 0) & front)
    groove = np.exp(-(((gap - 3.8) / 1.3) ** 2)) * where
    roll = np.exp(-(((gap - 6.6) / 2.1) ** 2)) * where
    return 0.65 * groove, 0.8 * roll


def _philtrum(vertices: Array) -> Array:
    """The groove between nose and upper lip, and the two ridges beside it."""
    top, bottom = vertices[2, 1] - 2.0, vertices[0, 1]
    along = smoothstep(vertices[:, 1], bottom - 1, bottom + 3) * (1 - smoothstep(vertices[:, 1], top - 4, top + 2))
    front = vertices[:, 2] > vertices[0, 2] - 9
    aside = np.abs(vertices[:, 0])
    spread = 4.2 + 0.16 * (top - vertices[:, 1])
    shape = 0.45 * np.exp(-(((aside - spread) / 2.0) ** 2)) - 0.6 * np.exp(-((aside / 3.0) ** 2))
    return shape * along * front


def _lips(vertices: Array) -> Array:
    """The white roll along the border of the red, the upper lip's tubercle and the lower one's two pillows."""
    gap = to_line(vertices, vertices[list(LIP_BORDER)], closed=True)
    aside = np.abs(vertices[:, 0])
    ends = 1 - smoothstep(aside, 14, 23)
    height = 0.4 * np.exp(-((gap / 1.2) ** 2)) * ends
    line = vertices[13]
    for x, y, width, high, size in ((0, 2.6, 3.6, 2.4, 0.55), (6.5, -3.6, 4.5, 3.0, 0.5)):
        middle = np.array([x, line[1] + y, line[2] + 2])
        offset = (np.column_stack([aside, vertices[:, 1:]]) - middle) / [width, high, 8]
        height += size * np.exp(-(offset**2).sum(1))
    corner = (np.column_stack([aside, vertices[:, 1:]]) - np.abs(vertices[61]) * [1, -1, 1]) / [3.0, 3.2, 4]
    return height - 0.45 * np.exp(-(corner**2).sum(1))


def _wings(vertices: Array) -> Array:
    """The crease between the nose's wing and the cheek, the wing's swelling, the groove between it and the tip."""
    height = np.zeros(len(vertices))
    for crease, wing, groove in (((49, 129, 98), 64, (79, 218, 131)), ((279, 358, 327), 294, (309, 438, 360))):
        gap = to_line(vertices, vertices[list(crease)], closed=False)
        start = smoothstep(np.linalg.norm(vertices - vertices[crease[0]], axis=1), 1, 9)
        height -= 1.3 * np.exp(-((gap / 1.8) ** 2)) * start
        height += 0.8 * np.exp(-((np.linalg.norm(vertices - vertices[wing], axis=1) / 4.0) ** 2))
        gap = to_line(vertices, vertices[list(groove)], closed=False)
        rim = np.linalg.norm(vertices - vertices[groove[0]], axis=1)
        height -= 1.0 * np.exp(-((gap / 2.2) ** 2)) * smoothstep(rim, 0.5, 4.5) * (1 - smoothstep(rim, 3, 11))
    return height


def _cheeks(vertices: Array) -> Array:
    """The soft step of the fold from the nose's wing past the mouth's corner."""
    height = np.zeros(len(vertices))
    for fold, cheek in (((129, 203, 206, 216), (142, 205, 207)), ((358, 423, 426, 436), (371, 425, 427))):
        height -= 0.7 * np.exp(-((to_line(vertices, vertices[list(fold)], closed=False) / 3.2) ** 2))
        height += 0.6 * np.exp(-((to_line(vertices, vertices[list(cheek)], closed=False) / 8.0) ** 2))
    return height


def to_line(points: Array, corners: Array, closed: bool) -> Array:
    """(N,) distance of points (N, 3) from a polygon line through ``corners`` (K, 3)."""
    ends = np.roll(corners, -1, 0) if closed else corners[1:]
    best = np.full(len(points), np.inf)
    for a, b in zip(corners, ends, strict=False):
        along = np.clip((points - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
        best = np.minimum(best, np.linalg.norm(points - a - along[:, None] * (b - a), axis=1))
    return best


def normals(vertices: Array, polygons: Indices) -> Array:
    """Unit vertex normals (V, 3) of a quad mesh."""
    corner = vertices[polygons]
    face = np.cross(corner[:, 2] - corner[:, 0], corner[:, 3] - corner[:, 1])
    total = np.zeros_like(vertices)
    for k in range(4):
        np.add.at(total, polygons[:, k], face)
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)
