"""Sentences in a panel: Blender's labels do not wrap, so the words are measured and laid out here."""

from __future__ import annotations

import blf
import bpy

FONT_SIZE = 11.0
"""Points of the interface's own font at scale 1."""

MARGIN = 76.0
"""Pixels at scale 1 that a boxed label loses to paddings, tabs and scroll bar."""


def wrap(text: str, width: float, measure: object = None) -> list[str]:
    """Break ``text`` into lines at most ``width`` wide; ``measure`` gives a string's width (default: as drawn)."""
    measured = measure if callable(measure) else _width
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and measured(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def sentence(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str = "NONE") -> None:
    """Draw ``text`` wrapped to the region's width, the icon before its first line."""
    scale = context.preferences.system.ui_scale
    icon_width = 22.0 if icon != "NONE" else 0.0
    room = context.region.width / scale - MARGIN - icon_width
    column = layout.column(align=True)
    column.scale_y = 0.8
    for number, line in enumerate(wrap(text, max(room, 60.0))):
        column.label(text=line, icon=icon if number == 0 else "BLANK1" if icon_width else "NONE")


def _width(text: str) -> float:
    """Pixels at scale 1 in the interface's font."""
    blf.size(0, FONT_SIZE)
    return float(blf.dimensions(0, text)[0])
