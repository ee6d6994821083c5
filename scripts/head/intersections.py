"""Where a triangle mesh passes through itself."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .cage import Array, Indices

LARGEST = 4.0
"""mm from a triangle's middle to its corners; larger ones, far from the features, are left out."""


def crossings(vertices: Array, triangles: Indices, within: NDArray[np.bool_] | None = None) -> tuple[Indices, Array]:
    """Pairs of triangles that cross without sharing a vertex.

    Args:
        vertices: (V, 3) mm.
        triangles: (T, 3).
        within: (V,) only triangles with all corners in here are tested.

    Returns:
        (K, 2) indices of triangles, and (K,) mm by which each pair overlaps: how far one must be pushed along either
        normal until they are apart. It is never more than the triangles' size.
    """
    corner = vertices[triangles]
    middle = corner.mean(1)
    radius = np.linalg.norm(corner - middle[:, None], axis=2).max(1)
    used = radius < LARGEST
    if within is not None:
        used &= within[triangles].all(1)
    rows = np.flatnonzero(used)
    if not len(rows):
        return np.zeros((0, 2), np.int64), np.zeros(0)
    pairs = cKDTree(middle[rows]).query_pairs(2 * float(np.percentile(radius[rows], 99)), output_type="ndarray")
    first, second = rows[pairs[:, 0]], rows[pairs[:, 1]]
    close = np.linalg.norm(middle[first] - middle[second], axis=1) < radius[first] + radius[second]
    found = np.stack([first[close], second[close]], 1).astype(np.int64)
    depth = _depths(corner, triangles.astype(np.int64), found)
    return found[depth > 0], depth[depth > 0]


@njit(cache=True)
def _depths(corner: Array, triangles: Indices, pairs: Indices) -> Array:  # pragma: no cover - compiled
    result = np.zeros(len(pairs))
    for k in range(len(pairs)):
        a, b = pairs[k]
        shared = False
        for i in range(3):
            for j in range(3):
                shared = shared or triangles[a, i] == triangles[b, j]
        if shared:
            continue
        hit = False
        for i in range(3):
            hit = hit or _pierced(corner[a, i], corner[a, (i + 1) % 3], corner[b])
            hit = hit or _pierced(corner[b, i], corner[b, (i + 1) % 3], corner[a])
        if hit:
            result[k] = min(_overlap(corner[a], corner[b]), _overlap(corner[b], corner[a]))
    return result


@njit(cache=True)
def _pierced(start: Array, end: Array, corner: Array) -> bool:  # pragma: no cover - compiled
    """Whether the segment passes through the triangle (Moeller and Trumbore's test)."""
    direction = end - start
    first, second = corner[1] - corner[0], corner[2] - corner[0]
    across = np.cross(direction, second)
    size = np.dot(first, across)
    if abs(size) < 1e-12:
        return False
    offset = start - corner[0]
    u = np.dot(offset, across) / size
    if u < 0 or u > 1:
        return False
    other = np.cross(offset, first)
    v = np.dot(direction, other) / size
    if v < 0 or u + v > 1:
        return False
    t = np.dot(second, other) / size
    return 0 <= t <= 1


@njit(cache=True)
def _overlap(points: Array, corner: Array) -> float:  # pragma: no cover - compiled
    """The smaller of how far ``points`` reach to both sides of the triangle's plane."""
    normal = np.cross(corner[1] - corner[0], corner[2] - corner[0])
    size = np.sqrt(np.dot(normal, normal))
    if size < 1e-12:
        return 0.0
    low, high = 0.0, 0.0
    for i in range(3):
        height = np.dot(points[i] - corner[0], normal) / size
        low, high = min(low, height), max(high, height)
    return min(-low, high)
