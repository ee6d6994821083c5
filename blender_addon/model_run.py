"""Asks the engine's Python, in child processes, which face models there are, and has it fetch one. No Blender here."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from pathlib import Path
from typing import IO, Any, Literal

from . import door

State = Literal["running", "done", "failed", "cancelled"]


class ModelError(door.errors.FaceError):  # type: ignore[name-defined,misc]
    """A failure the child reported, with the name of its class as ``code``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self._code = code

    @property
    def code(self) -> str:
        """The engine's name of this kind of failure."""
        return self._code


class ModelRun:
    """One question to ``engine.models``: the list, or the fetching of one family."""

    def __init__(self, python: Path, models: Path, *arguments: str) -> None:
        self.python, self.folder = python, models
        self.state: State = "running"
        self.fraction = 0.0
        self.text = "Looking for face models"
        self.error: Exception | None = None
        self.families: list[dict[str, Any]] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        try:
            self._process = subprocess.Popen(
                [str(python), "-m", "engine.models", *arguments],
                cwd=door.engine_root(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
                env=door.child_environment(models=models),
                creationflags=door.NO_WINDOW,
            )
        except OSError as error:
            raise door.errors.EngineUnusable(str(python), error.strerror or str(error)) from error
        threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True).start()

    def poll(self) -> State:
        """Handle what the child said since the last call; return the state."""
        while self.state == "running":
            try:
                line = self._lines.get_nowait()
            except queue.Empty:
                break
            self._heard(line)
        return self.state

    def wait(self) -> State:
        """Listen until the child has ended."""
        while self.state == "running":
            self._heard(self._lines.get())
        return self.state

    def cancel(self) -> None:
        """Stop now; what was fetched so far stays for the next time."""
        if self.state == "running":
            self.state = "cancelled"
            self._process.kill()
            self._process.wait(timeout=10)

    def _heard(self, line: str | None) -> None:
        if line is None:
            if self.state == "running":
                self._fail(f"it ended with code {self._process.wait()}")
            return
        message = json.loads(line)
        if message["kind"] == "progress":
            self.fraction, self.text = message["fraction"], message["text"]
        elif message["kind"] == "models":
            self.families, self.state = message["families"], "done"
        elif message["kind"] == "error":
            self.error, self.state = ModelError(message["code"], message["message"]), "failed"
        else:
            self.fraction, self.state = 1.0, "done"

    def _fail(self, reason: str) -> None:
        self.error, self.state = door.errors.EngineUnusable(str(self.python), reason), "failed"

    def _read(self, lines: IO[str]) -> None:
        try:
            for line in lines:
                self._lines.put(line)
        finally:
            self._lines.put(None)
