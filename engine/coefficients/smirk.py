"""SMIRK: the dictionary that its encoder returns, saved by people in any container."""

from __future__ import annotations

import numpy as np

from ..contract import Licence
from .vector import FLAME_2020, Coefficients, Content, float32, frames_of, person, rows, turns

LICENCE = Licence("SMIRK", "MIT", True, "https://github.com/georgeretsi/smirk")
_WIDTHS = {"shape_params": (300,), "expression_params": (50,), "pose_params": (3,), "jaw_params": (3,)}
_MAY_BE = {"eyelid_params": (2,), "cam": (3,)}


def read(content: Content) -> Coefficients | None:
    """SMIRK's coefficients, or None where the file is another tool's.

    Raises ``FileDamaged``: other lengths than SMIRK writes.
    """
    if not _WIDTHS.keys() <= content.keys():
        return None
    wanted = _WIDTHS | {name: widths for name, widths in _MAY_BE.items() if name in content}
    tables = frames_of({name: rows(content, name, *widths) for name, widths in wanted.items()})
    identity, notes = person(tables["shape_params"])
    return Coefficients(
        tool="SMIRK",
        family="flame",
        version=FLAME_2020,
        licence=LICENCE,
        identity=identity,
        expression=float32(tables, ["expression_params"])["expression_params"],
        rotations={"root": turns(tables["pose_params"]), "jaw": turns(tables["jaw_params"])},
        eyelids=float32(tables, ["eyelid_params"]).get("eyelid_params"),
        others={"camera": tables["cam"].astype(np.float32)} if "cam" in tables else {},
        notes=notes,
    )
