"""Similarity alignment and exact distances between surfaces (numpy, any unit)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Similarity:
    """``x -> scale R x + t``."""

    scale: float
    rotation: Array
    translation: Array

    def __call__(self, points: Array) -> Array:
        """Points (..., 3) moved."""
        return self.scale * points @ self.rotation.T + self.translation

    def after(self, first: Similarity) -> Similarity:
        """This one applied to the result of ``first``."""
        return Similarity(self.scale * first.scale, self.rotation @ first.rotation, self(first.translation))


def best_similarity(source: Array, target: Array, weights: Array | None = None) -> Similarity:
    """The similarity that brings ``source`` (N, 3) closest to ``target`` (N, 3) in (weighted) least squares (Umeyama)."""
    w = np.ones(len(source)) if weights is None else weights
    w = (w / w.sum())[:, None]
    from_middle, to_middle = (w * source).sum(0), (w * target).sum(0)
    a, b = source - from_middle, target - to_middle
    u, values, vt = np.linalg.svd((w * b).T @ a)
    flip = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * flip) @ vt
    scale = float((values * flip).sum() / (w * a**2).sum())
    return Similarity(scale, rotation, to_middle - scale * rotation @ from_middle)


class Surface:
    """A triangle mesh that answers for the closest point."""

    def __init__(self, vertices: Array, triangles: NDArray[np.int64]) -> None:
        """Vertices (V, 3) and triangles (T, 3); triangles without area are left out."""
        corners = np.asarray(vertices, np.float64)[triangles]
        area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
        self.corners = corners[area > 1e-14]
        middles = self.corners.mean(1)
        self.reach = np.linalg.norm(self.corners - middles[:, None], axis=-1).max(1)
        self.tree = cKDTree(middles)

    def closest(self, points: Array) -> tuple[Array, Array]:
        """Distance (N,) to the surface and the closest points (N, 3). Exact: the search widens until no triangle
        whose middle is farther can hold a nearer point.
        """
        distance = np.full(len(points), np.inf)
        found = np.zeros((len(points), 3))
        left = np.arange(len(points))
        count, widest = 8, float(np.quantile(self.reach, 0.999))
        largest = np.flatnonzero(self.reach > widest)
        self._keep(points, left, np.broadcast_to(largest, (len(left), len(largest))), distance, found)
        while len(left):
            count = min(count, len(self.corners))
            near, index = self.tree.query(points[left], k=count)
            near, index = near.reshape(len(left), -1), index.reshape(len(left), -1)
            self._keep(points, left, index, distance, found)
            if count == len(self.corners):
                break
            left = left[near[:, -1] < distance[left] + widest]
            count *= 3
        return distance, found

    def _keep(self, points: Array, rows: NDArray[np.int64], index: NDArray[np.int64], distance: Array, found: Array) -> None:
        for column in range(index.shape[1]):
            spot = closest_on_triangles(points[rows], self.corners[index[:, column]])
            gap = np.linalg.norm(points[rows] - spot, axis=1)
            better = gap < distance[rows]
            distance[rows[better]], found[rows[better]] = gap[better], spot[better]


def closest_on_triangles(points: Array, corners: Array) -> Array:
    """(N, 3) the point of each triangle (N, 3, 3) nearest to each of ``points`` (N, 3).

    The projection to the plane where it falls inside, else the nearest of the projections to the three edges.
    """
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    normal = np.cross(b - a, c - a)
    square = (normal**2).sum(1, keepdims=True)
    plane = points - ((points - a) * normal).sum(1, keepdims=True) / square * normal
    best, gap = plane, np.full(len(points), np.inf)
    inside = np.ones(len(points), bool)
    for start, end in ((a, b), (b, c), (c, a)):
        edge = end - start
        inside &= (np.cross(edge, plane - start) * normal).sum(1) >= 0
        along = ((points - start) * edge).sum(1) / (edge**2).sum(1)
        spot = start + np.clip(along, 0, 1)[:, None] * edge
        far = ((points - spot) ** 2).sum(1)
        closer = far < gap
        best, gap = np.where(closer[:, None], spot, best), np.where(closer, far, gap)
    return np.where(inside[:, None], plane, best)


def icp(points: Array, surface: Surface, start: Similarity, steps: int = 30) -> Similarity:
    """Similarity that lays ``points`` (N, 3) on ``surface`` from ``start``: closest points, the worst tenth left out."""
    now = start
    for _ in range(steps):
        moved = now(points)
        distance, target = surface.closest(moved)
        keep = distance <= np.quantile(distance, 0.9)
        now = best_similarity(moved[keep], target[keep]).after(now)
    return now
