"""Distance from a scan to a reconstruction, and a reader for the scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .alignment import Array, Surface, best_similarity, icp

SEVEN = (36, 39, 42, 45, 33, 48, 54)
"""Of the 68 landmarks: eye corners, nose base, mouth corners."""


@dataclass(frozen=True)
class Scan:
    """A face as it was measured, in metres."""

    points: Array
    """(N, 3) spread evenly over the face region."""
    seven: Array
    """(7, 3) :data:`SEVEN` on the scan."""


def scan_distance(scan: Scan, vertices: Array, triangles: NDArray[np.int64], seven: Array) -> Array:
    """(N,) millimetres from each scan point to the mesh, after alignment with scale.

    The scan is brought to the mesh by the seven points, then by iterated closest points; distances are in the scan's
    scale. The mesh (V, 3), (T, 3) and its ``seven`` points (7, 3) may be of any size and place.
    """
    surface = Surface(vertices, triangles)
    found = icp(scan.points, surface, best_similarity(scan.seven, seven))
    distance = surface.closest(found(scan.points))[0]
    return distance / found.scale * 1e3


def sample_surface(vertices: Array, triangles: NDArray[np.int64], count: int, seed: int = 0) -> Array:
    """(count, 3) points spread evenly by area over a mesh."""
    random = np.random.default_rng(seed)
    corners = vertices[triangles]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    chosen = corners[random.choice(len(corners), count, p=area / area.sum())]
    u, v = random.random((2, count))
    flip = u + v > 1
    u, v = np.where(flip, 1 - u, u), np.where(flip, 1 - v, v)
    return chosen[:, 0] + u[:, None] * (chosen[:, 1] - chosen[:, 0]) + v[:, None] * (chosen[:, 2] - chosen[:, 0])
