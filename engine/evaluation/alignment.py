"""Similarity alignment and exact distances between surfaces (numpy, any unit)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

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
        """One similarity applied to the result of ``first``."""
        return Similarity(self.scale * first.scale, self.rotation @ first.rotation, self(first.translation))


def best_similarity(source: Array, target: Array, weights: Array | None = None) -> Similarity:
    """Umeyama's weighted least-squares similarity that brings ``source`` (N, 3) to ``target`` (N, 3)."""
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
        corners = corners[np.linalg.norm(_cross(corners), axis=1) > 1e-14]
        # A few large triangles would widen every search: cut them up, which leaves the surface as it is.
        limit = 2 * float(np.median(_reach(corners)))
        self.corners = _split(corners, limit)
        normals = _cross(self.corners)
        self.normals = normals / np.linalg.norm(normals, axis=1, keepdims=True)
        self.reach = float(_reach(self.corners).max())
        self.tree = cKDTree(self.corners.mean(1))

    def closest(self, points: Array) -> tuple[Array, Array, Array]:
        """Distance (N,) to the surface, the closest points (N, 3) and the normals (N, 3) there.

        Exact: the search widens until no triangle whose middle is farther can hold a nearer point.
        """
        distance = np.full(len(points), np.inf)
        found, normals = np.zeros((2, len(points), 3))
        left, count = np.arange(len(points)), 12
        while len(left):
            count = min(count, len(self.corners))
            near, index = self.tree.query(points[left], k=count)
            near, index = near.reshape(len(left), count), index.reshape(len(left), count)
            spots = closest_on_triangles(np.repeat(points[left], count, 0), self.corners[index.ravel()])
            gaps = np.linalg.norm(spots.reshape(len(left), count, 3) - points[left][:, None], axis=-1)
            best = gaps.argmin(1)
            row = np.arange(len(left))
            distance[left], normals[left] = gaps[row, best], self.normals[index[row, best]]
            found[left] = spots.reshape(len(left), count, 3)[row, best]
            if count == len(self.corners):
                break
            left = left[near[:, -1] < distance[left] + self.reach]
            count *= 3
        return distance, found, normals


def _cross(corners: Array) -> Array:
    return np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])


def _reach(corners: Array) -> Array:
    """(T,) from each triangle's middle to its farthest corner."""
    return np.linalg.norm(corners - corners.mean(1, keepdims=True), axis=-1).max(1)


def _split(corners: Array, limit: float) -> Array:
    """Triangles (T, 3, 3) halved across their longest side until none reaches farther than ``limit``."""
    done = []
    while len(corners):
        large = _reach(corners) > limit
        done.append(corners[~large])
        corners = corners[large]
        sides = np.linalg.norm(corners - np.roll(corners, -1, 1), axis=-1)
        order = (sides.argmax(1)[:, None] + np.arange(3)) % 3
        a, b, c = np.moveaxis(np.take_along_axis(corners, order[..., None], 1), 1, 0)
        middle = (a + b) / 2
        corners = np.concatenate([np.stack([a, middle, c], 1), np.stack([middle, b, c], 1)])
    return np.concatenate(done)


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


def icp(points: Array, surface: Surface, start: Similarity, steps: int = 15) -> Similarity:
    """Similarity that lays ``points`` (N, 3) on ``surface`` from ``start``.

    Point to plane, linearised in a small turn, shift and growth; the worst tenth of the points is left out at each
    step.
    """
    now = start
    for _ in range(steps):
        moved = now(points)
        distance, target, normals = surface.closest(moved)
        keep = distance <= np.quantile(distance, 0.9)
        now = _plane_step(moved[keep], target[keep], normals[keep]).after(now)
    return now


def _plane_step(points: Array, target: Array, normals: Array) -> Similarity:
    """One least-squares step of :func:`icp`: minimises ``n . (s R p + t - q)``."""
    middle = points.mean(0)
    arms = points - middle
    size = np.sqrt((arms**2).sum(1).mean())
    design = np.c_[np.cross(arms, normals) / size, normals, (arms * normals).sum(1) / size]
    answer = np.linalg.lstsq(design, ((target - points) * normals).sum(1), rcond=None)[0]
    rotation = Rotation.from_rotvec(answer[:3] / size).as_matrix()
    scale = float(np.exp(answer[6] / size))
    return Similarity(scale, rotation, middle + answer[3:6] - scale * rotation @ middle)
