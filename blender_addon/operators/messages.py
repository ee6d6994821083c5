"""What to do about an error: dismiss it, read the log, open the preferences."""

from __future__ import annotations

from pathlib import Path

import bpy

from .. import door, strings
from ..session import engine_log, session, setup_log


def show_log(path: Path) -> bpy.types.Text:
    """The log as a text of this .blend, so that it can be read in the text editor; an older copy is replaced."""
    name = f"{path.stem}.log"
    text = bpy.data.texts.get(name) or bpy.data.texts.new(name)
    text.clear()
    text.write(path.read_text("utf-8", "replace"))
    return text


class RECONSTRUCT_FACE_OT_clear_error(bpy.types.Operator):
    """Removes the message from the panel."""

    bl_idname = "reconstruct_face.clear_error"
    bl_label = strings.CLEAR
    bl_description = strings.CLEAR_HELP
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Forget it."""
        session.trouble = None
        return {"FINISHED"}


class RECONSTRUCT_FACE_OT_show_log(bpy.types.Operator):
    """Opens a log in a text editor of its own window."""

    bl_idname = "reconstruct_face.show_log"
    bl_label = strings.LOG
    bl_description = strings.LOG_HELP
    bl_options = {"INTERNAL"}

    which: bpy.props.EnumProperty(items=[("engine", "Engine", ""), ("setup", "Set-up", "")])  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Load it, and show it where there are windows."""
        path = engine_log() if self.which == "engine" else setup_log()
        if not path.is_file():
            self.report({"WARNING"}, strings.NO_LOG)
            return {"CANCELLED"}
        text = show_log(path)
        if not bpy.app.background:
            bpy.ops.wm.window_new()
            area = context.window_manager.windows[-1].screen.areas[0]
            area.type = "TEXT_EDITOR"
            area.spaces.active.text = text
        return {"FINISHED"}


class RECONSTRUCT_FACE_OT_preferences(bpy.types.Operator):
    """Opens this add-on's page of the preferences."""

    bl_idname = "reconstruct_face.preferences"
    bl_label = strings.PREFERENCES
    bl_description = strings.PREFERENCES_HELP
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Open it."""
        return bpy.ops.preferences.addon_show(module=door.ROOT_PACKAGE)


CLASSES = (RECONSTRUCT_FACE_OT_clear_error, RECONSTRUCT_FACE_OT_show_log, RECONSTRUCT_FACE_OT_preferences)
