"""Nostrils: the patch under the wing of the nose pushed in as a pit with a rounded rim."""

from __future__ import annotations

import numpy as np

from .cage import Array, Face, Indices
from .net import Net, boundary
from .tessellation import NOSTRIL_QUADS

DEPTHS = ((0.93, 1.0), (0.84, 4.0), (0.6, 9.0))
"""Width factor and depth in mm of each ring behind the rim."""


def add_nostrils(net: Net, coarse: Indices) -> None:
    """Push both nostrils in; ``coarse`` (F, 4) are the level-0 quads."""
    wanted = {frozenset(q) for q in NOSTRIL_QUADS}
    chosen = [i for i, quad in enumerate(coarse) if frozenset(int(v) for v in quad) in wanted]
    patch = net.children(chosen)
    rim = boundary(patch)
    inside = sorted({v for f in patch for v in f} - set(rim))
    net.remove_pair_faces(patch)
    points = net.vertices[rim]
    middle = points.mean(0)
    axis = np.array([0.14, 0.92, -0.36])
    axis /= np.linalg.norm(axis)
    net.name_pair("nostril_0", rim)
    outer, everything = rim, list(inside)
    for number, (width, depth) in enumerate(DEPTHS, 1):
        flat = points - ((points - middle) @ axis)[:, None] * axis * min(1.0, depth / 3)
        inner = net.add_pair(middle + (flat - middle) * width + axis * depth)
        net.add_pair_strip(outer, inner)
        net.name_pair(f"nostril_{number}", inner)
        everything += inner
        outer = inner
    _close(net, patch, rim, inside, outer, axis)
    net.name_pair("nostril", everything)


def _close(net: Net, patch: list[Face], rim: list[int], inside: list[int], last: list[int], axis: Array) -> None:
    """Put the removed patch back as the pit's floor."""
    floor = net.vertices[last].mean(0) + 0.8 * axis
    place = dict(zip(rim, last, strict=True))
    net.add_pair_faces([tuple(place.get(v, v) for v in face) for face in patch])
    spread = net.vertices[inside] - net.vertices[rim].mean(0)
    spread -= (spread @ axis)[:, None] * axis
    net.set_pair(inside, floor + DEPTHS[-1][0] * 0.9 * spread)
