"""Coefficients of other tools to heads without Blender: DECA, EMOCA, SMIRK, VHAP, metrical-tracker, MICA, Deep3D.

``python scripts/import_coefficients.py FILES... --output OUT`` takes files, or folders with a file for each frame, and
writes for each a folder with face.npz, textures and the head as the tool posed it. ``scripts/batch.py --coefficients``
makes Blender files of them. Exit code: 0 if every file became a head, 1 if some did not, 2 if none did.
"""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import tyro

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from engine.contract import FaceResult, Progress  # noqa: E402
from engine.errors import FaceError  # noqa: E402


@dataclass(frozen=True)
class Options:
    """Coefficients of other tools to rigged heads on the models they belong to."""

    files: tyro.conf.Positional[tuple[Path, ...]]
    """Coefficient files, or folders of frames."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """Folder that gets one folder for each file."""

    model: str = ""
    """Face model by name, e.g. flame-2020-generic; empty takes the one the coefficients belong to."""

    meshes: tuple[Literal["obj", "ply"], ...] = ("obj",)
    """Mesh files to write beside face.npz and the images."""

    texture_size: int = 1024
    """Side of the skin's texture in pixels."""


def main(options: Options) -> int:
    """Import every file, print what happens, and return the exit code."""
    from engine.importing import import_file  # torch takes seconds that a wrong argument need not wait for

    done = 0
    for file in options.files:

        def show(step: Progress, name: str = file.name) -> None:
            print(f"\r{name}: {step.fraction:4.0%} {step.text:<40}", end="", flush=True)

        try:
            result = import_file(file, options.output, options.model, options.texture_size, show)
            write_meshes(result, options.meshes)
        except FaceError as problem:
            print(f"\r{file.name}: {problem}", file=sys.stderr)
            continue
        done += 1
        made = result.report["imported"]
        print(f"\r{file.name}: {result.folder} ({made['tool']} on {result.model}, frames: {made['frames']}){'':<8}")
        for warning in result.warnings:
            print(f"  {warning}")
        print(f"  commercial use {'allowed' if result.commercial else 'not allowed'}")
    return 0 if done == len(options.files) and done else 1 if done else 2


def write_meshes(result: FaceResult, kinds: tuple[str, ...]) -> None:
    """``head.obj`` and ``head.ply`` in the result's folder, posed as the tool had it. Raises ``OutputUnwritable``."""
    from engine.files.obj import write_obj
    from engine.files.ply import write_ply
    from engine.posing import posed_vertices

    posed = dataclasses.replace(result, mesh=dataclasses.replace(result.mesh, vertices=posed_vertices(result)))
    folder, rest = result.folder or Path(), np.zeros_like(result.shape_keys.weights)
    if "obj" in kinds:
        write_obj(posed, folder / "head.obj", rest)
    if "ply" in kinds:
        write_ply(posed, folder / "head.ply", rest)


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options, description=Options.__doc__)))
