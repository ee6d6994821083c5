"""Saved faces: the folder of the active head, and heads from folders of earlier reconstructions."""

from __future__ import annotations

from pathlib import Path

import bpy

from .. import strings
from ..properties import PROPERTY, head_of
from .outcome import attempt, tell
from .reconstruct import build


def saved_folder(active: bpy.types.Object | None) -> str:
    """The folder of the active head's files if it is still there."""
    head = head_of(active)
    folder = getattr(head, PROPERTY).folder if head is not None else ""
    return folder if folder and Path(folder).is_dir() else ""


class RECONSTRUCT_FACE_OT_open_output(bpy.types.Operator):
    """Shows the folder in the system's file browser."""

    bl_idname = "reconstruct_face.open_output"
    bl_label = strings.OPEN_OUTPUT
    bl_description = strings.OPEN_OUTPUT_HELP

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a head whose files exist."""
        cls.poll_message_set(strings.NO_OUTPUT if head_of(context.object) else strings.NO_HEAD)
        return bool(saved_folder(context.object))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Open it."""
        return bpy.ops.wm.path_open(filepath=saved_folder(context.object))


class RECONSTRUCT_FACE_OT_load(bpy.types.Operator):
    """Builds a head from a saved face; the engine is not needed."""

    bl_idname = "reconstruct_face.load"
    bl_label = strings.LOAD
    bl_description = strings.LOAD_HELP
    bl_options = {"REGISTER", "UNDO"}

    directory: bpy.props.StringProperty(subtype="DIR_PATH")  # type: ignore[valid-type]

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask for the folder."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Build."""
        apply = getattr(context.scene, PROPERTY).apply_expression
        folder = Path(bpy.path.abspath(self.directory))
        return tell(self, attempt(lambda: build([folder], apply_expression=apply)))


CLASSES = (RECONSTRUCT_FACE_OT_open_output, RECONSTRUCT_FACE_OT_load)
