"""The engine's process: requests come in on stdin, answers leave on stdout, one JSON object a line.

In:  ``{"kind": "reconstruct", "id": 1, "request": {"photos": [...], "output": "...", "settings": {...}}}``,
``{"kind": "import", "id": 1, "request": {"file": "...", "output": "...", "model": ""}}`` (coefficients of another tool)
and ``{"kind": "cancel", "id": 1}``. Out: ``ready`` once, then for each request ``progress`` (stage, fraction, text) and
at last ``result`` (folders), ``error`` (code, message) or ``cancelled``, each with the request's ``id``. The end of
stdin means that Blender is gone: the process ends at once. Run as ``python -m engine.worker``.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

from .config import Settings
from .contract import FaceResult, Progress, Request
from .errors import Cancelled, EngineUnusable, FaceError, OutOfMemory

IDLE_SECONDS = 1800.0
"""How long an unused worker keeps its memory before it ends."""

Send = Callable[[dict[str, Any]], None]
Reconstruct = Callable[[Request, Callable[[Progress], None], Callable[[], bool]], Iterable[Any]]


class Inbox:
    """Requests from stdin, read by a thread of its own so that a cancellation is heard in mid-job."""

    def __init__(self, lines: IO[str]) -> None:
        self.requests: queue.Queue[dict[str, Any]] = queue.Queue()
        self._cancelled: set[int] = set()
        self._lines = lines
        threading.Thread(target=self._read, daemon=True).start()

    def is_cancelled(self, job: int) -> bool:
        """Whether the user stopped this job."""
        return job in self._cancelled

    def _read(self) -> None:
        for line in self._lines:
            message = json.loads(line)
            if message["kind"] == "cancel":
                self._cancelled.add(message["id"])
            else:
                self.requests.put(message)
        # No clean-up: results appear whole or not at all, and nothing may outlive Blender.
        os._exit(0)


def serve(inbox: Inbox, send: Send, reconstruct: Reconstruct) -> None:
    """Answer requests, one after another, until none came for :data:`IDLE_SECONDS`."""
    while True:
        try:
            message = inbox.requests.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            return
        answer(message, inbox, send, reconstruct)


def answer(message: dict[str, Any], inbox: Inbox, send: Send, reconstruct: Reconstruct) -> None:
    """Run one request and send how it ended; whatever goes wrong becomes a message."""
    job = message["id"]

    def progress(step: Progress) -> None:
        send({"kind": "progress", "id": job, "stage": step.stage, "fraction": step.fraction, "text": step.text})

    try:
        values = message["request"]
        if message["kind"] == "import":
            results = [import_coefficients(values, progress, lambda: inbox.is_cancelled(job))]
        else:
            request = Request(tuple(values["photos"]), values["output"], dict(values.get("settings", {})))
            results = list(reconstruct(request, progress, lambda: inbox.is_cancelled(job)))
        send({"kind": "result", "id": job, "folders": [str(result.folder) for result in results]})
    except Cancelled:
        send({"kind": "cancelled", "id": job})
    except Exception as error:
        send({"kind": "error", "id": job, **described(error)})


def import_coefficients(
    values: dict[str, Any], progress: Callable[[Progress], None], cancelled: Callable[[], bool]
) -> FaceResult:
    """The head of a request of kind ``import``. Raises as :func:`engine.importing.import_file`."""
    from .importing import import_file

    file, output = Path(values["file"]), Path(values["output"])
    return import_file(file, output, values.get("model", ""), progress=progress, cancelled=cancelled)


def described(error: Exception) -> dict[str, str]:
    """An error's name and its sentence for the panel; the trace of a bug goes to stderr, which is the log."""
    if isinstance(error, ImportError):
        error = EngineUnusable(sys.executable, str(error))
    if isinstance(error, MemoryError) or "not enough memory" in str(error) or "out of memory" in str(error):
        error = OutOfMemory()
    if isinstance(error, FaceError):
        return {"code": error.code, "message": str(error)}
    traceback.print_exception(error, file=sys.stderr)
    sys.stderr.flush()
    reason = str(error).strip().splitlines()
    text = f"{type(error).__name__}: {reason[0]}" if reason else type(error).__name__
    return {"code": type(error).__name__, "message": f"The engine met an unexpected problem ({text}); see its log."}


def private_stdout() -> IO[str]:
    """The real stdout as a file only this module holds; fd 1 now leads to stderr.

    So nothing that a library prints, from Python or from C, can get between two messages.
    """
    sys.stdout.flush()
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n", buffering=1)
    os.dup2(2, 1)
    return channel


def private_stdin() -> IO[str]:
    """The real stdin as a file only this module holds; fd 0 now leads nowhere.

    Windows would otherwise hang: a library that looks at the standard handles while it loads waits for our read.
    """
    lines = os.fdopen(os.dup(0), encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    return lines


def main() -> None:
    """Load the engine, say that it is ready, and serve."""
    channel = private_stdout()
    lock = threading.Lock()

    def send(message: dict[str, Any]) -> None:
        with lock:
            channel.write(json.dumps(message) + "\n")

    # Heard from the start, so that a Blender that quits while torch is loading leaves nothing behind.
    inbox = Inbox(private_stdin())
    begin = time.perf_counter()
    try:
        from . import pipeline

        pipeline.preload(Settings())
    except Exception as error:
        send({"kind": "error", "id": 0, **described(error)})
        return
    send({"kind": "ready", "seconds": round(time.perf_counter() - begin, 3)})
    serve(inbox, send, pipeline.reconstruct)


if __name__ == "__main__":
    main()
