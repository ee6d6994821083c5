"""Nearest point of a triangle mesh, with the triangle and its barycentric weights (numpy)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

CANDIDATES = 14
"""Triangles looked at for each point, those with the nearest middles; meshes of heads are even enough for that."""
OPPOSED = 0.3
"""Cosine between two normals from which a point and a triangle may belong to the same side of a thin part."""


@dataclass(frozen=True)
class Places:
    """N points on a mesh."""

    triangle: Indices
    """(N,) row of the mesh's triangles."""
    weights: Array
    """(N, 3) barycentric."""
    point: Array
    """(N, 3)."""
    distance: Array
    """(N,) from the query to ``point``."""
    agrees: NDArray[np.bool_]
    """(N,) whether the surface there faces the way the query did."""


class NearestOn:
    """A triangle mesh that answers for the nearest point facing the same way."""

    def __init__(self, vertices: Array, triangles: Indices) -> None:
        """Vertices (V, 3), any unit, and triangles (T, 3)."""
        self.triangles = triangles
        self.corners = np.asarray(vertices, np.float64)[triangles]
        normals = np.cross(self.corners[:, 1] - self.corners[:, 0], self.corners[:, 2] - self.corners[:, 0])
        self.normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
        self._tree = cKDTree(self.corners.mean(1))

    def __call__(self, points: Array, normals: Array | None = None) -> Places:
        """Nearest places for ``points`` (N, 3).

        With ``normals`` (N, 3) triangles that face another way count as farther, so that lips and lids that touch
        are told apart.
        """
        count = min(CANDIDATES, len(self.triangles))
        index = self._tree.query(points, k=count)[1].reshape(len(points), count)
        flat = np.repeat(np.asarray(points, np.float64), count, 0)
        weights = barycentric_of_nearest(flat, self.corners[index.ravel()]).reshape(len(points), count, 3)
        spots = (weights[..., None] * self.corners[index]).sum(2)
        gaps = np.linalg.norm(spots - points[:, None], axis=-1)
        facing = np.ones_like(gaps)
        if normals is not None:
            facing = (self.normals[index] * normals[:, None]).sum(-1)
        score = np.where(facing > OPPOSED, gaps, 4 * gaps + 1e3)
        best = score.argmin(1)
        row = np.arange(len(points))
        chosen, agrees = index[row, best], facing[row, best] > OPPOSED
        return Places(chosen, weights[row, best], spots[row, best], gaps[row, best], agrees)


def barycentric_of_nearest(points: Array, corners: Array) -> Array:
    """(N, 3) weights of the point of each triangle (N, 3, 3) nearest to each of ``points`` (N, 3).

    The projection to the plane where it falls inside, else the nearest of the projections to the three edges.
    """
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    u, v, w = b - a, c - a, points - a
    uu, uv, vv = (u * u).sum(1), (u * v).sum(1), (v * v).sum(1)
    wu, wv = (w * u).sum(1), (w * v).sum(1)
    area = np.maximum(uu * vv - uv * uv, 1e-30)
    second, third = (vv * wu - uv * wv) / area, (uu * wv - uv * wu) / area
    plane = np.stack([1 - second - third, second, third], 1)
    best, gap = plane, np.full(len(points), np.inf)
    for first in range(3):
        start, end = corners[:, first], corners[:, (first + 1) % 3]
        edge = end - start
        along = np.clip(((points - start) * edge).sum(1) / np.maximum((edge**2).sum(1), 1e-30), 0, 1)
        far = ((start + along[:, None] * edge - points) ** 2).sum(1)
        on_edge = np.zeros_like(plane)
        on_edge[:, first], on_edge[:, (first + 1) % 3] = 1 - along, along
        closer = far < gap
        best, gap = np.where(closer[:, None], on_edge, best), np.where(closer, far, gap)
    return np.where((plane >= 0).all(1)[:, None], plane, best)


def vertex_normals(vertices: Array, triangles: Indices) -> Array:
    """(V, 3) unit normals, the area-weighted mean of the adjoining triangles'; 0 at a vertex without any."""
    corners = vertices[triangles]
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    summed = np.zeros((len(vertices), 3))
    for corner in range(3):
        np.add.at(summed, triangles[:, corner], faces)
    return summed / np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-20)


def border_vertices(triangles: Indices, count: int) -> NDArray[np.bool_]:
    """(V,) whether a vertex lies on an edge that only one triangle has."""
    sides = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    edges, uses = np.unique(sides, axis=0, return_counts=True)
    border = np.zeros(count, bool)
    border[edges[uses == 1].ravel()] = True
    return border
