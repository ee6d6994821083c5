"""Carries out a plan of ``setup_engine`` in the background, and asks a Python what the engine finds there."""

from __future__ import annotations

import json
import queue
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import IO, Any, Literal

from . import door
from .setup_engine import Step

State = Literal["running", "done", "failed", "cancelled"]

LARGE_FILE = 50_000_000
"""Bytes."""

_PROBE = """
import importlib.metadata as m, json, platform
def version(name):
    try: return m.version(name)
    except m.PackageNotFoundError: return ""
facts = {"python": platform.python_version(), "torch": "", "gpu": ""}
facts.update({n: version(n) for n in ("mediapipe", "face-alignment")})
try:
    import torch
    facts["torch"] = torch.__version__
    if torch.cuda.is_available(): facts["gpu"] = torch.cuda.get_device_name(0)
    elif torch.backends.mps.is_available(): facts["gpu"] = "Apple GPU"
except ImportError as error: facts["problem"] = str(error)
print(json.dumps(facts))
"""


class Setup:
    """One run of a plan: step after step as child processes, their output in a log."""

    def __init__(self, steps: list[Step], environment: Path, log: Path) -> None:
        self.state: State = "running"
        self.text = steps[0].text
        self.fraction = 0.0
        self.error: Exception | None = None
        self.log = log
        self._steps = steps
        self._environment = environment
        self._number = -1
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._process: subprocess.Popen[str] | None = None
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("", "utf-8")
        (environment / door.READY_FILE).unlink(missing_ok=True)
        self._next()

    def poll(self) -> State:
        """Handle what the running step printed, start the next one when it has ended; return the state."""
        while self.state == "running":
            try:
                line = self._lines.get_nowait()
            except queue.Empty:
                break
            if line is None:
                self._ended()
            else:
                self._heard(line.rstrip())
        return self.state

    def wait(self) -> State:
        """Poll to the end."""
        while self.poll() == "running":
            time.sleep(0.05)
        return self.state

    def cancel(self) -> None:
        """Stop now and remove what was built."""
        if self.state != "running":
            return
        self.state = "cancelled"
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=10)
        shutil.rmtree(self._environment, ignore_errors=True)

    def _next(self) -> None:
        self._number += 1
        if self._number == len(self._steps):
            (self._environment / door.READY_FILE).write_text(json.dumps({"version": 1}), "utf-8")
            self.state, self.fraction = "done", 1.0
            return
        step = self._steps[self._number]
        self.text = step.text
        self.fraction = sum(earlier.share for earlier in self._steps[: self._number])
        self._note(f"$ {subprocess.list2cmdline(step.command)}")
        try:
            self._process = subprocess.Popen(
                step.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                env=door.child_environment(),
                creationflags=door.NO_WINDOW,
            )
        except OSError as error:
            self._fail(f"“{step.command[0]}” cannot be started ({error.strerror})")
            return
        threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True).start()

    def _read(self, lines: IO[str]) -> None:
        try:
            for line in lines:
                self._lines.put(line)
        finally:
            self._lines.put(None)

    def _heard(self, line: str) -> None:
        """Show which file is being fetched and how far it is."""
        step = self._steps[self._number]
        size = re.fullmatch(r"Progress (\d+) of (\d+)", line)
        if size:
            self._fetched(int(size[1]), int(size[2]), step)
            return
        self._note(line)
        name = re.match(r"\s*(?:Collecting|Downloading|Using cached|Building wheel for) (\S+)", line)
        if name:
            package = re.split(r"[-<>=!~\[]", name[1].rsplit("/", 1)[-1])[0]
            self.text = step.text if package in step.text else f"{step.text} ({package})"
        elif line.startswith("Installing collected packages"):
            self.text = f"{step.text} (unpacking)"

    def _fetched(self, done: int, total: int, step: Step) -> None:
        """Show how far one file is; a large one moves the bar, because it is most of its step."""
        part = done / max(total, 1)
        self.text = f"{self.text.split(':')[0]}: {part:.0%}"
        if total > LARGE_FILE:
            before = sum(earlier.share for earlier in self._steps[: self._number])
            self.fraction = max(self.fraction, before + 0.8 * step.share * part)

    def _ended(self) -> None:
        assert self._process is not None
        code = self._process.wait()
        if code == 0:
            self._next()
            return
        said = [line for line in self.log.read_text("utf-8").splitlines() if line.strip()]
        errors = [line for line in said if line.startswith("ERROR:")]
        self._fail((errors or said)[-1].removeprefix("ERROR:").strip().rstrip("."))

    def _fail(self, reason: str) -> None:
        self.error = door.errors.SetupFailed(
            reason, "see the log, check the network and the free disk space, and try again"
        )
        self.state = "failed"
        shutil.rmtree(self._environment, ignore_errors=True)

    def _note(self, line: str) -> None:
        with self.log.open("a", encoding="utf-8") as log:
            log.write(line + "\n")


class Check:
    """Asks a Python, in a child process, which of the engine's parts it has."""

    def __init__(self, python: Path) -> None:
        self.python = python
        self._facts: dict[str, Any] | None = None
        self._process = subprocess.Popen(
            [str(python), "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            env=door.child_environment(),
            creationflags=door.NO_WINDOW,
        )

    def facts(self) -> dict[str, Any] | None:
        """Versions by package (empty: not there), ``gpu`` and perhaps ``problem``; None while it has not answered."""
        if self._facts is None and self._process.poll() is not None:
            assert self._process.stdout is not None
            text = self._process.stdout.read()
            broken = {"python": "", "problem": f"it ended with code {self._process.returncode}"}
            self._facts = json.loads(text) if self._process.returncode == 0 else broken
        return self._facts

    def stop(self) -> None:
        """End the question."""
        self._process.kill()
        self._process.wait(timeout=10)
