"""The active head's expression: neutral, a viseme or an emotion at a click."""

from __future__ import annotations

import bpy

from .. import door, scene, strings
from ..properties import PROPERTY, head_of

PRESETS = [(name, strings.preset_label(name), "") for name in door.combinations()]


class RECONSTRUCT_FACE_OT_neutral(bpy.types.Operator):
    """Sets every shape key of the active head to 0."""

    bl_idname = "reconstruct_face.neutral"
    bl_label = strings.NEUTRAL
    bl_description = strings.NEUTRAL_HELP
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a head."""
        cls.poll_message_set(strings.NO_HEAD)
        return head_of(context.object) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Turning the photo's expression off sets every key to 0, sliders that were moved by hand too."""
        getattr(head_of(context.object), PROPERTY).photo_expression = False
        return {"FINISHED"}


class RECONSTRUCT_FACE_OT_preset(bpy.types.Operator):
    """Sets the active head's expressions to a ready mixture."""

    bl_idname = "reconstruct_face.preset"
    bl_label = strings.PRESET
    bl_description = strings.PRESET_HELP
    bl_options = {"REGISTER", "UNDO"}

    name: bpy.props.EnumProperty(name=strings.PRESET, items=PRESETS)  # type: ignore[valid-type]

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a head."""
        cls.poll_message_set(strings.NO_HEAD)
        return head_of(context.object) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Expressions outside the mixture go to 0; what changes the person stays."""
        scene.apply_combination(head_of(context.object), door.combinations()[self.name])
        return {"FINISHED"}


CLASSES = (RECONSTRUCT_FACE_OT_neutral, RECONSTRUCT_FACE_OT_preset)
