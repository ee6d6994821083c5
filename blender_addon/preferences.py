"""The add-on's preferences: which Python runs the engine, what it has, and the button that builds one."""

# Blender reads the annotations themselves, so they cannot be postponed; to mypy they are no types.
# mypy: disable-error-code="valid-type"
import bpy
from bpy.props import StringProperty

from . import callbacks, compat, door, model_page, strings
from .session import engine_python as find_engine_python
from .session import online, session

_ROWS = (
    ("torch", "PyTorch", True),
    ("mediapipe", "MediaPipe", True),
    ("face-alignment", "face-alignment", False),
    ("gpu", "GPU", False),
)
"""Fact, label, whether the engine cannot do without it."""


class FacePreferences(bpy.types.AddonPreferences):
    """Shown by Blender below the add-on's name."""

    bl_idname = door.ROOT_PACKAGE

    engine_python: StringProperty(
        name="Engine Python",
        description="Python with the engine's packages; empty takes the one that “Set up Engine” builds",
        subtype="FILE_PATH",
        update=callbacks.engine_changed,
    )
    wheels: StringProperty(
        name="Offline Packages",
        description="Folder with the engine's packages as wheels, to set it up without a network",
        subtype="DIR_PATH",
    )

    models_folder: StringProperty(
        name="Models Folder",
        description="Folder with face models; empty takes the add-on's own",
        subtype="DIR_PATH",
        update=callbacks.models_moved,
    )

    def draw(self, context: bpy.types.Context) -> None:
        """Checklist, set-up, paths, face models."""
        column = self.layout.column()
        _draw_checklist(column.box().column(align=True))
        _draw_setup(column)
        column.separator()
        column.prop(self, "engine_python")
        column.prop(self, "wheels")
        column.separator()
        model_page.draw(column, self, context)


def _draw_checklist(column: bpy.types.UILayout) -> None:
    try:
        python = find_engine_python()
    except door.errors.FaceError as error:
        column.label(text=str(error).partition(";")[0], icon="ERROR")
        return
    facts = session.checked(python)
    if facts is None:
        column.label(text="Asking the engine's Python …", icon="SORTTIME")
        bpy.app.timers.is_registered(_refresh) or bpy.app.timers.register(_refresh, first_interval=0.2)
        return
    column.label(text=f"Python {facts['python']}   {python}", icon="CHECKMARK" if facts["python"] else "CANCEL")
    for name, label, needed in _ROWS:
        value = facts.get(name, "")
        missing = "is missing" if needed else "not found, the CPU is used" if name == "gpu" else "not there, optional"
        icon = "CHECKMARK" if value else "CANCEL" if needed else "BLANK1"
        column.label(text=f"{label} {value or missing}", icon=icon)
    if facts.get("problem"):
        column.label(text=facts["problem"], icon="ERROR")


def _draw_setup(column: bpy.types.UILayout) -> None:
    setup = session.setup
    if setup is not None and setup.state == "running":
        row = column.row(align=True)
        compat.progress(row, setup.fraction, setup.text)
        row.operator("reconstruct_face.cancel_setup", text="", icon="X")
        return
    if setup is not None and setup.error is not None:
        column.label(text=str(setup.error), icon="ERROR")
    row = column.row()
    row.scale_y = 1.3
    row.operator("reconstruct_face.setup_engine", icon="IMPORT")
    row.operator("reconstruct_face.check_engine", icon="FILE_REFRESH")
    row.operator("reconstruct_face.show_log", text=strings.LOG, icon="TEXT").which = "setup"
    if not online():
        column.label(text=strings.OFFLINE, icon="INTERNET_OFFLINE" if bpy.app.version >= (4, 2, 0) else "INFO")


def _refresh() -> float | None:
    """Draw again until the engine's Python has answered."""
    from .session import redraw

    redraw()
    return 0.2 if session.check is not None and session.check.facts() is None else None


CLASSES = (FacePreferences,)
