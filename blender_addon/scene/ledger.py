"""Which models and weights touched a head, kept on its object and in what is exported from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import bpy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .types import Licence

PROPERTY = "licences"
"""Custom property of the head's object: a line for each licence, then whether commercial use is allowed."""


def keep_licences(mesh_object: bpy.types.Object, licences: Sequence[Licence]) -> None:
    """Write the licences of a head on its object."""
    mesh_object[PROPERTY] = ledger(licences)


def ledger(licences: Sequence[Licence]) -> str:
    """The licences in words, a line each; empty if there is none."""
    if not licences:
        return ""
    use = "allowed" if all(item.commercial for item in licences) else "not allowed"
    lines = [f"{item.name}: {item.licence}" for item in licences]
    return "\n".join([*lines, f"Commercial use: {use}"])


def licences_of(mesh_object: bpy.types.Object) -> str:
    """What :func:`keep_licences` wrote, or nothing."""
    return str(mesh_object.get(PROPERTY, ""))


def write_beside(mesh_object: bpy.types.Object, path: Path) -> None:
    """A text file beside an exported file whose format has no place for licences."""
    words = licences_of(mesh_object)
    if words:
        path.with_name(f"{path.stem}_licences.txt").write_text(words + "\n", encoding="utf-8")
