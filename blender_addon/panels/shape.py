"""Sliders that change the person: the active head's own shape keys with a direction's name."""

from __future__ import annotations

import bpy

from .. import strings
from ..properties import head_of
from .head import HeadPanel


class RECONSTRUCT_FACE_PT_shape(HeadPanel, bpy.types.Panel):
    """Shown for heads that were reconstructed with shape sliders."""

    bl_label = "Shape"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a head with such keys."""
        head = head_of(context.object)
        return head is not None and any(name in head.data.shape_keys.key_blocks for _, name in strings.SHAPES)

    def draw(self, context: bpy.types.Context) -> None:
        """One slider a line."""
        keys = self.head(context).data.shape_keys.key_blocks
        column = self.layout.column(align=True)
        for label, name in strings.SHAPES:
            if name in keys:
                column.prop(keys[name], "value", text=label, slider=True)


CLASSES = (RECONSTRUCT_FACE_PT_shape,)
