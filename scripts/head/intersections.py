"""Where a triangle mesh passes through itself."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .cage import Array, Indices

Mask = NDArray[np.bool_]


def crossings(
    vertices: Array, triangles: Indices, within: Mask | None = None, firm: Mask | None = None
) -> tuple[Indices, Array]:
    """Pairs of triangles that cross without sharing a vertex.

    Args:
        vertices: (V, 3) mm.
        triangles: (T, 3).
        within: (V,) only triangles with all corners in here are tested.
        firm: (T,) triangles that are not tested against each other.

    Returns:
        (K, 2) indices of triangles, and (K,) mm by which each pair overlaps: how far one must be pushed along either
        normal until they are apart. It is never more than the triangles' size.
    """
    corner = vertices[triangles]
    rows = np.arange(len(triangles)) if within is None else np.flatnonzero(within[triangles].all(1))
    low, high = corner[rows].min(1), corner[rows].max(1)
    order = np.argsort(low[:, 1], kind="stable")
    rows, low, high = rows[order], low[order], high[order]
    solid = np.zeros(len(rows), bool) if firm is None else firm[rows]
    found = np.sort(rows[_near(low, high, solid)].reshape(-1, 2), axis=1)
    depth = _depths(corner, triangles.astype(np.int64), found)
    return found[depth > 0], depth[depth > 0]


@njit(cache=True)
def _near(low: Array, high: Array, firm: Mask) -> Indices:  # pragma: no cover - compiled
    """(K, 2) pairs whose boxes, sorted by their lower ends in y, overlap; no two that are both firm."""
    found = []
    for i in range(len(low)):
        for j in range(i + 1, len(low)):
            if low[j, 1] > high[i, 1]:
                break
            if firm[i] and firm[j]:
                continue
            if (
                low[i, 0] <= high[j, 0]
                and low[j, 0] <= high[i, 0]
                and low[i, 2] <= high[j, 2]
                and low[j, 2] <= high[i, 2]
            ):
                found.append((i, j))
    result = np.zeros((len(found), 2), np.int64)
    for k in range(len(found)):
        result[k] = found[k]
    return result


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
