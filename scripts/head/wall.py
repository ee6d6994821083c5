"""The outer face of a row of teeth with its gum, which lips and cheeks slide over."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .cage import Array, Head, Indices

AXIS = 38.0
"""mm behind the foremost tooth of the upright axis about which a row of teeth curves."""
CELL = (np.radians(1.0), 0.5)
"""Radians about the axis and mm of height of one cell."""
SPACING = 0.25
"""mm between the points that sample the surface."""
GAP = 0.12
"""mm kept between lip and teeth."""
DEEPEST = 6.0
"""mm behind the face from which a point is no longer taken to belong before it."""
SMOOTH = np.array([1.0, 2.0, 1.0]) / 4.0


class Wall:
    """One jaw's teeth and gum as a distance from an upright axis, by angle and height; the jaw may turn and slide."""

    def __init__(self, head: Head, triangles: Indices, jaw: str) -> None:
        """``triangles`` (T, 3) are the whole head's; ``jaw`` is ``"upper"`` or ``"lower"``."""
        self._teeth = head.groups[f"teeth_{jaw}"]
        self._rest = head.vertices[self._teeth]
        self._axis = float(self._rest[:, 2].max()) - AXIS
        own = np.zeros(len(head.vertices), bool)
        own[self._teeth] = own[head.groups[f"gums_{jaw}"]] = True
        points = _sampled(head.vertices[triangles[own[triangles].all(1)]])
        angle, radius, height = self._polar(points)
        self._low = np.array([angle.min(), height.min()]) - 3 * np.array(CELL)
        column, row = self._cells(angle, height)
        face = np.zeros((column.max() + 4, row.max() + 4))
        np.maximum.at(face, (column, row), radius)
        face = ndimage.grey_dilation(face, (3, 3))
        self._face = face
        self._tall = _filled(face)

    def before(self, points: Array) -> np.ndarray:
        """(P,) bool: which points (P, 3) lie before the face, or above or below it but no farther in."""
        angle, radius, height = self._polar(points)
        return radius > self._at(self._tall, angle, height) - SPACING

    def push(self, vertices: Array, rows: Indices) -> Array:
        """(len(rows), 3) mm that bring those of the head's ``vertices`` (V, 3) before the face that are behind it."""
        moved = vertices[self._teeth]
        middle = self._rest.mean(0), moved.mean(0)
        left, _, right = np.linalg.svd((moved - middle[1]).T @ (self._rest - middle[0]))
        turn = (left * [1, 1, np.sign(np.linalg.det(left @ right))]) @ right
        points = (vertices[rows] - middle[1]) @ turn + middle[0]
        angle, radius, height = self._polar(points)
        missing = np.maximum(self._at(self._face, angle, height) + GAP - radius, 0)
        missing[missing > DEEPEST] = 0
        return (missing[:, None] * np.column_stack([np.sin(angle), 0 * angle, np.cos(angle)])) @ turn.T

    def _polar(self, points: Array) -> tuple[Array, Array, Array]:
        """Angle from straight ahead, distance from the axis, and height."""
        x, z = points[:, 0], points[:, 2] - self._axis
        return np.arctan2(x, z), np.hypot(x, z), points[:, 1]

    def _cells(self, angle: Array, height: Array) -> tuple[Indices, Indices]:
        place = (np.column_stack([angle, height]) - self._low) / CELL
        column, row = np.floor(place).astype(np.int64).T
        return column, row

    def _at(self, grid: Array, angle: Array, height: Array) -> Array:
        """Values of ``grid`` at points; 0 outside."""
        place = ((np.column_stack([angle, height]) - self._low) / CELL - 0.5).T
        return np.asarray(ndimage.map_coordinates(grid, place, order=0, mode="constant"))


def _sampled(corners: Array) -> Array:
    """Points that cover triangles (T, 3, 3) densely."""
    count = int(np.ceil(np.linalg.norm(corners - np.roll(corners, 1, 1), axis=2).max() / SPACING))
    u, v = np.meshgrid(np.linspace(0, 1, count), np.linspace(0, 1, count), indexing="ij")
    u, v = np.where(u + v > 1, 1 - u, u).ravel(), np.where(u + v > 1, 1 - v, v).ravel()
    weights = np.column_stack([1 - u - v, u, v])
    return np.einsum("kc,tcx->tkx", weights, corners).reshape(-1, 3)


def _filled(face: Array) -> Array:
    """``face`` with its empty cells taken from the nearest height of the same angle that has one."""
    result = face.copy()
    for column in result:
        known = np.flatnonzero(column)
        if len(known):
            column[:] = column[known[np.abs(np.arange(len(column))[:, None] - known).argmin(1)]]
    return result
