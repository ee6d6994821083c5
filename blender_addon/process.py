"""The engine's child process: a pipe to it, a queue of what it says, a log of what it prints. No Blender here."""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from . import door


@dataclass(frozen=True)
class Launch:
    """How to start the engine's process."""

    command: tuple[str, ...]
    folder: Path
    """Working directory."""
    log: Path
    """Gets everything the process prints to stderr."""
    environment: dict[str, str] | None = field(default=None, compare=False)


class Engine:
    """The child process and the queue of its messages."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.messages: queue.Queue[dict[str, Any]] = queue.Queue()
        launch.log.parent.mkdir(parents=True, exist_ok=True)
        with launch.log.open("wb") as log:
            self.process = subprocess.Popen(
                launch.command,
                cwd=launch.folder,
                env=launch.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                encoding="utf-8",
                creationflags=door.NO_WINDOW,
            )
        threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def send(self, message: dict[str, Any]) -> None:
        """Write one line to the process; a process that has just died is noticed by the reader."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()

    def stop(self) -> None:
        """End the process now and wait until it is gone."""
        self.process.kill()
        self.process.wait(timeout=10)
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()

    def how_it_ended(self) -> str:
        """Why the process is gone, in a few words for the user."""
        code = self.process.wait()
        if code < 0:
            memory = -code == getattr(signal, "SIGKILL", None)
            return f"ended by signal {-code}" + (", perhaps for want of memory" if memory else "")
        lines = [line for line in self.launch.log.read_text("utf-8", "replace").splitlines() if line.strip()]
        return lines[-1].strip().rstrip(".") if code and lines else f"exit code {code}"

    def _read(self, lines: IO[str]) -> None:
        try:
            for line in lines:
                self.messages.put(json.loads(line))
        finally:
            self.messages.put({"kind": "ended"})
