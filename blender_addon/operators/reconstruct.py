"""The main button: photo in, head out. The engine works in its own process, Blender stays usable."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import bpy

from .. import door, scene, strings
from ..job import Job, jobs
from ..properties import PROPERTY, describe, settings_of
from ..session import data_folder, launch, redraw, session
from .outcome import Outcome, attempt, tell

INTERVAL = 0.1
"""Seconds between two looks at the engine."""


def why_not(context: bpy.types.Context) -> str:
    """Why a reconstruction cannot start, or nothing."""
    if jobs.running:
        return strings.BUSY
    if session.setting_up:
        return strings.SETTING_UP
    return "" if getattr(context.scene, PROPERTY).photo else strings.NO_PHOTO


def output_folder(choices: Any) -> Path:
    """Where results go: the folder chosen, else beside the .blend, else the add-on's own folder."""
    if choices.output:
        return Path(bpy.path.abspath(choices.output))
    return Path(bpy.path.abspath("//faces")) if bpy.data.filepath else data_folder() / "faces"


def begin(choices: Any) -> Job:
    """Start a job with a scene's choices. Raises ``EngineMissing``, ``EngineUnusable``."""
    session.trouble = None
    photo = bpy.path.abspath(choices.photo)
    return jobs.start(launch(), [photo], str(output_folder(choices)), settings_of(choices))


def finish(job: Job) -> Outcome:
    """Build the heads of an ended job. Raises its error; being cancelled is an outcome without a message."""
    if job.state == "cancelled":
        return Outcome(False)
    settings = job.request.get("settings", {"apply_expression": True})  # coefficients are nothing without theirs
    return build(job.result(), apply_expression=settings["apply_expression"])


def build(folders: Iterable[Path], *, apply_expression: bool) -> Outcome:
    """Build a head from each saved face and make the last the active object."""
    _leave_modes()
    names = []
    for folder in folders:
        result = door.load_result(folder)
        name = None if result.views else folder.name
        head = scene.build_head(result, apply_expression=apply_expression, name=name).mesh_object
        describe(head, result)
        getattr(head, PROPERTY).photo_expression = apply_expression
        names.append(head.name)
        _make_active(head)
    return Outcome(True, strings.built(names))


class EngineOperator:
    """What operators share that start a job of the engine and build its heads; :meth:`begin` starts theirs."""

    _timer: bpy.types.Timer | None = None
    _job: Job | None = None

    def begin(self, context: bpy.types.Context) -> Job:
        """Start the job. Raises ``EngineMissing``, ``EngineUnusable``."""
        raise NotImplementedError

    def run(self, context: bpy.types.Context) -> set[str]:
        """Run to the end and only then return."""
        return tell(self, attempt(lambda: self._run(context)))  # type: ignore[arg-type]

    def run_behind(self, context: bpy.types.Context) -> set[str]:
        """Run in the background while the user goes on working."""
        if bpy.app.background:
            return self.run(context)
        started = attempt(lambda: self._start(context))
        if not started.success:
            return tell(self, started)  # type: ignore[arg-type]
        self._timer = context.window_manager.event_timer_add(INTERVAL, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Look at the engine; Esc cancels; every other event is the user's."""
        job = self._job
        assert job is not None
        if event.type == "ESC" and event.value == "PRESS":
            job.cancel()
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        running = job.poll() == "running"
        context.workspace.status_text_set(f"{job.text} ({job.fraction:.0%})" if running else None)
        redraw()
        return {"PASS_THROUGH"} if running else self._end(context, job)

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator, because a file is loaded or its window closed."""
        jobs.shut_down()
        self._remove_timer(context)

    def _run(self, context: bpy.types.Context) -> Outcome:
        job = self.begin(context)
        job.wait(lambda at: context.window_manager.progress_update(at.fraction))
        return finish(job)

    def _start(self, context: bpy.types.Context) -> Outcome:
        self._job = self.begin(context)
        return Outcome(True)

    def _end(self, context: bpy.types.Context, job: Job) -> set[str]:
        self._remove_timer(context)
        outcome = attempt(lambda: finish(job))
        if outcome.success:
            bpy.ops.ed.undo_push(message=self.bl_label)  # type: ignore[attr-defined]
        return tell(self, outcome)  # type: ignore[arg-type]

    def _remove_timer(self, context: bpy.types.Context) -> None:
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None


class RECONSTRUCT_FACE_OT_reconstruct(EngineOperator, bpy.types.Operator):
    """Starts the engine and builds the head when it is done."""

    bl_idname = "reconstruct_face.reconstruct"
    bl_label = strings.RECONSTRUCT
    bl_description = strings.RECONSTRUCT_HELP
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a photo and nothing else under way."""
        cls.poll_message_set(why_not(context))
        return not why_not(context)

    def begin(self, context: bpy.types.Context) -> Job:
        """Start with the scene's choices."""
        return begin(getattr(context.scene, PROPERTY))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Run to the end and only then return, for scripts."""
        return self.run(context)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Run in the background while the user goes on working."""
        return self.run_behind(context)


def _leave_modes() -> None:
    """Building needs Object Mode, whatever the user was doing meanwhile."""
    if bpy.context.object is not None and bpy.context.object.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")


def _make_active(head: bpy.types.Object) -> None:
    for selected in bpy.context.selected_objects:
        selected.select_set(False)
    head.select_set(True)
    bpy.context.view_layer.objects.active = head


CLASSES = (RECONSTRUCT_FACE_OT_reconstruct,)
