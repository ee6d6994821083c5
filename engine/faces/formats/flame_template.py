"""FLAME's UVs: from ``head_template.obj`` or from the tables inside a texture space."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...contract import Floats, Ints
from ...files.read_obj import read_polygons


def template_uvs(path: Path, triangles: Ints) -> Floats | None:
    """UVs (F, 4, 2) of an OBJ of FLAME's topology; ``None`` where the file is another mesh.

    Raises:
        FileDamaged: the file is no whole OBJ.
        ValueError: it has FLAME's counts, but other triangles.
    """
    positions, polygons, uvs = read_polygons(path)
    if len(positions) != triangles.max() + 1 or len(polygons) != len(triangles) or uvs is None:
        return None
    table, corners = uvs[:, :3].reshape(-1, 2), np.arange(3 * len(uvs)).reshape(-1, 3)
    return uvs_of(table, corners, polygons[:, :3], triangles)


def uvs_of(uvs: Floats, uv_corners: Ints, faces: Ints | None, triangles: Ints) -> Floats:
    """UVs (F, 4, 2) for ``triangles`` (F, 3), from a list whose triangles may come in another order or turn.

    Args:
        uvs: (N, 2).
        uv_corners: (F, 3) index of each corner's UV.
        faces: (F, 3) vertices of the same corners; ``None`` where they are ``triangles``.
        triangles: (F, 3) the model's.

    Raises:
        ValueError: the triangles are not the same, or an index does not exist.
    """
    if uv_corners.shape != triangles.shape or uv_corners.min() < 0 or uv_corners.max() >= len(uvs):
        raise ValueError("its UVs do not fit the mesh")
    if faces is not None and not np.array_equal(faces, triangles):
        uv_corners = _reordered(uv_corners, faces, triangles)
    table = np.asarray(uvs, np.float32)[uv_corners]
    return np.concatenate([table, np.zeros((len(table), 1, 2), np.float32)], 1)


def _reordered(values: Ints, faces: Ints, triangles: Ints) -> Ints:
    """``values`` (F, 3) at the corners of ``faces``, moved to the same corners in ``triangles``."""
    ours, theirs = np.argsort(triangles, 1), np.argsort(faces, 1)
    sorted_ours, sorted_theirs = np.take_along_axis(triangles, ours, 1), np.take_along_axis(faces, theirs, 1)
    order_ours, order_theirs = np.lexsort(sorted_ours.T), np.lexsort(sorted_theirs.T)
    if not np.array_equal(sorted_ours[order_ours], sorted_theirs[order_theirs]):
        raise ValueError("its triangles are not FLAME's")
    moved = np.empty_like(values)
    rows = np.take_along_axis(values, theirs, 1)[order_theirs]
    moved[order_ours[:, None], ours[order_ours]] = rows
    return moved
