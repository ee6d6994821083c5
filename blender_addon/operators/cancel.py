"""The cross beside the progress bar."""

from __future__ import annotations

import bpy

from .. import strings
from ..job import jobs


class RECONSTRUCT_FACE_OT_cancel(bpy.types.Operator):
    """Asks the engine to stop; the running operator notices how it ends."""

    bl_idname = "reconstruct_face.cancel"
    bl_label = strings.CANCEL
    bl_description = strings.CANCEL_HELP
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Needs a job."""
        cls.poll_message_set(strings.NOT_BUSY)
        return jobs.running

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Ask."""
        if jobs.current is not None:
            jobs.current.cancel()
        return {"FINISHED"}


CLASSES = (RECONSTRUCT_FACE_OT_cancel,)
