"""Landmark layouts on the final mesh, and how far each vertex's colour is skin."""

from __future__ import annotations

import numpy as np

from .cage import Array, Head, Indices, smoothstep
from .eyeball import EYE_SEGMENTS, LIMBUS_RING
from .slide import slid

IBUG = (
    *(127, 234, 93, 132, 58, 172, 150, 176, 152, 400, 379, 397, 288, 361, 323, 454, 356),  # jaw, right ear to left ear
    *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300),  # brows
    *(168, 197, 5, 4, 75, 97, 2, 326, 305),  # nose
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),  # eyes
    *(61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91),  # outer lips
    *(78, 81, 13, 311, 308, 402, 14, 178),  # inner lips
)
"""MediaPipe point nearest to each of iBUG's 68."""


def landmark_maps(head: Head, jaw_open: Array) -> dict[str, tuple[Indices, Array]]:
    """Vertices (L, 3) and barycentric weights (L, 3) of layouts "478" and "68"."""
    own, own_weights = slid(head, jaw_open)
    iris = [_iris(head.groups[f"eye_{side}"], side) for side in "RL"]
    vertices = np.vstack([own, *(v for v, _ in iris)])
    weights = np.vstack([own_weights, *(w for _, w in iris)])
    chosen = np.array(IBUG)
    return {"478": (vertices, weights), "68": (vertices[chosen], weights[chosen])}


def _iris(eye: Indices, side: str) -> tuple[Indices, Array]:
    """Centre, +x, top, -x, bottom of the iris; the centre lies in the iris' plane, behind the cornea."""
    ring = eye[1 + LIMBUS_RING * EYE_SEGMENTS : 1 + (LIMBUS_RING + 1) * EYE_SEGMENTS]
    quarter = EYE_SEGMENTS // 4
    around = ring[[0, quarter, 2 * quarter, 3 * quarter]]
    if side == "L":
        around = around[[2, 1, 0, 3]]
    vertices = np.vstack([[around[0], around[2], around[0]], *np.tile(around[:, None, None], (1, 1, 3))])
    weights = np.vstack([[0.5, 0.5, 0], np.tile([1.0, 0, 0], (4, 1))])
    return vertices, weights


def skin_weight(head: Head) -> Array:
    """(V,) 1 on the face's bare skin, falling towards hairline, ears and neck; 0 on everything that is not skin."""
    vertices = head.vertices
    height = vertices[:, 1] + 0.62 * np.maximum(0, -(vertices[:, 2] + 5))
    weight = 1 - 0.85 * smoothstep(-vertices[:, 2], 55, 95)
    weight *= 1 - smoothstep(height, 70, 84)
    weight *= 1 - 0.8 * smoothstep(-vertices[:, 1], 85, 105)
    weight[head.groups["ears"]] = 0.1
    weight[head.groups["lips"]] = 0.6
    for name in ("scalp", "nostrils", "mouth_bag", "lids"):
        weight[head.groups[name]] = 0
    weight[len(head.groups["skin"]) :] = 0
    return (weight + weight[head.mirror]) / 2
