"""Correctives as driven shape keys: they follow keys and bones by themselves, without Python in the driver."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import bpy
import numpy as np

from .. import compat
from .space import HEAD_TO_BLENDER, to_blender

if TYPE_CHECKING:
    from .types import Array, Correctives, FaceResult

_PRODUCT = "max(a, 0) * max(b, 0)"
_SMALLER = "max(min(a, b), 0)"
_LETTERS = "wxyz"
_PRODUCTS: dict[tuple[int, int], tuple[tuple[int, str, str], ...]] = {
    (0, 0): ((-1, "y", "y"), (-1, "z", "z")),
    (0, 1): ((1, "x", "y"), (-1, "w", "z")),
    (0, 2): ((1, "x", "z"), (1, "w", "y")),
    (1, 0): ((1, "x", "y"), (1, "w", "z")),
    (1, 1): ((-1, "x", "x"), (-1, "z", "z")),
    (1, 2): ((1, "y", "z"), (-1, "w", "x")),
    (2, 0): ((1, "x", "z"), (-1, "w", "y")),
    (2, 1): ((1, "y", "z"), (1, "w", "x")),
    (2, 2): ((-1, "x", "x"), (-1, "y", "y")),
}
"""Row and column of ``(R - I) / 2`` as products of the unit quaternion's components, with their signs."""


def driving_joints(correctives: Correctives | None) -> frozenset[int]:
    """Joints whose rotation drives some corrective."""
    return frozenset() if correctives is None else frozenset(int(joint) for joint in correctives.elements[:, 0]) - {-1}


def add_correctives(mesh_object: bpy.types.Object, armature: bpy.types.Object, result: FaceResult) -> None:
    """Add one driven key for each corrective of ``result``.

    Drivers are simple expressions, which Blender evaluates itself, so they work where scripts in files are not trusted.
    The bones of :func:`driving_joints` lie along axes.
    """
    correctives = result.correctives
    assert correctives is not None
    base, offsets = to_blender(result.mesh.vertices), to_blender(correctives.offsets)
    for i, name in enumerate(correctives.names):
        key = mesh_object.shape_key_add(name=name, from_mix=False)
        compat.key_points(key).foreach_set("co", (base + offsets[i]).ravel())
        key.slider_min, key.slider_max = -2.0, 2.0  # R - I has elements from -2 to 1
        key.value = 0.0  # Blender 5.0 makes new keys at 1
        driver = key.driver_add("value").driver
        joint, row, column = (int(k) for k in correctives.elements[i])
        if joint < 0:
            driver.expression = _SMALLER if i in correctives.smaller else _PRODUCT
            _follow_keys(driver, mesh_object, [result.shape_keys.names[int(k)] for k in correctives.pairs[i]])
        else:
            _follow_bone(driver, armature, result.rig.names[joint], row, column)


@contextmanager
def folded(mesh_object: bpy.types.Object) -> Iterator[None]:
    """The head's keys as programs without drivers need them; afterwards they are as before.

    A corrective by the smaller weight is what its second key does on top of its first, one by the square of a weight
    bends that key's way. Without drivers it is inside that key, and the corrective itself is muted and moves nothing.
    Right are then weights of a second key that are not above the first one's, as in every capture, and a bent key at 0
    and at 1.
    """
    keys = mesh_object.data.shape_keys
    before = []
    try:
        for corrective, second in _completing(keys):
            base, own, added = (_points(key) for key in (corrective.relative_key, second, corrective))
            before += [(second, own, second.mute), (corrective, added, corrective.mute)]
            _set_points(second, own + added - base)
            _set_points(corrective, base)
            corrective.mute = True
        mesh_object.data.update()
        yield
    finally:
        for key, points, mute in reversed(before):
            _set_points(key, points)
            key.mute = mute
        mesh_object.data.update()


def _completing(keys: bpy.types.Key | None) -> list[tuple[bpy.types.ShapeKey, bpy.types.ShapeKey]]:
    """Each corrective by the smaller of two keys' values, or by one key twice, and the second of these keys."""
    if keys is None or keys.animation_data is None:
        return []
    found = []
    for curve in keys.animation_data.drivers:
        paths = {v.name: v.targets[0].data_path for v in curve.driver.variables}
        twice = curve.driver.expression == _PRODUCT and paths["a"] == paths["b"]
        if twice or curve.driver.expression == _SMALLER:
            places = curve.data_path, paths["b"]
            corrective, second = (keys.path_resolve(place.rpartition(".")[0]) for place in places)
            found.append((corrective, second))
    return found


def _points(key: bpy.types.ShapeKey) -> Array:
    """(3V,) as Blender keeps them."""
    points = np.empty(3 * len(key.data), np.float32)
    compat.key_points(key).foreach_get("co", points)
    return points


def _set_points(key: bpy.types.ShapeKey, points: Array) -> None:
    compat.key_points(key).foreach_set("co", points)


def _follow_keys(driver: bpy.types.Driver, mesh_object: bpy.types.Object, names: list[str]) -> None:
    """Give a driver two shape keys' values as ``a`` and ``b``."""
    for letter, name in zip("ab", names, strict=True):
        variable = driver.variables.new()
        variable.name = letter
        target = variable.targets[0]
        target.id_type = "KEY"
        target.id = mesh_object.data.shape_keys
        target.data_path = f'key_blocks["{name}"].value'


def _follow_bone(driver: bpy.types.Driver, armature: bpy.types.Object, name: str, row: int, column: int) -> None:
    """Make a driver the element of ``R - I`` in head-space axes, R being the bone's turn against its parent.

    The quaternion's vector part turns like a vector: in head space it is ``M v`` with M the bone's rest axes there,
    which for a bone along an axis only swaps and negates.
    """
    axes = HEAD_TO_BLENDER.T @ np.array(armature.data.bones[name].matrix_local.to_3x3())
    terms = {"w": (1, "w"), **{head: _signed(axes[i]) for i, head in enumerate("xyz")}}
    parts = []
    for sign, first, second in _PRODUCTS[row, column]:
        (s, one), (t, other) = terms[first], terms[second]
        parts.append(f"{sign * s * t:+d} * {one} * {other}")
    driver.expression = f"2 * ({' '.join(parts).lstrip('+')})"
    for letter in {letter for part in parts for letter in part if letter in _LETTERS}:
        variable = driver.variables.new()
        variable.name, variable.type = letter, "TRANSFORMS"
        target = variable.targets[0]
        target.id, target.bone_target = armature, name
        target.transform_type = f"ROT_{letter.upper()}"
        target.rotation_mode = "QUATERNION"
        target.transform_space = "LOCAL_SPACE"


def _signed(row: Array) -> tuple[int, str]:
    """Sign and letter of the one component of a signed permutation's row that counts."""
    place = int(np.abs(row).argmax())
    return (1 if row[place] > 0 else -1), "xyz"[place]
