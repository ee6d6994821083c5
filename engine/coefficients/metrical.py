"""metrical-tracker's checkpoints, one ``.frame`` for each frame of a video, and MICA's ``identity.npy``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..contract import Floats, Licence
from ..files.damage import FileDamaged
from .vector import FLAME_2020, Coefficients, Content, float32, frames_of, person, rows, turns_of_six

LICENCE = Licence(
    "metrical-tracker",
    "metrical-tracker licence (non-commercial research)",
    False,
    "https://github.com/Zielon/metrical-tracker",
)
MICA = Licence("MICA", "MICA licence (non-commercial research)", False, "https://github.com/Zielon/MICA")
IDENTITY = 300
_WIDTHS = {"flame/shape": 300, "flame/exp": 100, "flame/jaw": 6, "flame/eyes": 12}
_CAMERA = {"opencv/R", "opencv/t", "opencv/K"}


def read(content: Content) -> Coefficients | None:
    """The coefficients of a checkpoint, or None where the file is another tool's.

    Jaw and eyes (left, then right) are the first two rows of their rotations; the head itself rests, its camera
    (``opencv``: x right, y down, z forward) moves.

    Raises ``FileDamaged``: other lengths than the tracker writes.
    """
    if not _WIDTHS.keys() <= content.keys():
        return None
    parts = {name: rows(content, name, width) for name, width in _WIDTHS.items()}
    if "flame/eyelids" in content:
        parts["flame/eyelids"] = rows(content, "flame/eyelids", 2)
    if content.keys() >= _CAMERA:
        for name in _CAMERA:  # matrices are read as rows of nine
            width = 3 if name == "opencv/t" else 9
            if content[name].size % width:
                raise FileDamaged(f"“{name}” has {content[name].size} numbers")
            parts[name] = rows({name: content[name].reshape(-1, width)}, name, width, limit=1e6)
    tables = frames_of(parts)
    identity, notes = person(tables["flame/shape"])
    eyes = tables["flame/eyes"]
    return Coefficients(
        tool="metrical-tracker",
        family="flame",
        version=FLAME_2020,
        licence=LICENCE,
        identity=identity,
        expression=float32(tables, ["flame/exp"])["flame/exp"],
        rotations={
            "jaw": turns_of_six(tables["flame/jaw"]),
            "eye_L": turns_of_six(eyes[:, :6]),
            "eye_R": turns_of_six(eyes[:, 6:]),
        },
        eyelids=float32(tables, ["flame/eyelids"]).get("flame/eyelids"),
        others=_camera(tables),
        notes=notes,
    )


def _camera(tables: dict[str, NDArray[np.float64]]) -> dict[str, Floats]:
    """``camera_rotation``, ``camera_translation`` (authors' origin, metres) and ``camera_intrinsics``, if there."""
    if not tables.keys() >= _CAMERA:
        return {}
    named = {"camera_rotation": "opencv/R", "camera_translation": "opencv/t", "camera_intrinsics": "opencv/K"}
    found = float32(tables, list(_CAMERA))
    return {name: found[own].reshape((-1, 3) if own == "opencv/t" else (-1, 3, 3)) for name, own in named.items()}


def read_mica(content: Content) -> Coefficients | None:
    """MICA's identity, a lone array of 300 numbers, or None. Raises ``FileDamaged``."""
    if "" not in content or content[""].size != IDENTITY or content[""].shape[-1] != IDENTITY:
        return None
    identity = rows(content, "", IDENTITY)[0].astype(np.float32)
    return Coefficients("MICA", "flame", FLAME_2020, MICA, identity, np.zeros((1, 0), np.float32))
