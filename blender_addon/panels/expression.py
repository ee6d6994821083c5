"""Sliders for the main expressions: the active head's own shape keys, the subject's right and left side by side."""

from __future__ import annotations

import bpy

from .. import strings
from .head import HeadPanel
from .main import FacePanel

PARENT = "RECONSTRUCT_FACE_PT_expression"
LABELS = 0.36
"""Share of the width that the names take."""


class RECONSTRUCT_FACE_PT_expression(HeadPanel, bpy.types.Panel):
    """Holds one panel a region of the face."""

    bl_idname = PARENT
    bl_label = "Expression"

    def draw(self, _context: bpy.types.Context) -> None:
        """Ready expressions and the heads of the columns; the regions below hold the sliders."""
        self.layout.operator_menu_enum("reconstruct_face.preset", "name", icon="PRESET")
        split = self.layout.split(factor=LABELS, align=True)
        split.label(text="")
        row = split.row(align=True)
        for side in strings.SIDES:
            row.label(text=side)


def _region(title: str, rows: tuple[tuple[str, ...], ...]) -> type[bpy.types.Panel]:
    """The panel of one region of the face."""

    def draw(self: bpy.types.Panel, context: bpy.types.Context) -> None:
        keys = HeadPanel.head(context).data.shape_keys.key_blocks
        column = self.layout.column(align=True)
        for label, *names in rows:
            split = column.split(factor=LABELS, align=True)
            split.label(text=label)
            sliders = split.row(align=True)
            # Facing the viewer, the subject's right is on the left; so it is on the screen.
            for name in reversed(names):
                if name in keys:
                    sliders.prop(keys[name], "value", text="", slider=True)

    name = f"RECONSTRUCT_FACE_PT_{title.lower()}"
    body = {
        "__doc__": f"Sliders of the {title.lower()}.",
        "__module__": __name__,
        "bl_idname": name,
        "bl_label": title,
        "bl_parent_id": PARENT,
        "draw": draw,
    }
    return type(name, (FacePanel, bpy.types.Panel), body)


CLASSES = (RECONSTRUCT_FACE_PT_expression, *(_region(title, rows) for title, rows in strings.EXPRESSION_GROUPS))
