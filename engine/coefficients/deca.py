"""DECA and SPECTRE: the code dictionary that their encoders return, or the encoder's 236 numbers.

DECA's own demo saves no coefficients; people save the dictionary, as npz, npy, pickle, mat or with torch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..contract import Licence
from ..files.damage import FileDamaged
from .vector import FLAME_2020, Coefficients, Content, float32, frames_of, person, rows, turns

LICENCE = Licence("DECA", "DECA licence (non-commercial research)", False, "https://github.com/yfeng95/DECA")
POSE, CAMERA = 6, 3
VECTOR = 236
"""Identity 100, texture 50, expression 50, pose 6, camera 3, light 27."""
_DECODED = {"trans_verts", "landmarks3d_world", "displacement_map", "uv_detail_normals"}


def read(content: Content) -> Coefficients | None:
    """DECA's coefficients, or None where the file is another tool's.

    The pose is the head's turn and the jaw's, axis-angle; neck and eyes rest.

    Raises ``FileDamaged``: it is DECA's but holds none, or others than DECA writes.
    """
    if "" in content and content[""].shape[-1:] == (VECTOR,):
        whole = rows(content, "", VECTOR)
        parts = {"shape": whole[:, :100], "exp": whole[:, 150:200], "pose": whole[:, 200:206], "cam": whole[:, 206:209]}
    elif {"shape", "exp", "pose"} <= content.keys():
        parts = {name: rows(content, name, n) for name, n in (("shape", 100), ("exp", 50), ("pose", POSE))}
        if "cam" in content:
            parts["cam"] = rows(content, "cam", CAMERA)
    elif content.keys() & _DECODED:
        raise FileDamaged("it holds DECA's meshes and pictures but no coefficients; save its code dictionary instead")
    else:
        return None
    return of_parts(parts, "DECA", LICENCE)


def of_parts(parts: dict[str, NDArray[np.float64]], tool: str, licence: Licence) -> Coefficients:
    """Coefficients of tables ``shape``, ``exp``, ``pose`` (T, 6) and perhaps ``cam`` (T, 3), for FLAME 2020."""
    tables = frames_of(parts)
    identity, notes = person(tables["shape"])
    return Coefficients(
        tool=tool,
        family="flame",
        version=FLAME_2020,
        licence=licence,
        identity=identity,
        expression=float32(tables, ["exp"])["exp"],
        rotations={"root": turns(tables["pose"][:, :3]), "jaw": turns(tables["pose"][:, 3:])},
        others={"camera": tables["cam"].astype(np.float32)} if "cam" in tables else {},
        notes=notes,
    )
