"""Photo, choices, the button, the bar, what went wrong."""

from __future__ import annotations

import bpy

from .. import compat, door, strings
from ..job import jobs
from ..properties import PROPERTY
from ..session import Trouble, engine_trouble, session
from . import preview
from .text import sentence


class FacePanel:
    """Where every panel of the add-on stands."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = strings.TAB


class RECONSTRUCT_FACE_MT_model(bpy.types.Menu):
    """The face models that are there."""

    bl_idname = "RECONSTRUCT_FACE_MT_model"
    bl_label = strings.LABELS["model"]

    def draw(self, _context: bpy.types.Context) -> None:
        """One line each, then the way to more."""
        for name, title in known_models():
            self.layout.operator("reconstruct_face.choose_model", text=title).name = name
        self.layout.separator()
        self.layout.operator("reconstruct_face.preferences", text=strings.MORE_MODELS, icon="PREFERENCES")


def known_models() -> list[tuple[str, str]]:
    """Name and title of every face model that can be chosen now, the built-in head first."""
    try:
        families = session.models() or []
    except door.errors.FaceError:
        families = []
    found = [(m["name"], f["title"], len(f["models"])) for f in families for m in f["models"] if m["path"]]
    return [strings.BUILTIN, *((name, title if alone == 1 else f"{title} ({name})") for name, title, alone in found)]


def title_of(model: str) -> str:
    """How a model is called; its bare name where it is not there."""
    return dict(known_models()).get(model, model)


class RECONSTRUCT_FACE_PT_main(FacePanel, bpy.types.Panel):
    """From a photo to a head."""

    bl_label = strings.ADDON

    def draw(self, context: bpy.types.Context) -> None:
        """Top to bottom in the order of use."""
        layout = self.layout
        choices = getattr(context.scene, PROPERTY)
        _draw_photo(layout, choices)
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.enabled = not jobs.running
        column.prop(choices, "quality")
        row = column.split(factor=0.4, align=True)
        label = row.column()
        label.alignment = "RIGHT"
        label.label(text=strings.LABELS["model"])
        row.menu(RECONSTRUCT_FACE_MT_model.bl_idname, text=title_of(choices.model))
        _draw_action(layout, context)
        if session.trouble is not None:
            _draw_trouble(layout, context, session.trouble)


class RECONSTRUCT_FACE_PT_advanced(FacePanel, bpy.types.Panel):
    """Choices most people leave alone."""

    bl_label = "Advanced"
    bl_parent_id = "RECONSTRUCT_FACE_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """One property a line."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.enabled = not jobs.running
        choices = getattr(context.scene, PROPERTY)
        for name in ("detector", "faces", "texture_size", "device", "focal_px", "identity_keys", "seed"):
            layout.prop(choices, name)
        layout.prop(choices, "shape_sliders")
        layout.prop(choices, "apply_expression")
        layout.prop(choices, "output")
        layout.operator("reconstruct_face.load", icon="FILE_FOLDER")
        layout.operator("reconstruct_face.import_coefficients", icon="IMPORT")


def _draw_photo(layout: bpy.types.UILayout, choices: bpy.types.PropertyGroup) -> None:
    icon = preview.icon(choices.photo)
    column = layout.column(align=True)
    if icon:
        column.box().template_icon(icon_value=icon, scale=6.0)
    column.prop(choices, "photo", text="")


def _draw_action(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The button, the bar while a job runs, or what to do first."""
    if jobs.running and jobs.current is not None:
        row = layout.row(align=True)
        row.scale_y = 1.5
        compat.progress(row, jobs.current.fraction)
        row.operator("reconstruct_face.cancel", text="", icon="X")
        sentence(layout, context, jobs.current.text)
        return
    trouble = engine_trouble()
    if trouble:
        box = layout.box()
        sentence(box, context, trouble, icon="INFO")
        box.operator("reconstruct_face.preferences", icon="PREFERENCES")
        return
    row = layout.row()
    row.scale_y = 1.5
    row.operator("reconstruct_face.reconstruct", icon="USER")


def _draw_trouble(layout: bpy.types.UILayout, context: bpy.types.Context, trouble: Trouble) -> None:
    """The last error's sentence and the button that helps."""
    box = layout.box()
    sentence(box, context, trouble.text, icon="ERROR")
    row = box.row()
    remedy = strings.REMEDIES.get(trouble.code, "")
    if remedy == "preferences":
        row.operator("reconstruct_face.preferences", icon="PREFERENCES")
    elif remedy:
        row.operator("reconstruct_face.show_log", icon="TEXT").which = remedy
    row.operator("reconstruct_face.clear_error", icon="X")


CLASSES = (RECONSTRUCT_FACE_MT_model, RECONSTRUCT_FACE_PT_main, RECONSTRUCT_FACE_PT_advanced)
