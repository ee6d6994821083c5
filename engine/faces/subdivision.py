"""Catmull-Clark subdivision as a sparse matrix, so that whatever lives on the cage is carried by one product."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Subdivision:
    """One Catmull-Clark step of a quad mesh with V vertices, E edges and F faces."""

    matrix: sparse.csr_matrix
    """(V + E + F, V): old vertices keep their indices, edge points follow, then face points. Rows sum to 1."""
    polygons: Indices
    """(4F, 4): the four children of a face lie together; child k begins at the face's corner k."""
    edges: Indices
    """(E, 2) the edge each edge point came from, smaller index first."""

    def carry_mirror(self, mirror: Indices, polygons: Indices) -> Indices:
        """Mirror map (V + E + F,) of the new vertices from the old one (V,) and the old polygons (F, 4)."""
        vertices, edges = len(mirror), len(self.edges)
        key = self.edges @ [vertices, 1]
        image = np.sort(mirror[self.edges], axis=1) @ [vertices, 1]
        of_edges = np.searchsorted(key, image)
        corners = np.sort(polygons, axis=1)
        order = np.lexsort(corners.T)
        of_faces = np.empty(len(polygons), np.int64)
        of_faces[np.lexsort(np.sort(mirror[polygons], axis=1).T)] = order
        return np.r_[mirror, vertices + of_edges, vertices + edges + of_faces]


def catmull_clark(vertices: int, polygons: NDArray[np.integer]) -> Subdivision:
    """Subdivide a manifold quad mesh (rules of Catmull and Clark 1978; an open border becomes a cubic B-spline).

    Args:
        vertices: number of vertices V; isolated ones stay where they are.
        polygons: (F, 4) vertex indices.
    """
    quads: Indices = polygons.astype(np.int64)
    faces = len(quads)
    sides = np.sort(np.stack([quads, np.roll(quads, -1, 1)], -1).reshape(-1, 2), axis=1)
    keys, side_edge, uses = np.unique(sides @ [vertices, 1], return_inverse=True, return_counts=True)
    edges = np.stack([keys // vertices, keys % vertices], -1)
    side_edge = side_edge.reshape(faces, 4)
    face_points = _matrix(np.repeat(np.arange(faces), 4), quads.ravel(), 0.25, (faces, vertices))
    edge_points = _edge_points(edges, side_edge, uses, face_points, vertices)
    vertex_points = _vertex_points(edges, quads, uses, face_points, vertices)
    matrix = sparse.vstack([vertex_points, edge_points, face_points]).tocsr()
    edge_index = vertices + side_edge
    centre = np.broadcast_to((vertices + len(edges) + np.arange(faces))[:, None], (faces, 4))
    children = np.stack([quads, edge_index, centre, np.roll(edge_index, 1, 1)], -1)
    return Subdivision(matrix, children.reshape(-1, 4), edges)


def _matrix(rows: Indices, columns: Indices, values: float | NDArray, shape: tuple[int, int]) -> sparse.csr_matrix:
    values = np.broadcast_to(np.asarray(values, np.float64), rows.shape)
    return sparse.csr_matrix((values, (rows, columns)), shape=shape)


def _edge_points(
    edges: Indices, side_edge: Indices, uses: Indices, face_points: sparse.csr_matrix, vertices: int
) -> sparse.csr_matrix:
    """Inner edges: mean of the two ends and the two face points; border edges: their middle."""
    count = len(edges)
    inner = uses == 2
    rows = np.repeat(np.arange(count), 2)
    ends = _matrix(rows, edges.ravel(), np.repeat(np.where(inner, 0.25, 0.5), 2), (count, vertices))
    faces = np.repeat(np.arange(len(side_edge)), 4)
    beside = _matrix(side_edge.ravel(), faces, np.where(inner[side_edge.ravel()], 0.25, 0.0), (count, len(side_edge)))
    return ends + beside @ face_points


def _vertex_points(
    edges: Indices, polygons: Indices, uses: Indices, face_points: sparse.csr_matrix, vertices: int
) -> sparse.csr_matrix:
    """Inner vertices of valence n: (Q + 2R + (n - 3) P) / n; border vertices: 1/8, 3/4, 1/8 along the border."""
    border_edges = edges[uses == 1]
    on_border = np.zeros(vertices, bool)
    on_border[border_edges] = True
    valence = np.bincount(polygons.ravel(), minlength=vertices).astype(float)
    lonely = valence == 0
    inner = ~on_border & ~lonely
    n = np.where(inner, valence, 1.0)
    scale = sparse.diags(np.where(inner, 1 / n**2, 0.0))
    faces = _matrix(polygons.ravel(), np.repeat(np.arange(len(polygons)), 4), 1.0, (vertices, len(polygons)))
    around = _matrix(edges.T.ravel(), edges[:, ::-1].T.ravel(), 1.0, (vertices, vertices))
    along = _matrix(border_edges.T.ravel(), border_edges[:, ::-1].T.ravel(), 0.125, (vertices, vertices))
    # The ends of the n edges sum to n P plus the neighbours, whence (n - 2)/n P.
    own = np.where(inner, (n - 2) / n, np.where(on_border, 0.75, 1.0))
    return sparse.diags(own) + scale @ (faces @ face_points + around) + along
