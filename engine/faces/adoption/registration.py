"""Lay one head surface over another: similarity, landmark warp, then non-rigid iterated closest points.

After Amberg, Romdhani and Vetter, "Optimal step nonrigid ICP algorithms for surface registration" (CVPR 2007): the
stiffness falls step by step while correspondences are found anew. Here each vertex has a displacement instead of an
affine map (the similarity has already taken size and turn), so one sparse factorisation serves all three coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.interpolate import RBFInterpolator
from scipy.sparse.linalg import splu

from .nearest import Array, Indices, NearestOn, border_vertices, vertex_normals

STIFFNESS = (300.0, 120.0, 50.0, 20.0, 8.0, 3.0, 1.2)
"""Of the membrane between neighbours, against a weight of 1 for a vertex's own target; bending gets as much."""
STEPS = 4
"""Correspondences found anew at each stiffness."""
REACH = (0.030, 0.004)
"""Metres at which a vertex's target loses half its weight, at first and at last."""
LANDMARKS = (30.0, 1.0)
"""Weight of a landmark against that of a vertex, at first and at last: authors place them a little differently."""
WARP_SMOOTHING = 1e-4


@dataclass(frozen=True)
class Similarity:
    """``x -> scale R x + t``."""

    scale: float
    rotation: Array
    translation: Array

    def __call__(self, points: Array) -> Array:
        """Points (..., 3) moved."""
        return self.scale * points @ self.rotation.T + self.translation

    def back(self, points: Array) -> Array:
        """Points (..., 3) moved the other way."""
        return (points - self.translation) @ self.rotation / self.scale


@dataclass(frozen=True)
class Anchors:
    """Points known on both heads."""

    weights: sparse.csr_matrix
    """(A, V) which mean of the source's vertices each is."""
    targets: Array
    """(A, 3) where it lies on the target, metres."""


def best_similarity(source: Array, target: Array) -> Similarity:
    """Umeyama's least-squares similarity that brings ``source`` (N, 3) to ``target`` (N, 3)."""
    from_middle, to_middle = source.mean(0), target.mean(0)
    a, b = source - from_middle, target - to_middle
    u, values, vt = np.linalg.svd(b.T @ a)
    flip = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * flip) @ vt
    scale = float((values * flip).sum() / (a**2).sum())
    return Similarity(scale, rotation, to_middle - scale * rotation @ from_middle)


def register(
    vertices: Array, triangles: Indices, trust: Array, anchors: Anchors, target: Array, target_triangles: Indices
) -> Array:
    """``vertices`` (V, 3) of the source laid on the target's surface, (V, 3) metres.

    Args:
        vertices: source, already brought near by a similarity.
        triangles: (T, 3) of the source; vertices without any follow nothing and stay warped.
        trust: (V,) 0..1: how far a vertex has a counterpart on the target at all.
        anchors: landmarks.
        target: (W, 3) vertices.
        target_triangles: (U, 3) the surface to lie on; its border pulls nothing.
    """
    start = _warped(vertices, anchors)
    surface = NearestOn(target, target_triangles)
    border = border_vertices(target_triangles, len(target))
    membrane = graph_laplacian(triangles, len(vertices))
    bending = (membrane.T @ membrane).tocsc()
    points = start
    steps = len(STIFFNESS) * STEPS
    for step in range(steps):
        late = step / (steps - 1)
        found = surface(points, vertex_normals(points, triangles))
        reach = REACH[0] * (REACH[1] / REACH[0]) ** late
        on_border = (border[target_triangles[found.triangle]] & (found.weights > 1e-6)).any(1)
        weight = trust * found.agrees * ~on_border / (1 + (found.distance / reach) ** 2)
        # Towards the tangent plane only: along it a vertex may slide where smoothness leads it.
        normal = surface.normals[found.triangle]
        goal = points - normal * ((points - found.point) * normal).sum(1, keepdims=True)
        stiffness = STIFFNESS[step // STEPS]
        strength = LANDMARKS[0] * (LANDMARKS[1] / LANDMARKS[0]) ** late
        points = start + _solve(stiffness * (membrane + bending), weight, goal - start, anchors, start, strength)
    return points


def graph_laplacian(triangles: Indices, count: int) -> sparse.csc_matrix:
    """(V, V) degree minus adjacency."""
    sides = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    first, second = np.unique(sides, axis=0).T
    link = sparse.coo_matrix((np.ones(len(first)), (first, second)), shape=(count, count))
    link = link + link.T
    return (sparse.diags(np.asarray(link.sum(1)).ravel()) - link).tocsc()


def _warped(vertices: Array, anchors: Anchors) -> Array:
    """The vertices moved smoothly so that the anchors meet: a polyharmonic spline of kernel -r."""
    places = anchors.weights @ vertices
    spline = RBFInterpolator(
        places, anchors.targets - places, kernel="linear", smoothing=WARP_SMOOTHING * len(places), degree=0
    )
    return vertices + spline(vertices)


def _solve(
    stiffness: sparse.csc_matrix, weight: Array, goal: Array, anchors: Anchors, start: Array, strength: float
) -> Array:
    """(V, 3) displacements: smooth, near ``goal`` (V, 3) by ``weight`` (V,), anchors near their targets."""
    pull = anchors.weights
    matrix = stiffness + sparse.diags(weight + 1e-6) + strength * (pull.T @ pull)
    right = weight[:, None] * goal + strength * (pull.T @ (anchors.targets - pull @ start))
    return splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve(right)
