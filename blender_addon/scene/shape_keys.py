"""Expressions as shape keys: ARKit's 52 first, at 0 or with the photo's expression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import bpy

from .. import compat
from .space import to_blender

if TYPE_CHECKING:
    from .types import Array, ShapeKeys

PERSON = ("identity_", "shape_")
"""How the names of keys begin that change the person and not the expression."""
PHOTO_EXPRESSION = "photo_expression"
"""Custom property of the head's object: the photo's weights, in the order of the keys after the Basis."""


def add_shape_keys(mesh_object: bpy.types.Object, keys: ShapeKeys, neutral: Array, expression: Array) -> None:
    """Add the Basis and every key, all at 0, and remember the photo's weights on the object.

    ``neutral`` is (V, 3) in head space, metres; ``expression`` (K,) the photo's weights: a slider reaches as far as
    is sensible and, where the photo's weight lies beyond that, as far as the weight.
    """
    mesh_object.shape_key_add(name="Basis", from_mix=False)
    base = to_blender(neutral)
    offsets = to_blender(keys.offsets)
    for i, name in enumerate(keys.names):
        key = mesh_object.shape_key_add(name=name, from_mix=False)
        compat.key_points(key).foreach_set("co", (base + offsets[i]).ravel())
        key.slider_min = min(float(keys.minimum[i]), float(expression[i]))
        key.slider_max = max(float(keys.maximum[i]), float(expression[i]))
        key.value = 0.0  # Blender 5.0 makes new keys at 1
    mesh_object[PHOTO_EXPRESSION] = [float(weight) for weight in expression]


def apply_expression(mesh_object: bpy.types.Object, on: bool) -> None:
    """Set every expression to the photo's weight, or to 0; keys that change the person stay."""
    for key, weight in _expressions(mesh_object):
        key.value = weight if on else 0.0


def apply_combination(mesh_object: bpy.types.Object, weights: Mapping[str, float]) -> None:
    """Set every expression to its weight in ``weights``, 0 where it has none; keys that change the person stay."""
    for key, _ in _expressions(mesh_object):
        key.value = weights.get(key.name, 0.0)


def _expressions(mesh_object: bpy.types.Object) -> list[tuple[bpy.types.ShapeKey, float]]:
    """Each expression's key and the photo's weight of it."""
    weights = mesh_object[PHOTO_EXPRESSION]
    blocks = mesh_object.data.shape_keys.key_blocks[1 : 1 + len(weights)]  # driven keys come after them
    return [pair for pair in zip(blocks, weights, strict=True) if not pair[0].name.startswith(PERSON)]
