"""Heads from coefficients that other tools saved: DECA, EMOCA, SMIRK, VHAP, metrical-tracker, MICA, Deep3D."""

from __future__ import annotations

import bpy

from .. import strings
from ..job import Job, jobs
from ..properties import PROPERTY
from ..session import launch, session
from .reconstruct import EngineOperator, output_folder


def why_not() -> str:
    """Why nothing can be imported now, or nothing."""
    if jobs.running:
        return strings.BUSY
    return strings.SETTING_UP if session.setting_up else ""


class RECONSTRUCT_FACE_OT_import_coefficients(EngineOperator, bpy.types.Operator):
    """Asks for a file, has the engine make its head on the model it belongs to, and builds it."""

    bl_idname = "reconstruct_face.import_coefficients"
    bl_label = strings.IMPORT
    bl_description = strings.IMPORT_HELP
    bl_options = {"REGISTER"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH")  # type: ignore[valid-type]
    filter_glob: bpy.props.StringProperty(  # type: ignore[valid-type]
        default="*.npz;*.npy;*.mat;*.pkl;*.pickle;*.frame;*.pt;*.pth", options={"HIDDEN"}
    )
    model: bpy.props.StringProperty(  # type: ignore[valid-type]
        name=strings.LABELS["model"], description=strings.IMPORT_MODEL_HELP
    )

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Needs an engine that is free."""
        cls.poll_message_set(why_not())
        return not why_not()

    def begin(self, context: bpy.types.Context) -> Job:
        """Start with the file chosen."""
        session.trouble = None
        output = output_folder(getattr(context.scene, PROPERTY))
        return jobs.start_import(launch(), bpy.path.abspath(self.filepath), str(output), self.model)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask for the file."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Import: in the background where there is a window, else to the end."""
        return self.run_behind(context)


CLASSES = (RECONSTRUCT_FACE_OT_import_coefficients,)
