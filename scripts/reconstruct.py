"""Photos to heads without Blender: a folder for each face with OBJ, PLY, NPZ and PNG files.

``python scripts/reconstruct.py PHOTOS... --output OUT`` takes photos and folders of photos. One bad photo does not
stop the others, and ``reconstruct_report.json`` says what became of each. Exit code: 0 if every photo became a head,
1 if some did not, 2 if none did.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import tyro

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from engine.config import Settings  # noqa: E402
from engine.contract import FaceResult, Progress, Request  # noqa: E402
from engine.errors import FaceError, NoPhotos, OutputUnwritable  # noqa: E402
from engine.files.find import find_photos  # noqa: E402
from engine.storage import replace_folder, unused_name  # noqa: E402

REPORT = "reconstruct_report.json"
Mesh = Literal["obj", "ply"]
Reconstruct = Callable[[Request, Callable[[Progress], None]], list[FaceResult]]


@dataclass(frozen=True)
class Options:
    """Photos to rigged, textured heads as mesh files, without Blender."""

    photos: tyro.conf.Positional[tuple[Path, ...]]
    """Photos, or folders of photos."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """Folder that gets one folder for each face."""

    meshes: tuple[Mesh, ...] = ("obj", "ply")
    """Mesh files to write beside face.npz and the images."""

    neutral: bool = False
    """Write the meshes without the photo's expression."""

    settings: tyro.conf.OmitArgPrefixes[Settings] = field(default_factory=Settings)


def main(options: Options, reconstruct: Reconstruct | None = None) -> int:
    """Run the batch, print what happens, and return the exit code."""
    try:
        if not options.photos:
            raise NoPhotos("the command")
        _writable(options.output)
    except FaceError as error:
        print(error, file=sys.stderr)
        return 2
    run = reconstruct or _pipeline()
    entries: list[dict[str, Any]] = []
    used: set[str] = set()
    for photo, missing in _photos(options.photos):
        began = time.perf_counter()
        entry: dict[str, Any] = {"photo": str(photo), "status": "failed", "faces": []}
        try:
            if missing is not None:
                raise missing
            entry["faces"] = [str(f.name) for f in _one_photo(photo, options, run, used)]
            entry["status"] = "done"
        except FaceError as problem:
            entry |= {"code": problem.code, "sentence": str(problem)}
            print(f"\r{photo.name}: {problem}", file=sys.stderr)
        entry["seconds"] = round(time.perf_counter() - began, 2)
        entries.append(entry)
        _write_report(options, entries)
    done = sum(entry["status"] == "done" for entry in entries)
    print(f"{done} of {len(entries)} photos done; see {options.output / REPORT}")
    return 0 if done == len(entries) else 1 if done else 2


def _pipeline() -> Reconstruct:
    """The engine's main job, imported only now: torch takes seconds that a wrong argument need not wait for."""
    from engine.pipeline import reconstruct

    return reconstruct


def _one_photo(photo: Path, options: Options, reconstruct: Reconstruct, used: set[str]) -> list[Path]:
    """Reconstruct in a hidden folder and move each face to its place when all its files are there."""

    def show(step: Progress) -> None:
        print(f"\r{photo.name}: {step.fraction:4.0%} {step.text:<40}", end="", flush=True)

    with tempfile.TemporaryDirectory(prefix=".reconstruct.", dir=options.output) as staging:
        results = reconstruct(Request((str(photo),), staging, options.settings.to_dict()), show)
        places = []
        for result in results:
            folder = Path(staging) / Path(result.folder or ".").name
            _write_meshes(result, folder, options)
            place = options.output / unused_name(folder.name, used)
            _move(folder, place)
            places.append(place)
            figures = ", ".join(_figures(result.report))
            print(f"\r{photo.name}: {place} ({figures}){'':<24}")
            for warning in result.warnings:
                print(f"  {warning}")
    return places


def _write_meshes(result: FaceResult, folder: Path, options: Options) -> None:
    from engine.files.obj import write_obj
    from engine.files.ply import write_ply

    weights = np.zeros_like(result.shape_keys.weights) if options.neutral else None
    if "obj" in options.meshes:
        write_obj(result, folder / "head.obj", weights)
    if "ply" in options.meshes:
        write_ply(result, folder / "head.ply", weights)


def _photos(places: Iterable[Path]) -> list[tuple[Path, FaceError | None]]:
    """Every photo, or the error that stands in the place of a folder without photos or a missing file."""
    found: list[tuple[Path, FaceError | None]] = []
    for place in places:
        try:
            found += [(path, None) for path in find_photos([place])]
        except FaceError as error:
            found.append((place, error))
    return found


def _writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputUnwritable(str(folder), error.strerror or str(error)) from error


def _move(folder: Path, place: Path) -> None:
    try:
        replace_folder(folder, place)
    except OSError as error:
        raise OutputUnwritable(str(place), error.strerror or str(error)) from error


def _figures(report: dict[str, Any]) -> Iterable[str]:
    if "reprojection_percent" in report:
        yield f"landmarks {report['reprojection_percent']:.1f} %"
    if "psnr_textured" in report:
        yield f"textured {report['psnr_textured']:.1f} dB"
    if "seen_share" in report:
        yield f"{report['seen_share']:.0%} seen"


def _write_report(options: Options, entries: list[dict[str, Any]]) -> None:
    report = {"settings": options.settings.to_dict(), "photos": entries}
    partial = options.output / (REPORT + ".partial")
    text = json.dumps(report, indent=1, ensure_ascii=False)
    try:
        partial.write_text(text, encoding="utf-8", errors="backslashreplace")
        os.replace(partial, options.output / REPORT)
    except OSError as error:
        print(OutputUnwritable(str(options.output / REPORT), error.strerror or str(error)), file=sys.stderr)


def run() -> int:
    """Read the command line and run; a wrong setting or a stop is a sentence, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return main(tyro.cli(Options, description=Options.__doc__))
    except FaceError as wrong:
        print(wrong, file=sys.stderr)
    except KeyboardInterrupt:
        print("\nStopped; the heads made so far are whole.", file=sys.stderr)
    return 2


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.exit(run())
