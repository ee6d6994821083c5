"""Correctives as driven shape keys: they follow other keys by themselves, without Python in the driver."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from .. import compat
from .space import to_blender

if TYPE_CHECKING:
    from .types import Array, Correctives, ShapeKeys


def add_correctives(mesh_object: bpy.types.Object, correctives: Correctives, keys: ShapeKeys, neutral: Array) -> None:
    """Add one driven key for each corrective that shape keys drive.

    ``neutral`` is (V, 3) in head space, metres. Drivers are plain products, which Blender evaluates itself, so they
    work where scripts in files are not trusted.
    """
    base, offsets = to_blender(neutral), to_blender(correctives.offsets)
    for i, name in enumerate(correctives.names):
        first, second = (int(k) for k in correctives.pairs[i])
        if first < 0:
            continue
        key = mesh_object.shape_key_add(name=name, from_mix=False)
        compat.key_points(key).foreach_set("co", (base + offsets[i]).ravel())
        key.value = 0.0  # Blender 5.0 makes new keys at 1
        curve = key.driver_add("value")
        curve.driver.expression = "max(a, 0) * max(b, 0)"
        for letter, source in zip("ab", (first, second), strict=True):
            _follow(curve.driver, letter, mesh_object, keys.names[source])


def _follow(driver: bpy.types.Driver, letter: str, mesh_object: bpy.types.Object, key: str) -> None:
    """Make ``letter`` in the driver's expression the value of a shape key."""
    variable = driver.variables.new()
    variable.name = letter
    target = variable.targets[0]
    target.id_type = "KEY"
    target.id = mesh_object.data.shape_keys
    target.data_path = f'key_blocks["{key}"].value'
