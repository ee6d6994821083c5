"""A thumbnail of the chosen photo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import bpy.utils.previews

CLASSES: tuple[type, ...] = ()

_thumbnails: Any = None


def icon(photo: str) -> int:
    """The icon of a photo's thumbnail, or 0 where there is none. Blender loads it in the background."""
    path = Path(bpy.path.abspath(photo))
    if _thumbnails is None or not photo or not path.is_file():
        return 0
    if str(path) not in _thumbnails:
        _thumbnails.clear()  # only the chosen photo is kept
        _thumbnails.load(str(path), str(path), "IMAGE")
    return int(_thumbnails[str(path)].icon_id)


def register() -> None:
    """Open the store of thumbnails."""
    global _thumbnails
    _thumbnails = bpy.utils.previews.new()


def unregister() -> None:
    """Free it."""
    global _thumbnails
    bpy.utils.previews.remove(_thumbnails)
    _thumbnails = None
