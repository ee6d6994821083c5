"""The preferences' buttons: build the engine's environment, stop building, ask again what it has."""

from __future__ import annotations

from pathlib import Path

import bpy

from .. import door, setup_engine, strings
from ..job import jobs
from ..session import managed_environment, online, preferences, redraw, session, setup_log
from ..setup_run import Setup
from .outcome import Outcome, attempt, tell


def wheels_folder() -> Path | None:
    """The folder with the packages that the user chose, or None."""
    chosen = preferences()
    return Path(bpy.path.abspath(chosen.wheels)) if chosen is not None and chosen.wheels else None


def why_not() -> str:
    """Why the set-up cannot start, or nothing."""
    if session.setting_up:
        return strings.SETTING_UP
    if jobs.running:
        return strings.BUSY
    return "" if online() or wheels_folder() is not None else strings.OFFLINE


def begin() -> Outcome:
    """Plan the set-up and start it. Raises ``SetupFailed``."""
    session.shut_down()  # a warm engine would hold files of the environment that is about to be replaced
    environment = managed_environment()
    steps = setup_engine.plan(
        setup_engine.this_machine(),
        setup_engine.find_base_python(),
        environment,
        door.requirements_file(),
        wheels_folder(),
    )
    session.setup = Setup(steps, environment, setup_log())
    return Outcome(True)


def finish() -> Outcome:
    """How the set-up ended. Raises its error."""
    setup = session.setup
    if setup is None or setup.state == "cancelled":
        return Outcome(False)
    if setup.error is not None:
        raise setup.error
    session.forget_check()
    session.trouble = None
    return Outcome(True, "The engine is set up")


class RECONSTRUCT_FACE_OT_setup_engine(bpy.types.Operator):
    """Builds the environment in the background."""

    bl_idname = "reconstruct_face.setup_engine"
    bl_label = strings.SET_UP
    bl_description = strings.SET_UP_HELP
    bl_options = {"INTERNAL"}

    _timer: bpy.types.Timer | None = None

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Needs a network that may be used, or a folder of wheels."""
        cls.poll_message_set(why_not())
        return not why_not()

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Build to the end and only then return, for scripts."""
        started = attempt(begin)
        if not started.success or session.setup is None:
            return tell(self, started)
        session.setup.wait()
        return tell(self, attempt(finish))

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Build while the user goes on working."""
        if bpy.app.background:
            return self.execute(context)
        started = attempt(begin)
        if not started.success:
            return tell(self, started)
        self._timer = context.window_manager.event_timer_add(0.2, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Look at the set-up."""
        if event.type != "TIMER" or (session.setup is not None and session.setup.poll() == "running"):
            redraw()
            return {"PASS_THROUGH"}
        context.window_manager.event_timer_remove(self._timer)
        redraw()
        return tell(self, attempt(finish))


class RECONSTRUCT_FACE_OT_cancel_setup(bpy.types.Operator):
    """Stops the set-up and removes what was built."""

    bl_idname = "reconstruct_face.cancel_setup"
    bl_label = strings.CANCEL
    bl_description = strings.SET_UP_CANCEL_HELP
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Needs a set-up under way."""
        cls.poll_message_set(strings.NOT_BUSY)
        return session.setting_up

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Stop."""
        if session.setup is not None:
            session.setup.cancel()
        return {"FINISHED"}


class RECONSTRUCT_FACE_OT_check_engine(bpy.types.Operator):
    """Forgets what the engine's Python said, so that it is asked again."""

    bl_idname = "reconstruct_face.check_engine"
    bl_label = strings.CHECK
    bl_description = strings.CHECK_HELP
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Forget."""
        session.forget_check()
        return {"FINISHED"}


CLASSES = (RECONSTRUCT_FACE_OT_setup_engine, RECONSTRUCT_FACE_OT_cancel_setup, RECONSTRUCT_FACE_OT_check_engine)
