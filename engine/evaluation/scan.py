"""Distance from a scan to a reconstruction, with seven-point and closest-point alignment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..detect.detector import Detection
from ..detect.layouts import IBUG_FROM_MEDIAPIPE
from .alignment import Array, Surface, best_similarity, icp

SEVEN = (36, 39, 42, 45, 33, 48, 54)
"""Of the 68 landmarks: eye corners, nose base, mouth corners."""
ALIGNED = 1200
"""How many of the scan's points, in random order, the alignment uses; all are measured."""


@dataclass(frozen=True)
class Scan:
    """A face as it was measured, in metres."""

    points: Array
    """(N, 3) spread evenly over the face, in random order. The median of 500 scatters by 0.05 mm: take thousands."""
    seven: Array
    """(7, 3) :data:`SEVEN` on the scan."""


def scan_distance(scan: Scan, vertices: Array, triangles: NDArray[np.int64], seven: Array) -> Array:
    """(N,) millimetres from each scan point to the mesh, after alignment with scale.

    The scan is brought to the mesh by the seven points, then by iterated closest points; distances are in the scan's
    scale. The mesh (V, 3), (T, 3) and its ``seven`` points (7, 3) may be of any size and place.
    """
    surface = Surface(vertices, triangles)
    found = icp(scan.points[:ALIGNED], surface, best_similarity(scan.seven, seven))
    distance = surface.closest(found(scan.points))[0]
    return distance / found.scale * 1e3


def raw_mesh(detection: Detection) -> tuple[Array, NDArray[np.int64], Array]:
    """MediaPipe's own mesh out of a detection of 478 points: vertices (468, 3), triangles (852, 3), the seven points.

    What a user gets without a head model. Vertices are in pixels, y up, z towards the camera. The triangles are the
    cycles of three in MediaPipe's published edges, less two that are no faces.
    """
    from mediapipe.python.solutions.face_mesh_connections import FACEMESH_TESSELATION

    assert detection.depth is not None
    vertices = np.c_[detection.landmarks[:468], detection.depth[:468]].astype(np.float64) * [1, -1, -1]
    beside: dict[int, set[int]] = {}
    for a, b in FACEMESH_TESSELATION:
        beside.setdefault(a, set()).add(b)
        beside.setdefault(b, set()).add(a)
    found = {tuple(sorted((a, b, c))) for a in beside for b in beside[a] for c in beside[a] & beside[b]}
    triangles = np.array(sorted(found - {(49, 64, 129), (279, 294, 358)}))
    return vertices, triangles, vertices[IBUG_FROM_MEDIAPIPE[list(SEVEN)]]
