"""Normals of a triangle mesh. Unbatched."""

from __future__ import annotations

import torch
from torch import Tensor


def face_normals(vertices: Tensor, triangles: Tensor) -> Tensor:
    """(T, 3) outward normals of triangles (T, 3) in vertices (V, 3); their length is twice the triangle's area."""
    a, b, c = vertices.index_select(0, triangles.T.flatten()).view(3, -1, 3)
    return torch.linalg.cross(b - a, c - a)


def vertex_normals(vertices: Tensor, triangles: Tensor) -> Tensor:
    """(V, 3) unit normals: the area-weighted mean of the adjoining triangles'. 0 at a vertex without any.

    ``vertices`` (V, 3), ``triangles`` (T, 3) int64, counter-clockwise seen from outside. Differentiable.
    """
    faces = face_normals(vertices, triangles)
    summed = torch.zeros_like(vertices).index_add(0, triangles.T.flatten(), faces.repeat(3, 1))
    # normalize's default floor of 1e-12 is near a fine mesh's areas in square metres; scale up first.
    return torch.nn.functional.normalize(summed * 1e8, dim=-1)
