"""Face models: choose one, fetch an open one, look again, show their folder."""

from __future__ import annotations

import bpy

from .. import strings
from ..model_run import ModelRun
from ..properties import PROPERTY
from ..session import engine_python, models_folder, online, redraw, session
from .outcome import Outcome, attempt, tell


def why_not_fetch() -> str:
    """Why nothing can be fetched now, or nothing."""
    if session.fetch is not None and session.fetch.state == "running":
        return strings.FETCHING
    return "" if online() else strings.MODELS_OFFLINE


def begin(family: str) -> Outcome:
    """Start fetching. Raises ``EngineMissing``, ``EngineUnusable``."""
    session.fetch = ModelRun(engine_python(), models_folder(), "fetch", family)
    return Outcome(True)


def finish() -> Outcome:
    """How the fetching ended. Raises its error."""
    fetch = session.fetch
    session.forget_models()
    if fetch is None or fetch.state == "cancelled":
        return Outcome(False)
    if fetch.error is not None:
        raise fetch.error
    return Outcome(True, strings.FETCHED)


class RECONSTRUCT_FACE_OT_choose_model(bpy.types.Operator):
    """Sets the scene's face model."""

    bl_idname = "reconstruct_face.choose_model"
    bl_label = strings.CHOOSE_MODEL
    bl_description = strings.CHOOSE_MODEL_HELP
    bl_options = {"INTERNAL", "UNDO"}

    name: bpy.props.StringProperty()  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set it."""
        getattr(context.scene, PROPERTY).model = self.name
        return {"FINISHED"}


class RECONSTRUCT_FACE_OT_fetch_model(bpy.types.Operator):
    """Fetches an open face model from its owners, once the user has agreed."""

    bl_idname = "reconstruct_face.fetch_model"
    bl_label = strings.FETCH
    bl_description = strings.FETCH_HELP
    bl_options = {"INTERNAL"}

    family: bpy.props.StringProperty()  # type: ignore[valid-type]
    terms: bpy.props.StringProperty()  # type: ignore[valid-type]
    """Title, licence, size and source, for the user to agree to."""

    _timer: bpy.types.Timer | None = None

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Needs a network that may be used."""
        cls.poll_message_set(why_not_fetch())
        return not why_not_fetch()

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask first."""
        return context.window_manager.invoke_props_dialog(self, width=420)

    def draw(self, _context: bpy.types.Context) -> None:
        """What will be fetched, from where, under which licence."""
        for line in self.terms.split("\n"):
            self.layout.label(text=line)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Fetch: in the background where there is a window, else to the end."""
        started = attempt(lambda: begin(self.family))
        if not started.success or session.fetch is None:
            return tell(self, started)
        if bpy.app.background:
            session.fetch.wait()
            return tell(self, attempt(finish))
        self._timer = context.window_manager.event_timer_add(0.2, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Look how far it is."""
        if event.type != "TIMER" or (session.fetch is not None and session.fetch.poll() == "running"):
            redraw()
            return {"PASS_THROUGH"}
        context.window_manager.event_timer_remove(self._timer)
        redraw()
        return tell(self, attempt(finish))


class RECONSTRUCT_FACE_OT_cancel_fetch(bpy.types.Operator):
    """Stops fetching."""

    bl_idname = "reconstruct_face.cancel_fetch"
    bl_label = strings.CANCEL
    bl_description = strings.CANCEL_FETCH_HELP
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Stop."""
        if session.fetch is not None:
            session.fetch.cancel()
        return {"FINISHED"}


class RECONSTRUCT_FACE_OT_look_for_models(bpy.types.Operator):
    """Looks into the models folder again."""

    bl_idname = "reconstruct_face.look_for_models"
    bl_label = strings.CHECK
    bl_description = strings.LOOK_HELP
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Forget the list; whoever draws it asks anew."""
        session.forget_models()
        return {"FINISHED"}


class RECONSTRUCT_FACE_OT_open_models(bpy.types.Operator):
    """Shows the models folder in the system's file browser."""

    bl_idname = "reconstruct_face.open_models"
    bl_label = strings.OPEN_MODELS
    bl_description = strings.OPEN_MODELS_HELP
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Make it if need be, then open it."""
        folder = models_folder()
        folder.mkdir(parents=True, exist_ok=True)
        return bpy.ops.wm.path_open(filepath=str(folder))


CLASSES = (
    RECONSTRUCT_FACE_OT_choose_model,
    RECONSTRUCT_FACE_OT_fetch_model,
    RECONSTRUCT_FACE_OT_cancel_fetch,
    RECONSTRUCT_FACE_OT_look_for_models,
    RECONSTRUCT_FACE_OT_open_models,
)
