"""What happens when a property is read or changed.

These functions stand apart and import what they need when they are called: Blender 4.2, as a Python module, never lets
go of a registered PropertyGroup, and crashes at exit if anything in it leads to ``bpy``. So nothing here may.
"""

from __future__ import annotations

from typing import Any


def photo_chosen(choices: Any, _context: Any) -> None:
    """Load the engine while the user looks at the other choices."""
    from .session import warm_up_in_window

    if choices.photo:
        warm_up_in_window()


def relight(head: Any) -> float:
    """How much of the scene's light the head's materials show."""
    from .scene import get_relight

    return get_relight(head.id_data)


def set_relight(head: Any, value: float) -> None:
    """Mix the photo's light and the scene's."""
    from . import scene

    scene.set_relight(head.id_data, value)


def expression_switched(head: Any, _context: Any) -> None:
    """Pose the face as in the photo, or make it neutral."""
    from .scene import apply_expression

    apply_expression(head.id_data, head.photo_expression)


def engine_changed(_preferences: Any, _context: Any) -> None:
    """Another Python must be asked what it has."""
    from .session import session

    session.forget_check()
    session.forget_models()


def models_moved(_preferences: Any, _context: Any) -> None:
    """Another folder may hold other face models, and a warm engine knows only the old one."""
    from . import job
    from .session import session

    session.forget_models()
    if not job.jobs.running:
        job.jobs.shut_down()
