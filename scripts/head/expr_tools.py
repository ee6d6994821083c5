"""What every expression is made with: smooth fields on the control cage and motions weighted by them.

A motion is an array (N', 3) of mm offsets of ``head.controls``. Fields are (N,) weights on the cage, grown along the
surface, so that upper and lower lip or lid never leak into each other although they touch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.interpolate import CubicSpline
from scipy.sparse import csgraph
from scipy.sparse.linalg import spsolve
from scipy.spatial.transform import Rotation

from .cage import SIDES, Array, Head, Indices, smoothstep
from .identity import part_controls

Seeds = Iterable[int] | Indices


class Stage:
    """The head's cage with its fields."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self.vertices = head.cage.vertices
        self.groups = head.cage.groups
        self.mirror = head.cage.mirror
        self.count = len(self.vertices)
        self.parts = part_controls(head)

    @cached_property
    def control_mirror(self) -> Indices:
        """(N',) mirror image of every control vertex."""
        mirror = np.arange(len(self.head.controls))
        mirror[: self.count] = self.mirror
        rounded = {tuple(p): i for i, p in enumerate(np.round(self.head.controls, 4) + 0.0) if i >= self.count}
        for i in range(self.count, len(mirror)):
            x, y, z = np.round(self.head.controls[i], 4) + 0.0
            mirror[i] = rounded[(-x + 0.0, y, z)]
        return mirror

    @cached_property
    def normals(self) -> Array:
        """(N, 3) outward unit normals of the cage."""
        faces = np.array(self.head.cage.faces)
        corner = self.vertices[faces]
        across = np.cross(corner[:, 2] - corner[:, 0], corner[:, 3] - corner[:, 1])
        normal = np.zeros_like(self.vertices)
        for k in range(4):
            np.add.at(normal, faces[:, k], across)
        return normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)

    @cached_property
    def laplacian(self) -> sparse.csr_matrix:
        """(N, N) identity minus the mean of the neighbours."""
        faces = np.array(self.head.cage.faces)
        ends = np.vstack([np.column_stack([faces[:, k], faces[:, (k + 1) % 4]]) for k in range(4)])
        both = np.vstack([ends, ends[:, ::-1]])
        near = sparse.csr_matrix((np.ones(len(both)), both.T), shape=(self.count, self.count))
        near.data[:] = 1
        degree = np.maximum(np.asarray(near.sum(1)).ravel(), 1)
        return sparse.eye(self.count, format="csr") - sparse.diags(1 / degree) @ near

    @cached_property
    def _graph(self) -> sparse.csr_matrix:
        faces = np.array(self.head.cage.faces)
        sides_and_diagonals = ((0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3))
        pairs = [np.column_stack([faces[:, a], faces[:, b]]) for a, b in sides_and_diagonals]
        ends = np.unique(np.sort(np.vstack(pairs), axis=1), axis=0)
        length = np.linalg.norm(self.vertices[ends[:, 0]] - self.vertices[ends[:, 1]], axis=1)
        return sparse.csr_matrix((length, ends.T), shape=(self.count, self.count))

    def distance(self, seeds: Seeds) -> Array:
        """(N,) mm along the surface to the nearest seed (edges and diagonals of the cage)."""
        return csgraph.dijkstra(self._graph, directed=False, indices=list(seeds), min_only=True)

    def near(self, seeds: Seeds, inner: float, outer: float) -> Array:
        """(N,) 1 within ``inner`` mm of the seeds, 0 beyond ``outer``, smooth between."""
        return self.smoothed(1 - smoothstep(self.distance(seeds), inner, outer), 2)

    def smoothed(self, field: Array, times: int, hold: Seeds = ()) -> Array:
        """A field (N,) or motion (N, 3) after ``times`` half steps of Laplacian smoothing; ``hold`` stays."""
        held = list(hold)
        result = field.copy()
        for _ in range(times):
            change = 0.5 * (self.laplacian @ result)
            change[held] = 0
            result = result - change
        return result

    def harmonic(self, fixed: Seeds, values: Array) -> Array:
        """(N,) the field that takes ``values`` at ``fixed`` and is the mean of its neighbours elsewhere."""
        fixed = np.asarray(list(fixed))
        field = np.zeros(self.count)
        field[fixed] = values
        free = np.setdiff1d(np.arange(self.count), fixed)
        matrix = self.laplacian[free]
        field[free] = spsolve(matrix[:, free].tocsc(), -matrix[:, fixed] @ field[fixed])
        return field

    def blob(self, point: int, radii: Sequence[float], offset: Sequence[float] = (0, 0, 0)) -> Array:
        """(N,) Gaussian round cage vertex ``point`` moved by ``offset`` mm (outwards, up, forward)."""
        sign = np.sign(self.vertices[point, 0]) if abs(self.vertices[point, 0]) > 1 else -1.0
        centre = self.vertices[point] + np.array(offset, float) * [sign, 1, 1]
        return np.exp(-(((self.vertices - centre) / np.array(radii, float)) ** 2).sum(1)) * self.outside

    @cached_property
    def outside(self) -> Array:
        """(N,) 1 on visible skin, 0 inside mouth, lids and nostrils: what a Gaussian in space must not reach."""
        mask = np.ones(self.count)
        hidden = [k for k in self.groups if k.startswith(("mouth_", "lid_inner", "lid_back", "lid_pocket", "lid_rear"))]
        for name in hidden:
            if name != "mouth_0":
                mask[self.groups[name]] = 0
        return mask

    def still(self) -> Array:
        """(N', 3) no motion."""
        return np.zeros_like(self.head.controls)

    def skin(self, motion: Array) -> Array:
        """A motion of the cage alone, (N, 3), as one of all control vertices."""
        full = self.still()
        full[: self.count] = motion
        return full

    def push(self, weight: Array, vector: Sequence[float], side: str = "R") -> Array:
        """``weight`` (N,) times a vector given as (outwards on ``side``, up, forward), as motion (N', 3)."""
        return self.skin(weight[:, None] * (np.array(vector, float) * [SIDES[side], 1, 1]))

    def along_normal(self, weight: Array, millimetres: float) -> Array:
        """``weight`` (N,) times the outward normal, as motion (N', 3)."""
        return self.skin(millimetres * weight[:, None] * self.smoothed(self.normals, 4))

    def mirrored(self, motion: Array) -> Array:
        """The same motion on the other side."""
        return motion[self.control_mirror] * [-1, 1, 1]

    def both(self, motion: Array) -> Array:
        """A motion of the right side made on both sides."""
        return motion + self.mirrored(motion)

    def half(self, softness: float = 7.0) -> Array:
        """(N,) 1 on the right side, 0 on the left, their sum with its mirror image is 1."""
        return smoothstep(-self.vertices[:, 0], -softness, softness)


def turned(points: Array, centre: Array, axis: Array, angle: Array | float) -> Array:
    """Offset (P, 3) of points turned about an axis through ``centre`` by ``angle`` radians, one or (P,)."""
    axis = np.asarray(axis, float) / np.linalg.norm(axis)
    vectors = np.zeros_like(points) + np.atleast_1d(angle)[:, None] * axis
    return Rotation.from_rotvec(vectors).apply(points - centre) - (points - centre)


def profile(*values: float) -> CubicSpline:
    """Smooth function of |t| in 0..1 through evenly spaced values, level at 0."""
    return CubicSpline(np.linspace(0, 1, len(values)), values, bc_type=((1, 0.0), (2, 0.0)))
