"""One reconstruction that runs in a process of its own: start, messages, progress, cancel. Knows nothing of Blender.

A reader thread only queues what the engine says; :meth:`Job.poll` handles it on the caller's thread. The process is
kept for the next job, because loading torch takes longer than a draft.
"""

from __future__ import annotations

import atexit
import queue
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from . import door
from .process import Engine, Launch

CANCEL_SECONDS = 3.0
"""How long a cancelled engine may take to answer before it is killed."""

State = Literal["running", "done", "failed", "cancelled"]
Kind = Literal["reconstruct", "import"]


class Job:
    """One request to the engine and how far it is."""

    def __init__(self, engine: Engine, number: int, request: dict[str, Any], kind: Kind = "reconstruct") -> None:
        self.engine = engine
        self.request = request
        self.state: State = "running"
        self.fraction = 0.0
        self.text = "Starting the engine"
        self.folders: list[Path] = []
        self.error: Exception | None = None
        self._number = number
        self._deadline: float | None = None
        engine.send({"kind": kind, "id": number, "request": request})

    @property
    def cancelling(self) -> bool:
        """Whether the user asked to stop and the engine has not answered yet."""
        return self._deadline is not None and self.state == "running"

    def cancel(self) -> None:
        """Ask the engine to stop; :meth:`poll` kills it if it does not within :data:`CANCEL_SECONDS`."""
        if self.state == "running" and self._deadline is None:
            self._deadline = time.monotonic() + CANCEL_SECONDS
            self.text = "Cancelling"
            self.engine.send({"kind": "cancel", "id": self._number})

    def poll(self) -> State:
        """Handle what the engine said since the last call and return the state."""
        while self.state == "running":
            try:
                self._handle(self.engine.messages.get_nowait())
            except queue.Empty:
                break
        if self.cancelling and self._deadline is not None and time.monotonic() > self._deadline:
            self.engine.stop()
            self.state = "cancelled"
        return self.state

    def wait(self, on_progress: Callable[[Job], None] | None = None) -> State:
        """Poll until the job has ended; ``on_progress`` is called when something changed."""
        seen: tuple[float, str] | None = None
        while self.poll() == "running":
            if on_progress is not None and seen != (self.fraction, self.text):
                seen = (self.fraction, self.text)
                on_progress(self)
            time.sleep(0.02)
        return self.state

    def result(self) -> list[Path]:
        """Folders of the saved faces. Raises the error of a failed job, ``Cancelled`` of a cancelled one."""
        if self.state == "cancelled":
            raise door.errors.Cancelled()
        if self.error is not None:
            raise self.error
        return self.folders

    def _handle(self, message: dict[str, Any]) -> None:
        kind = message["kind"]
        if kind == "ended":
            self._fail(door.errors.EngineStopped(self.engine.how_it_ended()))
            if self._deadline is not None:
                self.state = "cancelled"
        # Number 0 is the engine's own trouble at start; another job's late words are not ours.
        elif message.get("id", self._number) not in (0, self._number):
            return
        elif kind == "progress":
            self.fraction = message["fraction"]
            self.text = self.text if self.cancelling else message["text"]
        elif kind == "result":
            self.folders = [Path(folder) for folder in message["folders"]]
            self.fraction, self.state = 1.0, "done"
        elif kind == "error":
            self._fail(EngineError(message["code"], message["message"]))
        elif kind == "cancelled":
            self.state = "cancelled"

    def _fail(self, error: Exception) -> None:
        self.error, self.state = error, "failed"


class EngineError(door.errors.FaceError):  # type: ignore[name-defined,misc]
    """A failure the engine reported: its sentence, and the name of its class as ``code``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self._code = code

    @property
    def code(self) -> str:
        """The engine's name of this kind of failure."""
        return self._code


class Jobs:
    """The one warm engine and the one job that may use it."""

    def __init__(self) -> None:
        self.engine: Engine | None = None
        self.current: Job | None = None
        self._count = 0

    @property
    def running(self) -> bool:
        """Whether a job is under way."""
        return self.current is not None and self.current.state == "running"

    def warm_up(self, launch: Launch) -> Engine:
        """A live engine started by ``launch``: the present one if it fits, else a new one."""
        if self.engine is not None and (self.engine.launch != launch or not self.engine.alive):
            self.engine.stop()
            self.engine = None
        if self.engine is None:
            try:
                self.engine = Engine(launch)
            except OSError as error:
                raise door.errors.EngineUnusable(launch.command[0], error.strerror or str(error)) from error
        return self.engine

    def start(self, launch: Launch, photos: Sequence[str], output: str, settings: dict[str, Any]) -> Job:
        """Begin a reconstruction. Raises ``EngineUnusable`` if the process cannot be started."""
        return self._begin(launch, {"photos": list(photos), "output": output, "settings": settings}, "reconstruct")

    def start_import(self, launch: Launch, file: str, output: str, model: str = "") -> Job:
        """Begin to make a head of another tool's coefficients; an empty ``model`` takes the one they belong to.

        Raises ``EngineUnusable`` if the process cannot be started.
        """
        return self._begin(launch, {"file": file, "output": output, "model": model}, "import")

    def _begin(self, launch: Launch, request: dict[str, Any], kind: Kind) -> Job:
        if self.running:
            raise RuntimeError("one job at a time")
        self._count += 1
        self.current = Job(self.warm_up(launch), self._count, request, kind)
        return self.current

    def shut_down(self) -> None:
        """End the engine; a job under way counts as cancelled."""
        if self.running and self.current is not None:
            self.current.state = "cancelled"
        if self.engine is not None:
            self.engine.stop()
            self.engine = None


def launch(python: Path, cache: Path, models: Path | None = None) -> Launch:
    """How to start the engine with ``python``, its log and compiled files in ``cache``, face models in ``models``."""
    environment = door.child_environment(cache, models)
    return Launch(tuple(door.worker_command(python)), door.engine_root(), cache / "engine.log", environment)


def reconstruct(
    python: Path,
    cache: Path,
    photos: Sequence[str],
    output: str,
    settings: dict[str, Any],
    on_progress: Callable[[Job], None] | None = None,
) -> list[Path]:
    """Run one reconstruction to its end, for scripts; the engine stays warm until the process exits.

    Returns the folders of the saved faces. Raises a ``FaceError`` with a sentence for the user.
    """
    job = jobs.start(launch(python, cache), photos, output, settings)
    job.wait(on_progress)
    return job.result()


def import_coefficients(
    python: Path,
    cache: Path,
    file: str,
    output: str,
    model: str = "",
    on_progress: Callable[[Job], None] | None = None,
) -> list[Path]:
    """As :func:`reconstruct`, from a coefficient file of another tool (or a folder of frames) instead of photos."""
    job = jobs.start_import(launch(python, cache), file, output, model)
    job.wait(on_progress)
    return job.result()


jobs = Jobs()
atexit.register(jobs.shut_down)
