"""The bag behind the lips."""

from __future__ import annotations

import numpy as np

from .cage import Array
from .net import Net, fan

CORNER = 78
"""MediaPipe's right inner corner of the mouth."""

RINGS = (
    # back mm, opening mm, width, flatness (how far the ring leaves the lips' curve for a plane)
    (-2.2, -0.15, 1.00, 0.0),
    (-5.5, 2.5, 1.02, 0.0),
    (-6.5, 9.0, 1.06, 0.2),
    (-8.5, 16.0, 1.24, 0.5),
    (-24.0, 22.0, 1.62, 0.9),
    (-64.0, 18.5, 1.70, 1.0),
)


def add_mouth(net: Net) -> None:
    """Close the lips' opening with rings that widen into a cavity for teeth and tongue."""
    loop = net.hole(CORNER)
    if net.vertices[loop[10], 1] < net.vertices[loop[-10], 1]:
        raise RuntimeError("the lip loop should run over the upper lip first")
    half = len(loop) // 2
    net.groups["mouth_0"] = loop
    net.groups["lip_upper"] = loop[: half + 1]
    net.groups["lip_lower"] = [loop[0], *reversed(loop[half:])]
    lips = net.vertices[loop]
    outer = loop
    for number, row in enumerate(RINGS, 1):
        inner = net.add_ring(_ring(lips, *row), loop)
        net.add_middle_strip(outer, inner)
        net.groups[f"mouth_{number}"] = inner
        outer = inner
    back = net.vertices[outer].mean(0) * [0, 1, 1] - [0, 0, 3]
    net.vertices = np.vstack([net.vertices, back])
    centre = len(net.mirror)
    net.mirror = np.r_[net.mirror, centre]
    net.faces += fan(outer, centre)
    net.groups["mouth_cap"] = [centre]


def _ring(lips: Array, back: float, opening: float, width: float, flatness: float) -> Array:
    """One ring (K, 3); the first half of the loop is the upper lip."""
    count = len(lips)
    turn = np.arange(count) / count
    height = np.sign(np.sin(2 * np.pi * turn)) * np.abs(np.sin(2 * np.pi * turn)) ** 0.6
    height[[0, count // 2]] = 0
    plane = lips[:, 2].max() - 6 - 0.016 * lips[:, 0] ** 2
    middle = lips[:, 1].mean() - (2 if flatness == 1 else 0)
    y = (lips[:, 1] if flatness < 0.5 else middle) + opening * height
    z = lips[:, 2] * (1 - flatness) + plane * flatness + back
    return np.column_stack([lips[:, 0] * width, y, z])
