"""Photos in, Blender heads out, without a window: one folder for each face and ``batch_report.json`` for all.

Inside Blender:        blender -b -P scripts/batch.py -- PHOTOS... -o OUT --format blend glb
With the bpy package:  python scripts/batch.py PHOTOS... -o OUT --format blend glb

Exit code: 0 if every photo became a head, 1 if some did not, 2 if none did or the command makes no sense.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # Blender's -P starts with its own path
    sys.path.insert(0, str(ROOT))

import bpy  # noqa: E402

from blender_addon import compat, door, job, scene  # noqa: E402
from scripts import batch_photos  # noqa: E402

CACHE = ROOT / ".cache"
"""The engine's log and compiled files."""

_SETTINGS = ("model", "detector", "quality", "device", "faces", "texture_size", "focal_px", "identity_keys", "seed")
_SWITCHES = ("shape_sliders",)


def parser() -> argparse.ArgumentParser:
    """The command line; names, defaults and help of the settings come from ``engine/config.py``."""
    made = argparse.ArgumentParser(prog="batch.py", description=(__doc__ or "").splitlines()[0])
    made.add_argument("photos", nargs="+", help="photos, or folders of photos")
    made.add_argument("-o", "--output", required=True, type=Path, help="folder for the heads and batch_report.json")
    made.add_argument("--format", nargs="+", default=["blend"], choices=batch_photos.FORMATS, help="files to write")
    made.add_argument("--python", default="", help="the engine's Python, where it is not found by itself")
    made.add_argument(
        "--coefficients",
        action="store_true",
        help="PHOTOS are coefficient files that other tools saved, or folders of frames (--model: theirs by default)",
    )
    made.add_argument("--no-expression", action="store_true", help="leave every shape key at 0")
    for name in _SETTINGS:
        default = door.setting_default(name)
        made.add_argument(
            "--" + name.replace("_", "-"),
            type=type(default),
            default=default,
            choices=door.setting_choices(name) or None,
            help=f"{door.setting_help()[name]} (default: {default})",
        )
    for name in _SWITCHES:
        made.add_argument("--" + name.replace("_", "-"), action="store_true", help=door.setting_help()[name])
    return made


def own_arguments(argv: list[str]) -> list[str]:
    """What is ours of the process's arguments: everything after ``--`` if there is one, as under Blender."""
    if "--" in argv:
        return argv[argv.index("--") + 1 :]
    return [] if bpy.app.binary_path else argv[1:]


def engine_python(preferred: str) -> Path:
    """The engine's interpreter: as the add-on finds it, else this repository's own ``.venv``."""
    try:
        return door.engine_python(preferred)
    except door.errors.EngineMissing:
        own = door.environment_python(ROOT / ".venv")
        if own.is_file():
            return own
        raise


def check_engine(python: Path) -> None:
    """Start the engine. Raises ``EngineUnusable`` where that cannot work, rather than once for each photo."""
    job.jobs.warm_up(job.launch(python, CACHE))
    missing = door.missing_packages(str(python))
    if missing:
        raise door.errors.EngineUnusable(str(python), "it lacks " + ", ".join(missing))


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Whether the user pressed Ctrl-C or the system asked to end: the photo under way is then given up.

    A head that Blender is already building is finished first. A second signal ends the process as usual.
    """
    asked = threading.Event()

    def stop(number: int, _frame: object) -> None:
        signal.signal(number, before[signal.Signals(number)])
        asked.set()
        if job.jobs.running and job.jobs.current is not None:
            job.jobs.current.cancel()

    # Blender's own handlers are not Python's, which calls them None.
    before = {number: signal.signal(number, stop) or signal.SIG_DFL for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main(argv: list[str]) -> int:
    """Run a batch; return the exit code."""
    arguments = parser().parse_args(argv)
    settings = {name: getattr(arguments, name) for name in (*_SETTINGS, *_SWITCHES)}
    settings["apply_expression"] = not arguments.no_expression
    try:
        compat.require_numpy()
        door.config.Settings.from_dict(settings)
        batch_photos.check_formats(arguments.format)
        output = batch_photos.writable(arguments.output)
        python = engine_python(arguments.python)
        options = batch_photos.Options(tuple(arguments.format), settings, arguments.coefficients)
        with stopping() as stopped:
            check_engine(python)
            run = importer(python, settings["model"]) if arguments.coefficients else engine(python, settings)
            return batch_photos.run(arguments.photos, output, options, run, stopped)
    except (door.errors.FaceError, compat.NumpyMissing, scene.FormatMissing) as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        job.jobs.shut_down()


def engine(python: Path, settings: dict[str, Any]) -> batch_photos.RunEngine:
    """The engine as a function: photo in, folders of saved faces out."""

    def run(photo: str, folder: str, progress: batch_photos.Progress) -> list[Path]:
        def report(running: job.Job) -> None:
            progress(running.fraction, running.text)

        return job.reconstruct(python, CACHE, [photo], folder, settings, report)

    return run


def importer(python: Path, model: str) -> batch_photos.RunEngine:
    """The engine as a function: coefficient file in, folder of the saved head out."""
    chosen = "" if model == door.setting_default("model") else model

    def run(file: str, folder: str, progress: batch_photos.Progress) -> list[Path]:
        def report(running: job.Job) -> None:
            progress(running.fraction, running.text)

        return job.import_coefficients(python, CACHE, file, folder, chosen, report)

    return run


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a photo's name may hold letters that the console has not
            stream.reconfigure(errors="backslashreplace")
    code = 2
    try:
        code = main(own_arguments(sys.argv))
    except Exception:
        traceback.print_exc()  # Blender would print it as well and then exit with 0
    sys.stdout.flush()
    sys.stderr.flush()
    # Blender's shutdown may yet fail after the work is done (4.2's does after a glTF export); the code is the work's.
    os._exit(code)
