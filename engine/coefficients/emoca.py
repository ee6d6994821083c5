"""EMOCA: its demo's folder of ``shape.npy exp.npy pose.npy`` or the dictionary of its encoder; EMICA's too."""

from __future__ import annotations

from ..contract import Licence
from .deca import CAMERA, POSE, of_parts
from .vector import Coefficients, Content, rows

LICENCE = Licence("EMOCA", "EMOCA licence (non-commercial research)", False, "https://github.com/radekd91/emoca")
EMICA = Licence("EMICA", "inferno licence (non-commercial research)", False, "https://github.com/radekd91/inferno")
FILES = ("shape.npy", "exp.npy", "pose.npy")
"""What the demo writes for each face, beside ``tex.npy`` and ``detail.npy``, which are not used."""


def read(content: Content) -> Coefficients | None:
    """EMOCA's (100 identity modes) or EMICA's (300) coefficients, or None where the file is another tool's.

    Raises ``FileDamaged``: other lengths than they write.
    """
    if not {"shapecode", "expcode", "posecode"} <= content.keys():
        return None
    parts = {
        "shape": rows(content, "shapecode", 100, 300),
        "exp": rows(content, "expcode", 50, 100),
        "pose": rows(content, "posecode", POSE),
    }
    if "cam" in content:
        parts["cam"] = rows(content, "cam", CAMERA)
    is_emica = parts["shape"].shape[1] == 300
    return of_parts(parts, "EMICA" if is_emica else "EMOCA", EMICA if is_emica else LICENCE)
