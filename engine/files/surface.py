"""What the mesh writers share: the posed surface of a result, and polygons without their padding."""

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


def vertex_uvs(polygons: Ints, uvs: Floats, count: int) -> Floats:
    """(count, 2) one UV per vertex: that of the last corner that uses it; 0 for a vertex without polygons."""
    table = np.zeros((count, 2), dtype=np.float32)
    used = polygons >= 0
    table[polygons[used]] = uvs[used]
    return table
