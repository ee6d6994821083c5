"""The batch's work: each photo through the engine and into Blender, whole or not at all, and a report of all."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import bpy

from blender_addon import door, job, scene

FORMATS = ("blend", "glb", "fbx", "usd", "obj")
"""What ``--format`` takes."""

_SUFFIXES = {kind: ".usdz" if kind == "usd" else f".{kind}" for kind in FORMATS}
_FULL = 2_000_000
"""Bytes; a disk with less left is full."""

Progress = Callable[[float, str], None]
RunEngine = Callable[[str, str, Progress], list[Path]]
"""(photo, output folder, progress) -> folders of the saved faces. Raises ``FaceError``."""


@dataclass(frozen=True)
class Options:
    """What to make of each photo."""

    formats: tuple[str, ...]
    settings: dict[str, Any]
    """Values of ``engine.config.Settings``."""
    coefficients: bool = False
    """The files are other tools' coefficients, not photos."""


@dataclass
class Entry:
    """What became of one photo; one item of the report."""

    photo: str
    status: str = "failed"
    """``done`` or ``failed``."""
    code: str = ""
    """The failure's name."""
    sentence: str = ""
    """What happened and what to do."""
    seconds: float = 0.0
    outputs: list[str] = field(default_factory=list)
    """Files, relative to the batch's folder."""
    faces: list[dict[str, Any]] = field(default_factory=list)
    """Quality figures and warnings of each face."""


def writable(folder: Path) -> Path:
    """``folder``, made if need be. Raises ``OutputUnwritable``."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder.resolve()
    except FileExistsError as error:
        raise door.errors.OutputUnwritable(str(folder), "it is a file, not a folder") from error
    except OSError as error:
        raise door.errors.OutputUnwritable(str(folder), error.strerror or str(error)) from error


def check_formats(kinds: Iterable[str]) -> None:
    """Raise ``scene.FormatMissing`` if this Blender cannot write one of :data:`FORMATS`."""
    for kind in kinds:
        if kind != "blend":
            scene.check_format(_SUFFIXES[kind])


def photos_in(names: Iterable[str]) -> list[tuple[str, Exception | None]]:
    """Every photo of files and folders, once, or the error that stands in its place; see ``find_photos``."""
    from engine.files.find import find_photos

    found: dict[str, Exception | None] = {}
    for name in names:
        try:
            found |= {str(path): None for path in find_photos([name])} if os.path.isdir(name) else {name: None}
        except door.errors.FaceError as error:
            found[name] = error
    return list(found.items())


def run(
    names: Iterable[str],
    output: Path,
    options: Options,
    run_engine: RunEngine,
    stopped: Callable[[], bool] = lambda: False,
) -> int:
    """Every photo in turn, until the user has ``stopped`` it. Returns the exit code: 0 all done, 1 some, 2 none."""
    photos = [(name, None) for name in names] if options.coefficients else photos_in(names)
    entries: list[Entry] = []
    used: set[str] = set()
    for number, (photo, error) in enumerate(photos, 1):
        if stopped():
            break
        label = f"[{number}/{len(photos)}] {Path(photo).name}"
        entry = _attempt(photo, error, output, options, run_engine, used, label)
        entries.append(entry)
        print(f"{label}: {entry.status}, {entry.seconds:.1f} s" + (f". {entry.sentence}" if entry.sentence else ""))
        _write_report(output / "batch_report.json", entries, options)
    done = sum(entry.status == "done" for entry in entries)
    if len(entries) < len(photos):
        never = door.errors.Cancelled()
        entries += [Entry(photo, code=never.code, sentence=str(never)) for photo, _ in photos[len(entries) :]]
        _write_report(output / "batch_report.json", entries, options)
    ending = "; stopped by the user" if stopped() else ""
    print(f"{done} of {len(photos)} photos done{ending}; see {output / 'batch_report.json'}", flush=True)
    return 0 if done == len(photos) else 1 if done else 2


def _attempt(
    photo: str,
    error: Exception | None,
    output: Path,
    options: Options,
    run_engine: RunEngine,
    used: set[str],
    label: str,
) -> Entry:
    """One photo; whatever goes wrong stays in its entry."""
    entry = Entry(photo)
    began = time.perf_counter()
    try:
        if error is not None:
            raise error
        with _telling_of_full_disks(output):
            _one_photo(entry, output, options, run_engine, used, label)
        entry.status = "done"
    except door.errors.FaceError as problem:
        entry.code, entry.sentence = problem.code, str(problem)
    except Exception as problem:
        traceback.print_exc(file=sys.stderr)
        entry.code = type(problem).__name__
        entry.sentence = f"Blender could not build the head ({str(problem).strip()}); the details are on stderr."
    entry.seconds = round(time.perf_counter() - began, 2)
    return entry


@contextmanager
def _telling_of_full_disks(output: Path) -> Iterator[None]:
    """Turn an ``OSError``, and whatever Blender's exporters make of a full disk, into ``OutputUnwritable``."""
    try:
        yield
    except OSError as error:
        raise door.errors.OutputUnwritable(str(output), error.strerror or str(error)) from error
    except RuntimeError as error:
        if os.strerror(errno.ENOSPC) not in str(error) and shutil.disk_usage(output).free > _FULL:
            raise
        raise door.errors.OutputUnwritable(str(output), "the disk is full") from error


def _one_photo(entry: Entry, output: Path, options: Options, run_engine: RunEngine, used: set[str], label: str) -> None:
    """Reconstruct ``entry.photo`` and move each finished face's folder into ``output``."""
    from engine.storage import replace_folder, unused_name

    shown = ""

    def progress(fraction: float, text: str) -> None:
        nonlocal shown
        if text != shown:
            shown = text
            print(f"{label}: {fraction:4.0%} {text}", flush=True)

    staging = Path(tempfile.mkdtemp(prefix=".batch.", dir=output))
    try:
        photo = os.path.abspath(entry.photo)
        for folder in run_engine(photo, str(staging / "faces"), progress):
            name = unused_name(folder.name, used)
            made = staging / "made" / name
            made.mkdir(parents=True)
            result = door.load_result(folder)
            print(f"{label}: building {name}", flush=True)
            write_head(result, made, name, options)
            folder.rename(made / "face")
            files = [path.relative_to(made) for path in sorted(made.rglob("*")) if path.is_file()]
            replace_folder(made, output / name)
            entry.outputs += [str(Path(name) / path) for path in files]
            entry.faces.append({"name": name, **result.report})
    except door.errors.FaceError as problem:  # nobody should be sent to the hidden folder
        raise job.EngineError(problem.code, str(problem).replace(str(staging / "faces"), str(output))) from problem
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def write_head(result: Any, folder: Path, name: str, options: Options) -> None:
    """Build ``result`` in an empty file and write every format and the engine's preview to ``folder``."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    head = scene.build_head(result, name=name, apply_expression=options.settings["apply_expression"])
    for kind in options.formats:
        path = folder / (name + _SUFFIXES[kind])
        if kind == "blend":
            bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=True)
        else:
            scene.export_head(head.mesh_object, path)
        if not path.is_file() or not path.stat().st_size:
            raise RuntimeError(f"{path.name} was not written")
    if "preview.png" in result.images:
        (folder / "preview.png").write_bytes(result.images["preview.png"])


def _write_report(path: Path, entries: list[Entry], options: Options) -> None:
    report = {
        "blender": bpy.app.version_string,
        "formats": list(options.formats),
        "settings": options.settings,
        "photos": [asdict(entry) for entry in entries],
    }
    partial = path.with_suffix(".partial")
    text = json.dumps(report, indent=1, ensure_ascii=False)
    try:
        partial.write_text(text, encoding="utf-8", errors="backslashreplace")
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        print(door.errors.OutputUnwritable(str(path), error.strerror or str(error)), file=sys.stderr)
