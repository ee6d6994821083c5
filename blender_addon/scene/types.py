"""What a scene needs to see of a FaceResult: the engine's contract, read structurally so that nothing is imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Array = Any
"""A numpy array; its shape and unit stand in the engine's contract."""


class Mesh(Protocol):
    """The neutral head in head space (metres, +X the subject's left, +Y up, +Z out of the face)."""

    vertices: Array
    polygons: Array
    uvs: Array
    polygon_material: Array
    groups: dict[str, Array]


class ShapeKeys(Protocol):
    """Offsets from the neutral mesh by name."""

    names: tuple[str, ...]
    offsets: Array
    weights: Array
    minimum: Array
    maximum: Array


class Correctives(Protocol):
    """Offsets that two shape keys, or elements of joint rotations, drive."""

    names: tuple[str, ...]
    offsets: Array
    pairs: Array
    elements: Array
    smaller: Array


class Rig(Protocol):
    """Joints and skinning weights."""

    names: tuple[str, ...]
    parents: Array
    heads: Array
    tails: Array
    weights: Array
    pose: Array | None


class Material(Protocol):
    """A surface in a Principled BSDF's values."""

    name: str
    color: tuple[float, float, float]
    texture: str
    roughness: float
    subsurface: float
    alpha: float
    lit_by_sh: bool
    roughness_texture: str
    subsurface_texture: str


class View(Protocol):
    """A photo and its OpenCV camera."""

    photo: str
    image: str
    size: tuple[int, int]
    intrinsics: Array
    rotation: Array
    translation: Array
    expression: Array


class Light(Protocol):
    """Nine cosine-convolved spherical harmonics."""

    coefficients: Array
    frame: str


class Licence(Protocol):
    """A model or weights that touched the head, and what that allows."""

    name: str
    licence: str
    commercial: bool


class FaceResult(Protocol):
    """Everything a head is built from."""

    mesh: Mesh
    shape_keys: ShapeKeys
    correctives: Correctives | None
    rig: Rig
    materials: Sequence[Material]
    views: Sequence[View]
    light: Light
    images: Mapping[str, bytes]
    licences: Sequence[Licence]
