"""Where files that the user brings or downloads once are looked for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

MODELS_VARIABLE = "RECONSTRUCT_FACE_MODELS"
"""Environment variable that moves the models folder."""


def user_data_dir() -> Path:
    """The system's folder for this user's application data; not created."""
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return base / "reconstruct_face"


def engine_models_dir() -> Path:
    """The folder of face models and network weights; not created.

    ``$RECONSTRUCT_FACE_MODELS`` where set, else ``models`` in :func:`user_data_dir`. Each model or detector has a
    sub-folder of its own.
    """
    chosen = os.environ.get(MODELS_VARIABLE)
    return Path(chosen).expanduser() if chosen else user_data_dir() / "models"


def find_file(name: str, subfolder: str, variable: str = "") -> Path | None:
    """A file the user brought: ``$variable`` first, then ``subfolder`` of the models folder, then that folder itself.

    A variable that is set and names no file is the user's mistake and gives ``None``, never another file.
    """
    chosen = os.environ.get(variable) if variable else None
    if chosen:
        path = Path(chosen).expanduser()
        return path if path.is_file() else None
    folder = engine_models_dir()
    return next((p for p in (folder / subfolder / name, folder / name) if p.is_file()), None)
