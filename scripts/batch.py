"""Photos in, Blender heads out, without a window: one folder for each face and ``batch_report.json`` for all.

Inside Blender:        blender -b -P scripts/batch.py -- PHOTOS... -o OUT --format blend glb
With the bpy package:  python scripts/batch.py PHOTOS... -o OUT --format blend glb

Exit code: 0 if every photo became a head, 1 if some did not, 2 if none did or the command makes no sense.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # Blender's -P starts with its own path
    sys.path.insert(0, str(ROOT))

import bpy  # noqa: E402

from blender_addon import compat, door, job, scene  # noqa: E402
from scripts import batch_photos  # noqa: E402

_SETTINGS = ("model", "detector", "quality", "device", "faces", "texture_size", "focal_px", "seed")


def parser() -> argparse.ArgumentParser:
    """The command line; names, defaults and help of the settings come from ``engine/config.py``."""
    made = argparse.ArgumentParser(prog="batch.py", description=(__doc__ or "").splitlines()[0])
    made.add_argument("photos", nargs="+", help="photos, or folders of photos")
    made.add_argument("-o", "--output", required=True, type=Path, help="folder for the heads and batch_report.json")
    made.add_argument("--format", nargs="+", default=["blend"], choices=batch_photos.FORMATS, help="files to write")
    made.add_argument("--python", default="", help="the engine's Python, where it is not found by itself")
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


def main(argv: list[str]) -> int:
    """Run a batch; return the exit code."""
    arguments = parser().parse_args(argv)
    settings = {name: getattr(arguments, name) for name in _SETTINGS}
    settings["apply_expression"] = not arguments.no_expression
    try:
        compat.require_numpy()
        door.config.Settings.from_dict(settings)
        batch_photos.check_formats(arguments.format)
        output = batch_photos.writable(arguments.output)
        python = engine_python(arguments.python)
    except (door.errors.FaceError, compat.NumpyMissing, scene.FormatMissing) as error:
        print(error, file=sys.stderr)
        return 2

    def run_engine(photo: str, folder: str, progress: batch_photos.Progress) -> list[Path]:
        def report(running: job.Job) -> None:
            progress(running.fraction, running.text)

        return job.reconstruct(python, ROOT / ".cache", [photo], folder, settings, report)

    options = batch_photos.Options(tuple(arguments.format), settings)
    try:
        return batch_photos.run(arguments.photos, output, options, run_engine)
    finally:
        job.jobs.shut_down()


if __name__ == "__main__":
    code = main(own_arguments(sys.argv))
    sys.stdout.flush()
    sys.stderr.flush()
    # Blender's shutdown may yet fail after the work is done (4.2's does after a glTF export); the code is the work's.
    os._exit(code)
