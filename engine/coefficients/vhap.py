"""VHAP: ``tracked_flame_params_*.npz`` of a whole sequence, and one npz a frame as GaussianAvatars reads them."""

from __future__ import annotations

import numpy as np

from ..contract import Floats, Licence
from ..files.damage import FileDamaged
from .vector import FLAME_2023, Coefficients, Content, float32, frames_of, person, rows, turns

LICENCE = Licence("VHAP", "CC-BY-NC-SA-4.0", False, "https://github.com/ShenhanQian/VHAP")
VERTICES = (5023, 5143)
"""FLAME's, and with VHAP's 120 teeth."""
FARTHEST = 0.1
"""Metres that a static offset may move a vertex."""
TEETH = "VHAP's teeth are not part of FLAME and were left out."
_WIDTHS = {"shape": 300, "expr": 100, "rotation": 3, "neck_pose": 3, "jaw_pose": 3, "eyes_pose": 6}


def read(content: Content) -> Coefficients | None:
    """VHAP's coefficients, or None where the file is another tool's.

    Rotations are axis-angle; the offsets are added to the shaped head before it is posed.

    Raises ``FileDamaged``: other lengths than VHAP writes.
    """
    if not _WIDTHS.keys() <= content.keys():
        return None
    parts = {name: rows(content, name, width) for name, width in _WIDTHS.items()}
    if "translation" in content:
        parts["translation"] = rows(content, "translation", 3)
    tables = frames_of(parts)
    identity, notes = person(tables["shape"])
    offsets = _offsets(content)
    if offsets is not None and len(offsets) > VERTICES[0]:
        notes += (TEETH,)
    return Coefficients(
        tool="VHAP",
        family="flame",
        version=FLAME_2023,
        licence=LICENCE,
        identity=identity,
        expression=float32(tables, ["expr"])["expr"],
        rotations={
            "root": turns(tables["rotation"]),
            "neck": turns(tables["neck_pose"]),
            "jaw": turns(tables["jaw_pose"]),
            "eye_L": turns(tables["eyes_pose"][:, :3]),
            "eye_R": turns(tables["eyes_pose"][:, 3:]),
        },
        offsets=offsets,
        others=float32(tables, ["translation"]),
        notes=notes,
    )


def _offsets(content: Content) -> Floats | None:
    """(V, 3) the static offset, where there is one."""
    if "static_offset" not in content:
        return None
    values = np.asarray(content["static_offset"])
    if values.shape[-1:] != (3,) or values.size // 3 not in VERTICES or values.dtype.kind != "f":
        raise FileDamaged(f"“static_offset” has the shape {values.shape}")
    if not np.isfinite(values).all() or np.abs(values).max() > FARTHEST:
        raise FileDamaged("“static_offset” moves vertices farther than any head needs")
    return values.reshape(-1, 3).astype(np.float32)
