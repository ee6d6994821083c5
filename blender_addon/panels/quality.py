"""How far the active head may be trusted: figures in words, warnings, licences."""

from __future__ import annotations

from typing import Any

import bpy

from .. import strings
from ..properties import known_of
from .head import HeadPanel
from .text import sentence

_ICONS = {"good": "CHECKMARK", "fair": "DOT", "poor": "ERROR"}


class RECONSTRUCT_FACE_PT_quality(HeadPanel, bpy.types.Panel):
    """From the report of the reconstruction."""

    bl_label = "Quality"

    def draw(self, context: bpy.types.Context) -> None:
        """Figures, warnings, licences."""
        facts = known_of(self.head(context))
        column = self.layout.column(align=True)
        for name, value in facts["figures"].items():
            _draw_figure(column, name, value)
        for warning in facts["warnings"]:
            sentence(self.layout.box(), context, warning, icon="ERROR")
        sentence(self.layout, context, licence_line(facts), icon="FAKE_USER_ON")


def licence_line(facts: dict[str, Any]) -> str:
    """What touched this head and whether it may be used commercially."""
    names = ", ".join(f"{name} ({licence})" for name, licence, _ in facts["licences"])
    allowed = all(commercial for *_, commercial in facts["licences"])
    use = "Free for any use" if allowed else "Not for commercial use"
    return f"{use}: {names}" if names else use


def _draw_figure(column: bpy.types.UILayout, name: str, value: float) -> None:
    word = strings.quality_word(name, value)
    split = column.split(factor=0.62)
    split.label(text=strings.FIGURES[name].format(value))
    split.label(text=word, icon=_ICONS[word])


CLASSES = (RECONSTRUCT_FACE_PT_quality,)
