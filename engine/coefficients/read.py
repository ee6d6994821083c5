"""A coefficient file or folder of any tool, recognised by what it holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..errors import CoefficientsUnreadable
from ..files.damage import FileDamaged
from . import deca, deep3d, emoca, metrical, smirk, vhap
from .container import read_content
from .vector import Coefficients, Content, person

READERS: tuple[Callable[[Content], Coefficients | None], ...] = (
    smirk.read,
    vhap.read,
    metrical.read,
    emoca.read,
    deep3d.read,
    deca.read,
    metrical.read_mica,
)
SUFFIXES = (".npz", ".npy", ".mat", ".pkl", ".pickle", ".frame", ".pt", ".pth")
"""Endings of the files of a folder that are frames."""
MOST_FILES = 20_000
TOOLS = "DECA, EMOCA, SMIRK, VHAP, metrical-tracker, MICA or Deep3DFaceReconstruction"


def read_coefficients(path: Path) -> Coefficients:
    """The coefficients in a file, of one frame or many, or in a folder: EMOCA's, or one with a file for each frame.

    Raises:
        CoefficientsUnreadable: missing, damaged, no tool's, or frames that do not belong together.
        FileRefused: it asks to run code.
    """
    try:
        if path.is_dir():
            return _folder(path)
        if path.name in emoca.FILES and _is_emoca(path.parent):
            return _folder(path.parent)
        return _recognised(read_content(path))
    except FileDamaged as error:
        raise CoefficientsUnreadable(str(path), str(error)) from error


def _recognised(content: Content) -> Coefficients:
    for read in READERS:
        found = read(content)
        if found is not None:
            return found
    if set(content) == {""}:
        held = f"a lone array of the shape {content[''].shape}"
    else:
        held = "the arrays " + ", ".join(sorted(content)[:8]) if content else "no numbers"
    raise FileDamaged(f"it holds {held}, which is nothing that {TOOLS} write")


def _is_emoca(folder: Path) -> bool:
    return all((folder / name).is_file() for name in emoca.FILES)


def _folder(folder: Path) -> Coefficients:
    if _is_emoca(folder):
        contents = {Path(name).stem: read_content(folder / name) for name in emoca.FILES}
        for name, content in contents.items():
            if set(content) != {""}:
                raise FileDamaged(f"“{name}.npy” in it holds no plain array")
        return _recognised({f"{name}code": content[""] for name, content in contents.items()})
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
    if not files or len(files) > MOST_FILES:
        raise FileDamaged(f"the folder holds {len(files)} files of coefficients")
    return _joined([_recognised(read_content(file)) for file in files])


def _joined(frames: list[Coefficients]) -> Coefficients:
    """The frames one after another; they must come from one tool."""
    first = frames[0]
    for other in frames[1:]:
        same = (other.tool, other.version, other.rotations.keys(), other.others.keys(), other.expression.shape[1])
        if same != (first.tool, first.version, first.rotations.keys(), first.others.keys(), first.expression.shape[1]):
            raise FileDamaged(f"its files are of {first.tool} and {other.tool}, or do not hold the same things")
        if (other.eyelids is None) != (first.eyelids is None) or other.identity.shape != first.identity.shape:
            raise FileDamaged("its files do not hold the same things")
    _, notes = person(np.stack([frame.identity for frame in frames]).astype(np.float64))
    lids = [frame.eyelids for frame in frames if frame.eyelids is not None]
    return dataclasses.replace(
        first,
        expression=np.concatenate([frame.expression for frame in frames]),
        rotations={name: np.concatenate([frame.rotations[name] for frame in frames]) for name in first.rotations},
        eyelids=np.concatenate(lids) if lids else None,
        others={name: np.concatenate([frame.others[name] for frame in frames]) for name in first.others},
        notes=tuple(dict.fromkeys((*first.notes, *notes))),
    )
