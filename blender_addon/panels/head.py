"""The active head: its light and its expression as a whole."""

from __future__ import annotations

import bpy

from ..properties import PROPERTY, head_of
from .main import FacePanel


class HeadPanel(FacePanel):
    """Shown when the active object is a reconstructed head or part of one."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a head."""
        return head_of(context.object) is not None

    @staticmethod
    def head(context: bpy.types.Context) -> bpy.types.Object:
        """The active head; there is one wherever such a panel is drawn."""
        head = head_of(context.object)
        assert head is not None
        return head


class RECONSTRUCT_FACE_PT_head(HeadPanel, bpy.types.Panel):
    """Relight and the photo's expression."""

    bl_label = "Head"

    def draw(self, context: bpy.types.Context) -> None:
        """Name, two switches, its files."""
        layout = self.layout
        head = self.head(context)
        facts = getattr(head, PROPERTY)
        layout.label(text=head.name, icon="USER")
        layout.prop(facts, "relight", slider=True)
        row = layout.row(align=True)
        row.prop(facts, "photo_expression", toggle=True)
        row.operator("reconstruct_face.neutral", icon="LOOP_BACK")
        column = layout.column(align=True)
        column.operator("reconstruct_face.export", icon="EXPORT")
        column.operator("reconstruct_face.open_output", icon="FILE_FOLDER")


CLASSES = (RECONSTRUCT_FACE_PT_head,)
