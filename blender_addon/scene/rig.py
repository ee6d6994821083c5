"""The armature: neck, head, jaw and eyes, resting in the neutral face."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
import numpy as np
from mathutils import Matrix, Vector

from .. import compat
from .space import HEAD_TO_BLENDER, to_blender

if TYPE_CHECKING:
    from collections.abc import Collection

    from .types import Array, Rig

_STEPS = 4095
"""Weights are set in so many steps: fine enough that no vertex is off by 0.02 mm when the jaw opens wide."""
_PALETTES = {"jaw": "THEME01", "eye_L": "THEME04", "eye_R": "THEME04"}
_OTHERS = "THEME09"


def build_armature(
    rig: Rig, name: str, collection: bpy.types.Collection, aligned: Collection[int] = ()
) -> bpy.types.Object:
    """An armature object at the origin, posed as the rig is.

    Every bone's own X axis points to the subject's left (unless the bone itself does), so that a turn about X nods the
    head, opens the jaw and lifts the gaze. The bones of the joints ``aligned`` lie exactly along an axis, which keeps
    the drivers short that follow their rotation.
    """
    armature = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    collection.objects.link(armature)
    heads, tails = to_blender(rig.heads), to_blender(rig.tails)
    with _editing(armature):
        bones = armature.data.edit_bones
        for i, bone_name in enumerate(rig.names):
            bone = bones.new(bone_name)
            tail = _along_an_axis(heads[i], tails[i]) if i in aligned else tails[i]
            bone.head, bone.tail = heads[i].tolist(), tail.tolist()
            bone.align_roll(_upwards(bone.tail - bone.head))
            if rig.parents[i] >= 0:
                bone.parent = bones[rig.names[rig.parents[i]]]
    for bone in armature.data.bones:
        compat.colour_bone(bone, _PALETTES.get(bone.name, _OTHERS))
    for pose_bone in armature.pose.bones:
        pose_bone.rotation_mode = "XYZ"
    if rig.pose is not None:
        _pose(armature, rig)
    armature.data.display_type = "STICK"  # thick bones would hide the face
    armature.show_in_front = True
    return armature


def bind(mesh_object: bpy.types.Object, armature: bpy.types.Object, rig: Rig) -> None:
    """Parent the head to its armature with the rig's weights (in steps)."""
    steps = np.rint(np.asarray(rig.weights) * _STEPS).astype(int)
    for joint, name in enumerate(rig.names):
        group = mesh_object.vertex_groups.new(name=name)
        column = steps[:, joint]
        for step in np.unique(column[column > 0]):
            group.add(np.flatnonzero(column == step).tolist(), step / _STEPS, "REPLACE")
    modifier = mesh_object.modifiers.new("Rig", "ARMATURE")
    modifier.object = armature
    mesh_object.parent = armature


def _upwards(bone: Vector) -> Vector:
    """Where a bone's own Z axis points, so that its X axis points to the subject's left."""
    sideways = abs(bone.normalized().x) > 0.9
    return Vector((0, 0, 1)) if sideways else Vector((1, 0, 0)).cross(bone)


def _along_an_axis(head: Array, tail: Array) -> Array:
    """``tail`` moved so that the bone is as long as before and lies along the nearest axis."""
    axis = np.abs(tail - head).argmax()
    aligned = np.array(head, np.float64)
    aligned[axis] += np.copysign(np.linalg.norm(tail - head), (tail - head)[axis])
    return aligned


def _pose(armature: bpy.types.Object, rig: Rig) -> None:
    """Turn the bones as the joints are turned: ``R = B L B^T`` with a bone's rest axes B and its own turn L."""
    for name, turn in zip(rig.names, np.asarray(rig.pose, np.float64), strict=True):
        rest = np.array(armature.data.bones[name].matrix_local.to_3x3())
        own = rest.T @ HEAD_TO_BLENDER @ turn @ HEAD_TO_BLENDER.T @ rest
        bone = armature.pose.bones[name]
        bone.rotation_euler = Matrix(own.tolist()).to_euler(bone.rotation_mode)


class _editing:
    """Edit mode of one armature; selection, active object and mode are put back afterwards."""

    def __init__(self, armature: bpy.types.Object) -> None:
        self._armature = armature

    def __enter__(self) -> None:
        layer = bpy.context.view_layer
        self._before = layer.objects.active
        if self._before is not None and self._before.mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")
        layer.objects.active = self._armature
        bpy.ops.object.mode_set(mode="EDIT")

    def __exit__(self, *_: object) -> None:
        bpy.ops.object.mode_set(mode="OBJECT")
        bpy.context.view_layer.objects.active = self._before
