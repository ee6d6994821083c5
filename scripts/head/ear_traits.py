"""How ears differ: in length, in breadth and in how far they stand off, each in the ear's own frame."""

from __future__ import annotations

import numpy as np

from .cage import SIDES, Array, Head, smoothstep
from .ear import TILT

LENGTH, BREADTH, STAND = 2.0, 2.2, 2.6
"""mm per standard deviation: half the length, the rim's way back, its way out."""
HALF_LENGTH, HALF_BREADTH = 31.0, 18.0
REACH = 1.9
"""In those half axes, how far the skin round the ear goes along."""


def ear_fields(points: Array, head: Head) -> dict[str, Array]:
    """(P, 3) mm offset of one standard deviation of each trait at ``points`` (P, 3)."""
    fields = {name: np.zeros_like(points) for name in ("ear_length", "ear_breadth", "ear_stand")}
    up = np.array([0, np.cos(TILT), -np.sin(TILT)])
    back = np.array([0, -np.sin(TILT), -np.cos(TILT)])
    for side, sign in SIDES.items():
        root = head.cage.vertices[head.cage.groups[f"ear_0_{side}"]]
        ear = head.cage.vertices[head.cage.groups[f"ear_{side}"]]
        middle = (ear.max(0) + ear.min(0)) / 2
        high, behind = (points - middle) @ up, (points - middle) @ back
        off = _height_over(root, points, sign)
        apart = np.sqrt((high / HALF_LENGTH) ** 2 + (behind / HALF_BREADTH) ** 2 + (off / 25) ** 2)
        near = (1 - smoothstep(apart, 1.0, REACH)) * (points[:, 0] * sign > 30)
        fields["ear_length"] += (near * high / HALF_LENGTH * LENGTH)[:, None] * up
        reach = np.clip(behind / HALF_BREADTH + 0.6, 0, 2) / 1.6
        fields["ear_breadth"] += (near * reach * BREADTH)[:, None] * back
        of_ear = np.zeros(len(points))
        of_ear[head.cage.groups[f"ear_{side}"]] = 1
        fields["ear_stand"][:, 0] += sign * STAND * of_ear * np.clip(off, 0, None) / 18
    return fields


def _height_over(root: Array, points: Array, sign: float) -> Array:
    """(P,) mm that each point stands off the plane of the ear's root, outwards positive."""
    centre = root.mean(0)
    normal = np.linalg.svd(root - centre)[2][2]
    return np.asarray((points - centre) @ normal * np.sign(normal[0]) * sign)
