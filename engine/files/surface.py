"""What the mesh writers share: the posed surface of a result, and polygons without their padding and as triangles."""

from __future__ import annotations

import numpy as np

from ..contract import FaceResult, Floats, Ints


def expressed_vertices(result: FaceResult, weights: Floats | None = None) -> Floats:
    """(V, 3) neutral vertices plus the shape keys at ``weights`` (K,); ``None`` takes the result's own weights."""
    keys = result.shape_keys
    used = keys.weights if weights is None else weights
    moved = np.tensordot(used.astype(np.float32), keys.offsets, axes=1)
    return np.asarray(result.mesh.vertices + moved, dtype=np.float32)


def corners(polygons: Ints) -> list[list[int]]:
    """Polygons (F, 4) as lists of three or four indices; -1 ends a triangle."""
    return [row[: 3 if row[3] < 0 else 4] for row in polygons.tolist()]


def split_polygons(polygons: Ints) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Triangles of quads and triangles.

    Returns:
        triangles (T, 3) int64 vertex indices, polygon (T,) each came from, corners (T, 3) of that polygon used.
    """
    first = np.array([0, 1, 2])
    second = np.array([0, 2, 3])
    quad = polygons[:, 3] >= 0
    polygon = np.repeat(np.arange(len(polygons)), 1 + quad)
    is_second = np.r_[False, polygon[1:] == polygon[:-1]] if len(polygon) else np.zeros(0, bool)
    corners = np.where(is_second[:, None], second, first)
    return polygons[polygon[:, None], corners].astype(np.int64), polygon, corners


def vertex_uvs(polygons: Ints, uvs: Floats, count: int) -> Floats:
    """(count, 2) one UV per vertex: that of the last corner that uses it; 0 for a vertex without polygons."""
    table = np.zeros((count, 2), dtype=np.float32)
    used = polygons >= 0
    table[polygons[used]] = uvs[used]
    return table
