"""What the add-on remembers while Blender runs, outside any .blend: folders, last error, set-up, checklist."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from . import door, job
from .model_run import ModelRun
from .setup_run import Check, Setup


@dataclass(frozen=True)
class Trouble:
    """The last thing that went wrong, for the panel."""

    text: str
    code: str


@dataclass
class Session:
    """The one instance is :data:`session`."""

    trouble: Trouble | None = None
    setup: Setup | None = None
    check: Check | None = None
    fetch: ModelRun | None = None
    """The last fetching of a face model."""
    listing: ModelRun | None = None
    """The last question which face models there are."""

    @property
    def setting_up(self) -> bool:
        """Whether the engine's environment is being built."""
        return self.setup is not None and self.setup.state == "running"

    def fail(self, error: Exception) -> str:
        """Remember an error for the panel; return its sentence."""
        self.trouble = Trouble(str(error), getattr(error, "code", type(error).__name__))
        return self.trouble.text

    def checked(self, python: Path) -> dict[str, Any] | None:
        """What ``python`` has, asked once; None until it has answered."""
        if self.check is None or self.check.python != python:
            self.forget_check()
            self.check = Check(python)
        return self.check.facts()

    def models(self, *, wait: bool = False) -> list[dict[str, Any]] | None:
        """Every family of face models and which of it are there, asked once; None until the answer has come.

        Keys as in ``engine.models.overview``. Raises ``EngineMissing``, ``EngineUnusable``.
        """
        python, folder = engine_python(), models_folder()
        if self.listing is None or (self.listing.python, self.listing.folder) != (python, folder):
            self.forget_models()
            self.listing = ModelRun(python, folder, "list")
        state = self.listing.wait() if wait else self.listing.poll()
        return None if state == "running" else self.listing.families

    def forget_models(self) -> None:
        """Look again next time."""
        if self.listing is not None:
            self.listing.cancel()
        self.listing = None

    def forget_check(self) -> None:
        """Ask again next time."""
        if self.check is not None:
            self.check.stop()
        self.check = None
        door.missing_packages.cache_clear()

    def shut_down(self) -> None:
        """End every child process."""
        job.jobs.shut_down()
        self.forget_check()
        self.forget_models()
        if self.fetch is not None:
            self.fetch.cancel()
        if self.setup is not None:
            self.setup.cancel()
            self.setup = None


session = Session()


def data_folder() -> Path:
    """Where the add-on may write: the extension's own user folder, or Blender's before 4.2."""
    if door.ROOT_PACKAGE.startswith("bl_ext."):
        return Path(bpy.utils.extension_path_user(door.ROOT_PACKAGE, create=True))
    return Path(bpy.utils.user_resource("DATAFILES", path="reconstruct_face", create=True))


def models_folder() -> Path:
    """Where the user's face models are: the preference, the environment's variable, else the add-on's own folder."""
    chosen = preferences()
    if chosen is not None and chosen.models_folder:
        return Path(bpy.path.abspath(chosen.models_folder))
    told = os.environ.get(door.MODELS_VARIABLE, "")
    return Path(told).expanduser() if told else data_folder() / "models"


def managed_environment() -> Path:
    """The folder of the environment that "Set up engine" builds."""
    return data_folder() / "engine_env"


def preferences() -> Any:
    """The add-on's preferences; None when it runs from a script without being enabled."""
    addon = bpy.context.preferences.addons.get(door.ROOT_PACKAGE)
    return addon.preferences if addon is not None else None


def engine_python() -> Path:
    """The engine's Python by the rules of ``door.engine_python``. Raises ``EngineMissing``, ``EngineUnusable``."""
    chosen = preferences()
    return door.engine_python(bpy.path.abspath(chosen.engine_python) if chosen else "", managed_environment())


def engine_trouble() -> str:
    """Why the engine cannot be started, as a sentence; empty if it can."""
    try:
        engine_python()
    except door.errors.FaceError as error:
        return str(error)
    return ""


def launch() -> job.Launch:
    """How to start the engine. Raises ``EngineMissing``, ``EngineUnusable``."""
    return job.launch(engine_python(), data_folder() / "cache", models_folder())


def warm_up_in_window() -> None:
    """Start the engine ahead of its first job where someone is watching; trouble is told when the job is started."""
    if bpy.app.background:
        return
    with contextlib.suppress(door.errors.FaceError):
        job.jobs.warm_up(launch())


def engine_log() -> Path:
    """What the engine's process printed last."""
    return data_folder() / "cache" / "engine.log"


def setup_log() -> Path:
    """What the last set-up printed."""
    return data_folder() / "setup.log"


def online() -> bool:
    """Whether the user lets Blender go online; versions before 4.2 do not ask."""
    return bool(getattr(bpy.app, "online_access", True))


def redraw() -> None:
    """Draw the sidebar and the preferences anew in every window."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in {"VIEW_3D", "PREFERENCES"}:
                area.tag_redraw()
