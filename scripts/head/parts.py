"""The separate parts: how each is described, the grids they are made of, and the list of them all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .cage import Array, Indices

MIRRORED = [0, 3, 2, 1]
"""Corners of a quad turned over so that it still splits along the same diagonal."""


@dataclass(frozen=True)
class Part:
    """A mesh of quads."""

    name: str
    material: str
    vertices: Array
    """(N, 3) mm."""
    polygons: Indices
    """(F, 4)."""
    uvs: Array
    """(F, 4, 2)."""
    anchors: Indices | None = None
    """(N,) vertex of the lid's margin that each vertex rides on; ``None`` for a part that moves by itself."""


def bands(rings: Indices) -> Indices:
    """Quads between consecutive rings (R, K), outward when the rings turn counter-clockwise and recede."""
    after = np.roll(rings, -1, 1)
    return np.stack([rings[:-1], rings[1:], after[1:], after[:-1]], -1).reshape(-1, 4)


def pole(ring: Indices, tip: int) -> Indices:
    """Quads that close a ring (K,) of an even count at the vertex ``tip`` in front of it."""
    a, b, c = ring[::2], ring[1::2], np.roll(ring, -2)[::2]
    return np.column_stack([a, b, c, np.full(len(a), tip)])


def sheet(rows: int, columns: int) -> Indices:
    """Quads of a grid whose vertices are numbered row by row."""
    grid = np.arange(rows * columns).reshape(rows, columns)
    return np.stack([grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]], -1).reshape(-1, 4)


def box(wide: int, high: int, deep: int) -> tuple[Array, Indices, Array]:
    """Surface grid of the cube -1..1: vertices (N, 3), quads (F, 4) and corners (F, 4, 2) in a 3 x 2 sheet."""
    counts = (wide, high, deep)
    found: dict[tuple[float, ...], int] = {}
    quads, uvs = [], []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for end in (-1, 1):
            for i in range(counts[u]):
                for j in range(counts[v]):
                    cell = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]
                    corners = np.zeros((4, 3))
                    corners[:, axis] = end
                    corners[:, u] = [2 * a / counts[u] - 1 for a, _ in cell]
                    corners[:, v] = [2 * b / counts[v] - 1 for _, b in cell]
                    quad = [found.setdefault(tuple(np.round(c, 9)), len(found)) for c in corners]
                    origin = np.array([axis, (end + 1) / 2]) + 0.03
                    place = (origin + 0.94 * (corners[:, [u, v]] + 1) / 2) / [3, 2]
                    quads.append(quad if end > 0 else quad[::-1])
                    uvs.append(place if end > 0 else place[::-1])
    return np.array(list(found)), np.array(quads), np.array(uvs)
