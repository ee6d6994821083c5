"""The edges of the built-in head's lids, and where they lie on another model: what must meet when an eye closes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ...contract import Floats
from ..formats.published import PublishedModel
from ..model import FaceModel, split_polygons
from .correspondence import Correspondence, skin_triangles
from .nearest import Array, Indices, NearestOn, border_vertices, vertex_normals
from .parts import eyeball

OPEN = 0.002
"""Metres between two points of the edges from which they count: at the corners of the eye nothing need be closed."""
NEAR = 0.006
"""Metres over an eyeball within which skin may come to touch it."""
CLEARANCE, SUNK = 0.0004, 1e-4
"""Metres over the eyeball that lids keep, where they had them; and least motion for which that is looked at."""


def lid_pairs(builtin: FaceModel) -> Indices:
    """(K, 2) vertices of the upper and the lower lids' edges, both eyes', that meet when the eyes close.

    A lid's skin runs inwards in rings to the border behind the eyeball's front. The edge is the ring that leaves the
    least gap when the eye is closed.
    """
    mean, triangles = builtin.mean.cpu().double().numpy(), builtin.triangles.cpu().numpy()
    skin = triangles[skin_triangles(builtin)]
    border = border_vertices(skin, len(mean))
    pairs = []
    for side, name in (("L", "eyeBlinkLeft"), ("R", "eyeBlinkRight")):
        closed = mean + builtin.expression_basis[builtin.expression_names.index(name)].cpu().double().numpy()
        lid = np.zeros(len(mean), bool)
        lid[builtin.groups[f"lids_{side}"]] = True
        rings = _rings(skin[lid[skin].all(1)], border & lid)
        edge = min(rings, key=lambda ring: _gap(closed[ring]))
        pairs.append(_met(mean[edge], closed[edge], edge))
    return np.concatenate(pairs)


def opening(
    published: PublishedModel, parts: NDArray[np.str_], builtin: FaceModel, found: Correspondence, pairs: Indices
) -> sparse.csr_matrix:
    """(K, V): the vector across the eyes from each pair's lower point to its upper one, on the model's skin.

    ``parts`` (V,) is each vertex's piece.
    """
    laid = found.registered.astype(np.float64)
    normals = vertex_normals(laid, builtin.triangles.cpu().numpy())
    triangles = split_polygons(published.polygons)[0]
    triangles = triangles[(parts[triangles] == "skin").all(1)]
    surface = NearestOn(published.mean.astype(np.float64), triangles)
    upper, lower = (
        _selection(triangles[places.triangle], places.weights, len(parts))
        for places in (surface(laid[row], normals[row]) for row in pairs.T)
    )
    return (upper - lower).tocsr()


def opened(mean: Array, across: Array, pairs: Indices, displacement: Array, scale: float) -> Array:
    """(K, 3) how the openings ``across`` (K, 3) of a model change so that they do by the same share as the built-in's.

    Args:
        mean: (B, 3) the built-in head's.
        across: the model's openings, metres.
        pairs: see :func:`lid_pairs`.
        displacement: (B, 3) of the built-in head.
        scale: the model's size over the built-in head's, for what moves sideways.
    """
    own = mean[pairs[:, 0]] - mean[pairs[:, 1]]
    moved = displacement[pairs[:, 0]] - displacement[pairs[:, 1]]
    share = (moved * own).sum(1, keepdims=True) / (own * own).sum(1, keepdims=True)
    return np.asarray(share * across + scale * (moved - share * own))


class EyeCover:
    """The outside of the skin round one eyeball, which must not sink into it."""

    def __init__(self, published: PublishedModel, parts: NDArray[np.str_], eye: str) -> None:
        """``parts`` (V,) is each vertex's piece, ``eye`` the name of one that the model has."""
        mean, triangles = published.mean.astype(np.float64), split_polygons(published.polygons)[0]
        self._triangles = triangles[(parts[triangles] == eye).all(1)]
        self._normals = vertex_normals(mean, triangles)
        centre, radius = eyeball(mean[parts == eye])
        arms = mean - centre
        outside = (parts == "skin") & ((arms * self._normals).sum(1) > 0)
        self.vertices = np.flatnonzero(outside & (np.linalg.norm(arms, axis=1) < radius + NEAR))
        """(n,) of the model."""
        self._mean = mean
        self._height = self._over(mean)[0]

    def lift(self, displacement: Floats) -> None:
        """Move skin out of the eyeball where ``displacement`` (V, 3), which turns the eyeball too, has sunk it in."""
        if np.abs(displacement[self.vertices]).max(initial=0) > SUNK:
            height, outward = self._over(self._mean + displacement)
            missing = np.clip(np.minimum(self._height, CLEARANCE) - height, 0, None)
            displacement[self.vertices] += missing[:, None] * outward

    def _over(self, points: Array) -> tuple[Array, Array]:
        """Metres (n,) of the skin over the eyeball, and outward directions (n, 3), for the model at ``points``."""
        surface = NearestOn(points, self._triangles)
        found = surface(points[self.vertices], self._normals[self.vertices])
        outward = surface.normals[found.triangle]
        return ((points[self.vertices] - found.point) * outward).sum(1), outward


def _rings(triangles: Indices, start: np.ndarray) -> list[Indices]:
    """Vertices by their number of edges from ``start`` (V,), the start left out."""
    sides = triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    link = sparse.coo_matrix((np.ones(len(sides)), sides.T), shape=(len(start), len(start))).tocsr()
    link = link + link.T
    rings, reached, ring = [], start.copy(), start
    while (ring := (link @ ring.astype(float) > 0) & ~reached).any():
        rings.append(np.flatnonzero(ring))
        reached |= ring
    return rings


def _gap(points: Array) -> float:
    """Height of the middle third of a ring round a closed eye."""
    low, high = np.quantile(points[:, 0], [1 / 3, 2 / 3])
    return float(np.ptp(points[(points[:, 0] > low) & (points[:, 0] < high), 1]))


def _met(mean: Array, closed: Array, edge: Indices) -> Indices:
    """(k, 2) pairs of ``edge`` (n,): each point of the upper lid with the point of the lower one that it comes to."""
    corners = [mean[:, 0].argmin(), mean[:, 0].argmax()]
    line = np.interp(mean[:, 0], mean[corners, 0], mean[corners, 1])
    upper, lower = np.flatnonzero(mean[:, 1] > line), np.flatnonzero(mean[:, 1] < line)
    partner = lower[np.linalg.norm(closed[upper][:, None] - closed[lower], axis=2).argmin(1)]
    apart = np.linalg.norm(mean[upper] - mean[partner], axis=1) > OPEN
    return np.stack([edge[upper[apart]], edge[partner[apart]]], 1)


def _selection(vertices: Indices, weights: Array, count: int) -> sparse.csr_matrix:
    """(N, V) points as means of three vertices."""
    rows = np.repeat(np.arange(len(vertices)), 3)
    return sparse.csr_matrix((weights.ravel(), (rows, vertices.ravel())), shape=(len(vertices), count))
