"""The Blender side: panel, operators and scene; the engine runs elsewhere."""

from __future__ import annotations

import atexit
from types import ModuleType

import bpy

from . import job, operators, panels, preferences, properties, session

MODULES: tuple[ModuleType, ...] = (properties, preferences, *operators.MODULES, *panels.MODULES)
"""In order of registration. Each lists its ``CLASSES`` and may have ``register`` and ``unregister`` of its own."""


def register() -> None:
    """Make everything known to Blender."""
    for module in MODULES:
        for item in module.CLASSES:
            bpy.utils.register_class(item)
        if hasattr(module, "register"):
            module.register()
    bpy.app.handlers.load_pre.append(_before_loading)
    if not bpy.app.binary_path:
        # As a Python module, Blender 4.2 and 4.5 do not survive a class that is still registered when Python ends.
        atexit.register(unregister)


def unregister() -> None:
    """End the child processes and take everything back."""
    atexit.unregister(unregister)
    session.session.shut_down()
    bpy.app.handlers.load_pre.remove(_before_loading)
    for module in reversed(MODULES):
        if hasattr(module, "unregister"):
            module.unregister()
        for item in reversed(module.CLASSES):
            bpy.utils.unregister_class(item)


@bpy.app.handlers.persistent
def _before_loading(*_: object) -> None:
    """The running operator ends with the file it belongs to, so its job does too."""
    if job.jobs.running:
        job.jobs.shut_down()
