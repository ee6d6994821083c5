"""Arrays in, data-blocks out: a rigged, textured head from a FaceResult, for scripts and the panel alike.

Importing this folder needs no numpy (a panel must draw without it); building does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import bpy

from ..compat import require_numpy
from .export import FormatMissing, check_format, export_head
from .material import get_relight, set_relight

if TYPE_CHECKING:
    from .head import HeadObjects
    from .types import FaceResult

__all__ = [
    "FormatMissing",
    "apply_combination",
    "apply_expression",
    "build_head",
    "check_format",
    "export_head",
    "get_relight",
    "set_relight",
]


def build_head(result: FaceResult, **options: Any) -> HeadObjects:
    """Build everything of a reconstructed head; see :func:`blender_addon.scene.head.build_head` for the options.

    Raises ``compat.NumpyMissing`` where Blender's Python has no numpy.
    """
    require_numpy()
    from .head import build_head as build

    return build(result, **options)


def apply_expression(mesh_object: bpy.types.Object, on: bool) -> None:
    """Give the shape keys the photo's expression, or set them all to 0."""
    from .shape_keys import apply_expression as apply

    apply(mesh_object, on)


def apply_combination(mesh_object: bpy.types.Object, weights: Mapping[str, float]) -> None:
    """Give the shape keys a ready expression: ``weights`` by key, 0 for all others."""
    from .shape_keys import apply_combination as apply

    apply(mesh_object, weights)
