"""Smooth colour fields on the skin's mesh: what is known at some vertices, carried to all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.linalg import splu

from ..contract import Floats
from ..faces.model import FaceModel
from ..render.normals import face_normals
from .layout import Layout

EDGE_WEIGHT = 0.577
"""Cotangent weight of an edge in a mesh of equilateral triangles, used for all edges alike."""


@dataclass(frozen=True)
class SkinMesh:
    """The skin's vertices with their areas and the mesh's Laplacian."""

    members: np.ndarray
    """(M,) int64 vertices of the model that belong to the skin."""
    areas: Floats
    """(M,) square metres, a third of the adjoining triangles'."""
    laplacian: sparse.csc_matrix
    """(M, M), degree minus adjacency times EDGE_WEIGHT; dimensionless."""
    count: int
    """Vertices in the whole model."""

    def spread(self, values: Floats, weights: Floats, length: float, fallback: Floats, pull: float = 1e-3) -> Floats:
        """(V, C) field near ``values`` (V, C) where ``weights`` (V,) are large and smooth everywhere.

        Minimises ``sum_i A_i (w_i |x_i - y_i|^2 + pull |x_i - fallback|^2) + length^2 sum_ij k |x_i - x_j|^2``:
        screened smoothing over ``length`` metres where w is 1, nearly harmonic where it is 0. ``fallback`` (C,) is
        where it tends to far from anything known. Vertices outside the skin get the fallback.
        """
        weight = self.areas * weights[self.members]
        screen = self.areas * pull
        system = sparse.diags(weight + screen) + self.laplacian * length**2
        known = weight[:, None] * values[self.members] + screen[:, None] * fallback
        field = np.tile(np.asarray(fallback, dtype=np.float32), (self.count, 1))
        field[self.members] = splu(system.tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve(
            known.astype(np.float64)
        )
        return field


def skin_mesh(model: FaceModel, layout: Layout) -> SkinMesh:
    """The mesh of the mean head's skin."""
    members, inverse = np.unique(layout.triangles.numpy(), return_inverse=True)
    triangles = inverse.reshape(-1, 3)
    area = face_normals(model.mean.cpu(), layout.triangles).norm(dim=-1).numpy() / 2
    areas = np.bincount(triangles.reshape(-1), np.repeat(area / 3, 3), len(members)).astype(np.float32)
    pairs = np.unique(np.sort(triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), 1), axis=0)
    rows, columns = np.r_[pairs[:, 0], pairs[:, 1]], np.r_[pairs[:, 1], pairs[:, 0]]
    adjacency = sparse.coo_matrix((np.full(len(rows), EDGE_WEIGHT), (rows, columns)), shape=(len(members),) * 2)
    laplacian = sparse.diags(np.asarray(adjacency.sum(1)).reshape(-1)) - adjacency
    return SkinMesh(members, areas, laplacian.tocsc(), len(model.mean))
