"""The part of the preferences that shows the face models: there or missing, what for, on which terms."""

from __future__ import annotations

from typing import Any

import bpy

from . import compat, door, strings
from .session import redraw, session


def draw(column: bpy.types.UILayout, preferences: Any, _context: bpy.types.Context) -> None:
    """Every family of face models, the folder, and the bar while one is fetched."""
    row = column.row()
    row.label(text=strings.MODELS_TITLE)
    row.operator("reconstruct_face.look_for_models", icon="FILE_REFRESH")
    row.operator("reconstruct_face.open_models", icon="FILE_FOLDER")
    column.prop(preferences, "models_folder")
    try:
        families = session.models()
    except door.errors.FaceError as error:
        column.label(text=str(error).partition(";")[0], icon="ERROR")
        return
    if families is None:
        column.label(text=strings.LOOKING, icon="SORTTIME")
        bpy.app.timers.is_registered(_refresh) or bpy.app.timers.register(_refresh, first_interval=0.2)
        return
    fetch = session.fetch
    if fetch is not None and fetch.state == "running":
        row = column.row(align=True)
        compat.progress(row, fetch.fraction, fetch.text)
        row.operator("reconstruct_face.cancel_fetch", text="", icon="X")
    elif fetch is not None and fetch.error is not None:
        column.label(text=str(fetch.error), icon="ERROR")
    for family in families:
        _draw_family(column.box(), family)


def _draw_family(box: bpy.types.UILayout, family: dict[str, Any]) -> None:
    found = [model["name"] for model in family["models"]]
    row = box.row()
    row.label(text=family["title"], icon="CHECKMARK" if found else "BLANK1")
    if family["download_mb"] and not found:
        fetch = row.operator("reconstruct_face.fetch_model", icon="IMPORT")
        fetch.family = family["family"]
        fetch.terms = strings.fetch_terms(family["title"], family["licence"], family["download_mb"], family["source"])
    box.label(text=family["purpose"][:1].upper() + family["purpose"][1:], icon="BLANK1")
    box.label(text=f"{family['licence']}, {strings.COMMERCIAL[family['commercial']]}", icon="FAKE_USER_ON")
    if family["source"]:
        row.operator("wm.url_open", text=family["source"].removeprefix("https://"), icon="URL").url = family["source"]
    if not found:
        box.label(text=f"Copy into the folder: {family['files']}", icon="FILE")
        for path in family["pretenders"]:
            box.label(text=f"{path} is damaged or another file of that name", icon="ERROR")
    elif found != ["builtin"]:
        box.label(text=f"Found: {', '.join(found)}", icon="FILE_TICK")


def _refresh() -> float | None:
    """Draw again until the list has come."""
    redraw()
    return 0.2 if session.listing is not None and session.listing.poll() == "running" else None
