"""A mesh under construction that is edited on the right side and grows its mirror image by itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .cage import Array, Indices


class Net:
    """Vertices, quads and the mirror map of a symmetric surface.

    Loops are lists of vertex indices that run clockwise, seen from outside, round the hole that they fill.
    """

    def __init__(self, vertices: Array, faces: Indices, mirror: Indices) -> None:
        self.vertices = vertices.copy()
        self.faces = [tuple(int(v) for v in face) for face in faces]
        self.subdivided = list(self.faces)
        """The faces as they were at first, four for each coarse quad."""
        self.mirror = mirror.copy()
        self.groups: dict[str, list[int]] = {}

    def add_pair(self, points: Array) -> list[int]:
        """Append right-side points (K, 3) and their mirror images; returns the right side's indices."""
        first, count = len(self.vertices), len(points)
        right = np.arange(first, first + count)
        self.vertices = np.vstack([self.vertices, points, points * [-1, 1, 1]])
        self.mirror = np.r_[self.mirror, right + count, right]
        return [int(i) for i in right]

    def add_ring(self, points: Array, like: list[int]) -> list[int]:
        """Append a loop (K, 3) across the middle whose mirror map is that of the loop ``like``."""
        first = len(self.vertices)
        place = {v: k for k, v in enumerate(like)}
        self.vertices = np.vstack([self.vertices, points])
        self.mirror = np.r_[self.mirror, [first + place[int(self.mirror[v])] for v in like]]
        return list(range(first, first + len(points)))

    def add_pair_strip(self, outer: list[int], inner: list[int]) -> None:
        """Quads between two right-side loops, and the same on the left."""
        self.add_pair_faces(_strip(outer, inner))

    def add_middle_strip(self, outer: list[int], inner: list[int]) -> None:
        """Quads between two loops that cross the middle."""
        self.faces += _strip(outer, inner)

    def add_pair_faces(self, faces: list[tuple[int, ...]]) -> None:
        """Right-side faces and their mirror images."""
        self.faces += faces
        self.faces += [self._image(face) for face in faces]

    def remove_pair_faces(self, faces: list[tuple[int, ...]]) -> None:
        """Take right-side faces and their mirror images out."""
        gone = {frozenset(f) for f in faces} | {frozenset(self._image(f)) for f in faces}
        self.faces = [f for f in self.faces if frozenset(f) not in gone]

    def set_pair(self, indices: list[int], points: Array) -> None:
        """Move right-side vertices and their mirror images."""
        self.vertices[indices] = points
        self.vertices[self.mirror[indices]] = points * [-1, 1, 1]

    def name_pair(self, name: str, indices: list[int]) -> None:
        """Name a right-side list ``name_R`` and its mirror image ``name_L``."""
        self.groups[f"{name}_R"] = list(indices)
        self.groups[f"{name}_L"] = [int(i) for i in self.mirror[indices]]

    def children(self, coarse: list[int]) -> list[tuple[int, ...]]:
        """The net's first faces that grew from these coarse quads."""
        return [self.subdivided[4 * quad + k] for quad in coarse for k in range(4)]

    def hole(self, start: int) -> list[int]:
        """The border loop through vertex ``start``, clockwise as seen from outside."""
        follow = dict(self._border())
        loop = [start]
        while follow[loop[-1]] != start:
            loop.append(follow[loop[-1]])
        return loop

    def drop_unused(self) -> NDArray[np.bool_]:
        """Remove vertices that no face uses and renumber everything; returns which were kept."""
        used = np.zeros(len(self.vertices), bool)
        used[np.array(self.faces).ravel()] = True
        new = np.cumsum(used) - 1
        self.vertices = self.vertices[used]
        self.mirror = new[self.mirror[used]]
        self.faces = [tuple(int(new[v]) for v in face) for face in self.faces]
        self.groups = {name: [int(new[v]) for v in group if used[v]] for name, group in self.groups.items()}
        return used

    def _border(self) -> set[tuple[int, int]]:
        directed = {(f[k], f[(k + 1) % 4]) for f in self.faces for k in range(4)}
        return {(a, b) for a, b in directed if (b, a) not in directed}

    def _image(self, face: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(int(self.mirror[v]) for v in reversed(face))


def _strip(outer: list[int], inner: list[int]) -> list[tuple[int, ...]]:
    count = len(outer)
    return [(outer[k], inner[k], inner[(k + 1) % count], outer[(k + 1) % count]) for k in range(count)]


def fan(loop: list[int], centre: int) -> list[tuple[int, ...]]:
    """Quads that close a loop of even length round one vertex."""
    count = len(loop)
    return [(centre, loop[(k + 2) % count], loop[k + 1], loop[k]) for k in range(0, count, 2)]


def boundary(faces: list[tuple[int, ...]]) -> list[int]:
    """The outline of a patch, clockwise as seen from outside."""
    directed = {(f[k], f[(k + 1) % 4]) for f in faces for k in range(4)}
    follow = {b: a for a, b in directed if (b, a) not in directed}
    loop = [min(follow)]
    while follow[loop[-1]] != loop[0]:
        loop.append(follow[loop[-1]])
    return loop
