"""Lips that touch without passing through each other."""

from __future__ import annotations

import numpy as np

from engine.faces.subdivision import Subdivision

from .cage import Array, Cage

GAP = 0.03
"""Millimetres left between the lips, so that two surfaces stay two."""
RINGS = 3
"""How many of the mouth's rings belong to the lips."""


def part_lips(vertices: Array, step: Subdivision, cage: Cage) -> Array:
    """Offsets (V, 3) in mm that keep each lip on its own side of the line where they meet, seen from the front.

    Args:
        vertices: (V, 3) the subdivided skin, relief included.
        step: the subdivision of the cage.
        cage: its groups name the lips' line and the rings behind it.
    """
    upper, lower = cage.groups["lip_upper"], cage.groups["lip_lower"]
    line = (vertices[upper] + vertices[lower]) / 2
    order = np.argsort(line[:, 0])
    height = np.interp(vertices[:, 0], line[order, 0], line[order, 1])
    side = step.matrix @ _sides(cage)
    near = (np.abs(vertices[:, 0]) < np.abs(line[:, 0]).max()) & (np.abs(vertices[:, 1] - height) < 3)
    above = np.maximum(height + GAP / 2 - vertices[:, 1], 0) * (side > 0.1)
    below = np.maximum(vertices[:, 1] - height + GAP / 2, 0) * (side < -0.1)
    return ((above - below) * near)[:, None] * [0, 1, 0]


def _sides(cage: Cage) -> Array:
    """(N,) 1 on the upper lip and the rings behind it, -1 on the lower one, 0 at the corners and elsewhere."""
    side = np.zeros(len(cage.vertices))
    line = cage.vertices[cage.groups["mouth_0"]]
    reach = np.linalg.norm(cage.vertices[:, None] - line[None, ::4], axis=2).min(1) < 9
    level = np.interp(cage.vertices[:, 0], *line[np.argsort(line[:, 0])][:, :2].T)
    side[reach] = np.sign(cage.vertices[reach, 1] - level[reach])
    half = len(line) // 2
    for number in range(RINGS + 1):
        ring = cage.groups[f"mouth_{number}"]
        side[ring] = 0
        side[ring[1:half]] = 1
        side[ring[half + 1 :]] = -1
    for number in range(RINGS + 1, 7):
        side[cage.groups[f"mouth_{number}"]] = 0
    side[cage.groups["mouth_cap"]] = 0
    return side
