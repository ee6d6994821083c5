"""The face model every part of the engine speaks to: linear identity and expression, linear albedo, joints.

Shapes: V vertices, F polygons, T triangles, I identity modes, E expressions, A albedo modes, J joints. Coordinates
are head space in metres (``engine/camera/conventions.py``); coefficients are standard deviations, expressions are
weights where 1 is the full shape.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ..contract import Floats, Ints, Licence, Material
from ..files.surface import split_polygons


@dataclass(frozen=True)
class LandmarkMap:
    """Where the points of a landmark layout lie on the mesh: each a weighted mean of three vertices."""

    vertices: Tensor
    """(L, 3) int64 vertex indices; -1 throughout where the model has no such point (its weights are 0)."""
    weights: Tensor
    """(L, 3) barycentric weights."""

    def points(self, vertices: Tensor) -> Tensor:
        """Landmarks (..., L, 3) of meshes ``vertices`` (..., V, 3)."""
        return (vertices[..., self.vertices.clamp_min(0), :] * self.weights[..., None]).sum(-2)


@dataclass(frozen=True)
class FaceModel:
    """A morphable head. Arrays of topology are numpy, arrays of geometry are float32 tensors on one device."""

    name: str
    version: str
    licence: Licence

    mean: Tensor
    """(V, 3) mean neutral head."""
    identity_basis: Tensor
    """(I, V, 3) offset of one standard deviation, ordered by variance."""
    expression_names: tuple[str, ...]
    """ARKit's 52 first, in Apple's order, then the model's own."""
    expression_basis: Tensor
    """(E, V, 3) offset at weight 1."""
    expression_range: Tensor
    """(E, 2) lowest and highest sensible weight."""

    albedo_mean: Tensor
    """(V, 3) linear RGB."""
    albedo_basis: Tensor
    """(A, V, 3) change in one standard deviation: linear RGB, or of its logarithm where ``albedo_relative``."""
    skin_weight: Tensor
    """(V,) 0..1: how far a vertex's colour is skin that the photometric fit may trust (0 on eyes, teeth, scalp)."""

    polygons: Ints
    """(F, 4), -1 ends a triangle."""
    uvs: Floats
    """(F, 4, 2) per corner."""
    polygon_material: Ints
    """(F,) index into ``materials``."""
    materials: tuple[Material, ...]
    groups: dict[str, Ints]
    """Named vertex sets."""
    mirror: Ints
    """(V,) index of each vertex's mirror image across x = 0."""

    landmarks: dict[str, LandmarkMap]
    """By layout: ``"478"`` and ``"68"``."""

    joint_names: tuple[str, ...]
    joint_parents: Ints
    """(J,), -1 for the root."""
    joint_regressor: Tensor
    """(J, V) weights that give joint heads from the neutral vertices."""
    tail_regressor: Tensor
    """(J, V) weights that give bone tails from the neutral vertices."""
    joint_weights: Tensor
    """(V, J) skinning weights, rows sum to 1."""

    lid_shapes: tuple[str, ...] = ()
    """Expressions that move the lids by shares of their opening; :mod:`.blink` fits them to a person's."""

    corrective_names: tuple[str, ...] = ()
    corrective_pairs: Ints = dataclasses.field(default_factory=lambda: np.zeros((0, 2), np.int32))
    """(C, 2) the two expressions that drive each corrective: the product of their weights is its weight.

    Where both are the same one, it bends that expression's way.
    """
    corrective_smaller: Ints = dataclasses.field(default_factory=lambda: np.zeros(0, np.int32))
    """Rows of ``corrective_pairs`` whose weight is the smaller of both instead: it undoes part of the first shape."""
    corrective_basis: Tensor = dataclasses.field(default_factory=lambda: torch.zeros(0, 0, 3))
    """(C, V, 3) offset at weight 1."""

    pose_joints: Ints = dataclasses.field(default_factory=lambda: np.zeros(0, np.int32))
    """(P,) joints whose rotations have pose correctives."""
    pose_basis: Tensor = dataclasses.field(default_factory=lambda: torch.zeros(0, 0, 3))
    """(9P, V, 3) offset per element of ``R_joint - I``, row-major, joint by joint."""

    semantic_names: tuple[str, ...] = ()
    """Directions of the identity space that have a name, such as ``nose_width``."""
    semantic_directions: Tensor = dataclasses.field(default_factory=lambda: torch.zeros(0, 0))
    """(S, I) identity coefficients of one standard deviation along each."""

    albedo_relative: bool = False
    """Whether the albedo modes multiply the mean, as pigments do, instead of adding to it."""
    albedo_bend: Tensor = dataclasses.field(default_factory=lambda: torch.zeros(0, 3))
    """(V, 3) or (0, 3): change of the logarithm with the square of the first coefficient; relative modes only."""
    albedo_names: tuple[str, ...] = ()
    """What each albedo mode changes, where the modes have meanings."""
    textures: dict[str, Floats] = dataclasses.field(default_factory=dict)
    """Detail that does not vary with identity, (H, W, 3) linear RGB factors in UV space by material name."""
    maps: dict[str, Floats] = dataclasses.field(default_factory=dict)
    """``roughness`` and ``subsurface`` of the skin, as far as the model has them: (H, W) 0..1 in its UV space."""

    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Metres: where head space's origin lies for the model's authors; a vertex of theirs is ours plus this."""

    companions: tuple[Licence, ...] = ()
    """Licences of what came from other owners and went into it: an albedo space, eyelids, expressions."""

    @property
    def licences(self) -> tuple[Licence, ...]:
        """All that a head of this model is bound by."""
        return (self.licence, *self.companions)

    @cached_property
    def triangles(self) -> Tensor:
        """(T, 3) int64: every opaque polygon split along its first diagonal, in polygon order."""
        return torch.from_numpy(self.split[0]).to(self.mean.device)

    @cached_property
    def split(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """:func:`split_polygons` of the polygons that hide what lies behind them: no corneas, no lashes."""
        opaque = np.array([material.opaque for material in self.materials], bool)[self.polygon_material]
        triangles, polygon, corners = split_polygons(self.polygons)
        kept = opaque[polygon]
        return triangles[kept], polygon[kept], corners[kept]

    def shape(self, identity: Tensor, expression: Tensor | None = None) -> Tensor:
        """Vertices (..., V, 3) = mean + identity . identity_basis + expression . expression_basis + correctives.

        ``identity`` (..., <= I) and ``expression`` (..., <= E) may be shorter than the bases; correctives want all E.
        """
        vertices = self.mean + _blend(identity, self.identity_basis)
        if expression is None:
            return vertices
        vertices = vertices + _blend(expression, self.expression_basis)
        if len(self.corrective_pairs) and expression.shape[-1] == len(self.expression_names):
            vertices = vertices + _blend(self._corrective_weights(expression), self.corrective_basis)
        return vertices

    def _corrective_weights(self, expression: Tensor) -> Tensor:
        """(..., C) from the weights (..., E); negative ones count as 0."""
        pairs = torch.from_numpy(self.corrective_pairs.T.astype(np.int64)).to(expression.device)
        first, second = (expression[..., rows].clamp_min(0) for rows in pairs)
        smaller = torch.zeros(len(self.corrective_pairs), dtype=torch.bool, device=expression.device)
        smaller[self.corrective_smaller.tolist()] = True
        return torch.where(smaller, torch.minimum(first, second), first * second)

    @property
    def completing(self) -> list[int]:
        """Rows of the correctives without which their second expression would be wrong where it is most used.

        These are those by the smaller weight, and those of an expression with itself.
        """
        smaller = np.isin(np.arange(len(self.corrective_pairs)), self.corrective_smaller)
        return np.flatnonzero(smaller | (self.corrective_pairs[:, 0] == self.corrective_pairs[:, 1])).tolist()

    def folded(self) -> Tensor:
        """(E, V, 3) the expressions for programs without correctives, with those that complete them inside."""
        basis = self.expression_basis.clone()
        for row in self.completing:
            basis[self.corrective_pairs[row, 1]] += self.corrective_basis[row]
        return basis

    def albedo(self, coefficients: Tensor) -> Tensor:
        """Per-vertex linear albedo (..., V, 3), not clamped.

        ``mean + coefficients . basis``, or where ``albedo_relative``, with the first coefficient c:
        ``mean * exp(coefficients . basis + c^2 bend)``.
        """
        change = _blend(coefficients, self.albedo_basis)
        if not self.albedo_relative:
            return self.albedo_mean + change
        if len(self.albedo_bend):
            change = change + coefficients[..., :1, None] ** 2 * self.albedo_bend
        return self.albedo_mean * change.exp()

    def to(self, device: torch.device | str) -> FaceModel:
        """The same model with its tensors on ``device``."""

        def move(value: object) -> object:
            if isinstance(value, Tensor):
                return value.to(device)
            if isinstance(value, LandmarkMap):
                return LandmarkMap(value.vertices.to(device), value.weights.to(device))
            return value

        values = {f.name: move(getattr(self, f.name)) for f in dataclasses.fields(self)}
        values["landmarks"] = {k: move(v) for k, v in self.landmarks.items()}
        return FaceModel(**values)  # type: ignore[arg-type]


def _blend(coefficients: Tensor, basis: Tensor) -> Tensor:
    """(..., K) . (>= K, V, 3) -> (..., V, 3)."""
    used = basis[: coefficients.shape[-1]]
    return (coefficients @ used.flatten(1)).reshape(*coefficients.shape[:-1], *basis.shape[1:])
