"""The active head's expression: neutral at a click."""

from __future__ import annotations

import bpy

from .. import strings
from ..properties import PROPERTY, head_of


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


CLASSES = (RECONSTRUCT_FACE_OT_neutral,)
